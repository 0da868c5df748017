"""What of a hub belongs to which of its relationships (Kea ARM, "Hub and Spoke Configuration")."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from kea_exporter.kea.canonical.values import guards
from kea_exporter.kea.reading import as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kea_exporter.facts.configuration import Pair
    from kea_exporter.kea.prepared import Prepared, PreparedSubnet, Tree

# Kea ARM, "Using Expressions in Classification".
MEMBER = re.compile(r"member\('([^']*)'\)")


def subnets_of_pairs(configuration: Prepared, pairs: Iterable[Pair]) -> list[list[PreparedSubnet]]:
    """Return the subnets of each pair: those whose `ha-server-name` is the name of one of its servers."""
    chosen: list[list[PreparedSubnet]] = []
    by_name: dict[str, list[PreparedSubnet]] = {}
    for pair in pairs:
        chosen.append([])
        for name in pair.names:
            by_name.setdefault(name, chosen[-1])
    for subnet in configuration.subnets:
        server = subnet.relationship_server
        if isinstance(server, str) and server in by_name:
            by_name[server].append(subnet)
    return chosen


def classes_of_others(configuration: Prepared, chosen: list[list[PreparedSubnet]]) -> list[frozenset[str]]:
    """Return for each relationship the classes that only subnets of other ones name: its spoke need not have them.

    Args:
        configuration: that of the hub.
        chosen: the subnets of each relationship.
    """
    named = [frozenset(_named(subnets)) for subnets in chosen] if len(chosen) > 1 else []
    of_all = frozenset().union(*named)
    return [_without_needed(configuration, of_all - own) for own in named] or [frozenset()]


def _without_needed(configuration: Prepared, names: frozenset[str]) -> frozenset[str]:
    """Return names of classes, without those that the tests of other classes need."""
    found = set(names)
    for name, entry in reversed(configuration.classes.items() if names else ()):  # a test names earlier ones only
        if name not in found:
            found -= set(MEMBER.findall(as_text(entry.get("test") or "", "test")))
    return frozenset(found)


def _named(subnets: Iterable[PreparedSubnet]) -> Iterator[str]:
    for subnet in subnets:
        for entry in _holders(subnet):
            yield from chain.from_iterable(guards(entry).values())


def _holders(subnet: PreparedSubnet) -> Iterator[Tree]:
    yield subnet.entry
    if subnet.network is not None:
        yield subnet.network.entry
    yield from (pool.entry for pool in subnet.pools)
    yield from subnet.pd_pools
    yield from subnet.reservations
