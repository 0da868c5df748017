"""Requirements on the version of Kea."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.config.profiles import BUILT_IN
from kea_exporter.facts.failure import known
from kea_exporter.requirements.model import (
    Cause,
    Finding,
    Requirement,
    Severity,
    Subject,
    met,
    not_applicable,
    unmet,
)

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot


TOO_OLD = Cause(
    "too_old",
    "Kea is older than the profile's minimum_version",
    "Upgrade Kea to the minimum_version of the profile or later (docs/upgrading-kea.md).",
)
NOT_TESTED = Cause(
    "newer_than_tested",
    "Kea is newer than the profile's tested_version",
    "Ask the vendor of the IPAM whether it supports this Kea version. If it does, set tested_version in a profile.",
    'profiles: {house: {tested_version: "3.2.0"}}, defaults: {profile: house}   (in the exporter\'s configuration)',
)

OTHER_VERSION = Cause(
    "older_than_others",
    "Another daemon of the same server runs a newer Kea",
    "If the packages are of one version, restart this daemon: it still runs the program from before the upgrade, and "
    "cannot load the hook libraries of another version when it is reloaded. Else install the same version of all Kea "
    "packages.",
    "systemctl restart kea-dhcp4-server   (the unit of this daemon)",
)


def _supported(snapshot: Snapshot, profile: Profile) -> Finding:
    version, minimum = known(snapshot.version), profile.minimum_version
    if version.numbers < minimum.numbers:
        evidence = f"the daemon runs {version.text}, older than {minimum.text}"
        return unmet(TOO_OLD, evidence, f"Upgrade Kea to {minimum.text} or later.")
    return met(f"the daemon runs {version.text}; {minimum.text} or later is supported")


def _profile_with(version: str, profile: Profile) -> str:
    """Return what to write into the exporter's configuration: a built-in profile is extended, another one edited."""
    if profile.name not in BUILT_IN:
        return f'tested_version: "{version}"   (in the profile {profile.name} of the exporter\'s configuration)'
    entry = f'{{extends: {profile.name}, tested_version: "{version}"}}'
    return f"profiles: {{house: {entry}}}, defaults: {{profile: house}}   (in the exporter's configuration)"


def _tested(snapshot: Snapshot, profile: Profile) -> Finding:
    version, tested = known(snapshot.version), profile.tested_version
    if version.numbers > tested.numbers:
        evidence = f"the daemon runs {version.text}, newer than {tested.text}, the last tested version"
        number = ".".join(map(str, version.numbers))
        remedy = (
            f"Ask the vendor of the IPAM whether it supports Kea {number}. If it does, set tested_version in a profile "
            f"to {number} or later."
        )
        return unmet(NOT_TESTED, evidence, remedy, _profile_with(number, profile))
    return met(f"the daemon runs {version.text}; versions up to {tested.text} were tested")


def _same_as_others(snapshot: Snapshot, _: Profile) -> Finding:
    version, target = known(snapshot.version), snapshot.target
    others = {daemon: found for daemon, found in snapshot.versions.items() if daemon is not target.daemon}
    if not others:
        return not_applicable("no other daemon of this server is checked, or their versions are unknown")
    newer = [f"{daemon} runs {other.text}" for daemon, other in others.items() if other.numbers > version.numbers]
    if newer:
        return unmet(OTHER_VERSION, f"{target.daemon} runs {version.text}, and {', '.join(sorted(newer))}")
    return met(f"no daemon of this server runs a newer version than {version.text}")


REQUIREMENTS = (
    Requirement(
        id="version-supported",
        subject=Subject.VERSION,
        short="supported",
        severity=Severity.REQUIRED,
        title="The Kea version must be supported",
        clause="Base supported Kea version: 3.0.0 (first LTS).",
        rule="the version is at least the minimum_version of the profile; suffixes are ignored.",
        causes=(TOO_OLD,),
        judge=_supported,
    ),
    Requirement(
        id="version-tested",
        subject=Subject.VERSION,
        short="tested",
        severity=Severity.RECOMMENDED,
        title="The Kea version must be a tested one",
        clause="tested up to 3.1.3.",
        rule="the version is at most the tested_version of the profile.",
        causes=(NOT_TESTED,),
        judge=_tested,
    ),
    Requirement(
        id="daemon-versions-match",
        subject=Subject.VERSION,
        short="same version",
        severity=Severity.RECOMMENDED,
        title="All daemons of a server must run the same Kea version",
        clause="",
        rule="no other daemon of the server runs a newer version; suffixes are ignored.",
        causes=(OTHER_VERSION,),
        judge=_same_as_others,
    ),
)
