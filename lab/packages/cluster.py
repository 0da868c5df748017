"""A Kubernetes whose nodes are made up: API server, controllers, scheduler, Prometheus Operator. No container runs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Self

import yaml
from cryptography.hazmat.primitives import serialization

from lab.packages.compiled import program
from lab.packages.kubernetes_api import TOKEN, Api
from lab.servers.processes import Running, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lab.servers.certificates import Authority, Pair

Tree = dict[str, Any]

CONTROLLERS = (
    "deployment-controller",
    "replicaset-controller",
    "statefulset-controller",
    "endpoints-controller",
    "endpointslice-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
)
ALONE = ("--leader-elect=false", "--secure-port=0")
# The cluster has a network namespace to itself; what pods and services are listens on its loopback interface.
HOST = "127.0.0.1"
ADVERTISED = "10.0.0.1"
PORTS = {"etcd": 2379, "etcd peers": 2380, "api": 6443}
SECONDS = 60.0


class Cluster:
    """An API server, its controllers and the scheduler, until they are left.

    Args:
        folder: where all their files are.
        authority: has issued the server's certificate.

    Raises:
        StartError: one of them did not start.
    """

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.authority = authority.certificate
        self._authority = authority
        self.token = TOKEN
        self.folder = folder
        self.url = f"https://{HOST}:{PORTS['api']}"
        self.api = Api(self.url, authority.certificate)
        self.kubeconfig = self._kubeconfig()
        self._running: list[Running] = []
        pair = authority.issue("kube-apiserver", [HOST, ADVERTISED])
        try:
            self._start_etcd()
            self._start_server(pair.certificate, pair.key)
            self._start_controllers(pair.key)
            self._start_scheduler()
        except StartError:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End all programs, those that were started last first."""
        for running in reversed(self._running):
            running.stop()

    def start(self, name: str, *arguments: str, output: str = "", **environment: str) -> Running:
        """Start one of the programs; it ends with the cluster."""
        command = ["setpriv", "--pdeathsig", "KILL", str(program(name)), *arguments]
        running = Running(command, self.folder / f"{output or name}.log", {**os.environ, **environment})
        self._running.append(running)
        return running

    def issue(self, name: str, address: str) -> Pair:
        """Return a certificate of the authority that the server's is of."""
        return self._authority.issue(name, [address])

    def define(self, custom_resources: Iterable[str]) -> None:
        """Make the server know custom resources by their definitions, and wait until it does."""
        version, kind = "apiextensions.k8s.io/v1", "CustomResourceDefinition"
        for resource in custom_resources:
            self.api.ask("POST", f"apis/{version}/customresourcedefinitions", resource, kind="application/yaml")
        eventually(lambda: all(_is_established(entry) for entry in self.api.list(version, kind, "")))

    def add_node(self, name: str) -> None:
        """Make the scheduler believe in a node, in a zone of its own, that could run many pods."""
        labels = {f"kubernetes.io/{value}": what for value, what in (("hostname", name), ("os", "linux"))}
        labels |= {"topology.kubernetes.io/zone": name, "zone": name}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
        self.api.create(node)
        room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
        ready = [{"type": "Ready", "status": "True"}]
        self.api.change(node, {"status": {"capacity": room, "allocatable": room, "conditions": ready}}, "status")
        # That it is not ready, as the server takes for granted.
        self.api.change(node, {"spec": {"taints": None}})

    def _kubeconfig(self) -> Path:
        path = self.folder / "kubeconfig"
        cluster = {"server": self.url, "certificate-authority": str(self.authority)}
        tree = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": "lab", "user": {"token": TOKEN}}],
            "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
            "current-context": "lab",
        }
        path.write_text(yaml.safe_dump(tree))
        path.chmod(0o600)
        return path

    def _start_etcd(self) -> None:
        clients, peers = (f"http://{HOST}:{PORTS[name]}" for name in ("etcd", "etcd peers"))
        self.start(
            "etcd",
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        )

    def _start_server(self, certificate: Path, key: Path) -> None:
        (self.folder / "tokens.csv").write_text(f'{TOKEN},lab,lab,"system:masters"\n')
        running = self.start(
            "kube-apiserver",
            f"--etcd-servers=http://{HOST}:{PORTS['etcd']}",
            f"--bind-address={HOST}",
            f"--advertise-address={ADVERTISED}",
            f"--secure-port={PORTS['api']}",
            f"--tls-cert-file={certificate}",
            f"--tls-private-key-file={key}",
            f"--token-auth-file={self.folder}/tokens.csv",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._public(key)}",
            f"--service-account-signing-key-file={key}",
        )
        eventually(self.api.is_ready, running)

    def _public(self, key: Path) -> Path:
        """Return a file with the public half of a key: the server reads no private one of this form."""
        private = serialization.load_pem_private_key(key.read_bytes(), None)
        path = self.folder / "service-accounts.pem"
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        path.write_bytes(private.public_key().public_bytes(serialization.Encoding.PEM, form))
        return path

    def _start_controllers(self, key: Path) -> None:
        self.start(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            f"--controllers={','.join(CONTROLLERS)}",
            f"--service-account-private-key-file={key}",
            *ALONE,
        )

    def _start_scheduler(self) -> None:
        self.start("kube-scheduler", f"--kubeconfig={self.kubeconfig}", *ALONE)


def _is_established(definition: Tree) -> bool:
    conditions = definition.get("status", {}).get("conditions") or ()
    return any((condition["type"], condition["status"]) == ("Established", "True") for condition in conditions)


def eventually(holds: Callable[[], bool], running: Running | None = None) -> None:
    """Return as soon as something holds.

    Raises:
        StartError: it took too long; the message ends with what *running* said.
    """
    give_up = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > give_up or (running and running.has_ended()):
            said = running.output.read_text(errors="replace")[-4000:] if running else ""
            raise StartError(f"it did not come to hold within {SECONDS:.0f} s {said}")
        time.sleep(0.2)
