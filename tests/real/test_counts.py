"""Subnets, pools and leases on the page, against what is counted from Kea's own leases and configuration by hand."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from lab.servers.chroot import OLD, LabUnavailableError, ensure
from lab.servers.configurations import HOOKS, dhcp, http, subnet4, subnet6
from lab.servers.dhcp_clients import INTERFACE, Cable, cable, wait_until_serving
from lab.servers.kea import KeaDaemon, Lab, Tree
from lab.servers.processes import START_SECONDS, free_port
from tests.support.exporter import Exporter, Samples, values
from tests.support.one_exporter import OneExporter, one_exporter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

pytestmark = pytest.mark.lab

WITHOUT_STAT_CMDS = tuple(hook for hook in HOOKS if hook != "stat_cmds")
BOTH_WAYS = pytest.mark.parametrize("hooks", [HOOKS, WITHOUT_STAT_CMDS], ids=["stat_cmds", "statistics"])
ONE_WAY_EACH = pytest.mark.parametrize(
    ("root", "hooks"), [("Dhcp4", HOOKS), ("Dhcp6", WITHOUT_STAT_CMDS)], ids=["Dhcp4-stat_cmds", "Dhcp6-statistics"]
)
OTHER_WAY_EACH = pytest.mark.parametrize(
    ("root", "hooks"), [("Dhcp4", WITHOUT_STAT_CMDS), ("Dhcp6", HOOKS)], ids=["Dhcp4-statistics", "Dhcp6-stat_cmds"]
)
BOTH_DAEMONS = pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6"])
# States of a lease; one that expired is only kept to be given to the same client again.
ASSIGNED, DECLINED, EXPIRED, _, REGISTERED = range(5)

# Two pools of a subnet share a pool-id, another has none; a shared network; reservations everywhere they may stand.
SITE4: Tree = {
    "reservations": [{"hw-address": "02:00:00:00:ff:01", "hostname": "global"}],
    "subnet4": [
        {
            "id": 1,
            "subnet": "10.99.0.0/16",
            "pools": [
                {"pool": "10.99.1.1-10.99.1.10", "pool-id": 7},
                {"pool": "10.99.2.0/28", "pool-id": 7},
                {"pool": "10.99.3.0 - 10.99.3.9"},
            ],
            "reservations": [{"hw-address": "02:00:00:00:ff:02", "ip-address": "10.99.9.9"}],
        },
        {"id": 4, "subnet": "10.4.0.0/24"},
    ],
    "shared-networks": [
        {
            "name": "office",
            "subnet4": [
                {
                    "id": 2,
                    "subnet": "10.2.0.0/24",
                    "pools": [{"pool": "10.2.0.0/25"}],
                    "reservations": [{"hw-address": "02:00:00:00:ff:03", "ip-address": "10.2.0.3"}],
                },
                {"id": 3, "subnet": "10.3.0.0/24", "pools": [{"pool": "10.3.0.0/24"}]},
            ],
        }
    ],
}
SITE6: Tree = {
    "reservations": [{"duid": "01:02:03:ff:01", "hostname": "global"}],
    "subnet6": [
        {
            "id": 1,
            "subnet": "fd99::/64",
            "pools": [
                {"pool": "fd99::1:0/124", "pool-id": 7},
                {"pool": "fd99::2:0-fd99::2:9", "pool-id": 7},
                {"pool": "fd99::3:0/120"},
            ],
            "pd-pools": [
                {"prefix": "2001:db8:1::", "prefix-len": 48, "delegated-len": 52, "pool-id": 3},
                {"prefix": "2001:db8:2::", "prefix-len": 48, "delegated-len": 56, "pool-id": 3},
                {"prefix": "2001:db8:3::", "prefix-len": 48, "delegated-len": 64},
            ],
            "reservations": [{"duid": "01:02:03:ff:02", "ip-addresses": ["fd99::9:9"]}],
        },
        {"id": 4, "subnet": "2001:db8:4::/64", "pools": [{"pool": "2001:db8:4::/64"}]},
        {"id": 5, "subnet": "4000::/7", "pools": [{"pool": "4000::/8"}]},
    ],
    "shared-networks": [
        {
            "name": "office",
            "subnet6": [
                {
                    "id": 2,
                    "subnet": "2001:db8:200::/64",
                    "pools": [{"pool": "2001:db8:200::/112"}],
                    "reservations": [{"duid": "01:02:03:ff:03", "ip-addresses": ["2001:db8:200::3"]}],
                },
                {
                    "id": 3,
                    "subnet": "2001:db8:300::/64",
                    "pd-pools": [{"prefix": "2001:db8:3000::", "prefix-len": 36, "delegated-len": 40}],
                },
            ],
        }
    ],
}
SITES = {"Dhcp4": SITE4, "Dhcp6": SITE6}


def on_the_wire(root: str) -> Tree:
    """Return the site as it is served to clients at the other end of the cable."""
    key = f"subnet{root[-1]}"
    first, *others = SITES[root][key]
    served = {**first, "interface": INTERFACE}
    return {**SITES[root], key: [served, *others], "interfaces-config": {"interfaces": [INTERFACE]}}


# By family, and by the values of the labels beside server and daemon.
Numbers = dict[str, dict[tuple[str, ...], float]]
OF_SUBNET, OF_POOL = ("subnet_id", "subnet", "shared_network"), ("subnet_id", "pool_id")
COUNTED = ("addresses", "addresses_assigned", "addresses_declined", "address_assignments_total")
DELEGATED = ("prefixes", "prefixes_assigned", "prefix_assignments_total")
LABELS = {
    "kea_subnets": (),
    "kea_shared_networks": (),
    "kea_reservations": (),
    "kea_leases": ("kind", "state"),
    **{f"kea_subnet_{name}": OF_SUBNET for name in (*COUNTED, *DELEGATED)},
    **{f"kea_pool_{name}": OF_POOL for name in (*COUNTED, *DELEGATED)},
}


def on_page(samples: Samples) -> Numbers:
    """Return what the page says of all families that count."""
    return {
        family: {tuple(found[label] for label in labels): value for found, value in samples[family]}
        for family, labels in LABELS.items()
        if family in samples
    }


@dataclass(frozen=True)
class Pool:
    """The addresses from first to last; or a number of prefixes, which lie there."""

    number: int
    first: int
    last: int
    size: int

    @classmethod
    def read(cls, entry: Tree) -> Pool:
        number = entry.get("pool-id", 0)
        if "prefix" in entry:
            network = ip_network(f"{entry['prefix']}/{entry['prefix-len']}")
            size = 2 ** (entry["delegated-len"] - entry["prefix-len"])
            return cls(number, int(network[0]), int(network[-1]), size)
        if "/" in entry["pool"]:
            network = ip_network(entry["pool"])
            return cls(number, int(network[0]), int(network[-1]), network.num_addresses)
        first, last = (int(ip_address(end.strip())) for end in entry["pool"].split("-"))
        return cls(number, first, last, last - first + 1)

    def __contains__(self, lease: Tree) -> bool:
        return self.first <= int(ip_address(lease["ip-address"])) <= self.last


class HandCount:
    """Counts Kea's own configuration and leases; only what no lease tells any more is asked of the statistics."""

    def __init__(self, daemon: KeaDaemon) -> None:
        self.numbers: Numbers = defaultdict(dict)
        self._daemon = daemon
        version = daemon.root[-1]
        tree = daemon.command("config-get")["arguments"][daemon.root]
        answer = daemon.command(f"lease{version}-get-all")
        self._leases: list[Tree] = answer["arguments"]["leases"] if answer["result"] == 0 else []
        networks = [{"name": "", **tree}, *tree["shared-networks"]]
        subnets = [(entry, network["name"]) for network in networks for entry in network[f"subnet{version}"]]
        for subnet, network in subnets:
            self._count(subnet, network)
        reserved = sum(len(scope["reservations"]) for scope in (tree, *(subnet for subnet, _ in subnets)))
        self.numbers["kea_subnets"][()] = len(subnets)
        self.numbers["kea_shared_networks"][()] = len(networks) - 1
        self.numbers["kea_reservations"][()] = reserved
        self._sum_up()

    def _count(self, subnet: Tree, network: str) -> None:
        number = subnet["id"]
        leases = [
            lease for lease in self._leases if lease["subnet-id"] == number and lease["state"] in {ASSIGNED, DECLINED}
        ]
        pools = {key: [Pool.read(pool) for pool in subnet.get(f"{key}s", [])] for key in ("pool", "pd-pool")}
        of = f"subnet[{number}]"
        labels = (str(number), subnet["subnet"], network)
        self._addresses("kea_subnet", labels, of, pools["pool"], leases)
        self._prefixes("kea_subnet", labels, of, pools["pd-pool"], leases)
        for key, add in (("pool", self._addresses), ("pd-pool", self._prefixes)):
            for shared in {pool.number for pool in pools[key]}:
                same = [pool for pool in pools[key] if pool.number == shared]
                within = [lease for lease in leases if any(lease in pool for pool in same)]
                add("kea_pool", (str(number), str(shared)), f"{of}.{key}[{shared}]", same, within)

    def _addresses(
        self, family: str, labels: tuple[str, ...], of: str, pools: Iterable[Pool], leases: Iterable[Tree]
    ) -> None:
        found = [lease for lease in leases if lease.get("type") != "IA_PD"]
        name = "cumulative-assigned-addresses" if self._daemon.root == "Dhcp4" else "cumulative-assigned-nas"
        self.numbers[f"{family}_addresses"][labels] = sum(pool.size for pool in pools)
        self.numbers[f"{family}_addresses_assigned"][labels] = len(found)
        self.numbers[f"{family}_addresses_declined"][labels] = sum(lease["state"] == DECLINED for lease in found)
        self.numbers[f"{family}_address_assignments_total"][labels] = statistic(self._daemon, f"{of}.{name}")

    def _prefixes(
        self, family: str, labels: tuple[str, ...], of: str, pools: Iterable[Pool], leases: Iterable[Tree]
    ) -> None:
        if self._daemon.root == "Dhcp6":
            ever = statistic(self._daemon, f"{of}.cumulative-assigned-pds")
            self.numbers[f"{family}_prefixes"][labels] = sum(pool.size for pool in pools)
            self.numbers[f"{family}_prefixes_assigned"][labels] = sum(lease["type"] == "IA_PD" for lease in leases)
            self.numbers[f"{family}_prefix_assignments_total"][labels] = ever

    def _sum_up(self) -> None:
        declined = sum(self.numbers["kea_subnet_addresses_declined"].values())
        leases = self.numbers["kea_leases"]
        leases["address", "assigned"] = sum(self.numbers["kea_subnet_addresses_assigned"].values()) - declined
        leases["address", "declined"] = declined
        if self._daemon.root == "Dhcp6":
            leases["prefix", "assigned"] = sum(self.numbers["kea_subnet_prefixes_assigned"].values())


