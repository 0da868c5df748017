"""The HTTP server: uvicorn with its own listeners and connections."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import uvicorn
from starlette.responses import PlainTextResponse

from kea_exporter.httpd.authentication import Authentication, Logins
from kea_exporter.httpd.connection import ListenerContext, Timeouts
from kea_exporter.httpd.connections import ConnectionLimit
from kea_exporter.httpd.listener import Listener
from kea_exporter.httpd.notify import Notifier
from kea_exporter.httpd.web_config import Protection, unprotected
from kea_exporter.rate_limit import RateLimitedWarning

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

MAX_CONNECTIONS = 512
HEALTH_CONNECTIONS = 32
HEALTH_PATHS = frozenset({"/-/healthy", "/-/ready"})
GRACE_SECONDS = 0.7
SHUTDOWN_SECONDS = 1
# ConnectionLimit have timers of their own.
NEVER = 10**6


@dataclass(frozen=True)
class Endpoint:
    """Listening sockets with the application that they serve.

    Attributes:
        protection: returns the protection of new connections.
    """

    app: ASGIApp
    sockets: Sequence[socket.socket]
    connections: ConnectionLimit
    protection: Callable[[], Protection] = unprotected


def endpoints(
    app: ASGIApp,
    sockets: Sequence[socket.socket],
    health_sockets: Sequence[socket.socket] = (),
    *,
    protection: Callable[[], Protection] = unprotected,
    max_connections: int = MAX_CONNECTIONS,
) -> tuple[Endpoint, ...]:
    """Return the main endpoint, as protected as is configured, and the one for health, which is open to everybody.

    Each has its own limit of connections, so that health is told while the other is crowded.
    """
    guarded = Authentication(app, lambda: protection().settings, Logins())
    return (
        Endpoint(guarded, sockets, ConnectionLimit(max_connections), protection),
        Endpoint(HealthOnly(app), health_sockets, ConnectionLimit(HEALTH_CONNECTIONS)),
    )


class HttpServer(uvicorn.Server):
    """Serves several endpoints until SIGTERM or SIGINT.

    Requests in flight have a grace period; then their probes are cancelled.
    """

    def __init__(
        self,
        served: Sequence[Endpoint],
        give_up: Callable[[], None],
        notifier: Notifier | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        super().__init__(_config(served[0].app))
        self._served = served
        self._give_up = give_up
        self._notifier = notifier or Notifier()
        self._timeouts = timeouts or Timeouts()
        self._listeners: list[Listener] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Start accepting."""
        self.servers = []
        for endpoint in self._served:
            context = ListenerContext(
                app=endpoint.app,
                connections=endpoint.connections,
                protection=endpoint.protection,
                timeouts=self._timeouts,
                config=self.config,
                state=self.server_state,
                refused_clients=RateLimitedWarning("client rejected: certificate not in client_allowed_sans"),
            )
            self._listeners += [Listener(sock, context) for sock in endpoint.sockets]
        self.started = True
        self._notifier.ready()
        if seconds := self._notifier.watchdog_seconds:
            self._notify_watchdog(seconds / 2)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down gracefully, then abort remaining connections."""
        self._notifier.stopping()
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._give_up)
        for listener in self._listeners:
            listener.close()
        listening = [sock for endpoint in self._served for sock in endpoint.sockets]
        await super().shutdown([*(sockets or ()), *listening])
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def _notify_watchdog(self, interval: float) -> None:
        # From the event loop, so that a blocked one triggers the watchdog.
        self._notifier.alive()
        asyncio.get_running_loop().call_later(interval, self._notify_watchdog, interval)


def serve(
    served: Sequence[Endpoint],
    give_up: Callable[[], None],
    notifier: Notifier | None = None,
    timeouts: Timeouts | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        served: at least one endpoint.
        give_up: cancels the probes of requests in flight.
        notifier: notifies systemd.
        timeouts: the limits of each step of a connection.
    """
    HttpServer(served, give_up, notifier, timeouts).run()


def end_on_signals() -> None:
    """Exit on SIGTERM and SIGINT, also as PID 1, for which the kernel has no default action."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def _config(app: ASGIApp) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=NEVER,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    config.load()
    return config


class HealthOnly:
    """Serves the health pages of an application, and nothing else of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_health = scope["path"] in HEALTH_PATHS
        answer = (
            self._app
            if is_health
            else PlainTextResponse("only /-/healthy and /-/ready are served here\n", HTTPStatus.NOT_FOUND)
        )
        await answer(scope, receive, send)
