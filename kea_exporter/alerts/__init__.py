"""The catalogue of alerts and recording rules, from which `prometheus/rules` and the index of runbooks are written."""

from kea_exporter.alerts import (
    certificates,
    exporter,
    fleet,
    health,
    high_availability,
    pairs,
    reaching,
    requirements,
    subnets,
    traffic,
)
from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity

GROUPS = (
    reaching.GROUP,
    requirements.GROUP,
    certificates.GROUP,
    health.GROUP,
    high_availability.GROUP,
    pairs.GROUP,
    subnets.GROUP,
    traffic.GROUP,
    fleet.GROUP,
    exporter.GROUP,
)

__all__ = ["GROUPS", "Alert", "Dashboard", "Group", "Recording", "Severity"]
