"""Alerts about the servers of a pair that are configured differently: only who sees both servers can judge that.

The rules join the servers of a pair by daemon and pair. Families of one server are joined by all labels of its target,
which may differ between the servers. A server that is down, or whose configuration is unknown, is not compared.
"""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity
from kea_exporter.alerts.pair_leases import ACTIVE, ALERTS, LEASES, OF_PAIR, RECORDINGS, RELATIONSHIP
from kea_exporter.alerts.templates import COUNT, each, first, label, lookup, spaced
from kea_exporter.alerts.thresholds import KEEP_OUTAGE, KEEP_STATE

MAX_NAMED = 5

# By server, daemon, pair, part and version of the canonical form.
HASH = "server:kea_config_hash:max"
# By daemon, pair and part: 1 if the servers differ, 0 if they do not; absent unless at least two are known.
DIFFERS = "pair:kea_config_hash_differs:max"
# By daemon and pair: present if the subnets of both servers are known one by one, and their hashes are not equal.
COMPARED = "pair:kea_ha_subnets_compared:count"
# By server, daemon, pair and subnet: subnets that the partner of the server lacks.
MISSING = "subnet:kea_ha_subnet_missing:group"
# By server, daemon, pair, subnet and id: subnets with another id on the partner.
IDS_DIFFER = "subnet:kea_ha_subnet_ids_differ:group"

_BY_HASH = "by (daemon, pair, part, version)"
_CONFIGURED = (
    f'max by (server, daemon, pair) (kea_ha_subnets{{pair!=""}} and on (server, daemon, pair) {ACTIVE} '
    'unless on (server, daemon) kea_series_limit_reached{collector="subnets"} == 1)'
)
_SUBNETS = f'{LEASES}{{kind="address"}}'
# A selection (include, exclude) leaves out subnets: then fewer are exported than configured.
_COMPLETE = f"{_CONFIGURED} == (count by (server, daemon, pair) ({_SUBNETS}) or {_CONFIGURED} == 0)"
_JUDGED = f"{_SUBNETS} and on (server, daemon, pair) {ACTIVE} and on (daemon, pair) {COMPARED}"
_ON_BOTH = f"count by (daemon, pair, subnet) (group by (server, daemon, pair, subnet) ({_JUDGED})) > 1"
_WITH_SEVERAL_IDS = f"count by (daemon, pair, subnet) (group by (daemon, pair, subnet, subnet_id) ({_JUDGED})) > 1"

DAEMONS = f"{label('daemon')} of the pair {label('pair')}"
BOTH = each(
    lookup("kea_config_hash", "daemon", "pair", "part", by="server"), "server", "{{ .Labels.server }}", between=" and "
)
NAMES = each(
    lookup("kea_ha_info", "daemon", "pair", "local", by="server"), "server", "{{ .Labels.server }}", between=" and "
)
_VERSION = 'printf "kea_version_info{server=%q,daemon=%q}" .Labels.server $labels.daemon | query'
VERSIONS = each(
    lookup("kea_ha_info", "daemon", "pair", by="server"),
    "server",
    "{{ .Labels.server }}" + first(_VERSION, " runs {{ .Labels.version }}"),
    between=", ",
)
WHICH_ARE_MISSING = each(
    lookup(MISSING, "daemon", "pair"),
    "subnet",
    "{{ .Labels.subnet }} only on {{ .Labels.server }}",
    between=", ",
    at_most=MAX_NAMED,
)
_IDS = f'printf "{IDS_DIFFER}{{daemon=%q,pair=%q,subnet=%q}}" $labels.daemon $labels.pair .Labels.subnet | query'
WHICH_IDS_DIFFER = each(
    lookup(IDS_DIFFER, "daemon", "pair", by="subnet"),
    "subnet",
    "{{ .Labels.subnet }} has "
    + each(_IDS, "server", "id {{ .Labels.subnet_id }} on {{ .Labels.server }}", between=" and "),
    between=", ",
    at_most=MAX_NAMED,
)


