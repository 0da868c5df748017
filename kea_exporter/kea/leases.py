"""Leases of the configured subnets, from rows of stat-lease or, where that hook is not loaded, from statistics."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason
from kea_exporter.facts.leases import LeaseDatabase, Leases
from kea_exporter.facts.subnets import Count, Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.subnets import Column, Subnets

KINDS = (Count.ADDRESSES_ASSIGNED, Count.PREFIXES_ASSIGNED)
CAPACITIES = (Count.ADDRESSES, Count.PREFIXES)
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
    none_assigned = {
        count: (0,) * len(rows.keys) for count in (*KINDS, Count.ADDRESSES_DECLINED) if count in rows.columns
    }
    counts = rows.or_of(Counts(rows.keys, {**none_assigned}))
    left_behind = {} if statistics is None else _left_behind(statistics, subnets)
    return Leases(_with_capacity(counts, configured), left_behind, _overfull(counts, subnets))


def leases_of_statistics(counts: Counts[int], subnets: Subnets, configured: Counts[int]) -> Leases:
    """Return the leases that the statistics count, in the configured subnets and in those that are no more."""
    present = counts.of(subnets.ids)
    return Leases(_with_capacity(present, configured), _left_behind(counts, subnets), _overfull(present, subnets))


def _with_capacity(counts: Counts[int], configured: Counts[int]) -> Counts[int]:
    """Fill in how much pools hold where Kea says 0: after statistic-reset-all it does until it is reconfigured."""
    columns: dict[Count, Column] = dict(counts.columns)
    for capacity in CAPACITIES:
        said = columns.get(capacity, (None,) * len(counts.keys))
        if 0 in said or None in said:
            sizes = configured.of(counts.keys).columns.get(capacity, said)
            filled = tuple(one or other for one, other in zip(said, sizes, strict=True))
            # DHCPv4 has no prefixes, of which there are none in any subnet then.
            columns |= {capacity: filled} if capacity in columns or any(filled) else {}
    return Counts(counts.keys, columns)


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
