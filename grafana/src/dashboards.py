"""All dashboards, by their uids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src import certificates, configuration, exporter, fleet, pairs, server, subnets, traffic
from grafana.src.document import written
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

DASHBOARDS: Mapping[Dashboard, Callable[[], Builder]] = {
    Dashboard.FLEET: fleet.build,
    Dashboard.SERVER: server.build,
    Dashboard.PAIRS: pairs.build,
    Dashboard.SUBNETS: subnets.build,
    Dashboard.CERTIFICATES: certificates.build,
    Dashboard.TRAFFIC: traffic.build,
    Dashboard.CONFIGURATION: configuration.build,
    Dashboard.EXPORTER: exporter.build,
}


def documents() -> Mapping[str, str]:
    """Return the dashboards as JSON, by their paths in the project."""
    return {f"grafana/dashboards/{uid}.json": written(builder()) for uid, builder in DASHBOARDS.items()}
