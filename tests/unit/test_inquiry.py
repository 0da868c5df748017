"""Commands sent to a daemon, scrape after scrape, and the facts in its answers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.leases import LeaseCounts, LeaseDatabase
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.statistics import Measure
from kea_exporter.facts.subnets import Count
from kea_exporter.kea.counting import NO_LEASE_COMMANDS, NOT_COLLECTED, NOT_OF_D2
from kea_exporter.kea.plan import MAX_COMMANDS, MAX_COMMANDS_ONE_BY_ONE, ONE_BY_ONE
from kea_exporter.probe import Clock, probe
from kea_exporter.transport.deadline import Deadline
from kea_simulator.daemon import numbers
from tests.support.answers import WHEN
from tests.support.peers import SimulatedKea
from tests.support.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot

Tree = dict[str, Any]

# Every test runs on each.
VERSIONS = ("3.0.4", "3.2.0", "3.3.1")
NOON = 1_800_000_000.0
COLUMNS = ["subnet-id", "total-addresses", "cumulative-assigned-addresses", "assigned-addresses", "declined-addresses"]
OWN_COMMANDS = ["config-get", "list-commands", "statistic-get", "statistic-get-all", "status-get", "version-get"]
GLOBAL = "statistic-global-get-all"
LEASE_COMMANDS = ["lease4-get", "lease6-get"]
STAT_COMMANDS = ["stat-lease4-get", "stat-lease6-get"]
HOOK_COMMANDS = ["subnet4-list", "subnet6-list", *LEASE_COMMANDS, *STAT_COMMANDS]
ENABLED = {
    "disabled-by-db-connection": [],
    "disabled-by-local-command": [],
    "disabled-by-remote-command": [],
    "disabled-by-user": False,
    "globally-disabled": False,
}


@dataclass
class World:
    """A simulated daemon that may change, the clock on the wall, and whoever probes the one by the other.

    Attributes:
        subnets: prefixes by their ids.
        leases: assigned, the declined ones included, and declined, by subnet id.
        size: how many addresses Kea says that each subnet has to give.
        version: 3.1.2 and later have a command for the statistics of the daemon, and count the declined as assigned.
        commands: beside those that its version has.
        pool_id: that of the only pool of each subnet.
        has_pools: whether the configuration has this pool.
        statistics: of the daemon as a whole.
    """

    kea: SimulatedKea
    now: float = NOON
    pid: int = 4711
    started: float = NOON - 7200
    reloaded: float = NOON - 3600
    root: str = "Dhcp4"
    version: str = "3.0.4"
    commands: list[str] = field(default_factory=lambda: [*OWN_COMMANDS, *HOOK_COMMANDS])
    subnets: dict[int, str] = field(default_factory=lambda: {1: "192.0.2.0/24", 2: "198.51.100.0/24"})
    leases: dict[int, tuple[int, int]] = field(default_factory=lambda: {1: (4, 1), 2: (3, 0)})
    size: int = 100
    pool_id: int = 7
    has_pools: bool = True
    statistics: dict[str, int] = field(default_factory=lambda: {"pkt4-ack-sent": 5})
    more_status: Tree = field(default_factory=dict)
    more_configuration: Tree = field(default_factory=dict)
    before: Snapshot | None = None
    answers: Tree = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kea.answers = self.answers
        self.answers |= {
            "version-get": lambda _: answer({}, text=self.version),
            "status-get": lambda _: answer(self._status()),
            "list-commands": lambda _: answer(self._commands()),
            "config-get": lambda _: answer({self.root: self._configuration()}),
            "subnet4-list": lambda _: answer({"subnets": [*map(self._listed, sorted(self.subnets))]}),
            "stat-lease4-get": self._counted,
            "lease4-get": lambda _: {"result": 3, "text": "Lease not found."},
            "statistic-get-all": lambda _: answer({**self._of_daemon(), **self._of_subnets()}),
            "statistic-global-get-all": lambda _: answer(self._of_daemon()),
            "statistic-get": self._one_statistic,
        }

    def scrape(self, **options: object) -> Snapshot:
        """Probe once more, and keep the snapshot for the next time."""
        self.kea.received.clear()
        settings = self._settings(options)
        clock = Clock(lambda: self.now, time.monotonic)
        self.before = probe(settings, Deadline.after(settings.timeout_seconds), self.before, clock)
        self.now += 15
        return self.before

    @property
    def asked(self) -> list[str]:
        """Return the commands of the last scrape, but for status-get, which begins each, and version-get."""
        names = [request["command"] for request in self.kea.received]
        assert names[0] == "status-get"
        return names[1 + self.asked_for_version :]

    @property
    def asked_for_version(self) -> bool:
        """Return whether the last scrape asked for the version."""
        names = [request["command"] for request in self.kea.received]
        assert "version-get" not in names[2:]
        return names[1:2] == ["version-get"]

    @property
    def is_later(self) -> bool:
        """Return whether it is Kea 3.1.2 or later."""
        return numbers(self.version) >= (3, 1, 2)

    def reload(self) -> None:
        self.reloaded = self.now - 10

    def _settings(self, options: Mapping[str, object]) -> DaemonSettings:
        entry = {"url": self.kea.url, "timeout": "20s", **options}
        daemon = {"Dhcp4": "dhcp4", "Dhcp6": "dhcp6", "DhcpDdns": "d2"}[str(entry.pop("daemon", "Dhcp4"))]
        return settings_from_tree({"servers": [{"name": "kea", daemon: entry}]}, Path()).daemons[0]

    def _commands(self) -> list[str]:
        return [*self.commands, GLOBAL] if self.is_later and self.root != "DhcpDdns" else self.commands

    def _status(self) -> Tree:
        seconds = {"uptime": int(self.now - self.started), "reload": int(self.now - self.reloaded)}
        is_dhcp = self.root != "DhcpDdns"
        state = {"dhcp-state": ENABLED, "sockets": {"status": "ready"}} if is_dhcp else {}
        return {"pid": self.pid, **seconds, **state, **self.more_status}

    def _configuration(self) -> Tree:
        pools = [{"pool": "192.0.2.100-192.0.2.199", "pool-id": self.pool_id}] if self.has_pools else []
        subnets = [{"id": number, "subnet": prefix, "pools": pools} for number, prefix in self.subnets.items()]
        unix = {"socket-type": "unix", "socket-name": "kea.sock"}
        return {"control-sockets": [unix], "subnet4": subnets, **self.more_configuration}

    def _listed(self, number: int) -> Tree:
        return {"id": number, "subnet": self.subnets[number], "shared-network-name": None}

    def _counted(self, request: Tree) -> Tree:
        asked = request.get("arguments", {}).get("subnet-range")
        first, last = (asked["first-subnet-id"], asked["last-subnet-id"]) if asked else (0, 2**32)
        rows = []
        for number in sorted(subnet_id for subnet_id in self.subnets if first <= subnet_id <= last):
            assigned, declined = self.leases.get(number, (0, 0))
            rows.append([number, self.size, 9, assigned - (0 if self.is_later else declined), declined])
        return answer({"result-set": {"columns": COLUMNS, "rows": rows}})

    def _of_daemon(self) -> Tree:
        assigned = {"assigned-addresses": sum(number for number, _ in self.leases.values())} if self.is_later else {}
        return {name: [[value, WHEN]] for name, value in {**self.statistics, **assigned}.items()}

    def _of_subnets(self) -> Tree:
        said: dict[str, int] = {}
        for number, (assigned, declined) in self.leases.items():
            said |= {f"subnet[{number}].assigned-addresses": assigned, f"subnet[{number}].declined-addresses": declined}
            said |= {
                f"subnet[{number}].total-addresses": self.size,
                f"subnet[{number}].cumulative-assigned-addresses": 9,
            }
            if self.has_pools:
                pool = f"subnet[{number}].pool[{self.pool_id}]"
                said |= {f"{pool}.assigned-addresses": assigned, f"{pool}.total-addresses": self.size}
        return {name: [[value, WHEN]] for name, value in said.items()}

    def _one_statistic(self, request: Tree) -> Tree:
        name = request["arguments"]["name"]
        return answer({name: self._of_daemon()[name]} if name in self.statistics else {})


def answer(arguments: object, text: str = "") -> Tree:
    return {"result": 0, "text": text, "arguments": arguments}


def error(text: str = "out of order") -> Tree:
    return {"result": 1, "text": text}


@pytest.fixture(scope="module")
def kea() -> Iterator[SimulatedKea]:
    with SimulatedKea({}) as simulated:
        yield simulated


@pytest.fixture(params=VERSIONS)
def world(kea: SimulatedKea, request: pytest.FixtureRequest) -> World:
    kea.forbidden = set()
    return World(kea, version=request.param)


LIST, ROWS, ALL, CONFIG, COMMANDS = (
    "subnet4-list",
    "stat-lease4-get",
    "statistic-get-all",
    "config-get",
    "list-commands",
)


# What is asked again


def test_the_first_scrape_asks_for_everything(world: World) -> None:
    world.scrape()
    assert world.asked == [COMMANDS, LIST, CONFIG, ALL, ROWS]


def test_later_scrapes_query_neither_configuration_nor_commands(world: World) -> None:
    first = world.scrape()
    for _ in range(3):
        held = world.scrape()
        assert world.asked == [LIST, ALL, ROWS]
        assert held.configuration is first.configuration
        assert held.commands is first.commands
        assert held.failures == ()


def test_after_a_reload_everything_is_asked_for(world: World) -> None:
    world.scrape()
    world.reload()
    world.more_configuration = {"hooks-libraries": [{"library": "libdhcp_ha.so"}]}
    world.commands = [*world.commands, "ha-heartbeat"]
    found = world.scrape()
    assert world.asked == [COMMANDS, LIST, CONFIG, ALL, ROWS]
    assert known(found.configuration).hooks == ("libdhcp_ha.so",)
    assert "ha-heartbeat" in known(found.commands)
    world.scrape()
    assert world.asked == [LIST, ALL, ROWS]


def test_after_a_restart_everything_is_asked_for(world: World) -> None:
    world.scrape()
    world.started = world.reloaded = world.now - 10
    world.pid = 4712
    world.scrape()
    assert world.asked == [COMMANDS, LIST, CONFIG, ALL, ROWS]


def test_right_after_a_reload_everything_is_asked_for_once_more(world: World) -> None:
    world.reloaded = world.now - 1
    world.scrape()
    asked = []
    for _ in range(3):
        world.scrape()
        asked.append(CONFIG in world.asked)
    assert asked == [True, False, False]


def test_while_the_status_is_not_known_everything_is_asked_for(world: World) -> None:
    world.scrape()
    world.answers["status-get"] = error()
    for _ in range(2):
        world.scrape()
        assert world.asked == [COMMANDS, LIST, CONFIG, ALL, ROWS]


def test_a_subnet_added_at_run_time_rereads_the_configuration(world: World) -> None:
    world.scrape()
    world.subnets = {**world.subnets, 7: "203.0.113.0/24"}
    found = world.scrape()
    assert world.asked == [LIST, CONFIG, ALL, ROWS]
    assert known(found.subnets).ids == known(found.configuration).subnets.ids == (1, 2, 7)
    world.scrape()
    assert world.asked == [LIST, ALL, ROWS]


PARTNERS = {
    "hooks-libraries": [
        {
            "library": "libdhcp_ha.so",
            "parameters": {
                "high-availability": [
                    {
                        "this-server-name": "a",
                        "mode": "hot-standby",
                        "peers": [
                            {"name": "a", "role": "primary", "url": "http://192.0.2.1:8000/"},
                            {"name": "b", "role": "standby", "url": "http://192.0.2.2:8000/"},
                        ],
                    }
                ]
            },
        }
    ]
}


def ages_when_read(world: World, step: float, **options: object) -> list[float]:
    """Return after how many seconds the configuration is read within two hours, scraped every so many seconds."""
    world.scrape(**options)
    first, found = world.now, []
    while world.now < first + 7200:
        world.now += step - 15
        before = world.now
        world.scrape(**options)
        if CONFIG in world.asked:
            found.append(before - first + 15)
    return found


def test_the_configuration_of_a_pair_is_read_again_every_ten_minutes(world: World) -> None:
    world.more_configuration = PARTNERS
    assert ages_when_read(world, 300) == [600 * number for number in range(1, 13)]


def test_the_configuration_of_a_large_pair_is_read_again_every_hour(world: World) -> None:
    world.more_configuration = PARTNERS
    world.subnets = {number: f"10.{number >> 8}.{number & 255}.0/24" for number in range(1, 1002)}
    assert ages_when_read(world, 900) == [3600, 7200]


def test_the_age_of_the_configuration_of_a_pair_can_be_set(world: World) -> None:
    world.more_configuration = PARTNERS
    assert ages_when_read(world, 900, config_max_age="30m") == [1800, 3600, 5400, 7200]


def test_without_a_partner_the_configuration_is_held_for_ever(world: World) -> None:
    assert ages_when_read(world, 900, config_max_age="30m") == []


def test_a_configuration_that_changed_without_a_trace_is_found(world: World) -> None:
    world.more_configuration = PARTNERS
    first = world.scrape()
    world.more_configuration = {**PARTNERS, "client-classes": [{"name": "new"}]}
    world.now += 600
    second = world.scrape()
    [before], [after] = known(first.configuration).pair_configurations, known(second.configuration).pair_configurations
    assert {part for part in before.hashes if before.hashes[part] != after.hashes[part]} == {"client_classes"}
    assert first.configuration_read is not None
    assert second.configuration_read is not None
    assert second.configuration_read.changed_at == second.configuration_read.at == second.taken_at


def test_a_configuration_read_again_without_a_change_keeps_the_time_of_the_change(world: World) -> None:
    world.more_configuration = PARTNERS
    first = world.scrape()
    world.now += 600
    read = world.scrape().configuration_read
    assert read is not None
    assert (read.changed_at, read.at) == (first.taken_at, world.now - 15)


def test_a_clock_that_was_set_back_does_not_put_off_the_next_reading(world: World) -> None:
    world.more_configuration = PARTNERS
    world.scrape()
    assert world.before is not None
    read = world.before.configuration_read
    assert read is not None
    world.before = replace(world.before, configuration_read=replace(read, at=read.at + 86400))
    world.scrape()
    assert CONFIG in world.asked


def test_an_outdated_configuration_is_read_at_once(world: World) -> None:
    world.more_configuration = PARTNERS
    before = world.scrape()
    assert before.configuration_read is not None
    world.before = replace(before, configuration_read=replace(before.configuration_read, is_outdated=True))
    for is_read in (True, False):
        found = world.scrape()
        assert (CONFIG in world.asked) is is_read
        assert found.configuration_read is not None
        assert found.configuration_read.is_outdated is False


def test_a_configuration_that_is_not_read_again_in_time_is_held(world: World) -> None:
    world.more_configuration = PARTNERS
    first = world.scrape()
    world.now += 600
    answer_at_once = world.answers[CONFIG]

    def answer_late(request: Tree) -> Tree:
        time.sleep(0.8)
        return answer_at_once(request)  # type: ignore[no-any-return]

    world.answers[CONFIG] = answer_late
    held = world.scrape(timeout="500ms")
    assert held.configuration is first.configuration
    assert any(failure.reason is Reason.TIMED_OUT for failure in held.failures)
    world.scrape(timeout="500ms")
    assert CONFIG not in world.asked


def test_a_subnet_that_is_deleted_at_run_time_is_noticed_too(world: World) -> None:
    world.scrape()
    del world.subnets[2]
    found = world.scrape()
    assert CONFIG in world.asked
    assert known(found.leases).subnets.keys == (1,)
    assert known(known(found.leases).addresses) == LeaseCounts(3, 1)


@pytest.mark.parametrize("commands", [OWN_COMMANDS, [*OWN_COMMANDS, *HOOK_COMMANDS]], ids=["statistics", "rows"])
def test_pools_changed_at_run_time_reread_the_configuration(world: World, commands: list[str]) -> None:
    world.commands = commands
    first = world.scrape()
    world.size = 110
    found = world.scrape()
    assert world.asked[-1] == CONFIG
    assert found.configuration is not first.configuration
    assert known(found.leases).subnets.columns[Count.ADDRESSES] == (110, 110)
    world.scrape()
    assert CONFIG not in world.asked


def test_statistics_that_are_reset_make_the_configuration_be_read_once(world: World) -> None:
    """Only the configuration tells that the pools, which Kea says to hold nothing, are still there."""
    world.scrape()
    world.size = 0
    for asked in ([LIST, ALL, ROWS, CONFIG], [LIST, ALL, ROWS]):
        found = world.scrape()
        assert world.asked == asked
        assert known(found.leases).subnets.columns[Count.ADDRESSES] == (100, 100)


@pytest.mark.parametrize("commands", [OWN_COMMANDS, [*OWN_COMMANDS, *HOOK_COMMANDS]], ids=["statistics", "rows"])
def test_the_last_pool_that_is_removed_at_run_time_leaves_nothing_to_give(world: World, commands: list[str]) -> None:
    world.commands = commands
    world.scrape(collect={"pools": True})
    world.size, world.has_pools = 0, False
    found = world.scrape(collect={"pools": True})
    assert CONFIG in world.asked
    assert known(found.leases).subnets.columns[Count.ADDRESSES] == (0, 0)
    assert known(found.subnet_series).counts.columns[Count.ADDRESSES] == (0, 0)
    assert known(found.pool_series).addresses.keys == ()


def test_a_pool_that_is_given_another_id_at_run_time_is_shown_by_it(world: World) -> None:
    world.scrape(collect={"pools": True})
    world.pool_id = 9
    found = world.scrape(collect={"pools": True})
    assert known(found.pool_series).addresses.keys == ((1, 9), (2, 9))
    world.scrape(collect={"pools": True})
    assert CONFIG not in world.asked


def test_a_scrape_without_counts_does_not_hide_that_pools_were_changed(world: World) -> None:
    world.scrape()
    working, world.answers[ROWS] = world.answers[ROWS], error()
    world.size, world.has_pools = 0, False
    assert isinstance(world.scrape().leases, Failure)
    world.answers[ROWS] = working
    assert known(world.scrape().leases).subnets.columns[Count.ADDRESSES] == (0, 0)


@pytest.mark.parametrize(("command", "attribute"), [(CONFIG, "configuration"), (COMMANDS, "commands")])
def test_what_could_not_be_read_is_asked_for_again(world: World, command: str, attribute: str) -> None:
    working, world.answers[command] = world.answers[command], error()
    assert isinstance(getattr(world.scrape(), attribute), Failure)
    world.answers[command] = working
    found = world.scrape()
    assert command in world.asked
    assert found.failures == ()


@pytest.mark.parametrize(
    ("databases", "asked"), [([], [ALL, ROWS]), ([{"type": "mysql"}], [CONFIG, ALL, ROWS])], ids=["none", "some"]
)
def test_databases_without_a_subnet_list_reread_the_configuration(
    world: World, databases: list[Tree], asked: list[str]
) -> None:
    world.commands = [*OWN_COMMANDS, "stat-lease4-get"]
    world.more_configuration = {"config-control": {"config-databases": databases}}
    world.scrape()
    world.scrape()
    assert world.asked == asked


def test_with_a_list_of_subnets_databases_make_no_difference(world: World) -> None:
    world.more_configuration = {"config-control": {"config-databases": [{"type": "mysql"}]}}
    world.scrape()
    world.scrape()
    assert world.asked == [LIST, ALL, ROWS]


def test_d2_is_asked_for_statistics_alone(world: World) -> None:
    world.root, world.commands = "DhcpDdns", OWN_COMMANDS
    world.statistics = {"ncr-received": 9, "update-sent": 8}
    found = world.scrape(daemon="DhcpDdns")
    assert world.asked == [COMMANDS, CONFIG, ALL]
    assert (found.subnets, found.leases, found.subnet_series) == (NOT_OF_D2, NOT_OF_D2, NOT_OF_D2)
    assert found.lease_database == NOT_OF_D2
    assert known(found.statistics).values == {Measure.DDNS_REQUESTS: {("received",): 9}}
    assert found.failures == ()
    world.scrape(daemon="DhcpDdns")
    assert world.asked == [ALL]


def test_the_very_same_list_is_not_read_again(world: World) -> None:
    first, second = world.scrape(), world.scrape()
    assert second.subnets is first.subnets
    # Whoever keeps something for the labels of the subnets can keep it.
    assert known(second.subnet_series).shown is known(first.subnet_series).shown
    world.subnets = {**world.subnets, 7: "203.0.113.0/24"}
    third = world.scrape()
    assert third.subnets is not second.subnets
    assert known(third.subnet_series).shown is not known(second.subnet_series).shown


def test_subnets_of_a_configuration_that_is_held_are_the_same_too(world: World) -> None:
    world.commands = [*OWN_COMMANDS, "stat-lease4-get"]
    first, second = world.scrape(), world.scrape()
    assert second.subnets is first.subnets
    assert known(second.subnet_series).shown is known(first.subnet_series).shown


# Whether reservations were added at run time

RESERVED = "reservation-get-page"


def with_hosts(world: World, numbers: list[int]) -> None:
    """Let the daemon have reservations of these numbers, all of them in its configuration."""

    def page(request: Tree) -> Tree:
        after = request["arguments"]["from"]
        found = [number for number in numbers if number > after][: request["arguments"]["limit"]]
        if not found:
            return {"result": 3, "arguments": {"count": 0, "hosts": []}, "text": "0 IPv4 host(s) found."}
        last = {"from": found[-1], "source-index": 0}
        return answer({"count": len(found), "hosts": [{} for _ in found], "next": last})

    world.commands = [*OWN_COMMANDS, *HOOK_COMMANDS, RESERVED]
    world.more_configuration = {"reservations": [{"hw-address": f"02::{number}"} for number in numbers]}
    world.answers[RESERVED] = page


def test_a_reservation_that_is_added_at_run_time_is_counted(world: World) -> None:
    with_hosts(world, [1, 2, 3])
    assert known(world.scrape().configuration).reservations == 3
    assert RESERVED not in world.asked
    world.scrape()
    assert world.asked == [LIST, RESERVED, ALL, ROWS]
    assert world.kea.received[2]["arguments"] == {"limit": 100, "from": 3, "source-index": 0}
    with_hosts(world, [1, 2, 3, 4])
    assert known(world.scrape().configuration).reservations == 4
    assert world.asked == [LIST, RESERVED, CONFIG, ALL, ROWS]
    world.scrape()
    assert world.asked == [LIST, RESERVED, ALL, ROWS]


def test_reservations_are_queried_once_a_minute_after_a_minute(world: World) -> None:
    with_hosts(world, [1, 2, 3])
    world.scrape()
    asked = []
    for _ in range(12):
        world.scrape()
        asked.append(RESERVED in world.asked)
    # The configuration was read at a full minute, and a scrape follows every 15 seconds.
    assert asked == [True, True, True, *[True, False, False, False] * 2, True]
    with_hosts(world, [1, 2, 3, 4])
    found = [known(world.scrape().configuration).reservations for _ in range(4)]
    assert found == [3, 3, 3, 4]
    world.scrape()
    assert RESERVED in world.asked


def test_gaps_in_reservation_numbers_reread_the_configuration(world: World) -> None:
    with_hosts(world, [3, 7, 9])
    world.scrape()
    for expected in ([LIST, RESERVED, CONFIG, ALL, ROWS], [LIST, RESERVED, ALL, ROWS], [LIST, RESERVED, ALL, ROWS]):
        assert known(world.scrape().configuration).reservations == 3
        assert world.asked == expected


def test_after_a_reload_reservations_are_numbered_anew(world: World) -> None:
    with_hosts(world, [3, 7, 9])
    world.scrape()
    assert world.scrape().last_reservation == 9
    with_hosts(world, [1, 2])
    world.reload()
    assert world.scrape().last_reservation is None
    with_hosts(world, [1, 2, 3])
    assert known(world.scrape().configuration).reservations == 3


@pytest.mark.parametrize("said", [error(), answer({"count": 1, "hosts": [{}]})], ids=["an error", "no number"])
def test_without_a_page_of_reservations_the_configuration_is_held(world: World, said: Tree) -> None:
    with_hosts(world, [1])
    world.scrape()
    world.answers[RESERVED] = said
    assert known(world.scrape().configuration).reservations == 1
    assert CONFIG not in world.asked


# Whether the lease database answers

LEASE = "lease4-get"
NO_MANAGER = {"result": 1, "text": "no current lease manager is available"}
CONNECTION_LOST = {"result": 1, "text": "fatal database error or connectivity lost"}
WITHOUT_ROWS = [*OWN_COMMANDS, "subnet4-list", *LEASE_COMMANDS]


def test_rows_show_that_the_lease_database_answers(world: World) -> None:
    assert world.scrape().lease_database is LeaseDatabase.AVAILABLE
    assert LEASE not in world.asked


@pytest.mark.parametrize("answered", [{"result": 0, "arguments": {}}, {"result": 3, "text": "Lease not found."}])
def test_without_rows_one_lease_is_read_in_each_scrape(world: World, answered: Tree) -> None:
    world.commands, world.answers[LEASE] = WITHOUT_ROWS, lambda _: answered
    for expected in ([COMMANDS, LIST, CONFIG, ALL, LEASE], [LIST, ALL, LEASE]):
        assert world.scrape().lease_database is LeaseDatabase.AVAILABLE
        assert world.asked == expected
    assert world.kea.received[-1]["arguments"] == {"ip-address": "0.0.0.0"}


def test_of_dhcpv6_a_lease_of_its_own_family_is_read(world: World) -> None:
    world.root, world.commands = "Dhcp6", [*OWN_COMMANDS, *LEASE_COMMANDS]
    world.answers["lease6-get"] = world.answers[LEASE]
    assert world.scrape(daemon="Dhcp6").lease_database is LeaseDatabase.AVAILABLE
    assert world.kea.received[-1]["arguments"] == {"ip-address": "::"}


def test_without_subnets_there_are_no_rows_and_one_lease_is_read(world: World) -> None:
    world.subnets, world.leases = {}, {}
    world.answers[ROWS] = lambda _: {"result": 3, "arguments": {}, "text": "no matching data"}
    world.answers[LEASE] = lambda _: NO_MANAGER
    assert world.scrape().lease_database is LeaseDatabase.NO_MANAGER
    assert world.asked[-2:] == [ROWS, LEASE]


def test_leases_that_nobody_wants_counted_are_still_read(world: World) -> None:
    assert world.scrape(collect={"leases": False}).lease_database is LeaseDatabase.AVAILABLE
    assert LEASE in world.asked
    assert ROWS not in world.asked


@pytest.mark.parametrize("commands", [WITHOUT_ROWS, [*OWN_COMMANDS, *HOOK_COMMANDS]], ids=["lease", "rows"])
@pytest.mark.parametrize(
    ("answered", "expected"),
    [(NO_MANAGER, LeaseDatabase.NO_MANAGER), (CONNECTION_LOST, LeaseDatabase.CONNECTION_LOST)],
    ids=str,
)
def test_a_lost_lease_database_is_noticed_while_all_else_is_held(
    world: World, commands: list[str], answered: Tree, expected: LeaseDatabase
) -> None:
    world.commands = commands
    before = world.scrape(collect={"pools": True})
    working = {LEASE: world.answers[LEASE], ROWS: world.answers[ROWS]}
    world.answers |= {LEASE: lambda _: answered, ROWS: lambda _: answered}
    found = world.scrape(collect={"pools": True})
    assert found.lease_database is expected
    assert found.configuration is before.configuration
    # The statistics still have what was leased; it is not shown as if it were so now.
    for fact in (found.leases, found.subnet_series, found.pool_series):
        assert isinstance(fact, Failure)
        assert fact.reason in {Reason.NO_LEASE_MANAGER, Reason.LEASE_DATABASE_LOST}
    assert found.failures == ()
    world.answers |= working
    healed = world.scrape(collect={"pools": True})
    assert healed.lease_database is LeaseDatabase.AVAILABLE
    assert known(known(healed.leases).addresses) == LeaseCounts(6, 1)
    assert not isinstance(healed.pool_series, Failure)


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ({"result": 1, "text": "something else"}, Reason.ERROR_RESULT),
        ({"result": 1, "text": "is it that no current lease manager is available?"}, Reason.ERROR_RESULT),
        ({"result": 4, "text": "no current lease manager is available"}, Reason.ERROR_RESULT),
        ({"result": 2, "text": "'lease4-get' command not supported."}, Reason.UNSUPPORTED),
        ({"text": "no current lease manager is available"}, Reason.MALFORMED_ANSWER),
    ],
    ids=str,
)
def test_any_other_answer_tells_nothing_of_the_lease_database(world: World, answered: Tree, reason: Reason) -> None:
    world.commands, world.answers[LEASE] = WITHOUT_ROWS, lambda _: answered
    found = world.scrape()
    assert isinstance(found.lease_database, Failure)
    assert found.lease_database.reason is reason
    # What the statistics say of leases is then all that is known of them.
    assert known(known(found.leases).addresses) == LeaseCounts(6, 1)


def test_without_a_command_for_leases_their_database_is_unknown(world: World) -> None:
    world.commands = [*OWN_COMMANDS, "subnet4-list"]
    found = world.scrape()
    assert found.lease_database == NO_LEASE_COMMANDS
    assert found.failures == ()


# What is asked for by name, and in slices


def many(world: World, number: int) -> None:
    world.subnets = {subnet_id: f"10.{subnet_id >> 8}.{subnet_id & 255}.0/24" for subnet_id in range(1, number + 1)}
    world.leases = {number: (4, 1)}
    world.commands = [*OWN_COMMANDS, *HOOK_COMMANDS]


@pytest.mark.parametrize("world", ["3.0.4"], indirect=True)
def test_with_many_subnets_a_few_statistics_are_queried_by_name(world: World) -> None:
    many(world, 101)
    world.statistics = {"pkt4-ack-sent": 5, "pkt4-receive-drop": 7, "pkt4-received": 30}
    found = world.scrape()
    asked = [request["arguments"]["name"] for request in world.kea.received if request["command"] == "statistic-get"]
    assert tuple(asked) == ONE_BY_ONE[Daemon.DHCP4][: len(asked)]
    statistics = known(found.statistics)
    assert statistics.values == {
        Measure.MESSAGES_SENT: {("ack",): 5},
        Measure.PACKETS_RECEIVED: {(): 30},
        Measure.PACKETS_DROPPED: {("other",): 7},
    }
    assert statistics.unknown is None


@pytest.mark.parametrize("world", ["3.2.0", "3.3.1"], indirect=True)
def test_of_a_later_kea_those_of_the_daemon_are_asked_for_in_one(world: World) -> None:
    many(world, 101)
    world.statistics = {"pkt4-ack-sent": 5, "surprise": 1}
    found = world.scrape()
    assert world.asked == [COMMANDS, LIST, CONFIG, ROWS, GLOBAL]
    assert known(found.statistics).unknown == frozenset({"surprise"})


def test_leases_of_very_many_subnets_are_asked_for_in_slices(world: World) -> None:
    many(world, 20_000)
    world.leases = {1: (4, 1), 5000: (3, 0), 5001: (2, 0), 20_000: (1, 0)}
    leases = known(world.scrape().leases)
    ranges = [request["arguments"]["subnet-range"] for request in world.kea.received if request["command"] == ROWS]
    size = 2500 if world.is_later else 5000
    assert [(bounds["first-subnet-id"], bounds["last-subnet-id"]) for bounds in ranges] == [
        (first, first + size - 1) for first in range(1, 20_000, size)
    ]
    assert known(leases.addresses) == LeaseCounts(9, 1)
    assert len(leases.subnets.keys) == 20_000
    world.scrape()
    # And version-get after a restart.
    assert len(world.kea.received) + 1 == (MAX_COMMANDS if world.is_later else MAX_COMMANDS_ONE_BY_ONE)


def test_one_slice_that_fails_costs_all_leases_and_nothing_else(world: World) -> None:
    many(world, 5001)
    counting: Callable[[Tree], Tree] = world.answers[ROWS]

    def fail_at_second(request: Tree) -> Tree:
        return error() if request["arguments"]["subnet-range"]["first-subnet-id"] > 1 else counting(request)

    world.answers[ROWS] = fail_at_second
    found = world.scrape()
    for fact in (found.leases, found.subnet_series):
        assert isinstance(fact, Failure)
        assert fact.reason is Reason.ERROR_RESULT
    assert len(known(found.subnets).ids) == 5001
    assert known(found.statistics).values[Measure.MESSAGES_SENT] == {("ack",): 5}
    assert [failure.reason for failure in found.failures] == [Reason.ERROR_RESULT]


# What fails


def test_a_daemon_of_another_kind_is_asked_for_nothing_more(world: World) -> None:
    world.root = "Dhcp6"
    found = world.scrape()
    assert world.asked == [COMMANDS, LIST, CONFIG]
    for fact in (found.subnets, found.leases, found.subnet_series, found.statistics):
        assert isinstance(fact, Failure)
        assert fact.reason is Reason.WRONG_DAEMON
    assert [failure.reason for failure in found.failures] == [Reason.WRONG_DAEMON]


def test_statistics_of_another_daemon_are_not_unknown_ones_of_d2(world: World) -> None:
    found = world.scrape(daemon="DhcpDdns")
    assert world.asked == [COMMANDS, CONFIG]
    assert isinstance(found.statistics, Failure)
    assert [failure.reason for failure in found.failures] == [Reason.WRONG_DAEMON]


@pytest.mark.parametrize(
    "said",
    [
        error(),
        {"result": 2, "text": "'subnet4-list' command not supported."},
        answer({"subnets": [{"id": 1}]}),
        answer(None),
        {"nonsense": 1},
    ],
    ids=["error", "unsupported", "malformed", "no arguments", "no answer of Kea's"],
)
def test_without_a_list_the_subnets_are_those_of_the_configuration(world: World, said: Tree) -> None:
    world.answers[LIST] = said
    for ids in ((1, 2), (1, 2, 7)):  # which were changed at run time, as nobody could see but in the configuration
        world.subnets = dict.fromkeys(ids, "192.0.2.0/24")
        found = world.scrape()
        assert found.subnets is known(found.configuration).subnets
        assert known(found.leases).subnets.keys == ids
    assert world.asked == [LIST, CONFIG, ALL, ROWS]
    assert found.failures == ()
    [exchange] = [sent for sent in found.exchanges if sent.command == LIST]
    assert exchange.failure is not None


def test_a_list_of_subnets_does_without_the_configuration(world: World) -> None:
    world.answers[CONFIG] = error()
    found = world.scrape(collect={"pools": True})
    assert known(found.subnets).ids == (1, 2)
    assert known(known(found.leases).addresses) == LeaseCounts(6, 1)
    assert isinstance(found.pool_series, Failure)


def test_without_the_list_of_commands_nothing_is_guessed(world: World) -> None:
    world.kea.forbidden = {COMMANDS}
    found = world.scrape()
    assert world.asked == [COMMANDS, CONFIG]
    assert known(found.subnets).ids == (1, 2)
    for fact in (found.commands, found.leases, found.statistics):
        assert isinstance(fact, Failure)
        assert (fact.stage, fact.reason) == (Stage.AUTH, Reason.FORBIDDEN)


@pytest.mark.parametrize("command", [LIST, CONFIG, ALL, ROWS, "version-get"])
def test_a_command_that_is_forbidden_costs_only_what_it_brings(world: World, command: str) -> None:
    world.kea.forbidden = {command}
    found = world.scrape()
    assert known(found.subnets).ids == (1, 2)
    assert isinstance(found.leases, Failure) == (command in {ROWS, "version-get"})
    assert isinstance(found.statistics, Failure) == (command == ALL)
    assert isinstance(found.configuration, Failure) == (command == CONFIG)


def test_one_statistic_that_fails_costs_all_of_them(world: World) -> None:
    many(world, 101)
    command = GLOBAL if world.is_later else "statistic-get"
    world.answers[command] = error()
    found = world.scrape()
    assert isinstance(found.statistics, Failure)
    assert world.asked.count(command) == 1
    assert known(known(found.leases).addresses) == LeaseCounts(3, 1)


# Either way of counting


def test_leases_are_counted_alike_whatever_kea_can_do(world: World) -> None:
    found = [known(world.scrape().leases)]
    world.commands = OWN_COMMANDS
    world.reload()
    found.append(known(world.scrape().leases))
    assert world.asked == [COMMANDS, CONFIG, ALL]
    columns = [leases.subnets.columns for leases in found]
    assert (
        columns[0]
        == columns[1]
        == {
            Count.ADDRESSES: (100, 100),
            Count.ADDRESSES_ASSIGNED: (4, 3),
            Count.ADDRESSES_DECLINED: (1, 0),
            Count.ADDRESS_ASSIGNMENTS: (9, 9),
            Count.ADDRESSES_IN_POOL: (4, 3),
            Count.ALLOCATION_FAILURES: (0, 0),
            Count.ALLOCATION_FAILURES_OF_NETWORK: (0, 0),
        }
    )


@pytest.mark.parametrize(
    "commands", [OWN_COMMANDS, [*OWN_COMMANDS, *HOOK_COMMANDS]], ids=["statistics alone", "rows too"]
)
def test_leases_of_a_deleted_subnet_are_left_behind_in_statistics(world: World, commands: list[str]) -> None:
    world.commands = commands
    del world.subnets[2]
    assert known(world.scrape().leases).left_behind == {2: 3}


def test_packets_dropped_for_other_reasons_go_on_until_a_restart(world: World) -> None:
    told = []
    for total, named in ((7, 3), (7, 4), (8, 4)):
        world.statistics = {"pkt4-receive-drop": total, "pkt4-parse-failed": named}
        told.append(known(world.scrape().statistics).values[Measure.PACKETS_DROPPED]["other",])
    world.started = world.reloaded = world.now - 10
    told.append(known(world.scrape().statistics).values[Measure.PACKETS_DROPPED]["other",])
    assert told == [4, 4, 4, 4]
    world.statistics = {"pkt4-receive-drop": 8, "pkt4-parse-failed": 7}
    world.pid, world.started, world.reloaded = 4712, world.now - 10, world.now - 10
    assert known(world.scrape().statistics).values[Measure.PACKETS_DROPPED]["other",] == 1


@pytest.mark.parametrize("failing", ["statistic-get-all", "status-get"])
def test_a_reset_and_a_probe_that_fails_do_not_let_other_reasons_jump(world: World, failing: str) -> None:
    world.statistics = {"pkt4-receive-drop": 7, "pkt4-parse-failed": 3}
    world.scrape()
    world.statistics = {"pkt4-receive-drop": 7, "pkt4-parse-failed": 0}
    answering = world.answers[failing]
    world.answers[failing] = error()
    now = world.scrape().statistics
    assert isinstance(now, Failure) or now.values[Measure.PACKETS_DROPPED]["other",] == 4
    assert isinstance(now, Failure) == (failing == "statistic-get-all")
    world.answers[failing] = answering
    assert known(world.scrape().statistics).values[Measure.PACKETS_DROPPED]["other",] == 4


def test_a_reload_keeps_kea_s_counters_and_ours(world: World) -> None:
    world.statistics = {"pkt4-receive-drop": 7, "pkt4-parse-failed": 3}
    world.scrape()
    world.reload()
    world.statistics = {"pkt4-receive-drop": 7, "pkt4-parse-failed": 4}
    assert known(world.scrape().statistics).values[Measure.PACKETS_DROPPED]["other",] == 4


# What is wanted


def test_what_is_not_wanted_is_not_asked_for_and_did_not_fail(world: World) -> None:
    nothing = {"leases": False, "statistics": "none", "high_availability": False}
    found = world.scrape(collect=nothing)
    assert world.asked == [COMMANDS, LIST, CONFIG, LEASE]
    facts = (found.leases, found.subnet_series, found.pool_series, found.statistics)
    assert facts == (NOT_COLLECTED,) * 4
    assert found.failures == ()


def test_leases_without_series_of_subnets(world: World) -> None:
    found = world.scrape(collect={"subnets": False})
    assert found.subnet_series == NOT_COLLECTED
    assert known(known(found.leases).addresses) == LeaseCounts(6, 1)


def test_pools_are_only_asked_for_where_they_are_wanted(world: World) -> None:
    assert world.scrape().pool_series == NOT_COLLECTED
    many(world, 101)
    world.before = None
    pools = known(world.scrape(collect={"pools": True}).pool_series)
    assert world.asked == [COMMANDS, LIST, CONFIG, ALL, ROWS]
    assert len(pools.addresses.keys) == 101
    assert pools.addresses.of(((101, 7),)).columns == {Count.ADDRESSES: (100,), Count.ADDRESSES_ASSIGNED: (4,)}


def test_only_chosen_subnets_have_series_and_all_leases_count(world: World) -> None:
    found = world.scrape(collect={"include": {"prefixes": ["192.0.0.0/8"]}, "series_limit": 4})
    series = known(found.subnet_series)
    assert (series.shown.ids, series.counts.keys, series.limit) == ((1,), (1,), 4)
    assert known(known(found.leases).addresses) == LeaseCounts(6, 1)


@pytest.mark.parametrize("wanted", [True, False])
def test_high_availability_is_a_fact_whether_or_not_it_is_exported(world: World, *, wanted: bool) -> None:
    """A backup of which nothing is exported was judged as a server that should serve clients."""
    said = recorded("kea-3.0.3", "high-availability")["hot-standby"]["arguments"]
    world.more_status = {"high-availability": said["high-availability"]}
    found = world.scrape(collect={"high_availability": wanted})
    assert [entry.mode for entry in known(found.status).relationships] == ["hot-standby"]
    assert found.has_relationship_series is wanted


# Which commands the daemon has


def test_which_commands_of_the_plan_a_daemon_has_is_told_each_time(world: World) -> None:
    for _ in range(2):
        found = world.scrape()
        assert set(world.asked) | {"version-get", "status-get"} <= found.supported.keys()
        assert set(found.supported.values()) == {True}


def test_a_command_of_the_plan_that_a_daemon_lacks_is_told_without_asking(world: World) -> None:
    world.commands = OWN_COMMANDS
    for _ in range(2):
        found = world.scrape()
        assert (found.supported[LIST], found.supported[ROWS], found.supported[ALL]) == (False, False, True)
        assert not {LIST, ROWS} & set(world.asked)


def test_a_command_that_only_fails_is_there(world: World) -> None:
    world.answers[ALL] = error()
    world.answers[ROWS] = {"result": 2, "text": "'stat-lease4-get' command not supported."}
    supported = world.scrape().supported
    assert (supported[ALL], supported[ROWS]) == (True, False)


def test_of_a_command_that_is_forbidden_it_is_not_known(world: World) -> None:
    world.kea.forbidden = {COMMANDS, CONFIG}
    supported = world.scrape().supported
    assert supported == {"version-get": True, "status-get": True}


# The version


def test_the_version_is_asked_for_once_a_process(world: World) -> None:
    def asked() -> list[bool]:
        return [world.asked_for_version for _ in range(3) if known(world.scrape().version).text == world.version]

    assert asked() == [True, False, False]
    world.reload()
    assert asked() == [True, False, False]
    world.pid, world.version, world.started, world.reloaded = 4712, "3.3.2", world.now - 7200, world.now - 3600
    assert asked() == [True, False, False]


def test_a_daemon_that_refuses_its_version_or_status_is_asked_for_the_version_each_time(world: World) -> None:
    for command in ("version-get", "status-get"):
        world.kea.forbidden = {command}
        for _ in range(2):
            found = world.scrape()
            assert world.asked_for_version
            assert isinstance(found.version, Failure) == (command == "version-get")


# Behind a Control Agent


def test_an_agent_gets_the_service_and_is_queried_for_its_socket(world: World) -> None:
    world.version, world.commands = "2.6.3", [*OWN_COMMANDS, "stat-lease4-get"]
    world.scrape(control_agent=True)
    *others, last = [(request["command"], request.get("service")) for request in world.kea.received]
    assert last == (CONFIG, None)
    assert [service for _, service in others] == [["dhcp4"]] * len(others)


@pytest.mark.parametrize(("version", "assigned"), [("3.1.1", 7), ("3.1.2", 6)])
@pytest.mark.parametrize("world", ["3.2.0"], indirect=True)
def test_the_version_says_how_the_rows_are_to_be_read(world: World, version: str, assigned: int) -> None:
    world.answers["version-get"] = answer({}, text=version)
    assert known(known(world.scrape().leases).addresses) == LeaseCounts(assigned, 1)
