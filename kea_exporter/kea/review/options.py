"""Review of DHCP options (Kea ARM, "Standard DHCPv4 Options")."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.reading import MalformedAnswerError, address_number, as_map
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kea_exporter.kea.prepared import Prepared, PreparedSubnet

    Findings = Iterator[tuple[str, str]]
    Option = Mapping[str, Any]

ROUTERS = 3
# Links of two hosts or one, and link-local networks, often have no router.
MIN_SIZE = 4
# An option of DHCPv4 has room for so many addresses.
MAX_ROUTERS = 63


def routers(configuration: Prepared) -> Findings:
    """Yield IPv4 subnets whose router lies outside the subnet, or in a pool and not kept by a reservation."""
    parsed: dict[int, list[tuple[int, str]]] = {}
    for subnet, option in _with_routers(configuration):
        if option is None or subnet.size < MIN_SIZE or not option.get("csv-format", True):
            continue
        if id(option) not in parsed:
            parsed[id(option)] = list(_addresses(str(option.get("data", ""))))
        yield from _placed(subnet, parsed[id(option)])


def without_routers(configuration: Prepared) -> Findings:
    """Yield IPv4 subnets with pools, whose clients get no router."""
    if any(_routers(entry) is not None for entry in configuration.classes.values()):
        return
    for subnet, option in _with_routers(configuration):
        if option is not None or not subnet.pools or subnet.size < MIN_SIZE:
            continue
        if not any(_routers(pool.entry) for pool in subnet.pools):
            yield "no_router", f"{subnet} has no option routers: its clients get no default route"


def _with_routers(configuration: Prepared) -> Iterator[tuple[PreparedSubnet, Option | None]]:
    """Yield each subnet with the option that applies to it: its own, its shared network's or the daemon's."""
    of_daemon = _routers(configuration.tree)
    of_networks = {id(network): _routers(network.entry) for network in configuration.networks}
    for subnet in configuration.subnets:
        of_network = of_networks[id(subnet.network)] if subnet.network is not None else None
        yield subnet, _routers(subnet.entry) or of_network or of_daemon


def _routers(holder: Mapping[str, Any]) -> Option | None:
    for option in holder.get("option-data", []):
        is_standard = option.get("space", "dhcp4") == "dhcp4"
        if is_standard and (option.get("name") == "routers" or option.get("code") == ROUTERS):
            return as_map(option, "option-data")
    return None


def _addresses(data: str) -> Iterator[tuple[int, str]]:
    """Yield the addresses of an option, as numbers and as written."""
    for text in islice(filter(None, (part.strip() for part in data.split(","))), MAX_ROUTERS):
        with suppress(MalformedAnswerError):
            yield address_number(text), text


def _placed(subnet: PreparedSubnet, addresses: Iterable[tuple[int, str]]) -> Findings:
    """Yield the first router that is not where it should be."""
    kept = {number for number, _ in subnet.reserved} if subnet.reserved and subnet.keeps_reserved else set()
    for number, text in addresses:
        if not subnet.first <= number <= subnet.last:
            yield "outside_subnet", f"{subnet}: the router {printable(text)} lies outside the subnet"
            return
        if number not in kept and subnet.is_in_pool(number):
            yield "in_pool", f"{subnet}: the router {printable(text)} lies in a pool, so Kea may lease its address"
            return
