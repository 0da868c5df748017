"""Profiles: what a product demands of Kea, as parameters of the requirements."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, get_args

from pydantic import TypeAdapter

from kea_exporter.config.schema import HookName, ProfileEntry
from kea_exporter.config.tree import read_tree
from kea_exporter.config.values import DEFAULT_PROFILE, SEVERITIES
from kea_exporter.facts.snapshot import Daemon, Version

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Profile:
    """A named set of parameters.

    Attributes:
        minimum_version: the first Kea version that the product supports.
        tested_version: the last one that it was tested with.
        realms: the authentication realm demanded of each daemon; a daemon that is left out may have any.
        renewal_window_seconds: how long before its end a certificate should be renewed.
        severities: other severities than a requirement's own, by its id; and by severity, for those without.
        left_out: ids of requirements that are not judged.
        upgrade_target: the Kea release to which an upgrade is judged, such as `3.2`; None for the next stable one.
        extends: the name of the profile that it inherits from; None for the one from which all others derive.
    """

    name: str
    minimum_version: Version
    tested_version: Version
    realms: Mapping[Daemon, str]
    renewal_window_seconds: float
    severities: Mapping[str, str]
    left_out: frozenset[str]
    upgrade_target: str | None = None
    extends: str | None = None


def hook_requirement(hook: str) -> str:
    """Return the id of the requirement that a hook library is loaded, from its short name such as `lease_cmds`."""
    return f"hook-{hook.replace('_', '-')}-loaded"


# What the source document requires.
STANDARD_HOOKS = ("subnet_cmds", "host_cmds", "lease_cmds")

# Profiles of a file that extend one another, one after the other.
MAX_DEPTH = 8


# In the form of a configuration file.
BUILT_IN_FILE = Path(__file__).with_name("profiles.yml")
# What DEFAULT_PROFILE derives from; it sets each of these.
NOTHING = Profile(
    name="",
    minimum_version=Version(0, 0, 0, "0.0.0"),
    tested_version=Version(0, 0, 0, "0.0.0"),
    realms=MappingProxyType({}),
    renewal_window_seconds=0.0,
    severities=MappingProxyType({}),
    left_out=frozenset(),
)


def with_derived(entries: Mapping[str, ProfileEntry], known: Mapping[str, Profile]) -> dict[str, Profile]:
    """Return the known profiles and those that the entries define, which may extend each other in any order.

    Args:
        entries: by name, without cycles; each extends another entry or a known profile.
        known: by name.
    """
    profiles = dict(known)

    def profile(name: str) -> Profile:
        if name not in profiles:
            profiles[name] = _derived(name, entries[name], profile(entries[name].extends))
        return profiles[name]

    for name in entries:
        profile(name)
    return profiles


def _derived(name: str, entry: ProfileEntry, base: Profile) -> Profile:
    severities, left_out = _changed(base.severities, entry.severities), set(base.left_out)
    if entry.hooks is not None:
        # They take the place of whatever the base says of hooks.
        of_hooks = {hook_requirement(hook) for hook in get_args(HookName)}
        severities = {value: severity for value, severity in severities.items() if value not in of_hooks}
        severities |= {hook_requirement(hook): "required" for hook in entry.hooks}
        left_out -= of_hooks
        left_out |= {hook_requirement(hook) for hook in STANDARD_HOOKS if hook not in entry.hooks}
    # A version that the profile sets is judged, whatever it extends.
    left_out -= {"version-supported"} if entry.minimum_version else set()
    left_out -= {"version-tested"} if entry.tested_version else set()
    severities |= {key: severity for key, severity in entry.severities.items() if key not in SEVERITIES}
    realms = base.realms
    if entry.realms is not None:
        given = {daemon: getattr(entry.realms, daemon) for daemon in Daemon if daemon in entry.realms.model_fields_set}
        realms = {daemon: realm for daemon, realm in {**realms, **given}.items() if realm is not None}
    return replace(
        base,
        name=name,
        extends=base.name or None,
        minimum_version=entry.minimum_version or base.minimum_version,
        tested_version=entry.tested_version or base.tested_version,
        realms=MappingProxyType(dict(realms)),
        renewal_window_seconds=entry.renewal_window or base.renewal_window_seconds,
        upgrade_target=entry.upgrade_target or base.upgrade_target,
        severities=MappingProxyType(severities),
        left_out=frozenset((left_out - entry.severities.keys()) | set(entry.leave_out)),
    )


def _changed(severities: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """Return severities by id and severity, changed by those of the changes that are by severity."""
    by_severity = {severity: changes[severity] for severity in SEVERITIES if severity in changes}
    inherited = {severity: severity for severity in by_severity} | dict(severities)
    return {key: by_severity.get(severity, severity) for key, severity in inherited.items()}


def _built_in() -> Mapping[str, Profile]:
    tree, _ = read_tree(BUILT_IN_FILE.read_text("utf-8"))
    entries = TypeAdapter(dict[str, ProfileEntry]).validate_python(tree)
    root = _derived(DEFAULT_PROFILE, entries.pop(DEFAULT_PROFILE), NOTHING)
    return MappingProxyType(with_derived(entries, {root.name: root}))


BUILT_IN = _built_in()
IPAM = BUILT_IN[DEFAULT_PROFILE]
