"""A configuration prepared for its facts and its review: subnets with pools and inherited values, each parsed once."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from kea_exporter.kea.addresses import pool_range, prefix_range_from, reserved_addresses
from kea_exporter.kea.reading import address_number, as_int, as_list, as_map, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Tree = dict[str, Any]

SUBNET_KEYS = {"Dhcp4": "subnet4", "Dhcp6": "subnet6"}


class Range(NamedTuple):
    """Addresses from first to last, as numbers, and the map that configures them."""

    first: int
    last: int
    entry: Tree


@dataclass(eq=False)
class PreparedNetwork:
    """One shared network, which many subnets may be in.

    Attributes:
        entry: its map.
    """

    entry: Tree

    def __str__(self) -> str:
        return f"shared network {printable(str(self.entry.get('name')))}"

    @cached_property
    def guards(self) -> list[str]:
        """Return the client classes that restrict who may use the network."""
        return guards_of(self.entry)


@dataclass(eq=False)
class PreparedSubnet:
    """One subnet.

    Attributes:
        number: its id.
        text: its prefix as written.
        address: the address of the prefix as written, as a number.
        first: the first address of the prefix, host bits cleared.
        last: the last one.
        entry: its map.
        network: its shared network; None where it is in none.
        tree: the configuration of the daemon.
        pools: the pools of addresses, sorted.
        reservations: the host reservations.
        reserved: the reserved addresses, as numbers and as written.
    """

    number: int
    text: str
    address: int
    first: int
    last: int
    entry: Tree
    network: PreparedNetwork | None
    tree: Tree
    pools: list[Range] = field(init=False)
    reservations: list[Tree] = field(init=False)
    reserved: list[tuple[int, str]] = field(init=False)

    def __post_init__(self) -> None:
        pools = [as_map(pool, "pools") for pool in as_list(self.entry.get("pools", []), "pools")]
        self.pools = [Range(*pool_range(pool), pool) for pool in pools]
        if len(pools) > 1:
            self.pools.sort(key=lambda pool: pool[:2])
        hosts = as_list(self.entry.get("reservations", []), "reservations")
        self.reservations = [as_map(host, "reservations") for host in hosts]
        self.reserved = [
            (address_number(text), text) for host in self.reservations for text in reserved_addresses(host)
        ]

    def __str__(self) -> str:
        return f"subnet {printable(self.text)} (id {self.number})"

    @property
    def size(self) -> int:
        """Return the number of addresses of the prefix."""
        return self.last - self.first + 1

    @property
    def pd_pools(self) -> list[Tree]:
        """Return the pools of prefixes."""
        return [as_map(pool, "pd-pools") for pool in as_list(self.entry.get("pd-pools", []), "pd-pools")]

    def effective(self, key: str, *, default: object = None) -> Any:  # noqa: ANN401 - any value of a configuration
        """Return a value as it applies to this subnet: its own, its shared network's, the daemon's, or the default."""
        if key in self.entry:
            return self.entry[key]
        if self.network is not None and key in self.network.entry:
            return self.network.entry[key]
        return self.tree.get(key, default)

    @property
    def uses_reservations(self) -> bool:
        """Return whether Kea uses the reservations of the subnet."""
        return bool(self.effective("reservations-in-subnet", default=True))

    @property
    def uses_global_reservations(self) -> bool:
        """Return whether Kea uses the reservations for all subnets here."""
        return bool(self.effective("reservations-global", default=False))

    @property
    def keeps_reserved(self) -> bool:
        """Return whether Kea keeps reserved addresses of the pools for their hosts."""
        return self.uses_reservations and not self.effective("reservations-out-of-pool", default=False)

    @property
    def guards(self) -> Iterator[str]:
        """Return the client classes that restrict who may use the subnet: its own and its shared network's."""
        return chain(guards_of(self.entry), self.network.guards if self.network is not None else ())

    @property
    def is_guarded(self) -> bool:
        """Return whether only certain client classes may use the subnet."""
        return next(self.guards, None) is not None

    @property
    def relationship_server(self) -> object:
        """Return the `ha-server-name` of the subnet or its shared network, which names a peer; None without any."""
        network = self.network.entry if self.network is not None else {}
        contexts = (as_map(level.get("user-context") or {}, "user-context") for level in (self.entry, network))
        return next((context["ha-server-name"] for context in contexts if "ha-server-name" in context), None)

    def is_in_pool(self, number: int) -> bool:
        """Return whether an address lies in a pool."""
        place = bisect_right(self.pools, number, key=itemgetter(0)) - 1
        return place >= 0 and number <= self.pools[place].last


