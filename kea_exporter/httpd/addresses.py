"""Sockets to listen at: addresses, paths, and those that systemd hands over."""

from __future__ import annotations

import errno
import os
import re
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.config.values import MAX_UNIX_PATH
from kea_exporter.text import host_and_port

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

BACKLOG = 512
LAST_PORT = 65535
NO_SUCH_FAMILY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}
UNIX = "unix:"
# Owner and group may connect.
UNIX_UMASK = 0o117
# As sd_listen_fds(3) says.
FIRST_INHERITED = 3


class ListenError(Exception):
    """An address cannot be listened on; the message says which and why."""


class UnixListener(socket.socket):
    """A unix socket that takes its file with it when it is closed."""

    def close(self) -> None:
        """Close, and remove the file."""
        if self.fileno() >= 0:
            with suppress(OSError):
                Path(self.getsockname()).unlink()
        super().close()


def listen(addresses: Iterable[str], option: str = "--web.listen-address") -> list[socket.socket]:
    """Return listening sockets.

    Args:
        addresses: such as `:9547`, `127.0.0.1:9547`, `[::1]:9547`, `name:9547` or `unix:/path`.
        option: by which another one can be chosen.

    Raises:
        ListenError: an address is none, or cannot be listened on; no socket stays open.
    """
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            sockets += [_listen_unix(address, option)] if address.startswith(UNIX) else _listen(address, option)
    except ListenError:
        close(sockets)
        raise
    return sockets


def inherited(environ: MutableMapping[str, str] = os.environ, first: int = FIRST_INHERITED) -> list[socket.socket]:
    """Return the sockets that systemd listens on for this process (sd_listen_fds(3)).

    Args:
        environ: where they are announced; the announcement is removed, as it is not meant for our children.
        first: the descriptor of the first.

    Raises:
        ListenError: there are none, or one of them is no socket that listens for connections.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not re.fullmatch(r"[1-9]\d{0,3}", count, re.ASCII):
        raise ListenError("no socket came from systemd; start by a .socket unit, or leave out --web.systemd-socket")
    sockets: list[socket.socket] = []
    try:
        sockets.extend(map(_inherited, range(first, first + int(count))))
    except ListenError:
        close(sockets)
        raise
    return sockets


def address_of(sock: socket.socket) -> str:
    """Return where a socket listens, as `127.0.0.1:9547`, `[::1]:9547` or `unix:/path`."""
    name = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        return UNIX + os.fsdecode(name).replace("\0", "@", 1)
    return host_and_port(*name[:2])


def close(sockets: Iterable[socket.socket]) -> None:
    """Close all of them."""
    for sock in sockets:
        sock.close()


def _inherited(number: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=number)
        is_listening = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ListenError(f"descriptor {number}, which came from systemd, is no socket: {error.strerror}") from None
    if sock.type != socket.SOCK_STREAM or not is_listening:
        sock.close()
        raise ListenError(f"descriptor {number}, which came from systemd, takes no connections; use ListenStream=")
    sock.set_inheritable(False)
    return sock


def _listen(address: str, option: str) -> list[socket.socket]:
    parts = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^\[\]:]*)):(\d{1,5})", address, re.ASCII)
    if parts is None or int(parts[3]) > LAST_PORT:
        raise ListenError(f"{address} is no address to listen on; write :9547, 127.0.0.1:9547 or [::1]:9547")
    host, port = parts[1] or parts[2] or "", int(parts[3])
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        text = error.strerror if isinstance(error, OSError) else "this is no name"
        raise ListenError(f"cannot listen on {address}: {text}") from None
    sockets: list[socket.socket] = []
    failures: list[tuple[int, OSError]] = []
    for family, _, _, _, place in found:
        try:
            sockets.append(_bind(family, place))
        except OSError as error:
            failures.append((family, error))
    # A machine without IPv6 serves IPv4 alone.
    grave = [
        failure for family, failure in failures if family != socket.AF_INET6 or failure.errno not in NO_SUCH_FAMILY
    ]
    if sockets and not grave:
        return sockets
    close(sockets)
    raise _cannot(address, (grave or [failure for _, failure in failures])[0], option)


def _cannot(address: str, error: OSError, option: str) -> ListenError:
    return ListenError(f"cannot listen on {address}: {error.strerror}; choose with {option}")


def _bind(family: int, place: tuple[object, ...]) -> socket.socket:
    # With the protocol said, asyncio sends small answers at once (TCP_NODELAY) instead of 40 ms later.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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


def _listen_unix(address: str, option: str) -> socket.socket:
    path = address.removeprefix(UNIX)
    if not path.startswith("/") or "\0" in path or len(os.fsencode(path)) > MAX_UNIX_PATH:
        wanted = f"an absolute path of at most {MAX_UNIX_PATH} bytes"
        raise ListenError(f"{address} is no address to listen on; write unix: and {wanted}")
    try:
        _remove_dead(path)
        return _bind_unix(path)
    except OSError as error:
        raise _cannot(address, error, option) from None


def _remove_dead(path: str) -> None:
    """Remove what a process that ended has left; whatever else is there stays."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(Path(path).lstat().st_mode):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        try:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(path)
        except ConnectionRefusedError:
            Path(path).unlink()


def _bind_unix(path: str) -> socket.socket:
    sock = UnixListener(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(UNIX_UMASK)
    try:
        sock.bind(path)
        sock.listen(BACKLOG)
    except OSError:
        socket.socket.close(sock)
        raise
    finally:
        os.umask(before)
    return sock
