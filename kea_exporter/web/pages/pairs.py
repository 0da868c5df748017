"""View of the pairs: one row each for the page of all servers, and the page of one pair."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.subnets import Count
from kea_exporter.requirements import PAIR_REQUIREMENTS, Severity, Status, differences_by_hash, judge_pair, pairs_of
from kea_exporter.requirements.ranking import rank, tally
from kea_exporter.web.pages import summary
from kea_exporter.web.pages.formatting import amount, span
from kea_exporter.web.pages.server import judged_of
from kea_exporter.web.pages.server_status import ServerStatus
from kea_exporter.web.pages.summary import PLURALS, UNKNOWN, StyledText, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kea_exporter.facts.status import Relationship
    from kea_exporter.requirements import PairReport, Report
    from kea_exporter.requirements.pairs.model import PairSnapshot, Side
    from kea_exporter.web.pages.server import Judged

NOT_KNOWN = StyledText(UNKNOWN, Tone.QUIET, "unknown")
ORDER = list(ServerStatus)
NO_SCOPE = StyledText("no scope", Tone.QUIET)
ASSIGNED = ((Count.ADDRESSES_ASSIGNED, "address"), (Count.PREFIXES_ASSIGNED, "prefix"))


@dataclass(frozen=True)
class SideView:
    """One server of a pair.

    Attributes:
        server: its name in the exporter's configuration; empty if it is unknown there.
        name: its server name in the relationship.
        more: further facts as terms with texts, the same terms for each side of a pair.
    """

    server: str
    name: str
    role: str
    state: StyledText
    scopes: StyledText
    leases: StyledText
    more: tuple[tuple[str, StyledText], ...] = ()

    @property
    def shown(self) -> str:
        """Return the name that the pages show."""
        return self.server or self.name


@dataclass(frozen=True)
class PairView:
    """One pair.

    Attributes:
        status: as that of servers; a state of the relationship that is not the usual one needs attention.
        configuration: whether the servers are configured alike, in words.
        judged: the verdicts.
    """

    href: str
    title: str
    daemon: str
    mode: str
    place: str
    status: ServerStatus
    configuration: StyledText
    is_alike: bool
    sides: tuple[SideView, ...]
    judged: Judged
    tally: str


def page_of_pair(pair: PairSnapshot) -> str:
    """Return the path of a pair's page."""
    return f"/pairs/{pair.daemon}/{quote(pair.place, safe='')}"


def pair_reports(reports: Sequence[Report]) -> tuple[PairReport, ...]:
    """Return the reports on the pairs among daemons, worst first, as far as hashes tell what differs."""
    found = pairs_of([report.snapshot for report in reports])
    judged = (
        judge_pair(PAIR_REQUIREMENTS, replace(pair, differences=differences_by_hash(pair)), reports) for pair in found
    )
    return tuple(sorted(judged, key=rank))


def pair_views(reports: Sequence[PairReport]) -> tuple[PairView, ...]:
    """Return the views of pairs, those with a fault of the relationship before those without."""
    return tuple(sorted(map(pair_view, reports), key=lambda view: ORDER.index(view.status)))


def pair_view(report: PairReport) -> PairView:
    """Return the view of a pair."""
    pair = report.pair
    sides = (*map(_side, pair.sides), *_absent(pair))
    return PairView(
        href=page_of_pair(pair),
        title=" and ".join(pair.servers),
        daemon=pair.daemon,
        mode=pair.mode or "mode unknown",
        place=pair.place,
        status=_status(report, sides),
        configuration=_configuration(report),
        is_alike=not report.count(Status.UNMET) and not report.count(Status.UNKNOWN),
        sides=sides,
        judged=judged_of(report),
        tally=tally(report),
    )


