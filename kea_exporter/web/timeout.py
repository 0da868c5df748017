"""How long a scrape may take."""

from __future__ import annotations

import math

# What Prometheus allows unless it is configured otherwise (scrape_timeout).
DEFAULT_SECONDS = 10.0
SHORTEST_SECONDS = 0.1
MAX_SECONDS = 120.0


def scrape_seconds(header: str | None, offset: float) -> float:
    """Return the seconds that a scrape may take: what Prometheus allows, less *offset*, within sane bounds.

    Args:
        header: X-Prometheus-Scrape-Timeout-Seconds; anything but a number above 0 counts as absent.
        offset: seconds kept back for the way of the answer.
    """
    try:
        allowed = float(header) if header else DEFAULT_SECONDS
    except ValueError:
        allowed = DEFAULT_SECONDS
    if not (math.isfinite(allowed) and allowed > 0):
        allowed = DEFAULT_SECONDS
    return min(max(allowed - offset, SHORTEST_SECONDS), MAX_SECONDS)
