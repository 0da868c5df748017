"""Two real servers in high availability, followed through the states that they go through; and who disabled DHCP."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from kea_exporter.metrics.high_availability import STATES
from lab.servers.configurations import HOOKS, dhcp, http, subnet4
from lab.servers.high_availability import NEVER_MILLISECONDS, PARTNER, PRIMARY, HighAvailability, wait_for
from lab.servers.kea import KeaDaemon, Lab
from lab.servers.processes import START_SECONDS, free_port
from tests.support.exporter import Exporter, Samples, values
from tests.support.one_exporter import OneExporter, one_exporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab


@dataclass(frozen=True)
class Moment:
    """One scrape of both servers, and what they said themselves at the time: states by server and peer."""

    page: Samples
    said: dict[str, dict[str, str]]

    def number(self, family: str, server: str = PRIMARY) -> float | None:
        """Return the value of a family of relationships; None where there is none."""
        return next(iter(values(self.page, family, "relationship", server=server).values()), None)

    def states(self, server: str) -> dict[str, str]:
        """Return the state of each peer as one server sees it; all other states have to be there, and 0."""
        found = {}
        for peer in ("local", "partner"):
            if by_state := values(self.page, "kea_ha_state", "state", server=server, peer=peer):
                assert set(by_state) == {*STATES, "other"}
                [found[peer]] = [state for state, value in by_state.items() if value]
        return found

    def scopes(self, server: str) -> dict[str, dict[str, float]]:
        """Return which scopes each peer serves."""
        found = {peer: values(self.page, "kea_ha_scope_served", "scope", server=server, peer=peer) for peer in PEERS}
        return {peer: served for peer, served in found.items() if served}

    def disabled(self, server: str) -> set[str]:
        """Return who disabled the DHCP service of a server."""
        by_origin = values(self.page, "kea_dhcp_disabled", "origin", server=server)
        assert set(by_origin) == {"user", "local_command", "remote_command", "db_connection"}
        origins = {origin for origin, value in by_origin.items() if value}
        assert values(self.page, "kea_dhcp_enabled", "server")[server] == (not origins)
        return origins


PEERS = ("local", "partner")
Story = dict[str, Moment]


@pytest.fixture(scope="module")
def shared_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneExporter]:
    with one_exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


def watched(shared_exporter: OneExporter, ports: Mapping[str, int], **collect: object) -> Exporter:
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    return shared_exporter.watch(
        *({"name": name, "dhcp4": {"url": url, "collect": collect}} for name, url in urls.items())
    )


def said_by(daemon: KeaDaemon) -> dict[str, str]:
    [relationship] = daemon.command("status-get")["arguments"]["high-availability"]
    servers = relationship["ha-servers"]
    found = {"local": servers["local"]["state"], "partner": servers["remote"]["last-state"]}
    return {peer: state for peer, state in found.items() if state}


@pytest.fixture(scope="module")
def story(chroot: Chroot, shared_exporter: OneExporter) -> Story:
    """Lead a pair through its states; in the first ones it waits until it is told to go on."""
    with Lab(chroot) as lab:
        pair = HighAvailability(lab)
        return told(pair, watched(shared_exporter, pair.control_ports))


def told(pair: HighAvailability, exporter: Exporter) -> Story:
    story: Story = {}
    running: dict[str, KeaDaemon] = {}

    def scrape(name: str) -> None:
        story[name] = Moment(exporter.samples(), {server: said_by(daemon) for server, daemon in running.items()})

    def go_on() -> None:
        for server in (PARTNER, PRIMARY):
            running[server].command("ha-continue")

    def reached(*states: str) -> None:
        wait_for(running[PRIMARY], *states)
        wait_for(running[PARTNER], *states[::-1])

    running[PRIMARY] = pair.start(PRIMARY, "waiting", "ready")
    wait_for(running[PRIMARY], "waiting", "unavailable")
    scrape("alone")
    running[PARTNER] = pair.start(PARTNER, "waiting", "ready")
    reached("waiting", "waiting")
    scrape("waiting")
    go_on()
    reached("ready", "ready")
    scrape("ready")
    go_on()
    reached("hot-standby", "hot-standby")
    scrape("serving")
    running.pop(PARTNER).stop()
    wait_for(running[PRIMARY], "partner-down")
    scrape("down")
    running[PARTNER] = pair.start(PARTNER)
    reached("hot-standby", "hot-standby")
    scrape("back")
    running[PRIMARY].command("ha-maintenance-start")
    reached("partner-in-maintenance", "in-maintenance")
    scrape("maintenance")
    return story


STATES_OF_PRIMARY = {
    "alone": {"local": "waiting", "partner": "unavailable"},
    "waiting": {"local": "waiting", "partner": "waiting"},
    "ready": {"local": "ready", "partner": "ready"},
    "serving": {"local": "hot-standby", "partner": "hot-standby"},
    "down": {"local": "partner-down", "partner": "unavailable"},
    "back": {"local": "hot-standby", "partner": "hot-standby"},
    "maintenance": {"local": "partner-in-maintenance", "partner": "in-maintenance"},
}


@pytest.mark.parametrize("name", STATES_OF_PRIMARY)
def test_each_server_tells_its_own_state_and_its_partners(story: Story, name: str) -> None:
    assert story[name].states(PRIMARY) == STATES_OF_PRIMARY[name] == story[name].said[PRIMARY]
    for server, said in story[name].said.items():
        assert story[name].states(server) == said


def test_a_server_that_is_down_tells_nothing(story: Story) -> None:
    down = story["down"]
    assert values(down.page, "kea_up", "server") == {PRIMARY: 1, PARTNER: 0}
    assert {
        labels["server"] for family in down.page if family.startswith("kea_ha_") for labels, _ in down.page[family]
    } == {PRIMARY}


def test_the_primary_serves_alone_while_its_partner_is_down(story: Story) -> None:
    for name in ("alone", "waiting"):
        assert story[name].scopes(PRIMARY) == {"local": {PRIMARY: 0}, "partner": {PRIMARY: 0}}
    for name in ("serving", "back"):
        assert story[name].scopes(PRIMARY) == {"local": {PRIMARY: 1}, "partner": {PRIMARY: 0}}
        assert story[name].scopes(PARTNER) == {"local": {PRIMARY: 0}, "partner": {PRIMARY: 1}}
    assert story["down"].scopes(PRIMARY)["local"] == {PRIMARY: 1}


def test_high_availability_disables_dhcp_until_servers_are_ready(story: Story) -> None:
    for name in ("alone", "waiting", "ready"):
        assert story[name].disabled(PRIMARY) == {"local_command"}
    for name in ("serving", "down", "back", "maintenance"):
        assert story[name].disabled(PRIMARY) == set()
    assert story["maintenance"].disabled(PARTNER) == {"local_command"}


def test_what_is_known_of_the_partner_follows_the_connection(story: Story) -> None:
    def course(family: str) -> list[float | None]:
        return [story[name].number(family) for name in ("waiting", "serving", "down", "back")]

    assert course("kea_ha_partner_in_touch") == [1, 1, 1, 1]
    assert course("kea_ha_communication_interrupted") == [0, 0, 1, 0]
    assert course("kea_ha_clock_skew_seconds") == [0, 0, None, 0]
    assert course("kea_ha_connecting_clients") == [0, 0, 0, 0]
    assert course("kea_ha_unacked_clients") == [0, 0, 0, 0]


def test_before_anything_was_heard_of_the_partner_nothing_is_said_of_it(lab: Lab, shared_exporter: OneExporter) -> None:
    pair = HighAvailability(lab, heartbeat=NEVER_MILLISECONDS)
    wait_for(pair.start(PRIMARY), "waiting")
    moment = Moment(watched(shared_exporter, {PRIMARY: pair.control_ports[PRIMARY]}).samples(), {})
    assert moment.states(PRIMARY) == {"local": "waiting"}
    assert moment.scopes(PRIMARY) == {"local": {PRIMARY: 0}}
    assert moment.number("kea_ha_partner_in_touch") == 0
    assert moment.number("kea_ha_clock_skew_seconds") is None
    assert moment.number("kea_ha_partner_age_seconds") is None


def test_a_relationship_says_who_takes_part(story: Story) -> None:
    [found] = [labels for labels, _ in story["alone"].page["kea_ha_info"] if labels["server"] == PRIMARY]
    assert re.fullmatch(r"127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+", found.pop("pair"))
    assert found == {
        "server": PRIMARY,
        "daemon": "dhcp4",
        "relationship": PARTNER,
        "mode": "hot-standby",
        "local": PRIMARY,
        "local_role": "primary",
        "partner": PARTNER,
        "partner_role": "standby",
    }


def test_both_servers_of_a_pair_name_the_same_pair(story: Story) -> None:
    named = {labels["server"]: labels["pair"] for labels, _ in story["serving"].page["kea_ha_info"]}
    assert named[PRIMARY] == named[PARTNER] != ""


def test_a_partner_that_hangs_keeps_its_state_and_its_silence_counts(lab: Lab, shared_exporter: OneExporter) -> None:
    pair = HighAvailability(lab)
    primary, standby = pair.start(PRIMARY), pair.start(PARTNER)
    wait_for(primary, "hot-standby", "hot-standby")
    standby.running.signal(signal.SIGSTOP)
    try:
        exporter = watched(shared_exporter, {PRIMARY: pair.control_ports[PRIMARY]})
        moment = scraped_once(exporter, lambda moment: moment.number("kea_ha_communication_interrupted") == 1)
    finally:
        standby.running.signal(signal.SIGCONT)
    assert moment.states(PRIMARY) == {"local": "hot-standby", "partner": "hot-standby"}
    assert (moment.number("kea_ha_partner_age_seconds") or 0) >= 1


def scraped_once(exporter: Exporter, holds: Callable[[Moment], bool]) -> Moment:
    """Scrape until something holds."""
    give_up = time.monotonic() + START_SECONDS
    while not holds(moment := Moment(exporter.samples(), {})):
        assert time.monotonic() < give_up, "what was waited for did not come"
        time.sleep(0.05)
    return moment


def test_in_load_balancing_the_survivor_serves_the_clients_of_both(lab: Lab, shared_exporter: OneExporter) -> None:
    pair = HighAvailability(lab, "load-balancing")
    exporter = watched(shared_exporter, pair.control_ports)
    primary, secondary = pair.start(PRIMARY), pair.start(PARTNER)
    wait_for(primary, "load-balancing", "load-balancing")
    wait_for(secondary, "load-balancing", "load-balancing")
    moment = Moment(exporter.samples(), {})
    own, other = {PRIMARY: 1, PARTNER: 0}, {PRIMARY: 0, PARTNER: 1}
    assert moment.scopes(PRIMARY) == {"local": own, "partner": other}
    assert moment.scopes(PARTNER) == {"local": other, "partner": own}
    primary.stop()
    wait_for(secondary, "partner-down")
    assert Moment(exporter.samples(), {}).scopes(PARTNER)["local"] == {PRIMARY: 1, PARTNER: 1}


def test_high_availability_that_is_switched_off_has_no_series(lab: Lab, shared_exporter: OneExporter) -> None:
    pair = HighAvailability(lab)
    wait_for(pair.start(PRIMARY), "waiting")
    exporter = watched(shared_exporter, {PRIMARY: pair.control_ports[PRIMARY]}, high_availability=False)
    moment = Moment(exporter.samples(), {})
    assert not [family for family in moment.page if family.startswith("kea_ha_")]
    assert moment.disabled(PRIMARY) == {"local_command"}


def test_a_user_and_a_partner_disable_dhcp_and_enable_it_again(lab: Lab, shared_exporter: OneExporter) -> None:
    port = free_port()
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    exporter = watched(shared_exporter, {"kea": port})

    def disabled() -> set[str]:
        return Moment(exporter.samples(), {}).disabled("kea")

    assert disabled() == set()
    daemon.command("dhcp-disable")
    assert disabled() == {"user"}
    daemon.command("dhcp-disable", origin="ha-partner")
    assert disabled() == {"user", "remote_command"}
    daemon.command("dhcp-enable")
    assert disabled() == {"remote_command"}
    daemon.command("dhcp-enable", origin="ha-partner")
    assert disabled() == set()


def test_a_lost_database_connection_disables_dhcp(lab: Lab, shared_exporter: OneExporter) -> None:
    port = free_port()
    database = {
        "type": "postgresql",
        "host": "127.0.0.1",
        "port": free_port(),
        "name": "kea",
        "on-fail": "stop-retry-exit",
        "retry-on-startup": True,
        "max-reconnect-tries": 1000,
        "reconnect-wait-time": 1000,
    }
    tree = dhcp("Dhcp4", [http(port)], (*HOOKS, "pgsql"), subnet4=[subnet4(1)], **{"hosts-databases": [database]})
    lab.start("Dhcp4", tree)
    exporter = watched(shared_exporter, {"kea": port})
    moment = scraped_once(exporter, lambda moment: "kea_dhcp_disabled" in moment.page)
    assert moment.disabled("kea") == {"db_connection"}
