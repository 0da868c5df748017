"""The facts of status-get: what a daemon says of its state (Kea ARM, "The status-get Command")."""

from __future__ import annotations

from dataclasses import dataclass

# The role of a server whose high availability keeps DHCP disabled for as long as it has it (Kea ARM, "Passive Backup
# Configuration").
BACKUP = "backup"


@dataclass(frozen=True)
class DhcpState:
    """Whether DHCP service is on, and who turned it off (Kea ARM, status-get `dhcp-state`)."""

    globally_disabled: bool
    by_user: bool
    by_local_command: bool
    by_remote_command: bool
    by_database_connection: bool


@dataclass(frozen=True)
class MultiThreading:
    """How packets are spread over threads.

    Attributes:
        threads: None where multi-threading is off.
        queue_size: how many packets may wait for each thread; None where it is off.
        queue_lengths: how many waited, on average over the last 10, 100 and 1000 packets; none where it is off.
    """

    enabled: bool
    threads: int | None = None
    queue_size: int | None = None
    queue_lengths: tuple[float, ...] = ()


@dataclass(frozen=True)
class Peer:
    """One server of a high availability relationship.

    Attributes:
        name: its `server-name`.
        role: such as `primary` or `standby`; empty where it is not known.
        state: such as `hot-standby`; empty where it is not known.
        scopes: the names of the servers whose clients it serves.
    """

    name: str
    role: str
    state: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Relationship:
    """A high availability relationship, as this server sees it; None stands for what it does not know.

    Attributes:
        age_seconds: since the state of the partner was last learnt.
        clock_skew_seconds: how far the partner's clock is ahead.
        connecting_clients: clients that try to reach the partner.
        unacked_clients: those of them that the partner seems not to answer.
        unacked_clients_left: how many more of those make the partner count as down.
        analyzed_packets: packets to the partner that were looked at for that.
    """

    mode: str
    local: Peer
    partner: Peer
    in_touch: bool | None
    communication_interrupted: bool | None
    age_seconds: int | None
    clock_skew_seconds: int | None
    connecting_clients: int | None
    unacked_clients: int | None
    unacked_clients_left: int | None
    analyzed_packets: int | None

    @property
    def name(self) -> str:
        """Return the name of the partner, which differs between the relationships of a server."""
        return self.partner.name or self.local.name


@dataclass(frozen=True)
class DaemonStatus:
    """What `status-get` said; D2 and the Control Agent say nothing of DHCP.

    Attributes:
        extended_info_tables: whether DHCPv6 keeps tables for lease queries; None elsewhere.
        relationships: none without the hook ha.
    """

    pid: int
    uptime_seconds: int
    reload_seconds: int
    dhcp_state: DhcpState | None
    sockets_status: str | None
    sockets_errors: tuple[str, ...] = ()
    multi_threading: MultiThreading | None = None
    extended_info_tables: bool | None = None
    relationships: tuple[Relationship, ...] = ()


@dataclass(frozen=True)
class Moment:
    """When something happened, of which a whole number of seconds ago was said.

    Attributes:
        at: the same number for as long as it is the same moment, in seconds since the epoch.
        earliest: it was not before this.
        latest: it was not after this.
    """

    at: float
    earliest: float
    latest: float


@dataclass(frozen=True)
class Lifetime:
    """Since when a daemon runs, and since when with this configuration.

    Attributes:
        is_settled: whether a further reload will be seen for sure; whole seconds cannot tell two in a row apart.
    """

    pid: int
    started: Moment
    reloaded: Moment
    is_settled: bool

    def is_same_as(self, other: Lifetime) -> bool:
        """Return whether the daemon was neither restarted nor reloaded between the two."""
        return self == other or (self.pid, self.started.at, self.reloaded.at) == (
            other.pid,
            other.started.at,
            other.reloaded.at,
        )
