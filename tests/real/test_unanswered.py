"""Real clients that get no answer: the shipped rules on what the exporter says before and after they asked."""

from __future__ import annotations

import re
import socket
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from kea_exporter.kea.plan import FEW_SUBNETS
from lab.servers.configurations import Tree, ddns, dhcp, subnet6
from lab.servers.datagrams import send, update_request
from lab.servers.dhcp_clients import LOOPBACK, free_dhcp_ports, wait_until_serving
from lab.servers.dhcp_messages import Type4, Type6, message4, message6
from lab.servers.high_availability import PARTNER, PRIMARY, HighAvailability, wait_for
from tests.support.exporter import Samples, values
from tests.support.one_exporter import OneExporter, one_exporter
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lab.servers.chroot import Chroot
    from lab.servers.kea import KeaDaemon, Lab

pytestmark = pytest.mark.lab

RULES = Path(__file__).parent.parent.parent / "prometheus/rules/kea-exporter.yml"
TARGET = {"job": "kea", "instance": "exporter"}
SERVER = "127.0.0.1"
TWENTY = range(20)
POOL4: Tree = {"id": 1, "subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.0/24"}]}
POOL6: Tree = {"id": 1, "subnet": "::/64", "interface": "lo", "pools": [{"pool": "::1:0:0/112"}]}
GUARD = {"client-classes": ["nobody"]}
CLASSES = {"client-classes": [{"name": "nobody"}]}
# Kea counts what it drops a moment after what it receives.
QUIET_SECONDS = 0.3


@pytest.fixture(scope="module")
def shared_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneExporter]:
    with one_exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


