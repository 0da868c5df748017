"""Reading statistics by the table; new ones are noticed, and never break anything.

Each statistic is a list of samples, the newest first; only that is looked at (Kea ARM, "Statistics Overview").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.statistics import Measure, Statistics
from kea_exporter.facts.subnets import Count, Counts
from kea_exporter.kea.perfmon import BEGINNINGS, is_of_perfmon, read_response_times
from kea_exporter.kea.reading import newest
from kea_exporter.kea.statistics_table import BY_NAME, FAILURES, OTHER_REASON, Scope
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kea_exporter.facts.subnets import PoolKey
    from kea_exporter.kea.protocol import Answer

# `subnet[1].pool[0].assigned-addresses` and `key[example.com.].update-sent`, in parts.
NAME = re.compile(
    r"subnet\[(?P<subnet>\d{1,10})\]\.(?:(?P<kind>pool|pd-pool)\[(?P<pool>\d{1,10})\]\.)?(?P<counted>.+)"
    r"|key\[(?P<key>.{1,255})\]\.(?P<by_key>[^.]+)",
    re.ASCII,
)
# Packet counters that a later Kea may bring.
NEW_PACKETS = re.compile(r"pkt[46]-([a-z0-9-]{1,60})-(received|sent)", re.ASCII)
DIRECTIONS = {"received": Measure.MESSAGES_RECEIVED, "sent": Measure.MESSAGES_SENT}
POOL_SCOPES = {None: Scope.SUBNET, "pool": Scope.POOL, "pd-pool": Scope.PD_POOL}
LEASED = ("assigned-addresses", "assigned-nas", "assigned-pds", "declined-addresses")
LEASED_OF_SUBNET = re.compile(rf"subnet\[\d{{1,10}}\]\.(?:{'|'.join(LEASED)})", re.ASCII)
OTHER = (OTHER_REASON,)
MAX_NEW_PACKETS = 100
MAX_UNKNOWN = 100
MAX_KEYS = 1000

K = TypeVar("K", int, tuple[int, int])
Values = dict[Measure, dict[tuple[str, ...], int]]


@dataclass(frozen=True)
class AllStatistics:
    """All that statistic-get-all says; subnets and pools that are not configured may be among them.

    Attributes:
        samples: of the statistics that count the leases of a subnet, by their names.
    """

    daemon: Statistics
    subnets: Counts[int]
    pools: Counts[PoolKey]
    pd_pools: Counts[PoolKey]
    samples: Mapping[str, Sequence[object]] = field(default_factory=dict)


class _Named(NamedTuple):
    """A name in its parts."""

    scope: Scope
    name: str
    key: str = ""
    subnet: int = 0
    pool: int = 0


def read_all(answer: Answer, daemon: Daemon) -> AllStatistics:
    """Return what statistic-get-all says.

    Raises:
        MalformedAnswerError: its arguments are no map.
    """
    tally = _Tally(daemon)
    of_perfmon = {}
    for name, samples in answer.map.items():
        if name.startswith(BEGINNINGS) and is_of_perfmon(name):
            of_perfmon[name] = samples
        else:
            tally.add(name, newest(samples))
    none_failed = dict.fromkeys(FAILURES.values(), 0)
    return AllStatistics(
        daemon=replace(tally.statistics(), response_times=read_response_times(of_perfmon)),
        subnets=_columns({key[0]: {**none_failed, **row} for key, row in tally.counts[Scope.SUBNET].items()}),
        pools=_columns(tally.counts[Scope.POOL]),
        pd_pools=_columns(tally.counts[Scope.PD_POOL]),
        samples={
            name: samples
            for name, samples in answer.map.items()
            if name.endswith(LEASED) and LEASED_OF_SUBNET.fullmatch(name) and newest(samples) is not None
        },
    )


def read_global(answer: Answer, daemon: Daemon) -> Statistics:
    """Return what statistic-global-get-all says, which is all but subnets and pools (Kea 3.1.2 and later).

    Raises:
        MalformedAnswerError: its arguments are no map.
    """
    return read_all(answer, daemon).daemon


def read_one(answer: Answer, name: str) -> int | None:
    """Return the value that statistic-get says; None where the daemon has no such statistic.

    Raises:
        MalformedAnswerError: its arguments are no map.
    """
    return newest(answer.map.get(name))


def of_names(values: Mapping[str, int | None], daemon: Daemon) -> Statistics:
    """Return the statistics that were asked for one by one."""
    tally = _Tally(daemon)
    for name, value in values.items():
        tally.add(name, value)
    return replace(tally.statistics(), unknown=None)


def continued(now: Statistics, before: Statistics | None) -> Statistics:
    """Return the statistics with the packets dropped for other reasons than the named ones.

    That number is a difference of counters, and has to be a counter itself. Kea may be asked for them a moment apart,
    so the difference may fall: the number then stays. One counter alone may begin anew (`statistic-reset`), or be
    asked for no more: the number goes on from where it was.

    Args:
        now: the statistics as they were read.
        before: those of the last probe, since which the daemon was not restarted; None for the first.
    """
    if now.dropped_in_all is None:
        return now
    named = {key: value for key, value in _dropped(now).items() if key != OTHER}
    moved = _moved(now, before)
    other = max(0, now.dropped_in_all - sum(named.values()) + moved)
    if before is not None:
        other = max(other, _dropped(before).get(OTHER, 0))
    values = {**now.values, Measure.PACKETS_DROPPED: {**named, OTHER: other}}
    return replace(now, values=values, dropped_moved=moved)


def _moved(now: Statistics, before: Statistics | None) -> int:
    """Return by how much the difference jumped in all, because single counters began anew, came or went."""
    if before is None or before.dropped_in_all is None or now.dropped_in_all is None:
        return 0
    named, known_before = _dropped(now), _dropped(before)
    moved = before.dropped_moved + _lost(now.dropped_in_all, before.dropped_in_all)
    for key in (named.keys() | known_before.keys()) - {OTHER}:
        if key not in known_before:
            moved += named[key]
        else:
            moved -= _lost(named.get(key, 0), known_before[key])
    return moved


def _lost(now: int, before: int) -> int:
    """Return what a counter had when it began anew, as PromQL's `rate` takes it; 0 where it went on."""
    return before if now < before else 0


