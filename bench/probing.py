"""Prometheus' side of /probe: who is asked for which server, and when; each on a new connection, compressed."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.wire import HEAD_END, content_length

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT_SECONDS = 60
REQUEST = (
    "GET /probe?target={} HTTP/1.1\r\nHost: exporter\r\nAccept-Encoding: gzip\r\n"
    "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n"
)
OK = b"HTTP/1.1 200 "
UP = re.compile(rb"^kea_up\{[^}]*\} 1(?:\.0)?$", re.MULTILINE)


@dataclass(frozen=True)
class Probed:
    """One answer of /probe, and how long it took until the last byte."""

    target: str
    seconds: float
    head: bytes
    body: bytes

    @property
    def received(self) -> int:
        """Return the bytes that came."""
        return len(self.head) + len(self.body)

    def samples(self) -> int:
        """Return how many samples it has.

        Raises:
            AssertionError: it does not show a server that is up.
        """
        page = gzip.decompress(self.body) if self.head.startswith(OK) else self.head
        if not UP.search(page):
            raise AssertionError(f"{self.target} is not up: {page[:300]!r}")
        return sum(not line.startswith(b"#") for line in page.splitlines())


def shard(value: str, shards: int) -> int:
    """Return what Prometheus' relabelling action `hashmod` makes of a label."""
    # Source: Prometheus, model/relabel/relabel.go: the last eight bytes of the sum.
    return int.from_bytes(hashlib.md5(value.encode(), usedforsecurity=False).digest()[8:]) % shards


class Prober:
    """Asks replicas for servers, each server always of the same replica, as `hashmod` decides."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._ports = ports

    def served_by(self, target: str) -> int:
        """Return the number of the replica that is asked for a server."""
        return shard(target, len(self._ports))

    def at_once(self, targets: Sequence[str], concurrency: int) -> list[Probed]:
        """Ask as fast as so many at a time can, and return what came."""
        return asyncio.run(self._at_once(targets, concurrency))

    def spread(self, targets: Sequence[str], interval: float) -> list[Probed]:
        """Ask for each server once, at a moment of the interval that its name decides."""
        return asyncio.run(self._spread(targets, interval))

    async def _at_once(self, targets: Sequence[str], concurrency: int) -> list[Probed]:
        # Each replica has its share of them, or the slowest one would hold up the others.
        waiting = [[target for target in targets if self.served_by(target) == own] for own in range(len(self._ports))]
        found: list[Probed] = []

        async def work(own: list[str]) -> None:
            while own:
                found.append(await self._probe(own.pop()))

        slots = max(1, concurrency // len(self._ports))
        await asyncio.gather(*(work(own) for own in waiting for _ in range(slots)))
        return found

    async def _spread(self, targets: Sequence[str], interval: float) -> list[Probed]:
        async def later(target: str) -> Probed:
            await asyncio.sleep(shard(f"when {target}", 1_000_000) * interval / 1_000_000)
            return await self._probe(target)

        return await asyncio.gather(*map(later, targets))

    async def _probe(self, target: str) -> Probed:
        port = self._ports[self.served_by(target)]
        started = time.perf_counter()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST.format(target).encode())
            head = await reader.readuntil(HEAD_END)
            body = await reader.readexactly(content_length(head))
            seconds = time.perf_counter() - started
            writer.close()
        return Probed(target, seconds, head, body)
