"""Subnets and pools with series of their own: selection, limit and values."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.config import Collectors
from kea_exporter.config.selection import EVERY_SUBNET, Selection
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Capacities, Count, Counts, PoolSeries, Subnets, SubnetSeries
from kea_exporter.kea.counting import NOT_COLLECTED
from kea_exporter.kea.shown import pool_series, shown, subnet_series
from kea_exporter.kea.statistics import read_all
from kea_exporter.metrics.subnets import FAMILY_OF_POOL, FAMILY_OF_SUBNET
from tests.support.answers import statistics
from tests.support.examples import silent, sound
from tests.support.pages import own

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.facts.subnets import Column, PoolKey

Series = dict[tuple[str, ...], float]

# Which subnets are shown

SUBNETS = Subnets(
    ids=(1, 2, 3, 10, 11),
    prefixes=("10.1.0.0/16", "10.2.0.0/24", "192.0.2.0/24", "2001:db8:1::/64", "2001:db8:ffff::/64"),
    networks=("", "office", "office", "", "lab"),
)


def selection(
    *prefixes: str,
    networks: tuple[str, ...] = (),
    excluded: tuple[str, ...] = (),
    excluded_networks: tuple[str, ...] = (),
) -> Selection:
    return Selection(
        included=tuple(map(ip_network, prefixes)),
        included_networks=frozenset(networks),
        excluded=tuple(map(ip_network, excluded)),
        excluded_networks=frozenset(excluded_networks),
    )


def without(*prefixes: str, networks: tuple[str, ...] = ()) -> Selection:
    return Selection(excluded=tuple(map(ip_network, prefixes)), excluded_networks=frozenset(networks))


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param(EVERY_SUBNET, (1, 2, 3, 10, 11), id="all of them"),
        pytest.param(selection("10.0.0.0/8"), (1, 2), id="by prefix"),
        pytest.param(selection("10.2.0.0/24"), (2,), id="by their own prefix"),
        pytest.param(selection("10.1.0.0/24"), (), id="a part of a subnet is not the subnet"),
        pytest.param(selection("2001:db8::/32"), (10, 11), id="by prefix of DHCPv6"),
        pytest.param(selection("10.0.0.0/8", "2001:db8:1::/64"), (1, 2, 10), id="by either prefix"),
        pytest.param(selection("0.0.0.0/0"), (1, 2, 3), id="the whole of IPv4"),
        pytest.param(selection("::/0"), (10, 11), id="the whole of IPv6"),
        pytest.param(selection(networks=("office",)), (2, 3), id="by shared network"),
        pytest.param(selection("192.0.2.0/24", networks=("lab",)), (3, 11), id="by prefix or shared network"),
        pytest.param(selection(), (), id="none is included"),
        pytest.param(selection(networks=("Office",)), (), id="another spelling"),
        pytest.param(without("10.0.0.0/8"), (3, 10, 11), id="but for a prefix"),
        pytest.param(without(networks=("office", "lab")), (1, 10), id="but for shared networks"),
        pytest.param(without("::/0", networks=("office",)), (1,), id="but for both"),
        pytest.param(
            selection("0.0.0.0/0", excluded=("10.2.0.0/24",)), (1, 3), id="whoever is excluded is not included"
        ),
        pytest.param(selection("0.0.0.0/0", excluded_networks=("office",)), (1,), id="nor in a shared network"),
    ],
)
def test_subnets_are_chosen_by_prefix_and_by_shared_network(chosen: Selection, expected: tuple[int, ...]) -> None:
    found = shown(SUBNETS, chosen)
    assert found.ids == expected
    assert [row[0] for row in found.rows] == list(map(str, expected))


def test_a_shown_subnet_has_its_id_prefix_and_shared_network_for_labels() -> None:
    assert shown(SUBNETS, selection("10.0.0.0/8")).rows == (("1", "10.1.0.0/16", ""), ("2", "10.2.0.0/24", "office"))


@pytest.mark.parametrize("prefix", ["", "office", "192.0.2.0/33"])
def test_a_subnet_with_a_malformed_prefix_is_chosen_by_its_network(prefix: str) -> None:
    odd = Subnets((1, 2), (prefix, prefix), ("office", ""))
    assert shown(odd, EVERY_SUBNET).ids == (1, 2)
    assert shown(odd, selection("0.0.0.0/0", "::/0", networks=("office",))).ids == (1,)
    assert shown(odd, without("0.0.0.0/0", networks=("office",))).ids == (2,)


def test_a_subnet_may_be_written_with_the_address_of_a_host() -> None:
    assert shown(Subnets((1,), ("192.0.2.1/24",), ("",)), selection("192.0.2.0/24")).ids == (1,)


# Series of subnets

CHOSEN = shown(
    Subnets((1, 2, 10), ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"), ("", "", "office")), EVERY_SUBNET
)
# Of the families that have one more label.
PARTS = {
    Count.ADDRESSES_RESERVED_IN_POOL: "in_pool",
    Count.ADDRESSES_RESERVED_OUT_OF_POOL: "out_of_pool",
    Count.PREFIXES_RESERVED_IN_POOL: "in_pool",
    Count.PREFIXES_RESERVED_OUT_OF_POOL: "out_of_pool",
    Count.ALLOCATION_FAILURES: "subnet",
    Count.ALLOCATION_FAILURES_OF_NETWORK: "shared_network",
}
LABELS = [("1", "192.0.2.0/24", ""), ("2", "198.51.100.0/24", ""), ("10", "203.0.113.0/24", "office")]


def of_subnets(columns: Mapping[Count, Column], limit: int = 1000, ids: tuple[int, ...] = (1, 2, 10)) -> SubnetSeries:
    return subnet_series(Counts(ids, columns), CHOSEN, Collectors(series_limit=limit))


def told(count: Count, series: SubnetSeries) -> Series:
    found, part = own(FAMILY_OF_SUBNET[count].name, sound(subnet_series=series)), PARTS.get(count)
    return {labels[-3:]: value for labels, value in found.items() if part in {None, labels[0]}}


@pytest.mark.parametrize("count", Count)
def test_what_is_counted_of_subnets_is_shown_for_each(count: Count) -> None:
    assert told(count, of_subnets({count: (7, 2**100, 0)})) == dict(zip(LABELS, (7, 2**100, 0), strict=True))


def test_what_is_not_known_of_a_subnet_is_absent_for_it_alone() -> None:
    series = of_subnets({Count.ADDRESSES: (7, None, 0), Count.ADDRESSES_ASSIGNED: (1, 2, 3)})
    assert told(Count.ADDRESSES, series) == {LABELS[0]: 7, LABELS[2]: 0}
    assert told(Count.ADDRESSES_ASSIGNED, series) == dict(zip(LABELS, (1, 2, 3), strict=True))
    assert told(Count.PREFIXES, series) == {}


def test_only_the_chosen_subnets_have_series() -> None:
    series = of_subnets({Count.ADDRESSES: (70, 71, 72, 73)}, ids=(1, 3, 10, 11))
    assert told(Count.ADDRESSES, series) == {LABELS[0]: 70, LABELS[2]: 72}


@pytest.mark.parametrize("snapshot", [sound(Daemon.D2), silent(), sound(subnet_series=NOT_COLLECTED)])
def test_without_subnets_there_are_no_series(snapshot: object) -> None:
    for family in FAMILY_OF_SUBNET.values():
        assert own(family.name, snapshot) == {}  # type: ignore[arg-type]


# Series of pools


def pools(counts: Mapping[PoolKey, int], count: Count = Count.ADDRESSES) -> Counts[PoolKey]:
    return Counts(tuple(counts), {count: tuple(counts.values())})


def of_pools(
    values: Mapping[str, int], configured: Mapping[PoolKey, int], prefixes: Mapping[PoolKey, int] | None = None
) -> PoolSeries:
    """Return the series of the pools of the subnets 1, 2 and 10, from what Kea says and what is configured."""
    daemon = Daemon.DHCP4 if prefixes is None else Daemon.DHCP6
    nothing: Counts[int] = Counts((), {})
    capacities = Capacities(nothing, pools(configured), pools(prefixes or {}, Count.PREFIXES))
    return pool_series(read_all(statistics(values), daemon), capacities, CHOSEN, Collectors(pools=True))


def told_of_pools(count: Count, series: PoolSeries) -> Series:
    return own(FAMILY_OF_POOL[count].name, sound(pool_series=series))


def test_pools_have_series_by_subnet_id_and_pool_id() -> None:
    values = {
        "subnet[1].pool[7].assigned-nas": 4,
        "subnet[1].pool[7].declined-addresses": 1,
        "subnet[1].pool[7].cumulative-assigned-nas": 9,
        "subnet[1].pd-pool[7].assigned-pds": 5,
        "subnet[1].pd-pool[7].cumulative-assigned-pds": 8,
    }
    series = of_pools(values, {(1, 7): 10}, {(1, 7): 256})
    assert {count: told_of_pools(count, series) for count in FAMILY_OF_POOL} == {
        Count.ADDRESSES: {("1", "7"): 10},
        Count.ADDRESSES_ASSIGNED: {("1", "7"): 4},
        Count.ADDRESSES_DECLINED: {("1", "7"): 1},
        Count.ADDRESS_ASSIGNMENTS: {("1", "7"): 9},
        Count.PREFIXES: {("1", "7"): 256},
        Count.PREFIXES_ASSIGNED: {("1", "7"): 5},
        Count.PREFIX_ASSIGNMENTS: {("1", "7"): 8},
    }


def test_how_much_a_pool_holds_is_as_the_configuration_has_it() -> None:
    # Kea counts it again with each subnet that is added at run time, and says 0 after statistic-reset-all.
    doubled = of_pools(
        {"subnet[1].pool[0].total-addresses": 30, "subnet[1].pool[0].assigned-addresses": 4}, {(1, 0): 10}
    )
    reset = of_pools({"subnet[1].pool[0].total-addresses": 0}, {(1, 0): 10})
    assert told_of_pools(Count.ADDRESSES, doubled) == told_of_pools(Count.ADDRESSES, reset) == {("1", "0"): 10}


def test_what_is_leased_of_a_pool_is_shown_as_kea_says_it() -> None:
    # After a subnet id was used again, Kea counts old leases twice (measured).
    series = of_pools({"subnet[1].pool[0].assigned-addresses": 8}, {(1, 0): 10})
    assert told_of_pools(Count.ADDRESSES_ASSIGNED, series) == {("1", "0"): 8}


def test_a_pool_that_is_not_configured_any_more_has_no_series() -> None:
    values = {"subnet[1].pool[0].assigned-addresses": 4, "subnet[1].pool[3].assigned-addresses": 5}
    values |= {"subnet[9].pool[0].assigned-addresses": 6, "subnet[9].pool[0].total-addresses": 7}
    series = of_pools(values, {(1, 0): 10})
    assert told_of_pools(Count.ADDRESSES_ASSIGNED, series) == {("1", "0"): 4}


def test_a_pool_that_kea_says_nothing_of_still_has_its_size() -> None:
    series = of_pools({"subnet[1].pool[0].assigned-addresses": 4}, {(1, 0): 10, (2, 0): 20})
    assert told_of_pools(Count.ADDRESSES, series) == {("1", "0"): 10, ("2", "0"): 20}
    assert told_of_pools(Count.ADDRESSES_ASSIGNED, series) == {("1", "0"): 4}


def test_only_the_pools_of_chosen_subnets_have_series() -> None:
    assert told_of_pools(Count.ADDRESSES, of_pools({}, {(1, 0): 10, (3, 0): 20, (10, 0): 30})) == {
        ("1", "0"): 10,
        ("10", "0"): 30,
    }


@pytest.mark.parametrize("snapshot", [sound(), sound(Daemon.D2), silent()])
def test_without_pools_there_are_no_series(snapshot: object) -> None:
    for family in FAMILY_OF_POOL.values():
        assert own(family.name, snapshot) == {}  # type: ignore[arg-type]


# The limit of series

LIMIT_REACHED = "kea_series_limit_reached"


@pytest.mark.parametrize(
    ("limit", "seen", "reached"),
    [(7, 3, 0), (6, 3, 0), (5, 2, 1), (4, 2, 1), (3, 1, 1), (2, 1, 1), (1, 0, 1)],
)
def test_a_subnet_has_all_its_series_or_none(limit: int, seen: int, reached: int) -> None:
    series = of_subnets({Count.ADDRESSES: (7, 8, 9), Count.ADDRESSES_ASSIGNED: (1, 2, 3)}, limit)
    for count in (Count.ADDRESSES, Count.ADDRESSES_ASSIGNED):
        assert list(told(count, series)) == LABELS[:seen]
    assert own(LIMIT_REACHED, sound(subnet_series=series)) == {("subnets",): reached}


@pytest.mark.parametrize(("limit", "seen", "reached"), [(4, 2, 0), (3, 1, 1), (1, 0, 1)])
def test_a_pool_has_all_its_series_or_none(limit: int, seen: int, reached: int) -> None:
    values = {f"subnet[{number}].pool[0].assigned-addresses": 4 for number in (1, 2)}
    series = replace(of_pools(values, {(1, 0): 10, (2, 0): 20}), limit=limit)
    for count in (Count.ADDRESSES, Count.ADDRESSES_ASSIGNED):
        assert list(told_of_pools(count, series)) == [("1", "0"), ("2", "0")][:seen]
    assert own(LIMIT_REACHED, sound(pool_series=series))["pools",] == reached


def test_pools_and_pd_pools_have_a_limit_each() -> None:
    series = replace(of_pools({}, {(1, 0): 1, (2, 0): 2}, {(1, 0): 3}), limit=1)
    assert told_of_pools(Count.ADDRESSES, series) == {("1", "0"): 1}
    assert told_of_pools(Count.PREFIXES, series) == {("1", "0"): 3}
    assert own(LIMIT_REACHED, sound(pool_series=series))["pools",] == 1


def test_a_limit_that_cannot_be_reached_is_not_told_of() -> None:
    failure = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the answer is not Kea's")
    assert own(LIMIT_REACHED, sound(subnet_series=failure)) == {}
    assert own(LIMIT_REACHED, sound(subnet_series=of_subnets({}))) == {("subnets",): 0}


@given(
    number=st.integers(0, 60),
    counts=st.sets(st.sampled_from(Count), min_size=1),
    limit=st.integers(1, 200),
)
def test_there_are_never_more_series_than_the_limit(number: int, counts: set[Count], limit: int) -> None:
    ids = tuple(range(1, number + 1))
    subnets = Subnets(ids, tuple(f"10.0.{subnet_id}.0/24" for subnet_id in ids), ("",) * number)
    columns: dict[Count, Column] = dict.fromkeys(counts, ids)
    series = subnet_series(Counts(ids, columns), shown(subnets, EVERY_SUBNET), Collectors(series_limit=limit))
    found = [told(count, series) for count in counts]
    assert sum(map(len, found)) <= limit
    # The same subnets in each family: those with the lowest ids.
    assert all(list(samples) == list(found[0]) for samples in found)
    assert [int(labels[0]) for labels in found[0]] == list(ids[: len(found[0])])
    reached = own(LIMIT_REACHED, sound(subnet_series=series))["subnets",]
    assert reached == (len(found[0]) < number)
