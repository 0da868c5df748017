"""The Helm chart in a real API server, whose controllers make pods of it under the restricted standard."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from lab.packages.cluster import eventually
from lab.packages.helm import helm_said, objects, template
from lab.packages.kubernetes_api import ApiError
from tests.install.pod import documented, rendered
from tests.kubernetes.conftest import NAMESPACE, NODES, end_pods, nodes_of
from tools.chart import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.packages.cluster import Cluster

pytestmark = [pytest.mark.kubernetes, pytest.mark.lab]

Tree = dict[str, Any]
EXAMPLES = sorted((CHART / "ci").glob("*-values.yaml"))


@pytest.fixture(scope="module", autouse=True)
def priority(cluster: Cluster) -> None:
    """Create the priority class that an example names."""
    cluster.api.create(
        {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1000}
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem.removesuffix("-values"))
def test_an_example_installs_makes_pods_and_uninstalls_without_trace(cluster: Cluster, example: Path) -> None:
    before = cluster.api.everything()
    assert _warnings(_helm(cluster, "install", example)) == []
    [deployment] = cluster.api.list("apps/v1", "Deployment", NAMESPACE)
    eventually(lambda: len(nodes_of(cluster)) == deployment["spec"]["replicas"])
    cluster.api.warnings.clear()
    cluster.api.create(_pod(deployment), NAMESPACE, dryRun="All")
    assert cluster.api.warnings == []
    _uninstall(cluster, before)


def test_replicas_are_each_on_a_node_of_their_own_where_the_values_say_so(cluster: Cluster) -> None:
    before = cluster.api.everything()
    _helm(cluster, "install", CHART / "ci/high-availability-values.yaml")
    eventually(lambda: sorted(nodes_of(cluster)) == sorted(NODES))
    _uninstall(cluster, before)


def test_a_release_upgrades_through_all_examples_without_trace(cluster: Cluster) -> None:
    before = cluster.api.everything()
    _helm(cluster, "install", EXAMPLES[0])
    for example in (*EXAMPLES[1:], EXAMPLES[0]):
        assert _warnings(_helm(cluster, "upgrade", example)) == []
        kinds = {"Deployment", "Service", "Secret", "ServiceAccount", "Probe", "ScrapeConfig", "ServiceMonitor"}
        wanted = {
            f"{manifest['kind']} {manifest['metadata']['name']}"
            for manifest in _rendered(example)
            if manifest["kind"] in kinds
        }
        assert wanted - set(_ours(cluster)) == set()
        assert set(_ours(cluster)) - wanted == set()
    _uninstall(cluster, before)


def test_pods_roll_on_any_change_but_one_of_the_configuration(cluster: Cluster, tmp_path: Path) -> None:
    before = cluster.api.everything()
    values = yaml.safe_load((CHART / "ci/minimal-values.yaml").read_text())
    changed = tmp_path / "values.yaml"
    _helm(cluster, "install", CHART / "ci/minimal-values.yaml")
    assert _generation(cluster) == 1
    values["config"]["servers"].append({"name": "dhcp-b", "dhcp4": {"url": "https://10.10.10.11:8001"}})
    changed.write_text(yaml.safe_dump(values))
    _helm(cluster, "upgrade", changed)
    assert _generation(cluster) == 1
    changed.write_text(yaml.safe_dump({**values, "log": {"level": "debug"}}))
    _helm(cluster, "upgrade", changed)
    assert _generation(cluster) == 2
    eventually(lambda: len(cluster.api.list("apps/v1", "ReplicaSet", NAMESPACE)) == 2)
    _uninstall(cluster, before)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem.removesuffix("-values"))
def test_whatever_an_example_makes_is_taken_without_a_warning(cluster: Cluster, example: Path) -> None:
    cluster.api.warnings.clear()
    for manifest in _rendered(example):
        cluster.api.create(manifest, NAMESPACE, dryRun="All")
    assert cluster.api.warnings == []


def test_the_complete_values_of_the_readme_are_taken_without_a_warning(cluster: Cluster, tmp_path: Path) -> None:
    cluster.api.warnings.clear()
    for manifest in rendered(tmp_path, documented(CHART / "README.md")):
        cluster.api.create(manifest, NAMESPACE, dryRun="All")
    assert cluster.api.warnings == []


def test_the_server_refuses_what_it_does_not_know_and_pods_that_may_more(cluster: Cluster) -> None:
    [deployment] = [
        manifest for manifest in _rendered(CHART / "ci/minimal-values.yaml") if manifest["kind"] == "Deployment"
    ]
    odd = copy.deepcopy(deployment)
    odd["spec"]["replicaz"] = 1
    with pytest.raises(ApiError, match=r'unknown field "spec\.replicaz"'):
        cluster.api.create(odd, NAMESPACE, dryRun="All")
    pod = _pod(deployment)
    del pod["spec"]["containers"][0]["securityContext"], pod["spec"]["serviceAccountName"]
    with pytest.raises(ApiError, match="violates PodSecurity"):
        cluster.api.create(pod, NAMESPACE, dryRun="All")


@pytest.mark.parametrize(
    ("kind", "field"), [("Probe", "interval"), ("ServiceMonitor", "jobLabel"), ("PrometheusRule", "groups")]
)
def test_the_server_refuses_what_the_operator_does_not_know(cluster: Cluster, kind: str, field: str) -> None:
    example = "rules" if kind == "PrometheusRule" else "probe"
    [odd] = [manifest for manifest in _rendered(CHART / f"ci/{example}-values.yaml") if manifest["kind"] == kind]
    odd["spec"][field] = 1
    with pytest.raises(ApiError, match=rf"spec\.{field}: Invalid value.*must be of type"):
        cluster.api.create(odd, NAMESPACE, dryRun="All")


def _helm(cluster: Cluster, action: str, example: Path) -> str:
    options = ("--values", str(example), "--namespace", NAMESPACE, "--kubeconfig", str(cluster.kubeconfig))
    return helm_said(action, "lab", str(CHART), *options)


def _generation(cluster: Cluster) -> int:
    """Return how often what the Deployment asks for has changed."""
    [deployment] = cluster.api.list("apps/v1", "Deployment", NAMESPACE)
    return int(deployment["metadata"]["generation"])


def _uninstall(cluster: Cluster, before: set[str]) -> None:
    helm_said("uninstall", "lab", "--namespace", NAMESPACE, "--kubeconfig", str(cluster.kubeconfig))
    end_pods(cluster)
    eventually(lambda: cluster.api.everything() <= before)


def _warnings(said: str) -> list[str]:
    return [line for line in said.splitlines() if "warn" in line.lower()]


def _rendered(example: Path) -> list[Tree]:
    return objects(template(example))


def _pod(deployment: Tree) -> Tree:
    made: Tree = deployment["spec"]["template"]
    metadata = {"name": "direct", "labels": made["metadata"]["labels"]}
    return {"apiVersion": "v1", "kind": "Pod", "spec": made["spec"], "metadata": metadata}


def _ours(cluster: Cluster) -> Iterator[str]:
    versions = {
        "apps/v1": ("Deployment",),
        "v1": ("Service", "Secret", "ServiceAccount"),
        "monitoring.coreos.com/v1": ("Probe", "ServiceMonitor"),
        "monitoring.coreos.com/v1alpha1": ("ScrapeConfig",),
    }
    for version, kinds in versions.items():
        for kind in kinds:
            for manifest in cluster.api.list(version, kind, NAMESPACE):
                if manifest["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "Helm":
                    yield f"{kind} {manifest['metadata']['name']}"
