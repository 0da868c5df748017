"""Subnets: where addresses or delegated prefixes run out, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.conditions import above, number_of
from grafana.src.document import Built, Section, dashboard
from grafana.src.leases import DECLINED, LEGEND, NO_SUBNETS, NOTHING_OF, OF_SUBNET, ONCE, TOP, failures, leases
from grafana.src.links import to
from grafana.src.looks import (
    DECLINED_RISE,
    EXHAUSTION,
    FULLNESS,
    NUMBER,
    REFUSED_REQUESTS,
    SHARE_OF_ALL,
    WARN,
)
from grafana.src.panels import Query, Stat, Words, lines, stat_row
from grafana.src.pools import pools, pools_with_classes
from grafana.src.queries import (
    CAPACITY,
    KINDS,
    SUBNET,
    SUBNET_CHOSEN,
    course_of_highest,
    each_store,
    exhausted_in,
    fullness,
    fullness_with_reserved,
    gauge,
    highest_fullness,
    in_pools,
    of_daemon,
    of_subnets,
    refused,
    shared_fullness,
    taken,
    total,
)
from grafana.src.tables import Column, table_of
from grafana.src.variables import SUBNETS
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.thresholds import (
    EXHAUSTION_WITHIN_SECONDS,
    FULLNESS_MIN_SIZE,
    FULLNESS_WARNING,
    FULLNESS_WORTH_PREDICTING,
)

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
    from grafana_foundation_sdk.builders.table import Panel as Table

ROWS = 200
NAMES = {"IPv4": "IPv4 addresses", "IPv6": "IPv6 addresses", "PD": "Delegated prefixes"}
A_KIND = "A kind that is not shown is not in this fleet."
NO_GUARDS = "No subnet has a name or client-classes"
NO_NETWORKS = "No shared networks are configured"
STEADY = (
    "No subnet will be full within a day, or there is less than an hour of data: a trend needs "
    f"{FULLNESS_WORTH_PREDICTING:.0%} utilisation and several new leases"
)


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.SUBNETS,
        "Kea / Subnets and leases",
        "Where do addresses or delegated prefixes run out, and when?",
        [
            Section("", stat_row(_glance())),
            Section("Subnets, highest utilisation first", [_table(*KINDS[0], height=11)]),
            Section("IPv6, delegated prefixes and shared networks", _others()),
            Section("Over time", _course()),
            Section("Subnets of shared networks", [_members(kind) for kind in CAPACITY], collapsed=True),
            Section("Pools", [*pools(), pools_with_classes(), _guards()], collapsed=True),
            Section("Leases", leases(), collapsed=True),
            Section("Declined addresses and refused requests", failures(), collapsed=True),
        ],
        variables=[SUBNETS],
    )


def _near(kind: str, *where: str) -> str:
    """Return the seconds until subnets are full, where that is within a day."""
    return f"({exhausted_in(kind, *where)} < {EXHAUSTION_WITHIN_SECONDS})"


def _glance() -> list[Stat]:
    chosen = [(name, kind, (of_daemon(daemon), SUBNET_CHOSEN)) for name, kind, daemon in KINDS]
    return [
        Stat(
            Words(
                f"Above {FULLNESS_WARNING:.0%}",
                f"Subnets and shared networks with more than {FULLNESS_WARNING:.0%} of their addresses (IPv4, IPv6) or "
                f"delegated prefixes (PD) leased. {ONCE} {A_KIND}",
                NO_SUBNETS,
            ),
            [Query(above(kind, *where), name) for name, kind, where in chosen],
            WARN,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words(
                "Highest utilisation", f"The highest of all subnets and shared networks, by kind. {A_KIND}", NO_SUBNETS
            ),
            [Query(highest_fullness(kind, where=where), name) for name, kind, where in chosen],
            FULLNESS,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words(
                "Full within a day",
                "Subnets that will be full within a day if the trend of the last hours continues.",
                NO_SUBNETS,
            ),
            [
                Query(number_of(_near(kind, *where), of_subnets(CAPACITY[kind], *where)), name)
                for name, kind, where in chosen
            ],
            WARN,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words(
                "Refused in 15 minutes",
                "The most requests without a lease of one daemon. The alert names the daemon; subnets are known where "
                "the exporter reads pools.",
                NO_SUBNETS,
            ),
            [Query(f"max({total(refused('15m'), 'server', 'daemon')})")],
            REFUSED_REQUESTS,
            to(Dashboard.TRAFFIC),
        ),
        Stat(
            Words("Declined in an hour", "The most newly declined addresses of one subnet.", NO_SUBNETS),
            [Query(f"clamp_min(max({DECLINED}), 0)")],
            DECLINED_RISE,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words(
                "Orphaned leases",
                f"Leases whose subnet is not configured, from the last lease audit. {ONCE}",
                "No lease audit: set lease_audit in the exporter's configuration",
            ),
            [Query(total(each_store(gauge("kea_leases_orphaned"))))],
            WARN,
            to(Dashboard.CONFIGURATION),
        ),
    ]


def _table(name: str, kind: str, daemon: str, height: int = 8) -> Table:
    """Return the table of subnets that are judged one by one, limited to ROWS rows."""
    where = (of_daemon(daemon), SUBNET_CHOSEN)
    shown = f"topk({ROWS}, {taken(kind, *where)})"
    key = "on (server, daemon, subnet_id)"
    capacity = CAPACITY[kind]
    columns = {
        "utilisation": Column(shown, FULLNESS, bar=True, width=190),
        "+ reserved": Column(f"{fullness_with_reserved(kind, *where)} and {key} {shown}", SHARE_OF_ALL),
        "full in": Column(f"{_near(kind, *where)} and {key} {shown}", EXHAUSTION),
        "leased": Column(f"{gauge(f'{capacity}_assigned', *SUBNET, where=where[0])} and {key} {shown}", NUMBER),
        "size": Column(f"{gauge(capacity, *SUBNET, where=where[0])} and {key} {shown}", NUMBER),
    }
    if kind == "address":
        columns["declined"] = Column(
            f"{gauge('kea_subnet_addresses_declined', *SUBNET, where=where[0])} and {key} {shown}", NUMBER
        )
        columns["refused"] = Column(
            f"{total(refused('1h', *where), *OF_SUBNET)} > 0 and {key} {shown}", REFUSED_REQUESTS
        )
    named = gauge("kea_subnet_info", *SUBNET, "name", where='name!=""')
    columns["is"] = Column(f"{named} and {key} {shown}", hidden=True)
    return table_of(
        Words(
            NAMES[name],
            f"The {ROWS} subnets with the highest utilisation: leased share of the pools; where clients were refused, "
            "with the reserved addresses. Subnets of shared networks are below, as all of a network serve its clients. "
            f"Pools of less than {FULLNESS_MIN_SIZE} are left out unless they refused clients. Full in: within a day, "
            "if the trend of the last hours continues. Refused: requests within an hour. Both servers of a pair "
            "have a row.",
            NOTHING_OF[name],
        ),
        labels=("subnet", "name", "server", "daemon", "subnet_id", "shared_network"),
        hidden=("subnet_id", "shared_network"),
        columns=columns,
        sort="utilisation",
        descending=True,
        first=("subnet", "name", "server"),
        height=height,
    )


def _others() -> list[Built]:
    return [*(_table(*kind) for kind in KINDS[1:]), *(_networks(kind) for kind in CAPACITY)]


def _networks(kind: str) -> Table:
    sums = (in_pools(kind, 'shared_network!=""'), of_subnets(CAPACITY[kind], 'shared_network!=""'))
    leased, size = (total(entry, "server", "daemon", "shared_network") for entry in sums)
    name = "Addresses" if kind == "address" else "Delegated prefixes"
    return table_of(
        Words(
            f"{name} of shared networks",
            "Utilisation of the subnets that all clients may use; subnets with client classes are judged one by one.",
            NO_NETWORKS if kind == "address" else "No shared network delegates prefixes",
        ),
        labels=("shared_network", "server", "daemon"),
        columns={
            "utilisation": Column(f"topk({ROWS}, {shared_fullness(kind)})", FULLNESS, bar=True, width=150),
            "leased": Column(leased, NUMBER),
            "size": Column(size, NUMBER),
        },
        sort="utilisation",
        descending=True,
        width=12,
        height=7,
    )


def _course() -> list[Built]:
    return [
        lines(
            Words(
                f"Highest {TOP} utilisations, {name}",
                "Subnets with the highest utilisation at the end of the time range, as the rules record it.",
                f"{NOTHING_OF[name]}, or the rules are not loaded (kea-exporter rules)",
            ),
            [Query(course_of_highest(TOP, kind, of_daemon(daemon), SUBNET_CHOSEN), LEGEND)],
            FULLNESS,
            width=8,
        )
        for name, kind, daemon in KINDS
    ]


def _members(kind: str) -> Table:
    where = (SUBNET_CHOSEN, 'shared_network!=""')
    shown = f"topk({ROWS}, {fullness(kind, *where)})"
    name = "Addresses" if kind == "address" else "Delegated prefixes"
    return table_of(
        Words(
            f"{name} by subnet of shared networks",
            "Not judged: clients get a lease of another subnet of the network.",
            NO_NETWORKS,
        ),
        labels=("subnet", "shared_network", "server", "daemon", "subnet_id"),
        columns={
            "utilisation": Column(shown, SHARE_OF_ALL, bar=True),
            "leased": Column(f"{in_pools(kind, *where)} and {shown}", NUMBER),
            "size": Column(f"{of_subnets(CAPACITY[kind], *where)} and {shown}", NUMBER),
        },
        sort="utilisation",
        descending=True,
    )


def _guards() -> Built:
    return table_of(
        Words(
            "Names and client classes of subnets",
            "Subnets with a name in their user context, or with client classes.",
            NO_GUARDS,
        ),
        labels=("server", "daemon", *SUBNET, "name", "client_classes"),
        columns={
            "is": Column(f"topk({ROWS}, {gauge('kea_subnet_info', *SUBNET, 'name', 'client_classes')})", hidden=True)
        },
        sort="subnet",
        width=14,
    )
