"""Leases of the configured subnets, from rows of stat-lease or, where that hook is not loaded, from statistics."""

from __future__ import annotations

from dataclasses import replace
from itertools import compress
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason
from kea_exporter.facts.leases import LeaseDatabase, Leases
from kea_exporter.facts.subnets import Count, Counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.subnets import Capacities, Column, PoolKey, Subnets
    from kea_exporter.kea.statistics import AllStatistics

KINDS = (Count.ADDRESSES_ASSIGNED, Count.PREFIXES_ASSIGNED)
CAPACITIES = (Count.ADDRESSES, Count.PREFIXES)
RESERVED = (
    Count.ADDRESSES_RESERVED_IN_POOL,
    Count.ADDRESSES_RESERVED_OUT_OF_POOL,
    Count.PREFIXES_RESERVED_IN_POOL,
    Count.PREFIXES_RESERVED_OUT_OF_POOL,
)
# Leases of a subnet that may come or end between two commands.
MAX_DRIFT = 3
# What a command that reads leases fails with where there are none to be read.
UNAVAILABLE = {
    Reason.NO_LEASE_MANAGER: LeaseDatabase.NO_MANAGER,
    Reason.LEASE_DATABASE_LOST: LeaseDatabase.CONNECTION_LOST,
}


def lease_database_of(answer: Fact[object]) -> Fact[LeaseDatabase]:
    """Return the state of the lease database, given what a command that reads leases brought."""
    if isinstance(answer, Failure):
        return UNAVAILABLE.get(answer.reason, answer)
    return LeaseDatabase.AVAILABLE


def leases_of_rows(
    rows: Counts[int], subnets: Subnets, configured: Counts[int], statistics: Counts[int] | None = None
) -> Leases:
    """Return the leases that rows of stat-lease count, in the configured subnets.

    Kea 3.0.3 leaves out the row of a subnet of which all leases are registered ones (measured): none is assigned there.

    Args:
        rows: of stat-lease, the declined among the assigned; of each configured subnet, be it empty.
        subnets: those that are configured.
        configured: how much their pools hold, as the configuration has it.
        statistics: what statistic-get-all counts by subnet, where it was asked: stat-lease has no row of a subnet that
            was removed, and the statistics still have its leases.
    """
    counts = _with_missing_rows(rows)
    left_behind = {} if statistics is None else _left_behind(statistics, subnets)
    return Leases(_as_configured(counts, configured), left_behind, _overfull(counts, subnets))


def leases_of_statistics(counts: Counts[int], subnets: Subnets, configured: Counts[int]) -> Leases:
    """Return the leases that the statistics count, in the configured subnets and in those that are no more."""
    present = counts.of(subnets.ids)
    return Leases(_as_configured(present, configured), _left_behind(counts, subnets), _overfull(present, subnets))


def with_leases_in_pools(leases: Leases, said: AllStatistics, configured: Capacities) -> Leases:
    """Add how many leases lie in the pools of each subnet, which the statistics of pools tell.

    They do not after statistic-reset-all, as the leases that stat-lease counts show.

    Args:
        leases: of the configured subnets.
        said: all statistics, read a moment ago.
        configured: which pools there are.
    """
    columns: dict[Count, Column] = dict(leases.subnets.columns)
    pools = {
        Count.ADDRESSES_IN_POOL: (Count.ADDRESSES_ASSIGNED, configured.pools, said.pools),
        Count.PREFIXES_IN_POOL: (Count.PREFIXES_ASSIGNED, configured.pd_pools, said.pd_pools),
    }
    for inside, (assigned, ours, theirs) in pools.items():
        if assigned in columns and ours.keys:
            sums = _sums(ours.keys, theirs.of(ours.keys).columns.get(assigned, (None,) * len(ours.keys)))
            by_statistics = said.subnets.of(leases.subnets.keys).columns.get(assigned, (None,) * len(columns[assigned]))
            rows = zip(leases.subnets.keys, columns[assigned], by_statistics, strict=True)
            columns[inside] = tuple(_inside(total, said_total, sums.get(key, 0)) for key, total, said_total in rows)
    return replace(leases, subnets=Counts(leases.subnets.keys, columns))


def _sums(keys: Sequence[PoolKey], values: Column) -> dict[int, int | None]:
    """Return the sum of the pools of each subnet; None where one of them is not known."""
    sums: dict[int, int | None] = {}
    for (subnet, _), value in zip(keys, values, strict=True):
        before = sums.get(subnet, 0)
        sums[subnet] = None if before is None or value is None else before + value
    return sums


def _inside(total: int | None, said_total: int | None, said_inside: int | None) -> int | None:
    if total is None or said_total is None or said_inside is None or said_inside > said_total:
        return None
    if abs(total - said_total) > MAX_DRIFT:
        return None
    return max(0, total - (said_total - said_inside))


def _with_missing_rows(rows: Counts[int]) -> Counts[int]:
    """Return rows of stat-lease, with none assigned in the subnets that have no row."""
    counted = [kind for kind in (*KINDS, Count.ADDRESSES_DECLINED) if None in rows.columns.get(kind, ())]
    if not counted:
        return rows
    missing = [all(value is None for value in row) for row in zip(*rows.columns.values(), strict=True)]
    filled = {
        count: tuple(0 if gone else value for value, gone in zip(rows.columns[count], missing, strict=True))
        for count in counted
    }
    return Counts(rows.keys, {**rows.columns, **filled})


def _as_configured(counts: Counts[int], configured: Counts[int]) -> Counts[int]:
    """Return the counts with what is reserved, and with how much pools hold.

    After statistic-reset-all, Kea says 0 of the latter until it is reconfigured.
    """
    columns: dict[Count, Column] = dict(counts.columns)
    known = configured.of(counts.keys).columns
    for capacity in CAPACITIES:
        said = columns.get(capacity, (None,) * len(counts.keys))
        if 0 in said or None in said:
            sizes = known.get(capacity, said)
            filled = tuple(one or other for one, other in zip(said, sizes, strict=True))
            # DHCPv4 has no prefixes, of which there are none in any subnet then.
            columns |= {capacity: filled} if capacity in columns or any(filled) else {}
    return Counts(counts.keys, columns | {count: known[count] for count in RESERVED if count in known})


def _overfull(counts: Counts[int], subnets: Subnets) -> frozenset[int]:
    assigned = counts.columns.get(Count.ADDRESSES_ASSIGNED, ())
    is_over = (leases is not None and leases > size for leases, size in zip(assigned, subnets.sizes, strict=False))
    return frozenset(compress(counts.keys, is_over))


def _left_behind(counts: Counts[int], subnets: Subnets) -> Mapping[int, int]:
    columns = [counts.columns[kind] for kind in KINDS if kind in counts.columns]
    left = {
        number: sum(leases or 0 for leases in row)
        for number, *row in zip(counts.keys, *columns, strict=True)
        if number not in subnets.by_id
    }
    return {number: leases for number, leases in left.items() if leases > 0}
