"""A real Kea with many subnets, leases, and statistics whose lists of samples have filled up as they do in use."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.wire import BareConnection
from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.dhcp_clients import free_dhcp_ports
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.kea import KeaDaemon, Lab, Tree

MAX_LEASES = 50_000
# Below subnet4's 100 addresses: the last one is kept free for the leases that come and go.
MAX_LEASES_OF_SUBNET = 90
SPARE_HOST = 99
SAMPLES = 20
# Offers that come late are the point: they count as late for so long, not as lost after a second.
PATIENCE_SECONDS = 10
NETWORK_SIZE = 10
# Every tenth group of ten subnets makes a shared network.
GROUPS = 10
# Kea counts whole seconds since its start: for a moment, an exporter cannot tell whether it was reloaded since.
SETTLED_SECONDS = 6
# The last subnet, which perfdhcp's clients are in.
CLIENTS = {"subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.1-127.1.255.254"}]}


@dataclass(frozen=True)
class FilledKea:
    """A running kea-dhcp4, and what is in it."""

    lab: Lab
    daemon: KeaDaemon
    size: int
    port: int
    dhcp_ports: tuple[int, int]
    leases: int

    @property
    def pid(self) -> int:
        """Return the daemon's process id."""
        return self.daemon.running.pid

    def connect(self) -> BareConnection:
        """Return a connection to the control socket."""
        return BareConnection(self.port)

    def log_lines(self) -> list[str]:
        """Return what Kea has logged so far."""
        return self.daemon.log().splitlines()

    def perfdhcp(self, seconds: int, rate: int) -> str:
        """Send DISCOVER and REQUEST at a steady rate and return perfdhcp's report."""
        server, client = (str(port) for port in self.dhcp_ports)
        options = ("-4", "-d", str(PATIENCE_SECONDS), "-r", str(rate), "-p", str(seconds), "-R", "200")
        ports = ("-l", "127.0.0.1", "-L", client, "-N", server)
        return self.lab.chroot.run("perfdhcp", *options, *ports, "127.0.0.1").stdout


def start_filled(lab: Lab, size: int) -> FilledKea:
    """Start a Kea with *size* subnets and fill all but the last."""
    leases_of_subnet = min(MAX_LEASES // size, MAX_LEASES_OF_SUBNET)
    started = time.monotonic()
    port, dhcp_ports = free_port(), free_dhcp_ports("Dhcp4")
    arguments = ("-p", str(dhcp_ports[0]), "-P", str(dhcp_ports[1]))
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], **_configuration(size)), arguments)
    kea = FilledKea(lab, daemon, size, port, dhcp_ports, leases_of_subnet * (size - 1))
    connection = kea.connect()
    for subnet in range(1, size):
        for host in range(leases_of_subnet):
            done(connection.command("lease4-add", _lease(subnet, host)))
    for _ in range(SAMPLES):
        _come_and_go(connection, size)
    connection.close()
    kea.perfdhcp(seconds=1, rate=100)
    time.sleep(max(0, started + SETTLED_SECONDS - time.monotonic()))
    return kea


def described(kea: FilledKea) -> str:
    """Return what was filled, and how large the answers are that others ask for."""
    connection = kea.connect()
    everything = connection.command("statistic-get-all")
    config = len(connection.command("config-get"))
    connection.close()
    statistics: dict[str, list[Any]] = json.loads(everything)[0]["arguments"]
    full = sum(len(samples) == SAMPLES for samples in statistics.values())
    return (
        f"{kea.size:,} subnets: {kea.leases:,} leases;"
        f" {full:,} of {len(statistics):,} statistics hold {SAMPLES} samples;"
        f" statistic-get-all {len(everything):,} bytes, config-get {config:,} bytes"
    )


def _configuration(size: int) -> Tree:
    alone, networks = [], []
    for numbers in _groups(size - 1):
        subnets = [subnet4(number) for number in numbers]
        if (numbers[0] // NETWORK_SIZE) % GROUPS == GROUPS - 1:
            networks.append({"name": f"network-{numbers[0]}", "subnet4": subnets})
        else:
            alone += subnets
    return {
        "interfaces-config": {"interfaces": ["lo/127.0.0.1"], "dhcp-socket-type": "udp"},
        "subnet4": [*alone, {"id": size, **CLIENTS}],
        "shared-networks": networks,
        # Only our own leases-reclaim takes expired leases away, each with one sample per statistic.
        "expired-leases-processing": {"reclaim-timer-wait-time": 0},
    }


def _groups(count: int) -> Iterator[range]:
    for first in range(1, count + 1, NETWORK_SIZE):
        yield range(first, min(first + NETWORK_SIZE, count + 1))


def _come_and_go(connection: BareConnection, size: int) -> None:
    """Let a lease come and expire in every subnet.

    That moves assigned-addresses twice and reclaimed-leases once, of the subnet and of its pool.
    """
    expired = {"expire": int(time.time()) - 100, "valid-lft": 60}
    for subnet in range(1, size):
        done(connection.command("lease4-add", {**_lease(subnet, SPARE_HOST), **expired}))
    done(connection.command("leases-reclaim", {"remove": True}))


def _lease(subnet: int, host: int) -> Tree:
    return {
        "ip-address": f"10.{subnet // 256}.{subnet % 256}.{10 + host}",
        "hw-address": f"02:00:{subnet >> 8:02x}:{subnet & 255:02x}:00:{host:02x}",
        "subnet-id": subnet,
    }


def done(answer: bytes) -> None:
    """Do nothing, if Kea did what it was told.

    Raises:
        AssertionError: it did not.
    """
    if b'"result": 0' not in answer:
        raise AssertionError(f"Kea says {answer.decode(errors='replace')[:200]}")
