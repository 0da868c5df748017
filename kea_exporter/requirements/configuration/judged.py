"""How a requirement on the configuration is judged: by what the review found for it."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, known
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
    from collections.abc import Mapping, Sequence

    from kea_exporter.config import Profile
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.review import Observed
    from kea_exporter.facts.snapshot import Snapshot, Version


def reviewed(  # noqa: PLR0913 - the fields of a requirement
    requirement_id: str,
    severity: Severity | None,
    title: str,
    *,
    short: str,
    rule: str,
    arm: str,
    causes: tuple[Cause, ...],
    fixed_in: Mapping[str, tuple[int, int, int]] = MappingProxyType({}),
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
        fixed_in: by cause, the version from which on Kea does not have the problem.
    """
    return Requirement(
        id=requirement_id,
        severity=severity,
        title=title,
        clause="",
        rule=f"{rule} See Kea ARM, “{arm}”.",
        causes=causes,
        judge=partial(_judge, requirement_id, {cause.id: cause for cause in causes}, fixed_in),
        subject=Subject.CONFIGURATION,
        short=short,
    )


def _judge(
    requirement_id: str,
    causes: Mapping[str, Cause],
    fixed_in: Mapping[str, tuple[int, int, int]],
    snapshot: Snapshot,
    _: Profile,
) -> Finding:
    require_expected_daemon(snapshot)
    review = known(snapshot.configuration).review
    if requirement_id not in review:
        return not_applicable("this daemon has no such configuration")
    found = _applying(known(review[requirement_id]), fixed_in, snapshot.version)
    if not found:
        return met("the review of the configuration found no violation")
    return unmet_for([problem(causes[entry.cause], entry.evidence, count=entry.count) for entry in found])


def _applying(
    found: Sequence[Observed], fixed_in: Mapping[str, tuple[int, int, int]], version: Fact[Version]
) -> Sequence[Observed]:
    """Return the findings that concern this version of Kea.

    Raises:
        UnknownFactError: the version is unknown, and decides whether there are any.
    """
    of_all = [entry for entry in found if entry.cause not in fixed_in]
    if len(of_all) == len(found) or (of_all and isinstance(version, Failure)):
        return of_all
    numbers = known(version).numbers
    return [entry for entry in found if entry.cause not in fixed_in or numbers < fixed_in[entry.cause]]
