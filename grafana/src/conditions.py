"""What panels count on daemons, pairs and subnets: the conditions of the alerts, for the selected servers."""

from __future__ import annotations

import re

from grafana.src.looks import SEVERITIES
from grafana.src.queries import (
    OF_DAEMON,
    SUBNET,
    days_left,
    each_store,
    gauge,
    of,
    of_daemon,
    once,
    recorded,
    shared_fullness,
    taken,
    total,
    worst,
)
from kea_exporter.alerts import GROUPS
from kea_exporter.alerts.high_availability import SERVED, SERVED_BY_SERVER
from kea_exporter.alerts.thresholds import FULLNESS_WARNING
from kea_exporter.config.profiles import hook_requirement
from kea_exporter.requirements.hooks import COMMAND_OF_HOOK

FAMILY = re.compile(r"(?<![:\w])(kea_\w+)(?:\{([^{}]*)\})?(?![\w:])")
RECORDED = {recording.name: recording.expression for group in GROUPS for recording in group.recordings}
# A server whose host is down has no metrics of its pair. After this time without it, it counts as a server of its own.
REMEMBERED = "3d"
IN_A_PAIR = 'pair!=""'
MEMBERS = once(f"last_over_time({of('kea_ha_info', IN_A_PAIR)}[{REMEMBERED}])", "pair")


def selected(expression: str) -> str:
    """Return the expression of a rule for the selected servers only."""

    def narrowed(found: re.Match[str]) -> str:
        return f"{found[1]}{{{','.join(part for part in (OF_DAEMON, found[2]) if part)}}}"

    return FAMILY.sub(narrowed, expression)


def alerting(*names: str) -> str:
    """Return what alerts would fire on, each by its own labels."""
    found = [alert.expression for group in GROUPS for alert in group.alerts if alert.name in names]
    return " or ".join(f"({selected(expression)})" for expression in found)


def number_of(expression: str, known: str) -> str:
    """Return the number of series; 0 where there are none, but something *known* of that kind."""
    return f"count({expression}) or 0 * count({known})"


_SERVED = selected(RECORDED[SERVED].replace(SERVED_BY_SERVER, f"({RECORDED[SERVED_BY_SERVER]})"))
_SERVED_BY_SERVER = selected(RECORDED[SERVED_BY_SERVER].replace("kea_ha_info", f"kea_ha_info{{{IN_A_PAIR}}}"))
SCOPES_UNSERVED = f"({_SERVED} == 0)"
SCOPES_SERVED_TWICE = f"(sum by (daemon, pair, scope) ({_SERVED_BY_SERVER}) > 1)"
DHCP_UP = worst(of("kea_up", 'daemon!="d2"'))
# A pair of which no server answers: nobody knows what they serve.
_BEST = f"max by (daemon, pair) ({MEMBERS} * on (server, daemon) group_left () {worst(of('kea_up'))})"
PAIRS_DOWN = f"({_BEST} == 0)"
_OUT = f"({DHCP_UP} == 0 or {worst(of('kea_dhcp_serving'))} == 0)"
ALONE_OUT = f"({_OUT} unless on (server, daemon) {MEMBERS})"
# Clients that nobody serves, as far as known: of a server without a partner, of a pair, or of a scope.
UNSERVED = f"{ALONE_OUT} or {PAIRS_DOWN} or {SCOPES_UNSERVED}"
NOT_SERVING = f"group by (server, daemon) ({alerting('KeaDhcpNotServing', 'KeaDhcpServiceDisabled')})"

RELATIONSHIP = ("relationship",)
_OF_RELATIONSHIPS = alerting("KeaHaPartnerDown", "KeaHaCommunicationInterrupted", "KeaHaTerminated", "KeaHaClockSkew")


PAIR_CHOSEN = 'pair=~"$pair"'


def with_pair(expression: str, where: str = "") -> str:
    """Return values of relationships with the label `pair`."""
    info = gauge("kea_ha_info", "relationship", "pair", where=where)
    return f"({expression}) * on (server, daemon, relationship) group_left (pair) {info}"


