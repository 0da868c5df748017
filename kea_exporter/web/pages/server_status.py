"""Where servers stand: what the worst is that is to be said of them, and who comes first."""

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
    """Where a server stands, worst first.

    Unmet and unknown are about what is required. Open is what is recommended and not met, and what no requirement is
    about but people would want to know. Advice is left to whoever looks closer.
    """

    UNMET = "unmet"
    UNKNOWN = "unknown"
    OPEN = "open"
    SOUND = "sound"


TONES = {
    ServerStatus.UNMET: Tone.BAD,
    ServerStatus.UNKNOWN: Tone.WARN,
    ServerStatus.OPEN: Tone.WARN,
    ServerStatus.SOUND: Tone.GOOD,
}


def worst_first(reports: Iterable[Report]) -> dict[str, list[Report]]:
    """Return the reports of each server: as the check report has them, and then by what is worth a look."""
    return by_server(reports, lambda report: (*rank(report), -len(concerns(report))))


def server_status(reports: Sequence[Report]) -> ServerStatus:
    """Return where a server stands, by the reports on its daemons."""
    if _count(reports, Severity.REQUIRED, Status.UNMET):
        return ServerStatus.UNMET
    if _count(reports, Severity.REQUIRED, Status.UNKNOWN) or any(report.snapshot.failures for report in reports):
        return ServerStatus.UNKNOWN
    return ServerStatus.OPEN if _open(reports) else ServerStatus.SOUND


def outcome(reports: Sequence[Report]) -> StyledText:
    """Return the worst that is to be said of a server or of one daemon: in a word or two, and at length."""
    place = server_status(reports)
    if place is ServerStatus.SOUND:
        return StyledText("sound", TONES[place])
    if place is ServerStatus.OPEN:
        return StyledText("worth a look", TONES[place], ", ".join(_open(reports)))
    status = Status.UNMET if place is ServerStatus.UNMET else Status.UNKNOWN
    if number := _count(reports, Severity.REQUIRED, status):
        return StyledText(f"{number} {status}", TONES[place], f"{number} required {status}")
    return StyledText("not all known", TONES[place])


def concerns(report: Report) -> tuple[str, ...]:
    """Return what no requirement is about, and yet is worth a look."""
    states, full = summary.high_availability(report), nearly_full(report.snapshot)
    found = ("high availability",) if any(state.tone in {Tone.WARN, Tone.BAD} for state in states) else ()
    if not full:
        return found
    more = f" and {amount(len(full) - 1)} more" if len(full) > 1 else ""
    return (*found, f"{full[0]}{more} nearly full")


def _open(reports: Sequence[Report]) -> list[str]:
    counts = ((status, _count(reports, Severity.RECOMMENDED, status)) for status in (Status.UNMET, Status.UNKNOWN))
    said = [f"{number} recommended {status}" for status, number in counts if number]
    return [*said, *dict.fromkeys(concern for report in reports for concern in concerns(report))]


def _count(reports: Iterable[Report], severity: Severity, status: Status) -> int:
    return sum(report.count(status, severity) for report in reports)
