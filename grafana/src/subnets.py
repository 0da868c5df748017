"""Subnets and leases: what fills up, how fast, and what was declined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.looks import DECLINED_RISE, EXHAUSTION, FULLNESS, NUMBER, PER_SECOND, TROUBLE
from grafana.src.panels import Query, Words, bars, lines, stat_of
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
POOL = ("subnet_id", "pool_id")
ONCE = "Partners of a pair, and servers that share a lease database, count once."
NO_SUBNETS = "No DHCP daemon that answers has subnets"
NO_PREFIXES = "No subnet has prefixes to delegate"
NO_POOLS = "Pools have no series: collect.pools of the exporter's configuration turns them on"
NO_FAILURES = "Not read of each subnet: collect.pools of the exporter's configuration turns it on"
NO_GUARDS = "No subnet has a name or client-classes"
OF_SUBNET = ("server", "daemon", *SUBNET)
STEADY = "No subnet has become fuller in the last hours"


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.SUBNETS,
        "Kea / Subnets and leases",
        "How full subnets and shared networks are, when they will be full, and which addresses were declined.",
        [
            Section("At a glance", _glance()),
            Section("Subnets, fullest first", [_table("address", NO_SUBNETS), *_course()]),
            Section("Shared networks", _shared()),
            Section("Delegated prefixes", _prefixes()),
            Section("Leases", _leases()),
            Section("Pools", _pools()),
            Section("Names and guards", _guards()),
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
                "Leased",
                f"Leased addresses of all subnets; for IPv4 and IPv6 apart, choose a daemon. {ONCE}",
                NO_SUBNETS,
            ),
            f"clamp_max({leased} / ({capacity} > 0), 1)",
            FULLNESS,
        ),
        *(
            stat_of(
                Words(f"Fuller than {share:.0%}", f"Subnets with more than {share:.0%} of their addresses leased."),
                _fuller_than(share),
                TROUBLE,
            )
            for share in (FULLNESS_WARNING, FULLNESS_CRITICAL)
        ),
        stat_of(
            Words("Declined", "Addresses that clients found to be in use already, at this time."),
            _of_subnets("kea_subnet_addresses_declined"),
            TROUBLE,
        ),
        stat_of(
            Words(
                "First full in", "The least time until a subnet is full, if it goes on like in the last hours.", STEADY
            ),
            f"min({exhausted_in('address')})",
            EXHAUSTION,
        ),
    ]


def _of_subnets(family: str) -> str:
    return total(each_store(gauge(family, *SUBNET), *SUBNET))


def _table(kind: str, nothing: str) -> Table:
    """Return the fullest subnets; tens of thousands of rows would help nobody."""
    capacity, full = CAPACITY[kind], fullness(kind)
    fullest = f"topk({ROWS}, {full})"
    columns = {
        "leased share": Column(fullest, FULLNESS, bar=True, width=220),
        "with reserved": Column(f"{fullness_with_reserved(kind)} and {fullest}", FULLNESS),
        "leased": Column(f"{gauge(f'{capacity}_assigned', *SUBNET)} and {fullest}", NUMBER),
        "all": Column(f"{gauge(capacity, *SUBNET)} and {fullest}", NUMBER),
        "full in": Column(f"{exhausted_in(kind)} and {fullest}", EXHAUSTION),
    }
    if kind == "address":
        columns["declined"] = Column(f"{gauge('kea_subnet_addresses_declined', *SUBNET)} and {fullest}", TROUBLE)
    return table_of(
        Words(
            f"{NAMES[kind]} by subnet",
            f"The {ROWS} fullest subnets. Leased share: of the addresses in the pools. With reserved: where hosts with "
            "a reserved address may be absent. Full in: if it goes on filling like in the last hours.",
            nothing,
        ),
        labels=("subnet", "subnet_id", "shared_network", "server", "daemon"),
        columns=columns,
        sort="leased share",
        descending=True,
        height=12,
    )


def _course() -> list[Built]:
    return [
        lines(
            Words(f"The {TOP} fullest", "Of the subnets that are fullest at the end of the time range.", NO_SUBNETS),
            [Query(greatest(TOP, fullness("address")), LEGEND)],
            FULLNESS,
        ),
        lines(
            Words(f"The {TOP} that fill up first", "Time until they are full, if it goes on like this.", STEADY),
            [Query(least(TOP, exhausted_in("address")), LEGEND)],
            EXHAUSTION,
        ),
    ]


def _shared() -> list[Built]:
    nothing = "No shared networks are configured"
    return [
        bars(
            Words(
                f"{NAMES[kind]} of shared networks", "Of the subnets that all clients of the network may use.", nothing
            ),
            Query(f"sort_desc({shared_fullness(kind)})", "{{shared_network}} ({{server}} {{daemon}})"),
            FULLNESS,
        )
        for kind in CAPACITY
    ]


def _prefixes() -> list[Built]:
    return [
        _table("prefix", NO_PREFIXES),
        lines(
            Words("Prefixes delegated per second", "The subnets with most of them.", NO_PREFIXES),
            [Query(greatest(TOP, rate("kea_subnet_prefix_assignments_total", *SUBNET)), LEGEND)],
            PER_SECOND,
            width=24,
        ),
    ]


def _leases() -> list[Built]:
    return [
        lines(
            Words("Leases", f"By kind and state; each lease is in one state. {ONCE}", NO_SUBNETS),
            [
                Query(
                    total(each_store(gauge("kea_leases", "kind", "state"), "kind", "state"), "kind", "state"),
                    "{{kind}} {{state}}",
                )
            ],
            stacked=True,
        ),
        lines(
            Words("Addresses assigned per second", "The subnets with most of them; renewals do not count.", NO_SUBNETS),
            [Query(greatest(TOP, rate("kea_subnet_address_assignments_total", *SUBNET)), LEGEND)],
            PER_SECOND,
        ),
        lines(
            Words("Declined addresses", f"The {TOP} subnets with most of them.", NO_SUBNETS),
            [Query(greatest(TOP, gauge("kea_subnet_addresses_declined", *SUBNET)), LEGEND)],
        ),
        lines(
            Words("Declined within an hour", "How many more there are than an hour before.", NO_SUBNETS),
            [Query(greatest(TOP, once(f"delta({of('kea_subnet_addresses_declined')}[1h])", *SUBNET)), LEGEND)],
            DECLINED_RISE,
        ),
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
                "Refused per second",
                f"The subnets that had no lease for most requests. {NOT_READ_BY_SUBNET}",
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
                f"The subnets with most expired leases that were taken back. {NOT_READ_BY_SUBNET}",
                NO_FAILURES,
            ),
            [Query(greatest(TOP, rate("kea_subnet_leases_reclaimed_total", *SUBNET)), LEGEND)],
            PER_SECOND,
        ),
        _of_no_subnet(),
    ]


def _of_no_subnet() -> Built:
    return lines(
        Words(
            "Leases of no subnet",
            "Leases whose subnet is not configured, or whose address lies outside of it, from the last audit.",
            "Leases were not audited: lease_audit of the exporter's configuration turns it on",
        ),
        [
            Query(gauge("kea_leases_orphaned"), "{{server}} {{daemon}}: orphaned"),
            Query(gauge("kea_leases_outside_subnet"), "{{server}} {{daemon}}: outside their subnet"),
        ],
        TROUBLE,
    )


def _guards() -> list[Built]:
    return [
        table_of(
            Words(
                "Named and guarded subnets",
                "Those with a name in their user context, and those for some clients alone.",
                NO_GUARDS,
            ),
            labels=("server", "daemon", *SUBNET, "name", "client_classes"),
            columns={"is": Column(gauge("kea_subnet_info", *SUBNET, "name", "client_classes"), hidden=True)},
            sort="subnet",
            width=14,
        ),
        table_of(
            Words("Guarded pools", "Those that are for some client classes alone.", NO_POOLS),
            labels=("server", "daemon", "kind", *POOL, "client_classes"),
            columns={"is": Column(gauge("kea_pool_info", "kind", *POOL, "client_classes"), hidden=True)},
            sort="server",
            width=10,
        ),
    ]


def _pools() -> list[Built]:
    kinds = {"address": "addresses", "prefix": "prefixes"}
    return [
        table_of(
            Words(f"Pools of {name}", "Pools of a subnet that share a pool-id are one.", NO_POOLS),
            labels=("server", "daemon", *POOL),
            columns=_of_pools(kind, name),
            sort="leased share",
            descending=True,
            width=12,
            height=9,
        )
        for kind, name in kinds.items()
    ]


def _of_pools(kind: str, name: str) -> dict[str, Column]:
    capacity, assigned = gauge(f"kea_pool_{name}", *POOL), gauge(f"kea_pool_{name}_assigned", *POOL)
    columns = {
        "leased share": Column(f"clamp_max({assigned} / ({capacity} > 0), 1)", FULLNESS, bar=True),
        "leased": Column(assigned, NUMBER),
        "all": Column(capacity, NUMBER),
        "assigned per second": Column(rate(f"kea_pool_{kind}_assignments_total", *POOL), PER_SECOND),
    }
    if kind == "address":
        columns["declined"] = Column(gauge("kea_pool_addresses_declined", *POOL), TROUBLE)
    return columns
