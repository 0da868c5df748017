"""The pinned programs and schemas that the Helm chart is tested with."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tools import ROOT
from tools.chart import CHART

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILD = ROOT / "build"

PROGRAMS = {
    "helm": ("helm.sh/helm/v3/cmd/helm", "v3.20.2"),
    "kubeconform": ("github.com/yannh/kubeconform/cmd/kubeconform", "v0.6.7"),
}
# Oldest and newest Kubernetes of these schemas; the chart promises the oldest.
KUBERNETES_SCHEMAS = "kubernetes-validate==1.37.0"
KUBERNETES_VERSIONS = ("1.27.0", "1.37.0")
SHARED = "/api/_definitions.json#/"
OBJECTS = (
    "configmap-v1",
    "deployment-apps-v1",
    "networkpolicy-networking-v1",
    "poddisruptionbudget-policy-v1",
    "secret-v1",
    "service-v1",
    "serviceaccount-v1",
)
# Models made of the custom resources of Prometheus Operator 0.80.1 and cert-manager 1.17.1, and what they import.
RESOURCES = (
    "annotated-types==0.8.0",
    "anyio==4.16.0",
    "certifi==2026.10.18",
    "cloudcoil==0.6.0",
    "cloudcoil.models.cert_manager==1.17.1.0",
    "cloudcoil.models.prometheus_operator==0.80.1.0",
    "h11==0.16.0",
    "httpcore==1.0.9",
    "httpx==0.28.1",
    "idna==3.20",
    "pydantic==2.14.3",
    "pydantic_core==2.50.4",
    "pyyaml==6.0.3",
    "typing-inspection==0.4.5",
    "typing_extensions==4.16.0",
)
PIP = ("--quiet", "--disable-pip-version-check", "--only-binary", ":all:")
PRINT_RESOURCES = """
import json
from cloudcoil.models.cert_manager.v1 import Certificate
from cloudcoil.models.prometheus_operator.v1 import Probe, PrometheusRule, ServiceMonitor
from cloudcoil.models.prometheus_operator.v1alpha1 import ScrapeConfig
names = {
    "certificate-cert-manager-v1": Certificate,
    "probe-monitoring-v1": Probe,
    "prometheusrule-monitoring-v1": PrometheusRule,
    "scrapeconfig-monitoring-v1alpha1": ScrapeConfig,
    "servicemonitor-monitoring-v1": ServiceMonitor,
}
print(json.dumps({name: model.model_json_schema(by_alias=True) for name, model in names.items()}))
"""
Tree = dict[str, Any]


class HelmError(Exception):
    """A program that the chart is made or tested with failed; the message ends with what it said."""


def program(name: str) -> Path:
    """Return a program of Go's, compiled at its pinned version where it is not there yet.

    Raises:
        HelmError: it cannot be compiled.
    """
    package, version = PROGRAMS[name]
    target = BUILD / "bin" / f"{name}-{version}"
    if not target.exists():
        print(f"compiling {name} {version} (once, minutes) ...", file=sys.stderr, flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            _run("go", "install", f"{package}@{version}", GOBIN=folder, GOTOOLCHAIN="local", GOFLAGS="")
            Path(folder, name).rename(target)
    return target


def helm(*arguments: str) -> str:
    """Run Helm and return what it printed.

    Raises:
        HelmError: it failed.
    """
    return _helm(*arguments).stdout


def helm_said(*arguments: str) -> str:
    """Run Helm and return what it printed, and what it and the API server warned of.

    Raises:
        HelmError: it failed.
    """
    done = _helm(*arguments)
    return done.stdout + done.stderr


def _helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as home:
        command = (str(program("helm")), *arguments)
        return _completed(*command, HELM_CACHE_HOME=home, HELM_CONFIG_HOME=home, HELM_DATA_HOME=home)


def template(*values: Path, chart: Path = CHART, kubernetes: str = KUBERNETES_VERSIONS[-1]) -> str:
    """Return what the chart becomes with files of values.

    Raises:
        HelmError: it does not take them.
    """
    options = [option for path in values for option in ("--values", str(path))]
    release = ("lab", str(chart), "--namespace", "dhcp", "--kube-version", kubernetes)
    return helm("template", *release, *options)


def objects(rendered: str) -> list[Tree]:
    """Return the objects of what was rendered."""
    return [entry for entry in yaml.safe_load_all(rendered) if entry]


def kubeconform(rendered: str, kubernetes: str) -> str:
    """Return what kubeconform says of objects, compared with the schemas of a version of Kubernetes.

    Raises:
        HelmError: they are not as they should be.
    """
    own, resources = kubernetes_schemas(kubernetes), resource_schemas()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(rendered)
        file.flush()
        locations = [
            f"--schema-location={entry}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json" for entry in (own, resources)
        ]
        options = (f"--kubernetes-version={kubernetes}", "--strict", "--summary", *locations)
        return _run(str(program("kubeconform")), *(option.replace("--", "-", 1) for option in options), file.name)


def kubernetes_schemas(version: str) -> Path:
    """Return the folder with the schemas of Kubernetes' own objects, fetched where they are not there yet."""
    target = _cached(f"kubernetes-{version}", KUBERNETES_SCHEMAS, *OBJECTS)
    if not target.exists():
        with _unfinished(target) as unfinished:
            _run(sys.executable, "-m", "pip", "download", *PIP, "--no-deps", "--dest", unfinished, KUBERNETES_SCHEMAS)
            [wheel] = Path(unfinished).glob("*.whl")
            schemas = _standalone(wheel, f"kubernetes_validate/kubernetes-json-schema/v{version}-local-strict")
            _write(target, schemas)
    return target


