"""Alerts about daemons that answer commands but do not serve their clients."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import DAEMON, OF_DAEMON, REMEDY, each, lookup, spaced

DISABLED = lookup("kea_dhcp_disabled", *OF_DAEMON, condition=" == 1")
BY_WHOM = each(DISABLED, by="origin", text=f" {spaced('.Labels.origin')}", between=" and")


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
    )


GROUP = Group(
    "kea-health",
    recordings=(),
    alerts=(
        Alert(
            "KeaDhcpServiceDisabled",
            Severity.CRITICAL,
            # A backup in high availability serves nobody by design.
            "kea_dhcp_enabled == 0 unless ignoring (relationship, peer, role, state) "
            'kea_ha_state{peer="local", state="backup"} == 1',
            "10m",
            "A Kea daemon does not serve DHCP clients, as that is disabled.",
            f"The DHCP service of {DAEMON} is disabled by{BY_WHOM}. {REMEDY}",
            Dashboard.SERVER,
            requirement="dhcp-service-enabled",
        ),
        _sockets(Severity.WARNING, "retrying", "15m", "tries again and again to open sockets to its clients"),
        _sockets(Severity.CRITICAL, "failed", "5m", "has given up opening sockets to its clients"),
    ),
)
