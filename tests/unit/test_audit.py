from __future__ import annotations

import socket
import time
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import count, pairwise, repeat
from pathlib import Path
from queue import Queue
from threading import Event
from threading import enumerate as running_threads
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from kea_exporter.audit import PAUSE_SECONDS, PENDING, TOO_SLOW, audit_leases, audit_pages
from kea_exporter.auditor import Auditor
from kea_exporter.config import AuditSettings, settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.leases import LeaseAudit, Misplaced
from kea_exporter.facts.subnets import Subnets
from kea_exporter.transport.choice import transport_to
from tests.support.examples import audited
from tests.support.peers import SimulatedKea
from tests.support.serving import in_one_page
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kea_exporter.audit import Pages
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.model import Transport

    Tree = dict[str, Any]
    Progress = Callable[[int], None]
    Audit = Callable[..., Fact[LeaseAudit]]

GENEROUS = 20.0
DAY = 86400.0
REFUSED = Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens there")


def daemons(
    *names: str, url: str = "http://127.0.0.1:1", daemon: str = "dhcp4", **options: object
) -> tuple[DaemonSettings, ...]:
    """Return daemons whose leases are audited, but for other *options*."""
    audited = {"lease_audit": {"page_size": 10}, **options}
    entries = [{"name": name, daemon: {"url": f"{url}/{name}", **audited}} for name in names]
    return settings_from_tree({"servers": entries}, Path()).daemons


def not_audited() -> tuple[DaemonSettings, ...]:
    return (*daemons("off", lease_audit=None), *daemons("names", daemon="d2"))


# One audit.


CONFIGURATION: Tree = {
    "result": 0,
    "arguments": {
        "Dhcp4": {
            "subnet4": [{"id": 1, "subnet": "192.0.2.0/25"}],
            "shared-networks": [{"name": "n", "subnet4": [{"id": 2, "subnet": "198.51.100.0/24"}]}],
        }
    },
}
CONFIGURATION_6: Tree = {"result": 0, "arguments": {"Dhcp6": {"subnet6": [{"id": 1, "subnet": "2001:db8::/64"}]}}}


def lease(address: str, subnet: int = 1, **more: object) -> Tree:
    return {"ip-address": address, "subnet-id": subnet, "state": 0, "hw-address": "00:00:5e:00:53:01", **more}


def leases(number: int, first: int = 1) -> list[Tree]:
    return [lease(f"192.0.2.{last}") for last in range(first, first + number)]


def page(found: Sequence[Tree]) -> Tree:
    if not found:
        return {"result": 3, "text": "0 IPv4 lease(s) found.", "arguments": {"count": 0, "leases": []}}
    text = f"{len(found)} IPv4 lease(s) found."
    return {"result": 0, "text": text, "arguments": {"count": len(found), "leases": found}}


def kea_with(*answers: Tree, configuration: Tree = CONFIGURATION) -> SimulatedKea:
    """Return a Kea that answers one request for leases after the other."""
    ahead = iter(answers)

    def next_answer(_: Tree) -> Tree:
        return next(ahead)

    return SimulatedKea({"config-get": configuration, "lease4-get-page": next_answer, "lease6-get-page": next_answer})


def audit_of(
    kea: SimulatedKea,
    max_leases: int = 1_000_000,
    progress: Progress = lambda _: None,
    protocol: str = "dhcp4",
    **options: object,
) -> Fact[LeaseAudit]:
    """Return what auditing the leases of a simulated Kea finds, without pauses."""
    (daemon,) = daemons("a", url=kea.url, daemon=protocol, **options)
    return audit_leases(daemon, AuditSettings(3600, 10, max_leases), progress, lambda _: None)


def finished(found: Fact[LeaseAudit]) -> LeaseAudit:
    assert isinstance(found, LeaseAudit)
    return found


def asked_for(kea: SimulatedKea) -> list[Tree]:
    return [request["arguments"] for request in kea.received if request["command"].startswith("lease")]


def test_pages_are_asked_for_until_one_is_empty() -> None:
    with kea_with(page(leases(10)), page(leases(10, first=11)), page(leases(3, first=21)), page([])) as kea:
        found = finished(audit_of(kea))
    assert (found.leases, found.is_complete) == (23, True)
    assert asked_for(kea) == [
        {"from": "start", "limit": 10},
        {"from": "192.0.2.10", "limit": 10},
        {"from": "192.0.2.20", "limit": 10},
        {"from": "192.0.2.23", "limit": 10},
    ]