IMPAIRED = (
    f"group by (daemon, pair) ({with_pair(f'group by (server, daemon, relationship) ({_OF_RELATIONSHIPS})')} "
    f"or {PAIRS_DOWN} or {SCOPES_UNSERVED} or {SCOPES_SERVED_TWICE})"
)

LEAF, ABOVE_LEAF = 'role="leaf"', 'role!~"leaf|root"'
NOT_AFTER = "kea_certificate_not_after_timestamp_seconds"
_TRUSTED = f"on (server, daemon) {worst(of('kea_certificate_trusted'))} == 1"
_HARMLESS = f"({days_left(NOT_AFTER, 'role', where=ABOVE_LEAF)} < 0 and {_TRUSTED})"
# In days. An expired intermediate beside a chain that verifies does no harm.
_OTHERS = f"({days_left(NOT_AFTER, 'role', where=ABOVE_LEAF)} unless {_HARMLESS})"
CERTIFICATES_LEFT = f"({days_left(NOT_AFTER, 'role', where=LEAF)} or {_OTHERS})"


def of_severity(severity: str) -> str:
    """Return the matcher of a severity."""
    return f'severity="{severity}"'


def unmet(severity: str) -> str:
    """Return the number of unmet requirements of a severity, by daemon."""
    met = worst(of("kea_requirement_met", of_severity(severity)), "requirement")
    return total(f"1 - {met}", "server", "daemon")


# The number of its severity for each unmet requirement (see `looks.UNMET`). All requirements would be too many series.
UNMET = (
    "("
    + " or ".join(
        f"{rank} * {gauge('kea_requirement_unmet', 'requirement', where=of_severity(severity))}"
        for rank, severity in enumerate(SEVERITIES, start=1)
    )
    + ")"
)
D2_UP = worst(of("kea_up", of_daemon("d2")))
# 0 for down, 1 for not serving, 2 for serving; a D2 daemon serves as long as it is up.
SERVICE = f"(1 + {worst(of('kea_dhcp_serving'))} or 2 * {D2_UP} or {worst(of('kea_up'))} == 0)"
EVER_OUT = " or ".join(
    f"{worst(f'min_over_time({of(family)}[$__range] @ end())')} == 0" for family in ("kea_up", "kea_dhcp_serving")
)
STANDING = (
    f"4 * ({worst(of('kea_up'))} == bool 0) > 0 or 3 * {NOT_SERVING} or 2 * ({unmet('required')} > bool 0) > 0 "
    f"or 1 * ({unmet('recommended')} > bool 0) > 0 or 0 * {worst(of('kea_up'))}"
)


def hooks() -> str:
    """Return a number for each hook library (see `looks.HOOK`), the missing ones first."""
    loaded = f"({gauge('kea_hook_loaded', 'hook')} + 2 * {gauge('kea_hook_configured', 'hook')})"
    missing = " or ".join(
        f'label_replace({4 * rank} * ({_hook(hook, severity)} == bool 0), "hook", "{hook}", "", "")'
        for hook in COMMAND_OF_HOOK
        for rank, severity in enumerate(SEVERITIES, start=1)
    )
    return f"sort_desc({loaded} + on (server, daemon, hook) ({missing}) or {loaded})"


def _hook(hook: str, severity: str) -> str:
    return worst(of("kea_requirement_met", f'requirement="{hook_requirement(hook)}"', of_severity(severity)))


def above(kind: str, *where: str) -> str:
    """Return the number of subnets and shared networks that are nearly full, as the alerts on them say."""
    subnets = f"{taken(kind, *where)} > {FULLNESS_WARNING}"
    networks = f"{shared_fullness(kind, *where)} > {FULLNESS_WARNING}"
    once_each = f"{each_store(subnets, *SUBNET)} or {each_store(networks, 'shared_network')}"
    return number_of(once_each, recorded(kind, *where))
