"""A control socket of Kea's over HTTP or HTTPS: who is let in, and what commands are answered."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

from kea_simulator.connection import Connection, Patience
from kea_simulator.http import Answer, stock
from kea_simulator.requests import ForbiddenError, RefusedError, command_of, error, read_body

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kea_simulator.certificates import Pair
    from kea_simulator.http import Request

Tree = dict[str, Any]

BACKLOG = 64
END_SECONDS = 2.0
RETRY_SECONDS = 0.01


@dataclass(frozen=True)
class Tls:
    """How a control socket speaks TLS.

    Attributes:
        pair: its certificate.
        trust_anchor: the authority that clients need a certificate of; None where they need none.
    """

    pair: Pair
    trust_anchor: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Return what sockets are wrapped with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pair.certificate, self.pair.key)
        if self.trust_anchor is not None:
            context.load_verify_locations(self.trust_anchor)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


class KeaServer:
    """Listens on loopback as soon as it is made, and answers while its context is entered.

    Args:
        answers: makes the answers to a command, of which only a Control Agent has several; may raise ForbiddenError.
        credentials: user and password that are demanded; None to let everybody in.
        realm: the realm of a 401.
        tls: None for plain HTTP.
        headers: further ones of every answer, as in `http-headers`.
        listener: where it listens; None for any free port.
        patience: how long clients may be silent; None for as long as Kea lets them.
    """

    def __init__(  # noqa: PLR0913 - what a control socket is configured with
        self,
        answers: Callable[[Tree], list[Any]],
        credentials: tuple[str, str] | None = None,
        realm: str = "kea-dhcpv4-server",
        *,
        tls: Tls | None = None,
        headers: Mapping[str, str] | None = None,
        listener: socket.socket | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.credentials = credentials
        self.realm = realm
        self._answers = answers
        self._headers = dict(headers or {})
        self._context = tls.context() if tls else None
        self._listener = listener or listening()
        self._patience = patience or Patience()
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._open: dict[threading.Thread, socket.socket] = {}
        self._is_ending = False
        # Kea runs one command at a time.
        self._running = threading.Lock()

    @property
    def server_address(self) -> tuple[str, int]:
        """Return where it listens."""
        host, port = self._listener.getsockname()
        return host, port

    @property
    def url(self) -> str:
        """Return where it is reached."""
        host, port = self.server_address
        return f"{'https' if self._context else 'http'}://{host}:{port}"

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ending = True
        _shut(self._listener)
        self._acceptor.join()
        self._listener.close()
        for thread, sock in list(self._open.items()):
            _shut(sock)
            thread.join(END_SECONDS)

    def _accept(self) -> None:
        while not self._is_ending:
            try:
                sock, _ = self._listener.accept()
            except OSError:  # at the end, or when there are too many open files
                time.sleep(RETRY_SECONDS)
                continue
            thread = threading.Thread(target=self._converse, args=(sock,), daemon=True)
            self._open[thread] = sock
            thread.start()

    def _converse(self, accepted: socket.socket) -> None:
        thread = threading.current_thread()
        try:
            with accepted, suppress(OSError), self._wrapped(accepted) as sock:
                self._open[thread] = sock
                if not self._is_ending:
                    Connection(sock, self._answer, self._headers, self._patience).serve()
        finally:
            del self._open[thread]

    def _wrapped(self, sock: socket.socket) -> socket.socket:
        if self._context is None:
            return sock
        return self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)

    def _answer(self, request: Request) -> Answer:
        try:
            body = read_body(request.body)
        except (ValueError, RecursionError):
            return stock(HTTPStatus.BAD_REQUEST)
        if not self._lets_in(request):
            return stock(HTTPStatus.UNAUTHORIZED, **{"WWW-Authenticate": f'Basic realm="{self.realm}"'})
        try:
            with self._running:
                return Answer(HTTPStatus.OK, self._answers(command_of(body)))
        except RefusedError as refusal:
            return Answer(HTTPStatus.OK, [error(str(refusal))])
        except ForbiddenError:
            return stock(HTTPStatus.FORBIDDEN)

    def _lets_in(self, request: Request) -> bool:
        if self.credentials is None:
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = base64.b64encode(":".join(self.credentials).encode()).decode()
        return scheme.lower() == "basic" and given == wanted


def listening() -> socket.socket:
    """Return a socket that listens on a free port of loopback."""
    return socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)


def _shut(sock: socket.socket) -> None:
    """Wake who waits for a socket: nothing more comes."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
