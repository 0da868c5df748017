"""Frozen examples: all that a probe learns from a sound daemon, from a silent one, and parts of both."""

from __future__ import annotations

from array import array
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypedDict

from kea_exporter.certificates import Certificate, parse_address
from kea_exporter.facts.configuration import Authentication, Configuration, ControlSocket
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.leases import LeaseAudit, LeaseDatabase, Leases, Misplaced
from kea_exporter.facts.pairs import PARTS, PARTS_OF_SUBNETS, PairConfiguration
from kea_exporter.facts.snapshot import (
    ROOT_KEYS,
    AuthenticationResult,
    Connection,
    Daemon,
    Exchange,
    Snapshot,
    Target,
    Tls,
    TransportKind,
    Version,
)
from kea_exporter.facts.statistics import Measure, ResponseTime, Statistics
from kea_exporter.facts.status import DaemonStatus, DhcpState, Lifetime, Moment, MultiThreading, Peer, Relationship
from kea_exporter.facts.subnets import NO_CAPACITIES, Count, Counts, PoolSeries, Shown, Subnets, SubnetSeries
from kea_exporter.kea.counting import NOT_COLLECTED, NOT_OF_D2
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.review import review
from kea_exporter.probe import nothing_learnt
from tests.support.configurations import SOUND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Unpack

    from kea_exporter.facts.dns import DnsServer
    from kea_exporter.facts.failure import Fact

ADDRESS, PORT = "192.0.2.1", 8001
NAME = "kea1.example.com"
SOCKET_PATH = "/run/kea/kea4-ctrl-socket"
TAKEN_AT, TIMEOUT = 1_800_000_000.0, 5.0
DAY = 86_400.0

CONNECTION = Connection(ADDRESS, PORT)
KEA_3_0_3 = Version(3, 0, 3, "3.0.3")
KEA_3_2_0 = Version(3, 2, 0, "3.2.0-git")

REALMS = {
    Daemon.DHCP4: "kea-dhcpv4-server",
    Daemon.DHCP6: "kea-dhcpv6-server",
    Daemon.D2: "kea-dhcp-ddns-server",
}
OWN_COMMANDS = frozenset({"config-get", "list-commands", "statistic-get-all", "status-get", "version-get"})
# As measured: each hook registers the commands of both protocols, in either daemon.
HOOK_COMMANDS = frozenset(
    {"subnet4-list", "subnet6-list", "reservation-get", "lease4-get", "stat-lease4-get", "stat-lease6-get"}
)
SUBNETS: dict[Daemon, Mapping[int, str]] = {
    Daemon.DHCP4: {1: "192.0.2.0/24", 2: "198.51.100.0/24", 10: "203.0.113.0/24"},
    Daemon.DHCP6: {1: "2001:db8:1::/64", 2: "2001:db8:2::/64", 10: "2001:db8:10::/64"},
    Daemon.D2: {},
}
HOOKS = ("libdhcp_subnet_cmds.so", "libdhcp_host_cmds.so", "libdhcp_lease_cmds.so", "libdhcp_stat_cmds.so")
SOUND_REVIEWS = {root: review(prepared(root, tree)) for root, tree in SOUND.items()}
NONE_MISPLACED = Misplaced({}, ())
NOT_DISABLED = DhcpState(
    globally_disabled=False,
    by_user=False,
    by_local_command=False,
    by_remote_command=False,
    by_database_connection=False,
)


class SnapshotChanges(TypedDict, total=False):
    """The fields of a snapshot that an example may have otherwise."""

    target: Target
    duration_seconds: float
    timeout_seconds: float
    connection: Fact[Connection]
    authentication_result: Fact[AuthenticationResult | None]
    version: Fact[Version]
    status: Fact[DaemonStatus]
    commands: Fact[frozenset[str]]
    configuration: Fact[Configuration]
    sockets: Fact[tuple[ControlSocket, ...]]
    lifetime: Fact[Lifetime]
    subnets: Fact[Subnets]
    lease_database: Fact[LeaseDatabase]
    leases: Fact[Leases]
    subnet_series: Fact[SubnetSeries]
    pool_series: Fact[PoolSeries]
    statistics: Fact[Statistics]
    exchanges: tuple[Exchange, ...]
    supported: Mapping[str, bool]
    tls: Fact[Tls | None]
    client_certificate: Certificate | None
    audit: Fact[LeaseAudit | None]
    dns_server: Fact[DnsServer | None]
    versions: Mapping[Daemon, Version]


