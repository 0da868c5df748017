from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from queue import Queue
from threading import Barrier, Event
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from kea_exporter.audit import PENDING
from kea_exporter.collector import Collector
from kea_exporter.config import Collectors, settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.leases import Misplaced
from kea_exporter.facts.snapshot import Version
from kea_exporter.facts.statistics import Statistics
from kea_exporter.kea.counting import NOT_COLLECTED
from kea_exporter.probe import nothing_learnt
from kea_exporter.process import NoThreadError
from kea_exporter.requirements import REQUIREMENTS, Status, judge_all
from kea_exporter.transport.deadline import Deadline
from kea_exporter.under_way import StoppedError
from tests.support.examples import audited, sound
from tests.support.serving import GENEROUS, Waiting, join_probes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kea_exporter.config import DaemonSettings, Profile
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.subnets import Subnets
    from kea_exporter.requirements import Report, Requirement

    Probe = Callable[[DaemonSettings, Deadline, Snapshot | None], Snapshot]

HURRIED, ENOUGH = 5.0, 10.0
ANSWERED = None
REFUSED = Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens there")
TIMED_OUT = Failure(Stage.HTTP, Reason.TIMED_OUT, "no answer came in time")


def daemons(*names: str, timeout: str = "60s") -> tuple[DaemonSettings, ...]:
    servers = [{"name": name, "dhcp4": {"url": f"http://127.0.0.1:1/{name}"}} for name in names]
    return settings_from_tree({"defaults": {"timeout": timeout}, "servers": servers}, Path()).daemons


def learnt(daemon: DaemonSettings, failure: Failure | None = ANSWERED) -> Snapshot:
    if failure is None:
        return replace(sound(), target=daemon.target)
    return nothing_learnt(daemon.target, failure, taken_at=0, timeout=5)


def probe_that(does: Callable[[str], object]) -> Probe:
    """Return a probe that does something with the name of the server, and then has its answer."""

    def probe(daemon: DaemonSettings, _: Deadline, _before: Snapshot | None) -> Snapshot:
        does(daemon.target.server)
        return learnt(daemon)

    return probe


def soon() -> Deadline:
    return Deadline.after(GENEROUS)


def test_a_thread_that_cannot_be_started_is_no_report_on_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    collector = Collector(lambda daemon, *_: sound(target=daemon.target))
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(NoThreadError):
            collector.collect(daemons("a"), Deadline.after(5))
    [report] = collector.collect(daemons("a"), Deadline.after(5))
    assert report.snapshot.failures == ()


def test_probes_run_in_parallel() -> None:
    meeting = Barrier(3, timeout=GENEROUS)
    reports = Collector(probe_that(lambda _: meeting.wait())).collect(daemons("a", "b", "c"), soon())
    assert [report.snapshot.failures for report in reports] == [(), (), ()]


def test_reports_keep_the_order_of_the_daemons() -> None:
    is_done = {name: Event() for name in "abc"}
    waits_for = {"a": "b", "b": "c"}

    def finish_backwards(name: str) -> None:
        if name in waits_for:
            assert is_done[waits_for[name]].wait(GENEROUS)
        is_done[name].set()

    reports = Collector(probe_that(finish_backwards)).collect(daemons("a", "b", "c"), soon())
    assert [report.snapshot.target.server for report in reports] == ["a", "b", "c"]


def test_every_requirement_of_the_profile_is_judged() -> None:
    (report,) = Collector(probe_that(lambda _: None)).collect(daemons("a"), soon())
    assert [verdict.requirement for verdict in report.verdicts] == [
        requirement for requirement in REQUIREMENTS if requirement.severity
    ]
    assert report.count(Status.UNKNOWN) == 0


def test_a_daemon_is_judged_once_and_by_its_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def judge(requirements: Iterable[Requirement], snapshot: Snapshot, profile: Profile) -> Report:
        threads.append(threading.current_thread())
        return judge_all(requirements, snapshot, profile)

    monkeypatch.setattr("kea_exporter.collector.judge_all", judge)
    collector = Collector(probe_that_meets([ANSWERED, ANSWERED]))
    first = collector.collect(daemons("a"), soon())
    threads.clear()
    assert len(collector.collect(daemons("a"), soon())) == len(first) == 1
    assert len(threads) == 1
    assert threading.main_thread() not in threads


