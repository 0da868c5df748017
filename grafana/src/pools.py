"""Panels of pools: utilisation, and pools that are restricted to client classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.looks import FULLNESS, NUMBER, PER_SECOND, SHARE_OF_ALL
from grafana.src.panels import Words
from grafana.src.queries import gauge, rate
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.thresholds import FULLNESS_MIN_SIZE

if TYPE_CHECKING:
    from grafana.src.document import Built

NAMES = {"address": "addresses", "prefix": "prefixes"}
POOL = ("subnet_id", "pool_id")
ROWS = 200
NO_POOLS = "No pool series: set pools: true under collect in the exporter's configuration"


def pools() -> list[Built]:
    """Return the tables of the pools of addresses and of delegated prefixes."""
    return [
        table_of(
            Words(
                f"Pools of {name}",
                f"The {ROWS} pools with the highest utilisation. Not judged: clients get a lease of another pool of "
                "the subnet. Pools of a subnet with the same pool-id count as one.",
                NO_POOLS,
            ),
            labels=("server", "daemon", *POOL),
            columns=_of_pools(kind, name),
            sort="utilisation",
            descending=True,
            width=12,
            height=9,
        )
        for kind, name in NAMES.items()
    ]


def pools_with_classes() -> Built:
    """Return the table of the pools that only some clients are served from."""
    shares = (
        f"{_utilisation(name, FULLNESS_MIN_SIZE)} * on (server, daemon, subnet_id, pool_id) "
        f"group_left (kind, client_classes) {_classes(kind)}"
        for kind, name in NAMES.items()
    )
    return table_of(
        Words(
            "Pools with client classes",
            f"Pools of {FULLNESS_MIN_SIZE} or more that are restricted to client classes; these are judged.",
            "No pool is restricted to client classes, or pool series are not read",
        ),
        labels=("server", "daemon", "kind", *POOL, "client_classes"),
        columns={"utilisation": Column(" or ".join(shares), FULLNESS, bar=True)},
        sort="utilisation",
        descending=True,
        width=10,
    )


def _classes(kind: str) -> str:
    return gauge("kea_pool_info", "kind", *POOL, "client_classes", where=f'kind="{kind}"')


def _utilisation(name: str, size: int = 1) -> str:
    assigned, capacity = gauge(f"kea_pool_{name}_assigned", *POOL), gauge(f"kea_pool_{name}", *POOL)
    return f"clamp_max({assigned} / ({capacity} >= {size}), 1)"


def _of_pools(kind: str, name: str) -> dict[str, Column]:
    shown = f"topk({ROWS}, {_utilisation(name)})"
    columns = {
        "utilisation": Column(shown, SHARE_OF_ALL, bar=True),
        "leased": Column(f"{gauge(f'kea_pool_{name}_assigned', *POOL)} and {shown}", NUMBER),
        "size": Column(f"{gauge(f'kea_pool_{name}', *POOL)} and {shown}", NUMBER),
        "assigned per second": Column(f"{rate(f'kea_pool_{kind}_assignments_total', *POOL)} and {shown}", PER_SECOND),
    }
    if kind == "address":
        columns["declined"] = Column(f"{gauge('kea_pool_addresses_declined', *POOL)} and {shown}", NUMBER)
    return columns