@dataclass(frozen=True, eq=False)
class Prepared:
    """The configuration of one daemon.

    Attributes:
        root: `Dhcp4`, `Dhcp6` or `DhcpDdns`.
        networks: the shared networks.
        subnets: sorted by first address, wider ones first.
    """

    root: str
    tree: Tree
    networks: list[PreparedNetwork]
    subnets: list[PreparedSubnet]

    @property
    def has_further_hosts(self) -> bool:
        """Return whether hosts may be reserved, or get their addresses, elsewhere than in the configuration."""
        return any(self.tree.get(key) for key in ("hosts-database", "hosts-databases")) or "radius" in self.hooks

    @property
    def has_configuration_databases(self) -> bool:
        """Return whether parts of the configuration stand in a database."""
        return bool(as_map(self.tree.get("config-control") or {}, "config-control").get("config-databases"))

    @cached_property
    def hooks(self) -> dict[str, Tree]:
        """Return the parameters of the hook libraries by their short names, such as `lease_cmds`."""
        found: dict[str, Tree] = {}
        for hook in as_list(self.tree.get("hooks-libraries", []), "hooks-libraries"):
            entry = as_map(hook, "hooks-libraries")
            name = as_text(entry.get("library"), "library").rpartition("/")[2]
            parameters = as_map(entry.get("parameters") or {}, "parameters")
            found[name.removeprefix("libdhcp_").removesuffix(".so")] = parameters
        return found

    @cached_property
    def relationships(self) -> list[Tree]:
        """Return the high availability relationships."""
        entries = as_list(self.hooks.get("ha", {}).get("high-availability") or [], "high-availability")
        return [as_map(entry, "high-availability") for entry in entries]

    @cached_property
    def classes(self) -> dict[str, Tree]:
        """Return the configured client classes by name."""
        entries = as_list(self.tree.get("client-classes", []), "client-classes")
        return {as_text(as_map(entry, "client-classes").get("name"), "name"): entry for entry in entries}


def prepared(root: str, tree: Tree) -> Prepared:
    """Return a configuration with its subnets parsed.

    Raises:
        MalformedAnswerError: it is not as Kea writes it.
    """
    values = as_list(tree.get("shared-networks", []), "shared-networks")
    networks = [PreparedNetwork(as_map(value, "shared-networks")) for value in values]
    key = SUBNET_KEYS.get(root)
    subnets = list(_subnets(tree, networks, key)) if key else []
    subnets.sort(key=lambda subnet: (subnet.first, -subnet.last, subnet.number))
    return Prepared(root, tree, networks, subnets)


def _subnets(tree: Tree, networks: list[PreparedNetwork], key: str) -> Iterator[PreparedSubnet]:
    for network in (None, *networks):
        for value in as_list((tree if network is None else network.entry).get(key, []), key):
            entry = as_map(value, key)
            text = as_text(entry.get("subnet"), "subnet")
            address, first, last = prefix_range_from(text)
            yield PreparedSubnet(as_int(entry.get("id", 0), "id"), text, address, first, last, entry, network, tree)


def guards_of(entry: Mapping[str, Any]) -> list[str]:
    """Return the client classes that restrict a subnet, network, pool or option; one under Kea's old singular key."""
    if "client-classes" not in entry and "client-class" not in entry:
        return []
    single = entry.get("client-class")
    return [
        as_text(name, "client-classes")
        for name in as_list(entry.get("client-classes", [single] if single else []), "client-classes")
    ]
