"""Review of DHCP options (Kea ARM, "Standard DHCPv4 Options")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.kea.reading import MalformedAnswerError, address_number, as_map
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.review.model import Reviewed, ReviewedSubnet

    Findings = Iterator[tuple[str, str]]

ROUTERS = 3
# Links of two hosts or one, and link-local networks, often have no router.
MIN_SIZE = 4


def routers(configuration: Reviewed) -> Findings:
    """Yield IPv4 subnets whose router lies outside the subnet, or in a pool and not kept by a reservation."""
    for subnet in configuration.subnets:
        option = _effective(subnet)
        if option is not None and subnet.size >= MIN_SIZE and option.get("csv-format", True):
            yield from _placed(subnet, str(option.get("data", "")))


def without_routers(configuration: Reviewed) -> Findings:
    """Yield IPv4 subnets with pools, whose clients get no router."""
    if any(_routers(entry) is not None for entry in configuration.classes.values()):
        return
    for subnet in configuration.subnets:
        of_pools = (_routers(pool.entry) for pool in subnet.pools)
        if subnet.pools and subnet.size >= MIN_SIZE and _effective(subnet) is None and not any(of_pools):
            yield "no_router", f"{subnet} has no option routers: its clients get no default route"


def _effective(subnet: ReviewedSubnet) -> Mapping[str, Any] | None:
    levels = (subnet.entry, subnet.network or {}, subnet.tree)
    return next((option for option in map(_routers, levels) if option is not None), None)


def _routers(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for option in holder.get("option-data", []):
        is_standard = option.get("space", "dhcp4") == "dhcp4"
        if is_standard and (option.get("name") == "routers" or option.get("code") == ROUTERS):
            return as_map(option, "option-data")
    return None


def _placed(subnet: ReviewedSubnet, data: str) -> Findings:
    kept = {number for number, _ in subnet.reserved} if subnet.reserved and subnet.keeps_reserved else set()
    for text in filter(None, (part.strip() for part in data.split(","))):
        try:
            number = address_number(text)
        except MalformedAnswerError:
            continue
        if not subnet.first <= number <= subnet.last:
            yield "outside_subnet", f"{subnet}: the router {printable(text)} lies outside the subnet"
        elif number not in kept and any(pool.first <= number <= pool.last for pool in subnet.pools):
            yield "in_pool", f"{subnet}: the router {printable(text)} lies in a pool, so Kea may lease its address"