def _dropped(statistics: Statistics) -> Mapping[tuple[str, ...], int]:
    return statistics.values.get(Measure.PACKETS_DROPPED, {})


class _Tally:
    """Sorts statistics into counters of the daemon, and counts of subnets and pools."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._rows = {scope: BY_NAME[daemon, scope] for scope in Scope}
        self._values: Values = {}
        self._unknown: set[str] = set()
        self._new_packets = 0
        self._dropped_in_all: int | None = None
        self.counts: dict[Scope, dict[PoolKey, dict[Count, int]]] = {scope: {} for scope in Scope}

    def add(self, full_name: str, value: int | None) -> None:
        named = _parts(full_name)
        row = self._rows[named.scope].get(named.name)
        if row is None:
            self._add_new(named, value)
        elif value is None or row.meaning is None:
            return
        elif isinstance(row.meaning, Count):
            # After statistic-reset-all, Kea counts each lease that ends down from 0.
            if value < 0:
                return
            self.counts[row.scope].setdefault((named.subnet, named.pool), {})[row.meaning] = value
        elif row.labels == OTHER:
            self._dropped_in_all = value
        else:
            self._count(row.meaning, (named.key, *row.labels) if row.scope is Scope.KEY else row.labels, value)

    def statistics(self) -> Statistics:
        return Statistics(self._values, frozenset(self._unknown), self._dropped_in_all)

    def _count(self, measure: Measure, labels: tuple[str, ...], value: int) -> None:
        counted = self._values.setdefault(measure, {})
        # Kea counts in 64 bits with a sign; a counter below 0 is none.
        if value >= 0 and (labels in counted or len(counted) < MAX_KEYS):
            counted[labels] = value

    def _add_new(self, named: _Named, value: int | None) -> None:
        found = NEW_PACKETS.fullmatch(named.name) if named.scope is Scope.DAEMON else None
        if found and value is not None and self._daemon is not Daemon.D2 and self._new_packets < MAX_NEW_PACKETS:
            self._new_packets += 1
            self._count(DIRECTIONS[found[2]], (found[1].replace("-", "_"),), value)
        elif len(self._unknown) < MAX_UNKNOWN:
            self._unknown.add(printable(f"{named.scope}{named.name}"))


def _parts(name: str) -> _Named:
    found = NAME.fullmatch(name)
    if found is None:
        return _Named(Scope.DAEMON, name)
    subnet, kind, pool, counted, key, by_key = found.groups()
    if key is not None:
        return _Named(Scope.KEY, by_key, key=printable(key))
    return _Named(POOL_SCOPES[kind], counted, subnet=int(subnet), pool=int(pool or 0))


def _columns(rows: Mapping[K, Mapping[Count, int]]) -> Counts[K]:
    keys = sorted(rows)
    counted = set().union(*rows.values())
    return Counts(tuple(keys), {count: tuple(rows[key].get(count) for key in keys) for count in counted})
