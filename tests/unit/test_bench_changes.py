"""What the bench says of its last results."""

from __future__ import annotations

from pathlib import Path

from bench.changes import changes, committed, values
from bench.table import Found, Row, Section

RESULTS = Path("bench/results.md")


def report(*values: float) -> str:
    """Return a report with a section of two columns, and one whose values have no target."""
    section = Section("b. Processor time", "About.")
    section.add("100", Found([Row("ours, ms", values[0], 1, limit=2000), Row("others, ms", values[1], 1)]))
    section.add("10,000", Found([Row("ours, ms", values[2], 1, limit=2000)]))
    plain = Section("Levels", "About.")
    plain.add("10,000", Found([Row("level 1, ms", values[1], 1)]))
    return f"# What it costs\n\n- 100 subnets\n\n{section.text()}\n{plain.text()}"


def test_values_with_a_target_are_compared_with_those_of_the_last_results() -> None:
    assert changes(report(15, 99, 1500), report(20, 10, 1000)) == [
        "worse: b. Processor time, ours, ms, 10,000: 1000 -> 1500",
        "better: b. Processor time, ours, ms, 100: 20 -> 15",
    ]


def test_small_changes_and_new_values_are_not_listed() -> None:
    assert changes(report(15, 99, 1050), report(15, 10, 1000)) == []
    assert changes(report(15, 99, 1050), "") == []


def test_the_results_that_are_shipped_can_be_compared() -> None:
    shipped = RESULTS.read_text()
    assert changes(shipped, shipped) == []
    assert len(values(shipped)) > 20


def test_without_a_commit_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert committed(tmp_path / "results.md") == ""
