"""Real servers with one configuration in two spellings have equal hashes; each difference changes those of its part."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.pairs import PARTS
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.lifetime import SETTLED_SECONDS
from kea_exporter.kea.protocol import Answer, Result
from lab.servers.chroot import OLD, ensure
from lab.servers.configurations import dhcp
from lab.servers.high_availability import PARTNER, PRIMARY, HighAvailability
from lab.servers.kea import Lab
from tests.support.exporter import values
from tests.support.one_exporter import one_exporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.facts.pairs import PairConfiguration
    from lab.servers.chroot import Chroot
    from lab.servers.kea import KeaDaemon

pytestmark = pytest.mark.lab

Tree = dict[str, Any]
PHONES = {"name": "phones", "test": "option[60].text == 'phone'"}
PHONES6 = {"name": "phones", "test": "option[16].exists"}
OFFICE = {"ddns-qualifying-suffix": "office.example.org.", "valid-lifetime": 3600}
# Each root twice: as one operator writes it, and as another one does.
SPELLINGS: dict[str, tuple[Tree, Tree]] = {
    "Dhcp4": (
        {
            "client-classes": [PHONES],
            "option-data": [{"name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3"}],
            "subnet4": [
                {
                    "id": 1,
                    "subnet": "10.0.1.0/24",
                    "pools": [
                        {"pool": "10.0.1.0/26", "client-classes": ["phones"]},
                        {"pool": "10.0.1.129-10.0.1.150", "option-data": [{"name": "ntp-servers", "data": "10.0.0.4"}]},
                    ],
                    "option-data": [{"name": "routers", "data": "10.0.1.254"}, {"code": 15, "data": "example.org"}],
                    "reservations": [
                        {"hw-address": "02:00:00:00:00:0a", "ip-address": "10.0.1.200", "hostname": "printer"},
                        {"client-id": "'abc'", "ip-address": "10.0.1.201"},
                    ],
                },
                {"id": 2, "subnet": "10.0.2.0/24", "pools": [{"pool": "10.0.2.10-10.0.2.99"}]},
            ],
            "shared-networks": [
                {
                    "name": "office",
                    **OFFICE,
                    "subnet4": [{"id": 3, "subnet": "10.0.3.0/24", "require-client-classes": ["phones"]}],
                }
            ],
        },
        {
            "client-classes": [{**PHONES, "user-context": {"comment": "phones"}}],
            "option-data": [{"code": 6, "data": "10.0.0.2,10.0.0.3", "csv-format": True}],
            "subnet4": [
                {"id": 2, "subnet": "10.0.2.0/24", "pools": [{"pool": "10.0.2.10 - 10.0.2.99"}], "interface": "lo"},
                {
                    "id": 1,
                    "subnet": "10.0.1.9/24",
                    "pools": [
                        {"pool": "10.0.1.129 - 10.0.1.150", "option-data": [{"code": 42, "data": "10.0.0.4"}]},
                        {"pool": "10.0.1.0 - 10.0.1.63", "client-class": "phones"},
                    ],
                    "option-data": [{"name": "domain-name", "data": "Example.ORG"}, {"code": 3, "data": "10.0.1.254"}],
                    "reservations": [
                        {"client-id": "61:62:63", "ip-address": "10.0.1.201"},
                        {"hw-address": "02:00:00:00:00:0A", "ip-address": "10.0.1.200", "hostname": "PRINTER"},
                    ],
                },
            ],
            "shared-networks": [
                {
                    "name": "office",
                    **OFFICE,
                    "subnet4": [{"id": 3, "subnet": "10.0.3.0/24", "require-client-classes": ["phones"]}],
                }
            ],
            "statistic-default-sample-count": 1,
        },
    ),
    "Dhcp6": (
        {
            "client-classes": [PHONES6],
            "option-data": [{"name": "dns-servers", "data": "2001:db8::1, 2001:db8::2"}],
            "subnet6": [
                {
                    "id": 1,
                    "subnet": "2001:db8:1::/48",
                    "pools": [{"pool": "2001:db8:1::1:0/112", "client-classes": ["phones"]}],
                    "pd-pools": [
                        {"prefix": "2001:db8:1:8000::", "prefix-len": 52, "delegated-len": 56},
                        {
                            "prefix": "2001:db8:1:9000::",
                            "prefix-len": 52,
                            "delegated-len": 56,
                            "excluded-prefix": "2001:db8:1:9000::",
                            "excluded-prefix-len": 64,
                        },
                    ],
                    "reservations": [
                        {
                            "duid": "01:02:03:0a:0b:0c",
                            "ip-addresses": ["2001:db8:1::20", "2001:db8:1::21"],
                            "prefixes": ["2001:db8:1:f000::/56"],
                        }
                    ],
                }
            ],
        },
        {
            "client-classes": [PHONES6],
            "option-data": [{"code": 23, "data": "2001:DB8:0:0::1,2001:db8::2"}],
            "subnet6": [
                {
                    "id": 1,
                    "subnet": "2001:DB8:1:0::5/48",
                    "pools": [{"pool": "2001:db8:1::1:0 - 2001:DB8:1::1:ffff", "client-class": "phones"}],
                    "pd-pools": [
                        {
                            "prefix": "2001:DB8:1:9000:0::",
                            "prefix-len": 52,
                            "delegated-len": 56,
                            "excluded-prefix": "2001:DB8:1:9000::",
                            "excluded-prefix-len": 64,
                        },
                        {"prefix": "2001:db8:1:8000::", "prefix-len": 52, "delegated-len": 56},
                    ],
                    "reservations": [
                        {
                            "duid": "0102030A0B0C",
                            "ip-addresses": ["2001:DB8:1::21", "2001:db8:1:0::20"],
                            "prefixes": ["2001:DB8:1:F000::/56"],
                        }
                    ],
                }
            ],
        },
    ),
}
Servers = tuple["KeaDaemon", "KeaDaemon", "HighAvailability"]


@pytest.fixture(scope="module", params=["Dhcp4", "Dhcp6"])
def servers(chroot: Chroot, request: pytest.FixtureRequest) -> Iterator[tuple[str, Servers]]:
    """Two partners, each with its own spelling of the configuration."""
    first, second = SPELLINGS[request.param]
    with Lab(chroot) as lab:
        pair = HighAvailability(lab, root=request.param)
        yield request.param, (pair.start(PRIMARY, tree=first), pair.start(PARTNER, tree=second), pair)


def of(daemon: KeaDaemon, root: str) -> PairConfiguration:
    tree = daemon.command("config-get")["arguments"][root]
    [found] = read_configuration(Answer(Result.SUCCESS, "", {root: tree})).pair_configurations
    return found


def test_partners_with_one_configuration_in_two_spellings_are_equal(
    servers: tuple[str, Servers], tmp_path_factory: pytest.TempPathFactory
) -> None:
    root, (_, _, pair) = servers
    with one_exporter(tmp_path_factory.mktemp("exporter")) as shared:
        entries = (
            {"name": name, root.lower(): {"url": f"http://127.0.0.1:{port}"}}
            for name, port in pair.control_ports.items()
        )
        page = shared.watch(*entries).samples()
    first, second = (values(page, "kea_config_hash", "part", server=name) for name in (PRIMARY, PARTNER))
    assert set(first) == set(PARTS)
    assert {part for part in PARTS if first[part] != second[part]} == set()
    [of_hashes] = {labels["pair"] for labels, _ in page["kea_config_hash"]}
    [of_status] = {labels["pair"] for labels, _ in page["kea_ha_info"]}
    assert of_hashes == of_status != ""
    assert values(page, "kea_ha_subnets", "server") == dict.fromkeys((PRIMARY, PARTNER), 3 if root == "Dhcp4" else 1)


def subnet(tree: Tree) -> Any:  # noqa: ANN401 - JSON
    return tree["subnet4" if "subnet4" in tree else "subnet6"][0]


def relationship(tree: Tree) -> Any:  # noqa: ANN401 - JSON
    return tree["hooks-libraries"][-1]["parameters"]["high-availability"][0]


DIFFERENCES: dict[str, Callable[[Tree], object]] = {
    "subnets": lambda tree: subnet(tree).update(id=40),
    "pools": lambda tree: subnet(tree)["pools"][0].pop("client-classes"),
    "options": lambda tree: tree["option-data"].clear(),
    "reservations": lambda tree: subnet(tree)["reservations"][0].update(hostname="other"),
    "client_classes": lambda tree: tree["client-classes"][0].update(test="member('KNOWN')"),
    "timers": lambda tree: subnet(tree).update({"valid-lifetime": 1800}),
    "ddns": lambda tree: subnet(tree).update({"ddns-qualifying-suffix": "x."}),
    "hooks": lambda tree: tree["hooks-libraries"].pop(0),
    "ha": lambda tree: relationship(tree).update({"max-unacked-clients": 7}),
    "other": lambda tree: tree.update({"reservations-global": True}),
}


# Of one family alone.
DIFFERENCES_OF_ROOT: dict[str, tuple[str, Callable[[Tree], object]]] = {
    "Dhcp4": ("shared_networks", lambda tree: tree["shared-networks"][0].update(name="other")),
    "Dhcp6": ("prefix_delegation", lambda tree: subnet(tree)["pd-pools"][0].update({"delegated-len": 60})),
}


@pytest.mark.parametrize("part", DIFFERENCES)
def test_one_difference_changes_the_hash_of_its_part(servers: tuple[str, Servers], part: str) -> None:
    def change(tree: Tree) -> None:
        DIFFERENCES[part](tree)
        if part == "timers":  # config-get shows the bounds too
            subnet(tree).update({"min-valid-lifetime": 1800, "max-valid-lifetime": 1800})

    assert parts_that_differ(servers, change) == {part}


def test_a_difference_of_one_family_changes_the_hash_of_its_part(servers: tuple[str, Servers]) -> None:
    part, change = DIFFERENCES_OF_ROOT[servers[0]]
    assert parts_that_differ(servers, change) == {part}


def parts_that_differ(servers: tuple[str, Servers], change: Callable[[Tree], object]) -> set[str]:
    """Return the parts whose hashes differ while the second server has a changed configuration."""
    root, (first, second, _) = servers
    whole = second.command("config-get")["arguments"][root]
    tree = deepcopy(whole)
    change(tree)
    try:
        answer = second.command("config-set", **{root: tree})
        assert answer["result"] == 0, answer
        ours, theirs = of(first, root), of(second, root)
    finally:
        second.command("config-set", **{root: whole})
    return {name for name in PARTS if ours.hashes[name] != theirs.hashes[name]}


def test_a_change_without_a_trace_is_found_after_the_partner_has_changed(
    chroot: Chroot, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Lab(chroot) as lab, one_exporter(tmp_path_factory.mktemp("exporter")) as shared:
        pair = HighAvailability(lab)
        first, second = pair.start(PRIMARY), pair.start(PARTNER)
        time.sleep(SETTLED_SECONDS + 3)
        entries = (
            {"name": name, "dhcp4": {"url": f"http://127.0.0.1:{port}"}} for name, port in pair.control_ports.items()
        )
        exporter = shared.watch(*entries)

        def hashes(part: str) -> list[float]:
            found = values(exporter.samples(), "kea_config_hash", "server", part=part)
            return [found[PRIMARY], found[PARTNER]]

        before = hashes("options")
        router = {"id": 1, "subnet": "10.0.1.0/24", "option-data": [{"name": "routers", "data": "10.0.1.254"}]}
        assert first.command("subnet4-delta-add", subnet4=[router])["result"] == 0
        unseen = hashes("options")
        tree = second.command("config-get")["arguments"]["Dhcp4"]
        tree["subnet4"][0]["option-data"] = router["option-data"]
        assert second.command("config-set", Dhcp4=tree)["result"] == 0
        seen = hashes("options")
        after = hashes("options")
    assert before[0] == before[1]
    assert unseen == before
    assert seen[1] != before[1]
    assert after == [seen[1], seen[1]]


@pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6"])
def test_kea_2_6_and_3_0_are_equal_but_for_their_hooks(chroot: Chroot, root: str) -> None:
    first, second = SPELLINGS[root]
    with Lab(chroot) as lab, Lab(ensure(OLD)) as old_lab:
        new = lab.start(root, dhcp(root, [], (), **first))
        old_tree = dhcp(root, [], (), **second)
        old_tree.pop("control-sockets")
        old = old_lab.start(root, old_tree)
        ours, theirs = of(new, root), of(old, root)
    assert {part for part in PARTS if ours.hashes[part] != theirs.hashes[part]} == set()
