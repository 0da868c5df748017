"""Rises of the counters of allocation failures, from one probe to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.statistics import Counted, Measure, Rise, Statistics
from kea_exporter.facts.subnets import REFUSED, Count
from kea_exporter.kea.allocation_failures import WINDOW_SECONDS, allocation_failures
from tests.support.examples import TAKEN_AT, sound

if TYPE_CHECKING:
    from kea_exporter.facts.leases import Leases
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.subnets import Column

UNREAD = Failure(Stage.COMMAND, Reason.NOT_COLLECTED, "it is switched off in the exporter's configuration")


def counting(subnet: int, network: int = 0) -> Statistics:
    return Statistics({Measure.ALLOCATION_FAILURES: {("subnet",): subnet, ("shared_network",): network}})


def after(subnet: int, *rises: Rise, at: float = TAKEN_AT) -> Snapshot:
    """Return the last snapshot of a daemon that had counted so many failures."""
    return replace(sound(), taken_at=at, counted=Counted(1, 0.0, counting(subnet)), allocation_failures=rises)


def leases(column: Column, count: Count = Count.ALLOCATION_FAILURES) -> Leases:
    found = known(sound().leases)
    return replace(found, subnets=replace(found.subnets, columns={**found.subnets.columns, count: column}))


def test_the_first_probe_knows_no_rise() -> None:
    assert allocation_failures(None, TAKEN_AT, counting(5), leases((5, 0, 0))) == ()


@pytest.mark.parametrize(
    ("now", "number"),
    [(counting(5), 0), (counting(8), 3), (counting(7, 2), 4), (counting(2), 2), (counting(-3), 0)],
    ids=["the same", "more", "more in both scopes", "reset", "negative"],
)
def test_a_rise_is_what_was_counted_since_the_last_probe(now: Statistics, number: int) -> None:
    expected = (Rise(TAKEN_AT, TAKEN_AT + 60, number),) if number else ()
    assert allocation_failures(after(5), TAKEN_AT + 60, now, UNREAD) == expected


@pytest.mark.parametrize("count", REFUSED)
def test_subnets_count_where_the_daemon_as_a_whole_is_not_read(count: Count) -> None:
    before = sound(leases=leases((5, None, 7), count))
    [rise] = allocation_failures(before, TAKEN_AT + 60, UNREAD, leases((6, 2, 7), count))
    assert rise.number == 3
    assert allocation_failures(before, TAKEN_AT + 60, UNREAD, leases((5, None, 7), count)) == ()
    assert allocation_failures(before, TAKEN_AT + 60, UNREAD, UNREAD) == ()


def test_rises_are_kept_for_15_minutes_also_without_a_reading() -> None:
    old, recent = Rise(TAKEN_AT - 1000, TAKEN_AT - 950, 1), Rise(TAKEN_AT - 600, TAKEN_AT - 590, 2)
    assert allocation_failures(after(5, old, recent), TAKEN_AT + 15, UNREAD, UNREAD) == (recent,)
    assert allocation_failures(after(5, recent), TAKEN_AT - 590 + WINDOW_SECONDS, UNREAD, UNREAD) == ()


def test_a_clock_that_was_set_back_forgets_later_rises() -> None:
    assert allocation_failures(after(5, Rise(TAKEN_AT, TAKEN_AT + 9, 1)), TAKEN_AT, UNREAD, UNREAD) == ()


def test_many_probes_keep_few_rises() -> None:
    snapshot = after(0)
    for number in range(1, 2000):
        at = TAKEN_AT + number
        rises = allocation_failures(snapshot, at, counting(number), UNREAD)
        snapshot = after(number, *rises, at=at)
    assert len(snapshot.allocation_failures) <= 17
    assert WINDOW_SECONDS <= sum(rise.number for rise in snapshot.allocation_failures) <= WINDOW_SECONDS + 60
