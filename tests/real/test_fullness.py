"""Utilisation of subnets of real servers: with reservations, with guards, and after statistics were reset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.servers.chroot import OLD, ensure
from lab.servers.configurations import HOOKS, dhcp
from lab.servers.kea import KeaDaemon, Lab, Tree
from tests.real.test_counts import WITHOUT_STAT_CMDS, add_lease, done, watched
from tests.real.test_statistics import serve, statistic
from tests.support.exporter import Samples, values
from tests.support.one_exporter import OneExporter, one_exporter
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

BOTH_WAYS = pytest.mark.parametrize("hooks", [HOOKS, WITHOUT_STAT_CMDS], ids=["stat_cmds", "statistics"])
RESERVED = "kea_subnet_addresses_reserved"
ASSIGNED = "kea_subnet_addresses_assigned"
FAILED = "subnet[1].v4-allocation-fail-subnet"
INSIDE = "kea_subnet_addresses_assigned_in_pool"


@pytest.fixture(scope="module")
def shared_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneExporter]:
    with one_exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


@pytest.fixture(scope="module")
def old_lab() -> Iterator[Lab]:
    with Lab(ensure(OLD)) as lab:
        yield lab


def host(number: int, address: str) -> Tree:
    return {"hw-address": f"02:00:00:00:00:{number:02x}", "ip-address": address}


# Of case 11: a pool of 40, and 38 hosts whose reserved addresses lie outside of it.
BESIDE: Tree = {
    "subnet4": [
        {
            "id": 1,
            "subnet": "192.168.50.0/24",
            "pools": [{"pool": "192.168.50.201-192.168.50.240"}],
            "reservations": [host(number, f"192.168.50.{number}") for number in range(101, 139)],
        }
    ]
}


def lease_beside(daemon: KeaDaemon) -> None:
    for number in range(101, 139):
        add_lease(daemon, f"192.168.50.{number}", 1)
    add_lease(daemon, "192.168.50.201", 1)


def numbers(samples: Samples) -> tuple[Tree, Tree, Tree, Tree]:
    """Return capacity, assigned, assigned in the pools, and reserved by placement, of the only subnet."""
    of_subnet = [values(samples, family, "subnet_id") for family in ("kea_subnet_addresses", ASSIGNED, INSIDE)]
    return (*of_subnet, values(samples, RESERVED, "placement"))  # type: ignore[return-value]


@BOTH_WAYS
def test_leases_of_reserved_addresses_outside_the_pool_are_told_apart(
    lab: Lab, shared_exporter: OneExporter, hooks: tuple[str, ...]
) -> None:
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [], hooks, **BESIDE))
    lease_beside(daemon)
    samples = watched(shared_exporter, f"unix:{daemon.unix_socket}", "Dhcp4").samples()
    assert numbers(samples) == ({"1": 40}, {"1": 39}, {"1": 1}, {"in_pool": 0, "out_of_pool": 38})


@pytest.mark.parametrize("hooks", [("lease_cmds", "stat_cmds"), ("lease_cmds",)], ids=["stat_cmds", "statistics"])
def test_kea_2_6_tells_them_apart_too(old_lab: Lab, shared_exporter: OneExporter, hooks: tuple[str, ...]) -> None:
    [folder] = old_lab.chroot.root.glob("usr/lib/*/kea/hooks")
    libraries = [{"library": old_lab.inside(folder / f"libdhcp_{hook}.so")} for hook in hooks]
    [subnet] = BESIDE["subnet4"]
    guarded = {**subnet, "client-class": "phones", "user-context": {"name": "Office"}}
    tree = {**dhcp("Dhcp4", []), "subnet4": [guarded], "hooks-libraries": libraries}
    tree |= {"client-classes": [{"name": "phones", "test": "member('ALL')"}]}
    tree.pop("control-sockets")
    daemon = old_lab.start("Dhcp4", tree)
    lease_beside(daemon)
    samples = watched(shared_exporter, f"unix:{daemon.unix_socket}", "Dhcp4").samples()
    assert numbers(samples) == ({"1": 40}, {"1": 39}, {"1": 1}, {"in_pool": 0, "out_of_pool": 38})
    assert values(samples, "kea_subnet_info", "client_classes") == {"phones": 1}
    assert values(samples, "kea_subnet_info", "name") == {"Office": 1}


def test_a_client_is_refused_while_addresses_are_kept_for_absent_hosts(lab: Lab, shared_exporter: OneExporter) -> None:
    """Case 12: Kea counts 2 of 4 addresses as assigned, and has none for a new client."""
    reservations = [host(1, "127.1.0.0"), host(2, "127.1.0.1")]
    subnet = {"id": 1, "subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.0/30"}], "reservations": reservations}
    served = serve(lab, dhcp("Dhcp4", [], subnet4=[subnet]), "Dhcp4")
    exporter = watched(shared_exporter, served.url, "Dhcp4")
    assert values(exporter.samples(), "kea_subnet_allocation_failures_total", "scope") == {
        "subnet": 0,
        "shared_network": 0,
    }
    served.clients.ask(2)
    # The first two of these have their leases, the others are refused.
    served.clients.ask_in_vain(4)
    wait_until(lambda: statistic(served.daemon, FAILED) > 0)
    samples = exporter.samples()
    assert numbers(samples) == ({"1": 4}, {"1": 2}, {"1": 2}, {"in_pool": 2, "out_of_pool": 0})
    failures = values(samples, "kea_subnet_allocation_failures_total", "scope")
    assert 0 < failures["subnet"] <= statistic(served.daemon, FAILED)
    assert failures["shared_network"] == 0


@pytest.mark.parametrize(
    ("modes", "leased"),
    [({}, 2), ({"reservations-out-of-pool": True}, 4), ({"reservations-in-subnet": False}, 4)],
    ids=["kept", "said to be outside", "not used"],
)
def test_kea_keeps_addresses_for_the_reservations_that_count(
    lab: Lab, shared_exporter: OneExporter, modes: Tree, leased: int
) -> None:
    reservations = [host(1, "127.1.0.0"), host(2, "127.1.0.1")]
    subnet = {"id": 1, "subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.0/30"}], "reservations": reservations}
    served = serve(lab, dhcp("Dhcp4", [], subnet4=[{**subnet, **modes}]), "Dhcp4")
    served.clients.ask_in_vain(6, "-p", "1")
    samples = watched(shared_exporter, served.url, "Dhcp4").samples()
    kept = values(samples, RESERVED, "placement").get("in_pool", 0)
    assert values(samples, ASSIGNED, "subnet_id") == {"1": leased}
    assert kept == 4 - leased


def test_guarded_subnets_of_a_shared_network_have_their_classes(lab: Lab, shared_exporter: OneExporter) -> None:
    """Case 14."""
    classes = [{"name": name, "test": "member('ALL')"} for name in ("cm", "cpe")]
    subnets = [
        {"id": 1, "subnet": "10.1.0.0/24", "pools": [{"pool": "10.1.0.10-10.1.0.250"}], "client-classes": ["cm"]},
        {"id": 2, "subnet": "10.2.0.0/26", "pools": [{"pool": "10.2.0.2-10.2.0.61"}], "client-classes": ["cpe"]},
    ]
    network = {"name": "cable", "subnet4": subnets}
    daemon = lab.start("Dhcp4", {**dhcp("Dhcp4", []), "client-classes": classes, "shared-networks": [network]})
    for number in range(2, 62):
        add_lease(daemon, f"10.2.0.{number}", 2)
    samples = watched(shared_exporter, f"unix:{daemon.unix_socket}", "Dhcp4").samples()
    assert values(samples, "kea_subnet_info", "subnet_id", client_classes="cpe") == {"2": 1}
    assert values(samples, INSIDE, "subnet_id") == {"1": 0, "2": 60}
    assert values(samples, "kea_subnet_addresses", "subnet_id") == {"1": 241, "2": 60}


def test_reserved_prefixes_and_addresses_of_dhcpv6_are_counted_apart(lab: Lab, shared_exporter: OneExporter) -> None:
    subnet = {
        "id": 1,
        "subnet": "2001:db8:1::/64",
        "pools": [{"pool": "2001:db8:1::1:0/124"}],
        "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 52, "delegated-len": 56}],
        "reservations": [
            {"duid": "01:02:03:01", "ip-addresses": ["2001:db8:1::1:1"], "prefixes": ["2001:db8:8000:100::/56"]},
            {"duid": "01:02:03:02", "ip-addresses": ["2001:db8:1::9"], "prefixes": ["2001:db8:9000::/56"]},
        ],
    }
    daemon = lab.start("Dhcp6", dhcp("Dhcp6", [], subnet6=[subnet]))
    add_lease(daemon, "2001:db8:1::9", 1)
    add_lease(daemon, "2001:db8:9000::", 1, type="IA_PD", **{"prefix-len": 56})
    samples = watched(shared_exporter, f"unix:{daemon.unix_socket}", "Dhcp6").samples()
    for family in (RESERVED, "kea_subnet_prefixes_reserved"):
        assert values(samples, family, "placement") == {"in_pool": 1, "out_of_pool": 1}
    for kind in ("addresses", "prefixes"):
        assert values(samples, f"kea_subnet_{kind}_assigned", "subnet_id") == {"1": 1}
        assert values(samples, f"kea_subnet_{kind}_assigned_in_pool", "subnet_id") == {"1": 0}


@pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6"])
def test_leases_that_kea_counts_below_0_are_absent(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    """Case 20: after statistic-reset-all, Kea counts each release down from 0."""
    prefix, pool = ("10.0.0.", "10.0.0.0/24") if root == "Dhcp4" else ("2001:db8::", "2001:db8::/112")
    key = root[-1]
    subnet = {"id": 1, "subnet": "10.0.0.0/24" if key == "4" else "2001:db8::/64", "pools": [{"pool": pool}]}
    daemon = lab.start(root, dhcp(root, [], WITHOUT_STAT_CMDS, **{f"subnet{key}": [subnet]}))
    for number in range(1, 6):
        add_lease(daemon, f"{prefix}{number}", 1)
    exporter = watched(shared_exporter, f"unix:{daemon.unix_socket}", root)
    assert values(exporter.samples(), "kea_leases", "state", kind="address")["assigned"] == 5
    done(daemon.command("statistic-reset-all"))
    for number in (1, 2):
        done(daemon.command(f"lease{key}-del", **{"ip-address": f"{prefix}{number}"}))
    samples = exporter.samples()
    assert values(samples, "kea_up", "server") == {"kea": 1}
    for family in ("kea_leases", ASSIGNED, INSIDE):
        assert values(samples, family, "daemon") == {}
    assert not [value for found in samples.values() for labels, value in found if value < 0 and labels.get("server")]
