"""View of the fleet page: servers by requirements, worst first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.snapshot import Daemon, Tls
from kea_exporter.requirements import Status
from kea_exporter.requirements.ranking import service, tally
from kea_exporter.text import printable
from kea_exporter.web.pages import summary
from kea_exporter.web.pages.columns import Group, groups_of
from kea_exporter.web.pages.formatting import amount, counted
from kea_exporter.web.pages.pairs import pair_reports, pair_views
from kea_exporter.web.pages.server_status import ServerStatus, outcome, server_status, worst_first
from kea_exporter.web.pages.summary import Bar, ShownFailure, StyledText, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kea_exporter.requirements import Report, Verdict
    from kea_exporter.web.pages.pairs import PairView

# More healthy servers than these are collapsed.
MAX_HEALTHY = 30
# Likewise pairs without a fault.
MAX_PAIRS = 12
MAX_NAME = 250
LABELS = {
    ServerStatus.UNMET: "with required unmet",
    ServerStatus.UNKNOWN: "partly unknown",
    ServerStatus.ATTENTION: "need attention",
    ServerStatus.HEALTHY: "healthy",
}


@dataclass(frozen=True)
class Row:
    """One daemon in the matrix.

    Attributes:
        cells: a verdict for each column; None where the requirement was not judged.
        failures: the failures of the probe, in the order of its stages.
        allocation_failures: how many clients got no lease lately; may be empty.
    """

    daemon: str
    url: str
    outcome: StyledText
    tally: str
    version: StyledText
    certificate: StyledText
    leases: tuple[Bar, ...] | StyledText
    allocation_failures: str
    high_availability: tuple[StyledText, ...]
    cells: tuple[Verdict | None, ...]
    failures: tuple[ShownFailure, ...]

    @property
    def has_note(self) -> bool:
        """Return whether there is a table row below with what happened to the daemon."""
        return bool(self.failures or self.allocation_failures)


@dataclass(frozen=True)
class ServerRows:
    """The daemons of one server."""

    name: str
    href: str
    status: ServerStatus
    rows: tuple[Row, ...]

    @property
    def lines(self) -> int:
        """Return the number of table rows; a note has its own row."""
        return len(self.rows) + sum(row.has_note for row in self.rows)


@dataclass(frozen=True)
class Segment:
    """The servers of one status, as a part of the bar: start and width in per cent."""

    status: ServerStatus
    number: str
    text: str
    start: float
    width: float


@dataclass(frozen=True)
class Figure:
    """One more number of the summary."""

    word: StyledText
    text: str


@dataclass(frozen=True)
class Fleet:
    """View of the fleet page.

    Attributes:
        headline: the state of the fleet in a few words.
        shown: the servers that are always visible.
        folded: the healthy ones, if there are many.
        pairs: the pairs that are always visible, those with faults first.
        folded_pairs: those without a finding, if there are many.
    """

    headline: StyledText
    segments: tuple[Segment, ...]
    figures: tuple[Figure, ...]
    groups: tuple[Group, ...]
    shown: tuple[ServerRows, ...]
    folded: tuple[ServerRows, ...]
    daemons: int
    pairs: tuple[PairView, ...]
    folded_pairs: tuple[PairView, ...]


def fleet_of(reports: Sequence[Report], now: float) -> Fleet:
    """Return the view of a fleet; *now* in seconds since the epoch."""
    groups = groups_of(reports)
    ids = [column.requirement.id for group in groups for column in group.columns]
    servers = [
        ServerRows(
            shown_name(name), page_of(name), server_status(found), tuple(_row(report, ids, now) for report in found)
        )
        for name, found in worst_first(reports).items()
    ]
    answering = sum(not isinstance(report.snapshot.version, Failure) for report in reports)
    tone = Tone.PLAIN if answering == len(reports) else Tone.BAD
    answers = Figure(StyledText(f"{amount(answering)} of {amount(len(reports))}", tone), "daemons answer")
    statuses = Counter(server.status for server in servers)
    serving = Counter(service(report) for report in reports if report.snapshot.target.daemon is not Daemon.D2)
    pairs = pair_views(pair_reports(reports))
    without_fault = [pair for pair in pairs if pair.status is ServerStatus.HEALTHY]
    if len(without_fault) <= MAX_PAIRS:
        without_fault = []
    is_folded = statuses[ServerStatus.HEALTHY] > MAX_HEALTHY
    folded = tuple(server for server in servers if is_folded and server.status is ServerStatus.HEALTHY)
    return Fleet(
        headline=_headline(serving, statuses, pairs),
        segments=tuple(_segments(statuses)),
        figures=(*_serving(serving), answers, *_alike(pairs), _verdicts(reports), *_first_certificate(reports, now)),
        groups=groups,
        shown=tuple(server for server in servers if not (is_folded and server.status is ServerStatus.HEALTHY)),
        folded=folded,
        daemons=len(reports),
        pairs=tuple(pair for pair in pairs if pair not in without_fault),
        folded_pairs=tuple(without_fault),
    )


def shown_name(name: str) -> str:
    """Return the name of a server as it is shown; never empty, so that it can be clicked."""
    return printable(name, MAX_NAME).strip() or "(no printable name)"


def quoted(name: str) -> str:
    """Return the name of a server, encoded for the path or the query of a URL."""
    return quote(name, safe="", errors="replace")


def page_of(server: str) -> str:
    """Return the path of a server's page."""
    return f"/servers/{quoted(server)}"


