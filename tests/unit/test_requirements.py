"""Each requirement against examples of each status it can have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.config.profiles import IPAM
from kea_exporter.facts.dns import DnsServer, DnsUpdates
from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.leases import LeaseDatabase, Misplaced
from kea_exporter.facts.snapshot import ROOT_KEYS, AuthenticationResult, Connection, Daemon, Snapshot, Version
from kea_exporter.facts.status import MultiThreading, Peer, Relationship
from kea_exporter.kea.counting import NOT_COLLECTED
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.review import review
from kea_exporter.probe import nothing_learnt
from kea_exporter.requirements import REQUIREMENTS, Requirement, Severity, Status, Subject, Verdict, judge_all
from kea_exporter.requirements.next_steps import NEXT_STEPS
from tests.support.configurations import SOUND, pair
from tests.support.examples import (
    ADDRESS,
    KEA_3_0_3,
    KEA_3_2_0,
    NAME,
    NOT_DISABLED,
    OWN_COMMANDS,
    PORT,
    SOCKET_PATH,
    SOUND_REVIEWS,
    TLS,
    at_name,
    audited,
    authentication,
    behind_agent,
    certificate,
    configuration,
    connected_to,
    control_socket,
    offering,
    over_http,
    over_unix,
    refused,
    relationship,
    showing,
    silent,
    sound,
    status,
    target,
    unauthorized,
    unix_socket,
)
from tests.support.review_cases import CASES as REVIEW_CASES
from tests.support.review_cases import FOUND_NOTHING, OPEN_URL, PEERS_WITH_CREDENTIALS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Never, Unpack

    from kea_exporter.certificates import Certificate
    from kea_exporter.config.profiles import Profile
    from kea_exporter.facts.configuration import Authentication, Configuration
    from kea_exporter.facts.failure import Fact
    from tests.support.examples import SnapshotChanges

NO_MANAGER, CONNECTION_LOST = LeaseDatabase.NO_MANAGER, LeaseDatabase.CONNECTION_LOST
MET, UNMET, UNKNOWN, NOT_APPLICABLE = Status.MET, Status.UNMET, Status.UNKNOWN, Status.NOT_APPLICABLE

ALWAYS_APPLICABLE = {
    "control-socket-reachable",
    "service-running",
    "service-matches",
    "control-socket-over-http",
    "version-supported",
    "version-tested",
    "logging-is-not-debug",
}

# Those on upgrades depend on the version too, and have a file of tests of their own.
WITH_EXAMPLES = [requirement for requirement in REQUIREMENTS if requirement.subject is not Subject.UPGRADE]
NOT_OF_ALL = {Subject.CONFIGURATION, Subject.UPGRADE}
SEVERITIES = {requirement.id: requirement.severity for requirement in REQUIREMENTS}
JUDGED_ONLY_IF_ASKED_FOR = [name for name, severity in SEVERITIES.items() if severity is None]
JUDGING_ALL = replace(IPAM, severities=dict.fromkeys(JUDGED_ONLY_IF_ASKED_FOR, "advisory"))


@dataclass(frozen=True)
class Example:
    """A snapshot and the expected verdict on one requirement.

    Attributes:
        evidence: part of the evidence.
        remedy: part of the remedy, where it is not the requirement's own.
    """

    name: str
    snapshot: Snapshot
    status: Status
    evidence: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.status}"


def at_connect(reason: Reason) -> Snapshot:
    return silent(failure=Failure(Stage.CONNECT, reason, "no connection"))


def at_tls(reason: Reason, detail: str = "no handshake") -> Snapshot:
    return connected_to(Failure(Stage.TLS, reason, detail))


def answered(
    http_status: int, realm: str | None = None, *, sends_credentials: bool = True, has_header: bool = True
) -> Snapshot:
    """Return the snapshot of a probe whose first answer was no answer of Kea's."""
    failures = {401: unauthorized(), 403: Failure(Stage.AUTH, Reason.FORBIDDEN, "the server answered 403")}
    unexpected = Failure(Stage.HTTP, Reason.UNEXPECTED_STATUS, f"HTTP status {http_status}")
    authentication_result = AuthenticationResult(http_status, realm, strict_transport_security=has_header)
    snapshot = connected_to(failures.get(http_status, unexpected), authentication_result=authentication_result)
    return replace(snapshot, target=replace(snapshot.target, sends_credentials=sends_credentials))


def disabled_by(*origins: str, of: tuple[Relationship, ...] = ()) -> Snapshot:
    state = replace(NOT_DISABLED, globally_disabled=True, **dict.fromkeys(origins, True))
    return sound(status=replace(status(), dhcp_state=state, relationships=of))


def with_sockets_status(sockets_status: str, *errors: str) -> Snapshot:
    return sound(status=replace(status(), sockets_status=sockets_status, sockets_errors=errors))


def bound_to(address: str, reached: str, port: int = PORT) -> Snapshot:
    return offering(control_socket(address=address, port=port), connection=Connection(reached, PORT))


def letting_in(allowed: Authentication | None, version: Version = KEA_3_2_0) -> Snapshot:
    return offering(control_socket(authentication=allowed), version=version)


def with_realm(realm: str) -> Snapshot:
    return letting_in(replace(authentication(), realm=realm))


def running(version: Version) -> Snapshot:
    return sound(version=version)


def answering_as(root: str) -> Snapshot:
    return sound(configuration=replace(configuration(Daemon.DHCP4), root=root))


def reached_at(address: str, *sans: str) -> Snapshot:
    snapshot = sound(connection=Connection(address, PORT), tls=showing(certificate(*sans)))
    return replace(snapshot, target=target(host=address))


def valid_for(first: float, last: float) -> Snapshot:
    return sound(tls=showing(certificate(ADDRESS, days=(first, last))))


def distrusted(reason: Reason, detail: str, name: str = "kea1", issuer: str = "office-ca") -> Snapshot:
    """Return the snapshot of a probe that broke off because the chain does not verify."""
    failure = Failure(Stage.TLS, reason, detail)
    return connected_to(failure, tls=showing(certificate(ADDRESS, name=name, issuer=issuer), distrust=failure))


def hinting(left_behind: Mapping[int, int] | None = None, overfull: tuple[int, ...] = ()) -> Snapshot:
    """Return the snapshot of a daemon without lease audit, whose lease counts hint at misplaced leases."""
    leases = replace(known(sound().leases), left_behind=left_behind or {}, overfull=frozenset(overfull))
    return sound(audit=None, leases=leases)


def behind_proxy(**changes: Unpack[SnapshotChanges]) -> Snapshot:
    """Return the snapshot of a daemon whose TLS ends at a proxy; its own control socket is plain http."""
    plain = control_socket(kind="http", tls=False, client_certificate_required=False)
    return replace(offering(plain), **changes)


def in_state(state: str) -> Snapshot:
    """Return the snapshot of a daemon whose high availability disabled it in this state."""
    return disabled_by("by_local_command", of=(relationship(state),))


def hub(*states: str) -> Snapshot:
    """Return the snapshot of a hub that its high availability disabled, with the state towards each spoke."""
    spokes = (Peer(f"spoke{number}", "standby", "", ()) for number in range(1, 1 + len(states)))
    relationships = [replace(relationship(state), partner=spoke) for state, spoke in zip(states, spokes, strict=True)]
    return disabled_by("by_local_command", of=tuple(relationships))


def chained(*above: Certificate, reason: Reason, detail: str) -> Snapshot:
    """Return the snapshot of a probe whose chain does not verify: the server certificate, and those above it."""
    failure = Failure(Stage.TLS, reason, detail)
    return connected_to(failure, tls=showing(certificate(ADDRESS, issuer="issuing-ca"), *above, distrust=failure))


NO_CLIENTS = replace(authentication(), clients=0)
IN_CLEAR = replace(authentication(), clients=2, clients_in_clear=1)
OPEN = control_socket(authentication=None)
PLAIN_AND_OPEN = replace(OPEN, kind="http", tls=False, client_certificate_required=False)
ANY_IPV4 = str(IPv4Address(0))
ELSEWHERE = "198.51.100.7"
UNSAID = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the answer is not Kea's")
NO_BUDGET = Failure(Stage.DEADLINE, Reason.BUDGET_USED_UP, "the probe did not end in time")
NOT_RESOLVED = Failure(Stage.RESOLVE, Reason.NAME_NOT_RESOLVED, "there is no kea1.example.com")
OFFLINE = Failure(Stage.COMMAND, Reason.DAEMON_OFFLINE, "unable to forward command")

NOTHING_KNOWN = Example("nothing is known", silent(), UNKNOWN, "connect: nothing listens")
UNIX = Example("a unix socket", over_unix(), NOT_APPLICABLE, "a unix socket")

