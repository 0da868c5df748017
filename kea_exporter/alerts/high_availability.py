"""Alerts about pairs of servers. A scope is the clients of one of them: some server has to serve it, and only one.

The partners of a pair may be scraped by different jobs, with different target labels (`dc="a"`, `dc="b"`): they are
compared by daemon, pair and scope alone.
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

# By daemon, pair, server (its name in Kea's configuration) and scope: 1 if the server says that it serves the scope,
# and is not known to be unable to.
SERVED_BY_SERVER = "server:kea_ha_scope_served:max"
# By daemon, pair and scope: 1 if one of the two servers serves the scope.
SERVED = "scope:kea_ha_served:max"
# By target, server and daemon: 1 if partners serve all scopes of a server that serves none itself.
PARTNER_SERVES = "server:kea_ha_partner_serves:min"

OWN = 'kea_ha_scope_served{peer="local"}'
# A server keeps its scopes when DHCP service is disabled, and when its configuration was half applied.
OUT_OF_SERVICE = "(kea_dhcp_serving == 0 or kea_dhcp_enabled == 0)"
OWN_IN_SERVICE = f"({OWN} unless ignoring (relationship, peer, scope) {OUT_OF_SERVICE} or 0 * {OWN})"
# What a server last heard of its partner counts while they hear of each other.
HEARD = '(kea_ha_scope_served{peer="partner"} and ignoring (peer, scope) kea_ha_communication_interrupted == 0)'
MEMBERS = "relationship, mode, local, local_role, partner, partner_role, pair"


def _of_pair(scopes: str, name: str) -> str:
    """Return scopes with their pair, and with the *name* (label of `kea_ha_info`) of the server that serves them."""
    others = "peer, scope, mode, local, local_role, partner, partner_role, pair"
    return f"{scopes} * ignoring ({others}) group_left (pair, {name}) kea_ha_info"


def _by_server(expression: str) -> str:
    return f"max by (daemon, pair, local, scope) ({expression})"


# What the partner says of itself counts more than what was heard of it.
HEARD_OF_PARTNER = _by_server(f'label_replace({_of_pair(HEARD, "partner")}, "local", "$1", "partner", "(.*)")')
OF_ALL_SCOPES = f'min by (daemon, pair) ({SERVED}{{pair!=""}})'
# Where the configuration of a server is not known, nor is its pair: then what it heard of its partner has to do.
PARTNER_SERVES_ALL = (
    f"min without ({MEMBERS}) (kea_ha_info * on (daemon, pair) group_left () {OF_ALL_SCOPES}) "
    f"or min without (relationship, peer, scope) {HEARD}"
)


def _skew(severity: Severity, seconds: int) -> Alert:
    return Alert(
        "KeaHaClockSkew",
        severity,
        f"abs(kea_ha_clock_skew_seconds) > {seconds}",
        "5m",
        "The clocks of two Kea servers of one pair are apart.",
        f"The clocks of {DAEMON} and of its partner {PARTNER} are {DURATION} apart. Kea ends "
        "high availability at one minute. Let both follow the same time servers (chronyc tracking).",
        Dashboard.TRAFFIC,
        keep=KEEP_STATE,
    )


GROUP = Group(
    "kea-high-availability",
    recordings=(
        Recording(SERVED_BY_SERVER, _by_server(_of_pair(OWN_IN_SERVICE, "local"))),
        Recording(SERVED, f"max by (daemon, pair, scope) ({SERVED_BY_SERVER} or {HEARD_OF_PARTNER})"),
        Recording(PARTNER_SERVES, PARTNER_SERVES_ALL),
    ),
    alerts=(
        Alert(
            "KeaHaPartnerDown",
            Severity.WARNING,
            'max without (peer, role, state) (kea_ha_state{peer="local", state="partner-down"}) == 1',
            "5m",
            "A Kea server serves alone, as its partner is down.",
            f"{DAEMON} takes its partner {PARTNER} for down and serves all clients alone. Start the partner, or mend "
            "the network between them; it fetches the leases by itself before it serves again.",
            Dashboard.TRAFFIC,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaHaCommunicationInterrupted",
            Severity.WARNING,
            "kea_ha_communication_interrupted == 1",
            "5m",
            "Two Kea servers of one pair do not hear of each other.",
            f"{DAEMON} has not heard of its partner {PARTNER} for longer than max-response-delay. Check that the "
            "partner runs, and the network and TLS between the urls under peers.",
            Dashboard.TRAFFIC,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaHaTerminated",
            Severity.CRITICAL,
            'max without (peer, role, state) (kea_ha_state{peer="local", state="terminated"}) == 1',
            "5m",
            "A Kea server has ended high availability.",
            f"{DAEMON} has ended high availability with {PARTNER}, most often as their clocks were a minute apart or "
            "their configurations differ. Look into Kea's log, mend the cause, and reload or restart both servers.",
            Dashboard.TRAFFIC,
            keep=KEEP_STATE,
        ),
        _skew(Severity.WARNING, CLOCK_SKEW_WARNING_SECONDS),
        _skew(Severity.CRITICAL, CLOCK_SKEW_CRITICAL_SECONDS),
        Alert(
            "KeaHaScopeUnserved",
            Severity.CRITICAL,
            f"{SERVED} == 0",
            "5m",
            "Clients of a Kea pair are served by neither server.",
            f"No server is known to serve {SCOPE}. Look at the states of both servers and at dhcp-state (status-get); "
            "where KeaDhcpNotServing fires for one of them, fix that first.",
            Dashboard.TRAFFIC,
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaHaScopeServedTwice",
            Severity.CRITICAL,
            # Of servers whose pair is not known, nothing is said.
            f'sum by (daemon, pair, scope) ({SERVED_BY_SERVER}{{pair!=""}}) > 1',
            "5m",
            "Clients of a Kea pair are served by both servers at once.",
            f"Both servers serve {SCOPE}: each takes the other for down, and they may give one address to two clients. "
            "Mend the network between them; stop one of them until that is done.",
            Dashboard.TRAFFIC,
            keep=KEEP_OUTAGE,
        ),
    ),
)
