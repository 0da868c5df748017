"""Peers that the exporter may meet: a simulated Kea, and hostile ones. For speed and for what a real Kea never does."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.certificates import Pair

Tree = dict[str, Any]


class SimulatedKea(ThreadingHTTPServer):
    """Answers commands over HTTP as Kea 3.0 does; the contract tests hold it to that.

    Args:
        answers: per command, the answer's map, or what makes it of the request.
        credentials: user and password that are demanded; None to let everybody in.
        realm: the realm of a 401.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self, answers: Tree, credentials: tuple[str, str] | None = None, realm: str = "kea-dhcpv4-server"
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = answers
        self.credentials = credentials
        self.realm = realm
        self.received: list[Tree] = []
        self.forbidden: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: SimulatedKea
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""

    def do_POST(self) -> None:
        if not self._is_let_in():
            self._answer(401, {"result": 401, "text": "Unauthorized"})
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = _parsed(body) if self.headers.get("Content-Type") == "application/json" else None
        if request is None:
            self._refuse()
            return
        self.server.received.append(request)
        name = request.get("command", "")
        if name in self.server.forbidden:
            self._answer(403, {"result": 403, "text": "Forbidden"})
            return
        unsupported = {"result": 2, "text": f"'{name}' command not supported."}
        answer = self.server.answers.get(name, unsupported)
        self._answer(200, [answer(request) if callable(answer) else answer])

    def _refuse(self) -> None:
        self.close_connection = True
        self._answer(400, {"result": 400, "text": "Bad Request"})

    do_GET = do_PUT = do_DELETE = do_HEAD = _refuse  # noqa: N815 - http.server's names

    def _is_let_in(self) -> bool:
        if self.server.credentials is None:
            return True
        pair = base64.b64encode(":".join(self.server.credentials).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {pair}"

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 401:
            self.send_header("WWW-Authenticate", f'Basic realm="{self.server.realm}"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()


def _parsed(body: bytes) -> Tree | None:
    try:
        request = json.loads(body)
    except ValueError:
        return None
    return request if isinstance(request, dict) else None


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
