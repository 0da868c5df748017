"""Probes that have begun: what a collection waits for, and what comes of each."""

from __future__ import annotations

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.process import NoThreadError
    from kea_exporter.requirements import Report
    from kea_exporter.transport.deadline import Deadline

# Kept of a scrape's time for putting together what the probes learnt.
RESERVE_SECONDS = 0.1


class StoppedError(Exception):
    """The collector was stopped while a collection was under way."""


@dataclass(frozen=True)
class Outcome:
    """What a probe came back with.

    Attributes:
        report: on the snapshot as it was judged by the probe itself, while others are waited for.
        error: of a probe that should not have raised.
    """

    snapshot: Snapshot
    report: Report | None = None
    error: Exception | None = None

    @property
    def lacked_time(self) -> bool:
        """Return whether more might have been learnt with more time."""
        return self.snapshot.lacked_time


@dataclass(frozen=True)
class Probe:
    """A probe under way."""

    daemon: DaemonSettings
    deadline: Deadline
    timeout_seconds: float
    future: Future[Outcome]

    @property
    def lacked_time(self) -> bool:
        """Return whether more might have been learnt with more time, of a probe that has ended."""
        return self.future.exception() is None and self.future.result().lacked_time

    def has_more_time_than(self, other: Probe) -> bool:
        """Return whether it has clearly more, and not only what passed between two equal scrapes."""
        return self.timeout_seconds > other.timeout_seconds + RESERVE_SECONDS


@dataclass(frozen=True)
class UnderWay:
    """A collection that has begun.

    Attributes:
        until: when to wait for its probes no longer.
    """

    probes: tuple[Probe, ...]
    until: Deadline

    @property
    def futures(self) -> list[Future[Outcome]]:
        """Return what is done when the probes are."""
        return [probe.future for probe in self.probes]


def settle(future: Future[Outcome], result: Outcome | StoppedError | NoThreadError) -> None:
    """Give a future its result, unless it has one already."""
    with suppress(InvalidStateError):
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)
