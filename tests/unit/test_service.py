"""A reload takes over as a whole or not at all, and leaves nothing behind of what was before."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import count
from threading import Event
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from kea_exporter.audit import PENDING
from kea_exporter.auditor import Auditor
from kea_exporter.collector import Collector
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.probe import nothing_learnt, probe
from kea_exporter.service import ReloadError, Service
from kea_exporter.transport.deadline import Deadline
from tests.support.examples import audited, sound
from tests.support.peers import SimulatedKea
from tests.support.recordings import recorded
from tests.support.serving import GENEROUS, Configuration, Waiting, answer, in_one_page, kea_answers, servers

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.config import DaemonSettings, Settings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.facts.snapshot import Snapshot, Target
    from kea_exporter.service import Collection
    from tests.support.serving import Probe, Tree

CANARY = "canary-5d21"
NOON = 1_800_000_000.0
REFUSED = Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens there")


def soon() -> Deadline:
    return Deadline.after(GENEROUS)


def service_of(
    configuration: Configuration,
    probe_daemon: Probe = answer,
    clock: Callable[[], float] = lambda: NOON,
    auditor: Auditor | None = None,
) -> Service:
    settings = configuration.load()
    auditor = auditor or Auditor(())
    return Service(settings, configuration.load, Collector(probe_daemon, audits=auditor.result), auditor, clock)


def names(collection: Collection) -> list[str]:
    return [report.snapshot.target.server for report in collection.reports]


def collect_all(service: Service) -> Collection:
    under_way = service.begin(service.settings.daemons, soon())
    wait(under_way.futures, timeout=under_way.until.remaining())
    return service.keep(service.end(under_way))


def broken(tree: Tree) -> Tree:
    return {**tree, "serverz": []}


# As a whole, or not at all.


def test_a_reload_takes_the_settings_of_the_current_file() -> None:
    configuration = Configuration(servers("a", "b"))
    service = service_of(configuration)
    configuration.tree = servers("b", "c")
    service.reload()
    assert service.settings.servers == ("b", "c")
    assert names(collect_all(service)) == ["b", "c"]


def test_a_configuration_that_cannot_be_used_leaves_everything_as_it_was() -> None:
    configuration = Configuration(servers("a"))
    service = service_of(configuration)
    collect_all(service)
    before, last = service.settings, service.last
    configuration.tree = broken(servers("b"))
    with pytest.raises(ReloadError, match="unknown key"):
        service.reload()
    assert service.settings is before
    assert service.last is last
    assert names(collect_all(service)) == ["a"]


def test_the_state_has_the_last_reload_and_the_last_success() -> None:
    configuration, clock = Configuration(servers("a")), count(NOON)
    service = service_of(configuration, clock=lambda: next(clock))
    assert (service.load_state.succeeded, service.load_state.succeeded_at) == (True, NOON)
    configuration.tree = broken(servers("a"))
    with pytest.raises(ReloadError):
        service.reload()
    assert (service.load_state.succeeded, service.load_state.succeeded_at) == (False, NOON)
    configuration.tree = servers("a")
    service.reload()
    assert (service.load_state.succeeded, service.load_state.succeeded_at) == (True, NOON + 1)


def test_an_unexpected_exception_is_a_failed_reload(monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = Configuration(servers("a"))
    service = service_of(configuration)
    with monkeypatch.context() as patched:
        patched.setattr(service, "_load", lambda: int("x"))
        with pytest.raises(ValueError, match="invalid literal"):
            service.reload()
    assert (service.load_state.succeeded, service.settings.servers) == (False, ("a",))
    service.reload()
    assert service.load_state.succeeded


def test_a_reload_without_a_thread_for_audits_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    configuration = Configuration(servers("a"))
    service = service_of(configuration)
    configuration.tree = servers("b", lease_audit={})
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(ReloadError, match="no thread can be started"):
            service.reload()
    assert (service.load_state.succeeded, service.settings.servers) == (False, ("a",))
    assert names(collect_all(service)) == ["a"]
    service.reload()
    service.stop()
    assert (service.load_state.succeeded, service.settings.servers) == (True, ("b",))


def test_a_collection_under_way_goes_on_by_the_settings_it_began_with(release: Event) -> None:
    has_begun = Event()

    def wait(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        if daemon.target.server.startswith("old"):
            has_begun.set()
            assert release.wait(GENEROUS)
        return answer(daemon, deadline, before)

    configuration = Configuration(servers("old-1", "old-2"))
    service = service_of(configuration, wait)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(collect_all, service)
        assert has_begun.wait(GENEROUS)
        configuration.tree = servers("new")
        service.reload()
        assert names(collect_all(service)) == ["new"]
        release.set()
        assert names(under_way.result(GENEROUS)) == ["old-1", "old-2"]


def test_no_collection_has_servers_of_two_configurations() -> None:
    first, second = ("a-1", "a-2", "a-3"), ("b-1", "b-2", "b-3")
    configuration = Configuration(servers(*first))
    service, found = service_of(configuration), set()
    is_done = Event()

    def reload_to_and_fro() -> None:
        for turn in range(60):
            configuration.tree = servers(*(first, second)[turn % 2])
            service.reload()
        is_done.set()

    with ThreadPoolExecutor(1) as pool:
        reloading = pool.submit(reload_to_and_fro)
        while not is_done.is_set():
            found.add(tuple(names(collect_all(service))))
        reloading.result(GENEROUS)
    assert found <= {first, second}


def test_only_one_reload_is_under_way_at_a_time() -> None:
    at_work, most, lock = 0, 0, threading.Lock()
    loaded: list[Settings] = []
    configuration = Configuration(servers("a"))

    def load() -> Settings:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.001)  # others may go on
        configuration.tree = servers(f"server-{len(loaded)}")
        loaded.append(configuration.load())
        with lock:
            at_work -= 1
        return loaded[-1]

    service = Service(configuration.load(), load, Collector(answer), Auditor(()))
    with ThreadPoolExecutor(16) as pool:
        for reloading in [pool.submit(service.reload) for _ in range(64)]:
            reloading.result(GENEROUS)
    assert (most, len(loaded)) == (1, 64)
    assert service.settings is loaded[-1]


def test_a_reload_that_failed_does_not_hold_up_the_next() -> None:
    configuration = Configuration(servers("a"))
    service = service_of(configuration)
    for tree in (broken(servers("b")), servers("c")):
        configuration.tree = tree
        try:
            service.reload()
        except ReloadError:
            continue
    assert service.settings.servers == ("c",)


# What is logged.


LOGIN = {"username": "monitor", "password": CANARY}


def allowing(network: str, **auth: object) -> Tree:
    targets = [{"networks": [network], "ports": [8001], "auth": "branches"}]
    return {"auths": {"branches": auth}, "probe": {"allowed_targets": targets}}


CHANGES: dict[str, tuple[Tree, Tree, dict[str, str]]] = {
    "nothing": (servers("a"), servers("a"), {}),
    "a server more": (servers("a"), servers("a", "b"), {"added": "b"}),
    "a server less": (servers("a", "b"), servers("b"), {"removed": "a"}),
    "another name": (servers("a", "b"), servers("b", "c"), {"added": "c", "removed": "a"}),
    "several": (servers("a"), servers("b", "c"), {"added": "b c", "removed": "a"}),
    "another url": (servers("a"), servers("a", url="http://127.0.0.1:2"), {"changed": "a"}),
    "another timeout": (servers("a"), servers("a", timeout="3s"), {"changed": "a"}),
    "another password": (
        servers("a", basic_auth={"username": "monitor", "password": "before"}),
        servers("a", basic_auth=LOGIN),
        {"changed": "a"},
    ),
    "credentials taken away": (servers("a", basic_auth=LOGIN), servers("a"), {"changed": "a"}),
    "another collection": (servers("a"), servers("a", collect={"pools": True}), {"changed": "a"}),
    "a daemon more": (
        servers("a", "b"),
        {"servers": [{**servers("a")["servers"][0], "d2": {"url": "http://127.0.0.1:2"}}, *servers("b")["servers"]]},
        {"changed": "a"},
    ),
    "other defaults": (
        {"defaults": {"body_size_limit": "1MiB"}, **servers("a", "b")},
        {"defaults": {"body_size_limit": "2MiB"}, **servers("a", "b")},
        {"changed": "a b"},
    ),
    "allowed targets": (servers("a"), {**allowing("10.0.0.0/8"), **servers("a")}, {"allowed_targets": "changed"}),
    "the credentials of allowed targets": (
        {**allowing("10.0.0.0/8"), **servers("a")},
        {**allowing("10.0.0.0/8", basic_auth=LOGIN), **servers("a")},
        {"allowed_targets": "changed"},
    ),
    "another order": (servers("a", "b"), servers("b", "a"), {}),
    "a profile that says the same": (
        {"profiles": {"house": {"leave_out": ["service-running"]}}, **servers("a", profile="house")},
        {"profiles": {"house": {"leave_out": ["service-running"]}}, **servers("a", profile="house")},
        {},
    ),
    "a profile that says another thing": (
        {"profiles": {"house": {"leave_out": ["service-running"]}}, **servers("a", profile="house")},
        {"profiles": {"house": {}}, **servers("a", profile="house")},
        {"changed": "a"},
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_the_log_names_servers_added_removed_changed_and_no_secret(case: str) -> None:
    before, now, named = CHANGES[case]
    configuration = Configuration(before)
    service = service_of(configuration)
    configuration.tree = now
    with capture_logs() as logged:
        service.reload()
    assert logged == [{"event": "configuration reloaded", "log_level": "info", **named}]
    assert CANARY not in repr(logged)


def test_a_reload_that_failed_is_logged_with_all_mistakes_and_no_secret() -> None:
    configuration = Configuration(servers("a"))
    service = service_of(configuration)
    configuration.tree = {**servers("a", url=f"http://u:{CANARY}@127.0.0.1:1", timeout="soon"), "more": 1}
    with capture_logs() as logged, pytest.raises(ReloadError) as caught:
        service.reload()
    [line] = logged
    assert line["log_level"] == "error"
    for text in ("basic_auth", "a number with its unit", "unknown key"):
        assert text in line["detail"]
        assert text in str(caught.value)
    assert CANARY not in repr(logged) + repr(caught.value)


# Nothing of removed servers is kept.


class Watched:
    """Remembers which targets and snapshots of a probe are still alive somewhere."""

    def __init__(self, failure: Failure | None = None) -> None:
        self._failure = failure
        self._seen: list[tuple[str, weakref.ref[Target] | weakref.ref[Snapshot]]] = []

    def probe(self, daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        if self._failure is None:
            snapshot = answer(daemon, deadline, before)
        else:
            snapshot = nothing_learnt(daemon.target, self._failure, NOON, 5)
        name = daemon.target.server
        self._seen += [(name, weakref.ref(daemon.target)), (name, weakref.ref(snapshot))]
        return snapshot

    def audit(self, daemon: DaemonSettings, *_: object) -> Fact[LeaseAudit]:
        self._seen.append((daemon.target.server, weakref.ref(daemon.target)))
        return audited()

    def alive(self) -> set[str]:
        gc.collect()
        return {name for name, seen in self._seen if seen() is not None}


@pytest.mark.parametrize("failure", [None, REFUSED], ids=["sound", "failing"])
def test_removed_servers_are_forgotten(failure: Failure | None) -> None:
    configuration, watched = Configuration(servers("a", "b")), Watched(failure)
    service = service_of(configuration, watched.probe)
    collect_all(service)
    assert watched.alive() == {"a", "b"}
    configuration.tree = servers("b")
    service.reload()
    collect_all(service)
    assert watched.alive() == {"b"}


def test_nothing_grows_over_reloads_with_ever_new_names() -> None:
    watched = Watched()
    configuration = Configuration(servers("server-0", lease_audit={}))
    auditor = Auditor((), in_one_page(watched.audit))
    service = service_of(configuration, watched.probe, auditor=auditor)
    for number in range(200):
        configuration.tree = servers(f"server-{number}", lease_audit={})
        service.reload()
        auditor.run_all(lambda *_: None)
        collect_all(service)
    auditor.stop()
    assert watched.alive() == {"server-199"}


def test_a_collection_under_way_during_the_reload_leaves_nothing_for_good(release: Event) -> None:
    watched, has_begun = Watched(), Event()

    def wait(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        has_begun.set()
        assert release.wait(GENEROUS)
        return watched.probe(daemon, deadline, before)

    configuration = Configuration(servers("a"))
    service = service_of(configuration, wait)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(collect_all, service)
        assert has_begun.wait(GENEROUS)
        configuration.tree = servers("b")
        service.reload()
        release.set()
        under_way.result(GENEROUS)
    del under_way
    collect_all(service)
    service.reload()
    assert watched.alive() == {"b"}


# What was read of a daemon is held for as long as its settings are the same.


def kea_with_a_list_of_subnets() -> SimulatedKea:
    return SimulatedKea({**kea_answers(), "subnet4-list": recorded("kea-3.2.0", "dhcp4")["subnet4-list"]})


def times_read(kea: SimulatedKea) -> int:
    return [request["command"] for request in kea.received].count("config-get")


def test_facts_survive_a_reload_that_leaves_the_daemon_unchanged() -> None:
    with kea_with_a_list_of_subnets() as kea:
        configuration = Configuration(servers("a", url=kea.url))
        service = service_of(configuration, probe)
        collect_all(service)
        configuration.tree = {"servers": [*servers("a", url=kea.url)["servers"], *servers("b")["servers"]]}
        service.reload()
        collect_all(service)
        assert times_read(kea) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": "19s"},
        {"body_size_limit": "1MiB"},
        {"collect": {"exclude": {"prefixes": ["10.0.0.0/8"]}}},
        {"basic_auth": {"username": "monitor", "password": "another"}},
        {"profile": "house"},
    ],
    ids=lambda options: next(iter(options)),
)
def test_facts_are_read_again_after_a_change_of_the_daemon(options: Tree) -> None:
    profiles = {"profiles": {"house": {"leave_out": ["service-running"]}}}
    with kea_with_a_list_of_subnets() as kea:
        configuration = Configuration({**profiles, **servers("a", url=kea.url)})
        service = service_of(configuration, probe)
        collect_all(service)
        entry = {"name": "a", "dhcp4": {"url": kea.url, "timeout": "20s", **options}}
        configuration.tree = {**profiles, "servers": [entry]}
        service.reload()
        [report] = collect_all(service).reports
        assert report.snapshot.failures == ()
        assert times_read(kea) == 2


# Audits follow.


class Audits:
    """Audits that take no time, and who was audited."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.done: list[str] = []

    def audit(self, daemon: DaemonSettings, *_: object) -> Fact[LeaseAudit]:
        with self.changed:
            self.done.append(daemon.target.server)
            self.changed.notify_all()
        return audited()

    def wait_for(self, server: str) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: server in self.done, GENEROUS)


