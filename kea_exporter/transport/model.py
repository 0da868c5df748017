"""What the rest of the program knows of a transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kea_exporter.facts.failure import Failure, Reason

if TYPE_CHECKING:
    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.failure import Stage
    from kea_exporter.facts.snapshot import AuthenticationResult, Connection, Tls
    from kea_exporter.transport.deadline import Deadline


class TransportError(Exception):
    """A transport could not do what it was asked; `failure` says at which stage and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


def too_large(stage: Stage, limit: int) -> TransportError:
    """Return the error to raise where an answer is larger than *limit*."""
    return TransportError(Failure(stage, Reason.ANSWER_TOO_LARGE, f"the answer is larger than {limit} bytes"))


class Transport(Protocol):
    """One connection to one control socket, all of it inside one deadline."""

    def open(self) -> Connection:
        """Establish the connection, TLS included, and return whom it reached.

        Raises:
            TransportError: it could not be established.
        """

    def look_again(self) -> None:
        """Read anew what TLS shows, over a connection of its own over which nothing is sent.

        Raises:
            TransportError: it could not be established.
        """

    def renew(self, deadline: Deadline) -> None:
        """Go on under another deadline."""

    def exchange(self, request: bytes, limit: int) -> bytearray:
        """Send one command and return the whole of its answer, of *limit* bytes and `body_size_limit` at most.

        Raises:
            TransportError: no answer came, none that was let in, or too large a one.
        """

    def remaining(self) -> float:
        """Return the seconds until its deadline."""

    @property
    def connection(self) -> Connection | None:
        """Return whom the connection reached; known as soon as TCP stands, even if TLS then fails."""

    @property
    def tls(self) -> Tls | None:
        """Return what the TLS handshake showed, even where it did not verify; None before it, and without TLS."""

    @property
    def client_certificate(self) -> Certificate | None:
        """Return the certificate that the exporter shows of itself; None where it has none."""

    @property
    def authorities(self) -> tuple[Certificate, ...]:
        """Return the certificates of the exporter's own `ca_file`; none where it has none."""

    @property
    def authentication_result(self) -> AuthenticationResult | None:
        """Return what the first HTTP answer said of credentials; None before it, and on a unix socket."""

    def close(self) -> None:
        """Close the connection; closing twice is fine."""
