"""What is to be seen of one daemon at a glance: a few words, each with a tone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.alerts.thresholds import FULLNESS_DIFFERENCE
from kea_exporter.facts.failure import Failure
from kea_exporter.facts.fullness import KINDS, highest
from kea_exporter.facts.snapshot import NOT_THERE, TransportKind
from kea_exporter.requirements import Status
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.web.pages.formatting import DAY, amount, day, per_cent, span

if TYPE_CHECKING:
    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.fullness import Fullness
    from kea_exporter.facts.status import Relationship
    from kea_exporter.facts.subnets import Count, Counts
    from kea_exporter.requirements import Report

# Kea ARM, "Server States": those in which a pair stays for as long as all is well.
USUAL_STATES = {"hot-standby", "load-balancing", "passive-backup", "backup"}
# What stands for a fact that was not learnt, and for one that there is none of.
UNKNOWN, LACKING = "?", "\N{EN DASH}"
PLURALS = {"address": "addresses", "prefix": "prefixes"}


class Tone(StrEnum):
    """How a word looks: never the only thing that tells what it says."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class StyledText:
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
        per_cent: 0 to 100.
        text: the same as text; what is leased at all is never said to be 0.
        said: such as `122 of 300 addresses of 192.0.2.0/23`.
    """

    kind: str
    per_cent: float
    text: str
    said: str


@dataclass(frozen=True)
class ShownFailure:
    """A failure of a probe, and what to do next."""

    stage: str
    reason: str
    detail: str
    next_step: str


def unknown(failure: Failure) -> StyledText:
    """Return what stands for a fact that could not be learnt; what a daemon lacks is not unknown."""
    if failure.reason in NOT_THERE:
        return StyledText(LACKING, Tone.QUIET, failure.detail)
    return StyledText(UNKNOWN, Tone.QUIET, f"not known: {failure.stage}: {failure.detail}")


def shown_failure(failure: Failure) -> ShownFailure:
    """Return a failure with its next step."""
    return ShownFailure(failure.stage, failure.reason, failure.detail, NEXT_STEPS.get(failure.reason, ""))


def version(report: Report) -> StyledText:
    """Return the version of Kea."""
    found = report.snapshot.version
    if isinstance(found, Failure):
        return unknown(found)
    return StyledText(found.text, Tone.BAD if _is_unmet(report, "version-supported") else Tone.PLAIN)


def certificate(report: Report, now: float) -> StyledText:
    """Return how much is left of the validity of the server's own certificate."""
    kind, tls = report.snapshot.target.kind, report.snapshot.tls
    if kind is not TransportKind.HTTPS:
        return StyledText(kind, Tone.QUIET, f"the control socket is reached over {kind}, without certificates")
    if isinstance(tls, Failure):
        return unknown(tls)
    if tls is None or not tls.chain:
        return StyledText(UNKNOWN, Tone.QUIET, "no certificate that can be read was shown")
    return validity(tls.chain[0], now, is_due=_is_unmet(report, "certificate-renewal-not-due"))


def validity(shown: Certificate, now: float, *, is_due: bool = False, is_needed: bool = True) -> StyledText:
    """Return how much is left of a certificate's validity.

    *is_due* where it should be renewed; *is_needed* unless it has expired and the chain is trusted without it.
    """
    if not is_needed:
        what_to_do = "the chain is trusted without it: remove it from cert-file or trust-anchor"
        return StyledText("expired, not needed", Tone.WARN, f"expired on {day(shown.not_after)}; {what_to_do}")
    if shown.has_expired(now):
        return StyledText("expired", Tone.BAD, f"expired {span(now - shown.not_after)} ago, on {day(shown.not_after)}")
    if shown.has_not_begun(now):
        begins = f"not valid before {day(shown.not_before)}, in {span(shown.not_before - now)}"
        return StyledText("not yet valid", Tone.BAD, begins)
    left = int((shown.not_after - now) // DAY)
    due = "; it should be renewed" if is_due else ""
    return StyledText(
        f"{amount(left)} d", Tone.WARN if is_due else Tone.PLAIN, f"valid until {day(shown.not_after)}{due}"
    )


def leases(report: Report) -> tuple[Bar, ...] | StyledText:
    """Return how full the fullest subnet or shared network of a daemon is, by kind of lease."""
    found = report.snapshot.leases
    if isinstance(found, Failure):
        return unknown(found)
    if not found.subnets.keys:
        return StyledText("no subnets", Tone.QUIET)
    rooms = highest(report.snapshot)
    known = [
        kind.name
        for kind in KINDS
        if _is_known(found.subnets, kind.capacity) and _is_known(found.subnets, kind.assigned)
    ]
    if bars := tuple(bar(rooms[kind].fullness, f" of {rooms[kind].name}") for kind in known if kind in rooms):
        return bars
    if known:
        return StyledText("no pools", Tone.QUIET)
    return StyledText(UNKNOWN, Tone.QUIET, "not known: the daemon does not count the leases of each subnet")


def bar(found: Fullness, of_what: str = "") -> Bar:
    """Return a bar; what is leased or reserved is told where it differs from what is leased by more than 5 points."""
    said = f"{amount(found.lower)} of {amount(found.capacity)} {_plural(found.kind, found.capacity)}{of_what}"
    share, up_to = per_cent(found.lower, found.capacity), per_cent(found.upper, found.capacity)
    text = "< 1 %" if share < 1 and found.lower > 0 else f"{share:.0f} %"
    if found.upper_share - found.share > FULLNESS_DIFFERENCE:
        text, said = f"{text} to {up_to:.0f} %", f"{said}, {amount(found.upper)} leased or reserved"
    if found.assigned != found.lower:
        said = f"{said}; Kea counts {amount(found.assigned)} leases"
    return Bar(found.kind, share, text, said)


def _plural(kind: str, number: int) -> str:
    return kind if number == 1 else PLURALS[kind]


def _is_known(counts: Counts[int], count: Count) -> bool:
    column = counts.columns.get(count)
    return bool(column) and None not in (column or ())


def high_availability(report: Report) -> tuple[StyledText, ...]:
    """Return role and state of the daemon in each of its relationships."""
    status = report.snapshot.status
    if isinstance(status, Failure):
        return (unknown(status),)
    return tuple(map(_relationship, status.relationships))


def _relationship(it: Relationship) -> StyledText:
    local, partner = it.local, it.partner
    is_usual = local.state in USUAL_STATES and not it.communication_interrupted
    tone = Tone.PLAIN if is_usual else Tone.BAD if local.state == "terminated" else Tone.WARN
    said = [local.role or "role not known", local.state or "state not known"]
    if it.communication_interrupted:
        said.append("partner silent")
    more = f"{it.mode} with {partner.name or 'a partner'} ({partner.role or 'role not known'}), last heard of as "
    return StyledText(", ".join(said), tone, more + (partner.state or "never"))


def failures(report: Report) -> tuple[ShownFailure, ...]:
    """Return what failed, first things first."""
    return tuple(map(shown_failure, report.snapshot.failures))


def _is_unmet(report: Report, requirement: str) -> bool:
    return any(verdict.requirement.id == requirement and verdict.status is Status.UNMET for verdict in report.verdicts)
