"""Requirements and verdicts. The framework, not each requirement, turns a missing fact into `unknown`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.config import IPAM
from kea_exporter.facts.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Daemon, Snapshot

# Sentences of evidence for each cause; further findings are only counted.
MAX_SHOWN = 20


class Severity(StrEnum):
    """Severity of a requirement.

    required: the IPAM does not work without it. recommended: the source document advises it. advisory: good practice.
    """

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    ADVISORY = "advisory"


class Subject(StrEnum):
    """Subject of a requirement, in the order of the pages."""

    REACHING = "reaching"
    SOCKETS = "sockets"
    AUTHENTICATION = "authentication"
    CERTIFICATES = "certificates"
    VERSION = "version"
    HOOKS = "hooks"
    LEASES = "leases"
    CONFIGURATION = "configuration"
    UPGRADE = "upgrade"
    PAIR = "pair"


class Status(StrEnum):
    """Status of a requirement; `unknown` is never reported as `unmet`."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Cause:
    """One reason for which a requirement is unmet, with its remedy.

    Attributes:
        id: unique within its requirement and stable: metrics, reports and runbooks refer to it.
        title: the problem, as a statement.
        remedy: the steps that fix it, with the exact keys of the configuration.
        example: an excerpt of Kea's configuration, a command or a line of another file; may be empty.
    """

    id: str
    title: str
    remedy: str
    example: str = ""


@dataclass(frozen=True)
class Problem:
    """Findings of one cause.

    Attributes:
        evidence: one sentence for each finding, without secrets; at most MAX_SHOWN of them.
        count: the number of findings, including those without a sentence.
        remedy: that of the cause, or a more exact one from the facts.
        example: likewise.
    """

    cause: Cause
    evidence: tuple[str, ...]
    count: int
    remedy: str
    example: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of judging a requirement: a status, and evidence without secrets.

    Attributes:
        problems: one for each cause if the requirement is unmet, the most important one first.
        notes: sentences for the report that have no effect on the status.
    """

    status: Status
    evidence: str
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


def met(evidence: str, notes: tuple[str, ...] = ()) -> Finding:
    """Return the finding that the requirement is met."""
    return Finding(Status.MET, evidence, notes=notes)


def unmet(cause: Cause, evidence: str, remedy: str = "", example: str = "") -> Finding:
    """Return the finding that the requirement is unmet for one cause.

    Args:
        cause: one that the requirement declares.
        evidence: what was found, as one sentence.
        remedy: replaces that of the cause if facts make it more exact.
        example: likewise.
    """
    return unmet_for([problem(cause, [evidence], remedy=remedy, example=example)])


def problem(cause: Cause, evidence: Sequence[str], *, count: int = 0, remedy: str = "", example: str = "") -> Problem:
    """Return a problem; *count* is the number of findings if there are more than sentences."""
    shown = tuple(evidence[:MAX_SHOWN])
    return Problem(cause, shown, max(count, len(evidence)), remedy or cause.remedy, example or cause.example)


def unmet_for(problems: Sequence[Problem], notes: tuple[str, ...] = ()) -> Finding:
    """Return the finding that the requirement is unmet for the causes of these problems."""
    return Finding(Status.UNMET, "; ".join(map(_summary, problems)), tuple(problems), notes)


def _summary(found: Problem) -> str:
    more = found.count - len(found.evidence)
    return "; ".join(found.evidence) + (f"; and {more} more" if more else "")


def not_applicable(reason: str, notes: tuple[str, ...] = ()) -> Finding:
    """Return the finding that the requirement does not concern this daemon."""
    return Finding(Status.NOT_APPLICABLE, reason, notes=notes)


@dataclass(frozen=True)
class Demand:
    """What a requirement demands, of a daemon or of a pair.

    Attributes:
        id: names the demand; never changes.
        short: its name within its subject, of at most 14 characters.
        severity: None if only profiles enable it.
        clause: quotation of the source document; empty if this project added the requirement.
        rule: the condition under which it is met, in one sentence.
        causes: all reasons for which it can be unmet.
    """

    id: str
    subject: Subject
    short: str
    severity: Severity | None
    title: str
    clause: str
    rule: str
    causes: tuple[Cause, ...]


@dataclass(frozen=True)
class Requirement(Demand):
    """A demand on a daemon.

    Attributes:
        judge: returns the finding; may raise UnknownFactError.
    """

    judge: Callable[[Snapshot, Profile], Finding]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of one requirement for one daemon or pair.

    Attributes:
        problems: the problems if it is unmet, the most important one first.
        next_step: what to do if it is unknown.
        notes: sentences for the report that have no effect on the status.
        failure: the reason why it is unknown.
        error: the exception of a bug in the exporter, if it is unknown for that reason.
    """

    requirement: Demand
    severity: Severity
    status: Status
    evidence: str
    problems: tuple[Problem, ...] = ()
    next_step: str = ""
    failure: Failure | None = None
    error: Exception | None = None
    notes: tuple[str, ...] = ()

    @property
    def remedy(self) -> str:
        """Return the remedy of the first problem if it is unmet, the next step if it is unknown."""
        return self.problems[0].remedy if self.problems else self.next_step

    @property
    def example(self) -> str:
        """Return the example of the first problem; may be empty."""
        return self.problems[0].example if self.problems else ""


class CountsVerdicts:
    """Counting of verdicts, in reports on daemons and on pairs."""

    verdicts: tuple[Verdict, ...]

    def count(self, status: Status, severity: Severity | None = None) -> int:
        """Return the number of requirements with this status, and with this severity if given."""
        found = [verdict.severity for verdict in self.verdicts if verdict.status is status]
        return len(found) if severity is None else found.count(severity)


@dataclass(frozen=True)
class Report(CountsVerdicts):
    """All verdicts on one daemon, the snapshot that they are based on, and the profile."""

    snapshot: Snapshot
    verdicts: tuple[Verdict, ...]
    profile: Profile = IPAM

    @property
    def title(self) -> str:
        """Return server and daemon, such as `dhcp-a dhcp4`."""
        return f"{self.servers} {self.daemon}"

    @property
    def key(self) -> tuple[str, str]:
        """Return what is the same for the same daemon in the next check."""
        return self.servers, self.daemon

    @property
    def servers(self) -> str:
        """Return the name of the server."""
        return self.snapshot.target.server

    @property
    def daemon(self) -> Daemon:
        """Return the daemon."""
        return self.snapshot.target.daemon

    @property
    def place(self) -> str:
        """Return the url of the daemon."""
        return self.snapshot.target.url

    @property
    def kea_version(self) -> str | None:
        """Return the version of Kea; None if it is unknown."""
        return None if isinstance(self.snapshot.version, Failure) else self.snapshot.version.text
