"""Counters of Kea under real traffic, compared with the page; and the few commands that this takes."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.kea.plan import FEW_SUBNETS, MAX_COMMANDS_ONE_BY_ONE, ONE_BY_ONE
from lab.servers.chroot import OLD, ensure
from lab.servers.configurations import HOOKS, ddns, dhcp, subnet4, subnet6
from lab.servers.datagrams import send, update_request
from lab.servers.dhcp_clients import LOOPBACK, DhcpClients, free_dhcp_ports, over_loopback, wait_until_serving
from lab.servers.dhcp_messages import Type4, message4, option6, relayed6
from lab.servers.dns import dns_server
from lab.servers.kea import KeaDaemon, Lab, Tree
from tests.support.exporter import Exporter, Samples, values
from tests.support.one_exporter import OneExporter, one_exporter
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

BOTH_DAEMONS = pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6"])
# All addresses of these are leased by the tests before clients come.
FEW_ADDRESSES: dict[str, Tree] = {
    "Dhcp4": {"subnet4": [{"id": 1, "subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.0/31"}]}]},
    "Dhcp6": {"subnet6": [{"id": 1, "subnet": "::/64", "interface": "lo", "pools": [{"pool": "::1:0:0/127"}]}]},
}
ADDRESSES = {
    "Dhcp4": {"127.1.0.0": 1, "127.1.0.1": 1},
    "Dhcp6": {"::1:0:0": 1, "::1:0:1": 1},
}
MANY_ADDRESSES: dict[str, Tree] = {
    "Dhcp4": {"subnet4": [{"id": 1, "subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.0/24"}]}]},
    "Dhcp6": {"subnet6": [{"id": 1, "subnet": "::/64", "interface": "lo", "pools": [{"pool": "::1:0:0/112"}]}]},
}
SHARED_NETWORK: dict[str, Tree] = {
    "Dhcp4": {
        "name": "office",
        "subnet4": [
            {"id": 1, "subnet": "127.0.0.0/9", "pools": [{"pool": "127.1.0.0/32"}]},
            {"id": 2, "subnet": "127.128.0.0/9", "pools": [{"pool": "127.129.0.0/31"}]},
        ],
    },
    "Dhcp6": {
        "name": "office",
        "interface": "lo",
        "subnet6": [
            {"id": 1, "subnet": "::/64", "pools": [{"pool": "::1:0:0/128"}]},
            {"id": 2, "subnet": "2001:db8::/64", "pools": [{"pool": "2001:db8::/127"}]},
        ],
    },
}
ADDRESSES_OF_NETWORK = {
    "Dhcp4": {"127.1.0.0": 1, "127.129.0.0": 2, "127.129.0.1": 2},
    "Dhcp6": {"::1:0:0": 1, "2001:db8::": 2, "2001:db8::1": 2},
}
# As long as a DHCPv4 message has to be, or Kea does not count it at all; a single byte is enough for DHCPv6.
UNREADABLE = {"Dhcp4": bytes(300), "Dhcp6": b"?"}
# A state of leases.
DECLINED = 1
# The first client of perfdhcp, and the second one.
FIRST, SECOND = "00:0c:01:02:03:04", "00:0c:01:02:03:05"


@dataclass(frozen=True)
class Served:
    """A daemon that serves clients on loopback.

    Attributes:
        strays: clients whose messages a DHCPv6 server drops.
    """

    daemon: KeaDaemon
    clients: DhcpClients
    strays: DhcpClients
    port: int

    @property
    def url(self) -> str:
        return f"unix:{self.daemon.unix_socket}"

    def fail(self, clients: int) -> int:
        """Let clients ask where no lease can be had, and return how many did once the daemon has dealt with them."""
        asked = self.clients.ask_in_vain(clients).first.sent
        # Of all that Kea counts then, this comes last.
        last = f"v{self.daemon.root[-1]}-allocation-fail-classes"
        wait_until(lambda: statistic(self.daemon, last) == asked)
        return asked

    def send(self, *packets: bytes) -> None:
        """Send packets as they are, and wait until the daemon has seen them."""
        root = self.daemon.root
        name = f"pkt{root[-1]}-received"
        wanted = statistic(self.daemon, name) + len(packets)
        with socket.socket(socket.AF_INET if root == "Dhcp4" else socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            for packet in packets:
                sock.sendto(packet, (LOOPBACK[root], self.port))
        wait_until(lambda: statistic(self.daemon, name) == wanted)


def serve(lab: Lab, tree: Tree, root: str, chroot: Chroot | None = None) -> Served:
    """Start a daemon for clients, which are run from another *chroot* where the daemon's own has none."""
    ports = free_dhcp_ports(root)
    kind = {"dhcp-socket-type": "udp"} if root == "Dhcp4" else {}
    tree = {**tree, "interfaces-config": {"interfaces": [f"lo/{LOOPBACK[root]}"], **kind}}
    daemon = lab.start(root, tree, ("-p", str(ports[0]), "-P", str(ports[1])))
    wait_until_serving(daemon)
    near, strays = (over_loopback(chroot or lab.chroot, root, ports, relayed=relayed) for relayed in (True, False))
    return Served(daemon, near, strays, ports[0])


