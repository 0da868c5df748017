"""Families with a series for each subnet or pool, within the limit of series."""

from __future__ import annotations

from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from kea_exporter.facts.failure import Failure, known
from kea_exporter.facts.subnets import Count
from kea_exporter.metrics.model import Column, Family, Kind, Sample, per_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.facts.subnets import Counts
    from kea_exporter.requirements import Report

K = TypeVar("K")

SUBNET_SOURCE = (
    "stat-lease4-get, stat-lease6-get or statistic-get-all; labels: subnet4-list, subnet6-list or config-get"
)
POOL_SOURCE = "statistic-get-all"
NAMED = {
    Count.ADDRESSES: ("addresses", "Capacity of the {} in addresses."),
    Count.ADDRESSES_ASSIGNED: (
        "addresses_assigned",
        "Leased addresses of the {}, including declined ones.",
    ),
    Count.ADDRESSES_DECLINED: ("addresses_declined", "Declined addresses of the {}, which a client found in use."),
    Count.ADDRESSES_REGISTERED: (
        "addresses_registered",
        "Addresses of the {} that clients registered (RFC 9686); absent unless statistic-get-all is queried.",
    ),
    Count.ADDRESS_ASSIGNMENTS: ("address_assignments_total", "Cumulative address assignments of the {}."),
    Count.ADDRESSES_IN_POOL: (
        "addresses_assigned_in_pool",
        "Assigned addresses from the pools of the {}; absent unless pool statistics were read.",
    ),
    Count.LEASES_RECLAIMED: ("leases_reclaimed_total", "Expired leases of the {} reclaimed."),
    Count.PREFIXES: ("prefixes", "Capacity of the {} in delegated prefixes."),
    Count.PREFIXES_IN_POOL: (
        "prefixes_assigned_in_pool",
        "Delegated prefixes from the pools of the {}; absent unless pool statistics were read.",
    ),
    Count.PREFIXES_ASSIGNED: ("prefixes_assigned", "Delegated prefixes of the {}."),
    Count.PREFIX_ASSIGNMENTS: ("prefix_assignments_total", "Cumulative prefix delegations of the {}."),
}
ONLY_OF_SUBNETS = {
    Count.ADDRESSES_REGISTERED,
    Count.ADDRESSES_IN_POOL,
    Count.PREFIXES_IN_POOL,
    Count.LEASES_RECLAIMED,
}
RESERVED = "{} of the subnet that are reserved in the configuration; absent without reservations."
# Families with one more label, and the count of each of its values.
PARTS = (
    (
        "addresses_reserved",
        RESERVED.format("Addresses"),
        "placement",
        {"in_pool": Count.ADDRESSES_RESERVED_IN_POOL, "out_of_pool": Count.ADDRESSES_RESERVED_OUT_OF_POOL},
    ),
    (
        "prefixes_reserved",
        RESERVED.format("Prefixes"),
        "placement",
        {"in_pool": Count.PREFIXES_RESERVED_IN_POOL, "out_of_pool": Count.PREFIXES_RESERVED_OUT_OF_POOL},
    ),
    (
        "allocation_failures_total",
        "Allocation failures by scope of the search: the subnet or its whole shared network.",
        "scope",
        {"subnet": Count.ALLOCATION_FAILURES, "shared_network": Count.ALLOCATION_FAILURES_OF_NETWORK},
    ),
)
SOURCES = {"placement": "config-get", "scope": "statistic-get-all"}
OF_SUBNETS = ("subnet_id", "subnet", "shared_network")


def _subnets(report: Report, count: Count, first_labels: tuple[str, ...] = ()) -> Iterator[Column]:
    series = known(report.snapshot.subnet_series)
    if count in series.counts.columns:
        column = series.counts.columns[count]
        yield Column(series.shown, column[: max_rows(series.limit, series.counts)], first_labels)


def _parts(report: Report, counts: Mapping[str, Count]) -> Iterator[Column]:
    for value, count in counts.items():
        yield from _subnets(report, count, (value,))


def _descriptions(report: Report) -> Iterator[Sample]:
    series, found = known(report.snapshot.subnet_series), known(report.snapshot.configuration).descriptions
    if found.names or found.classes:
        shown = zip(series.shown.ids, series.shown.rows, strict=True)
        for number, row in islice(shown, max_rows(series.limit, series.counts)):
            if number in found.names or number in found.classes:
                yield Sample((*row, found.names.get(number, ""), found.classes.get(number, "")), 1)


