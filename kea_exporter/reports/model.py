"""What every format of the check report is made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from kea_exporter.requirements import Report, Severity, Status
from kea_exporter.requirements.fragment import fragment_of
from kea_exporter.requirements.ranking import SEVERITY_ORDER, by_server, rank
from kea_exporter.text import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from kea_exporter.requirements import CountsVerdicts, PairReport, Verdict

    AnyReport = Report | PairReport
    R = TypeVar("R", Report, PairReport)

ALL_MET, SOME_UNMET, SOME_UNKNOWN = 0, 1, 2


class FailOn(StrEnum):
    """Which requirements decide the exit code of `check`.

    required, recommended, advisory: those of this severity and of higher ones. unknown: the required ones, and every
    requirement that is unknown.
    """

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    ADVISORY = "advisory"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """A check of some daemons, with the options of its report.

    Attributes:
        reports: in the order of the configuration.
        at: when the check was made, in seconds since the epoch.
        fail_on: which requirements decide the exit code.
        is_verbose: whether the text has the requirements that are met, and everything about every daemon.
        width: the columns that the text is wrapped at; 0 for no wrapping.
        pairs: the reports on the pairs of these daemons.
    """

    reports: Sequence[Report]
    at: float = 0.0
    fail_on: FailOn = FailOn.REQUIRED
    is_verbose: bool = False
    width: int = 0
    pairs: Sequence[PairReport] = ()

    @property
    def exit_code(self) -> int:
        """Return the exit code of the command."""
        return exit_code(self.all_reports, self.fail_on)

    @property
    def all_reports(self) -> list[AnyReport]:
        """Return the reports on daemons and on pairs."""
        return [*self.reports, *self.pairs]

    @property
    def worst_first(self) -> list[AnyReport]:
        """Return the reports with those of each server together, the worst server first, and then the pairs."""
        of_servers = [report for own in by_server(self.reports).values() for report in own]
        return [*of_servers, *sorted(self.pairs, key=rank)]

    def count(self, status: Status) -> int:
        """Return how many requirements of all daemons have this status."""
        return sum(report.count(status) for report in self.all_reports)

    @property
    def scope(self) -> str:
        """Return how much was checked, such as `2 servers, 3 daemons, 1 pair`."""
        servers = len({report.snapshot.target.server for report in self.reports})
        daemons = f"{counted(servers, 'server')}, {counted(len(self.reports), 'daemon')}"
        return f"{daemons}, {counted(len(self.pairs), 'pair')}" if self.pairs else daemons


def exit_code(reports: Sequence[CountsVerdicts], fail_on: FailOn = FailOn.REQUIRED) -> int:
    """Return 0 where all requirements that count are met, 1 where some are unmet, 2 where some are merely unknown.

    Without any report, all of them are unknown.
    """
    if not reports:
        return SOME_UNKNOWN
    counting = FailOn.REQUIRED if fail_on is FailOn.UNKNOWN else fail_on
    found = {
        verdict.status
        for report in reports
        for verdict in report.verdicts
        if is_at_least(verdict.severity, Severity(counting))
        or (fail_on is FailOn.UNKNOWN and verdict.status is Status.UNKNOWN)
    }
    if Status.UNMET in found:
        return SOME_UNMET
    return SOME_UNKNOWN if Status.UNKNOWN in found else ALL_MET


def is_at_least(severity: Severity, minimum: Severity) -> bool:
    """Return whether a severity is *minimum* or a higher one."""
    return SEVERITY_ORDER[severity] <= SEVERITY_ORDER[minimum]


def selected(reports: Iterable[R], only: Collection[str], without: Collection[str], minimum: Severity) -> tuple[R, ...]:
    """Return the reports with a part of their verdicts.

    Args:
        reports: with all verdicts.
        only: the ids of the requirements to keep; empty for all.
        without: the ids of those to leave out.
        minimum: the severity that they have at least.
    """

    def is_wanted(verdict: Verdict) -> bool:
        name = verdict.requirement.id
        return (not only or name in only) and name not in without and is_at_least(verdict.severity, minimum)

    return tuple(replace(report, verdicts=tuple(filter(is_wanted, report.verdicts))) for report in reports)


def of_status(report: CountsVerdicts, status: Status) -> list[Verdict]:
    """Return the verdicts of one status, the gravest first."""
    found = (verdict for verdict in report.verdicts if verdict.status is status)
    return sorted(found, key=lambda verdict: SEVERITY_ORDER[verdict.severity])


def with_notes(report: CountsVerdicts) -> list[Verdict]:
    """Return the verdicts with notes, which are shown whatever their status."""
    return [verdict for verdict in report.verdicts if verdict.notes]


def fragment(report: AnyReport) -> str:
    """Return the configuration fragment of a daemon; empty if it needs none, and for pairs."""
    return fragment_of(report) if isinstance(report, Report) else ""


def outcome(report: CountsVerdicts) -> tuple[Status, str]:
    """Return what is to be said of the required requirements of a daemon: a status, and a few words."""
    unmet, unknown = (report.count(status, Severity.REQUIRED) for status in (Status.UNMET, Status.UNKNOWN))
    if unmet:
        return Status.UNMET, f"{unmet} required unmet"
    if unknown:
        return Status.UNKNOWN, f"{unknown} required unknown"
    return Status.MET, "all required met"
