"""All daemons in parallel under one deadline; each costs only itself."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.pacing import Pacing
from kea_exporter.partner_reads import PartnerReads
from kea_exporter.probe import REAL_CLOCK, nothing_learnt, probe
from kea_exporter.process import NoThreadError, start_thread
from kea_exporter.requirements import REQUIREMENTS, judge_all
from kea_exporter.under_way import RESERVE_SECONDS, Outcome, Probe, StoppedError, UnderWay, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.dns import DnsServer
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.facts.snapshot import Snapshot, Target, Version
    from kea_exporter.facts.subnets import Subnets
    from kea_exporter.probe import Clock
    from kea_exporter.requirements import Report
    from kea_exporter.transport.deadline import Deadline

# Of a scrape's time, kept for putting together what the probes learnt; at most RESERVE_SECONDS.
RESERVE_SHARE = 0.1
# Names of unknown statistics logged for one daemon.
MAX_TOLD = 100

log = structlog.get_logger("collector")


class _Beside(NamedTuple):
    """What is known of a daemon beside its own probe; see the attributes of the same names of a snapshot."""

    audit: Fact[LeaseAudit | None]
    dns_server: Fact[DnsServer | None]
    versions: Mapping[Daemon, Version]

    def is_in(self, snapshot: Snapshot) -> bool:
        """Return whether a snapshot has the same."""
        return self == (snapshot.audit, snapshot.dns_server, snapshot.versions)


def _judged(daemon: DaemonSettings, snapshot: Snapshot, beside: _Beside) -> Report:
    known = replace(snapshot, audit=beside.audit, dns_server=beside.dns_server, versions=beside.versions)
    return judge_all(REQUIREMENTS, known, daemon.profile)


class Collector:
    """Probes daemons, each on a thread of its own, and never one daemon twice at a time.

    A probe that is still under way when the next scrape asks for the same daemon is joined: Kea is asked once, and a
    probe that cannot be interrupted (name resolution) holds one thread at most. Where that one had less time than the
    next scrape has, and too little, another follows. The threads are daemonic, so that they never hold up the end of
    the process. A daemon is probed again only after a minimum interval from the end of its last probe: until then the
    collections of it have what that probe found.
    """

    def __init__(
        self,
        probe_daemon: Callable[[DaemonSettings, Deadline, Snapshot | None], Snapshot] = probe,
        clock: Clock = REAL_CLOCK,
        audits: Callable[[DaemonSettings, Fact[Subnets]], Fact[LeaseAudit | None]] = lambda *_: None,
        min_interval: float = 0.0,
    ) -> None:
        self._probe = probe_daemon
        self._audits = audits
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: dict[Target, Probe] = {}
        self._waiting: dict[Target, Probe] = {}
        self._before: dict[Target, tuple[DaemonSettings, Snapshot]] = {}
        # What D2 of each server was last known to take.
        self._dns_servers: dict[str, DnsServer | None] = {}
        # The versions that the last probes of the daemons of each server found.
        self._versions: dict[str, dict[Daemon, Version]] = {}
        self._partner_reads = PartnerReads()
        self._told_unknown: dict[Target, frozenset[str]] = {}
        # With the time that the probe had.
        self._last_failures: dict[Target, tuple[Failure | None, float]] = {}
        self._pacing: Pacing[Probe] = Pacing(min_interval, clock.monotonic)
        self._is_stopped = False

    def collect(self, daemons: Iterable[DaemonSettings], deadline: Deadline) -> tuple[Report, ...]:
        """Return the reports on *daemons* in their order, by the deadline.

        Raises:
            StoppedError: `stop` was called.
            NoThreadError: no thread can be had for one of them.
        """
        under_way = self.begin(daemons, deadline)
        wait(under_way.futures, timeout=under_way.until.remaining())
        return self.end(under_way)

    def begin(self, daemons: Iterable[DaemonSettings], deadline: Deadline) -> UnderWay:
        """Start the probes of *daemons*, or join those that are under way.

        Raises:
            StoppedError: `stop` was called.
            NoThreadError: no thread can be had for one of them. Those that were started end by themselves.
        """
        reserve = min(RESERVE_SECONDS, deadline.remaining() * RESERVE_SHARE)
        scrape = deadline.earlier_by(reserve)
        probes = [self._start(daemon, scrape.sooner(daemon.timeout_seconds)) for daemon in daemons]
        last = max((probe.deadline for probe in probes), key=lambda probe: probe.at, default=scrape)
        return UnderWay(tuple(probes), last.later_by(reserve))

    def end(self, under_way: UnderWay) -> tuple[Report, ...]:
        """Return the reports on what came back until now, in the order of the daemons.

        Raises:
            StoppedError: `stop` was called.
            NoThreadError: a probe that was joined had no thread.
        """
        outcomes = [self._outcome(probe) for probe in under_way.probes]
        of_d2 = (outcome.snapshot for outcome in outcomes if outcome.snapshot.target.daemon is Daemon.D2)
        failed = {
            snapshot.target.server: snapshot.configuration
            for snapshot in of_d2
            if isinstance(snapshot.configuration, Failure)
        }
        return tuple(
            self._report(probe.daemon, outcome, failed.get(outcome.snapshot.target.server))
            for probe, outcome in zip(under_way.probes, outcomes, strict=True)
        )

    def keep_only(self, targets: Iterable[Target]) -> None:
        """Forget everything about other daemons than these."""
        with self._lock:
            kept = set(targets)
            self._pacing.keep_only(kept)
            self._partner_reads.keep_only(kept)
            about: tuple[dict[Target, Any], ...] = (self._before, self._told_unknown, self._last_failures)
            for known in about:
                for target in known.keys() - kept:
                    del known[target]
            with_d2 = {target.server for target in kept if target.daemon is Daemon.D2}
            self._dns_servers = {name: found for name, found in self._dns_servers.items() if name in with_d2}
            daemons = {(target.server, target.daemon) for target in kept}
            self._versions = {
                name: {daemon: version for daemon, version in found.items() if (name, daemon) in daemons}
                for name, found in self._versions.items()
            }

    def stop(self) -> None:
        """End every collection under way; further ones end at once."""
        with self._lock:
            self._is_stopped = True
            started = [*self._under_way.values(), *self._waiting.values()]
            self._waiting.clear()
        for running in started:
            settle(running.future, StoppedError())

    def _start(self, daemon: DaemonSettings, deadline: Deadline) -> Probe:
        started = Probe(daemon, deadline, deadline.remaining(), Future())
        with self._lock:
            if self._is_stopped:
                raise StoppedError
            recent = self._pacing.recent(daemon)
            if recent is not None and not (recent.lacked_time and started.has_more_time_than(recent)):
                return replace(started, future=recent.future)
            running = self._under_way.setdefault(daemon.target, started)
            if running is not started:
                return self._joined(running, started)
        try:
            start_thread(self._run, started, name="probe")
        except NoThreadError as error:
            with self._lock:
                del self._under_way[daemon.target]
                waiting = self._waiting.pop(daemon.target, None)
            for refused in (started, waiting):
                if refused is not None:
                    settle(refused.future, error)
            raise
        return started

    def _joined(self, running: Probe, other: Probe) -> Probe:
        """Return *other* as one that waits for what is under way, or for what follows it."""
        if not other.has_more_time_than(running):
            return replace(other, future=running.future)
        waiting = self._waiting.get(other.daemon.target)
        joined = other if waiting is None else replace(other, future=waiting.future)
        if waiting is None or joined.has_more_time_than(waiting):
            self._waiting[other.daemon.target] = joined
        return joined

    def _run(self, started: Probe) -> None:
        following: Probe | None = started
        if not started.daemon.is_configured:
            time.sleep(min(self._pacing.wait_seconds(started.daemon), started.deadline.remaining()))
        while following is not None:
            try:
                daemon = following.daemon
                snapshot = self._probe(daemon, following.deadline, self._last(daemon))
                outcome = Outcome(snapshot, _judged(daemon, snapshot, self._beside(daemon, snapshot)))
            except Exception as error:  # noqa: BLE001 - the edge of a probe: one bug must not cost the others
                detail = f"internal error: {type(error).__name__}"
                outcome = Outcome(self._nothing(following, Reason.INTERNAL_ERROR, detail), error=error)
            following = self._end(following, outcome)

    def _last(self, daemon: DaemonSettings) -> Snapshot | None:
        """Return the last snapshot of a daemon, if it was taken by the same settings."""
        with self._lock:
            settings, snapshot = self._before.get(daemon.target, (None, None))
            return self._partner_reads.marked(snapshot) if snapshot is not None and settings == daemon else None

    def _end(self, started: Probe, outcome: Outcome) -> Probe | None:
        """Tell what a probe came back with; return the one that follows."""
        target = started.daemon.target
        with self._lock:
            del self._under_way[target]
            waiting = self._waiting.pop(target, None)
            if waiting is not None and outcome.lacked_time:
                self._under_way[target] = waiting
            if started.daemon.is_configured:
                self._note_version(outcome.snapshot)
            if started.daemon.is_configured and not isinstance(outcome.snapshot.status, Failure):
                self._before[target] = (started.daemon, outcome.snapshot)
                self._partner_reads.note(outcome.snapshot)
                if target.daemon is Daemon.D2 and not isinstance(outcome.snapshot.configuration, Failure):
                    self._dns_servers[target.server] = outcome.snapshot.configuration.dns_server
            # Settled here: what is remembered has its result.
            settle(started.future, outcome)
            self._pacing.note(started.daemon, started)
        if waiting is None or outcome.lacked_time:
            return waiting
        settle(waiting.future, outcome)
        return None

    def _note_version(self, snapshot: Snapshot) -> None:
        server, daemon = snapshot.target.server, snapshot.target.daemon
        found = {} if isinstance(snapshot.version, Failure) else {daemon: snapshot.version}
        others = {other: version for other, version in self._versions.get(server, {}).items() if other is not daemon}
        self._versions[server] = {**others, **found}

    def _outcome(self, started: Probe) -> Outcome:
        if started.future.done():
            return started.future.result()
        return Outcome(self._nothing(started, Reason.BUDGET_USED_UP, "the probe did not end in time"))

    def _report(self, daemon: DaemonSettings, outcome: Outcome, d2_failure: Failure | None) -> Report:
        if daemon.is_configured:
            self._log_change(outcome)
            self._log_unknown(outcome.snapshot)
        beside, report = self._beside(daemon, outcome.snapshot, d2_failure), outcome.report
        if report is None or not beside.is_in(report.snapshot):
            report = _judged(daemon, outcome.snapshot, beside)
        for verdict in report.verdicts:
            if verdict.error is not None:
                log.error("requirement failed", requirement=verdict.requirement.id, exc_info=verdict.error)
        return report

    def _beside(self, daemon: DaemonSettings, snapshot: Snapshot, d2_failure: Failure | None = None) -> _Beside:
        server = snapshot.target.server
        dns_server = d2_failure or self._dns_servers.get(server)
        return _Beside(self._audits(daemon, snapshot.subnets), dns_server, self._versions.get(server, {}))

    def _nothing(self, started: Probe, reason: Reason, detail: str) -> Snapshot:
        failure = Failure(Stage.DEADLINE, reason, detail)
        before = self._last(started.daemon)
        return nothing_learnt(started.daemon.target, failure, self._clock.wall(), started.timeout_seconds, before)

    def _log_change(self, outcome: Outcome) -> None:
        """Log a failure when it begins, changes and ends, not on every scrape.

        Anybody can ask for a scrape that is too short: that it fails where a longer one told more is not logged.
        """
        target, error, seconds = outcome.snapshot.target, outcome.error, outcome.snapshot.timeout_seconds
        failure = next(iter(outcome.snapshot.failures), None)
        known_before, seconds_before = self._last_failures.get(target, (None, 0.0))
        if outcome.lacked_time and seconds + RESERVE_SECONDS < seconds_before:
            return
        self._last_failures[target] = failure, seconds
        about = {"server": target.server, "daemon": str(target.daemon)}
        before = None if known_before is None else (known_before.stage, known_before.reason)
        if failure is not None and (failure.stage, failure.reason) != before:
            why = {"stage": str(failure.stage), "reason": str(failure.reason), "detail": failure.detail}
            log.warning("probe failed", **about, **why, **({"exc_info": error} if error else {}))
        elif failure is None and known_before is not None:
            log.info("probe recovered", **about)

    def _log_unknown(self, snapshot: Snapshot) -> None:
        """Name new statistics once: the mapping should learn them."""
        target, statistics = snapshot.target, snapshot.statistics
        names = frozenset() if isinstance(statistics, Failure) else statistics.unknown or frozenset()
        with self._lock:
            told = self._told_unknown.get(target, frozenset())
            new = sorted(names - told)[: MAX_TOLD - len(told)]
            self._told_unknown[target] = told | frozenset(new)
        if new:
            about = {"server": target.server, "daemon": str(target.daemon)}
            log.info("unknown statistics found", **about, names=" ".join(new))
