"""Lease counts of the configured subnets, from rows of stat-lease or, where that hook is not loaded, from statistics.

The two count differently: a declined lease is among the assigned ones in the statistics always, in the rows of
stat-lease from Kea 3.1.2 on only. Here it always is, and its own column tells how many they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.leases import Leases
from kea_exporter.facts.subnets import Count, Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.facts.snapshot import Version
    from kea_exporter.facts.subnets import Column, Subnets

ASSIGNED_HOLDS_DECLINED_SINCE = (3, 1, 2)
KINDS = (Count.ADDRESSES_ASSIGNED, Count.PREFIXES_ASSIGNED)
CAPACITIES = (Count.ADDRESSES, Count.PREFIXES)


def leases_of_rows(rows: Counts[int], version: Version, subnets: Subnets, capacities: Counts[int]) -> Leases:
    """Return the leases that rows of stat-lease count, in the configured subnets.

    Args:
        rows: as Kea says them.
        version: of Kea, which decides whether the declined are among the assigned.
        subnets: those that are configured.
        capacities: of their pools, as the configuration has it.
    """
    counts = _with_declined(rows, version).of(subnets.ids)
    return Leases(_with_capacity(counts, capacities), overfull=_overfull(counts, subnets))


def leases_of_statistics(counts: Counts[int], subnets: Subnets, capacities: Counts[int]) -> Leases:
    """Return the leases that the statistics count, in the configured subnets and in those that are no more."""
    configured = counts.of(subnets.ids)
    left_behind = _left_behind(counts, subnets)
    return Leases(_with_capacity(configured, capacities), left_behind, _overfull(configured, subnets))


def _with_declined(rows: Counts[int], version: Version) -> Counts[int]:
    if version.numbers >= ASSIGNED_HOLDS_DECLINED_SINCE or not rows.keys:
        return rows
    assigned, declined = rows.columns[Count.ADDRESSES_ASSIGNED], rows.columns[Count.ADDRESSES_DECLINED]
    both = tuple((one or 0) + (other or 0) for one, other in zip(assigned, declined, strict=True))
    return Counts(rows.keys, {**rows.columns, Count.ADDRESSES_ASSIGNED: both})


def _with_capacity(counts: Counts[int], capacities: Counts[int]) -> Counts[int]:
    """Fill in how much pools hold where Kea says 0: after statistic-reset-all it does until it is reconfigured."""
    columns: dict[Count, Column] = dict(counts.columns)
    for capacity in CAPACITIES:
        said = columns.get(capacity)
        if said is not None and (0 in said or None in said):
            configured = capacities.of(counts.keys).columns.get(capacity, said)
            columns[capacity] = tuple(one or other for one, other in zip(said, configured, strict=True))
    return Counts(counts.keys, columns)


def _overfull(counts: Counts[int], subnets: Subnets) -> frozenset[int]:
    assigned = counts.columns.get(Count.ADDRESSES_ASSIGNED, ())
    return frozenset(
        number
        for number, leases, size in zip(counts.keys, assigned, subnets.sizes, strict=False)
        if leases is not None and leases > size
    )


def _left_behind(counts: Counts[int], subnets: Subnets) -> Mapping[int, int]:
    columns = [counts.columns[kind] for kind in KINDS if kind in counts.columns]
    left = {
        number: sum(leases or 0 for leases in row)
        for number, *row in zip(counts.keys, *columns, strict=True)
        if number not in subnets.by_id
    }
    return {number: leases for number, leases in left.items() if leases > 0}
