"""How the pages are served: options of the command line, the headers of every page, and how long a scrape may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers would then name no origin with our own forms.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class WebOptions:
    """How the pages are served.

    Attributes:
        timeout_offset: seconds kept back of the time that Prometheus allows.
        max_requests: how many requests that make Kea work may be in flight.
        enable_lifecycle: whether a request may reload the configuration.
        own_hosts: names by which a POST may reach the exporter, beside addresses and names without a dot.
    """

    telemetry_path: str = "/metrics"
    timeout_offset: float = 0.5
    max_requests: int = 40
    enable_lifecycle: bool = False
    own_hosts: frozenset[str] = frozenset()


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