def test_nothing_but_the_configuration_and_the_leases_is_asked_for() -> None:
    with kea_with(page(leases(1)), page([])) as kea:
        audit_of(kea)
    assert [request["command"] for request in kea.received] == ["config-get", "lease4-get-page", "lease4-get-page"]
    assert [request for request in kea.received if "service" in request] == []


def test_a_control_agent_is_told_whom_each_command_is_for() -> None:
    with kea_with(page([])) as kea:
        audit_of(kea, control_agent=True)
    assert [request["service"] for request in kea.received] == [["dhcp4"], ["dhcp4"]]


def test_a_daemon_without_leases_is_audited_too() -> None:
    with kea_with(page([])) as kea:
        found = finished(audit_of(kea))
    assert (found.leases, found.is_complete) == (0, True)
    assert (found.orphaned, found.outside) == (Misplaced({}, ()), Misplaced({}, ()))


def test_an_audit_is_about_the_subnets_just_read_and_says_when_it_ended() -> None:
    with kea_with(page([])) as kea:
        found = finished(audit_of(kea))
    assert found.subnets == {1: "192.0.2.0/25", 2: "198.51.100.0/24"}
    assert found.finished_at == pytest.approx(time.time(), abs=GENEROUS)


def test_leases_that_are_not_where_they_belong_are_found() -> None:
    first = [lease("192.0.2.1"), lease("192.0.2.200"), lease("203.0.113.1", subnet=7)]
    second = [lease("198.51.100.1", subnet=2), lease("203.0.113.2", subnet=7), lease("203.0.113.3", state=2)]
    with kea_with(page(first), page(second), page([])) as kea:
        found = finished(audit_of(kea))
    assert found.outside == Misplaced({1: 1}, ("192.0.2.200",))
    assert found.orphaned == Misplaced({7: 2}, ("203.0.113.1", "203.0.113.2"))


def test_the_leases_of_dhcpv6_are_audited_by_its_own_command() -> None:
    found = [
        lease("2001:db8::1", type="IA_NA"),
        lease("2001:db8:1::", type="IA_PD"),
        lease("2001:db8:2::1", type="IA_NA"),
    ]
    with kea_with(page(found), page([]), configuration=CONFIGURATION_6) as kea:
        assert finished(audit_of(kea, protocol="dhcp6")).outside == Misplaced({1: 1}, ("2001:db8:2::1",))
    assert [request["command"] for request in kea.received] == ["config-get", "lease6-get-page", "lease6-get-page"]
    assert [arguments["from"] for arguments in asked_for(kea)] == ["start", "2001:db8:2::1"]


@pytest.mark.parametrize(("most", "seen"), [(1, 10), (10, 10), (11, 20), (20, 20)])
def test_an_audit_that_stops_at_the_limit_is_not_complete(most: int, seen: int) -> None:
    with kea_with(page(leases(10)), page(leases(10, first=11))) as kea:
        found = finished(audit_of(kea, max_leases=most))
    assert (found.leases, found.is_complete) == (seen, False)


def test_kea_is_left_alone_between_two_pages() -> None:
    happened: list[str] = []

    def next_page(request: Tree) -> Tree:
        happened.append("page")
        return page(leases(10) if request["arguments"]["from"] == "start" else [])

    with SimulatedKea({"config-get": CONFIGURATION, "lease4-get-page": next_page}) as kea:
        (daemon,) = daemons("a", url=kea.url)
        audit_leases(daemon, AuditSettings(3600, 10, 100), pause=lambda seconds: happened.append(f"{seconds}"))
    assert happened == ["page", f"{PAUSE_SECONDS}", "page"]
    assert PAUSE_SECONDS > 0


def test_progress_is_told_after_each_page() -> None:
    told: list[int] = []
    with kea_with(page(leases(10)), page(leases(4, first=11)), page([])) as kea:
        audit_of(kea, progress=told.append)
    assert told == [10, 14, 14]


