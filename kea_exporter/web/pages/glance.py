"""What is to be seen of one daemon at a glance: a few words, each with a tone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.snapshot import NO_FAILURES, TransportKind
from kea_exporter.facts.subnets import Count
from kea_exporter.requirements import Severity, Status
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.web.pages.words import DAY, amount, day, per_cent, span

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.status import Relationship
    from kea_exporter.facts.subnets import Counts
    from kea_exporter.requirements import Report

# Kea ARM, "Server States": those in which a pair stays for as long as all is well.
USUAL_STATES = {"hot-standby", "load-balancing", "passive-backup", "backup"}
KINDS = (
    ("address", Count.ADDRESSES, Count.ADDRESSES_ASSIGNED),
    ("prefix", Count.PREFIXES, Count.PREFIXES_ASSIGNED),
)
PLURALS = {"address": "addresses", "prefix": "prefixes"}


class Tone(StrEnum):
    """How a word looks: never the only thing that tells what it says."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


class Standing(StrEnum):
    """Where a server stands, worst first."""

    UNMET = "unmet"
    UNKNOWN = "unknown"
    OPEN = "open"
    SOUND = "sound"


TONES = {
    Standing.UNMET: Tone.BAD,
    Standing.UNKNOWN: Tone.WARN,
    Standing.OPEN: Tone.WARN,
    Standing.SOUND: Tone.GOOD,
}


@dataclass(frozen=True)
class Word:
    """A few words.

    Attributes:
        more: the same at length; empty where there is no more to say.
    """

    text: str
    tone: Tone = Tone.PLAIN
    more: str = ""


@dataclass(frozen=True)
class Bar:
    """How full something is.

    Attributes:
        per_cent: 0 to 100, or above where more is leased than there is.
        said: such as `122 of 300 addresses`.
    """

    kind: str
    per_cent: float
    said: str

    @property
    def text(self) -> str:
        """Return the share as text; what is leased at all is never said to be 0."""
        if 0 < self.per_cent < 1:
            return "< 1 %"
        return f"{self.per_cent:.0f} %"


@dataclass(frozen=True)
class Trouble:
    """A failure of a probe, and what to do next."""

    stage: str
    reason: str
    detail: str
    next_step: str


def unknown(failure: Failure) -> Word:
    """Return what stands for a fact that could not be learnt; what a daemon lacks is not unknown."""
    if failure.reason in NO_FAILURES:
        return Word("\N{EN DASH}", Tone.QUIET, failure.detail)
    return Word("?", Tone.QUIET, f"not known: {failure.stage}: {failure.detail}")


def trouble(failure: Failure) -> Trouble:
    """Return a failure with its next step."""
    return Trouble(failure.stage, failure.reason, failure.detail, NEXT_STEPS.get(failure.reason, ""))


def rank(report: Report) -> tuple[int, ...]:
    """Rank a report, worst first: as the check report does, and then by what is recommended and advised."""
    counts = {(severity, status): 0 for severity in Severity for status in (Status.UNMET, Status.UNKNOWN)}
    for verdict in report.verdicts:
        if (verdict.severity, verdict.status) in counts:
            counts[verdict.severity, verdict.status] += 1
    return tuple(-count for count in counts.values())


def standing(reports: Sequence[Report]) -> Standing:
    """Return where a server stands, by the reports on its daemons.

    Unmet and unknown are about what is required; open is what is recommended and not met; advice is left to whoever
    looks closer.
    """
    found = {(it.severity, it.status) for report in reports for it in report.verdicts}
    if (Severity.REQUIRED, Status.UNMET) in found:
        return Standing.UNMET
    if (Severity.REQUIRED, Status.UNKNOWN) in found or any(report.snapshot.failures for report in reports):
        return Standing.UNKNOWN
    if found & {(Severity.RECOMMENDED, Status.UNMET), (Severity.RECOMMENDED, Status.UNKNOWN)}:
        return Standing.OPEN
    return Standing.SOUND


def outcome(reports: Sequence[Report]) -> Word:
    """Return the worst that is to be said of a server or of one daemon, in a few words."""
    place = standing(reports)
    return Word(_said(place, reports), TONES[place])


def _said(place: Standing, reports: Sequence[Report]) -> str:
    if place is Standing.UNMET:
        return f"{_count(reports, Severity.REQUIRED, Status.UNMET)} required unmet"
    if place is Standing.UNKNOWN:
        number = _count(reports, Severity.REQUIRED, Status.UNKNOWN)
        return f"{number} required unknown" if number else "not all is known"
    if place is Standing.OPEN:
        number = _count(reports, Severity.RECOMMENDED, Status.UNMET)
        return f"{number} recommended unmet" if number else "recommended unknown"
    return "sound"


