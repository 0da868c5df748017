"""The page as text, against prometheus_client, which is the oracle: byte for byte, but for what cannot be written."""

from __future__ import annotations

import gc
import math
import weakref
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kea_exporter.metrics import Family, Sample
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.metrics.model import Column, Kind
from tests.support.pages import singly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kea_exporter.metrics.model import Samples

Labels = tuple[str, ...]
Read = list[tuple[Family, list[Any] | Exception]]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
# What Prometheus 3 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
SCHEMES = [f"{OPENMETRICS};escaping={scheme}" for scheme in ("allow-utf-8", "underscores", "dots", "values")]
ACCEPTED = ["", "*/*", "text/plain;version=1.0.0;escaping=allow-utf-8", OPENMETRICS, *SCHEMES, PROMETHEUS]

GAUGE = Family("kea_test_value", Kind.GAUGE, "A value.", ("name",), lambda _: ())
COUNTER = Family("kea_test_total", Kind.COUNTER, "A count.", ("name",), lambda _: ())
OF_SERVERS = replace(GAUGE, labels=("server", "name"))
BARE = replace(GAUGE, labels=())


class Rows:
    """Values of labels that say how often they were read."""

    def __init__(self, *rows: Any) -> None:  # noqa: ANN401 - what is no row at all, too
        self._rows = rows
        self.readings = 0

    @property
    def rows(self) -> Sequence[Labels]:
        self.readings += 1
        return self._rows


def encoded(read: Read, accept: str = "") -> tuple[bytes, int]:
    """Return the page, and how many samples were left out."""
    body, _, dropped = Encoder().encode(read, accept)
    return body, dropped.total()


def lines(*samples: Samples, family: Family = GAUGE, encoder: Encoder | None = None) -> list[str]:
    """Return the lines of one family but for its head; not one of its samples may be left out."""
    body, _, dropped = (encoder or Encoder()).encode([(family, list(samples))])
    assert not dropped
    return body.decode().removesuffix("\n").split("\n")[2:]


# The oracle


class Oracle(Collector):
    def __init__(self, read: Read) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        for family, samples in self._read:
            metric = Metric(family.name.removesuffix("_total"), family.help, str(family.kind))
            assert not isinstance(samples, Exception)
            for labels, value in singly(samples):
                metric.add_sample(family.name, dict(zip(family.labels, labels, strict=True)), float(value))
            if metric.samples:
                yield metric


TEXTS = st.text(st.sampled_from('\\"\n{}=, aÄ\u6771\U0001f600'), max_size=8) | st.text(st.characters(codec="utf-8"))
INTEGERS = st.integers(-(2**130), 2**130)
VALUES = INTEGERS | st.floats(allow_nan=False, allow_infinity=False) | st.booleans()


@st.composite
def families(draw: st.DrawFn) -> Family:
    kind = draw(st.sampled_from(Kind))
    names = draw(st.lists(st.sampled_from(["server", "daemon", "Z", "a", "_b", "subnet_id"]), max_size=4, unique=True))
    name = "kea_" + draw(st.sampled_from("abcdef")) + ("_total" if kind is Kind.COUNTER else "")
    return Family(name, kind, draw(TEXTS), tuple(names), lambda _: ())


@st.composite
def found(draw: st.DrawFn, family: Family) -> list[Samples]:
    """Draw samples one by one and by the column; their first labels tell them apart."""
    legal = partial(max, 0) if family.kind is Kind.COUNTER else lambda value: value
    if not family.labels:
        return draw(st.lists(st.builds(Sample, st.just(()), VALUES.map(legal)), max_size=1))
    others = len(family.labels) - 1
    samples: list[Samples] = []
    for first in draw(st.lists(TEXTS, max_size=4, unique=True)):
        row = st.tuples(*[TEXTS] * others)
        if draw(st.booleans()):
            rows = draw(st.lists(row, max_size=5, unique=True))
            values = draw(st.lists(st.none() | INTEGERS.map(legal), max_size=len(rows)))
            samples.append(Column(Rows(*rows), values, (first,)))
        else:
            samples.append(Sample((first, *draw(row)), draw(VALUES.map(legal))))
    return samples


@st.composite
def pages(draw: st.DrawFn) -> Read:
    chosen = draw(st.lists(families(), max_size=4, unique_by=lambda family: family.name))
    return [(family, list(draw(found(family)))) for family in chosen]


