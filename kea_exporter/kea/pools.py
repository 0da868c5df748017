"""How many addresses and prefixes the configured pools hold (Kea ARM, "Configuration of IPv4 Address Pools" and on)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.subnets import Capacities, Count, Counts, PoolTotals
from kea_exporter.kea.reading import MalformedAnswerError, as_int

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kea_exporter.facts.subnets import PoolKey
    from kea_exporter.kea.prepared import PreparedSubnet
    from kea_exporter.kea.statistics import AllStatistics

    Sizes = Mapping[PoolKey, int]

MAX_PREFIX = 128


def capacities(subnets: Sequence[PreparedSubnet]) -> Capacities:
    """Return how many addresses, and prefixes to delegate, subnets and their pools hold.

    Args:
        subnets: in the order of their ids.

    Raises:
        MalformedAnswerError: a pool is not as Kea writes it.
    """
    ids = tuple(subnet.number for subnet in subnets)
    addresses: Counter[PoolKey] = Counter()
    prefixes: Counter[PoolKey] = Counter()
    for subnet in subnets:
        for pool in subnet.pools:
            addresses[subnet.number, _id_of(pool.entry)] += max(0, pool.last - pool.first + 1)
        for entry in subnet.pd_pools:
            prefixes[subnet.number, _id_of(entry)] += _prefixes(entry)
    return Capacities(
        Counts(ids, {Count.ADDRESSES: _by_subnet(ids, addresses), Count.PREFIXES: _by_subnet(ids, prefixes)}),
        _of_pools(addresses, Count.ADDRESSES),
        _of_pools(prefixes, Count.PREFIXES),
    )


def pool_totals(counted: Counts[int], said: AllStatistics | None) -> PoolTotals:
    """Return how much Kea itself says that subnets and pools hold.

    Args:
        counted: of the configured subnets, as Kea counts them.
        said: all statistics; None where they were not queried.
    """
    subnets = tuple(counted.columns.get(count) for count in (Count.ADDRESSES, Count.PREFIXES))
    if said is None:
        return PoolTotals(subnets, None)
    pools = (said.pools.keys, said.pools.columns.get(Count.ADDRESSES))
    pd_pools = (said.pd_pools.keys, said.pd_pools.columns.get(Count.PREFIXES))
    return PoolTotals(subnets, (pools, pd_pools))


def _id_of(pool: Mapping[str, Any]) -> int:
    """Return the id of a pool; those of a subnet that share one are counted as one by Kea (measured)."""
    return as_int(pool.get("pool-id", 0), "pool-id")


def _of_pools(sizes: Sizes, count: Count) -> Counts[PoolKey]:
    keys = tuple(sorted(sizes))
    return Counts(keys, {count: tuple(sizes[key] for key in keys)})


def _by_subnet(ids: tuple[int, ...], sizes: Sizes) -> tuple[int, ...]:
    sums: Counter[int] = Counter()
    for (number, _), size in sizes.items():
        sums[number] += size
    return tuple(sums[number] for number in ids)


def _prefixes(pool: Mapping[str, Any]) -> int:
    bits = as_int(pool.get("delegated-len"), "delegated-len") - as_int(pool.get("prefix-len"), "prefix-len")
    if not 0 <= bits <= MAX_PREFIX:
        raise MalformedAnswerError("'delegated-len' is not a length within the prefix")
    return 1 << bits
