"""Kea 2.6 behind its Control Agent: too old for the IPAM, and judged as far as it goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Reason, known
from kea_exporter.requirements import Report, Status
from kea_exporter.transport.deadline import Deadline
from lab.servers.chroot import OLD, ensure
from lab.servers.configurations import control_agent, ddns, dhcp, subnet4, subnet6
from lab.servers.kea import Lab, Tree
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

HOOKS = ("lease_cmds", "stat_cmds")
AUTHENTICATION: Tree = {"type": "basic", "realm": "kea-control-agent", "clients": [{"user": "m", "password": "pa-ss"}]}


@pytest.fixture(scope="module")
def old_lab() -> Iterator[Lab]:
    with Lab(ensure(OLD)) as lab:
        yield lab


@pytest.fixture(scope="module")
def port(old_lab: Lab) -> int:
    """Two daemons with their hooks, and an agent in front of them."""
    sockets = {}
    for root, subnets in (("Dhcp4", {"subnet4": [subnet4(1)]}), ("Dhcp6", {"subnet6": [subnet6(1)]})):
        more = {"hooks-libraries": hooks_of(old_lab), "statistic-default-sample-count": 1}
        tree = {**dhcp(root, [], ()), **subnets, **more}
        tree.pop("control-sockets")
        daemon = old_lab.start(root, tree)
        name = f"/run/kea/{daemon.unix_socket.name}"
        sockets[root.lower()] = {"socket-type": "unix", "socket-name": name}
    port = free_port()
    old_lab.start("Control-agent", control_agent(port, sockets, authentication=AUTHENTICATION))
    return port


def hooks_of(lab: Lab) -> list[Tree]:
    [folder] = lab.chroot.root.glob("usr/lib/*/kea/hooks")
    return [{"library": lab.inside(folder / f"libdhcp_{hook}.so")} for hook in HOOKS]


def judge(port: int, daemon: str, *, control_agent: bool = True) -> Report:
    entry = {
        "url": f"http://127.0.0.1:{port}",
        "control_agent": control_agent,
        "basic_auth": {"username": "m", "password": "pa-ss"},
    }
    daemons = settings_from_tree({"servers": [{"name": "old", daemon: entry}]}, Path.cwd()).daemons
    [report] = Collector().collect(daemons, Deadline.after(10))
    return report


def with_status(report: Report, status: Status) -> set[str]:
    return {verdict.requirement.id for verdict in report.verdicts if verdict.status is status}


@pytest.mark.parametrize("daemon", ["dhcp4", "dhcp6"])
def test_what_is_missing_is_called_out_and_nothing_is_unknown(port: int, daemon: str) -> None:
    report = judge(port, daemon)
    assert with_status(report, Status.UNKNOWN) == set()
    assert with_status(report, Status.UNMET) == {
        "version-supported",
        "control-socket-over-http",
        "control-socket-uses-tls",
        "credentials-in-files",
        "hook-subnet-cmds-loaded",
        "hook-host-cmds-loaded",
        "lease-database-is-persistent",
    }


@pytest.mark.parametrize("daemon", ["dhcp4", "dhcp6"])
def test_its_facts_are_the_daemons_and_not_the_agents(port: int, daemon: str) -> None:
    snapshot = judge(port, daemon).snapshot
    assert known(snapshot.version).text == "2.6.3"
    assert known(snapshot.configuration).root.lower() == daemon
    assert len(known(snapshot.subnets).ids) == 1
    assert known(known(snapshot.leases).addresses).assigned == 0
    assert snapshot.failures == ()


def test_a_daemon_that_the_agent_does_not_know_is_offline(port: int) -> None:
    report = judge(port, "d2")
    assert "service-running" in with_status(report, Status.UNMET)
    assert {failure.reason for failure in report.snapshot.failures} == {Reason.DAEMON_OFFLINE}


def test_a_daemon_that_is_older_than_d2_of_its_server_is_called_out(port: int, lab: Lab) -> None:
    d2 = lab.start("DhcpDdns", ddns([], free_port()))
    login = {"username": "m", "password": "pa-ss"}
    dhcp4_entry = {"url": f"http://127.0.0.1:{port}", "control_agent": True, "basic_auth": login}
    tree = {"name": "old", "dhcp4": dhcp4_entry, "d2": {"url": f"unix:{d2.unix_socket}"}}
    daemons = settings_from_tree({"servers": [tree]}, Path.cwd()).daemons
    old, new = Collector().collect(daemons, Deadline.after(10))
    [verdict] = [found for found in old.verdicts if found.requirement.id == "daemon-versions-match"]
    assert verdict.evidence == f"dhcp4 runs 2.6.3, and d2 runs {known(new.snapshot.version).text}"
    assert "daemon-versions-match" in with_status(new, Status.MET)
