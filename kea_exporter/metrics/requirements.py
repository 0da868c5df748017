"""Families about requirements and their verdicts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.metrics.model import Family, Kind, Page, Sample, per_daemon
from kea_exporter.requirements import Status
from kea_exporter.requirements.hooks import COMMAND_OF_HOOK, library_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kea_exporter.requirements import Report

JUDGED = frozenset({Status.MET, Status.UNMET})


def _met(report: Report) -> Iterator[Sample]:
    for verdict in report.verdicts:
        if verdict.status in JUDGED:
            labels = (verdict.requirement.id, str(verdict.severity))
            yield Sample(labels, verdict.status is Status.MET)


def _unmet(report: Report) -> Iterator[Sample]:
    for verdict in report.verdicts:
        for problem in verdict.problems:
            yield Sample((verdict.requirement.id, str(verdict.severity), problem.cause.id), 1)


def _info(page: Page) -> Iterator[Sample]:
    """Yield one sample for each severity that a profile in use gives to a requirement."""
    judged = ((verdict.requirement, verdict.severity) for report in page.reports for verdict in report.verdicts)
    seen = {(requirement.id, severity): requirement for requirement, severity in judged}
    for (requirement_id, severity), requirement in sorted(seen.items()):
        yield Sample((requirement_id, str(severity), requirement.subject, requirement.title), 1)


def _unmet_info(page: Page) -> Iterator[Sample]:
    verdicts = (verdict for report in page.reports for verdict in report.verdicts)
    found = {(verdict.requirement.id, problem.cause) for verdict in verdicts for problem in verdict.problems}
    for requirement_id, cause in sorted(found, key=lambda pair: (pair[0], pair[1].id)):
        yield Sample((requirement_id, cause.id, cause.remedy), 1)


def _verdict(report: Report, requirement_id: str) -> Iterable[Sample]:
    return [
        Sample((), verdict.status is Status.MET)
        for verdict in report.verdicts
        if verdict.requirement.id == requirement_id and verdict.status in JUDGED
    ]


def _hooks_loaded(report: Report) -> Iterator[Sample]:
    if report.snapshot.target.daemon is not Daemon.D2:
        commands = known(report.snapshot.commands)
        for hook, command in COMMAND_OF_HOOK.items():
            yield Sample((hook,), command in commands)


def _hooks_configured(report: Report) -> Iterator[Sample]:
    if report.snapshot.target.daemon is not Daemon.D2:
        configured = known(report.snapshot.configuration).hooks
        for hook in COMMAND_OF_HOOK:
            yield Sample((hook,), library_of(hook) in configured)


FAMILIES = (
    per_daemon(
        "kea_requirement_met",
        "1 if the requirement is met, 0 if it is not; absent when unknown or not applicable.",
        _met,
        ("requirement", "severity"),
        source="the verdicts",
    ),
    per_daemon(
        "kea_requirements",
        "Number of requirements by status.",
        lambda report: [Sample((str(status),), report.count(status)) for status in Status],
        ("status",),
        source="the verdicts",
    ),
    per_daemon(
        "kea_requirement_unmet",
        "1 for each cause of an unmet requirement, else absent; use kea_requirement_met for alerts.",
        _unmet,
        ("requirement", "severity", "cause"),
        source="the verdicts",
    ),
    Family(
        "kea_requirement_unmet_info",
        Kind.GAUGE,
        "Remedy for a cause of an unmet requirement; always 1.",
        ("requirement", "cause", "remedy"),
        _unmet_info,
    ),
    Family(
        "kea_requirement_info",
        Kind.GAUGE,
        "Subject and title of a requirement; always 1.",
        ("requirement", "severity", "subject", "title"),
        _info,
    ),
    per_daemon(
        "kea_version_info",
        "The Kea version that the daemon runs; always 1.",
        lambda report: [Sample((known(report.snapshot.version).text,), 1)],
        ("version",),
        source="version-get",
    ),
    per_daemon(
        "kea_version_supported",
        "1 if the Kea version is at least the minimum_version of the profile, else 0.",
        partial(_verdict, requirement_id="version-supported"),
        source="the verdicts",
    ),
    per_daemon(
        "kea_version_tested",
        "1 if the Kea version is at most the tested_version of the profile, else 0.",
        partial(_verdict, requirement_id="version-tested"),
        source="the verdicts",
    ),
    per_daemon(
        "kea_hook_loaded",
        "1 if commands of the hook library are registered, else 0.",
        _hooks_loaded,
        ("hook",),
        source="list-commands",
    ),
    per_daemon(
        "kea_hook_configured",
        "1 if the hook library is listed in hooks-libraries, else 0.",
        _hooks_configured,
        ("hook",),
        source="config-get",
    ),
)
