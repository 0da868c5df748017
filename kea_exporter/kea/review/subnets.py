"""Review of subnets and pools (Kea ARM, "Subnet Configuration", "Configuration of IPv4 Address Pools")."""

from __future__ import annotations

from collections import deque
from ipaddress import ip_address
from itertools import chain, islice
from typing import TYPE_CHECKING

from kea_exporter.kea.prepared import guards_of
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.kea.prepared import Prepared, PreparedSubnet, Range

    Findings = Iterator[tuple[str, str]]

# Subnets around another one that are compared with it, as many as an IPv6 address has bits, and client classes of each.
MAX_NESTED, MAX_GUARDS = 128, 64


def overlaps(configuration: Prepared) -> Findings:
    """Yield subnets that contain others, or have the same prefix as others.

    Subnets that different client classes guard may overlap on purpose. Of subnets that overlap, Kea selects the one
    with the lower id for clients on the link (measured).
    """
    containing: deque[tuple[PreparedSubnet, frozenset[str]]] = deque(maxlen=MAX_NESTED)
    for subnet in configuration.subnets:
        while containing and containing[-1][0].last < subnet.first:
            containing.pop()
        guards = frozenset(islice(subnet.guards, MAX_GUARDS))
        wider = next((other for other, of_other in reversed(containing) if of_other == guards), None)
        if wider is not None:
            if (wider.first, wider.last) == (subnet.first, subnet.last):
                yield "same_prefix", f"{wider} and {subnet} are the same prefix, so one of them is never selected"
            else:
                yield "overlap", f"{subnet} lies in {wider}"
        containing.append((subnet, guards))


def host_bits(configuration: Prepared) -> Findings:
    """Yield subnets whose prefix is written with the address of a host."""
    for subnet in configuration.subnets:
        if subnet.address != subnet.first:
            address, _, length = subnet.text.partition("/")
            canonical = f"{type(ip_address(address))(subnet.first)}/{length}"
            yield "host_bits", f"{subnet} is written with host bits: the prefix is {canonical}"


def without_pools(configuration: Prepared) -> Findings:
    """Yield subnets that can give no lease to anybody.

    A subnet of a shared network may leave that to the others, one for a client class to its options. DHCPv6 clients
    without leases need options only.
    """
    if configuration.has_further_hosts:
        return
    is_dhcp6 = configuration.root == "Dhcp6"
    classes_have_options = any(entry.get("option-data") for entry in configuration.classes.values())
    has_global_hosts = bool(configuration.tree.get("reservations"))
    for subnet in configuration.subnets:
        if subnet.entry.get("pools") or subnet.entry.get("pd-pools") or subnet.is_guarded or subnet.network is not None:
            continue
        if has_global_hosts and subnet.uses_global_reservations:
            continue
        if is_dhcp6 and (classes_have_options or subnet.effective("option-data")):
            continue
        if not subnet.reservations:
            yield "no_pool", f"{subnet} has neither pools nor reservations"
        elif not subnet.uses_reservations:
            yield "no_pool", f"{subnet} has no pools, and its reservations are ignored: reservations-in-subnet is false"


def pools_outside(configuration: Prepared) -> Findings:
    """Yield pools that Kea refuses at start: outside their subnet, reversed, or overlapping."""
    for subnet in configuration.subnets:
        before: Range | None = None
        for pool in subnet.pools:
            if pool.last < pool.first:
                yield "reversed", f"pool {_written(pool)} of {subnet} ends before it begins"
            elif pool.first < subnet.first or pool.last > subnet.last:
                yield "outside", f"pool {_written(pool)} of {subnet} lies outside the subnet"
            elif before is not None and pool.first <= before.last:
                yield "overlapping", f"pool {_written(pool)} of {subnet} overlaps the pool {_written(before)}"
            before = pool if before is None or pool.last > before.last else before


def guarded_pools_only(configuration: Prepared) -> Findings:
    """Yield subnets of which every pool is for certain client classes only.

    The hook library radius chooses the class of each client itself.
    """
    if "radius" in configuration.hooks:
        return
    for subnet in configuration.subnets:
        if not subnet.pools or not guards_of(subnet.pools[0].entry) or subnet.is_guarded:
            continue
        guards = [guards_of(pool.entry) for pool in subnet.pools]
        if all(guards) and not _let_everybody_in({*chain(*guards)}):
            yield "all_guarded", f"every pool of {subnet} has client-classes: other clients get no address"


def _let_everybody_in(classes: set[str]) -> bool:
    """Return whether each client is in one of the classes, as far as the names of Kea's own classes tell.

    Partners that balance their load put each client in the class of one of them (`HA_server1`).
    """
    of_partners = any(name.startswith("HA_") for name in classes)
    return of_partners or "ALL" in classes or classes >= {"KNOWN", "UNKNOWN"}


def empty_networks(configuration: Prepared) -> Findings:
    """Yield shared networks without subnets."""
    key = "subnet4" if configuration.root == "Dhcp4" else "subnet6"
    for network in configuration.networks:
        if not network.entry.get(key):
            yield "no_subnets", f"{network} contains no subnet"


def _written(pool: Range) -> str:
    return printable(str(pool.entry.get("pool")))
