"""Allocation failures that Kea counted lately: the rises of its counters from one probe to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.statistics import Measure, Rise
from kea_exporter.facts.subnets import REFUSED

if TYPE_CHECKING:
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import Leases
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.statistics import Counted, Statistics

# The alert KeaAllocationFailures looks back as far.
WINDOW_SECONDS = 900.0
# Rises within this time are kept as one: a probe may follow another within a second.
MERGED_SECONDS = 60.0


def allocation_failures(
    before: Snapshot | None, taken_at: float, statistics: Fact[Statistics], leases: Fact[Leases]
) -> tuple[Rise, ...]:
    """Return the rises within 15 minutes, the last one since the snapshot *before*; none at the first probe.

    Args:
        before: the last snapshot of the daemon by the same settings.
        taken_at: when this probe began, in seconds since the epoch.
        statistics: those that it read.
        leases: likewise; their subnets count failures too, where the statistics of the daemon are not collected.
    """
    if before is None:
        return ()
    rises = tuple(rise for rise in before.allocation_failures if 0 <= taken_at - rise.until < WINDOW_SECONDS)
    number = _of_daemon(before.counted, statistics)
    if number is None:
        number = _of_subnets(before.leases, leases)
    if number <= 0:
        return rises
    if rises and taken_at - rises[-1].since < MERGED_SECONDS:
        return (*rises[:-1], replace(rises[-1], until=taken_at, number=rises[-1].number + number))
    return (*rises, Rise(before.taken_at, taken_at, number))


def _of_daemon(before: Counted | None, statistics: Fact[Statistics]) -> int | None:
    """Return the rise of the counters of the daemon as a whole; None where they were not read twice."""
    then = before.statistics.values.get(Measure.ALLOCATION_FAILURES) if before is not None else None
    now = None if isinstance(statistics, Failure) else statistics.values.get(Measure.ALLOCATION_FAILURES)
    if then is None or now is None:
        return None
    return sum(_rise(then[scope], number) for scope, number in now.items() if scope in then)


def _of_subnets(before: Fact[Leases], leases: Fact[Leases]) -> int:
    if isinstance(before, Failure) or isinstance(leases, Failure):
        return 0
    then = before.subnets.of(leases.subnets.keys)
    return sum(
        _rise(earlier or 0, number)
        for count in REFUSED
        if count in leases.subnets.columns
        for earlier, number in zip(
            then.columns.get(count, (None,) * len(then.keys)), leases.subnets.columns[count], strict=True
        )
        if number is not None
    )


def _rise(then: int, now: int) -> int:
    """Return by how much a counter rose; one that fell was reset, and began at 0 again."""
    return max(0, now - then if now >= then else now)
