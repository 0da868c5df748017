"""Exporters with one configuration, and what a pass over their servers cost them."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.exporters import cpu_seconds, ours
from bench.probing import Prober

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from bench.exporters import Exporter
    from bench.probing import Probed

# Enough to keep one process busy while it waits for others.
CONCURRENCY = 16
MILLI = 1000


@dataclass(frozen=True)
class Pass:
    """Some probes: how long all of them took, and the processor time of each replica."""

    probed: list[Probed]
    seconds: float
    cpu: list[float]

    @property
    def rate(self) -> float:
        """Return the probes a second."""
        return len(self.probed) / self.seconds

    @property
    def milliseconds(self) -> float:
        """Return the processor time of one probe."""
        return MILLI * sum(self.cpu) / len(self.probed)

    @property
    def samples(self) -> float:
        """Return the samples of one probe."""
        return sum(measured.samples() for measured in self.probed) / len(self.probed)

    @property
    def received(self) -> float:
        """Return the bytes that one probe sends to Prometheus."""
        return sum(measured.received for measured in self.probed) / len(self.probed)

    @property
    def busiest(self) -> float:
        """Return how much of a core the busiest replica took."""
        return max(self.cpu) / self.seconds

    def percentile(self, percent: int) -> float:
        """Return the milliseconds within which so many of them were answered."""
        times = sorted(measured.seconds for measured in self.probed)
        return MILLI * times[min(len(times) * percent // 100, len(times) - 1)]


@dataclass(frozen=True)
class Replicas:
    """The exporters, and whoever probes through them."""

    exporters: list[Exporter]

    @property
    def prober(self) -> Prober:
        """Return who asks each of them for its share."""
        return Prober([exporter.port for exporter in self.exporters])

    def at_once(self, targets: Sequence[str]) -> Pass:
        """Probe as fast as it goes."""
        return self._measured(lambda: self.prober.at_once(targets, CONCURRENCY))

    def spread(self, targets: Sequence[str], seconds: float) -> Pass:
        """Probe each once, spread over an interval."""
        return self._measured(lambda: self.prober.spread(targets, seconds))

    def peak_mebibytes(self) -> float:
        """Return the most memory that one of them had."""
        return max(exporter.peak_mebibytes() for exporter in self.exporters)

    def _measured(self, act: Callable[[], list[Probed]]) -> Pass:
        before, started = self._cpu(), time.perf_counter()
        probed = act()
        seconds = time.perf_counter() - started
        return Pass(probed, seconds, [now - then for now, then in zip(self._cpu(), before, strict=True)])

    def _cpu(self) -> list[float]:
        return [cpu_seconds(exporter.running.pid) for exporter in self.exporters]


@contextmanager
def replicas(folder: Path, urls: list[str], count: int, **defaults: object) -> Iterator[Replicas]:
    """Run so many exporters for the same servers."""
    with ExitStack() as stack:
        yield Replicas([stack.enter_context(ours(folder, urls, **defaults)) for _ in range(count)])


def names(urls: Sequence[str]) -> list[str]:
    """Return the names that the servers have in the configuration."""
    return [f"bench-{number}" for number, _ in enumerate(urls)]
