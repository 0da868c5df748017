"""Pairs: which servers are partners, and what is said of each difference of their configurations."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.pairs import PARTS
from kea_exporter.facts.review import MAX_SENTENCES
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.partners import RETRY_SECONDS, Comparisons, compared
from kea_exporter.requirements import (
    PAIR_REQUIREMENTS,
    PairReport,
    Status,
    Verdict,
    differences_by_hash,
    judge_pair,
    pairs_of,
)
from tests.support.examples import refused, silent
from tests.support.pairs import ha_of, judged, partners, server
from tests.support.partners import PEERS, ha, option, partner4, plain4

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.snapshot import Snapshot, Target
    from kea_exporter.kea.prepared import Prepared
    from kea_exporter.requirements.pairs.model import PairRequirement

Tree = dict[str, Any]
Change = "Callable[[Tree], object]"


def subnet(tree: Tree) -> Any:  # noqa: ANN401 - a tree
    return (tree.get("subnet4") or tree["subnet6"])[0]


def network(tree: Tree) -> Any:  # noqa: ANN401 - a tree
    return tree["shared-networks"][0]


def swap_ids(tree: Tree) -> None:
    subnet(tree)["id"], network(tree)["subnet4"][0]["id"] = 2, 1


def swap_roles(tree: Tree) -> None:
    one, other = ha_of(tree)["peers"]
    one["role"], other["role"] = other["role"], one["role"]


def narrow(tree: Tree) -> None:
    subnet(tree).update(subnet="10.0.0.0/23", pools=[], reservations=[])


def add_class(tree: Tree) -> None:
    tree["client-classes"].insert(0, {"name": "guests", "test": "member('ALL')"})


A, B = "dhcp-a", "dhcp-b"
SUBNETS, HIGH_AVAILABILITY = "partners-have-the-same-subnets", "partners-agree-on-high-availability"
RESERVATION = "subnet 10.0.0.0/24: reservation hw-address 02000000000a"
POOLS, OPTIONS = "partners-have-the-same-pools", "partners-have-the-same-options"
# What is changed on dhcp-b, the root, how, the requirement that is unmet, the cause, and its sentences.
CASES: list[tuple[str, str, Callable[[Tree], object], str, str, list[str]]] = [
    (
        "another id",
        "Dhcp4",
        lambda tree: subnet(tree).update(id=40),
        SUBNETS,
        "other_id",
        [f"subnet 10.0.0.0/24 has id 1 on {A} and 40 on {B}"],
    ),
    (
        "swapped ids",
        "Dhcp4",
        swap_ids,
        SUBNETS,
        "other_id",
        [f"subnet 10.0.0.0/24 has id 1 on {A} and 2 on {B}", f"subnet 10.0.1.0/24 has id 2 on {A} and 1 on {B}"],
    ),
    (
        "no subnet",
        "Dhcp4",
        lambda tree: tree["subnet4"].clear(),
        SUBNETS,
        "missing",
        [f"subnet 10.0.0.0/24 (id 1) is on {A} only"],
    ),
    (
        "a further subnet",
        "Dhcp4",
        lambda tree: tree["subnet4"].append({**plain4(), "id": 9, "subnet": "10.9.0.0/24"}),
        SUBNETS,
        "missing",
        [f"subnet 10.9.0.0/24 (id 9) is on {B} only"],
    ),
    (
        "another prefix length",
        "Dhcp4",
        narrow,
        SUBNETS,
        "missing",
        [f"subnet 10.0.0.0/24 (id 1) is on {A} only", f"subnet 10.0.0.0/23 (id 1) is on {B} only"],
    ),
    (
        "another id in DHCPv6",
        "Dhcp6",
        lambda tree: subnet(tree).update(id=40),
        SUBNETS,
        "other_id",
        [f"subnet 2001:db8:1::/48 has id 1 on {A} and 40 on {B}"],
    ),
    (
        "swapped roles",
        "Dhcp4",
        swap_roles,
        HIGH_AVAILABILITY,
        "other_roles",
        [
            f"peer server1: role is primary on {A} and standby on {B}",
            f"peer server2: role is standby on {A} and primary on {B}",
        ],
    ),
    (
        "another mode",
        "Dhcp4",
        lambda tree: ha_of(tree).update(mode="load-balancing"),
        HIGH_AVAILABILITY,
        "other_mode",
        [f"mode is hot-standby on {A} and load-balancing on {B}"],
    ),
    (
        "another name of a peer",
        "Dhcp4",
        lambda tree: ha_of(tree)["peers"][0].update(name="other"),
        HIGH_AVAILABILITY,
        "other_peers",
        [f"peer server1 is on {A} only", f"peer other is on {B} only"],
    ),
    (
        "another url of a peer",
        "Dhcp4",
        lambda tree: ha_of(tree)["peers"][0].update(url="http://192.0.2.9:8000"),
        HIGH_AVAILABILITY,
        "other_peers",
        [f"peer server1: address is 192.0.2.1:8000 on {A} and 192.0.2.9:8000 on {B}"],
    ),
    (
        "no lease updates",
        "Dhcp4",
        lambda tree: ha_of(tree).update({"send-lease-updates": False}),
        HIGH_AVAILABILITY,
        "differs",
        [f"send-lease-updates is true on {A} and false on {B}"],
    ),
    (
        "another pool",
        "Dhcp4",
        lambda tree: subnet(tree)["pools"][0].update(pool="10.0.0.10-10.0.0.90"),
        POOLS,
        "differs",
        [
            f"subnet 10.0.0.0/24: pool 10.0.0.10-10.0.0.99 is on {A} only",
            f"subnet 10.0.0.0/24: pool 10.0.0.10-10.0.0.90 is on {B} only",
        ],
    ),
    (
        "a pool of another class",
        "Dhcp4",
        lambda tree: subnet(tree)["pools"][1].update({"client-classes": ["guests"]}),
        POOLS,
        "differs",
        [f"subnet 10.0.0.0/24: pool 10.0.0.128-10.0.0.255: client-classes is phones on {A} and guests on {B}"],
    ),
    (
        "another delegated length",
        "Dhcp6",
        lambda tree: subnet(tree)["pd-pools"][0].update({"delegated-len": 60}),
        POOLS,
        "differs",
        [f"subnet 2001:db8:1::/48: pd-pool 2001:db8:1:8000::/52: delegated-len is 56 on {A} and 60 on {B}"],
    ),
    (
        "another shared network",
        "Dhcp4",
        lambda tree: network(tree).update(name="house"),
        "partners-have-the-same-shared-networks",
        "differs",
        [f"subnet 10.0.1.0/24: shared network is building on {A} and house on {B}"],
    ),
    (
        "a reservation of another address",
        "Dhcp4",
        lambda tree: subnet(tree)["reservations"][0].update({"ip-address": "10.0.0.22"}),
        "partners-have-the-same-reservations",
        "differs",
        [
            f"{RESERVATION}: addresses is 10.0.0.20 on {A} and 10.0.0.22 on {B}",
        ],
    ),
    (
        "no reservation",
        "Dhcp4",
        lambda tree: subnet(tree)["reservations"].pop(),
        "partners-have-the-same-reservations",
        "differs",
        [f"subnet 10.0.0.0/24: reservation client-id 616263 is on {A} only"],
    ),
    (
        "another router",
        "Dhcp4",
        lambda tree: subnet(tree)["option-data"][0].update(data="10.0.0.254"),
        OPTIONS,
        "differs",
        [f"subnet 10.0.0.0/24: option dhcp4:3: data is 10.0.0.1 on {A} and 10.0.0.254 on {B}"],
    ),
    (
        "a further option for all",
        "Dhcp4",
        lambda tree: tree["option-data"].append(option(12, "x")),
        OPTIONS,
        "differs",
        [f"option dhcp4:12 is on {B} only"],
    ),
    (
        "another test of a class",
        "Dhcp4",
        lambda tree: tree["client-classes"][0].update(test="member('KNOWN')"),
        "partners-have-the-same-client-classes",
        "differs",
        [f"client class phones: test is option[60].text == 'phone' on {A} and member('KNOWN') on {B}"],
    ),
    (
        "another order of classes",
        "Dhcp4",
        lambda tree: tree["client-classes"].reverse(),
        "partners-have-the-same-client-classes",
        "differs",
        [f"the order of client classes is phones, boot on {A} and boot, phones on {B}"],
    ),
    (
        "a further class in front",
        "Dhcp4",
        add_class,
        "partners-have-the-same-client-classes",
        "differs",
        [f"client class guests is on {B} only"],
    ),
    (
        "another lifetime",
        "Dhcp4",
        lambda tree: subnet(tree).update({"valid-lifetime": 3600}),
        "partners-have-the-same-lifetimes",
        "differs",
        [f"subnet 10.0.0.0/24: valid-lifetime is 4000 on {A} and 3600 on {B}"],
    ),
    (
        "another domain",
        "Dhcp4",
        lambda tree: network(tree)["subnet4"][0].pop("ddns-qualifying-suffix"),
        "partners-have-the-same-ddns",
        "differs",
        [f"subnet 10.0.1.0/24: ddns-qualifying-suffix is office.example.org. on {A} and not set on {B}"],
    ),
    (
        "no lease_cmds",
        "Dhcp4",
        lambda tree: tree["hooks-libraries"].pop(0),
        "partners-have-the-same-hooks",
        "differs",
        [f"hook library lease_cmds is on {A} only"],
    ),
    (
        "another parameter of a hook",
        "Dhcp4",
        lambda tree: tree["hooks-libraries"][1]["parameters"].update({"identifier-expression": "secret"}),
        "partners-have-the-same-hooks",
        "differs",
        ["hook library flex_id has other parameters: identifier-expression"],
    ),
    (
        "another database",
        "Dhcp4",
        lambda tree: tree["lease-database"].update(type="mysql"),
        "partners-have-the-same-lease-database",
        "differs",
        [f"lease database type is memfile on {A} and mysql on {B}", f"lease database persist is on {A} only"],
    ),
    (
        "another setting",
        "Dhcp4",
        lambda tree: tree.update({"match-client-id": False}),
        "partners-have-the-same-settings",
        "differs",
        [f"match-client-id is true on {A} and false on {B}"],
    ),
]


def unmet(report: PairReport) -> dict[str, dict[str, list[str]]]:
    """Return the sentences of each cause of the requirements that are unmet."""
    return {
        verdict.requirement.id: {problem.cause.id: list(problem.evidence) for problem in verdict.problems}
        for verdict in report.verdicts
        if verdict.status is Status.UNMET
    }


@pytest.mark.parametrize(
    ("root", "change", "requirement", "cause", "evidence"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_each_difference_is_named_exactly(
    root: str, change: Callable[[Tree], object], requirement: str, cause: str, evidence: list[str]
) -> None:
    [report] = judged(*partners(root, change=change), root=root)
    assert unmet(report) == {requirement: {cause: evidence}}


@pytest.mark.parametrize(
    ("root", "change", "requirement"), [case[1:4] for case in CASES], ids=[case[0] for case in CASES]
)
def test_hashes_tell_which_requirement_is_unmet(root: str, change: Callable[[Tree], object], requirement: str) -> None:
    """Pages of all servers show this, without reading the configurations again."""
    trees = partners(root, change=change)
    [pair] = pairs_of([server(tree, name, root) for tree, name in zip(trees, (A, B), strict=True)])
    report = judge_pair(PAIR_REQUIREMENTS, replace(pair, differences=differences_by_hash(pair)), ())
    assert list(unmet(report)) == [requirement]


@pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6"])
def test_servers_that_are_configured_alike_meet_all(root: str) -> None:
    [report] = judged(*partners(root), root=root)
    assert {verdict.status for verdict in report.verdicts} == {Status.MET}
    assert differences_by_hash(report.pair) == {}
    assert report.title == f"dhcp-a and dhcp-b {root.lower()}"


def verdicts(report: PairReport) -> dict[str, Verdict]:
    return {verdict.requirement.id: verdict for verdict in report.verdicts}


def test_there_are_at_most_twenty_sentences_for_a_cause_and_a_count() -> None:
    def add(tree: Tree) -> None:
        tree["subnet4"] += [{**plain4(), "id": 100 + n, "subnet": f"10.1.{n}.0/24"} for n in range(30)]

    [report] = judged(*partners(change=add))
    [problem] = verdicts(report)[SUBNETS].problems
    assert (len(problem.evidence), problem.count) == (MAX_SENTENCES, 30)
    assert verdicts(report)[SUBNETS].evidence.endswith("; and 10 more")


def test_what_a_configuration_says_stays_one_short_printable_line() -> None:
    def change(tree: Tree) -> None:
        tree["option-data"][0]["data"] = "x\n" * 10_000
        tree["client-classes"][0]["name"] = "y" * 10_000
        tree["client-classes"] += [{"name": f"{'z' * 100}{number}"} for number in range(1000)]

    [report] = judged(*partners(change=change))
    for requirement in (OPTIONS, CLASSES):
        for problem in verdicts(report)[requirement].problems:
            assert all(sentence.isprintable() and len(sentence) < 500 for sentence in problem.evidence)


CLASSES = "partners-have-the-same-client-classes"
RESERVATIONS = "partners-have-the-same-reservations"


def with_database(tree: Tree) -> None:
    tree["hosts-databases"] = [{"type": "mysql", "host": "db.example.com", "password": "pa-ss"}]


@pytest.mark.parametrize(
    ("changed", "status"), [(False, Status.NOT_APPLICABLE), (True, Status.UNMET)], ids=["same", "other"]
)
def test_reservations_in_a_database_are_not_compared(*, changed: bool, status: Status) -> None:
    def change(tree: Tree) -> None:
        with_database(tree)
        if changed:
            subnet(tree)["reservations"].pop()

    one, other = partners(change=change)
    with_database(one)
    [report] = judged(one, other)
    found = verdicts(report)[RESERVATIONS]
    assert found.status is status
    reason = "not compared: dhcp-a has reservations in mysql; dhcp-b has reservations in mysql"
    assert reason in (found.evidence, *found.notes)
    assert "pa-ss" not in repr(report.verdicts)


# Which servers are partners


def hub(*spokes: str) -> Tree:
    """Return a configuration with a subnet for each spoke, with which it has a relationship of its own."""
    tree = partner4()
    tree["shared-networks"], tree["subnet4"], tree["hooks-libraries"] = [], [], tree["hooks-libraries"][:1]
    relationships = []
    for number, name in enumerate(spokes, 1):
        [relationship] = ha(f"hub-{name}", peers=peers_of(name, number))["parameters"]["high-availability"]
        relationships.append(relationship)
        context = {"ha-server-name": name}
        tree["subnet4"].append({**plain4(), "id": number, "subnet": f"10.{number}.0.0/24", "user-context": context})
    parameters = {"high-availability": relationships}
    tree["hooks-libraries"].append({"library": "libdhcp_ha.so", "parameters": parameters})
    return tree


def spoke(name: str, number: int) -> Tree:
    tree = hub(name)
    ha_of(tree).update({"this-server-name": name, "peers": peers_of(name, number)})
    tree["subnet4"] = [{**plain4(), "id": number, "subnet": f"10.{number}.0.0/24"}]
    return tree


def peers_of(name: str, number: int) -> list[Tree]:
    return [
        {"name": f"hub-{name}", "role": "standby", "url": f"http://192.0.2.1:800{number}/"},
        {"name": name, "role": "primary", "url": f"http://192.0.2.{number + 1}:8000/"},
    ]


def test_each_relationship_of_a_hub_is_a_pair_of_its_own() -> None:
    reports = judged(hub("east", "west"), spoke("east", 1), spoke("west", 2))
    assert [report.pair.servers for report in reports] == [("dhcp-b", "dhcp-a"), ("dhcp-c", "dhcp-a")]
    assert [unmet(report) for report in reports] == [{}, {}]


def test_a_difference_with_one_spoke_is_none_with_another() -> None:
    other = spoke("west", 2)
    other["subnet4"][0]["id"] = 40
    reports = judged(hub("east", "west"), spoke("east", 1), other)
    assert [unmet(report) for report in reports] == [
        {},
        {SUBNETS: {"other_id": ["subnet 10.2.0.0/24 has id 40 on dhcp-c and 2 on dhcp-a"]}},
    ]


def with_backup(own: str, mode: str = "hot-standby") -> Tree:
    tree = partner4()
    backup = {"name": "backup", "role": "backup", "url": "http://192.0.2.3:8000/"}
    tree["hooks-libraries"][-1] = ha(own, mode=mode, peers=[*PEERS[: 1 if mode == "passive-backup" else 2], backup])
    return tree


def test_a_backup_must_have_the_same_subnets_too() -> None:
    backup = with_backup("backup")
    subnet(backup)["id"] = 7
    [report] = judged(backup, with_backup("server2"), with_backup("server1"))
    assert report.pair.servers == ("dhcp-c", "dhcp-b", "dhcp-a")
    assert unmet(report) == {SUBNETS: {"other_id": ["subnet 10.0.0.0/24 has id 1 on dhcp-c and 7 on dhcp-a"]}}


def test_a_primary_and_its_passive_backup_are_a_pair() -> None:
    [report] = judged(with_backup("server1", "passive-backup"), with_backup("backup", "passive-backup"))
    assert (report.pair.mode, report.pair.servers, unmet(report)) == ("passive-backup", ("dhcp-a", "dhcp-b"), {})


def test_many_pairs_with_the_same_server_names_are_told_apart() -> None:
    one, other = partners()
    third, fourth = partners()
    for tree in (third, fourth):
        for peer in ha_of(tree)["peers"]:
            peer["url"] = peer["url"].replace("192.0.2.", "198.51.100.")
    reports = judged(one, third, fourth, other)
    assert [report.pair.servers for report in reports] == [("dhcp-a", "dhcp-d"), ("dhcp-b", "dhcp-c")]


def test_two_servers_with_the_same_name_are_reported() -> None:
    [report] = judged(*partners(change=lambda tree: ha_of(tree).update({"this-server-name": "server1"})))
    found = unmet(report)[HIGH_AVAILABILITY]
    assert found == {"same_server_name": ["dhcp-a and dhcp-b have this-server-name server1"]}


def test_servers_without_high_availability_are_no_pair() -> None:
    trees = partners()
    for tree in trees:
        del tree["hooks-libraries"][-1]
    assert judged(*trees) == []


def test_daemons_of_different_kinds_are_no_pair() -> None:
    snapshots = [server(tree, "dhcp-a", root) for root in ("Dhcp4", "Dhcp6") for tree in partners(root)[:1]]
    assert [pair.servers for pair in pairs_of(snapshots)] == [("dhcp-a", "server2")] * 2
    assert pairs_of(snapshots, has_all_servers=False) == ()


# A partner that is unknown


def silent_at(host: str, name: str) -> Snapshot:
    snapshot = silent()
    return replace(snapshot, target=replace(snapshot.target, server=name, host=host))


IN_QUESTION = "the partner server2 (192.0.2.2:8000)"


@pytest.mark.parametrize(
    ("others", "evidence", "next_step"),
    [
        pytest.param(
            [],
            f"{IN_QUESTION} is not in the exporter's configuration",
            '- {name: server2, dhcp4: {url: "https://192.0.2.2:8001"}}',
            id="not configured",
        ),
        pytest.param(
            [silent_at("192.0.2.2", "dhcp-b")],
            f"{IN_QUESTION} is dhcp-b, whose configuration is unknown: connect: {refused().detail}",
            "Start the Kea service",
            id="does not answer",
        ),
        pytest.param(
            [silent_at("kea.example.com", "dhcp-b")],
            f"{IN_QUESTION} may be dhcp-b, whose configuration is unknown: connect: {refused().detail}",
            "Start the Kea service",
            id="by another name",
        ),
        pytest.param(
            [silent_at("kea1.example.com", "dhcp-b"), silent_at("kea2.example.com", "dhcp-c")],
            f"{IN_QUESTION} is not among the servers whose configuration is known; unknown is that of dhcp-b, dhcp-c",
            "Look at why these servers do not answer.",
            id="one of several",
        ),
    ],
)
def test_a_partner_that_is_unknown_is_named(others: list[Snapshot], evidence: str, next_step: str) -> None:
    [report] = judged(partners()[0], others=others)
    assert {(verdict.status, verdict.evidence) for verdict in report.verdicts} == {(Status.UNKNOWN, evidence)}
    assert all(next_step in verdict.next_step for verdict in report.verdicts)
    assert report.title == "dhcp-a and server2 dhcp4"


def test_what_is_found_with_a_backup_unknown_is_reported_all_the_same() -> None:
    one, other = with_backup("server1"), with_backup("server2")
    subnet(other)["id"] = 7
    [report] = judged(one, other)
    assert list(unmet(report)) == [SUBNETS]
    assert {verdict.status for verdict in report.verdicts} == {Status.UNMET, Status.UNKNOWN}
    assert "the backup backup (192.0.2.3:8000) is not" in verdicts(report)[POOLS].evidence


# Requirements


@pytest.mark.parametrize("requirement", PAIR_REQUIREMENTS, ids=lambda requirement: requirement.id)
def test_each_cause_has_an_example_and_a_remedy(requirement: PairRequirement) -> None:
    seen = {cause for _, _, _, name, cause, _ in CASES if name == requirement.id}
    assert seen | {"same_server_name"} >= {cause.id for cause in requirement.causes}
    assert all(cause.title and cause.remedy for cause in requirement.causes)
    assert 0 < len(requirement.short) <= 14


def test_without_the_differences_all_is_unknown_that_depends_on_them() -> None:
    failure = Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens there")
    trees = partners(change=lambda tree: subnet(tree).update(id=40))
    [pair] = pairs_of([server(tree, name) for tree, name in zip(trees, (A, B), strict=True)])
    report = judge_pair(PAIR_REQUIREMENTS, compared(pair, lambda _: failure), ())
    assert {(verdict.status, verdict.failure) for verdict in report.verdicts} == {(Status.UNKNOWN, failure)}


def test_a_missing_subnet_is_no_difference_of_other_parts() -> None:
    [report] = judged(*partners(change=lambda tree: tree["subnet4"].clear()))
    assert list(differences_by_hash(report.pair)) == ["subnets"]
    assert set(report.pair.unequal_parts) > {"subnets", "pools", "options"}


# Comparisons of a running exporter


class Read:
    """Counts how often configurations are read, and fails if it is told to."""

    def __init__(self, trees: list[Tree]) -> None:
        self.trees = dict(zip((A, B), trees, strict=True))
        self.count = 0
        self.failure: Failure | None = None

    def __call__(self, target: Target) -> Fact[Prepared]:
        self.count += 1
        return self.failure or prepared("Dhcp4", deepcopy(self.trees[target.server]))


def test_configurations_are_read_again_only_after_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Read(partners(change=lambda tree: subnet(tree).update(id=40)))
    monkeypatch.setattr("kea_exporter.partners.read_now", lambda _: read)
    now = 0.0
    comparisons = Comparisons(lambda: now)

    def found() -> Fact[Mapping[str, object]]:
        [pair] = pairs_of([server(tree, name) for name, tree in read.trees.items()])
        return comparisons.of(pair, ()).differences

    for _ in range(3):
        assert set(known(found())) == {"subnets"}
    assert read.count == 2
    subnet(read.trees[B])["id"] = 41
    assert set(known(found())) == {"subnets"}
    assert read.count == 4
    subnet(read.trees[B])["id"] = 1
    assert found() == {}
    assert read.count == 4

    read.failure = refused()
    subnet(read.trees[B])["id"] = 42
    assert (found(), found()) == (refused(), refused())
    assert read.count == 6
    now += RETRY_SECONDS
    assert found() == refused()
    assert read.count == 8


ODD: list[object] = [None, 5, -1, 10**40, "x", "", [], [[]], {}, [{}], [None], {"a": []}, True]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize(
    "key", ["subnet4", "pools", "option-data", "reservations", "client-classes", "valid-lifetime", "peers", "id"]
)
def test_a_configuration_of_another_shape_is_no_crash(key: str, value: object) -> None:
    """It may be read like this anew, although it was Kea's when it was probed."""
    trees = partners(change=lambda tree: subnet(tree).update(id=40))
    [pair] = pairs_of([server(tree, name) for tree, name in zip(trees, (A, B), strict=True)])
    odd = deepcopy(trees[1])
    holder = ha_of(odd) if key == "peers" else odd if key in odd else subnet(odd)
    holder[key] = value

    def read(target: Target) -> Fact[Prepared]:
        try:
            return prepared("Dhcp4", deepcopy(odd if target.server == B else trees[0]))
        except MalformedAnswerError:  # as the client does
            return refused()

    found = compared(pair, read).differences
    assert isinstance(found, Failure) or found.keys() <= set(PARTS)
