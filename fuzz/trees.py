"""Mutations of JSON that stay JSON: most bytes at random are none, and say nothing of what reads them."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

if TYPE_CHECKING:
    from collections.abc import Iterator

Holder = dict[str, Any] | list[Any]

SCALARS: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**32,
    2**63,
    -(2**63) - 1,
    2**128,
    10**400,
    0.5,
    -0.0,
    float("nan"),
    float("inf"),
    "",
    " ",
    "\0",
    "\ud800",
    "\x1b[2J",
    "<script>",
    "é" * 300,
    "10.0.0.0/8",
    "10.0.0.1-10.0.0.9",
    "2001:db8::/32",
    "3.0.3",
    "unix",
    "http",
    [],
    {},
)
ONE_IN = 4


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """Return JSON with a part or two changed; now and then bytes that libFuzzer has changed as it likes."""
    chance = random.Random(seed)  # noqa: S311 - for libFuzzer to repeat
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        tree = None
    if tree is None or chance.randrange(ONE_IN * 2) == 0:
        changed: bytes = atheris.Mutate(data, max_size)
        return changed
    for _ in range(chance.randint(1, 3)):
        tree = _changed(tree, chance)
    return json.dumps(tree).encode()[:max_size]


def _changed(tree: Any, chance: random.Random) -> Any:  # noqa: ANN401 - JSON
    holders = list(_holders(tree))
    if not holders:
        return _anything(chance, [])
    holder = chance.choice(holders)
    keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    key = chance.choice(keys)
    change = chance.randrange(6)
    if change == 0:
        del holder[key]
    elif change == 1 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif change == 2 and isinstance(holder, dict):  # noqa: PLR2004 - one of the changes
        other = chance.choice(holders)
        name = chance.choice(list(other)) if isinstance(other, dict) else "x"
        holder[name] = holder.pop(key)
    else:
        holder[key] = _anything(chance, holders)
    return tree


def _anything(chance: random.Random, holders: list[Holder]) -> Any:  # noqa: ANN401 - JSON
    if holders and chance.randrange(ONE_IN) == 0:
        return json.loads(json.dumps(chance.choice(holders)))
    if chance.randrange(ONE_IN) == 0:
        return chance.randint(-(2**70), 2**70)
    return chance.choice(SCALARS)


def _holders(tree: Any) -> Iterator[Holder]:  # noqa: ANN401 - JSON
    """Walk through the maps and lists that are not empty."""
    pending = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, dict | list) and value:
            yield value
            pending += value.values() if isinstance(value, dict) else value