def audit_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "audit"}


def test_a_reload_starts_and_ends_lease_audits() -> None:
    configuration, audits = Configuration(servers("a")), Audits()
    auditor = Auditor(configuration.load().daemons, in_one_page(audits.audit))
    service = service_of(configuration, auditor=auditor)
    auditor.start()
    others = audit_threads()
    configuration.tree = servers("a", "b", lease_audit={})
    service.reload()
    try:
        assert audits.wait_for("b")
        [thread] = audit_threads() - others
        [daemon, _] = service.settings.daemons
        assert auditor.result(daemon, sound().subnets) == audited()
        configuration.tree = servers("a")
        service.reload()
        assert auditor.result(service.settings.daemons[0], sound().subnets) is None
        configuration.tree = servers("a", lease_audit={"interval": "366d"})
        service.reload()
        assert auditor.result(service.settings.daemons[0], sound().subnets) == PENDING
        assert audit_threads() - others == {thread}
    finally:
        auditor.stop()
        thread.join(GENEROUS)


def test_another_interval_counts_from_the_reload_on() -> None:
    configuration, audits = Configuration(servers("a", lease_audit={"interval": "366d"})), Audits()
    auditor = Auditor(configuration.load().daemons, in_one_page(audits.audit))
    service = service_of(configuration, auditor=auditor)
    auditor.start()
    try:
        assert audits.wait_for("a")
        audits.done.clear()
        configuration.tree = servers("a", lease_audit={"interval": "1h"})
        service.reload()
        assert audits.wait_for("a")
    finally:
        auditor.stop()


