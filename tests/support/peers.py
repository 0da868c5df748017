"""Peers that the exporter may meet: a simulated Kea, and hostile ones. For speed and for what real Kea never does."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from kea_simulator.requests import ForbiddenError, unsupported
from kea_simulator.server import KeaServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from kea_simulator.server import Tls
    from lab.servers.certificates import Pair

Tree = dict[str, Any]


class SimulatedKea(KeaServer):
    """The demo's server, with answers that are given one by one.

    Attributes:
        answers: per command, the answer's map, or what makes it of the request.
        received: the commands that were let in.
        forbidden: names of commands that are answered with 403.
    """

    def __init__(
        self,
        answers: Tree,
        credentials: tuple[str, str] | None = None,
        realm: str = "kea-dhcpv4-server",
        *,
        tls: Tls | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self._said, credentials, realm, tls=tls, headers=headers)
        self.answers = answers
        self.received: list[Tree] = []
        self.forbidden: set[str] = set()

    def _said(self, command: Tree) -> list[Any]:
        name = command["command"]
        self.received.append(command)
        if name in self.forbidden:
            raise ForbiddenError
        answer = self.answers.get(name, unsupported(name))
        return [answer(command) if callable(answer) else answer]


@contextmanager
def peer(
    behaviour: Callable[[socket.socket], None],
    pair: Pair | None = None,
    path: Path | None = None,
    at: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[int]:
    """Listen on loopback, do *behaviour* with each connection, and give the port.

    TLS is spoken where a *pair* is given; a unix socket is listened on where its *path* is given.
    """
    listener = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
    listener.bind(str(path) if path else at)
    listener.listen()
    open_sockets: list[socket.socket] = []

    def converse(sock: socket.socket) -> None:
        with suppress(OSError):
            secured = _context(pair).wrap_socket(sock, server_side=True) if pair else sock
            open_sockets.append(secured)
            behaviour(secured)

    def accept() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                open_sockets.append(sock)
                threads.append(threading.Thread(target=converse, args=(sock,), daemon=True))
                threads[-1].start()

    threads = [threading.Thread(target=accept, daemon=True)]
    threads[0].start()
    try:
        yield 0 if path else int(listener.getsockname()[1])
    finally:
        _close(listener, *open_sockets)
        for thread in threads:
            thread.join(5)
        # A handshake may have been finished in between.
        _close(*open_sockets)


def _close(*sockets: socket.socket) -> None:
    for sock in sockets:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()


def relaying_to(address: str, port: int) -> Callable[[socket.socket], None]:
    """Return the behaviour of an address translator in front of a server."""

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)

    def behave(sock: socket.socket) -> None:
        with socket.create_connection((address, port)) as server:
            thread = threading.Thread(target=copy, args=(server, sock), daemon=True)
            thread.start()
            copy(sock, server)
            thread.join(5)

    return behave


@contextmanager
def blackhole() -> Iterator[int]:
    """Give a port at which connecting gets no answer at all, as behind a firewall that drops packets."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = int(listener.getsockname()[1])
        # The kernel drops further connection requests once the backlog is full.
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.settimeout(0)
            filler.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for filler in fillers:
                filler.close()


def _context(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context
