"""Kea's unix control sockets: one command per connection, one bare JSON map back, then end of file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Connection
from kea_exporter.transport.errors import lost_connection
from kea_exporter.transport.model import TransportError, too_large
from kea_exporter.transport.sockets import connect_unix

if TYPE_CHECKING:
    from kea_exporter.config import DaemonSettings
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.sockets import DeadlineSocket

CHUNK = 64 * 1024


class UnixTransport:
    """A unix control socket."""

    authentication_result = None
    tls = None
    client_certificate = None
    authorities = ()

    def __init__(self, settings: DaemonSettings, deadline: Deadline) -> None:
        self._path = settings.path
        self._limit = settings.body_size_limit
        self._deadline = deadline
        self._ready: DeadlineSocket | None = None
        self.connection: Connection | None = None

    def open(self) -> Connection:
        """Connect; the connection serves the first command. See `Transport.open`."""
        self._ready = connect_unix(self._path, self._deadline)
        self.connection = Connection(self._path, None)
        return self.connection

    def look_again(self) -> None:
        """Do nothing: there is no TLS."""

    def renew(self, deadline: Deadline) -> None:
        """Go on under another deadline."""
        self._deadline = deadline

    def remaining(self) -> float:
        """Return the seconds until the deadline."""
        return self._deadline.remaining()

    def exchange(self, request: bytes, limit: int) -> bytearray:
        """Send one command and read to the end; see `Transport.exchange`."""
        sock = self._ready or connect_unix(self._path, self._deadline)
        self._ready = None
        try:
            with sock:
                sock.sendall(request)
                return _read_all(sock, min(limit, self._limit))
        except TimeoutError:
            failure = Failure(Stage.COMMAND, Reason.TIMED_OUT, "connected, but no complete answer came in time")
        except OSError as error:
            failure = lost_connection(error, Stage.COMMAND) or Failure(
                Stage.COMMAND, Reason.CONNECTION_CLOSED, "the daemon closed the connection unanswered"
            )
        raise TransportError(failure)

    def close(self) -> None:
        """Close a connection that no command has used."""
        if self._ready is not None:
            self._ready.close()


def _read_all(sock: DeadlineSocket, limit: int) -> bytearray:
    body, chunk = bytearray(), bytearray(CHUNK)
    while size := sock.recv_into(chunk):
        body += memoryview(chunk)[:size]
        if len(body) > limit:
            raise too_large(Stage.COMMAND, limit)
    if not body:
        raise ConnectionError
    return body