def test_each_page_has_the_time_of_the_daemon_for_itself() -> None:
    def slowly(request: Tree) -> Tree:
        time.sleep(0.6)
        number = asked_for(kea).index(request["arguments"])
        return page(leases(10, first=10 * number + 1) if number < 3 else [])

    with SimulatedKea({"config-get": CONFIGURATION, "lease4-get-page": slowly}) as kea:
        assert finished(audit_of(kea, timeout="2s")).leases == 30


BROKEN: dict[str, tuple[Tree, Reason]] = {
    "an error": ({"result": 1, "text": "out of order"}, Reason.ERROR_RESULT),
    "no such command": ({"result": 2, "text": "not supported"}, Reason.UNSUPPORTED),
    "no leases": ({"result": 0, "arguments": {"leases": 5}}, Reason.MALFORMED_ANSWER),
    "a lease without address": ({"result": 0, "arguments": {"leases": [{"subnet-id": 1}]}}, Reason.MALFORMED_ANSWER),
    "an address that is none": (page([lease("here")]), Reason.MALFORMED_ANSWER),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_page_that_cannot_be_had_ends_the_audit_with_its_failure(case: str) -> None:
    broken, reason = BROKEN[case]
    with kea_with(page(leases(10)), broken) as kea:
        found = audit_of(kea)
    assert isinstance(found, Failure)
    assert (found.stage, found.reason) == (Stage.COMMAND, reason)
    assert len(asked_for(kea)) == 2


def one_by_one() -> Iterator[Tree]:
    """Give pages of one lease each, and no end."""
    return (page([lease(str(ip_address("192.0.2.1") + number))]) for number in count())


@pytest.mark.parametrize("pages", [repeat(page(leases(10))), one_by_one()], ids=["the same", "one lease each"])
def test_pages_that_do_not_come_to_an_end_end_the_audit(pages: Iterator[Tree]) -> None:
    with kea_with() as kea:
        kea.answers["lease4-get-page"] = lambda _: next(pages)
        (daemon,) = daemons("a", url=kea.url)
        found = audit_leases(daemon, AuditSettings(3600, page_size=100, max_leases=1000), pause=lambda _: None)
    assert isinstance(found, Failure)
    assert (found.reason, found.detail) == (Reason.MALFORMED_ANSWER, "the pages of leases do not come to an end")


def test_an_audit_needs_the_configuration() -> None:
    with kea_with(configuration={"result": 1, "text": "no"}) as kea:
        found = audit_of(kea)
    assert isinstance(found, Failure)
    assert found.reason is Reason.ERROR_RESULT
    assert asked_for(kea) == []


def test_a_daemon_that_cannot_be_reached_cannot_be_audited() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        (daemon,) = daemons("a", url=f"http://127.0.0.1:{sock.getsockname()[1]}")
        found = audit_leases(daemon, AuditSettings(3600, 10, 100))
    assert isinstance(found, Failure)
    assert (found.stage, found.reason) == (Stage.CONNECT, Reason.REFUSED)


def test_a_daemon_that_does_not_answer_cannot_be_audited() -> None:
    may_end = Event()
    with SimulatedKea({"config-get": lambda _: may_end.wait(GENEROUS)}) as kea:
        found = audit_of(kea, timeout="200ms")
        may_end.set()
    assert isinstance(found, Failure)
    assert found.reason is Reason.TIMED_OUT


# The results of audits.


@dataclass(frozen=True)
class Asked:
    """The call of an audit."""

    daemon: DaemonSettings
    settings: AuditSettings


class Scripted:
    """An audit that has one result after the other, and keeps what it was asked; an exception is raised."""

    def __init__(self, *results: Fact[LeaseAudit] | Exception) -> None:
        self.asked = Queue[Asked]()
        self._ahead = iter(results)

    def __call__(self, daemon: DaemonSettings, settings: AuditSettings, progress: Progress) -> Fact[LeaseAudit]:
        progress(5)
        result = next(self._ahead)
        self.asked.put(Asked(daemon, settings))
        if isinstance(result, Exception):
            raise result
        return result

    @property
    def servers(self) -> list[str]:
        """Return the servers that were asked so far."""
        return [self.asked.get_nowait().daemon.target.server for _ in range(self.asked.qsize())]


def having(prefixes: dict[int, str]) -> Subnets:
    return Subnets(tuple(prefixes), tuple(prefixes.values()), ("",) * len(prefixes))


UNCHANGED = having(dict(audited().subnets))
CHANGED = having({**audited().subnets, 99: "203.0.113.0/24"})
MOVED = having(dict.fromkeys(audited().subnets, "203.0.113.0/24"))


def ran(audit: Audit, asked: Iterable[DaemonSettings]) -> Auditor:
    """Return an auditor that has audited all daemons once."""
    auditor = Auditor(asked, in_one_page(audit))
    auditor.run_all(lambda *_: None)
    return auditor


def test_before_its_end_the_first_audit_is_pending() -> None:
    (daemon,) = daemons("a")
    found = Auditor([daemon], in_one_page(Scripted())).result(daemon, UNCHANGED)
    assert found == PENDING
    assert PENDING.reason is Reason.AUDIT_PENDING


def test_the_last_audit_of_each_daemon_is_its_result() -> None:
    first, second = daemons("a", "b")
    auditor = ran(Scripted(audited(), REFUSED), [first, second])
    assert auditor.result(first, UNCHANGED) == audited()
    assert auditor.result(second, UNCHANGED) == REFUSED


def test_each_daemon_is_audited_as_its_settings_say() -> None:
    audit = Scripted(audited(), audited())
    settings = (*daemons("a", lease_audit={"page_size": 20}), *daemons("b", lease_audit={"max_leases": 7}))
    ran(audit, settings)
    found = [audit.asked.get_nowait() for _ in settings]
    assert [asked.settings for asked in found] == [AuditSettings(3600, 20, 1_000_000), AuditSettings(3600, 1000, 7)]
    assert [asked.daemon for asked in found] == list(settings)


def test_progress_is_told_with_the_daemon_it_is_about() -> None:
    told: list[tuple[str, int]] = []
    auditor = Auditor(daemons("a", "b"), in_one_page(Scripted(audited(), audited())))
    auditor.run_all(lambda daemon, number: told.append((daemon.target.server, number)))
    assert told == [("a", 5), ("b", 5)]


def test_d2_and_daemons_without_audits_have_no_result() -> None:
    audit = Scripted()
    auditor = ran(audit, not_audited())
    assert [auditor.result(daemon, UNCHANGED) for daemon in not_audited()] == [None, None]
    assert audit.servers == []


@pytest.mark.parametrize("subnets", [CHANGED, MOVED, having({})], ids=["one more", "moved", "none"])
def test_a_result_about_other_subnets_is_dropped(subnets: Subnets) -> None:
    (daemon,) = daemons("a")
    auditor = ran(Scripted(audited()), [daemon])
    found = auditor.result(daemon, subnets)
    assert isinstance(found, Failure)
    assert (found.stage, found.reason) == (Stage.COMMAND, Reason.AUDIT_PENDING)
    assert "subnets have changed" in found.detail


def test_no_result_is_shown_while_the_daemon_does_not_answer() -> None:
    (daemon,) = daemons("a")
    assert ran(Scripted(audited()), [daemon]).result(daemon, REFUSED) == REFUSED


def test_a_failure_stays_a_failure_whatever_the_subnets_are() -> None:
    (daemon,) = daemons("a")
    assert ran(Scripted(REFUSED), [daemon]).result(daemon, CHANGED) == REFUSED


def test_an_audit_that_raises_costs_only_itself_and_tells_no_secret() -> None:
    first, second = daemons("a", "b")
    auditor = ran(Scripted(ValueError("monitor:password"), audited()), [first, second])
    assert auditor.result(first, UNCHANGED) == Failure(
        Stage.COMMAND, Reason.INTERNAL_ERROR, "internal error: ValueError"
    )
    assert auditor.result(second, UNCHANGED) == audited()


def test_the_end_of_an_audit_is_logged() -> None:
    with capture_logs() as logs:
        ran(Scripted(audited(orphaned=Misplaced({7: 3}, ())), REFUSED), daemons("a", "b"))
    assert logs == [
        {
            "event": "lease audit finished",
            "log_level": "info",
            "server": "a",
            "daemon": "dhcp4",
            "leases": 152,
            "orphaned": 3,
            "outside": 0,
        },
        {
            "event": "lease audit failed",
            "log_level": "warning",
            "server": "b",
            "daemon": "dhcp4",
            "detail": REFUSED.detail,
        },
    ]


# Audits in the background.


class SteppingClock:
    """A clock that goes on by so many seconds whenever it is read; only the auditor reads it."""

    def __init__(self, step: float) -> None:
        self._readings = count(0, step)
        self.now = 0.0

    def __call__(self) -> float:
        self.now = float(next(self._readings))
        return self.now


@pytest.fixture
def started() -> Iterator[Callable[..., Auditor]]:
    """Start auditors that do not outlive the test."""
    auditors: list[Auditor] = []

    def start(
        asked: Iterable[DaemonSettings],
        audit: Audit | None = None,
        clock: Callable[[], float] = time.monotonic,
        pages: Callable[..., Pages] = audit_pages,
    ) -> Auditor:
        auditors.append(Auditor(asked, in_one_page(audit) if audit else pages, clock))
        auditors[-1].start()
        return auditors[-1]

    yield start
    for auditor in auditors:
        auditor.stop()
    assert all_have_ended()


def all_have_ended() -> bool:
    audits = [thread for thread in running_threads() if thread.name == "audit"]
    for thread in audits:
        thread.join(GENEROUS)
    return not any(thread.is_alive() for thread in audits)


def test_there_is_no_thread_where_nothing_is_to_be_audited(started: Callable[..., Auditor]) -> None:
    started(not_audited(), Scripted())
    assert [thread for thread in running_threads() if thread.name == "audit"] == []


def test_an_audit_that_raises_does_not_end_the_others(started: Callable[..., Auditor]) -> None:
    audit = Scripted(ValueError(), audited())
    started(daemons("a", "b"), audit)
    assert [audit.asked.get(timeout=GENEROUS).daemon.target.server for _ in "ab"] == ["a", "b"]


def test_an_audit_that_failed_is_tried_again_before_the_interval_is_over(started: Callable[..., Auditor]) -> None:
    clock, asked = SteppingClock(60), Queue[tuple[str, float]]()

    def audit(daemon: DaemonSettings, *_: object) -> Fact[LeaseAudit]:
        asked.put((daemon.target.server, clock.now))
        return REFUSED if daemon.target.server == "silent" else audited()

    started(daemons("silent", "good", lease_audit={"interval": "5m"}), audit, clock)
    found = [asked.get(timeout=GENEROUS) for _ in range(8)]
    assert {server for server, _ in found[:2]} == {"silent", "good"}
    for server, seconds in (("silent", 60), ("good", 300)):
        times = [at for name, at in found if name == server]
        assert len(times) > 1
        assert all(later - earlier >= seconds for earlier, later in pairwise(times))
    assert sum(server == "silent" for server, _ in found) > 4


def test_changed_subnets_are_audited_soon(started: Callable[..., Auditor]) -> None:
    (daemon,) = daemons("a", lease_audit={"interval": "366d"})
    changed = replace(audited(), subnets=CHANGED.by_id)
    audit = Scripted(audited(), changed)
    auditor = started([daemon], audit)
    wait_until(lambda: auditor.result(daemon, UNCHANGED) == audited())
    assert auditor.result(daemon, CHANGED) != audited()
    wait_until(lambda: auditor.result(daemon, CHANGED) == changed)
    assert audit.servers == ["a", "a"]


def test_an_audit_of_replaced_settings_does_not_count(
    started: Callable[..., Auditor],
) -> None:
    (daemon,), (otherwise,) = (daemons("a", lease_audit={"interval": interval}) for interval in ("365d", "366d"))
    asked = Queue[float]()

    def audit(_: DaemonSettings, settings: AuditSettings, *__: object) -> Fact[LeaseAudit]:
        asked.put(settings.interval)
        if asked.qsize() == 1:
            auditor.follow([otherwise])
            return REFUSED
        return audited()

    auditor = started([daemon], audit)
    wait_until(lambda: auditor.result(otherwise, UNCHANGED) == audited())
    assert list(asked.queue) == [365 * DAY, 366 * DAY]
    auditor.follow([])
    assert auditor.result(otherwise, UNCHANGED) == PENDING


def test_an_audit_that_takes_more_than_an_hour_of_work_is_given_up(started: Callable[..., Auditor]) -> None:
    clock, closed = SteppingClock(600), Event()

    def pages(daemon: DaemonSettings, *_: object) -> Pages:
        try:
            while daemon.target.server == "slow":
                yield
        finally:
            closed.set()
        return audited()

    slow, good = daemons("slow", "good")
    auditor = started([slow, good], clock=clock, pages=pages)
    wait_until(lambda: auditor.result(good, UNCHANGED) == audited())
    wait_until(lambda: auditor.result(slow, UNCHANGED) == TOO_SLOW)
    assert closed.is_set()


# Audits take turns by page.


class Turns:
    """Audits of pages that take their time on a clock of the test, and the order in which they were read."""

    def __init__(self, **seconds: float) -> None:
        self.now, self.order = 0.0, list[str]()
        self._seconds = seconds

    def pages(self, daemon: DaemonSettings, *_: object) -> Pages:
        name = daemon.target.server
        for _page in range(20):
            self.order.append(name)
            self.now += self._seconds[name]
            yield
        return audited()

    def clock(self) -> float:
        # Waiting goes on by itself.
        self.now += 0.05
        return self.now


def test_audits_take_turns_by_page(started: Callable[..., Auditor]) -> None:
    turns, asked = Turns(a=0.01, b=0.01, c=0.01), daemons("a", "b", "c")
    auditor = started(asked, clock=turns.clock, pages=turns.pages)
    wait_until(lambda: all(auditor.result(daemon, UNCHANGED) == audited() for daemon in asked))
    thirds = [set(turns.order[start : start + 3]) for start in range(0, 60, 3)]
    assert thirds == [{"a", "b", "c"}] * 20


def test_a_slow_daemon_has_at_most_half_of_the_time(started: Callable[..., Auditor]) -> None:
    turns, asked = Turns(slow=5.0, good=0.2), daemons("slow", "good")
    auditor = started(asked, clock=turns.clock, pages=turns.pages)
    wait_until(lambda: auditor.result(asked[1], UNCHANGED) == audited())
    assert turns.order.count("slow") <= 4


def test_an_audit_of_a_removed_daemon_is_given_up_at_its_next_turn(started: Callable[..., Auditor]) -> None:
    turned, closed = Event(), Event()

    def pages(*_: object) -> Pages:
        try:
            while True:
                turned.set()
                yield
        finally:
            closed.set()

    auditor = started(daemons("a"), pages=pages)
    assert turned.wait(GENEROUS)
    auditor.follow([])
    assert closed.wait(GENEROUS)


@pytest.mark.parametrize(("idle_seconds", "connections"), [(10.0, 1), (-1.0, 4)])
def test_a_connection_that_was_idle_for_long_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, idle_seconds: float, connections: int
) -> None:
    made: list[object] = []

    def counted(daemon: DaemonSettings, deadline: Deadline) -> Transport:
        made.append(daemon)
        return transport_to(daemon, deadline)

    monkeypatch.setattr("kea_exporter.audit.MAX_IDLE_SECONDS", idle_seconds)
    monkeypatch.setattr("kea_exporter.audit.transport_to", counted)
    with kea_with(page(leases(10)), page(leases(3, first=11)), page([])) as kea:
        assert finished(audit_of(kea)).leases == 13
    assert len(made) == connections


def test_no_daemon_is_audited_any_more_when_audits_are_stopped(started: Callable[..., Auditor]) -> None:
    asked = Queue[str]()

    def audit(daemon: DaemonSettings, *_: object) -> Fact[LeaseAudit]:
        asked.put(daemon.target.server)
        auditor.stop()
        return audited()

    auditor = started(daemons("a", "b", "c"), audit)
    assert asked.get(timeout=GENEROUS) == "a"
    assert all_have_ended()
    assert asked.empty()


def test_an_audit_ends_after_the_page_under_way_when_audits_are_stopped(started: Callable[..., Auditor]) -> None:
    def stop_at_second(_: Tree) -> Tree:
        number = len(asked_for(kea))
        if number == 2:
            auditor.stop()
        return page(leases(10) if number < 20 else [])

    with SimulatedKea({"config-get": CONFIGURATION, "lease4-get-page": stop_at_second}) as kea:
        auditor = started(daemons("a", url=kea.url))
        wait_until(lambda: len(asked_for(kea)) >= 2)
        assert all_have_ended()
    assert len(asked_for(kea)) == 2
