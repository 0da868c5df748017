"""Requirements that the next version of Kea starts with the present configuration.

What that version refuses makes the requirement unmet; what it takes otherwise is a note.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, known
from kea_exporter.facts.review import UPGRADE_BLOCKERS, UPGRADE_CHANGES
from kea_exporter.requirements.model import (
    Finding,
    Requirement,
    Severity,
    Subject,
    met,
    not_applicable,
    problem,
    unmet_for,
)
from kea_exporter.requirements.reaching import require_expected_daemon
from kea_exporter.requirements.upgrade_changes import CHANGES
from kea_exporter.requirements.upgrade_table import AGENT_REMOVED, BLOCKERS, Numbers, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.config import Profile
    from kea_exporter.facts.review import Observed, Review
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements.model import Problem
    from kea_exporter.requirements.upgrade_table import Blocker

# The releases that there is a requirement for, and whether each is a stable one.
RELEASES: Mapping[str, bool] = {"3.0": True, "3.2": True, "3.3": False}
BEFORE_ALL: Numbers = (0, 0, 0)
ANY_PATCH = 999


@dataclass(frozen=True)
class Upgrade:
    """An upgrade of one daemon.

    Attributes:
        release: the release that it leads to.
        version: what the daemon runs, or what a file is meant for; lower than any where that is not known.
        is_file: whether only a configuration file is known: that it is meant for a version does not prove that it
            runs there.
    """

    release: str
    version: Numbers
    is_file: bool

    @property
    def last(self) -> Numbers:
        """Return the highest version of the release."""
        return (*numbers_of(self.release), ANY_PATCH)

    def is_blocked_by(self, blocker: Blocker) -> bool:
        """Return whether the new version refuses what the present one does not."""
        if self.is_file and blocker.is_of_data:
            return False
        proven = BEFORE_ALL if self.is_file else self.version
        return any(proven < since <= self.last for since in blocker.since)

    def is_proof(self, blocker: Blocker) -> bool:
        """Return whether the running version has a setting that it refuses unless it is started in a special way."""
        return not self.is_file and bool(blocker.unless) and blocker.since[0] <= self.version


def numbers_of(release: str) -> tuple[int, int]:
    """Return the numbers of a release such as `3.2`."""
    major, minor = map(int, release.split("."))
    return major, minor


def _judge(snapshot: Snapshot, profile: Profile, release: str) -> Finding:
    require_expected_daemon(snapshot)
    review = known(snapshot.configuration).review
    is_file = snapshot.is_of_a_file
    has_version = not (is_file and isinstance(snapshot.version, Failure))
    upgrade = Upgrade(release, known(snapshot.version).numbers if has_version else BEFORE_ALL, is_file)
    found = {observed.cause: observed for observed in known(review.get(UPGRADE_BLOCKERS, ()))}
    if reason := _not_concerned(upgrade, profile.upgrade_target):
        is_own = written(upgrade.version[:2]) == release
        return not_applicable(reason, tuple(_proofs(upgrade, found)) if is_own else ())
    notes = (*_proofs(upgrade, found), *_changes(upgrade, review))
    problems = [*_problems(upgrade, found, is_behind_agent=snapshot.target.control_agent)]
    if problems:
        return unmet_for(problems, notes)
    return met(f"the review of the configuration found nothing that Kea {release} refuses", notes)


def _not_concerned(upgrade: Upgrade, target: str | None) -> str:
    """Return why an upgrade does not concern a daemon; empty if it does."""
    own, release = upgrade.version[:2], numbers_of(upgrade.release)
    if upgrade.is_file and own == release:
        return ""
    if own >= release:
        return f"{'the file is for' if upgrade.is_file else 'the daemon runs'} Kea {written(upgrade.version)}"
    wanted = target or _next_stable(upgrade)
    if wanted is None:
        return f"no stable release after Kea {written(upgrade.version)} is known"
    return "" if wanted == upgrade.release else f"the next upgrade is that to Kea {wanted}"


def _next_stable(upgrade: Upgrade) -> str | None:
    """Return the next stable release; the newest one for a file of which no version is known."""
    later = [
        release for release, is_stable in RELEASES.items() if is_stable and upgrade.version[:2] < numbers_of(release)
    ]
    if not later:
        return None
    return later[-1] if upgrade.version == BEFORE_ALL else later[0]


def _problems(upgrade: Upgrade, found: Mapping[str, Observed], *, is_behind_agent: bool) -> Iterator[Problem]:
    for blocker in BLOCKERS:
        if not upgrade.is_blocked_by(blocker):
            continue
        if blocker is AGENT_REMOVED and is_behind_agent:
            yield problem(blocker.cause, ["the daemon is reached through the Control Agent"])
        elif blocker.cause.id in found:
            observed = found[blocker.cause.id]
            yield problem(blocker.cause, observed.evidence, count=observed.count)


def _proofs(upgrade: Upgrade, found: Mapping[str, Observed]) -> Iterator[str]:
    """Yield how the daemon must have been started, which the service of the new version has to do as well."""
    for blocker in BLOCKERS:
        if blocker.cause.id in found and upgrade.is_proof(blocker):
            evidence, since = found[blocker.cause.id].evidence[0], written(blocker.since[0])
            yield (
                f"{evidence}, which Kea refuses from {since} on: the daemon was started {blocker.unless}, and the new "
                "version needs the same until this is changed"
            )


def _changes(upgrade: Upgrade, review: Review) -> Iterator[str]:
    found = {observed.cause: observed for observed in known(review.get(UPGRADE_CHANGES, ()))}
    for change in CHANGES:
        if change.id in found and upgrade.version < change.since <= upgrade.last:
            observed = found[change.id]
            more = f" and {observed.count - 1} more" if observed.count > 1 else ""
            yield f"From Kea {written(change.since)} on: {change.text} ({observed.evidence[0]}{more})"


def _requirement(release: str) -> Requirement:
    reachable = [
        blocker for blocker in BLOCKERS if any(since <= (*numbers_of(release), ANY_PATCH) for since in blocker.since)
    ]
    return Requirement(
        id=f"upgrade-to-{release}",
        subject=Subject.UPGRADE,
        short=f"to {release}",
        severity=Severity.ADVISORY,
        title=f"Kea {release} must start with the present configuration",
        clause="",
        rule=f"the configuration has nothing that Kea refuses between the running version and {release}. Judged for "
        "the next stable release, or for the upgrade_target of the profile.",
        causes=tuple(blocker.cause for blocker in reachable),
        judge=partial(_judge, release=release),
    )


REQUIREMENTS = tuple(_requirement(release) for release in RELEASES)
