"""Alerts about high availability. A scope is the clients of one server of a pair; exactly one server has to serve it.

The partners of a pair may be scraped by different jobs, with different target labels (`dc="a"`, `dc="b"`). The rules
therefore join them by daemon, pair and scope only.
"""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity
from kea_exporter.alerts.templates import DAEMON, DURATION, label
from kea_exporter.alerts.thresholds import (
    CLOCK_SKEW_CRITICAL_SECONDS,
    CLOCK_SKEW_WARNING_SECONDS,
    KEEP_OUTAGE,
    KEEP_STATE,
)

PARTNER = label("relationship")
SCOPE = (
    f"the clients of scope {label('scope')} ({label('daemon')}"
    "{{ with $labels.pair }} of the pair {{ . }}{{ end }})"
)

# By daemon, pair, server (its name in Kea's configuration) and scope: 1 if the server reports that it serves the scope,
# and neither is out of service nor has DHCP disabled.
SERVED_BY_SERVER = "server:kea_ha_scope_served:max"
# By daemon, pair and scope: 1 if at least one of the two servers serves the scope.
SERVED = "scope:kea_ha_served:max"
# By target, server and daemon: 1 if all scopes of the server's pairs are served.
PARTNER_SERVES = "server:kea_ha_partner_serves:min"

OWN = 'kea_ha_scope_served{peer="local"}'
# A server keeps its scopes while DHCP service is disabled, and after a reload that failed.
OUT_OF_SERVICE = "(kea_dhcp_serving == 0 or kea_dhcp_enabled == 0)"
OWN_IN_SERVICE = f"({OWN} unless ignoring (relationship, peer, scope) {OUT_OF_SERVICE} or 0 * {OWN})"
# The partner's scopes as the last heartbeat reported them, while communication is not interrupted.
REPORTED = '(kea_ha_scope_served{peer="partner"} and ignoring (peer, scope) kea_ha_communication_interrupted == 0)'
MEMBERS = "relationship, mode, local, local_role, partner, partner_role, pair"


def _of_pair(scopes: str, name: str) -> str:
    """Return scopes with their pair and with the label *name* of `kea_ha_info`: the server that serves them."""
    others = "peer, scope, mode, local, local_role, partner, partner_role, pair"
    return f"{scopes} * ignoring ({others}) group_left (pair, {name}) kea_ha_info"


def _by_server(expression: str) -> str:
    return f"max by (daemon, pair, local, scope) ({expression})"


# A fallback: the partner's own metrics take precedence.
REPORTED_OF_PARTNER = _by_server(f'label_replace({_of_pair(REPORTED, "partner")}, "local", "$1", "partner", "(.*)")')
OF_ALL_SCOPES = f'min by (daemon, pair) ({SERVED}{{pair!=""}})'
# Without the configuration of a server, its pair is unknown: then the last heartbeat of its partner decides.
PARTNER_SERVES_ALL = (
    f"min without ({MEMBERS}) (kea_ha_info * on (daemon, pair) group_left () {OF_ALL_SCOPES}) "
    f"or min without (relationship, peer, scope) {REPORTED}"
)


def _skew(severity: Severity, seconds: int) -> Alert:
    return Alert(
        "KeaHaClockSkew",
        severity,
        f"abs(kea_ha_clock_skew_seconds) > {seconds}",
        "5m",
        "Clock skew of a Kea pair is too large",
        f"The clock skew between {DAEMON} and its partner {PARTNER} is {DURATION}. Kea terminates high availability at "
        "60 s. Synchronize both hosts with the same time servers (chronyc tracking).",
        Dashboard.PAIRS,
        keep=KEEP_STATE,
    )


GROUP = Group(
    "kea-high-availability",
    recordings=(
        Recording(SERVED_BY_SERVER, _by_server(_of_pair(OWN_IN_SERVICE, "local"))),
        Recording(SERVED, f"max by (daemon, pair, scope) ({SERVED_BY_SERVER} or {REPORTED_OF_PARTNER})"),
        Recording(PARTNER_SERVES, PARTNER_SERVES_ALL),
    ),
    alerts=(
        Alert(
            "KeaHaPartnerDown",
            Severity.WARNING,
            'max without (peer, role, state) (kea_ha_state{peer="local", state="partner-down"}) == 1',
            "5m",
            "Partner of a Kea server is down",
            f"{DAEMON} considers its partner {PARTNER} down and serves all clients alone. Start the partner, or fix "
            "the network between them. The partner fetches the leases before it serves again.",
            Dashboard.PAIRS,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaHaCommunicationInterrupted",
            Severity.WARNING,
            "kea_ha_communication_interrupted == 1",
            "5m",
            "Communication of a Kea pair is interrupted",
            f"{DAEMON} has had no answer from its partner {PARTNER} for longer than max-response-delay. Check that the "
            "partner runs; then check the network and TLS between the urls under peers.",
            Dashboard.PAIRS,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaHaTerminated",
            Severity.CRITICAL,
            'max without (peer, role, state) (kea_ha_state{peer="local", state="terminated"}) == 1',
            "5m",
            "High availability of a Kea server is terminated",
            f"{DAEMON} has terminated high availability with {PARTNER}. The usual causes are a clock skew of a minute "
            "and different configurations. Read Kea's log, fix the cause, and restart both servers.",
            Dashboard.PAIRS,
            keep=KEEP_STATE,
        ),
        _skew(Severity.WARNING, CLOCK_SKEW_WARNING_SECONDS),
        _skew(Severity.CRITICAL, CLOCK_SKEW_CRITICAL_SECONDS),
        Alert(
            "KeaHaScopeUnserved",
            Severity.CRITICAL,
            f"{SERVED} == 0",
            "5m",
            "HA scope of a Kea pair is served by neither server",
            f"No server is known to serve {SCOPE}. Check the states of both servers and dhcp-state (status-get). "
            "If KeaDhcpNotServing fires for one of them, fix that first.",
            Dashboard.PAIRS,
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaHaScopeServedTwice",
            Severity.CRITICAL,
            # Servers whose pair is unknown are not compared.
            f'sum by (daemon, pair, scope) ({SERVED_BY_SERVER}{{pair!=""}}) > 1',
            "5m",
            "HA scope of a Kea pair is served by both servers",
            f"Both servers serve {SCOPE}: each considers the other down, and they may assign one address twice. "
            "Stop one of them, fix the network between them, and start it again.",
            Dashboard.PAIRS,
            keep=KEEP_OUTAGE,
        ),
    ),
)
