"""Values in one spelling, whatever the order, notation and version of Kea they were written in."""

from __future__ import annotations

import hashlib
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.reading import MalformedAnswerError, address_number, address_text, as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Values by what they describe, such as a pool; several values are sorted.
Items = dict[str, list[Any]]

# Local matters at every level of a configuration.
REMARKS = frozenset({"user-context", "comment", "metadata"})
GUARDS = frozenset(
    {
        "client-class",
        "client-classes",
        "require-client-classes",
        "evaluate-additional-classes",
    }
)

encoded = JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def digest(content: bytes, size: int) -> int:
    """Return the first bytes of the SHA-256 of something as a number."""
    return int.from_bytes(hashlib.sha256(content).digest()[:size])


def grouped(values: Iterable[tuple[str, object]]) -> Items:
    """Return values by what they describe; the order of several that describe the same is no difference."""
    items: Items = {}
    for label, value in values:
        items.setdefault(label, []).append(value)
    for several in items.values():
        if len(several) > 1:
            several.sort(key=encoded)
    return items


def single(values: Mapping[str, object]) -> Items:
    """Return values of which there is one for each label."""
    return {label: [value] for label, value in values.items()}


def guards(entry: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the classes that restrict an entry, sorted, and those that it evaluates, in their order.

    Kea 2.6 has the singular key for the former and `require-client-classes` for the latter.
    """
    if GUARDS.isdisjoint(entry):
        return {}
    single_class = entry.get("client-class")
    restricting = _names(entry.get("client-classes") or ([single_class] if single_class else []))
    evaluated = _names(entry.get("evaluate-additional-classes") or entry.get("require-client-classes") or [])
    found = {"client-classes": sorted(restricting), "evaluate-additional-classes": evaluated}
    return {key: names for key, names in found.items() if names}


def _names(value: object) -> list[str]:
    return [as_text(name, "client-classes") for name in as_list(value, "client-classes")]


def bare_hex(text: str) -> str:
    """Return an identifier as hexadecimal digits: `'abc'`, `61:62:63`, `0x616263` and `61 62 63` are the same."""
    if text.startswith("'") and text.endswith("'"):
        return text[1:-1].encode().hex()
    return text.lower().removeprefix("0x").translate(SEPARATORS)


SEPARATORS = str.maketrans("", "", ":- .")


def address_or_text(text: str) -> str:
    """Return an address in its canonical spelling, any other text as it is."""
    if ":" not in text:
        return text
    try:
        return address_text(address_number(text), is_v6=True)
    except MalformedAnswerError:
        return text
