"""Requirements and verdicts. The framework, not each requirement, turns a missing fact into `unknown`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import UnknownFactError
from kea_exporter.requirements.next_steps import NEXT_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kea_exporter.config import Profile
    from kea_exporter.facts.failure import Failure
    from kea_exporter.facts.snapshot import Snapshot

# Sentences of evidence for each cause; more findings are counted.
MAX_SHOWN = 20


class Severity(StrEnum):
    """How much depends on a requirement.

    required: without it the IPAM cannot work. recommended: the source document advises it. advisory: good practice.
    """

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    ADVISORY = "advisory"


class Subject(StrEnum):
    """What a requirement is about, in the order of the pages."""

    REACHING = "reaching"
    SOCKETS = "sockets"
    AUTHENTICATION = "authentication"
    CERTIFICATES = "certificates"
    VERSION = "version"
    HOOKS = "hooks"
    LEASES = "leases"


class Status(StrEnum):
    """What was found of a requirement; `unknown` is never taken for `unmet`."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Cause:
    """One reason for which a requirement is unmet, with the advice that fits it.

    Attributes:
        id: unique within its requirement and stable: metrics, reports and runbooks refer to it.
        title: what is wrong, as a statement.
        remedy: the steps that fix it, with the exact keys of the configuration.
        example: a piece of Kea's configuration, a command or a line of another file; empty where none helps.
    """

    id: str
    title: str
    remedy: str
    example: str = ""


@dataclass(frozen=True)
class Problem:
    """What was found wrong for one cause.

    Attributes:
        evidence: one sentence for each finding, without secrets; at most MAX_SHOWN of them.
        count: the number of findings, those without a sentence included.
        remedy: the advice for these very findings, where facts make it more exact than the cause's own.
        example: likewise, a piece of configuration.
    """

    cause: Cause
    evidence: tuple[str, ...]
    count: int
    remedy: str
    example: str


@dataclass(frozen=True)
class Finding:
    """What a requirement found: a status, and evidence without secrets.

    Attributes:
        problems: one for each cause, where the requirement is unmet; the first one matters most.
    """

    status: Status
    evidence: str
    problems: tuple[Problem, ...] = ()


def met(evidence: str) -> Finding:
    """Return the finding that the requirement is met."""
    return Finding(Status.MET, evidence)


def unmet(cause: Cause, evidence: str, remedy: str = "", example: str = "") -> Finding:
    """Return the finding that the requirement is unmet for one cause.

    Args:
        cause: one that the requirement declares.
        evidence: what was found, as one sentence.
        remedy: replaces that of the cause, where facts make it more exact.
        example: likewise.
    """
    return unmet_for([problem(cause, [evidence], remedy=remedy, example=example)])


def problem(cause: Cause, evidence: Sequence[str], *, count: int = 0, remedy: str = "", example: str = "") -> Problem:
    """Return a problem with one or more findings; *count* where there are more findings than sentences."""
    shown = tuple(evidence[:MAX_SHOWN])
    return Problem(cause, shown, max(count, len(evidence)), remedy or cause.remedy, example or cause.example)


def unmet_for(problems: Sequence[Problem]) -> Finding:
    """Return the finding that the requirement is unmet for the causes of these problems."""
    return Finding(Status.UNMET, "; ".join(map(_summary, problems)), tuple(problems))


def _summary(found: Problem) -> str:
    more = found.count - len(found.evidence)
    return "; ".join(found.evidence) + (f"; and {more} more" if more else "")


def not_applicable(why: str) -> Finding:
    """Return the finding that the requirement does not concern this daemon."""
    return Finding(Status.NOT_APPLICABLE, why)


@dataclass(frozen=True)
class Requirement:
    """One thing that should hold.

    Attributes:
        id: says what should hold; stable for ever.
        short: its name within its subject, of at most 14 characters.
        severity: None where it is judged only if a profile asks for it.
        clause: the words of the source document that it comes from; empty where this project added it.
        rule: when it is met, in one sentence.
        causes: all reasons for which it can be unmet.
        judge: finds whether it is met; may raise UnknownFactError.
    """

    id: str
    subject: Subject
    short: str
    severity: Severity | None
    title: str
    clause: str
    rule: str
    causes: tuple[Cause, ...]
    judge: Callable[[Snapshot, Profile], Finding]


@dataclass(frozen=True)
class Verdict:
    """A requirement judged.

    Attributes:
        problems: what is wrong, where it is unmet; the first one matters most.
        next_step: what to do where it is unknown.
        failure: why it is unknown.
        error: the bug in the exporter for which it is unknown.
    """

    requirement: Requirement
    severity: Severity
    status: Status
    evidence: str
    problems: tuple[Problem, ...] = ()
    next_step: str = ""
    failure: Failure | None = None
    error: Exception | None = None

    @property
    def remedy(self) -> str:
        """Return what to do: about the first problem where it is unmet, next where it is unknown."""
        return self.problems[0].remedy if self.problems else self.next_step

    @property
    def example(self) -> str:
        """Return the example of the first problem; empty where there is none."""
        return self.problems[0].example if self.problems else ""


@dataclass(frozen=True)
class Report:
    """All verdicts on one daemon, and the facts that they rest on."""

    snapshot: Snapshot
    verdicts: tuple[Verdict, ...]

    def count(self, status: Status, severity: Severity | None = None) -> int:
        """Return how many requirements have that status, and that severity where one is given."""
        found = [verdict.severity for verdict in self.verdicts if verdict.status is status]
        return len(found) if severity is None else found.count(severity)


def judge_all(requirements: Iterable[Requirement], snapshot: Snapshot, profile: Profile) -> Report:
    """Return the report on one daemon; a requirement that goes wrong is unknown, the others are judged."""
    weighed = ((requirement, severity_in(profile, requirement)) for requirement in requirements)
    verdicts = (_judge(requirement, severity, snapshot, profile) for requirement, severity in weighed if severity)
    return Report(snapshot, tuple(verdicts))


def severity_in(profile: Profile, requirement: Requirement) -> Severity | None:
    """Return how much a profile makes of a requirement; None where it is not judged."""
    if requirement.id in profile.left_out:
        return None
    named = profile.severities.get(requirement.id)
    return Severity(named) if named else requirement.severity


def _judge(requirement: Requirement, severity: Severity, snapshot: Snapshot, profile: Profile) -> Verdict:
    try:
        finding = requirement.judge(snapshot, profile)
    except UnknownFactError as error:
        failure = error.failure
        evidence, next_step = f"{failure.stage}: {failure.detail}", NEXT_STEPS.get(failure.reason, "")
        return Verdict(requirement, severity, Status.UNKNOWN, evidence, next_step=next_step, failure=failure)
    except Exception as error:  # noqa: BLE001 - the edge of a requirement: one mistake must not cost the others
        evidence = f"internal error: {type(error).__name__}"
        return Verdict(requirement, severity, Status.UNKNOWN, evidence, error=error)
    return Verdict(requirement, severity, finding.status, finding.evidence, finding.problems)