def _row(report: Report, ids: Sequence[str], now: float) -> Row:
    judged = {verdict.requirement.id: verdict for verdict in report.verdicts}
    return Row(
        daemon=report.snapshot.target.daemon,
        url=report.snapshot.target.url,
        outcome=outcome([report]),
        tally=tally(report),
        version=summary.version(report),
        certificate=summary.certificate(report, now),
        leases=summary.leases(report),
        allocation_failures=summary.allocation_failures(report),
        high_availability=summary.high_availability(report),
        cells=tuple(judged.get(identifier) for identifier in ids),
        failures=summary.failures(report),
    )


def _headline(serving: Counter[Status], statuses: Counter[ServerStatus], pairs: Sequence[PairView]) -> StyledText:
    servers = statuses.total()
    if not servers:
        return StyledText("No server was collected", Tone.WARN)
    if number := serving[Status.UNMET]:
        of_daemons = f"of {counted(serving.total(), 'DHCP daemon')}"
        return StyledText(
            f"{amount(number)} {of_daemons} {'does' if number == 1 else 'do'} not serve clients", Tone.BAD
        )
    if number := sum(pair.status is ServerStatus.UNMET for pair in pairs):
        of_pairs = f"of {counted(len(pairs), 'pair')}"
        return StyledText(
            f"{amount(number)} {of_pairs} {'is' if number == 1 else 'are'} configured differently on its servers",
            Tone.BAD,
        )
    return _of_servers(statuses)


def _of_servers(statuses: Counter[ServerStatus]) -> StyledText:
    servers = statuses.total()
    of = f"of {counted(servers, 'server')}"
    if number := statuses[ServerStatus.UNMET]:
        return StyledText(
            f"{amount(number)} {of} {'has' if number == 1 else 'have'} unmet required requirements", Tone.BAD
        )
    if number := statuses[ServerStatus.UNKNOWN]:
        return StyledText(f"{amount(number)} {of} {'is' if number == 1 else 'are'} partly unknown", Tone.WARN)
    if number := statuses[ServerStatus.ATTENTION]:
        return StyledText(
            f"No required requirement is unmet; {amount(number)} {of} {'needs' if number == 1 else 'need'} attention",
            Tone.WARN,
        )
    return StyledText(
        f"{counted(servers, 'server')}, all healthy" if servers != 1 else "The server is healthy", Tone.GOOD
    )


def _alike(pairs: Sequence[PairView]) -> Iterator[Figure]:
    if pairs:
        number = sum(pair.is_alike for pair in pairs)
        tone = Tone.PLAIN if number == len(pairs) else Tone.WARN
        yield Figure(StyledText(f"{amount(number)} of {amount(len(pairs))}", tone), "pairs are configured alike")


def _segments(statuses: Counter[ServerStatus]) -> Iterator[Segment]:
    start = 0.0
    for place, label in LABELS.items():
        width = 100 * statuses[place] / max(statuses.total(), 1)
        yield Segment(place, amount(statuses[place]), label, start, width)
        start += width


def _serving(serving: Counter[Status]) -> Iterator[Figure]:
    """Yield how many DHCP daemons serve clients; D2 has no clients."""
    if serving:
        tone = Tone.BAD if serving[Status.UNMET] else Tone.WARN if serving[Status.UNKNOWN] else Tone.GOOD
        text = f"{amount(serving[Status.MET])} of {amount(serving.total())}"
        unknown = f", {amount(serving[Status.UNKNOWN])} unknown" if serving[Status.UNKNOWN] else ""
        yield Figure(StyledText(text, tone), f"DHCP daemons serve clients{unknown}")


def _verdicts(reports: Sequence[Report]) -> Figure:
    unmet, unknown, met = (
        sum(report.count(status) for report in reports) for status in (Status.UNMET, Status.UNKNOWN, Status.MET)
    )
    return Figure(StyledText(amount(unmet)), f"verdicts unmet, {amount(unknown)} unknown, {amount(met)} met")


def _first_certificate(reports: Sequence[Report], now: float) -> Iterator[Figure]:
    chains = ((report, report.snapshot.tls) for report in reports)
    shown = [(tls.chain[0].not_after, report) for report, tls in chains if isinstance(tls, Tls) and tls.chain]
    if shown:
        _, first = min(shown, key=lambda entry: entry[0])
        target = first.snapshot.target
        yield Figure(
            summary.certificate(first, now), f"first certificate to expire: {shown_name(target.server)} {target.daemon}"
        )
