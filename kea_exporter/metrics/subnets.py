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
    Count.ADDRESSES: ("addresses", "Addresses that the {} has to give."),
    Count.ADDRESSES_ASSIGNED: (
        "addresses_assigned",
        "Addresses of the {} that are leased, the declined ones included.",
    ),
    Count.ADDRESSES_DECLINED: ("addresses_declined", "Addresses of the {} that clients found to be in use already."),
    Count.ADDRESSES_REGISTERED: ("addresses_registered", "Addresses of the {} that clients registered (RFC 9686)."),
    Count.ADDRESS_ASSIGNMENTS: ("address_assignments_total", "Addresses of the {} ever assigned."),
    Count.PREFIXES: ("prefixes", "Prefixes that the {} has to delegate."),
    Count.PREFIXES_ASSIGNED: ("prefixes_assigned", "Prefixes of the {} that are delegated."),
    Count.PREFIX_ASSIGNMENTS: ("prefix_assignments_total", "Prefixes of the {} ever delegated."),
}


def _subnets(report: Report, count: Count) -> Iterator[Column]:
    series = known(report.snapshot.subnet_series)
    if count in series.counts.columns:
        column = series.counts.columns[count]
        yield Column(series.shown, column[: _most(series.limit, series.counts)])


def _pools(report: Report, count: Count) -> Iterator[Sample]:
    series = known(report.snapshot.pool_series)
    for counts in (series.addresses, series.prefixes):
        samples = zip(counts.keys, counts.columns.get(count, ()), strict=False)
        for (subnet, pool), value in islice(samples, _most(series.limit, counts)):
            if value is not None:
                yield Sample((str(subnet), str(pool)), value)


def _most(limit: int, counts: Counts[K]) -> int:
    """Return how many things may have series: all those of one, or none."""
    return limit // max(len(counts.columns), 1)


def _limit_reached(report: Report) -> Iterator[Sample]:
    subnets, pools = report.snapshot.subnet_series, report.snapshot.pool_series
    if not isinstance(subnets, Failure):
        yield Sample(("subnets",), _is_cut(subnets.limit, subnets.counts))
    if not isinstance(pools, Failure):
        yield Sample(("pools",), any(_is_cut(pools.limit, counts) for counts in (pools.addresses, pools.prefixes)))


def _is_cut(limit: int, counts: Counts[K]) -> bool:
    return len(counts.keys) > _most(limit, counts)


def _subnet_family(count: Count) -> Family:
    name, text = NAMED[count]
    labels, read = ("subnet_id", "subnet", "shared_network"), partial(_subnets, count=count)
    return per_daemon(f"kea_subnet_{name}", text.format("subnet"), read, labels, _kind(name), SUBNET_SOURCE)


def _pool_family(count: Count) -> Family:
    name, text = NAMED[count]
    labels, read = ("subnet_id", "pool_id"), partial(_pools, count=count)
    said = f"{text.format('pool')} Pools of a subnet that share a pool-id are one."
    return per_daemon(f"kea_pool_{name}", said, read, labels, _kind(name), POOL_SOURCE)


def _kind(name: str) -> Kind:
    return Kind.COUNTER if name.endswith("_total") else Kind.GAUGE


FAMILY_OF_SUBNET: Mapping[Count, Family] = MappingProxyType({count: _subnet_family(count) for count in NAMED})
FAMILY_OF_POOL: Mapping[Count, Family] = MappingProxyType(
    {count: _pool_family(count) for count in NAMED if count is not Count.ADDRESSES_REGISTERED}
)
FAMILIES = (
    *FAMILY_OF_SUBNET.values(),
    *FAMILY_OF_POOL.values(),
    per_daemon(
        "kea_series_limit_reached",
        "1 if there are more subnets or pools than series_limit allows; those with the lowest ids are shown.",
        _limit_reached,
        ("collector",),
        source="the series of subnets and pools",
    ),
)
