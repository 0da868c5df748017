"""Real partners, compared: each difference is named, what means the same is equal, and remedies help."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from kea_exporter.collector import Collector
from kea_exporter.commands.check import check_command
from kea_exporter.config import settings_from_tree
from kea_exporter.partners import compared, read_now
from kea_exporter.requirements import PAIR_REQUIREMENTS, PairReport, Status, judge_pair, pairs_of
from kea_exporter.transport.deadline import Deadline
from lab.servers.configurations import dhcp, http, subnet4, subnet6
from lab.servers.dhcp_clients import free_dhcp_ports, over_loopback
from lab.servers.high_availability import PARTNER, PRIMARY, HighAvailability, wait_for
from lab.servers.kea import KeaDaemon, Lab, Tree, succeeded
from lab.servers.processes import free_port
from tests.support.exporter import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

ROOTS = {"dhcp4": "Dhcp4", "dhcp6": "Dhcp6"}
SUBNETS, HIGH_AVAILABILITY = "partners-have-the-same-subnets", "partners-agree-on-high-availability"
NETWORK = {"name": "building", "subnet4": [subnet4(3)]}
RESERVATION = {"hw-address": "02:00:00:00:00:0a", "ip-address": "10.0.2.20", "hostname": "printer"}
CLASSES = [{"name": "phones", "test": "option[60].text == 'phone'"}, {"name": "boot", "test": "option[93].exists"}]
OF_BOTH: Tree = {
    "subnet4": [
        subnet4(1, **{"option-data": [{"name": "routers", "data": "10.0.1.1"}]}),
        subnet4(2, reservations=[RESERVATION]),
    ],
    "shared-networks": [NETWORK],
    "client-classes": CLASSES,
    "option-data": [{"name": "domain-name-servers", "data": "10.0.1.2, 10.0.1.3"}],
    "valid-lifetime": 4000,
}


def reports_on(ports: dict[str, int], daemon: str = "dhcp4") -> list[PairReport]:
    """Return the reports on the pairs among servers, as `check` makes them."""
    entries = [{"name": name, daemon: {"url": f"http://127.0.0.1:{port}"}} for name, port in ports.items()]
    daemons = settings_from_tree({"servers": entries}, Path.cwd()).daemons
    reports = Collector().collect(daemons, Deadline.after(20))
    read = read_now(daemons)
    return [
        judge_pair(PAIR_REQUIREMENTS, compared(pair, read), reports)
        for pair in pairs_of([report.snapshot for report in reports])
    ]


def found_in(report: PairReport) -> dict[str, list[str]]:
    """Return the sentences on each requirement that is not met."""
    return {
        verdict.requirement.id: [sentence for problem in verdict.problems for sentence in problem.evidence]
        for verdict in report.verdicts
        if verdict.status is not Status.MET
    }


def configure(daemon: KeaDaemon, tree: Tree, root: str = "Dhcp4") -> None:
    succeeded("config-set", daemon.command("config-set", **{root: tree}))


def relationship(tree: Tree) -> Any:  # noqa: ANN401 - a tree
    [hook] = [hook for hook in tree["hooks-libraries"] if hook["library"].endswith("_ha.so")]
    return hook["parameters"]["high-availability"][0]


class Scene:
    """Two running servers, of which the partner is configured differently for a while."""

    def __init__(self, pair: HighAvailability, tree: Tree, root: str = "Dhcp4") -> None:
        self.root, self.ports = root, pair.control_ports
        self.primary, self.partner = pair.start(PRIMARY, tree=tree), pair.start(PARTNER, tree=tree)

    def report(self) -> PairReport:
        [report] = reports_on(self.ports, self.root.lower())
        return report

    def differing(self, change: Callable[[Tree], object]) -> dict[str, list[str]]:
        """Return what is found while the configuration of the partner is changed; the remedy is to undo that."""
        tree = copy.deepcopy(self.partner.configuration)
        change(tree)
        configure(self.partner, tree, self.root)
        try:
            return found_in(self.report())
        finally:
            configure(self.partner, self.partner.configuration, self.root)
            assert found_in(self.report()) == {}


@pytest.fixture(scope="module")
def scene(chroot: Chroot) -> Iterator[Scene]:
    with Lab(chroot) as lab:
        yield Scene(HighAvailability(lab), OF_BOTH)


def swap_roles(tree: Tree) -> None:
    one, other = relationship(tree)["peers"]
    one["role"], other["role"] = other["role"], one["role"]


A, B = PRIMARY, PARTNER
OF_PRINTER = "subnet 10.0.2.0/24: reservation hw-address 02000000000a"
DIFFERENCES: dict[str, tuple[Callable[[Tree], object], str, list[str]]] = {
    "another id": (
        lambda tree: tree["subnet4"][0].update(id=40),
        SUBNETS,
        [f"subnet 10.0.1.0/24 has id 1 on {A} and 40 on {B}"],
    ),
    "a missing subnet": (lambda tree: tree["subnet4"].pop(), SUBNETS, [f"subnet 10.0.2.0/24 (id 2) is on {A} only"]),
    "a narrower prefix": (
        lambda tree: tree["subnet4"][0].update(subnet="10.0.1.0/25"),
        SUBNETS,
        [f"subnet 10.0.1.0/24 (id 1) is on {A} only", f"subnet 10.0.1.0/25 (id 1) is on {B} only"],
    ),
    "another pool": (
        lambda tree: tree["subnet4"][0].update(pools=[{"pool": "10.0.1.10 - 10.0.1.99"}]),
        "partners-have-the-same-pools",
        [
            f"subnet 10.0.1.0/24: pool 10.0.1.10-10.0.1.109 is on {A} only",
            f"subnet 10.0.1.0/24: pool 10.0.1.10-10.0.1.99 is on {B} only",
        ],
    ),
    "another shared network": (
        lambda tree: tree["shared-networks"][0].update(name="house"),
        "partners-have-the-same-shared-networks",
        [f"subnet 10.0.3.0/24: shared network is building on {A} and house on {B}"],
    ),
    "another reserved address": (
        lambda tree: tree["subnet4"][1]["reservations"][0].update({"ip-address": "10.0.2.21"}),
        "partners-have-the-same-reservations",
        [
            f"{OF_PRINTER}: addresses is 10.0.2.20 on {A} and 10.0.2.21 on {B}",
        ],
    ),
    "another router": (
        lambda tree: tree["subnet4"][0]["option-data"][0].update(data="10.0.1.254"),
        "partners-have-the-same-options",
        [f"subnet 10.0.1.0/24: option dhcp4:3: data is 10.0.1.1 on {A} and 10.0.1.254 on {B}"],
    ),
    "another order of classes": (
        lambda tree: tree["client-classes"].reverse(),
        "partners-have-the-same-client-classes",
        [f"the order of client classes is phones, boot on {A} and boot, phones on {B}"],
    ),
    "another DNS suffix": (
        lambda tree: tree["subnet4"][0].update({"ddns-qualifying-suffix": "b.example."}),
        "partners-have-the-same-ddns",
        [f"subnet 10.0.1.0/24: ddns-qualifying-suffix is empty on {A} and b.example. on {B}"],
    ),
    "a missing hook library": (
        lambda tree: tree["hooks-libraries"].pop(1),
        "partners-have-the-same-hooks",
        [f"hook library host_cmds is on {A} only"],
    ),
    "swapped roles": (
        swap_roles,
        HIGH_AVAILABILITY,
        [
            f"peer {B}: role is standby on {A} and primary on {B}",
            f"peer {A}: role is primary on {A} and standby on {B}",
        ],
    ),
    "no lease updates": (
        lambda tree: relationship(tree).update({"send-lease-updates": False}),
        HIGH_AVAILABILITY,
        [f"send-lease-updates is true on {A} and false on {B}"],
    ),
    "another setting": (
        lambda tree: tree.update({"match-client-id": False}),
        "partners-have-the-same-settings",
        [f"match-client-id is true on {A} and false on {B}"],
    ),
}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_each_difference_is_named_and_undoing_it_helps(scene: Scene, name: str) -> None:
    change, requirement, sentences = DIFFERENCES[name]
    found = scene.differing(change)
    assert list(found) == [requirement]
    assert sorted(found[requirement]) == sorted(sentences)


def rewrite(tree: Tree) -> None:
    """Write the same otherwise: order, notation, defaults."""
    tree["subnet4"].reverse()
    tree["subnet4"][-1] |= {"subnet": "10.0.1.9/24", "pools": [{"pool": "10.0.1.10-10.0.1.109"}], "interface": ""}
    tree["option-data"] = [{"code": 6, "data": "10.0.1.2,10.0.1.3"}]
    tree["subnet4"][0]["reservations"][0]["hw-address"] = "02-00-00-00-00-0A".replace("-", ":").upper()
    found = relationship(tree)
    found["peers"].reverse()
    found |= {"send-lease-updates": True, "max-ack-delay": 10000}


def test_the_same_written_otherwise_is_equal(scene: Scene) -> None:
    assert scene.differing(rewrite) == {}


def test_check_names_the_difference_and_ends_with_1(scene: Scene, tmp_path: Path) -> None:
    servers = [{"name": name, "dhcp4": {"url": f"http://127.0.0.1:{port}"}} for name, port in scene.ports.items()]
    whole = str(written(tmp_path, {"servers": servers}))

    def check(*arguments: str) -> tuple[int, str]:
        ended = CliRunner().invoke(check_command, arguments, standalone_mode=False)
        return ended.return_value, ended.output

    only = ("--only", SUBNETS, "--only", HIGH_AVAILABILITY)
    assert check("--config.file", whole, *only)[0] == 0
    tree = copy.deepcopy(scene.partner.configuration)
    tree["subnet4"][0]["id"] = 40
    configure(scene.partner, tree)
    try:
        code, output = check("--config.file", whole, *only)
    finally:
        configure(scene.partner, scene.partner.configuration)
    assert code == 1
    assert f"subnet 10.0.1.0/24 has id 1 on {A} and 40 on {B}" in output
    (tmp_path / "one").mkdir()
    alone = str(written(tmp_path / "one", {"servers": servers[:1]}))
    code, output = check("--config.file", alone, *only)
    assert code == 2
    assert f"the partner {PARTNER}" in output
    assert f'- {{name: {PARTNER}, dhcp4: {{url: "http://127.0.0.1:' in output
    assert check("--config.file", whole, "--server", PRIMARY, *only)[0] == 0


def test_a_partner_that_stopped_is_unknown(lab: Lab) -> None:
    pair = Scene(HighAvailability(lab), {})
    assert found_in(pair.report()) == {}
    pair.partner.stop()
    report = pair.report()
    assert {verdict.status for verdict in report.verdicts} == {Status.UNKNOWN}
    assert f"is {PARTNER}, whose configuration is unknown" in report.verdicts[0].evidence


def test_load_balancing_and_dhcpv6_are_compared_too(lab: Lab) -> None:
    balanced = Scene(HighAvailability(lab, "load-balancing"), {})
    assert balanced.differing(lambda tree: tree["subnet4"][0].update(id=40)) == {
        SUBNETS: [f"subnet 10.0.1.0/24 has id 1 on {A} and 40 on {B}"]
    }
    of_v6 = Scene(HighAvailability(lab, root="Dhcp6"), {"subnet6": [subnet6(1), subnet6(2)]}, "Dhcp6")
    assert of_v6.differing(lambda tree: tree["subnet6"].pop(0)) == {
        SUBNETS: [f"subnet 2001:db8:1::/48 (id 1) is on {A} only"]
    }


def test_after_the_remedy_clients_are_served_by_a_pair_again(lab: Lab) -> None:
    """The id is corrected and the leases are synchronised, as the remedy says."""
    pair = Scene(HighAvailability(lab), {})
    wait_for(pair.primary, "hot-standby", "hot-standby")
    tree = copy.deepcopy(pair.partner.configuration)
    tree["subnet4"][0]["id"] = 40
    configure(pair.partner, tree)
    wait_for(pair.primary, "hot-standby", "hot-standby")
    lease = {"ip-address": "10.0.1.10", "hw-address": "02:00:00:00:00:01"}
    succeeded("lease4-add", pair.primary.command("lease4-add", **lease))
    configure(pair.partner, pair.partner.configuration)
    wait_for(pair.partner, "hot-standby", "hot-standby")
    answer = pair.partner.command("ha-sync", **{"server-name": PRIMARY, "max-period": 10})
    succeeded("ha-sync", answer)
    found = pair.partner.command("lease4-get", **{"ip-address": "10.0.1.10"})
    assert found["arguments"]["subnet-id"] == 1
    assert found_in(pair.report()) == {}


# Hub and spoke, passive backup.


def with_ha(port: int, subnets: list[Tree], *relationships: Tree) -> Tree:
    tree = dhcp("Dhcp4", [http(port)], subnet4=subnets)
    parameters = {"high-availability": list(relationships)}
    tree["hooks-libraries"].append({"library": "libdhcp_ha.so", "parameters": parameters})
    return tree


def related(own: str, mode: str, *peers: Tree) -> Tree:
    return {
        "this-server-name": own,
        "mode": mode,
        "heartbeat-delay": 100,
        "max-response-delay": 1000,
        "max-unacked-clients": 0,
        "peers": list(peers),
    }


def peer(name: str, role: str, port: int) -> Tree:
    return {"name": name, "role": role, "url": f"http://127.0.0.1:{port}/"}


def test_a_hub_is_compared_with_each_spoke_over_their_subnets(lab: Lab) -> None:
    ports = {name: free_port() for name in ("hub", "east", "west")}
    spokes = {"east": 1, "west": 2}
    peers = {name: (peer(name, "primary", free_port()), peer(f"hub-{name}", "standby", free_port())) for name in spokes}
    in_hub = [subnet4(number, **{"user-context": {"ha-server-name": name}}) for name, number in spokes.items()]
    of_hub = [related(f"hub-{name}", "hot-standby", *peers[name]) for name in spokes]
    hub = lab.start("Dhcp4", with_ha(ports["hub"], in_hub, *of_hub))
    for name, number in spokes.items():
        own = related(name, "hot-standby", *peers[name])
        lab.start("Dhcp4", with_ha(ports[name], [subnet4(number)], own))

    def found() -> dict[tuple[str, ...], dict[str, list[str]]]:
        return {report.pair.servers: found_in(report) for report in reports_on(ports)}

    assert found() == {("east", "hub"): {}, ("west", "hub"): {}}
    tree = copy.deepcopy(hub.configuration)
    tree["subnet4"][1]["id"] = 40
    configure(hub, tree)
    sentence = "subnet 10.0.2.0/24 has id 2 on west and 40 on hub"
    assert found() == {("east", "hub"): {}, ("west", "hub"): {SUBNETS: [sentence]}}


def test_a_passive_backup_is_compared(lab: Lab) -> None:
    ports = {name: free_port() for name in ("primary", "backup")}
    peers = (peer("primary", "primary", free_port()), peer("backup", "backup", free_port()))
    daemons = {
        name: lab.start("Dhcp4", with_ha(port, [subnet4(1)], related(name, "passive-backup", *peers)))
        for name, port in ports.items()
    }
    [report] = reports_on(ports)
    assert (report.pair.mode, report.pair.servers, found_in(report)) == ("passive-backup", ("primary", "backup"), {})
    tree = copy.deepcopy(daemons["backup"].configuration)
    tree["subnet4"][0]["id"] = 40
    configure(daemons["backup"], tree)
    [report] = reports_on(ports)
    assert found_in(report) == {SUBNETS: ["subnet 10.0.1.0/24 has id 1 on primary and 40 on backup"]}


def test_a_pair_that_terminated_serves_again_after_the_remedy(lab: Lab, chroot: Chroot) -> None:
    """The partner refuses leases until both are in `terminated`; then the id is corrected, and both restart."""
    ports = {name: free_dhcp_ports("Dhcp4") for name in (PRIMARY, PARTNER)}
    pair = HighAvailability(lab, more={"max-rejected-lease-updates": 2})

    def start(name: str, number: int) -> KeaDaemon:
        server_port, client_port = ports[name]
        subnet = {"id": number, "subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.0/24"}]}
        arguments = ("-p", str(server_port), "-P", str(client_port))
        return pair.start(name, arguments=arguments, tree={"subnet4": [subnet]})

    primary, partner = start(PRIMARY, 1), start(PARTNER, 40)
    wait_for(primary, "hot-standby", "hot-standby")
    clients = over_loopback(chroot, "Dhcp4", ports[PRIMARY])
    assert clients.ask_in_vain(10).second.received < 10
    wait_for(primary, "terminated")
    [report] = reports_on(pair.control_ports)
    assert found_in(report) == {SUBNETS: [f"subnet 127.0.0.0/8 has id 1 on {A} and 40 on {B}"]}
    primary.stop()
    partner.stop()
    primary, partner = start(PRIMARY, 1), start(PARTNER, 1)
    wait_for(primary, "hot-standby", "hot-standby")
    [report] = reports_on(pair.control_ports)
    assert found_in(report) == {}
    assert clients.ask(5).second.received == 5
    assert len(partner.command("lease4-get-all")["arguments"]["leases"]) == 5
