"""The check report as Markdown (CommonMark with tables), for the administrator of Kea."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kea_exporter import __version__
from kea_exporter.reports.model import fragment, of_status, outcome, with_notes
from kea_exporter.requirements import Status
from kea_exporter.requirements.fragment import FRAGMENT_NOTE
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.reports.model import AnyReport, Check
    from kea_exporter.requirements import Problem, Verdict

MAX_TEXT = 2000


def as_markdown(check: Check) -> str:
    """Return a summary, and the findings of each daemon with evidence, remedy and clause, the worst daemon first."""
    lines = ["# Check of Kea servers", "", f"{_moment(check.at)}, by kea-exporter {__version__}: {check.scope}.", ""]
    lines += ["| server | daemon | Kea | outcome | unmet | unknown | met |", "|---|---|---|---|---|---|---|"]
    lines += [_row(report) for report in check.worst_first]
    for report in check.worst_first:
        lines += ["", *_section(report)]
    return "\n".join(lines)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _row(report: AnyReport) -> str:
    shown = _text(report.kea_version or "not known")
    counts = " | ".join(str(report.count(status)) for status in (Status.UNMET, Status.UNKNOWN, Status.MET))
    return f"| {_text(report.servers)} | {report.daemon} | {shown} | {outcome(report)[1]} | {counts} |"


def _section(report: AnyReport) -> Iterator[str]:
    yield f"## {_text(report.title)}"
    yield ""
    yield f"{_code(report.place)}, profile {_text(report.profile.name)}"
    for verdict in of_status(report, Status.UNMET):
        yield from _unmet(verdict)
    for verdict in of_status(report, Status.UNKNOWN):
        yield from ("", f"### Unknown, {verdict.severity}: {_text(verdict.requirement.title)}", "")
        yield f"`{verdict.requirement.id}`: {_text(verdict.evidence)}"
        if verdict.next_step:
            yield from ("", f"**Next step:** {_text(verdict.next_step)}")
    if noted := with_notes(report):
        yield from ("", "### Notes", "")
        yield from (f"- `{verdict.requirement.id}`: {_text(note)}" for verdict in noted for note in verdict.notes)
    if text := fragment(report):
        yield from ("", "### Configuration fragment", "", FRAGMENT_NOTE, "")
        yield from (f"    {line}" for line in text.splitlines())
    if met := of_status(report, Status.MET):
        yield from ("", f"Met: {', '.join(f'`{verdict.requirement.id}`' for verdict in met)}.")


def _unmet(verdict: Verdict) -> Iterator[str]:
    requirement = verdict.requirement
    yield from ("", f"### Unmet, {verdict.severity}: {_text(requirement.title)}", "")
    yield f"`{requirement.id}`"
    for problem in verdict.problems:
        yield from ("", *_problem(problem))
    if requirement.clause:
        yield from ("", f"> {_text(requirement.clause)}")


def _problem(problem: Problem) -> Iterator[str]:
    for sentence in problem.evidence:
        yield f"- {_text(sentence)}"
    if problem.count > len(problem.evidence):
        yield f"- and {problem.count - len(problem.evidence)} more"
    yield from ("", f"**Remedy** ({problem.cause.id}): {_text(problem.remedy)}")
    if problem.example:
        yield from ("", f"    {printable(problem.example, MAX_TEXT)}")


def _text(text: str) -> str:
    """Return a text that is shown as it is: what peers send must not become markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~&])", r"\\\1", printable(text, MAX_TEXT))


def _code(text: str) -> str:
    return f"`{printable(text, MAX_TEXT).replace('`', ' ')}`"
