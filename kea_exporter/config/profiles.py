"""Profiles: what a product demands of Kea, as parameters of the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

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
        severities: other severities than a requirement's own, by its id.
        left_out: ids of requirements that are not judged.
        upgrade_target: the Kea release to which an upgrade is judged, such as `3.2`; None for the next stable one.
    """

    name: str
    minimum_version: Version
    tested_version: Version
    realms: Mapping[Daemon, str]
    renewal_window_seconds: float
    severities: Mapping[str, str]
    left_out: frozenset[str]
    upgrade_target: str | None = None


def hook_requirement(hook: str) -> str:
    """Return the id of the requirement that a hook library is loaded, from its short name such as `lease_cmds`."""
    return f"hook-{hook.replace('_', '-')}-loaded"


# What the source document requires.
STANDARD_HOOKS = ("subnet_cmds", "host_cmds", "lease_cmds")

IPAM = Profile(
    name="ipam",
    minimum_version=Version(3, 0, 0, "3.0.0"),
    tested_version=Version(3, 1, 3, "3.1.3"),
    realms=MappingProxyType({Daemon.DHCP4: "kea-dhcpv4-server", Daemon.DHCP6: "kea-dhcpv6-server"}),
    renewal_window_seconds=30 * 86400.0,
    severities=MappingProxyType({}),
    left_out=frozenset(),
)

BUILT_IN: Mapping[str, Profile] = MappingProxyType({IPAM.name: IPAM})
