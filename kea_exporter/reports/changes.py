"""What changed from one check to the next (`check --watch`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.reports.model import Check
    from kea_exporter.requirements import Verdict


def changes(before: Check, after: Check) -> Iterator[str]:
    """Return a line for each requirement whose status or causes changed."""
    known = dict(_verdicts(before))
    for key, (title, verdict) in _verdicts(after):
        _, earlier = known.get(key, ("", None))
        if earlier is None or _state(earlier) == _state(verdict):
            continue
        change = f"{earlier.status} -> {verdict.status}"
        yield f"{title}: {verdict.requirement.id} ({verdict.severity}): {change}: {verdict.evidence}"


def _verdicts(check: Check) -> Iterator[tuple[tuple[tuple[str, str], str], tuple[str, Verdict]]]:
    """Yield the verdicts with the title of their report, by what stays the same while servers come and go."""
    for report in check.all_reports:
        for verdict in report.verdicts:
            yield (report.key, verdict.requirement.id), (report.title, verdict)


def _state(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.status, verdict.failure, *(problem.cause.id for problem in verdict.problems))
