"""What pages and documents show: the last collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kea_exporter import reports as check_reports
from kea_exporter.reports import Check
from kea_exporter.web.pages import pair_reports

if TYPE_CHECKING:
    from kea_exporter.requirements import PairReport, Report


class Shown(NamedTuple):
    """The reports of the last collection, and when it was complete (seconds since 1970); None before the first."""

    reports: tuple[Report, ...] | None
    collected_at: float | None

    def of_server(self, name: str) -> list[Report]:
        """Return the reports on one server."""
        return [report for report in self.reports or () if report.snapshot.target.server == name]

    def pair(self, place: str, daemon: str) -> PairReport | None:
        """Return the report on one pair."""
        found = (report for report in pair_reports(self.reports or ()) if report.key == (place, daemon))
        return next(found, None)

    def as_json(self) -> str:
        """Return the check report of all servers and pairs as JSON."""
        reports = self.reports or ()
        return check_reports.as_json(Check(reports, self.collected_at or 0.0, pairs=pair_reports(reports)))

    def as_html(self, server: str) -> str:
        """Return the check report of one server and its pairs as HTML."""
        pairs = [report for report in pair_reports(self.reports or ()) if server in report.pair.servers]
        return check_reports.as_html(Check(self.of_server(server), self.collected_at or 0.0, pairs=pairs))
