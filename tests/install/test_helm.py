"""The Helm chart: linted, rendered with every example, compared with schemas, and run as a pod would run it."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kea_exporter.alerts.rules import Links, rules
from lab.packages.helm import KUBERNETES_VERSIONS, HelmError, helm, kubeconform, objects, template
from tests.install.pod import HOME, NAME, WITH_GO, Pod, documented, issued, one, rendered
from tests.support.exporter import run
from tools.chart import CHART, DASHBOARDS

if TYPE_CHECKING:
    from lab.servers.kea import Lab

pytestmark = [pytest.mark.install, pytest.mark.lab, WITH_GO]

Tree = dict[str, Any]
EXAMPLES = sorted((CHART / "ci").glob("*-values.yaml"))
ROOT = Path(__file__).parent.parent.parent
INVALID = sorted((ROOT / "tests/install/helm/invalid").glob("*.yaml"))
# Existing Secrets and ConfigMaps of the examples.
OTHERS: dict[str, dict[str, str]] = {"kea-exporter-web": {"web.yml": "", "config": ""}, "authorities": {}}


def _name(path: Path) -> str:
    return path.stem.removesuffix("-values")


def _example(name: str) -> list[Tree]:
    return objects(template(CHART / f"ci/{name}-values.yaml"))


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_an_example_is_clean_and_renders_to_what_kubernetes_takes(example: Path) -> None:
    helm("lint", str(CHART), "--strict", "--values", str(example), "--kube-version", KUBERNETES_VERSIONS[-1])
    for version in KUBERNETES_VERSIONS:
        assert "Invalid: 0, Errors: 0, Skipped: 0" in kubeconform(template(example, kubernetes=version), version)


@pytest.mark.parametrize("kind", ["Deployment", "Probe", "ServiceMonitor"])
def test_the_schemas_refuse_what_kubernetes_does_not_know(kind: str) -> None:
    for manifest in (odd := objects(template(CHART / "ci/probe-values.yaml"))):
        if manifest["kind"] == kind:
            manifest["spec"]["replicaz"] = 1
    with pytest.raises(HelmError, match=f"{kind} {NAME} is invalid.*'replicaz' not allowed"):
        kubeconform(yaml.safe_dump_all(odd), KUBERNETES_VERSIONS[-1])


@pytest.mark.parametrize("values_file", INVALID, ids=_name)
def test_nonsense_is_refused_and_the_message_says_what_to_write(values_file: Path) -> None:
    with pytest.raises(HelmError) as refused:
        template(values_file)
    assert values_file.with_suffix(".expect.txt").read_text().strip() in str(refused.value)


@pytest.mark.parametrize(
    "document", [CHART / "README.md", ROOT / "docs/installing/kubernetes.md"], ids=lambda document: document.name
)
def test_the_values_of_the_documents_can_be_used(document: Path, tmp_path: Path) -> None:
    assert rendered(tmp_path, documented(document))


def test_an_old_kubernetes_is_refused() -> None:
    with pytest.raises(HelmError, match=r"requires kubeVersion: >=1\.27\.0-0"):
        template(CHART / "ci/minimal-values.yaml", kubernetes="1.26.9")


def test_the_package_has_rules_and_dashboards_but_not_the_examples(tmp_path: Path) -> None:
    helm("package", str(CHART), "--destination", str(tmp_path))
    [package] = tmp_path.glob("kea-exporter-*.tgz")
    with tarfile.open(package) as archive:
        names = {name.removeprefix("kea-exporter/") for name in archive.getnames()}
    assert {"values.schema.json", "README.md", "files/rules.yml"} <= names
    assert {path.name for path in DASHBOARDS.glob("*.json")} == {
        Path(name).name for name in names if name.startswith("files/dashboards/")
    }
    assert not any(name.startswith("ci/") for name in names)


@pytest.mark.parametrize(
    "example", [path for path in EXAMPLES if "config" in yaml.safe_load(path.read_text())], ids=_name
)
def test_the_rendered_configuration_is_what_the_exporter_takes(lab: Lab, example: Path, tmp_path: Path) -> None:
    pair = lab.authority.issue("client", ["127.0.0.1"])
    secrets = {"kea-api": {"password": "secret"}, "kea-ca": {"ca.crt": lab.authority.certificate.read_text()}}
    pod = Pod(_example(_name(example)), {**secrets, **issued(lab.authority, pair), **OTHERS}, tmp_path)
    checked = run("config", "check", "--config.file", pod.here(f"{HOME}/config/config.yml"))
    assert "is valid" in checked.stdout, checked.stderr


def test_the_rules_are_those_of_the_project_but_for_what_the_values_say(lab: Lab) -> None:
    groups = one(_example("rules"), "PrometheusRule")["spec"]["groups"]
    (lab.folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    checked = lab.chroot.run("promtool", "check", "rules", lab.inside(lab.folder / "rules.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    links = Links(grafana="https://grafana.dhcp.test", runbooks="https://wiki.dhcp.test/kea/{alert}.md")
    wanted = yaml.safe_load(rules(links))["groups"]
    for group in wanted:
        group["rules"] = [entry for entry in group["rules"] if entry.get("alert") != "KeaAuthenticationNotDemanded"]
        for rule in group["rules"]:
            if rule.get("alert") == "KeaServerDown":
                rule |= {"for": "10m", "labels": {**rule["labels"], "severity": "warning"}}
    assert groups == wanted


def test_servers_are_scraped_once_where_they_are_targets_of_their_own() -> None:
    alone, beside = (
        one(_example(example), "ServiceMonitor")["spec"]["endpoints"][0] for example in ("service-monitor", "probe")
    )
    assert "params" not in alone
    assert beside["params"] == {"collect[]": ["exporter"]}


@pytest.mark.parametrize(
    "times",
    [
        {"interval": "5s"},  # Prometheus then takes a timeout that fits
        {"scrapeTimeout": "30s"},
        {"interval": "1m30s", "scrapeTimeout": "90s"},
        {"interval": "1500ms", "scrapeTimeout": "1s"},
    ],
    ids=str,
)
@pytest.mark.parametrize("values", [{"serviceMonitor": {"enabled": True}}, {"targets": {"kind": "Probe"}}], ids=str)
def test_a_timeout_within_the_interval_is_taken(tmp_path: Path, times: Tree, values: Tree) -> None:
    minimal = yaml.safe_load((CHART / "ci/minimal-values.yaml").read_text())
    [(name, value)] = values.items()
    assert rendered(tmp_path, {**minimal, name: {**value, **times}})


def test_rules_have_no_links_to_where_nothing_is(tmp_path: Path) -> None:
    minimal = yaml.safe_load((CHART / "ci/minimal-values.yaml").read_text())
    found = rendered(tmp_path, {**minimal, "prometheusRule": {"enabled": True}})
    rules = [rule for group in one(found, "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    assert {name for rule in rules for name in rule.get("annotations", {})} == {"summary", "description"}
    assert "example.com" not in str(rules)


def test_dashboards_come_as_they_are_for_the_sidecar() -> None:
    found = [manifest for manifest in _example("dashboards") if manifest["kind"] == "ConfigMap"]
    texts = {name: text for manifest in found for name, text in manifest["data"].items()}
    assert {name: text.strip() for name, text in texts.items()} == {
        path.name: path.read_text().strip() for path in DASHBOARDS.glob("*.json")
    }
    assert {
        (manifest["metadata"]["namespace"], manifest["metadata"]["labels"]["grafana_dashboard"]) for manifest in found
    } == {("monitoring", "1")}


def test_pods_run_with_as_little_as_can_be() -> None:
    spec = one(_example("minimal"), "Deployment")["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
