"""The check report as a file for the textfile collector of node_exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.metrics import Page, read_families
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.metrics.model import Family, Kind, Sample
from kea_exporter.metrics.reaching import FAMILIES as REACHING
from kea_exporter.metrics.requirements import FAMILIES as REQUIREMENTS
from kea_exporter.metrics.tls import FAMILIES as TLS

if TYPE_CHECKING:
    from kea_exporter.reports.model import Check

# A check is one look: what is counted or measured over time is for the exporter to serve.
NAMES = {"kea_up", "kea_certificate_not_after_timestamp_seconds"}


def as_prometheus(check: Check) -> str:
    """Return the verdicts, whether daemons answer, and when certificates expire, in Prometheus' text format."""
    families = [*(family for family in (*REACHING, *TLS) if family.name in NAMES), *REQUIREMENTS, _time(check)]
    body, _, _ = Encoder().encode(read_families(families, Page(tuple(check.reports), None)))
    return body.decode().rstrip("\n")


def _time(check: Check) -> Family:
    # The collector takes no timestamps: this tells whether the file is still written.
    return Family(
        "kea_check_timestamp_seconds",
        Kind.GAUGE,
        "Time of the check, in seconds since the epoch.",
        (),
        lambda _: [Sample((), check.at)],
    )