REACHABLE = (
    Example("over https", sound(), MET, "a connection to 192.0.2.1 port 8001 was established"),
    Example("over a unix socket", over_unix(), MET, f"a connection to {SOCKET_PATH} was established"),
    Example("TLS then fails", at_tls(Reason.CERTIFICATE_EXPIRED), MET, "was established"),
    Example("refused", silent(), UNMET, "nothing listens at 192.0.2.1", "Start the Kea service"),
    Example("timed out", at_connect(Reason.TIMED_OUT), UNMET, "no connection", "in the firewalls"),
    Example("no route", at_connect(Reason.NO_ROUTE), UNMET, "no connection", "routes and firewalls"),
    Example("no such socket", at_connect(Reason.NO_SUCH_SOCKET), UNMET, "no connection", "socket-name"),
    Example("not permitted", at_connect(Reason.PERMISSION_DENIED), UNMET, "no connection", "group"),
    Example("name not resolved", silent(failure=NOT_RESOLVED), UNMET, "kea1.example.com", "DNS"),
    Example("closed", at_connect(Reason.CONNECTION_CLOSED), UNMET, "no connection"),
    Example("no time left", silent(failure=NO_BUDGET), UNKNOWN, "deadline: the probe did not end in time"),
)

NO_LEASE_CMDS = Failure(Stage.COMMAND, Reason.UNSUPPORTED, "without the hook library lease_cmds, no command shows")
RELOAD, DATABASE = "fix the file that it names", "Start the lease database"


def configured(**changes: object) -> Snapshot:
    """Return the snapshot of a daemon whose configuration is sound but for *changes*."""
    return sound(configuration=replace(known(sound().configuration), **changes))  # type: ignore[arg-type]


def without_leases(
    database: Fact[LeaseDatabase],
    kind: str = "memfile",
    *,
    daemon: Daemon = Daemon.DHCP4,
    multi_threading: bool = True,
) -> Snapshot:
    """Return the snapshot of a daemon in this state, with multi-threading on or off where the configuration has it."""
    return sound(
        daemon,
        lease_database=database,
        configuration=replace(known(sound(daemon).configuration), lease_database=kind),
        status=replace(status(daemon), multi_threading=MultiThreading(enabled=multi_threading)),
    )


RUNNING = (
    Example("it answers", sound(), MET, "the daemon answered version-get and status-get"),
    Example(
        "an early failure of a reload",
        without_leases(NO_MANAGER),
        UNMET,
        "the last reload failed, and since then Kea serves no client",
        RELOAD,
    ),
    Example(
        "a late failure of a reload, DHCPv6",
        without_leases(NO_MANAGER, daemon=Daemon.DHCP6, multi_threading=False),
        UNMET,
        "the last reload failed, and since then Kea serves no client",
        RELOAD,
    ),
    Example(
        "a late failure of a reload, leases in a database",
        without_leases(NO_MANAGER, "postgresql", multi_threading=False),
        UNMET,
        "the last reload failed, and since then Kea serves no client",
        RELOAD,
    ),
    Example(
        "the database was lost just now",
        without_leases(CONNECTION_LOST, "postgresql"),
        UNMET,
        "the lease database (postgresql) is not available: Kea lost the connection",
        DATABASE,
    ),
    Example(
        "the database is lost",
        without_leases(NO_MANAGER, "mysql"),
        UNMET,
        "the lease database (mysql) is not available",
        DATABASE,
    ),
    Example(
        "the database is lost, and the configuration is not known",
        sound(lease_database=CONNECTION_LOST, configuration=UNSAID),
        UNMET,
        "the lease database is not available",
        DATABASE,
    ),
    Example("no lease_cmds", without_leases(NO_LEASE_CMDS), UNKNOWN, "no command shows"),
    Example(
        "no lease_cmds, and a hint",
        without_leases(NO_LEASE_CMDS, multi_threading=False),
        UNKNOWN,
        "no command shows; multi-threading is off although it is configured, as after a reload that failed",
    ),
    Example("no interface", configured(interfaces=()), UNMET, "no interface is configured", "interfaces-config"),
    Example(
        "sockets unsaid", sound(status=replace(status(), sockets_status=None)), UNKNOWN, "status-get has no sockets"
    ),
    Example(
        "failed sockets are worse than what is not known",
        replace(with_sockets_status("failed", "lo is busy"), lease_database=NO_LEASE_CMDS),
        UNMET,
        "lo is busy",
    ),
    Example("D2 answers", sound(Daemon.D2), MET, "the daemon answered"),
    Example("sockets are retried", with_sockets_status("retrying"), MET, "the daemon answered"),
    Example("sockets failed", with_sockets_status("failed", "lo is busy", "eth0 is down"), UNMET, "lo is busy; eth0"),
    Example("sockets failed, unsaid why", with_sockets_status("failed"), UNMET, "no reason given"),
    Example("offline behind an agent", connected_to(OFFLINE), UNMET, "the daemon is offline", "Start the daemon"),
    Example("no status", sound(status=UNSAID), UNKNOWN, "command: the answer is not Kea's"),
    Example("credentials refused", answered(401), UNKNOWN, "auth: the server answered 401"),
    NOTHING_KNOWN,
)

BACKUP = disabled_by("by_local_command", of=(replace(relationship(), local=Peer("kea3", "backup", "backup", ())),))

DHCP_ENABLED = (
    Example("enabled", sound(), MET, "DHCP service is enabled"),
    Example("by a user", disabled_by("by_user"), UNMET, "disabled by a user's dhcp-disable", "Then send dhcp-enable"),
    Example("by itself", disabled_by("by_local_command"), UNMET, "disabled by this server's high availability"),
    Example(
        "by its partner",
        disabled_by("by_remote_command"),
        UNMET,
        "disabled by a command of the partner",
        "Do not send dhcp-",
    ),
    Example("by a database", disabled_by("by_database_connection"), UNMET, "disabled by a lost database connection"),
    Example(
        "by two",
        disabled_by("by_user", "by_remote_command"),
        UNMET,
        "by a user's dhcp-disable; DHCP service is disabled by a command of the partner",
    ),
    Example("by nobody", disabled_by(), UNMET, "DHCP service is disabled"),
    Example(
        "in maintenance", in_state("in-maintenance"), UNMET, "in the state in-maintenance", "ha-maintenance-cancel"
    ),
    Example("syncing", in_state("syncing"), UNMET, "in the state syncing", "Wait"),
    Example("ready", in_state("ready"), UNMET, "in the state ready", "heartbeats"),
    Example("waiting", in_state("waiting"), UNMET, "in the state waiting", "Start the partner"),
    Example("terminated", in_state("terminated"), UNMET, "in the state terminated", "restart both servers"),
    Example(
        "a hub",
        hub("hot-standby", "waiting"),
        UNMET,
        "DHCP service is disabled by this server's high availability with spoke2, which is in the state waiting",
        "Start the partner",
    ),
    Example("in another state", in_state("hot-standby"), UNMET, "in the state hot-standby", "Compare the states"),
    Example("as a backup", BACKUP, NOT_APPLICABLE, "a backup in high availability serves no DHCP clients"),
    Example("unsaid", sound(status=replace(status(), dhcp_state=None)), UNKNOWN, "status-get has no dhcp-state"),
    Example("D2", sound(Daemon.D2), NOT_APPLICABLE, "D2 does not serve DHCP clients"),
    NOTHING_KNOWN,
)

MATCHES = (
    Example("Dhcp4", sound(), MET, "Dhcp4 answers"),
    Example("Dhcp6", sound(Daemon.DHCP6), MET, "Dhcp6 answers"),
    Example("D2", sound(Daemon.D2), MET, "DhcpDdns answers"),
    Example("another daemon", answering_as("Dhcp6"), UNMET, "Dhcp6 answers where Dhcp4 was expected"),
    Example(
        "an agent",
        answering_as("Control-agent"),
        UNMET,
        "Control-agent answers where Dhcp4 was expected",
        "Set control_agent: true",
    ),
    Example(
        "no agent",
        connected_to(Failure(Stage.COMMAND, Reason.UNSUPPORTED_SERVICE, "unsupported service 'dhcp4'")),
        UNMET,
        "unsupported service 'dhcp4'",
        "Remove control_agent",
    ),
    NOTHING_KNOWN,
)

OVER_HTTP = (
    Example("https", sound(), MET, "the daemon offers https on 192.0.2.1 port 8001"),
    Example("http", over_http(), MET, "the daemon offers http on 192.0.2.1 port 8001"),
    Example("unix in use, https too", over_unix(), MET, "the daemon offers https on 192.0.2.1 port 8001"),
    Example("unix only", offering(unix_socket()), UNMET, "no control socket of type http or https"),
    Example("no socket at all", offering(), UNMET, "no control socket of type http or https"),
    Example(
        "only its Control Agent does",
        behind_agent(),
        UNMET,
        "no control socket of type http or https",
        "Upgrade Kea to 3.0 or later first",
    ),
    NOTHING_KNOWN,
)

