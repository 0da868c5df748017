"""Summary of one daemon: short texts, each with a tone."""

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
from kea_exporter.web.pages.formatting import DAY, amount, counted, day, per_cent, span

if TYPE_CHECKING:
    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.fullness import Fullness
    from kea_exporter.facts.status import Relationship
    from kea_exporter.facts.subnets import Count, Counts
    from kea_exporter.requirements import Report

# Kea ARM, "Server States": the states of normal operation.
USUAL_STATES = {"hot-standby", "load-balancing", "passive-backup", "backup"}
# Shown for an unknown fact, and for a fact that does not exist.
UNKNOWN, LACKING = "?", "\N{EN DASH}"
PLURALS = {"address": "addresses", "prefix": "prefixes"}


class Tone(StrEnum):
    """Style of a text; never the only carrier of its meaning."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True)
class StyledText:
    """A short text with a style.

    Attributes:
        more: the long form; may be empty.
    """

    text: str
    tone: Tone = Tone.PLAIN
    more: str = ""


@dataclass(frozen=True)
class Bar:
    """Utilisation bar.

    Attributes:
        per_cent: 0 to 100.
        text: the same as text; never 0 if there are leases.
        description: such as `122 of 300 addresses of 192.0.2.0/23`.
    """

    kind: str
    per_cent: float
    text: str
    description: str


@dataclass(frozen=True)
class ShownFailure:
    """A failure of a probe, and what to do next."""

    stage: str
    reason: str
    detail: str
    next_step: str


def unknown(failure: Failure) -> StyledText:
    """Return the text for a fact that is unknown, or that the daemon does not have."""
    if failure.reason in NOT_THERE:
        return StyledText(LACKING, Tone.QUIET, failure.detail)
    return StyledText(UNKNOWN, Tone.QUIET, f"unknown: {failure.stage}: {failure.detail}")


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
    """Return the time left until the server certificate expires."""
    kind, tls = report.snapshot.target.kind, report.snapshot.tls
    if kind is not TransportKind.HTTPS:
        return StyledText(kind, Tone.QUIET, f"the control socket is reached over {kind}, without certificates")
    if isinstance(tls, Failure):
        return unknown(tls)
    if tls is None or not tls.chain:
        return StyledText(UNKNOWN, Tone.QUIET, "the server sent no readable certificate")
    return validity(tls.chain[0], now, is_due=_is_unmet(report, "certificate-renewal-not-due"))


def validity(shown: Certificate, now: float, *, is_due: bool = False, is_needed: bool = True) -> StyledText:
    """Return the time left until a certificate expires.

    *is_due* if it should be renewed; *is_needed* unless it has expired and the chain is trusted without it.
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
    """Return the highest utilisation of the subnets and shared networks of a daemon, by kind of lease."""
    found = report.snapshot.leases
    if isinstance(found, Failure):
        return unknown(found)
    if not found.subnets.keys:
        return StyledText("no subnets", Tone.QUIET)
    top = highest(report.snapshot)
    known = [
        kind.name
        for kind in KINDS
        if _is_known(found.subnets, kind.capacity) and _is_known(found.subnets, kind.assigned)
    ]
    if bars := tuple(bar(top[kind].fullness, f" of {top[kind].name}") for kind in known if kind in top):
        return bars
    if known:
        return StyledText("no pools", Tone.QUIET)
    return StyledText(UNKNOWN, Tone.QUIET, "unknown: the daemon does not count leases by subnet")


def allocation_failures(report: Report) -> str:
    """Return how many clients' requests had no lease lately, such as `3 allocation failures in 4 min`; may be empty."""
    rises = report.snapshot.allocation_failures
    if not rises:
        return ""
    number = sum(rise.number for rise in rises)
    return f"{counted(number, 'allocation failure')} in {span(report.snapshot.taken_at - rises[0].since)}"


def bar(found: Fullness, of_what: str = "") -> Bar:
    """Return a bar; leased or reserved is shown if it exceeds leased by more than 5 points."""
    noun = found.kind if found.capacity == 1 else PLURALS[found.kind]
    description = f"{amount(found.lower)} of {amount(found.capacity)} {noun}{of_what}"
    share, up_to = per_cent(found.lower, found.capacity), per_cent(found.upper, found.capacity)
    text = "< 1 %" if share < 1 and found.lower > 0 else f"{share:.0f} %"
    if found.upper_share - found.share > FULLNESS_DIFFERENCE:
        text, description = f"{text} to {up_to:.0f} %", f"{description}, {amount(found.upper)} leased or reserved"
    if found.assigned != found.lower:
        description = f"{description}; Kea counts {amount(found.assigned)} leases"
    return Bar(found.kind, share, text, description)


def _is_known(counts: Counts[int], count: Count) -> bool:
    column = counts.columns.get(count)
    return bool(column) and None not in (column or ())


def high_availability(report: Report) -> tuple[StyledText, ...]:
    """Return role and state of the daemon in each of its relationships."""
    status = report.snapshot.status
    if isinstance(status, Failure):
        return (unknown(status),)
    return tuple(map(_relationship, status.relationships))


def _relationship(relationship: Relationship) -> StyledText:
    local, partner = relationship.local, relationship.partner
    tone = relationship_state(relationship).tone
    texts = [local.role or "role unknown", local.state or "state unknown"]
    if relationship.communication_interrupted:
        texts.append("communication interrupted")
    more = (
        f"{relationship.mode} with {partner.name or 'a partner'} ({partner.role or 'role unknown'}), last known state "
    )
    return StyledText(", ".join(texts), tone, more + (partner.state or "unknown"))


def relationship_state(relationship: Relationship) -> StyledText:
    """Return the state of the daemon in a relationship."""
    state = relationship.local.state
    is_usual = state in USUAL_STATES and not relationship.communication_interrupted
    return StyledText(state or UNKNOWN, Tone.PLAIN if is_usual else Tone.BAD if state == "terminated" else Tone.WARN)


def failures(report: Report) -> tuple[ShownFailure, ...]:
    """Return the failures of a probe in the order of its stages."""
    return tuple(map(shown_failure, report.snapshot.failures))


def _is_unmet(report: Report, requirement: str) -> bool:
    return any(verdict.requirement.id == requirement and verdict.status is Status.UNMET for verdict in report.verdicts)