@given(read=pages(), accept=st.sampled_from(ACCEPTED))
def test_a_page_is_byte_for_byte_that_of_prometheus_client(read: Read, accept: str) -> None:
    body, content_type, dropped = Encoder().encode(read, accept)
    write, same_type = choose_encoder(content_type)
    assert not dropped
    assert body == write(Oracle(read))
    assert content_type == same_type
    assert content_type.startswith("application/openmetrics-text") == ("openmetrics" in accept)


@given(read=pages(), again=st.integers(1, 3))
def test_a_page_that_is_written_again_is_the_same(read: Read, again: int) -> None:
    encoder = Encoder()
    first = encoder.encode(read)
    assert [encoder.encode(read) for _ in range(again)] == [first] * again


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_what_is_not_ours_follows_and_openmetrics_ends_once(accept: str) -> None:
    registry = CollectorRegistry()
    Gauge("other", "Another's.", registry=registry).set(5)
    body, _, _ = Encoder().encode([(BARE, [Sample((), 1)])], accept, registry, registry)
    assert body.decode().splitlines() == [
        "# HELP kea_test_value A value.",
        "# TYPE kea_test_value gauge",
        "kea_test_value 1.0",
        *["# HELP other Another's.", "# TYPE other gauge", "other 5.0"] * 2,
        *(["# EOF"] if accept else []),
    ]


def test_a_counter_has_its_suffix_in_the_head_of_text_alone() -> None:
    read: Read = [(COUNTER, [Sample(("a",), 1)])]
    assert b"# TYPE kea_test_total counter\nkea_test_total{" in encoded(read)[0]
    assert b"# TYPE kea_test counter\nkea_test_total{" in encoded(read, OPENMETRICS)[0]


# What the client accepts


def test_prometheus_gets_openmetrics() -> None:
    body, content_type, _ = Encoder().encode([(BARE, [Sample((), 1)])], PROMETHEUS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", ";;,=,", "text/plain;version=1.x"])
def test_others_get_text(accept: str) -> None:
    assert Encoder().encode([], accept) == (b"", TEXT, {})


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text",
        "application/openmetrics-text;version=",
        "application/openmetrics-text;version=1.0.0;escaping=nonsense",
        "application/openmetrics-text;version=latest",
        "application/openmetrics-text;version=1." + "9" * 5000,
    ],
)
def test_no_accept_header_costs_the_page(accept: str) -> None:
    body, dropped = encoded([(BARE, [Sample((), 1)])], accept)
    assert b"\nkea_test_value 1.0\n" in body
    assert dropped == 0


# What cannot be written

NO_NUMBERS = {
    "a number too large": 10**400,
    "not a number": math.nan,
    "infinite": math.inf,
    "minus infinite": -math.inf,
    "no number at all": None,
    "a text": "many",
    "a list": [1],
}
NO_LABELS = {
    "a lone surrogate": ("\ud800",),
    "a label that is None": (None,),
    "a label that is a number": (1,),
    "a label that is a list": (["name"],),
    "too few labels": (),
    "too many labels": ("a", "b"),
}
BAD: dict[str, tuple[Family, Any, Any]] = {
    **{name: (GAUGE, ("bad",), value) for name, value in NO_NUMBERS.items()},
    **{name: (GAUGE, labels, 1) for name, labels in NO_LABELS.items()},
    "labels as before": (GAUGE, ("good",), 2),
    "a negative count": (COUNTER, ("bad",), -1),
    "a count that is not a number": (COUNTER, ("bad",), math.nan),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_sample_is_dropped_and_counted(case: str) -> None:
    family, labels, value = BAD[case]
    others = [(BARE, [Sample((), 1)])]
    good, also_good = Sample(("good",), 1), Sample(("also good",), 0)
    body, dropped = encoded([*others, (family, [good, Sample(labels, value), also_good]), *others])
    assert dropped == 1
    assert body == encoded([*others, (family, [good, also_good]), *others])[0]


@pytest.mark.parametrize("case", sorted(set(NO_NUMBERS) - {"no number at all", "a list"}))
def test_a_bad_value_of_a_column_is_dropped_and_counted(case: str) -> None:
    values: Any = (1, NO_NUMBERS[case], 3)
    body, dropped = encoded([(GAUGE, [Column(Rows(("a",), ("bad",), ("c",)), values)])])
    assert (body, dropped) == (encoded([(GAUGE, [Sample(("a",), 1), Sample(("c",), 3)])])[0], 1)


@pytest.mark.parametrize("case", NO_LABELS)
def test_a_column_with_bad_labels_costs_only_itself(case: str) -> None:
    column = Column(Rows(("a",), NO_LABELS[case], ("c",)), (1, 2, None))
    body, dropped = encoded([(GAUGE, [column, Sample(("good",), 1)])])
    assert (body, dropped) == (encoded([(GAUGE, [Sample(("good",), 1)])])[0], 2)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((1, [2]), id="a list"),
        pytest.param((1, 2, None, 4), id="more values than labels"),
        pytest.param((1, 2, 3), id="one value too many"),
    ],
)
def test_a_column_with_odd_values_costs_only_itself(values: Any) -> None:  # noqa: ANN401 - no values at all, too
    column = Column(Rows(("a",), ("b",)), values)
    body, dropped = encoded([(GAUGE, [column, Sample(("good",), 1)])])
    assert (body, dropped) == (encoded([(GAUGE, [Sample(("good",), 1)])])[0], len(column))


