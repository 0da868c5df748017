"""High availability: what status-get says of it, and the families that tell it."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from kea_exporter.facts.configuration import ConfiguredPeer
from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.status import Peer, Relationship
from kea_exporter.kea.high_availability import MAX_RELATIONSHIPS, MAX_SCOPES, read_pairs, read_relationships
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.kea.status import read_status
from kea_exporter.metrics import FAMILIES
from kea_exporter.metrics.high_availability import FAMILIES as OF_RELATIONSHIPS
from kea_exporter.metrics.high_availability import STATES
from tests.support.answers import answer_of, as_kea_writes, paths, put
from tests.support.examples import relationship, silent, sound, status
from tests.support.pages import own
from tests.support.recordings import recorded

# What a server of a pair said while all was well.
PAIR: dict[str, Any] = recorded("kea-3.0.3", "high-availability")["hot-standby"]["arguments"]["high-availability"][0]


def pair(remote: dict[str, Any] | None = None, **local: object) -> dict[str, Any]:
    """Return the pair with other values of the local and the remote server."""
    entry = copy.deepcopy(PAIR)
    entry["ha-servers"]["local"] |= local
    entry["ha-servers"]["remote"] |= remote or {}
    return entry


def read(entry: dict[str, Any]) -> Relationship:
    [found] = read_relationships([entry])
    return found


# status-get


SERVES_ITS_OWN = ("primary-server",)


@pytest.mark.parametrize(
    ("state", "local", "partner", "others"),
    [
        pytest.param("hot-standby", ("hot-standby", SERVES_ITS_OWN), "hot-standby", (True, False, 0, 0), id="in touch"),
        pytest.param("waiting", ("waiting", ()), "", (False, False, 0, None), id="nothing heard of the partner"),
        pytest.param(
            "partner-down", ("partner-down", SERVES_ITS_OWN), "unavailable", (True, True, 1, None), id="partner down"
        ),
    ],
)
def test_a_recorded_pair_is_read(
    state: str, local: tuple[str, tuple[str, ...]], partner: str, others: tuple[object, ...]
) -> None:
    [found] = read_status(answer_of("kea-3.0.3", "high-availability", state)).relationships
    assert found.mode == "hot-standby"
    assert found.local == Peer("primary-server", "primary", *local)
    assert found.partner == Peer("partner-server", "standby", partner, ())
    told = (found.in_touch, found.communication_interrupted, found.age_seconds, found.clock_skew_seconds)
    assert told == others
    assert (found.connecting_clients, found.unacked_clients, found.analyzed_packets) == (0, 0, 0)


def test_kea_2_6_says_nothing_of_clocks() -> None:
    entry = pair()
    for server in entry["ha-servers"].values():
        server.pop("system-time")
    entry["ha-servers"]["remote"].pop("clock-skew")
    assert read(entry).clock_skew_seconds is None


@pytest.mark.parametrize("remote", [{}, {"remote": None}, {"remote": {}}])
def test_a_server_with_backups_only_has_no_partner(remote: dict[str, None]) -> None:
    local = PAIR["ha-servers"]["local"] | {"state": "passive-backup"}
    found = read({"ha-mode": "passive-backup", "ha-servers": {"local": local, **remote}})
    assert found.local == Peer("primary-server", "primary", "passive-backup", SERVES_ITS_OWN)
    assert found.partner == Peer("", "", "", ())
    assert {found.in_touch, found.age_seconds, found.clock_skew_seconds, found.analyzed_packets} == {None}


def test_a_hub_has_a_relationship_with_each_of_several_partners() -> None:
    found = read_relationships([pair({"server-name": f"branch{number}"}) for number in (1, 2, 3)])
    assert [branch.partner.name for branch in found] == ["branch1", "branch2", "branch3"]


def test_without_the_hook_there_are_no_relationships() -> None:
    assert read_relationships([]) == ()


NEEDED = {(), ("ha-servers",), ("ha-servers", "local"), ("ha-servers", "local", "scopes", 0)}


@pytest.mark.parametrize(
    "path", [path for path in paths(PAIR) if path not in NEEDED], ids=lambda path: "/".join(map(str, path))
)
def test_whatever_is_not_known_may_be_null(path: tuple[str, ...]) -> None:
    entry = put(PAIR, path, None)
    assert isinstance(entry, dict)
    assert read(entry) is not None


@pytest.mark.parametrize(
    "relationships",
    [
        None,
        {},
        "hot-standby",
        [None],
        [{}],
        [{"ha-mode": "hot-standby", "ha-servers": None}],
        [{"ha-mode": "hot-standby", "ha-servers": {}}],
        [pair(role=1)],
        [pair(scopes="s1")],
        [pair(scopes=[1])],
        [pair({"age": "0"})],
        [pair({"age": 0.5})],
        [pair({"in-touch": 1})],
        [pair({"clock-skew": True})],
        [pair({"last-scopes": {"s1": 1}})],
    ],
)
def test_relationships_of_another_shape_are_malformed(relationships: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_relationships(relationships)


def test_names_are_printable_and_nothing_is_kept_without_end() -> None:
    names = [as_kea_writes("B\u00fcro\n"), *(f"partner-{number}" for number in range(1000))]
    found = read_relationships([pair({"server-name": name}, scopes=["s1"] * 1000) for name in names])
    assert len(found) == MAX_RELATIONSHIPS
    assert (found[0].partner.name, len(found[0].local.scopes)) == ("B\u00fcro ", MAX_SCOPES)


# Families

HOT_STANDBY = relationship()
PARTNER_DOWN = replace(
    relationship("partner-down", "unavailable"),
    local=Peer("kea1", "primary", "partner-down", ("kea1", "kea2")),
    communication_interrupted=True,
    age_seconds=60,
    clock_skew_seconds=None,
    unacked_clients=3,
    connecting_clients=4,
    analyzed_packets=9,
    unacked_clients_left=2,
)
WAITING = replace(
    relationship("waiting", ""),
    local=Peer("kea1", "primary", "waiting", ()),
    in_touch=False,
    clock_skew_seconds=None,
)
PASSIVE_BACKUP = replace(
    relationship("passive-backup", ""),
    mode="passive-backup",
    partner=Peer("", "", "", ()),
    in_touch=None,
    communication_interrupted=None,
    age_seconds=None,
    clock_skew_seconds=None,
    connecting_clients=None,
    unacked_clients=None,
    unacked_clients_left=None,
    analyzed_packets=None,
)
LOAD_BALANCING = replace(
    relationship("load-balancing"),
    mode="load-balancing",
    partner=Peer("kea2", "secondary", "load-balancing", ("kea2",)),
)
HUB = (HOT_STANDBY, replace(PARTNER_DOWN, partner=Peer("kea3", "standby", "unavailable", ())))


def told(name: str, *relationships: Relationship) -> dict[tuple[str, ...], float]:
    return own(name, sound(status=replace(status(), relationships=relationships)))


def current(*relationships: Relationship) -> set[tuple[str, ...]]:
    return {labels for labels, value in told("kea_ha_state", *relationships).items() if value}


@pytest.mark.parametrize(
    ("relationships", "expected"),
    [
        pytest.param(
            (HOT_STANDBY,),
            {("kea2", "local", "primary", "hot-standby"), ("kea2", "partner", "standby", "hot-standby")},
            id="hot-standby",
        ),
        pytest.param(
            (PARTNER_DOWN,),
            {("kea2", "local", "primary", "partner-down"), ("kea2", "partner", "standby", "unavailable")},
            id="partner down",
        ),
        pytest.param((WAITING,), {("kea2", "local", "primary", "waiting")}, id="nothing heard of the partner"),
        pytest.param((PASSIVE_BACKUP,), {("kea1", "local", "primary", "passive-backup")}, id="no partner"),
        pytest.param(
            (relationship("hibernating", "dreaming"),),
            {("kea2", "local", "primary", "other"), ("kea2", "partner", "standby", "other")},
            id="states of a later Kea",
        ),
        pytest.param(
            HUB,
            {
                ("kea2", "local", "primary", "hot-standby"),
                ("kea2", "partner", "standby", "hot-standby"),
                ("kea3", "local", "primary", "partner-down"),
                ("kea3", "partner", "standby", "unavailable"),
            },
            id="a hub",
        ),
        pytest.param((), set(), id="no high availability"),
    ],
)
def test_of_each_server_one_state_is_1(relationships: tuple[Relationship, ...], expected: set[tuple[str, ...]]) -> None:
    assert current(*relationships) == expected


def test_all_other_states_are_0() -> None:
    found = told("kea_ha_state", HOT_STANDBY)
    assert {state for _, peer, _, state in found if peer == "local"} == {*STATES, "other"}
    assert sum(found.values()) == 2
    assert len(found) == 2 * (len(STATES) + 1)


@pytest.mark.parametrize(
    ("relationships", "expected"),
    [
        pytest.param((HOT_STANDBY,), {("kea2", "local", "kea1"): 1, ("kea2", "partner", "kea1"): 0}, id="hot-standby"),
        pytest.param(
            (LOAD_BALANCING,),
            {
                ("kea2", "local", "kea1"): 1,
                ("kea2", "local", "kea2"): 0,
                ("kea2", "partner", "kea1"): 0,
                ("kea2", "partner", "kea2"): 1,
            },
            id="load-balancing",
        ),
        pytest.param(
            (PARTNER_DOWN,),
            {("kea2", "local", "kea1"): 1, ("kea2", "local", "kea2"): 1, ("kea2", "partner", "kea1"): 0},
            id="all are served by one",
        ),
        pytest.param((WAITING,), {("kea2", "local", "kea1"): 0}, id="nobody is served yet"),
        pytest.param((PASSIVE_BACKUP,), {("kea1", "local", "kea1"): 1}, id="no partner"),
    ],
)
def test_of_each_server_it_is_told_whose_clients_it_serves(
    relationships: tuple[Relationship, ...], expected: dict[tuple[str, ...], float]
) -> None:
    assert told("kea_ha_scope_served", *relationships) == expected


def test_who_the_servers_are_is_told_once() -> None:
    assert told("kea_ha_info", *HUB) == {
        ("kea2", "hot-standby", "kea1", "primary", "kea2", "standby", ""): 1,
        ("kea3", "hot-standby", "kea1", "primary", "kea3", "standby", ""): 1,
    }
    assert told("kea_ha_info", PASSIVE_BACKUP) == {("kea1", "passive-backup", "kea1", "primary", "", "", ""): 1}


def peer(name: str, role: str, url: str) -> dict[str, str]:
    return {"name": name, "role": role, "url": url}


def hook(*relationships: list[dict[str, str]]) -> dict[str, object]:
    return {
        "library": "libdhcp_ha.so",
        "parameters": {"high-availability": [{"peers": peers} for peers in relationships]},
    }


BACKUP = peer("backup", "backup", "http://10.0.0.9:8005/")
ONE = [
    peer("kea2", "standby", "https://monitor:secret@10.0.0.2:8005/ha"),
    peer("kea1", "primary", "http://10.0.0.1:8005/"),
    BACKUP,
]
OTHER = [peer("kea1", "primary", "http://10.0.0.1:8006"), peer("kea3", "standby", "http://[2001:db8::3]:8005/")]


def test_pairs_are_named_by_their_addresses_alone() -> None:
    pairs = list(read_pairs([{"library": "libdhcp_lease_cmds.so"}, hook(ONE, OTHER)]))
    assert [(pair.names, pair.place) for pair in pairs] == [
        (frozenset({"kea1", "kea2", "backup"}), "10.0.0.1:8005 10.0.0.2:8005"),
        (frozenset({"kea1", "kea3"}), "10.0.0.1:8006 [2001:db8::3]:8005"),
    ]


def test_a_pair_has_its_own_server_its_mode_and_its_peers() -> None:
    entry = {"peers": ONE, "this-server-name": "kea2", "mode": "hot-standby"}
    [pair] = read_pairs([{"library": "libdhcp_ha.so", "parameters": {"high-availability": [entry]}}])
    assert (pair.own_name, pair.mode) == ("kea2", "hot-standby")
    assert pair.own == ConfiguredPeer("kea2", "standby", "10.0.0.2:8005") == pair.peers[-1]
    assert replace(pair, own_name="other").own == ConfiguredPeer("other", "", "")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("http://KEA1.Example.ORG:8005", "kea1.example.org:8005"),
        ("HTTP://kea1.example.org.:8005//", "kea1.example.org:8005"),
        ("http://kea1.example.org", "kea1.example.org:80"),
        ("http://kea1.example.org/", "kea1.example.org:80"),
        ("https://kea1.example.org:443/ha?x", "kea1.example.org:443"),
        ("https://kea1.example.org", "kea1.example.org:443"),
        ("http://[2001:DB8:0:0::1]:8005/", "[2001:db8::1]:8005"),
        ("http://[2001:db8::1]", "[2001:db8::1]:80"),
        ("kea1.example.org:8005", ""),
        ("http://", ""),
    ],
)
def test_a_pair_has_one_name_however_its_partners_write_the_urls(written: str, place: str) -> None:
    primary, standby = (peer("kea1", "primary", written), peer("kea2", "standby", "http://10.0.0.2:8005/"))
    [pair], [turned] = (list(read_pairs([hook(peers)])) for peers in ([primary, standby], [standby, primary]))
    assert pair.place.split() == sorted(filter(None, ("10.0.0.2:8005", place)))
    assert pair == turned


def test_each_relationship_is_of_the_pair_that_has_both_its_servers() -> None:
    pairs = tuple(read_pairs([hook(ONE, OTHER)]))
    snapshot = sound(status=replace(status(), relationships=HUB))
    configuration = replace(known(snapshot.configuration), pairs=pairs)
    found = own("kea_ha_info", replace(snapshot, configuration=configuration))
    assert {labels[0]: labels[-1] for labels in found} == {
        "kea2": "10.0.0.1:8005 10.0.0.2:8005",
        "kea3": "10.0.0.1:8006 [2001:db8::3]:8005",
    }


def test_servers_of_a_pair_are_known_without_the_configuration() -> None:
    failure = Failure(Stage.COMMAND, Reason.FORBIDDEN, "no")
    snapshot = sound(status=replace(status(), relationships=(HOT_STANDBY,)))
    found = own("kea_ha_info", replace(snapshot, configuration=failure))
    assert found == {("kea2", "hot-standby", "kea1", "primary", "kea2", "standby", ""): 1}


NUMBERS = {
    "kea_ha_partner_in_touch": (1, 1, 0),
    "kea_ha_communication_interrupted": (0, 1, 0),
    "kea_ha_partner_age_seconds": (3, 60, None),
    "kea_ha_clock_skew_seconds": (-2, None, None),
    "kea_ha_connecting_clients": (0, 4, 0),
    "kea_ha_unacked_clients": (0, 3, 0),
    "kea_ha_unacked_clients_left": (5, 2, 5),
    "kea_ha_analyzed_packets": (0, 9, 0),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_is_told_where_it_is_known(name: str) -> None:
    for found, expected in zip((HOT_STANDBY, PARTNER_DOWN, WAITING), NUMBERS[name], strict=True):
        assert told(name, found) == ({} if expected is None else {("kea2",): expected})
    assert told(name, PASSIVE_BACKUP) == {}


def test_without_high_availability_nothing_is_told_of_it() -> None:
    for family in OF_RELATIONSHIPS:
        for snapshot in (sound(), sound(Daemon.D2), silent()):
            assert own(family.name, snapshot) == {}


def test_where_no_series_are_wanted_there_are_none() -> None:
    snapshot = replace(sound(status=replace(status(), relationships=HUB)), has_relationship_series=False)
    for family in OF_RELATIONSHIPS:
        assert own(family.name, snapshot) == {}


def test_every_family_of_high_availability_is_on_the_page() -> None:
    assert set(OF_RELATIONSHIPS) <= set(FAMILIES)
    assert {family.name for family in OF_RELATIONSHIPS} == {
        "kea_ha_info",
        "kea_ha_state",
        "kea_ha_scope_served",
        *NUMBERS,
    }


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {("kea2",): 3}, id="in touch"),
        pytest.param({"communication_interrupted": None}, {("kea2",): 3}, id="not known to be interrupted"),
        pytest.param({"communication_interrupted": True}, {}, id="interrupted"),
        pytest.param({"local": replace(HOT_STANDBY.local, state="terminated")}, {}, id="terminated"),
        pytest.param({"partner": replace(HOT_STANDBY.partner, state="terminated")}, {}, id="partner terminated"),
        pytest.param({"clock_skew_seconds": None}, {}, id="unknown"),
    ],
)
def test_a_clock_skew_that_is_no_longer_measured_is_absent(
    changes: dict[str, object], expected: dict[tuple[str, ...], float]
) -> None:
    entry = replace(HOT_STANDBY, clock_skew_seconds=3)
    assert told("kea_ha_clock_skew_seconds", replace(entry, **changes)) == expected  # type: ignore[arg-type]
