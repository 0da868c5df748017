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

from kea_exporter.facts.subnets import Count
from kea_exporter.kea.pools import pd_pool_range, pool_range, prefix_range
from kea_exporter.kea.protocol import Result
from kea_exporter.kea.reading import address_number, as_int, as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kea_exporter.facts.subnets import Column
    from kea_exporter.kea.protocol import Answer

    Range = tuple[int, int]
    # The reserved addresses of subnets, by their places in the list of subnets.
    ByPlace = dict[int, set[int]]

IN_SUBNET, OUT_OF_POOL, GLOBAL = "reservations-in-subnet", "reservations-out-of-pool", "reservations-global"
DEFAULTS = {IN_SUBNET: True, OUT_OF_POOL: False, GLOBAL: False}
# A reservation without an address may have this one.
NO_ADDRESS = "0.0.0.0"  # noqa: S104
# The configuration and what was added to it, not a hosts database.
MEMORY = 0
PAGE_SIZE = 100


class Configured(NamedTuple):
    """A subnet, and what it inherits from: its shared network, or the daemon itself where it is in none."""

    subnet: Mapping[str, Any]
    holder: Mapping[str, Any]


class _Modes(NamedTuple):
    """Which reservations a subnet uses, and whether all of its own are said to lie outside the pools."""

    own: bool
    out_of_pool: bool
    of_all: bool


def reserved(tree: Mapping[str, Any], subnets: Sequence[Configured], *, delegating: bool) -> dict[Count, Column]:
    """Return how many addresses and prefixes are reserved in each subnet; None where it has no such reservation.

    Args:
        tree: the configuration of the daemon.
        subnets: in the order of the columns.
        delegating: whether there are prefixes too, which there are in DHCPv6.

    Raises:
        MalformedAnswerError: a reservation is not as Kea writes it.
    """
    hosts = _hosts(tree)
    using = [(place, subnet.subnet) for place, subnet in enumerate(subnets) if hosts and _modes(tree, subnet).of_all]
    columns = _columns(tree, subnets, ADDRESSES, _global_addresses(hosts, using))
    return columns | _columns(tree, subnets, PREFIXES, _global_prefixes(hosts, using)) if delegating else columns


def _modes(tree: Mapping[str, Any], configured: Configured) -> _Modes:
    levels = (configured.subnet, configured.holder, tree, DEFAULTS)
    found = {name: next(level[name] for level in levels if name in level) is True for name in DEFAULTS}
    return _Modes(found[IN_SUBNET], found[OUT_OF_POOL], found[GLOBAL])


def _hosts(holder: Mapping[str, Any]) -> list[Any]:
    return as_list(holder.get("reservations", []), "reservations")


def reserved_addresses(host: Mapping[str, Any]) -> list[str]:
    """Return the addresses that are reserved for a host, as written: one in DHCPv4, any number in DHCPv6.

    Raises:
        MalformedAnswerError: they are not as Kea writes them.
    """
    if "ip-addresses" in host:
        texts = as_list(host["ip-addresses"], "ip-addresses")
    else:
        texts = [single] if (single := host.get("ip-address")) else []
    return [as_text(text, "ip-address") for text in texts if text != NO_ADDRESS]


def _addresses(host: Mapping[str, Any]) -> list[int]:
    return [address_number(text) for text in reserved_addresses(host)]


def _prefixes(host: Mapping[str, Any]) -> list[int]:
    """Return the first address of each prefix that is reserved for a host."""
    texts = as_list(host.get("prefixes", []), "prefixes")
    return [address_number(as_text(text, "prefixes").partition("/")[0]) for text in texts]


class _Kind(NamedTuple):
    """Addresses, or prefixes.

    Attributes:
        reserved: returns the numbers of what is reserved for a host.
        key: of the pools.
        range_of: returns the first and the last address of a pool.
        inside: what counts those within pools.
        outside: what counts the others.
    """

    reserved: Callable[[Mapping[str, Any]], list[int]]
    key: str
    range_of: Callable[[Mapping[str, Any]], Range]
    inside: Count
    outside: Count


ADDRESSES = _Kind(
    _addresses, "pools", pool_range, Count.ADDRESSES_RESERVED_IN_POOL, Count.ADDRESSES_RESERVED_OUT_OF_POOL
)
PREFIXES = _Kind(
    _prefixes, "pd-pools", pd_pool_range, Count.PREFIXES_RESERVED_IN_POOL, Count.PREFIXES_RESERVED_OUT_OF_POOL
)


def _of_hosts(hosts: Iterable[object], kind: _Kind) -> set[int]:
    return {number for host in hosts for number in kind.reserved(as_map(host, "reservations"))}


def _columns(
    tree: Mapping[str, Any], subnets: Sequence[Configured], kind: _Kind, of_all: ByPlace
) -> dict[Count, Column]:
    inside: list[int | None] = [None] * len(subnets)
    outside: list[int | None] = [None] * len(subnets)
    for place, configured in enumerate(subnets):
        subnet, hosts = configured.subnet, _hosts(configured.subnet)
        if not hosts and place not in of_all:
            continue
        modes = _modes(tree, configured)
        own = _of_hosts(hosts, kind) if modes.own else set()
        others = of_all.get(place, set()) - own
        if own or others:
            pools = as_list(subnet.get(kind.key, []), kind.key)
            ranges = sorted(kind.range_of(as_map(pool, kind.key)) for pool in pools)
            own_inside, others_inside = (_number_within(numbers, ranges) for numbers in (own, others))
            outside[place] = len(own) + len(others) - own_inside - others_inside
            inside[place] = others_inside + (0 if modes.out_of_pool else own_inside)
    has_any = any(number is not None for number in inside)
    return {kind.inside: tuple(inside), kind.outside: tuple(outside)} if has_any else {}


def _number_within(numbers: Iterable[int], ranges: Sequence[Range]) -> int:
    """Return how many numbers lie in ranges, which are sorted and do not overlap."""
    starts = [first for first, _ in ranges]
    places = ((number, bisect_right(starts, number) - 1) for number in numbers)
    return sum(place >= 0 and number <= ranges[place][1] for number, place in places)


def _global_addresses(hosts: Iterable[object], subnets: Sequence[tuple[int, Mapping[str, Any]]]) -> ByPlace:
    """Return the addresses that are reserved for all subnets, each in the smallest subnet that contains it."""
    found: ByPlace = defaultdict(set)
    ranges = [(prefix_range(as_text(subnet.get("subnet"), "subnet")), place) for place, subnet in subnets]
    by_size: dict[int, dict[int, int]] = defaultdict(dict)
    for (first, last), place in ranges:
        by_size[last - first + 1][first] = place
    sizes = sorted(by_size.items())
    for number in _of_hosts(hosts, ADDRESSES) if ranges else ():
        containing = [places[first] for size, places in sizes if (first := number - number % size) in places]
        if containing:
            found[containing[0]].add(number)
    return found


def _global_prefixes(hosts: Iterable[object], subnets: Sequence[tuple[int, Mapping[str, Any]]]) -> ByPlace:
    """Return the prefixes that are reserved for all subnets, each in the subnet from whose pool it is.

    To which subnet one belongs that is from no pool depends on where its host is.
    """
    found: ByPlace = defaultdict(set)
    numbers = _of_hosts(hosts, PREFIXES) if subnets else set()
    if not numbers:
        return found
    pools = [(place, as_map(pool, "pd-pools")) for place, subnet in subnets for pool in subnet.get("pd-pools", [])]
    ranges = sorted((*pd_pool_range(pool), place) for place, pool in pools)
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