def resource_schemas() -> Path:
    """Return the folder with the schemas of custom resources, made where they are not there yet."""
    target = _cached("resources", PRINT_RESOURCES, *RESOURCES)
    if not target.exists():
        with _unfinished(target) as unfinished:
            python = f"{unfinished}/bin/python"
            _run(sys.executable, "-m", "venv", unfinished)
            _run(python, "-m", "pip", "install", *PIP, "--no-deps", *RESOURCES)
            schemas = json.loads(_run(python, "-c", PRINT_RESOURCES))
            _write(target, {name: _strict(schema) for name, schema in schemas.items()})
    return target


def _cached(name: str, *made_of: str) -> Path:
    """Return where schemas are kept: another folder as soon as they are made of something else."""
    key = hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:12]
    return BUILD / "schemas" / f"{name}-{key}"


def _unfinished(target: Path) -> tempfile.TemporaryDirectory[str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=target.parent)


def _standalone(wheel: Path, folder: str) -> dict[str, object]:
    """Return the schemas of our objects, each with the definitions that stand in a file of their own there."""
    with zipfile.ZipFile(wheel) as archive:
        definitions = json.loads(archive.read(f"{folder}/_definitions.json"))
        texts = {entry: archive.read(f"{folder}/{entry}.json").decode() for entry in OBJECTS}
    return {name: {**json.loads(text.replace(SHARED, "#/")), **definitions} for name, text in texts.items()}


def _write(target: Path, schemas: Mapping[str, object]) -> None:
    """Write schemas into a folder, which appears as a whole."""
    with _unfinished(target) as unfinished:
        folder = Path(unfinished) / "schemas"
        folder.mkdir()
        for name, schema in schemas.items():
            (folder / f"{name}.json").write_text(json.dumps(schema))
        folder.rename(target)


def _strict(schema: object) -> object:
    """Return a schema that takes no property that it does not know: the API server would drop it silently."""
    if isinstance(schema, list):
        return [_strict(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    return {"additionalProperties": False, **strict} if isinstance(schema.get("properties"), dict) else strict


def _run(*arguments: str, **environment: str) -> str:
    return _completed(*arguments, **environment).stdout


def _completed(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(  # noqa: S603 - our own argument vector
        arguments, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-4000:]
        raise HelmError(f"'{Path(arguments[0]).name} ...' ended with status {done.returncode}:\n{said}")
    return done