USES_TLS = (
    Example("https", sound(), MET, "the control socket in use is https"),
    Example("https, expired", at_tls(Reason.CERTIFICATE_EXPIRED), MET, "the control socket in use is https"),
    Example("https, 401", answered(401), MET, "the control socket in use is https"),
    Example(
        "http with credentials", over_http(), UNMET, "plain http, and the exporter's credentials are sent in clear"
    ),
    Example("http", over_http(sends_credentials=False), UNMET, "the control socket in use is plain http"),
    Example("an agent's", behind_agent(), UNMET, "the control socket in use is plain http", "of the Control Agent"),
    Example("behind a proxy", behind_proxy(), UNMET, "a proxy terminates TLS", "let the proxy connect over https"),
    Example("not TLS", at_tls(Reason.NOT_TLS, "it does not speak TLS"), UNMET, "it does not speak TLS"),
    Example("handshake timed out", at_tls(Reason.TIMED_OUT), UNKNOWN, "tls: no handshake"),
    Example("handshake cut off", at_tls(Reason.CONNECTION_CLOSED), UNKNOWN, "tls: no handshake"),
    Example("no CA file", at_tls(Reason.LOCAL_FILE_UNREADABLE), UNKNOWN, "tls: no handshake"),
    NOTHING_KNOWN,
    UNIX,
)

ADDRESS_MATCHES = (
    Example("the same", sound(), MET, "a control socket is bound to 192.0.2.1 port 8001"),
    Example("0.0.0.0 serves IPv4", bound_to("0.0.0.0", "192.0.2.1"), MET, "bound to 192.0.2.1"),
    Example(":: serves IPv6", bound_to("::", "2001:db8::1"), MET, "bound to 2001:db8::1"),
    Example(":: serves IPv4 too", bound_to("::", "192.0.2.1"), MET, "bound to 192.0.2.1"),
    Example("written long", bound_to("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"), MET, "bound to 2001:db8::1"),
    Example("written mapped", bound_to("::ffff:192.0.2.1", "192.0.2.1"), MET, "bound to 192.0.2.1"),
    Example("reached mapped", bound_to("192.0.2.1", "::ffff:192.0.2.1"), MET, "bound to ::ffff:192.0.2.1"),
    Example("with its scope", bound_to("fe80::1%eth0", "fe80::1"), MET, "bound to fe80::1"),
    Example("the agent's", behind_agent(), MET, "bound to 192.0.2.1 port 8001"),
    Example("0.0.0.0 is no IPv6", bound_to("0.0.0.0", "2001:db8::1"), UNMET, "no control socket is bound"),
    Example("IPv4 only", bound_to("192.0.2.1", "2001:db8::1"), UNMET, "bound to 2001:db8::1 port 8001; configured: "),
    Example("translated", bound_to("10.0.0.1", "192.0.2.1"), UNMET, "configured: https on 10.0.0.1 port 8001"),
    Example("another port", bound_to("192.0.2.1", "192.0.2.1", 8002), UNMET, "https on 192.0.2.1 port 8002"),
    Example("a name", bound_to("kea1", "192.0.2.1"), UNMET, "https on kea1 port 8001"),
    Example("not over http", offering(unix_socket()), UNMET, "configured: none over http"),
    Example("another agent's", behind_agent(address="127.0.0.1"), UNMET, "http on 127.0.0.1 port 8001"),
    Example("no configuration", sound(sockets=UNSAID), UNKNOWN, "command: the answer is not Kea's"),
    NOTHING_KNOWN,
    UNIX,
)

TWO_ADDRESSES = (control_socket(address="2001:db8::1", authentication=None), control_socket())
TWO_TRANSLATED = (control_socket(address="10.0.0.1"), control_socket(address="10.0.0.2"))
ONE_TRANSLATED = (control_socket(address="10.0.0.1"), control_socket(address="10.0.0.1", port=8002))

AUTHENTICATION_CONFIGURED = (
    Example("clients", sound(), MET, "the control socket in use requires credentials"),
    Example("401", answered(401), MET, "requires credentials"),
    Example("two sockets, guarded", offering(*TWO_ADDRESSES), MET, "requires credentials"),
    Example(
        "two sockets, open",
        offering(*TWO_ADDRESSES, connection=Connection("2001:db8::1", PORT)),
        UNMET,
        "no authentication is configured",
    ),
    Example("the port decides", offering(*ONE_TRANSLATED), MET, "requires credentials"),
    Example(
        "the only one", offering(OPEN, connection=Connection(ELSEWHERE, 443)), UNMET, "no authentication is configured"
    ),
    Example(
        "nothing decides",
        offering(*TWO_TRANSLATED),
        UNKNOWN,
        "the entry of control-sockets that is in use cannot be identified",
    ),
    Example("the agent's", behind_agent(), MET, "requires credentials"),
    Example("an open agent", behind_agent(authentication=None), UNMET, "no authentication is configured"),
    Example("none", letting_in(None), UNMET, "any client that reaches it can send commands"),
    Example("clients: []", letting_in(NO_CLIENTS), UNMET, "authentication lists no clients, so Kea requires no"),
    Example("500", answered(500), UNKNOWN, "http: HTTP status 500"),
    NOTHING_KNOWN,
    UNIX,
)

TYPE_BASIC = (
    Example("basic", sound(), MET, "the authentication type is basic"),
    Example("the server asks for it", answered(401, "any"), MET, "the server requires basic authentication"),
    Example("digest", letting_in(replace(authentication(), kind="digest")), UNMET, "the authentication type is digest"),
    Example("401, unsaid", answered(401), UNKNOWN, "auth: the server answered 401"),
    Example("none", letting_in(None), NOT_APPLICABLE, "no authentication is configured"),
    Example("clients: []", letting_in(NO_CLIENTS), NOT_APPLICABLE, "no authentication is configured"),
    UNIX,
    NOTHING_KNOWN,
)

SET_REALM = 'Set "realm": "kea-dhcpv4-server" under authentication.'

REALM_MATCHES = (
    Example("DHCPv4", sound(), MET, "the realm is 'kea-dhcpv4-server'"),
    Example("DHCPv6", sound(Daemon.DHCP6), MET, "the realm is 'kea-dhcpv6-server'"),
    Example("in a 401", answered(401, "kea-dhcpv4-server"), MET, "the realm is 'kea-dhcpv4-server'"),
    Example("another", with_realm("office"), UNMET, "the realm is 'office', not 'kea-dhcpv4-server'", SET_REALM),
    Example("empty", with_realm(""), UNMET, "the realm is '', not 'kea-dhcpv4-server'", SET_REALM),
    Example("another in a 401", answered(401, "office"), UNMET, "the realm is 'office'", SET_REALM),
    Example(
        "an agent's",
        behind_agent(authentication=replace(authentication(), realm="kea-control-agent")),
        NOT_APPLICABLE,
        "a Control Agent has one realm for all daemons behind it",
    ),
    Example("403", answered(403), UNKNOWN, "auth: the server answered 403"),
    Example("none", letting_in(None), NOT_APPLICABLE, "no authentication is configured"),
    Example("clients: []", letting_in(NO_CLIENTS), NOT_APPLICABLE, "no authentication is configured"),
    Example("D2", sound(Daemon.D2), NOT_APPLICABLE, "the profile ipam requires no realm for d2"),
    UNIX,
    NOTHING_KNOWN,
)

ACCEPTED = (
    Example("accepted", sound(), MET, "credentials were accepted"),
    Example("none demanded", over_http(sends_credentials=False), MET, "no credentials are required"),
    Example("401", answered(401), UNMET, "the server rejected the configured credentials (401)"),
    Example(
        "401, none sent",
        answered(401, sends_credentials=False),
        UNMET,
        "none are configured",
        "Give the exporter credentials",
    ),
    Example("403", answered(403), UNMET, "this socket does not allow the command", "Allow the exporter's user this"),
    Example(
        "the listener of high availability",
        connected_to(
            Failure(Stage.AUTH, Reason.HA_LISTENER, "401"),
            authentication_result=AuthenticationResult(401, "", strict_transport_security=False),
        ),
        UNMET,
        "the listener of Kea's high availability hook library answers",
        "that of an entry of control-sockets",
    ),
    Example("500", answered(500), UNKNOWN, "http: HTTP status 500"),
    Example("400", answered(400), UNKNOWN, "http: HTTP status 400"),
    Example("TLS failed", at_tls(Reason.CERTIFICATE_EXPIRED), UNKNOWN, "tls: no handshake"),
    NOTHING_KNOWN,
    UNIX,
)

IN_FILES = (
    Example("in files", sound(), MET, "user and password of every client are in files"),
    Example(
        "in clear",
        letting_in(IN_CLEAR),
        UNMET,
        "user or password of 1 of 2 clients are in the configuration in clear text",
    ),
    Example(
        "in clear at another socket",
        offering(control_socket(), control_socket(port=8002, authentication=IN_CLEAR)),
        UNMET,
        "1 of 3 clients",
    ),
    Example("in clear at the agent", behind_agent(authentication=IN_CLEAR), UNMET, "1 of 2 clients"),
    Example("clients: []", letting_in(NO_CLIENTS), NOT_APPLICABLE, "no control socket lists clients"),
    Example("none", letting_in(None), NOT_APPLICABLE, "no control socket lists clients"),
    NOTHING_KNOWN,
)

