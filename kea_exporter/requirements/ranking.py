"""Which daemon, and which server, is worst off: one order for the check report and for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.requirements.model import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kea_exporter.requirements.model import Report

Rank = tuple[int, ...]

WORST_FIRST = (Status.UNMET, Status.UNKNOWN, Status.MET)
GRAVEST_FIRST = {severity: place for place, severity in enumerate(Severity)}


def rank(report: Report) -> Rank:
    """Rank a report, worst first: by what is required and unmet, then unknown, then by what is recommended, advised."""
    found = [(severity, status) for severity in Severity for status in (Status.UNMET, Status.UNKNOWN)]
    return tuple(-report.count(status, severity) for severity, status in found)


def by_server(reports: Iterable[Report], key: Callable[[Report], Rank] = rank) -> dict[str, list[Report]]:
    """Return the reports of each server, worst first, the servers by their worst daemons."""
    found: dict[str, list[Report]] = {}
    for report in sorted(reports, key=key):
        found.setdefault(report.snapshot.target.server, []).append(report)
    return found


def tally(report: Report) -> str:
    """Return how many requirements have which status, worst first."""
    return ", ".join(f"{report.count(status)} {status}" for status in WORST_FIRST if report.count(status))