def test_each_daemon_is_judged_by_its_own_profile() -> None:
    strict, lax = daemons("a", "b")
    lax = replace(
        lax, profile=replace(lax.profile, left_out=frozenset(requirement.id for requirement in REQUIREMENTS[1:]))
    )
    first, second = Collector(probe_that(lambda _: None)).collect((strict, lax), soon())
    assert len(first.verdicts) > 1
    assert [verdict.requirement for verdict in second.verdicts] == [REQUIREMENTS[0]]


def test_no_daemons_give_no_reports() -> None:
    assert Collector(probe_that(lambda _: None)).collect((), soon()) == ()


def stuck_at(release: Event, *names: str) -> Callable[[str], object]:
    return lambda name: release.wait() if name in names else None


@pytest.mark.parametrize("order", ["a stuck b", "stuck a b", "a b stuck"])
def test_a_probe_that_never_returns_costs_only_itself(release: Event, order: str) -> None:
    collector = Collector(probe_that(stuck_at(release, "stuck")))
    reports = collector.collect(daemons(*order.split()), Deadline.after(2))
    failures = {report.snapshot.target.server: report.snapshot.failures for report in reports}
    assert failures == {"a": (), "b": (), "stuck": failures["stuck"]}
    assert [(failure.stage, failure.reason) for failure in failures["stuck"]] == [
        (Stage.DEADLINE, Reason.BUDGET_USED_UP)
    ]


def test_a_collection_ends_by_its_deadline(release: Event) -> None:
    started = time.monotonic()
    Collector(probe_that(stuck_at(release, "a", "b"))).collect(daemons("a", "b"), Deadline.after(0.3))
    assert time.monotonic() - started < GENEROUS


def test_a_collection_ends_when_all_daemons_have_used_up_their_own_time(release: Event) -> None:
    collector = Collector(probe_that(stuck_at(release, "a")))
    started = time.monotonic()
    (report,) = collector.collect(daemons("a", timeout="100ms"), Deadline.after(600))
    assert time.monotonic() - started < GENEROUS
    assert report.snapshot.failures[0].reason is Reason.BUDGET_USED_UP
    assert report.snapshot.timeout_seconds <= 0.1


@pytest.mark.parametrize(
    ("timeout", "scrape", "expected"), [("1s", 10, 1), ("60s", 10, 9.9), ("60s", 0.5, 0.45), ("1s", 0, 0)]
)
def test_a_probe_gets_the_shorter_of_its_timeout_and_the_scrapes(timeout: str, scrape: float, expected: float) -> None:
    given: Queue[float] = Queue()

    def probe(daemon: DaemonSettings, deadline: Deadline, _: Snapshot | None) -> Snapshot:
        given.put(deadline.remaining())
        return learnt(daemon)

    Collector(probe).collect(daemons("a", timeout=timeout), Deadline.after(scrape, clock=lambda: 1000.0))
    assert given.get(timeout=GENEROUS) == pytest.approx(expected)


def announcing(asked: Iterable[DaemonSettings], has_started_all: Event) -> Iterator[DaemonSettings]:
    """Yield the daemons, and say when the collector has started, or joined, the probes of all of them."""
    yield from asked
    has_started_all.set()


def test_joined_collections_ask_once(release: Event) -> None:
    probe = Waiting(release)
    collector = Collector(probe)
    asked = daemons("a")
    has_joined = Event()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(collector.collect, asked, soon())
        assert probe.has_begun.wait(GENEROUS)
        second = pool.submit(collector.collect, announcing(asked, has_joined), soon())
        assert has_joined.wait(GENEROUS)
        release.set()
        assert first.result(GENEROUS)[0].snapshot == second.result(GENEROUS)[0].snapshot
    assert probe.count == 1


def test_a_collection_after_the_end_of_another_asks_anew(release: Event) -> None:
    probe = Waiting(release)
    release.set()
    collector = Collector(probe)
    collector.collect(daemons("a"), soon())
    collector.collect(daemons("a"), soon())
    assert probe.count == 2


def test_a_stuck_probe_is_not_started_again(release: Event) -> None:
    probe = Waiting(release)
    collector = Collector(probe)
    for _ in range(3):
        (report,) = collector.collect(daemons("a"), Deadline.after(0.1))
        assert report.snapshot.failures[0].reason is Reason.BUDGET_USED_UP
    assert probe.count == 1
    release.set()
    (report,) = collector.collect(daemons("a"), soon())
    assert report.snapshot.failures == ()


