"""How full subnets and shared networks are, by the leases in their pools (the rules of Prometheus say the same).

Kea counts a lease of a reserved address outside the pools as assigned, and an address that is reserved for an absent
host as free. So there are two bounds, which are equal without reservations.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.subnets import NO_DESCRIPTIONS, Count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.subnets import Counts


@dataclass(frozen=True)
class Kind:
    """What is leased, and the counts that tell of it."""

    name: str
    capacity: Count
    assigned: Count
    in_pool: Count
    reserved_in_pool: Count
    reserved_out_of_pool: Count


KINDS = (
    Kind(
        "address",
        Count.ADDRESSES,
        Count.ADDRESSES_ASSIGNED,
        Count.ADDRESSES_IN_POOL,
        Count.ADDRESSES_RESERVED_IN_POOL,
        Count.ADDRESSES_RESERVED_OUT_OF_POOL,
    ),
    Kind(
        "prefix",
        Count.PREFIXES,
        Count.PREFIXES_ASSIGNED,
        Count.PREFIXES_IN_POOL,
        Count.PREFIXES_RESERVED_IN_POOL,
        Count.PREFIXES_RESERVED_OUT_OF_POOL,
    ),
)


@dataclass(frozen=True)
class Fullness:
    """How full something is.

    Attributes:
        assigned: as Kea counts it, leases outside the pools included.
        lower: how many leases lie in the pools at least.
        upper: how many addresses new clients cannot have at most: no host with a reservation is there.
    """

    kind: str
    capacity: int
    assigned: int
    lower: int
    upper: int

    @property
    def share(self) -> float:
        """Return the share that is leased, between 0 and 1."""
        return min(self.lower, self.capacity) / self.capacity

    @property
    def upper_share(self) -> float:
        """Return the share that is leased or reserved, between 0 and 1."""
        return min(self.upper, self.capacity) / self.capacity


@dataclass(frozen=True)
class Room:
    """A subnet, or a shared network, and how full it is.

    Attributes:
        number: the id of the subnet; None for a shared network.
        prefix: of the subnet; empty for a shared network.
        network: the name of the shared network; empty for a subnet in none.
    """

    number: int | None
    prefix: str
    network: str
    fullness: Fullness

    @property
    def name(self) -> str:
        """Return what it is called."""
        return self.prefix if self.number is not None else f"shared network {self.network}"


def fullness_of(counts: Counts[int], kind: Kind) -> list[Fullness | None]:
    """Return how full each subnet is; None where it is not known, or where there is nothing to lease."""
    names = (kind.capacity, kind.assigned, kind.in_pool, kind.reserved_in_pool, kind.reserved_out_of_pool)
    none = (None,) * len(counts.keys)
    found: list[Fullness | None] = []
    for row in zip(*(counts.columns.get(name) or none for name in names), strict=True):
        capacity, assigned, in_pool, reserved_in_pool, reserved_out_of_pool = row
        if capacity is None or assigned is None or capacity <= 0:
            found.append(None)
            continue
        if min(assigned, in_pool or 0, reserved_in_pool or 0, reserved_out_of_pool or 0) < 0:  # a peer sends anything
            found.append(None)
            continue
        lower = in_pool if in_pool is not None else max(0, assigned - (reserved_out_of_pool or 0))
        upper = (assigned if in_pool is None else in_pool) + (reserved_in_pool or 0)
        found.append(Fullness(kind.name, capacity, assigned, min(capacity, lower), min(capacity, upper)))
    return found


def judged_rooms(snapshot: Snapshot) -> Iterator[Room]:
    """Return what is judged: subnets by themselves, and shared networks.

    Subnets that are for some client classes alone are judged by themselves; a shared network is judged by its others,
    or by all of them where it has no others.
    """
    leases, subnets, configuration = snapshot.leases, snapshot.subnets, snapshot.configuration
    if isinstance(leases, Failure) or isinstance(subnets, Failure):
        return
    classes = NO_DESCRIPTIONS.classes if isinstance(configuration, Failure) else configuration.descriptions.classes
    labels = dict(zip(subnets.ids, zip(subnets.prefixes, subnets.networks, strict=True), strict=True))
    for kind in KINDS:
        guarded: dict[str, list[Fullness]] = defaultdict(list)
        for_all: dict[str, list[Fullness]] = defaultdict(list)
        for number, found in zip(leases.subnets.keys, fullness_of(leases.subnets, kind), strict=True):
            prefix, network = labels.get(number, (f"subnet {number}", ""))
            if found is None:
                continue
            if not network or number in classes:
                yield Room(number, prefix, network, found)
            if network:
                (guarded if number in classes else for_all)[network].append(found)
        for network in guarded.keys() | for_all.keys():
            yield Room(None, "", network, _summed(kind.name, for_all.get(network) or guarded[network]))


def _summed(kind: str, parts: list[Fullness]) -> Fullness:
    return Fullness(
        kind,
        sum(part.capacity for part in parts),
        sum(part.assigned for part in parts),
        sum(part.lower for part in parts),
        sum(part.upper for part in parts),
    )


def highest(snapshot: Snapshot) -> Mapping[str, Room]:
    """Return the fullest of what is judged, by kind; of those with the same share the largest."""
    found: dict[str, Room] = {}
    ranks: dict[str, tuple[float, int]] = {}
    for room in judged_rooms(snapshot):
        kind, rank = room.fullness.kind, (room.fullness.share, room.fullness.capacity)
        if kind not in found or rank > ranks[kind]:
            found[kind], ranks[kind] = room, rank
    return found


def fullest_subnets(snapshot: Snapshot, number: int) -> list[int]:
    """Return the places of the fullest subnets in the list of leases, the fullest first."""
    leases = snapshot.leases
    if isinstance(leases, Failure):
        return []
    shares = [-1.0] * len(leases.subnets.keys)
    for kind in KINDS:
        for place, found in enumerate(fullness_of(leases.subnets, kind)):
            if found is not None:
                shares[place] = max(shares[place], found.share)
    return nlargest(
        number, (value for value, share in enumerate(shares) if share >= 0), key=lambda entry: shares[entry]
    )
