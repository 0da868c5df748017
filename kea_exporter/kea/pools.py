"""How many addresses and prefixes the configured pools hold (Kea ARM, "Configuration of IPv4 Address Pools" and on)."""

from __future__ import annotations

import re
from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.subnets import Capacities, Count, Counts, PoolTotals
from kea_exporter.kea.reading import MalformedAnswerError, address_number, as_int, as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.facts.subnets import PoolKey
    from kea_exporter.kea.statistics import AllStatistics

    Sizes = Mapping[PoolKey, int]

MAX_PREFIX = 128
LENGTH = re.compile(r"\d{1,3}", re.ASCII)


def capacities(subnets: Iterable[Mapping[str, Any]]) -> Capacities:
    """Return how many addresses, and prefixes to delegate, subnets and their pools hold.

    Raises:
        MalformedAnswerError: a pool is not as Kea writes it.
    """
    known = sorted(((as_int(subnet.get("id"), "id"), subnet) for subnet in subnets), key=itemgetter(0))
    ids = tuple(number for number, _ in known)
    addresses = _sizes(known, "pools", _addresses)
    prefixes = _sizes(known, "pd-pools", _prefixes)
    return Capacities(
        Counts(ids, {Count.ADDRESSES: _by_subnet(ids, addresses), Count.PREFIXES: _by_subnet(ids, prefixes)}),
        Counts(tuple(addresses), {Count.ADDRESSES: tuple(addresses.values())}),
        Counts(tuple(prefixes), {Count.PREFIXES: tuple(prefixes.values())}),
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


def _sizes(
    subnets: Iterable[tuple[int, Mapping[str, Any]]], key: str, size: Callable[[Mapping[str, Any]], int]
) -> Sizes:
    """Return the size of each pool; those of a subnet that share a pool-id are one (measured)."""
    sizes: Counter[PoolKey] = Counter()
    for number, subnet in subnets:
        for pool in (as_map(entry, key) for entry in as_list(subnet.get(key, []), key)):
            sizes[number, as_int(pool.get("pool-id", 0), "pool-id")] += size(pool)
    return dict(sorted(sizes.items()))


def _by_subnet(ids: tuple[int, ...], sizes: Sizes) -> tuple[int, ...]:
    sums: Counter[int] = Counter()
    for (number, _), size in sizes.items():
        sums[number] += size
    return tuple(sums[number] for number in ids)


def _addresses(pool: Mapping[str, Any]) -> int:
    """Return the size of a pool of addresses."""
    first, last = pool_range(pool)
    return max(0, last - first + 1)


def pool_range(pool: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and the last address of a pool, which is written as a range or as a prefix.

    Raises:
        MalformedAnswerError: it is neither.
    """
    first, dash, last = as_text(pool.get("pool"), "pool").partition("-")
    return (address_number(first.strip()), address_number(last.strip())) if dash else prefix_range(first.strip())


def prefix_range(prefix: str) -> tuple[int, int]:
    """Return the first and the last address of a prefix, which may be written with the address of a host.

    Raises:
        MalformedAnswerError: it is no prefix.
    """
    return prefix_range_from(prefix)[1:]


def prefix_range_from(prefix: str) -> tuple[int, int, int]:
    """Return the address of a prefix as it is written, and the first and the last address of the prefix.

    Raises:
        MalformedAnswerError: it is no prefix.
    """
    address, _, length = prefix.partition("/")
    number, bits = address_number(address), 128 if ":" in address else 32
    if LENGTH.fullmatch(length) is None or int(length) > bits:
        raise MalformedAnswerError("a prefix has no length that its addresses can have")
    size = 1 << bits - int(length)
    first = number - number % size
    return number, first, first + size - 1


def pd_pool_range(pool: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and the last address of a pool of prefixes.

    Raises:
        MalformedAnswerError: it has no prefix.
    """
    return prefix_range(f"{as_text(pool.get('prefix'), 'prefix')}/{as_int(pool.get('prefix-len'), 'prefix-len')}")


def _prefixes(pool: Mapping[str, Any]) -> int:
    bits = as_int(pool.get("delegated-len"), "delegated-len") - as_int(pool.get("prefix-len"), "prefix-len")
    if not 0 <= bits <= MAX_PREFIX:
        raise MalformedAnswerError("'delegated-len' is not a length within the prefix")
    return 1 << bits
