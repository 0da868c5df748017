"""Accepting connections at one socket."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from kea_exporter.httpd.clients import client_at
from kea_exporter.httpd.connection import Connection
from kea_exporter.httpd.connections import Visitor
from kea_exporter.rate_limit import RateLimitedWarning

if TYPE_CHECKING:
    from kea_exporter.httpd.connection import ListenerContext

# Accepted at a time, before those that were closed for them give their descriptors back.
BURST = 16
PAUSE_SECONDS = 0.2
SEND_BUFFER = 128 * 1024
log = structlog.get_logger("web")

FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """Accepts connections at a socket that listens, and gives each what its context has.

    Accepting is ours, and not the event loop's, because that has no limit, and when descriptors run out it logs every
    second.
    """

    def __init__(self, sock: socket.socket, context: ListenerContext) -> None:
        self._sock = sock
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._arrivals: set[asyncio.Task[None]] = set()
        self._is_open = True
        self._failures = RateLimitedWarning("connections cannot be accepted")
        self._refusals = RateLimitedWarning("a connection was refused: too many requests are under way")
        sock.settimeout(0)
        self._resume()

    def close(self) -> None:
        """Accept no more, and give up handshakes that are under way."""
        self._is_open = False
        self._loop.remove_reader(self._sock)
        for arrival in self._arrivals:
            arrival.cancel()

    def _resume(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        for _ in range(BURST):
            try:
                sock, address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                # Out of descriptors, mostly. The socket stays readable: to go on at once would be to spin.
                self._failures.warn(reason=error.strerror)
                for _ in range(BURST):
                    self._context.connections.make_room()
                self._loop.remove_reader(self._sock)
                self._loop.call_later(PAUSE_SECONDS, self._resume)
                return
            self._welcome(sock, client_at(address[0] if isinstance(address, tuple) else ""))

    def _welcome(self, sock: socket.socket, client: str) -> None:
        # Of an answer that is not read, the kernel too keeps no more than this for each connection.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        visitor = Visitor(sock.close, client)
        if not self._context.connections.admit(visitor):
            self._refusals.warn(limit=self._context.connections.limit)
            self._turn_away(sock)
            return
        arrival = self._loop.create_task(self._connect(sock, visitor))
        visitor.drop = arrival.cancel
        self._arrivals.add(arrival)
        arrival.add_done_callback(partial(self._arrived, sock, visitor))

    async def _connect(self, sock: socket.socket, visitor: Visitor) -> None:
        protection = self._context.protection()
        seconds = self._context.timeouts
        await self._loop.connect_accepted_socket(
            lambda: Connection(self._context, visitor, protection),
            sock,
            ssl=protection.context,
            ssl_handshake_timeout=seconds.handshake if protection.context else None,
            ssl_shutdown_timeout=seconds.closing if protection.context else None,
        )

    def _arrived(self, sock: socket.socket, visitor: Visitor, arrival: asyncio.Task[None]) -> None:
        self._arrivals.discard(arrival)
        failure = None if arrival.cancelled() else arrival.exception()
        if arrival.cancelled() or failure:
            self._context.connections.leave(visitor)
            sock.close()
        # A handshake that failed is not worth a line: strangers cause that at will.
        if failure and not isinstance(failure, OSError):
            log.error("a connection could not be begun", exc_info=failure)
        if failure:
            # Its frames refer to it, and to the buffers of TLS.
            failure.__traceback__ = None

    def _turn_away(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            if self._context.protection().context is None:
                sock.settimeout(0)
                sock.send(FULL)
                # With a request unread, closing would take the answer away from the client.
                sock.recv(65536)