def by_hand(daemon: KeaDaemon, *, pools: bool = False) -> Numbers:
    """Return what the page should say, with or without series of pools."""
    numbers = HandCount(daemon).numbers
    return {family: found for family, found in numbers.items() if pools or not family.startswith("kea_pool")}


def statistic(daemon: KeaDaemon, name: str) -> int:
    """Return what Kea says of one statistic; 0 where it has none."""
    samples = daemon.command("statistic-get", name=name)["arguments"].get(name, [[0]])
    return int(samples[0][0])


@pytest.fixture
def wire(lab: Lab) -> Iterator[Cable]:
    try:
        with cable(lab) as laid:
            yield laid
    except LabUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def shared_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneExporter]:
    with one_exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


def watched(shared_exporter: OneExporter, url: str, root: str, **collect: object) -> Exporter:
    return shared_exporter.watch({"name": "kea", root.lower(): {"url": url, "collect": collect}})


def add_lease(daemon: KeaDaemon, address: str, subnet: int, state: int = ASSIGNED, **more: object) -> None:
    number = int(ip_address(address)) % 2**32
    client = ":".join(f"{byte:02x}" for byte in number.to_bytes(4, "big"))
    version = daemon.root[-1]
    identity = {"hw-address": f"02:00:{client}"} if version == "4" else {"duid": f"01:02:{client}", "iaid": 1}
    lease = {"ip-address": address, "subnet-id": subnet, "state": state, **identity, **more}
    answer = daemon.command(f"lease{version}-add", **lease)
    assert answer["result"] == 0, answer