def test_the_next_collection_judges_by_the_profile_of_the_reload() -> None:
    configuration = Configuration(servers("a"))
    service = service_of(configuration)
    [before] = collect_all(service).reports
    configuration.tree = {
        "profiles": {"house": {"leave_out": ["service-running"]}},
        **servers("a", profile="house"),
    }
    service.reload()
    [now] = collect_all(service).reports
    judged = [{verdict.requirement.id for verdict in report.verdicts} for report in (before, now)]
    assert judged[0] - judged[1] == {"service-running"}


# A collection that had too little time.


RELOADS: dict[str, tuple[Tree, bool]] = {
    "nothing": (servers("a", "b"), True),
    "another profile": ({"profiles": {"x": {}}, **servers("a", "b", profile="x")}, True),
    "a server removed": (servers("a"), True),
    "a server added": (servers("a", "b", "c"), False),
    "a server renamed": (servers("a", "c"), False),
    "another url": (servers("a", "b", url="http://127.0.0.1:2"), False),
}


@pytest.mark.parametrize("case", RELOADS)
def test_the_last_collection_is_dropped_where_it_lacks_a_daemon(case: str) -> None:
    configuration = Configuration(servers("a", "b"))
    service = service_of(configuration)
    collection = collect_all(service)
    configuration.tree, is_kept = RELOADS[case]
    service.reload()
    assert service.last is (collection if is_kept else None)


