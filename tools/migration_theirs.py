"""All names of kea-exporter 0.7.1."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tools.migration_rows import BY_SUBNET, TOTALS, Old, Recipe, missing, packets, replaced, summed

if TYPE_CHECKING:
    from collections.abc import Iterator

POOLS = "pools"
REMARKS = (
    f"*{TOTALS}*: of the daemon as a whole, and recorded without `subnet` and `subnet_id`.",
    f"*{POOLS}*: those of pools are `kea_pool_*`, by `pool_id` and with `pools: true`; they are not recorded.",
)
CONTEXTS = MappingProxyType(
    {
        "subnet": 'kea_allocation_failures_total{{{}, scope="subnet"}}',
        "shared-network": 'kea_allocation_failures_total{{{}, scope="shared_network"}}',
        "no-pools": 'kea_allocation_failures_by_cause_total{{{}, cause="no_pools"}}',
    }
)


def _allocations(number: int) -> Iterator[Old]:
    name = f"kea_dhcp{number}_allocations_failed_total"
    for context, pattern in CONTEXTS.items():
        selector = pattern.format(f'daemon="dhcp{number}"')
        recipes: tuple[Recipe, ...] = (summed(selector, given={"context": context}),)
        yield Old(f'{name}{{context="{context}"}}', f"`{selector}` ({TOTALS})", recipes)
    yield missing(f'{name}{{context="classes"}}', "every failure once more, as each client is in a class")


def _of_daemon(number: int) -> Iterator[Old]:
    prefix, daemon = f"kea_dhcp{number}", f'daemon="dhcp{number}"'
    declined, leases = "kea_declined_addresses_reclaimed_total", "kea_leases_reclaimed_total"
    yield replaced(f"{prefix}_addresses_declined_reclaimed_total", f"{declined}{{{daemon}}}", remark=TOTALS)
    yield replaced(f"{prefix}_addresses_reclaimed_total", f"{leases}{{{daemon}}}", remark=TOTALS)


def _of_subnets(names: dict[str, str], number: int) -> Iterator[Old]:
    for name, family in names.items():
        selector = f'{family}{{daemon="dhcp{number}"}}'
        remark = "" if name.startswith("pd_") else POOLS
        yield replaced(f"kea_dhcp{number}_{name}", selector, *BY_SUBNET, remark=remark)


def _dhcp4() -> Iterator[Old]:
    yield from packets(4)
    yield from _allocations(4)
    names = {
        "addresses_total": "kea_subnet_addresses",
        "addresses_assigned_total": "kea_subnet_addresses_assigned",
        "addresses_declined_total": "kea_subnet_addresses_declined",
    }
    yield from _of_subnets(names, 4)
    yield from _of_daemon(4)
    conflicts, reuses = "kea_reservation_conflicts_total", "kea_lease_reuses_total"
    yield replaced("kea_dhcp4_reservation_conflicts_total", f'{conflicts}{{daemon="dhcp4"}}', remark=TOTALS)
    yield replaced("kea_dhcp4_leases_reused_total", f'{reuses}{{daemon="dhcp4", kind="address"}}', remark=TOTALS)


def _dhcp6() -> Iterator[Old]:
    yield from packets(6)
    yield from _allocations(6)
    names = {
        "na_total": "kea_subnet_addresses",
        "na_assigned_total": "kea_subnet_addresses_assigned",
        "addresses_declined_total": "kea_subnet_addresses_declined",
        "pd_total": "kea_subnet_prefixes",
        "pd_assigned_total": "kea_subnet_prefixes_assigned",
    }
    yield from _of_subnets(names, 6)
    yield from _of_daemon(6)
    yield missing("kea_dhcp6_reservation_conflicts_total", "Kea has no such statistic of DHCPv6")
    for name, kind in (("na_reuses_total", "address"), ("pd_reuses_total", "prefix")):
        selector = f'kea_lease_reuses_total{{daemon="dhcp6", kind="{kind}"}}'
        yield replaced(f"kea_dhcp6_{name}", selector, remark=TOTALS)


NAMES = (*_dhcp4(), *_dhcp6())
