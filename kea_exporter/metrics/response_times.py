"""Families about response times, measured by the hook library perfmon."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.metrics.model import Sample, per_daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kea_exporter.facts.statistics import ResponseTime
    from kea_exporter.requirements import Report

SOURCE = "statistic-global-get-all or statistic-get-all, with the hook perfmon and its stats-mgr-reporting"


def _times(report: Report, read: Callable[[ResponseTime], float]) -> Iterable[Sample]:
    times = known(report.snapshot.statistics).response_times
    return [Sample((exchange,), read(time)) for exchange, time in times.items()]


FAMILIES = (
    per_daemon(
        "kea_response_time_mean_seconds",
        "Mean time from receiving a message to sending its answer, in the last perfmon interval with messages.",
        partial(_times, read=lambda time: time.mean_seconds),
        ("exchange",),
        source=SOURCE,
    ),
    per_daemon(
        "kea_response_time_peak_seconds",
        "Highest interval mean among those that Kea keeps: 20, or statistic-default-sample-count.",
        partial(_times, read=lambda time: time.peak_seconds),
        ("exchange",),
        source=SOURCE,
    ),
)
