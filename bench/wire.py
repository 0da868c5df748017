"""The two conversations that are timed: bare commands to Kea over one connection, and scrapes of an exporter."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_SECONDS = 120
# Exporters close connections that rest.
KEPT_SECONDS = 1
CHUNK = 1 << 18
HEAD_END = b"\r\n\r\n"


class BareConnection:
    """Sends commands to Kea over one kept connection and reads the answers whole, without looking into them."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_SECONDS)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def command(self, name: str, arguments: Mapping[str, object] | None = None) -> bytes:
        """Send a command and return the body of its answer."""
        return self.ask(json.dumps({"command": name, **({"arguments": arguments} if arguments else {})}).encode())

    def ask(self, body: bytes) -> bytes:
        """Send a request that is written already and return the body of its answer."""
        head = b"POST / HTTP/1.1\r\nHost: kea\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        self._sock.sendall(head % len(body) + body)
        received = b""
        while HEAD_END not in received:
            received += self._received()
        answer_head, _, first = received.partition(HEAD_END)
        chunks, missing = [first], content_length(answer_head) - len(first)
        while missing > 0:
            chunks.append(self._received())
            missing -= len(chunks[-1])
        return b"".join(chunks)

    def _received(self) -> bytes:
        if chunk := self._sock.recv(CHUNK):
            return chunk
        raise ConnectionError("Kea closed the connection")


def answered(body: bytes) -> bytes:
    """Return an answer of Kea as it goes over the wire, given its body."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def content_length(head: bytes) -> int:
    """Return the length of the body behind a head; 0 where the head names none."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


@dataclass(frozen=True)
class Scrape:
    """One answer of an exporter, and how long it took until the last byte."""

    seconds: float
    body: bytes

    @property
    def page(self) -> str:
        """Return the page as text."""
        is_compressed = self.body.startswith(b"\x1f\x8b")
        return (gzip.decompress(self.body) if is_compressed else self.body).decode()


class Scraper:
    """Scrapes an exporter as Prometheus does: over one connection, which is made anew after a pause."""

    def __init__(self, port: int) -> None:
        self._used_at = time.monotonic()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def scrape(self, encoding: str = "identity", timeout: float = 10) -> Scrape:
        """Return one scrape.

        Raises:
            AssertionError: the exporter answered with an error.
        """
        if time.monotonic() > self._used_at + KEPT_SECONDS:
            self.close()
        headers = {"Accept-Encoding": encoding, "X-Prometheus-Scrape-Timeout-Seconds": str(timeout)}
        started = time.perf_counter()
        self._connection.request("GET", "/metrics", headers=headers)
        response = self._connection.getresponse()
        body = response.read()
        seconds = time.perf_counter() - started
        self._used_at = time.monotonic()
        if response.status != http.client.OK:
            raise AssertionError(f"the exporter answers {response.status}: {body[:200]!r}")
        return Scrape(seconds, body)