@dataclass(frozen=True)
class Asked:
    """A daemon, and the port that clients send to."""

    daemon: KeaDaemon
    port: int

    @property
    def duid(self) -> bytes:
        """Return the DUID of a DHCPv6 server, which requests name."""
        [found] = re.findall(r"server is using server-id ([0-9a-f:]+)", self.daemon.log())
        return bytes.fromhex(found.replace(":", ""))

    def send(self, *messages: bytes) -> None:
        """Send messages, and return when the daemon has dealt with all of them."""
        root = self.daemon.root
        name = f"pkt{root[-1]}-received"
        wanted = self._counted().get(name, 0) + len(messages)
        with socket.socket(socket.AF_INET if root == "Dhcp4" else socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            for message in messages:
                sock.sendto(message, (LOOPBACK[root], self.port))
                time.sleep(0.002)
        wait_until(lambda: self._counted().get(name) == wanted)
        wait_until(self._is_quiet)

    def _is_quiet(self) -> bool:
        before = self._counted()
        time.sleep(QUIET_SECONDS)
        return self._counted() == before

    def _counted(self) -> dict[str, int]:
        said = self.daemon.command("statistic-get-all")["arguments"]
        return {name: samples[0][0] for name, samples in said.items() if name.startswith("pkt")}


def served(lab: Lab, root: str, tree: Tree) -> Asked:
    ports = free_dhcp_ports(root)
    daemon = lab.start(root, dhcp(root, [], **tree), ("-p", str(ports[0]), "-P", str(ports[1])))
    wait_until_serving(daemon)
    return Asked(daemon, ports[0])


def page(shared_exporter: OneExporter, *asked: KeaDaemon) -> Callable[[], Samples]:
    """Return what scrapes the daemons, which are called a, b and so on."""
    roots = {"Dhcp4": "dhcp4", "Dhcp6": "dhcp6", "DhcpDdns": "d2"}
    named = zip("abc", asked, strict=False)
    exporter = shared_exporter.watch(
        *({"name": name, roots[daemon.root]: {"url": f"unix:{daemon.unix_socket}"}} for name, daemon in named)
    )
    return exporter.samples


@dataclass(frozen=True)
class Rules:
    """The shipped rules, in promtool."""

    lab: Lab
    chroot: Chroot

    def expect(self, before: Samples, after: Samples, expressions: dict[str, list[Tree]]) -> None:
        """Check what expressions find, some minutes after one page followed the other."""
        story = {"interval": "1m", "input_series": list(series(before, after))}
        story["promql_expr_test"] = [
            {"expr": expression, "eval_time": "17m" if "ALERTS" in expression else "8m", "exp_samples": found}
            for expression, found in expressions.items()
        ]
        rules = self.lab.write("rules.yml", RULES.read_text())
        test = self.lab.write("story.yml", yaml.safe_dump({"rule_files": [rules.name], "tests": [story]}))
        done = self.chroot.run("/usr/bin/promtool", "test", "rules", self.lab.inside(test))
        assert done.returncode == 0, done.stdout + done.stderr

    def expect_unanswered(self, before: Samples, after: Samples, *labels: Tree) -> None:
        """Check for which servers and messages the alert fires."""
        alert = {"alertname": "KeaClientsUnanswered", "alertstate": "firing", "severity": "warning", **TARGET}
        found = [sample("ALERTS", 1, **alert, **expected) for expected in labels]
        self.expect(before, after, {'ALERTS{alertname="KeaClientsUnanswered"}': found})


def series(before: Samples, after: Samples) -> Iterable[Tree]:
    """Return promtool's series: one page for six minutes, and then the other."""
    for name, samples in after.items():
        known = {frozenset(labels.items()): value for labels, value in before.get(name, [])}
        for labels, value in samples:
            first = known.get(frozenset(labels.items()))
            began = "_x5" if first is None else f"{first}x5"
            yield {"series": selector(name, **labels, **TARGET), "values": f"{began} {value}x30"}


def selector(name: str, /, **labels: str) -> str:
    quoted = ((key, value.replace("\\", "\\\\").replace('"', '\\"')) for key, value in labels.items())
    matchers = ",".join(f'{key}="{value}"' for key, value in quoted)
    return f"{name}{{{matchers}}}"


def sample(name: str, value: float, /, **labels: str) -> Tree:
    return {"labels": selector(name, **labels), "value": value}


@pytest.fixture
def rules(lab: Lab, chroot: Chroot) -> Rules:
    return Rules(lab, chroot)


def hardware(number: int) -> str:
    return f"02:00:00:00:00:{number:02x}"


def discovers(clients: range = TWENTY, **fields: str) -> list[bytes]:
    return [message4(Type4.DISCOVER, hardware(number), **fields) for number in clients]


def requests(first: int = 0, clients: range = TWENTY, **fields: str) -> list[bytes]:
    return [
        message4(Type4.REQUEST, hardware(number), requested=f"127.1.0.{first + number}", **fields) for number in clients
    ]


NO_SUBNET = "10.9.9.9"
OTHER_SERVER = "127.0.0.9"
LEASED = requests(server=SERVER)


@dataclass(frozen=True)
class Case:
    """Messages of DHCPv4 clients; those sent *before* are no part of the judged ones."""

    messages: list[bytes]
    before: list[bytes] = field(default_factory=list)
    tree: Tree = field(default_factory=lambda: {"subnet4": [POOL4]})

    def pages(self, lab: Lab, shared_exporter: OneExporter) -> tuple[Samples, Samples]:
        server = served(lab, "Dhcp4", self.tree)
        server.send(*self.before)
        scrape = page(shared_exporter, server.daemon)
        before = scrape()
        server.send(*self.messages)
        return before, scrape()


GUARDED_POOL = {**POOL4, "pools": [{**POOL4["pools"][0], **GUARD}]}
TWO_ADDRESSES = {**POOL4, "pools": [{"pool": "127.1.0.100/31"}]}
TWO_LEASES = [
    message4(Type4.REQUEST, f"02:01:00:00:00:0{number}", requested=f"127.1.0.10{number}", server=SERVER)
    for number in range(2)
]
UNANSWERED = {
    "relay without a subnet": Case(discovers(relay=NO_SUBNET)),
    "guard of a subnet": Case(discovers(), tree={"subnet4": [{**POOL4, **GUARD}], **CLASSES}),
    "guard of a pool": Case(discovers(), tree={"subnet4": [GUARDED_POOL], **CLASSES}),
    "no free address": Case(discovers(), TWO_LEASES, {"subnet4": [TWO_ADDRESSES]}),
    "beside clients that renew": Case([*discovers(relay=NO_SUBNET), *LEASED], LEASED),
}


@pytest.mark.parametrize("case", UNANSWERED.values(), ids=UNANSWERED)
def test_clients_that_are_not_offered_an_address(
    lab: Lab, shared_exporter: OneExporter, rules: Rules, case: Case
) -> None:
    rules.expect_unanswered(
        *case.pages(lab, shared_exporter), {"server": "a", "daemon": "dhcp4", "message": "discover"}
    )


def leaving(number: int) -> bytes:
    address = f"127.1.0.{number}"
    if number % 2:
        return message4(Type4.RELEASE, hardware(number), client=address, server=SERVER)
    return message4(Type4.DECLINE, hardware(number), requested=address, server=SERVER)


TO_ANOTHER_SERVER = [*discovers(), *requests(server=OTHER_SERVER)]
INFORMS = [message4(Type4.INFORM, hardware(number), client=f"127.1.0.{number}") for number in TWENTY]
DROP_ALL = {"client-classes": [{"name": "DROP", "test": "member('ALL')"}]}
AS_IT_SHOULD_BE = {
    "all are answered": Case([*discovers(), *LEASED]),
    "another server is chosen": Case(TO_ANOTHER_SERVER),
    "its clients come back": Case([*TO_ANOTHER_SERVER, *requests(100), *requests(120)]),
    "clients of another network": Case([*requests(100, relay=NO_SUBNET), *discovers(), *LEASED]),
    "requests are refused": Case(requests(relay=NO_SUBNET, server=SERVER)),
    "DHCPINFORM": Case(INFORMS, LEASED),
    "release and decline": Case([leaving(number) for number in TWENTY], LEASED),
    "class DROP": Case(discovers(), tree={"subnet4": [POOL4], **DROP_ALL}),
}


@pytest.mark.parametrize("case", AS_IT_SHOULD_BE.values(), ids=AS_IT_SHOULD_BE)
def test_dhcpv4_clients_that_get_what_they_should(
    lab: Lab, shared_exporter: OneExporter, rules: Rules, case: Case
) -> None:
    rules.expect_unanswered(*case.pages(lab, shared_exporter))


def messages6(kind: Type6, server: bytes = b"", first: int = 0, link: str = "::1") -> list[bytes]:
    return [message6(kind, number, server=server, address=f"::1:0:{first + number}", link=link) for number in TWENTY]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda duid: [*messages6(Type6.SOLICIT), *messages6(Type6.REQUEST, duid)], id="all are answered"),
        pytest.param(
            lambda duid: [*messages6(Type6.RENEW, duid), *messages6(Type6.REBIND), *messages6(Type6.CONFIRM)],
            id="renew, rebind, confirm",
        ),
        pytest.param(
            lambda duid: [*messages6(Type6.RELEASE, duid), *messages6(Type6.DECLINE, duid)], id="release, decline"
        ),
        pytest.param(
            lambda duid: [*messages6(Type6.SOLICIT), *messages6(Type6.REQUEST, duid[::-1])],
            id="another server is chosen",
        ),
        pytest.param(lambda _: messages6(Type6.SOLICIT, link="2001:db8:99::1"), id="relay without a subnet"),
        pytest.param(lambda _: [message6(Type6.SOLICIT, number, rapid=True) for number in TWENTY], id="rapid commit"),
        pytest.param(lambda _: messages6(Type6.INFORMATION_REQUEST), id="information-request"),
    ],
)
def test_dhcpv6_clients_that_get_what_they_should(
    lab: Lab, shared_exporter: OneExporter, rules: Rules, make: Callable[[bytes], list[bytes]]
) -> None:
    server = served(lab, "Dhcp6", {"subnet6": [{**POOL6, "rapid-commit": True}]})
    scrape = page(shared_exporter, server.daemon)
    before = scrape()
    server.send(*make(server.duid))
    rules.expect_unanswered(before, scrape())


