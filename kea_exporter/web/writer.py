"""Pages of metrics, from reports to the bytes of an answer, compressed where that is accepted."""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING, TypeAlias

import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from kea_exporter.metrics import FAMILIES, Page, read_families
from kea_exporter.metrics.encoding import Encoder, content_type_for
from kea_exporter.rate_limit import RateLimitedWarning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import Headers

    from kea_exporter.metrics import ExporterState
    from kea_exporter.requirements import Report

EncodedPage: TypeAlias = "tuple[bytes, Mapping[str, str]]"

# Below this, the headers of gzip and the time for it are not worth the bytes.
SHORTEST = 1024
# Chosen by measurement (bench/results.md): higher levels take several times as long for a few per cent of bytes.
LEVEL = 1

log = structlog.get_logger("web")


def variant(accepted: Headers) -> tuple[str, bool]:
    """Return content type and compression of a page, by the headers of the request."""
    return content_type_for(accepted.get("Accept", "")), accepts_gzip(accepted.get("Accept-Encoding", ""))


class PageWriter:
    """Encodes pages as the client accepts them; counts the samples that were dropped."""

    def __init__(self) -> None:
        self.samples_dropped = 0
        self._counting = threading.Lock()
        self._left_out = RateLimitedWarning("samples dropped")
        self._encoder = Encoder()
        self._process = CollectorRegistry(auto_describe=False)
        for make in (ProcessCollector, PlatformCollector, GCCollector):
            make(registry=self._process)

    def write(
        self, reports: tuple[Report, ...], accepted: Headers, exporter: ExporterState | None = None
    ) -> EncodedPage:
        """Return the body and the headers of a page.

        Args:
            reports: the reports on the page.
            accepted: the headers of the request.
            exporter: the state of the exporter; None for a page without it.
        """
        read = list(read_families(FAMILIES, Page(reports, exporter)))
        for family, samples in read:
            if isinstance(samples, Exception):
                log.error("family read failed", family=family.name, exc_info=samples)
        others = (self._process,) if exporter else ()
        body, content_type, dropped = self._encoder.encode(read, accepted.get("Accept", ""), *others)
        if dropped:
            with self._counting:
                self.samples_dropped += dropped.total()
            self._left_out.warn(families=sorted(dropped))
        headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
        if len(body) < SHORTEST or not accepts_gzip(accepted.get("Accept-Encoding", "")):
            return body, headers
        return compressed(body), {**headers, "Content-Encoding": "gzip"}


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
