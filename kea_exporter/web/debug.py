"""What a probe did, for people: what was asked, what came of it, how it was judged, and what is exported."""

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

    Of answers it has their sizes and outcomes: their content may hold passwords.
    """
    lines = [line for report in reports for line in _report_lines(report)]
    return "\n".join([*lines, "Exported", "", metrics])


def _report_lines(report: Report) -> Iterator[str]:
    snapshot = report.snapshot
    at = datetime.fromtimestamp(snapshot.taken_at, UTC).isoformat(timespec="milliseconds")
    yield f"{snapshot.target.server} {snapshot.target.daemon}  {snapshot.target.url}"
    yield f"  probed at {at}, {snapshot.duration_seconds:.3f} s of {snapshot.timeout_seconds:.3f} s"
    yield "  Asked and answered"
    for exchange in snapshot.exchanges:
        took, size = f"{1000 * exchange.duration_seconds:9.1f} ms", f"{exchange.size_bytes:>10} bytes"
        outcome = exchange.failure.detail if exchange.failure else "answered"
        yield f"    {took} {size}  {exchange.command}: {outcome}"
    yield from (f"    failed at {failure.stage} ({failure.reason}): {failure.detail}" for failure in snapshot.failures)
    yield "  Learnt"
    yield f"    subnets: {_subnets(snapshot)}"
    yield f"    unknown statistics: {_unknown(snapshot)}"
    yield "  Judged"
    yield from (
        f"    {verdict.status:<15} {verdict.requirement.id} ({verdict.severity}): {verdict.evidence}"
        for verdict in report.verdicts
    )
    yield ""


def _subnets(snapshot: Snapshot) -> str:
    subnets, series = snapshot.subnets, snapshot.subnet_series
    if isinstance(subnets, Failure):
        return f"not known ({subnets.detail})"
    shown = 0 if isinstance(series, Failure) else len(series.shown.ids)
    return f"{len(subnets.ids)}, of which {shown} are chosen to have series of their own"


def _unknown(snapshot: Snapshot) -> str:
    statistics = snapshot.statistics
    if isinstance(statistics, Failure):
        return f"not known ({statistics.detail})"
    if statistics.unknown is None:
        return "not known (statistics were asked for one by one)"
    return ", ".join(sorted(statistics.unknown)) or "none"
