"""Whole dashboards, and their JSON: the same bytes for the same dashboard."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
from grafana_foundation_sdk.builders.dashboard import Row
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from grafana.src.links import QUERIES, TAG, datasource, to_other_dashboards, variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_exporter.alerts.model import Dashboard

Built = bargauge.Panel | stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel

# What the SDK says of every variable, though only those of intervals have it.
OF_INTERVALS = ("auto", "auto_count", "auto_min")


@dataclass(frozen=True)
class Section:
    """Panels under a heading, from left to right and from top to bottom."""

    title: str
    panels: Sequence[Built]


def dashboard(
    uid: Dashboard, title: str, description: str, sections: Sequence[Section], since: str = "now-6h"
) -> Builder:
    """Return a dashboard, with the variables and links that all of ours have."""
    builder = Builder(title).uid(uid).description(description).tags([TAG]).readonly().timezone("browser")
    builder.tooltip(DashboardCursorSync.CROSSHAIR).time(since, "now").refresh("1m").link(to_other_dashboards())
    builder.with_variable(datasource())
    for name in QUERIES:
        builder.with_variable(variable(name))
    for section in sections:
        builder.with_row(Row(section.title))
        for panel in section.panels:
            builder.with_panel(panel)
    return builder


def written(builder: Builder) -> str:
    """Return the JSON of a dashboard as it is provisioned: without a number of its own, which Grafana gives."""
    tree: dict[str, Any] = json.loads(json.dumps(builder.build(), cls=JSONEncoder))
    tree["id"] = None
    for number, panel in enumerate(tree["panels"], start=1):
        panel["id"] = number
        # The SDK gives every table one, where Grafana no longer looks for it.
        panel.get("options", {}).pop("footer", None)
    for entry in tree["templating"]["list"]:
        for name in OF_INTERVALS:
            del entry[name]
    for link in tree["links"]:
        # The SDK would hide the links in a menu.
        del link["placement"]
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
