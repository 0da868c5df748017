"""The minimum interval between two probes of the same daemon: a client in a loop costs Kea no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Target

T = TypeVar("T")

MAX_OTHER_TARGETS = 1000


class Pacing(Generic[T]):
    """Remembers for the minimum interval what probes found, or, of targets that are not configured, that they ended.

    Args:
        min_seconds: from the end of a probe to the next; 0 for no minimum.
        clock: seconds that only go forward.
    """

    def __init__(self, min_seconds: float, clock: Callable[[], float]) -> None:
        self._min_seconds = min_seconds
        self._clock = clock
        self._recent: dict[Target, tuple[DaemonSettings, T, float]] = {}
        self._ended: dict[str, float] = {}

    def note(self, daemon: DaemonSettings, found: T) -> None:
        """Remember that a probe has ended, and what it found."""
        now = self._clock()
        if not self._min_seconds:
            return
        if daemon.is_configured:
            self._recent[daemon.target] = (daemon, found, now)
            return
        # Anybody may name these: only the time is kept, of so many.
        self._ended = {key: at for key, at in self._ended.items() if now - at < self._min_seconds}
        if len(self._ended) < MAX_OTHER_TARGETS:
            self._ended[_key(daemon)] = now

    def recent(self, daemon: DaemonSettings) -> T | None:
        """Return what a probe by the same settings found within the interval; None where there was none."""
        settings, found, ended = self._recent.get(daemon.target, (None, None, 0.0))
        return found if settings == daemon and self._clock() - ended < self._min_seconds else None

    def wait_seconds(self, daemon: DaemonSettings) -> float:
        """Return how long to wait until a target that is not configured may be probed."""
        return max(0.0, self._ended.get(_key(daemon), float("-inf")) + self._min_seconds - self._clock())

    def keep_only(self, targets: set[Target]) -> None:
        """Forget everything about other daemons than these."""
        self._recent = {target: kept for target, kept in self._recent.items() if target in targets}


def _key(daemon: DaemonSettings) -> str:
    return f"{daemon.target.kind} {daemon.address or daemon.target.host} {daemon.port} {daemon.target.daemon}"