class LeasesChanges(TypedDict, total=False):
    """The fields of leases that an example may have otherwise."""

    left_behind: Mapping[int, int]
    overfull: frozenset[int]


class SocketChanges(TypedDict, total=False):
    """The fields of a control socket that an example may have otherwise."""

    kind: str
    address: str
    port: int | None
    tls: bool
    client_certificate_required: bool
    authentication: Authentication | None


def refused() -> Failure:
    """Return the failure of a connection that nobody took."""
    return Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens at 192.0.2.1 port 8001")


def unauthorized() -> Failure:
    """Return the failure of an answer 401."""
    return Failure(Stage.AUTH, Reason.UNAUTHORIZED, "the server answered 401: it did not accept the credentials")


def target(
    daemon: Daemon = Daemon.DHCP4,
    kind: TransportKind = TransportKind.HTTPS,
    host: str = ADDRESS,
    *,
    sends_credentials: bool = True,
) -> Target:
    """Return where the sound daemon is said to be: at *host*, unless at a unix socket."""
    host = "" if kind is TransportKind.UNIX else host
    written = f"[{host}]" if ":" in host else host
    return Target(
        server="sound",
        daemon=daemon,
        kind=kind,
        url=f"{kind}://{written}:{PORT}" if host else f"unix://{SOCKET_PATH}",
        host=host,
        verified_name=host,
        control_agent=False,
        sends_credentials=sends_credentials,
    )


def certificate(
    *hosts: str, name: str = "kea1", issuer: str = "office-ca", days: tuple[float, float] = (-30, 60)
) -> Certificate:
    """Return a certificate whose SAN has *hosts*, valid from and until days from when snapshots are taken."""
    return Certificate(
        subject=f"CN={name}",
        issuer=f"CN={issuer}",
        serial_number="0f1e2d",
        fingerprint_sha256="ab" * 32,
        key_type="ec-secp256r1",
        not_before=TAKEN_AT + days[0] * DAY,
        not_after=TAKEN_AT + days[1] * DAY,
        is_self_issued=name == issuer,
        addresses=frozenset(address for host in hosts if (address := parse_address(host))),
        names=frozenset(host for host in hosts if not parse_address(host)),
    )


def showing(*chain: Certificate, distrust: Failure | None = None) -> Tls:
    """Return what a handshake showed: these certificates."""
    return Tls("TLSv1.3", "TLS_AES_256_GCM_SHA384", chain, distrust)


def audited(
    daemon: Daemon = Daemon.DHCP4,
    orphaned: Misplaced = NONE_MISPLACED,
    outside: Misplaced = NONE_MISPLACED,
    *,
    is_complete: bool = True,
) -> LeaseAudit:
    """Return a lease audit ten minutes old; by default, one that found nothing."""
    return LeaseAudit(TAKEN_AT - 600, 152, is_complete, SUBNETS[daemon], orphaned, outside)


def authentication(daemon: Daemon = Daemon.DHCP4) -> Authentication:
    """Return the sound authentication of a control socket."""
    return Authentication(kind="basic", realm=REALMS[daemon], clients=1, clients_in_clear=0)


def control_socket(**changes: Unpack[SocketChanges]) -> ControlSocket:
    """Return the control socket of the sound DHCPv4 daemon, but for *changes*."""
    socket = ControlSocket(
        kind="https",
        address=ADDRESS,
        port=PORT,
        tls=True,
        client_certificate_required=True,
        authentication=authentication(),
    )
    return replace(socket, **changes)