def _status(report: PairReport, sides: Sequence[SideView]) -> ServerStatus:
    if report.count(Status.UNMET, Severity.REQUIRED):
        return ServerStatus.UNMET
    if report.count(Status.UNKNOWN, Severity.REQUIRED):
        return ServerStatus.UNKNOWN
    findings = sum(report.count(status, Severity.RECOMMENDED) for status in (Status.UNMET, Status.UNKNOWN))
    is_usual = all(side.state.tone is Tone.PLAIN for side in sides)
    return ServerStatus.HEALTHY if is_usual and not findings else ServerStatus.ATTENTION


def _configuration(report: PairReport) -> StyledText:
    unmet = [verdict for verdict in report.verdicts if verdict.status is Status.UNMET]
    if unmet:
        tone = Tone.BAD if report.count(Status.UNMET, Severity.REQUIRED) else Tone.WARN
        names = ", ".join(verdict.requirement.short for verdict in unmet)
        return StyledText(f"differs: {names}", tone, "; ".join(verdict.evidence for verdict in unmet))
    if report.count(Status.UNKNOWN):
        why = next(verdict.evidence for verdict in report.verdicts if verdict.status is Status.UNKNOWN)
        return StyledText("not compared", Tone.WARN, why)
    return StyledText("the same")


def _side(side: Side) -> SideView:
    relationship = side.relationship
    return SideView(
        server=side.server,
        name=side.configured.own_name,
        role=side.role or "role unknown",
        state=NOT_KNOWN if relationship is None else summary.relationship_state(relationship),
        scopes=NOT_KNOWN if relationship is None else _scopes(relationship.local.scopes),
        leases=_leases(side),
        more=tuple(_more(side, relationship)),
    )


def _absent(pair: PairSnapshot) -> Iterator[SideView]:
    terms = [term for term, _ in _more(pair.sides[0], pair.sides[0].relationship)]
    for peer in pair.absent:
        unknown = StyledText(UNKNOWN, Tone.WARN, peer.evidence)
        more = tuple((term, NOT_KNOWN) for term in terms)
        yield SideView("", peer.name, peer.role or "role unknown", unknown, NOT_KNOWN, NOT_KNOWN, more)


def _scopes(names: Sequence[str]) -> StyledText:
    return StyledText(", ".join(names)) if names else NO_SCOPE


def _leases(side: Side) -> StyledText:
    """Return the leases in the subnets of the relationship."""
    leases = side.snapshot.leases
    if isinstance(leases, Failure):
        return summary.unknown(leases)
    ids = set(side.shared.ids)
    places = [place for place, number in enumerate(leases.subnets.keys) if number in ids]
    numbers = (
        (noun, sum(column[place] or 0 for place in places))
        for count, noun in ASSIGNED
        if (column := leases.subnets.columns.get(count)) and None not in column
    )
    texts = [f"{amount(number)} {noun if number == 1 else PLURALS[noun]}" for noun, number in numbers]
    return StyledText(", ".join(texts)) if texts else NOT_KNOWN


def _more(side: Side, relationship: Relationship | None) -> Iterator[tuple[str, StyledText]]:
    """Yield further facts, the same terms for each side."""

    def told(text: str | None) -> StyledText:
        return NOT_KNOWN if text is None else StyledText(text)

    found = relationship
    yield "Partner as seen", told(None if found is None else found.partner.state or None)
    interrupted = None if found is None else found.communication_interrupted
    word = StyledText("interrupted", Tone.WARN) if interrupted else StyledText("answered")
    yield "Heartbeats", NOT_KNOWN if interrupted is None else word
    age = None if found is None or not found.in_touch else found.age_seconds
    yield "Last heartbeat", told(None if age is None else f"{span(age)} ago")
    skew = None if found is None else found.clock_skew_seconds
    yield "Clock skew", told(None if skew is None else f"{amount(abs(skew))} s")
    unacked = None if found is None else found.unacked_clients
    yield "Unacked clients", told(None if unacked is None else amount(unacked))
    yield "Subnets", StyledText(amount(len(side.shared.prefixes)))
    version = side.snapshot.version
    yield "Kea", told(None if isinstance(version, Failure) else version.text)
