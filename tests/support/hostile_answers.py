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
    return _around('{"subnets": [', [entry % (it, it >> 8, it & 255) for it in range(count)], "]}")


@cache
def names(count: int, pattern: str) -> bytes:
    """Return the answer of statistic-get-all with as many statistics whose names have a number in them."""
    return _around("{", [f'"{pattern % it}":[[1,""]]' for it in range(count)], "}")


@cache
def filled(piece: str, size: int) -> bytes:
    """Return an answer with as many pieces as fit into a size."""
    return _around("[", [piece] * ((size - 100) // (len(piece) + 1)), "]")


def padded(bodies: Mapping[str, bytes], piece: str, size: int) -> Mapping[str, bytes]:
    """Return sound answers with as many pieces as fit into a size, under a key that nobody reads."""
    padding = filled(piece, size - 10_000).removeprefix(b'{"result": 0, "arguments": ')
    return {name: body.removesuffix(b"}") + b', "padding": ' + padding for name, body in bodies.items()}


def _around(before: str, entries: list[str], after: str) -> bytes:
    return f'{{"result": 0, "arguments": {before}{",".join(entries)}{after}}}'.encode()


def _arguments(command: str) -> Any:  # noqa: ANN401 - JSON
    return recorded("kea-3.2.0", "dhcp4")[command]["arguments"]
