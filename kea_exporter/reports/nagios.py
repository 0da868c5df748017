"""The check report as the output of a monitoring plugin (Monitoring Plugins Development Guidelines)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.fullness import highest
from kea_exporter.facts.snapshot import Tls
from kea_exporter.reports.model import of_status
from kea_exporter.requirements import Severity, Status
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.reports.model import AnyReport, Check

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
NAMES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
DAY = 86400.0
# What NRPE carries is limited, and so is what people read in a notification.
MAX_LINES, MAX_TEXT = 50, 300


def nagios_exit_code(check: Check) -> int:
    """Return 2 where a required requirement is unmet, 1 where a recommended one is, 3 where any is unknown, else 0.

    Without any report it is 3.
    """
    unmet = {verdict.severity for report in check.all_reports for verdict in of_status(report, Status.UNMET)}
    if Severity.REQUIRED in unmet:
        return CRITICAL
    if Severity.RECOMMENDED in unmet:
        return WARNING
    return OK if check.reports and not check.count(Status.UNKNOWN) else UNKNOWN


def as_nagios(check: Check) -> str:
    """Return one line with the state and performance data, and then a line for each finding."""
    unmet, unknown = check.count(Status.UNMET), check.count(Status.UNKNOWN)
    first = f"KEA {NAMES[nagios_exit_code(check)]} - {check.scope}: {unmet} unmet, {unknown} unknown"
    lines = [line for report in check.worst_first for line in _findings(report)]
    more = [f"and {len(lines) - MAX_LINES} more"] if len(lines) > MAX_LINES else []
    return "\n".join([f"{first} | {' '.join(_performance(check))}", *lines[:MAX_LINES], *more])


def _findings(report: AnyReport) -> Iterator[str]:
    """Return a line for each requirement that is unmet, and one for each reason for which some are unknown."""
    for verdict in of_status(report, Status.UNMET):
        yield _line(f"{report.title}: {verdict.requirement.id} unmet ({verdict.severity}): {verdict.evidence}")
    for evidence, number in Counter(verdict.evidence for verdict in of_status(report, Status.UNKNOWN)).items():
        yield _line(f"{report.title}: {number} unknown: {evidence}")


def _line(text: str) -> str:
    # What follows a bar is performance data.
    return printable(text, MAX_TEXT).replace("|", "/")


def _performance(check: Check) -> Iterator[str]:
    """Return unmet and unknown, the days to the first expiry of a certificate, and the highest utilisation."""
    yield f"unmet={check.count(Status.UNMET)};;;0"
    yield f"unknown={check.count(Status.UNKNOWN)};;;0"
    days = [
        (certificate.not_after - report.snapshot.taken_at) / DAY
        for report in check.reports
        if isinstance(report.snapshot.tls, Tls)
        for certificate in report.snapshot.tls.chain[:1]
    ]
    if days:
        yield f"certificate_expiry_days={min(days):.1f}"
    shares = [
        room.fullness.share
        for report in check.reports
        if not isinstance(report.snapshot.leases, Failure)
        for room in highest(report.snapshot).values()
    ]
    if shares:
        yield f"subnet_utilisation={100 * max(shares):.1f}%;;;0;100"
