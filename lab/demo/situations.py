"""Fleets for the dashboards: all well, every fault of the demo on a server of its own, and 200 simulated servers."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import yaml

from kea_simulator import servers as simulated
from kea_simulator.building import Blueprint
from kea_simulator.daemon import Life
from kea_simulator.fleet import Fleet as SimulatedFleet
from kea_simulator.server import KeaServer
from lab.demo.faults import faults_of
from lab.servers.configurations import HOOKS, ddns, dhcp, kept_leases, subnet4, subnet6
from lab.servers.datagrams import LOOPBACK, discover, send, update_request
from lab.servers.dhcp_clients import free_dhcp_ports, over_loopback, wait_until_serving
from lab.servers.dns import dns_server
from lab.servers.fleet import ADDRESS, WITH_DATABASE, add_leases4, secured_socket, start_sound_fleet
from lab.servers.high_availability import PARTNER
from lab.servers.postgresql import Postgresql
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lab.demo.faults import Fault
    from lab.servers.dhcp_clients import DhcpClients
    from lab.servers.fleet import Fleet
    from lab.servers.kea import Lab, Tree

# The server with all that Kea offers: DHCPv4, DHCPv6 and D2, clients, shared networks, client classes, perfmon.
SITE = "site"
# A simulated server with what real ones do not have.
ODD = "potsdam"
# The server of each fault. Their names do not give the fault away.
SERVERS: Mapping[str, str] = {
    "stop-daemon": "aachen",
    "change-password": "berlin",
    "unload-hook": "bremen",
    "fill-subnet": "dresden",
    "reservations": "erfurt",
    "disable-dhcp": "essen",
    "failed-reload": "hamburg",
    "lease-database-lost": WITH_DATABASE,
    "age-certificate": "hannover",
    "expire-certificate": "kassel",
    "misname-certificate": "leipzig",
    "distrust-certificate": "munich",
    "break-ha": PARTNER,
}
KEY = "key.example."
PHONES = "phones"
CLIENTS = 3
# The faults are injected after so many scrapes, so that the pictures show the change.
FAULTS_STEP = 3
# Of 16, so that they do not run out.
MAX_PREFIXES = 8
# A state of leases.
DECLINED = 1
INTERVAL_SECONDS = 1
PERFMON: Tree = {
    "library": "libdhcp_perfmon.so",
    "parameters": {
        "enable-monitoring": True,
        "stats-mgr-reporting": True,
        "interval-width-secs": INTERVAL_SECONDS,
    },
}
CLASSES: Tree = {"client-classes": [{"name": PHONES, "test": "member('ALL')"}]}
SITE4: Tree = {
    **CLASSES,
    "subnet4": [
        subnet4(
            11,
            relay={"ip-addresses": [LOOPBACK]},
            reservations=[{"hw-address": "02:00:00:00:ff:01", "ip-address": "10.0.11.200"}],
            **{"user-context": {"name": "Building 11"}},
        )
    ],
    "shared-networks": [
        {
            "name": "office",
            "subnet4": [
                subnet4(12),
                {
                    **subnet4(13, **{"client-classes": [PHONES]}),
                    "pools": [{"pool": "10.0.13.10-10.0.13.109", "client-classes": [PHONES]}],
                },
            ],
        }
    ],
    "interfaces-config": {"interfaces": [f"lo/{LOOPBACK}"], "dhcp-socket-type": "udp"},
}
SITE6: Tree = {
    **CLASSES,
    "subnet6": [
        subnet6(
            3,
            relay={"ip-addresses": ["::1"]},
            reservations=[{"duid": "01:02:03:ff:01", "prefixes": ["2001:db8:3:8f00::/56"]}],
            **{"user-context": {"name": "Building 3"}},
        )
    ],
    "shared-networks": [{"name": "office", "subnet6": [subnet6(5), subnet6(6, **{"client-classes": [PHONES]})]}],
}
# From a client on Ethernet that no subnet is meant for (RFC 2131, RFC 2132).
DISCOVER = bytes([1, 1, 6]).ljust(28, b"\0") + bytes([2] * 6).ljust(208, b"\0") + b"\x63\x82\x53\x63\x35\x01\x01\xff"


# Of the simulated fleet: 10,000 subnets in all, with those of the demo.
MANY_SERVERS, SUBNETS_EACH = 200, 55
SEED = 3


class Moving(Protocol):
    """A fleet whose numbers move."""

    @property
    def config_file(self) -> Path:
        """The exporter's configuration."""

    def move(self, step: int) -> None:
        """Let a little happen."""


