"""What goes on at a simulated server: functions of the time since its start, and of chance that a seed decides.

Nothing is kept: the same seed and time give the same numbers, counters only rise, and what is there is what came less
what went.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

SLOW_SECONDS = (240.0, 480.0)
QUICK_SECONDS = (15.0, 40.0)


@dataclass(frozen=True)
class Wave:
    """A swing up and down: so many more and fewer, in so many seconds, beginning anywhere."""

    height: float
    seconds: float
    phase: float

    def rise(self, elapsed: float) -> float:
        """Return how much higher it is than at the start."""
        return self.height * (math.sin(self._steepness * elapsed + self.phase) - math.sin(self.phase))

    @property
    def steepest(self) -> float:
        """Return how much it rises in a second at most."""
        return self.height * self._steepness

    @property
    def start(self) -> float:
        """Return how high it is at the start."""
        return self.height * math.sin(self.phase)

    @property
    def _steepness(self) -> float:
        return math.tau / self.seconds


@dataclass(frozen=True)
class Flow:
    """Some come and some go, so that how many are there swings about a level.

    Attributes:
        level: how many are there on average.
        waves: how that swings.
        turnover: how many come, and go, in a second, beside what the swing needs.
    """

    level: float
    waves: tuple[Wave, ...] = ()
    turnover: float = 0.0

    @property
    def first(self) -> int:
        """Return how many are there at the start."""
        # Rounded up, as cutting the two sums below to whole numbers may make one too few.
        return math.ceil(round(self.level + sum(wave.start for wave in self.waves), 6))

    @property
    def most(self) -> int:
        """Return how many may ever be there."""
        return math.ceil(self.level + sum(wave.height for wave in self.waves)) + 1

    def came(self, elapsed: float) -> int:
        """Return how many have come since the start; that only rises."""
        return _whole(self._exchanged(elapsed) + self._risen(elapsed) / 2)

    def went(self, elapsed: float) -> int:
        """Return how many have gone since the start; that only rises."""
        return _whole(self._exchanged(elapsed) - self._risen(elapsed) / 2)

    def present(self, elapsed: float) -> int:
        """Return how many are there."""
        return self.first + self.came(elapsed) - self.went(elapsed)

    def _exchanged(self, elapsed: float) -> float:
        return (self.turnover + sum(wave.steepest for wave in self.waves) / 2) * elapsed

    def _risen(self, elapsed: float) -> float:
        return sum(wave.rise(elapsed) for wave in self.waves)


def _whole(number: float) -> int:
    """Return how many are complete; what is off by the error of floating point alone is not less than it was."""
    return math.floor(round(number, 6))


def flow(chance: Random, level: float, swing: float, turnover: float) -> Flow:
    """Return a flow that swings slowly by *swing* about a level, and a little in haste."""
    slow = Wave(swing * 0.8, chance.uniform(*SLOW_SECONDS), chance.uniform(0, math.tau))
    quick = Wave(swing * 0.2, chance.uniform(*QUICK_SECONDS), chance.uniform(0, math.tau))
    return Flow(level, (slow, quick), turnover)


def events(chance: Random, per_second: float) -> Flow:
    """Return what happens so often on average, now more and now less; only `came` tells of it."""
    seconds = chance.uniform(*SLOW_SECONDS)
    wave = Wave(per_second * seconds / math.tau, seconds, chance.uniform(0, math.tau))
    return Flow(0.0, (wave,), per_second / 2)


def chance_of(seed: int, *about: object) -> Random:
    """Return the chance that decides something; others do not change it."""
    return Random("/".join(map(str, (seed, *about))))  # noqa: S311 - no secret depends on it
