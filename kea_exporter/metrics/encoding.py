"""Samples to the text that Prometheus reads, in one pass.

Source: Prometheus documentation, "Exposition formats"; OpenMetrics 1.0. Byte for byte what prometheus_client would
write (a test compares them), in a small part of its time on a page of ten thousand subnets, and without its losing the
whole page to one bad sample: here that is left out and counted.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from prometheus_client import exposition
from prometheus_client.utils import floatToGoString

from kea_exporter.metrics.model import Column, Kind, Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prometheus_client.registry import Collector

    from kea_exporter.metrics.model import Family, LabelRows, Samples

ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
ESCAPES_IN_TEXT_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
OPENMETRICS = "application/openmetrics-text"
END = b"# EOF\n"
# What writing a bad sample raises: labels that are no texts, too few or too many, or not to be encoded; odd values.
MISTAKES = (AttributeError, TypeError, ValueError)


class Encoder:
    """Writes pages. The names and labels of whole columns are kept as text for as long as the labels are kept."""

    def __init__(self) -> None:
        self._texts: WeakKeyDictionary[LabelRows, dict[tuple[str, ...], list[str]]] = WeakKeyDictionary()

    def encode(
        self,
        read: Iterable[tuple[Family, list[Samples] | Exception]],
        accept: str = "",
        *others: Collector,
    ) -> tuple[bytes, str, int]:
        """Return the page, its content type, and how many samples had to be left out.

        Args:
            read: families and their samples, or the error that reading a family ran into.
            accept: the `Accept` header of the request (Prometheus documentation, "Content negotiation").
            others: what follows on the page, from prometheus_client itself.
        """
        write_others, content_type = _negotiated(accept)
        is_openmetrics = content_type.startswith(OPENMETRICS)
        parts: list[str] = []
        dropped = 0
        for family, samples in read:
            lines, left_out = ([], 1) if isinstance(samples, Exception) else self._lines(family, samples)
            dropped += left_out
            if lines:
                parts.append(_head(family, is_openmetrics=is_openmetrics))
                parts += lines
        tail = b"".join(write_others(other).removesuffix(END) for other in others) + (END if is_openmetrics else b"")
        return "".join(parts).encode() + tail, content_type, dropped

    def _lines(self, family: Family, samples: Sequence[Samples]) -> tuple[list[str], int]:
        lines: list[str] = []
        seen: set[tuple[str, ...]] = set()
        for sample in samples:
            with suppress(*MISTAKES):
                if isinstance(sample, Column):
                    lines += self._column(family, sample)
                elif sample.labels not in seen:
                    lines.append(_line(family, sample))
                    seen.add(sample.labels)
        return lines, sum(len(sample) if isinstance(sample, Column) else 1 for sample in samples) - len(lines)

    def _column(self, family: Family, column: Column) -> list[str]:
        ends = {value: _end_of_line(family, value) for value in set(column.values)}
        lines = zip(self._starts_of_lines(family, column), [ends[value] for value in column.values], strict=False)
        return [start + end for start, end in lines if end is not None]

    def _starts_of_lines(self, family: Family, column: Column) -> list[str]:
        kept = self._texts.setdefault(column.labels, {})
        key = (family.name, *column.first_labels)
        if key not in kept:
            rows = ((*column.first_labels, *row) for row in column.labels.rows)
            starts = [f"{family.name}{{{_labels(family.labels, row)}}} " for row in rows]
            "".join(starts).encode()
            kept[key] = starts
        return kept[key]


def _negotiated(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    try:
        return exposition.choose_encoder(accept)
    except (TypeError, ValueError):  # a version in the header that is none
        return exposition.choose_encoder("")


def _head(family: Family, *, is_openmetrics: bool) -> str:
    if is_openmetrics:
        name, text = family.name.removesuffix("_total"), family.help.translate(ESCAPES)
    else:
        name, text = family.name, family.help.translate(ESCAPES_IN_TEXT_HELP)
    return f"# HELP {name} {text}\n# TYPE {name} {family.kind}\n"


def _line(family: Family, sample: Sample) -> str:
    """Return the line of a sample, or raise one of MISTAKES."""
    value, labels = _value(family, sample.value), _labels(family.labels, sample.labels)
    if value is None:
        raise ValueError("a value that cannot be written")
    labels.encode()
    return f"{family.name}{{{labels}}} {value}\n" if labels else f"{family.name} {value}\n"


def _value(family: Family, value: float) -> str | None:
    """Return a value as text; None where it is no finite number, or is below 0 and a counter's."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or (family.kind is Kind.COUNTER and number < 0):
        return None
    text: str = floatToGoString(number)  # type: ignore[no-untyped-call]
    return text


def _end_of_line(family: Family, value: int | None) -> str | None:
    text = None if value is None else _value(family, value)
    return None if text is None else f"{text}\n"


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    return ",".join(_pairs(names, values))


def _pairs(names: tuple[str, ...], values: tuple[str, ...]) -> Iterator[str]:
    """Return labels in the order of their names, as prometheus_client does."""
    for name, value in sorted(zip(names, values, strict=True)):
        yield f'{name}="{value.translate(ESCAPES)}"'