@dataclass(frozen=True)
class Site:
    """A fleet, and what makes the numbers of its site move.

    Attributes:
        dhcp_port: where the DHCPv4 daemon of the site takes packets of clients.
        ddns_port: where its D2 daemon takes requests.
        faults: are injected while it runs; none where all clients are served.
    """

    fleet: Fleet
    dhcp_port: int
    ddns_port: int
    clients: tuple[DhcpClients, ...]
    faults: Mapping[str, Fault]

    @property
    def config_file(self) -> Path:
        """The exporter's configuration."""
        return self.fleet.config_file

    def move(self, step: int) -> None:
        """Let a little happen: clients, leases of addresses and of a prefix, a DNS update, and unserved clients."""
        add_leases4(self.fleet.daemons[_of_site("dhcp4")], 11, (120 + 2 * step, 121 + 2 * step))
        if step < MAX_PREFIXES:
            prefix = {"ip-address": f"2001:db8:3:8{step:x}00::", "prefix-len": 56, "type": "IA_PD"}
            client = {"duid": f"01:02:03:04:{step:02x}", "iaid": step, "subnet-id": 3}
            self.fleet.daemons[_of_site("dhcp6")].command("lease6-add", **prefix, **client)
        send(self.ddns_port, update_request(f"client{step}.example."))
        for clients in self.clients:
            clients.ask(CLIENTS)
        if step == FAULTS_STEP:
            for fault in self.faults.values():
                fault.inject()
        if self.faults:
            self._leave_unserved(step)

    def _leave_unserved(self, step: int) -> None:
        """Let clients ask where there is no subnet or no free address, and decline an address."""
        send(self.dhcp_port, DISCOVER.ljust(300, b"\0"))
        if step > FAULTS_STEP:
            crowded = self.fleet.daemons[SERVERS["reservations"]]
            relay = crowded.configuration["subnet4"][-1]["subnet"].replace(".0/24", ".1")
            for client in range(CLIENTS):
                send(crowded.dhcp_port, discover(step * CLIENTS + client, relay))
        declined = {"ip-address": f"10.0.12.{10 + step}", "subnet-id": 12, "state": DECLINED}
        dhcp4 = self.fleet.daemons[_of_site("dhcp4")]
        dhcp4.command("lease4-add", **declined, **{"hw-address": f"02:00:00:00:0c:{step:02x}"})


@contextmanager
def well(lab: Lab) -> Iterator[Site]:
    """Run a fleet without a fault: three servers, a pair, and the site."""
    with Postgresql(lab.chroot) as database, dns_server(answers=True) as dns_port:
        yield _with_site(lab, start_sound_fleet(lab, database), {"ip-address": LOOPBACK, "port": dns_port})


@contextmanager
def faulty(lab: Lab) -> Iterator[Site]:
    """Run the same fleet, and one more server for each fault of the demo; the DNS server never answers."""
    own = [name for name in SERVERS.values() if name not in {WITH_DATABASE, PARTNER}]
    hosts: dict[str, tuple[str, Tree]] = {
        name: (
            "Dhcp4",
            {"subnet4": [subnet4(2 * number), subnet4(2 * number + 1)], "lease-database": kept_leases()},
        )
        for number, name in enumerate(own, 20)
    }
    with Postgresql(lab.chroot) as database:
        fleet = start_sound_fleet(lab, database, hosts)
        dns = {"ip-address": LOOPBACK, "port": free_port()}
        with _odd() as url:
            yield _with_site(lab, fleet, dns, faults_of(fleet, database, SERVERS), url)


@contextmanager
def _odd() -> Iterator[str]:
    """Run a simulated server that fails a command, and has a statistic of a later Kea; yield its url."""
    life = Life(time.time, time.time() - 100_000, 4711)
    daemon = Blueprint(simulated.Server(ODD, "odd", uses=(0.5, 0.4)), 60, SEED, life).daemon("dhcp4", [])

    def answers(request: Tree) -> list[Tree]:
        [answer] = daemon.answers(request)
        if request["command"] == "stat-lease4-get":
            return [{"result": 1, "text": "not now"}]
        if request["command"] == "statistic-get-all":
            answer["arguments"]["pkt4-of-the-future"] = [[1, "2026-11-30 00:00:00.000000"]]
        return [answer]

    with KeaServer(answers) as kea:
        yield kea.url


