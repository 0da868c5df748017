"""The Helm chart's files that derive from elsewhere."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from kea_exporter.alerts.rules import Links, rules
from kea_exporter.config import ConfigFile
from tools import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHART = ROOT / "deploy/helm/kea-exporter"
SCHEMA = CHART / "values.schema.json"
# In place of Grafana's url in the chart's copy of the rules; a template puts the url of the values there.
PLACEHOLDER = "https://grafana.invalid"
DASHBOARDS = ROOT / "grafana/dashboards"


def derived() -> dict[Path, str]:
    """Return the files of the chart that derive from others: a chart can only read files within itself.

    They are copies, as some tools that install from a repository leave symbolic links out.
    """
    dashboards = {
        CHART / "files/dashboards" / path.name: path.read_text() for path in sorted(DASHBOARDS.glob("*.json"))
    }
    return {CHART / "files/rules.yml": rules(Links(grafana=PLACEHOLDER)), SCHEMA: _values_schema(), **dashboards}


def refresh() -> None:
    """Write the files that derive from others anew."""
    shutil.rmtree(CHART / "files", ignore_errors=True)
    for path, text in derived().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _values_schema() -> str:
    """Return the schema of the values, of which `config` is the exporter's own."""
    schema = json.loads(SCHEMA.read_text())
    config = ConfigFile.model_json_schema()
    schema["$defs"] = config.pop("$defs")
    schema["properties"]["config"] = {**config, "description": "The exporter's configuration file, as a tree."}
    return f"{json.dumps(schema, indent=2)}\n"