VERSION_SUPPORTED = (
    Example("3.0.3", sound(), MET, "the daemon runs 3.0.3; 3.0.0 or later is supported"),
    Example("3.0.0", running(Version(3, 0, 0, "3.0.0")), MET, "the daemon runs 3.0.0"),
    Example("3.2.0-git", running(KEA_3_2_0), MET, "the daemon runs 3.2.0-git"),
    Example("2.6.3", behind_agent(), UNMET, "the daemon runs 2.6.3, older than 3.0.0"),
    Example("2.10.9", running(Version(2, 10, 9, "2.10.9")), UNMET, "older than 3.0.0"),
    NOTHING_KNOWN,
)

VERSION_TESTED = (
    Example("3.0.3", sound(), MET, "the daemon runs 3.0.3; versions up to 3.1.3 were tested"),
    Example("3.1.3", running(Version(3, 1, 3, "3.1.3")), MET, "the daemon runs 3.1.3"),
    Example("3.1.3-rc1", running(Version(3, 1, 3, "3.1.3-rc1")), MET, "the daemon runs 3.1.3-rc1"),
    Example("3.1.10", running(Version(3, 1, 10, "3.1.10")), UNMET, "newer than 3.1.3"),
    Example("3.2.0-git", running(KEA_3_2_0), UNMET, "the daemon runs 3.2.0-git, newer than 3.1.3"),
    NOTHING_KNOWN,
)


def beside(daemon: Daemon, *others: Version) -> Snapshot:
    """Return the snapshot of a daemon of a server that has others too."""
    names = [name for name in Daemon if name is not daemon]
    return sound(daemon, versions=dict(zip(names, others, strict=False)))


DAEMON_VERSIONS_MATCH = (
    Example("the same", beside(Daemon.DHCP4, KEA_3_0_3, KEA_3_0_3), MET, "no daemon of this server runs a newer"),
    Example("it is the newest", beside(Daemon.D2, Version(3, 0, 2, "3.0.2")), MET, "than 3.0.3"),
    Example("another suffix", beside(Daemon.DHCP4, Version(3, 0, 3, "3.0.3-1")), MET, "3.0.3"),
    Example(
        "left behind", beside(Daemon.DHCP6, KEA_3_2_0, KEA_3_0_3), UNMET, "dhcp6 runs 3.0.3, and dhcp4 runs 3.2.0-git"
    ),
    Example("alone", sound(), NOT_APPLICABLE, "no other daemon of this server is checked"),
    Example("no version", replace(beside(Daemon.DHCP4, KEA_3_0_3), version=UNSAID), UNKNOWN, "not Kea's"),
)


NOT_HTTPS = (
    Example("http", over_http(), NOT_APPLICABLE, "the control socket in use is not https"),
    Example("unix", over_unix(), NOT_APPLICABLE, "the control socket in use is not https"),
)
# What TLS shows survives a certificate that is not accepted.
NOT_ACCEPTED = Failure(Stage.TLS, Reason.CERTIFICATE_EXPIRED, "the server's certificate was not accepted")
EXPIRED = connected_to(NOT_ACCEPTED, tls=showing(certificate(ADDRESS, days=(-90, -1))))
UNREADABLE = Example("unreadable", sound(tls=showing()), UNKNOWN, "tls: the server's certificate cannot be read")
NO_HANDSHAKE = Example("no handshake", at_tls(Reason.HANDSHAKE_FAILED), UNKNOWN, "tls: no handshake")
SHOWS_NO_LEAF = (UNREADABLE, NO_HANDSHAKE, NOTHING_KNOWN, *NOT_HTTPS)
FOR_CLIENTS = replace(certificate(ADDRESS), is_for_servers=False)
ADDRESS_AS_NAME = showing(replace(certificate(), names=frozenset({ADDRESS})))
NINE = [f"192.0.2.{number}" for number in range(1, 10)]

SAN_MATCHES = (
    Example("the address", sound(), MET, "the SAN contains ip:192.0.2.1"),
    Example("IPv6", reached_at("2001:db8::1", "2001:0DB8:0::1"), MET, "the SAN contains ip:2001:db8::1"),
    Example("reached mapped", reached_at("::ffff:192.0.2.1", ADDRESS), MET, "the SAN contains ip:192.0.2.1"),
    Example("mapped in the SAN", reached_at(ADDRESS, "::ffff:192.0.2.1"), MET, "the SAN contains ip:192.0.2.1"),
    Example("of many", reached_at(NINE[-1], *NINE), MET, "ip:192.0.2.7, ip:192.0.2.8 and 1 more"),
    Example("by name, both", at_name(ADDRESS, NAME), MET, f"the SAN contains dns:{NAME}, ip:192.0.2.1"),
    Example("by name, wildcard", at_name(ADDRESS, "*.example.com"), MET, "the SAN contains dns:*.example.com, ip:"),
    Example(
        "by name, address only",
        at_name(ADDRESS),
        UNMET,
        f"the SAN contains ip:192.0.2.1, not dns:{NAME}",
        "server_name",
    ),
    Example(
        "a proxy's",
        behind_proxy(tls=showing(certificate(ELSEWHERE))),
        UNMET,
        f"the SAN contains ip:{ELSEWHERE}",
        "on the proxy",
    ),
    Example("by name, name only", at_name(NAME), UNMET, f"the SAN contains dns:{NAME}, not ip:192.0.2.1"),
    Example("by name, neither", at_name(ELSEWHERE), UNMET, f"not ip:192.0.2.1 and not dns:{NAME}"),
    Example(
        "another address", reached_at(ADDRESS, ELSEWHERE), UNMET, f"the SAN contains ip:{ELSEWHERE}, not ip:192.0."
    ),
    Example("only as a name", sound(tls=ADDRESS_AS_NAME), UNMET, "the SAN contains dns:192.0.2.1, not ip:192.0.2.1"),
    Example(
        "only as common name", sound(tls=showing(certificate(name=ADDRESS))), UNMET, "the SAN contains nothing, not"
    ),
    Example("expired", EXPIRED, MET, "the SAN contains ip:192.0.2.1"),
    *SHOWS_NO_LEAF,
)

WITHIN_VALIDITY = (
    Example("valid", sound(), MET, "the certificate is valid until 2027-03-16 08:00 UTC"),
    Example("since this second", valid_for(0, 60), MET, "the certificate is valid until"),
    Example("for one second", valid_for(-30, 1 / 86_400), MET, "the certificate is valid until"),
    Example("until this second", valid_for(-30, 0), UNMET, "the certificate expired on 2027-01-15 08:00 UTC"),
    Example("expired", EXPIRED, UNMET, "the certificate expired on 2027-01-14 08:00 UTC"),
    Example("not yet", valid_for(1, 60), UNMET, "is not valid before 2027-01-16 08:00 UTC", "Compare the clocks"),
    Example("in a second", valid_for(1 / 86_400, 60), UNMET, "is not valid before", "Compare the clocks"),
    Example(
        "a proxy's",
        behind_proxy(tls=showing(certificate(ADDRESS, days=(-90, -1)))),
        UNMET,
        "the certificate expired on",
        "on the proxy",
    ),
    *SHOWS_NO_LEAF,
)

INTERMEDIATE, ROOT = ("issuing-ca", "office-ca"), ("office-ca", "office-ca")
NEARLY_EXPIRED = showing(certificate(ADDRESS, days=(-90, 5)))


def sent(authority: tuple[str, str], days: float) -> Snapshot:
    """Return the snapshot of a daemon that sends a certificate of an authority, valid for so many days."""
    name, issuer = authority
    return sound(tls=showing(certificate(ADDRESS), certificate(name=name, issuer=issuer, days=(-900, days))))


RENEWAL_NOT_DUE = (
    Example("60 days", sound(), MET, "CN=kea1 expires in 60.0 days, the first of the chain to expire"),
    Example("more than 30 days", valid_for(-30, 30.001), MET, "CN=kea1 expires in 30.0 days"),
    Example("30 days", valid_for(-30, 30), UNMET, "CN=kea1 expires in 30.0 days; renew it 30 days before"),
    Example("expired", EXPIRED, UNMET, "CN=kea1 expired on 2027-01-14 08:00 UTC; renew it 30 days before"),
    Example("an intermediate", sent(INTERMEDIATE, days=20), UNMET, "CN=issuing-ca expires in 20.0 days", "from the CA"),
    Example("the root", sent(ROOT, days=20), UNMET, "CN=office-ca expires in 20.0 days", "a new root"),
    Example(
        "an old intermediate", sent(INTERMEDIATE, days=-20), UNMET, "CN=issuing-ca expired on", "Remove the expired"
    ),
    Example("a proxy's", behind_proxy(tls=NEARLY_EXPIRED), UNMET, "CN=kea1 expires in 5.0 days", "on the proxy"),
    *SHOWS_NO_LEAF,
)

