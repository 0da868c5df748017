"""Tables: one row for each set of labels, with a column for each query."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from grafana_foundation_sdk.builders import common, table
from grafana_foundation_sdk.models.common import (
    TableCellBackgroundDisplayMode,
    TableCellHeight,
    TableColoredBackgroundCellOptions,
)
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.src.links import to_row
from grafana.src.looks import NOTHING, NUMBER, PLAIN, Look, unknown
from grafana.src.panels import REFS, Query, Words, dressed, target
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# What is long has the rest of the width, or is wrapped.
WIDTHS = {
    "alertname": 230,
    "cipher": 230,
    "command": 190,
    "daemon": 80,
    "key_type": 120,
    "local_role": 100,
    "mode": 120,
    "partner_role": 110,
    "pool_id": 80,
    "position": 80,
    "problem": 300,
    "reason": 220,
    "requirement": 230,
    "role": 100,
    "server": 150,
    "severity": 120,
    "shared_network": 140,
    "stage": 90,
    "subject": 200,
    "subnet": 150,
    "subnet_id": 90,
    "title": 250,
    "version": 90,
}
# Of labels that have another name in Prometheus.
TITLES = {"alertname": "alert"}
WRAPPED = ("problem", "remedy", "title")
# Of most values, of moments, of a letter of a title, and of what stands around it.
MIN_WIDTH, MOMENT_WIDTH, LETTER, AROUND = 90, 160, 8, 40
# Of the columns of a matrix, whose titles are values of a label.
MATRIX_WIDTH = 120
# Else each cell without a value would say why the whole table may be empty.
BLANK = (".*", [DynamicConfigValue("noValue", NOTHING)])


@dataclass(frozen=True)
class Column:
    """A column with the values of a query.

    Attributes:
        bar: whether the value is a bar, too.
        hidden: whether only the labels matter.
        link: where a click leads.
    """

    expression: str
    look: Look = PLAIN
    bar: bool = False
    hidden: bool = False
    link: str = ""
    width: int = 0


def table_of(  # noqa: PLR0913 - all by name
    words: Words,
    *,
    labels: Sequence[str],
    columns: Mapping[str, Column],
    sort: str,
    descending: bool = False,
    first: Sequence[str] = (),
    width: int = 24,
    height: int = 8,
    links: Mapping[str, str] = MappingProxyType({}),
    hidden: Sequence[str] = (),
) -> table.Panel:
    """Return a table whose rows have the given *labels*, in this order, and then its columns; *first* those named.

    *links* lead from labels to urls; a server always leads to its dashboard. *hidden* labels only tell rows apart.
    """
    panel = dressed(table.Panel(), words, NUMBER, width, height)
    for ref, column in zip(REFS, columns.values(), strict=False):
        panel.with_target(target(Query(column.expression), ref).instant().format(PromQueryFormat.TABLE))
    panel.with_transformation(DataTransformerConfig("merge", options={}))
    panel.with_transformation(DataTransformerConfig("organize", options=_organised(labels, columns, first, hidden)))
    panel.override_by_regexp(*BLANK)
    for label in labels:
        if label not in hidden and (properties := _of_label(label, links.get(label, ""))):
            panel.override_by_name(label, properties)
    for title, column in columns.items():
        if not column.hidden:
            panel.override_by_name(title, _of_column(title, column))
    panel.cell_height(TableCellHeight.SM).filterable(filterable=True)
    return panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(desc=descending)])


def matrix_of(words: Words, expression: str, label: str, look: Look, width: int = 24) -> table.Panel:
    """Return a table with a row for each daemon and a column for each value of a label."""
    panel = dressed(table.Panel(), words, look, width, 8).mappings([*look.mappings(), unknown()])
    named = f'label_join({expression}, "who", " ", "server", "daemon")'
    panel.with_target(target(Query(named), "A").instant().format(PromQueryFormat.TABLE))
    fields = {"rowField": "who", "columnField": label, "valueField": "Value", "emptyValue": "null"}
    panel.with_transformation(DataTransformerConfig("groupingToMatrix", options=fields))
    panel.min_width(MATRIX_WIDTH).override_by_regexp(*BLANK).override_by_regexp(
        r"who\\.*",
        [
            DynamicConfigValue("displayName", "daemon"),
            DynamicConfigValue("custom.width", 190),
            DynamicConfigValue("custom.cellOptions", {"type": "auto"}),
        ],
    )
    coloured = TableColoredBackgroundCellOptions(mode=TableCellBackgroundDisplayMode.BASIC)
    return panel.cell_height(TableCellHeight.SM).cell_options(coloured)


def _organised(
    labels: Sequence[str], columns: Mapping[str, Column], first: Sequence[str], hidden: Sequence[str]
) -> dict[str, Any]:
    names = {
        (f"Value #{ref}" if len(columns) > 1 else "Value"): title for ref, title in zip(REFS, columns, strict=False)
    }
    in_order = sorted((*labels, *names), key=lambda name: names.get(name, name) not in first)
    left_out = {"Time", *hidden, *(name for name, title in names.items() if columns[title].hidden)}
    return {
        "excludeByName": dict.fromkeys(sorted(left_out), True),
        "indexByName": {name: index for index, name in enumerate(in_order)},
        "renameByName": {**names, **{label: TITLES[label] for label in labels if label in TITLES}},
    }


def _of_label(label: str, link: str) -> list[DynamicConfigValue]:
    properties = [DynamicConfigValue("custom.width", WIDTHS[label])] if label in WIDTHS else []
    if label in WRAPPED:
        properties.append(DynamicConfigValue("custom.wrapText", value=True))
    if label == "server":
        properties.append(_link("Server", to_row(Dashboard.SERVER)))
    elif link:
        properties.append(_link("Details", link))
    return properties


def _of_column(title: str, column: Column) -> list[DynamicConfigValue]:
    look = column.look
    properties = [DynamicConfigValue("unit", look.unit), DynamicConfigValue("thresholds", look.thresholds().build())]
    properties.append(DynamicConfigValue("mappings", [*look.mappings(), unknown()]))
    if cell := _cell(column):
        properties.append(DynamicConfigValue("custom.cellOptions", cell))
    if look.decimals is not None:
        properties.append(DynamicConfigValue("decimals", look.decimals))
    if look.span:
        properties += [DynamicConfigValue(name, value) for name, value in zip(("min", "max"), look.span, strict=True)]
    properties.append(DynamicConfigValue("custom.width", column.width or _width(title, column)))
    return [*properties, _link("Details", column.link)] if column.link else properties


def _width(title: str, column: Column) -> int:
    return max(MOMENT_WIDTH if column.look.unit.startswith("dateTime") else MIN_WIDTH, LETTER * len(title) + AROUND)


def _cell(column: Column) -> dict[str, Any]:
    if column.bar:
        return {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    return {"type": "color-background", "mode": "basic"} if column.look.judges else {}


def _link(title: str, url: str) -> DynamicConfigValue:
    return DynamicConfigValue("links", [{"title": title, "url": url}])
