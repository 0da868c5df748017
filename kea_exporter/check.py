"""The check report: verdicts for people to read, or for programs as JSON."""

from __future__ import annotations

import json
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

import click

from kea_exporter.requirements import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kea_exporter.requirements import Report, Verdict

JSON_SHAPE_VERSION = 1
INDENT = " " * 4
WORST_FIRST = {status: rank for rank, status in enumerate((Status.UNMET, Status.UNKNOWN, Status.MET))}
GRAVEST_FIRST = {severity: rank for rank, severity in enumerate(Severity)}
COLOURS = {Status.UNMET: "red", Status.UNKNOWN: "yellow", Status.MET: "green"}

ALL_MET, SOME_UNMET, SOME_UNKNOWN = 0, 1, 2


def exit_status(reports: Iterable[Report]) -> int:
    """Return 0 where all required requirements are met, 1 where some are not, 2 where some are merely unknown."""
    found = {
        verdict.status
        for report in reports
        for verdict in report.verdicts
        if verdict.requirement.severity is Severity.REQUIRED
    }
    if Status.UNMET in found:
        return SOME_UNMET
    return SOME_UNKNOWN if Status.UNKNOWN in found else ALL_MET


def as_json(reports: Sequence[Report]) -> str:
    """Return the report as JSON; the shape carries its version, and only grows within one."""
    document = {"version": JSON_SHAPE_VERSION, "daemons": [_daemon_document(report) for report in reports]}
    return json.dumps(document, indent=2)


def as_text(reports: Sequence[Report], width: int) -> str:
    """Return the report for people, coloured, at most *width* columns wide."""
    lines: list[str] = []
    for report in reports:
        lines += [*_heading(report), *_unmet_and_unknown(report, width), *_rest(report, width), ""]
    return "\n".join([*lines, _summary(reports)])


def _daemon_document(report: Report) -> dict[str, object]:
    target = report.snapshot.target
    return {
        "server": target.server,
        "daemon": str(target.daemon),
        "url": target.url,
        "requirements": [_verdict_document(verdict) for verdict in report.verdicts],
    }


def _verdict_document(verdict: Verdict) -> dict[str, object]:
    return {
        "id": verdict.requirement.id,
        "severity": str(verdict.requirement.severity),
        "status": str(verdict.status),
        "title": verdict.requirement.title,
        "evidence": verdict.evidence,
        "remedy": verdict.remedy or None,
    }


def _heading(report: Report) -> Iterator[str]:
    target = report.snapshot.target
    yield click.style(f"{target.server} {target.daemon}", bold=True) + f"  {target.url}"


def _unmet_and_unknown(report: Report, width: int) -> Iterator[str]:
    ranked = sorted(
        (verdict for verdict in report.verdicts if verdict.status in {Status.UNMET, Status.UNKNOWN}),
        key=lambda it: (WORST_FIRST[it.status], GRAVEST_FIRST[it.requirement.severity]),
    )
    for (_, evidence, remedy), verdicts in groupby(ranked, key=lambda it: (it.status, it.evidence, it.remedy)):
        yield from map(_line, verdicts)
        yield from _wrapped(evidence, INDENT * 2, width)
        if remedy:
            yield from _wrapped(f"-> {remedy}", INDENT * 2, width)


def _line(verdict: Verdict) -> str:
    status = click.style(f"{verdict.status:<8}", fg=COLOURS[verdict.status], bold=verdict.status is Status.UNMET)
    return f"{INDENT}{status} {verdict.requirement.id} ({verdict.requirement.severity})"


def _rest(report: Report, width: int) -> Iterator[str]:
    for verdict in report.verdicts:
        if verdict.status is Status.MET:
            yield _line(verdict)
            yield from _wrapped(verdict.evidence, INDENT * 2, width)
    without = [verdict.requirement.id for verdict in report.verdicts if verdict.status is Status.NOT_APPLICABLE]
    if without:
        yield from _wrapped(f"not applicable: {', '.join(without)}", INDENT, width)


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _summary(reports: Sequence[Report]) -> str:
    counts = ", ".join(f"{sum(report.count(status) for report in reports)} {status}" for status in WORST_FIRST)
    servers = len({report.snapshot.target.server for report in reports})
    return f"{servers} servers, {len(reports)} daemons: {counts}"
