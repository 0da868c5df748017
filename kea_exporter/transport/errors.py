"""Failures for the errors of the operating system: connect(2), unix(7), ip(7), ipv6(7) and icmp(7).

An error that is not in these tables is a bug of the exporter: its reason is `internal_error`.
"""

from __future__ import annotations

import errno
import os
import ssl
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

REASONS: Mapping[int, Reason] = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.ETIMEDOUT: Reason.TIMED_OUT,
    **dict.fromkeys(
        (
            errno.ECONNRESET,
            errno.ECONNABORTED,
            errno.ENETRESET,
            errno.ENOTCONN,
            errno.EPIPE,
            errno.ESHUTDOWN,
            errno.EPROTO,
        ),
        Reason.CONNECTION_CLOSED,
    ),
    # EADDRNOTAVAIL: no address of this host, or no port of it, is left to connect from. ENONET, ENOPROTOOPT and
    # EOPNOTSUPP stand for unreachable destinations of ICMP.
    **dict.fromkeys(
        (
            errno.EHOSTUNREACH,
            errno.ENETUNREACH,
            errno.EHOSTDOWN,
            errno.ENETDOWN,
            errno.ENONET,
            errno.ENOPROTOOPT,
            errno.EOPNOTSUPP,
            errno.EADDRNOTAVAIL,
        ),
        Reason.NO_ROUTE,
    ),
    # A link-local address without its zone, or of an interface that is gone.
    **dict.fromkeys((errno.EINVAL, errno.ENODEV), Reason.INVALID_ADDRESS),
    # Firewalls, routes and security modules of this host, and what systemd restricts a unit to.
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT), Reason.CONNECTION_PROHIBITED
    ),
    **dict.fromkeys(
        (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN, errno.EADDRINUSE),
        Reason.LOCAL_RESOURCES,
    ),
}
UNIX_REASONS: Mapping[int, Reason] = {
    **REASONS,
    **dict.fromkeys(
        (
            errno.ENOENT,
            errno.ENOTDIR,
            errno.ELOOP,
            errno.ENAMETOOLONG,
            errno.ENOTSOCK,
            errno.EPROTOTYPE,
            errno.EINVAL,
            errno.ENXIO,
            errno.ENODEV,
            errno.ESTALE,
            errno.EIO,
        ),
        Reason.NO_SUCH_SOCKET,
    ),
    errno.EACCES: Reason.PERMISSION_DENIED,
    errno.EPERM: Reason.PERMISSION_DENIED,
    # The queue of connections that the daemon has not accepted yet is full.
    errno.EAGAIN: Reason.TIMED_OUT,
}


def tcp_failure(error: OSError, where: str) -> Failure:
    """Return the failure that an error while connecting over TCP stands for."""
    reason = _reason(error, REASONS)
    details = {
        Reason.TIMED_OUT: f"no answer from {where}: packets are dropped on the way, or the host is down",
        Reason.REFUSED: f"{where} refused the connection: nothing listens there",
    }
    return Failure(Stage.CONNECT, reason, details.get(reason, f"cannot connect to {where}: {_text(error)}"))


def unix_failure(error: OSError, path: str, *, is_socket: bool) -> Failure:
    """Return the failure that an error while connecting to a unix socket stands for.

    Args:
        error: of connect(2).
        path: of the socket.
        is_socket: whether there is a socket at the path; Linux refuses connections to other files too.
    """
    reason = _reason(error, UNIX_REASONS)
    if reason is Reason.REFUSED and not is_socket:
        return Failure(Stage.CONNECT, Reason.NO_SUCH_SOCKET, f"{path} is not a socket")
    details = {
        Reason.TIMED_OUT: f"{path} accepts no connections: its queue is full",
        Reason.REFUSED: f"{path} refused the connection: no process listens there",
    }
    return Failure(Stage.CONNECT, reason, details.get(reason, f"cannot connect to {path}: {_text(error)}"))


def lost_connection(error: OSError, stage: Stage) -> Failure | None:
    """Return the failure where the network broke an established connection; None where the peer closed it."""
    # OpenSSL's numbers are not those of the operating system.
    reason = None if isinstance(error, ssl.SSLError) else REASONS.get(error.errno or 0)
    if reason in {None, Reason.CONNECTION_CLOSED, Reason.REFUSED, Reason.TIMED_OUT}:
        return None
    return Failure(stage, reason or Reason.INTERNAL_ERROR, f"the connection broke: {_text(error)}")


def _reason(error: OSError, reasons: Mapping[int, Reason]) -> Reason:
    if isinstance(error, TimeoutError):
        return Reason.TIMED_OUT
    if error.errno is None:  # Python's own: the path of a unix socket is too long
        return reasons.get(errno.ENAMETOOLONG, Reason.INTERNAL_ERROR)
    return reasons.get(error.errno, Reason.INTERNAL_ERROR)


def _text(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