def pair_of(lab: Lab, root: str, mode: str, ids: tuple[int, int], more: Tree | None = None) -> list[Asked]:
    """Return two servers whose only subnet has these ids."""
    pair, found = HighAvailability(lab, mode, silence=20_000, root=root, more=more), []
    key, subnet = ("subnet4", POOL4) if root == "Dhcp4" else ("subnet6", POOL6)
    for name, number in zip((PRIMARY, PARTNER), ids, strict=True):
        ports = free_dhcp_ports(root)
        options = ("-p", str(ports[0]), "-P", str(ports[1]))
        daemon = pair.start(name, arguments=options, tree={key: [{**subnet, "id": number}]})
        found.append(Asked(daemon, ports[0]))
    for server in found:
        wait_for(server.daemon, mode, mode)
    return found


def send_to_both(pair: list[Asked], *messages: bytes) -> None:
    for server in pair:
        server.send(*messages)


@pytest.mark.parametrize("mode", ["hot-standby", "load-balancing"])
def test_a_pair_answers_each_client_once_and_drops_what_is_broken(
    lab: Lab, shared_exporter: OneExporter, rules: Rules, mode: str
) -> None:
    """Each server sees all packets: on a standby no message counts, and each packet does."""
    pair = pair_of(lab, "Dhcp4", mode, (1, 1))
    scrape = page(shared_exporter, *(server.daemon for server in pair))
    before = scrape()
    send_to_both(pair, *discovers() * 25, *LEASED * 24, *[bytes(300)] * 20)
    after = scrape()
    rules.expect_unanswered(before, after)
    assert values(after, "kea_packets_received_total", "server") == {"a": 1000, "b": 1000}
    ratio = "round(daemon:kea_packets_dropped_per_packets:ratio_rate5m, 0.001)"
    found = [sample("", 0.02, server=name, daemon="dhcp4", **TARGET) for name in "ab"]
    rules.expect(before, after, {ratio: found})


