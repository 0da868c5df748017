"""Accepting connections at one socket."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import structlog

from kea_exporter.httpd.connection import HttpConnection
from kea_exporter.httpd.connections import ConnectionSlot
from kea_exporter.httpd.fair_queue import client_at
from kea_exporter.rate_limit import RateLimitedWarning

if TYPE_CHECKING:
    from kea_exporter.httpd.connection import ListenerContext

# Connections accepted in one step, before closed ones release their descriptors.
BURST = 16
PAUSE_SECONDS = 0.2
SEND_BUFFER = 128 * 1024
log = structlog.get_logger("web")

FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Listener:
    """Accepts connections at a listening socket.

    The event loop's own accept has no limit, and logs every second when descriptors run out.
    """

    def __init__(self, sock: socket.socket, context: ListenerContext) -> None:
        self._sock = sock
        self._context = context
        self._loop = asyncio.get_running_loop()
        self._handshakes: set[asyncio.Task[None]] = set()
        self._is_open = True
        self._failures = RateLimitedWarning("accepting connections failed")
        self._refusals = RateLimitedWarning("connection rejected: too many requests in flight")
        sock.settimeout(0)
        self._resume()

    def close(self) -> None:
        """Stop accepting, and cancel handshakes in progress."""
        self._is_open = False
        self._loop.remove_reader(self._sock)
        for handshake in self._handshakes:
            handshake.cancel()

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
                # Mostly out of descriptors. The socket stays readable: accepting again immediately would spin.
                self._failures.warn(reason=error.strerror)
                for _ in range(BURST):
                    self._context.connections.evict()
                self._loop.remove_reader(self._sock)
                self._loop.call_later(PAUSE_SECONDS, self._resume)
                return
            self._start(sock, client_at(address[0] if isinstance(address, tuple) else ""))

    def _start(self, sock: socket.socket, client: str) -> None:
        # Limits what the kernel buffers of a response that the client does not read.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        slot = ConnectionSlot(sock.close, client)
        if not self._context.connections.acquire(slot):
            self._refusals.warn(limit=self._context.connections.limit)
            self._reject(sock)
            return
        handshake = self._loop.create_task(self._connect(sock, slot))
        slot.abort = handshake.cancel
        self._handshakes.add(handshake)
        handshake.add_done_callback(partial(self._handshake_done, sock, slot))

    async def _connect(self, sock: socket.socket, slot: ConnectionSlot) -> None:
        protection = self._context.protection()
        seconds = self._context.timeouts
        await self._loop.connect_accepted_socket(
            lambda: HttpConnection(self._context, slot, protection),
            sock,
            ssl=protection.context,
            ssl_handshake_timeout=seconds.handshake if protection.context else None,
            ssl_shutdown_timeout=seconds.closing if protection.context else None,
        )

    def _handshake_done(self, sock: socket.socket, slot: ConnectionSlot, handshake: asyncio.Task[None]) -> None:
        self._handshakes.discard(handshake)
        failure = None if handshake.cancelled() else handshake.exception()
        if handshake.cancelled() or failure:
            self._context.connections.release(slot)
            sock.close()
        # Failed handshakes are not logged: clients can cause any number of them.
        if failure and not isinstance(failure, OSError):
            log.error("connection setup failed", exc_info=failure)
        if failure:
            # Its frames refer to it, and to the buffers of TLS.
            failure.__traceback__ = None

    def _reject(self, sock: socket.socket) -> None:
        with suppress(OSError), sock:
            if self._context.protection().context is None:
                sock.settimeout(0)
                sock.send(FULL)
                # Closing with an unread request would discard the response.
                sock.recv(65536)
