"""Our server around any application, in this process, and clients that speak to it byte by byte."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from kea_exporter.httpd import entrances, listen, unprotected
from kea_exporter.httpd.server import Server
from lab.servers.processes import Running, accepts, free_port
from tests.support.exporter import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.types import ASGIApp

    from kea_exporter.httpd import Notifier, Protection
    from kea_exporter.httpd.connection import Patience

GENEROUS = 20.0
GET = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def served(
    app: ASGIApp,
    *,
    protection: Callable[[], Protection] = unprotected,
    patience: Patience | None = None,
    max_connections: int = 512,
    notifier: Notifier | None = None,
) -> Iterator[int]:
    """Serve *app* on a thread, and give the port."""
    sockets = listen(["127.0.0.1:0"])
    port = int(sockets[0].getsockname()[1])
    found = entrances(app, sockets, protection=protection, max_connections=max_connections)
    server = Server(found, lambda: None, notifier, patience)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(GENEROUS)


def connected(port: int, said: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
    """Return a connection over which something was said."""
    sock = socket.socket()
    # Small, so that what a client does not read soon waits in the server.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    sock.settimeout(GENEROUS)
    sock.bind((source, 0))
    sock.connect(("127.0.0.1", port))
    sock.sendall(said)
    return sock


@contextmanager
def crowd(port: int, size: int, said: bytes = b"") -> Iterator[list[socket.socket]]:
    """Have many connections open."""
    sockets = [connected(port, said) for _ in range(size)]
    try:
        yield sockets
    finally:
        for sock in sockets:
            sock.close()


def rest(sock: socket.socket) -> bytes:
    """Return what comes until the other side closes or resets the connection."""
    received = bytearray()
    with suppress(ConnectionError):
        while chunk := sock.recv(65536):
            received += chunk
    return bytes(received)


def said_to(port: int, data: bytes, source: str = "127.0.0.1") -> bytes:
    """Return the whole answer to some bytes, after which nothing more is said."""
    with connected(port, source=source) as sock:
        with suppress(ConnectionError):
            sock.sendall(data)
        return rest(sock)


def statuses(answer: bytes) -> list[int]:
    """Return the status of each answer in a stream of them."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def eventually(holds: Callable[[], bool]) -> bool:
    """Return whether something comes to hold before long."""
    give_up = time.monotonic() + GENEROUS
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


class Process:
    """A running exporter."""

    def __init__(self, running: Running, port: int, scheme: str) -> None:
        self._running = running
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"

    def get(self, path: str, authority: Path | None = None, user: tuple[str, str] | None = None) -> requests.Response:
        return requests.get(self.url + path, timeout=GENEROUS, verify=str(authority) if authority else True, auth=user)

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def log(self) -> str:
        return self._running.output.read_text()

    @property
    def pid(self) -> int:
        return self._running.pid

    def signal(self, number: int) -> None:
        self._running.signal(number)

    def wait(self, seconds: float = GENEROUS) -> int:
        return self._running.wait(seconds)


@contextmanager
def process(
    config_file: Path,
    *options: str,
    descriptors: int | None = None,
    environment: Mapping[str, str] | None = None,
    scheme: str = "http",
) -> Iterator[Process]:
    """Run the exporter as its users do, with a limit on its descriptors, until it listens."""
    port = free_port()
    limited = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"] if descriptors else []
    arguments = [*limited, *COMMAND, "serve", "--config.file", str(config_file)]
    arguments += ["--web.listen-address", f"127.0.0.1:{port}", "--probe.min-interval", "0", *options]
    running = Running(arguments, config_file.with_suffix(".log"), {**os.environ, **(environment or {})})
    try:
        running.wait_until(lambda: accepts("127.0.0.1", port))
        yield Process(running, port, scheme)
    finally:
        running.stop()