class ProbeInTime:
    """A probe that lacks time with little of it, begins to answer once it is told to, and keeps what time it had."""

    def __init__(self, may_end: Event) -> None:
        self.begun = Queue[float]()
        self._may_end = may_end

    def __call__(self, daemon: DaemonSettings, deadline: Deadline, _before: Snapshot | None) -> Snapshot:
        seconds = deadline.remaining()
        self.begun.put(seconds)
        assert self._may_end.wait(GENEROUS)
        return learnt(daemon, TIMED_OUT if seconds < ENOUGH - 1 else ANSWERED)


def collected(collector: Collector, seconds: Sequence[float], begun: Queue[float], release: Event) -> list[Report]:
    """Return the reports of several collections of one daemon that have so much time, each begun in its turn."""
    with ThreadPoolExecutor() as pool:
        collections = []
        for number, budget in enumerate(seconds):
            has_joined = Event()
            asked = announcing(daemons("a"), has_joined)
            collections.append(pool.submit(collector.collect, asked, Deadline.after(budget)))
            assert has_joined.wait(GENEROUS)
            if number == 0:
                begun.get(timeout=GENEROUS)
        release.set()
        return [collection.result(GENEROUS)[0] for collection in collections]


def test_a_probe_that_lacked_time_is_followed_by_a_longer_one(release: Event) -> None:
    probe = ProbeInTime(release)
    reports = collected(Collector(probe), [HURRIED, GENEROUS, HURRIED, 2 * GENEROUS], probe.begun, release)
    assert [report.snapshot.failures for report in reports] == [(TIMED_OUT,), (), (TIMED_OUT,), ()]
    assert probe.begun.get_nowait() > GENEROUS
    assert probe.begun.empty()


@pytest.mark.parametrize(
    ("seconds", "failures"),
    [([HURRIED, HURRIED], (TIMED_OUT,)), ([GENEROUS, HURRIED], ()), ([ENOUGH, GENEROUS], ())],
    ids=["nobody has more time", "the first has more time", "no more time was needed"],
)
def test_no_other_probe_follows(release: Event, seconds: Sequence[float], failures: tuple[Failure, ...]) -> None:
    probe = ProbeInTime(release)
    reports = collected(Collector(probe), seconds, probe.begun, release)
    assert [report.snapshot.failures for report in reports] == [failures, failures]
    assert probe.begun.empty()


def test_stop_ends_collections_that_wait_for_the_next_probe(release: Event) -> None:
    probe, has_joined = ProbeInTime(release), Event()
    collector = Collector(probe)
    with ThreadPoolExecutor() as pool:
        hurried = pool.submit(collector.collect, daemons("a"), Deadline.after(HURRIED))
        probe.begun.get(timeout=GENEROUS)
        patient = pool.submit(collector.collect, announcing(daemons("a"), has_joined), soon())
        assert has_joined.wait(GENEROUS)
        collector.stop()
        for collection in (hurried, patient):
            with pytest.raises(StoppedError):
                collection.result(GENEROUS)


def fail_at_a(name: str) -> None:
    if name == "a":
        raise ValueError("monitor:password")


def test_a_probe_that_raises_becomes_a_report_of_its_own() -> None:
    first, second = Collector(probe_that(fail_at_a)).collect(daemons("a", "b"), soon())
    assert first.snapshot.failures == (Failure(Stage.DEADLINE, Reason.INTERNAL_ERROR, "internal error: ValueError"),)
    assert {verdict.status for verdict in first.verdicts} == {Status.UNKNOWN, Status.NOT_APPLICABLE}
    assert second.snapshot.failures == ()


# What the probe before has learnt.


SOUND = sound()
WITHOUT_STATUS = replace(sound(), status=TIMED_OUT)
WITHOUT_VERSION = replace(sound(), version=TIMED_OUT)


class Recounting:
    """A probe that has one answer after the other, and keeps what it is told of the one before."""

    def __init__(self, *answers: Snapshot) -> None:
        self.told: list[Snapshot | None] = []
        self._ahead = iter(answers)

    def __call__(self, daemon: DaemonSettings, _: Deadline, before: Snapshot | None) -> Snapshot:
        self.told.append(before)
        return replace(next(self._ahead), target=daemon.target)


def told_of(answers: Sequence[Snapshot]) -> list[float | None]:
    """Return when each of the probes was begun that was told of, of a daemon that has these answers."""
    numbered = [replace(answer, taken_at=number) for number, answer in enumerate(answers)]
    probe = Recounting(*numbered)
    collector = Collector(probe)
    for _ in numbered:
        collector.collect(daemons("a"), soon())
    return [before.taken_at if before else None for before in probe.told]