def add_leases(daemon: KeaDaemon) -> None:
    """Add leases in and beside the pools of the site, in each place two assigned, one declined and one expired."""
    if daemon.root == "Dhcp4":
        in_use = {"10.99.2.1": 1, "10.99.3.": 1, "10.99.200.": 1, "10.2.0.": 2, "10.3.0.": 3}
    else:
        in_use = {"fd99::2:": 1, "fd99::3:": 1, "fd99::aaaa:": 1, "2001:db8:200::": 2, "2001:db8:4::": 4, "4000::": 5}
        delegated = {"2001:db8:1:f000::": (1, 52), "2001:db8:3:77::": (1, 64), "2001:db8:3100::": (3, 40)}
        for prefix, (subnet, length) in delegated.items():
            add_lease(daemon, prefix, subnet, type="IA_PD", **{"prefix-len": length})
    for start, subnet in in_use.items():
        for host, state in enumerate((ASSIGNED, ASSIGNED, DECLINED, EXPIRED), start=1):
            add_lease(daemon, f"{start}{host}", subnet, state)


@BOTH_DAEMONS
@BOTH_WAYS
def test_every_number_on_the_page_is_what_kea_has(
    lab: Lab, wire: Cable, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    daemon = lab.start(root, dhcp(root, [], hooks, **on_the_wire(root)), run_by=wire.server)
    clients = wire.clients4 if root == "Dhcp4" else wire.clients6
    exporter = watched(shared_exporter, f"unix:{daemon.unix_socket}", root, pools=True)
    assert on_page(exporter.samples()) == by_hand(daemon, pools=True)
    wait_until_serving(daemon)
    assert clients.ask(12).second.received >= 12
    add_leases(daemon)
    page = on_page(exporter.samples())
    assert page == by_hand(daemon, pools=True)
    added = 5 if root == "Dhcp4" else 6
    assert page["kea_leases"]["address", "assigned"] == 12 + 2 * added
    assert page["kea_leases"]["address", "declined"] == added
    [(_, ever)] = [(key, count) for key, count in page["kea_subnet_address_assignments_total"].items() if key[0] == "1"]
    assert ever == 12
    if root == "Dhcp6":
        assert page["kea_pool_addresses"]["4", "0"] == 18446744073709551616
        assert page["kea_pool_addresses"]["5", "0"] == 2**120


@pytest.fixture(scope="module")
def old_lab() -> Iterator[Lab]:
    with Lab(ensure(OLD)) as lab:
        yield lab


@BOTH_DAEMONS
@pytest.mark.parametrize("hooks", [("lease_cmds", "stat_cmds"), ("lease_cmds",)], ids=["stat_cmds", "statistics"])
def test_kea_2_6_tells_the_same(old_lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]) -> None:
    [folder] = old_lab.chroot.root.glob("usr/lib/*/kea/hooks")
    libraries = [{"library": old_lab.inside(folder / f"libdhcp_{hook}.so")} for hook in hooks]
    tree = {**dhcp(root, [], **SITES[root]), "hooks-libraries": libraries}
    tree.pop("control-sockets")
    daemon = old_lab.start(root, tree)
    add_leases(daemon)
    samples = watched(shared_exporter, f"unix:{daemon.unix_socket}", root, pools=True).samples()
    assert on_page(samples) == by_hand(daemon, pools=True)
    assert values(samples, "kea_version_info", "version") == {"2.6.3": 1}


