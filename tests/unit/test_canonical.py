"""The canonical form of what HA partners share: which differences of configurations change which hashes."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.pairs import FORM_VERSION, PARTS, PARTS_OF_SUBNETS
from kea_exporter.kea.canonical import pair_configurations
from kea_exporter.kea.prepared import prepared
from tests.support.partners import ha, option, partner4, partner6

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.facts.pairs import PairConfiguration

Tree = dict[str, Any]
Change = "Callable[[Tree], object]"
ROOTS = {"Dhcp4": partner4, "Dhcp6": partner6}


def of(tree: Tree, root: str = "Dhcp4") -> PairConfiguration:
    """Return the only relationship of a configuration."""
    (found,) = pair_configurations(prepared(root, tree))
    return found


def changed_parts(root: str, change: Callable[[Tree], object]) -> set[str]:
    """Return the parts whose hashes a change of a configuration changes."""
    tree = ROOTS[root]()
    before, after = of(tree, root), of(changed(tree, change), root)
    return {part for part in PARTS if before.hashes[part] != after.hashes[part]}


def changed(tree: Tree, change: Callable[[Tree], object]) -> Tree:
    copy = deepcopy(tree)
    change(copy)
    return copy


def subnet4(tree: Tree) -> Any:  # noqa: ANN401 - a tree
    return tree["subnet4"][0]


def network4(tree: Tree) -> Any:  # noqa: ANN401 - a tree
    return tree["shared-networks"][0]


def subnet6(tree: Tree) -> Any:  # noqa: ANN401 - a tree
    return tree["subnet6"][0]


def relationship(tree: Tree) -> Any:  # noqa: ANN401 - a tree
    return tree["hooks-libraries"][-1]["parameters"]["high-availability"][0]


def rewrite4(tree: Tree) -> None:
    """Write the same in another order and spelling, and with the keys of Kea 2.6."""
    first, second = subnet4(tree), network4(tree)["subnet4"][0]
    for holder, key in (
        (tree, "option-data"),
        (tree, "option-def"),
        (first, "pools"),
        (first, "option-data"),
        (first, "reservations"),
    ):
        holder[key].reverse()
    first["pools"][0]["pool"] = "10.0.0.128 - 10.0.0.255"
    first["pools"][0]["client-class"] = first["pools"][0].pop("client-classes")[0]
    second["pools"][0]["pool"] = "10.0.1.0-10.0.1.127"
    second["client-class"] = second.pop("client-classes")[0]
    second["subnet"] = "10.0.1.9/24"
    first["option-data"][0]["data"] = "Example.ORG."
    first["pools"][1]["option-data"][0]["data"] = "10.0.0.2,10.0.0.3"
    tree["option-data"][0]["data"] = "0a 0b"
    first["reservations"][0]["client-id"] = "'abc'"
    first["reservations"][1] |= {"hw-address": "02-00-00-00-00-0A", "hostname": "PRINTER", "next-server": "0.0.0.0"}
    tree["client-classes"][0]["only-if-required"] = False
    tree["hooks-libraries"][0]["library"] = "libdhcp_lease_cmds.so"


def rewrite6(tree: Tree) -> None:
    """Write the same in another order and spelling."""
    subnet = subnet6(tree)
    subnet["subnet"] = "2001:DB8:1:0::5/48"
    subnet["pools"][0]["pool"] = "2001:db8:1:0:0:0:1:0 - 2001:DB8:1::1:ffff"
    subnet["pd-pools"].reverse()
    subnet["pd-pools"][0] |= {"prefix": "2001:DB8:1:9000:0::", "excluded-prefix": "2001:db8:1:9000:0:0:0:0"}
    subnet["option-data"].reverse()
    subnet["option-data"][1]["data"] = "2001:DB8:0::1,2001:db8::2"
    subnet["reservations"][0] |= {
        "duid": "010203040506",
        "ip-addresses": ["2001:DB8:1::21", "2001:db8:1:0::20"],
        "prefixes": ["2001:DB8:1:F000::/56"],
    }
    tree["allow-address-registration"] = True  # Kea 3.3
    tree["hooks-libraries"].reverse()
    tree["hooks-libraries"].append(tree["hooks-libraries"].pop(0))


@pytest.mark.parametrize(("root", "change"), [("Dhcp4", rewrite4), ("Dhcp6", rewrite6)])
def test_the_same_in_another_spelling_is_equal(root: str, change: Callable[[Tree], object]) -> None:
    tree = ROOTS[root]()

    before, after = of(tree, root), of(changed(tree, change), root)

    assert changed(tree, change) != tree
    assert after.hashes == before.hashes
    assert set(after.hashes) == set(PARTS)
    assert after.subnet_hashes == before.subnet_hashes
    assert after.prefixes == before.prefixes


def test_the_other_server_of_a_relationship_is_equal() -> None:
    peers = [
        {"name": "server2", "role": "standby", "url": "HTTP://192.0.2.2:8000", "auto-failover": True},
        {"name": "server1", "role": "primary", "url": "http://192.0.2.1:8000/x", "basic-auth-password": "secret"},
    ]
    other = ha("server2", peers=peers, **{"heartbeat-delay": 10000, "trust-anchor": "/ca.pem", "state-machine": {}})

    def change(tree: Tree) -> None:
        tree["hooks-libraries"][-1] = other

    assert changed_parts("Dhcp4", change) == set()
    assert of(changed(partner4(), change)).pair == of(partner4()).pair == "192.0.2.1:8000 192.0.2.2:8000"


# What is changed, the root, how, and the parts that it changes.
CHANGES: list[tuple[str, str, Callable[[Tree], object], set[str]]] = [
    ("subnet id", "Dhcp4", lambda tree: subnet4(tree).update(id=40), {"subnets"}),
    ("end of a pool", "Dhcp4", lambda tree: subnet4(tree)["pools"][0].update(pool="10.0.0.10-10.0.0.98"), {"pools"}),
    ("guard of a pool", "Dhcp4", lambda tree: subnet4(tree)["pools"][1].pop("client-classes"), {"pools"}),
    ("pool id", "Dhcp4", lambda tree: subnet4(tree)["pools"][1].update({"pool-id": 8}), {"pools"}),
    ("a further pool", "Dhcp4", lambda tree: subnet4(tree)["pools"].append({"pool": "10.0.0.100/32"}), {"pools"}),
    (
        "delegated length",
        "Dhcp6",
        lambda tree: subnet6(tree)["pd-pools"][0].update({"delegated-len": 60}),
        {"prefix_delegation"},
    ),
    (
        "excluded prefix",
        "Dhcp6",
        lambda tree: subnet6(tree)["pd-pools"][1].pop("excluded-prefix"),
        {"prefix_delegation"},
    ),
    (
        "option of a pool of prefixes",
        "Dhcp6",
        lambda tree: subnet6(tree)["pd-pools"][1]["option-data"].append(option(23, "2001:db8::3", "dhcp6")),
        {"options"},
    ),
    ("name of a network", "Dhcp4", lambda tree: network4(tree).update(name="house"), {"shared_networks"}),
    (
        "guard of a subnet",
        "Dhcp4",
        lambda tree: network4(tree)["subnet4"][0].pop("client-classes"),
        {"shared_networks"},
    ),
    ("option of the daemon", "Dhcp4", lambda tree: tree["option-data"].append(option(12, "x")), {"options"}),
    ("option of a network", "Dhcp4", lambda tree: network4(tree)["option-data"].clear(), {"options"}),
    (
        "option of a subnet",
        "Dhcp4",
        lambda tree: subnet4(tree)["option-data"][0].update(data="10.0.0.254"),
        {"options"},
    ),
    ("option of a pool", "Dhcp4", lambda tree: subnet4(tree)["pools"][0]["option-data"].clear(), {"options"}),
    ("always-send", "Dhcp4", lambda tree: subnet4(tree)["option-data"][0].update({"always-send": True}), {"options"}),
    ("option definition", "Dhcp4", lambda tree: tree["option-def"][0].update(type="uint8"), {"options"}),
    (
        "reserved address",
        "Dhcp4",
        lambda tree: subnet4(tree)["reservations"][0].update({"ip-address": "10.0.0.22"}),
        {"reservations"},
    ),
    (
        "identifier",
        "Dhcp4",
        lambda tree: subnet4(tree)["reservations"][0].update({"hw-address": "02:00:00:00:00:0b"}),
        {"reservations"},
    ),
    ("reservation of all", "Dhcp4", lambda tree: tree["reservations"].clear(), {"reservations"}),
    ("reserved prefix", "Dhcp6", lambda tree: subnet6(tree)["reservations"][0]["prefixes"].clear(), {"reservations"}),
    (
        "test of a class",
        "Dhcp4",
        lambda tree: tree["client-classes"][0].update(test="member('KNOWN')"),
        {"client_classes"},
    ),
    ("order of classes", "Dhcp4", lambda tree: tree["client-classes"].reverse(), {"client_classes"}),
    ("lifetime of a subnet", "Dhcp4", lambda tree: subnet4(tree).update({"valid-lifetime": 3600}), {"timers"}),
    ("lifetime of the daemon", "Dhcp4", lambda tree: tree.update({"valid-lifetime": 3600}), {"timers"}),
    ("reclamation", "Dhcp4", lambda tree: tree["expired-leases-processing"].clear(), {"timers"}),
    (
        "DNS suffix of a subnet",
        "Dhcp4",
        lambda tree: network4(tree)["subnet4"][0].pop("ddns-qualifying-suffix"),
        {"ddns"},
    ),
    ("DNS updates", "Dhcp4", lambda tree: tree["dhcp-ddns"].update({"enable-updates": False}), {"ddns"}),
    ("DNS updates of all", "Dhcp4", lambda tree: tree.update({"ddns-send-updates": False}), {"ddns"}),
    ("parameter of a hook", "Dhcp4", lambda tree: tree["hooks-libraries"][1]["parameters"].clear(), {"hooks"}),
    ("missing hook", "Dhcp4", lambda tree: tree["hooks-libraries"].pop(0), {"hooks"}),
    ("persist", "Dhcp4", lambda tree: tree["lease-database"].update(persist=False), {"lease_database"}),
    ("type of database", "Dhcp4", lambda tree: tree["lease-database"].update(type="mysql"), {"lease_database"}),
    ("mode", "Dhcp4", lambda tree: relationship(tree).update(mode="load-balancing"), {"ha"}),
    ("swapped roles", "Dhcp4", lambda tree: swap_roles(relationship(tree)["peers"]), {"ha"}),
    ("name of a peer", "Dhcp4", lambda tree: relationship(tree)["peers"][1].update(name="other"), {"ha"}),
    ("delay of heartbeats", "Dhcp4", lambda tree: relationship(tree).update({"heartbeat-delay": 5000}), {"ha"}),
    ("match-client-id", "Dhcp4", lambda tree: tree.update({"match-client-id": False}), {"other"}),
    ("allocator of a subnet", "Dhcp4", lambda tree: subnet4(tree).update(allocator="random"), {"other"}),
    ("authoritative network", "Dhcp4", lambda tree: network4(tree).update(authoritative=True), {"other"}),
    ("rapid commit", "Dhcp6", lambda tree: subnet6(tree).update({"rapid-commit": True}), {"other"}),
]


def swap_roles(peers: list[Tree]) -> None:
    peers[0]["role"], peers[1]["role"] = peers[1]["role"], peers[0]["role"]


@pytest.mark.parametrize(("root", "change", "parts"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_each_change_changes_its_part_alone(root: str, change: Callable[[Tree], object], parts: set[str]) -> None:
    assert changed_parts(root, change) == parts


# What may differ between partners.
LEGITIMATE: list[tuple[str, str, Callable[[Tree], object]]] = [
    ("relay", "Dhcp4", lambda tree: subnet4(tree).update(relay={"ip-addresses": ["10.0.0.1"]})),
    ("server tag", "Dhcp4", lambda tree: tree.update({"server-tag": "a"})),
    ("loggers", "Dhcp4", lambda tree: tree["loggers"][0].update(severity="DEBUG")),
    ("user context", "Dhcp4", lambda tree: subnet4(tree).update({"user-context": {"name": "other"}})),
    ("sample count", "Dhcp4", lambda tree: tree.update({"statistic-default-sample-count": 1})),
    ("interval of clean-up", "Dhcp4", lambda tree: tree["lease-database"].update({"lfc-interval": 60})),
    ("interfaces", "Dhcp4", lambda tree: tree["interfaces-config"].update(interfaces=["eth1"])),
    ("control sockets", "Dhcp4", lambda tree: tree.update({"control-sockets": [{"socket-type": "unix"}]})),
    ("address of D2", "Dhcp4", lambda tree: tree["dhcp-ddns"].update({"server-ip": "192.0.2.7"})),
    ("folder of hooks", "Dhcp4", lambda tree: tree["hooks-libraries"][0].update(library="/x/libdhcp_lease_cmds.so")),
    ("path of leases", "Dhcp4", lambda tree: tree["lease-database"].update(name="/x/leases.csv")),
    ("empty network", "Dhcp4", lambda tree: tree["shared-networks"].append({"name": "empty", "subnet4": []})),
    ("server id", "Dhcp6", lambda tree: tree["server-id"].update(time=2)),
    ("interface", "Dhcp6", lambda tree: subnet6(tree).update(interface="eth1")),
]


@pytest.mark.parametrize(("root", "change"), [row[1:] for row in LEGITIMATE], ids=[row[0] for row in LEGITIMATE])
def test_what_may_differ_changes_nothing(root: str, change: Callable[[Tree], object]) -> None:
    assert changed_parts(root, change) == set()


def test_a_missing_subnet_does_not_shift_the_others() -> None:
    tree = partner4()
    both, alone = of(tree), of(changed(tree, lambda copy: copy["subnet4"].clear()))

    assert (both.prefixes, list(both.ids)) == (("10.0.0.0/24", "10.0.1.0/24"), [1, 2])
    assert (alone.prefixes, list(alone.ids)) == (("10.0.1.0/24",), [2])
    for part in PARTS_OF_SUBNETS:
        assert alone.subnet_hashes[part][0] == both.subnet_hashes[part][1], part
    assert alone.hashes["subnets"] != both.hashes["subnets"]


# By version of the form: a change of hashes needs another version, and an entry in the release notes.
HASHES_OF_VERSIONS = {"1": {"Dhcp4": 20_606_919_195_402, "Dhcp6": 181_480_186_472_359}}


@pytest.mark.parametrize("root", ROOTS)
def test_hashes_change_with_the_version_of_the_form_only(root: str) -> None:
    found = of(ROOTS[root](), root)
    assert sum(found.hashes.values()) % 2**48 == HASHES_OF_VERSIONS[FORM_VERSION][root]
