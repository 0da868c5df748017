"""Snapshots to samples, as the pages have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.config.profiles import IPAM
from kea_exporter.metrics import FAMILIES, ExporterState, Page
from kea_exporter.metrics.model import Column
from kea_exporter.requirements import REQUIREMENTS, judge_all
from tests.support.examples import TAKEN_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.metrics.model import Samples
    from kea_exporter.requirements import Report

Labels = tuple[str, ...]

EXPORTER = ExporterState(
    build=("1.2.3", "3.13.0", "OpenSSL 3.0.19"),
    reload_succeeded=True,
    reload_time=TAKEN_AT,
    requests_in_flight=1,
    requests_rejected=2,
    samples_dropped=3,
)


def reports(*snapshots: Snapshot, profile: Profile = IPAM) -> tuple[Report, ...]:
    return tuple(judge_all(REQUIREMENTS, snapshot, profile) for snapshot in snapshots)


def singly(samples: Iterable[Samples]) -> Iterator[tuple[Labels, float]]:
    """Return labels and value of each sample, those of columns too."""
    for sample in samples:
        if isinstance(sample, Column):
            for row, value in zip(sample.labels.rows, sample.values, strict=False):
                if value is not None:
                    yield (*sample.first_labels, *row), value
        else:
            yield sample.labels, sample.value


def on_page(name: str, page: Page) -> dict[Labels, float]:
    """Return the samples of one family by their labels."""
    [family] = [family for family in FAMILIES if family.name == name]
    return dict(singly(family.read(page)))


def samples(name: str, *snapshots: Snapshot) -> dict[Labels, float]:
    return on_page(name, Page(reports(*snapshots), EXPORTER))


def own(name: str, snapshot: Snapshot) -> dict[Labels, float]:
    """Return the samples of one daemon by their labels after `server` and `daemon`."""
    return {labels[2:]: value for labels, value in samples(name, snapshot).items()}
