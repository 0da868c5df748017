"""The exporter at work: the settings in force, whoever follows them, and how they are replaced."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from kea_exporter.auditor import Auditor
from kea_exporter.collector import Collector
from kea_exporter.partners import Comparisons
from kea_exporter.process import NoThreadError
from kea_exporter.under_way import RESERVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kea_exporter.config import DaemonSettings, Settings
    from kea_exporter.facts.snapshot import Target
    from kea_exporter.requirements import PairSnapshot, Report
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.under_way import UnderWay

# So long a collection stays the last one while all others lack time. Pages mark one of this age as old.
MAX_KEPT_SECONDS = 300.0

log = structlog.get_logger("service")


class ReloadError(Exception):
    """The configuration is invalid; the message has all errors, and no secret."""


@dataclass(frozen=True)
class Collection:
    """What one collection brought.

    Attributes:
        collected_at: when it was complete, in seconds since the epoch.
        targets: the daemons that were collected.
    """

    reports: tuple[Report, ...]
    collected_at: float
    targets: frozenset[Target]

    def has_all_of(self, settings: Settings) -> bool:
        """Return whether every configured daemon was collected."""
        return self.targets.issuperset(daemon.target for daemon in settings.daemons)


@dataclass(frozen=True)
class LoadState:
    """How the last attempt to load the configuration went, and when one last succeeded (seconds since the epoch)."""

    succeeded: bool
    succeeded_at: float


class Service:
    """Collects by the settings in force. A reload replaces them as a whole, or not at all.

    What is under way when they are replaced goes on by those that it began with.

    Args:
        settings: those to begin with.
        load: reads them anew, or raises ReloadError.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        collector: Collector,
        auditor: Auditor,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings
        self.last: Collection | None = None
        self.load_state = LoadState(succeeded=True, succeeded_at=clock())
        self._load = load
        self._collector = collector
        self._auditor = auditor
        self._clock = clock
        self._comparisons = Comparisons()
        self._reloading = threading.Lock()
        self._replacing = threading.Lock()  # of the settings and the last collection, which belong together
        self._refused = ""

    @classmethod
    def of(cls, settings: Settings, load: Callable[[], Settings], min_interval: float = 0.0) -> Service:
        """Return a service with a collector and an auditor of its own; *min_interval* in seconds as for Collector."""
        auditor = Auditor(settings.daemons)
        return cls(settings, load, Collector(audits=auditor.result, min_interval=min_interval), auditor)

    def start(self) -> None:
        """Begin with what is done in the background."""
        self._auditor.start()

    def stop(self) -> None:
        """End every collection under way, and what is done in the background; ending twice is fine."""
        self._auditor.stop()
        self._collector.stop()

    def begin(self, daemons: Iterable[DaemonSettings], deadline: Deadline) -> UnderWay:
        """Begin to collect from some daemons.

        Raises:
            StoppedError: the exporter is shutting down.
        """
        return self._collector.begin(daemons, deadline)

    def end(self, under_way: UnderWay) -> Collection:
        """Return what a collection has brought by now.

        Raises:
            StoppedError: the exporter is shutting down.
        """
        targets = frozenset(probe.daemon.target for probe in under_way.probes)
        return Collection(self._collector.end(under_way), self._clock(), targets)

    def compared(self, pair: PairSnapshot) -> PairSnapshot:
        """Return a pair with its differences; takes a while if its configurations have to be read."""
        return self._comparisons.of(pair, self.settings.daemons)

    def keep(self, collection: Collection) -> Collection:
        """Keep a collection from every daemon as the last one, and return it.

        One that lacked time does not replace a recent one that had more: the client chose how much. One that began
        before a reload, and lacks a daemon of the settings in force, is not kept.
        """
        with self._replacing:
            last = self.last
            is_recent = last is not None and 0 <= collection.collected_at - last.collected_at < MAX_KEPT_SECONDS
            is_better = last is None or not is_recent or not _lacked_time(collection, last)
            if is_better and collection.has_all_of(self.settings):
                self.last = collection
        return collection

    def reload(self, *, once_more: bool = False) -> None:
        """Replace the settings by those of the configuration as it is now; one reload at a time.

        Args:
            once_more: whether nothing has changed since the last attempt; its errors are not logged again then.

        Raises:
            ReloadError: it cannot be used; the settings in force stay.
        """
        with self._reloading:
            try:
                changes = self._replace(self._load())
            except Exception as error:
                self.load_state = LoadState(succeeded=False, succeeded_at=self.load_state.succeeded_at)
                if isinstance(error, ReloadError):
                    self._log_refused(str(error), once_more=once_more)
                raise
            self.load_state = LoadState(succeeded=True, succeeded_at=self._clock())
            log.info("configuration reloaded", **changes)

    def _replace(self, settings: Settings) -> dict[str, str]:
        """Replace the settings in force, and return what changes."""
        try:
            # First, as it may fail.
            self._auditor.follow(settings.daemons)
        except NoThreadError as error:
            raise ReloadError(str(error)) from None
        changes = _changes(self.settings, settings)
        with self._replacing:
            self.settings = settings
            if self.last is not None and not self.last.has_all_of(settings):
                self.last = None  # Pages collect anew: without the added daemons, they would show an outage as healthy.
        self._collector.keep_only(daemon.target for daemon in settings.daemons)
        return changes

    def _log_refused(self, detail: str, *, once_more: bool) -> None:
        is_logged = once_more and detail == self._refused
        self._refused = detail
        if not is_logged:
            # Without a trace: the errors are those of the configuration.
            log.error("configuration reload failed", detail=detail)


def _lacked_time(collection: Collection, last: Collection) -> bool:
    """Return whether a probe lacked time, and had clearly less than that of the same daemon in the last collection."""
    before = {report.snapshot.target: report.snapshot.timeout_seconds for report in last.reports}
    return any(
        report.snapshot.lacked_time
        and report.snapshot.timeout_seconds + RESERVE_SECONDS < before.get(report.snapshot.target, 0.0)
        for report in collection.reports
    )


def _changes(before: Settings, now: Settings) -> dict[str, str]:
    """Name the servers that came, went and changed, and tell whether what /probe may be asked for beside has."""
    old, new = _by_server(before), _by_server(now)
    named = {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "changed": [name for name in new if name in old and new[name] != old[name]],
    }
    others = {} if before.allowed_targets == now.allowed_targets else {"allowed_targets": "changed"}
    return {**{what: " ".join(names) for what, names in named.items() if names}, **others}


def _by_server(settings: Settings) -> dict[str, list[DaemonSettings]]:
    found: dict[str, list[DaemonSettings]] = {}
    for daemon in settings.daemons:
        found.setdefault(daemon.target.server, []).append(daemon)
    return found
