"""The check report as text for terminals and logs."""

from __future__ import annotations

import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

import click

from kea_exporter.reports.model import fragment, of_status, outcome
from kea_exporter.requirements import Severity, Status
from kea_exporter.requirements.fragment import FRAGMENT_NOTE
from kea_exporter.requirements.ranking import SEVERITY_ORDER, WORST_FIRST, tally
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kea_exporter.reports.model import AnyReport, Check
    from kea_exporter.requirements import CountsVerdicts, Demand, Problem, Verdict

INDENT = " " * 4
BAR_WIDTH = 30
# Of a daemon that meets all that is required.
MAX_LINES = 30
MAX_TEXT = 4000
COLOURS = {Status.UNMET: "red", Status.UNKNOWN: "yellow", Status.MET: "green"}


def as_text(check: Check) -> str:
    """Return what is unmet and unknown of each daemon, the worst server first, and a line for each daemon and pair.

    With `is_verbose`, also what is met and does not apply.
    """
    lines: list[str] = []
    for report in check.worst_first:
        if check.is_verbose or report.count(Status.UNMET) or report.count(Status.UNKNOWN):
            lines += [*_paragraph(report, check), ""]
    return "\n".join([*lines, *_summary(check)])


def explanation(requirement: Demand, width: int) -> str:
    """Return all about a requirement: where it comes from, when it is met, and what to do where it is not."""
    severity = requirement.severity or "only where a profile asks for it"
    lines = [click.style(f"{requirement.id} ({severity})", bold=True), *_wrapped(requirement.title, INDENT, width)]
    for heading, text in (
        ("Source document", requirement.clause or "none; this project added the requirement"),
        ("Met when", requirement.rule),
    ):
        lines += ["", heading, *_wrapped(text, INDENT, width)]
    for cause in requirement.causes:
        lines += ["", f"{cause.title} ({cause.id})", *_wrapped(f"-> {cause.remedy}", INDENT, width)]
        lines += _wrapped(cause.example, INDENT * 2, width)
    return "\n".join(lines)


def _paragraph(report: AnyReport, check: Check) -> Sequence[str]:
    width = check.width
    lines = [*_heading(report), *_unmet(report, width), *_unknown(report, width)]
    lines_of_fragment = _fragment(report, width)
    if check.is_verbose:
        return [*lines, *_met(report, width), *lines_of_fragment]
    if report.count(Status.UNMET, Severity.REQUIRED) or len(lines) + len(lines_of_fragment) <= MAX_LINES:
        return [*lines, *lines_of_fragment]
    if lines_of_fragment:
        lines.append(f"{INDENT}--verbose shows the configuration fragment with all of this")
    if len(lines) <= MAX_LINES:
        return lines
    return [*lines[: MAX_LINES - 1], f"{INDENT}and {len(lines) - MAX_LINES + 1} more lines; --verbose shows them"]


def _fragment(report: AnyReport, width: int) -> list[str]:
    text = fragment(report)
    if not text:
        return []
    return [
        *_wrapped(f"configuration fragment: {FRAGMENT_NOTE}", INDENT, width),
        *(f"{INDENT * 2}{line}" for line in text.splitlines()),
    ]


def _heading(report: AnyReport) -> Iterator[str]:
    yield click.style(report.title, bold=True) + f"  {report.place}  ({tally(report)})"


def _unmet(report: CountsVerdicts, width: int) -> Iterator[str]:
    unmet = of_status(report, Status.UNMET)
    for _, verdicts in groupby(unmet, key=lambda verdict: (verdict.evidence, verdict.remedy)):
        group = list(verdicts)
        for verdict in group:
            yield from _entry(Status.UNMET, f"{verdict.requirement.id} ({verdict.severity})", width)
        for problem in group[0].problems:
            yield from _problem(problem, width)
        for verdict in group:
            yield from _notes(verdict, width)


def _notes(verdict: Verdict, width: int) -> Iterator[str]:
    for note in verdict.notes:
        yield from _wrapped(f"note: {note}", INDENT * 2, width)


def _problem(problem: Problem, width: int) -> Iterator[str]:
    for sentence in problem.evidence:
        yield from _wrapped(sentence, INDENT * 2, width)
    if problem.count > len(problem.evidence):
        yield f"{INDENT * 2}and {problem.count - len(problem.evidence)} more"
    yield from _wrapped(f"-> {problem.remedy}", INDENT * 2, width)
    if problem.example:
        yield f"{INDENT * 3}{printable(problem.example, MAX_TEXT)}"


def _unknown(report: CountsVerdicts, width: int) -> Iterator[str]:
    unknown = sorted(
        of_status(report, Status.UNKNOWN), key=lambda verdict: (verdict.evidence, SEVERITY_ORDER[verdict.severity])
    )
    for evidence, verdicts in groupby(unknown, key=lambda verdict: verdict.evidence):
        group = list(verdicts)
        yield from _entry(Status.UNKNOWN, evidence, width)
        yield from _wrapped(", ".join(verdict.requirement.id for verdict in group), INDENT * 2, width)
        if group[0].remedy:
            yield from _wrapped(f"-> {group[0].remedy}", INDENT * 2, width)


def _met(report: CountsVerdicts, width: int) -> Iterator[str]:
    for verdict in _in_order(report, Status.MET):
        yield from _entry(Status.MET, f"{verdict.requirement.id}: {verdict.evidence}", width)
        yield from _notes(verdict, width)
    without = _in_order(report, Status.NOT_APPLICABLE)
    if without:
        names = ", ".join(verdict.requirement.id for verdict in without)
        yield from _wrapped(f"not applicable: {names}", INDENT, width)
    for verdict in without:
        yield from _notes(verdict, width)


def _in_order(report: CountsVerdicts, status: Status) -> list[Verdict]:
    return [verdict for verdict in report.verdicts if verdict.status is status]


def _entry(status: Status, text: str, width: int) -> list[str]:
    lines = _wrapped(f"{status:<8} {text}", INDENT, width, hanging=INDENT * 2)
    styled = click.style(str(status), fg=COLOURS[status], bold=status is Status.UNMET)
    return [lines[0].replace(str(status), styled, 1), *lines[1:]]


def _wrapped(text: str, indent: str, width: int, hanging: str | None = None) -> list[str]:
    """Return the lines of a text, without control characters; one line where *width* is 0."""
    text = printable(text, MAX_TEXT)
    if not width:
        return [f"{indent}{text}"] if text else []
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(check: Check) -> list[str]:
    """Return a line for each daemon and pair, worst last, and one for all: a terminal shows what stands last."""
    counts = ", ".join(f"{check.count(status)} {status}" for status in WORST_FIRST)
    return [*(_outcome(report) for report in reversed(check.worst_first)), "", f"{check.scope}: {counts}"]


def _outcome(report: AnyReport) -> str:
    status, words = outcome(report)
    return f"{report.title}: {click.style(words, fg=COLOURS[status])}"


def progress_bar(done: int, total: int) -> str:
    """Return how far something came; only the number done where the total is not known."""
    if not total:
        return f"{done} leases"
    filled = min(BAR_WIDTH, BAR_WIDTH * done // total)
    return f"[{'#' * filled}{' ' * (BAR_WIDTH - filled)}] {done} of {total} leases"
