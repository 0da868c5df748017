"""Pages are compressed for whoever accepts that, and are the same pages; what cannot be written is told of."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from structlog.testing import capture_logs

from kea_exporter.facts.failure import known
from kea_exporter.facts.statistics import Measure
from kea_exporter.web.writer import SHORTEST, PageWriter, accepts_gzip, compressed
from tests.support.examples import sound
from tests.support.pages import reports

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize(
    "header",
    [
        "gzip",
        "GZIP",
        " gzip ",
        "x-gzip",
        "deflate, gzip;q=1.0, *;q=0.5",
        "gzip;q=0.001",
        "gzip ; q = 0.5",
        "identity, gzip",
        "*",
        "*;q=0.1",
        "br;q=1.0, gzip;q=0.8",
        "identity;q=0, *",
        "gzip;level=9",
        "*;q=0, gzip",
        # What Prometheus sends.
        "gzip, zstd",
    ],
)
def test_gzip_is_accepted_where_it_is_named_or_anything_is(header: str) -> None:
    assert accepts_gzip(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "identity",
        "br",
        "deflate, br",
        "gzip;q=0",
        "gzip;q=0.000",
        "GZIP;Q=0",
        "*;q=0",
        "*, gzip;q=0",
        "x-gzip;q=0, *",
        "gzip;q=",
        "gzip;q=much",
        "gzip;q=-1",
        "gzip;q=nan",
        "gzip;q=0.5;q=0.5",
        "gzipped",
        "not gzip",
        ",,;,=,",
        ";q=1",
    ],
)
def test_it_is_not_accepted_otherwise(header: str) -> None:
    assert not accepts_gzip(header)


@given(st.text())
def test_no_header_raises(header: str) -> None:
    assert accepts_gzip(header) in {True, False}


@given(st.binary(max_size=5000))
def test_what_is_compressed_is_the_same_once_unpacked(body: bytes) -> None:
    assert gzip.decompress(compressed(body)) == body
    assert compressed(body) == compressed(body)


def written(pages: int, **accepted: str) -> tuple[bytes, Mapping[str, str]]:
    headers = Headers({name.replace("_", "-"): value for name, value in accepted.items()})
    return PageWriter().write(reports(*[sound()] * pages), headers)


@pytest.mark.parametrize("accept", ["", "application/openmetrics-text; version=1.0.0"])
def test_a_page_is_compressed_for_whoever_accepts_it(accept: str) -> None:
    plain, plainly = written(1, Accept=accept)
    packed, headers = written(1, Accept=accept, Accept_Encoding="gzip")
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 3
    assert "Content-Encoding" not in plainly
    assert headers == {**plainly, "Content-Encoding": "gzip"}
    assert plainly["Vary"] == "Accept, Accept-Encoding"


def test_a_short_page_is_not_compressed() -> None:
    page, headers = written(0, Accept_Encoding="gzip")
    assert len(page) < SHORTEST
    assert "Content-Encoding" not in headers


def test_samples_that_cannot_be_written_are_counted_and_logged() -> None:
    counted = known(sound().statistics)
    below_zero = replace(counted, values={**counted.values, Measure.LEASES_RECLAIMED: {(): -1}})
    writer = PageWriter()
    with capture_logs() as logs:
        page, _ = writer.write(reports(sound(statistics=below_zero)), Headers())
    assert b"kea_leases_reclaimed_total{" not in page
    assert writer.samples_dropped == 1
    [line] = logs
    assert (line["event"], line["families"]) == ("samples dropped", ["kea_leases_reclaimed_total"])
