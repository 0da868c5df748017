"""Is this version of Kea one that the product supports?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.requirements.model import Finding, Requirement, Severity, Subject, met, unmet

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot


def _supported(snapshot: Snapshot, profile: Profile) -> Finding:
    version, minimum = known(snapshot.version), profile.minimum_version
    if version.numbers < minimum.numbers:
        evidence = f"the daemon runs {version.text}, older than {minimum.text}"
        return unmet(evidence, f"Upgrade Kea to {minimum.text} or later.")
    return met(f"the daemon runs {version.text}; {minimum.text} or later is supported")


def _tested(snapshot: Snapshot, profile: Profile) -> Finding:
    version, tested = known(snapshot.version), profile.tested_version
    if version.numbers > tested.numbers:
        return unmet(f"the daemon runs {version.text}, newer than {tested.text}, the last one tested")
    return met(f"the daemon runs {version.text}; versions up to {tested.text} were tested")


REQUIREMENTS = (
    Requirement(
        id="version-supported",
        subject=Subject.VERSION,
        short="supported",
        severity=Severity.REQUIRED,
        title="The Kea version is supported",
        clause="Base supported Kea version: 3.0.0 (first LTS).",
        rule="the version is at least the profile's minimum; what follows the three numbers does not count.",
        remedy="Upgrade Kea to the minimum of the profile or later.",
        judge=_supported,
    ),
    Requirement(
        id="version-tested",
        subject=Subject.VERSION,
        short="tested",
        severity=Severity.RECOMMENDED,
        title="The Kea version was tested",
        clause="tested up to 3.1.3.",
        rule="the version is at most the last one that the profile calls tested.",
        remedy="Ask the IPAM's vendor whether it works with this Kea version, or stay with one that was tested.",
        judge=_tested,
    ),
)
