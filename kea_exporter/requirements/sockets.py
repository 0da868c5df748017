"""Which control sockets does the daemon offer, and which of them is in use?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.requirements.model import Finding, Requirement, Severity, met, not_applicable, unmet

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Connection, ControlSocket, Snapshot

# After these the server may well speak TLS; it could not be told.
TELLS_NOTHING_OF_TLS = {Reason.TIMED_OUT, Reason.CONNECTION_CLOSED, Reason.LOCAL_FILE_UNREADABLE}


def socket_in_use(snapshot: Snapshot) -> ControlSocket:
    """Return the entry of the running configuration that serves the exporter's own http or https connection.

    An address translator may stand between: then the port, and at last there being only one, decides.

    Raises:
        UnknownFactError: the configuration is not known, or no one entry can be the one.
    """
    connection, offered = known(snapshot.connection), _over_http(known(snapshot.sockets))
    same_port = [socket for socket in offered if socket.port == connection.port]
    bound = [socket for socket in same_port if _binds(socket, connection)]
    for candidates in (bound, same_port, offered):
        if len(candidates) == 1:
            return candidates[0]
    detail = "no entry of control-sockets can be told to be the one in use"
    raise UnknownFactError(Failure(Stage.COMMAND, Reason.SOCKET_NOT_IDENTIFIED, detail))


def _over_http(sockets: tuple[ControlSocket, ...]) -> list[ControlSocket]:
    return [socket for socket in sockets if socket.kind in {TransportKind.HTTP, TransportKind.HTTPS}]


def _binds(socket: ControlSocket, connection: Connection) -> bool:
    bound, reached = parse_address(socket.address), parse_address(connection.address)
    if bound is None or reached is None or socket.port != connection.port:
        return False
    # Measured: "::" serves IPv4 too, "0.0.0.0" does not serve IPv6.
    wildcard = bound.is_unspecified and bound.version >= reached.version
    return wildcard or bound == reached


def _offers_http(snapshot: Snapshot, _: Profile) -> Finding:
    offered = _over_http(known(snapshot.configuration).sockets)
    if not offered:
        return unmet("the daemon has no control socket of type http or https")
    return met(f"the daemon offers {_listed(offered)}")


def _uses_tls(snapshot: Snapshot, _: Profile) -> Finding:
    kind, failure = snapshot.target.kind, snapshot.version
    if kind is TransportKind.UNIX:
        return not_applicable("a unix socket does not leave the host")
    known(snapshot.connection)
    if kind is TransportKind.HTTP:
        known(snapshot.admission)
        in_clear = snapshot.target.sends_credentials
        exposed = ", and the exporter's credentials cross the network in clear" if in_clear else ""
        return unmet(f"the control socket in use is plain http{exposed}")
    if isinstance(failure, Failure) and failure.stage is Stage.TLS:
        if failure.reason is Reason.NOT_TLS:
            return unmet(failure.detail)
        if failure.reason in TELLS_NOTHING_OF_TLS:
            raise UnknownFactError(failure)
    return met("the control socket in use is https")


def _address_matches(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is TransportKind.UNIX:
        return not_applicable("a unix socket has no IP address")
    connection, offered = known(snapshot.connection), _over_http(known(snapshot.sockets))
    reached = f"{connection.address} port {connection.port}"
    if not any(_binds(socket, connection) for socket in offered):
        return unmet(f"no control socket is bound to {reached}; configured: {_listed(offered) or 'none over http'}")
    return met(f"a control socket is bound to {reached}")


def _listed(sockets: list[ControlSocket]) -> str:
    return ", ".join(f"{socket.kind} on {socket.address} port {socket.port}" for socket in sockets[:8])


REQUIREMENTS = (
    Requirement(
        id="control-socket-over-http",
        severity=Severity.REQUIRED,
        title="The daemon offers a control socket over http or https",
        clause="The socket-type must be http or https.",
        rule="control-sockets has at least one entry of socket-type http or https.",
        remedy="Add an entry of socket-type https to control-sockets, with the server's IP address; it needs Kea 3.0 "
        "or later.",
        judge=_offers_http,
        example='"control-sockets": [{"socket-type": "https", "socket-address": "10.10.10.10", "socket-port": 8001, '
        "...}]",
    ),
    Requirement(
        id="control-socket-uses-tls",
        severity=Severity.RECOMMENDED,
        title="The control socket in use is https",
        clause="When using https, TLS is required.",
        rule="the exporter reaches the daemon over https.",
        remedy="Set socket-type to https, with trust-anchor, cert-file and key-file, and write https:// in the url of "
        "every client.",
        judge=_uses_tls,
        example='"socket-type": "https", "trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/cert.pem", '
        '"key-file": "/etc/kea/key.pem"',
    ),
    Requirement(
        id="control-socket-address-matches",
        severity=Severity.REQUIRED,
        title="A control socket is bound to the address at which the server is reached",
        clause="When adding a server to IPAM with an IPv6 address, make sure that in the Kea configuration file, the "
        "control socket is also set to this IPv6 address.",
        rule="an entry of control-sockets binds the address (or a wildcard) and the port at which the server is "
        "reached.",
        remedy="Set socket-address to the IP address at which the server is reached (or to 0.0.0.0 or ::), and "
        "socket-port to its port.",
        judge=_address_matches,
        example='"socket-address": "2001:db8::10", "socket-port": 8001',
    ),
)
