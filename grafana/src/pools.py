"""Panels of pools: utilisation, and pools that are restricted to client classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.looks import FULLNESS, NUMBER, PER_SECOND, WARN
from grafana.src.panels import Words
from grafana.src.queries import gauge, rate
from grafana.src.tables import Column, table_of

if TYPE_CHECKING:
    from grafana.src.document import Built

POOL = ("subnet_id", "pool_id")
NO_POOLS = "No pool series: set pools: true under collect in the exporter's configuration"


def pools() -> list[Built]:
    """Return the tables of the pools of addresses and of delegated prefixes."""
    kinds = {"address": "addresses", "prefix": "prefixes"}
    return [
        table_of(
            Words(f"Pools of {name}", "Pools of a subnet with the same pool-id count as one.", NO_POOLS),
            labels=("server", "daemon", *POOL),
            columns=_of_pools(kind, name),
            sort="utilisation",
            descending=True,
            width=12,
            height=9,
        )
        for kind, name in kinds.items()
    ]


def pools_with_classes() -> Built:
    """Return the table of the pools that only some clients are served from."""
    return table_of(
        Words("Pools with client classes", "Pools that are restricted to client classes.", NO_POOLS),
        labels=("server", "daemon", "kind", *POOL, "client_classes"),
        columns={"is": Column(gauge("kea_pool_info", "kind", *POOL, "client_classes"), hidden=True)},
        sort="server",
        width=10,
    )


def _of_pools(kind: str, name: str) -> dict[str, Column]:
    capacity, assigned = gauge(f"kea_pool_{name}", *POOL), gauge(f"kea_pool_{name}_assigned", *POOL)
    columns = {
        "utilisation": Column(f"clamp_max({assigned} / ({capacity} > 0), 1)", FULLNESS, bar=True),
        "leased": Column(assigned, NUMBER),
        "size": Column(capacity, NUMBER),
        "assigned per second": Column(rate(f"kea_pool_{kind}_assignments_total", *POOL), PER_SECOND),
    }
    if kind == "address":
        columns["declined"] = Column(gauge("kea_pool_addresses_declined", *POOL), WARN)
    return columns
