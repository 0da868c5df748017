"""Families and samples. The framework, not each family, turns a missing fact into an absent sample."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kea_exporter.failure import UnknownFactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.metrics.exporter import ExporterState
    from kea_exporter.requirements import Report


class Kind(StrEnum):
    """The metric types in use (Prometheus documentation, "Metric types")."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True)
class Sample:
    """One value with the values of its family's labels, in their order."""

    labels: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class Page:
    """What one page is made of; *exporter* is None where the page is not about the exporter itself."""

    reports: tuple[Report, ...]
    exporter: ExporterState | None = None


@dataclass(frozen=True)
class Family:
    """One metric family.

    Attributes:
        name: as on the page, `_total` of a counter included.
        help: one sentence.
        labels: the names of the labels of every sample.
        read: finds the samples of a whole page.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    read: Callable[[Page], Iterable[Sample]]


def per_daemon(
    name: str,
    help: str,  # noqa: A002 - Prometheus' word
    read: Callable[[Report], Iterable[Sample]],
    labels: tuple[str, ...] = (),
    kind: Kind = Kind.GAUGE,
) -> Family:
    """Return a family with samples of each daemon, whose labels `server` and `daemon` go in front."""

    def read_page(page: Page) -> Iterator[Sample]:
        for report in page.reports:
            target = report.snapshot.target
            for sample in _known_samples(read, report):
                yield Sample((target.server, str(target.daemon), *sample.labels), sample.value)

    return Family(name, kind, help, ("server", "daemon", *labels), read_page)


def one(value: float) -> tuple[Sample, ...]:
    """Return the only sample of a family without labels of its own."""
    return (Sample((), value),)


def read_families(families: Iterable[Family], page: Page) -> Iterator[tuple[Family, list[Sample] | Exception]]:
    """Return each family with its samples, or with the error that reading it ran into: others are not concerned."""
    for family in families:
        try:
            yield family, list(family.read(page))
        except Exception as error:  # noqa: BLE001 - the edge of a family: one mistake must not cost the page
            yield family, error


def _known_samples(read: Callable[[Report], Iterable[Sample]], report: Report) -> list[Sample]:
    try:
        return list(read(report))
    except UnknownFactError:
        return []