@pytest.fixture(scope="module")
def shared_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneExporter]:
    with one_exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


def watched(shared_exporter: OneExporter, url: str, daemon: str) -> Exporter:
    return shared_exporter.watch({"name": "kea", daemon.lower(): {"url": url}})


def statistic(daemon: KeaDaemon, name: str) -> int:
    """Return what Kea says of one statistic; 0 where it has none."""
    return int(daemon.command("statistic-get", name=name)["arguments"].get(name, [[0]])[0][0])


Counters = dict[str, dict[str, float]]
LABELS = {
    "kea_packets_received_total": "daemon",
    "kea_packets_sent_total": "daemon",
    "kea_messages_received_total": "message",
    "kea_messages_sent_total": "message",
    "kea_packets_dropped_total": "reason",
    "kea_allocation_failures_total": "scope",
    "kea_allocation_failures_by_cause_total": "cause",
    "kea_lease_assignments_total": "kind",
    "kea_lease_reuses_total": "kind",
    "kea_address_registrations_total": "daemon",
    "kea_leases_reclaimed_total": "daemon",
    "kea_declined_addresses_reclaimed_total": "daemon",
    "kea_reservation_conflicts_total": "daemon",
}


def on_page(samples: Samples) -> Counters:
    return {family: values(samples, family, label) for family, label in LABELS.items() if family in samples}


def by_hand(daemon: KeaDaemon) -> Counters:
    """Return what the page should say, from Kea's own statistics."""
    said = {name: samples[0][0] for name, samples in daemon.command("statistic-get-all")["arguments"].items()}
    version = daemon.root[-1]
    packets, failed, root = f"pkt{version}-", f"v{version}-allocation-fail", daemon.root.lower()
    kinds = {"-addresses": "address"} if version == "4" else {"-nas": "address", "-pds": "prefix"}
    reuses = {"lease": "address"} if version == "4" else {"ia-na-lease": "address", "ia-pd-lease": "prefix"}
    alone = {
        "kea_address_registrations_total": "cumulative-registered-nas",
        "kea_leases_reclaimed_total": "reclaimed-leases",
        "kea_declined_addresses_reclaimed_total": "reclaimed-declined-addresses",
        "kea_reservation_conflicts_total": "v4-reservation-conflicts",
        "kea_packets_received_total": f"{packets}received",
        "kea_packets_sent_total": f"{packets}sent",
    }
    return {
        "kea_messages_received_total": by_message(said, f"{packets}(.+)-received"),
        "kea_messages_sent_total": by_message(said, f"{packets}(.+)-sent"),
        "kea_packets_dropped_total": {
            "parse_failed": said[f"{packets}parse-failed"],
            "other": said[f"{packets}receive-drop"] - said[f"{packets}parse-failed"],
        },
        "kea_allocation_failures_total": {
            "subnet": said[f"{failed}-subnet"],
            "shared_network": said[f"{failed}-shared-network"],
        },
        "kea_allocation_failures_by_cause_total": {
            "no_pools": said[f"{failed}-no-pools"],
            "no_free_lease": said[failed],
        },
        "kea_lease_assignments_total": {kind: said[f"cumulative-assigned{suffix}"] for suffix, kind in kinds.items()},
        "kea_lease_reuses_total": {kind: said[f"v{version}-{prefix}-reuses"] for prefix, kind in reuses.items()},
        **{family: {root: said[name]} for family, name in alone.items() if name in said},
    }


