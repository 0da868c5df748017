"""Encoding of samples as text for Prometheus, in one pass.

Source: Prometheus documentation, "Exposition formats"; OpenMetrics 1.0. Byte for byte what prometheus_client would
write (a test compares them), in a small part of its time on a page of ten thousand subnets, and without its losing the
whole page to one bad sample: here that is left out and counted.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import compress
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from prometheus_client import exposition
from prometheus_client.utils import floatToGoString

from kea_exporter.metrics.model import Column, Kind, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from prometheus_client.registry import Collector

    from kea_exporter.metrics.model import Family, LabelRows, Samples

ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
ESCAPES_IN_TEXT_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
OPENMETRICS = "application/openmetrics-text"
END = b"# EOF\n"
# The starts of the lines of a column are kept for the next page where at least one of so many rows has a value.
SPARSE = 8
# The lines of a family with so many samples at most are kept: most say the same on the next page.
MAX_KEPT_SAMPLES = 100
# Below it, Go writes a number as Python does.
MAX_PLAIN = 1_000_000
# Errors of a sample that cannot be encoded: wrong type or number of labels, or an invalid value.
ENCODING_ERRORS = (AttributeError, TypeError, ValueError)


class Encoder:
    """Writes pages. The names and labels of whole columns are kept as text for as long as the labels are kept."""

    def __init__(self) -> None:
        # By the name or the labels of a family, and the labels that all rows share.
        self._kept: WeakKeyDictionary[LabelRows, dict[tuple[object, tuple[str, ...]], list[bytes]]] = (
            WeakKeyDictionary()
        )
        # By the name of a family.
        self._last: dict[str, _Written] = {}

    def encode(
        self,
        read: Iterable[tuple[Family, list[Samples] | Exception]],
        accept: str = "",
        *others: Collector,
    ) -> tuple[bytes, str, Counter[str]]:
        """Return the page, its content type, and how many samples of which families had to be left out.

        Args:
            read: families and their samples, or the error that reading a family ran into.
            accept: the `Accept` header of the request (Prometheus documentation, "Content negotiation").
            others: what follows on the page, from prometheus_client itself.
        """
        write_others, content_type = _negotiated(accept)
        is_openmetrics = content_type.startswith(OPENMETRICS)
        parts: list[bytes] = []
        dropped: Counter[str] = Counter()
        for family, samples in read:
            found, left_out = ([], 1) if isinstance(samples, Exception) else self._written(family, samples)
            if left_out:
                dropped[family.name] += left_out
            if found:
                parts.append(_head(family.name, family.help, family.kind, is_openmetrics=is_openmetrics))
                parts += found
        parts += [write_others(other).removesuffix(END) for other in others]
        if is_openmetrics:
            parts.append(END)
        # Joined once: a page has megabytes.
        return b"".join(parts), content_type, dropped

    def _written(self, family: Family, samples: list[Samples]) -> tuple[list[bytes], int]:
        """Return what `_parts` does; what it returned for the last page, where a family has the same few samples."""
        last = self._last.get(family.name)
        if last is not None and last.family is family and last.samples == samples:
            return last.parts, last.dropped
        parts, dropped = self._parts(family, samples)
        if len(samples) <= MAX_KEPT_SAMPLES and {*map(type, samples)} <= {Sample}:
            self._last[family.name] = _Written(family, samples, parts, dropped)
        return parts, dropped

    def _parts(self, family: Family, samples: Sequence[Samples]) -> tuple[list[bytes], int]:
        """Return the parts of the lines of a family, and how many samples cannot be written."""
        parts: list[bytes] = []
        seen: set[tuple[str, ...]] = set()
        dropped = 0
        for sample in samples:
            try:
                if isinstance(sample, Column):
                    column = self._column(family, sample)
                    dropped += len(sample) - len(column) // 2
                    parts += column
                elif sample.labels in seen or (value := _value(family, sample.value)) is None:
                    dropped += 1
                else:
                    labels = _labels(family.labels, sample.labels)
                    start = f"{family.name}{{{labels}}}" if labels else family.name
                    parts.append(f"{start} {value}\n".encode())
                    seen.add(sample.labels)
            except ENCODING_ERRORS:
                dropped += len(sample) if isinstance(sample, Column) else 1
        return parts, dropped

    def _column(self, family: Family, column: Column) -> list[bytes]:
        """Return the starts and the ends of the lines, in turns."""
        column, starts = self._with_starts(family, column)
        texts = {value: None if value is None else _value(family, value) for value in set(column.values)}
        if None in texts.values():
            kept = [text is not None for text in map(texts.get, column.values)]
            starts, values = list(compress(starts, kept)), list(compress(column.values, kept))
        else:
            values = list(column.values)
        ends = {value: f"{text}\n".encode() for value, text in texts.items()}
        parts = [b""] * (2 * len(starts))
        parts[::2], parts[1::2] = starts, [ends[value] for value in values]
        return parts

    def _with_starts(self, family: Family, column: Column) -> tuple[Column, list[bytes]]:
        """Return a column with the starts of its lines; those of a column with few values are not kept."""
        if len(column) * SPARSE > len(column.values):
            return column, self._starts_of_lines(family, column)[: len(column.values)]
        known = [
            (row, value) for row, value in zip(column.labels.rows, column.values, strict=False) if value is not None
        ]
        before, rows = f"{family.name}{{".encode(), [(*column.first_labels, *row) for row, _ in known]
        starts = [b"%b%b} " % (before, _labels(family.labels, row).encode()) for row in rows]
        return replace(column, values=[value for _, value in known]), starts

    def _starts_of_lines(self, family: Family, column: Column) -> list[bytes]:
        kept = self._kept.setdefault(column.labels, {})
        starts, labels = (family.name, column.first_labels), (family.labels, column.first_labels)
        if starts not in kept:
            if labels not in kept:
                rows = ((*column.first_labels, *row) for row in column.labels.rows)
                kept[labels] = [_labels(family.labels, row).encode() for row in rows]
            before = f"{family.name}{{".encode()
            kept[starts] = [b"%b%b} " % (before, text) for text in kept[labels]]
        return kept[starts]


class _Written(NamedTuple):
    """A family as it was written: the parts of its lines, and how many samples were left out."""

    family: Family
    samples: list[Samples]
    parts: list[bytes]
    dropped: int


def content_type_for(accept: str) -> str:
    """Return the content type of the page for an `Accept` header."""
    return _negotiated(accept)[1]


def _negotiated(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    # Our names need no escaping; with some schemes those of prometheus_client would be escaped, and ours not.
    accept = re.sub(r";\s*escaping=[^;,]*", "", accept)
    try:
        return exposition.choose_encoder(accept)
    except (TypeError, ValueError):  # a version in the header that is none
        return exposition.choose_encoder("")


@cache
def _head(name: str, text: str, kind: Kind, *, is_openmetrics: bool) -> bytes:
    text = text.translate(ESCAPES if is_openmetrics else ESCAPES_IN_TEXT_HELP)
    name = name.removesuffix("_total") if is_openmetrics else name
    return f"# HELP {name} {text}\n# TYPE {name} {kind}\n".encode()


def _value(family: Family, value: float) -> str | None:
    """Return a value as text; None where it is no finite number, or is below 0 and a counter's."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or (family.kind is Kind.COUNTER and number < 0):
        return None
    if number < MAX_PLAIN:
        return repr(number)
    text: str = floatToGoString(number)  # type: ignore[no-untyped-call]
    return text


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Return labels in the order of their names, as prometheus_client does, or raise one of ENCODING_ERRORS."""
    in_order, template = _template(names)
    if len(values) != len(names):
        raise ValueError("not as many labels as there are names")
    together = "".join(values)
    if '"' in together or "\\" in together or "\n" in together:
        values = tuple(value.translate(ESCAPES) for value in values)
    return template % in_order(values)


@cache
def _template(names: tuple[str, ...]) -> tuple[Callable[[tuple[str, ...]], object], str]:
    """Return what brings the values into the order of the names, and the text that they are put into."""
    order = sorted(range(len(names)), key=names.__getitem__)
    return itemgetter(*order) if len(order) > 1 else tuple, ",".join(f'{names[place]}="%s"' for place in order)
