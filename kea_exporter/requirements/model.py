"""Requirements and verdicts. The framework, not each requirement, turns a missing fact into `unknown`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import UnknownFactError
from kea_exporter.requirements.next_steps import NEXT_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kea_exporter.config import Profile
    from kea_exporter.facts.failure import Failure
    from kea_exporter.facts.snapshot import Snapshot


class Severity(StrEnum):
    """How much depends on a requirement.

    required: without it the IPAM cannot work. recommended: the source document advises it. advisory: good practice.
    """

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    ADVISORY = "advisory"


class Subject(StrEnum):
    """What a requirement is about, in the order of the pages."""

    REACHING = "Reaching"
    SOCKET = "Socket"
    AUTHENTICATION = "Authentication"
    CERTIFICATE = "Certificate"
    VERSION = "Version"
    HOOKS = "Hooks"
    LEASES = "Leases"


class Status(StrEnum):
    """What was found of a requirement; `unknown` is never taken for `unmet`."""

    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Finding:
    """What a requirement found: a status, and one sentence of evidence without secrets.

    Attributes:
        remedy: what to do in this very case, where it differs from the requirement's own remedy.
        example: likewise, a piece of configuration.
    """

    status: Status
    evidence: str
    remedy: str = ""
    example: str = ""


def met(evidence: str) -> Finding:
    """Return the finding that the requirement holds."""
    return Finding(Status.MET, evidence)


def unmet(evidence: str, remedy: str = "", example: str = "") -> Finding:
    """Return the finding that it does not."""
    return Finding(Status.UNMET, evidence, remedy, example)


def not_applicable(why: str) -> Finding:
    """Return the finding that it does not concern this daemon."""
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
        remedy: what an operator has to do, with the exact keys of Kea's configuration.
        example: a piece of Kea's configuration that meets it; empty where none does.
        judge: finds whether it holds; may raise UnknownFactError.
    """

    id: str
    subject: Subject
    short: str
    severity: Severity | None
    title: str
    clause: str
    rule: str
    remedy: str
    judge: Callable[[Snapshot, Profile], Finding]
    example: str = ""


@dataclass(frozen=True)
class Verdict:
    """A requirement judged.

    Attributes:
        remedy: what to do where it is unmet or unknown.
        example: a piece of configuration that meets it, where it is unmet and there is one.
        failure: why it is unknown.
        error: the mistake in the exporter for which it is unknown.
    """

    requirement: Requirement
    severity: Severity
    status: Status
    evidence: str
    remedy: str = ""
    example: str = ""
    failure: Failure | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class Report:
    """All verdicts on one daemon, and the facts that they rest on."""

    snapshot: Snapshot
    verdicts: tuple[Verdict, ...]

    def count(self, status: Status, severity: Severity | None = None) -> int:
        """Return how many requirements have that status, and that severity where one is given."""
        found = [it.severity for it in self.verdicts if it.status is status]
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
        return Verdict(requirement, severity, Status.UNKNOWN, evidence, next_step, failure=failure)
    except Exception as error:  # noqa: BLE001 - the edge of a requirement: one mistake must not cost the others
        evidence = f"internal error: {type(error).__name__}"
        return Verdict(requirement, severity, Status.UNKNOWN, evidence, error=error)
    if finding.status is not Status.UNMET:
        return Verdict(requirement, severity, finding.status, finding.evidence)
    remedy, example = finding.remedy or requirement.remedy, finding.example or requirement.example
    return Verdict(requirement, severity, finding.status, finding.evidence, remedy, example)
