"""Kea's statistics: the table of their names, what is read by it, and what comes of names and values it has not."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.statistics import Measure, Statistics
from kea_exporter.facts.subnets import Count
from kea_exporter.kea.leases import RESERVED
from kea_exporter.kea.reading import MalformedAnswerError, newest
from kea_exporter.kea.statistics import continued, of_names, read_all, read_global, read_one
from kea_exporter.kea.statistics_table import TABLE, Row, Scope
from kea_exporter.metrics.subnets import FAMILY_OF_POOL, FAMILY_OF_SUBNET
from kea_exporter.metrics.traffic import FAMILY_OF
from tests.support.answers import WHEN, answer_of, said, statistics
from tests.support.examples import sound
from tests.support.pages import own
from tests.support.recordings import RECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kea_exporter.kea.statistics import AllStatistics
    from kea_exporter.metrics import Family

Values = dict[str, int | list[int]]

DHCP4, DHCP6, D2 = Daemon
ROWS = {(row.daemon, f"{row.scope}{row.name}"): row for row in TABLE}
RECORDED_STATISTICS = [
    (version, daemon, command)
    for version, daemon in RECORDED
    for command in ("statistic-get-all", "statistic-global-get-all")
    if command in recorded(version, daemon)
]


def read(values: Mapping[str, int | list[int]], daemon: Daemon = DHCP4) -> AllStatistics:
    return read_all(statistics(values), daemon)


def without_scope(name: str) -> str:
    """Return a name without ids of subnets and pools, and names of keys."""
    return re.sub(r"\[.*?\](?=\.[a-z])", "[]", name)


# The table


def recorded_names() -> set[tuple[Daemon, str]]:
    return {
        (Daemon(daemon), without_scope(name))
        for version, daemon, command in RECORDED_STATISTICS
        for name in answer_of(version, daemon, command).map
    }


def test_every_recorded_statistic_is_in_the_table() -> None:
    assert recorded_names() - ROWS.keys() == set()
    assert len(recorded_names()) > 100


# On Kea 3.0.4, some of them only after the first failure.
MEASURED = {
    DHCP4: (
        "cumulative-assigned-addresses declined-addresses reclaimed-declined-addresses reclaimed-leases "
        "pkt4-ack-received pkt4-decline-received pkt4-discover-received pkt4-inform-received pkt4-nak-received "
        "pkt4-offer-received pkt4-release-received pkt4-request-received pkt4-unknown-received pkt4-received "
        "pkt4-ack-sent pkt4-nak-sent pkt4-offer-sent pkt4-sent pkt4-parse-failed pkt4-receive-drop "
        "v4-allocation-fail v4-allocation-fail-classes v4-allocation-fail-no-pools "
        "v4-allocation-fail-shared-network v4-allocation-fail-subnet v4-lease-reuses v4-reservation-conflicts "
        "subnet[1].total-addresses subnet[1].v4-allocation-fail subnet[1].v4-allocation-fail-classes "
        "subnet[1].v4-allocation-fail-shared-network subnet[1].pool[7].reclaimed-leases "
        "pkt4-service-disabled pkt4-queue-full pkt4-duplicate pkt4-rfc-violation pkt4-admin-filtered "
        "pkt4-not-for-us pkt4-processing-failed pkt4-limit-exceeded assigned-addresses"
    ),
    DHCP6: (
        "subnet[1].assigned-nas subnet[1].assigned-pds subnet[1].cumulative-assigned-nas "
        "subnet[1].cumulative-assigned-pds subnet[1].cumulative-registered-nas subnet[1].registered-nas "
        "subnet[1].declined-addresses subnet[1].reclaimed-declined-addresses subnet[1].reclaimed-leases "
        "subnet[1].total-nas subnet[1].total-pds subnet[1].v6-ia-na-lease-reuses subnet[1].v6-ia-pd-lease-reuses "
        "subnet[1].pool[0].total-nas subnet[1].pd-pool[0].total-pds subnet[1].pd-pool[0].reclaimed-leases "
        "pkt6-addr-reg-inform-received pkt6-dhcpv4-query-received pkt6-receive-drop v6-allocation-fail-subnet"
    ),
    D2: (
        "ncr-received ncr-invalid ncr-error queue-mgr-queue-full update-sent update-signed update-unsigned "
        "update-success update-timeout update-error key[key.example.org.].update-sent "
        "key[key.example.org.].update-success key[a].update-timeout key[a.b].update-error"
    ),
}


@pytest.mark.parametrize("daemon", Daemon)
def test_every_statistic_that_was_measured_is_in_the_table(daemon: Daemon) -> None:
    assert {(daemon, without_scope(name)) for name in MEASURED[daemon].split()} - ROWS.keys() == set()
    assert read(dict.fromkeys(MEASURED[daemon].split(), 1), daemon).daemon.unknown == frozenset()


def test_no_statistic_stands_twice_in_the_table() -> None:
    counted = Counter((row.daemon, row.scope, row.name) for row in TABLE)
    assert [key for key, times in counted.items() if times > 1] == []


def test_no_two_statistics_of_a_daemon_mean_the_same() -> None:
    mapped = Counter((row.daemon, row.scope, row.meaning, row.labels) for row in TABLE if row.meaning)
    assert [key for key, times in mapped.items() if times > 1] == []


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.daemon} {row.scope}{row.name}")
def test_a_statistic_is_mapped_or_ignored_for_a_reason(row: Row) -> None:
    assert (row.meaning is None) == bool(row.ignored)
    assert row.meaning is not None or row.labels == ()
    if row.meaning is not None:
        family = family_of(row)
        in_front = {Scope.DAEMON: 2, Scope.KEY: 3, Scope.SUBNET: 5, Scope.POOL: 4, Scope.PD_POOL: 4}
        assert len(family.labels) == in_front[row.scope] + len(row.labels)


def none_failed(subnets: int) -> dict[Count, tuple[int, ...]]:
    """Return what is counted of the failures of subnets of which Kea counts none: it does so from the first one on."""
    return dict.fromkeys((Count.ALLOCATION_FAILURES, Count.ALLOCATION_FAILURES_OF_NETWORK), (0,) * subnets)


def family_of(row: Row) -> Family:
    if isinstance(row.meaning, Measure):
        return FAMILY_OF[row.meaning]
    assert isinstance(row.meaning, Count)
    return FAMILY_OF_SUBNET[row.meaning] if row.scope is Scope.SUBNET else FAMILY_OF_POOL[row.meaning]


def test_whatever_is_counted_has_a_family_and_a_statistic() -> None:
    assert set(FAMILY_OF) == set(Measure)
    assert set(FAMILY_OF_SUBNET) == set(Count)
    derived = {Count.ADDRESSES_IN_POOL, Count.PREFIXES_IN_POOL, *RESERVED}
    assert {row.meaning for row in TABLE} - {None} == {*Measure, *Count} - derived


@pytest.mark.parametrize("measure", Measure)
def test_a_family_of_traffic_has_the_labels_of_its_measure(measure: Measure) -> None:
    assert FAMILY_OF[measure].labels == ("server", "daemon", *measure.labels)
    counted = {tuple("ab"[: len(measure.labels)]): 5}
    assert own(FAMILY_OF[measure].name, sound(statistics=Statistics({measure: counted}))) == counted


# Values


@pytest.mark.parametrize(("version", "daemon", "command"), RECORDED_STATISTICS)
def test_recorded_counters_are_read_as_their_rows_say(version: str, daemon: str, command: str) -> None:
    kind, answer = Daemon(daemon), answer_of(version, daemon, command)
    found = read_all(answer, kind).daemon if command == "statistic-get-all" else read_global(answer, kind)
    expected: dict[Measure, dict[tuple[str, ...], int]] = {}
    for name, samples in answer.map.items():
        row = ROWS[kind, without_scope(name)]
        key = re.findall(r"^key\[(.*)\]", name)
        if isinstance(row.meaning, Measure) and row.labels != ("other",):
            expected.setdefault(row.meaning, {})[*key, *row.labels] = samples[0][0]
    assert found.values == expected
    assert found.unknown == frozenset()


def test_the_newest_sample_comes_first() -> None:
    assert read({"pkt4-ack-sent": [6, 5, 4]}).daemon.values == {Measure.MESSAGES_SENT: {("ack",): 6}}


def test_counts_of_subnets_and_pools_are_kept_apart() -> None:
    values = {
        "subnet[1].assigned-nas": 4,
        "subnet[1].total-pds": 2**120,
        "subnet[12].pool[0].assigned-nas": 5,
        "subnet[12].pd-pool[0].assigned-pds": 6,
        "subnet[12].pd-pool[3].assigned-pds": 7,
        "subnet[1].reclaimed-leases": 8,
        "declined-addresses": 9,
    }
    found = read(values, DHCP6)
    assert found.subnets.keys == (1,)
    assert found.subnets.columns == {
        Count.ADDRESSES_ASSIGNED: (4,),
        Count.PREFIXES: (2**120,),
        Count.LEASES_RECLAIMED: (8,),
        **none_failed(1),
    }
    assert (found.pools.keys, found.pools.columns) == (((12, 0),), {Count.ADDRESSES_ASSIGNED: (5,)})
    assert found.pd_pools.keys == ((12, 0), (12, 3))
    assert found.pd_pools.columns == {Count.PREFIXES_ASSIGNED: (6, 7)}
    assert found.daemon == Statistics({}, frozenset())


def test_subnets_and_pools_are_sorted_and_missing_counts_are_none() -> None:
    values = {
        "subnet[10].pool[2].total-addresses": 1,
        "subnet[10].total-addresses": 1,
        "subnet[9].pool[10].total-addresses": 2,
        "subnet[9].declined-addresses": 2,
    }
    found = read(values)
    assert found.subnets.keys == (9, 10)
    assert found.subnets.columns == {Count.ADDRESSES: (None, 1), Count.ADDRESSES_DECLINED: (2, None), **none_failed(2)}
    assert found.pools.keys == ((9, 10), (10, 2))


def test_a_key_is_a_label_whatever_its_name_is() -> None:
    names = ("key.example.org.", "a", "a].update-sent", "[b]", "x y")
    found = read({f"key[{name}].update-success": number for number, name in enumerate(names)}, D2)
    assert found.daemon.values == {
        Measure.DDNS_KEY_UPDATES: {(name, "success"): number for number, name in enumerate(names)}
    }


def test_keys_are_not_kept_without_end() -> None:
    found = read({f"key[{number}].update-sent": number for number in range(3000)}, D2).daemon
    assert len(found.values[Measure.DDNS_KEY_UPDATES_SENT]) == 1000


def test_statistics_queried_one_by_one_have_no_unknown_names() -> None:
    found = of_names({"pkt4-ack-sent": 5, "pkt4-offer-sent": None, "pkt4-receive-drop": 3}, DHCP4)
    assert found == Statistics({Measure.MESSAGES_SENT: {("ack",): 5}}, unknown=None, dropped_in_all=3)


def test_one_statistic_is_its_newest_value_or_not_there() -> None:
    assert read_one(statistics({"pkt4-ack-sent": [6, 5]}), "pkt4-ack-sent") == 6
    assert read_one(said({}), "pkt4-ack-sent") is None


# Names that the table has not


@pytest.mark.parametrize(
    ("daemon", "name", "measure", "message"),
    [
        (DHCP4, "pkt4-forcerenew-sent", Measure.MESSAGES_SENT, "forcerenew"),
        (DHCP4, "pkt4-bulk-leasequery-received", Measure.MESSAGES_RECEIVED, "bulk_leasequery"),
        (DHCP6, "pkt6-reconfigure-sent", Measure.MESSAGES_SENT, "reconfigure"),
        (DHCP6, "pkt6-relay-forw-received", Measure.MESSAGES_RECEIVED, "relay_forw"),
    ],
)
def test_a_packet_counter_of_a_later_kea_is_mapped_by_rule(
    daemon: Daemon, name: str, measure: Measure, message: str
) -> None:
    assert read({name: 3}, daemon).daemon == Statistics({measure: {(message,): 3}}, frozenset())


def test_packet_counters_of_later_keas_are_not_mapped_without_end() -> None:
    found = read({f"pkt4-new-{number}-received": 1 for number in range(500)}).daemon
    assert len(found.values[Measure.MESSAGES_RECEIVED]) == 100
    assert len(found.unknown or ()) == 100


@pytest.mark.parametrize(
    ("names", "unknown"),
    [
        (["pkt4-surprise"], {"pkt4-surprise"}),
        (["subnet[1].v4-surprise", "subnet[2].v4-surprise"], {"subnet[].v4-surprise"}),
        (["subnet[1].pool[0].surprise", "subnet[9].pool[7].surprise"], {"subnet[].pool[].surprise"}),
        (["subnet[1].pd-pool[0].total-pds"], {"subnet[].pd-pool[].total-pds"}),
        (["key[a].update-sent", "key[b.c.].update-sent"], {"key[].update-sent"}),
        (["declined-addresses-new", "update-sent", "", "subnet[1]", "subnet[x].y"], None),
        (["pkt4-ack-received-", "pkt4--received", "pkt4-Ack-received", "pkt5-ack-received"], None),
    ],
)
def test_an_unknown_statistic_is_known_by_its_name_without_scope(names: list[str], unknown: set[str] | None) -> None:
    found = read({"pkt4-ack-sent": 2, **dict.fromkeys(names, 1)})
    assert found.daemon.unknown == frozenset(names if unknown is None else unknown)
    assert found.daemon.values[Measure.MESSAGES_SENT] == {("ack",): 2}


def test_a_packet_counter_of_d2_would_be_unknown() -> None:
    assert read({"pkt4-new-received": 1}, D2).daemon == Statistics({}, frozenset({"pkt4-new-received"}))


def test_at_most_a_hundred_unknown_statistics_are_kept() -> None:
    assert len(read({f"surprise-{number}": 1 for number in range(10_000)}).daemon.unknown or ()) == 100


def test_an_unknown_name_is_kept_as_one_printable_line() -> None:
    [name] = list(read({"one\ntwo\x1b[31m" + "x" * 5000: 1}).daemon.unknown or ())
    assert name.isprintable()
    assert len(name) < 250


# Whatever else may stand there

NO_SAMPLES: list[Any] = [
    None,
    True,
    5,
    "5",
    {},
    [],
    [[]],
    [None],
    [5],
    ["5"],
    [{}],
    [[None, WHEN]],
    [["5", WHEN]],
    [[5.0, WHEN]],
    [[True, WHEN]],
    [[[5], WHEN]],
    [[], [5, WHEN]],
]


@pytest.mark.parametrize("samples", NO_SAMPLES, ids=repr)
@pytest.mark.parametrize("name", ["pkt4-ack-sent", "subnet[1].assigned-addresses", "pkt4-new-sent", "surprise"])
def test_samples_of_another_shape_are_no_value(name: str, samples: object) -> None:
    assert newest(samples) is None
    found = read_all(said({**statistics({"pkt4-nak-sent": 7}).map, name: samples}), DHCP4)
    assert found.daemon.values == {Measure.MESSAGES_SENT: {("nak",): 7}}
    assert found.subnets.keys == ()


def test_what_is_counted_below_0_is_not_known() -> None:
    found = read(
        {
            "pkt4-ack-sent": -1,
            "reclaimed-leases": 0,
            "subnet[1].assigned-addresses": -1,
            "subnet[1].declined-addresses": 0,
            "subnet[1].cumulative-assigned-addresses": -1,
            "subnet[1].pool[0].cumulative-assigned-addresses": -1,
        }
    )
    assert found.daemon.values.get(Measure.MESSAGES_SENT, {}) == {}
    assert found.daemon.values[Measure.LEASES_RECLAIMED] == {(): 0}
    assert found.subnets.columns == {Count.ADDRESSES_DECLINED: (0,), **none_failed(1)}
    assert found.pools.keys == ()


def test_a_number_may_have_128_bits_and_no_more() -> None:
    name, number, larger = "subnet[1].assigned-addresses", 2**128, 2**128 + 1
    assert read({name: number}).subnets.columns == {Count.ADDRESSES_ASSIGNED: (number,), **none_failed(1)}
    assert read({name: larger}).subnets.columns == read({name: number**30}).subnets.columns == {}


@pytest.mark.parametrize("arguments", [[], "text", 1, True])
def test_statistics_that_are_no_map_are_malformed(arguments: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_all(said(arguments), DHCP4)
    with pytest.raises(MalformedAnswerError):
        read_one(said(arguments), "pkt4-ack-sent")


def test_without_arguments_there_are_no_statistics() -> None:
    assert read_all(said(None), DHCP4).daemon == Statistics({}, frozenset())


PARTS = ["subnet", "pool", "pd-pool", "key", "[", "]", "[1]", "[99999999999]", ".", "..", '"', "\\", "\n", "-sent", "é"]
NAMES = st.lists(st.sampled_from(PARTS) | st.sampled_from(sorted(row.name for row in TABLE)), max_size=6).map("".join)
SAMPLES = st.sampled_from(NO_SAMPLES) | st.integers().map(lambda value: [[value, WHEN]]) | st.just([[10**400, WHEN]])


@settings(max_examples=200, deadline=None)
@given(arguments=st.dictionaries(NAMES | st.text(max_size=30), SAMPLES, max_size=20), daemon=st.sampled_from(Daemon))
def test_no_name_and_no_value_raises(arguments: dict[str, object], daemon: Daemon) -> None:
    found = read_all(said(json.loads(json.dumps(arguments))), daemon)
    assert len(found.daemon.unknown or ()) <= 100
    for counts in (found.subnets, found.pools, found.pd_pools):
        assert all(len(column) == len(counts.keys) for column in counts.columns.values())


# Packets dropped for other reasons


def dropping(total: int | None, **named: int) -> Statistics:
    dropped: dict[tuple[str, ...], int] = {(reason,): number for reason, number in named.items()}
    return Statistics({Measure.PACKETS_DROPPED: dropped} if named else {}, frozenset(), total)


def other(found: Statistics) -> int | None:
    return found.values.get(Measure.PACKETS_DROPPED, {}).get(("other",))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(dropping(7, parse_failed=3), 4, id="what is left"),
        pytest.param(dropping(9, parse_failed=3, duplicate=4), 2, id="all named ones taken off"),
        pytest.param(dropping(3, parse_failed=3), 0, id="nothing is left"),
        pytest.param(dropping(2, parse_failed=3), 0, id="never below 0"),
        pytest.param(dropping(None, parse_failed=3), None, id="the total was not read"),
        pytest.param(dropping(7), 7, id="no named one was read"),
    ],
)
def test_other_reasons_have_what_is_left_of_the_total(now: Statistics, expected: int | None) -> None:
    assert other(continued(now, None)) == expected


BEFORE = dropping(7, parse_failed=3, other=4)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param(BEFORE, dropping(7, parse_failed=4), 4, id="it does not fall"),
        pytest.param(BEFORE, dropping(9, parse_failed=3), 6, id="it grows"),
        pytest.param(BEFORE, dropping(8, parse_failed=0), 5, id="a named one was reset"),
        pytest.param(BEFORE, dropping(9, parse_failed=1), 5, id="a named one was reset, and counts again"),
        pytest.param(BEFORE, dropping(0, parse_failed=3), 4, id="the total was reset"),
        pytest.param(BEFORE, dropping(5, parse_failed=4), 8, id="the total was reset, and counts again"),
        pytest.param(BEFORE, dropping(0, parse_failed=0), 4, id="all were reset"),
        pytest.param(BEFORE, dropping(8), 5, id="a named one is asked for no more"),
        pytest.param(dropping(7, other=7), dropping(8, parse_failed=3), 8, id="a named one was not asked for before"),
        pytest.param(dropping(None, other=4), dropping(7, parse_failed=7), 4, id="the total was not read before"),
        pytest.param(dropping(7, parse_failed=7), dropping(8, parse_failed=7), 1, id="it was not told before"),
    ],
)
def test_other_reasons_go_on_from_before(before: Statistics, now: Statistics, expected: int) -> None:
    found = continued(now, before)
    assert other(found) == expected
    assert {**found.values[Measure.PACKETS_DROPPED], ("other",): 0} == {
        **now.values.get(Measure.PACKETS_DROPPED, {}),
        ("other",): 0,
    }


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))))
def test_other_reasons_never_fall_while_the_total_does_not(steps: list[tuple[int, int]]) -> None:
    totals, named = (list(accumulate(step[index] for step in steps)) for index in (0, 1))
    read = (dropping(total, parse_failed=part) for total, part in zip(totals, named, strict=True))
    told = [other(found) for found in probed(read)]
    assert all(before is not None and now is not None and before <= now for before, now in pairwise(told))


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from(["", "", "total", "named", "both"])), min_size=1
    )
)
def test_other_reasons_count_what_is_dropped_for_them_whatever_is_reset(steps: list[tuple[int, int, str]]) -> None:
    """A reset is noticed where the counter is lower afterwards, which it is here: nothing is dropped in that step."""
    dropped = total = named = 0
    read, expected = [dropping(0, parse_failed=0)], [0]
    for others, parse_failed, reset in steps:
        if reset:
            total, named = (
                0 if reset in {counter, "both"} else value for counter, value in (("total", total), ("named", named))
            )
        else:
            dropped, total, named = dropped + others, total + others + parse_failed, named + parse_failed
        read.append(dropping(total, parse_failed=named))
        expected.append(dropped)
    assert [other(facts) for facts in probed(read)] == expected


def test_packets_dropped_by_a_backup_have_reason_service_disabled() -> None:
    """Kea from 3.1.2 on; the alert leaves out this reason."""
    counted = {"pkt4-received": 20, "pkt4-receive-drop": 20, "pkt4-service-disabled": 20, "pkt4-parse-failed": 0}
    found = continued(read_global(statistics({name: [value] for name, value in counted.items()}), DHCP4), None)
    assert found.values == {
        Measure.PACKETS_RECEIVED: {(): 20},
        Measure.PACKETS_DROPPED: {("service_disabled",): 20, ("parse_failed",): 0, ("other",): 0},
    }


def probed(read: Iterable[Statistics]) -> list[Statistics]:
    """Return what one probe after the other makes of what is read."""
    found: list[Statistics] = []
    for now in read:
        found.append(continued(now, found[-1] if found else None))
    return found


def test_of_a_restarted_daemon_they_begin_anew() -> None:
    assert other(continued(dropping(9, parse_failed=8), None)) == 1


def test_nothing_else_is_changed() -> None:
    reclaimed: dict[Measure, Mapping[tuple[str, ...], int]] = {Measure.LEASES_RECLAIMED: {(): 5}}
    now = Statistics({**dropping(7, parse_failed=3).values, **reclaimed}, frozenset({"new"}), 7)
    found = continued(now, None)
    assert found.values[Measure.LEASES_RECLAIMED] == {(): 5}
    assert (found.unknown, found.dropped_in_all) == (frozenset({"new"}), 7)
