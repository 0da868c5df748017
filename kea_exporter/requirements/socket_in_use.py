"""The control socket that the exporter is connected to, and whether a proxy answers instead of Kea."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import AuthenticationResult, TransportKind

if TYPE_CHECKING:
    from kea_exporter.facts.configuration import ControlSocket
    from kea_exporter.facts.snapshot import Connection, Snapshot


def socket_in_use(snapshot: Snapshot) -> ControlSocket:
    """Return the entry of the running configuration that serves the exporter's connection.

    With NAT or a proxy in between, the port decides; otherwise the entry must be the only one.

    Raises:
        UnknownFactError: the configuration is unknown, or several entries are possible.
    """
    connection, offered = known(snapshot.connection), over_http(known(snapshot.sockets))
    same_port = [socket for socket in offered if socket.port == connection.port]
    bound = [socket for socket in same_port if binds(socket, connection)]
    for candidates in (bound, same_port, offered):
        if len(candidates) == 1:
            return candidates[0]
    detail = "the entry of control-sockets that is in use cannot be identified"
    raise UnknownFactError(Failure(Stage.COMMAND, Reason.SOCKET_NOT_IDENTIFIED, detail))


def over_http(sockets: tuple[ControlSocket, ...]) -> list[ControlSocket]:
    """Return the sockets of type http and https."""
    return [socket for socket in sockets if socket.kind in {TransportKind.HTTP, TransportKind.HTTPS}]


def binds(socket: ControlSocket, connection: Connection) -> bool:
    """Return whether a socket is bound to the address and port that the connection reached."""
    bound, reached = parse_address(socket.address), parse_address(connection.address)
    if bound is None or reached is None or socket.port != connection.port:
        return False
    # Measured: "::" serves IPv4 too, "0.0.0.0" does not serve IPv6.
    wildcard = bound.is_unspecified and bound.version >= reached.version
    return wildcard or bound == reached


def require_answer_of_kea(snapshot: Snapshot) -> None:
    """Raise UnknownFactError if the first HTTP answer does not have the form of Kea's."""
    authentication_result = known(snapshot.authentication_result)
    if authentication_result is None or _answered_a_command(snapshot):
        return
    refused = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    if authentication_result.status in refused and authentication_result.is_json and authentication_result.realm != "":
        return
    if isinstance(snapshot.version, Failure):
        raise UnknownFactError(snapshot.version)
    detail = f"the answer with HTTP status {authentication_result.status} is not Kea's"
    raise UnknownFactError(Failure(Stage.HTTP, Reason.UNEXPECTED_STATUS, detail))


def _answered_a_command(snapshot: Snapshot) -> bool:
    """Return whether any answer has Kea's form, including answers to failed commands."""
    failures = (exchange.failure for exchange in snapshot.exchanges)
    return any(
        failure is None or (failure.stage is Stage.COMMAND and failure.reason is not Reason.MALFORMED_ANSWER)
        for failure in failures
    )


def plain_socket_behind_proxy(snapshot: Snapshot) -> ControlSocket | None:
    """Return Kea's control socket if it is plain http although the exporter uses TLS: a proxy terminates TLS.

    None if there is no such proxy, or if the configuration does not show one.
    """
    if snapshot.target.kind is not TransportKind.HTTPS or not snapshot.shows_tls:
        return None
    try:
        socket = socket_in_use(snapshot)
    except UnknownFactError:
        return None
    return None if socket.tls else socket


def require_no_proxy(snapshot: Snapshot, what: str) -> None:
    """Raise UnknownFactError if there is a proxy in front of Kea; *what* is then unknown."""
    socket = plain_socket_behind_proxy(snapshot)
    if socket is not None:
        detail = f"a proxy in front of Kea terminates TLS, and the control socket is plain http; {what} is unknown"
        raise UnknownFactError(Failure(Stage.TLS, Reason.BEHIND_PROXY, detail))
    if (
        isinstance(snapshot.authentication_result, AuthenticationResult)
        and snapshot.authentication_result.through_proxy
    ):
        detail = f"a proxy answers for Kea: it sends a header that Kea never sends; {what} is unknown"
        raise UnknownFactError(Failure(Stage.HTTP, Reason.BEHIND_PROXY, detail))
