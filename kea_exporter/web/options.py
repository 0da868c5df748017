"""How the pages are served: options of the command line, and the headers of every page."""

from __future__ import annotations

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
