"""Debug page of a probe: commands, facts, verdicts and metrics."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements import Report


def debug_text(reports: Iterable[Report], metrics: str) -> str:
    """Return the text of a probe's debug page.

    It shows size and result of answers, not their content, which may contain passwords.
    """
    lines = [line for report in reports for line in _report_lines(report)]
    return "\n".join([*lines, "Metrics", "", metrics])


def _report_lines(report: Report) -> Iterator[str]:
    snapshot = report.snapshot
    at = datetime.fromtimestamp(snapshot.taken_at, UTC).isoformat(timespec="milliseconds")
    yield f"{snapshot.target.server} {snapshot.target.daemon}  {snapshot.target.url}"
    yield f"  probed at {at}, {snapshot.duration_seconds:.3f} s of {snapshot.timeout_seconds:.3f} s"
    yield "  Commands"
    for exchange in snapshot.exchanges:
        took, size = f"{1000 * exchange.duration_seconds:9.1f} ms", f"{exchange.size_bytes:>10} bytes"
        outcome = exchange.failure.detail if exchange.failure else "answered"
        yield f"    {took} {size}  {exchange.command}: {outcome}"
    yield from (f"    failed at {failure.stage} ({failure.reason}): {failure.detail}" for failure in snapshot.failures)
    yield "  Facts"
    yield f"    subnets: {_subnets(snapshot)}"
    yield f"    unknown statistics: {_unknown(snapshot)}"
    yield "  Verdicts"
    yield from (
        f"    {verdict.status:<15} {verdict.requirement.id} ({verdict.severity}): {verdict.evidence}"
        for verdict in report.verdicts
    )
    yield ""


def _subnets(snapshot: Snapshot) -> str:
    subnets, series = snapshot.subnets, snapshot.subnet_series
    if isinstance(subnets, Failure):
        return f"unknown ({subnets.detail})"
    shown = 0 if isinstance(series, Failure) else len(series.shown.ids)
    return f"{len(subnets.ids)}, {shown} of them with their own series"


def _unknown(snapshot: Snapshot) -> str:
    statistics = snapshot.statistics
    if isinstance(statistics, Failure):
        return f"unknown ({statistics.detail})"
    if statistics.unknown is None:
        return "unknown (statistics were queried one by one)"
    return ", ".join(sorted(statistics.unknown)) or "none"