def by_message(said: dict[str, int], pattern: str) -> dict[str, float]:
    found = {re.fullmatch(pattern, name): value for name, value in said.items()}
    return {match[1].replace("-", "_"): value for match, value in found.items() if match}


def checked(served: Served, exporter: Exporter) -> Counters:
    """Return the counters on the page, which have to be Kea's, and all that Kea has."""
    samples = exporter.samples()
    page = on_page(samples)
    assert page == by_hand(served.daemon)
    assert values(samples, "kea_exporter_unknown_statistics", "server") == {"kea": 0}
    # What is split by several labels has one sum.
    by_scope, by_cause = page["kea_allocation_failures_total"], page["kea_allocation_failures_by_cause_total"]
    assert sum(by_scope.values()) == sum(by_cause.values())
    readable = sum(page["kea_messages_received_total"].values())
    [in_all] = page["kea_packets_received_total"].values()
    assert in_all == readable + page["kea_packets_dropped_total"]["parse_failed"]
    return page


@pytest.mark.parametrize(("root", "hooks"), [("Dhcp4", HOOKS), ("Dhcp6", ("lease_cmds",))])
def test_exchanges_and_assigned_leases_are_counted(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    served = serve(lab, dhcp(root, [], hooks, **MANY_ADDRESSES[root]), root)
    exporter = watched(shared_exporter, served.url, root)
    nothing = checked(served, exporter)
    assert all(value == 0 for found in nothing.values() for value in found.values())
    exchanges = served.clients.ask(12)
    page = checked(served, exporter)
    first, answer = ("discover", "ack") if root == "Dhcp4" else ("solicit", "reply")
    assert page["kea_messages_received_total"][first] == exchanges.first.sent
    assert page["kea_messages_sent_total"][answer] == exchanges.second.received
    assert page["kea_lease_assignments_total"]["address"] == 12
    assert page["kea_allocation_failures_total"] == {"subnet": 0, "shared_network": 0}
    # The same clients again get the same leases, which are no further assignments.
    served.clients.ask(12)
    again = checked(served, exporter)
    assert again["kea_lease_assignments_total"] == page["kea_lease_assignments_total"]
    assert again["kea_lease_reuses_total"]["address"] > 0
    done(served.daemon.command("config-reload"))
    assert checked(served, exporter) == again


@pytest.mark.parametrize(("root", "hooks"), [("Dhcp4", HOOKS), ("Dhcp6", ("lease_cmds",))])
def test_renewed_leases_count_on_and_released_ones_do_not(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...]
) -> None:
    served = serve(lab, dhcp(root, [], hooks, **MANY_ADDRESSES[root]), root)
    exporter = watched(shared_exporter, served.url, root)
    served.clients.ask(30, "-f", "30", "-F", "30")
    page = checked(served, exporter)
    received = page["kea_messages_received_total"]
    assert received["release"] > 0
    assert received["request"] > 30 if root == "Dhcp4" else received["renew"] > 0
    assert page["kea_lease_assignments_total"]["address"] == 30
    leases = served.daemon.command(f"lease{root[-1]}-get-all")["arguments"]["leases"]
    in_use = sum(lease["state"] == 0 for lease in leases)
    assert 0 < in_use < 30
    assert values(exporter.samples(), "kea_leases", "state", kind="address") == {"assigned": in_use, "declined": 0}


