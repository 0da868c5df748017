"""Lease counts, from stat-lease4-get and stat-lease6-get or, where their hook is not loaded, from the statistics.

The two count differently: a declined lease is among the assigned ones in the statistics always, in the rows of
stat-lease from Kea 3.1.2 on only. Here a lease is in one state, whichever way it was learnt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.kea.protocol import Result
from kea_exporter.kea.reading import as_int, as_list, as_map, as_text
from kea_exporter.kea.statistics import unknown_names
from kea_exporter.snapshot import Daemon, LeaseCounts, Leases, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.protocol import Answer

ASSIGNED_HOLDS_DECLINED_SINCE = (3, 1, 2)
ADDRESSES = {Daemon.DHCP4: "assigned-addresses", Daemon.DHCP6: "assigned-nas"}


def read_stat_lease(answer: Answer, daemon: Daemon, version: Version) -> Leases:
    """Return the sums over the rows of stat-lease4-get or stat-lease6-get, of which each is a configured subnet.

    Raises:
        MalformedAnswerError: the result set has not the documented columns.
    """
    rows = list(_rows(answer))
    declined = sum(row["declined-addresses"] for row in rows)
    assigned = sum(row[ADDRESSES[daemon]] for row in rows)
    if version.numbers >= ASSIGNED_HOLDS_DECLINED_SINCE:
        assigned -= declined
    prefixes = LeaseCounts(sum(row["assigned-pds"] for row in rows), 0) if daemon is Daemon.DHCP6 else None
    return Leases(LeaseCounts(assigned, declined), prefixes)


def read_statistics(answer: Answer, daemon: Daemon, subnets: frozenset[int]) -> Leases:
    """Return the sums over the statistics of the configured subnets; Kea keeps those of deleted subnets too.

    Raises:
        MalformedAnswerError: a statistic is not there (somebody removed it), or has no samples.
    """
    statistics = answer.map
    declined = _sum(statistics, "declined-addresses", subnets)
    assigned = _sum(statistics, ADDRESSES[daemon], subnets) - declined
    prefixes = LeaseCounts(_sum(statistics, "assigned-pds", subnets), 0) if daemon is Daemon.DHCP6 else None
    return Leases(LeaseCounts(assigned, declined), prefixes, unknown_names(statistics, daemon))


def _rows(answer: Answer) -> Iterator[dict[str, int]]:
    if answer.result == Result.EMPTY:  # no subnet is configured
        return
    result_set = as_map(answer.map.get("result-set"), "result-set")
    columns = [as_text(column, "columns") for column in as_list(result_set.get("columns"), "columns")]
    for row in as_list(result_set.get("rows"), "rows"):
        yield _Row(zip(columns, as_list(row, "rows"), strict=False))


class _Row(dict[str, Any]):
    """A row of which a missing or odd column is a malformed answer."""

    def __getitem__(self, column: str) -> int:
        return as_int(self.get(column), column)


def _sum(statistics: Mapping[str, object], name: str, subnets: frozenset[int]) -> int:
    return sum(_newest(statistics.get(f"subnet[{number}].{name}"), name) for number in subnets)


def _newest(samples: object, name: str) -> int:
    newest = as_list(samples, name)[:1]
    return as_int(as_list(newest[0], name)[0] if newest and newest[0] else None, name)