def test_a_dhcpv6_pair_with_other_subnet_ids_answers_no_first_request(
    lab: Lab, shared_exporter: OneExporter, rules: Rules
) -> None:
    """A client that asks again is answered from the lease cache; the partner never has its lease."""
    pair = pair_of(lab, "Dhcp6", "hot-standby", (1, 2))
    scrape = page(shared_exporter, *(server.daemon for server in pair))
    before = scrape()
    send_to_both(pair, *messages6(Type6.SOLICIT), *messages6(Type6.REQUEST, pair[0].duid))
    assert values(scrape(), "kea_messages_sent_total", "message", server="a")["reply"] == 0
    send_to_both(pair, *messages6(Type6.REQUEST, pair[0].duid))
    after = scrape()
    rules.expect_unanswered(before, after, {"server": "a", "daemon": "dhcp6", "message": "request"})
    assert values(after, "kea_ha_state", "state", server="a", peer="local")["hot-standby"] == 1


def test_the_remedies_of_the_runbook_for_a_dhcpv6_pair(lab: Lab, shared_exporter: OneExporter) -> None:
    primary, standby = pair_of(lab, "Dhcp6", "hot-standby", (1, 2))

    def answered(first: int) -> int:
        scrape = page(shared_exporter, primary.daemon)
        before = values(scrape(), "kea_messages_sent_total", "message")["reply"]
        primary.send(*(message6(Type6.REQUEST, first + number, server=primary.duid) for number in TWENTY))
        return int(values(scrape(), "kea_messages_sent_total", "message")["reply"] - before)

    assert answered(0) == 0
    primary.daemon.command("ha-maintenance-start")
    wait_for(primary.daemon, "partner-in-maintenance")
    assert answered(100) > len(TWENTY) // 2, "all but those that still wait for the partner"
    standby.daemon.write({**standby.daemon.configuration, "subnet6": [POOL6]})
    standby.daemon.start_again()
    wait_for(primary.daemon, "hot-standby", "hot-standby")
    assert answered(200) == len(TWENTY)


