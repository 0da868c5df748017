"""Lease audits in the background: when each is due, and turns by page."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from kea_exporter.audit import PAUSE_SECONDS, PENDING, TOO_SLOW, audit_pages
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.process import start_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.audit import Pages, Progress
    from kea_exporter.config import DaemonSettings
    from kea_exporter.config.settings import AuditSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.facts.snapshot import Target
    from kea_exporter.facts.subnets import Subnets

# How long a failed audit waits to be tried again.
RETRY_SECONDS = 60.0
IDLE_SECONDS = 1.0
# Of work on one audit. A million leases take a few minutes.
MAX_SECONDS = 3600.0

log = structlog.get_logger("audit")


@dataclass(eq=False)
class _Audit:
    """An audit under way.

    Attributes:
        due: when its next page may be read, in seconds of the auditor's clock.
        worked: seconds that its pages took so far.
    """

    daemon: DaemonSettings
    settings: AuditSettings
    pages: Pages
    due: float
    worked: float = 0.0


class Auditor:
    """Audits daemons on one thread, and keeps the last result of each.

    Audits take turns by page: a page is followed by one of another daemon. A daemon is left alone for as long as its
    last page took, so that a slow one has at most half of the time.
    """

    def __init__(
        self,
        daemons: Iterable[DaemonSettings],
        audit: Callable[[DaemonSettings, AuditSettings, Progress], Pages] = audit_pages,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._daemons = _audited(daemons)
        self._audit = audit
        self._clock = clock
        self._lock = threading.Lock()
        self._results: dict[Target, Fact[LeaseAudit]] = {}
        self._due: dict[Target, float] = {}
        self._running: list[_Audit] = []
        # Two threads may take turns: that of the audits, and the one that runs all.
        self._turn = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; without anything to audit there is no thread.

        Raises:
            NoThreadError: no thread can be had.
        """
        self._start_thread_for(self._daemons)

    def follow(self, daemons: Iterable[DaemonSettings]) -> None:
        """Audit these daemons from now on, and begin if there was nothing to audit so far.

        Raises:
            NoThreadError: no thread can be had; the daemons stay those from before.
        """
        audited = _audited(daemons)
        self._start_thread_for(audited)
        with self._lock:
            before = {daemon.target: daemon.lease_audit for daemon in self._daemons}
            self._daemons = audited
            now = {daemon.target: daemon.lease_audit for daemon in self._daemons}
            self._results = {target: found for target, found in self._results.items() if target in now}
            same = {target for target in now if now[target] == before.get(target)}
            self._due = {target: due for target, due in self._due.items() if target in same}

    def stop(self) -> None:
        """End after the page under way."""
        self._stopped.set()

    def result(self, daemon: DaemonSettings, subnets: Fact[Subnets]) -> Fact[LeaseAudit | None]:
        """Return the last audit of a daemon as long as it answers, and its subnets are those that were audited.

        None where audits are off. A changed configuration makes an audit due at once.
        """
        if daemon.lease_audit is None:
            return None
        if isinstance(subnets, Failure):
            return subnets
        found = self._results.get(daemon.target, PENDING)
        if isinstance(found, Failure):
            return found
        if found.subnets == subnets.by_id:
            return found
        with self._lock:
            self._due[daemon.target] = 0.0
        return Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "the subnets have changed since the last lease audit")

    def run_all(self, progress: Callable[[DaemonSettings, int], None]) -> None:
        """Audit every daemon now."""
        for daemon in self._daemons:
            self._begin(daemon, partial(progress, daemon))
        while self._running and not self._stopped.wait(self._seconds_to_next_turn()):
            with self._turn:
                self._take_turn()

    def _start_thread_for(self, daemons: list[DaemonSettings]) -> None:
        if daemons and self._thread is None:
            self._thread = start_thread(self._work, name="audit")

    def _work(self) -> None:
        while not self._stopped.wait(self._seconds_to_next_turn() if self._running else IDLE_SECONDS):
            with self._turn:
                # Audits of daemons that are not configured any more, or otherwise, are given up.
                for audit in [entry for entry in self._running if entry.daemon not in self._daemons]:
                    audit.pages.close()
                    self._running.remove(audit)
                running = [audit.daemon for audit in self._running]
                for daemon in self._daemons:
                    if daemon not in running and self._clock() >= self._due.get(daemon.target, 0.0):
                        self._begin(daemon, lambda _: None)
                self._take_turn()
        for audit in self._running:
            audit.pages.close()

    def _begin(self, daemon: DaemonSettings, progress: Progress) -> None:
        if (settings := daemon.lease_audit) is not None:
            pages = self._audit(daemon, settings, progress)
            self._running.append(_Audit(daemon, settings, pages, due=self._clock()))

    def _seconds_to_next_turn(self) -> float:
        now = self._clock()
        return min(max(0.0, min((audit.due for audit in self._running), default=now) - now), IDLE_SECONDS)

    def _take_turn(self) -> None:
        """Read a page of the audit that has waited for longest, if there is any."""
        if not self._running:
            return
        audit = min(self._running, key=lambda entry: entry.due)
        begun = self._clock()
        if audit.due > begun:
            return
        try:
            next(audit.pages)
        except StopIteration as end:
            self._finish(audit, end.value)
            return
        except Exception as error:  # noqa: BLE001 - the edge of an audit: one bug must not end them all
            detail = f"internal error: {type(error).__name__}"
            self._finish(audit, Failure(Stage.COMMAND, Reason.INTERNAL_ERROR, detail))
            return
        now = self._clock()
        audit.worked += now - begun
        audit.due = now + max(PAUSE_SECONDS, now - begun)
        if audit.worked >= MAX_SECONDS:
            audit.pages.close()
            self._finish(audit, TOO_SLOW)

    def _finish(self, audit: _Audit, found: Fact[LeaseAudit]) -> None:
        self._running.remove(audit)
        is_soon = isinstance(found, Failure) and found is not TOO_SLOW
        with self._lock:
            if audit.daemon not in self._daemons:  # what is configured meanwhile is another audit, or none
                return
            interval = RETRY_SECONDS if is_soon else audit.settings.interval
            self._due[audit.daemon.target] = self._clock() + interval
            self._results[audit.daemon.target] = found
        _log(audit.daemon, found)


def _audited(daemons: Iterable[DaemonSettings]) -> list[DaemonSettings]:
    return [daemon for daemon in daemons if daemon.lease_audit]


def _log(daemon: DaemonSettings, found: Fact[LeaseAudit]) -> None:
    about: Mapping[str, str] = {"server": daemon.target.server, "daemon": str(daemon.target.daemon)}
    if isinstance(found, Failure):
        log.warning("lease audit failed", **about, detail=found.detail)
    else:
        misplaced = {"orphaned": found.orphaned.total, "outside": found.outside.total}
        log.info("lease audit finished", **about, leases=found.leases, **misplaced)
