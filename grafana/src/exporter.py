"""Exporter: completeness, duration of probes, resources."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.looks import (
    AGO,
    ALARM,
    BYTES,
    FAULT,
    NUMBER,
    PER_SECOND,
    SECONDS,
    SHARE_OF_ALL,
    SHARE_OF_ONE,
    SLOWNESS,
    UP,
    WARN,
    YES,
)
from grafana.src.panels import Query, Words, lines, stat_of, timeline
from grafana.src.queries import gauge, greatest, of, of_exporter, of_process, of_target, worst
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

INSTANCE = "{{instance}}"
NOT_SCRAPED = "Only /metrics has metrics of the exporter itself: select the job that scrapes it, or all"
SHARE = f"{gauge('kea_scrape_duration_seconds')} / ({worst(of('kea_scrape_timeout_seconds'))} > 0)"
BUILD = ("version", "python_version", "openssl_version")


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.EXPORTER,
        "Kea / Exporter",
        "The exporter itself: completeness of its metrics, duration of probes, and resources.",
        [
            Section("Overview", _glance()),
            Section("Duration", _time()),
            Section("Completeness", _sight()),
            Section("Resources", _cost()),
        ],
    )


def _rate(family: str) -> str:
    return f"rate({of_exporter(family)}[$__rate_interval])"


def _glance() -> list[Built]:
    return [
        stat_of(
            Words("Reload", "Whether the last reload of the configuration succeeded.", NOT_SCRAPED),
            f"min({of_exporter('kea_exporter_config_last_reload_successful')})",
            YES,
        ),
        stat_of(
            Words("Configuration loaded", "Time of the last successful load.", NOT_SCRAPED),
            f"1000 * max({of_exporter('kea_exporter_config_last_reload_success_timestamp_seconds')})",
            AGO,
        ),
        stat_of(
            Words("Slowest probe", "Highest share of the timeout that a probe took. At 100 % the probe fails."),
            f"max({SHARE})",
            SLOWNESS,
        ),
        stat_of(
            Words("Series limit", "Daemons with more subnets or pools than series_limit."),
            f"sum({gauge('kea_series_limit_reached')})",
            WARN,
        ),
        stat_of(
            Words("Failed targets", "Targets of the selected jobs that Prometheus cannot scrape."),
            f"sum(1 - ({of_target('up')}))",
            FAULT,
        ),
        stat_of(
            Words("Started", "Start time of the exporter.", NOT_SCRAPED),
            f"1000 * max({of_process(of_exporter('process_start_time_seconds'))})",
            AGO,
        ),
        _versions(),
    ]


def _versions() -> Built:
    return table_of(
        Words("Versions", "Versions of each exporter, Python and OpenSSL.", NOT_SCRAPED),
        labels=("job", "instance", *BUILD),
        columns={
            "is": Column(
                f"max by (job, instance, {', '.join(BUILD)}) ({of_exporter('kea_exporter_build_info')})",
                hidden=True,
            )
        },
        sort="instance",
        height=5,
    )


def _time() -> list[Built]:
    return [
        lines(
            Words("Share of the timeout", "Duration of probes divided by their timeout. At 100 % the probe fails."),
            [Query(SHARE, "{{server}} {{daemon}}")],
            SLOWNESS,
        ),
        lines(
            Words("Scrape duration", "As Prometheus measures it for each target."),
            [Query(of_target("scrape_duration_seconds"), "{{job}} {{instance}}")],
            SECONDS,
        ),
        lines(
            Words("Slowest commands", "The ten commands with the longest duration in the last scrape."),
            [
                Query(
                    greatest(10, gauge("kea_command_duration_seconds", "command")),
                    "{{server}} {{daemon}}: {{command}}",
                )
            ],
            SECONDS,
        ),
        lines(
            Words("Requests in flight", "Requests for metrics in progress.", NOT_SCRAPED),
            [Query(of_exporter("kea_exporter_requests_in_flight"), INSTANCE)],
            NUMBER,
        ),
    ]


def _sight() -> list[Built]:
    return [
        timeline(
            Words("Targets", "Whether Prometheus could scrape each target."),
            [Query(of_target("up"), "{{job}} {{instance}}")],
            UP,
            width=12,
        ),
        timeline(
            Words("Series limit reached", "More subnets or pools than series_limit: the highest ids are not exported."),
            [Query(gauge("kea_series_limit_reached", "collector"), "{{server}} {{daemon}}: {{collector}}")],
            ALARM,
            width=12,
        ),
        table_of(
            Words("Failed commands", "Commands of the last scrape that failed.", "No command failed"),
            labels=("server", "daemon", "command"),
            columns={"success": Column(f"{worst(of('kea_command_success'), 'command')} == 0", YES)},
            sort="server",
            width=12,
        ),
        table_of(
            Words(
                "Unknown statistics",
                "Statistics of Kea that the exporter does not know: Kea is newer than the exporter.",
                NOT_SCRAPED,
            ),
            labels=("server", "daemon"),
            columns={"statistics": Column(gauge("kea_exporter_unknown_statistics"), WARN)},
            sort="statistics",
            descending=True,
            width=12,
        ),
        _lost(),
    ]


def _lost() -> Built:
    return lines(
        Words(
            "Dropped samples and rejected requests",
            "Dropped samples are defects of the exporter. Requests are rejected with 503 when too many are in flight.",
            NOT_SCRAPED,
        ),
        [
            Query(_rate("kea_exporter_samples_dropped_total"), "{{instance}}: samples dropped"),
            Query(_rate("kea_exporter_requests_rejected_total"), "{{instance}}: requests rejected"),
        ],
        PER_SECOND,
        width=24,
    )


def _cost() -> list[Built]:
    files = f"{of_exporter('process_open_fds')} / {of_exporter('process_max_fds')}"
    return [
        lines(
            Words("CPU", "Share of one CPU core.", NOT_SCRAPED),
            [Query(of_process(_rate("process_cpu_seconds_total")), INSTANCE)],
            SHARE_OF_ONE,
            width=8,
        ),
        lines(
            Words("Memory", "Resident memory.", NOT_SCRAPED),
            [Query(of_process(of_exporter("process_resident_memory_bytes")), INSTANCE)],
            BYTES,
            width=8,
        ),
        lines(
            Words("Open files", "Share of the limit of open files.", NOT_SCRAPED),
            [Query(of_process(files), INSTANCE)],
            SHARE_OF_ALL,
            width=8,
        ),
    ]
