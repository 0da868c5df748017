"""Which subnets have series of their own."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Selection:
    """Subnets by prefix and by shared network; whoever is excluded is not included.

    Attributes:
        included: prefixes that a subnet may lie in; None for any subnet.
        included_networks: shared networks that a subnet may be in instead.
        excluded: prefixes that it must not lie in.
        excluded_networks: shared networks that it must not be in.
    """

    included: tuple[Network, ...] | None = None
    included_networks: frozenset[str] = frozenset()
    excluded: tuple[Network, ...] = ()
    excluded_networks: frozenset[str] = frozenset()

    @property
    def takes_all(self) -> bool:
        """Return whether no subnet is left out."""
        return self.included is None and not self.excluded and not self.excluded_networks

    def takes(self, prefix: str, network: str) -> bool:
        """Return whether a subnet is one of these, by its prefix and its shared network (empty for none)."""
        try:
            subnet = ip_network(prefix, strict=False)
        except ValueError:  # no prefix at all: only its shared network can tell
            subnet = None
        if network in self.excluded_networks or _lies_in(subnet, self.excluded):
            return False
        return self.included is None or network in self.included_networks or _lies_in(subnet, self.included)


EVERY_SUBNET = Selection()


def _lies_in(subnet: Network | None, prefixes: Iterable[Network]) -> bool:
    return subnet is not None and any(
        subnet.version == prefix.version and subnet.subnet_of(prefix)  # type: ignore[arg-type]
        for prefix in prefixes
    )
