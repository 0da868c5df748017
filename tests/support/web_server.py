"""Our server around any application, in this process, and clients that speak to it byte by byte."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kea_exporter.httpd import endpoints, listen, unprotected
from kea_exporter.httpd.server import HttpServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from kea_exporter.httpd import Notifier, Protection
    from kea_exporter.httpd.connection import Timeouts

GENEROUS = 20.0
GET = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"


@contextmanager
def served(  # noqa: PLR0913 - keywords, each with a default
    app: ASGIApp,
    *,
    protection: Callable[[], Protection] = unprotected,
    timeouts: Timeouts | None = None,
    max_connections: int = 512,
    notifier: Notifier | None = None,
    give_up: Callable[[], None] = lambda: None,
) -> Iterator[int]:
    """Serve *app* on a thread, and give the port; *give_up* ends what requests in flight wait for."""
    sockets = listen(["127.0.0.1:0"])
    port = int(sockets[0].getsockname()[1])
    found = endpoints(app, sockets, protection=protection, max_connections=max_connections)
    server = HttpServer(found, give_up, notifier, timeouts)
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
