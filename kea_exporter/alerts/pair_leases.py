"""Alerts about the leases of the servers of a pair, which replicate them to each other and to their backups.

Leases are compared subnet by subnet, matched by prefix, in the subnets that are known of both servers: other ids, or
another selection of subnets, make no difference. A server of one relationship has all its subnets in it; those of a hub
are in several, by `kea_ha_subnet_info`.
"""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Recording, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, each, label, lookup
from kea_exporter.alerts.thresholds import (
    KEEP_STATE,
    LEASES_DIFFER,
    LEASES_DIFFER_SHARE,
    SUBNET_LEASES_DIFFER,
    SUBNET_LEASES_DIFFER_SHARE,
)

KINDS = {"address": "kea_subnet_addresses_assigned", "prefix": "kea_subnet_prefixes_assigned"}
MAX_NAMED = 5
# Of kea_ha_info.
RELATIONSHIP = "relationship, mode, local, local_role, partner, partner_role"
OF_PAIR = '{pair!=""}'
ACTIVE = 'kea_ha_info{pair!="", local_role!="backup"}'
BACKUP = 'kea_ha_info{pair!="", local_role="backup"}'

# By target, server, daemon and pair: servers with one relationship.
SINGLE = "server:kea_ha_pair:max"
# By server, daemon, pair, subnet, id and kind.
LEASES = "subnet:kea_ha_leases:max"
# By daemon and pair: present if both servers replicate leases to each other, into databases of their own.
REPLICATING = "pair:kea_ha_replicating:count"
# By server, daemon, pair and kind, while they replicate: leases in the subnets that both servers have.
OF_SERVER = "server:kea_ha_leases:sum"
# By daemon, pair, subnet and kind: the difference, if it exceeds the tolerance.
DIFFERENCE = "subnet:kea_ha_leases_difference:max"

_SHARED = (
    f"count by (daemon, pair, database) (group by (server, daemon, pair, database) (kea_ha_info{OF_PAIR} * ignoring "
    f"({RELATIONSHIP}, pair, type, persistent, database) group_left (database) "
    'kea_lease_database_info{database!=""})) > 1'
)
_REPLICATED = f"{LEASES} and on (server, daemon, pair) {ACTIVE} and on (daemon, pair) {REPLICATING}"
_BY_SUBNET = "by (daemon, pair, subnet, kind)"
_BY_PAIR = "by (daemon, pair, kind)"
_WITH_BACKUP = f"on (daemon, pair) {BACKUP}"


def _in_state(states: str) -> str:
    """Return the servers, other than backups, in one of several states, by server, daemon and pair."""
    return (
        f'max by (server, daemon, pair) ((kea_ha_state{{peer="local", role!="backup", state=~"{states}"}} == 1) '
        "* ignoring (peer, role, state, mode, local, local_role, partner, partner_role, pair) group_left (pair) "
        f"kea_ha_info{OF_PAIR})"
    )


def _leases(kind: str, family: str) -> Recording:
    counted = f'{family}{{subnet!=""}}'
    single = f"{counted} * ignoring (subnet_id, subnet, shared_network, pair) group_left (pair) {SINGLE}"
    of_hub = f"{counted} * ignoring (shared_network, pair) group_left (pair) kea_ha_subnet_info{OF_PAIR}"
    by = "server, daemon, pair, subnet, subnet_id"
    return Recording(LEASES, f"max by ({by}) ({single} or {of_hub})", (("kind", kind),))


def _spread(by: str, leases: str, share: float, number: int) -> str:
    """Return the difference between the highest and the lowest value, if it exceeds the tolerance."""
    return f"max {by} ({leases}) - min {by} ({leases}) > clamp_min({share} * max {by} ({leases}), {number})"


_OF_ACTIVE = (
    f"max {_BY_SUBNET} ({LEASES} and on (server, daemon, pair) {ACTIVE} and {_WITH_BACKUP} and on (daemon, pair) "
    f"{_in_state('hot-standby|load-balancing|passive-backup|partner-down')} unless on (daemon, pair) {_SHARED})"
)
_OF_BACKUP = f"max by (server, daemon, pair, subnet, kind) ({LEASES} and on (server, daemon, pair) {BACKUP})"
_LAG = f"({_OF_ACTIVE} - on (daemon, pair, subnet, kind) group_right () {_OF_BACKUP})"
_BEHIND = (
    f"{_LAG} > on (daemon, pair, subnet, kind) group_left () "
    f"clamp_min({SUBNET_LEASES_DIFFER_SHARE} * {_OF_ACTIVE}, {SUBNET_LEASES_DIFFER}) "
    f"or sum by (server, daemon, pair, kind) {_LAG} > on (daemon, pair, kind) group_left () "
    f"clamp_min({LEASES_DIFFER_SHARE} * sum {_BY_PAIR} ({_OF_ACTIVE}), {LEASES_DIFFER})"
)

RECORDINGS = (
    Recording(
        SINGLE,
        f"max without ({RELATIONSHIP}) (kea_ha_info{OF_PAIR}) "
        f"unless ignoring (pair) count without ({RELATIONSHIP}, pair) (kea_ha_info) > 1",
    ),
    *(_leases(kind, family) for kind, family in KINDS.items()),
    Recording(
        REPLICATING,
        f"count by (daemon, pair) ({_in_state('hot-standby|load-balancing')}) == 2 unless on (daemon, pair) {_SHARED}",
    ),
    Recording(
        OF_SERVER,
        f"sum by (server, daemon, pair, kind) ({_REPLICATED} "
        f"and on (daemon, pair, subnet, kind) count {_BY_SUBNET} ({_REPLICATED}) == 2)",
    ),
    Recording(DIFFERENCE, _spread(_BY_SUBNET, _REPLICATED, SUBNET_LEASES_DIFFER_SHARE, SUBNET_LEASES_DIFFER)),
)

THINGS = '{{ if eq $labels.kind "prefix" }}delegated prefixes{{ else }}leased addresses{{ end }}'
ON_EACH = each(
    lookup(OF_SERVER, "daemon", "pair", "kind"), "server", "{{ .Labels.server }} has {{ .Value }}", between=", "
)
SUBNETS = each(
    lookup(DIFFERENCE, "daemon", "pair", "kind"),
    "subnet",
    "{{ if not $number }} Most of it is in: {{ end }}{{ .Labels.subnet }} ({{ .Value }})",
    between=", ",
    at_most=MAX_NAMED,
)

ALERTS = (
    Alert(
        "KeaHaLeasesDiffer",
        Severity.WARNING,
        f"max {_BY_PAIR} ({DIFFERENCE} or {_spread(_BY_PAIR, OF_SERVER, LEASES_DIFFER_SHARE, LEASES_DIFFER)})",
        "15m",
        "Servers of a Kea pair have different leases",
        f"The {THINGS} of {label('daemon')} of the pair {label('pair')} differ by {COUNT}: {ON_EACH}.{SUBNETS} If one "
        "fails, the other may assign leased addresses again. Send ha-sync to the server that has fewer leases.",
        Dashboard.PAIRS,
        keep=KEEP_STATE,
    ),
    Alert(
        "KeaHaBackupBehind",
        Severity.WARNING,
        f"max by (server, daemon, pair, kind) ({_BEHIND})",
        "15m",
        "Backup server of a Kea pair lacks leases",
        f"{DAEMON}, a backup of the pair {label('pair')}, lacks {COUNT} {THINGS} of the active server. Kea does not "
        "synchronize a backup: send it ha-sync, with the name of the active server.",
        Dashboard.PAIRS,
        keep=KEEP_STATE,
    ),
)
