"""Exporter: does it see all, in time, and what does it cost?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.looks import (
    AGO,
    ALARM,
    BYTES,
    GRAVE,
    NUMBER,
    PER_SECOND,
    SECONDS,
    SHARE_OF_ALL,
    SHARE_OF_ONE,
    SLOWNESS,
    TROUBLE,
    UP,
    YES,
)
from grafana.src.panels import Query, Words, lines, stat_of, timeline
from grafana.src.queries import gauge, greatest, of, of_exporter, of_process, of_target, worst
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

INSTANCE = "{{instance}}"
NOT_SCRAPED = "Only /metrics tells of the exporter itself: choose the job that scrapes it, or all"
SHARE = f"{gauge('kea_scrape_duration_seconds')} / ({worst(of('kea_scrape_timeout_seconds'))} > 0)"
BUILD = ("version", "python_version", "openssl_version")


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.EXPORTER,
        "Kea / Exporter",
        "The exporter itself: whether it sees all, whether it is in time, and what it costs.",
        [
            Section("At a glance", _glance()),
            Section("Whether it is in time", _time()),
            Section("Whether it sees all", _sight()),
            Section("What it costs", _cost()),
        ],
    )


def _rate(family: str) -> str:
    return f"rate({of_exporter(family)}[$__rate_interval])"


def _glance() -> list[Built]:
    return [
        stat_of(
            Words("Reload", "Whether the last attempt to load the configuration succeeded.", NOT_SCRAPED),
            f"min({of_exporter('kea_exporter_config_last_reload_successful')})",
            YES,
        ),
        stat_of(
            Words("Configuration loaded", "When it was last loaded with success.", NOT_SCRAPED),
            f"1000 * max({of_exporter('kea_exporter_config_last_reload_success_timestamp_seconds')})",
            AGO,
        ),
        stat_of(
            Words("Slowest probe", "The greatest share of its time that a probe took; at the whole, it is given up."),
            f"max({SHARE})",
            SLOWNESS,
        ),
        stat_of(
            Words("Series limit", "Daemons of which not all subnets or pools are shown."),
            f"sum({gauge('kea_series_limit_reached')})",
            TROUBLE,
        ),
        stat_of(
            Words("Targets that fail", "Targets of Prometheus that it cannot scrape, among the chosen jobs."),
            f"sum(1 - ({of_target('up')}))",
            GRAVE,
        ),
        stat_of(
            Words("Running since", "When the exporter was started.", NOT_SCRAPED),
            f"1000 * max({of_process(of_exporter('process_start_time_seconds'))})",
            AGO,
        ),
        _versions(),
    ]


def _versions() -> Built:
    return table_of(
        Words("Versions", "What each exporter runs on.", NOT_SCRAPED),
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
            Words("Share of the time that probes may take", "At the whole of it, a probe is given up."),
            [Query(SHARE, "{{server}} {{daemon}}")],
            SLOWNESS,
        ),
        lines(
            Words("Scrapes", "What Prometheus waited for each target."),
            [Query(of_target("scrape_duration_seconds"), "{{job}} {{instance}}")],
            SECONDS,
        ),
        lines(
            Words("Slowest commands", "The ten commands that Kea took longest for in the last scrape."),
            [
                Query(
                    greatest(10, gauge("kea_command_duration_seconds", "command")),
                    "{{server}} {{daemon}}: {{command}}",
                )
            ],
            SECONDS,
        ),
        lines(
            Words("Requests in flight", "Requests for metrics that are being answered.", NOT_SCRAPED),
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
            Words("Limit of series", "More subnets or pools than series_limit allows: only the first are shown."),
            [Query(gauge("kea_series_limit_reached", "collector"), "{{server}} {{daemon}}: {{collector}}")],
            ALARM,
            width=12,
        ),
        table_of(
            Words("Commands that fail", "Commands that were sent in the last scrape and not answered.", "None fails"),
            labels=("server", "daemon", "command"),
            columns={"answered": Column(f"{worst(of('kea_command_success'), 'command')} == 0", YES)},
            sort="server",
            width=12,
        ),
        table_of(
            Words(
                "Unknown statistics",
                "Statistics of Kea whose names the exporter does not know: it is older than Kea.",
                NOT_SCRAPED,
            ),
            labels=("server", "daemon"),
            columns={"statistics": Column(gauge("kea_exporter_unknown_statistics"), TROUBLE)},
            sort="statistics",
            descending=True,
            width=12,
        ),
        _lost(),
    ]


def _lost() -> Built:
    return lines(
        Words(
            "What was lost",
            "Samples that could not be written, each a mistake in the exporter; requests answered with 503, as too "
            "many were in flight.",
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
            Words("Processor", "Share of one processor core.", NOT_SCRAPED),
            [Query(of_process(_rate("process_cpu_seconds_total")), INSTANCE)],
            SHARE_OF_ONE,
            width=8,
        ),
        lines(
            Words("Memory", "Memory that is resident.", NOT_SCRAPED),
            [Query(of_process(of_exporter("process_resident_memory_bytes")), INSTANCE)],
            BYTES,
            width=8,
        ),
        lines(
            Words("Open files", "Share of the files that it may have open.", NOT_SCRAPED),
            [Query(of_process(files), INSTANCE)],
            SHARE_OF_ALL,
            width=8,
        ),
    ]
