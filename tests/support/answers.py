"""Answers as readers get them, and trees of which any part may be changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kea_exporter.facts.snapshot import Version
from kea_exporter.kea.protocol import Answer, decode
from tests.support.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KEA_2_6_3 = Version(2, 6, 3, "2.6.3")
KEA_3_0_4 = Version(3, 0, 4, "3.0.4")
KEA_3_1_2 = Version(3, 1, 2, "3.1.2")
KEA_3_2_0 = Version(3, 2, 0, "3.2.0-git")

CANARY = "canary-in-the-coal-mine"
WHEN = "2026-11-23 16:02:30.129558"

Path = tuple[str | int, ...]


def said(arguments: object, text: str = "") -> Answer:
    return Answer(result=0, text=text, arguments=arguments)


def answer_of(version: str, daemon: str, command: str) -> Answer:
    """Return what real Kea once answered."""
    return decode(json.dumps(recorded(version, daemon)[command]).encode())


def statistics(values: Mapping[str, int | list[int]]) -> Answer:
    """Return an answer in which each value, or each list with the newest first, is a statistic."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
    return said({name: [[sample, WHEN] for sample in samples] for name, samples in lists.items()})


def as_kea_writes(text: str) -> str:
    """Return what json.loads makes of Kea's output: one character for each byte."""
    return text.encode().decode("latin-1")


def paths(value: object, here: Path = ()) -> Iterator[Path]:
    """Walk through the places of all values in a tree."""
    yield here
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from paths(inner, (*here, key))


def put(tree: object, path: Path, value: object) -> object:
    """Return the tree with another value in one place."""
    if not path:
        return value
    if isinstance(tree, dict):
        return {**tree, path[0]: put(tree[path[0]], path[1:], value)}
    assert isinstance(tree, list)
    return [put(inner, path[1:], value) if index == path[0] else inner for index, inner in enumerate(tree)]
