"""Order of daemons and servers, worst first, for the check report and the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.requirements.model import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kea_exporter.requirements.model import CountsVerdicts, Report

Rank = tuple[int, ...]

# Unmet, clients of the daemon are not served; unknown, they may not be.
SERVICE = ("service-running", "dhcp-service-enabled")
WORST_FIRST = (Status.UNMET, Status.UNKNOWN, Status.MET)
SEVERITY_ORDER = {severity: place for place, severity in enumerate(Severity)}


def service(report: CountsVerdicts) -> Status:
    """Return whether a daemon serves its clients; `not_applicable` if that was not judged."""
    found = {verdict.status for verdict in report.verdicts if verdict.requirement.id in SERVICE}
    return next((status for status in WORST_FIRST if status in found), Status.NOT_APPLICABLE)


def rank(report: CountsVerdicts) -> Rank:
    """Rank a report, worst first: outages, then by required unmet, required unknown, recommended unmet and so on."""
    found = [(severity, status) for severity in Severity for status in (Status.UNMET, Status.UNKNOWN)]
    return (-(service(report) is Status.UNMET), *(-report.count(status, severity) for severity, status in found))


def by_server(reports: Iterable[Report], key: Callable[[Report], Rank] = rank) -> dict[str, list[Report]]:
    """Return the reports of each server, worst first, the servers by their worst daemons."""
    found: dict[str, list[Report]] = {}
    for report in sorted(reports, key=key):
        found.setdefault(report.snapshot.target.server, []).append(report)
    return found


def tally(report: CountsVerdicts) -> str:
    """Return the number of requirements by status, worst first."""
    return ", ".join(f"{report.count(status)} {status}" for status in WORST_FIRST if report.count(status))
