"""Compressing a page for whoever accepts it (RFC 9110, "Accept-Encoding")."""

from __future__ import annotations

import gzip

# Below this, the headers of gzip and the time for it are not worth the bytes.
SHORTEST = 1024
# Chosen by measurement (bench/results.md): higher levels take several times as long for a few per cent of bytes.
LEVEL = 1


def accepts_gzip(header: str) -> bool:
    """Return whether an `Accept-Encoding` header allows gzip: named or by `*`, and not with a weight of 0."""
    weights = dict(map(_weighed, header.lower().split(",")))
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def compressed(body: bytes) -> bytes:
    """Return *body* as gzip, the same bytes for the same body."""
    return gzip.compress(body, LEVEL, mtime=0)


def _weighed(part: str) -> tuple[str, float]:
    coding, _, parameter = part.partition(";")
    name, _, weight = parameter.strip().partition("=")
    try:
        return coding.strip(), float(weight) if name.strip() == "q" else 1.0
    except ValueError:
        return coding.strip(), 0.0