def test_a_negative_count_of_a_column_is_dropped_and_counted() -> None:
    body, dropped = encoded([(COUNTER, [Column(Rows(("a",), ("b",)), (-1, 2))])])
    assert (body, dropped) == (encoded([(COUNTER, [Sample(("b",), 2)])])[0], 1)


def test_a_family_of_which_no_sample_is_left_is_not_on_the_page() -> None:
    assert encoded([(GAUGE, [Sample(("bad",), math.nan)]), (COUNTER, [Column(Rows(("bad",)), (-1,))])]) == (b"", 2)
    assert encoded([(GAUGE, []), (GAUGE, [Column(Rows(), ())])]) == (b"", 0)


def test_a_family_that_could_not_be_read_is_one_sample_less() -> None:
    assert encoded([(GAUGE, ZeroDivisionError()), (BARE, [Sample((), 1)])]) == (
        encoded([(BARE, [Sample((), 1)])])[0],
        1,
    )


def test_a_negative_gauge_is_a_good_sample() -> None:
    assert lines(Sample(("below",), -1)) == ['kea_test_value{name="below"} -1.0']


# Columns


def test_a_column_is_a_sample_for_each_value_but_none() -> None:
    column = Column(Rows(("a",), ("b",), ("c",), ("not shown",)), (1, None, 2**64))
    assert lines(column) == ['kea_test_value{name="a"} 1.0', 'kea_test_value{name="c"} 1.8446744073709552e+19']


def test_the_same_rows_serve_several_servers() -> None:
    rows, encoder = Rows(("x",), ("y",)), Encoder()
    for values in ((1, 2), (3, 4)):
        columns = [Column(rows, values, (server,)) for server in ("one", "two")]
        assert lines(*columns, family=OF_SERVERS, encoder=encoder) == [
            f'kea_test_value{{name="{name}",server="{server}"}} {float(value)}'
            for server in ("one", "two")
            for name, value in zip("xy", values, strict=True)
        ]


def test_the_same_rows_serve_several_families() -> None:
    rows, encoder = Rows(("x",)), Encoder()
    body, _, _ = encoder.encode([(GAUGE, [Column(rows, (1,))]), (COUNTER, [Column(rows, (2,))])])
    assert [line for line in body.decode().splitlines() if not line.startswith("#")] == [
        'kea_test_value{name="x"} 1.0',
        'kea_test_total{name="x"} 2.0',
    ]


def test_the_text_of_labels_is_put_together_once() -> None:
    rows, encoder = Rows(("x",), ("y",)), Encoder()
    for value in range(3):
        encoder.encode([(OF_SERVERS, [Column(rows, (value, value), ("one",))])])
    assert rows.readings == 1


def test_the_text_of_labels_is_kept_no_longer_than_the_labels() -> None:
    rows, encoder = Rows(("x",)), Encoder()
    encoder.encode([(GAUGE, [Column(rows, (1,))])])
    kept = weakref.ref(rows)
    del rows
    gc.collect()
    assert kept() is None
    assert lines(Column(Rows(("other",)), (1,)), encoder=encoder) == ['kea_test_value{name="other"} 1.0']