TRUSTED = (
    Example("trusted", sound(), MET, "the chain verifies against the trusted CAs (issued by CN=office-ca)"),
    Example("expired, else trusted", EXPIRED, MET, "the chain verifies against the trusted CAs"),
    Example("not for the name", at_name(ELSEWHERE), MET, "the chain verifies against the trusted CAs"),
    Example(
        "another issuer",
        distrusted(Reason.CERTIFICATE_UNTRUSTED_ISSUER, "unable to get local issuer certificate"),
        UNMET,
        "unable to get local issuer certificate (issued by CN=office-ca)",
    ),
    Example(
        "self-signed",
        distrusted(Reason.CERTIFICATE_SELF_SIGNED, "self-signed certificate", issuer="kea1"),
        UNMET,
        "self-signed certificate (issued by CN=kea1)",
    ),
    Example(
        "strict profile",
        distrusted(Reason.CERTIFICATE_STRICT_PROFILE, "Missing Authority Key Identifier"),
        UNMET,
        "Missing Authority Key Identifier (issued by",
    ),
    Example(
        "a root expired",
        distrusted(Reason.CERTIFICATE_EXPIRED, "certificate has expired"),
        UNMET,
        "certificate has expired (issued by",
        "the new root",
    ),
    Example(
        "an intermediate expired",
        chained(
            certificate(name="issuing-ca", days=(-900, -1)), reason=Reason.CERTIFICATE_EXPIRED, detail="has expired"
        ),
        UNMET,
        "CN=issuing-ca expired on",
        "the renewed intermediate certificate",
    ),
    Example(
        "another authority's, with its root",
        chained(
            certificate(name="issuing-ca", issuer="issuing-ca"),
            reason=Reason.CERTIFICATE_UNTRUSTED_ISSUER,
            detail="self-signed certificate in certificate chain",
        ),
        UNMET,
        "self-signed certificate in certificate chain",
        "Set ca_file",
    ),
    Example(
        "for clients only",
        connected_to(NOT_ACCEPTED, tls=showing(FOR_CLIENTS, distrust=NOT_ACCEPTED)),
        UNMET,
        "not accepted",
        "serverAuth",
    ),
    Example(
        "an authority not yet valid",
        distrusted(Reason.CERTIFICATE_NOT_YET_VALID, "certificate is not yet valid"),
        UNMET,
        "certificate is not yet valid (issued by",
    ),
    Example(
        "something else",
        distrusted(Reason.CERTIFICATE_INVALID, "unsuitable certificate purpose"),
        UNMET,
        "unsuitable certificate purpose (issued by",
    ),
    Example("unreadable", connected_to(NOT_ACCEPTED, tls=showing(distrust=NOT_ACCEPTED)), UNMET, "not accepted (no "),
    NO_HANDSHAKE,
    NOTHING_KNOWN,
    *NOT_HTTPS,
)

CLIENT_CERTIFICATE = (
    Example("as configured", sound(), MET, "cert-required is true"),
    Example("demanded", at_tls(Reason.CLIENT_CERTIFICATE_REQUIRED, "none is configured"), MET, "none is configured"),
    Example("rejected", at_tls(Reason.CLIENT_CERTIFICATE_REJECTED), MET, "requires a client certificate: no handshake"),
    Example(
        "not demanded",
        offering(control_socket(client_certificate_required=False)),
        UNMET,
        "cert-required is false: any host can connect",
    ),
    Example("no configuration", sound(sockets=UNSAID), UNKNOWN, "command: the answer is not Kea's"),
    Example(
        "one of two sockets",
        offering(*TWO_TRANSLATED),
        UNKNOWN,
        "the entry of control-sockets that is in use cannot be identified",
    ),
    Example("handshake failed", at_tls(Reason.HANDSHAKE_FAILED), UNKNOWN, "tls: no handshake"),
    NOTHING_KNOWN,
    *NOT_HTTPS,
)

NO_HEADER = AuthenticationResult(200, None, strict_transport_security=False)
HSTS = (
    Example("with it", sound(), MET, "the answer has a Strict-Transport-Security header"),
    Example("a 401 with it", answered(401), MET, "the answer has a Strict-Transport-Security header"),
    Example("a 401 without", answered(401, has_header=False), UNMET, "no Strict-Transport-Security header"),
    Example(
        "without", sound(authentication_result=NO_HEADER), UNMET, "the answer has no Strict-Transport-Security header"
    ),
    Example(
        "a proxy's",
        behind_proxy(authentication_result=NO_HEADER),
        UNMET,
        "no Strict-Transport-Security header",
        "at the proxy",
    ),
    Example(
        "D2 without",
        sound(Daemon.D2, authentication_result=NO_HEADER),
        NOT_APPLICABLE,
        "D2 does not support http-headers",
    ),
    Example("D2 with it", sound(Daemon.D2), MET, "the answer has a Strict-Transport-Security header"),
    Example("no answer", at_tls(Reason.CERTIFICATE_EXPIRED), UNKNOWN, "tls: no handshake"),
    NOTHING_KNOWN,
    *NOT_HTTPS,
)


def with_hosts_databases(*types: str) -> Snapshot:
    return sound(configuration=replace(configuration(Daemon.DHCP4, control_socket()), hosts_databases=types))


RESERVATIONS = (
    Example("none", sound(), MET, "no hosts database is configured"),
    Example("one", with_hosts_databases("mysql"), UNMET, "may also be in a hosts database: mysql"),
    Example("two", with_hosts_databases("mysql", "postgresql"), UNMET, "in a hosts database: mysql, postgresql"),
    Example("no configuration", sound(configuration=UNSAID), UNKNOWN, "command: the answer is not Kea's"),
    Example("D2", sound(Daemon.D2), NOT_APPLICABLE, "D2 has no reservations"),
    NOTHING_KNOWN,
)

MOVED = Misplaced({}, (), moved={(9, 10): 60})
PAIRED = replace(status(), relationships=(relationship(),))
MISPLACED = Misplaced({7: 5, 9: 2}, ("10.0.0.9", "10.0.0.10"))
PENDING = Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "no lease audit has finished yet")
NOT_AUDITED = (
    Example("pending", sound(audit=PENDING), UNKNOWN, "command: no lease audit has finished yet"),
    Example(
        "off, no hints", hinting(), NOT_APPLICABLE, "the lease audit is off (lease_audit), and the statistics show"
    ),
    Example("off, no counts", sound(audit=None, leases=UNSAID), UNKNOWN, "command: the answer is not Kea's"),
    Example("off, no counts wanted", sound(audit=None, leases=NOT_COLLECTED), NOT_APPLICABLE, "the lease audit is off"),
    Example("D2", sound(Daemon.D2), NOT_APPLICABLE, "D2 has no leases"),
    NOTHING_KNOWN,
)

ORPHANED = (
    Example("none", sound(), MET, "all 152 leases carry configured subnet ids"),
    Example("none in DHCPv6", sound(Daemon.DHCP6), MET, "all 152 leases carry"),
    Example("only others", sound(audit=audited(outside=MISPLACED)), MET, "all 152 leases carry"),
    Example("audit beats hints", replace(hinting({7: 3}), audit=audited()), MET, "all 152 leases carry"),
    Example(
        "some",
        sound(audit=audited(orphaned=MISPLACED)),
        UNMET,
        "7 of 152 leases carry subnet ids that are not configured: 5 in id 7, 2 in id 9; 10.0.0.9, 10.0.0.10",
    ),
    Example(
        "some, more not looked at",
        sound(audit=audited(orphaned=MISPLACED, is_complete=False)),
        UNMET,
        "7 of 152 leases carry",
    ),
    Example(
        "off, left behind",
        hinting({7: 3, 9: 1}),
        UNMET,
        "the statistics count leases in subnets that are not configured: 3 in id 7, 1 in id 9",
    ),
    Example(
        "renumbered",
        sound(audit=audited(orphaned=MOVED)),
        UNMET,
        "60 leases with the subnet id 9 lie in",
        "Do not delete the leases",
    ),
    Example(
        "renumbered, with prefixes",
        sound(audit=audited(orphaned=replace(MOVED, others_moved=9))),
        UNMET,
        "; 9 further leases carry these subnet ids, or ids that are not listed",
        "Do not delete the leases",
    ),
    Example(
        "numbered otherwise on the partner",
        sound(audit=audited(orphaned=MOVED), status=PAIRED),
        UNMET,
        "60 leases with the subnet id 9 lie in",
        "Give each subnet on both the id that its leases carry",
    ),
    Example("off, too many", hinting(overfull=(1,)), NOT_APPLICABLE, "the lease audit is off"),
    *NOT_AUDITED,
)

