"""Alerts about the exporter itself: what it cannot see, nobody is told."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, PERCENTAGE, label
from kea_exporter.alerts.thresholds import KEEP_OUTAGE, KEEP_STATE, SLOW_SHARE

# A target that had kea_up within a day, or for which this alert has fired since, so that no name of a job is assumed.
HAS_BEEN_ONE = 'up == 0 and on (job, instance) (last_over_time(kea_up[1d]) or ALERTS{alertname="KeaExporterAbsent"})'
# A target that has never answered, of a job whose other targets are exporters, all of those that answer.
OTHER_TARGETS = "(up == 1 unless on (job, instance) (kea_up or kea_exporter_build_info))"
IS_TO_BE_ONE = f"up == 0 and on (job) last_over_time(kea_up[1d]) unless on (job) {OTHER_TARGETS}"
# Where there is no such target, there is none to name.
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
            "Nobody looks at the Kea servers, as the exporter is gone.",
            "{{ if $labels.instance }}Prometheus cannot scrape {{ $labels.instance }} (job {{ $labels.job }})"
            "{{ else }}There is no kea_up at all{{ end }}, so no other alert about Kea can fire. "
            "Start kea-exporter, and look at the target's error in Prometheus (Status, Targets).",
            Dashboard.EXPORTER,
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaExporterReloadFailed",
            Severity.WARNING,
            "kea_exporter_config_last_reload_successful == 0",
            "5m",
            "The exporter runs with an old configuration, as the new one has a mistake.",
            f"The exporter {label('instance')} could not load its configuration and goes on with the one before. "
            "kea-exporter config check names the mistake.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaExporterSlow",
            Severity.WARNING,
            f"kea_scrape_duration_seconds / kea_scrape_timeout_seconds > {SLOW_SHARE} and kea_up == 1",
            "15m",
            "A Kea daemon answers the exporter almost too late.",
            f"Asking {DAEMON} takes {PERCENTAGE} of the time that it may take. Look at "
            "kea_command_duration_seconds; raise timeout and scrape_timeout, or collect less of this server.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaExporterPartlyFailing",
            Severity.WARNING,
            "kea_command_success == 0 and ignoring (command) kea_up == 1",
            "15m",
            "A Kea daemon answers, but fails a command of the exporter.",
            f"{DAEMON} fails {label('command')}: what it brings is unknown. "
            "/probe?target=SERVER/DAEMON&debug=true on the exporter says why.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaExporterSamplesDropped",
            Severity.WARNING,
            "increase(kea_exporter_samples_dropped_total[15m]) > 0",
            "5m",
            "The exporter leaves out samples that it cannot write.",
            f"The exporter {label('instance')} left out {COUNT} samples within a quarter of an hour. "
            "That is a mistake in the exporter: please report what its log says.",
            Dashboard.EXPORTER,
        ),
        Alert(
            "KeaExporterSeriesLimitReached",
            Severity.INFO,
            "kea_series_limit_reached == 1",
            "15m",
            "Not all subnets or pools of a Kea daemon are exported.",
            f"{DAEMON} has more {label('collector')} than series_limit allows; those with the highest ids are "
            "left out. Raise series_limit under collect, or choose the subnets that matter.",
            Dashboard.EXPORTER,
            keep=KEEP_STATE,
        ),
    ),
)
