"""Has a daemon been restarted or reloaded since it was last asked? Kea tells how many whole seconds ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.status import Lifetime, Moment

if TYPE_CHECKING:
    from kea_exporter.facts.status import Status

# What the clocks of two machines may drift apart from one scrape to the next.
SLACK_SECONDS = 0.5
# Two reloads are told apart if the first was longer ago than this when it was seen.
SETTLED_SECONDS = 2.0


def lifetime(status: Status, asked_at: float, answered_at: float, before: Lifetime | None) -> Lifetime:
    """Return since when a daemon runs; moments that can be the same as before are the same.

    Args:
        status: what status-get said.
        asked_at: when it was sent, in seconds since the epoch.
        answered_at: when its answer was there.
        before: what was known at the last probe; None at the first.
    """
    same = before if before is not None and before.pid == status.pid else None
    started = _moment(status.uptime_seconds, asked_at, answered_at, same.started if same else None)
    reloaded = _moment(status.reload_seconds, asked_at, answered_at, same.reloaded if same else None)
    return Lifetime(status.pid, started, reloaded, is_settled=reloaded.latest <= asked_at - SETTLED_SECONDS)


def _moment(seconds_ago: int, asked_at: float, answered_at: float, before: Moment | None) -> Moment:
    earliest, latest = asked_at - seconds_ago - 1, answered_at - seconds_ago
    is_same = (
        before is not None and before.earliest <= latest + SLACK_SECONDS and earliest <= before.latest + SLACK_SECONDS
    )
    return Moment(before.at if before is not None and is_same else float(round(latest)), earliest, latest)
