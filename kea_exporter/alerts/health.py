"""Alerts about daemons that answer commands but do not serve DHCP clients."""

from __future__ import annotations

from kea_exporter.alerts.high_availability import PARTNER_SERVES
from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import DAEMON, OF_DAEMON, REMEDY, each, lookup, spaced
from kea_exporter.alerts.thresholds import KEEP_OUTAGE

DISABLED = lookup("kea_dhcp_disabled", *OF_DAEMON, condition=" == 1")
ORIGINS = each(DISABLED, by="origin", text=f" {spaced('.Labels.origin')}", between=" and")

# The role of a server that serves no clients by design.
BACKUP = "backup"
# States in which high availability disables DHCP service: for maintenance, or until the server has the leases.
PAUSED = "in-maintenance|ready|syncing|waiting"


def _in_state(states: str) -> str:
    return f'ignoring (relationship, peer, role, state) kea_ha_state{{peer="local", state=~"{states}"}} == 1'


def _alone(out: str) -> str:
    """Return an expression for servers that match *out* and whose scopes no partner serves."""
    return f"{out} unless {PARTNER_SERVES} == 1 unless {_in_state(BACKUP)}"


def _covered(out: str) -> str:
    """Return an expression for servers that match *out* although they should serve, and whose scopes partners serve."""
    return f"({out} and {PARTNER_SERVES} == 1) unless {_in_state(f'{BACKUP}|{PAUSED}')}"


LEASES_LOST = lookup("kea_lease_database_available", *OF_DAEMON, condition=" == 0")
SOCKETS_LOST = lookup("kea_sockets_status", *OF_DAEMON, where="status='failed'", condition=" == 1")
# The causes of service-running and dhcp-service-enabled. If none of the first three applies, no interface is set.
WHY_NOT_SERVING = (
    "{{ if " + LEASES_LOST + " }}It has no lease database: its last reload failed, or it lost the connection to the "
    "database. Read the error in Kea's log. If the connection is lost, start the database: Kea reconnects by itself. "
    "If the reload failed, fix the error, run config-test, compare certificates with their keys, and send "
    "config-reload."
    "{{ else if " + SOCKETS_LOST + " }}Its DHCP sockets failed. Read the errors under sockets in status-get, free the "
    "port or the address that they name, or correct interfaces-config; then send config-reload."
    "{{ else if " + DISABLED + " }}DHCP service is disabled by" + ORIGINS + ". If a user disabled it, send "
    "dhcp-enable. Otherwise check the states of high availability, or the database."
    "{{ else }}No interface is configured. Set interfaces in interfaces-config, and send config-reload.{{ end }}"
)


def _not_serving(severity: Severity, expression: str, consequence: str) -> Alert:
    return Alert(
        "KeaDhcpNotServing",
        severity,
        expression,
        "2m",
        "Kea daemon does not serve DHCP clients",
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
        "DHCP service of a Kea daemon is disabled",
        f"The DHCP service of {DAEMON} is disabled by{ORIGINS}. {REMEDY}",
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
        "Kea daemon cannot open DHCP sockets",
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
        _not_serving(Severity.WARNING, _covered(NOT_SERVING), "its partner serves them alone"),
        _service_disabled(Severity.CRITICAL, _alone(NOT_ENABLED)),
        _service_disabled(Severity.WARNING, _covered(NOT_ENABLED)),
        _sockets(Severity.WARNING, "retrying", "15m", "is retrying to open its DHCP sockets"),
        _sockets(Severity.CRITICAL, "failed", "5m", "could not open its DHCP sockets and no longer retries"),
    ),
)
