"""The cost of the review of a configuration, and what depends on many subnets."""

from __future__ import annotations

import socket
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kea_exporter.facts.failure import known
from kea_exporter.kea import reading
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.review import review
from tests.support.answers import said
from tests.support.calls import calls
from tests.support.configurations import LEASE_CMDS, Tree, dhcp4, host, subnet

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.facts.review import Review

FEW, MANY = 300, 1200
# Of a subnet with five reservations.
MAX_CALLS = 240


def guarded_and_nested(number: int) -> Tree:
    """Return subnets of one prefix, each for a client class of its own."""
    subnets = (
        {"id": host, "subnet": f"10.0.{host >> 8}.{host & 255}/16", "client-classes": [f"class-{host}"]}
        for host in range(1, 1 + number)
    )
    return dhcp4(*subnets)


def many_routers_and_pools(number: int) -> Tree:
    """Return a subnet with many routers and many pools."""
    addresses = [f"10.0.{host >> 8}.{host & 255}" for host in range(1, 1 + number)]
    pools = [{"pool": f"{address} - {address}"} for address in addresses]
    routers = {"name": "routers", "data": ", ".join(reversed(addresses))}
    return dhcp4(subnet(1, subnet="10.0.0.0/16", pools=pools, **{"option-data": [routers]}))


def inherited_options(number: int) -> Tree:
    """Return many subnets in a shared network with many options, the last one of many routers."""
    options = [{"code": 224, "data": str(place)} for place in range(number)]
    routers = {"name": "routers", "data": ", ".join(["10.0.0.1"] * number)}
    subnets = [{"id": place, "subnet": f"10.{place >> 8}.{place & 255}.0/24"} for place in range(1, 1 + number)]
    network = {"name": "office", "option-data": [*options, routers], "subnet4": subnets}
    return dhcp4(**{"shared-networks": [network]})


def inherited_guards(number: int) -> Tree:
    """Return many subnets in a shared network of many client classes."""
    subnets = [{"id": place, "subnet": f"10.{place >> 8}.{place & 255}.0/24"} for place in range(1, 1 + number)]
    network = {"name": "office", "client-classes": [f"HA_{place}" for place in range(number)], "subnet4": subnets}
    return dhcp4(**{"shared-networks": [network]})


def relationships_and_sockets(number: int) -> Tree:
    """Return many relationships without a dedicated listener, beside many control sockets."""
    peers = [{"name": "server1", "url": "http://127.0.0.1:1/", "role": "primary"}]
    settings = {"this-server-name": "server1", "mode": "hot-standby", "multi-threading": {}}
    settings["multi-threading"] = {"http-dedicated-listener": False}
    relationships = [{**settings, "peers": peers} for _ in range(number)]
    ha = {"library": "libdhcp_ha.so", "parameters": {"high-availability": relationships}}
    sockets = [{"socket-type": "http", "socket-port": 8000 + place} for place in range(number)]
    return dhcp4(**{"hooks-libraries": [LEASE_CMDS, ha], "control-sockets": sockets})


def reviewed(tree: Tree) -> Review:
    return review(prepared("Dhcp4", tree))


def calls_of_review(tree: Tree) -> int:
    return calls(partial(reviewed, tree))


@pytest.mark.parametrize(
    "built",
    [guarded_and_nested, many_routers_and_pools, inherited_options, inherited_guards, relationships_and_sockets],
)
def test_a_review_takes_time_in_proportion_to_the_configuration(built: Callable[[int], Tree]) -> None:
    few, many = calls_of_review(built(FEW)), calls_of_review(built(MANY))
    assert many / few < 6  # 4 in proportion, 16 if it were quadratic


def test_a_subnet_lies_in_the_one_for_its_clients_however_many_guarded_ones_are_between() -> None:
    between = [
        subnet(2 + number, subnet="10.0.0.0/16", pools=[], **{"client-classes": [f"class-{number}"]})
        for number in range(100)
    ]
    tree = dhcp4(subnet(1, subnet="10.0.0.0/8"), *between, subnet(200))
    found = reviewed(tree)["subnets-do-not-overlap"]
    assert [observed.evidence for observed in known(found)] == [
        ("subnet 10.0.200.0/24 (id 200) lies in subnet 10.0.0.0/8 (id 1)",)
    ]


def with_hosts(number: int) -> Tree:
    """Return subnets with five reservations each, as config-get shows them."""
    host = {"hostname": "", "client-classes": [], "option-data": []}
    subnets = (
        subnet(
            place,
            subnet=f"10.{place >> 8}.{place & 255}.0/24",
            pools=[{"pool": f"10.{place >> 8}.{place & 255}.0/25"}],
            reservations=[
                {**host, "hw-address": f"02:{last}", "ip-address": f"10.{place >> 8}.{place & 255}.{last}"}
                for last in range(5)
            ],
        )
        for place in range(1, 1 + number)
    )
    return dhcp4(*subnets)


def test_a_review_of_a_subnet_and_its_reservations_takes_few_calls() -> None:
    """The bench measures the time; 10,000 subnets with 50,000 reservations may take 300 ms."""
    assert calls_of_review(with_hosts(FEW)) / FEW < MAX_CALLS


def test_each_address_is_parsed_once_for_the_facts_and_the_review(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(family: int, text: str) -> bytes:
        parsed.append(text)
        return socket.inet_pton(family, text)

    monkeypatch.setattr(reading, "inet_pton", counted)
    tree = dhcp4(subnet(1, reservations=[host()]), **{"dhcp-ddns": {"enable-updates": True}})
    read_configuration(said({"Dhcp4": tree}))
    assert sorted(parsed) == ["10.0.1.0", "10.0.1.1", "10.0.1.10", "10.0.1.20", "10.0.1.200"]