OUTSIDE = (
    Example("none", sound(), MET, "all 152 leases lie in their subnets"),
    Example("none in DHCPv6", sound(Daemon.DHCP6), MET, "all 152 leases lie in"),
    Example("only others", sound(audit=audited(orphaned=MISPLACED)), MET, "all 152 leases lie in"),
    Example("audit beats hints", replace(hinting(overfull=(1,)), audit=audited()), MET, "all 152 leases lie in"),
    Example(
        "some",
        sound(audit=audited(outside=MISPLACED)),
        UNMET,
        "7 of 152 leases lie outside the prefix of the subnet whose id they carry: 5 in id 7, 2 in id 9; 10.0.0.9, 10.",
    ),
    Example(
        "off, too many",
        hinting(overfull=(10, 2)),
        UNMET,
        "more leases than addresses are counted in subnet ids 2, 10",
    ),
    Example("renumbered", sound(audit=audited(outside=MOVED)), UNMET, "60 leases with", "their former ids"),
    Example(
        "on a pair",
        sound(audit=audited(outside=MOVED), status=PAIRED),
        UNMET,
        "60 leases with",
        "on both the id that its leases carry",
    ),
    Example("off, left behind", hinting({7: 3}), NOT_APPLICABLE, "the lease audit is off"),
    *NOT_AUDITED,
)


def without_hooks(daemon: Daemon) -> Configuration:
    return replace(configuration(daemon), hooks=())


def with_hook(library: str) -> Configuration:
    return replace(configuration(Daemon.DHCP4), hooks=(library,))


def of_hook(library: str, sign: str, *, since_kea_3_0: bool = False) -> tuple[Example, ...]:
    registered = frozenset({"version-get"})
    add = f'Add {{"library": "{library}"}} to hooks-libraries of '
    loaded = OWN_COMMANDS | {sign}
    return (
        Example("loaded", sound(commands=loaded), MET, f"{library} is loaded: its command {sign} is registered"),
        Example("loaded in DHCPv6", sound(Daemon.DHCP6, commands=loaded), MET, f"{library} is loaded"),
        Example(
            "not loaded",
            sound(commands=registered, configuration=without_hooks(Daemon.DHCP4)),
            UNMET,
            f"{library} is not loaded: its command {sign} is not registered",
            f"{add}Dhcp4",
        ),
        Example(
            "not loaded in DHCPv6",
            sound(Daemon.DHCP6, commands=registered, configuration=without_hooks(Daemon.DHCP6)),
            UNMET,
            f"{library} is not loaded",
            f"{add}Dhcp6",
        ),
        Example(
            "not registered",
            sound(commands=registered, configuration=with_hook(library)),
            UNMET,
            f"{library} is configured, but its command {sign} is not registered",
            "HOOKS_ messages",
        ),
        Example(
            "no configuration",
            sound(commands=registered, configuration=UNSAID),
            UNMET,
            f"{library} is not loaded",
            f"{add}Dhcp4",
        ),
        Example(
            "not in this Kea",
            replace(behind_agent(), commands=registered, configuration=without_hooks(Daemon.DHCP4)),
            UNMET,
            f"{library} is not loaded",
            "Upgrade Kea to 3.0" if since_kea_3_0 else add,
        ),
        Example("no commands", sound(commands=UNSAID), UNKNOWN, "command: the answer is not Kea's"),
        Example("D2", sound(Daemon.D2), NOT_APPLICABLE, "D2 has no such hook libraries"),
        NOTHING_KNOWN,
    )


def of_review(requirement: str) -> tuple[Example, ...]:
    """Return the examples of a requirement on the configuration, as the review finds them."""
    examples = [
        Example(case.cause or "met", reviewed(case.root, case.tree), UNMET if case.cause else MET, case.evidence)
        for case in REVIEW_CASES
        if case.requirement == requirement
    ]
    without = next((root for root, found in SOUND_REVIEWS.items() if requirement not in found), None)
    if without is not None:
        examples.append(Example(without, reviewed(without, SOUND[without]), NOT_APPLICABLE, "no such configuration"))
    return (*examples, NOTHING_KNOWN)


