"""Listening sockets and the HTTP server."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.applications import Starlette

BACKLOG = 512
SHUTDOWN_SECONDS = 1


class ListenError(Exception):
    """An address cannot be listened on; the message says which and why."""


def serve(app: Starlette, sockets: list[socket.socket]) -> None:
    """Serve *app* until SIGTERM or SIGINT; requests in flight then have a second to end."""
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
    uvicorn.Server(config).run(sockets)


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


def _listen(address: str) -> list[socket.socket]:
    host, port = _split(address)
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ListenError(f"cannot listen on {address}: {error.strerror}") from None
    sockets = []
    for family, _, _, _, place in found:
        try:
            sockets.append(_bind(family, place))
        except OSError as error:
            # A machine without IPv6 serves IPv4 alone when no address was named.
            if not host and family == socket.AF_INET6 and error.errno in {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}:
                continue
            for sock in sockets:
                sock.close()
            text = error.strerror
            raise ListenError(f"cannot listen on {address}: {text}; choose with --web.listen-address") from None
    return sockets


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
    host, colon, port = address.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and int(port) <= 65535  # noqa: PLR2004 - the last TCP port
    has_brackets = host.startswith("[") and host.endswith("]")
    if not colon or not is_port or (":" in host and not has_brackets):
        raise ListenError(f"{address} is no address to listen on; write :9547, 127.0.0.1:9547 or [::1]:9547")
    return host.strip("[]"), int(port)
