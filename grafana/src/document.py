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

from grafana.src.events import events
from grafana.src.links import TAG, to_other_dashboards
from grafana.src.panels import FULL
from grafana.src.variables import ON_DAEMONS, SERVER, TARGETS, Chosen, datasource, filters, variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_exporter.alerts.model import Dashboard

Built = bargauge.Panel | stat.Panel | statetimeline.Panel | table.Panel | timeseries.Panel

# Of the dashboards; raised with each release that changes them.
VERSION = 2
# What the SDK says of every variable, though only those of intervals have it.
OF_INTERVALS = ("auto", "auto_count", "auto_min")


@dataclass(frozen=True)
class Section:
    """Panels under a heading, from left to right and from top to bottom.

    Attributes:
        title: the heading; none for what stands first.
        collapsed: whether the panels are shown after a click on the heading only; their queries are not sent before.
    """

    title: str
    panels: Sequence[Built]
    collapsed: bool = False


def dashboard(  # noqa: PLR0913 - by name
    uid: Dashboard,
    title: str,
    description: str,
    sections: Sequence[Section],
    *,
    since: str = "now-6h",
    variables: Sequence[Chosen] = (),
    server: Chosen = SERVER,
) -> Builder:
    """Return a dashboard with the variables, events and links that all of ours have, and *variables* of its own."""
    builder = (
        Builder(title).uid(uid).version(VERSION).description(description).tags([TAG]).readonly().timezone("browser")
    )
    builder.tooltip(DashboardCursorSync.CROSSHAIR).time(since, "now").refresh("1m").link(to_other_dashboards())
    builder.with_variable(datasource())
    for chosen in (*TARGETS, server, *ON_DAEMONS, *variables):
        builder.with_variable(variable(chosen))
    builder.with_variable(filters())
    for event in events():
        builder.annotation(event)
    for section in sections:
        _add(builder, section)
    return builder


def _add(builder: Builder, section: Section) -> None:
    row = Row(section.title).collapsed(collapsed=section.collapsed)
    if section.collapsed:
        for panel in section.panels:
            row.with_panel(panel)
    if section.title:
        builder.with_row(row)
    if not section.collapsed:
        for panel in section.panels:
            builder.with_panel(panel)


def written(builder: Builder) -> str:
    """Return the JSON of a dashboard as it is provisioned: without a number of its own, which Grafana gives."""
    tree: dict[str, Any] = json.loads(json.dumps(builder.build(), cls=JSONEncoder))
    tree["id"] = None
    _place(tree["panels"], 0)
    shown = (panel for entry in tree["panels"] for panel in (entry, *entry.get("panels", ())))
    for number, panel in enumerate(shown, start=1):
        panel["id"] = number
        # The SDK gives every table one, where Grafana no longer looks for it.
        panel.get("options", {}).pop("footer", None)
    for entry in tree["templating"]["list"]:
        for name in OF_INTERVALS:
            entry.pop(name, None)
    for entry in (*tree["links"], *tree["annotations"]["list"]):
        # The SDK would hide them in a menu.
        del entry["placement"]
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _place(panels: Sequence[dict[str, Any]], top: int) -> None:
    """Place panels from left to right below *top*; those of a collapsed row below it, as if it were open."""
    x, height = 0, 0
    for panel in panels:
        place = panel["gridPos"]
        if x + place["w"] > FULL:
            x, top = 0, top + height
        place.update(x=x, y=top)
        x, height = x + place["w"], place["h"]
        _place(panel.get("panels", ()), top + height)
