"""Review of host reservations (Kea ARM, "Host Reservations in DHCPv4", "Fine-Tuning DHCPv4 Host Reservation")."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.reading import as_list, as_map
from kea_exporter.kea.review.model import guards_of
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kea_exporter.kea.review.model import Reviewed, ReviewedSubnet

    Findings = Iterator[tuple[str, str]]

IDENTIFIERS = {
    "Dhcp4": ("hw-address", "duid", "circuit-id", "client-id"),
    "Dhcp6": ("hw-address", "duid"),
}
# Stands for all identifiers that the daemon knows.
AUTO = "auto"
ALL_IDENTIFIERS = ("hw-address", "duid", "circuit-id", "client-id", "flex-id")


def duplicates(configuration: Reviewed) -> Findings:
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


def not_applied(configuration: Reviewed) -> Findings:
    """Yield reservations that Kea ignores, or whose address it gives to another client (measured)."""
    for subnet in configuration.subnets:
        if subnet.reservations:
            yield from _of_subnet(configuration, subnet)
    hosts = [
        as_map(host, "reservations") for host in as_list(configuration.tree.get("reservations", []), "reservations")
    ]
    if hosts and configuration.subnets and not _looks_for_global(configuration):
        yield "global_disabled", f"{len(hosts)} global reservations are ignored, because reservations-global is false"
    yield from _unused_identifiers(configuration, hosts, "the global reservations")


def _looks_for_global(configuration: Reviewed) -> bool:
    """Return whether Kea looks for global reservations in any subnet, or before it selects one."""
    return bool(configuration.tree.get("early-global-reservations-lookup")) or any(
        subnet.effective("reservations-global", default=False) for subnet in configuration.subnets
    )


def _of_subnet(configuration: Reviewed, subnet: ReviewedSubnet) -> Findings:
    hosts = subnet.reservations
    if not subnet.uses_reservations:
        yield "subnet_disabled", f"{subnet}: {len(hosts)} reservations are ignored: reservations-in-subnet is false"
        return
    yield from _unused_identifiers(configuration, hosts, str(subnet))
    out_of_pool = bool(subnet.effective("reservations-out-of-pool", default=False))
    for number, text in subnet.reserved:
        if not subnet.first <= number <= subnet.last:
            yield "outside_subnet", f"{subnet}: the reserved address {printable(text)} lies outside the subnet"
        elif out_of_pool and subnet.is_in_pool(number):
            evidence = f"the reserved address {printable(text)} lies in a pool while reservations-out-of-pool is true"
            yield "in_pool", f"{subnet}: {evidence}"


def _unused_identifiers(configuration: Reviewed, hosts: Sequence[Mapping[str, Any]], where: str) -> Findings:
    used = configuration.tree.get("host-reservation-identifiers") or IDENTIFIERS[configuration.root]
    written = Counter(name for host in hosts for name in ALL_IDENTIFIERS if name in host)
    for name, number in written.items():
        if name == "flex-id" and "flex_id" not in configuration.hooks:
            yield "flex_id_missing", f"{where}: {number} reservations by flex-id, but libdhcp_flex_id.so is not loaded"
        elif name not in used and AUTO not in used:
            yield (
                "identifier_unused",
                f"{where}: {number} reservations by {name}, which host-reservation-identifiers lacks",
            )


def fully_reserved(configuration: Reviewed) -> Findings:
    """Yield subnets of which every address of the pools is reserved, so that no other client gets one.

    In a shared network, other subnets may serve them; what is guarded may be for these hosts only.
    """
    for subnet in configuration.subnets:
        if not subnet.reservations or subnet.network is not None or not subnet.keeps_reserved or subnet.is_guarded:
            continue
        if any(guards_of(pool.entry) for pool in subnet.pools):
            continue
        size = sum(pool.last - pool.first + 1 for pool in subnet.pools)
        if not 0 < size <= len(subnet.reserved):
            continue
        numbers = {number for number, _ in subnet.reserved}
        if sum(subnet.is_in_pool(number) for number in numbers) >= size:
            yield "all_reserved", f"{subnet}: all {size} addresses of the pools are reserved"
