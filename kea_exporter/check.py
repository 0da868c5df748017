"""The check report: verdicts for people to read, or for programs as JSON."""

from __future__ import annotations

import json
import textwrap
from itertools import groupby
from typing import TYPE_CHECKING

import click

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.fullness import KINDS, fullest_subnets, fullness_of
from kea_exporter.requirements import Severity, Status
from kea_exporter.requirements.ranking import SEVERITY_ORDER, WORST_FIRST, by_server, tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements import Problem, Report, Requirement, Verdict

JSON_SHAPE_VERSION = 1
MAX_SUBNETS = 20
INDENT = " " * 4
BAR_WIDTH = 30
COLOURS = {Status.UNMET: "red", Status.UNKNOWN: "yellow", Status.MET: "green"}

ALL_MET, SOME_UNMET, SOME_UNKNOWN = 0, 1, 2


def exit_status(reports: Iterable[Report]) -> int:
    """Return 0 where all required requirements are met, 1 where some are not, 2 where some are merely unknown."""
    found = {
        verdict.status for report in reports for verdict in report.verdicts if verdict.severity is Severity.REQUIRED
    }
    if Status.UNMET in found:
        return SOME_UNMET
    return SOME_UNKNOWN if Status.UNKNOWN in found else ALL_MET


def as_json(reports: Sequence[Report]) -> str:
    """Return the report as JSON; the shape carries its version, and only grows within one."""
    document = {"version": JSON_SHAPE_VERSION, "daemons": [_daemon_document(report) for report in reports]}
    return json.dumps(document, indent=2)


def as_text(reports: Sequence[Report], width: int) -> str:
    """Return the report for people, coloured, at most *width* columns wide; the worst server comes first."""
    lines: list[str] = []
    for report in _worst_first(reports):
        lines += [*_heading(report), *_unmet(report, width), *_unknown(report, width), *_met(report, width), ""]
    return "\n".join([*lines, _summary(reports)])


def explanation(requirement: Requirement, width: int) -> str:
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


def _worst_first(reports: Sequence[Report]) -> list[Report]:
    """Return the daemons of each server together."""
    return [report for own in by_server(reports).values() for report in own]


def _daemon_document(report: Report) -> dict[str, object]:
    target = report.snapshot.target
    return {
        "server": target.server,
        "daemon": str(target.daemon),
        "url": target.url,
        "taken_at": report.snapshot.taken_at,
        "fullest_subnets": [*_subnet_documents(report.snapshot)],
        "requirements": [_verdict_document(verdict) for verdict in report.verdicts],
    }


def _subnet_documents(snapshot: Snapshot) -> Iterator[dict[str, object]]:
    """Return the fullest subnets: what is leased in their pools, as a share of what these hold, and raw counts."""
    leases, subnets = snapshot.leases, snapshot.subnets
    if isinstance(leases, Failure) or isinstance(subnets, Failure):
        return
    kinds = [fullness_of(leases.subnets, kind) for kind in KINDS]
    networks = dict(zip(subnets.ids, subnets.networks, strict=True))
    for place in fullest_subnets(snapshot, MAX_SUBNETS):
        number = leases.subnets.keys[place]
        for found in (kind[place] for kind in kinds):
            if found is not None:
                yield {
                    "subnet_id": number,
                    "subnet": subnets.by_id.get(number),
                    "shared_network": networks.get(number) or None,
                    "kind": found.kind,
                    "capacity": found.capacity,
                    "assigned": found.assigned,
                    "utilisation": round(found.share, 4),
                    "utilisation_with_reserved": round(found.upper_share, 4),
                }


def _failure_document(failure: Failure | None) -> dict[str, str] | None:
    return {"stage": str(failure.stage), "reason": str(failure.reason)} if failure else None


def _verdict_document(verdict: Verdict) -> dict[str, object]:
    return {
        "id": verdict.requirement.id,
        "severity": str(verdict.severity),
        "status": str(verdict.status),
        "title": verdict.requirement.title,
        "evidence": verdict.evidence,
        "cause": verdict.problems[0].cause.id if verdict.problems else None,
        "remedy": verdict.remedy or None,
        "example": verdict.example or None,
        "problems": [_problem_document(problem) for problem in verdict.problems],
        "failure": _failure_document(verdict.failure),
    }


