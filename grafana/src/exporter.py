"""Exporter: whether the numbers can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.links import PAGE, to
from grafana.src.looks import (
    AGO,
    BYTES,
    FAULT,
    LIMIT,
    LIMIT_REACHED,
    MILLISECONDS,
    NUMBER,
    PER_SECOND,
    SHARE_OF_ALL,
    SHARE_OF_ONE,
    SLOWNESS,
    SUCCEEDED,
    UP,
    WARN,
    YES,
)
from grafana.src.panels import Query, Stat, Words, lines, stat_row, timeline
from grafana.src.queries import ever, gauge, greatest, of, of_exporter, of_process, of_target, total, worst
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

TOP, ROWS = 10, 100
INSTANCE = "{{instance}}"
DAEMON = "{{server}} {{daemon}}"
NOT_SCRAPED = "Only /metrics has metrics of the exporter itself: select the job that scrapes it, or all"
SHARE = f"({gauge('kea_scrape_duration_seconds')} / ({worst(of('kea_scrape_timeout_seconds'))} > 0))"
BUILD = ("version", "python_version", "openssl_version")
# Of daemons that answer: the others are a matter of the server.
FAILED = f"(({worst(of('kea_command_success'), 'command')} == 0) and on (server, daemon) {worst(of('kea_up'))} == 1)"
DROPPED = of_exporter("kea_exporter_samples_dropped_total")


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.EXPORTER,
        "Kea / Exporter",
        "Can the numbers be trusted? Targets, failed commands, limits, and resources of the exporter.",
        [
            Section("", stat_row(_glance())),
            Section("", [_share(), _failed()]),
            Section("Exporters", [_exporters(), *_cost()]),
            Section("Scrapes", _scrapes()),
            Section("Limits", _limits(), collapsed=True),
        ],
    )


def _glance() -> list[Stat]:
    return [
        Stat(
            Words("Failed targets", "Targets of the selected jobs that Prometheus cannot scrape."),
            [Query(f"sum(1 - ({of_target('up')}))")],
            FAULT,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words(
                "Last reload", "Whether the last reload of the configuration succeeded, of all exporters.", NOT_SCRAPED
            ),
            [Query(f"min({of_exporter('kea_exporter_config_last_reload_successful')})")],
            SUCCEEDED,
            PAGE,
        ),
        Stat(
            Words("Slowest probe", "Highest share of the timeout that a probe took. At 100 % the probe fails."),
            [Query(f"max({SHARE} and {worst(of('kea_up'))} == 1)")],
            SLOWNESS,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Commands failed", "Commands of the last scrape that failed, of daemons that are up."),
            [Query(f"count({FAILED}) or 0 * count({of('kea_command_success')})")],
            WARN,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words(
                "Samples dropped",
                "Samples that the exporter could not write, within 15 minutes: a defect of the exporter.",
                NOT_SCRAPED,
            ),
            [Query(f"sum(increase({DROPPED}[15m]))")],
            WARN,
            PAGE,
        ),
        Stat(
            Words("Series limit", "Daemons with more subnets or pools than series_limit."),
            [Query(total(gauge("kea_series_limit_reached")))],
            LIMIT,
            to(Dashboard.SUBNETS),
        ),
    ]


def _share() -> Built:
    return lines(
        Words(
            "Share of the timeout",
            f"Duration of probes divided by their timeout, the {TOP} highest. At 100 % the probe fails.",
        ),
        [Query(greatest(TOP, SHARE), DAEMON)],
        SLOWNESS,
    )


def _failed() -> Built:
    return table_of(
        Words(
            "Failed commands",
            f"Commands of the last scrape that failed, of daemons that are up, at most {ROWS}.",
            "No command failed",
        ),
        labels=("server", "daemon", "command"),
        columns={"success": Column(f"topk({ROWS}, {FAILED})", YES)},
        sort="server",
        width=12,
    )


def _exporters() -> Built:
    info = f"max by (job, instance, {', '.join(BUILD)}) ({of_exporter('kea_exporter_build_info')})"
    return table_of(
        Words("Exporters", "Version, start and configuration of each exporter.", NOT_SCRAPED),
        labels=("job", "instance", *BUILD),
        columns={
            "is": Column(info, hidden=True),
            "reload": Column(
                f"min by (job, instance) ({of_exporter('kea_exporter_config_last_reload_successful')})", SUCCEEDED
            ),
            "configuration loaded": Column(
                "1000 * max by (job, instance) "
                f"({of_exporter('kea_exporter_config_last_reload_success_timestamp_seconds')})",
                AGO,
            ),
            "started": Column(
                f"1000 * max by (job, instance) ({of_process(of_exporter('process_start_time_seconds'))})", AGO
            ),
            "memory": Column(
                f"max by (job, instance) ({of_process(of_exporter('process_resident_memory_bytes'))})", BYTES
            ),
        },
        sort="reload",
        height=5,
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


def _rate(family: str) -> str:
    return f"rate({of_exporter(family)}[$__rate_interval])"


def _scrapes() -> list[Built]:
    return [
        lines(
            Words("Scrape duration", f"As Prometheus measures it, the {TOP} slowest targets."),
            [Query(f"topk({TOP}, {of_target('scrape_duration_seconds')})", "{{job}} {{instance}}")],
            MILLISECONDS,
            width=8,
        ),
        lines(
            Words("Slowest commands", f"The {TOP} commands with the longest duration."),
            [
                Query(
                    greatest(TOP, gauge("kea_command_duration_seconds", "command")),
                    "{{server}} {{daemon}}: {{command}}",
                )
            ],
            MILLISECONDS,
            width=8,
        ),
        lines(
            Words(
                "Requests",
                "Requests for metrics in progress; more than the exporter can answer are rejected with 503.",
                NOT_SCRAPED,
            ),
            [
                Query(of_exporter("kea_exporter_requests_in_flight"), f"{INSTANCE}: in progress"),
                Query(_rate("kea_exporter_requests_rejected_total"), f"{INSTANCE}: rejected per second"),
            ],
            NUMBER,
            width=8,
        ),
    ]


def _limits() -> list[Built]:
    return [
        timeline(
            Words("Targets", "Whether Prometheus could scrape each target."),
            [Query(of_target("up"), "{{job}} {{instance}}")],
            UP,
            width=12,
        ),
        timeline(
            Words(
                "Series limit reached",
                "More subnets or pools than series_limit: the highest ids are not exported.",
                "No daemon has reached series_limit within the time range",
            ),
            [Query(ever(gauge("kea_series_limit_reached", "collector")), "{{server}} {{daemon}}: {{collector}}")],
            LIMIT_REACHED,
            width=12,
        ),
        table_of(
            Words(
                "Unknown statistics",
                "Statistics of Kea that the exporter does not know: Kea is newer than the exporter.",
                "The exporter knows all statistics, or: " + NOT_SCRAPED,
            ),
            labels=("server", "daemon"),
            columns={"statistics": Column(f"{gauge('kea_exporter_unknown_statistics')} > 0", NUMBER)},
            sort="statistics",
            descending=True,
            width=12,
        ),
        lines(
            Words("Dropped samples", "A defect of the exporter.", NOT_SCRAPED),
            [Query(_rate("kea_exporter_samples_dropped_total"), f"{INSTANCE}: samples dropped")],
            PER_SECOND,
        ),
    ]
