"""Pairs: what the servers of a high availability relationship are judged by, and the report on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.config import IPAM
from kea_exporter.facts.failure import Failure
from kea_exporter.facts.pairs import PARTS
from kea_exporter.facts.status import BACKUP
from kea_exporter.requirements.judging import selected_by, verdict_on
from kea_exporter.requirements.model import CountsVerdicts, Demand, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.config import Profile
    from kea_exporter.facts.configuration import Configuration, Pair
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.pairs import PairConfiguration
    from kea_exporter.facts.review import Observed
    from kea_exporter.facts.snapshot import Daemon, Snapshot
    from kea_exporter.facts.status import Relationship
    from kea_exporter.requirements.model import Finding, Report

NO_DIFFERENCES: Mapping[str, tuple[Observed, ...]] = MappingProxyType({})
# In the order of the reports.
ROLES = {"primary": 0, "secondary": 1, "standby": 1, BACKUP: 2}


@dataclass(frozen=True, eq=False)
class Side:
    """One server of a pair, whose configuration is known.

    Attributes:
        configured: its relationship.
        shared: what it must have in common with the others.
    """

    snapshot: Snapshot
    configuration: Configuration
    configured: Pair
    shared: PairConfiguration

    @property
    def server(self) -> str:
        """Return the name of the server in the exporter's configuration; the path of a file."""
        return self.snapshot.target.server

    @property
    def role(self) -> str:
        """Return its role by its own configuration."""
        return self.configured.own.role

    @property
    def relationship(self) -> Relationship | None:
        """Return the relationship as the server sees it; None if that is unknown."""
        if isinstance(self.snapshot.status, Failure):
            return None
        names = self.configured.names
        return next((found for found in self.snapshot.status.relationships if found.name in names), None)


@dataclass(frozen=True)
class Absent:
    """A server of a pair whose configuration is unknown.

    Attributes:
        name: its server name in the relationship.
        evidence: why it is unknown, as one sentence.
        next_step: what makes it known.
        example: lines for the exporter's configuration; may be empty.
    """

    name: str
    role: str
    evidence: str
    next_step: str
    example: str = ""


@dataclass(frozen=True, eq=False)
class PairSnapshot:
    """The servers of one high availability relationship, and what differs between them.

    Attributes:
        place: hosts and ports of the servers, as in `kea_ha_info`.
        sides: at least one, the primary first and backups last; all others are compared with the first.
        absent: the servers whose configuration is unknown.
        differences: by part of the configuration; parts without any are absent.
    """

    place: str
    daemon: Daemon
    sides: tuple[Side, ...]
    absent: tuple[Absent, ...] = ()
    differences: Fact[Mapping[str, tuple[Observed, ...]]] = field(default_factory=lambda: NO_DIFFERENCES)

    @property
    def mode(self) -> str:
        """Return the mode of the relationship; empty if it is unknown."""
        return self.sides[0].configured.mode

    @property
    def servers(self) -> tuple[str, ...]:
        """Return the names of the servers; of those that are unknown, their server names in the relationship."""
        return (*(side.server for side in self.sides), *(peer.name for peer in self.absent))

    @property
    def unequal_parts(self) -> tuple[str, ...]:
        """Return the parts whose hashes differ between the first server and another."""
        hashes = [side.shared.hashes for side in self.sides]
        return tuple(part for part in PARTS if any(other[part] != hashes[0][part] for other in hashes))

    def not_compared(self, part: str) -> str:
        """Return why a part is not compared completely; empty if it is."""
        if part != "reservations":
            return ""
        where = [
            f"{side.server} has reservations in {', '.join(side.configuration.hosts_databases)}"
            for side in self.sides
            if side.configuration.hosts_databases
        ]
        return f"not compared: {'; '.join(where)}" if where else ""


@dataclass(frozen=True)
class PairRequirement(Demand):
    """A demand on the servers of a pair together.

    Attributes:
        judge: returns the finding on servers that are known; may raise UnknownFactError.
    """

    judge: Callable[[PairSnapshot], Finding]


@dataclass(frozen=True)
class PairReport(CountsVerdicts):
    """All verdicts on one pair, what they are based on, and the profile."""

    pair: PairSnapshot
    verdicts: tuple[Verdict, ...]
    profile: Profile = IPAM

    @property
    def title(self) -> str:
        """Return the servers and the daemon, such as `dhcp-a and dhcp-b dhcp4`."""
        return f"{self.servers} {self.daemon}"

    @property
    def key(self) -> tuple[str, str]:
        """Return what is the same for the same pair in the next check."""
        return self.place, self.daemon

    @property
    def servers(self) -> str:
        """Return the names of the servers."""
        return " and ".join(self.pair.servers)

    @property
    def daemon(self) -> Daemon:
        """Return the daemon."""
        return self.pair.daemon

    @property
    def place(self) -> str:
        """Return where the servers are."""
        return self.pair.place

    @property
    def kea_version(self) -> str | None:
        """Return the versions of Kea; None if one is unknown."""
        versions = [side.snapshot.version for side in self.pair.sides]
        texts = [version.text for version in versions if not isinstance(version, Failure)]
        return ", ".join(dict.fromkeys(texts)) if len(texts) == len(versions) else None


def judge_pair(requirements: Iterable[PairRequirement], pair: PairSnapshot, reports: Iterable[Report]) -> PairReport:
    """Return the report on one pair. What cannot be compared is unknown, and does not affect what can be.

    Args:
        requirements: all that there are.
        pair: with its differences.
        reports: those on the daemons, the first of which has the profile.
    """
    target = pair.sides[0].snapshot.target
    profile = next((report.profile for report in reports if report.snapshot.target == target), IPAM)
    verdicts = (
        _with_absent(verdict_on(requirement, severity, partial(requirement.judge, pair)), pair)
        for requirement, severity in selected_by(profile, requirements)
    )
    return PairReport(pair, tuple(verdicts), profile)


def _with_absent(verdict: Verdict, pair: PairSnapshot) -> Verdict:
    """Return a verdict as unknown if it would be met, but a server of the pair is unknown."""
    if not pair.absent or verdict.status is Status.UNMET:
        return verdict
    evidence = "; ".join(peer.evidence for peer in pair.absent)
    step = " ".join(dict.fromkeys(peer.next_step for peer in pair.absent))
    return Verdict(verdict.requirement, verdict.severity, Status.UNKNOWN, evidence, next_step=step)
