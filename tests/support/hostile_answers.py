"""Answers that no Kea gives, as bytes: each for one command, among sound answers to the others."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.support.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Mapping


def said(arguments: object) -> bytes:
    return json.dumps({"result": 0, "arguments": arguments}).encode()


def status(changes: Mapping[str, object]) -> bytes:
    return said({**_arguments("status-get"), **changes})


def pair() -> list[Any]:
    """Return the only relationship of a sound pair, as status-get has it."""
    found: list[Any] = recorded("kea-3.0.3", "high-availability")["hot-standby"]["arguments"]["high-availability"]
    return found


def nested(depth: int) -> bytes:
    return b'{"result": 0, "arguments": ' + b"[" * depth + b"]" * depth + b"}"


def rows(*given: object) -> bytes:
    arguments = _arguments("stat-lease4-get")
    return said({"result-set": {**arguments["result-set"], "rows": list(given)}})


def statistics(sample: object) -> bytes:
    return said({name: [[sample, "2026-11-23 16:02:30.129558"]] for name in _arguments("statistic-get-all")})


@cache
def subnets(count: int) -> bytes:
    entry = '{"id":%d,"shared-network-name":null,"subnet":"10.%d.%d.0/24"}'
    return _around('{"subnets": [', [entry % (number, number >> 8, number & 255) for number in range(count)], "]}")


@cache
def names(count: int, pattern: str) -> bytes:
    """Return the answer of statistic-get-all with as many statistics whose names have a number in them."""
    return _around("{", [f'"{pattern % number}":[[1,""]]' for number in range(count)], "}")


@cache
def filled(piece: str, size: int) -> bytes:
    """Return an answer with as many pieces as fit into a size."""
    return _around("[", [piece] * ((size - 100) // (len(piece) + 1)), "]")


def numbered(entry: str, size: int) -> bytes:
    """Return an answer with as many entries of a map as fit into a size, each with a number in its key."""
    length = len(entry % (size // 10)) + 1
    return _around("{", [entry % number for number in range((size - 100) // length)], "}")


def beside_a_text(piece: str, size: int, share: float) -> bytes:
    """Return an answer with pieces in a share of its size, and a text in the rest."""
    text = "x" * int((1 - share) * size)
    return _around("[", [f'"{text}"', *[piece] * (int(share * size - 100) // (len(piece) + 1))], "]")


def wide_text(size: int) -> bytes:
    """Return an answer with one text whose last character makes each of them take four bytes in memory."""
    return _around('{"a": "', ["x" * (size - 100) + "\\ud83d\\ude00"], '"}')


def sampled(size: int) -> bytes:
    """Return an answer of statistic-get-all with twenty samples of each statistic, as Kea writes them."""
    sample = '[ 257, "2026-11-23 16:02:30.129558" ]'
    entry = f'"subnet[%05d].pool[0].assigned-addresses": [ {", ".join([sample] * 20)} ]'
    return numbered(entry, size)


def padded(bodies: Mapping[str, bytes], piece: str, size: int) -> Mapping[str, bytes]:
    """Return sound answers with as many pieces as fit into a size, under a key that nobody reads."""
    padding = filled(piece, size - 10_000).removeprefix(b'{"result": 0, "arguments": ')
    return {name: body.removesuffix(b"}") + b', "padding": ' + padding for name, body in bodies.items()}


def _around(before: str, entries: list[str], after: str) -> bytes:
    return f'{{"result": 0, "arguments": {before}{",".join(entries)}{after}}}'.encode()


def _arguments(command: str) -> Any:  # noqa: ANN401 - JSON
    return recorded("kea-3.2.0", "dhcp4")[command]["arguments"]
