"""Hashes of the canonical form, by part, and by subnet and part."""

from __future__ import annotations

import sys
from array import array
from itertools import compress
from operator import itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.pairs import PARTS, PairConfiguration
from kea_exporter.kea.canonical.keys import BESIDE_PLAIN
from kea_exporter.kea.canonical.shared import shared_configurations
from kea_exporter.kea.canonical.subnets import prefix_of
from kea_exporter.kea.canonical.values import digest, encoded
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.kea.subnets import MAX_ID

if TYPE_CHECKING:
    from collections.abc import Hashable

    from kea_exporter.kea.canonical.shared import SharedConfiguration
    from kea_exporter.kea.canonical.values import Items
    from kea_exporter.kea.prepared import Prepared

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
    ids = _ids(shared)
    of_subnets = {**_of_lists(shared), **_of_plain_values(shared)}
    numbers = {"subnets": ids, **of_subnets}
    return PairConfiguration(
        pair=shared.pair,
        names=shared.names,
        hashes=MappingProxyType({part: _of_part(shared, part, prefixes, numbers.get(part)) for part in PARTS}),
        prefixes=prefixes,
        ids=ids,
        subnet_hashes=MappingProxyType(of_subnets),
    )


def _ids(shared: SharedConfiguration) -> array[int]:
    if any(not 0 <= subnet.number <= MAX_ID for subnet in shared.subnets):
        raise MalformedAnswerError("'id' is no subnet id")
    return array("Q", [subnet.number for subnet in shared.subnets])


def _of_part(shared: SharedConfiguration, part: str, prefixes: tuple[str, ...], numbers: array[int] | None) -> int:
    """Return the hash of a part: of the daemon's own values, and of the numbers of the subnets that have any."""
    content = [encoded(shared.of_daemon(part)).encode()]
    if numbers is not None:
        having = compress(prefixes, numbers) if 0 in numbers and part != "subnets" else prefixes
        of_them = numbers if part == "subnets" else array("Q", filter(None, numbers))
        if sys.byteorder == "big":
            of_them = of_them[:]
            of_them.byteswap()
        content += [" ".join(having).encode(), of_them.tobytes()]
    return digest(b"\n".join(content), BYTES_OF_PART)


def _of_lists(shared: SharedConfiguration) -> dict[str, array[int]]:
    return {
        part: array("Q", [_of_items(shared.of_subnet(part, subnet)) for subnet in shared.subnets]) for part in OF_LISTS
    }


def _of_plain_values(shared: SharedConfiguration) -> dict[str, array[int]]:
    """Return the hashes of the parts that follow from plain values, each computed once for subnets with the same."""
    known: dict[Hashable, tuple[int, ...]] = {}
    getters: dict[tuple[str, ...], itemgetter[Any]] = {}
    rows = []
    for subnet in shared.subnets:
        keys = tuple(subnet.entry)
        if keys not in getters:
            plain = [key for key in keys if key not in BESIDE_PLAIN]
            getters[keys] = itemgetter("subnet", "subnet") if len(plain) < 2 else itemgetter(*plain)  # noqa: PLR2004
        key = id(subnet.network), keys, _hashable(getters[keys](subnet.entry))
        if key not in known:
            known[key] = tuple(_of_items(shared.of_subnet(part, subnet)) for part in OF_PLAIN_VALUES)
        rows.append(known[key])
    columns = zip(*rows, strict=True) if rows else [()] * len(OF_PLAIN_VALUES)
    return {part: array("Q", column) for part, column in zip(OF_PLAIN_VALUES, columns, strict=True)}


def _hashable(values: object) -> Hashable:
    """Return values as the key of a map; lists and maps among them as text."""
    try:
        hash(values)
    except TypeError:
        return repr(values)
    return values


def _of_items(items: Items) -> int:
    return digest(encoded(items).encode(), BYTES_OF_SUBNET) if items else 0