def _problem_document(problem: Problem) -> dict[str, object]:
    return {
        "cause": problem.cause.id,
        "title": problem.cause.title,
        "count": problem.count,
        "evidence": list(problem.evidence),
        "remedy": problem.remedy,
        "example": problem.example or None,
    }


def _heading(report: Report) -> Iterator[str]:
    target = report.snapshot.target
    yield click.style(f"{target.server} {target.daemon}", bold=True) + f"  {target.url}  ({tally(report)})"


def _unmet(report: Report, width: int) -> Iterator[str]:
    unmet = sorted(_of(report, Status.UNMET), key=lambda verdict: SEVERITY_ORDER[verdict.severity])
    for _, verdicts in groupby(unmet, key=lambda verdict: (verdict.evidence, verdict.remedy)):
        group = list(verdicts)
        for verdict in group:
            yield from _entry(Status.UNMET, f"{verdict.requirement.id} ({verdict.severity})", width)
        for problem in group[0].problems:
            yield from _problem(problem, width)


def _problem(problem: Problem, width: int) -> Iterator[str]:
    for sentence in problem.evidence:
        yield from _wrapped(sentence, INDENT * 2, width)
    if problem.count > len(problem.evidence):
        yield f"{INDENT * 2}and {problem.count - len(problem.evidence)} more"
    yield from _wrapped(f"-> {problem.remedy}", INDENT * 2, width)
    if problem.example:
        yield f"{INDENT * 3}{problem.example}"


def _unknown(report: Report, width: int) -> Iterator[str]:
    unknown = sorted(
        _of(report, Status.UNKNOWN), key=lambda verdict: (verdict.evidence, SEVERITY_ORDER[verdict.severity])
    )
    for evidence, verdicts in groupby(unknown, key=lambda verdict: verdict.evidence):
        group = list(verdicts)
        yield from _entry(Status.UNKNOWN, evidence, width)
        yield from _wrapped(", ".join(verdict.requirement.id for verdict in group), INDENT * 2, width)
        if group[0].remedy:
            yield from _wrapped(f"-> {group[0].remedy}", INDENT * 2, width)


def _met(report: Report, width: int) -> Iterator[str]:
    for verdict in _of(report, Status.MET):
        yield from _entry(Status.MET, f"{verdict.requirement.id}: {verdict.evidence}", width)
    if without := [verdict.requirement.id for verdict in _of(report, Status.NOT_APPLICABLE)]:
        yield from _wrapped(f"not applicable: {', '.join(without)}", INDENT, width)


def _of(report: Report, status: Status) -> list[Verdict]:
    return [verdict for verdict in report.verdicts if verdict.status is status]


def _entry(status: Status, text: str, width: int) -> list[str]:
    lines = _wrapped(f"{status:<8} {text}", INDENT, width, hanging=INDENT * 2)
    styled = click.style(str(status), fg=COLOURS[status], bold=status is Status.UNMET)
    return [lines[0].replace(str(status), styled, 1), *lines[1:]]


def _wrapped(text: str, indent: str, width: int, hanging: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent if hanging is None else hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _summary(reports: Sequence[Report]) -> str:
    """Return a line for each daemon, worst last, and one for all: what stands last is what a terminal shows."""
    lines = [_outcome(report) for report in reversed(_worst_first(reports))]
    counts = ", ".join(f"{sum(report.count(status) for report in reports)} {status}" for status in WORST_FIRST)
    servers = len({report.snapshot.target.server for report in reports})
    return "\n".join([*lines, "", f"{_counted(servers, 'server')}, {_counted(len(reports), 'daemon')}: {counts}"])


def _outcome(report: Report) -> str:
    unmet, unknown = (report.count(status, Severity.REQUIRED) for status in (Status.UNMET, Status.UNKNOWN))
    status = Status.UNMET if unmet else Status.UNKNOWN if unknown else Status.MET
    said = {
        Status.UNMET: f"{unmet} required unmet",
        Status.UNKNOWN: f"{unknown} required unknown",
        Status.MET: "all required met",
    }
    target = report.snapshot.target
    return f"{target.server} {target.daemon}: {click.style(said[status], fg=COLOURS[status])}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def progress_bar(done: int, total: int) -> str:
    """Return how far something came; only the number done where the total is not known."""
    if not total:
        return f"{done} leases"
    filled = min(BAR_WIDTH, BAR_WIDTH * done // total)
    return f"[{'#' * filled}{' ' * (BAR_WIDTH - filled)}] {done} of {total} leases"
