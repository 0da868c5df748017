"""Families about the exporter itself; absent from /probe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.metrics.model import ExporterState, Family, Kind, Page, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _own(
    name: str,
    help: str,  # noqa: A002 - Prometheus' word
    read: Callable[[ExporterState], float],
    kind: Kind = Kind.GAUGE,
) -> Family:
    def read_page(page: Page) -> Iterator[Sample]:
        if page.exporter is not None:
            yield Sample((), read(page.exporter))

    return Family(name, kind, help, (), read_page)


def _build_info(page: Page) -> Iterator[Sample]:
    if page.exporter is not None:
        yield Sample(page.exporter.build, 1)


def _unknown_statistics(page: Page) -> Iterator[Sample]:
    for report in page.reports if page.exporter else ():
        target, statistics = report.snapshot.target, report.snapshot.statistics
        if not isinstance(statistics, Failure) and statistics.unknown is not None:
            yield Sample((target.server, str(target.daemon)), len(statistics.unknown))


FAMILIES = (
    Family(
        "kea_exporter_build_info",
        Kind.GAUGE,
        "Versions of the exporter, Python and OpenSSL; always 1.",
        ("version", "python_version", "openssl_version"),
        _build_info,
    ),
    _own(
        "kea_exporter_config_last_reload_successful",
        "1 if the last attempt to load the configuration succeeded, else 0.",
        lambda state: state.reload_succeeded,
    ),
    _own(
        "kea_exporter_config_last_reload_success_timestamp_seconds",
        "Unix time of the last successful load of the configuration.",
        lambda state: state.reload_time,
    ),
    _own(
        "kea_exporter_requests_in_flight",
        "HTTP requests in flight that query Kea.",
        lambda state: state.requests_in_flight,
    ),
    _own(
        "kea_exporter_requests_rejected_total",
        "Requests answered with 503 because too many were in flight.",
        lambda state: state.requests_rejected,
        Kind.COUNTER,
    ),
    _own(
        "kea_exporter_samples_dropped_total",
        "Samples dropped because they could not be encoded; each one is a bug in the exporter.",
        lambda state: state.samples_dropped,
        Kind.COUNTER,
    ),
    Family(
        "kea_exporter_unknown_statistics",
        Kind.GAUGE,
        "Statistics of the daemon that the exporter does not recognise, at most 100; absent if statistics are queried "
        "one by one.",
        ("server", "daemon"),
        _unknown_statistics,
    ),
)
