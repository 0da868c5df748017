"""Hashes of the canonical form, by part, and by subnet and part."""

from __future__ import annotations

from array import array
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.facts.pairs import PARTS, PARTS_OF_SUBNETS, PairConfiguration
from kea_exporter.kea.canonical.keys import BESIDE_PLAIN
from kea_exporter.kea.canonical.shared import shared_configurations
from kea_exporter.kea.canonical.subnets import prefix_of
from kea_exporter.kea.canonical.values import digest, encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.kea.canonical.shared import SharedConfiguration
    from kea_exporter.kea.canonical.values import Items
    from kea_exporter.kea.prepared import Prepared, PreparedSubnet

# A float of a sample has as many exact bits, and more.
BYTES_OF_PART = 6
BYTES_OF_SUBNET = 8
# These follow from the plain values of a subnet, which many subnets have alike.
OF_PLAIN_VALUES = ("shared_networks", "timers", "ddns", "other")
OF_LISTS = ("pools", "prefix_delegation", "options", "reservations")


def pair_configurations(configuration: Prepared) -> tuple[PairConfiguration, ...]:
    """Return the hashes of each relationship; those of everything without HA; none of a daemon without subnets.

    Raises:
        MalformedAnswerError: the configuration has not the shape that Kea gives it.
    """
    return tuple(_hashed(shared) for shared in shared_configurations(configuration))


def _hashed(shared: SharedConfiguration) -> PairConfiguration:
    prefixes = tuple(map(prefix_of, shared.subnets))
    ids = array("Q", [subnet.number for subnet in shared.subnets])
    of_subnets = _of_subnets(shared)
    return PairConfiguration(
        pair=shared.pair,
        names=shared.names,
        hashes=MappingProxyType({part: _of_part(shared, part, prefixes, ids, of_subnets) for part in PARTS}),
        prefixes=prefixes,
        ids=ids,
        subnet_hashes=MappingProxyType(of_subnets),
    )


def _of_part(
    shared: SharedConfiguration,
    part: str,
    prefixes: tuple[str, ...],
    ids: array[int],
    of_subnets: Mapping[str, array[int]],
) -> int:
    """Return the hash of a part: of the daemon's own values, and of the subnets that have any."""
    numbers = ids if part == "subnets" else of_subnets.get(part, ())
    rows = sorted(
        (prefix, number) for prefix, number in zip(prefixes, numbers, strict=False) if number or numbers is ids
    )
    return digest(encoded([shared.of_daemon(part), rows]), BYTES_OF_PART)


def _of_subnets(shared: SharedConfiguration) -> dict[str, array[int]]:
    found = {part: array("Q") for part in PARTS_OF_SUBNETS}
    known: dict[tuple[int, str], list[int]] = {}
    for subnet in shared.subnets:
        for part in OF_LISTS:
            found[part].append(_of_items(shared.of_subnet(part, subnet)))
        key = id(subnet.network), _plain(subnet)
        if key not in known:
            known[key] = [_of_items(shared.of_subnet(part, subnet)) for part in OF_PLAIN_VALUES]
        for part, number in zip(OF_PLAIN_VALUES, known[key], strict=True):
            found[part].append(number)
    return found


def _plain(subnet: PreparedSubnet) -> str:
    """Return the values of a subnet that are no lists of their own, to compare with those of other subnets."""
    return repr([item for item in subnet.entry.items() if item[0] not in BESIDE_PLAIN])


def _of_items(items: Items) -> int:
    return digest(encoded(items), BYTES_OF_SUBNET) if items else 0
