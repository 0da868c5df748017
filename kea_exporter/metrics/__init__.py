"""Metric families: samples read from reports and encoded as text.

The order is that of the page and of the documentation.
"""

from kea_exporter.metrics import (
    exporter,
    health,
    high_availability,
    leases,
    pairs,
    reaching,
    requirements,
    response_times,
    subnets,
    tls,
    traffic,
)
from kea_exporter.metrics.model import ExporterState, Family, Page, Sample, read_families

FAMILIES: tuple[Family, ...] = (
    *reaching.FAMILIES,
    *requirements.FAMILIES,
    *tls.FAMILIES,
    *health.FAMILIES,
    *high_availability.FAMILIES,
    *pairs.FAMILIES,
    *traffic.FAMILIES,
    *response_times.FAMILIES,
    *leases.FAMILIES,
    *subnets.FAMILIES,
    *exporter.FAMILIES,
)

__all__ = ["FAMILIES", "ExporterState", "Family", "Page", "Sample", "read_families"]
