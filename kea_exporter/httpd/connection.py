"""One connection: uvicorn's HTTP/1.1, of which every step has to end in time.

Only whole and sound requests reach uvicorn, one after another; answers go out in pieces, as fast as they are read.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from uvicorn.protocols.http.h11_impl import H11Protocol

from kea_exporter.httpd.connections import Phase
from kea_exporter.httpd.framing import BODY_LIMIT, HEAD_LIMIT, RefusalError, RequestReader
from kea_exporter.httpd.tls import has_allowed_san

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from uvicorn import Config
    from uvicorn.server import ServerState

    from kea_exporter.httpd.connections import ConnectionLimit, ConnectionSlot
    from kea_exporter.httpd.web_config import Protection
    from kea_exporter.rate_limit import RateLimitedWarning

PIECE = 64 * 1024
# struct linger of socket(7): on, and for no time.
AT_ONCE = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Timeouts:
    """How many seconds each step of a connection may take.

    Attributes:
        handshake: TLS, from the moment that the connection was accepted.
        request: from the connection, or from the first byte of a later request, to its last byte.
        idle: between two requests.
        answer: from the first byte of an answer until its last was read.
        closing: until a connection that is being closed is cut off.
    """

    handshake: float = 10.0
    request: float = 10.0
    # Longer than the usual scrape intervals of 10 and 15 seconds, and none of those that people choose, so that a
    # scrape does not meet a connection that is just being closed. Who scrapes less often connects anew.
    idle: float = 25.0
    answer: float = 30.0
    closing: float = 2.0


@dataclass(frozen=True)
class ListenerContext:
    """What all connections of some listeners share.

    Attributes:
        app: answers their requests.
        protection: gives what new connections are protected by.
    """

    app: ASGIApp
    connections: ConnectionLimit
    protection: Callable[[], Protection]
    timeouts: Timeouts
    config: Config
    state: ServerState
    refused_clients: RateLimitedWarning


class HttpConnection(H11Protocol):
    """One connection of a slot."""

    def __init__(self, context: ListenerContext, slot: ConnectionSlot, protection: Protection) -> None:
        super().__init__(config=context.config, server_state=context.state, app_state={})
        self._context = context
        self._slot = slot
        self._protection = protection
        self._reader = RequestReader()
        self._has_begun = True
        self._is_closing = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, after a TLS handshake if there is one."""
        super().connection_made(transport)
        self._slot.abort = self._cut_off
        # What uvicorn calls for each request.
        self.app = self._answer
        transport.set_write_buffer_limits(high=PIECE)
        if not self._is_allowed(transport):
            self._context.refused_clients.warn(client=str(transport.get_extra_info("peername")))
            transport.abort()
            return
        self._allow(self._context.timeouts.request, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_timer()
        self._context.connections.release(self._slot)
        super().connection_lost(exc)
        # What refers to itself would stay in memory, TLS buffers included, until the garbage collector comes.
        self.app = self._context.app

    def data_received(self, data: bytes) -> None:
        """Take what came in; it is handed on when it is a whole request, and the one before was answered."""
        if self._is_closing:
            return
        self._reader.feed(data)
        if self._slot.phase is Phase.WAITING:
            self._go_on()
        if self._slot.phase is not Phase.WAITING and len(self._reader) > HEAD_LIMIT + BODY_LIMIT:
            # Nobody sends so many requests ahead: this one is answered, and then the connection closed.
            self._is_closing = True
            self._reader.clear()
            self.cycle.keep_alive = False

    def on_response_complete(self) -> None:
        """Go on with the next request."""
        super().on_response_complete()
        self._context.connections.record_unsent(self._slot, b"")
        self._slot.enter(Phase.WAITING)
        # After a renewal, who stays connected would go on under the old certificate, or by one that is trusted no more.
        is_outdated = self._context.protection().context is not self._protection.context
        if self._is_closing or is_outdated or self.transport.is_closing():
            self._close()
            return
        self._has_begun = False
        self._allow(self._context.timeouts.idle, self._close)
        self._go_on()

    def _go_on(self) -> None:
        try:
            request = self._reader.take()
        except RefusalError as refusal:
            self._refuse(refusal)
            return
        if request is not None:
            self._stop_timer()
            self._slot.enter(Phase.WORKING)
            super().data_received(request)
        elif len(self._reader) and not self._has_begun:
            self._has_begun = True
            self._allow(self._context.timeouts.request, self._too_slow)

    def _is_allowed(self, transport: asyncio.Transport) -> bool:
        """Return whether the client's certificate, which was verified, is one of those that may come in."""
        tls, secured = self._protection.settings.tls, transport.get_extra_info("ssl_object")
        if tls is None or not tls.allowed_sans:
            return True
        return secured is not None and has_allowed_san(secured.getpeercert() or {}, tls.allowed_sans)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, its body in pieces: the next is written when the one before was nearly read."""

        async def send_pieces(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._slot.enter(Phase.SENDING)
                self._allow(self._context.timeouts.answer, self._cut_off)
            body = message.get("body", b"")
            self._context.connections.record_unsent(self._slot, body)
            last = max(len(body) - 1, 0) // PIECE * PIECE
            for start in range(0, last, PIECE):
                await send({**message, "body": body[start : start + PIECE], "more_body": True})
            await send({**message, "body": body[last:]} if last else message)

        await self._context.app(scope, receive, send_pieces)

    def _refuse(self, refusal: RefusalError) -> None:
        """Tell why, and close; what else the client sends is not looked at."""
        self._is_closing = True
        text = f"{refusal}\n".encode()
        head = (
            f"HTTP/1.1 {refusal.status} {refusal.status.phrase}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + text)
        if self.transport.can_write_eof():
            # Closing while the client still sends would take the answer away from it.
            self.transport.write_eof()
            self._allow(self._context.timeouts.closing, self.transport.abort)
        else:
            self._close()

    def _too_slow(self) -> None:
        if len(self._reader):
            self._refuse(RefusalError(HTTPStatus.REQUEST_TIMEOUT, "the request did not come in time"))
        else:
            self._close()

    def _close(self) -> None:
        """Close when everything was read, and at the latest after a moment."""
        self._is_closing = True
        self.transport.close()
        self._allow(self._context.timeouts.closing, self.transport.abort)

    def _cut_off(self) -> None:
        """Close at once, and have the kernel throw away what was not read."""
        if self._slot.phase is Phase.SENDING and (sock := self.transport.get_extra_info("socket")):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.transport.abort()

    def _allow(self, seconds: float, otherwise: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, otherwise)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _unsupported_upgrade_warning(self) -> None:
        """Write nothing: asking for another protocol is allowed, and not answering to it as well."""
