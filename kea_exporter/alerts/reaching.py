"""Alerts about daemons that do not answer, or answer whoever asks."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, FAILURE, REMEDY
from kea_exporter.alerts.thresholds import COMINGS_AND_GOINGS_IN_AN_HOUR, KEEP_OUTAGE, KEEP_STATE

GROUP = Group(
    "kea-reaching",
    recordings=(),
    alerts=(
        Alert(
            "KeaServerDown",
            Severity.CRITICAL,
            "kea_up == 0",
            "5m",
            "A Kea daemon does not answer the exporter.",
            f"{DAEMON} does not answer. {FAILURE}",
            Dashboard.SERVER,
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaServerFlapping",
            Severity.WARNING,
            f"changes(kea_up[1h]) >= {COMINGS_AND_GOINGS_IN_AN_HOUR}",
            "5m",
            "A Kea daemon comes and goes.",
            f"{DAEMON} came or went {COUNT} times within an hour. Look into Kea's log, at the load of its host and at "
            "the network; where it is busy, raise timeout and scrape_timeout.",
            Dashboard.SERVER,
        ),
        Alert(
            "KeaAuthenticationFailing",
            Severity.CRITICAL,
            "kea_auth_success == 0",
            "5m",
            "A Kea daemon refuses the exporter's credentials.",
            f"{DAEMON} refuses the exporter's user name or password. {REMEDY}",
            Dashboard.SERVER,
            requirement="authentication-accepted",
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaAuthenticationNotDemanded",
            Severity.WARNING,
            "kea_auth_required == 0",
            "15m",
            "A Kea daemon takes commands from anyone who reaches its control socket.",
            f"{DAEMON} answers on its control socket without asking for credentials. {REMEDY}",
            Dashboard.SERVER,
            requirement="authentication-configured",
            keep=KEEP_STATE,
        ),
    ),
)
