"""The lease audit: page through all leases of a daemon, gently, in the background and never during a scrape."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import structlog

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.kea.client import KeaClient
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.lease_pages import AuditTally, read_lease_page
from kea_exporter.kea.protocol import Command
from kea_exporter.threads import start_thread
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.config import DaemonSettings
    from kea_exporter.config.settings import AuditSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.facts.snapshot import Target
    from kea_exporter.facts.subnets import Subnets
    from kea_exporter.transport.model import Transport

    Progress = Callable[[int], None]
    Pause = Callable[[float], bool | None]

PAGES = {Daemon.DHCP4: Command.LEASE4_GET_PAGE, Daemon.DHCP6: Command.LEASE6_GET_PAGE}
FIRST_PAGE = "start"

# Kea serves no DHCP packet while it puts a page together; this leaves it the thread in between.
PAUSE_SECONDS = 0.05
# Pages may be shorter than asked for, but a daemon that sends ever shorter ones would keep all other audits waiting.
MOST_PAGES = 10
# How long a failed audit waits to be tried again.
RETRY_SECONDS = 60.0
IDLE_SECONDS = 1.0
# A million leases take a few minutes. Whoever gives each page just in time would keep the others waiting for a day.
LONGEST_SECONDS = 3600.0

log = structlog.get_logger("audit")


def audit_leases(
    daemon: DaemonSettings,
    audit: AuditSettings,
    progress: Progress = lambda _: None,
    pause: Pause = time.sleep,
) -> Fact[LeaseAudit]:
    """Return what paging through all leases of one daemon finds; each page has the daemon's timeout for itself.

    Args:
        daemon: the daemon.
        audit: page size and where to stop.
        progress: told the number of leases looked at after each page.
        pause: waits between two pages; what it returns says whether to end.
    """
    with closing(transport_to(daemon, Deadline.after(daemon.timeout_seconds))) as transport:
        try:
            transport.open()
        except TransportError as error:
            return error.failure
        return _page_through(daemon, audit, transport, progress, pause)


def _page_through(
    daemon: DaemonSettings,
    audit: AuditSettings,
    transport: Transport,
    progress: Progress,
    pause: Pause,
) -> Fact[LeaseAudit]:
    client = KeaClient(transport, daemon.target)
    configuration = client.ask(Command.CONFIG_GET, read_configuration)
    if isinstance(configuration, Failure):
        return configuration
    if configuration.root != ROOT_KEYS[daemon.target.daemon]:
        return Failure(Stage.COMMAND, Reason.WRONG_DAEMON, f"{configuration.root} answers")
    tally, start, pages = AuditTally(configuration.subnets.by_id), FIRST_PAGE, 0
    last = -1
    while True:
        transport.renew(Deadline.after(daemon.timeout_seconds))
        page = client.ask(
            PAGES[daemon.target.daemon], read_lease_page, arguments={"from": start, "limit": audit.page_size}
        )
        if isinstance(page, Failure):
            return page
        tally.add(page)
        progress(tally.leases)
        if not page or tally.leases >= audit.max_leases:
            return tally.result(time.time(), is_complete=not page)
        pages += 1
        if int(page[-1].address) <= last or pages > MOST_PAGES * (1 + audit.max_leases / audit.page_size):
            return ENDLESS
        start, last = str(page[-1].address), int(page[-1].address)
        if pause(PAUSE_SECONDS):
            return STOPPED


ENDLESS = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the pages of leases do not come to an end")
STOPPED = Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "the lease audit was stopped")
TOO_SLOW = Failure(Stage.COMMAND, Reason.AUDIT_INCOMPLETE, "the lease audit was given up after an hour: others wait")
PENDING = Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "no lease audit has finished yet")


class Auditor:
    """Audits daemons one after another on a thread of its own, and keeps the last result of each."""

    def __init__(
        self,
        daemons: Iterable[DaemonSettings],
        audit: Callable[..., Fact[LeaseAudit]] = audit_leases,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._daemons = _audited(daemons)
        self._audit = audit
        self._clock = clock
        self._lock = threading.Lock()
        self._results: dict[Target, Fact[LeaseAudit]] = {}
        self._due: dict[Target, float] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; without anything to audit there is no thread."""
        if self._daemons and self._thread is None:
            self._thread = start_thread(self._work, name="audit")

    def follow(self, daemons: Iterable[DaemonSettings]) -> None:
        """Audit these daemons from now on, and begin if there was nothing to audit so far."""
        with self._lock:
            before = {daemon.target: daemon.lease_audit for daemon in self._daemons}
            self._daemons = _audited(daemons)
            now = {daemon.target: daemon.lease_audit for daemon in self._daemons}
            self._results = {target: found for target, found in self._results.items() if target in now}
            same = {target for target in now if now[target] == before.get(target)}
            self._due = {target: due for target, due in self._due.items() if target in same}
        self.start()

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
            self._run(daemon, partial(progress, daemon))

    def _work(self) -> None:
        while not self._stopped.wait(IDLE_SECONDS):
            for daemon in self._daemons:
                if not self._stopped.is_set() and self._clock() >= self._due.get(daemon.target, 0.0):
                    self._run(daemon, lambda _: None)

    def _run(self, daemon: DaemonSettings, progress: Progress) -> None:
        if daemon.lease_audit is None:
            return
        found = self._found(daemon, daemon.lease_audit, progress)
        is_soon = isinstance(found, Failure) and found is not TOO_SLOW
        with self._lock:
            if daemon not in self._daemons:  # what was asked for meanwhile is another audit, or none
                return
            self._due[daemon.target] = self._clock() + (RETRY_SECONDS if is_soon else daemon.lease_audit.interval)
            self._results[daemon.target] = found
        _log(daemon, found)

    def _found(self, daemon: DaemonSettings, audit: AuditSettings, progress: Progress) -> Fact[LeaseAudit]:
        end = self._clock() + LONGEST_SECONDS

        def pause(seconds: float) -> bool:
            return self._stopped.wait(seconds) or self._clock() >= end

        try:
            found = self._audit(daemon, audit, progress, pause)
        except Exception as error:  # noqa: BLE001 - the edge of an audit: one mistake must not end them all
            return Failure(Stage.COMMAND, Reason.INTERNAL_ERROR, f"internal error: {type(error).__name__}")
        return TOO_SLOW if found is STOPPED and not self._stopped.is_set() else found


def _audited(daemons: Iterable[DaemonSettings]) -> list[DaemonSettings]:
    return [daemon for daemon in daemons if daemon.lease_audit]


def _log(daemon: DaemonSettings, found: Fact[LeaseAudit]) -> None:
    about: Mapping[str, str] = {"server": daemon.target.server, "daemon": str(daemon.target.daemon)}
    if found is STOPPED:
        return
    if isinstance(found, Failure):
        log.warning("lease audit failed", **about, detail=found.detail)
    else:
        misplaced = {"orphaned": found.orphaned.total, "outside": found.outside.total}
        log.info("lease audit finished", **about, leases=found.leases, **misplaced)