def _pool_descriptions(report: Report) -> Iterator[Sample]:
    series, found = known(report.snapshot.pool_series), known(report.snapshot.configuration).descriptions
    kinds = (("address", series.addresses, found.pool_classes), ("prefix", series.prefixes, found.pd_pool_classes))
    for kind, counts, classes in kinds:
        for key in islice(counts.keys, max_rows(series.limit, counts)):
            if key in classes:
                yield Sample((kind, *map(str, key), classes[key]), 1)


def _pools(report: Report, count: Count) -> Iterator[Sample]:
    series = known(report.snapshot.pool_series)
    for counts in (series.addresses, series.prefixes):
        samples = zip(counts.keys, counts.columns.get(count, ()), strict=False)
        for (subnet, pool), value in islice(samples, max_rows(series.limit, counts)):
            if value is not None:
                yield Sample((str(subnet), str(pool)), value)


def max_rows(limit: int, counts: Counts[K]) -> int:
    """Return how many subnets or pools may have series; one has all of its series or none."""
    return limit // max(len(counts.columns), 1)


def _limit_reached(report: Report) -> Iterator[Sample]:
    subnets, pools = report.snapshot.subnet_series, report.snapshot.pool_series
    if not isinstance(subnets, Failure):
        yield Sample(("subnets",), _exceeds_limit(subnets.limit, subnets.counts))
    if not isinstance(pools, Failure):
        yield Sample(
            ("pools",), any(_exceeds_limit(pools.limit, counts) for counts in (pools.addresses, pools.prefixes))
        )


def _exceeds_limit(limit: int, counts: Counts[K]) -> bool:
    return len(counts.keys) > max_rows(limit, counts)


def _kind(name: str) -> Kind:
    return Kind.COUNTER if name.endswith("_total") else Kind.GAUGE


def _families_of_subnet() -> dict[Count, Family]:
    families: dict[Count, Family] = {}
    for count, (name, text) in NAMED.items():
        read = partial(_subnets, count=count)
        families[count] = per_daemon(
            f"kea_subnet_{name}", text.format("subnet"), read, OF_SUBNETS, _kind(name), SUBNET_SOURCE
        )
    for name, text, label, counts in PARTS:
        labels, in_parts = (label, *OF_SUBNETS), partial(_parts, counts=counts)
        family = per_daemon(f"kea_subnet_{name}", text, in_parts, labels, _kind(name), SOURCES[label])
        families |= dict.fromkeys(counts.values(), family)
    return families


def _families_of_pool() -> dict[Count, Family]:
    families: dict[Count, Family] = {}
    for count, (name, text) in NAMED.items():
        if count not in ONLY_OF_SUBNETS:
            labels, read = ("subnet_id", "pool_id"), partial(_pools, count=count)
            said = f"{text.format('pool')} Pools of a subnet that share a pool-id are one."
            families[count] = per_daemon(f"kea_pool_{name}", said, read, labels, _kind(name), POOL_SOURCE)
    return families


FAMILY_OF_SUBNET: Mapping[Count, Family] = MappingProxyType(_families_of_subnet())
FAMILY_OF_POOL: Mapping[Count, Family] = MappingProxyType(_families_of_pool())
FAMILIES = (
    *dict.fromkeys(FAMILY_OF_SUBNET.values()),
    per_daemon(
        "kea_subnet_info",
        "Name of the subnet from its user context, and its client classes; absent without both; always 1.",
        _descriptions,
        (*OF_SUBNETS, "name", "client_classes"),
        source="config-get",
    ),
    *FAMILY_OF_POOL.values(),
    per_daemon(
        "kea_pool_info",
        "Client classes of the pool; kind is address or prefix; absent without client classes; always 1.",
        _pool_descriptions,
        ("kind", "subnet_id", "pool_id", "client_classes"),
        source="config-get",
    ),
    per_daemon(
        "kea_series_limit_reached",
        "1 if there are more subnets or pools than series_limit allows, else 0; the lowest ids are exported.",
        _limit_reached,
        ("collector",),
        source="the series of subnets and pools",
    ),
)
