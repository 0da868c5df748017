"""The facts that one probe learnt about one daemon.

Everything here is a frozen value; a fact that could not be learnt is a `Failure` in its place. Nothing here does I/O,
and no fact is a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.configuration import Configuration, ControlSocket
    from kea_exporter.facts.dns import DnsServer
    from kea_exporter.facts.failure import Fact, Stage
    from kea_exporter.facts.leases import Agreement, LeaseAudit, LeaseDatabase, Leases
    from kea_exporter.facts.pairs import ConfigurationRead
    from kea_exporter.facts.statistics import Counted, Rise, Statistics
    from kea_exporter.facts.status import DaemonStatus, Lifetime
    from kea_exporter.facts.subnets import PoolSeries, PoolTotals, Subnets, SubnetSeries

LACKS_OF_TIME = {Reason.RESOLVER_TIMED_OUT, Reason.TIMED_OUT, Reason.BUDGET_USED_UP}


class Daemon(StrEnum):
    """A Kea daemon, by the name that Kea's `service` argument gives it (Kea ARM, Management API)."""

    DHCP4 = "dhcp4"
    DHCP6 = "dhcp6"
    D2 = "d2"


# What a daemon lacks, or what nobody wants of it, is not there to be learnt.
NOT_THERE = {Reason.UNSUPPORTED, Reason.NOT_COLLECTED}
# Nor is a lost lease database a failure of the probe: it is a fact of its own.
NO_FAILURES = {*NOT_THERE, Reason.NO_LEASE_MANAGER, Reason.LEASE_DATABASE_LOST}
ROOT_KEYS = {Daemon.DHCP4: "Dhcp4", Daemon.DHCP6: "Dhcp6", Daemon.D2: "DhcpDdns"}


class TransportKind(StrEnum):
    """How a control socket is reached: Kea's `socket-type`."""

    HTTP = "http"
    HTTPS = "https"
    UNIX = "unix"


@dataclass(frozen=True)
class Target:
    """Where a daemon is said to be: what the configuration asks the probe to reach.

    Attributes:
        host: the address or name in the url; empty for a unix socket.
        verified_name: what a certificate has to cover before credentials are sent.
    """

    server: str
    daemon: Daemon
    kind: TransportKind
    url: str
    host: str
    verified_name: str
    control_agent: bool
    sends_credentials: bool


@dataclass(frozen=True)
class Connection:
    """An established connection.

    Attributes:
        address: the IP address that was reached, without scope; the path of a unix socket.
        port: the TCP port; None on a unix socket.
    """

    address: str
    port: int | None


@dataclass(frozen=True)
class AuthenticationResult:
    """What the first HTTP answer said about credentials.

    Attributes:
        status: its HTTP status.
        realm: the realm of its `WWW-Authenticate: Basic` header, where it had one; empty at the hook ha's listener.
        strict_transport_security: whether it had such a header (RFC 6797).
        is_json: whether its content is JSON, as that of every answer of Kea, whatever its status (measured).
        through_proxy: whether it had a header that Kea never sends, and proxies do.
    """

    status: int
    realm: str | None
    strict_transport_security: bool
    is_json: bool = True
    through_proxy: bool = False


@dataclass(frozen=True)
class Tls:
    """What a TLS handshake showed.

    Attributes:
        version: such as `TLSv1.3`.
        chain: the certificates as the server sent them, its own first; at most ten are kept.
        distrust: why the chain does not verify against the configured authorities, apart from the name and from
            the validity of the leaf; None where it does.
    """

    version: str
    cipher: str
    chain: tuple[Certificate, ...]
    distrust: Failure | None

    @property
    def by_role(self) -> tuple[tuple[str, Certificate], ...]:
        """Return each certificate of the chain with what it is: leaf, intermediate or root."""
        above = ("root" if certificate.is_self_issued else "intermediate" for certificate in self.chain[1:])
        return tuple(zip(("leaf", *above), self.chain, strict=False))


@dataclass(frozen=True)
class Version:
    """A Kea version; `text` is what `version-get` said, such as `3.1.3-rc1` or `3.2.0-git`."""

    major: int
    minor: int
    patch: int
    text: str = ""

    @property
    def numbers(self) -> tuple[int, int, int]:
        """Return the three numbers, which is what version windows compare."""
        return (self.major, self.minor, self.patch)


