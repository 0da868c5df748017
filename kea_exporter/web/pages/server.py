"""View of the detail page: the daemons of one server, unmet requirements first."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from kea_exporter.facts.failure import Failure, Stage
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.requirements import Status
from kea_exporter.requirements.fragment import fragment_of
from kea_exporter.requirements.ranking import SEVERITY_ORDER, tally
from kea_exporter.web.pages import details, summary
from kea_exporter.web.pages.fullness import MAX_SHOWN, SubnetRow, fullest
from kea_exporter.web.pages.server_status import outcome, worst_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kea_exporter.facts.status import Relationship
    from kea_exporter.requirements import CountsVerdicts, Report, Verdict
    from kea_exporter.web.pages.details import Item, ShownCertificate
    from kea_exporter.web.pages.summary import Bar, ShownFailure, StyledText

STAGES = {
    TransportKind.UNIX: (Stage.CONNECT, Stage.COMMAND),
    TransportKind.HTTP: (Stage.RESOLVE, Stage.CONNECT, Stage.HTTP, Stage.AUTH, Stage.COMMAND),
    TransportKind.HTTPS: (Stage.RESOLVE, Stage.CONNECT, Stage.TLS, Stage.HTTP, Stage.AUTH, Stage.COMMAND),
}


@dataclass(frozen=True)
class Step:
    """A stage of the probe: `reached`, `failed`, or `open` if the probe did not reach it."""

    stage: Stage
    state: str


@dataclass(frozen=True)
class UnknownGroup:
    """Requirements that are unknown for the same reason."""

    evidence: str
    remedy: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True)
class Judged:
    """The verdicts on a daemon or pair, by status."""

    unmet: tuple[Verdict, ...]
    unknown: tuple[UnknownGroup, ...]
    met: tuple[Verdict, ...]
    not_applicable: tuple[Verdict, ...]


@dataclass(frozen=True)
class DaemonView:
    """View of one daemon.

    Attributes:
        steps: the stages of the probe; empty if the probe succeeded.
        fragment: the merged keys of Kea's configuration that fix causes there; empty where none does.
        subnets_counted: the number of subnets with counts.
    """

    name: str
    url: str
    outcome: StyledText
    tally: str
    failures: tuple[ShownFailure, ...]
    steps: tuple[Step, ...]
    judged: Judged
    facts: tuple[Item, ...]
    certificates: tuple[ShownCertificate, ...]
    relationships: tuple[Relationship, ...]
    leases: tuple[Bar, ...] | StyledText
    allocation_failures: str
    subnets: tuple[SubnetRow, ...]
    subnets_counted: int
    fragment: Markup
    most_subnets: int = MAX_SHOWN


def daemons_of(server: str, reports: Sequence[Report], now: float) -> tuple[DaemonView, ...]:
    """Return the views of a server's daemons, worst first; *now* in seconds since the epoch."""
    return tuple(_daemon(report, now) for report in worst_first(reports).get(server, ()))


def _daemon(report: Report, now: float) -> DaemonView:
    snapshot = report.snapshot
    status, leases = snapshot.status, snapshot.leases
    return DaemonView(
        name=snapshot.target.daemon,
        url=snapshot.target.url,
        outcome=outcome([report]),
        tally=tally(report),
        failures=summary.failures(report),
        steps=tuple(_steps(report)),
        judged=judged_of(report),
        facts=details.facts(report),
        certificates=details.certificates(report, now),
        relationships=() if isinstance(status, Failure) else status.relationships,
        leases=summary.leases(report),
        allocation_failures=summary.allocation_failures(report),
        subnets=fullest(snapshot),
        fragment=Markup.escape(fragment_of(report)),  # of several lines
        subnets_counted=0 if isinstance(leases, Failure) else len(leases.subnets.keys),
    )


def _steps(report: Report) -> Iterator[Step]:
    failures = report.snapshot.failures
    stages = STAGES[report.snapshot.target.kind]
    # After the deadline, the stage of the failure is unknown.
    if not failures or failures[0].stage not in stages:
        return
    failed = stages.index(failures[0].stage)
    for place, stage in enumerate(stages):
        yield Step(stage, "reached" if place < failed else "failed" if place == failed else "open")


def judged_of(report: CountsVerdicts) -> Judged:
    """Return the verdicts of a report by status, the gravest first."""
    found = {status: [verdict for verdict in report.verdicts if verdict.status is status] for status in Status}
    unmet = sorted(found[Status.UNMET], key=lambda verdict: SEVERITY_ORDER[verdict.severity])
    unknown = sorted(
        found[Status.UNKNOWN], key=lambda verdict: (verdict.evidence, verdict.remedy, SEVERITY_ORDER[verdict.severity])
    )
    groups = (
        UnknownGroup(evidence, remedy, tuple(verdicts))
        for (evidence, remedy), verdicts in groupby(unknown, key=lambda verdict: (verdict.evidence, verdict.remedy))
    )
    return Judged(tuple(unmet), tuple(groups), tuple(found[Status.MET]), tuple(found[Status.NOT_APPLICABLE]))
