"""Connected sockets of which every single operation ends at the deadline.

A socket's own timeout starts anew with each byte received, so that a peer which sends one byte a second could hold
a probe for ever. These sockets set it to what is left of the deadline before every operation.
"""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.transport.errors import tcp_failure, unix_failure
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.names import RESOLVER

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.names import SocketAddress

# Linux has it; elsewhere the first answer over TLS is late.
QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)


class TooMuchError(OSError):
    """The peer sends more than it was allowed to."""


class _Bounded:
    """What bounds a socket: its deadline, and how many bytes may still come."""

    deadline: Deadline
    allowance: int = sys.maxsize

    def _counted(self, size: int) -> int:
        self.allowance -= size
        if self.allowance < 0:
            raise TooMuchError
        return size


class DeadlineSocket(_Bounded, socket.socket):
    """A plain socket under a deadline."""

    def recv_into(self, buffer: Buffer, nbytes: int = 0, flags: int = 0) -> int:
        """Receive, for no longer than the deadline leaves, and no more than is allowed."""
        self.settimeout(self.deadline.budget())
        return self._counted(super().recv_into(buffer, nbytes, flags))

    def sendall(self, data: Buffer, flags: int = 0) -> None:
        """Send, for no longer than the deadline leaves."""
        self.settimeout(self.deadline.budget())
        super().sendall(data, flags)


class DeadlineTlsSocket(_Bounded, ssl.SSLSocket):
    """A TLS socket under a deadline."""

    def recv_into(self, buffer: Buffer, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive, for no longer than the deadline leaves, and no more than is allowed."""
        self.settimeout(self.deadline.budget())
        if QUICK_ACK is not None:
            # Kea sends session tickets, and its first answer only when they are acknowledged: 40 ms otherwise.
            self.setsockopt(socket.IPPROTO_TCP, QUICK_ACK, 1)
        return self._counted(super().recv_into(buffer, nbytes, flags))

    def sendall(self, data: Buffer, flags: int = 0) -> None:
        """Send, for no longer than the deadline leaves; where the peer has closed, raise the reason it gave."""
        self.settimeout(self.deadline.budget())
        try:
            super().sendall(data, flags)
        except OSError:
            # Under TLS 1.3 a server refuses a client's certificate only after the handshake. Its alert may have
            # come, and the connection be closed, before anything was sent: reading then raises the alert.
            self.settimeout(self.deadline.budget())
            self.recv(1)
            raise


def connect_tcp(host: str, port: int, deadline: Deadline) -> DeadlineSocket:
    """Connect to a name or address, trying each address that it stands for within the deadline.

    Raises:
        TransportError: at stage resolve or connect.
    """
    addresses = RESOLVER.resolve(host, port, deadline)
    if not deadline.remaining():
        raise TransportError(
            Failure(Stage.RESOLVE, Reason.RESOLVER_TIMED_OUT, f"the name {host} was resolved too late")
        )
    failure = Failure(Stage.RESOLVE, Reason.NAME_NOT_RESOLVED, f"{host} stands for no address")
    for tried, address in enumerate(addresses):
        try:
            share = 1 / (len(addresses) - tried)
            return _connect(address.family, address.socket_address, deadline, share)
        except OSError as error:
            failure = tcp_failure(error, f"{address.host} port {port}")
    raise TransportError(failure)


def connect_unix(path: str, deadline: Deadline) -> DeadlineSocket:
    """Connect to a unix socket.

    Raises:
        TransportError: at stage connect.
    """
    try:
        return _connect(socket.AF_UNIX, path, deadline, share=1)
    except OSError as error:
        raise TransportError(unix_failure(error, path, is_socket=_is_socket(path))) from None


def _is_socket(path: str) -> bool:
    try:
        return Path(path).is_socket()
    except OSError:  # its folder may not be read
        return True


def _connect(family: int, address: SocketAddress | str, deadline: Deadline, share: float) -> DeadlineSocket:
    sock = DeadlineSocket(family, socket.SOCK_STREAM)
    try:
        sock.deadline = deadline
        sock.settimeout(deadline.budget() * share)
        sock.connect(address)
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock
