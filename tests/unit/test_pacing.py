"""The minimum interval between two probes of a daemon."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.pacing import MAX_OTHER_TARGETS, Pacing
from kea_exporter.probe import Clock, nothing_learnt
from kea_exporter.transport.deadline import Deadline
from tests.support.examples import sound
from tests.support.serving import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot

LATE = Failure(Stage.HTTP, Reason.TIMED_OUT, "no answer in time")
REFUSED = Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens there")


class Probed:
    """A collector whose clock a test moves, and whose probes are counted."""

    def __init__(self, min_interval: float = 1.0, failure: Failure | None = None) -> None:
        self.now, self.count, self._failure = 0.0, 0, failure
        clock = Clock(lambda: 0.0, lambda: self.now)
        self.collector = Collector(self._probe, clock, min_interval=min_interval)

    def collect(self, daemons: Sequence[DaemonSettings], seconds: float = 20) -> float:
        """Return when the probe of the first report was made."""
        reports = self.collector.collect(daemons, Deadline.after(seconds))
        return reports[0].snapshot.taken_at

    def _probe(self, daemon: DaemonSettings, deadline: Deadline, _: Snapshot | None) -> Snapshot:
        self.count += 1
        if self._failure is not None:
            return nothing_learnt(daemon.target, self._failure, self.now, deadline.remaining())
        return replace(sound(target=daemon.target), taken_at=self.now)


def daemons(*names: str, timeout: str = "20s") -> tuple[DaemonSettings, ...]:
    return settings_from_tree(servers(*names, timeout=timeout), Path()).daemons


@pytest.mark.parametrize("failure", [None, REFUSED])
def test_within_the_interval_collections_have_what_the_last_probe_found(failure: Failure | None) -> None:
    probed = Probed(failure=failure)
    assert probed.collect(daemons("a")) == 0
    probed.now = 0.9
    assert [probed.collect(daemons("a")) for _ in range(50)] == [0] * 50
    assert probed.count == 1
    probed.now = 1.1
    assert probed.collect(daemons("a")) == 1.1
    assert probed.count == 2


def test_without_an_interval_each_collection_probes() -> None:
    probed = Probed(min_interval=0)
    for _ in range(5):
        probed.collect(daemons("a"))
    assert probed.count == 5


def test_each_daemon_and_each_of_its_settings_has_an_interval() -> None:
    probed = Probed()
    probed.collect(daemons("a"))
    probed.collect(daemons("b"))
    probed.collect(daemons("a", timeout="3s"))
    assert probed.count == 3


def test_a_longer_collection_repeats_a_probe_that_lacked_time() -> None:
    probed = Probed(failure=LATE)
    for seconds in (1, 1, 10, 10, 1):
        probed.collect(daemons("a"), seconds)
    assert probed.count == 2


def test_what_is_remembered_of_a_removed_server_is_forgotten() -> None:
    probed = Probed()
    probed.collect(daemons("a"))
    probed.collector.keep_only(())
    probed.collect(daemons("a"))
    assert probed.count == 2


def resolved(number: int) -> DaemonSettings:
    [daemon] = daemons("a")
    return replace(daemon, address=f"10.0.{number // 250}.{number % 250}")


def unresolved(number: int) -> DaemonSettings:
    [daemon] = daemons("a")
    return replace(daemon, target=replace(daemon.target, host=f"kea-{number}.test"), unresolved=LATE)


@pytest.mark.parametrize("other", [resolved, unresolved])
def test_of_other_targets_only_the_time_is_kept_of_a_bounded_number(other: Callable[[int], DaemonSettings]) -> None:
    now = [0.0]
    pacing: Pacing[object] = Pacing(1.0, lambda: now[0])
    for number in range(2 * MAX_OTHER_TARGETS):
        pacing.note(other(number), object())
    assert pacing.recent(other(0)) is None
    assert pacing.wait_seconds(other(0)) == 1.0
    assert pacing.wait_seconds(other(2 * MAX_OTHER_TARGETS - 1)) == 0
    now[0] = 0.75
    assert pacing.wait_seconds(other(0)) == 0.25
    now[0] = 5.0
    pacing.note(other(1), object())
    assert pacing.wait_seconds(other(0)) == 0
    assert pacing.wait_seconds(other(1)) == 1.0
