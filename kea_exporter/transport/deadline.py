"""One point in time that bounds everything done on behalf of one scrape."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Deadline:
    """A moment on the monotonic clock, in seconds."""

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """Return the deadline that many seconds from now."""
        return cls(clock() + seconds, clock)

    def remaining(self) -> float:
        """Return the seconds left; zero when it has passed."""
        return max(0.0, self.at - self.clock())

    def budget(self) -> float:
        """Return the seconds left, for a socket's timeout.

        Raises:
            TimeoutError: none are left.
        """
        left = self.remaining()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left

    def earlier_by(self, seconds: float) -> Deadline:
        """Return the deadline that many seconds before this one."""
        return Deadline(self.at - seconds, self.clock)

    def later_by(self, seconds: float) -> Deadline:
        """Return the deadline that many seconds after this one."""
        return Deadline(self.at + seconds, self.clock)

    def sooner(self, seconds: float) -> Deadline:
        """Return the earlier of this deadline and the one that many seconds from now."""
        return Deadline(min(self.at, self.clock() + seconds), self.clock)
