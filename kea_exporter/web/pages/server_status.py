"""Status of servers, and their order, worst first."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.requirements import Severity, Status
from kea_exporter.requirements.ranking import by_server, rank
from kea_exporter.web.pages import summary
from kea_exporter.web.pages.formatting import amount
from kea_exporter.web.pages.fullness import nearly_full
from kea_exporter.web.pages.summary import StyledText, Tone

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kea_exporter.requirements import Report


class ServerStatus(StrEnum):
    """Status of a server, worst first.

    UNMET and UNKNOWN concern required requirements. ATTENTION: a recommended one is unmet or unknown, or there is a
    concern outside the requirements. Advisory requirements have no effect.
    """

    UNMET = "unmet"
    UNKNOWN = "unknown"
    ATTENTION = "attention"
    HEALTHY = "healthy"


TONES = {
    ServerStatus.UNMET: Tone.BAD,
    ServerStatus.UNKNOWN: Tone.WARN,
    ServerStatus.ATTENTION: Tone.WARN,
    ServerStatus.HEALTHY: Tone.GOOD,
}


def worst_first(reports: Iterable[Report]) -> dict[str, list[Report]]:
    """Return the reports of each server in the order of the check report, then by the number of concerns."""
    return by_server(reports, lambda report: (*rank(report), -len(concerns(report))))


def server_status(reports: Sequence[Report]) -> ServerStatus:
    """Return the status of a server from the reports on its daemons."""
    if _count(reports, Severity.REQUIRED, Status.UNMET):
        return ServerStatus.UNMET
    if _count(reports, Severity.REQUIRED, Status.UNKNOWN) or any(report.snapshot.failures for report in reports):
        return ServerStatus.UNKNOWN
    return ServerStatus.ATTENTION if _open(reports) else ServerStatus.HEALTHY


def outcome(reports: Sequence[Report]) -> StyledText:
    """Return the status of a server or daemon as a short and a long text."""
    place = server_status(reports)
    if place is ServerStatus.HEALTHY:
        return StyledText("healthy", TONES[place])
    if place is ServerStatus.ATTENTION:
        return StyledText("needs attention", TONES[place], ", ".join(_open(reports)))
    status = Status.UNMET if place is ServerStatus.UNMET else Status.UNKNOWN
    if number := _count(reports, Severity.REQUIRED, status):
        return StyledText(f"{number} {status}", TONES[place], f"{number} required {status}")
    return StyledText("partly unknown", TONES[place])


def concerns(report: Report) -> tuple[str, ...]:
    """Return the concerns of a daemon outside the requirements."""
    states, full = summary.high_availability(report), nearly_full(report.snapshot)
    found = ["high availability"] if any(state.tone in {Tone.WARN, Tone.BAD} for state in states) else []
    if full:
        more = f" and {amount(len(full) - 1)} more" if len(full) > 1 else ""
        found.append(f"{full[0]}{more} nearly full")
    if failures := summary.allocation_failures(report):
        found.append(failures)
    return tuple(found)


def _open(reports: Sequence[Report]) -> list[str]:
    counts = ((status, _count(reports, Severity.RECOMMENDED, status)) for status in (Status.UNMET, Status.UNKNOWN))
    texts = [f"{number} recommended {status}" for status, number in counts if number]
    return [*texts, *dict.fromkeys(concern for report in reports for concern in concerns(report))]


def _count(reports: Iterable[Report], severity: Severity, status: Status) -> int:
    return sum(report.count(status, severity) for report in reports)
