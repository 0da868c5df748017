"""A real DHCP daemon and the real D2 of its server: whether they agree, also where D2 is not probed each time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.requirements import Status, Verdict
from kea_exporter.transport.deadline import Deadline
from lab.servers.configurations import ddns
from lab.servers.kea import succeeded
from lab.servers.processes import free_port
from tests.support.configurations import Tree, dhcp4

if TYPE_CHECKING:
    from lab.servers.kea import Lab

pytestmark = pytest.mark.lab

DOMAIN: Tree = {"name": "example.com.", "dns-servers": [{"ip-address": "127.0.0.1", "port": 9}]}


def test_a_daemon_is_compared_with_d2_of_its_server(lab: Lab) -> None:
    port = free_port()
    d2 = lab.start("DhcpDdns", {**ddns([], port), "forward-ddns": {"ddns-domains": [DOMAIN]}})

    def sending(number: int, suffix: str) -> Tree:
        updates = {"enable-updates": True, "server-port": number}
        memory = {"type": "memfile", "persist": False}
        tree = dhcp4(**{"dhcp-ddns": updates, "ddns-qualifying-suffix": suffix, "lease-database": memory})
        return {**tree, "control-sockets": []}

    dhcp = lab.start("Dhcp4", sending(free_port(), "other.example."))
    entry = {"dhcp4": {"url": f"unix:{dhcp.unix_socket}"}, "d2": {"url": f"unix:{d2.unix_socket}"}}
    daemons = settings_from_tree({"servers": [{"name": "a", **entry}]}, Path.cwd()).daemons
    collector = Collector()

    def verdict(*wanted: str) -> Verdict:
        chosen = [daemon for daemon in daemons if daemon.target.daemon in wanted]
        report = next(
            found for found in collector.collect(chosen, Deadline.after(10)) if found.snapshot.target.daemon == "dhcp4"
        )
        [found] = [verdict for verdict in report.verdicts if verdict.requirement.id == "ddns-matches-d2"]
        return found

    assert verdict("dhcp4").status is Status.NOT_APPLICABLE
    unmet = verdict("dhcp4", "d2")
    assert [problem.cause.id for problem in unmet.problems] == ["other_address", "no_forward_domain"]
    own = dhcp.configuration["control-sockets"]
    fixed = {**sending(port, "example.com."), "control-sockets": own}
    succeeded("config-set", dhcp.command("config-set", Dhcp4=fixed))
    assert verdict("dhcp4", "d2").status is Status.MET
    # The configuration of D2 is kept from before.
    assert verdict("dhcp4").status is Status.MET
    d2.stop()
    assert verdict("dhcp4", "d2").status is Status.UNKNOWN