def test_the_first_probe_is_told_of_none_before() -> None:
    assert told_of([SOUND]) == [None]


def test_a_probe_is_told_of_the_last_one_whose_status_was_known() -> None:
    assert told_of([SOUND, SOUND, WITHOUT_STATUS, WITHOUT_STATUS, SOUND, SOUND]) == [None, 0, 1, 1, 1, 4]


def test_a_probe_is_told_of_one_that_failed_otherwise() -> None:
    assert told_of([WITHOUT_VERSION, SOUND]) == [None, 0]


def test_a_probe_is_told_of_its_own_daemon_alone() -> None:
    probe = Recounting(SOUND, SOUND, SOUND)
    collector = Collector(probe)
    for names in ("a", "b", "a"):
        collector.collect(daemons(*names), soon())
    assert [before and before.target.server for before in probe.told] == [None, None, "a"]


def test_a_probe_is_told_of_none_that_was_made_by_other_settings() -> None:
    probe = Recounting(*[SOUND] * 5)
    collector = Collector(probe)
    [usual] = daemons("a")
    other = replace(usual, collectors=Collectors(pools=True))
    for daemon in (usual, usual, other, other, usual):
        collector.collect((daemon,), soon())
    assert [before is not None for before in probe.told] == [False, True, False, True, False]


def test_a_probe_that_raises_leaves_the_one_before_as_it_was() -> None:
    told: list[Snapshot | None] = []

    def raise_at_second(daemon: DaemonSettings, _: Deadline, before: Snapshot | None) -> Snapshot:
        told.append(before)
        if len(told) == 2:
            raise ValueError
        return learnt(daemon)

    collector = Collector(raise_at_second)
    for _ in range(3):
        collector.collect(daemons("a"), soon())
    assert [before is not None for before in told] == [False, True, True]


def test_a_probe_that_ends_too_late_is_told_of_all_the_same(release: Event) -> None:
    told: list[Snapshot | None] = []

    def wait_at_first(daemon: DaemonSettings, _: Deadline, before: Snapshot | None) -> Snapshot:
        told.append(before)
        assert before or release.wait(GENEROUS)
        return learnt(daemon)

    collector = Collector(wait_at_first)
    collector.collect(daemons("a"), Deadline.after(0.1))
    release.set()
    join_probes()
    collector.collect(daemons("a"), soon())
    assert [before is not None for before in told] == [False, True]


# Lease audits.


def reported(audits: Callable[[DaemonSettings, Fact[Subnets]], Fact[LeaseAudit | None]]) -> list[Report]:
    """Return the reports on a daemon that answers and on one that refuses."""
    probe = probe_that_meets([ANSWERED, REFUSED])
    collector = Collector(probe, audits=audits)
    return [*collector.collect(daemons("a"), soon()), *collector.collect(daemons("b"), soon())]


def status_of(report: Report, requirement: str) -> Status:
    return next(verdict.status for verdict in report.verdicts if verdict.requirement.id == requirement)


def test_the_last_lease_audit_of_each_daemon_is_part_of_its_report() -> None:
    found: dict[str, Fact[LeaseAudit | None]] = {"a": audited(), "b": PENDING}
    reports = reported(lambda daemon, _: found[daemon.target.server])
    assert [report.snapshot.audit for report in reports] == [found["a"], found["b"]]


def test_a_lease_audit_is_asked_for_with_the_subnets_just_read() -> None:
    asked: list[tuple[str, Fact[Subnets]]] = []

    def audits(daemon: DaemonSettings, subnets: Fact[Subnets]) -> None:
        asked.append((daemon.target.server, subnets))

    reported(audits)
    # By each probe, and by its collection.
    first, _, second, _ = asked
    assert (first[0], known(first[1]).by_id) == ("a", known(SOUND.subnets).by_id)
    assert second == ("b", REFUSED)


def test_there_is_no_lease_audit_where_nobody_audits() -> None:
    (report,) = Collector(probe_that(lambda _: None)).collect(daemons("a"), soon())
    assert report.snapshot.audit is None


AUDITS: dict[str, tuple[Fact[LeaseAudit], Status]] = {
    "nothing": (audited(), Status.MET),
    "something": (audited(orphaned=Misplaced({7: 3}, ("192.0.2.99",))), Status.UNMET),
    "not yet": (PENDING, Status.UNKNOWN),
}


