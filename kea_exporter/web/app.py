"""The ASGI application."""

from __future__ import annotations

import html
import platform
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from anyio import CapacityLimiter, to_thread
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from kea_exporter import __version__
from kea_exporter.collector import StoppedError
from kea_exporter.metrics import FAMILIES, ExporterState, Page, read_families
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.transport.deadline import Deadline
from kea_exporter.web.compression import SHORTEST, accepts_gzip, compressed
from kea_exporter.web.debug import debug_page
from kea_exporter.web.timeout import scrape_seconds

if TYPE_CHECKING:
    from starlette.requests import Request

    from kea_exporter.collector import Collector
    from kea_exporter.config import Settings

TIMEOUT_HEADER = "X-Prometheus-Scrape-Timeout-Seconds"
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}

log = structlog.get_logger("web")


@dataclass(frozen=True)
class WebOptions:
    """How the pages are served.

    Attributes:
        timeout_offset: seconds kept back of the time that Prometheus allows.
        max_requests: how many requests for metrics may be in flight.
    """

    telemetry_path: str = "/metrics"
    timeout_offset: float = 0.5
    max_requests: int = 40


def create_app(settings: Settings, collector: Collector, options: WebOptions) -> Starlette:
    """Return the application that serves the metrics of all daemons in *settings*."""
    metrics = _MetricsPage(settings, collector, options)
    landing = _landing_page(settings, options)

    async def landing_page(_: Request) -> Response:
        return HTMLResponse(landing, headers=PAGE_HEADERS)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("kea-exporter is healthy.\n")

    async def debug(_: Request) -> Response:
        return PlainTextResponse(debug_page(collector.last(settings.daemons)), headers=PAGE_HEADERS)

    return Starlette(
        routes=[
            Route("/", landing_page),
            Route(options.telemetry_path, metrics.answer),
            Route("/-/healthy", healthy),
            Route("/-/ready", healthy),
            Route("/debug", debug),
        ]
    )


class _MetricsPage:
    """Collects and writes the page anew for each request; counts what is about requests themselves."""

    def __init__(self, settings: Settings, collector: Collector, options: WebOptions) -> None:
        self._settings = settings
        self._collector = collector
        self._options = options
        self._loaded_at = time.time()
        self._build = (__version__, platform.python_version(), ssl.OPENSSL_VERSION)
        self._in_flight = self._rejected = self._dropped = 0
        self._limiter = CapacityLimiter(options.max_requests)
        self._encoder = Encoder()
        self._process = CollectorRegistry(auto_describe=False)
        for make in (ProcessCollector, PlatformCollector, GCCollector):
            make(registry=self._process)

    async def answer(self, request: Request) -> Response:
        """Answer one request for metrics; 503 where too many are in flight already."""
        if self._in_flight >= self._options.max_requests:
            self._rejected += 1
            return PlainTextResponse("too many requests in flight, try again later\n", 503, {"Retry-After": "5"})
        self._in_flight += 1
        try:
            seconds = scrape_seconds(request.headers.get(TIMEOUT_HEADER), self._options.timeout_offset)
            accept = request.headers.get("Accept", "")
            # Given up, not waited for, when the process ends.
            encodings = request.headers.get("Accept-Encoding", "")
            body, headers = await to_thread.run_sync(
                self._page, seconds, accept, encodings, abandon_on_cancel=True, limiter=self._limiter
            )
        except StoppedError:
            return PlainTextResponse("the exporter is ending\n", 503)
        finally:
            self._in_flight -= 1
        return Response(body, headers=headers)

    def _page(self, seconds: float, accept: str, encodings: str) -> tuple[bytes, dict[str, str]]:
        reports = self._collector.collect(self._settings.daemons, Deadline.after(seconds))
        read = list(read_families(FAMILIES, Page(reports, self._state())))
        for family, samples in read:
            if isinstance(samples, Exception):
                log.error("family cannot be read", family=family.name, exc_info=samples)
        body, content_type, dropped = self._encoder.encode(read, accept, self._process)
        self._dropped += dropped
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if len(body) < SHORTEST or not accepts_gzip(encodings):
            return body, headers
        return compressed(body), {**headers, "Content-Encoding": "gzip"}

    def _state(self) -> ExporterState:
        return ExporterState(
            build=self._build,
            reload_succeeded=True,
            reload_time=self._loaded_at,
            requests_in_flight=self._in_flight,
            requests_rejected=self._rejected,
            samples_dropped=self._dropped,
        )


def _landing_page(settings: Settings, options: WebOptions) -> str:
    servers = "".join(f"<li>{html.escape(name)}</li>" for name in settings.servers)
    path = html.escape(options.telemetry_path, quote=True)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>kea-exporter</title>'
        '<meta name="viewport" content="width=device-width"><style>:root{color-scheme:light dark}'
        "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}</style>"
        f"<h1>kea-exporter {__version__}</h1><p>Judges ISC Kea DHCP servers for Prometheus.</p>"
        f'<p><a href="{path}">Metrics</a> of these servers:</p><ul>{servers}</ul>'
        '<p><a href="/debug">What they were last asked</a></p></html>'
    )
