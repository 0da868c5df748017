"""Alerts about daemons that answer commands but do not serve their clients."""

from __future__ import annotations

from kea_exporter.alerts.high_availability import PARTNER_SERVES
from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import DAEMON, OF_DAEMON, REMEDY, each, lookup, spaced
from kea_exporter.alerts.thresholds import KEEP_OUTAGE

DISABLED = lookup("kea_dhcp_disabled", *OF_DAEMON, condition=" == 1")
BY_WHOM = each(DISABLED, by="origin", text=f" {spaced('.Labels.origin')}", between=" and")

# A backup in high availability serves nobody by design.
BACKUP = "backup"
# In these states high availability itself keeps a server from serving: on purpose, or until it has the leases.
PAUSED = "in-maintenance|ready|syncing|waiting"


def _in_state(states: str) -> str:
    return f'ignoring (relationship, peer, role, state) kea_ha_state{{peer="local", state=~"{states}"}} == 1'


def _alone(out: str) -> str:
    """Return where a server is *out* and no partner serves its scopes."""
    return f"{out} unless {PARTNER_SERVES} == 1 unless {_in_state(BACKUP)}"


def _spared(out: str) -> str:
    """Return where a server is *out* without being meant to be, and its partners serve all of its scopes."""
    return f"({out} and {PARTNER_SERVES} == 1) unless {_in_state(f'{BACKUP}|{PAUSED}')}"


LEASES_LOST = lookup("kea_lease_database_available", *OF_DAEMON, condition=" == 0")
SOCKETS_LOST = lookup("kea_sockets_status", *OF_DAEMON, where="status='failed'", condition=" == 1")
# The causes of service-running and dhcp-service-enabled; where none of the first three is known, no interface is left.
WHY_NOT_SERVING = (
    "{{ if " + LEASES_LOST + " }}It has no lease database: its last reload failed, or the connection to the database "
    "is lost. Look for the error in Kea's log. Start the database where that is lost: Kea connects again by itself. "
    "Otherwise fix what the error names, check the configuration with config-test and certificates against their keys, "
    "and send config-reload."
    "{{ else if " + SOCKETS_LOST + " }}Its DHCP sockets failed. Look at errors under sockets in status-get, and send "
    "config-reload once the interface is there and the port is free."
    "{{ else if " + DISABLED + " }}DHCP service is disabled by" + BY_WHOM + ". Send dhcp-enable where a user disabled "
    "the service; otherwise look at the states of high availability, or at the database."
    "{{ else }}Set interfaces in interfaces-config, and send config-reload.{{ end }}"
)


def _not_serving(severity: Severity, expression: str, consequence: str) -> Alert:
    return Alert(
        "KeaDhcpNotServing",
        severity,
        expression,
        "2m",
        "Kea daemon does not serve DHCP clients.",
        f"{DAEMON} answers commands, but serves no DHCP clients; {consequence}. {WHY_NOT_SERVING}",
        Dashboard.SERVER,
        keep=KEEP_OUTAGE,
    )


def _service_disabled(severity: Severity, expression: str) -> Alert:
    return Alert(
        "KeaDhcpServiceDisabled",
        severity,
        expression,
        "10m",
        "A Kea daemon does not serve DHCP clients, as that is disabled.",
        f"The DHCP service of {DAEMON} is disabled by{BY_WHOM}. {REMEDY}",
        Dashboard.SERVER,
        requirement="dhcp-service-enabled",
        keep=KEEP_OUTAGE,
    )


def _sockets(severity: Severity, status: str, hold: str, what: str) -> Alert:
    return Alert(
        "KeaSocketsFailed",
        severity,
        f'kea_sockets_status{{status="{status}"}} == 1',
        hold,
        "A Kea daemon cannot open sockets to its clients.",
        f"{DAEMON} {what}. {REMEDY}",
        Dashboard.SERVER,
        requirement="service-running",
        keep=KEEP_OUTAGE,
    )


NOT_SERVING = "kea_dhcp_serving == 0"
NOT_ENABLED = "kea_dhcp_enabled == 0"

GROUP = Group(
    "kea-health",
    recordings=(),
    alerts=(
        _not_serving(Severity.CRITICAL, _alone(NOT_SERVING), "no partner is known to serve them"),
        _not_serving(Severity.WARNING, _spared(NOT_SERVING), "its partner serves them alone"),
        _service_disabled(Severity.CRITICAL, _alone(NOT_ENABLED)),
        _service_disabled(Severity.WARNING, _spared(NOT_ENABLED)),
        _sockets(Severity.WARNING, "retrying", "15m", "tries again and again to open sockets to its clients"),
        _sockets(Severity.CRITICAL, "failed", "5m", "has given up opening sockets to its clients"),
    ),
)
