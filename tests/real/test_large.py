"""The largest configuration that is collected at the default limits, on real Kea."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import known
from kea_exporter.transport.deadline import Deadline
from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from lab.servers.kea import Lab, Tree

pytestmark = pytest.mark.lab

SUBNETS, RESERVATIONS, SECONDS = 20_000, 5, 120


def subnet_with_reservations(number: int) -> Tree:
    network = f"10.{number // 256}.{number % 256}"
    reservations = [
        {
            "hw-address": f"0a:{host:02x}:00:{number // 256:02x}:{number % 256:02x}:01",
            "ip-address": f"{network}.{200 + host}",
            "hostname": f"host-{number}-{host}",
        }
        for host in range(RESERVATIONS)
    ]
    return subnet4(number, reservations=reservations)


def test_20000_subnets_with_100000_reservations_are_collected(lab: Lab) -> None:
    port = free_port()
    subnets = [subnet_with_reservations(number) for number in range(1, SUBNETS + 1)]
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=subnets))
    tree = {"servers": [{"name": "kea", "dhcp4": {"url": f"http://127.0.0.1:{port}", "timeout": f"{SECONDS}s"}}]}
    [report] = Collector().collect(settings_from_tree(tree, Path.cwd()).daemons, Deadline.after(SECONDS))
    assert report.snapshot.failures == ()
    configuration = known(report.snapshot.configuration)
    assert len(configuration.subnets.ids) == SUBNETS
    assert configuration.reservations == SUBNETS * RESERVATIONS
    [size] = [exchange.size_bytes for exchange in report.snapshot.exchanges if exchange.command == "config-get"]
    assert 25 * 2**20 < size < 32 * 2**20
