"""The facts about subnets, column by column: a large server has tens of thousands of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

K = TypeVar("K")

Column = tuple[int | None, ...]


class Count(Enum):
    """What Kea counts for each subnet and each pool."""

    ADDRESSES = "addresses"
    ADDRESSES_ASSIGNED = "addresses assigned, the declined ones included"
    ADDRESSES_DECLINED = "addresses declined"
    ADDRESSES_REGISTERED = "addresses that clients registered (RFC 9686)"
    ADDRESS_ASSIGNMENTS = "addresses ever assigned"
    PREFIXES = "prefixes for delegation"
    PREFIXES_ASSIGNED = "prefixes delegated"
    PREFIX_ASSIGNMENTS = "prefixes ever delegated"
    ADDRESSES_IN_POOL = "addresses assigned in the pools, the declined ones included"
    PREFIXES_IN_POOL = "prefixes delegated from the pools"
    ADDRESSES_RESERVED_IN_POOL = "addresses in the pools that are reserved for hosts"
    ADDRESSES_RESERVED_OUT_OF_POOL = "addresses outside the pools that are reserved for hosts"
    PREFIXES_RESERVED_IN_POOL = "prefixes in the pools that are reserved for hosts"
    PREFIXES_RESERVED_OUT_OF_POOL = "prefixes outside the pools that are reserved for hosts"
    ALLOCATION_FAILURES = "requests for which the subnet had no lease"
    ALLOCATION_FAILURES_OF_NETWORK = "requests for which the whole shared network of the subnet had no lease"
    LEASES_RECLAIMED = "expired leases taken back"

    # They are keys for each statistic of a scrape, and Enum's own is slow.
    __hash__ = object.__hash__


# For want of a lease in the subnet, or in its whole shared network.
REFUSED = (Count.ALLOCATION_FAILURES, Count.ALLOCATION_FAILURES_OF_NETWORK)


# Two lists of the same subnets may come from different commands: they are compared by their columns.
@dataclass(frozen=True, eq=False)
class Subnets:
    """The configured subnets in the order of their ids, those of shared networks included.

    Attributes:
        prefixes: such as `192.0.2.0/24`.
        networks: the name of each one's shared network; empty where it is in none.
        digest: of the answer that they were read from; the same answer need not be read twice.
    """

    ids: tuple[int, ...] = ()
    prefixes: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    digest: bytes = b""

    @cached_property
    def by_id(self) -> Mapping[int, str]:
        """Return the prefix of each subnet by its id."""
        return dict(zip(self.ids, self.prefixes, strict=True))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Return how many addresses each prefix has; one of no known length is taken to have 2^128."""
        return tuple(map(_size, self.prefixes))

    def is_same_as(self, other: Subnets) -> bool:
        """Return whether these are the same subnets, in the same shared networks."""
        return self is other or (self.ids, self.prefixes, self.networks) == (other.ids, other.prefixes, other.networks)


def _size(prefix: str) -> int:
    length = prefix.rpartition("/")[2]
    bits = 128 if ":" in prefix else 32
    if re.fullmatch(r"\d{1,3}", length, re.ASCII) is None:
        return 1 << 128
    return 1 << (bits - min(int(length), bits))


@dataclass(frozen=True, eq=False)
class Counts(Generic[K]):
    """Counts for each of many things, column by column.

    Attributes:
        keys: the things, such as subnet ids.
        columns: per count a value for each of them; None where it is not known.
    """

    keys: tuple[K, ...]
    columns: Mapping[Count, Column]

    def of(self, keys: Sequence[K]) -> Counts[K]:
        """Return the counts of *keys*, in their order; None for those that are not counted here."""
        if keys == self.keys:
            return self
        rows = dict(zip(self.keys, range(len(self.keys)), strict=True))
        found = [rows.get(key) for key in keys]
        columns = {
            count: tuple(None if row is None else column[row] for row in found)
            for count, column in self.columns.items()
        }
        return Counts(tuple(keys), columns)

    def or_of(self, other: Counts[K]) -> Counts[K]:
        """Return these counts, and those of *other* where they are not known here."""
        columns = dict(self.columns)
        for count, there in other.of(self.keys).columns.items():
            here = columns.get(count)
            if here is None:
                columns[count] = there
            elif None in here:
                columns[count] = tuple(
                    theirs if ours is None else ours for ours, theirs in zip(here, there, strict=True)
                )
        return Counts(self.keys, columns)


# Compared by identity: whoever derives something from the labels can keep it for as long as these are kept.
@dataclass(frozen=True, eq=False)
class Shown:
    """The subnets that have series of their own: their ids, and the values of the labels of each."""

    ids: tuple[int, ...]
    rows: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class SubnetSeries:
    """What is exported of subnets one by one.

    Attributes:
        counts: of the subnets shown, in their order.
        limit: how many series they may have.
    """

    shown: Shown
    counts: Counts[int]
    limit: int


# Subnet id and pool-id; several pools of a subnet that share a pool-id are one here (measured).
PoolKey = tuple[int, int]


@dataclass(frozen=True)
class Capacities:
    """How many addresses and prefixes there are to give, as the configuration has it.

    Attributes:
        subnets: of all pools of a subnet together, and how many addresses and prefixes are reserved for hosts.
    """

    subnets: Counts[int]
    pools: Counts[PoolKey]
    pd_pools: Counts[PoolKey]


NO_CAPACITIES = Capacities(Counts((), {}), Counts((), {}), Counts((), {}))


@dataclass(frozen=True)
class Descriptions:
    """Names and guards of subnets and pools, as the configuration has them; only of those that have any.

    Attributes:
        names: of subnets, from their user contexts.
        classes: the client classes that may use a subnet, as one text.
        pool_classes: the same of pools of addresses; the pools of a subnet that share a pool-id are one.
        pd_pool_classes: the same of pools of prefixes.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    classes: Mapping[int, str] = field(default_factory=dict)
    pool_classes: Mapping[PoolKey, str] = field(default_factory=dict)
    pd_pool_classes: Mapping[PoolKey, str] = field(default_factory=dict)


NO_DESCRIPTIONS = Descriptions()


@dataclass(frozen=True)
class PoolTotals:
    """How much Kea itself says that subnets and pools hold: it changes when pools are changed at run time.

    Unlike the capacity that is exported, nothing is filled in from the configuration.

    Attributes:
        subnets: a column for addresses and one for prefixes, in the order of the subnet ids.
        pools: pools and pd-pools with their totals; None where they were not queried.
    """

    subnets: tuple[Column | None, ...]
    pools: tuple[tuple[tuple[PoolKey, ...], Column | None], ...] | None

    def differ_from(self, before: PoolTotals) -> bool:
        """Return whether these are others than before, as far as both are known."""
        has_pools = self.pools is not None and before.pools is not None
        return self.subnets != before.subnets or (has_pools and self.pools != before.pools)


@dataclass(frozen=True)
class PoolSeries:
    """What is exported of pools one by one; the ids of pools and of pd-pools are separate number spaces.

    Attributes:
        limit: how many series they may have.
    """

    addresses: Counts[PoolKey]
    prefixes: Counts[PoolKey]
    limit: int
