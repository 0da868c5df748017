"""Alerts about the exporter itself."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, PERCENTAGE, label
from kea_exporter.alerts.thresholds import KEEP_OUTAGE, KEEP_STATE, SLOW_SHARE

# A target that had kea_up within the last day, or for which this alert is firing. Job names differ between sites.
HAS_BEEN_ONE = 'up == 0 and on (job, instance) (last_over_time(kea_up[1d]) or ALERTS{alertname="KeaExporterAbsent"})'
# A target that has never answered, of a job whose answering targets are all exporters.
OTHER_TARGETS = "(up == 1 unless on (job, instance) (kea_up or kea_exporter_build_info))"
IS_TO_BE_ONE = f"up == 0 and on (job) last_over_time(kea_up[1d]) unless on (job) {OTHER_TARGETS}"
# Without any such target, the alert has no labels.
GONE = f"{HAS_BEEN_ONE} or {IS_TO_BE_ONE} or on () absent(kea_up)"

GROUP = Group(
    "kea-exporter",
    recordings=(),
    alerts=(
        Alert(
            "KeaExporterAbsent",
            Severity.CRITICAL,
            GONE,
            "5m",
            "Kea exporter is down, and Kea is not monitored",
            "{{ if $labels.instance }}Prometheus cannot scrape {{ $labels.instance }} (job {{ $labels.job }})"
            "{{ else }}Prometheus has no kea_up series{{ end }}. No other alert about Kea can fire. "
            "Start kea-exporter, and read the error of the target in Prometheus (Status, Targets).",
            Dashboard.EXPORTER,
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaExporterReloadFailed",
            Severity.WARNING,
            "kea_exporter_config_last_reload_successful == 0",
            "5m",
            "Kea exporter cannot load its new configuration",
            f"The exporter {label('instance')} could not load its configuration and keeps the previous one. "
            "Run kea-exporter config check, which reports the error.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaExporterSlow",
            Severity.WARNING,
            f"kea_scrape_duration_seconds / kea_scrape_timeout_seconds > {SLOW_SHARE} and kea_up == 1",
            "15m",
            "Probe of a Kea daemon nearly times out",
            f"The probe of {DAEMON} takes {PERCENTAGE} of its timeout. Check "
            "kea_command_duration_seconds; raise timeout and scrape_timeout, or collect less from this server.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaExporterPartlyFailing",
            Severity.WARNING,
            "kea_command_success == 0 and ignoring (command) kea_up == 1",
            "15m",
            "Kea daemon fails a command of the exporter",
            f"{DAEMON} fails {label('command')}, and the metrics of this command are missing. "
            "Open /probe?target=SERVER/DAEMON&debug=true on the exporter for the error.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaExporterSamplesDropped",
            Severity.WARNING,
            "increase(kea_exporter_samples_dropped_total[15m]) > 0",
            "5m",
            "Kea exporter drops samples that it cannot write",
            f"The exporter {label('instance')} dropped {COUNT} samples within 15 minutes. "
            "This is a defect of the exporter: please report it with the lines of its log.",
            Dashboard.EXPORTER,
        ),
        Alert(
            "KeaExporterSeriesLimitReached",
            Severity.INFO,
            "kea_series_limit_reached == 1",
            "15m",
            "Subnets or pools of a Kea daemon exceed series_limit",
            f"{DAEMON} has more {label('collector')} than series_limit allows; those with the highest ids are "
            "not exported. Raise series_limit under collect, or select fewer subnets.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
    ),
)
