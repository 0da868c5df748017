"""Simulated servers of one size, each on a port of its own; they count what they are asked.

`python -m bench.fleet SERVERS SUBNETS RESERVED [CERTIFICATE KEY]` prints the ports as JSON, and serves until it is
ended: HTTP, or HTTPS with a certificate. RESERVED is 1 for servers with reservations in each subnet, else 0. Answers
are those of the demo's Kea, made once and kept: they have to cost little.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bench.daemons import BACKLOG, Conversation
from bench.review import reserve
from bench.wire import BareConnection, answered
from kea_simulator.building import Blueprint
from kea_simulator.daemon import Life
from kea_simulator.http import written
from kea_simulator.servers import Server
from lab.servers.processes import ENDS_WITH_US, Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kea_simulator.daemon import Daemon
    from lab.servers.certificates import Pair

Tree = dict[str, Any]

# As over a network of some extent.
LATENCY_SECONDS = 0.005
SEED, USE, SINCE, PID = 7, 0.5, 100_000, 4711
COUNTS = "bench-counts"
# Its answer is not the same twice.
STATUS = "status-get"
FEW = 10


@dataclass
class Counts:
    """What all of them were asked and what they answered, with the heads of HTTP."""

    commands: int = 0
    received: int = 0
    sent: int = 0

    def __sub__(self, before: Counts) -> Counts:
        return Counts(self.commands - before.commands, self.received - before.received, self.sent - before.sent)


class Answers:
    """Answers each command as a daemon with so many subnets does."""

    def __init__(self, subnets: int, *, is_reserved: bool) -> None:
        self._is_reserved = is_reserved
        self._daemon = _daemon(subnets)
        # Its own counters are named alike, and are found at once.
        self._counters = _daemon(FEW)
        self._kept: dict[str, bytes] = {}
        self.counts = Counts()

    def __call__(self, request: Tree) -> bytes:
        """Return the answer to a request, as it goes over the wire."""
        if request["command"] == COUNTS:
            return _sendable(asdict(self.counts))
        answer = self._answer(request)
        self.counts.commands += 1
        self.counts.sent += len(answer)
        return answer

    def _answer(self, request: Tree) -> bytes:
        if request["command"] == STATUS:
            return _sendable(self._daemon.answer(request))
        key = json.dumps(request)
        if key not in self._kept:
            daemon = self._counters if request["command"] == "statistic-get" else self._daemon
            answer = daemon.answer(request)
            if request["command"] == "config-get" and self._is_reserved:
                reserve(answer["arguments"]["Dhcp4"])
            self._kept[key] = _sendable(answer)
        return self._kept[key]


class Counting(Conversation):
    """A connection, of which what is received is counted."""

    def __init__(self, answers: Answers) -> None:
        super().__init__(answers, LATENCY_SECONDS)
        self._counts = answers.counts

    def data_received(self, data: bytes) -> None:
        """Count, and answer."""
        self._counts.received += len(data)
        super().data_received(data)


@dataclass(frozen=True)
class Fleet:
    """The servers under way, in a process of their own."""

    urls: list[str]
    counting: int

    def counts(self) -> Counts:
        """Return what was counted so far."""
        with closing(BareConnection(self.counting)) as connection:
            return Counts(**json.loads(connection.command(COUNTS))[0])


@contextmanager
def fleet(
    folder: Path, servers: int, subnets: int, pair: Pair | None = None, *, is_reserved: bool = False
) -> Iterator[Fleet]:
    """Run servers with so many subnets each; over HTTPS where there is a certificate."""
    secured = [str(pair.certificate), str(pair.key)] if pair else []
    command = [
        *ENDS_WITH_US,
        sys.executable,
        "-m",
        "bench.fleet",
        str(servers),
        str(subnets),
        str(int(is_reserved)),
        *secured,
    ]
    running = Running(command, folder / f"fleet-{servers}-{subnets}-{int(is_reserved)}{'-tls' if pair else ''}.log")
    try:
        running.wait_until(lambda: running.output.read_text().endswith("]\n"))
        counting, *ports = json.loads(running.output.read_text())
        yield Fleet([f"{'https' if pair else 'http'}://127.0.0.1:{port}" for port in ports], counting)
    finally:
        running.stop()


def _daemon(subnets: int) -> Daemon:
    life = Life(time.time, time.time() - SINCE, PID)
    server = Server("kea", "", uses=(USE,) * subnets, networks=("",) * subnets)
    socket = {"socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8001}
    return Blueprint(server, 1, SEED, life).daemon("dhcp4", [socket])


def _sendable(answer: Tree) -> bytes:
    return answered(written([answer]).encode())


async def _serve(servers: int, subnets: int, reserved: int, *pair: str) -> None:
    context = None
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
    answers, loop = Answers(subnets, is_reserved=bool(reserved)), asyncio.get_running_loop()
    ports = []
    # The first one is for whoever wants the counts, in plain HTTP.
    for secured in [None, *[context] * servers]:
        listener = await loop.create_server(lambda: Counting(answers), "127.0.0.1", 0, backlog=BACKLOG, ssl=secured)
        ports.append(listener.sockets[0].getsockname()[1])
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:]))
