"""Subnets and leases: utilisation, predicted exhaustion, declined addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.looks import DECLINED_RISE, EXHAUSTION, FULLNESS, NUMBER, PER_SECOND, WARN
from grafana.src.panels import Query, Words, bars, lines, stat_of
from grafana.src.pools import pools, pools_with_classes
from grafana.src.queries import (
    CAPACITY,
    NOT_READ_BY_SUBNET,
    SUBNET,
    each_store,
    exhausted_in,
    fullness,
    fullness_with_reserved,
    gauge,
    greatest,
    in_pools,
    least,
    of,
    once,
    rate,
    shared_fullness,
    total,
)
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.thresholds import FULLNESS_CRITICAL, FULLNESS_WARNING

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
    from grafana_foundation_sdk.builders.table import Panel as Table

TOP, ROWS = 10, 200
NAMES = {"address": "Addresses", "prefix": "Delegated prefixes"}
LEGEND = "{{subnet}} ({{server}} {{daemon}})"
ONCE = "Partners of a pair, and servers that share a lease database, count once."
NO_SUBNETS = "No answering DHCP daemon has subnets"
NO_PREFIXES = "No subnet delegates prefixes"
NO_FAILURES = "Not read by subnet: set pools: true under collect in the exporter's configuration"
NO_GUARDS = "No subnet has a name or client-classes"
OF_SUBNET = ("server", "daemon", *SUBNET)
STEADY = "The utilisation of no subnet has risen in the last hours"


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.SUBNETS,
        "Kea / Subnets and leases",
        "Utilisation and predicted exhaustion of subnets and shared networks, leases, declined addresses.",
        [
            Section("Overview", _glance()),
            Section("Subnets by utilisation", [_table("address", NO_SUBNETS), *_course()]),
            Section("Shared networks", _shared()),
            Section("Delegated prefixes", _prefixes()),
            Section("Leases", _leases()),
            Section("Pools", pools()),
            Section("Names and client classes", _guards()),
        ],
    )


def _fuller_than(share: float) -> str:
    return total(each_store(f"{fullness('address')} > bool {share}", *SUBNET))


def _glance() -> list[Built]:
    capacity = _of_subnets(CAPACITY["address"])
    leased = total(each_store(in_pools("address"), *SUBNET))
    return [
        stat_of(
            Words("Subnets", f"Configured subnets, those of shared networks included. {ONCE}"),
            total(each_store(gauge("kea_subnets"))),
            NUMBER,
        ),
        stat_of(
            Words(
                "Utilisation",
                f"Share of leased addresses in all subnets. Select a daemon for IPv4 or IPv6 only. {ONCE}",
                NO_SUBNETS,
            ),
            f"clamp_max({leased} / ({capacity} > 0), 1)",
            FULLNESS,
        ),
        *(
            stat_of(
                Words(f"Above {share:.0%}", f"Subnets with a utilisation above {share:.0%}."),
                _fuller_than(share),
                WARN,
            )
            for share in (FULLNESS_WARNING, FULLNESS_CRITICAL)
        ),
        stat_of(
            Words("Declined", "Addresses that are declined now, because clients found them in use."),
            _of_subnets("kea_subnet_addresses_declined"),
            WARN,
        ),
        stat_of(
            Words(
                "Predicted exhaustion",
                "Time until the first subnet is full if the trend of the last hours continues.",
                STEADY,
            ),
            f"min({exhausted_in('address')})",
            EXHAUSTION,
        ),
    ]


def _of_subnets(family: str) -> str:
    return total(each_store(gauge(family, *SUBNET), *SUBNET))


def _table(kind: str, nothing: str) -> Table:
    """Return the table of subnets with the highest utilisation, limited to ROWS rows."""
    capacity, full = CAPACITY[kind], fullness(kind)
    fullest = f"topk({ROWS}, {full})"
    columns = {
        "utilisation": Column(fullest, FULLNESS, bar=True, width=220),
        "with reserved": Column(f"{fullness_with_reserved(kind)} and {fullest}", FULLNESS),
        "leased": Column(f"{gauge(f'{capacity}_assigned', *SUBNET)} and {fullest}", NUMBER),
        "size": Column(f"{gauge(capacity, *SUBNET)} and {fullest}", NUMBER),
        "exhaustion in": Column(f"{exhausted_in(kind)} and {fullest}", EXHAUSTION),
    }
    if kind == "address":
        columns["declined"] = Column(f"{gauge('kea_subnet_addresses_declined', *SUBNET)} and {fullest}", WARN)
    return table_of(
        Words(
            f"{NAMES[kind]} by subnet",
            f"The {ROWS} subnets with the highest utilisation: leased share of the addresses in the pools. With "
            "reserved: also counts reserved addresses without a lease. Exhaustion in: if the trend of the last hours "
            "continues.",
            nothing,
        ),
        labels=("subnet", "subnet_id", "shared_network", "server", "daemon"),
        columns=columns,
        sort="utilisation",
        descending=True,
        height=12,
    )


def _course() -> list[Built]:
    return [
        lines(
            Words(
                f"Highest {TOP} utilisations",
                "Subnets with the highest utilisation at the end of the time range.",
                NO_SUBNETS,
            ),
            [Query(greatest(TOP, fullness("address")), LEGEND)],
            FULLNESS,
        ),
        lines(
            Words(
                f"First {TOP} exhaustions",
                "Time until subnets are full if the trend of the last hours continues.",
                STEADY,
            ),
            [Query(least(TOP, exhausted_in("address")), LEGEND)],
            EXHAUSTION,
        ),
    ]


def _shared() -> list[Built]:
    nothing = "No shared networks are configured"
    return [
        bars(
            Words(f"{NAMES[kind]} of shared networks", "Utilisation of the subnets without client classes.", nothing),
            Query(f"sort_desc({shared_fullness(kind)})", "{{shared_network}} ({{server}} {{daemon}})"),
            FULLNESS,
        )
        for kind in CAPACITY
    ]


def _prefixes() -> list[Built]:
    return [
        _table("prefix", NO_PREFIXES),
        lines(
            Words("Prefixes delegated per second", f"The {TOP} subnets with the highest rates.", NO_PREFIXES),
            [Query(greatest(TOP, rate("kea_subnet_prefix_assignments_total", *SUBNET)), LEGEND)],
            PER_SECOND,
            width=24,
        ),
    ]


def _leases() -> list[Built]:
    return [
        lines(
            Words("Leases", f"By kind and state; each lease has one state. {ONCE}", NO_SUBNETS),
            [
                Query(
                    total(each_store(gauge("kea_leases", "kind", "state"), "kind", "state"), "kind", "state"),
                    "{{kind}} {{state}}",
                )
            ],
            stacked=True,
        ),
        lines(
            Words("Addresses assigned per second", f"The {TOP} highest rates; renewals do not count.", NO_SUBNETS),
            [Query(greatest(TOP, rate("kea_subnet_address_assignments_total", *SUBNET)), LEGEND)],
            PER_SECOND,
        ),
        lines(
            Words("Declined addresses", f"The {TOP} subnets with the most declined addresses.", NO_SUBNETS),
            [Query(greatest(TOP, gauge("kea_subnet_addresses_declined", *SUBNET)), LEGEND)],
        ),
        lines(
            Words("Declined within an hour", "Increase of declined addresses within an hour.", NO_SUBNETS),
            [Query(greatest(TOP, once(f"delta({of('kea_subnet_addresses_declined')}[1h])", *SUBNET)), LEGEND)],
            DECLINED_RISE,
        ),
        *_of_pool_statistics(),
        _of_no_subnet(),
    ]


def _of_pool_statistics() -> list[Built]:
    return [
        lines(
            Words(
                "Registered addresses",
                f"Addresses that DHCPv6 clients registered (RFC 9686). {NOT_READ_BY_SUBNET}",
                "No DHCPv6 daemon counts registered addresses",
            ),
            [Query(greatest(TOP, gauge("kea_subnet_addresses_registered", *SUBNET)), LEGEND)],
        ),
        lines(
            Words(
                "Allocation failures per second",
                f"The {TOP} subnets with the highest rates. {NOT_READ_BY_SUBNET}",
                NO_FAILURES,
            ),
            [
                Query(
                    greatest(TOP, total(rate("kea_subnet_allocation_failures_total", "scope", *SUBNET), *OF_SUBNET)),
                    LEGEND,
                )
            ],
            PER_SECOND,
        ),
        lines(
            Words(
                "Reclaimed per second",
                f"Expired leases that Kea reclaimed, the {TOP} highest rates. {NOT_READ_BY_SUBNET}",
                NO_FAILURES,
            ),
            [Query(greatest(TOP, rate("kea_subnet_leases_reclaimed_total", *SUBNET)), LEGEND)],
            PER_SECOND,
        ),
    ]


def _of_no_subnet() -> Built:
    return lines(
        Words(
            "Leases without a subnet",
            "Leases whose subnet is not configured, or whose address is outside of it, from the last audit.",
            "No lease audit: set lease_audit in the exporter's configuration",
        ),
        [
            Query(gauge("kea_leases_orphaned"), "{{server}} {{daemon}}: orphaned"),
            Query(gauge("kea_leases_outside_subnet"), "{{server}} {{daemon}}: outside their subnet"),
        ],
        WARN,
    )


def _guards() -> list[Built]:
    return [
        table_of(
            Words(
                "Names and client classes of subnets",
                "Subnets with a name in their user context, or with client classes.",
                NO_GUARDS,
            ),
            labels=("server", "daemon", *SUBNET, "name", "client_classes"),
            columns={"is": Column(gauge("kea_subnet_info", *SUBNET, "name", "client_classes"), hidden=True)},
            sort="subnet",
            width=14,
        ),
        pools_with_classes(),
    ]
