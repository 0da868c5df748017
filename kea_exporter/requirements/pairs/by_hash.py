"""What differs between partners, as far as the hashes of their configurations tell: where, but not in which value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.pairs import PARTS, PARTS_OF_SUBNETS
from kea_exporter.facts.review import observed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.facts.pairs import PairConfiguration
    from kea_exporter.facts.review import Observed
    from kea_exporter.requirements.pairs.model import PairSnapshot, Side

    Findings = Iterator[tuple[str, str]]

WORDS = {part: part.replace("_", " ") for part in PARTS} | {
    "prefix_delegation": "pools of prefixes",
    "timers": "lifetimes and timers",
    "ddns": "settings of DNS updates",
    "hooks": "hook libraries",
    "ha": "settings of high availability",
    "other": "further settings",
}


def differences_by_hash(pair: PairSnapshot) -> dict[str, tuple[Observed, ...]]:
    """Return what differs for sure, by part; parts without any difference are absent.

    A subnet that one server lacks changes the hashes of other parts than `subnets` too, which is no difference.
    """
    first = pair.sides[0]
    found = {}
    for part in PARTS:
        findings = (entry for side in pair.sides[1:] for entry in _findings(part, first, side))
        if entries := observed(findings):
            found[part] = entries
    return found


def _findings(part: str, first: Side, side: Side) -> Findings:
    one, other = first.shared, side.shared
    if one.hashes[part] == other.hashes[part]:
        return
    if part == "subnets":
        yield from _subnets(first, side)
        return
    between = f"on {first.server} and {side.server}"
    differing = list(_differing(part, one, other)) if part in PARTS_OF_SUBNETS else []
    for prefix in differing:
        yield "differs", f"subnet {prefix}: {WORDS[part]} differ {between}"
    if not differing and (part not in PARTS_OF_SUBNETS or one.prefixes == other.prefixes):
        yield "differs", f"{WORDS[part]} differ {between}"


def _subnets(first: Side, side: Side) -> Findings:
    ids, other_ids = _by_prefix(first.shared), _by_prefix(side.shared)
    for prefix, number in ids.items():
        if prefix not in other_ids:
            yield "missing", f"subnet {prefix} (id {number}) is on {first.server} only"
        elif other_ids[prefix] != number:
            yield (
                "other_id",
                f"subnet {prefix} has id {number} on {first.server} and {other_ids[prefix]} on {side.server}",
            )
    for prefix, number in other_ids.items():
        if prefix not in ids:
            yield "missing", f"subnet {prefix} (id {number}) is on {side.server} only"


def _by_prefix(shared: PairConfiguration) -> dict[str, int]:
    return dict(zip(shared.prefixes, shared.ids, strict=True))


def _differing(part: str, one: PairConfiguration, other: PairConfiguration) -> Iterator[str]:
    """Yield the prefixes of both servers whose values differ."""
    others = dict(zip(other.prefixes, other.subnet_hashes[part], strict=True))
    own = zip(one.prefixes, one.subnet_hashes[part], strict=True)
    return (prefix for prefix, number in own if others.get(prefix, number) != number)
