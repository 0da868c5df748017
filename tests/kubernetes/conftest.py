"""A cluster whose nodes are made up, in the network namespace that `make test-kubernetes` has made."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.packages.cluster import ADVERTISED, Cluster, eventually
from lab.packages.compiled import definitions
from lab.servers.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot

# Of pods: the API server refuses those of loopback.
ADDRESSES = ("10.0.0.11", "10.0.0.12")
NODES = ("node-a", "node-b", "node-c")
# Where releases are installed, and where dashboards and Prometheus are.
NAMESPACE = "dhcp"
NAMESPACES = (NAMESPACE, "monitoring")
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a cluster where there is none; it is named at the end."""
    if lacks := _missing():
        for item in items:
            if item.get_closest_marker("kubernetes"):
                item.add_marker(pytest.mark.skip(reason=lacks))


def _missing() -> str:
    if shutil.which("go") is None:
        return "Kubernetes is compiled by Go, which is not here"
    if os.geteuid() != 0 or [name for _, name in socket.if_nameindex()] != ["lo"]:
        return "a cluster needs a network namespace, which make test-kubernetes gives it"
    return ""


@pytest.fixture(scope="session")
def cluster(chroot: Chroot) -> Iterator[Cluster]:
    """Return a running cluster that knows the custom resources of Prometheus Operator and cert-manager."""
    _ip("link", "set", "lo", "up")
    for address in (ADVERTISED, *ADDRESSES):
        _ip("address", "add", f"{address}/32", "dev", "lo")
    # Below the chroot, so that Prometheus finds the authority.
    home = chroot.path("/var/lib/kea-lab")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        with Cluster(folder, Authority(folder)) as running:
            running.define(definitions())
            for namespace in NAMESPACES:
                labels = RESTRICTED if namespace == NAMESPACE else {}
                running.api.create(
                    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
                )
            for node in NODES:
                running.add_node(node)
            yield running


def _ip(*arguments: str) -> None:
    subprocess.run([shutil.which("ip") or "ip", *arguments], check=True)


def nodes_of(cluster: Cluster) -> list[str]:
    """Return the nodes that were chosen for pods."""
    pods = cluster.api.list("v1", "Pod", NAMESPACE)
    return [pod["spec"]["nodeName"] for pod in pods if "nodeName" in pod["spec"]]


def end_pods(cluster: Cluster) -> None:
    """Say that all pods have ended, as the kubelet does of those that are deleted."""
    eventually(lambda: all("deletionTimestamp" in pod["metadata"] for pod in cluster.api.list("v1", "Pod", NAMESPACE)))
    for pod in cluster.api.list("v1", "Pod", NAMESPACE):
        cluster.api.delete(pod, gracePeriodSeconds="0")
    eventually(lambda: not cluster.api.list("v1", "Pod", NAMESPACE))
