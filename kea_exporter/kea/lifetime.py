"""Has a daemon been restarted or reloaded since it was last asked?

Kea tells how many seconds ago, as the difference of two moments of which each was cut to whole seconds: one second more
or less. So each answer gives an interval, and two answers whose intervals meet tell of the same moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.status import Lifetime, Moment

if TYPE_CHECKING:
    from kea_exporter.facts.status import DaemonStatus

ROUNDING_SECONDS = 1.0
# What the clocks of two machines may drift apart from one scrape to the next.
SLACK_SECONDS = 0.5
# An answer that took longer tells too little.
QUICK_SECONDS = 1.5
# A reload after the answer is told apart from one that was this long ago.
SETTLED_SECONDS = 2 * ROUNDING_SECONDS + SLACK_SECONDS + QUICK_SECONDS


def lifetime(status: DaemonStatus, asked_at: float, answered_at: float, before: Lifetime | None) -> Lifetime:
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
    is_quick = answered_at - asked_at <= QUICK_SECONDS
    is_settled = is_quick and reloaded.latest <= asked_at - SETTLED_SECONDS
    return Lifetime(status.pid, started, reloaded, is_settled)


def _moment(seconds_ago: int, asked_at: float, answered_at: float, before: Moment | None) -> Moment:
    earliest, latest = asked_at - seconds_ago - ROUNDING_SECONDS, answered_at - seconds_ago + ROUNDING_SECONDS
    may_be_same = before is not None and (
        before.earliest <= latest + SLACK_SECONDS and earliest - SLACK_SECONDS <= before.latest
    )
    if before is not None and may_be_same:
        return Moment(before.at, earliest, latest)
    return Moment(float(round(asked_at - seconds_ago)), earliest, latest)