def reviewed(root: str, tree: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot of a daemon that is sound but for what the review of this configuration finds."""
    daemon = DAEMONS[root]
    return sound(daemon, configuration=replace(configuration(daemon), review=review(prepared(root, dict(tree)))))


D2_OF_EXAMPLE = DnsServer("127.0.0.1", 53001, frozenset({"example.com"}), frozenset({"10.in-addr.arpa"}))


def updating(server: Fact[DnsServer | None]) -> Snapshot:
    """Return the snapshot of a daemon that sends DNS updates, beside this D2."""
    updates = DnsUpdates("127.0.0.1", 53001, ("example.com",), ("1.0.10.in-addr.arpa",))
    return sound(configuration=replace(configuration(Daemon.DHCP4), dns_updates=updates), dns_server=server)


DDNS_MATCHES = (
    Example("D2 takes the updates", updating(D2_OF_EXAMPLE), MET, "D2 takes the updates at 127.0.0.1 port 53001"),
    Example(
        "another port",
        updating(replace(D2_OF_EXAMPLE, port=53002)),
        UNMET,
        "updates are sent to 127.0.0.1 port 53001, and D2 listens on 127.0.0.1 port 53002",
    ),
    Example(
        "no forward domain",
        updating(replace(D2_OF_EXAMPLE, forward=frozenset())),
        UNMET,
        "no forward domain of D2 covers the suffix example.com",
    ),
    Example(
        "no reverse domain",
        updating(replace(D2_OF_EXAMPLE, reverse=frozenset({"2.0.10.in-addr.arpa"}))),
        UNMET,
        "no reverse domain of D2 covers 1.0.10.in-addr.arpa",
    ),
    Example("no updates", sound(), NOT_APPLICABLE, "sends no DNS updates"),
    Example("D2 does not answer", updating(UNSAID), UNKNOWN, ""),
    NOTHING_KNOWN,
)

DAEMONS = {root: daemon for daemon, root in ROOT_KEYS.items()}

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "control-socket-reachable": REACHABLE,
    "service-running": RUNNING,
    "dhcp-service-enabled": DHCP_ENABLED,
    "service-matches": MATCHES,
    "control-socket-over-http": OVER_HTTP,
    "control-socket-uses-tls": USES_TLS,
    "control-socket-address-matches": ADDRESS_MATCHES,
    "authentication-configured": AUTHENTICATION_CONFIGURED,
    "authentication-type-basic": TYPE_BASIC,
    "authentication-realm-matches": REALM_MATCHES,
    "authentication-accepted": ACCEPTED,
    "credentials-in-files": IN_FILES,
    "certificate-san-matches-address": SAN_MATCHES,
    "certificate-within-validity": WITHIN_VALIDITY,
    "certificate-renewal-not-due": RENEWAL_NOT_DUE,
    "certificate-trusted": TRUSTED,
    "client-certificate-required": CLIENT_CERTIFICATE,
    "hsts-header-present": HSTS,
    "version-supported": VERSION_SUPPORTED,
    "version-tested": VERSION_TESTED,
    "daemon-versions-match": DAEMON_VERSIONS_MATCH,
    "hook-subnet-cmds-loaded": of_hook("libdhcp_subnet_cmds.so", "subnet4-list", since_kea_3_0=True),
    "hook-host-cmds-loaded": of_hook("libdhcp_host_cmds.so", "reservation-get", since_kea_3_0=True),
    "hook-lease-cmds-loaded": of_hook("libdhcp_lease_cmds.so", "lease4-get"),
    "hook-stat-cmds-loaded": of_hook("libdhcp_stat_cmds.so", "stat-lease4-get"),
    "hook-class-cmds-loaded": of_hook("libdhcp_class_cmds.so", "class-list", since_kea_3_0=True),
    "hook-cb-cmds-loaded": of_hook("libdhcp_cb_cmds.so", "remote-server4-get-all"),
    "hook-host-cache-loaded": of_hook("libdhcp_host_cache.so", "cache-size", since_kea_3_0=True),
    "hook-ha-loaded": of_hook("libdhcp_ha.so", "ha-heartbeat"),
    "reservations-in-configuration": RESERVATIONS,
    "no-orphaned-leases": ORPHANED,
    "no-leases-outside-their-subnet": OUTSIDE,
    "ddns-matches-d2": DDNS_MATCHES,
}

EXAMPLES |= {name: of_review(name) for name in {case.requirement: None for case in REVIEW_CASES}}


def with_listener(version: Fact[Version], tree: Mapping[str, Any]) -> Snapshot:
    return replace(reviewed("Dhcp4", tree), version=version)


EXAMPLES["partner-listener-is-protected"] += (
    Example("credentials on 3.3.1", with_listener(Version(3, 3, 1), pair(PEERS_WITH_CREDENTIALS)), MET, FOUND_NOTHING),
    Example("credentials, no version", with_listener(UNSAID, pair(PEERS_WITH_CREDENTIALS)), UNKNOWN, "not Kea's"),
    Example("open, no version", with_listener(UNSAID, pair(url=OPEN_URL)), UNMET, "takes dhcp-disable"),
)

CASES = [(name, example) for name, examples in EXAMPLES.items() for example in examples]
UNKNOWN_CASES = [(name, example) for name, example in CASES if example.status is UNKNOWN]


def verdicts_on(snapshot: Snapshot, profile: Profile = IPAM) -> dict[str, Verdict]:
    return {verdict.requirement.id: verdict for verdict in judge_all(REQUIREMENTS, snapshot, profile).verdicts}


@pytest.mark.parametrize(("requirement", "example"), CASES, ids=str)
def test_a_requirement_says_what_the_facts_say(requirement: str, example: Example) -> None:
    verdict = verdicts_on(example.snapshot, JUDGING_ALL)[requirement]
    assert verdict.status is example.status, verdict.evidence
    assert example.evidence in verdict.evidence
    assert verdict.evidence.isprintable()


@pytest.mark.parametrize(("requirement", "example"), CASES, ids=str)
def test_there_is_a_remedy_where_there_is_something_to_be_done(requirement: str, example: Example) -> None:
    verdict = verdicts_on(example.snapshot, JUDGING_ALL)[requirement]
    if example.status in {MET, NOT_APPLICABLE}:
        assert (verdict.remedy, verdict.problems) == ("", ())
    elif example.status is UNKNOWN:
        assert verdict.remedy
        assert verdict.failure is not None
        assert verdict.remedy == NEXT_STEPS[verdict.failure.reason]
    elif example.remedy:
        assert example.remedy in verdict.remedy
    else:
        assert verdict.remedy


def test_every_reason_but_a_mistake_of_our_own_has_a_next_step() -> None:
    assert set(Reason) - NEXT_STEPS.keys() == {Reason.INTERNAL_ERROR}


def test_the_next_step_after_a_late_answer_is_not_about_firewalls_alone() -> None:
    # A connection that was established passed the firewalls.
    assert "raise timeout" in NEXT_STEPS[Reason.TIMED_OUT]


def test_a_next_step_says_itself_what_to_do() -> None:
    ids = {requirement.id for requirement in REQUIREMENTS}
    assert [step for step in NEXT_STEPS.values() if any(name in step for name in ids)] == []


@pytest.mark.parametrize(
    ("stage", "reason"), [(Stage.CONNECT, Reason.LOCAL_RESOURCES), (Stage.RESOLVE, Reason.RESOLVER_TIMED_OUT)]
)
def test_a_failure_of_the_exporter_makes_no_requirement_unmet(stage: Stage, reason: Reason) -> None:
    failed = nothing_learnt(sound().target, Failure(stage, reason, "no"), 0.0, 1.0)
    assert verdicts_on(failed)["control-socket-reachable"].status is UNKNOWN


def test_another_daemon_is_told_nothing_of_realms_and_hooks() -> None:
    wrong = sound(configuration=replace(known(sound().configuration), root="Dhcp6"))
    verdicts = verdicts_on(wrong)
    unmet = {verdict.requirement.id for verdict in verdicts.values() if verdict.status is UNMET}
    assert unmet == {"service-matches"}
    assert verdicts["hook-lease-cmds-loaded"].status is UNKNOWN
    assert verdicts["authentication-realm-matches"].status is UNKNOWN


@pytest.mark.parametrize(("requirement", "example"), UNKNOWN_CASES, ids=str)
def test_an_unknown_verdict_keeps_the_failure(requirement: str, example: Example) -> None:
    verdict = verdicts_on(example.snapshot, JUDGING_ALL)[requirement]
    assert verdict.failure is not None
    assert verdict.evidence == f"{verdict.failure.stage}: {verdict.failure.detail}"


@pytest.mark.parametrize("requirement", WITH_EXAMPLES, ids=lambda requirement: requirement.id)
def test_each_requirement_has_an_example_of_each_status(requirement: Requirement) -> None:
    wanted = set(Status) - ({NOT_APPLICABLE} if requirement.id in ALWAYS_APPLICABLE else set())
    assert {example.status for example in EXAMPLES.get(requirement.id, ())} == wanted


def test_each_id_occurs_once() -> None:
    ids = [requirement.id for requirement in REQUIREMENTS]
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda requirement: requirement.id)
def test_each_requirement_has_a_title_and_causes_with_a_remedy(requirement: Requirement) -> None:
    texts = [
        requirement.title,
        *(text for cause in requirement.causes for text in (cause.id, cause.title, cause.remedy)),
    ]
    assert all(text and text.isprintable() for text in texts)
    assert len({cause.id for cause in requirement.causes}) == len(requirement.causes) > 0


@pytest.mark.parametrize("requirement", WITH_EXAMPLES, ids=lambda requirement: requirement.id)
def test_each_cause_of_a_requirement_has_an_example(requirement: Requirement) -> None:
    verdicts = [verdicts_on(example.snapshot, JUDGING_ALL)[requirement.id] for example in EXAMPLES[requirement.id]]
    seen = {problem.cause for verdict in verdicts for problem in verdict.problems}
    assert {cause.id for cause in seen} == {cause.id for cause in requirement.causes}


@pytest.mark.parametrize("daemon", [Daemon.DHCP4, Daemon.DHCP6])
def test_a_sound_daemon_meets_all(daemon: Daemon) -> None:
    found = verdicts_on(sound(daemon))
    statuses = {
        name: verdict.status for name, verdict in found.items() if verdict.requirement.subject not in NOT_OF_ALL
    }
    assert statuses.pop("daemon-versions-match") is NOT_APPLICABLE  # it is the only one
    assert set(statuses.values()) == {MET}
    assert {verdict.status for verdict in found.values()} <= {MET, NOT_APPLICABLE}


def test_a_sound_d2_meets_all_that_concern_it() -> None:
    assert {verdict.status for verdict in verdicts_on(sound(Daemon.D2)).values()} == {MET, NOT_APPLICABLE}


@pytest.mark.parametrize("daemon", Daemon)
def test_of_a_silent_daemon_only_its_unreachable_socket_is_unmet(daemon: Daemon) -> None:
    verdicts = verdicts_on(silent(daemon))
    assert [name for name, verdict in verdicts.items() if verdict.status is UNMET] == ["control-socket-reachable"]
    assert {verdict.failure for verdict in verdicts.values() if verdict.status is UNKNOWN} == {refused()}
    assert not [name for name, verdict in verdicts.items() if verdict.status is MET]


@given(
    snapshot=st.sampled_from([sound(), sound(Daemon.DHCP6), sound(Daemon.D2), over_unix()]),
    lost=st.sets(
        st.sampled_from(
            [
                "connection",
                "authentication_result",
                "version",
                "status",
                "commands",
                "configuration",
                "sockets",
                "leases",
                "tls",
                "audit",
            ]
        )
    ),
)
def test_losing_facts_makes_no_requirement_unmet(snapshot: Snapshot, lost: set[str]) -> None:
    changes: dict[str, Any] = dict.fromkeys(lost, UNSAID)
    verdicts = verdicts_on(replace(snapshot, **changes))
    assert not [name for name, verdict in verdicts.items() if verdict.status is UNMET]
    assert {verdict.failure for verdict in verdicts.values() if verdict.status is UNKNOWN} <= {UNSAID}


def raising(_: Snapshot, __: Profile) -> Never:
    raise ZeroDivisionError


def test_a_judge_that_raises_is_unknown_and_costs_the_others_nothing() -> None:
    broken = replace(REQUIREMENTS[0], id="broken", judge=raising)
    verdicts = judge_all((broken, *REQUIREMENTS), sound(), IPAM).verdicts
    assert (verdicts[0].status, verdicts[0].evidence) == (UNKNOWN, "internal error: ZeroDivisionError")
    assert {verdict.status for verdict in verdicts[1:]} <= {MET, NOT_APPLICABLE}


def test_plain_http_without_credentials_exposes_none() -> None:
    assert "credentials" not in verdicts_on(over_http(sends_credentials=False))["control-socket-uses-tls"].evidence


@pytest.mark.parametrize(
    ("requirement", "snapshot"),
    [
        pytest.param("authentication-configured", offering(PLAIN_AND_OPEN), id="plain http without authentication"),
        pytest.param("credentials-in-files", offering(control_socket(authentication=IN_CLEAR)), id="in clear"),
    ],
)
def test_what_blocks_the_next_upgrade_is_said_before_kea_3_1_only(requirement: str, snapshot: Snapshot) -> None:
    note = "Kea 3.1 and later refuse to start like this"
    assert note in verdicts_on(snapshot)[requirement].evidence
    assert note not in verdicts_on(replace(snapshot, version=Version(3, 1, 0, "3.1.0")))[requirement].evidence
    assert note not in verdicts_on(replace(snapshot, version=KEA_3_2_0))[requirement].evidence
    assert note not in verdicts_on(replace(snapshot, version=UNSAID))[requirement].evidence


def test_evidence_names_no_more_than_eight_sockets() -> None:
    many = offering(*(control_socket(port=port) for port in range(9000, 9100)))
    evidence = verdicts_on(many)["control-socket-address-matches"].evidence
    assert evidence.endswith("https on 192.0.2.1 port 9007")
    assert evidence.count("https on") == 8


def test_the_realm_demanded_is_the_profiles() -> None:
    profile = replace(IPAM, realms={Daemon.DHCP4: "office"})
    assert verdicts_on(with_realm("office"), profile)["authentication-realm-matches"].status is MET
    assert verdicts_on(sound(), profile)["authentication-realm-matches"].status is UNMET
    assert verdicts_on(sound(Daemon.DHCP6), profile)["authentication-realm-matches"].status is NOT_APPLICABLE


def test_the_version_window_is_the_profiles() -> None:
    profile = replace(IPAM, minimum_version=Version(3, 1, 0, "3.1.0"), tested_version=Version(3, 0, 2, "3.0.2"))
    verdicts = verdicts_on(sound(), profile)
    assert verdicts["version-supported"].status is UNMET
    assert verdicts["version-tested"].status is UNMET


# Profiles


@pytest.mark.parametrize("requirement", JUDGED_ONLY_IF_ASKED_FOR)
def test_what_no_profile_asks_for_is_not_judged(requirement: str) -> None:
    assert requirement not in verdicts_on(sound())
    profile = replace(IPAM, severities={requirement: "required"})
    assert (verdicts_on(sound(), profile).keys() - verdicts_on(sound())) == {requirement}


@pytest.mark.parametrize("status_wanted", Status)
def test_a_verdict_carries_the_severity_that_the_profile_gives(status_wanted: Status) -> None:
    [snapshot, *_] = [example.snapshot for example in SAN_MATCHES if example.status is status_wanted]
    name = "certificate-san-matches-address"
    profile = replace(IPAM, severities={name: "advisory"})
    assert verdicts_on(snapshot)[name].severity is Severity.REQUIRED
    assert verdicts_on(snapshot, profile)[name].severity is Severity.ADVISORY


def test_all_other_verdicts_carry_the_severity_of_their_requirement() -> None:
    profile = replace(IPAM, severities={"hook-ha-loaded": "advisory"})
    found = {name: verdict.severity for name, verdict in verdicts_on(sound(), profile).items()}
    assert found == {
        name: severity for name, severity in {**SEVERITIES, "hook-ha-loaded": Severity.ADVISORY}.items() if severity
    }


def test_what_a_profile_leaves_out_is_not_judged() -> None:
    left_out = {"version-tested", "hook-ha-loaded", "hsts-header-present"}
    profile = replace(IPAM, left_out=frozenset(left_out), severities={"hook-ha-loaded": "required"})
    assert verdicts_on(sound()).keys() - verdicts_on(sound(), profile) == {"version-tested", "hsts-header-present"}
    assert not left_out & verdicts_on(sound(), profile).keys()


@pytest.mark.parametrize(("days", "expected"), [(59.9, MET), (60, UNMET), (90, UNMET)])
def test_the_renewal_window_is_the_profiles(days: float, expected: Status) -> None:
    verdict = verdicts_on(sound(), replace(IPAM, renewal_window_seconds=days * 86_400))["certificate-renewal-not-due"]
    assert verdict.status is expected
    assert expected is MET or f"renew it {days:g} days before" in verdict.evidence


# Certificates and leases, beyond the table


def test_a_certificate_may_fail_in_every_way_and_each_is_told_apart() -> None:
    failure = Failure(Stage.TLS, Reason.CERTIFICATE_SELF_SIGNED, "self-signed certificate")
    worst = showing(certificate(ELSEWHERE, days=(-90, -1)), distrust=failure)
    verdicts = verdicts_on(connected_to(failure, tls=worst))
    assert {name for name, verdict in verdicts.items() if verdict.status is UNMET} == {
        "certificate-san-matches-address",
        "certificate-within-validity",
        "certificate-renewal-not-due",
        "certificate-trusted",
    }


OFFICE, OLD_OFFICE = (certificate(name="office-ca", issuer="root", days=days) for days in ((-90, 300), (-900, -1)))
ENDING_ROOT = certificate(name="root", issuer="root", days=(-3000, 20))


def causes_of(verdict: Verdict) -> list[str]:
    return [problem.cause.id for problem in verdict.problems]


def test_an_expired_intermediate_that_is_not_needed_is_to_be_removed() -> None:
    """Issuing a new certificate would change nothing."""
    verdicts = verdicts_on(sound(tls=showing(*TLS.chain, OFFICE, OLD_OFFICE)))
    unmet = {name: causes_of(verdict) for name, verdict in verdicts.items() if verdict.status is UNMET}
    assert unmet == {"certificate-renewal-not-due": ["stale_certificate"]}


def test_a_needed_expired_intermediate_is_to_be_replaced() -> None:
    expired = Failure(Stage.TLS, Reason.CERTIFICATE_EXPIRED, "certificate has expired")
    verdicts = verdicts_on(connected_to(expired, tls=showing(*TLS.chain, OLD_OFFICE, distrust=expired)))
    assert verdicts["certificate-within-validity"].status is MET
    assert causes_of(verdicts["certificate-trusted"]) == ["intermediate_expired"]
    assert causes_of(verdicts["certificate-renewal-not-due"]) == ["intermediate_expires"]
    assert "CN=office-ca expired on" in verdicts["certificate-trusted"].evidence


def test_a_ca_of_ca_file_that_has_expired_is_to_be_replaced_there() -> None:
    expired = Failure(Stage.TLS, Reason.CERTIFICATE_EXPIRED, "certificate has expired")
    verdict = verdicts_on(connected_to(expired, tls=showing(*TLS.chain, distrust=expired)))["certificate-trusted"]
    assert verdict.evidence == "certificate has expired (issued by CN=office-ca)"
    assert "ca_file of the exporter" in verdict.remedy


def test_a_root_that_ends_soon_is_to_be_followed_by_a_new_one() -> None:
    verdict = verdicts_on(sound(tls=showing(*TLS.chain, OFFICE, ENDING_ROOT)))["certificate-renewal-not-due"]
    assert (verdict.evidence[:29], causes_of(verdict)) == ("CN=root expires in 20.0 days;", ["root_expires"])


def test_client_certificates_protect_a_listener_for_partners() -> None:
    """TLS without client certificates lets everybody in (measured on 3.0.3), and the texts did not say so."""
    [requirement] = [entry for entry in REQUIREMENTS if entry.id == "partner-listener-is-protected"]
    for text in (requirement.rule, requirement.causes[0].remedy):
        assert "require-client-certs" in text


@pytest.mark.parametrize("reason", [Reason.FORBIDDEN, Reason.HA_LISTENER])
def test_a_cause_has_the_next_step_of_its_reason(reason: Reason) -> None:
    """That of forbidden commands named the port alone, although a user may lack the right to a command."""
    [requirement] = [entry for entry in REQUIREMENTS if entry.id == "authentication-accepted"]
    assert [cause.remedy for cause in requirement.causes if cause.id == str(reason)] == [NEXT_STEPS[reason]]


def test_each_relationship_of_a_hub_that_disables_the_service_is_named() -> None:
    """Only the first relationship was, whose state may be a sound one."""
    verdict = verdicts_on(hub("terminated", "syncing", "waiting", "waiting"))["dhcp-service-enabled"]
    assert {found.cause.id: len(found.evidence) for found in verdict.problems} == {"ha_syncing": 1, "ha_waiting": 2}
    assert [name for name in ("spoke1", "spoke2", "spoke3", "spoke4") if name not in verdict.evidence] == ["spoke1"]


@pytest.mark.parametrize("requirement", ["no-orphaned-leases", "no-leases-outside-their-subnet"])
def test_an_incomplete_audit_is_no_proof(requirement: str) -> None:
    verdict = verdicts_on(sound(audit=audited(is_complete=False)))[requirement]
    assert verdict.status is UNKNOWN
    assert "the first 152 leases" in verdict.evidence


def test_what_a_certificate_says_of_itself_stays_one_short_printable_line() -> None:
    names = frozenset({"two\nlines", "x" * 100_000})
    tls = showing(replace(certificate(), names=names))
    evidence = verdicts_on(sound(tls=tls))["certificate-san-matches-address"].evidence
    assert evidence.isprintable()
    assert len(evidence) < 5000


def test_evidence_names_the_number_of_moved_leases_that_it_does_not_list() -> None:
    moved = Misplaced({}, (), moved={(number, 10): 1 for number in range(1000)}, others_moved=77)
    [found] = verdicts_on(sound(audit=audited(orphaned=moved)))["no-orphaned-leases"].problems
    assert found.cause.id == "id_changed"
    assert found.evidence[-1].startswith("77 further leases")


def test_evidence_names_no_more_than_five_subnets() -> None:
    many = dict.fromkeys(range(100, 200), 1)
    verdicts = verdicts_on(sound(audit=audited(orphaned=Misplaced(many, ()), outside=Misplaced(many, ()))))
    hinted = verdicts_on(hinting(many, tuple(many)))
    for name in ("no-orphaned-leases", "no-leases-outside-their-subnet"):
        assert "104" in verdicts[name].evidence
        assert "105" not in verdicts[name].evidence
        assert "104" in hinted[name].evidence
        assert "105" not in hinted[name].evidence