@pytest.mark.parametrize("case", AUDITS)
def test_what_a_lease_audit_found_is_judged(case: str) -> None:
    audit, expected = AUDITS[case]
    report, _ = reported(lambda *_: audit)
    assert status_of(report, "no-orphaned-leases") is expected


def test_stop_ends_a_collection_under_way(release: Event) -> None:
    probe = Waiting(release)
    collector = Collector(probe)
    with ThreadPoolExecutor() as pool:
        under_way = pool.submit(collector.collect, daemons("a"), soon())
        assert probe.has_begun.wait(GENEROUS)
        collector.stop()
        assert isinstance(under_way.exception(GENEROUS), StoppedError)


def test_stop_ends_further_collections_at_once() -> None:
    probed: list[str] = []
    collector = Collector(probe_that(probed.append))
    collector.stop()
    collector.stop()
    with pytest.raises(StoppedError):
        collector.collect(daemons("a"), soon())
    assert probed == []


def probe_that_meets(failures: Iterable[Failure | None]) -> Probe:
    """Return a probe that meets one failure after the other, or none."""
    ahead = iter(failures)
    return lambda daemon, *_: learnt(daemon, next(ahead))


def logs_of(*failures: Failure | None) -> list[dict[str, object]]:
    collector = Collector(probe_that_meets(failures))
    with capture_logs() as logs:
        for _ in failures:
            collector.collect(daemons("a"), soon())
    return [dict(entry) for entry in logs]


FAILS = {"event": "probe failed", "log_level": "warning", "server": "a", "daemon": "dhcp4"}
SUCCEEDS = {"event": "probe recovered", "log_level": "info", "server": "a", "daemon": "dhcp4"}


def failing(failure: Failure) -> dict[str, object]:
    return {**FAILS, "stage": str(failure.stage), "reason": str(failure.reason), "detail": failure.detail}


def test_success_is_not_logged() -> None:
    assert logs_of(ANSWERED, ANSWERED) == []


def test_a_failure_is_logged_when_it_begins_changes_and_ends() -> None:
    logs = logs_of(ANSWERED, REFUSED, REFUSED, TIMED_OUT, TIMED_OUT, ANSWERED, ANSWERED, REFUSED)
    assert logs == [failing(REFUSED), failing(TIMED_OUT), SUCCEEDS, failing(REFUSED)]


def test_another_detail_of_the_same_failure_is_not_logged() -> None:
    assert logs_of(REFUSED, replace(REFUSED, detail="nothing listens at another address")) == [failing(REFUSED)]


def test_a_short_scrape_is_not_logged_beside_longer_ones() -> None:
    snapshots = [
        (ANSWERED, 5.0),
        (TIMED_OUT, 0.1),
        (ANSWERED, 5.0),
        (REFUSED, 0.1),
        (TIMED_OUT, 0.1),
        (TIMED_OUT, 5.0),
        (ANSWERED, 0.1),
        (TIMED_OUT, 0.1),
    ]
    ahead = iter(snapshots)

    def probe(daemon: DaemonSettings, *_: object) -> Snapshot:
        failure, seconds = next(ahead)
        return replace(learnt(daemon, failure), timeout_seconds=seconds)

    collector = Collector(probe)
    with capture_logs() as logs:
        for _ in snapshots:
            collector.collect(daemons("a"), soon())
    assert logs == [failing(REFUSED), failing(TIMED_OUT), SUCCEEDS, failing(TIMED_OUT)]


def test_each_daemon_has_a_log_of_its_own() -> None:
    with capture_logs() as logs:
        collector = Collector(lambda daemon, *_: learnt(daemon, REFUSED if daemon.target.server == "b" else ANSWERED))
        collector.collect(daemons("a", "b"), soon())
    assert [(entry["server"], entry["event"]) for entry in logs] == [("b", "probe failed")]


def test_an_internal_error_is_logged_once_with_its_traceback() -> None:
    collector = Collector(probe_that(fail_at_a))
    with capture_logs() as logs:
        for _ in range(3):
            collector.collect(daemons("a"), soon())
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("probe failed", "internal_error")]
    assert logs[0]["exc_info"]


def test_a_probe_that_never_returns_is_logged(release: Event) -> None:
    collector = Collector(probe_that(stuck_at(release, "a")))
    with capture_logs() as logs:
        for _ in range(2):
            collector.collect(daemons("a"), Deadline.after(0.1))
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("probe failed", "budget_used_up")]


