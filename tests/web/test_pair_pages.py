"""Pairs on the pages: a row for each on the page of all servers, and a page for each."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from kea_exporter.facts.status import Peer
from kea_exporter.kea.prepared import prepared
from kea_exporter.partners import compared
from kea_exporter.requirements import PAIR_REQUIREMENTS, judge_pair
from kea_exporter.web.pages import fleet_page, pair_page, pair_reports, server_page
from kea_exporter.web.pages.fleet import MAX_PAIRS
from tests.support.examples import TAKEN_AT, relationship, status
from tests.support.markup import Element, assert_sound
from tests.support.pages import reports
from tests.support.pairs import ha_of, partners, server
from tests.support.serving import servers, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot, Target
    from kea_exporter.kea.prepared import Prepared
    from kea_exporter.transport.deadline import Deadline

Tree = dict[str, Any]
NOW = TAKEN_AT + 12
PLACE = "192.0.2.1:8000 192.0.2.2:8000"
HREF = f"/pairs/dhcp4/{quote(PLACE, safe='')}"
PRIMARY, STANDBY = ("server1", "primary"), ("server2", "standby")


def in_state(snapshot: Snapshot, own: tuple[str, str], other: tuple[str, str], state: str, *scopes: str) -> Snapshot:
    local, partner = Peer(*own, state, scopes), Peer(*other, "hot-standby", ())
    found = replace(relationship(), local=local, partner=partner)
    return replace(snapshot, status=replace(status(), relationships=(found,)))


def pair(change: Callable[[Tree], object] = lambda _: None, state: str = "hot-standby") -> list[Snapshot]:
    one, other = partners(change=change)
    return [
        in_state(server(one, "dhcp-a"), PRIMARY, STANDBY, state, "server1"),
        in_state(server(other, "dhcp-b"), STANDBY, PRIMARY, "hot-standby"),
    ]


def other_id(tree: Tree) -> None:
    tree["subnet4"][0]["id"] = 40


def fleet(*snapshots: Snapshot) -> Element:
    return assert_sound(fleet_page(reports(*snapshots), TAKEN_AT, NOW, metrics_path="/metrics"))


def row_of(page: Element) -> Element:
    [table] = page.of_class("pairs")
    [body] = table.all("tbody")
    return body


def test_a_pair_is_one_row_with_both_servers() -> None:
    row = row_of(fleet(*pair()))
    assert row.classes == {"healthy"}
    assert [link.attributes["href"] for link in row.all("a")] == [HREF, "/servers/dhcp-a", "/servers/dhcp-b"]
    assert [cell.text for cell in row.all("td", data_label="State")] == ["hot-standby"] * 2
    assert [cell.text for cell in row.all("td", data_label="Serves")] == ["server1", "no scope"]
    assert [cell.text for cell in row.all("td", data_label="Configuration")] == ["the same"]


def test_a_pair_that_is_configured_differently_is_in_the_headline() -> None:
    page = fleet(*pair(other_id))
    assert row_of(page).classes == {"unmet"}
    assert row_of(page).one("td", data_label="Configuration").text == "differs: subnets"
    assert "0 of 1 pairs are configured alike" in page.text


def test_an_unusual_state_needs_attention_and_an_unknown_partner_is_unknown() -> None:
    assert row_of(fleet(*pair(state="partner-down"))).classes == {"attention"}
    row = row_of(fleet(pair()[0]))
    assert row.classes == {"unknown"}
    assert row.one("td", data_label="Configuration").text.startswith("not compared")
    assert "server2 standby" in row.text


def test_without_pairs_there_is_no_table_of_them() -> None:
    alone = partners()[0]
    del alone["hooks-libraries"][-1]
    assert fleet(server(alone, "dhcp-a")).of_class("pairs") == []


def at_place(number: int, change: Callable[[Tree], object]) -> list[Snapshot]:
    """Return the servers of another pair, at another place."""
    found = []
    for tree, snapshot in zip(partners(change=change), pair(change), strict=True):
        for peer in ha_of(tree)["peers"]:
            peer["url"] = peer["url"].replace("192.0.2.", f"10.{number}.0.")
        name = f"{snapshot.target.server}-{number}"
        moved = server(tree, snapshot.target.server).configuration
        found.append(replace(snapshot, target=replace(snapshot.target, server=name), configuration=moved))
    return found


def test_many_pairs_without_a_fault_are_folded_away() -> None:
    sound_ones = [snapshot for number in range(MAX_PAIRS) for snapshot in at_place(number, lambda _: None)]
    assert len(fleet(*pair(other_id), *sound_ones).of_class("pairs")) == 1
    shown, folded = fleet(*pair(other_id), *sound_ones, *at_place(99, lambda _: None)).of_class("pairs")
    assert (len(shown.all("tbody")), len(folded.all("tbody"))) == (1, MAX_PAIRS + 1)


def test_the_page_of_a_server_links_to_its_pairs() -> None:
    page = assert_sound(server_page("dhcp-b", reports(*pair()), TAKEN_AT, NOW))
    assert [link.text for link in page.all("a", href=HREF)] == ["dhcp-a and dhcp-b"]


def test_the_page_of_a_pair_names_each_difference() -> None:
    def change(tree: Tree) -> None:
        other_id(tree)
        tree["option-data"][0]["data"] = "10.0.0.9"

    found = reports(*pair(change))
    trees = dict(zip(("dhcp-a", "dhcp-b"), partners(change=change), strict=True))

    def read(target: Target) -> Prepared:
        return prepared("Dhcp4", trees[target.server])

    [by_hash] = pair_reports(found)
    exact = judge_pair(PAIR_REQUIREMENTS, compared(by_hash.pair, read), found)
    page = assert_sound(pair_page(exact, PLACE, TAKEN_AT, NOW))
    sentences = [element.text for element in page.of_class("evidence")]
    assert sentences == [
        "subnet 10.0.0.0/24 has id 1 on dhcp-a and 40 on dhcp-b",
        "option dhcp4:6: data is 10.0.0.2 on dhcp-a and 10.0.0.9 on dhcp-b",
    ]
    rows = {row.all("th")[0].text: [cell.text for cell in row.all("td")] for row in page.all("tr") if row.all("th")}
    assert rows["State"] == ["hot-standby", "hot-standby"]
    assert rows["Serves"] == ["server1", "no scope"]
    assert rows["Leases"] == ["122 addresses", "22 addresses"]
    assert rows["Last heartbeat"] == ["3 s ago", "3 s ago"]
    assert [link.attributes["href"] for link in page.of_class("pair")[0].all("a")] == [
        "/servers/dhcp-a",
        "/servers/dhcp-b",
    ]


@pytest.mark.parametrize("name", ["<b>", "\u202ex", "a" * 300])
def test_whatever_a_server_calls_itself_the_page_is_sound(name: str) -> None:
    def change(tree: Tree) -> None:
        ha_of(tree)["this-server-name"] = name
        ha_of(tree)["peers"][1]["name"] = name

    [report] = pair_reports(reports(*pair(change)))
    assert_sound(pair_page(report, PLACE, TAKEN_AT, NOW))
    assert_sound(fleet_page(reports(*pair(change)), TAKEN_AT, NOW, metrics_path="/metrics"))


def test_configurations_are_read_for_the_page_of_a_pair_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    trees = dict(zip(("a", "b"), partners(change=other_id), strict=True))
    snapshots = dict(zip(("a", "b"), pair(other_id), strict=True))
    read = []

    def probe(daemon: DaemonSettings, _: Deadline, _before: Snapshot | None) -> Snapshot:
        return replace(snapshots[daemon.target.server], target=daemon.target)

    def reading(target: Target) -> Prepared:
        read.append(target.server)
        return prepared("Dhcp4", deepcopy(trees[target.server]))

    monkeypatch.setattr("kea_exporter.partners.read_now", lambda _: reading)
    with serving(servers("a", "b"), probe_daemon=probe) as pages:
        assert "differs: subnets" in pages.get("/").text
        [found] = json.loads(pages.get("/api/v1/servers").text)["pairs"]
        assert (found["pair"], found["requirements"][0]["status"]) == (PLACE, "unmet")
        assert "subnet 10.0.0.0/24 has id 1 on a and 40 on b" in pages.get("/servers/a/report").text
        assert read == []
        for _ in range(2):
            page = pages.get(HREF)
            assert page.status_code == 200
            assert "subnet 10.0.0.0/24 has id 1 on a and 40 on b" in page.text
        assert sorted(read) == ["a", "b"]
        assert pages.get("/pairs/dhcp6/nothing").status_code == 404


def test_hashes_tell_where_configurations_differ_that_cannot_be_read() -> None:
    snapshots = dict(zip(("a", "b"), pair(lambda tree: tree["subnet4"][0]["pools"].pop()), strict=True))

    def probe(daemon: DaemonSettings, _: Deadline, _before: Snapshot | None) -> Snapshot:
        return replace(snapshots[daemon.target.server], target=daemon.target)

    with serving(servers("a", "b"), probe_daemon=probe) as pages:
        assert "subnet 10.0.0.0/24: pools differ on a and b" in pages.get(HREF).text
