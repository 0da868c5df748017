"""Names and guards of subnets and pools: what their user contexts call them, and which client classes may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.facts.subnets import Descriptions
from kea_exporter.kea.prepared import guards_of
from kea_exporter.kea.reading import as_int, as_list, as_map, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kea_exporter.facts.subnets import PoolKey

# What a longer text is cut to; three dots follow.
MAX_LENGTH = 125
NAME_KEYS = ("subnet-name", "name")


def descriptions(subnets: Sequence[Mapping[str, Any]]) -> Descriptions:
    """Return the names and guards of the subnets that have any, and the guards of their pools.

    Raises:
        MalformedAnswerError: a guard is not as Kea writes it.
    """
    names: dict[int, str] = {}
    classes: dict[int, str] = {}
    for subnet in subnets:
        number = as_int(subnet.get("id"), "id")
        context = subnet.get("user-context")
        texts = [context.get(key) for key in NAME_KEYS] if isinstance(context, dict) else []
        if text := next((text for text in texts if text and isinstance(text, str)), ""):
            names[number] = printable(as_text(text, "name"), MAX_LENGTH)
        if guard := _classes(subnet):
            classes[number] = guard
    return Descriptions(names, classes, _of_pools(subnets, "pools"), _of_pools(subnets, "pd-pools"))


def _classes(guarded: Mapping[str, Any]) -> str:
    """Return the client classes that may use a subnet or pool, as one text; empty where all clients may."""
    return printable(", ".join(guards_of(guarded)), MAX_LENGTH)


def _of_pools(subnets: Sequence[Mapping[str, Any]], key: str) -> dict[PoolKey, str]:
    """Return the guards of pools; of those that share a pool-id only if they have the same guard."""
    found: dict[PoolKey, str] = {}
    for subnet in subnets:
        for pool in as_list(subnet.get(key, []), key):
            entry = as_map(pool, key)
            place = as_int(subnet.get("id"), "id"), as_int(entry.get("pool-id", 0), "pool-id")
            guard = _classes(entry)
            found[place] = guard if found.get(place, guard) == guard else ""
    return {place: guard for place, guard in found.items() if guard}
