"""Subnets and their leases: the same numbers from stat-lease and from statistics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.failure import Failure, Reason, known
from kea_exporter.facts.leases import LeaseCounts, Leases
from kea_exporter.facts.snapshot import Daemon, Version
from kea_exporter.facts.subnets import Count, Counts, Subnets
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.leases import leases_of_rows, leases_of_statistics
from kea_exporter.kea.protocol import Answer, decode
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.kea.statistics import read_all
from kea_exporter.kea.status import read_version
from kea_exporter.kea.subnets import joined, read_stat_lease, read_subnets
from tests.support.answers import KEA_2_6_3, KEA_3_0_4, KEA_3_1_2, KEA_3_2_0, answer_of, as_kea_writes, said, statistics
from tests.support.recordings import RECORDED_DHCP, recorded

if TYPE_CHECKING:
    from collections.abc import Mapping

DHCP4, DHCP6 = Daemon.DHCP4, Daemon.DHCP6

COLUMNS4 = [
    "subnet-id",
    "total-addresses",
    "cumulative-assigned-addresses",
    "assigned-addresses",
    "declined-addresses",
]
COLUMNS6 = [
    "subnet-id",
    "total-nas",
    "cumulative-assigned-nas",
    "assigned-nas",
    "declined-addresses",
    "total-pds",
    "cumulative-assigned-pds",
    "assigned-pds",
]
COLUMNS = {DHCP4: COLUMNS4, DHCP6: COLUMNS6}
NOTHING_CONFIGURED: Counts[int] = Counts((), {})


def having(prefixes: Mapping[int, str]) -> Subnets:
    return Subnets(tuple(prefixes), tuple(prefixes.values()), ("",) * len(prefixes))


ONE = having({1: "192.0.2.0/24"})
ONE_OF_SIX = having({1: "2001:db8:1::/64"})
TWO = having({1: "192.0.2.0/24", 12: "198.51.100.0/24"})


# subnet4-list, subnet6-list


def listed(*subnets: object) -> Subnets:
    return read_subnets(said({"subnets": list(subnets)}, f"{len(subnets)} IPv4 subnets found"))


def subnet(number: object = 1, prefix: object = "192.0.2.0/24", network: object = None) -> dict[str, object]:
    return {"id": number, "subnet": prefix, "shared-network-name": network}


def test_subnets_are_listed_by_their_ids_with_their_shared_networks() -> None:
    found = listed(subnet(10, "203.0.113.0/25", "office"), subnet(2, "198.51.100.0/24", ""), subnet())
    assert found.ids == (1, 2, 10)
    assert found.prefixes == ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/25")
    assert found.networks == ("", "", "office")


def test_a_shared_network_may_be_left_out() -> None:
    assert listed({"id": 1, "subnet": "192.0.2.0/24"}).networks == ("",)


def test_the_name_of_a_shared_network_is_one_printable_line() -> None:
    assert listed(subnet(network=as_kea_writes("B\u00fcro\n1"))).networks == ("B\u00fcro 1",)


@pytest.mark.parametrize("arguments", [{"subnets": []}, {}, None])
def test_where_no_subnet_is_configured_none_is_listed(arguments: object) -> None:
    assert read_subnets(Answer(3, "0 IPv4 subnets found", arguments)).ids == ()


@pytest.mark.parametrize(
    "subnets",
    [
        None,
        {},
        [None],
        ["192.0.2.0/24"],
        [{}],
        [{"id": 1}],
        [{"subnet": "192.0.2.0/24"}],
        [subnet("1")],
        [subnet(number=True)],
        [subnet(1.0)],
        [subnet(-1)],
        [subnet(2**32)],
        [subnet(prefix=None)],
        [subnet(network=1)],
        [subnet(network=["office"])],
        [subnet(1), subnet(1, "198.51.100.0/24")],
    ],
)
def test_a_list_of_another_shape_is_malformed(subnets: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_subnets(said({"subnets": subnets}))


def test_a_list_knows_the_answer_that_it_was_read_from() -> None:
    body = json.dumps([{"result": 0, "arguments": {"subnets": [subnet()]}}]).encode()
    assert read_subnets(decode(body, b"digest")).digest == b"digest"


@pytest.mark.parametrize(
    ("version", "daemon"),
    [recording for recording in RECORDED_DHCP if f"subnet{recording[1][-1]}-list" in recorded(*recording)],
)
def test_a_recorded_list_has_the_subnets_of_the_configuration(version: str, daemon: str) -> None:
    found = read_subnets(answer_of(version, daemon, f"subnet{daemon[-1]}-list"))
    assert found.ids
    assert found.is_same_as(read_configuration(answer_of(version, daemon, "config-get")).subnets)


@pytest.mark.parametrize(
    ("prefix", "size"),
    [
        ("192.0.2.0/24", 256),
        ("192.0.2.1/32", 1),
        ("0.0.0.0/0", 2**32),
        ("2001:db8::/64", 2**64),
        ("::/0", 2**128),
        ("2001:db8::1/128", 1),
        ("192.0.2.0/33", 1),
        *((odd, 2**128) for odd in ("", "192.0.2.0", "192.0.2.0/x", "192.0.2.0/-1", "192.0.2.0/9999", "/", "1/\u0663")),
    ],
)
def test_a_prefix_has_so_many_addresses_and_an_odd_one_more_than_enough(prefix: str, size: int) -> None:
    assert having({1: prefix}).sizes == (size,)


# stat-lease4-get, stat-lease6-get


def rows(daemon: Daemon, *found: list[Any], columns: list[str] | None = None) -> Answer:
    timestamp = "2026-11-23 16:47:55.776600"
    return said({"result-set": {"columns": columns or COLUMNS[daemon], "rows": list(found), "timestamp": timestamp}})


def counted(daemon: Daemon, *found: list[int], version: Version = KEA_3_2_0) -> Counts[int]:
    return read_stat_lease(rows(daemon, *found), daemon, version)


@pytest.mark.parametrize("version", [KEA_2_6_3, KEA_3_0_4])
def test_before_kea_3_1_2_declined_leases_are_added_to_the_assigned(version: Version) -> None:
    found = counted(DHCP4, [1, 91, 7, 3, 1], [2, 10, 5, 4, 0], version=version)
    assert found.keys == (1, 2)
    assert found.columns == {
        Count.ADDRESSES: (91, 10),
        Count.ADDRESSES_ASSIGNED: (4, 4),
        Count.ADDRESSES_DECLINED: (1, 0),
        Count.ADDRESS_ASSIGNMENTS: (7, 5),
    }


@pytest.mark.parametrize("version", [KEA_3_1_2, KEA_3_2_0])
def test_since_kea_3_1_2_they_are_among_the_assigned(version: Version) -> None:
    found = counted(DHCP4, [1, 91, 7, 4, 1], version=version)
    assert (found.columns[Count.ADDRESSES_ASSIGNED], found.columns[Count.ADDRESSES_DECLINED]) == ((4,), (1,))


def test_rows_of_dhcpv6_count_prefixes_too() -> None:
    found = counted(DHCP6, [1, 256, 9, 2, 1, 0, 0, 1], [2, 2**64, 0, 3, 0, 65536, 8, 4], version=KEA_3_0_4)
    assert found.columns == {
        Count.ADDRESSES: (256, 2**64),
        Count.ADDRESSES_ASSIGNED: (3, 3),
        Count.ADDRESSES_DECLINED: (1, 0),
        Count.ADDRESS_ASSIGNMENTS: (9, 0),
        Count.PREFIXES: (0, 65536),
        Count.PREFIXES_ASSIGNED: (1, 4),
        Count.PREFIX_ASSIGNMENTS: (0, 8),
    }


def test_what_is_counted_below_0_is_not_known() -> None:
    found = counted(DHCP6, [1, 5, -1, -2, 0, 6, 7, -3], [2, 5, 8, 1, 0, 6, -1, 1])
    assert found.columns[Count.ADDRESS_ASSIGNMENTS] == (None, 8)
    assert found.columns[Count.PREFIX_ASSIGNMENTS] == (7, None)
    assert found.columns[Count.ADDRESSES_ASSIGNED] == (None, 1)
    assert found.columns[Count.PREFIXES_ASSIGNED] == (None, 1)


def test_a_number_may_have_128_bits() -> None:
    found = counted(DHCP6, [1, 2**128, 0, 2**127, 0, 2**120, 0, 0])
    assert found.columns[Count.ADDRESSES] == (2**128,)
    assert found.columns[Count.ADDRESSES_ASSIGNED] == (2**127,)


def test_columns_are_known_by_their_names() -> None:
    columns = ["new", "declined-addresses", "total-addresses", "assigned-addresses", "subnet-id", COLUMNS4[2]]
    found = read_stat_lease(rows(DHCP4, [9, 1, 91, 3, 7, 5], columns=columns), DHCP4, KEA_3_2_0)
    assert found.keys == (7,)
    assert {count: column[0] for count, column in found.columns.items()} == {
        Count.ADDRESSES: 91,
        Count.ADDRESSES_ASSIGNED: 3,
        Count.ADDRESSES_DECLINED: 1,
        Count.ADDRESS_ASSIGNMENTS: 5,
    }


@pytest.mark.parametrize(
    "body",
    [
        b'[{"result": 3, "text": "no matching data", "arguments": {}}]',
        b'[{"result": 3, "text": "no matching data"}]',
    ],
)
def test_where_no_subnet_is_configured_there_are_no_rows(body: bytes) -> None:
    found = read_stat_lease(decode(body), DHCP4, KEA_3_0_4)
    assert (found.keys, found.columns) == ((), {})


def test_rows_may_be_none_at_all() -> None:
    assert counted(DHCP6).keys == ()


def test_success_without_rows_does_not_mean_no_leases() -> None:
    with pytest.raises(MalformedAnswerError):
        read_stat_lease(said({}), DHCP4, KEA_3_0_4)


@pytest.mark.parametrize(
    "result_set",
    [
        None,
        [],
        {},
        {"columns": COLUMNS4},
        {"columns": COLUMNS4, "rows": None},
        {"columns": COLUMNS4, "rows": [1]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, 4]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, 4, 5], [1, 2, 3, 4]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, "4", 5]]},
        {"columns": COLUMNS4, "rows": ["12345"]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, 4.0, 5]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, True, 5]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, None, 5]]},
        {"columns": COLUMNS4, "rows": [[1, 2**128 + 1, 3, 4, 5]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, -(10**400), 5]]},
        {"columns": COLUMNS4[:4], "rows": [[1, 2, 3, 4]]},
        {"columns": COLUMNS4[1:], "rows": []},
        {"columns": COLUMNS6, "rows": [[1, 2, 3, 4, 5, 6, 7, 8]]},
        {"columns": [1, 2, 3], "rows": [[1, 2, 3]]},
    ],
)
def test_rows_of_another_shape_are_malformed(result_set: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_stat_lease(said({"result-set": result_set}), DHCP4, KEA_3_0_4)


def test_slices_are_put_together_in_their_order() -> None:
    found = joined([counted(DHCP4, [1, 91, 0, 3, 1], [2, 10, 5, 4, 0]), counted(DHCP4, [9, 5, 0, 1, 0])])
    assert found.keys == (1, 2, 9)
    assert found.columns[Count.ADDRESSES_ASSIGNED] == (3, 4, 1)


def test_a_slice_without_rows_leaves_the_others_as_they_are() -> None:
    none = read_stat_lease(decode(b'[{"result": 3, "text": "no matching data"}]'), DHCP4, KEA_3_0_4)
    found = joined([none, counted(DHCP4, [9, 5, 0, 1, 0]), none])
    assert (found.keys, found.columns[Count.ADDRESSES]) == ((9,), (5,))
    assert joined([none, none]).keys == ()


# Leases, from either


def of_rows(subnets: Subnets, *found: list[int], configured: Counts[int] = NOTHING_CONFIGURED) -> Leases:
    daemon = DHCP6 if ":" in subnets.prefixes[0] else DHCP4
    return leases_of_rows(counted(daemon, *found).of(subnets.ids), subnets, configured)


def of_statistics(
    subnets: Subnets, values: Mapping[str, int | list[int]], configured: Counts[int] = NOTHING_CONFIGURED
) -> Leases:
    daemon = DHCP6 if ":" in subnets.prefixes[0] else DHCP4
    return leases_of_statistics(read_all(statistics(values), daemon).subnets, subnets, configured)


FOUR: dict[str, int | list[int]] = {"subnet[1].assigned-addresses": 4, "subnet[1].declined-addresses": 1}
SIX: dict[str, int | list[int]] = {
    "subnet[1].assigned-nas": 4,
    "subnet[1].declined-addresses": 1,
    "subnet[1].assigned-pds": 9,
}
SAME_LEASES = {
    "rows of 3.0.4": leases_of_rows(counted(DHCP4, [1, 0, 0, 3, 1], version=KEA_3_0_4), ONE, NOTHING_CONFIGURED),
    "rows of 3.2.0": leases_of_rows(counted(DHCP4, [1, 0, 0, 4, 1], version=KEA_3_2_0), ONE, NOTHING_CONFIGURED),
    "statistics": of_statistics(ONE, FOUR),
}


@pytest.mark.parametrize("leases", SAME_LEASES.values(), ids=SAME_LEASES)
def test_the_same_leases_are_counted_alike_whoever_counts_them(leases: Leases) -> None:
    assert leases.subnets.keys == (1,)
    assert leases.subnets.columns[Count.ADDRESSES_ASSIGNED] == (4,)
    assert leases.subnets.columns[Count.ADDRESSES_DECLINED] == (1,)
    # Each lease in one state: the declined ones are not among these.
    assert known(leases.addresses) == LeaseCounts(assigned=3, declined=1)
    assert leases.total == 4


def test_delegated_prefixes_are_counted_alike_too() -> None:
    for leases in (of_rows(ONE_OF_SIX, [1, 0, 0, 4, 1, 0, 0, 9]), of_statistics(ONE_OF_SIX, SIX)):
        assert known(leases.addresses) == LeaseCounts(assigned=3, declined=1)
        assert known(leases.prefixes) == LeaseCounts(assigned=9, declined=0)
        assert leases.total == 13


def test_the_leases_of_all_configured_subnets_are_added_up() -> None:
    leases = of_rows(TWO, [1, 0, 0, 4, 1], [12, 0, 0, 2**100, 0])
    assert known(leases.addresses) == LeaseCounts(2**100 + 3, 1)


def test_leases_that_are_counted_below_0_are_not_known() -> None:
    """After statistic-reset-all, Kea counts each lease that ends down from 0 (measured on 3.0.3)."""
    assert isinstance(of_rows(ONE, [1, 91, 0, -2, 0]).addresses, Failure)
    for name in ("assigned-addresses", "declined-addresses"):
        assert isinstance(of_statistics(ONE, {**FOUR, f"subnet[1].{name}": -3}).addresses, Failure)


def test_more_declined_leases_than_assigned_ones_are_not_known() -> None:
    values = {**FOUR, "subnet[1].assigned-addresses": 0, "subnet[1].declined-addresses": 1}
    assert isinstance(of_statistics(ONE, values).addresses, Failure)


def test_the_subnets_are_those_that_are_configured_in_their_order() -> None:
    leases = of_rows(TWO, [12, 5, 0, 2, 0], [3, 5, 0, 100, 0], [1, 5, 0, 1, 0])
    assert leases.subnets.keys == (1, 12)
    assert leases.subnets.columns[Count.ADDRESSES_ASSIGNED] == (1, 2)
    assert known(leases.addresses) == LeaseCounts(3, 0)


def test_without_subnets_there_are_no_leases() -> None:
    for leases in (
        leases_of_rows(NOTHING_CONFIGURED, Subnets(), NOTHING_CONFIGURED),
        leases_of_statistics(read_all(statistics({"pkt4-sent": 1}), DHCP4).subnets, Subnets(), NOTHING_CONFIGURED),
    ):
        assert known(leases.addresses) == known(leases.prefixes) == LeaseCounts(0, 0)


@pytest.mark.parametrize("samples", [None, [], [["4", ""]], [[4.0, ""]]])
def test_a_statistic_that_is_not_there_costs_its_subnet_and_the_sum(samples: object) -> None:
    values = statistics({**FOUR, "subnet[12].assigned-addresses": 2, "subnet[12].declined-addresses": 0}).map
    found = read_all(said({**values, "subnet[1].assigned-addresses": samples}), DHCP4).subnets
    leases = leases_of_statistics(found, TWO, NOTHING_CONFIGURED)
    assert leases.subnets.columns[Count.ADDRESSES_ASSIGNED] == (None, 2)
    assert leases.subnets.columns[Count.ADDRESSES_DECLINED] == (1, 0)
    assert isinstance(leases.addresses, Failure)
    assert leases.addresses.reason is Reason.MALFORMED_ANSWER
    assert leases.overfull == frozenset()


def test_a_subnet_without_a_row_has_no_leases() -> None:
    # Kea leaves out the row of a subnet of which all leases are registered ones (measured).
    leases = of_rows(TWO, [1, 91, 7, 4, 1])
    assert leases.subnets.columns[Count.ADDRESSES_ASSIGNED] == (4, 0)
    assert leases.subnets.columns[Count.ADDRESSES_DECLINED] == (1, 0)
    assert leases.subnets.columns[Count.ADDRESS_ASSIGNMENTS] == (7, None)
    assert known(leases.addresses) == LeaseCounts(3, 1)


def test_where_there_are_no_rows_at_all_nothing_is_known() -> None:
    leases = leases_of_rows(NOTHING_CONFIGURED.of(ONE.ids), ONE, NOTHING_CONFIGURED)
    assert isinstance(leases.addresses, Failure)
    assert (leases.subnets.keys, leases.subnets.columns) == ((1,), {})


def test_what_rows_do_not_tell_is_taken_from_statistics() -> None:
    rows, said = Counts((1, 2), {Count.ADDRESSES: (5, None)}), Counts((2, 1), {Count.ADDRESSES: (6, 7)})
    found = rows.or_of(said).or_of(Counts((1,), {Count.ADDRESSES_REGISTERED: (8,)}))
    assert found.columns == {Count.ADDRESSES: (5, 6), Count.ADDRESSES_REGISTERED: (8, None)}


def test_statistics_that_were_removed_are_not_zero() -> None:
    leases = of_statistics(ONE, {"pkt4-received": 1})
    assert isinstance(leases.addresses, Failure)
    assert (leases.total, leases.subnets.columns) == (0, {})


def test_pools_and_the_whole_daemon_are_not_counted_again() -> None:
    others = {
        "subnet[1].pool[0].assigned-addresses": 4,
        "subnet[1].pool[0].declined-addresses": 1,
        "subnet[1].reclaimed-declined-addresses": 7,
        "assigned-addresses": 4,
        "declined-addresses": 1,
        "cumulative-assigned-addresses": 40,
    }
    assert known(of_statistics(ONE, {**FOUR, **others}).addresses) == LeaseCounts(3, 1)


# Leases of subnets that are no more


def test_leases_counted_in_removed_subnets_are_left_behind() -> None:
    leftovers: dict[str, int | list[int]] = {
        "subnet[12].assigned-addresses": 3,
        "subnet[2].assigned-addresses": [5, 6, 7],
        "subnet[3].assigned-addresses": 0,
        "subnet[4].assigned-addresses": -1,
        "subnet[5].declined-addresses": 1,
        "subnet[6].pool[0].assigned-addresses": 1,
        "subnet[7].cumulative-assigned-addresses": 9,
    }
    leases = of_statistics(ONE, {**FOUR, **leftovers})
    assert list(leases.left_behind.items()) == [(2, 5), (12, 3)]
    assert known(leases.addresses) == LeaseCounts(3, 1)
    assert leases.subnets.keys == (1,)


# What Kea 3.0.4 still says of a subnet that was deleted.
LEFT_OF_SIX: dict[str, int | list[int]] = {
    "subnet[2].assigned-nas": 0,
    "subnet[2].assigned-pds": 3,
    "subnet[2].pool[0].assigned-nas": 0,
    "subnet[2].pd-pool[0].assigned-pds": 3,
    "subnet[3].assigned-nas": 1,
    "subnet[3].assigned-pds": 1,
    "subnet[4].assigned-addresses": 4,
}


def test_a_delegated_prefix_is_left_behind_like_an_address() -> None:
    assert of_statistics(ONE_OF_SIX, {**SIX, **LEFT_OF_SIX}).left_behind == {2: 3, 3: 2}


def test_where_all_subnets_are_configured_no_lease_is_left_behind() -> None:
    assert of_statistics(ONE, FOUR).left_behind == {}
    assert of_rows(ONE, [1, 91, 0, 4, 1], [2, 91, 0, 4, 1]).left_behind == {}


# More leases than addresses


@pytest.mark.parametrize(
    ("prefix", "size"), [("192.0.2.0/24", 256), ("192.0.2.1/32", 1), ("0.0.0.0/0", 2**32), ("192.0.2.0/31", 2)]
)
def test_a_subnet_is_overfull_with_more_leases_than_addresses(prefix: str, size: int) -> None:
    subnets = having({1: prefix})
    for assigned, expected in ((size, frozenset()), (size + 1, {1})):
        assert of_rows(subnets, [1, 0, 0, assigned, 1]).overfull == expected
        assert of_statistics(subnets, {"subnet[1].assigned-addresses": assigned}).overfull == expected


def test_delegated_prefixes_make_no_subnet_overfull() -> None:
    subnets = having({1: "2001:db8::/120"})
    assert of_rows(subnets, [1, 0, 0, 256, 0, 0, 0, 10**6]).overfull == frozenset()
    assert of_rows(subnets, [1, 0, 0, 257, 0, 0, 0, 0]).overfull == {1}
    assert of_rows(having({1: "::/0"}), [1, 0, 0, 2**128, 0, 0, 0, 0]).overfull == frozenset()


def test_only_configured_subnets_are_overfull() -> None:
    assert of_rows(having({2: "192.0.2.0/32"}), [1, 0, 0, 1000, 0], [2, 0, 0, 1, 0]).overfull == frozenset()


# How much the pools hold


def sizes(*addresses: int, prefixes: tuple[int, ...] = ()) -> Counts[int]:
    """Return what the pools of subnets 1, 2, ... hold as the configuration has it."""
    keys = tuple(range(1, len(addresses) + 1))
    return Counts(keys, {Count.ADDRESSES: addresses, Count.PREFIXES: prefixes or (0,) * len(keys)})


def test_how_much_the_pools_hold_is_as_kea_says() -> None:
    leases = of_rows(ONE, [1, 91, 0, 4, 1], configured=sizes(5))
    assert leases.subnets.columns[Count.ADDRESSES] == (91,)


def test_where_kea_says_0_after_a_reset_it_is_as_the_configuration_has_it() -> None:
    subnets = having({1: "2001:db8:1::/64", 2: "2001:db8:2::/64"})
    configured = sizes(2**64, 7, prefixes=(256, 0))
    leases = of_rows(subnets, [1, 0, 0, 4, 0, 0, 0, 9], [2, 3, 0, 0, 0, 0, 0, 0], configured=configured)
    assert leases.subnets.columns[Count.ADDRESSES] == (2**64, 3)
    assert leases.subnets.columns[Count.PREFIXES] == (256, 0)
    reset: dict[str, int | list[int]] = {**SIX, "subnet[1].total-nas": 0, "subnet[2].total-nas": 3}
    leases = of_statistics(subnets, reset, configured)
    assert leases.subnets.columns[Count.ADDRESSES] == (2**64, 3)


def test_a_subnet_without_counts_is_as_configured() -> None:
    values: dict[str, int | list[int]] = {**FOUR, "subnet[12].total-addresses": 5}
    configured = Counts((1, 12), {Count.ADDRESSES: (91, 8), Count.PREFIXES: (0, 0)})
    assert of_statistics(TWO, values, configured).subnets.columns[Count.ADDRESSES] == (91, 5)


def test_of_dhcpv4_there_are_no_prefixes_whatever_is_configured() -> None:
    leases = of_rows(ONE, [1, 0, 0, 4, 1], configured=sizes(5))
    assert leases.subnets.columns[Count.ADDRESSES] == (5,)
    assert Count.PREFIXES not in leases.subnets.columns


def test_without_a_configuration_there_is_only_what_kea_says() -> None:
    assert of_rows(ONE, [1, 0, 0, 4, 1]).subnets.columns[Count.ADDRESSES] == (0,)
    assert of_rows(TWO, [1, 91, 0, 4, 1], configured=sizes(5)).subnets.columns[Count.ADDRESSES] == (91, None)


# Recorded answers


@pytest.mark.parametrize(("version", "daemon"), RECORDED_DHCP)
def test_recorded_leases_are_the_same_whichever_way_they_are_counted(version: str, daemon: str) -> None:
    kind, kea = Daemon(daemon), read_version(answer_of(version, daemon, "version-get"))
    subnets = read_configuration(answer_of(version, daemon, "config-get")).subnets
    counts = read_stat_lease(answer_of(version, daemon, f"stat-lease{daemon[-1]}-get"), kind, kea)
    summed = read_all(answer_of(version, daemon, "statistic-get-all"), kind).subnets
    by_rows, by_statistics = (
        leases_of_rows(counts, subnets, NOTHING_CONFIGURED),
        leases_of_statistics(summed, subnets, NOTHING_CONFIGURED),
    )
    assert by_rows.subnets.columns == {count: by_statistics.subnets.columns[count] for count in by_rows.subnets.columns}
    assert (by_rows.addresses, by_rows.prefixes, by_rows.total) == (
        by_statistics.addresses,
        by_statistics.prefixes,
        by_statistics.total,
    )


def test_the_leases_of_a_recorded_kea_3_2_0() -> None:
    four, six = (
        read_stat_lease(
            answer_of("kea-3.2.0", f"dhcp{family}", f"stat-lease{family}-get"), Daemon(f"dhcp{family}"), KEA_3_2_0
        )
        for family in (4, 6)
    )
    assert sum(filter(None, four.columns[Count.ADDRESSES_ASSIGNED])) == 4
    assert sum(filter(None, four.columns[Count.ADDRESSES_DECLINED])) == 1
    assert sum(filter(None, six.columns[Count.ADDRESSES_ASSIGNED])) == 3
    assert sum(filter(None, six.columns[Count.PREFIXES_ASSIGNED])) == 1
