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
    for key, verdict in _verdicts(after):
        earlier = known.get(key)
        if earlier is None or _state(earlier) == _state(verdict):
            continue
        server, daemon, requirement = key
        change = f"{earlier.status} -> {verdict.status}"
        yield f"{server} {daemon}: {requirement} ({verdict.severity}): {change}: {verdict.evidence}"


def _verdicts(check: Check) -> Iterator[tuple[tuple[str, str, str], Verdict]]:
    for report in check.reports:
        target = report.snapshot.target
        for verdict in report.verdicts:
            yield (target.server, str(target.daemon), verdict.requirement.id), verdict


def _state(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.status, verdict.failure, *(problem.cause.id for problem in verdict.problems))
