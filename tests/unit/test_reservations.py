"""Numbers of reserved addresses and prefixes; names and guards of subnets and pools."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.subnets import Count, Descriptions
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.reading import MalformedAnswerError
from tests.support.answers import said
from tests.support.calls import calls

if TYPE_CHECKING:
    from kea_exporter.facts.configuration import Configuration
    from kea_exporter.facts.subnets import Column

Tree = dict[str, Any]

IN_POOL, OUT_OF_POOL = Count.ADDRESSES_RESERVED_IN_POOL, Count.ADDRESSES_RESERVED_OUT_OF_POOL
PREFIXES_IN_POOL, PREFIXES_OUT_OF_POOL = Count.PREFIXES_RESERVED_IN_POOL, Count.PREFIXES_RESERVED_OUT_OF_POOL
POOLS = [{"pool": "192.0.2.10-192.0.2.19"}, {"pool": "192.0.2.128/26"}]
SUBNET: Tree = {"id": 1, "subnet": "192.0.2.0/24", "pools": POOLS}
DELEGATING: Tree = {
    "id": 6,
    "subnet": "2001:db8::/48",
    "pools": [{"pool": "2001:db8::/112"}],
    "pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 56}],
}


def hosts(*addresses: str) -> list[Tree]:
    return [
        {"hw-address": f"02:00:00:00:00:{number:02x}", "ip-address": address}
        for number, address in enumerate(addresses)
    ]


def read(*subnets: Tree, key: str = "subnet4", top: Tree | None = None) -> Configuration:
    """Return what is read of a configuration with these subnets, and with *top* beside them."""
    socket = {"socket-type": "unix", "socket-name": "kea.sock"}
    return read_configuration(
        said({f"Dhcp{key[-1]}": {key: list(subnets), "control-sockets": [socket], **(top or {})}})
    )


def reserved(*subnets: Tree, key: str = "subnet4", top: Tree | None = None) -> dict[Count, Column]:
    """Return what is reserved in each subnet, by count; absent where nothing is in any."""
    columns = read(*subnets, key=key, top=top).capacities.subnets.columns
    return {count: column for count, column in columns.items() if "reserved" in count.value}


def test_reservations_lie_inside_or_outside_the_pools() -> None:
    inside = ("192.0.2.10", "192.0.2.19", "192.0.2.191")
    outside = ("192.0.2.9", "192.0.2.20", "192.0.2.127", "192.0.2.192")
    assert reserved({**SUBNET, "reservations": hosts(*inside, *outside)}) == {IN_POOL: (3,), OUT_OF_POOL: (4,)}


def test_a_subnet_without_reservations_has_no_number() -> None:
    others = [{"id": 3, "subnet": "198.51.100.0/24", "reservations": hosts("198.51.100.7")}, {**SUBNET, "id": 2}]
    assert reserved(*others) == {IN_POOL: (None, 0), OUT_OF_POOL: (None, 1)}
    assert reserved(SUBNET) == {}


def test_a_reservation_without_an_address_takes_none() -> None:
    nameless = [{"hw-address": "02:00:00:00:00:01", "hostname": "a"}, *hosts("0.0.0.0")]
    assert reserved({**SUBNET, "reservations": nameless}) == {}


def test_an_address_that_is_reserved_twice_is_one() -> None:
    """With `ip-reservations-unique` false, two interfaces of one host may have the same one."""
    assert reserved({**SUBNET, "reservations": hosts("192.0.2.10", "192.0.2.10")}) == {IN_POOL: (1,), OUT_OF_POOL: (0,)}


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ({}, {IN_POOL: (1,), OUT_OF_POOL: (1,)}),
        ({"reservations-out-of-pool": True}, {IN_POOL: (0,), OUT_OF_POOL: (1,)}),
        ({"reservations-in-subnet": False}, {}),
    ],
)
@pytest.mark.parametrize("place", ["daemon", "subnet"])
def test_only_reservations_that_the_subnet_uses_count(modes: Tree, expected: dict[Count, Column], place: str) -> None:
    subnet = {**SUBNET, "reservations": hosts("192.0.2.10", "192.0.2.1")}
    opposite = {name: not value for name, value in modes.items()}
    if place == "daemon":
        assert reserved(subnet, top=modes) == expected
    else:
        assert reserved({**subnet, **modes}, top=opposite) == expected


def test_a_shared_network_passes_its_modes_on() -> None:
    inside = {**SUBNET, "reservations": hosts("192.0.2.10")}
    network = {"name": "office", "subnet4": [inside], "reservations-in-subnet": False}
    assert reserved(top={"shared-networks": [network]}) == {}


def test_global_reservations_count_in_the_smallest_subnet_that_uses_them() -> None:
    both = [
        {"id": 1, "subnet": "10.0.0.0/8", "pools": [{"pool": "10.0.0.0/28"}], "reservations-global": True},
        {"id": 2, "subnet": "10.1.0.0/16", "pools": [{"pool": "10.1.0.0/28"}], "reservations-global": True},
        {"id": 3, "subnet": "10.2.0.0/16", "pools": [{"pool": "10.2.0.0/28"}]},
    ]
    globally = hosts("10.0.0.1", "10.1.0.1", "10.1.1.1", "10.2.0.1", "192.0.2.1", "0.0.0.0")
    # What lies in a subnet that does not use them is that of the larger one.
    assert reserved(*both, top={"reservations": globally}) == {IN_POOL: (1, 1, None), OUT_OF_POOL: (1, 1, None)}


def test_global_reservations_that_no_subnet_uses_count_nowhere() -> None:
    assert reserved(SUBNET, top={"reservations": hosts("192.0.2.10")}) == {}


def test_addresses_and_prefixes_of_dhcpv6_are_counted_apart() -> None:
    host = {
        "duid": "01:02",
        "ip-addresses": ["2001:db8::1", "2001:db8::1:0:1"],
        "prefixes": ["2001:db8:8000:100::/56", "2001:db8:c000::/56", "2001:db8:7fff:ff00::/56"],
    }
    empty = {"duid": "01:03", "ip-addresses": [], "prefixes": []}
    assert reserved({**DELEGATING, "reservations": [host, empty]}, key="subnet6") == {
        IN_POOL: (1,),
        OUT_OF_POOL: (1,),
        PREFIXES_IN_POOL: (1,),
        PREFIXES_OUT_OF_POOL: (2,),
    }


def test_global_prefixes_count_in_the_subnet_of_their_pool() -> None:
    host = {"duid": "01:02", "prefixes": ["2001:db8:8000:100::/56", "2001:db8:ffff::/56"]}
    used = {**DELEGATING, "reservations-global": True}
    assert reserved(used, key="subnet6", top={"reservations": [host]}) == {
        PREFIXES_IN_POOL: (1,),
        PREFIXES_OUT_OF_POOL: (0,),
    }


@pytest.mark.parametrize(
    "address", ["", "192.0.2", "192.0.2.256", "192.0.2.1.1", "192.0.2.x", "2001:db8::g", 7, None, []]
)
def test_an_address_that_is_none_is_an_error_that_does_not_repeat_it(address: object) -> None:
    subnet = {**SUBNET, "reservations": [{"ip-addresses": [address]}]}
    with pytest.raises(MalformedAnswerError) as raised:
        reserved(subnet)
    assert "192.0.2" not in str(raised.value)


def test_reading_reservations_takes_calls_in_proportion_to_their_number() -> None:
    few, many = (
        {"Dhcp4": {"subnet4": [with_five_hosts(place) for place in range(1, 1 + number)], "control-sockets": []}}
        for number in (200, 800)
    )
    # 4 in proportion, 16 if it were quadratic.
    assert calls(partial(read_configuration, said(many))) < 6 * calls(partial(read_configuration, said(few)))


def with_five_hosts(number: int) -> Tree:
    network = f"10.{number // 256}.{number % 256}"
    pools = [{"pool": f"{network}.{first}-{network}.{first + 9}"} for first in (10, 30)]
    reservations = hosts(*(f"{network}.{host}" for host in range(12, 17)))
    return {"id": number, "subnet": f"{network}.0/24", "pools": pools, "reservations": reservations}


# Names and guards

BUERO = "B\N{LATIN SMALL LETTER U WITH DIAERESIS}ro"


def described(*subnets: Tree, key: str = "subnet4") -> Descriptions:
    return read(*subnets, key=key).descriptions


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ({"subnet-name": "Office", "name": "other"}, "Office"),
        ({"name": "Office"}, "Office"),
        ({"name": BUERO.encode().decode("latin-1")}, BUERO),
        ({"name": "two\nlines"}, "two lines"),
        ({"name": "x" * 200}, "x" * 125 + "..."),
    ],
)
def test_a_subnet_has_the_name_of_its_user_context(context: Tree, name: str) -> None:
    assert described({**SUBNET, "user-context": context}).names == {1: name}


@pytest.mark.parametrize("context", [{}, {"name": ""}, {"name": 7}, {"name": ["a"]}, {"other": "a"}, [], "a", None])
def test_a_context_without_a_name_is_none(context: object) -> None:
    assert described({**SUBNET, "user-context": context}) == Descriptions()


@pytest.mark.parametrize(
    ("guard", "classes"),
    [
        ({"client-classes": ["phones", "printers"]}, "phones, printers"),
        ({"client-class": "phones"}, "phones"),
        ({"client-classes": ["x" * 100, "y" * 100]}, f"{'x' * 100}, {'y' * 23}..."),
    ],
)
def test_subnets_and_pools_may_be_guarded(guard: Tree, classes: str) -> None:
    subnet = {**SUBNET, **guard, "pools": [{**POOLS[0], **guard}, {**POOLS[1], "pool-id": 3}]}
    found = described(subnet)
    assert (found.classes, found.pool_classes) == ({1: classes}, {(1, 0): classes})
    delegating = {**DELEGATING, "pd-pools": [{**DELEGATING["pd-pools"][0], **guard}]}
    assert described(delegating, key="subnet6").pd_pool_classes == {(6, 0): classes}


@pytest.mark.parametrize("guard", [{"client-classes": []}, {"client-class": ""}])
def test_an_empty_guard_is_none(guard: Tree) -> None:
    assert described({**SUBNET, **guard}) == Descriptions()


def test_pools_that_share_a_pool_id_have_a_guard_where_all_have_the_same() -> None:
    phones = {"client-classes": ["phones"]}
    assert described({**SUBNET, "pools": [{**pool, **phones} for pool in POOLS]}).pool_classes == {(1, 0): "phones"}
    assert described({**SUBNET, "pools": [{**POOLS[0], **phones}, POOLS[1]]}).pool_classes == {}
    assert described({**SUBNET, "pools": [POOLS[1], {**POOLS[0], **phones}]}).pool_classes == {}
