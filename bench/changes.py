"""What got better or worse since the last committed results, of the values that have a target: less is better."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# By section, row and column.
Values = dict[tuple[str, str, str], float]

# Medians of one machine differ by as much from one run to the next.
MIN_CHANGE = 0.1
TARGET = "target"


def committed(path: Path) -> str:
    """Return the results of the last commit; empty where there are none."""
    command = ["git", "show", f"HEAD:{path.as_posix()}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
    return done.stdout if done.returncode == 0 else ""


def changes(now: str, before: str) -> list[str]:
    """Return one line for each value with a target that changed by a tenth or more, the worst first."""
    old, found = values(before), []
    for key, value in values(now).items():
        if (last := old.get(key)) and abs(value / last - 1) >= MIN_CHANGE:
            verdict = "worse" if value > last else "better"
            found.append((value / last, f"{verdict}: {', '.join(part for part in key if part)}: {last:g} -> {value:g}"))
    return [line for _, line in sorted(found, reverse=True)]


def values(report: str) -> Values:
    """Return the values of a report in Markdown that have a target."""
    found: Values = {}
    section = ""
    columns: list[str] = []
    for line in report.splitlines():
        if line.startswith("## "):
            section, columns = line.removeprefix("## "), []
        elif line.startswith("| "):
            cells = [cell.strip() for cell in line[1:-1].split("|")]
            if not columns:
                columns = cells
            elif TARGET in columns and not cells[0].startswith("---"):
                found.update(_of_row(section, columns, cells))
    return found


def _of_row(section: str, columns: list[str], cells: list[str]) -> Iterator[tuple[tuple[str, str, str], float]]:
    at = columns.index(TARGET)
    if not cells[at]:
        return
    for column, cell in zip(columns[1:at], cells[1:at], strict=True):
        if cell:
            yield (section, cells[0], column), float(cell.replace(",", ""))