def unix_socket() -> ControlSocket:
    """Return a unix control socket."""
    return ControlSocket("unix", SOCKET_PATH, None, tls=False, client_certificate_required=False, authentication=None)


def pair_configuration(listed: Subnets, pair: str = "", names: frozenset[str] = frozenset()) -> PairConfiguration:
    """Return what the servers of a pair share, with a hash of its own for each part."""
    hashes = {part: 2**48 - number for number, part in enumerate(PARTS, 1)}
    of_subnets = {part: array("Q", [0] * len(listed.ids)) for part in PARTS_OF_SUBNETS}
    return PairConfiguration(pair, names, hashes, listed.prefixes, array("Q", listed.ids), of_subnets)


def configuration(daemon: Daemon, *sockets: ControlSocket) -> Configuration:
    """Return the configuration of the sound daemon, with these control sockets."""
    is_dhcp = daemon is not Daemon.D2
    return Configuration(
        root=ROOT_KEYS[daemon],
        sockets=sockets,
        subnets=subnets(daemon),
        capacities=NO_CAPACITIES,
        shared_networks=1 if is_dhcp else 0,
        reservations=4 if is_dhcp else 0,
        hooks=HOOKS if is_dhcp else (),
        hosts_databases=(),
        interfaces=("eth0",) if is_dhcp else (),
        lease_database="memfile" if is_dhcp else "",
        multi_threading=True if is_dhcp else None,
        review=SOUND_REVIEWS[ROOT_KEYS[daemon]],
        pair_configurations=(pair_configuration(subnets(daemon)),) if is_dhcp else (),
    )


def sound(daemon: Daemon = Daemon.DHCP4, **changes: Unpack[SnapshotChanges]) -> Snapshot:
    """Return the snapshot of a daemon that meets every requirement, over https, but for *changes*."""
    sockets = (control_socket(authentication=authentication(daemon)),)
    exchanges = _exchanges(daemon)
    snapshot = Snapshot(
        target=target(daemon),
        taken_at=TAKEN_AT,
        duration_seconds=0.25,
        timeout_seconds=TIMEOUT,
        connection=CONNECTION,
        authentication_result=AuthenticationResult(200, None, strict_transport_security=True),
        version=KEA_3_0_3,
        status=status(daemon),
        commands=OWN_COMMANDS if daemon is Daemon.D2 else OWN_COMMANDS | HOOK_COMMANDS,
        configuration=configuration(daemon, *sockets),
        sockets=sockets,
        lifetime=LIFETIME,
        subnets=subnets(daemon) if daemon is not Daemon.D2 else NOT_OF_D2,
        lease_database=LeaseDatabase.AVAILABLE if daemon is not Daemon.D2 else NOT_OF_D2,
        leases=leases(daemon),
        subnet_series=_subnet_series(daemon),
        pool_series=_pool_series(daemon),
        statistics=_statistics(daemon),
        exchanges=exchanges,
        supported=MappingProxyType({exchange.command: True for exchange in exchanges}),
        tls=TLS,
        audit=None if daemon is Daemon.D2 else audited(daemon),
    )
    return replace(snapshot, **changes)


def silent(daemon: Daemon = Daemon.DHCP4, failure: Failure | None = None) -> Snapshot:
    """Return the snapshot of a daemon of which nothing could be learnt."""
    silent_target = replace(target(daemon), server="silent")
    return nothing_learnt(silent_target, failure or refused(), TAKEN_AT, TIMEOUT)


def connected_to(failure: Failure, daemon: Daemon = Daemon.DHCP4, **changes: Unpack[SnapshotChanges]) -> Snapshot:
    """Return the snapshot of a probe that connected, and came no further but for *changes*."""
    snapshot = replace(silent(daemon, failure), connection=CONNECTION)
    return replace(replace(snapshot, tls=TLS) if failure.stage in AFTER_TLS else snapshot, **changes)


def at_name(*sans: str, name: str = NAME) -> Snapshot:
    """Return the snapshot of a daemon reached by its name, whose certificate has *sans*; sound otherwise."""
    return replace(sound(tls=showing(certificate(*sans))), target=target(host=name))


