"""Alerts about daemons that do not answer, and about authentication."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, FAILURE, REMEDY
from kea_exporter.alerts.thresholds import FLAPS_IN_AN_HOUR, KEEP_OUTAGE, KEEP_STATE

GROUP = Group(
    "kea-reaching",
    recordings=(),
    alerts=(
        Alert(
            "KeaServerDown",
            Severity.CRITICAL,
            "kea_up == 0",
            "5m",
            "Kea daemon does not answer the exporter",
            f"{DAEMON} does not answer. {FAILURE}",
            Dashboard.SERVER,
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaServerFlapping",
            Severity.WARNING,
            f"changes(kea_up[1h]) >= {FLAPS_IN_AN_HOUR}",
            "5m",
            "Kea daemon is flapping",
            f"{DAEMON} went up or down {COUNT} times within an hour. Read Kea's log, and check the load of its host "
            "and the network. If Kea is only slow, raise timeout and scrape_timeout.",
            Dashboard.SERVER,
        ),
        Alert(
            "KeaAuthenticationFailing",
            Severity.CRITICAL,
            "kea_auth_success == 0",
            "5m",
            "Kea daemon rejects the exporter's credentials",
            f"{DAEMON} rejects the exporter's user name or password. {REMEDY}",
            Dashboard.SERVER,
            requirement="authentication-accepted",
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaAuthenticationNotDemanded",
            Severity.WARNING,
            "kea_auth_required == 0",
            "15m",
            "Kea daemon requires no authentication",
            f"The control socket of {DAEMON} requires no credentials. {REMEDY}",
            Dashboard.SERVER,
            requirement="authentication-configured",
            keep=KEEP_STATE,
        ),
    ),
)