def test_a_dhcpv4_pair_with_other_subnet_ids_answers_no_request(
    lab: Lab, shared_exporter: OneExporter, rules: Rules
) -> None:
    pair = pair_of(lab, "Dhcp4", "load-balancing", (1, 2), {"max-rejected-lease-updates": 0})
    scrape = page(shared_exporter, *(server.daemon for server in pair))
    before = scrape()
    clients = range(80)
    send_to_both(pair, *discovers(clients), *requests(clients=clients, server=SERVER))
    of_both = ({"server": name, "daemon": "dhcp4", "message": "request"} for name in "ab")
    rules.expect_unanswered(before, scrape(), *of_both)


def test_the_drop_ratio_of_many_subnets_is_of_all_packets(lab: Lab, shared_exporter: OneExporter, rules: Rules) -> None:
    """Most packets are renewals; statistics are queried one by one."""
    subnets = [POOL6, *(subnet6(number) for number in range(2, FEW_SUBNETS + 2))]
    server = served(lab, "Dhcp6", {"subnet6": subnets})
    server.send(*messages6(Type6.REQUEST, server.duid))
    scrape = page(shared_exporter, server.daemon)
    before = scrape()
    server.send(*messages6(Type6.RENEW, server.duid) * 4, *messages6(Type6.REBIND)[:17], *[b"?"] * 3)
    after = scrape()
    assert "kea_exporter_unknown_statistics" not in after
    ratio = "round(daemon:kea_packets_dropped_per_packets:ratio_rate5m, 0.001)"
    rules.expect(before, after, {ratio: [sample("", 0.03, server="a", daemon="dhcp6", **TARGET)]})
    rules.expect_unanswered(before, after)


def test_one_statistic_is_reset_and_no_reason_jumps(lab: Lab, shared_exporter: OneExporter) -> None:
    server = served(lab, "Dhcp4", {"subnet4": [POOL4]})
    scrape = page(shared_exporter, server.daemon)
    server.send(*[bytes(300)] * 7, *requests(server=OTHER_SERVER))
    dropped = partial(values, name="kea_packets_dropped_total", label="reason")
    assert dropped(scrape()) == {"parse_failed": 7, "other": 20}
    for name, parse_failed in (("pkt4-parse-failed", 0), ("pkt4-receive-drop", 0)):
        assert server.daemon.command("statistic-reset", name=name)["result"] == 0
        assert dropped(scrape()) == {"parse_failed": parse_failed, "other": 20}
    server.send(*[bytes(300)] * 2, *requests(server=OTHER_SERVER))
    assert dropped(scrape()) == {"parse_failed": 2, "other": 40}
    server.daemon.command("statistic-reset-all")
    assert dropped(scrape()) == {"parse_failed": 0, "other": 40}


def test_requests_for_dns_updates_that_match_no_domain(lab: Lab, shared_exporter: OneExporter, rules: Rules) -> None:
    port, _ = free_dhcp_ports("Dhcp4")
    domain = {"name": "good.example.", "dns-servers": [{"ip-address": "127.0.0.1", "port": 9}]}
    daemon = lab.start("DhcpDdns", {**ddns([], port), "forward-ddns": {"ddns-domains": [domain]}})
    scrape = page(shared_exporter, daemon)
    before = scrape()
    for number in TWENTY:
        send(port, update_request(f"host-{number}.other.example."))
    received = partial(values, name="kea_ddns_requests_total", label="result")
    wait_until(lambda: received(scrape())["received"] == len(TWENTY))
    wait_until(lambda: daemon.log().count("DHCP_DDNS_NO_FWD_MATCH_ERROR") == len(TWENTY))
    labels = {"alertname": "KeaDdnsRequestsUnanswered", "alertstate": "firing", "severity": "warning", **TARGET}
    found = [sample("ALERTS", 1, server="a", daemon="d2", **labels)]
    rules.expect(before, scrape(), {'ALERTS{alertname=~"KeaDdns.*"}': found})
