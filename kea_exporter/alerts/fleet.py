"""Totals of a fleet, in which each lease, subnet and address counts once.

Partners of a pair, and servers that share a lease database, have the same subnets and leases. A *store* is where leases
are kept: a shared database, a pair whose servers replicate leases, or the server itself. The subnets of a hub are in
several pairs. Within a store, a subnet is known by its prefix. Of several values the highest counts: a partner may be
down, restarting, or some leases behind, and series of subnets may be left out by a selection or limit.
"""

from __future__ import annotations

from kea_exporter.alerts.model import Group, Recording
from kea_exporter.alerts.subnets import BANDS, OF_SUBNET

# By server and daemon: always 1; the label `store` is the database, pair or server that has its leases.
STORE = "daemon:kea_lease_store:group"
# The same for subnets of hubs, by target and subnet.
STORE_OF_HUB = "subnet:kea_lease_store:group"
SHARED = 'kea_lease_database_info{database!=""}'
# The label whose value names the store; the first known one counts.
STORES = (
    (SHARED, "database"),
    ('kea_ha_info{pair!=""} unless on (server, daemon) kea_ha_subnet_info', "pair"),
    ('kea_up{daemon!="d2"}', "server"),
)
SUMMED = (
    "kea_subnet_addresses",
    "kea_subnet_addresses_assigned",
    "kea_subnet_addresses_declined",
    "kea_subnet_prefixes",
    "kea_subnet_prefixes_assigned",
)
# The number of subnets whose utilisation exceeds the threshold of a severity of KeaSubnetNearlyFull.
NEARLY_FULL = "fleet:kea_subnets_nearly_full:sum"


def of_store(family: str) -> str:
    """Return the name of the sums by store of a family."""
    return f"store:{family}:sum"


def of_fleet(family: str) -> str:
    """Return the name of the sums by daemon of a family."""
    return f"fleet:{family}:sum"


def _store_of_daemons() -> str:
    """Return one store for each daemon."""
    named = (f'label_join({selector}, "store", "", "{label}")' for selector, label in STORES)
    found = " or on (server, daemon) ".join(named)
    # Two exporters may differ for a moment.
    return f"topk by (server, daemon) (1, group by (server, daemon, store) ({found}))"


def _each_subnet(expression: str, *labels: str) -> str:
    """Return values of subnets once for each store and prefix."""
    by = ", ".join(("store", "daemon", "subnet", *labels))
    ignored = ", ".join(("shared_network", "pair", "store", *labels))
    of_hub = f"{expression} * ignoring ({ignored}) group_left (store) {STORE_OF_HUB}"
    others = f"({expression} unless on (server, daemon, subnet_id) {STORE_OF_HUB})"
    return f"max by ({by}) ({of_hub} or {others} * on (server, daemon) group_left (store) {STORE})"


def _highest(family: str, of_subnets: str, *labels: str) -> str:
    """Return the totals of daemons once for each store, or those of its subnets where they are higher."""
    by = ", ".join(("store", "daemon", *labels))
    totals = f"({family} unless on (server, daemon) {STORE_OF_HUB}) * on (server, daemon) group_left (store) {STORE}"
    return f"max by ({by}) ({totals} or {of_subnets})"


def _labelled(expression: str, kind: str, state: str) -> str:
    return f'label_replace(label_replace({expression}, "kind", "{kind}", "", ""), "state", "{state}", "", "")'


def _sum(expression: str, *labels: str) -> str:
    return f"sum by ({', '.join(('daemon', *labels))}) ({expression})"


_ASSIGNED, _DECLINED, _PREFIXES = map(
    of_store, ("kea_subnet_addresses_assigned", "kea_subnet_addresses_declined", "kea_subnet_prefixes_assigned")
)
_LEASES_OF_SUBNETS = " or ".join(
    (
        _labelled(f"{_ASSIGNED} - {_DECLINED}", "address", "assigned"),
        _labelled(_DECLINED, "address", "declined"),
        _labelled(_PREFIXES, "prefix", "assigned"),
    )
)
_COUNTED_SUBNETS = f"count by (store, daemon) ({_each_subnet('kea_subnet_addresses')})"

GROUP = Group(
    "kea-fleet",
    recordings=(
        Recording(STORE, _store_of_daemons()),
        Recording(
            STORE_OF_HUB,
            f'label_join(kea_ha_subnet_info{{pair!=""}}, "store", "", "pair") unless on (server, daemon) {SHARED}',
        ),
        *(Recording(of_store(family), f"sum by (store, daemon) ({_each_subnet(family)})") for family in SUMMED),
        *(Recording(of_fleet(family), _sum(of_store(family))) for family in SUMMED),
        Recording(of_fleet("kea_subnets"), _sum(_highest("kea_subnets", _COUNTED_SUBNETS))),
        Recording(
            of_fleet("kea_leases"),
            _sum(_highest("kea_leases", _LEASES_OF_SUBNETS, "kind", "state"), "kind", "state"),
        ),
        *(
            Recording(
                NEARLY_FULL,
                _sum(_each_subnet(f"({OF_SUBNET} > bool {share})", "kind"), "kind"),
                (("severity", str(severity)),),
            )
            for severity, share, _ in BANDS
        ),
    ),
    alerts=(),
)
