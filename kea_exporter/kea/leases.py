"""Lease counts, from stat-lease4-get and stat-lease6-get or, where their hook is not loaded, from the statistics.

The two count differently: a declined lease is among the assigned ones in the statistics always, in the rows of
stat-lease from Kea 3.1.2 on only. Here a lease is in one state, whichever way it was learnt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.protocol import Result
from kea_exporter.kea.reading import as_int, as_list, as_map, as_text
from kea_exporter.kea.statistics import unknown_names
from kea_exporter.leases import LeaseCounts, Leases
from kea_exporter.snapshot import Daemon, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.protocol import Answer

ASSIGNED_HOLDS_DECLINED_SINCE = (3, 1, 2)
ADDRESSES = {Daemon.DHCP4: "assigned-addresses", Daemon.DHCP6: "assigned-nas"}
LEASES = {Daemon.DHCP4: ("assigned-addresses",), Daemon.DHCP6: ("assigned-nas", "assigned-pds")}
ADDRESS_BITS = {Daemon.DHCP4: 32, Daemon.DHCP6: 128}


def read_stat_lease(answer: Answer, daemon: Daemon, version: Version, subnets: Mapping[int, str]) -> Leases:
    """Return the sums over the rows of stat-lease4-get or stat-lease6-get, of which each is a configured subnet.

    Raises:
        MalformedAnswerError: the result set has not the documented columns.
    """
    rows = list(_rows(answer))
    holds_declined = version.numbers >= ASSIGNED_HOLDS_DECLINED_SINCE
    counts = {row["subnet-id"]: _counts(row, ADDRESSES[daemon], holds_declined) for row in rows}
    prefixes = LeaseCounts(sum(row["assigned-pds"] for row in rows), 0) if daemon is Daemon.DHCP6 else None
    return Leases(_total(counts), prefixes, overfull=_overfull(counts, subnets, daemon))


def read_statistics(answer: Answer, daemon: Daemon, subnets: Mapping[int, str]) -> Leases:
    """Return the sums over the statistics of the configured subnets; Kea keeps those of deleted subnets too.

    Raises:
        MalformedAnswerError: a statistic is not there (somebody removed it), or has no samples.
    """
    statistics = answer.map
    counts = {number: _counts_of(statistics, number, ADDRESSES[daemon]) for number in subnets}
    prefixes = None
    if daemon is Daemon.DHCP6:
        prefixes = LeaseCounts(sum(_newest(statistics, number, "assigned-pds") for number in subnets), 0)
    return Leases(
        addresses=_total(counts),
        prefixes=prefixes,
        unknown_statistics=unknown_names(statistics, daemon),
        left_behind=_left_behind(statistics, LEASES[daemon], subnets),
        overfull=_overfull(counts, subnets, daemon),
    )


def _total(counts: Mapping[int, LeaseCounts]) -> LeaseCounts:
    return LeaseCounts(sum(it.assigned for it in counts.values()), sum(it.declined for it in counts.values()))


def _overfull(counts: Mapping[int, LeaseCounts], subnets: Mapping[int, str], daemon: Daemon) -> frozenset[int]:
    bits = ADDRESS_BITS[daemon]
    return frozenset(
        number
        for number, it in counts.items()
        if number in subnets and it.assigned + it.declined > _size(subnets[number], bits)
    )


def _size(prefix: str, bits: int) -> int:
    """Return how many addresses a prefix has; one of no known length has them all."""
    length = prefix.rpartition("/")[2]
    known_length = int(length) if re.fullmatch(r"\d{1,3}", length, re.ASCII) else 0
    return 1 << (bits - min(known_length, bits))


def _rows(answer: Answer) -> Iterator[_Row]:
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


def _counts(row: _Row, assigned: str, holds_declined: bool) -> LeaseCounts:  # noqa: FBT001 - a fact about the version
    declined = row["declined-addresses"]
    return LeaseCounts(row[assigned] - (declined if holds_declined else 0), declined)


def _counts_of(statistics: Mapping[str, object], number: int, assigned: str) -> LeaseCounts:
    declined = _newest(statistics, number, "declined-addresses")
    return LeaseCounts(_newest(statistics, number, assigned) - declined, declined)


def _newest(statistics: Mapping[str, object], number: int, name: str) -> int:
    newest = as_list(statistics.get(f"subnet[{number}].{name}"), name)[:1]
    return as_int(as_list(newest[0], name)[0] if newest and newest[0] else None, name)


def _left_behind(
    statistics: Mapping[str, object], names: tuple[str, ...], subnets: Mapping[int, str]
) -> dict[int, int]:
    pattern = re.compile(rf"subnet\[(\d{{1,10}})\]\.({'|'.join(names)})", re.ASCII)
    left: dict[int, int] = {}
    for found in filter(None, map(pattern.fullmatch, statistics)):
        number = int(found[1])
        if number not in subnets:
            left[number] = left.get(number, 0) + _newest(statistics, number, found[2])
    return {number: leases for number, leases in sorted(left.items()) if leases > 0}
