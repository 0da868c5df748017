"""The facts of `config-get`: what is kept of the configuration of a daemon; the rest is dropped when it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kea_exporter.facts.review import NOT_REVIEWED
from kea_exporter.facts.subnets import NO_DESCRIPTIONS

if TYPE_CHECKING:
    from kea_exporter.facts.dns import DnsServer, DnsUpdates
    from kea_exporter.facts.pairs import PairConfiguration
    from kea_exporter.facts.review import Review
    from kea_exporter.facts.subnets import Capacities, Descriptions, Subnets


@dataclass(frozen=True)
class Authentication:
    """The `authentication` of a control socket, without its secrets.

    Attributes:
        kind: its `type`, `basic` where Kea takes the default.
        realm: its `realm`, or Kea's default where none is configured.
        clients: how many clients it lists; none at all means that everybody is let in.
        clients_in_clear: how many of them stand with user or password in clear text.
        directory: where its files are, as written; empty where it has none.
    """

    kind: str
    realm: str
    clients: int
    clients_in_clear: int
    directory: str = ""


@dataclass(frozen=True)
class ControlSocket:
    """One entry of `control-sockets`, as the running configuration has it.

    Attributes:
        kind: `unix`, `http` or `https` as written (an `http` socket with TLS files does speak TLS).
        address: `socket-address` as written, or `socket-name`.
        port: `socket-port`; None on a unix socket.
        tls: whether TLS files are configured.
        client_certificate_required: `cert-required`, which defaults to true where TLS is configured.
        authentication: None where the socket has none.
        tls_files: the paths at `trust-anchor`, `cert-file` and `key-file`; None without TLS.
        headers: names and values of `http-headers`.
    """

    kind: str
    address: str
    port: int | None
    tls: bool
    client_certificate_required: bool
    authentication: Authentication | None
    tls_files: tuple[str, str, str] | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ConfiguredPeer:
    """One entry of `peers` of a relationship.

    Attributes:
        name: its server name.
        role: such as `primary`, `standby` or `backup`; empty where it is not known.
        place: host and port of its url; empty without one.
    """

    name: str
    role: str
    place: str


@dataclass(frozen=True)
class Pair:
    """A high availability relationship as it is configured.

    Attributes:
        names: those of all its servers.
        place: hosts and ports of the servers that are no backups, sorted, which is the same on both of them.
        own_name: `this-server-name`.
        mode: such as `hot-standby`.
        peers: its servers, sorted by name.
    """

    names: frozenset[str]
    place: str
    own_name: str = ""
    mode: str = ""
    peers: tuple[ConfiguredPeer, ...] = ()

    @property
    def own(self) -> ConfiguredPeer:
        """Return the server itself."""
        found = (peer for peer in self.peers if peer.name == self.own_name)
        return next(found, ConfiguredPeer(self.own_name, "", ""))


@dataclass(frozen=True)
class Configuration:
    """What is kept of `config-get`; everything else, and every secret, is dropped when it is read.

    Attributes:
        root: the root key, such as `Dhcp4`.
        capacities: how many addresses, and prefixes to delegate, subnets and pools hold, and how many are reserved.
        descriptions: names and guards of subnets and pools.
        shared_networks: how many there are.
        reservations: how many host reservations stand in the configuration.
        hooks: base names of the configured hook libraries, such as `libdhcp_lease_cmds.so`.
        hosts_databases: the types of the configured hosts databases, such as `mysql`.
        has_config_databases: whether databases hold parts of the configuration, which may then change at any time.
        pairs: none without the hook ha.
        pair_configurations: what the servers of each relationship must share; one without HA; none of D2, and none if
            the configuration has another shape than Kea's.
        interfaces: `interfaces` of `interfaces-config`; a DHCP daemon without any listens nowhere.
        lease_database: the type of the lease database, such as `memfile`; empty where there is none.
        keeps_leases: whether they outlive a restart (`persist` of memfile; always in SQL).
        shared_database: a hash of type, host and name of a lease database that other servers may use too; empty for
            memfile and for a database on the server itself.
        multi_threading: whether it is enabled; None where the configuration does not say.
        review: what checks of the configuration found, by requirement.
        dns_updates: the DNS updates that a DHCP daemon sends; None if it sends none.
        dns_server: what D2 takes; None for other daemons.
    """

    root: str
    sockets: tuple[ControlSocket, ...]
    subnets: Subnets
    capacities: Capacities
    shared_networks: int
    reservations: int
    hooks: tuple[str, ...]
    hosts_databases: tuple[str, ...]
    has_config_databases: bool = False
    pairs: tuple[Pair, ...] = ()
    pair_configurations: tuple[PairConfiguration, ...] = ()
    interfaces: tuple[str, ...] = ()
    lease_database: str = ""
    keeps_leases: bool = True
    shared_database: str = ""
    multi_threading: bool | None = None
    descriptions: Descriptions = NO_DESCRIPTIONS
    review: Review = field(default_factory=lambda: NOT_REVIEWED)
    dns_updates: DnsUpdates | None = None
    dns_server: DnsServer | None = None
