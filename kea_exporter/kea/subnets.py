"""Which subnets a daemon has, and how many addresses and prefixes of each are in use.

Sources: Kea ARM, "The subnet4-list Command" and its like for DHCPv6 (hook subnet_cmds), "The stat-lease4-get,
stat-lease6-get Commands" (hook stat_cmds).
"""

from __future__ import annotations

from itertools import chain
from operator import add
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Count, Counts, Subnets
from kea_exporter.kea.protocol import Result
from kea_exporter.kea.reading import MAX_NUMBER, MalformedAnswerError, as_int, as_list, as_map, as_text
from kea_exporter.kea.statistics_table import COUNTS
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kea_exporter.facts.snapshot import Version
    from kea_exporter.facts.subnets import Column
    from kea_exporter.kea.protocol import Answer

ASSIGNED_HOLDS_DECLINED_SINCE = (3, 1, 2)
ADDRESS_COLUMNS = {
    Daemon.DHCP4: ("assigned-addresses", "declined-addresses"),
    Daemon.DHCP6: ("assigned-nas", "declined-addresses"),
}
MAX_ID = 2**32 - 1


def read_subnets(answer: Answer) -> Subnets:
    """Return the subnets of subnet4-list or subnet6-list, those that were added at run time included.

    Raises:
        MalformedAnswerError: a subnet has not the documented keys.
    """
    entries = [] if answer.result == Result.EMPTY else as_list(answer.map.get("subnets"), "subnets")
    named = [as_map(entry, "subnets") for entry in entries]
    return subnets_of(((entry, entry.get("shared-network-name") or "") for entry in named), answer.digest)


def subnets_of(entries: Iterable[tuple[Mapping[str, Any], object]], digest: bytes = b"") -> Subnets:
    """Return subnets in the order of their ids, from their maps and the names of their shared networks.

    Raises:
        MalformedAnswerError: one has no id or prefix, or two have the same id.
    """
    rows = []
    for entry, network in entries:
        number, prefix = as_int(entry.get("id"), "id"), printable(as_text(entry.get("subnet"), "subnet"))
        if not 0 <= number <= MAX_ID:
            raise MalformedAnswerError("'id' is no subnet id")
        rows.append((number, prefix, printable(as_text(network, "shared-network-name"))))
    ids, prefixes, networks = zip(*sorted(rows), strict=True) if rows else ((), (), ())
    if len(set(ids)) != len(ids):
        raise MalformedAnswerError("two subnets have the same 'id'")
    return Subnets(ids, prefixes, networks, digest)


def read_stat_lease(answer: Answer, daemon: Daemon, version: Version) -> Counts[int]:
    """Return the counts of stat-lease4-get or stat-lease6-get, the declined among the assigned as in the statistics.

    Args:
        answer: of the command.
        daemon: which one it is.
        version: before 3.1.2, Kea leaves the declined out of the assigned here (measured).

    Raises:
        MalformedAnswerError: the result set has not the documented columns, or a row has not a whole number in each.
    """
    if answer.result == Result.EMPTY:  # no subnet is configured, or none of those that were asked for
        return Counts((), {})
    columns = _result_set(answer)
    wanted = {name: count for name, count in COUNTS[daemon].items() if count is not Count.ADDRESSES_REGISTERED}
    if lacking := [name for name in ("subnet-id", *wanted) if name not in columns]:
        raise MalformedAnswerError(f"the column '{lacking[0]}' is not there")
    counts: dict[Count, Column] = {count: columns[name] for name, count in wanted.items()}
    if version.numbers < ASSIGNED_HOLDS_DECLINED_SINCE:
        assigned, declined = ADDRESS_COLUMNS[daemon]
        counts[Count.ADDRESSES_ASSIGNED] = tuple(map(add, columns[assigned], columns[declined]))
    for count, column in counts.items():
        if any(value is not None and value < 0 for value in set(column)):
            counts[count] = tuple(value if value is not None and value >= 0 else None for value in column)
    return Counts(columns["subnet-id"], counts)


def _result_set(answer: Answer) -> dict[str, tuple[int, ...]]:
    """Return the columns of the rows of an answer, by their names."""
    result_set = as_map(answer.map.get("result-set"), "result-set")
    names = [as_text(column, "columns") for column in as_list(result_set.get("columns"), "columns")]
    rows = as_list(result_set.get("rows"), "rows")
    if not rows:
        return dict.fromkeys(names, ())
    try:
        columns = list(zip(*rows, strict=True))
    except (TypeError, ValueError):
        raise MalformedAnswerError("the 'rows' are not lists of one length") from None
    if len(columns) != len(names) or any(set(map(type, column)) != {int} for column in columns):
        raise MalformedAnswerError("a row has not a whole number in each of the columns")
    if any(max(map(abs, column)) > MAX_NUMBER for column in columns):
        raise MalformedAnswerError("a row has a number of more than 128 bits")
    return dict(zip(names, columns, strict=True))


def joined(parts: list[Counts[int]]) -> Counts[int]:
    """Return the counts of several slices as those of one, in the order of the subnet ids."""
    counted = dict.fromkeys(count for part in parts for count in part.columns)
    columns: dict[Count, Column] = {}
    for count in counted:
        values = [part.columns.get(count, (None,) * len(part.keys)) for part in parts]
        columns[count] = tuple(chain.from_iterable(values))
    return Counts(tuple(chain.from_iterable(part.keys for part in parts)), columns)
