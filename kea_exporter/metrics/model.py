"""Families and samples. The framework, not each family, turns a missing fact into an absent sample."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kea_exporter.facts.failure import UnknownFactError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kea_exporter.requirements import Report


class Kind(StrEnum):
    """The metric types in use (Prometheus documentation, "Metric types")."""

    GAUGE = "gauge"
    COUNTER = "counter"


class Sample(NamedTuple):
    """One value with the values of its family's labels, in their order."""

    labels: tuple[str, ...]
    value: float


class LabelRows(Protocol):
    """Label values of many samples; no two rows are alike.

    Compared by identity, so that the text of the same labels is put together once (see `encoding`).
    """

    @property
    def rows(self) -> Sequence[tuple[str, ...]]:
        """Return the values of the labels of each sample."""


@dataclass(frozen=True)
class Column:
    """Many samples of one family, for tens of thousands of subnets.

    Attributes:
        first_labels: values of the labels that all samples share; they come first.
        labels: values of the other labels of each sample; further rows than there are values have no sample.
        values: None where there is no sample.
    """

    labels: LabelRows
    values: Sequence[int | None]
    first_labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return how many samples there are."""
        return len(self.values) - self.values.count(None)


Samples = Sample | Column


@dataclass(frozen=True)
class ExporterState:
    """State of the exporter at one moment.

    Attributes:
        build: values of the labels of kea_exporter_build_info.
        reload_time: when the configuration was last loaded, in seconds since the epoch.
    """

    build: tuple[str, ...]
    reload_succeeded: bool
    reload_time: float
    requests_in_flight: int
    requests_rejected: int
    samples_dropped: int


@dataclass(frozen=True)
class Page:
    """Content of one page; *exporter* is None on a page without the exporter's own families."""

    reports: tuple[Report, ...]
    exporter: ExporterState | None = None


@dataclass(frozen=True)
class Family:
    """One metric family.

    Attributes:
        name: as on the page, `_total` of a counter included.
        help: one sentence.
        labels: the names of the labels of every sample.
        read: returns the samples of a whole page.
        source: the commands or other source of the values, for the documentation.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    read: Callable[[Page], Iterable[Samples]]
    source: str = ""


def per_daemon(  # noqa: PLR0913, PLR0917 - the columns of a table
    name: str,
    help: str,  # noqa: A002 - Prometheus' word
    read: Callable[[Report], Iterable[Samples]],
    labels: tuple[str, ...] = (),
    kind: Kind = Kind.GAUGE,
    source: str = "",
) -> Family:
    """Return a family with samples of each daemon, whose labels `server` and `daemon` go in front."""

    def read_page(page: Page) -> Iterator[Samples]:
        for report in page.reports:
            target = report.snapshot.target
            first_labels = (target.server, str(target.daemon))
            try:
                samples = list(read(report))
            except UnknownFactError:
                continue
            for found in samples:
                if isinstance(found, Column):
                    yield replace(found, first_labels=(*first_labels, *found.first_labels))
                else:
                    yield Sample(first_labels + found.labels, found.value)

    return Family(name, kind, help, ("server", "daemon", *labels), read_page, source)


def one(value: float | None) -> tuple[Sample, ...]:
    """Return the only sample of a family without labels of its own; none where *value* is None."""
    return () if value is None else (Sample((), value),)


def read_families(families: Iterable[Family], page: Page) -> Iterator[tuple[Family, list[Samples] | Exception]]:
    """Return each family with its samples, or with the error that reading them raised."""
    for family in families:
        try:
            yield family, list(family.read(page))
        except Exception as error:  # noqa: BLE001 - one family must not fail the whole page
            yield family, error