def offering(*sockets: ControlSocket, connection: Connection = CONNECTION, version: Version = KEA_3_0_3) -> Snapshot:
    """Return the snapshot of a daemon with these control sockets, sound otherwise."""
    return sound(
        connection=connection,
        version=version,
        configuration=configuration(Daemon.DHCP4, *sockets),
        sockets=sockets,
    )


def over_http(*, sends_credentials: bool = True) -> Snapshot:
    """Return the snapshot of a daemon reached over plain http, sound otherwise."""
    plain = control_socket(kind="http", tls=False, client_certificate_required=False)
    reached = target(kind=TransportKind.HTTP, sends_credentials=sends_credentials)
    return replace(offering(plain), target=reached, tls=None)


def over_unix() -> Snapshot:
    """Return the snapshot of a daemon reached over its unix socket, sound otherwise."""
    return replace(
        offering(unix_socket(), control_socket()),
        target=target(kind=TransportKind.UNIX, sends_credentials=False),
        connection=Connection(SOCKET_PATH, None),
        authentication_result=None,
        tls=None,
    )


def behind_agent(**changes: Unpack[SocketChanges]) -> Snapshot:
    """Return the snapshot of Kea 2.6 behind a Control Agent, whose own socket is otherwise but for *changes*."""
    snapshot = over_http()
    agent = control_socket(kind="http", tls=False, client_certificate_required=False)
    return replace(
        snapshot,
        target=replace(snapshot.target, control_agent=True),
        version=Version(2, 6, 3, "2.6.3"),
        configuration=configuration(Daemon.DHCP4, unix_socket()),
        sockets=(replace(agent, **changes),),
    )


def status(daemon: Daemon = Daemon.DHCP4) -> DaemonStatus:
    """Return the status of the sound daemon."""
    is_dhcp = daemon is not Daemon.D2
    return DaemonStatus(
        pid=4711,
        uptime_seconds=86_400,
        reload_seconds=3_600,
        dhcp_state=NOT_DISABLED if is_dhcp else None,
        sockets_status="ready" if is_dhcp else None,
        multi_threading=MultiThreading(True, 4, 64, (0.5, 0.25, 0.125)) if is_dhcp else None,  # noqa: FBT003
        extended_info_tables=False if daemon is Daemon.DHCP6 else None,
    )


