"""Totals of a fleet, in which each lease, subnet and address counts once.

Partners of a pair, and servers that share a lease database, have the same subnets and leases. A *store* is where leases
are kept: a shared database, a pair whose servers replicate leases, or the server itself. Within a store, a subnet is
known by its prefix. Of several values, the highest counts: a partner may be down, restarting, or some leases behind.
"""

from __future__ import annotations

from kea_exporter.alerts.model import Group, Recording
from kea_exporter.alerts.subnets import BANDS, OF_SUBNET

# By server and daemon: always 1; the label `store` is the database, pair or server that has its leases.
STORE = "daemon:kea_lease_store:group"
# The label whose value names the store; the first known one counts.
STORES = (
    ('kea_lease_database_info{database!=""}', "database"),
    ('kea_ha_info{pair!=""}', "pair"),
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
    # Two exporters may differ for a moment, and a hub has several pairs.
    return f"topk by (server, daemon) (1, group by (server, daemon, store) ({found}))"


def each_store(expression: str, *labels: str) -> str:
    """Return values of daemons once for each store; *labels* identify the values of one daemon."""
    by = ", ".join(("store", "daemon", *labels))
    return f"max by ({by}) ({expression} * on (server, daemon) group_left (store) {STORE})"


def _sum(expression: str, *labels: str) -> str:
    return f"sum by ({', '.join(('daemon', *labels))}) ({expression})"


GROUP = Group(
    "kea-fleet",
    recordings=(
        Recording(STORE, _store_of_daemons()),
        *(Recording(of_store(family), f"sum by (store, daemon) ({each_store(family, 'subnet')})") for family in SUMMED),
        *(Recording(of_fleet(family), _sum(of_store(family))) for family in SUMMED),
        Recording(of_fleet("kea_subnets"), _sum(each_store("kea_subnets"))),
        Recording(of_fleet("kea_leases"), _sum(each_store("kea_leases", "kind", "state"), "kind", "state")),
        *(
            Recording(
                NEARLY_FULL,
                _sum(each_store(f"({OF_SUBNET} > bool {share})", "subnet", "kind"), "kind"),
                (("severity", str(severity)),),
            )
            for severity, share, _ in BANDS
        ),
    ),
    alerts=(),
)
