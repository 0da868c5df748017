"""Leases that the statistics count alone, on real servers: with what makes these differ from the lease database."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kea_exporter.kea.rereading import LOOK_SECONDS
from lab.servers.chroot import OLD, ensure
from lab.servers.configurations import HOOKS, dhcp
from lab.servers.kea import Lab
from tests.real.test_counts import (
    ASSIGNED,
    BOTH_DAEMONS,
    DECLINED,
    SITES,
    add_lease,
    add_leases,
    by_hand,
    done,
    on_page,
    start,
    wait_until_settled,
    watched,
    without_leases,
)
from tests.support.exporter import Exporter, Samples, values
from tests.support.one_exporter import OneExporter, one_exporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.kea import KeaDaemon

pytestmark = pytest.mark.lab

ADDRESSES = {"Dhcp4": "10.3.0.", "Dhcp6": "2001:db8:200::77:"}
SUBNET = {"Dhcp4": 3, "Dhcp6": 2}


@pytest.fixture(scope="module")
def shared_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneExporter]:
    with one_exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


def was_compared(samples: Samples) -> bool:
    """Return whether leases were queried twice in a scrape."""
    asked = values(samples, "kea_command_success", "command")
    compared = any(command.startswith("stat-lease") for command in asked)
    reads_one = any(command in asked for command in ("lease4-get", "lease6-get"))
    assert compared is not reads_one
    return compared


def counted(exporter: Exporter, daemon: KeaDaemon) -> Samples:
    """Return a page whose numbers are those of the leases, the statistics that no lease tells left out."""
    samples = exporter.samples()
    assert on_page(samples) == by_hand(daemon)
    return samples


@BOTH_DAEMONS
def test_leases_that_come_and_go_are_counted_by_the_statistics(
    lab: Lab, shared_exporter: OneExporter, root: str
) -> None:
    daemon, url = start(lab, root)
    exporter, key = watched(shared_exporter, url, root), root[-1]
    wait_until_settled(exporter)
    assert not was_compared(counted(exporter, daemon))
    for host, state in enumerate((ASSIGNED, ASSIGNED, DECLINED), start=101):
        add_lease(daemon, f"{ADDRESSES[root]}{host}", SUBNET[root], state)
        assert not was_compared(counted(exporter, daemon))
    for host in (101, 103):
        done(daemon.command(f"lease{key}-del", **{"ip-address": f"{ADDRESSES[root]}{host}"}))
        assert not was_compared(counted(exporter, daemon))


@BOTH_DAEMONS
@pytest.mark.parametrize("name", ["assigned-addresses", "declined-addresses"])
@pytest.mark.parametrize("command", ["statistic-reset", "statistic-remove"])
def test_one_statistic_that_is_reset_or_removed_falsifies_no_count(
    lab: Lab, shared_exporter: OneExporter, root: str, name: str, command: str
) -> None:
    daemon, url = start(lab, root)
    exporter = watched(shared_exporter, url, root)
    wait_until_settled(exporter)
    assert not was_compared(exporter.samples())
    name = "assigned-nas" if (root, name) == ("Dhcp6", "assigned-addresses") else name
    done(daemon.command(command, name=f"subnet[2].{name}"))
    for host in (101, 102):
        assert was_compared(counted(exporter, daemon))
        add_lease(daemon, f"{ADDRESSES[root]}{host}", SUBNET[root])
    assert was_compared(counted(exporter, daemon))


@BOTH_DAEMONS
def test_statistics_that_are_reset_count_again_after_a_reload(
    lab: Lab, shared_exporter: OneExporter, root: str
) -> None:
    kept = {"lease-database": {"type": "memfile", "persist": True, "name": "leases.csv"}}
    daemon, url = start(lab, root, HOOKS, **kept)
    exporter = watched(shared_exporter, url, root)
    wait_until_settled(exporter)
    done(daemon.command("statistic-reset-all"))
    assert was_compared(counted(exporter, daemon))
    add_lease(daemon, f"{ADDRESSES[root]}101", SUBNET[root])
    assert was_compared(counted(exporter, daemon))
    daemon.reload()
    wait_until_settled(exporter)
    assert not was_compared(counted(exporter, daemon))


@BOTH_DAEMONS
def test_a_subnet_that_is_added_at_run_time_makes_the_counts_be_compared(
    lab: Lab, shared_exporter: OneExporter, root: str
) -> None:
    daemon, url = start(lab, root)
    exporter, key = watched(shared_exporter, url, root), root[-1]
    wait_until_settled(exporter)
    new = {"id": 77, "subnet": "10.77.0.0/24" if key == "4" else "2001:db8:77::/64"}
    done(daemon.command(f"subnet{key}-add", **{f"subnet{key}": [new]}))
    assert was_compared(counted(exporter, daemon))
    assert not was_compared(counted(exporter, daemon))
    done(daemon.command(f"subnet{key}-del", id=77))
    assert was_compared(counted(exporter, daemon))


def test_subnets_that_change_are_noticed_at_once_though_they_are_listed_once_a_minute(
    lab: Lab, shared_exporter: OneExporter
) -> None:
    started = [start(lab, root) for root in ADDRESSES]
    exporter = shared_exporter.watch({"name": "kea", **{kea.root.lower(): {"url": url} for kea, url in started}})
    wait_until_settled(exporter)
    time.sleep(LOOK_SECONDS + 1)
    exporter.scrape()
    for daemon, _ in started:
        key, name = daemon.root[-1], daemon.root.lower()
        new = {"id": 77, "subnet": "10.77.0.0/24" if key == "4" else "2001:db8:77::/64"}
        pool = {"pool": "10.77.0.0/25" if key == "4" else "2001:db8:77::/112"}
        for command, arguments in (
            ("list", {}),
            ("add", {f"subnet{key}": [new]}),
            ("update", {f"subnet{key}": [{**new, "pools": [pool]}]}),
            ("del", {"id": 77}),
        ):
            done(daemon.command(f"subnet{key}-{command}", **arguments))
            samples = {
                family: [(labels, value) for labels, value in found if labels.get("daemon") == name]
                for family, found in exporter.samples().items()
            }
            is_listed = f"subnet{key}-list" in values(samples, "kea_command_success", "command")
            # The first scrape of a minute lists them anyway.
            assert is_listed or command == "list"
            assert {family: found for family, found in on_page(samples).items() if found} == by_hand(daemon)


@BOTH_DAEMONS
def test_with_one_sample_each_change_makes_the_counts_be_compared(
    lab: Lab, shared_exporter: OneExporter, root: str
) -> None:
    daemon, url = start(lab, root, HOOKS, **{"statistic-default-sample-count": 1})
    exporter = watched(shared_exporter, url, root)
    wait_until_settled(exporter)
    for host in (101, 102):
        assert not was_compared(counted(exporter, daemon))
        add_lease(daemon, f"{ADDRESSES[root]}{host}", SUBNET[root])
        assert was_compared(counted(exporter, daemon))


@BOTH_DAEMONS
def test_kea_2_6_keeps_samples_that_show_the_same(shared_exporter: OneExporter, root: str) -> None:
    with Lab(ensure(OLD)) as old_lab:
        [folder] = old_lab.chroot.root.glob("usr/lib/*/kea/hooks")
        hooks = [{"library": old_lab.inside(folder / f"libdhcp_{hook}.so")} for hook in ("lease_cmds", "stat_cmds")]
        tree = {**dhcp(root, [], **SITES[root]), "hooks-libraries": hooks}
        tree.pop("control-sockets")
        daemon = old_lab.start(root, tree)
        add_leases(daemon)
        exporter = watched(shared_exporter, f"unix:{daemon.unix_socket}", root)
        wait_until_settled(exporter)
        assert not was_compared(counted(exporter, daemon))
        add_lease(daemon, f"{ADDRESSES[root]}101", SUBNET[root])
        assert not was_compared(counted(exporter, daemon))
        name = "assigned-addresses" if root == "Dhcp4" else "assigned-nas"
        done(daemon.command("statistic-reset", name=f"subnet[2].{name}"))
        add_lease(daemon, f"{ADDRESSES[root]}102", SUBNET[root])
        samples = exporter.samples()
        assert was_compared(samples)
        assert without_leases(on_page(samples)) == without_leases(by_hand(daemon))
        assert on_page(samples)["kea_leases"] == by_hand(daemon)["kea_leases"]
