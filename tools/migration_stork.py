"""The names that Stork's agent exports of Kea."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.migration_rows import BY_SUBNET, Old, missing, packets, replaced, summed

if TYPE_CHECKING:
    from collections.abc import Iterator

LABELS = (*BY_SUBNET, "prefix", "shared_network")
RECLAIMED = ("addresses_reclaimed_total", "addresses_declined_reclaimed_total")
SUBNETS = {
    4: {
        "addresses_total": "kea_subnet_addresses",
        "addresses_assigned_total": "kea_subnet_addresses_assigned",
        "addresses_declined_total": "kea_subnet_addresses_declined",
        "cumulative_addresses_assigned_total": "kea_subnet_address_assignments_total",
    },
    6: {
        "na_total": "kea_subnet_addresses",
        "na_assigned_total": "kea_subnet_addresses_assigned",
        "addresses_declined_total": "kea_subnet_addresses_declined",
        "cumulative_nas_assigned_total": "kea_subnet_address_assignments_total",
        "pd_total": "kea_subnet_prefixes",
        "pd_assigned_total": "kea_subnet_prefixes_assigned",
        "cumulative_pds_assigned_total": "kea_subnet_prefix_assignments_total",
    },
}
POOLS = {
    4: {
        "addresses_total": "kea_pool_addresses",
        "addresses_assigned_total": "kea_pool_addresses_assigned",
        "addresses_declined_total": "kea_pool_addresses_declined",
        "addresses_cumulative_assigned_total": "kea_pool_address_assignments_total",
    },
    6: {
        "na_total": "kea_pool_addresses",
        "na_assigned_total": "kea_pool_addresses_assigned",
        "addresses_declined_total": "kea_pool_addresses_declined",
        "cumulative_nas_assigned_total": "kea_pool_address_assignments_total",
        "pd_total": "kea_pool_prefixes",
        "pd_assigned_total": "kea_pool_prefixes_assigned",
        "cumulative_pds_assigned_total": "kea_pool_prefix_assignments_total",
    },
}
POOLS_RECLAIMED = {4: RECLAIMED, 6: (*RECLAIMED, "pd_addresses_reclaimed_total")}
GLOBAL = {
    "addresses_declined_total": 'kea_leases{{{}, kind="address", state="declined"}}',
    "addresses_declined_reclaimed_total": "kea_declined_addresses_reclaimed_total{{{}}}",
    "addresses_reclaimed_total": "kea_leases_reclaimed_total{{{}}}",
}
ASSIGNED = {
    4: {"cumulative_addresses_assigned_total": "address"},
    6: {"cumulative_nas_assigned_total": "address", "cumulative_pds_assigned_total": "prefix"},
}


def _of_version(number: int) -> Iterator[Old]:
    prefix, daemon = f"kea_dhcp{number}", f'daemon="dhcp{number}"'
    yield from packets(number)
    for name, family in SUBNETS[number].items():
        yield replaced(f"{prefix}_{name}", f"{family}{{{daemon}}}", *LABELS, renamed={"prefix": "subnet"})
    for name in RECLAIMED:
        yield missing(f"{prefix}_{name}", f"the daemon as a whole has it, as in `{prefix}_global{number}_{name}`")
    for name, family in POOLS[number].items():
        yield _pool(f"{prefix}_pool_{name}", family, daemon)
    for name in POOLS_RECLAIMED[number]:
        yield missing(f"{prefix}_pool_{name}", "the daemon as a whole has it")
    yield from _global(f"{prefix}_global{number}", number, daemon)


def _pool(name: str, family: str, daemon: str) -> Old:
    # Pools here are without the labels of their subnet, which has them.
    named = "on (job, instance, server, daemon, subnet_id) group_left (subnet, shared_network)"
    joined = f"{family}{{{daemon}}} * {named} (kea_subnet_addresses{{{daemon}}} >= bool 0)"
    here = f"`{family}{{{daemon}}}`, with `pools: true`; the labels of its subnet are those of `kea_subnet_addresses`"
    return Old(name, here, (summed(joined, "pool_id", *LABELS, renamed={"prefix": "subnet"}),))


def _global(prefix: str, number: int, daemon: str) -> Iterator[Old]:
    for name, pattern in GLOBAL.items():
        yield replaced(f"{prefix}_{name}", pattern.format(daemon))
    for name, kind in ASSIGNED[number].items():
        yield replaced(f"{prefix}_{name}", f'kea_lease_assignments_total{{{daemon}, kind="{kind}"}}')


def _of_agent() -> Iterator[Old]:
    for number in (4, 6):
        up = f'kea_up{{daemon="dhcp{number}"}}'
        active, configured = (
            f"storkagent_promkeaexporter_{which}_dhcp{number}_daemons_total" for which in ("active", "configured")
        )
        yield replaced(active, up, remark="one for each server")
        yield Old(configured, f"`{up} >= bool 0`; one for each server", (summed(f"{up} >= bool 0"),))
    apps = "storkagent_appmonitor_monitored_kea_apps_total"
    yield missing(apps, "count the servers with `count(count by (server) (kea_up))`")
    uptime = "storkagent_promkeaexporter_uptime_seconds"
    yield missing(uptime, "`time() - process_start_time_seconds` of the job of the exporter")
    yield Old("kea_exporter_build_info", "`kea_exporter_build_info`, with other labels")


NAMES = (*_of_version(4), *_of_version(6), *_of_agent())
