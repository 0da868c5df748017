"""Subnets with a pool each, and the leases in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TYPE_CHECKING, NamedTuple

from kea_simulator.activity import Flow, chance_of, flow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

Address = IPv4Address | IPv6Address

V4, V6 = 4, 6
# Of those that go, every third one says so; the others' leases expire.
RELEASED = 3
# How many clients come and go in a second.
TURNOVER = 0.1
PREFIX_LENGTH = 60
DECLINED = Flow(2.0, (), 0.005)
NONE_DECLINED = Flow(0.0)


class Taken(NamedTuple):
    """An address or prefix in use, by its number; what a client has declined is in use too."""

    address: int
    is_declined: bool


class Counts(NamedTuple):
    """What Kea counts of a pool: how many it has, how many are in use, and what has happened since the start.

    The declined are among the assigned and the reclaimed.
    """

    total: int = 0
    assigned: int = 0
    declined: int = 0
    assignments: int = 0
    declines: int = 0
    released: int = 0
    reclaimed: int = 0
    reclaimed_declined: int = 0


def summed(counts: Iterable[Counts]) -> Counts:
    """Return the sum of counts."""
    return Counts(*map(sum, zip(Counts(), *counts, strict=True)))


@dataclass(frozen=True)
class Pool:
    """A pool of addresses, or of prefixes to delegate.

    Attributes:
        written: as the configuration has it, such as `10.0.1.10-10.0.1.109`, or the prefix to delegate from.
        length: of the prefixes; None in a pool of addresses.
        first: the first of them, as a number.
        step: from one to the next; 1 for addresses.
        order: which are taken first, as places in the pool.
        active: how many clients hold one.
        declined: how many have been declined.
    """

    written: str
    length: int | None
    first: int
    step: int
    size: int
    order: tuple[int, ...]
    active: Flow
    declined: Flow

    def taken(self, elapsed: float) -> list[Taken]:
        """Return what is in use."""
        active, declined = self.active.present(elapsed), self.declined.present(elapsed)
        held = [Taken(self._at(place), is_declined=False) for place in self.order[:active]]
        # From the other end, so that nothing is both.
        return held + [Taken(self._at(place), is_declined=True) for place in self.order[::-1][:declined]]

    def _at(self, place: int) -> int:
        return self.first + place * self.step

    def counts(self, elapsed: float, since: float) -> Counts:
        """Return what is counted *elapsed* seconds after the start; what only rises has done so for *since* seconds."""
        active, declined, released = self.active, self.declined, self.active.went(since) // RELEASED
        return Counts(
            total=self.size,
            assigned=active.present(elapsed) + declined.present(elapsed),
            declined=declined.present(elapsed),
            assignments=active.came(since) + declined.came(since),
            declines=declined.came(since),
            released=released,
            reclaimed=active.went(since) - released + declined.went(since),
            reclaimed_declined=declined.went(since),
        )


@dataclass(frozen=True)
class Subnet:
    """A subnet; *network* is the shared network that it belongs to, empty for none."""

    id: int
    prefix: str
    network: str
    addresses: Pool
    prefixes: Pool | None = None


def standing_still(subnet: Subnet) -> Subnet:
    """Return a subnet whose leases nobody touches any more."""
    return replace(
        subnet,
        addresses=_still(subnet.addresses),
        prefixes=_still(subnet.prefixes) if subnet.prefixes else None,
    )


def _still(pool: Pool) -> Pool:
    return replace(pool, active=Flow(pool.active.first), declined=Flow(pool.declined.first))


def subnet4(seed: int, number: int, use: float, network: str = "") -> Subnet:
    """Return subnet 10.x.y.0/24, of whose pool of 100 addresses a part is in *use* on average."""
    prefix = ip_network((0x0A000000 + (number << 8), 24))
    chance = chance_of(seed, "subnet4", number)
    addresses = _addresses(chance, f"{prefix[10]}-{prefix[109]}", int(prefix[10]), 100, use)
    return Subnet(number, str(prefix), network, addresses)


def subnet6(seed: int, number: int, use: float, network: str = "") -> Subnet:
    """Return subnet 2001:db8:x::/48, likewise with a pool of 512 addresses and one of 256 prefixes."""
    prefix = ip_network(((0x20010DB8 << 96) + (number << 80), 48))
    delegated = ip_network((int(prefix[0]) + (0x8000 << 64), 52))
    chance = chance_of(seed, "subnet6", number)
    # Kea writes a range as a prefix where it is one (measured).
    inside = ip_network((int(prefix[0x1000]), 119))
    addresses = _addresses(chance, str(inside), int(inside[0]), inside.num_addresses, use)
    place = (str(delegated), PREFIX_LENGTH, int(delegated[0]), 1 << 128 - PREFIX_LENGTH, 256)
    return Subnet(number, str(prefix), network, addresses, _pool(chance, place, use / 2, NONE_DECLINED))


def _addresses(chance: Random, written: str, first: int, size: int, use: float) -> Pool:
    return _pool(chance, (written, None, first, 1, size), use, DECLINED if use else NONE_DECLINED)


def _pool(chance: Random, place: tuple[str, int | None, int, int, int], use: float, declined: Flow) -> Pool:
    size = place[-1]
    # What is free, or in use, limits how far it can swing.
    room = size - declined.most
    level = room * use
    swing = max(0.0, min(level, room - level - 1, room / 8))
    active = flow(chance, level, swing, TURNOVER if use else 0.0)
    order = chance.sample(range(size), min(size, active.most + declined.most))
    return Pool(*place, tuple(order), active, declined)
