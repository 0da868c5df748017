"""The debug page: what each daemon was last asked, how it went, and which of its statistics are not known here."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kea_exporter.facts.snapshot import Snapshot

NOTHING = "No daemon has been asked yet: scrape the metrics first.\n"


def debug_page(snapshots: Iterable[Snapshot]) -> str:
    """Return the page as plain text; what is in it are facts, of which none is a secret."""
    return "\n".join(line for snapshot in snapshots for line in (*_lines(snapshot), "")) or NOTHING


def _lines(snapshot: Snapshot) -> Iterator[str]:
    target = snapshot.target
    yield f"{target.server} {target.daemon}  {target.url}"
    at = datetime.fromtimestamp(snapshot.taken_at, UTC).isoformat(timespec="seconds")
    yield f"  asked at {at}, in {_milliseconds(snapshot.duration_seconds)}"
    for exchange in snapshot.exchanges:
        outcome = exchange.failure.detail if exchange.failure else "answered"
        yield f"  {_milliseconds(exchange.duration_seconds):>12}  {exchange.command}: {outcome}"
    for failure in snapshot.failures:
        yield f"  failure at {failure.stage} ({failure.reason}): {failure.detail}"
    yield f"  subnets: {_counted(snapshot)}"
    yield f"  unknown statistics: {_unknown(snapshot)}"


def _counted(snapshot: Snapshot) -> str:
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


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms"
