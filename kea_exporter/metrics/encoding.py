"""Samples to the text that Prometheus reads.

prometheus_client writes the text, and a single bad sample would make it raise and cost the whole page: so every
sample is checked first, and a bad one is left out and counted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kea_exporter.metrics.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.metrics.model import Family, Sample


class _Collected(Collector):
    """Families ready to be written, in the order of the page."""

    def __init__(self, metrics: list[Metric], *others: Collector) -> None:
        self._metrics = metrics
        self._others = others

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics
        for other in self._others:
            yield from other.collect()


def encode(
    read: Iterable[tuple[Family, list[Sample] | Exception]], accept: str = "", *others: Collector
) -> tuple[bytes, str, int]:
    """Return the page, its content type, and how many samples had to be left out.

    Args:
        read: families and their samples, or the error that reading a family ran into.
        accept: the `Accept` header of the request (Prometheus documentation, "Content negotiation").
        others: what follows on the page, from prometheus_client itself.
    """
    metrics, dropped = [], 0
    for family, samples in read:
        good, bad = ([], 1) if isinstance(samples, Exception) else _sound(family, samples)
        metrics.append(_metric(family, good))
        dropped += bad
    write, content_type = _encoder(accept)
    return write(_Collected([metric for metric in metrics if metric.samples], *others)), content_type, dropped


def _encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):  # a version in the header that is none
        return choose_encoder("")


def _sound(family: Family, samples: list[Sample]) -> tuple[list[Sample], int]:
    seen: dict[tuple[str, ...], Sample] = {}
    for sample in samples:
        if _can_be_written(family, sample):
            seen.setdefault(sample.labels, sample)
    return list(seen.values()), len(samples) - len(seen)


def _can_be_written(family: Family, sample: Sample) -> bool:
    try:
        value = float(sample.value)
        for label in sample.labels:
            label.encode()
    except (AttributeError, TypeError, ValueError, OverflowError):
        return False
    is_legal_counter = family.kind is not Kind.COUNTER or value >= 0
    return len(sample.labels) == len(family.labels) and math.isfinite(value) and is_legal_counter


def _metric(family: Family, samples: list[Sample]) -> Metric:
    metric = Metric(family.name.removesuffix("_total"), family.help, str(family.kind))
    for sample in samples:
        metric.add_sample(family.name, dict(zip(family.labels, sample.labels, strict=True)), float(sample.value))
    return metric