def start(lab: Lab, root: str, hooks: tuple[str, ...] = HOOKS, **more: object) -> tuple[KeaDaemon, str]:
    """Start the site on loopback, with leases."""
    port = free_port()
    daemon = lab.start(root, dhcp(root, [http(port)], hooks, **{**SITES[root], **more}))
    add_leases(daemon)
    return daemon, f"http://127.0.0.1:{port}"


def done(answer: Tree) -> None:
    assert answer["result"] == 0, answer


@BOTH_DAEMONS
@BOTH_WAYS
def test_subnets_come_and_go_at_run_time(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    daemon, url = start(lab, root, hooks)
    version = root[-1]
    exporter = watched(shared_exporter, url, root)
    before = on_page(exporter.samples())
    assert before == by_hand(daemon)
    done(daemon.command(f"subnet{version}-del", id=1))
    gone = on_page(exporter.samples())
    assert gone == by_hand(daemon)
    assert ids(gone, "kea_subnet_addresses") == ids(before, "kea_subnet_addresses") - {"1"}
    assert gone["kea_leases"]["address", "assigned"] < before["kea_leases"]["address", "assigned"]
    new = {"subnet": "192.0.2.0/24" if version == "4" else "2001:db8:fff::/48", "id": 1}
    done(daemon.command(f"subnet{version}-add", **{f"subnet{version}": [new]}))
    again = on_page(exporter.samples())
    # The leases of the old subnet count in the new one, as Kea itself has it.
    assert again == by_hand(daemon)
    assert ("1", new["subnet"], "") in again["kea_subnet_addresses"]
    assert ids(again, "kea_subnet_addresses") == ids(before, "kea_subnet_addresses")


def ids(numbers: Numbers, family: str) -> set[str]:
    return {labels[0] for labels in numbers.get(family, {})}


@ONE_WAY_EACH
def test_a_subnet_added_at_run_time_is_there_at_the_next_scrape(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    daemon, url = start(lab, root, hooks)
    exporter = watched(shared_exporter, url, root)
    exporter.samples()
    if root == "Dhcp4":
        done(daemon.command("subnet4-add", subnet4=[subnet4(77)]))
        add_lease(daemon, "10.0.77.10", 77)
    else:
        done(daemon.command("subnet6-add", subnet6=[subnet6(77)]))
        add_lease(daemon, "2001:db8:4d::1:1", 77)
    page = on_page(exporter.samples())
    assert page == by_hand(daemon)
    assert "77" in ids(page, "kea_subnet_addresses")


def test_a_pool_added_to_a_subnet_at_run_time_is_counted(lab: Lab, shared_exporter: OneExporter) -> None:
    daemon, url = start(lab, "Dhcp4")
    exporter = watched(shared_exporter, url, "Dhcp4", pools=True)
    wait_until_settled(exporter)
    changed = {"id": 2, "subnet": "10.2.0.0/24", "pools": [{"pool": "10.2.0.128/25", "pool-id": 9}]}
    done(daemon.command("subnet4-delta-add", subnet4=[changed]))
    assert ids(on_page(exporter.samples()), "kea_subnet_addresses") == {"1", "2", "3", "4"}
    page = on_page(exporter.samples())
    assert without_leases(page) == without_leases(by_hand(daemon, pools=True))
    assert page["kea_pool_addresses"]["2", "9"] == 128


@pytest.mark.parametrize("hooks", [HOOKS, WITHOUT_STAT_CMDS], ids=["stat_cmds", "statistics"])
def test_the_only_pool_removed_at_run_time_leaves_nothing_to_give(
    lab: Lab, shared_exporter: OneExporter, hooks: tuple[str, ...]
) -> None:
    daemon, url = start(lab, "Dhcp4", hooks)
    exporter = watched(shared_exporter, url, "Dhcp4", pools=True)
    wait_until_settled(exporter)
    pool = {"id": 3, "subnet": "10.3.0.0/24", "pools": [{"pool": "10.3.0.0/24"}]}
    assert on_page(exporter.samples())["kea_subnet_addresses"]["3", "10.3.0.0/24", "office"] == 256
    done(daemon.command("subnet4-delta-del", subnet4=[pool]))
    page = on_page(exporter.samples())
    assert page["kea_subnet_addresses"]["3", "10.3.0.0/24", "office"] == 0
    assert ("3", "0") not in page["kea_pool_addresses"]
    done(daemon.command("subnet4-delta-add", subnet4=[pool]))
    assert on_page(exporter.samples())["kea_pool_addresses"]["3", "0"] == 256
    # Of the same size, but with another id.
    done(daemon.command("subnet4-update", subnet4=[{**pool, "pools": [{"pool": "10.3.0.0/24", "pool-id": 8}]}]))
    assert {key for key in on_page(exporter.samples())["kea_pool_addresses"] if key[0] == "3"} == {("3", "8")}


@BOTH_DAEMONS
def test_a_reservation_added_at_run_time_is_counted(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    daemon, url = start(lab, root)
    exporter = watched(shared_exporter, url, root)
    wait_until_settled(exporter)
    before = values(exporter.samples(), "kea_reservations", "server")["kea"]
    host: Tree = (
        {"hw-address": "02:00:00:00:fe:01", "ip-address": "10.2.0.200"}
        if root == "Dhcp4"
        else {"duid": "01:02:03:fe:01", "ip-addresses": ["2001:db8:200::fe01"]}
    )
    memory = {"operation-target": "memory"}
    done(daemon.command("reservation-add", reservation={"subnet-id": 2, **host}, **memory))
    assert values(exporter.samples(), "kea_reservations", "server")["kea"] == before + 1
    asked = values(exporter.samples(), "kea_command_success", "command")
    assert asked["reservation-get-page"] == 1
    assert "config-get" not in asked


@BOTH_DAEMONS
def test_the_size_of_a_pool_stays_right_when_a_subnet_is_added(
    lab: Lab, shared_exporter: OneExporter, root: str
) -> None:
    daemon, url = start(lab, root)
    exporter = watched(shared_exporter, url, root, pools=True)
    before = on_page(exporter.samples())
    new = subnet4(77) if root == "Dhcp4" else subnet6(77)
    done(daemon.command(f"subnet{root[-1]}-add", **{f"subnet{root[-1]}": [new]}))
    # Kea itself counts every pool once more with each subnet that is added.
    assert sizes(on_page(exporter.samples())) == sizes(by_hand(daemon, pools=True))
    done(daemon.command(f"subnet{root[-1]}-del", id=77))
    assert sizes(on_page(exporter.samples())) == sizes(before)


def sizes(numbers: Numbers) -> Numbers:
    return {family: numbers[family] for family in ("kea_pool_addresses", "kea_pool_prefixes") if family in numbers}


@BOTH_DAEMONS
def test_a_subnet_moves_into_a_shared_network_and_out_of_it(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    daemon, url = start(lab, root)
    version = root[-1]
    exporter = watched(shared_exporter, url, root)
    exporter.samples()
    done(daemon.command(f"network{version}-subnet-add", name="office", id=4))
    page = on_page(exporter.samples())
    assert page == by_hand(daemon)
    assert networks(page) == {"1": "", "2": "office", "3": "office", "4": "office"} | others(root)
    done(daemon.command(f"network{version}-subnet-del", name="office", id=2))
    page = on_page(exporter.samples())
    assert page == by_hand(daemon)
    assert networks(page) == {"1": "", "2": "", "3": "office", "4": "office"} | others(root)


def networks(numbers: Numbers) -> dict[str, str]:
    return {number: network for number, _, network in numbers["kea_subnet_addresses"]}


def others(root: str) -> dict[str, str]:
    return {"5": ""} if root == "Dhcp6" else {}


@OTHER_WAY_EACH
def test_a_reload_and_a_restart_are_followed_at_once(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    port, folder = free_port(), lab.inside(lab.folder)
    tree = dhcp(root, [http(port)], hooks, **SITES[root], **{"lease-database": {"type": "memfile"}})
    daemon = lab.start(root, tree, KEA_DHCP_DATA_DIR=folder)
    add_leases(daemon)
    exporter = watched(shared_exporter, f"http://127.0.0.1:{port}", root)
    wait_until_settled(exporter)
    started = values(exporter.samples(), "kea_start_time_seconds", "server")
    changed = with_changes(tree, root)
    reconfigure(daemon, changed)
    reloaded = exporter.samples()
    assert on_page(reloaded) == by_hand(daemon)
    assert ids(on_page(reloaded), "kea_subnet_addresses") >= {"1", "88"}
    assert values(reloaded, "kea_start_time_seconds", "server") == started
    daemon.stop()
    assert values(exporter.samples(), "kea_up", "server") == {"kea": 0}
    assert on_page(exporter.samples()) == {}
    daemon = lab.start(root, tree, KEA_DHCP_DATA_DIR=folder)
    restarted = exporter.samples()
    assert on_page(restarted) == by_hand(daemon)
    assert on_page(restarted)["kea_leases"]["address", "assigned"] > 0
    assert values(restarted, "kea_start_time_seconds", "server")["kea"] > started["kea"]


def wait_until_settled(exporter: Exporter) -> None:
    """Wait until the exporter holds the configuration that it read, which it does once a reload could not be missed."""
    give_up = time.monotonic() + START_SECONDS
    while "config-get" in (asked := values(exporter.samples(), "kea_command_success", "command")) or not asked:
        assert time.monotonic() < give_up, "the exporter asks for the configuration at every scrape"
        time.sleep(0.1)


def with_changes(tree: Tree, root: str) -> Tree:
    """Return a configuration with the last subnet gone, another one new, and another prefix for the first."""
    key = f"subnet{root[-1]}"
    first, *_ = tree[key]
    prefix, pool = ("10.98.0.0/16", "10.98.0.0/24") if root == "Dhcp4" else ("fd98::/64", "fd98::/112")
    new = subnet4(88) if root == "Dhcp4" else subnet6(88)
    return {**tree, key: [{**first, "subnet": prefix, "pools": [{"pool": pool}], "reservations": []}, new]}


def reconfigure(daemon: KeaDaemon, tree: Tree) -> None:
    """Change the configuration file and let the daemon read it again."""
    path = daemon.running.output.with_name("kea.json")
    old = json.loads(path.read_text())[daemon.root]
    path.write_text(json.dumps({daemon.root: {**tree, "control-sockets": old["control-sockets"]}}))
    done(daemon.command("config-reload"))


@OTHER_WAY_EACH
def test_resetting_all_statistics_does_not_shrink_the_pools(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    daemon, url = start(lab, root, hooks)
    exporter = watched(shared_exporter, url, root)
    exporter.samples()
    done(daemon.command("statistic-reset-all"))
    page, expected = on_page(exporter.samples()), by_hand(daemon)
    if "stat_cmds" in hooks:
        assert page == expected
    else:  # nobody but the statistics tell of leases, which Kea now says are none
        assert assigned(page) == {0}
        assert without_leases(page) == without_leases(expected)


def assigned(numbers: Numbers) -> set[float]:
    return {value for family, found in numbers.items() if "assigned" in family for value in found.values()}


def without_leases(numbers: Numbers) -> Numbers:
    return {
        family: found
        for family, found in numbers.items()
        if family != "kea_leases" and not family.endswith(("_assigned", "_declined"))
    }


@BOTH_DAEMONS
def test_the_size_of_a_pool_stays_right_when_all_statistics_are_reset(
    lab: Lab, shared_exporter: OneExporter, root: str
) -> None:
    daemon, url = start(lab, root)
    exporter = watched(shared_exporter, url, root, pools=True)
    done(daemon.command("statistic-reset-all"))
    assert sizes(on_page(exporter.samples())) == sizes(by_hand(daemon, pools=True))


CONFIGURED = {
    *("kea_subnets", "kea_shared_networks", "kea_reservations"),
    *("kea_subnet_addresses", "kea_subnet_prefixes", "kea_pool_addresses", "kea_pool_prefixes"),
}


@ONE_WAY_EACH
def test_removed_statistics_are_unknown_and_not_zero(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    daemon, url = start(lab, root, hooks)
    exporter = watched(shared_exporter, url, root, pools=True)
    exporter.samples()
    done(daemon.command("statistic-remove-all"))
    samples = exporter.samples()
    page, expected = on_page(samples), by_hand(daemon, pools=True)
    told = by_hand(daemon) if "stat_cmds" in hooks else {}
    assert page == told | {family: found for family, found in expected.items() if family in CONFIGURED}
    assert "kea_packets_received_total" not in samples
    assert values(samples, "kea_up", "server") == {"kea": 1}


CHOICES: dict[str, tuple[Tree, set[str]]] = {
    "all": ({}, {"1", "2", "3", "4"}),
    "by-prefix": ({"include": {"prefixes": ["10.98.0.0/15"]}}, {"1"}),
    "by-network": ({"include": {"shared_networks": ["office"]}}, {"2", "3"}),
    "by-either": ({"include": {"prefixes": ["10.4.0.0/24"], "shared_networks": ["office"]}}, {"2", "3", "4"}),
    "not-by-prefix": ({"exclude": {"prefixes": ["10.2.0.0/15"]}}, {"1", "4"}),
    "not-by-network": ({"exclude": {"shared_networks": ["office"]}}, {"1", "4"}),
    "both": ({"include": {"prefixes": ["10.0.0.0/9"]}, "exclude": {"prefixes": ["10.99.0.0/16"]}}, {"2", "3", "4"}),
    "none": ({"include": {"prefixes": ["192.0.2.0/24"]}}, set()),
}


def test_only_chosen_subnets_have_series_while_all_are_counted(lab: Lab, shared_exporter: OneExporter) -> None:
    daemon, url = start(lab, "Dhcp4")
    expected = by_hand(daemon, pools=True)
    collect = {name: {"pools": True, **choice} for name, (choice, _) in CHOICES.items()}
    for name, page in side_by_side(shared_exporter, url, collect).items():
        chosen = CHOICES[name][1]
        assert on_page(page) == {
            family: {labels: value for labels, value in found.items() if family in COUNTED_ALL or labels[0] in chosen}
            for family, found in expected.items()
            if family in COUNTED_ALL or chosen
        }, name
        reached = values(page, "kea_series_limit_reached", "collector")
        assert reached == {"subnets": 0, "pools": 0}


COUNTED_ALL = {"kea_subnets", "kea_shared_networks", "kea_reservations", "kea_leases"}


def side_by_side(shared_exporter: OneExporter, url: str, collect: Mapping[str, Tree]) -> dict[str, Samples]:
    """Return what one scrape says of one daemon that is configured several times."""
    servers = [
        {"name": name, "dhcp4": {"url": f"{url}/{name}", "collect": options}} for name, options in collect.items()
    ]
    samples = shared_exporter.watch(*servers).samples()
    of_server = {name: partial(of_one_server, name) for name in collect}
    return {
        name: {family: kept for family, found in samples.items() if (kept := list(filter(mine, found)))}
        for name, mine in of_server.items()
    }


def of_one_server(name: str, sample: tuple[dict[str, str], float]) -> bool:
    return sample[0].get("server") == name


def test_beyond_the_series_limit_the_lowest_ids_are_shown_and_it_is_said(
    lab: Lab, shared_exporter: OneExporter
) -> None:
    daemon, url = start(lab, "Dhcp4")
    everything = by_hand(daemon, pools=True)
    # Ten for each of the four subnets: the four that are counted by hand, leases in the pools and reclaimed ones,
    # and two each for failures and reservations. A pool has four.
    collect = {str(limit): {"pools": True, "series_limit": limit} for limit in (40, 39, 15, 9)}
    pages = side_by_side(shared_exporter, url, collect)
    reached = {name: values(page, "kea_series_limit_reached", "collector") for name, page in pages.items()}
    assert reached == {
        "40": {"subnets": 0, "pools": 0},
        "39": {"subnets": 1, "pools": 0},
        "15": {"subnets": 1, "pools": 1},
        "9": {"subnets": 1, "pools": 1},
    }
    shown = {name: ids(on_page(page), "kea_subnet_addresses") for name, page in pages.items()}
    assert shown == {"40": {"1", "2", "3", "4"}, "39": {"1", "2", "3"}, "15": {"1"}, "9": set()}
    for page in pages.values():
        assert on_page(page)["kea_leases"] == everything["kea_leases"]


def test_what_is_switched_off_is_neither_asked_nor_shown(lab: Lab, shared_exporter: OneExporter) -> None:
    _, url = start(lab, "Dhcp4")
    collect: dict[str, Tree] = {
        "all": {"pools": True},
        "no-leases": {"leases": False},
        "no-subnets": {"subnets": False},
        "no-statistics": {"statistics": "none"},
        "little": {"statistics": "none", "leases": False},
    }
    pages = side_by_side(shared_exporter, url, collect)
    families = ("kea_leases", "kea_subnet_addresses", "kea_pool_addresses", "kea_packets_received_total")
    assert {name: tuple(family in page for family in families) for name, page in pages.items()} == {
        "all": (True, True, True, True),
        "no-leases": (False, False, False, True),
        "no-subnets": (True, False, False, True),
        "no-statistics": (True, True, False, False),
        "little": (False, False, False, False),
    }
    asked = {name: set(values(page, "kea_command_success", "command")) for name, page in pages.items()}
    always = {"version-get", "status-get", "list-commands", "subnet4-list", "config-get"}
    assert asked["all"] == always | {"stat-lease4-get", "statistic-get-all"}
    assert asked["no-leases"] == always | {"lease4-get", "statistic-get-all"}
    assert asked["no-statistics"] == always | {"stat-lease4-get"}
    assert asked["little"] == always | {"lease4-get"}
    assert all(values(page, "kea_up", "server") == {name: 1} for name, page in pages.items())
    assert not any("kea_probe_failure" in page for page in pages.values())
