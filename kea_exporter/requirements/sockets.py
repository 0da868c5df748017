"""Requirements on control sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.requirements.model import Cause, Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.socket_in_use import (
    binds,
    over_http,
    plain_socket_behind_proxy,
    require_answer_of_kea,
    require_no_proxy,
)

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.configuration import ControlSocket
    from kea_exporter.facts.snapshot import Connection, Snapshot

# After these failures it is unknown whether the server uses TLS.
TLS_UNKNOWN_AFTER = {Reason.TIMED_OUT, Reason.CONNECTION_CLOSED, Reason.LOCAL_FILE_UNREADABLE}


def _offers_http(snapshot: Snapshot, _: Profile) -> Finding:
    offered = over_http(known(snapshot.configuration).sockets)
    if not offered:
        evidence = "the daemon has no control socket of type http or https"
        return unmet(NEEDS_KEA_3_0 if _is_too_old(snapshot) else NO_HTTP_SOCKET, evidence)
    return met(f"the daemon offers {_listed(offered)}")


def _is_too_old(snapshot: Snapshot) -> bool:
    version = snapshot.version
    return not isinstance(version, Failure) and version.numbers < FIRST_WITH_HTTP_SOCKETS


FIRST_WITH_HTTP_SOCKETS = (2, 7, 2)
NO_HTTP_SOCKET = Cause(
    "no_http_socket",
    "The daemon has unix sockets only",
    "Add an entry of socket-type https to control-sockets, with the IP address of the server.",
    '"control-sockets": [{"socket-type": "https", "socket-address": "10.10.10.10", "socket-port": 8001, '
    '"trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/cert.pem", "key-file": "/etc/kea/key.pem"}]',
)
NEEDS_KEA_3_0 = Cause(
    "needs_kea_3_0",
    "Daemons have http sockets of their own from Kea 3.0 on",
    "Upgrade Kea to 3.0 or later first (docs/upgrading-kea.md), then add an https entry to control-sockets.",
)
PLAIN_HTTP = Cause(
    "plain_http",
    "The control socket in use is plain http",
    "Set socket-type to https, with trust-anchor, cert-file and key-file, and use https:// in the url of every client.",
    '"socket-type": "https", "trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/cert.pem", '
    '"key-file": "/etc/kea/key.pem"',
)
PLAIN_AGENT = Cause(
    "plain_control_agent",
    "The Control Agent is reached over plain http",
    "Set trust-anchor, cert-file and key-file of the Control Agent, and use https:// in the url of every client.",
    '"Control-agent": {"trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/cert.pem", '
    '"key-file": "/etc/kea/key.pem", ...}',
)
NOT_TLS = Cause(
    "not_tls",
    "The url is https, but the server answers in plain http",
    "Set socket-type to https with its three TLS files, or use http:// in the exporter's url if plain http is "
    "intended.",
    '"socket-type": "https", "trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/cert.pem", '
    '"key-file": "/etc/kea/key.pem"',
)
PLAIN_BEHIND_PROXY = Cause(
    "plain_behind_proxy",
    "A proxy terminates TLS, and the control socket behind it is plain http",
    "Set socket-type to https, with trust-anchor, cert-file and key-file, and let the proxy connect over https; or "
    "run the proxy on Kea's host and set socket-address to 127.0.0.1.",
)
NOT_BOUND = Cause(
    "not_bound",
    "No control socket is bound to the address at which the server is reached",
    "Set socket-address to the IP address at which the server is reached (or to 0.0.0.0 or ::), and socket-port to its "
    "port.",
    '"socket-address": "2001:db8::10", "socket-port": 8001',
)


def _uses_tls(snapshot: Snapshot, _: Profile) -> Finding:
    kind, failure = snapshot.target.kind, snapshot.version
    if kind is TransportKind.UNIX:
        return not_applicable("a unix socket does not leave the host")
    known(snapshot.connection)
    if kind is TransportKind.HTTP:
        require_answer_of_kea(snapshot)
        in_clear = snapshot.target.sends_credentials
        exposed = ", and the exporter's credentials are sent in clear text" if in_clear else ""
        cause = PLAIN_AGENT if snapshot.target.control_agent else PLAIN_HTTP
        return unmet(cause, f"the control socket in use is plain http{exposed}")
    if isinstance(failure, Failure) and failure.stage is Stage.TLS:
        if failure.reason is Reason.NOT_TLS:
            return unmet(NOT_TLS, failure.detail)
        if failure.reason in TLS_UNKNOWN_AFTER:
            raise UnknownFactError(failure)
    else:
        require_answer_of_kea(snapshot)
    socket = plain_socket_behind_proxy(snapshot)
    return met("the control socket in use is https") if socket is None else _behind_proxy(snapshot, socket)


def _behind_proxy(snapshot: Snapshot, socket: ControlSocket) -> Finding:
    """Judge a plain http control socket behind a proxy: it is met only on a loopback address."""
    evidence = (
        f"a proxy terminates TLS; the control socket behind it is plain http on {socket.address} port {socket.port}"
    )
    address = parse_address(socket.address)
    if address is not None and address.is_loopback:
        return met(f"{evidence}, which does not leave the host")
    in_clear = snapshot.target.sends_credentials
    exposed = ", and credentials are sent in clear text behind the proxy" if in_clear else ""
    return unmet(PLAIN_BEHIND_PROXY, f"{evidence}{exposed}")


def _address_matches(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is TransportKind.UNIX:
        return not_applicable("a unix socket has no IP address")
    connection, offered = known(snapshot.connection), over_http(known(snapshot.sockets))
    require_no_proxy(snapshot, "whether Kea can be reached at its own address")
    reached = f"{connection.address} port {connection.port}"
    if not any(binds(socket, connection) for socket in offered):
        evidence = f"no control socket is bound to {reached}; configured: {_listed(offered) or 'none over http'}"
        return unmet(NOT_BOUND, evidence, remedy=_bind(connection))
    return met(f"a control socket is bound to {reached}")


def _bind(connection: Connection) -> str:
    return f'Set "socket-address": "{connection.address}" and "socket-port": {connection.port} of a control socket.'


def _listed(sockets: list[ControlSocket]) -> str:
    return ", ".join(f"{socket.kind} on {socket.address} port {socket.port}" for socket in sockets[:8])


REQUIREMENTS = (
    Requirement(
        id="control-socket-over-http",
        subject=Subject.SOCKETS,
        short="over http",
        severity=Severity.REQUIRED,
        title="The daemon must offer a control socket over http or https",
        clause="The socket-type must be http or https.",
        rule="control-sockets has at least one entry of socket-type http or https.",
        causes=(NO_HTTP_SOCKET, NEEDS_KEA_3_0),
        judge=_offers_http,
    ),
    Requirement(
        id="control-socket-uses-tls",
        subject=Subject.SOCKETS,
        short="uses TLS",
        severity=Severity.RECOMMENDED,
        title="The control socket in use must be https",
        clause="When using https, TLS is required.",
        rule="the exporter reaches the daemon over https.",
        causes=(PLAIN_HTTP, PLAIN_AGENT, NOT_TLS, PLAIN_BEHIND_PROXY),
        judge=_uses_tls,
    ),
    Requirement(
        id="control-socket-address-matches",
        subject=Subject.SOCKETS,
        short="address",
        severity=Severity.REQUIRED,
        title="A control socket must be bound to the address at which the server is reached",
        clause="When adding a server to IPAM with an IPv6 address, make sure that in the Kea configuration file, the "
        "control socket is also set to this IPv6 address.",
        rule="an entry of control-sockets binds the address (or a wildcard) and the port at which the server is "
        "reached.",
        causes=(NOT_BOUND,),
        judge=_address_matches,
    ),
)