def test_a_probe_that_always_ends_too_late_is_not_logged_on_every_scrape() -> None:
    rounds = Queue[Event]()

    def end_too_late(daemon: DaemonSettings, _: Deadline, _before: Snapshot | None) -> Snapshot:
        assert rounds.get(timeout=GENEROUS).wait(GENEROUS)
        return learnt(daemon, REFUSED)

    collector = Collector(end_too_late)
    with capture_logs() as logs:
        for _ in range(4):
            may_end = Event()
            rounds.put(may_end)
            collector.collect(daemons("a"), Deadline.after(0.1))
            may_end.set()
            join_probes()
    assert 0 < len(logs) <= 2


# Statistics that are not known.


UNKNOWN_TOLD = "unknown statistics found"


def unknown(*names: str) -> Snapshot:
    return replace(SOUND, statistics=Statistics({}, frozenset(names)))


def names_logged(*answers: Snapshot) -> list[object]:
    collector = Collector(Recounting(*answers))
    with capture_logs() as logs:
        for _ in answers:
            collector.collect(daemons("a"), soon())
    assert {(entry["event"], entry["log_level"], entry["server"], entry["daemon"]) for entry in logs} <= {
        (UNKNOWN_TOLD, "info", "a", "dhcp4")
    }
    return [entry["names"] for entry in logs]


def test_an_unknown_statistic_is_logged_once() -> None:
    first, both = unknown("pkt4-new"), unknown("v4-new", "pkt4-new")
    assert names_logged(first, first, both, SOUND, both, first) == ["pkt4-new", "v4-new"]


def test_unknown_statistics_are_logged_in_one_line_in_their_order() -> None:
    assert names_logged(unknown("c", "a", "b")) == ["a b c"]


@pytest.mark.parametrize("statistics", [NOT_COLLECTED, Statistics({}), Statistics({}, frozenset())])
def test_where_nothing_is_unknown_nothing_is_logged(statistics: Fact[Statistics]) -> None:
    assert names_logged(replace(SOUND, statistics=statistics)) == []


def test_at_most_a_hundred_unknown_statistics_of_a_daemon_are_ever_logged() -> None:
    answers = [unknown(*(f"{prefix}{number}" for number in range(60))) for prefix in "abc"]
    assert [len(str(names).split()) for names in names_logged(*answers)] == [60, 40]


def test_each_daemon_has_its_own_unknown_statistics() -> None:
    collector = Collector(lambda daemon, *_: replace(unknown("pkt4-new"), target=daemon.target))
    with capture_logs() as logs:
        for _ in range(2):
            collector.collect(daemons("a", "b"), soon())
    assert [entry["server"] for entry in logs] == ["a", "b"]


def test_daemons_of_a_server_are_compared_by_the_versions_of_their_last_probes() -> None:
    entries = {name: {"url": f"http://127.0.0.1:1/{name}"} for name in ("dhcp4", "d2")}
    both = settings_from_tree({"servers": [{"name": "a", **entries}]}, Path()).daemons
    answers: dict[str, Fact[Version]] = {"dhcp4": Version(3, 0, 3, "3.0.3"), "d2": Version(3, 2, 0, "3.2.0")}

    def probe(daemon: DaemonSettings, _: Deadline, _before: Snapshot | None) -> Snapshot:
        found = sound(daemon.target.daemon, version=answers[daemon.target.daemon])
        return replace(found, target=daemon.target)

    collector = Collector(probe)

    def status(*wanted: DaemonSettings) -> Status:
        verdicts = collector.collect(wanted, soon())[0].verdicts
        [found] = [verdict for verdict in verdicts if verdict.requirement.id == "daemon-versions-match"]
        return found.status

    assert status(both[0]) is Status.NOT_APPLICABLE
    assert status(*both) is Status.UNMET
    assert status(both[0]) is Status.UNMET
    answers["dhcp4"] = Version(3, 2, 0, "3.2.0")
    assert status(both[0]) is Status.MET
    answers["d2"] = REFUSED
    collector.collect(both, soon())
    assert status(both[0]) is Status.NOT_APPLICABLE
    answers["d2"] = Version(3, 3, 1, "3.3.1")
    assert status(*both) is Status.UNMET
    collector.keep_only([both[0].target])
    assert status(both[0]) is Status.NOT_APPLICABLE
