"""One connection to a control socket, from its first byte until either side has enough."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from kea_simulator.http import BadRequestError, read_head, require_command, require_hope, stock, version_of, write

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from kea_simulator.http import Answer, Request

# How long a client may take to say goodbye on TLS.
GOODBYE_SECONDS = 0.2
CHUNK = 32768
HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Patience:
    """How many seconds a client may be silent: within a request or before the first one, and between two of them.

    Kea's own are TIMEOUT_AGENT_RECEIVE_COMMAND and TIMEOUT_AGENT_IDLE_CONNECTION_TIMEOUT.
    """

    request: float = 10.0
    idle: float = 30.0


class Connection:
    """Reads requests, and writes what *answer* makes of each together with *headers*."""

    def __init__(
        self,
        sock: socket.socket,
        answer: Callable[[Request], Answer],
        headers: Mapping[str, str],
        patience: Patience,
    ) -> None:
        self._sock = sock
        self._patience = patience
        self._answer = answer
        self._headers = headers
        self._received = b""

    def serve(self) -> None:
        """Answer until the connection is to be closed."""
        self._sock.settimeout(self._patience.request)
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.do_handshake()
        is_first = True
        while self._exchange(is_first=is_first):
            is_first = False
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.settimeout(GOODBYE_SECONDS)
            self._sock.unwrap()

    def _exchange(self, *, is_first: bool) -> bool:
        """Answer one request; return whether another one may follow."""
        # Kea does not know pipelining: what was sent along with the last request is lost.
        self._received = b""
        self._sock.settimeout(self._patience.request if is_first else self._patience.idle)
        try:
            request = self._read()
        except BadRequestError as error:
            self._write(stock(HTTPStatus.BAD_REQUEST), error.version)
            return False
        except TimeoutError:
            if self._received or is_first:
                self._write(stock(HTTPStatus.REQUEST_TIMEOUT), version_of(self._received))
            return False
        if request is None:
            return False
        self._write(self._answer(request), request.version)
        return request.is_persistent

    def _read(self) -> Request | None:
        """Return a request; None where there will be no more."""
        while HEAD_END not in self._received:
            if not self._receive():
                return None
            require_hope(self._received)
        head, end, _ = self._received.partition(HEAD_END)
        request = read_head(head + end)
        start = len(head + end)
        while len(self._received) < start + request.length:
            if not self._receive():
                return None
        require_command(request)
        return replace(request, body=self._received[start : start + request.length])

    def _receive(self) -> bool:
        chunk = self._sock.recv(CHUNK)
        self._sock.settimeout(self._patience.request)
        self._received += chunk
        return bool(chunk)

    def _write(self, answer: Answer, version: str) -> None:
        self._sock.sendall(write(replace(answer, headers={**self._headers, **answer.headers}), version))