def test_a_collection_that_began_before_the_reload_is_not_the_last_one(release: Event) -> None:
    waiting = Waiting(release)
    configuration = Configuration(servers("a"))
    service = service_of(configuration, waiting)
    under_way = service.begin(service.settings.daemons, soon())
    configuration.tree = servers("a", "b")
    service.reload()
    release.set()
    wait(under_way.futures, timeout=GENEROUS)
    assert names(service.keep(service.end(under_way))) == ["a"]
    assert service.last is None
    assert collect_all(service) is service.last


LATE = Failure(Stage.HTTP, Reason.TIMED_OUT, "no answer in time")


def test_a_short_collection_replaces_a_longer_one_after_5_minutes() -> None:
    now, failures = [NOON], dict[str, Failure]()

    def look(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        if daemon.target.server in failures:
            return nothing_learnt(daemon.target, failures[daemon.target.server], NOON, deadline.remaining())
        return replace(answer(daemon, deadline, before), timeout_seconds=deadline.remaining())

    def collected(seconds: float) -> bool:
        """Collect with so much time, and return whether that is the last collection now."""
        under_way = service.begin(service.settings.daemons, Deadline.after(seconds))
        wait(under_way.futures, timeout=GENEROUS)
        collection = service.keep(service.end(under_way))
        return service.last is collection

    service = service_of(Configuration(servers("a", "b")), look, clock=lambda: now[0])
    assert collected(10)
    assert collected(1)
    assert collected(10)
    failures["b"] = LATE
    assert not collected(1)
    assert collected(10)
    assert not collected(1)
    now[0] += 299
    assert not collected(1)
    now[0] += 2
    assert collected(1)
    failures["b"] = REFUSED
    assert collected(0.5)
