"""The Helm chart agrees with what it is about; what it is rendered to is looked at in tests/install/test_helm.py."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kea_exporter import __version__
from kea_exporter.commands.serve import serve_command
from kea_exporter.config import settings_from_tree
from tools.chart import CHART, PLACEHOLDER, SCHEMA, derived

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
INVALID = Path(__file__).parent / "helm/invalid"
FEATURES = sorted((CHART / "ci").glob("*-values.yaml"))
TEMPLATES = {path.name: path.read_text() for path in sorted((CHART / "templates").iterdir())}
Tree = dict[str, Any]


def _read(path: Path) -> Tree:
    tree: Tree = yaml.safe_load(path.read_text())
    return tree


VALUES = _read(CHART / "values.yaml")
# Kubernetes and cert-manager have defaults of their own.
WITHOUT_DEFAULT = {
    ("config",),
    ("enabled",),
    *(
        (probe, field)
        for probe in ("livenessProbe", "readinessProbe")
        for field in ("initialDelaySeconds", "successThreshold")
    ),
    ("clientCertificate", "privateKey", "encoding"),
}


def test_the_chart_has_the_version_of_the_package() -> None:
    chart = _read(CHART / "Chart.yaml")
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_rules_dashboards_and_schema_of_the_chart_are_up_to_date() -> None:
    wanted = derived()
    stale = [str(path.relative_to(CHART)) for path, text in wanted.items() if not _is(path, text)]
    left_over = [str(path) for path in (CHART / "files").rglob("*.*") if path not in wanted]
    assert (stale, left_over) == ([], []), "run `make docs`"


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text() == text


def test_every_value_stands_in_the_schema() -> None:
    assert set(_keys(VALUES, _schema())) - set(_described(_schema())) == set()


def test_everything_in_the_schema_has_a_default() -> None:
    assert set(_described(_schema())) - set(_keys(VALUES, _schema())) == WITHOUT_DEFAULT


def _schema() -> Tree:
    schema: Tree = json.loads(SCHEMA.read_text())
    del schema["properties"]["config"]["properties"]  # the exporter's own
    return schema


def _described(schema: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, below in schema.get("properties", {}).items():
        yield (*path, name)
        yield from _described(below, (*path, name))


def _keys(values: Tree, schema: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the paths of all values, but for what is Kubernetes' own and stands as an object in the schema."""
    for name, value in values.items():
        yield (*path, name)
        below = schema.get("properties", {}).get(name, {})
        if "properties" in below:
            yield from _keys(value, below, (*path, name))


def test_whatever_is_not_known_is_refused_and_the_rest_explained() -> None:
    objects = [schema for schema in _objects(_schema()) if "properties" in schema]
    is_open = [
        schema["description"]
        for schema in objects
        if schema.get("additionalProperties") is not False and "title" not in schema
    ]
    assert is_open == ["Values that all charts of an umbrella chart share."]
    entries = [entry for schema in objects for entry in schema["properties"].values()]
    assert [entry for entry in entries if not entry.get("description", "").endswith(".")] == []


def _objects(schema: object) -> Iterator[Tree]:
    if isinstance(schema, dict):
        yield schema
        for key, value in schema.items():
            yield from _objects(value) if key != "$defs" else ()


def test_every_value_is_used_in_a_template() -> None:
    # What is given on as a whole is not named there.
    given_on = {
        ("livenessProbe",),
        ("readinessProbe",),
        ("clientCertificate", "issuerRef"),
        ("clientCertificate", "privateKey"),
    }
    used = [path for path in _described(_schema()) if not {path[:1], path[:2]} & given_on]
    assert [path for path in used if not any(f".{path[-1]}" in text for text in TEMPLATES.values())] == []


def test_every_value_is_set_in_an_example() -> None:
    assert set(VALUES) - {name for path in FEATURES for name in _read(path)} == set()


@pytest.mark.parametrize("path", [path for path in FEATURES if "config" in _read(path)], ids=lambda path: path.name)
def test_the_configurations_of_the_examples_can_be_used(path: Path, tmp_path: Path) -> None:
    text = json.dumps(_read(path)["config"])
    for file in re.findall(r"/etc/kea-exporter/([a-z/.-]+)", text):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    tree = json.loads(text.replace("/etc/kea-exporter", str(tmp_path)))
    assert settings_from_tree(tree, tmp_path).daemons


def test_every_refusal_has_an_example_and_says_what_the_example_expects() -> None:
    expected = [path.read_text() for path in INVALID.glob("*.expect.txt")]
    refusals = [found for text in TEMPLATES.values() for found in re.findall(r'\bfail (?:\(printf )?"([^"]+)"', text)]
    assert len(refusals) > 15
    assert [refusal for refusal in refusals if not any(_says(text, refusal) for text in expected)] == []
    names = {path.name.removesuffix(".yaml") for path in INVALID.glob("*.yaml")}
    assert names == {path.name.removesuffix(".expect.txt") for path in INVALID.glob("*.expect.txt")}


def _says(text: str, message: str) -> bool:
    return all(part in text for part in re.split("%[sd]", message))


def test_arguments_are_those_of_the_exporter_each_at_most_once() -> None:
    [block] = re.findall(r'define "kea-exporter.args" -}}(.*?){{- end }}\n\n', TEMPLATES["_helpers.tpl"], re.DOTALL)
    used = set(re.findall(r"^- (--[a-z.-]+)", block, re.MULTILINE))
    assert used - {option for parameter in serve_command.params for option in parameter.opts} == set()
    [refused] = re.findall(r'has \$option \(list "serve" (.*?)\)', TEMPLATES["_validate.tpl"])
    assert used - set(refused.replace('"', "").split()) == set()


def test_the_chart_and_the_image_agree() -> None:
    image = (ROOT / "Dockerfile").read_text()
    user = VALUES["podSecurityContext"]
    assert f"USER {user['runAsUser']}:{user['runAsGroup']}\n" in image
    assert 'ENTRYPOINT ["kea-exporter"]\n' in image
    assert "--web.health-listen-address=:9548" in image


def test_the_link_that_is_replaced_is_that_of_the_rules() -> None:
    assert f'"{PLACEHOLDER}"' in TEMPLATES["prometheusrule.yaml"]
    assert PLACEHOLDER in (CHART / "files/rules.yml").read_text()


def test_what_a_shard_without_servers_leaves_out_stands_in_the_rules() -> None:
    [piece] = re.findall(r'replace "( or [^"]+)" ""', TEMPLATES["prometheusrule.yaml"])
    assert (CHART / "files/rules.yml").read_text().count(piece) == 1


def test_nothing_is_mounted_in_a_way_that_updates_do_not_reach() -> None:
    assert "subPath:" not in TEMPLATES["deployment.yaml"]
