"""Leases of few subnets are counted by the statistics alone, as long as these are those of the lease database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.failure import Failure, Reason, known
from kea_exporter.facts.leases import LeaseCounts, LeaseDatabase
from kea_exporter.facts.subnets import Count
from kea_exporter.kea.agreement import MAX_SECONDS
from kea_exporter.kea.plan import FEW_SUBNETS
from tests.support.peers import SimulatedKea
from tests.unit.test_inquiry import (
    ALL,
    COMMANDS,
    CONFIG,
    LEASE,
    LIST,
    NO_MANAGER,
    PARTNERS,
    ROWS,
    VERSIONS,
    World,
    error,
    many,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.facts.leases import Leases
    from kea_exporter.facts.snapshot import Snapshot

Tree = dict[str, Any]

SAMPLES = 20
ASSIGNED = "subnet[1].assigned-addresses"
BY_ROWS, BY_STATISTICS = [ALL, ROWS], [ALL, LEASE]


class Recorded(World):
    """A daemon that keeps the last samples of its statistics.

    Attributes:
        kept: how many of each.
        wrong: what single statistics say instead.
    """

    kept = SAMPLES

    def __post_init__(self) -> None:
        super().__post_init__()
        self.samples: dict[str, list[list[object]]] = {}
        self.wrong: dict[str, int] = {}
        self.more_configuration = {"lease-database": {"type": "memfile"}}

    def change(self, subnet: int, assigned: int, declined: int = 0) -> None:
        """Let a subnet have other leases."""
        self.leases = {**self.leases, subnet: (assigned, declined)}
        self._of_subnets()

    def reset(self, name: str) -> None:
        """Do as `statistic-reset`."""
        self.samples[name] = [[0, f"at {self.now}"]]
        self.wrong[name] = 0

    @property
    def counted_by(self) -> list[str]:
        """Return the commands of the last scrape that count."""
        return [name for name in self.asked if name != LIST]

    def _of_subnets(self) -> Tree:
        for name, [[value, _]] in super()._of_subnets().items():
            found, said = self.samples.setdefault(name, []), self.wrong.get(name, value)
            if not found or found[0][0] != said:
                found.insert(0, [said, f"at {self.now}"])
            del found[self.kept :]
        return {name: [*found] for name, found in self.samples.items()}


@pytest.fixture(scope="module")
def kea() -> Iterator[SimulatedKea]:
    with SimulatedKea({}) as simulated:
        yield simulated


@pytest.fixture(params=VERSIONS)
def world(kea: SimulatedKea, request: pytest.FixtureRequest) -> Recorded:
    kea.forbidden = set()
    return Recorded(kea, version=request.param)


def assigned(found: Snapshot) -> tuple[int | None, ...]:
    leases: Leases = known(found.leases)
    return leases.subnets.columns[Count.ADDRESSES_ASSIGNED]


def test_leases_are_not_asked_for_twice_while_both_counts_agree(world: Recorded) -> None:
    first = world.scrape()
    assert world.asked == [COMMANDS, LIST, CONFIG, ALL, ROWS]
    for _ in range(3):
        found = world.scrape()
        assert world.counted_by == BY_STATISTICS
        assert known(found.leases).subnets.columns == known(first.leases).subnets.columns
        assert found.lease_database is LeaseDatabase.AVAILABLE
        assert found.failures == ()


def test_while_the_statistics_go_on_subnets_are_listed_once_a_minute(world: Recorded) -> None:
    world.scrape()
    # The configuration was read at a full minute, and a scrape follows every 15 seconds.
    asked = []
    for _ in range(12):
        assert known(world.scrape().subnets).ids == (1, 2)
        asked.append(LIST in world.asked)
    assert asked == [True, True, True, *[True, False, False, False] * 2, True]


def test_a_subnet_that_comes_or_goes_is_listed_at_once(world: Recorded) -> None:
    for _ in range(5):
        world.scrape()
    world.scrape()
    assert world.asked == BY_STATISTICS
    world.subnets = {**world.subnets, 3: "203.0.113.0/24"}
    world.change(3, 0)
    assert known(world.scrape().subnets).ids == (1, 2, 3)
    for _ in range(9):
        world.scrape()
    assert world.asked == BY_STATISTICS
    del world.subnets[3], world.leases[3]
    world.samples = {name: found for name, found in world.samples.items() if not name.startswith("subnet[3]")}
    assert known(world.scrape().subnets).ids == (1, 2)


def test_with_high_availability_both_counts_are_asked_for(world: Recorded) -> None:
    # Kea's statistics lack the leases that ha-sync fetched.
    world.more_configuration |= PARTNERS
    for _ in range(3):
        world.scrape()
        assert world.asked[-2:] == [ALL, ROWS]


def test_leases_that_come_and_go_are_followed_by_the_samples(world: Recorded) -> None:
    world.scrape()
    for number in (5, 6, 2, 3):
        world.change(1, number, 1)
        world.change(1, number + 1, 2)
        assert assigned(world.scrape()) == (number + 1, 3)
        assert world.counted_by == BY_STATISTICS


def test_more_changes_than_samples_are_compared_anew(world: Recorded) -> None:
    world.scrape()
    for number in range(10, 10 + SAMPLES):
        world.change(1, number)
    assert assigned(world.scrape()) == (29, 3)
    assert world.counted_by == BY_ROWS
    world.scrape()
    assert world.counted_by == BY_STATISTICS


def test_with_one_sample_each_change_is_compared_anew(world: Recorded) -> None:
    world.kept = 1
    world.scrape()
    world.change(1, 9)
    for asked in (BY_ROWS, BY_STATISTICS):
        assert assigned(world.scrape()) == (9, 3)
        assert world.counted_by == asked


@pytest.mark.parametrize("name", [ASSIGNED, "subnet[1].declined-addresses"])
def test_a_statistic_that_was_reset_counts_no_more(world: Recorded, name: str) -> None:
    expected = known(world.scrape().leases)
    world.scrape()
    world.reset(name)
    for _ in range(3):
        found = known(world.scrape().leases)
        assert world.counted_by == BY_ROWS
        assert assigned_and_declined(found) == assigned_and_declined(expected)


def assigned_and_declined(leases: Leases) -> tuple[object, object]:
    return leases.subnets.columns[Count.ADDRESSES_ASSIGNED], leases.subnets.columns[Count.ADDRESSES_DECLINED]


def test_a_statistic_of_0_that_was_reset_counts_no_more(world: Recorded) -> None:
    """Its value is the same, but leases were added since, and released."""
    world.leases = {1: (0, 0), 2: (3, 0)}
    world.scrape()
    world.reset(ASSIGNED)
    world.scrape()
    assert world.counted_by == BY_ROWS


def test_a_statistic_that_was_removed_counts_no_more(world: Recorded) -> None:
    world.scrape()
    working = world.answers[ALL]

    def without(request: Tree) -> Tree:
        said: Tree = working(request)
        said["arguments"].pop(ASSIGNED)
        return said

    world.answers[ALL] = without
    for _ in range(2):
        assert assigned(world.scrape()) == (4, 3)
        assert world.counted_by == BY_ROWS


def test_a_statistic_below_0_counts_no_more(world: Recorded) -> None:
    world.scrape()
    world.wrong = {ASSIGNED: -1}
    assert assigned(world.scrape()) == (4, 3)
    assert world.counted_by == BY_ROWS


def test_statistics_that_differ_from_the_leases_never_count(world: Recorded) -> None:
    """Such as those of one of the daemons that use a lease database together."""
    world.wrong = {ASSIGNED: 3}
    world.scrape()
    for _ in range(2):
        assert assigned(world.scrape()) == (4, 3)
        assert world.counted_by == BY_ROWS


def test_both_counts_are_compared_again_after_some_time(world: Recorded) -> None:
    world.scrape()
    world.now += MAX_SECONDS
    for asked in (BY_ROWS, BY_STATISTICS):
        world.scrape()
        assert world.counted_by == asked


def test_after_the_clock_was_set_back_both_counts_are_compared(world: Recorded) -> None:
    world.scrape()
    world.now -= 60
    world.started = world.reloaded = world.now - 3600
    world.scrape()
    assert ROWS in world.asked


@pytest.mark.parametrize("database", [{"type": "mysql"}, {"type": "postgresql", "host": "db"}, {}], ids=str)
def test_a_database_that_others_may_use_is_asked_for_in_each_scrape(world: Recorded, database: Tree) -> None:
    world.more_configuration = {"lease-database": database}
    world.scrape()
    world.scrape()
    assert world.counted_by == BY_ROWS


def test_many_subnets_are_counted_by_rows(world: Recorded) -> None:
    many(world, FEW_SUBNETS + 1)
    for _ in range(2):
        world.scrape(collect={"statistics": "all"})
    assert world.counted_by == BY_ROWS


def test_without_a_command_that_reads_a_lease_rows_show_the_lease_manager(world: Recorded) -> None:
    world.commands = [name for name in world.commands if name != LEASE]
    world.scrape()
    world.scrape()
    assert world.counted_by == BY_ROWS


def test_a_lost_lease_manager_is_noticed_though_the_statistics_stay(world: Recorded) -> None:
    world.scrape()
    working = dict(world.answers)
    world.answers[LEASE] = lambda _: NO_MANAGER
    for _ in range(2):
        found = world.scrape()
        assert found.lease_database is LeaseDatabase.NO_MANAGER
        for fact in (found.leases, found.subnet_series):
            assert isinstance(fact, Failure)
            assert fact.reason is Reason.NO_LEASE_MANAGER
        assert found.failures == ()
        world.answers[ROWS] = lambda _: NO_MANAGER
    world.answers |= working
    assert known(known(world.scrape().leases).addresses) == LeaseCounts(6, 1)


@pytest.mark.parametrize("answered", [error(), {"result": 2, "text": "'lease4-get' command not supported."}], ids=str)
def test_if_reading_a_lease_fails_otherwise_the_rows_count(world: Recorded, answered: Tree) -> None:
    world.scrape()
    world.answers[LEASE] = lambda _: answered
    found = world.scrape()
    assert world.counted_by == [*BY_STATISTICS, ROWS]
    assert found.lease_database is LeaseDatabase.AVAILABLE
    assert known(known(found.leases).addresses) == LeaseCounts(6, 1)


def test_after_a_reload_both_counts_are_compared(world: Recorded) -> None:
    world.scrape()
    world.samples.clear()
    world.reload()
    world.scrape()
    assert world.asked == [COMMANDS, LIST, CONFIG, ALL, ROWS]


def test_after_a_probe_that_failed_both_counts_are_compared(world: Recorded) -> None:
    world.scrape()
    working, world.answers[ALL] = world.answers[ALL], error()
    for asked in (BY_ROWS, BY_ROWS, BY_STATISTICS):
        assert assigned(world.scrape()) == (4, 3)
        assert world.counted_by == asked
        world.answers[ALL] = working


@pytest.mark.parametrize("said", [{"1": 2}, 7, "x", [], [7]], ids=str)
def test_samples_that_are_none_do_not_count(world: Recorded, said: object) -> None:
    world.scrape()
    working = world.answers[ALL]

    def nonsense(request: Tree) -> Tree:
        answered: Tree = working(request)
        answered["arguments"][ASSIGNED] = said
        return answered

    world.answers[ALL] = nonsense
    assert assigned(world.scrape()) == (4, 3)
    assert world.counted_by == BY_ROWS
