"""`kea-exporter dashboards`: as they are provisioned, and for an import."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from kea_exporter.cli import cli
from tests.support.dashboard_reading import DOCUMENTS, FOLDER, panels_of

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, *options: str) -> dict[str, str]:
    done = CliRunner().invoke(cli, ["dashboards", str(folder), *options])
    assert done.exit_code == 0, done.output
    return {path.stem: path.read_text() for path in folder.glob("*.json")}


def test_the_dashboards_are_written_as_they_are_provisioned(tmp_path: Path) -> None:
    found = written(tmp_path)
    assert found.keys() == DOCUMENTS.keys()
    assert all(text == (FOLDER / f"{uid}.json").read_text() for uid, text in found.items())


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_a_dashboard_for_an_import_asks_for_its_data_source(tmp_path: Path, uid: str) -> None:
    tree: dict[str, Any] = json.loads(written(tmp_path, "--import")[uid])
    [wanted] = tree["__inputs"]
    assert (wanted["name"], wanted["type"], wanted["pluginId"]) == ("DS_PROMETHEUS", "datasource", "prometheus")
    assert tree["templating"]["list"][0]["current"]["value"] == "${DS_PROMETHEUS}"
    required = {(entry["type"], entry["id"]) for entry in tree["__requires"]}
    types = {panel["type"] for panel in panels_of(tree)} - {"row"}
    assert required == {("grafana", "grafana"), ("datasource", "prometheus"), *(("panel", name) for name in types)}
    assert (tree["uid"], tree["id"], tree["tags"]) == (uid, None, ["kea"])
    assert tree["version"] >= 2
