"""How a requirement on the configuration is judged: by what the review found for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.requirements.model import (
    Cause,
    Finding,
    Requirement,
    Severity,
    Subject,
    met,
    not_applicable,
    problem,
    unmet_for,
)
from kea_exporter.requirements.reaching import require_expected_daemon

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot


def reviewed(  # noqa: PLR0913 - the fields of a requirement
    requirement_id: str,
    severity: Severity | None,
    title: str,
    *,
    short: str,
    rule: str,
    arm: str,
    causes: tuple[Cause, ...],
) -> Requirement:
    """Return a requirement on the configuration.

    Args:
        requirement_id: also what the review calls it.
        severity: None where it is judged only if a profile asks for it.
        title: the demand.
        short: its name in a column of the pages.
        rule: when it is met.
        arm: the section of the Kea Administrator Reference Manual (ARM).
        causes: all that the review can find for it.
    """
    return Requirement(
        id=requirement_id,
        severity=severity,
        title=title,
        clause="",
        rule=f"{rule} See Kea ARM, “{arm}”.",
        causes=causes,
        judge=partial(_judge, requirement_id=requirement_id, causes={cause.id: cause for cause in causes}),
        subject=Subject.CONFIGURATION,
        short=short,
    )


def _judge(snapshot: Snapshot, _: Profile, requirement_id: str, causes: dict[str, Cause]) -> Finding:
    require_expected_daemon(snapshot)
    review = known(snapshot.configuration).review
    if requirement_id not in review:
        return not_applicable("this daemon has no such configuration")
    found = known(review[requirement_id])
    if not found:
        return met("the review of the configuration found no violation")
    return unmet_for([problem(causes[it.cause], it.evidence, count=it.count) for it in found])
