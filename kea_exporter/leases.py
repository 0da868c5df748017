"""The facts about leases: how many there are, and which of them are not where they belong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class LeaseCounts:
    """Leases of one kind; each lease is in one state, so *assigned* does not hold the declined ones."""

    assigned: int
    declined: int


@dataclass(frozen=True)
class Leases:
    """Leases of a DHCP daemon in its configured subnets; *prefixes* is None on DHCPv4.

    Attributes:
        unknown_statistics: names that no rule knows; None where the statistics were not asked for.
        left_behind: leases that the statistics count in subnets that are not configured, by subnet id.
        overfull: ids of subnets with more leases than their prefix has addresses.
    """

    addresses: LeaseCounts
    prefixes: LeaseCounts | None
    unknown_statistics: frozenset[str] | None = None
    left_behind: Mapping[int, int] = field(default_factory=dict)
    overfull: frozenset[int] = frozenset()

    @property
    def total(self) -> int:
        """Return how many leases are counted, of whatever kind and state."""
        kinds = (self.addresses, *((self.prefixes,) if self.prefixes else ()))
        return sum(it.assigned + it.declined for it in kinds)


@dataclass(frozen=True)
class Misplaced:
    """Leases that are not where they belong: how many by subnet id, and a few of their addresses.

    Attributes:
        others: how many more there are, in subnet ids that are too many to be listed.
    """

    counts: Mapping[int, int]
    examples: tuple[str, ...]
    others: int = 0

    @property
    def total(self) -> int:
        """Return how many leases they are."""
        return sum(self.counts.values()) + self.others


@dataclass(frozen=True)
class LeaseAudit:
    """What paging through all leases of a daemon found.

    Attributes:
        finished_at: seconds since the epoch.
        leases: how many were looked at.
        is_complete: whether that was all of them.
        subnets: the configured subnets that they were compared with.
        orphaned: leases whose subnet id is not configured.
        outside: leases whose address does not lie in the prefix of their subnet.
    """

    finished_at: float
    leases: int
    is_complete: bool
    subnets: Mapping[int, str]
    orphaned: Misplaced
    outside: Misplaced