def _count(reports: Iterable[Report], severity: Severity, status: Status) -> int:
    return sum(it.severity is severity and it.status is status for report in reports for it in report.verdicts)


def version(report: Report) -> Word:
    """Return the version of Kea."""
    found = report.snapshot.version
    if isinstance(found, Failure):
        return unknown(found)
    return Word(found.text, Tone.BAD if _is_unmet(report, "version-supported") else Tone.PLAIN)


def certificate(report: Report, now: float) -> Word:
    """Return how much is left of the validity of the server's own certificate."""
    kind, tls = report.snapshot.target.kind, report.snapshot.tls
    if kind is not TransportKind.HTTPS:
        return Word(kind, Tone.QUIET, f"the control socket is reached over {kind}, without certificates")
    if isinstance(tls, Failure):
        return unknown(tls)
    if tls is None or not tls.chain:
        return Word("?", Tone.QUIET, "no certificate that can be read was shown")
    return validity(tls.chain[0], now, is_due=_is_unmet(report, "certificate-renewal-not-due"))


def validity(shown: Certificate, now: float, *, is_due: bool = False) -> Word:
    """Return how much is left of a certificate's validity; *is_due* where it should be renewed."""
    if shown.has_expired(now):
        return Word("expired", Tone.BAD, f"expired {span(now - shown.not_after)} ago, on {day(shown.not_after)}")
    if shown.has_not_begun(now):
        begins = f"not valid before {day(shown.not_before)}, in {span(shown.not_before - now)}"
        return Word("not yet valid", Tone.BAD, begins)
    left = int((shown.not_after - now) // DAY)
    due = "; it should be renewed" if is_due else ""
    return Word(f"{amount(left)} d", Tone.WARN if is_due else Tone.PLAIN, f"valid until {day(shown.not_after)}{due}")


def leases(report: Report) -> tuple[Bar, ...] | Word:
    """Return how full all subnets of a daemon together are, by kind of lease."""
    found = report.snapshot.leases
    if isinstance(found, Failure):
        return unknown(found)
    bars = tuple(bar for row in KINDS if (bar := _sum_bar(found.subnets, *row)))
    if bars:
        return bars
    if not found.subnets.keys:
        return Word("no subnets", Tone.QUIET)
    return Word("?", Tone.QUIET, "not known: the daemon does not say what its subnets hold")


def bar(kind: str, assigned: int | None, capacity: int | None) -> Bar | None:
    """Return a bar; None where either number is not known, or there is nothing to lease."""
    if assigned is None or not capacity or capacity < 0:
        return None
    said = f"{amount(assigned)} of {amount(capacity)} {kind if capacity == 1 else PLURALS[kind]}"
    return Bar(kind, per_cent(assigned, capacity), said)


def _sum_bar(counts: Counts[int], kind: str, capacity: Count, assigned: Count) -> Bar | None:
    return bar(kind, _sum(counts, assigned), _sum(counts, capacity))


def _sum(counts: Counts[int], count: Count) -> int | None:
    column = counts.columns.get(count, ())
    known = [it for it in column if it is not None]
    return sum(known) if column and len(known) == len(column) else None


def high_availability(report: Report) -> tuple[Word, ...]:
    """Return role and state of the daemon in each of its relationships."""
    status = report.snapshot.status
    if isinstance(status, Failure):
        return (unknown(status),)
    return tuple(map(_relationship, status.relationships))


def _relationship(it: Relationship) -> Word:
    local, partner = it.local, it.partner
    is_usual = local.state in USUAL_STATES and not it.communication_interrupted
    tone = Tone.PLAIN if is_usual else Tone.BAD if local.state == "terminated" else Tone.WARN
    silent = ", partner silent" if it.communication_interrupted else ""
    more = f"{it.mode} with {partner.name or 'a partner'} ({partner.role or 'role not known'}), last heard of as "
    return Word(f"{local.role} {local.state or '?'}{silent}".strip(), tone, more + (partner.state or "never"))


def failures(report: Report) -> tuple[Trouble, ...]:
    """Return what failed, first things first."""
    return tuple(map(trouble, report.snapshot.failures))


def tally(report: Report) -> str:
    """Return how many requirements have which status, worst first."""
    statuses = (Status.UNMET, Status.UNKNOWN, Status.MET)
    return ", ".join(f"{report.count(status)} {status}" for status in statuses if report.count(status))


def _is_unmet(report: Report, requirement: str) -> bool:
    return any(it.requirement.id == requirement and it.status is Status.UNMET for it in report.verdicts)


