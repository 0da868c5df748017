"""Pages of leases (Kea ARM, "lease4-get-page, lease6-get-page"), and whether each lease is where it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import chain, islice
from typing import TYPE_CHECKING

from kea_exporter.facts.leases import LeaseAudit, Misplaced
from kea_exporter.kea.protocol import Result
from kea_exporter.kea.reading import MalformedAnswerError, as_int, as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kea_exporter.kea.protocol import Answer

# Lease states expired-reclaimed and released: the address is free again, the lease is kept for history only.
FREE = {2, 3}
MAX_EXAMPLES = 5
MAX_SUBNETS = 1000


@dataclass(frozen=True)
class Lease:
    """What is looked at of one lease; *is_prefix* where a prefix is delegated."""

    address: IPv4Address | IPv6Address
    subnet_id: int
    state: int
    is_prefix: bool


def read_lease_page(answer: Answer) -> tuple[Lease, ...]:
    """Return the leases of one page; none where the last page was the last.

    Raises:
        MalformedAnswerError: a lease has not the documented keys.
    """
    if answer.result == Result.EMPTY:
        return ()
    return tuple(_lease(as_map(lease, "leases")) for lease in as_list(answer.map.get("leases"), "leases"))


def _lease(entry: Mapping[str, object]) -> Lease:
    text = as_text(entry.get("ip-address"), "ip-address")
    try:
        # With a scope, which no lease has, an address may hold any text.
        address = ip_address(text if "%" not in text else "")
    except ValueError:
        raise MalformedAnswerError("'ip-address' is not an address") from None
    return Lease(
        address=address,
        subnet_id=as_int(entry.get("subnet-id"), "subnet-id"),
        state=as_int(entry.get("state", 0), "state"),
        is_prefix=entry.get("type") == "IA_PD",
    )


class AuditTally:
    """Counts, page by page, the leases that are not where they belong."""

    def __init__(self, subnets: Mapping[int, str]) -> None:
        self.leases = 0
        self._subnets = dict(subnets)
        self._networks = {number: _network(prefix) for number, prefix in subnets.items()}
        self._prefixes = _Prefixes(self._networks)
        self._orphaned = _Misplacements()
        self._outside = _Misplacements()

    def add(self, leases: Iterable[Lease]) -> None:
        """Count further leases."""
        for lease in leases:
            self.leases += 1
            if lease.state in FREE:
                continue
            if lease.subnet_id not in self._networks:
                self._orphaned.add(lease, self._prefixes.containing(lease))
                continue
            network = self._networks[lease.subnet_id]
            # A delegated prefix comes from a pd-pool, which need not lie in the subnet.
            if not lease.is_prefix and network is not None and lease.address not in network:
                self._outside.add(lease, self._prefixes.containing(lease))

    def result(self, finished_at: float, *, is_complete: bool) -> LeaseAudit:
        """Return what was found."""
        return LeaseAudit(
            finished_at=finished_at,
            leases=self.leases,
            is_complete=is_complete,
            subnets=self._subnets,
            orphaned=self._orphaned.frozen(),
            outside=self._outside.frozen(),
        )


class _Misplacements:
    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._examples: dict[int, list[str]] = {}
        self._others = 0
        self._moved: dict[tuple[int, int], int] = {}
        self._others_moved = 0

    def add(self, lease: Lease, containing: int | None) -> None:
        """Count a lease, given the id of the configured subnet that contains its address; None where there is none."""
        number = lease.subnet_id
        if containing is not None:
            pair = (number, containing)
            if pair in self._moved or len(self._moved) < MAX_SUBNETS:
                self._moved[pair] = self._moved.get(pair, 0) + 1
            else:
                self._others_moved += 1
        elif number in self._counts or len(self._counts) < MAX_SUBNETS:
            self._counts[number] = self._counts.get(number, 0) + 1
            examples = self._examples.setdefault(number, [])
            if len(examples) < MAX_EXAMPLES:
                examples.append(str(lease.address))
        else:
            self._others += 1

    def frozen(self) -> Misplaced:
        """Return what was counted.

        Leases in no subnet may be deleted by subnet id. So those count as moved whose id others were moved from, or
        might have been as far as the ids are listed.
        """
        moved_from = {number for number, _ in self._moved} if not self._others_moved else self._counts.keys()
        left = {number: count for number, count in self._counts.items() if number not in moved_from}
        examples = chain.from_iterable(found for number, found in self._examples.items() if number in left)
        others = 0 if self._moved else self._others
        return Misplaced(
            in_no_subnet=dict(sorted(left.items())),
            examples=tuple(islice(examples, MAX_EXAMPLES)),
            others=others,
            moved=dict(sorted(self._moved.items())),
            others_moved=self._others_moved + sum(self._counts.values()) - sum(left.values()) + self._others - others,
        )


class _Prefixes:
    """The configured prefixes by length, for the narrowest one that contains an address."""

    def __init__(self, networks: Mapping[int, IPv4Network | IPv6Network | None]) -> None:
        # By the bits of an address and the length: a lease of either family is compared with its own subnets only.
        self._by_length: dict[tuple[int, int], dict[int, int]] = {}
        for number, network in networks.items():
            if network is not None:
                first = int(network.network_address)
                self._by_length.setdefault((network.max_prefixlen, network.prefixlen), {}).setdefault(first, number)
        self._lengths = sorted(self._by_length, reverse=True)

    def containing(self, lease: Lease) -> int | None:
        """Return the id of the narrowest subnet that contains a lease; None for a delegated prefix, or without one."""
        if lease.is_prefix:
            return None
        bits = lease.address.max_prefixlen
        for family, length in self._lengths:
            if family != bits:
                continue
            first = int(lease.address) >> bits - length << bits - length
            if (number := self._by_length[family, length].get(first)) is not None:
                return number
        return None


def _network(prefix: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(prefix, strict=False)
    except ValueError:
        return None