def _configuration_differs(severity: Severity, part: str) -> Alert:
    return Alert(
        "KeaHaConfigurationDiffers",
        severity,
        f"max by (daemon, pair, part) ({DIFFERS}{{part{part}}}) == 1",
        "15m",
        "Servers of a Kea pair have different configurations",
        f"The configurations of {DAEMONS} differ in the part {spaced('$labels.part')}, on {BOTH}. "
        "kea-exporter check names the differences. Decide which server is right, and change the other one.",
        Dashboard.PAIRS,
        keep=KEEP_STATE,
    )


GROUP = Group(
    "kea-pairs",
    recordings=(
        Recording(
            HASH,
            'max by (server, daemon, pair, part, version) (kea_config_hash{pair!=""} * ignoring (pair, part, version) '
            "group_left (version) kea_config_hash_info)",
        ),
        Recording(
            DIFFERS,
            f"max by (daemon, pair, part) (max {_BY_HASH} ({HASH}) > bool min {_BY_HASH} ({HASH}) "
            f"and count {_BY_HASH} ({HASH}) > 1)",
        ),
        *RECORDINGS,
        Recording(
            COMPARED,
            f'count by (daemon, pair) ({_COMPLETE}) == 2 unless on (daemon, pair) {DIFFERS}{{part="subnets"}} == 0',
        ),
        Recording(
            MISSING,
            f"group by (server, daemon, pair, subnet) ({_JUDGED} unless on (daemon, pair, subnet) {_ON_BOTH})",
        ),
        Recording(
            IDS_DIFFER,
            f"group by (server, daemon, pair, subnet, subnet_id) "
            f"({_JUDGED} and on (daemon, pair, subnet) {_WITH_SEVERAL_IDS})",
        ),
    ),
    alerts=(
        Alert(
            "KeaHaSubnetMissing",
            Severity.CRITICAL,
            f"count by (daemon, pair) ({MISSING})",
            "10m",
            "Subnets exist on one server of a Kea pair only",
            f"Subnets of {DAEMONS} on one server only: {COUNT} ({WHICH_ARE_MISSING}). The partner rejects leases of "
            "these subnets, and clients get none. Add the subnets to the other server, with the same ids.",
            Dashboard.SUBNETS,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaHaSubnetIdsDiffer",
            Severity.CRITICAL,
            f"count by (daemon, pair) (group by (daemon, pair, subnet) ({IDS_DIFFER}))",
            "10m",
            "Subnets of a Kea pair have different ids",
            f"Subnets of {DAEMONS} with different ids: {COUNT} ({WHICH_IDS_DIFFER}). The partner rejects leases of "
            "these subnets, and clients get none. Give each subnet one id on both servers.",
            Dashboard.SUBNETS,
            keep=KEEP_STATE,
        ),
        _configuration_differs(Severity.CRITICAL, '="ha"'),
        _configuration_differs(Severity.WARNING, '!="ha"'),
        Alert(
            "KeaHaServerNameNotUnique",
            Severity.CRITICAL,
            f"count by (daemon, pair, local) (group by (server, daemon, pair, local) (kea_ha_info{OF_PAIR})) > 1",
            "5m",
            "Servers of a Kea pair have the same this-server-name",
            f"{NAMES} both have this-server-name {label('local')} ({DAEMONS}), and both may serve the same clients. "
            "Set this-server-name of each server to the name of its own entry under peers, and restart it.",
            Dashboard.PAIRS,
            keep=KEEP_OUTAGE,
        ),
        *ALERTS,
        Alert(
            "KeaHaVersionsDiffer",
            Severity.INFO,
            f"count by (daemon, pair) (group by (daemon, pair, version) (kea_ha_info{OF_PAIR} "
            f"* ignoring ({RELATIONSHIP}, pair, version) group_left (version) kea_version_info)) > 1",
            "24h",
            "Servers of a Kea pair run different versions of Kea",
            f"The servers of {DAEMONS} have run different versions of Kea for a day: {VERSIONS}. Finish the upgrade.",
            Dashboard.PAIRS,
            keep=KEEP_STATE,
        ),
    ),
)
