"""What the rest of the program knows of a transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kea_exporter.snapshot import Admission, Connection, Failure


class TransportError(Exception):
    """A transport could not do what it was asked; `failure` says at which stage and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class Transport(Protocol):
    """One connection to one control socket, all of it inside one deadline."""

    def open(self) -> Connection:
        """Establish the connection, TLS included, and return whom it reached.

        Raises:
            TransportError: it could not be established.
        """

    def exchange(self, request: bytes) -> bytes:
        """Send one command and return the whole of its answer.

        Raises:
            TransportError: no answer came, none that was let in, or too large a one.
        """

    @property
    def connection(self) -> Connection | None:
        """Return whom the connection reached; known as soon as TCP stands, even if TLS then fails."""

    @property
    def admission(self) -> Admission | None:
        """Return what the first HTTP answer said of credentials; None before it, and on a unix socket."""

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
