"""The columns of the matrix: requirements in short form, in groups by their subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.requirements import REQUIREMENTS, Severity, Status, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_exporter.requirements import Report, Requirement, Verdict


@dataclass(frozen=True)
class Column:
    """One requirement as a column of the matrix.

    Attributes:
        severities: its severities among the daemons, highest first; profiles may differ.
        unmet: the number of daemons that do not meet it.
        unknown: the number of daemons for which it is unknown.
    """

    requirement: Requirement
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
    return tuple(group for group in groups if group.columns)


def _column(verdicts: list[Verdict]) -> Column:
    found = {verdict.severity for verdict in verdicts}
    return Column(
        requirement=verdicts[0].requirement,
        severities=tuple(entry for entry in Severity if entry in found),
        unmet=sum(verdict.status is Status.UNMET for verdict in verdicts),
        unknown=sum(verdict.status is Status.UNKNOWN for verdict in verdicts),
    )
