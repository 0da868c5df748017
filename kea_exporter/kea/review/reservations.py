"""Review of host reservations (Kea ARM, "Host Reservations in DHCPv4", "Fine-Tuning DHCPv4 Host Reservation")."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.prepared import guards_of
from kea_exporter.kea.reading import as_list, as_map
from kea_exporter.text import counted, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kea_exporter.kea.prepared import Prepared, PreparedSubnet

    Findings = Iterator[tuple[str, str]]

IDENTIFIERS = {
    "Dhcp4": ("hw-address", "duid", "circuit-id", "client-id"),
    "Dhcp6": ("hw-address", "duid"),
}
# Stands for all identifiers that the daemon knows.
AUTO = "auto"
WHY_UNUSED = {
    "flex_id_missing": "but libdhcp_flex_id.so is not loaded",
    "identifier_unused": "which host-reservation-identifiers lacks",
}
ALL_IDENTIFIERS = ("hw-address", "duid", "circuit-id", "client-id", "flex-id")


def duplicates(configuration: Prepared) -> Findings:
    """Yield addresses that are reserved more than once in one subnet."""
    for subnet in configuration.subnets:
        if len(subnet.reservations) > 1:
            written = dict(subnet.reserved)
            if len(written) < len(subnet.reserved):
                for number, hosts in Counter(number for number, _ in subnet.reserved).items():
                    if hosts > 1:
                        yield (
                            "duplicate_address",
                            f"{subnet}: {printable(written[number])} is reserved for {hosts} hosts",
                        )


def not_applied(configuration: Prepared) -> Findings:
    """Yield reservations that Kea ignores, or whose address it gives to another client (measured)."""
    unused = _unused_identifiers(configuration)
    for subnet in configuration.subnets:
        if subnet.reservations:
            yield from _of_subnet(subnet, unused)
    hosts = [
        as_map(host, "reservations") for host in as_list(configuration.tree.get("reservations", []), "reservations")
    ]
    if hosts and configuration.subnets and not _looks_for_global(configuration):
        yield (
            "global_disabled",
            f"reservations-global is false, so {counted(len(hosts), 'global reservation')} cannot apply",
        )
    yield from _with_identifiers(unused, hosts, "the global reservations")


def _looks_for_global(configuration: Prepared) -> bool:
    """Return whether Kea looks for global reservations in any subnet, or before it selects one."""
    return bool(configuration.tree.get("early-global-reservations-lookup")) or any(
        subnet.uses_global_reservations for subnet in configuration.subnets
    )


def _of_subnet(subnet: PreparedSubnet, unused: Mapping[str, str]) -> Findings:
    hosts = subnet.reservations
    if not subnet.uses_reservations:
        yield (
            "subnet_disabled",
            f"{subnet}: reservations-in-subnet is false, so {counted(len(hosts), 'reservation')} cannot apply",
        )
        return
    yield from _with_identifiers(unused, hosts, subnet)
    out_of_pool = bool(subnet.effective("reservations-out-of-pool", default=False))
    for number, text in subnet.reserved:
        if not subnet.first <= number <= subnet.last:
            yield "outside_subnet", f"{subnet}: the reserved address {printable(text)} lies outside the subnet"
        elif out_of_pool and subnet.is_in_pool(number):
            evidence = f"the reserved address {printable(text)} lies in a pool while reservations-out-of-pool is true"
            yield "in_pool", f"{subnet}: {evidence}"


def _unused_identifiers(configuration: Prepared) -> dict[str, str]:
    """Return the identifiers by which Kea looks for no host, with the cause."""
    used = configuration.tree.get("host-reservation-identifiers") or IDENTIFIERS[configuration.root]
    unused = {} if AUTO in used else {name: "identifier_unused" for name in ALL_IDENTIFIERS if name not in used}
    return unused if "flex_id" in configuration.hooks else {**unused, "flex-id": "flex_id_missing"}


def _with_identifiers(unused: Mapping[str, str], hosts: Sequence[Mapping[str, Any]], where: object) -> Findings:
    for name, cause in unused.items():
        if number := sum(name in host for host in hosts):
            yield cause, f"{where}: {counted(number, 'reservation')} by {name}, {WHY_UNUSED[cause]}"


def fully_reserved(configuration: Prepared) -> Findings:
    """Yield subnets of which every address of the pools is reserved, so that no other client gets one.

    In a shared network, other subnets may serve them; what is guarded may be for these hosts only.
    """
    for subnet in configuration.subnets:
        if not subnet.reservations or subnet.network is not None or not subnet.keeps_reserved or subnet.is_guarded:
            continue
        size = sum(pool.last - pool.first + 1 for pool in subnet.pools)
        if not 0 < size <= len(subnet.reserved) or any(guards_of(pool.entry) for pool in subnet.pools):
            continue
        numbers = {number for number, _ in subnet.reserved}
        if sum(subnet.is_in_pool(number) for number in numbers) >= size:
            yield "all_reserved", f"{subnet}: all {size} addresses of the pools are reserved"
