"""Review of where leases, hosts and changes are stored (Kea ARM, "Lease Storage", "Kea Configuration Backend")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.kea.reading import as_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.kea.prepared import Prepared

    Findings = Iterator[tuple[str, str]]

LFC_INTERVAL, RECLAIM_TIMER = 3600, 10


def not_persistent(configuration: Prepared) -> Findings:
    """Yield a lease file that is not written, or that is never cleaned up."""
    database = as_map(configuration.tree.get("lease-database") or {}, "lease-database")
    if database.get("type", "memfile") != "memfile":
        return
    if not database.get("persist", True):
        yield "not_persistent", "the lease database is memfile with persist false: a restart loses all leases"
    elif database.get("lfc-interval", LFC_INTERVAL) == 0:
        yield "no_cleanup", "lfc-interval is 0: the lease file grows without limit"


def not_reclaimed(configuration: Prepared) -> Findings:
    """Yield expired leases that are never reclaimed."""
    processing = as_map(configuration.tree.get("expired-leases-processing") or {}, "expired-leases-processing")
    if processing.get("reclaim-timer-wait-time", RECLAIM_TIMER) == 0:
        yield (
            "not_reclaimed",
            "reclaim-timer-wait-time is 0: expired leases are counted as assigned, and DNS keeps their names",
        )


def changes_lost(configuration: Prepared) -> Findings:
    """Yield subnet_cmds beside a configuration database, which overwrites what the commands change."""
    if configuration.has_configuration_databases and "subnet_cmds" in configuration.hooks:
        yield (
            "configuration_database",
            "libdhcp_subnet_cmds.so is loaded beside config-databases: changes of the IPAM are lost at the next fetch",
        )