def done(answer: Tree) -> None:
    assert answer["result"] == 0, answer


@BOTH_DAEMONS
def test_clients_that_find_no_free_lease_are_counted(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    served = serve(lab, dhcp(root, [], **FEW_ADDRESSES[root]), root)
    add_leases(served.daemon, ADDRESSES[root])
    exporter = watched(shared_exporter, served.url, root)
    failed = served.fail(7)
    page = checked(served, exporter)
    assert page["kea_allocation_failures_total"] == {"subnet": failed, "shared_network": 0}
    assert page["kea_allocation_failures_by_cause_total"] == {"no_pools": 0, "no_free_lease": failed}


@BOTH_DAEMONS
def test_a_subnet_without_pools_is_another_cause(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    [[key, [subnet]]] = FEW_ADDRESSES[root].items()
    served = serve(lab, {**dhcp(root, []), key: [{**subnet, "pools": []}]}, root)
    exporter = watched(shared_exporter, served.url, root)
    failed = served.fail(7)
    page = checked(served, exporter)
    assert page["kea_allocation_failures_total"] == {"subnet": failed, "shared_network": 0}
    assert page["kea_allocation_failures_by_cause_total"] == {"no_pools": failed, "no_free_lease": 0}


@BOTH_DAEMONS
def test_a_shared_network_is_another_scope(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    served = serve(lab, {**dhcp(root, []), "shared-networks": [SHARED_NETWORK[root]]}, root)
    add_leases(served.daemon, ADDRESSES_OF_NETWORK[root])
    exporter = watched(shared_exporter, served.url, root)
    failed = served.fail(7)
    page = checked(served, exporter)
    assert page["kea_allocation_failures_total"] == {"subnet": 0, "shared_network": failed}
    assert page["kea_allocation_failures_by_cause_total"] == {"no_pools": 0, "no_free_lease": failed}


@BOTH_DAEMONS
def test_what_cannot_be_read_is_dropped_for_that_reason_alone(
    lab: Lab, shared_exporter: OneExporter, root: str
) -> None:
    served = serve(lab, dhcp(root, [], **FEW_ADDRESSES[root]), root)
    exporter = watched(shared_exporter, served.url, root)
    served.send(*[UNREADABLE[root]] * 3)
    page = checked(served, exporter)
    assert page["kea_packets_dropped_total"] == {"parse_failed": 3, "other": 0}
    served.send(*[UNREADABLE[root]] * 2)
    served.clients.ask(2)
    assert checked(served, exporter)["kea_packets_dropped_total"] == {"parse_failed": 5, "other": 0}


def test_what_is_dropped_otherwise_is_dropped_for_another_reason(lab: Lab, shared_exporter: OneExporter) -> None:
    served = serve(lab, dhcp("Dhcp6", [], **FEW_ADDRESSES["Dhcp6"]), "Dhcp6")
    exporter = watched(shared_exporter, served.url, "Dhcp6")
    strays = served.strays.ask_in_vain(6).first.sent
    wait_until(lambda: statistic(served.daemon, "pkt6-receive-drop") == strays)
    served.send(b"?")
    wait_until(lambda: statistic(served.daemon, "pkt6-receive-drop") == strays + 1)
    page = checked(served, exporter)
    assert page["kea_packets_dropped_total"] == {"parse_failed": 1, "other": strays}
    assert page["kea_messages_received_total"]["solicit"] == strays


def test_what_becomes_of_leases_is_counted(lab: Lab, shared_exporter: OneExporter) -> None:
    """A lease is declined by its client, two expire, and a reserved address is found to be taken."""
    [subnet] = MANY_ADDRESSES["Dhcp4"]["subnet4"]
    reservations = [{"hw-address": SECOND, "ip-address": "127.2.0.1"}]
    # Expired leases stay until the test takes them away, however long it takes to get there.
    stay: Tree = {"expired-leases-processing": {"reclaim-timer-wait-time": 0}}
    served = serve(lab, {**dhcp("Dhcp4", [], subnet4=[{**subnet, "reservations": reservations}]), **stay}, "Dhcp4")
    add_leases(served.daemon, {"127.2.0.1": 1})
    expired = {"expire": int(time.time()) - 60, "valid-lft": 30}
    add_leases(served.daemon, {"127.3.0.0": 1}, **expired)
    add_leases(served.daemon, {"127.3.0.1": 1}, state=DECLINED, **expired)
    exporter = watched(shared_exporter, served.url, "Dhcp4")
    served.clients.ask(2)
    assert checked(served, exporter)["kea_reservation_conflicts_total"]["dhcp4"] >= 1
    leases = served.daemon.command("lease4-get-all")["arguments"]["leases"]
    [address] = [lease["ip-address"] for lease in leases if lease["hw-address"] == FIRST]
    served.send(message4(Type4.DECLINE, FIRST, requested=address, server="127.0.0.1"))
    wait_until(lambda: statistic(served.daemon, "declined-addresses") == 2)
    assert checked(served, exporter)["kea_messages_received_total"]["decline"] == 1
    assert values(exporter.samples(), "kea_leases", "state") == {"assigned": 3, "declined": 2}
    done(served.daemon.command("leases-reclaim", remove=True))
    page = checked(served, exporter)
    assert page["kea_leases_reclaimed_total"] == {"dhcp4": 2}
    assert page["kea_declined_addresses_reclaimed_total"] == {"dhcp4": 1}
    assert values(exporter.samples(), "kea_leases", "state") == {"assigned": 2, "declined": 1}


@BOTH_DAEMONS
def test_response_times_are_those_of_perfmon(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    tree = dhcp(root, [], HOOKS, **MANY_ADDRESSES[root])
    parameters = {"enable-monitoring": True, "stats-mgr-reporting": True, "interval-width-secs": 1}
    tree["hooks-libraries"].append({"library": "libdhcp_perfmon.so", "parameters": parameters})
    served = serve(lab, tree, root)
    exporter = watched(shared_exporter, served.url, root)
    exchange = "DHCPDISCOVER-DHCPOFFER" if root == "Dhcp4" else "SOLICIT-ADVERTISE"
    name = f"perfmon.{exchange}.composite-total_response.mean-usecs"
    # The mean of an interval is there once the next one has begun.
    wait_until(lambda: served.clients.ask(2).first.received == 2 and statistic(served.daemon, name) > 0, pause=0.6)
    samples = exporter.samples()
    label = "discover_offer" if root == "Dhcp4" else "solicit_advertise"
    mean = values(samples, "kea_response_time_mean_seconds", "exchange")[label]
    assert mean == pytest.approx(statistic(served.daemon, name) / 1_000_000)
    assert values(samples, "kea_response_time_peak_seconds", "exchange")[label] >= mean
    assert values(samples, "kea_exporter_unknown_statistics", "server") == {"kea": 0}


def add_leases(daemon: KeaDaemon, addresses: Mapping[str, int], **more: object) -> None:
    """Add leases, given the subnet of each address."""
    for address, subnet in addresses.items():
        client = ":".join(f"{byte:02x}" for byte in ip_address(address).packed[-4:])
        identity = (
            {"hw-address": f"02:00:{client}"} if daemon.root == "Dhcp4" else {"duid": f"01:02:{client}", "iaid": 1}
        )
        lease = {"ip-address": address, "subnet-id": subnet, **identity, **more}
        done(daemon.command(f"lease{daemon.root[-1]}-add", **lease))


@pytest.mark.parametrize("hooks", [HOOKS, ("lease_cmds",)], ids=["stat_cmds", "statistics"])
def test_addresses_that_clients_register_are_counted(
    lab: Lab, shared_exporter: OneExporter, hooks: tuple[str, ...]
) -> None:
    served = serve(lab, dhcp("Dhcp6", [], hooks, **FEW_ADDRESSES["Dhcp6"]), "Dhcp6")
    exporter = watched(shared_exporter, served.url, "Dhcp6")
    served.send(registration("::77"), registration("::78"))
    wait_until(lambda: statistic(served.daemon, "cumulative-registered-nas") == 2)
    page = checked(served, exporter)
    assert page["kea_address_registrations_total"] == {"dhcp6": 2}
    assert page["kea_messages_sent_total"]["addr_reg_reply"] == 2
    registered = values(exporter.samples(), "kea_subnet_addresses_registered", "subnet_id")
    assert registered == {"1": statistic(served.daemon, "subnet[1].registered-nas")} == {"1": 2}
    assert values(exporter.samples(), "kea_leases", "state", kind="address") == {"assigned": 0, "declined": 0}


def registration(address: str) -> bytes:
    """Return the ADDR-REG-INFORM of a client, through a relay (RFC 9686)."""
    packed = ip_address(address).packed
    inform = b"\x24\x00\x00\x01" + option6(1, b"\0\x03\0\x01" + packed[-6:]) + option6(5, packed + bytes(8))
    # Kea 3.0.3 compares with the link-address of the relay.
    return relayed6(address, inform)


@pytest.fixture(scope="module")
def old_lab() -> Iterator[Lab]:
    with Lab(ensure(OLD)) as lab:
        yield lab


@BOTH_DAEMONS
def test_kea_2_6_counts_the_same(old_lab: Lab, chroot: Chroot, shared_exporter: OneExporter, root: str) -> None:
    [folder] = old_lab.chroot.root.glob("usr/lib/*/kea/hooks")
    hooks = [{"library": old_lab.inside(folder / f"libdhcp_{hook}.so")} for hook in ("lease_cmds", "stat_cmds")]
    tree = {**dhcp(root, [], **FEW_ADDRESSES[root]), "hooks-libraries": hooks}
    tree.pop("control-sockets")
    served = serve(old_lab, tree, root, chroot)
    exporter = watched(shared_exporter, served.url, root)
    add_leases(served.daemon, ADDRESSES[root])
    failed = served.fail(7)
    for address in ADDRESSES[root]:
        done(served.daemon.command(f"lease{root[-1]}-del", **{"ip-address": address}))
    served.clients.ask(2)
    served.send(*[UNREADABLE[root]] * 3)
    page = checked(served, exporter)
    assert page["kea_lease_assignments_total"]["address"] == 2
    assert page["kea_allocation_failures_total"] == {"subnet": failed, "shared_network": 0}
    assert page["kea_packets_dropped_total"] == {"parse_failed": 3, "other": 0}
    assert values(exporter.samples(), "kea_version_info", "version") == {"2.6.3": 1}


def commands_of(daemon: KeaDaemon) -> list[str]:
    """Return every command that a daemon was ever sent, as it logged them."""
    return re.findall(r"COMMAND_RECEIVED Received command '([^']+)'", daemon.log())


def asked(daemon: KeaDaemon, exporter: Exporter) -> list[str]:
    """Return what one scrape asks."""
    before = len(commands_of(daemon))
    exporter.samples()
    return commands_of(daemon)[before:]


def settle(daemon: KeaDaemon, exporter: Exporter) -> None:
    """Wait until a scrape asks for nothing that can have changed only by a reload, which could not be missed then."""
    wait_until(lambda: "config-get" not in asked(daemon, exporter), pause=0.1)


def many_subnets(root: str) -> Tree:
    [[key, first]] = MANY_ADDRESSES[root].items()
    make = subnet4 if root == "Dhcp4" else subnet6
    return {key: [*first, *(make(number) for number in range(2, FEW_SUBNETS + 2))]}


# Where they are all that is read of dropped packets, they are all of another reason.
PAGE = {
    "Dhcp4": {
        ("kea_packets_received_total", "dhcp4"): "pkt4-received",
        ("kea_packets_dropped_total", "other"): "pkt4-receive-drop",
        ("kea_messages_received_total", "discover"): "pkt4-discover-received",
        ("kea_messages_received_total", "request"): "pkt4-request-received",
        ("kea_messages_sent_total", "offer"): "pkt4-offer-sent",
        ("kea_messages_sent_total", "ack"): "pkt4-ack-sent",
        ("kea_allocation_failures_total", "subnet"): "v4-allocation-fail-subnet",
        ("kea_allocation_failures_total", "shared_network"): "v4-allocation-fail-shared-network",
        ("kea_packets_sent_total", "dhcp4"): "pkt4-sent",
        ("kea_packets_dropped_total", "parse_failed"): "pkt4-parse-failed",
    },
    "Dhcp6": {
        ("kea_packets_received_total", "dhcp6"): "pkt6-received",
        ("kea_packets_dropped_total", "other"): "pkt6-receive-drop",
        ("kea_messages_received_total", "renew"): "pkt6-renew-received",
        ("kea_messages_received_total", "rebind"): "pkt6-rebind-received",
        ("kea_messages_received_total", "solicit"): "pkt6-solicit-received",
        ("kea_messages_received_total", "request"): "pkt6-request-received",
        ("kea_messages_sent_total", "advertise"): "pkt6-advertise-sent",
        ("kea_messages_sent_total", "reply"): "pkt6-reply-sent",
        ("kea_allocation_failures_total", "subnet"): "v6-allocation-fail-subnet",
        ("kea_allocation_failures_total", "shared_network"): "v6-allocation-fail-shared-network",
        ("kea_packets_sent_total", "dhcp6"): "pkt6-sent",
    },
}


@BOTH_DAEMONS
def test_a_server_with_many_subnets_is_asked_little(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    served = serve(lab, dhcp(root, [], **many_subnets(root)), root)
    daemon, version = served.daemon, root[-1]
    exporter = watched(shared_exporter, served.url, root)
    settle(daemon, exporter)
    steady = asked(daemon, exporter)
    assert len(steady) <= MAX_COMMANDS_ONE_BY_ONE
    expected = ["status-get", f"subnet{version}-list", f"stat-lease{version}-get"]
    one_by_one = ["statistic-get"] * len(ONE_BY_ONE[Daemon(root.lower())])
    assert sorted(steady) == sorted([*expected, "reservation-get-page", *one_by_one])

    asked_for_leases = served.clients.ask(5).first.sent
    served.send(*[UNREADABLE[root]] * 2)
    samples = exporter.samples()
    page = {(family, label): value for family, found in on_page(samples).items() for label, value in found.items()}
    said = {key: statistic(daemon, name) for key, name in PAGE[root].items()}
    said["kea_packets_dropped_total", "other"] -= said.get(("kea_packets_dropped_total", "parse_failed"), 0)
    assert page == said
    assert sum(values(samples, "kea_packets_dropped_total", "reason").values()) == 2
    assert page["kea_messages_received_total", "discover" if root == "Dhcp4" else "solicit"] == asked_for_leases
    # Nobody can tell whether there are others.
    assert "kea_exporter_unknown_statistics" not in samples
    assert len(values(samples, "kea_subnet_addresses", "subnet_id")) == FEW_SUBNETS + 1

    new = subnet4(200) if root == "Dhcp4" else subnet6(200)
    done(daemon.command(f"subnet{version}-add", **{f"subnet{version}": [new]}))
    assert asked(daemon, exporter).count("config-get") == 1
    assert sorted(asked(daemon, exporter)) == sorted(steady)
    assert len(values(exporter.samples(), "kea_subnet_addresses", "subnet_id")) == FEW_SUBNETS + 2

    done(daemon.command("config-reload"))
    reloaded = asked(daemon, exporter)
    assert (reloaded.count("config-get"), reloaded.count("list-commands")) == (1, 1)
    assert "statistic-get-all" not in reloaded
    if root == "Dhcp4":  # it takes some seconds, and is no other for DHCPv6
        settle(daemon, exporter)
        assert sorted(asked(daemon, exporter)) == sorted(steady)


DDNS_LABELS = {
    "kea_ddns_requests_total": ("result",),
    "kea_ddns_queue_full_total": (),
    "kea_ddns_updates_sent_total": ("signed",),
    "kea_ddns_updates_total": ("result",),
    "kea_ddns_key_updates_sent_total": ("key",),
    "kea_ddns_key_updates_total": ("key", "result"),
}
KEY = "key.example."


def ddns_by_hand(daemon: KeaDaemon) -> dict[str, dict[tuple[str, ...], float]]:
    def said(prefix: str, *names: str) -> dict[str, int]:
        return {name: statistic(daemon, f"{prefix}{name}") for name in names}

    results = ("success", "timeout", "error")
    return {
        "kea_ddns_requests_total": {
            (result,): value for result, value in said("ncr-", "received", "invalid", "error").items()
        },
        "kea_ddns_queue_full_total": {(): statistic(daemon, "queue-mgr-queue-full")},
        "kea_ddns_updates_sent_total": {
            ("true",): statistic(daemon, "update-signed"),
            ("false",): statistic(daemon, "update-unsigned"),
        },
        "kea_ddns_updates_total": {(result,): value for result, value in said("update-", *results).items()},
        "kea_ddns_key_updates_sent_total": {(KEY,): statistic(daemon, f"key[{KEY}].update-sent")},
        "kea_ddns_key_updates_total": {
            (KEY, result): value for result, value in said(f"key[{KEY}].update-", *results).items()
        },
    }


def test_dns_updates_are_counted_by_result_and_key(lab: Lab, shared_exporter: OneExporter) -> None:
    port, _ = free_dhcp_ports("Dhcp4")
    with dns_server(answers=True) as good, dns_server(answers=False) as silent:
        domains = [
            domain("good.example.", good),
            # Its answer is not signed, as it would have to be.
            domain("unsigned.example.", good, KEY),
            domain("silent.example.", silent, KEY),
        ]
        secret = {"name": KEY, "algorithm": "HMAC-SHA256", "secret": "LSWXnfkKZjdPJI5QxlpnfQ=="}
        more = {"dns-server-timeout": 50, "tsig-keys": [secret], "forward-ddns": {"ddns-domains": domains}}
        daemon = lab.start("DhcpDdns", {**ddns([], port), **more})
        exporter = watched(shared_exporter, f"unix:{daemon.unix_socket}", "d2")
        for name in ("a.good.example.", "b.good.example.", "a.unsigned.example.", "a.silent.example."):
            send(port, update_request(name))
        send(port, b"no request at all")
        # Kea tries three times where it gets no proper answer.
        wait_until(lambda: statistic(daemon, "update-timeout") == 3 and statistic(daemon, "ncr-invalid") == 1)
        wait_until(lambda: statistic(daemon, "update-success") == 2 and statistic(daemon, "update-error") == 3)
        samples, expected = exporter.samples(), ddns_by_hand(daemon)
    page = {
        family: {tuple(found[label] for label in labels): value for found, value in samples[family]}
        for family, labels in DDNS_LABELS.items()
    }
    assert page == expected
    assert page["kea_ddns_requests_total"] == {("received",): 4, ("invalid",): 1, ("error",): 0}
    assert page["kea_ddns_updates_sent_total"] == {("true",): 6, ("false",): 2}
    assert page["kea_ddns_updates_total"] == {("success",): 2, ("timeout",): 3, ("error",): 3}
    assert page["kea_ddns_key_updates_total"] == {(KEY, "success"): 0, (KEY, "timeout"): 3, (KEY, "error"): 3}
    assert values(samples, "kea_exporter_unknown_statistics", "server") == {"kea": 0}


def domain(name: str, port: int, key: str | None = None) -> Tree:
    """Return a domain of D2, whose DNS server is on loopback."""
    signed = {} if key is None else {"key-name": key}
    return {"name": name, "dns-servers": [{"ip-address": "127.0.0.1", "port": port}], **signed}