def relationship(local: str = "hot-standby", partner: str = "hot-standby", **changes: object) -> Relationship:
    """Return a hot-standby pair in these states, in touch with one another, but for *changes*."""
    found = Relationship(
        mode="hot-standby",
        local=Peer("kea1", "primary", local, ("kea1",)),
        partner=Peer("kea2", "standby", partner, ()),
        in_touch=True,
        communication_interrupted=False,
        age_seconds=3,
        clock_skew_seconds=-2,
        connecting_clients=0,
        unacked_clients=0,
        unacked_clients_left=5,
        analyzed_packets=0,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def subnets(daemon: Daemon = Daemon.DHCP4, networks: Mapping[int, str] = MappingProxyType({10: "office"})) -> Subnets:
    """Return the subnets of the sound daemon."""
    prefixes = SUBNETS[daemon]
    return Subnets(tuple(prefixes), tuple(prefixes.values()), tuple(networks.get(number, "") for number in prefixes))


def leases(daemon: Daemon = Daemon.DHCP4, **changes: Unpack[LeasesChanges]) -> Fact[Leases]:
    """Return the leases of the sound daemon: 122 addresses, 2 of them declined, and on DHCPv6 30 prefixes."""
    if daemon is Daemon.D2:
        return NOT_OF_D2
    columns: dict[Count, tuple[int | None, ...]] = {
        Count.ADDRESSES: (200, 100, 0),
        Count.ADDRESSES_ASSIGNED: (100, 22, 0),
        Count.ADDRESSES_DECLINED: (2, 0, 0),
        Count.ADDRESS_ASSIGNMENTS: (1200, 50, 0),
    }
    if daemon is Daemon.DHCP6:
        columns |= {
            Count.ADDRESSES: (2**64, 2**68, 0),
            Count.PREFIXES: (256, 0, 0),
            Count.PREFIXES_ASSIGNED: (30, 0, 0),
            Count.PREFIX_ASSIGNMENTS: (70, 0, 0),
        }
    return replace(Leases(Counts((1, 2, 10), columns)), **changes)


def _moment(at: float) -> Moment:
    return Moment(at, at - 1, at)


TLS = showing(certificate(ADDRESS))
LIFETIME = Lifetime(4711, _moment(TAKEN_AT - 86_400), _moment(TAKEN_AT - 3_600), is_settled=True)
AFTER_TLS = {Stage.HTTP, Stage.AUTH, Stage.COMMAND}


def _subnet_series(daemon: Daemon) -> Fact[SubnetSeries]:
    found, counted = subnets(daemon), leases(daemon)
    if isinstance(counted, Failure):
        return counted
    rows = tuple(zip(map(str, found.ids), found.prefixes, found.networks, strict=True))
    return SubnetSeries(Shown(found.ids, rows), counted.subnets, limit=1000)


def _pool_series(daemon: Daemon) -> Fact[PoolSeries]:
    if daemon is Daemon.D2:
        return NOT_OF_D2
    if daemon is Daemon.DHCP4:
        return NOT_COLLECTED
    pools = {Count.ADDRESSES: (2**64,), Count.ADDRESSES_ASSIGNED: (100,), Count.ADDRESSES_DECLINED: (2,)}
    pd_pools = {Count.PREFIXES: (256,), Count.PREFIXES_ASSIGNED: (30,)}
    return PoolSeries(Counts(((1, 7),), {**pools}), Counts(((1, 0),), {**pd_pools}), limit=1000)


def _statistics(daemon: Daemon) -> Statistics:
    if daemon is Daemon.D2:
        values: dict[Measure, Mapping[tuple[str, ...], int]] = {
            Measure.DDNS_REQUESTS: {("received",): 9, ("invalid",): 0, ("error",): 0},
            Measure.DDNS_UPDATES: {("success",): 7, ("timeout",): 2, ("error",): 0},
            Measure.DDNS_KEY_UPDATES: {("example.com.", "success"): 7},
        }
        return Statistics(values, frozenset())
    messages4, messages6 = ("discover", "offer", "ack"), ("solicit", "advertise", "reply")
    request, answer, lease = messages4 if daemon is Daemon.DHCP4 else messages6
    return Statistics(
        {
            Measure.PACKETS_RECEIVED: {(): 953},
            Measure.PACKETS_SENT: {(): 925},
            Measure.MESSAGES_RECEIVED: {(request,): 500, ("request",): 450},
            Measure.MESSAGES_SENT: {(answer,): 480, (lease,): 445},
            Measure.PACKETS_DROPPED: {("parse_failed",): 3, ("other",): 4},
            Measure.ALLOCATION_FAILURES: {("subnet",): 20, ("shared_network",): 0},
            Measure.ALLOCATION_FAILURES_BY_CAUSE: {("no_free_lease",): 15, ("no_pools",): 5},
            Measure.LEASES_RECLAIMED: {(): 40},
        },
        frozenset(),
        dropped_in_all=7,
        response_times={f"{request}_{answer}": ResponseTime(0.0012, 0.0075)},
    )


def _exchanges(daemon: Daemon) -> tuple[Exchange, ...]:
    listing = {Daemon.DHCP4: ("subnet4-list",), Daemon.DHCP6: ("subnet6-list",)}.get(daemon, ())
    counting = {Daemon.DHCP4: ("stat-lease4-get",), Daemon.DHCP6: ("stat-lease6-get",)}.get(daemon, ())
    commands = ("version-get", "status-get", "list-commands", *listing, "config-get", *counting)
    return tuple(Exchange(command, 0.03125, None) for command in commands)
