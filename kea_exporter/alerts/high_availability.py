"""Alerts about pairs of servers. A scope is the clients of one of them: some server has to serve it, and only one."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity
from kea_exporter.alerts.templates import DAEMON, DURATION, label
from kea_exporter.alerts.thresholds import CLOCK_SKEW_CRITICAL_SECONDS, CLOCK_SKEW_WARNING_SECONDS

PARTNER = label("relationship")
SCOPE = (
    f"the clients of scope {label('scope')} ({label('daemon')}"
    "{{ with $labels.pair }} of the pair {{ . }}{{ end }})"
)


def _of_pair(scopes: str, known: str = "") -> str:
    """Return the scopes with where their pair is: servers of many pairs have the same names in Kea."""
    others = "peer, scope, mode, local, local_role, partner, partner_role, pair"
    return f"{scopes} * ignoring ({others}) group_left (pair) kea_ha_info{known}"


OWN = 'kea_ha_scope_served{peer="local"}'
# What a server last heard of its partner counts while they hear of each other.
HEARD = '(kea_ha_scope_served{peer="partner"} and ignoring (peer, scope) kea_ha_communication_interrupted == 0)'
SERVED = f"max without (instance, server, relationship, peer) ({_of_pair(OWN)} or {_of_pair(HEARD)})"
OF_KNOWN_PAIR = _of_pair(OWN, known='{pair!=""}')
# Each server once, though two exporters may look at it. Of whom it is not known which pair they are, nothing is said.
SERVED_TWICE = f"sum without (server) (max without (instance, relationship, peer) ({OF_KNOWN_PAIR})) > 1"


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
    )


GROUP = Group(
    "kea-high-availability",
    recordings=(Recording("scope:kea_ha_served:max", SERVED),),
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
        ),
        _skew(Severity.WARNING, CLOCK_SKEW_WARNING_SECONDS),
        _skew(Severity.CRITICAL, CLOCK_SKEW_CRITICAL_SECONDS),
        Alert(
            "KeaHaScopeUnserved",
            Severity.CRITICAL,
            "scope:kea_ha_served:max == 0",
            "5m",
            "Clients of a Kea pair are served by neither server.",
            f"No server is known to serve {SCOPE}. Look at the states of both servers (status-get); "
            "ha-continue or ha-maintenance-cancel sets a paused one going.",
            Dashboard.TRAFFIC,
        ),
        Alert(
            "KeaHaScopeServedTwice",
            Severity.CRITICAL,
            SERVED_TWICE,
            "5m",
            "Clients of a Kea pair are served by both servers at once.",
            f"Both servers serve {SCOPE}: each takes the other for down, and they may give one address to two clients. "
            "Mend the network between them; stop one of them until that is done.",
            Dashboard.TRAFFIC,
        ),
    ),
)
