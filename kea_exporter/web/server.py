"""Listening sockets and the HTTP server."""

from __future__ import annotations

import asyncio
import errno
import re
import signal
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.applications import Starlette

BACKLOG = 512
GRACE_SECONDS = 0.7
SHUTDOWN_SECONDS = 1
LAST_PORT = 65535
NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}


class ListenError(Exception):
    """An address cannot be listened on; the message says which and why."""


class _Server(uvicorn.Server):
    """Gives requests in flight a moment to end by themselves, then ends what they wait for."""

    def __init__(self, config: uvicorn.Config, give_up: Callable[[], None]) -> None:
        super().__init__(config)
        self._give_up = give_up

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().call_later(GRACE_SECONDS, self._give_up)
        await super().shutdown(sockets)


def serve(app: Starlette, sockets: list[socket.socket], give_up: Callable[[], None]) -> None:
    """Serve *app* until SIGTERM or SIGINT; requests still in flight after a moment are given up by *give_up*."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    _Server(config, give_up).run(sockets)


def end_on_signals() -> None:
    """End the process in order on SIGTERM and SIGINT, also as PID 1, to which the kernel gives no default."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))


def listen(addresses: Iterable[str]) -> list[socket.socket]:
    """Return listening sockets for addresses such as `:9547`, `127.0.0.1:9547`, `[::1]:9547` or `name:9547`.

    Raises:
        ListenError: an address is none, or cannot be listened on; no socket stays open.
    """
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            sockets += _listen(address)
    except ListenError:
        for sock in sockets:
            sock.close()
        raise
    return sockets


def address_of(sock: socket.socket) -> str:
    """Return where a socket listens, as `127.0.0.1:9547` or `[::1]:9547`."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _listen(address: str) -> list[socket.socket]:
    host, port = _split(address)
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        text = error.strerror if isinstance(error, OSError) else "this is no name"
        raise ListenError(f"cannot listen on {address}: {text}") from None
    tried = [(family, _tried(family, place)) for family, _, _, _, place in found]
    sockets = [it for _, it in tried if isinstance(it, socket.socket)]
    failures = [(family, it) for family, it in tried if isinstance(it, OSError)]
    # A machine without IPv6 serves IPv4 alone.
    grave = [it for family, it in failures if family != socket.AF_INET6 or it.errno not in NO_SUCH_FAMILY]
    if sockets and not grave:
        return sockets
    for sock in sockets:
        sock.close()
    text = (grave or [it for _, it in failures])[0].strerror
    raise ListenError(f"cannot listen on {address}: {text}; choose with --web.listen-address") from None


def _tried(family: int, place: tuple[object, ...]) -> socket.socket | OSError:
    try:
        return _bind(family, place)
    except OSError as error:
        return error


def _bind(family: int, place: tuple[object, ...]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(place)
        sock.listen(BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _split(address: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]:]*)):(\d{1,5})", address, re.ASCII)
    if found is None or int(found[3]) > LAST_PORT:
        raise ListenError(f"{address} is no address to listen on; write :9547, 127.0.0.1:9547 or [::1]:9547")
    return found[1] or found[2] or "", int(found[3])
