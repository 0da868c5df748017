"""The commands of a scrape, by abilities of the daemon, number of subnets, and settings."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.config import Collectors
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.kea.plan import FEW_SUBNETS, MAX_COMMANDS, MAX_COMMANDS_ONE_BY_ONE, ONE_BY_ONE, Plan, plan
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.statistics_table import BY_NAME, Scope
from tests.support.examples import target
from tests.support.recordings import RECORDED_DHCP, recorded

if TYPE_CHECKING:
    from kea_exporter.facts.snapshot import Target

DHCP4, DHCP6, D2 = map(target, Daemon)
BEHIND_AGENT = replace(DHCP4, control_agent=True)
LIST4, LIST6 = Command.SUBNET4_LIST, Command.SUBNET6_LIST
LEASE4, LEASE6 = Command.LEASE4_GET, Command.LEASE6_GET
ROWS4, ROWS6 = Command.STAT_LEASE4_GET, Command.STAT_LEASE6_GET
EVERY, GLOBAL, SINGLE = Command.STATISTIC_GET_ALL, Command.STATISTIC_GLOBAL_GET_ALL, Command.STATISTIC_GET

OWN = frozenset({"config-get", "list-commands", "statistic-get", "statistic-get-all", "status-get", "version-get"})
# As measured: each hook registers the commands of both protocols, in either daemon.
SUBNET_CMDS = frozenset({LIST4, LIST6})
STAT_CMDS = frozenset({ROWS4, ROWS6})
KEA_3_0 = OWN | SUBNET_CMDS | STAT_CMDS
# Of 3.3 too: it has no further command that the plan knows.
KEA_3_2 = KEA_3_0 | {GLOBAL}
# Debian's 2.6 has no subnet_cmds.
KEA_2_6 = OWN | STAT_CMDS

BY_VERSION = {"kea-3.0.3": KEA_3_0, "kea-3.2.0": KEA_3_2, "kea-3.3.1": KEA_3_2}

USUAL = Collectors()
NAMES4 = ONE_BY_ONE[Daemon.DHCP4]
FEW, MANY = FEW_SUBNETS, FEW_SUBNETS + 1


@pytest.mark.parametrize(("version", "daemon"), [entry for entry in RECORDED_DHCP if entry[0] in BY_VERSION])
def test_recorded_servers_have_the_commands_of_the_plan(version: str, daemon: str) -> None:
    registered = frozenset(recorded(version, daemon)["list-commands"]["arguments"])
    assert registered & KEA_3_2 == BY_VERSION[version]
    few, many = (plan(target(Daemon(daemon)), registered, range(number), USUAL) for number in (FEW, MANY))
    assert few.statistics is EVERY
    assert many.statistics is (GLOBAL if GLOBAL in BY_VERSION[version] else SINGLE)


@pytest.mark.parametrize(
    ("asked", "commands", "subnets", "collectors", "expected"),
    [
        pytest.param(DHCP4, KEA_3_0, 0, USUAL, Plan(ROWS4, (), EVERY), id="3.0 without subnets"),
        pytest.param(DHCP4, KEA_3_0, FEW, USUAL, Plan(ROWS4, (), EVERY), id="3.0, few subnets"),
        pytest.param(DHCP4, KEA_3_0, MANY, USUAL, Plan(ROWS4, (), SINGLE, NAMES4), id="3.0, many subnets"),
        pytest.param(DHCP6, KEA_3_0, FEW, USUAL, Plan(ROWS6, (), EVERY), id="3.0, DHCPv6"),
        pytest.param(
            DHCP6,
            KEA_3_0,
            MANY,
            USUAL,
            Plan(ROWS6, (), SINGLE, ONE_BY_ONE[Daemon.DHCP6]),
            id="3.0, many of DHCPv6",
        ),
        pytest.param(DHCP4, KEA_3_2, FEW, USUAL, Plan(ROWS4, (), EVERY), id="3.2, few subnets"),
        pytest.param(DHCP6, KEA_3_2, FEW, USUAL, Plan(ROWS6, (), EVERY), id="3.2, registered addresses of DHCPv6"),
        pytest.param(DHCP4, KEA_3_2, MANY, USUAL, Plan(ROWS4, (), GLOBAL), id="3.2, one more"),
        pytest.param(DHCP4, KEA_3_2, 1500, USUAL, Plan(ROWS4, (), GLOBAL), id="3.2, many subnets"),
        pytest.param(DHCP4, KEA_2_6, FEW, USUAL, Plan(ROWS4, (), EVERY), id="2.6"),
        pytest.param(DHCP4, KEA_2_6, MANY, USUAL, Plan(ROWS4, (), SINGLE, NAMES4), id="2.6, many subnets"),
        pytest.param(DHCP4, OWN, FEW, USUAL, Plan(None, (), EVERY), id="no hooks"),
        pytest.param(DHCP4, OWN, 20_000, USUAL, Plan(None, (), EVERY), id="no stat_cmds, many subnets"),
        pytest.param(
            DHCP4, OWN | SUBNET_CMDS | {GLOBAL}, MANY, USUAL, Plan(None, (), EVERY), id="3.2 without stat_cmds"
        ),
        pytest.param(
            DHCP4, OWN, MANY, Collectors(statistics="none"), Plan(None, (), EVERY), id="leases need statistics"
        ),
        pytest.param(DHCP4, KEA_3_0, MANY, Collectors(pools=True), Plan(ROWS4, (), EVERY), id="pools need statistics"),
        pytest.param(DHCP4, KEA_3_2, MANY, Collectors(pools=True), Plan(ROWS4, (), EVERY), id="pools on 3.2 too"),
        pytest.param(
            DHCP4,
            KEA_3_0,
            MANY,
            Collectors(pools=True, statistics="none", leases=False),
            Plan(None, (), EVERY),
            id="pools alone",
        ),
        pytest.param(DHCP4, KEA_3_0, MANY, Collectors(statistics="all"), Plan(ROWS4, (), EVERY), id="all at any price"),
        pytest.param(DHCP4, KEA_3_2, MANY, Collectors(statistics="all"), Plan(ROWS4, (), EVERY), id="all on 3.2 too"),
        pytest.param(DHCP4, KEA_3_2, FEW, Collectors(statistics="none"), Plan(ROWS4, (), None), id="no statistics"),
        pytest.param(DHCP4, KEA_3_0, MANY, Collectors(leases=False), Plan(None, (), SINGLE, NAMES4), id="no leases"),
        pytest.param(DHCP4, OWN, FEW, Collectors(leases=False), Plan(None, (), EVERY), id="no leases, no hooks"),
        pytest.param(
            DHCP4,
            KEA_3_0,
            20_000,
            Collectors(leases=False, statistics="none"),
            Plan(None, (), None),
            id="nothing",
        ),
        pytest.param(D2, OWN, 0, USUAL, Plan(None, (), EVERY), id="D2"),
        pytest.param(D2, OWN | {GLOBAL}, 0, USUAL, Plan(None, (), EVERY), id="D2 of a later Kea"),
        pytest.param(D2, OWN, 0, Collectors(pools=True), Plan(None, (), EVERY), id="D2 has no pools"),
        pytest.param(D2, OWN, 0, Collectors(statistics="none", pools=True), Plan(None, (), None), id="D2, nothing"),
    ],
)
def test_kea_is_asked_for_what_is_wanted_in_the_cheapest_way(
    asked: Target, commands: frozenset[str], subnets: int, collectors: Collectors, expected: Plan
) -> None:
    assert plan(asked, commands, range(1, subnets + 1), collectors) == expected


LEASE_CMDS = frozenset({LEASE4, LEASE6})


@pytest.mark.parametrize(
    ("asked", "commands", "expected"),
    [
        (DHCP4, KEA_3_0 | LEASE_CMDS, LEASE4),
        (DHCP6, OWN | LEASE_CMDS, LEASE6),
        (DHCP4, KEA_3_0, None),
        (D2, OWN | LEASE_CMDS, None),
    ],
)
def test_one_lease_is_read_where_there_is_a_command_for_that(
    asked: Target, commands: frozenset[str], expected: Command | None
) -> None:
    assert plan(asked, commands, range(3), USUAL).lease == expected


def test_reading_one_lease_is_one_command_without_lease_counts() -> None:
    named = plan(BEHIND_AGENT, KEA_3_0 | LEASE_CMDS, range(1000), Collectors(leases=False)).names
    assert len(named) == len(ONE_BY_ONE[Daemon.DHCP4])


@pytest.mark.parametrize(
    ("subnets", "slices"),
    [
        (0, ()),
        (1, ()),
        (5000, ()),
        (5001, ((1, 2501), (2502, 5001))),
        (10_000, ((1, 5000), (5001, 10_000))),
        (10_001, ((1, 3334), (3335, 6668), (6669, 10_001))),
        (20_000, ((1, 5000), (5001, 10_000), (10_001, 15_000), (15_001, 20_000))),
        (100_000, ((1, 25_000), (25_001, 50_000), (50_001, 75_000), (75_001, 100_000))),
    ],
)
def test_what_takes_kea_long_is_asked_for_in_slices(subnets: int, slices: tuple[tuple[int, int], ...]) -> None:
    assert plan(DHCP4, KEA_3_0, range(1, subnets + 1), USUAL).slices == slices


@pytest.mark.parametrize(("subnets", "slices"), [(1500, 0), (1501, 2), (5000, 4), (10_000, 7), (200_000, 7)])
def test_commands_that_are_left_are_spent_on_finer_slices(subnets: int, slices: int) -> None:
    commands = KEA_3_2 | {Command.RESERVATION_GET_PAGE}
    found = plan(DHCP4, commands, range(1, subnets + 1), USUAL).slices
    assert len(found) == slices
    sizes = [last - first for first, last in found]
    assert not sizes or max(sizes) - min(sizes) <= slices


# The number of statistics of DHCPv4, of DHCPv6, and of DHCPv4 behind a Control Agent.
@pytest.mark.parametrize(
    ("subnets", "numbers"),
    [
        (101, (10, 11, 10)),
        (5000, (10, 11, 10)),
        (5001, (10, 11, 10)),
        (10_001, (10, 10, 9)),
        (20_000, (9, 9, 8)),
        (90_000, (9, 9, 8)),
    ],
)
def test_more_slices_leave_fewer_statistics_by_their_priority(subnets: int, numbers: tuple[int, int, int]) -> None:
    for asked, number in zip((DHCP4, DHCP6, BEHIND_AGENT), numbers, strict=True):
        names = plan(asked, KEA_3_0, range(subnets), USUAL).names
        assert names == ONE_BY_ONE[asked.daemon][:number]
        assert {name.partition("-")[2] for name in names} >= {"received", "receive-drop"}


@given(
    gaps=st.lists(st.integers(1, 10**6), min_size=1, max_size=20),
    repeated=st.integers(1, 1000),
    first=st.integers(0, 2**31),
    commands=st.sampled_from([*BY_VERSION.values()]),
)
def test_every_subnet_is_in_exactly_one_slice(
    gaps: list[int], repeated: int, first: int, commands: frozenset[str]
) -> None:
    ids = [first]
    for gap in gaps * repeated:
        ids.append(ids[-1] + gap)
    slices = plan(DHCP4, commands, ids, USUAL).slices or ((ids[0], ids[-1]),)
    assert (slices[0][0], slices[-1][1]) == (ids[0], ids[-1])
    assert all(start <= end for start, end in slices)
    at = {number: index for index, number in enumerate(ids)}
    assert all(at[after[0]] == at[before[1]] + 1 for before, after in pairwise(slices))


COLLECTORS = st.builds(
    Collectors,
    statistics=st.sampled_from(["auto", "all", "none"]),
    leases=st.booleans(),
    subnets=st.booleans(),
    pools=st.booleans(),
)


@given(
    asked_of=st.sampled_from([DHCP4, DHCP6, D2, BEHIND_AGENT]),
    hooks=st.sets(st.sampled_from([*SUBNET_CMDS, *STAT_CMDS, *LEASE_CMDS, GLOBAL])),
    subnets=st.integers(0, 120) | st.integers(0, 200_000),
    collectors=COLLECTORS,
)
def test_the_number_of_commands_of_a_scrape_is_limited(
    asked_of: Target, hooks: set[str], subnets: int, collectors: Collectors
) -> None:
    found = plan(asked_of, OWN | hooks, range(0 if asked_of is D2 else subnets), collectors)
    asked = ["version-get", "status-get", LIST4 if LIST4 in hooks else "config-get"]
    asked += ["config-get"] * asked_of.control_agent
    asked += [found.leases] * max(len(found.slices), 1) if found.leases else []
    asked += [found.lease] if found.lease and not (found.leases and subnets) else []
    asked += found.names or ([found.statistics] if found.statistics else [])
    assert (MAX_COMMANDS, MAX_COMMANDS_ONE_BY_ONE) == (12, 16)
    assert len(asked) <= (MAX_COMMANDS if GLOBAL in hooks else MAX_COMMANDS_ONE_BY_ONE)
    assert set(asked) - set(found.names) <= OWN | hooks
    assert bool(found.names) == (found.statistics is SINGLE)


@pytest.mark.parametrize("daemon", [Daemon.DHCP4, Daemon.DHCP6])
def test_a_statistic_that_is_queried_by_name_is_in_the_table(daemon: Daemon) -> None:
    rows = [BY_NAME[daemon, Scope.DAEMON][name] for name in ONE_BY_ONE[daemon]]
    assert len(set(rows)) == len(rows)
