"""The columns of the matrix: requirements in short form, in groups by their subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.requirements import REQUIREMENTS, Severity, Status, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_exporter.requirements import Demand, Report, Verdict


# A subject with more requirements than this shows only the unmet ones, those of most daemons, so that the page fits.
MAX_COLUMNS = 8
# Likewise a subject of which most requirements apply to no daemon.
ONLY_UNMET = {Subject.UPGRADE}
MAX_WORST = 4


@dataclass(frozen=True)
class Column:
    """One requirement as a column of the matrix.

    Attributes:
        severities: its severities among the daemons, highest first; profiles may differ.
        unmet: the number of daemons that do not meet it.
        unknown: the number of daemons for which it is unknown.
    """

    requirement: Demand
    severities: tuple[Severity, ...]
    unmet: int
    unknown: int

    @property
    def is_required(self) -> bool:
        """Return whether any daemon is required to meet it."""
        return Severity.REQUIRED in self.severities


@dataclass(frozen=True)
class Group:
    """The columns of one subject."""

    subject: Subject
    columns: tuple[Column, ...]


def groups_of(reports: Sequence[Report]) -> tuple[Group, ...]:
    """Return the judged requirements as groups of columns, in the order of their tables."""
    judged: dict[str, list[Verdict]] = {}
    for report in reports:
        for verdict in report.verdicts:
            judged.setdefault(verdict.requirement.id, []).append(verdict)
    columns = [_column(judged[requirement.id]) for requirement in REQUIREMENTS if requirement.id in judged]
    groups = (
        Group(subject, tuple(column for column in columns if column.requirement.subject is subject))
        for subject in Subject
    )
    shown = (Group(group.subject, _in_sight(group.columns)) if _is_long(group) else group for group in groups)
    return tuple(group for group in shown if group.columns)


def _is_long(group: Group) -> bool:
    return len(group.columns) > MAX_COLUMNS or group.subject in ONLY_UNMET


def _in_sight(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the unmet requirements of a subject that has too many for the page; the page of a server has all."""
    unmet = sorted((column for column in columns if column.unmet), key=lambda column: -column.unmet)
    return tuple(unmet[:MAX_WORST])


def _column(verdicts: list[Verdict]) -> Column:
    found = {verdict.severity for verdict in verdicts}
    return Column(
        requirement=verdicts[0].requirement,
        severities=tuple(entry for entry in Severity if entry in found),
        unmet=sum(verdict.status is Status.UNMET for verdict in verdicts),
        unknown=sum(verdict.status is Status.UNKNOWN for verdict in verdicts),
    )
