"""Profiles: what a product demands of Kea, as parameters of the requirements."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.snapshot import Daemon, Version

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Profile:
    """A named set of parameters.

    Attributes:
        minimum_version: the first Kea version that the product supports.
        tested_version: the last one that it was tested with.
        realms: the authentication realm demanded of each daemon; a daemon that is left out may have any.
    """

    name: str
    minimum_version: Version
    tested_version: Version
    realms: Mapping[Daemon, str]


IPAM = Profile(
    name="ipam",
    minimum_version=Version(3, 0, 0, "3.0.0"),
    tested_version=Version(3, 1, 3, "3.1.3"),
    realms=MappingProxyType({Daemon.DHCP4: "kea-dhcpv4-server", Daemon.DHCP6: "kea-dhcpv6-server"}),
)

BUILT_IN: Mapping[str, Profile] = MappingProxyType({IPAM.name: IPAM})
