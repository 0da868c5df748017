"""How many addresses and prefixes the configuration reserves for hosts, inside and outside the pools of each subnet.

Kea keeps an address of a pool for its host where the subnet uses its own reservations (`reservations-in-subnet`) and
does not promise that none of them lies in a pool (`reservations-out-of-pool`). Global reservations count in the subnet
whose prefix contains the address, where that subnet uses them (`reservations-global`); Kea gives such an address to the
host where it is free (measured on 3.0.3; Kea ARM, "Fine-Tuning DHCPv4 Host Reservation").

Reservations may be added at run time (Kea ARM, "The reservation-get-page Command" of the hook host_cmds). Kea numbers
those in its memory from 1 on, in the order in which it gets them, and anew at each reload. A page begins after a
number: where there is none after the last one that was seen, none was added (measured on 3.0.3: 0.6 ms with 10,000
reservations, where counting them all takes 240 ms). One that is removed leaves no trace.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.facts.subnets import Count
from kea_exporter.kea.addresses import pd_pool_range, reserved_addresses
from kea_exporter.kea.protocol import Result
from kea_exporter.kea.reading import address_number, as_int, as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kea_exporter.facts.subnets import Column
    from kea_exporter.kea.prepared import Prepared, PreparedSubnet
    from kea_exporter.kea.protocol import Answer

    Range = tuple[int, int]
    # The reserved addresses of subnets, by their places in the list of subnets.
    ByPlace = dict[int, set[int]]

# The configuration and what was added to it, not a hosts database.
MEMORY = 0
PAGE_SIZE = 100


def reserved(configuration: Prepared, subnets: Sequence[PreparedSubnet]) -> dict[Count, Column]:
    """Return how many addresses and prefixes are reserved in each subnet; None where it has no such reservation.

    Args:
        configuration: of the daemon.
        subnets: its subnets, in the order of the columns.

    Raises:
        MalformedAnswerError: a reservation is not as Kea writes it.
    """
    of_all = as_list(configuration.tree.get("reservations", []), "reservations")
    using = [(place, subnet) for place, subnet in enumerate(subnets) if of_all and subnet.uses_global_reservations]
    hosts = [as_map(host, "reservations") for host in of_all] if using else []
    columns = _columns(subnets, ADDRESSES, _global_addresses(hosts, using))
    # Prefixes are delegated in DHCPv6 only.
    is_dhcp6 = configuration.root == ROOT_KEYS[Daemon.DHCP6]
    return columns | _columns(subnets, PREFIXES, _global_prefixes(hosts, using)) if is_dhcp6 else columns


class _Kind(NamedTuple):
    """Addresses, or prefixes.

    Attributes:
        reserved: returns the numbers of what is reserved for the hosts of a subnet.
        ranges: returns the first and the last address of each pool of a subnet, sorted.
        inside: what counts those within pools.
        outside: what counts the others.
    """

    reserved: Callable[[PreparedSubnet], set[int]]
    ranges: Callable[[PreparedSubnet], list[Range]]
    inside: Count
    outside: Count


def _addresses(subnet: PreparedSubnet) -> set[int]:
    return {number for number, _ in subnet.reserved}


def _prefixes(hosts: Iterable[Mapping[str, Any]]) -> set[int]:
    """Return the first address of each prefix that is reserved for a host."""
    texts = (text for host in hosts for text in as_list(host.get("prefixes", []), "prefixes"))
    return {address_number(as_text(text, "prefixes").partition("/")[0]) for text in texts}


ADDRESSES = _Kind(
    _addresses,
    lambda subnet: [(pool.first, pool.last) for pool in subnet.pools],
    Count.ADDRESSES_RESERVED_IN_POOL,
    Count.ADDRESSES_RESERVED_OUT_OF_POOL,
)
PREFIXES = _Kind(
    lambda subnet: _prefixes(subnet.reservations),
    lambda subnet: sorted(map(pd_pool_range, subnet.pd_pools)),
    Count.PREFIXES_RESERVED_IN_POOL,
    Count.PREFIXES_RESERVED_OUT_OF_POOL,
)


def _columns(subnets: Sequence[PreparedSubnet], kind: _Kind, of_all: ByPlace) -> dict[Count, Column]:
    inside: list[int | None] = [None] * len(subnets)
    outside: list[int | None] = [None] * len(subnets)
    for place, subnet in enumerate(subnets):
        if not subnet.reservations and place not in of_all:
            continue
        own = kind.reserved(subnet) if subnet.uses_reservations else set()
        others = of_all.get(place, set()) - own
        if own or others:
            ranges = kind.ranges(subnet)
            own_inside, others_inside = (_number_within(numbers, ranges) for numbers in (own, others))
            outside[place] = len(own) + len(others) - own_inside - others_inside
            inside[place] = others_inside + (own_inside if subnet.keeps_reserved else 0)
    has_any = any(number is not None for number in inside)
    return {kind.inside: tuple(inside), kind.outside: tuple(outside)} if has_any else {}


def _number_within(numbers: Iterable[int], ranges: Sequence[Range]) -> int:
    """Return how many numbers lie in ranges, which are sorted and do not overlap."""
    starts = [first for first, _ in ranges]
    places = ((number, bisect_right(starts, number) - 1) for number in numbers)
    return sum(place >= 0 and number <= ranges[place][1] for number, place in places)


def _global_addresses(hosts: Iterable[Mapping[str, Any]], subnets: Sequence[tuple[int, PreparedSubnet]]) -> ByPlace:
    """Return the addresses that are reserved for all subnets, each in the smallest subnet that contains it."""
    found: ByPlace = defaultdict(set)
    by_size: dict[int, dict[int, int]] = defaultdict(dict)
    for place, subnet in subnets:
        by_size[subnet.size][subnet.first] = place
    sizes = sorted(by_size.items())
    numbers = {address_number(text) for host in hosts for text in reserved_addresses(host)}
    for number in numbers:
        containing = [places[first] for size, places in sizes if (first := number - number % size) in places]
        if containing:
            found[containing[0]].add(number)
    return found


def _global_prefixes(hosts: Iterable[Mapping[str, Any]], subnets: Sequence[tuple[int, PreparedSubnet]]) -> ByPlace:
    """Return the prefixes that are reserved for all subnets, each in the subnet from whose pool it is.

    To which subnet one belongs that is from no pool depends on where its host is.
    """
    found: ByPlace = defaultdict(set)
    numbers = _prefixes(hosts)
    if not numbers:
        return found
    ranges = sorted((*pd_pool_range(pool), place) for place, subnet in subnets for pool in subnet.pd_pools)
    starts = [first for first, _, _ in ranges]
    for number in numbers:
        at = bisect_right(starts, number) - 1
        if at >= 0 and number <= ranges[at][1]:
            found[ranges[at][2]].add(number)
    return found


def page_after(number: int) -> dict[str, object]:
    """Return the arguments that query reservations after a number."""
    return {"limit": PAGE_SIZE, "from": number, "source-index": MEMORY}


def read_last_number(answer: Answer) -> int | None:
    """Return the number of the last reservation of a page; None where it has none.

    Raises:
        MalformedAnswerError: a page with reservations has no number to go on from.
    """
    if answer.result == Result.EMPTY:
        return None
    return as_int(as_map(answer.map.get("next"), "next").get("from"), "from")
