"""Judging: which requirements a profile has, and what becomes of a requirement that raises."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kea_exporter.facts.failure import UnknownFactError
from kea_exporter.requirements.model import Demand, Report, Severity, Status, Verdict
from kea_exporter.requirements.next_steps import NEXT_STEPS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements.model import Finding, Requirement

D = TypeVar("D", bound=Demand)


def judge_all(requirements: Iterable[Requirement], snapshot: Snapshot, profile: Profile) -> Report:
    """Return the report on one daemon; a requirement that raises is unknown and does not affect others."""
    verdicts = (
        verdict_on(requirement, severity, partial(requirement.judge, snapshot, profile))
        for requirement, severity in selected_by(profile, requirements)
    )
    return Report(snapshot, tuple(verdicts), profile)


def selected_by(profile: Profile, requirements: Iterable[D]) -> Iterator[tuple[D, Severity]]:
    """Yield the requirements that a profile has, each with its severity there."""
    for requirement in requirements:
        if severity := severity_in(profile, requirement):
            yield requirement, severity


def severity_in(profile: Profile, requirement: Demand) -> Severity | None:
    """Return the severity of a requirement in a profile; None if it is not judged."""
    if requirement.id in profile.left_out:
        return None
    named = profile.severities.get(requirement.id)
    if named or requirement.severity is None:
        return Severity(named) if named else None
    return Severity(profile.severities.get(requirement.severity, requirement.severity))


def verdict_on(requirement: Demand, severity: Severity, judge: Callable[[], Finding]) -> Verdict:
    """Return what judging comes to: unknown if a fact is missing, or if it raises anything else."""
    try:
        finding = judge()
    except UnknownFactError as error:
        failure = error.failure
        evidence, next_step = f"{failure.stage}: {failure.detail}", NEXT_STEPS.get(failure.reason, "")
        return Verdict(requirement, severity, Status.UNKNOWN, evidence, next_step=next_step, failure=failure)
    except Exception as error:  # noqa: BLE001 - a bug in one requirement must not affect the others
        evidence = f"internal error: {type(error).__name__}"
        return Verdict(requirement, severity, Status.UNKNOWN, evidence, error=error)
    return Verdict(
        requirement, severity, finding.status, finding.evidence, problems=finding.problems, notes=finding.notes
    )
