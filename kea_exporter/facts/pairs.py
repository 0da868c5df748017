"""What HA partners must configure alike: hashes by part, and by subnet and part, of the canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from array import array
    from collections.abc import Mapping

# Of the canonical form. Hashes of different versions are not comparable.
FORM_VERSION = "1"
PARTS = (
    "subnets",
    "pools",
    "prefix_delegation",
    "shared_networks",
    "options",
    "reservations",
    "client_classes",
    "timers",
    "ddns",
    "hooks",
    "lease_database",
    "ha",
    "other",
)
# Those that each subnet has values of. Subnets themselves are compared by prefix and id.
PARTS_OF_SUBNETS = (
    "pools",
    "prefix_delegation",
    "shared_networks",
    "options",
    "reservations",
    "timers",
    "ddns",
    "other",
)


@dataclass(frozen=True, eq=False)
class PairConfiguration:
    """The configuration that the servers of one HA relationship share, or that of a daemon without HA.

    Subnets are those of the relationship, sorted by address, wider prefixes first. The arrays have that order too.

    Attributes:
        pair: hosts and ports of the servers that are no backups, as in `kea_ha_info`; empty without HA. A faulty
            configuration may have several relationships with the same one.
        names: those of all servers of the relationship; empty without HA.
        hashes: by part, 48 bits.
        prefixes: with host bits cleared, such as `192.0.2.0/24`.
        ids: the subnet ids.
        subnet_hashes: by part of PARTS_OF_SUBNETS, 64 bits for each subnet; 0 if it has no values of that part.
    """

    pair: str
    names: frozenset[str]
    hashes: Mapping[str, int]
    prefixes: tuple[str, ...]
    ids: array[int]
    subnet_hashes: Mapping[str, array[int]]


@dataclass(frozen=True)
class ConfigurationRead:
    """When the configuration of a daemon was read.

    Attributes:
        at: when it was last queried, in seconds since the epoch.
        changed_at: when it was first read with these hashes.
        hashes: of all parts of all relationships.
        is_outdated: whether a partner with other hashes changed later, so that it has to be read again.
    """

    at: float
    changed_at: float
    hashes: tuple[tuple[int, ...], ...]
    is_outdated: bool = False
