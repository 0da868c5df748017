"""Rate limit of warnings that clients can cause: one line per minute and kind, with a count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL_SECONDS = 60.0

log = structlog.get_logger("web")


class RateLimitedWarning:
    """A warning that is logged at most once a minute.

    Args:
        event: the log message.
        clock: returns seconds, from any start.
    """

    def __init__(self, event: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._event = event
        self._clock = clock
        self._times = 0
        self._next = clock()

    def warn(self, **details: object) -> None:
        """Log the warning with *details*, or only count it."""
        self._times += 1
        if self._clock() >= self._next:
            log.warning(self._event, times=self._times, **details)
            self._times = 0
            self._next = self._clock() + INTERVAL_SECONDS
