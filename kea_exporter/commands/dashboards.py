"""`kea-exporter dashboards`: the dashboards for Grafana, as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from kea_exporter.commands.output import CommandError, print_text
from kea_exporter.shipped import DASHBOARDS

# The lowest version that has all that the dashboards use.
GRAFANA = "10.4.0"
INPUT = "DS_PROMETHEUS"
PANELS = {
    "bargauge": "Bar gauge",
    "stat": "Stat",
    "state-timeline": "State timeline",
    "table": "Table",
    "timeseries": "Time series",
}


@click.command("dashboards")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--import",
    "to_import",
    is_flag=True,
    help="Write them for Grafana's import page and grafana.com, which ask for the data source.",
)
def dashboards_command(directory: Path, to_import: bool) -> None:  # noqa: FBT001 - a flag
    """Write the Grafana dashboards into DIRECTORY as JSON files. Files of the same names are replaced."""
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for dashboard in sorted(DASHBOARDS.glob("*.json")):
            path = directory / dashboard.name
            text = dashboard.read_text()
            path.write_text(importable(text) if to_import else text)
            written.append(f"wrote {path}")
    except OSError as error:
        raise CommandError(f"cannot write {error.filename or directory}: {error.strerror}") from None
    print_text("\n".join(written))


def importable(text: str) -> str:
    """Return a dashboard that asks for its data source when it is imported, and names what it requires."""
    tree: dict[str, Any] = json.loads(text)
    [source] = [variable for variable in tree["templating"]["list"] if variable["type"] == "datasource"]
    source["current"] = {"selected": True, "text": f"${{{INPUT}}}", "value": f"${{{INPUT}}}"}
    required = sorted({panel["type"] for row in tree["panels"] for panel in (row, *row.get("panels", ()))} - {"row"})
    tree["__inputs"] = [
        {
            "name": INPUT,
            "label": "Prometheus",
            "description": "The Prometheus that scrapes the exporter",
            "type": "datasource",
            "pluginId": "prometheus",
            "pluginName": "Prometheus",
        }
    ]
    tree["__elements"] = {}
    tree["__requires"] = [
        {"type": "grafana", "id": "grafana", "name": "Grafana", "version": GRAFANA},
        {"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": ""},
        *({"type": "panel", "id": panel, "name": PANELS[panel], "version": ""} for panel in required),
    ]
    tree["editable"] = True
    return json.dumps(tree, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
