"""What a daemon counted since it started, by what it means rather than by what Kea calls it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.facts.status import Lifetime

# Two moments that were each cut to whole seconds, and the answer's own time.
ROUNDING_SECONDS = 3.0


class Measure(Enum):
    """What is counted; the value names its labels."""

    PACKETS_RECEIVED = ("packets received",)
    PACKETS_SENT = ("packets sent",)
    PACKETS_DROPPED = ("packets dropped", "reason")
    MESSAGES_RECEIVED = ("messages received", "message")
    MESSAGES_SENT = ("messages sent", "message")
    ALLOCATION_FAILURES = ("allocation failures", "scope")
    ALLOCATION_FAILURES_BY_CAUSE = ("allocation failures by cause", "cause")
    LEASE_ASSIGNMENTS = ("assignments", "kind")
    LEASE_REUSES = ("reuses", "kind")
    ADDRESS_REGISTRATIONS = ("registrations",)
    LEASES_RECLAIMED = ("reclaimed",)
    DECLINED_RECLAIMED = ("reclaimed declined",)
    RESERVATION_CONFLICTS = ("reservation conflicts",)
    DDNS_REQUESTS = ("requests", "result")
    DDNS_QUEUE_FULL = ("queue full",)
    DDNS_UPDATES_SENT = ("updates sent", "signed")
    DDNS_UPDATES = ("updates", "result")
    DDNS_KEY_UPDATES_SENT = ("updates sent by key", "key")
    DDNS_KEY_UPDATES = ("updates by key", "key", "result")

    # They are keys for each statistic of a scrape, and Enum's own is slow.
    __hash__ = object.__hash__

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the names of its labels."""
        return tuple(self.value[1:])


@dataclass(frozen=True)
class ResponseTime:
    """How long answers to one kind of message took, by the means of intervals that Kea keeps.

    Attributes:
        mean_seconds: of the last interval in which there were such messages.
        peak_seconds: the highest mean of all intervals that are kept.
    """

    mean_seconds: float
    peak_seconds: float


@dataclass(frozen=True)
class Statistics:
    """Counters of one daemon as a whole.

    Attributes:
        values: per measure, a value for each combination of its labels.
        unknown: names that no rule knows, without their scope, at most a hundred of them; None where only some
            statistics were asked for, by their names.
        dropped_in_all: packets dropped for whatever reason; None where it was not learnt.
        dropped_moved: by how much what is left of them for other reasons is moved on, so that it does not jump where
            one of the counters was reset.
        response_times: from the hook perfmon, by exchange, such as `discover_offer`.
    """

    values: Mapping[Measure, Mapping[tuple[str, ...], int]]
    unknown: frozenset[str] | None = None
    dropped_in_all: int | None = None
    dropped_moved: int = 0
    response_times: Mapping[str, ResponseTime] = field(default_factory=dict)


@dataclass(frozen=True)
class Rise:
    """The rise of a counter between two probes.

    Attributes:
        since: when the first one began, in seconds since the epoch.
        until: likewise, the second one.
    """

    since: float
    until: float
    number: int


@dataclass(frozen=True)
class Counted:
    """The statistics that were last read, and the process of the daemon that had counted them.

    Attributes:
        started_at: when it was started, in seconds since the epoch, as far as whole seconds tell.
    """

    pid: int
    started_at: float
    statistics: Statistics

    def is_of(self, running: Lifetime) -> bool:
        """Return whether the daemon was not restarted since: reloading keeps its counters (measured)."""
        return running.pid == self.pid and abs(running.started.at - self.started_at) <= ROUNDING_SECONDS
