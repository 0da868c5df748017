"""Which control sockets does the daemon offer, and which of them is in use?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.requirements.model import Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.socket_in_use import (
    binds,
    over_http,
    plain_socket_behind_proxy,
    require_answer_of_kea,
    require_no_proxy,
)

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import ControlSocket, Snapshot

# After these the server may well speak TLS; it could not be told.
TELLS_NOTHING_OF_TLS = {Reason.TIMED_OUT, Reason.CONNECTION_CLOSED, Reason.LOCAL_FILE_UNREADABLE}


def _offers_http(snapshot: Snapshot, _: Profile) -> Finding:
    offered = over_http(known(snapshot.configuration).sockets)
    if not offered:
        return unmet("the daemon has no control socket of type http or https")
    return met(f"the daemon offers {_listed(offered)}")


def _uses_tls(snapshot: Snapshot, _: Profile) -> Finding:
    kind, failure = snapshot.target.kind, snapshot.version
    if kind is TransportKind.UNIX:
        return not_applicable("a unix socket does not leave the host")
    known(snapshot.connection)
    if kind is TransportKind.HTTP:
        require_answer_of_kea(snapshot)
        in_clear = snapshot.target.sends_credentials
        exposed = ", and the exporter's credentials cross the network in clear" if in_clear else ""
        return unmet(f"the control socket in use is plain http{exposed}")
    if isinstance(failure, Failure) and failure.stage is Stage.TLS:
        if failure.reason is Reason.NOT_TLS:
            return unmet(failure.detail)
        if failure.reason in TELLS_NOTHING_OF_TLS:
            raise UnknownFactError(failure)
    else:
        require_answer_of_kea(snapshot)
    socket = plain_socket_behind_proxy(snapshot)
    return met("the control socket in use is https") if socket is None else _behind_proxy(snapshot, socket)


def _behind_proxy(snapshot: Snapshot, socket: ControlSocket) -> Finding:
    """Judge a plain control socket behind a proxy that speaks TLS: nothing of it may leave the host of Kea."""
    said = f"TLS ends at a proxy; behind it, the control socket is plain http on {socket.address} port {socket.port}"
    address = parse_address(socket.address)
    if address is not None and address.is_loopback:
        return met(f"{said}, which does not leave the host")
    in_clear = snapshot.target.sends_credentials
    return unmet(f"{said}{', and credentials cross that network in clear' if in_clear else ''}", _PLAIN_BEHIND_PROXY)


_PLAIN_BEHIND_PROXY = (
    "Set socket-type to https, with trust-anchor, cert-file and key-file, and let the proxy connect by https; or run "
    "the proxy on Kea's host and set socket-address to 127.0.0.1."
)


def _address_matches(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is TransportKind.UNIX:
        return not_applicable("a unix socket has no IP address")
    connection, offered = known(snapshot.connection), over_http(known(snapshot.sockets))
    require_no_proxy(snapshot, "whether Kea can be reached at its own address")
    reached = f"{connection.address} port {connection.port}"
    if not any(binds(socket, connection) for socket in offered):
        return unmet(f"no control socket is bound to {reached}; configured: {_listed(offered) or 'none over http'}")
    return met(f"a control socket is bound to {reached}")


def _listed(sockets: list[ControlSocket]) -> str:
    return ", ".join(f"{socket.kind} on {socket.address} port {socket.port}" for socket in sockets[:8])


REQUIREMENTS = (
    Requirement(
        id="control-socket-over-http",
        subject=Subject.SOCKET,
        short="over http",
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
        subject=Subject.SOCKET,
        short="uses TLS",
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
        subject=Subject.SOCKET,
        short="address",
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
