"""Sentences for the differences of two configurations, part by part; made on request, from two that were just read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kea_exporter.facts.pairs import PARTS_OF_SUBNETS
from kea_exporter.facts.review import observed
from kea_exporter.kea.canonical.subnets import prefix_of
from kea_exporter.kea.canonical.values import encoded
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kea_exporter.facts.review import Observed
    from kea_exporter.kea.canonical.shared import SharedConfiguration
    from kea_exporter.kea.canonical.values import Items
    from kea_exporter.kea.prepared import PreparedSubnet

    Findings = Iterator[tuple[str, str]]

MAX_VALUE = 120
MAX_SENTENCE = 400
# Causes of the parts. Those of `ha` depend on what differs.
MISSING, OTHER_ID, DIFFERS = "missing", "other_id", "differs"
OTHER_MODE, OTHER_PEERS, OTHER_ROLES = "other_mode", "other_peers", "other_roles"
NOUNS = {
    "pools": "pool",
    "prefix_delegation": "pd-pool",
    "options": "option",
    "reservations": "reservation",
    "client_classes": "client class",
    "hooks": "hook library",
    "lease_database": "lease database",
}


class Sides(NamedTuple):
    """The names of the two servers in the sentences."""

    one: str
    other: str

    def holder(self, value: object) -> str:
        """Return the one that has something, from the value on the first."""
        return self.one if value is not None else self.other

    def both(self, one: object, other: object) -> str:
        """Return both values, each with its server."""
        return f"{_text(one)} on {self.one} and {_text(other)} on {self.other}"


def differences(
    one: SharedConfiguration, other: SharedConfiguration, sides: Sides, parts: Iterable[str]
) -> dict[str, tuple[Observed, ...]]:
    """Return what differs in each of these parts; parts without a difference are absent.

    Subnets that one server lacks are a difference of the part `subnets` alone.

    Raises:
        MalformedAnswerError: a configuration has not the shape that Kea gives it.
    """
    subnets, others = _by_prefix(one), _by_prefix(other)
    common = [(prefix, subnets[prefix], others[prefix]) for prefix in subnets if prefix in others]
    found = {}
    for part in parts:
        findings = _subnets(subnets, others, sides) if part == "subnets" else _part(part, one, other, common, sides)
        if entries := observed((cause, printable(sentence, MAX_SENTENCE)) for cause, sentence in findings):
            found[part] = entries
    return found


def _by_prefix(shared: SharedConfiguration) -> dict[str, list[PreparedSubnet]]:
    found: dict[str, list[PreparedSubnet]] = {}
    for subnet in shared.subnets:
        found.setdefault(prefix_of(subnet), []).append(subnet)
    return found


def _subnets(
    subnets: Mapping[str, list[PreparedSubnet]], others: Mapping[str, list[PreparedSubnet]], sides: Sides
) -> Findings:
    for prefix, entries in subnets.items():
        ids = sorted(subnet.number for subnet in entries)
        other_ids = sorted(subnet.number for subnet in others.get(prefix, ()))
        if not other_ids:
            yield MISSING, f"subnet {prefix} (id {_text(ids)}) is on {sides.one} only"
        elif ids != other_ids:
            yield OTHER_ID, f"subnet {prefix} has id {sides.both(ids, other_ids)}"
    for prefix, entries in others.items():
        if prefix not in subnets:
            yield MISSING, f"subnet {prefix} (id {_text([entry.number for entry in entries])}) is on {sides.other} only"


def _part(
    part: str,
    one: SharedConfiguration,
    other: SharedConfiguration,
    common: Iterable[tuple[str, list[PreparedSubnet], list[PreparedSubnet]]],
    sides: Sides,
) -> Findings:
    if part == "client_classes":
        yield from _classes(one.of_daemon(part), other.of_daemon(part), sides)
        return
    yield from _items(part, "", one.of_daemon(part), other.of_daemon(part), sides)
    if part in PARTS_OF_SUBNETS:
        for prefix, subnets, others in common:
            for subnet, counterpart in zip(subnets, others, strict=False):
                own, its = one.of_subnet(part, subnet), other.of_subnet(part, counterpart)
                if own != its:
                    yield from _items(part, f"subnet {prefix}: ", own, its, sides)


def _classes(one: Items, other: Items, sides: Sides) -> Findings:
    """Compare client classes by name, and their order where they are the same otherwise."""
    own, its = _without_places(one), _without_places(other)
    found = list(_items("client_classes", "", own, its, sides))
    if not found and list(own) != list(its):
        found = [(DIFFERS, f"the order of client classes is {sides.both([*own], [*its])}")]
    yield from found


def _without_places(items: Items) -> Items:
    return {label.partition(". ")[2]: values for label, values in items.items()}


def _items(part: str, scope: str, one: Items, other: Items, sides: Sides) -> Findings:
    noun = NOUNS.get(part, "")
    for label in dict.fromkeys((*one, *other)):
        own, its = one.get(label), other.get(label)
        if own == its:
            continue
        name = f"{scope}{noun} {label}" if noun else f"{scope}{label}"
        if part == "hooks":
            yield DIFFERS, _hook(name, own, its, sides)
        elif (own is None or its is None) and (noun or part == "ha"):
            yield _cause(part, label, ""), f"{name} is on {sides.holder(own)} only"
        elif own and its and _are_maps(own, its):
            for key in sorted({*own[0], *its[0]}):
                if own[0].get(key) != its[0].get(key):
                    values = sides.both(own[0].get(key), its[0].get(key))
                    yield _cause(part, label, key), f"{name}: {key} is {values}"
        else:
            yield _cause(part, label, ""), f"{name} is {sides.both(own, its)}"


def _hook(name: str, own: list[Any] | None, its: list[Any] | None, sides: Sides) -> str:
    """Return a sentence without values: parameters of hook libraries may be secrets."""
    if own is None or its is None:
        return f"{name} is on {sides.holder(own)} only"
    keys = sorted(key for key in {*own[0], *its[0]} if own[0].get(key) != its[0].get(key))
    return f"{name} has other parameters: {_text(keys)}"


def _are_maps(own: list[Any], its: list[Any]) -> bool:
    return len(own) == len(its) == 1 and isinstance(own[0], dict) and isinstance(its[0], dict)


def _cause(part: str, label: str, key: str) -> str:
    if part != "ha":
        return DIFFERS
    if label == "mode":
        return OTHER_MODE
    if not label.startswith("peer "):
        return DIFFERS
    return OTHER_ROLES if key == "role" else OTHER_PEERS


def _text(value: object) -> str:
    """Return a value on one short line."""
    if isinstance(value, list):
        return ", ".join(map(_text, value))[:MAX_VALUE] or "empty"
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else encoded(value)
    return printable(text, MAX_VALUE) or "empty"