@dataclass(frozen=True)
class Exchange:
    """One command sent: how long it took, its failure where it failed, and how large its answer was."""

    command: str
    duration_seconds: float
    failure: Failure | None
    size_bytes: int = 0


@dataclass(frozen=True)
class Snapshot:
    """All that one probe of one daemon learnt.

    Attributes:
        taken_at: when the probe began, in seconds since the epoch.
        duration_seconds: how long it took.
        timeout_seconds: how long it might have taken.
        authentication_result: None on a unix socket, where there is nothing to be admitted by.
        sockets: the control sockets of whoever answers on the connection: the daemon's own, or the
            Control Agent's.
        subnets: those that are configured now, of a DHCP daemon.
        lease_database: whether the lease manager answers; of a DHCP daemon.
        leases: counts of the configured subnets.
        subnet_series: what is exported of them one by one, and of their pools.
        supported: per command of the plan, whether the daemon has it; only what was learnt.
        tls: None where the socket is not https.
        pool_totals: what Kea last said of its pools itself, to notice changes at run time; None where nothing did.
        last_reservation: Kea's number of the last reservation that was added at run time; None where none was seen.
        configuration_read: when the configuration was last read; None if it never was.
        agreement: of statistics and lease database; None where they differ, or were not compared.
        client_certificate: the exporter's own, None where it has none to show.
        authorities: the certificates of its own `ca_file`, those that expire first in front.
        audit: the last lease audit; None where audits are off.
        counted: the statistics that were last read, in this probe or before; None where none were.
        allocation_failures: by how much their counters rose within 15 minutes, from one probe to the next.
        dns_server: what D2 of the same server takes; None if that is not checked.
        versions: those of the daemons of the same server, as their last probes found them.
        is_of_a_file: whether no daemon was asked, and a configuration file was read instead.
        has_relationship_series: whether its high availability is exported (`high_availability` of `collect`).
    """

    target: Target
    taken_at: float
    duration_seconds: float
    timeout_seconds: float
    connection: Fact[Connection]
    authentication_result: Fact[AuthenticationResult | None]
    version: Fact[Version]
    status: Fact[DaemonStatus]
    lifetime: Fact[Lifetime]
    commands: Fact[frozenset[str]]
    configuration: Fact[Configuration]
    sockets: Fact[tuple[ControlSocket, ...]]
    subnets: Fact[Subnets]
    lease_database: Fact[LeaseDatabase]
    leases: Fact[Leases]
    subnet_series: Fact[SubnetSeries]
    pool_series: Fact[PoolSeries]
    statistics: Fact[Statistics]
    exchanges: tuple[Exchange, ...]
    supported: Mapping[str, bool]
    tls: Fact[Tls | None]
    client_certificate: Certificate | None = None
    pool_totals: PoolTotals | None = None
    last_reservation: int | None = None
    configuration_read: ConfigurationRead | None = None
    agreement: Agreement | None = None
    authorities: tuple[Certificate, ...] = ()
    audit: Fact[LeaseAudit | None] = None
    counted: Counted | None = None
    allocation_failures: tuple[Rise, ...] = ()
    dns_server: Fact[DnsServer | None] = None
    versions: Mapping[Daemon, Version] = field(default_factory=lambda: MappingProxyType({}))
    is_of_a_file: bool = False
    has_relationship_series: bool = True

    @property
    def shows_tls(self) -> bool:
        """Return whether a TLS handshake was finished."""
        return isinstance(self.tls, Tls)

    @property
    def lacked_time(self) -> bool:
        """Return whether more might have been learnt with more time."""
        return any(failure.reason in LACKS_OF_TIME for failure in self.failures)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Return what failed, first things first, each stage and reason once; what is lacking or not wanted did not."""
        facts = (
            self.connection,
            self.authentication_result,
            self.version,
            self.commands,
            self.status,
            self.configuration,
            self.sockets,
            self.subnets,
            self.lease_database,
            self.leases,
            self.pool_series,
            self.statistics,
        )
        failed: dict[tuple[Stage, Reason], Failure] = {}
        for fact in facts:
            if isinstance(fact, Failure) and fact.reason not in NO_FAILURES:
                failed.setdefault((fact.stage, fact.reason), fact)
        return tuple(failed.values())
