"""Times of start and reload, from whole seconds: rounding and latency are not taken for either."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import floor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.facts.status import DaemonStatus
from kea_exporter.kea.lifetime import QUICK_SECONDS, lifetime

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kea_exporter.facts.status import Lifetime

NOON = 1_800_000_000.0


@dataclass(frozen=True)
class Kea:
    """A daemon with a clock of its own, which is *ahead* of the exporter's."""

    started: float
    reloaded: float
    ahead: float = 0.0
    pid: int = 4711
    cuts_the_difference: bool = False

    def status(self, at: float) -> DaemonStatus:
        return DaemonStatus(self.pid, self._since(self.started, at), self._since(self.reloaded, at), None, None)

    def _since(self, moment: float, at: float) -> int:
        # Kea subtracts two clock readings in whole seconds.
        if self.cuts_the_difference:
            return floor(at - moment)
        return floor(at + self.ahead) - floor(moment + self.ahead)


@dataclass(frozen=True)
class Scrape:
    """Time at which status-get is sent, latency of its answer, and the share of it after which Kea reads its clock."""

    at: float
    latency: float = 0.0
    share: float = 0.5

    @property
    def read_at(self) -> float:
        return self.at + self.latency * self.share

    def of(self, kea: Kea, before: Lifetime | None = None) -> Lifetime:
        return lifetime(kea.status(self.read_at), self.at, self.at + self.latency, before)


def told(kea: Kea, scrapes: Iterable[Scrape]) -> list[Lifetime]:
    found: list[Lifetime] = []
    for scrape in scrapes:
        found.append(scrape.of(kea, found[-1] if found else None))
    return found


SECONDS = st.floats(0, 10**6)
LATENCIES = st.floats(0, QUICK_SECONDS)


@st.composite
def keas(draw: st.DrawFn) -> Kea:
    started = NOON - draw(SECONDS)
    reloaded = started + draw(st.floats(0, NOON - started))
    return Kea(started, reloaded, draw(st.floats(-100, 100)), cuts_the_difference=draw(st.booleans()))


@st.composite
def scrapes(draw: st.DrawFn, latencies: st.SearchStrategy[float]) -> list[Scrape]:
    at, found = NOON, []
    for _ in range(draw(st.integers(1, 10))):
        found.append(Scrape(at, draw(latencies), draw(st.floats(0, 1))))
        at += found[-1].latency + draw(st.floats(0.001, 100))
    return found


@given(kea=keas(), asked=scrapes(st.floats(0, 10)))
def test_neither_rounding_nor_latency_moves_a_moment(kea: Kea, asked: list[Scrape]) -> None:
    first, *others = told(kea, asked)
    for found in others:
        assert (found.started.at, found.reloaded.at) == (first.started.at, first.reloaded.at)
        assert found.is_same_as(first)
        assert first.is_same_as(found)


@given(kea=keas(), asked=scrapes(LATENCIES))
def test_a_moment_is_about_when_it_was(kea: Kea, asked: list[Scrape]) -> None:
    found = told(kea, asked)[-1]
    assert found.started.at == pytest.approx(kea.started, abs=3)
    assert found.reloaded.at == pytest.approx(kea.reloaded, abs=3)


@given(
    kea=keas(), first=LATENCIES, second=LATENCIES, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)), data=st.data()
)
def test_a_reload_after_a_settled_one_is_seen(
    kea: Kea, first: float, second: float, shares: tuple[float, float], data: st.DataObject
) -> None:
    before = Scrape(NOON, first, shares[0])
    reloaded = before.read_at + data.draw(st.floats(0.000001, 20))
    after = Scrape(max(reloaded, NOON + first) + data.draw(st.floats(0, 20)), second, shares[1])
    known_before = before.of(kea)
    found = after.of(replace(kea, reloaded=reloaded), known_before)
    assert not (known_before.is_settled and found.is_same_as(known_before))


@pytest.mark.parametrize(
    ("seconds_ago", "latency", "expected"),
    [
        (0, 0.0, False),
        (4, 0.0, False),
        (5, 0.0, True),
        (5, 0.1, False),
        (6, 0.1, True),
        (3600, QUICK_SECONDS, True),
        (3600, QUICK_SECONDS + 0.1, False),
    ],
)
def test_a_reload_is_settled_once_another_could_be_told_from_it(
    seconds_ago: int, latency: float, *, expected: bool
) -> None:
    assert Scrape(NOON, latency).of(Kea(NOON - 7200, NOON - seconds_ago)).is_settled is expected


def test_a_second_reload_is_not_settled_until_a_later_scrape() -> None:
    first = Kea(NOON - 7200, NOON - 3600)
    second = replace(first, reloaded=NOON + 10.2)
    third = replace(first, reloaded=NOON + 10.9)
    found = [Scrape(NOON).of(first)]
    found.append(Scrape(NOON + 10.5).of(second, found[-1]))
    found.append(Scrape(NOON + 25).of(third, found[-1]))
    found.append(Scrape(NOON + 40).of(third, found[-1]))
    assert [result.is_settled for result in found] == [True, False, True, True]
    assert [now.is_same_as(before) for before, now in pairwise(found)] == [False, True, True]


def test_a_reload_moves_one_moment_and_a_restart_both() -> None:
    kea = Kea(NOON - 7200, NOON - 3600)
    before = Scrape(NOON).of(kea)
    reloaded = Scrape(NOON + 60).of(replace(kea, reloaded=NOON + 30), before)
    assert (reloaded.started.at, reloaded.reloaded.at) == (before.started.at, NOON + 30)
    restarted = Scrape(NOON + 120).of(Kea(NOON + 90, NOON + 90, pid=4712), reloaded)
    assert (restarted.pid, restarted.started.at, restarted.reloaded.at) == (4712, NOON + 90, NOON + 90)
    assert not restarted.is_same_as(reloaded)


def test_a_restart_in_a_container_keeps_the_pid_and_is_seen() -> None:
    before = Scrape(NOON).of(Kea(NOON - 7200, NOON - 7200, pid=1))
    after = Scrape(NOON + 60).of(Kea(NOON + 30, NOON + 30, pid=1), before)
    assert after.started.at == NOON + 30
    assert not after.is_same_as(before)


def test_another_process_of_the_same_second_is_another_one() -> None:
    kea = Kea(NOON - 100, NOON - 100)
    before = Scrape(NOON).of(kea)
    assert not Scrape(NOON + 1).of(replace(kea, pid=4712), before).is_same_as(before)


@pytest.mark.parametrize("step", [-3600.0, -10.0, 10.0, 3600.0])
def test_a_step_of_the_clock_is_taken_for_a_restart_once(step: float) -> None:
    kea = Kea(NOON - 7200, NOON - 3600)
    before = Scrape(NOON).of(kea)
    stepped = replace(kea, started=kea.started + step, reloaded=kea.reloaded + step)
    first, second = (Scrape(NOON + step + later) for later in (60, 75))
    after = first.of(stepped, before)
    assert not after.is_same_as(before)
    assert after.started.at == before.started.at + step
    assert second.of(stepped, after).is_same_as(after)


@given(steps=st.lists(st.floats(-0.5, 0.5), max_size=20), kea=keas())
def test_a_clock_that_is_set_by_little_moves_no_moment(steps: list[float], kea: Kea) -> None:
    first = found = Scrape(NOON).of(kea)
    set_by = 0.0
    for number, step in enumerate(steps, start=1):
        set_by += step
        at = NOON + 15 * number
        found = lifetime(kea.status(at), at + set_by, at + set_by, found)
        assert (found.started.at, found.reloaded.at) == (first.started.at, first.reloaded.at)
