"""Alerts about daemons that do not answer, or answer whoever asks."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import DAEMON, FAILURE, REMEDY

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
        ),
    ),
)
