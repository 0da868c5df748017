"""What was measured, as tables for people: on the terminal, and in results.md."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# The size of server that the targets are for.
TARGET_SIZE = "10,000"


@dataclass(frozen=True)
class Row:
    """One measured value.

    Attributes:
        digits: behind the decimal point.
        limit: the most that it should be; None for what is only worth knowing.
    """

    what: str
    value: float
    digits: int = 2
    limit: float | None = None


@dataclass(frozen=True)
class Found:
    """What measuring one part gave: values, and sentences that explain them."""

    rows: list[Row]
    notes: list[str] = field(default_factory=list)


@dataclass
class Section:
    """One part: its rows by column, such as the number of subnets.

    Attributes:
        targets_in: the column that the targets are for.
    """

    title: str
    about: str
    targets_in: str = TARGET_SIZE
    columns: dict[str, list[Row]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, column: str, found: Found) -> None:
        """Add a column."""
        self.columns[column] = found.rows
        self.notes += found.notes

    def text(self) -> str:
        """Return the section in Markdown."""
        parts = [f"## {self.title}", self.about]
        if self.columns:
            rows = list({row.what: row for rows in self.columns.values() for row in rows}.values())
            targets = ["target", ""] if any(row.limit is not None for row in rows) else []
            lines = ([row.what, *self._values(row), *self._verdict(row)[: len(targets)]] for row in rows)
            parts.append(aligned([["", *self.columns, *targets], *lines]))
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts) + "\n"

    def _values(self, row: Row) -> list[str]:
        found = ([entry for entry in rows if entry.what == row.what] for rows in self.columns.values())
        return [f"{entry[0].value:,.{entry[0].digits}f}" if entry else "" for entry in found]

    def _verdict(self, row: Row) -> list[str]:
        if row.limit is None:
            return ["", ""]
        target = f"≤ {row.limit:g}"
        value = next((entry.value for entry in self.columns.get(self.targets_in, ()) if entry.what == row.what), None)
        if value is None:
            return [target, "not measured"]
        return [target, "met" if value <= row.limit else "**missed**"]


def aligned(rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose columns are as wide as their widest cell; the first of *rows* is its head."""
    table = list(rows)
    widths = [max(3, *(len(row[column]) for row in table)) for column in range(len(table[0]))]
    lines = [_padded(row, widths) for row in table]
    rule = ["-" * widths[0], *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