@dataclass(frozen=True)
class Simulated:
    """A simulated fleet; its numbers move by themselves."""

    config_file: Path

    def move(self, step: int) -> None:
        """Do nothing."""


@contextmanager
def many(lab: Lab) -> Iterator[Simulated]:
    """Run 200 simulated servers: those of the demo, and others without a fault."""
    chance = Random(SEED)  # noqa: S311 - no secret
    others = [
        simulated.Server(
            f"dhcp-{number:03}",
            "sound",
            uses=tuple(chance.uniform(0.05, 0.8) for _ in range(SUBNETS_EACH)),
            networks=("",) * SUBNETS_EACH,
        )
        for number in range(1, MANY_SERVERS + 1 - len(simulated.SERVERS))
    ]
    folder = lab.folder / "simulated"
    folder.mkdir()
    with SimulatedFleet(folder, SEED, time.time, (*simulated.SERVERS, *others)) as fleet:
        yield Simulated(fleet.config_file)


def _of_site(daemon: str) -> str:
    return f"{SITE} {daemon}"


def _with_site(
    lab: Lab, fleet: Fleet, dns: Tree, faults: Mapping[str, Fault] = MappingProxyType({}), odd: str = ""
) -> Site:
    """Start the site, and add it to the exporter's configuration, with the url of an odd server."""
    ports, ports6, ddns_port = free_dhcp_ports("Dhcp4"), free_dhcp_ports("Dhcp6"), free_port()
    control = {daemon: free_port() for daemon in ("dhcp4", "dhcp6", "d2")}
    sockets = {
        root: [secured_socket(lab, root, SITE, port)]
        for root, port in zip(("Dhcp4", "Dhcp6", "DhcpDdns"), control.values(), strict=True)
    }
    for root, tree, dhcp_ports in (("Dhcp4", SITE4, ports), ("Dhcp6", SITE6, ports6)):
        whole = dhcp(root, sockets[root], HOOKS, **{"lease-database": kept_leases(), **tree})
        whole["hooks-libraries"].append(PERFMON)
        daemon = lab.start(root, whole, ("-p", str(dhcp_ports[0]), "-P", str(dhcp_ports[1])))
        wait_until_serving(daemon)
        fleet.daemons[_of_site(root.lower())] = daemon
    fleet.daemons[_of_site("d2")] = lab.start(
        "DhcpDdns", _ddns(sockets["DhcpDdns"], ddns_port, dns, KEY if faults else "")
    )
    tree = yaml.safe_load(fleet.config_file.read_text())
    tree["servers"].append(
        {"name": SITE, **{name: {"url": f"https://{ADDRESS}:{port}"} for name, port in control.items()}}
    )
    if odd:
        tree["servers"].append({"name": ODD, "dhcp4": {"url": odd, "basic_auth": None}})
    tree["defaults"] |= {"lease_audit": {"interval": "1h"}, "collect": {"pools": True}}
    fleet.config_file.write_text(yaml.safe_dump(tree, sort_keys=False))
    clients = (over_loopback(lab.chroot, "Dhcp4", ports), over_loopback(lab.chroot, "Dhcp6", ports6))
    return Site(fleet, ports[0], ddns_port, clients, faults)


def _ddns(sockets: list[Tree], port: int, dns: Tree, key: str) -> Tree:
    """Return a D2 that sends updates to a DNS server, signed where there is a key."""
    keys = [{"name": key, "algorithm": "HMAC-SHA256", "secret": "LSWXnfkKZjdPJI5QxlpnfQ=="}] if key else []
    domain = {"name": "example.", "dns-servers": [dns], **({"key-name": key} if key else {})}
    return {
        **ddns(sockets, port),
        # A DNS server that answers may be slow on a busy machine.
        "dns-server-timeout": 50 if key else 5000,
        "tsig-keys": keys,
        "forward-ddns": {"ddns-domains": [domain]},
    }
