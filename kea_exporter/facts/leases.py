"""The facts about leases: how many there are, and which of them are not where they belong."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.subnets import Count

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.subnets import Counts


class LeaseDatabase(StrEnum):
    """The state of a daemon's lease database, as a command that reads leases shows it.

    Without a lease manager, or without a connection to its database, Kea serves no client.
    """

    AVAILABLE = "available"
    NO_MANAGER = "no lease manager"
    CONNECTION_LOST = "connection lost"


@dataclass(frozen=True)
class LeaseCounts:
    """Leases of one kind; each lease is in one state, so *assigned* does not hold the declined ones."""

    assigned: int
    declined: int


@dataclass(frozen=True)
class Leases:
    """Leases of a DHCP daemon in its configured subnets.

    Attributes:
        subnets: counts of the configured subnets, in the order of their ids.
        left_behind: leases that the statistics count in subnets that are not configured, by subnet id.
        overfull: ids of subnets with more leases than their prefix has addresses.
    """

    subnets: Counts[int]
    left_behind: Mapping[int, int] = field(default_factory=dict)
    overfull: frozenset[int] = frozenset()

    @property
    def addresses(self) -> Fact[LeaseCounts]:
        """Return how many addresses are leased in all subnets together."""
        assigned, declined = self._sum(Count.ADDRESSES_ASSIGNED), self._sum(Count.ADDRESSES_DECLINED)
        if assigned is None or declined is None or declined > assigned:
            return _INCOMPLETE
        return LeaseCounts(assigned - declined, declined)

    @property
    def prefixes(self) -> Fact[LeaseCounts]:
        """Return how many prefixes are delegated in all subnets together."""
        assigned = self._sum(Count.PREFIXES_ASSIGNED)
        return _INCOMPLETE if assigned is None else LeaseCounts(assigned, 0)

    @property
    def total(self) -> int:
        """Return how many leases are counted, of whatever kind and state, as far as it is known."""
        return (self._sum(Count.ADDRESSES_ASSIGNED) or 0) + (self._sum(Count.PREFIXES_ASSIGNED) or 0)

    def _sum(self, count: Count) -> int | None:
        if not self.subnets.keys:
            return 0
        column = self.subnets.columns.get(count, (None,))
        return None if None in column else sum(filter(None, column))


@dataclass(frozen=True)
class Agreement:
    """The statistics counted the leases that the lease database had.

    Attributes:
        checked_at: when both were compared, in seconds since the epoch.
        samples: the newest sample of each statistic of leases since, by its name.
    """

    checked_at: float
    samples: Mapping[str, object]


_INCOMPLETE = Failure(
    Stage.COMMAND,
    Reason.MALFORMED_ANSWER,
    "the daemon does not count the leases of each subnet: one was added just now, or its statistics were reset",
)


@dataclass(frozen=True)
class Misplaced:
    """Leases whose subnet id does not fit their address.

    Attributes:
        in_no_subnet: their number by subnet id, of those whose address lies in no configured subnet.
        examples: a few of the addresses of these.
        others: the number of further leases like these, in subnet ids that are too many to be listed.
        moved: the number of leases by their subnet id and the id of the configured subnet that contains their address.
        others_moved: the number of further leases whose subnet may have another id now: in pairs of ids that are too
            many to be listed, or in no subnet, such as delegated prefixes, with one of these subnet ids.
    """

    in_no_subnet: Mapping[int, int]
    examples: tuple[str, ...]
    others: int = 0
    moved: Mapping[tuple[int, int], int] = field(default_factory=dict)
    others_moved: int = 0

    @property
    def total(self) -> int:
        """Return the number of these leases."""
        return sum(self.in_no_subnet.values()) + self.others + self.under_another_id

    @property
    def under_another_id(self) -> int:
        """Return the number of leases whose subnet is configured with another id."""
        return sum(self.moved.values()) + self.others_moved


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
