"""Dynamic DNS: what DHCP daemons send, what D2 takes, and whether the two agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kea_exporter.config.profiles import IPAM
from kea_exporter.facts.dns import ANY_DOMAIN, MAX_NAMES, DnsServer, DnsUpdates
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.kea.dns import read_dns_server, read_updates
from kea_exporter.kea.prepared import prepared
from kea_exporter.requirements import REQUIREMENTS, Status, Verdict, judge_all
from tests.support.configurations import Tree, ddns, dhcp4, dhcp6, subnet, subnet6
from tests.support.examples import configuration, refused, sound

UPDATES = DnsUpdates("127.0.0.1", 53001, ("example.com",), ("1.0.10.in-addr.arpa",))
SERVER = DnsServer("127.0.0.1", 53001, frozenset({"example.com"}), frozenset())


def sending(*subnets: Tree, **more: object) -> Tree:
    return dhcp4(*subnets, **{"dhcp-ddns": {"enable-updates": True}, **more})


@pytest.mark.parametrize(
    ("tree", "suffixes"),
    [
        (sending(**{"ddns-qualifying-suffix": "Example.COM."}), ("example.com",)),
        (sending(subnet(1, **{"ddns-qualifying-suffix": "a.example"}), subnet(2)), ("a.example",)),
        (sending(subnet(1, **{"ddns-send-updates": False}), **{"ddns-qualifying-suffix": "example.com"}), ()),
        (
            sending(
                **{
                    "subnet4": [],
                    "ddns-qualifying-suffix": "example.com",
                    "shared-networks": [{"name": "n", "ddns-qualifying-suffix": "n.example", "subnet4": [subnet(1)]}],
                }
            ),
            ("n.example",),
        ),
    ],
)
def test_the_suffixes_of_subnets_with_updates_are_read(tree: Tree, suffixes: tuple[str, ...]) -> None:
    updates = read_updates(prepared("Dhcp4", tree))
    assert updates is not None
    assert updates.suffixes == suffixes


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("10.0.1.0/24", "1.0.10.in-addr.arpa"),
        ("10.0.1.128/25", "1.0.10.in-addr.arpa"),
        ("10.16.0.0/12", "10.in-addr.arpa"),
        ("10.0.1.5/32", "5.1.0.10.in-addr.arpa"),
        ("0.0.0.0/0", "in-addr.arpa"),
    ],
)
def test_reverse_names_have_the_labels_that_all_addresses_share(prefix: str, expected: str) -> None:
    updates = read_updates(prepared("Dhcp4", sending(subnet(1, subnet=prefix, pools=[]))))
    assert updates is not None
    assert updates.reverse_names == (expected,)


def test_reverse_names_of_ipv6_have_a_label_for_each_digit() -> None:
    tree = dhcp6(subnet6(1, subnet="2001:db8:a::/47", pools=[]), **{"dhcp-ddns": {"enable-updates": True}})
    updates = read_updates(prepared("Dhcp6", tree))
    assert updates is not None
    assert updates.reverse_names == ("0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",)


def test_a_daemon_without_updates_sends_none() -> None:
    assert read_updates(prepared("Dhcp4", dhcp4())) is None
    assert read_updates(prepared("Dhcp4", dhcp4(**{"dhcp-ddns": {"enable-updates": False}}))) is None


def test_the_domains_of_d2_are_read() -> None:
    server = read_dns_server(ddns(**{"reverse-ddns": {"ddns-domains": [{"name": "10.IN-ADDR.ARPA."}]}}))
    assert server == DnsServer("127.0.0.1", 53001, frozenset({"example.com"}), frozenset({"10.in-addr.arpa"}))


def test_of_more_domains_than_are_kept_none_is_reported_as_missing() -> None:
    many = [{"name": f"{number}.example."} for number in range(MAX_NAMES + 1)]
    server = read_dns_server(ddns(**{"forward-ddns": {"ddns-domains": many}}))
    assert ANY_DOMAIN in server.forward
    assert len(server.forward) == MAX_NAMES + 1


def verdict_on(updates: DnsUpdates | None, server: Any) -> Verdict:  # noqa: ANN401 - a fact of any kind
    snapshot = sound(configuration=replace(configuration(Daemon.DHCP4), dns_updates=updates), dns_server=server)
    [verdict] = [
        verdict
        for verdict in judge_all(REQUIREMENTS, snapshot, IPAM).verdicts
        if verdict.requirement.id == "ddns-matches-d2"
    ]
    return verdict


@pytest.mark.parametrize(
    ("updates", "server"),
    [
        (UPDATES, SERVER),
        (UPDATES, replace(SERVER, address="0.0.0.0")),
        (UPDATES, replace(SERVER, forward=frozenset({"com"}))),
        (UPDATES, replace(SERVER, forward=frozenset({ANY_DOMAIN}))),
        (UPDATES, replace(SERVER, reverse=frozenset({"10.in-addr.arpa"}))),
        (replace(UPDATES, suffixes=()), replace(SERVER, forward=frozenset())),
        (replace(UPDATES, address="192.0.2.1"), replace(SERVER, address="192.0.2.1")),
    ],
)
def test_what_agrees_is_met(updates: DnsUpdates, server: DnsServer) -> None:
    assert verdict_on(updates, server).status is Status.MET


def test_a_part_of_a_label_covers_nothing() -> None:
    assert verdict_on(UPDATES, replace(SERVER, forward=frozenset({"ample.com"}))).status is Status.UNMET


def test_it_does_not_apply_without_updates_or_without_this_d2() -> None:
    assert verdict_on(None, SERVER).status is Status.NOT_APPLICABLE
    assert verdict_on(UPDATES, None).status is Status.NOT_APPLICABLE
    elsewhere = verdict_on(replace(UPDATES, address="192.0.2.9"), SERVER)
    assert (elsewhere.status, elsewhere.evidence) == (
        Status.NOT_APPLICABLE,
        "updates are sent to another server, 192.0.2.9",
    )


def test_it_is_unknown_while_d2_does_not_answer() -> None:
    assert verdict_on(UPDATES, refused()).status is Status.UNKNOWN
