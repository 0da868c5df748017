"""Families of the response times that the hook perfmon measures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.metrics.model import Sample, per_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.requirements import Report

SOURCE = "statistic-global-get-all or statistic-get-all, with the hook perfmon and its stats-mgr-reporting"


def _means(report: Report) -> Iterator[Sample]:
    for exchange, time in known(report.snapshot.statistics).response_times.items():
        yield Sample((exchange,), time.mean_seconds)


def _peaks(report: Report) -> Iterator[Sample]:
    for exchange, time in known(report.snapshot.statistics).response_times.items():
        yield Sample((exchange,), time.peak_seconds)


FAMILIES = (
    per_daemon(
        "kea_response_time_mean_seconds",
        "Mean time from receiving a message to sending its answer, in the last interval of perfmon that had any.",
        _means,
        ("exchange",),
        source=SOURCE,
    ),
    per_daemon(
        "kea_response_time_peak_seconds",
        "Highest of the means of the intervals that Kea keeps: 20, or statistic-default-sample-count.",
        _peaks,
        ("exchange",),
        source=SOURCE,
    ),
)
