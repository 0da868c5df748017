"""A Kubernetes whose nodes are made up: API server, controllers, scheduler, Prometheus Operator. No container runs."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests
import yaml
from cryptography.hazmat.primitives import serialization
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from lab.helm import BUILD, HelmError
from lab.processes import Running, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lab.certificates import Authority, Pair

Tree = dict[str, Any]

OPERATOR = "github.com/prometheus-operator/prometheus-operator"
MODULES = Path(__file__).parent / "go"
# Programs of modules that replace others, which `go install` refuses: each module here asks for one of them.
PROGRAMS = {
    "etcd": ("kubernetes", "go.etcd.io/etcd/server/v3"),
    "kube-apiserver": ("kubernetes", "k8s.io/kubernetes/cmd/kube-apiserver"),
    "kube-controller-manager": ("kubernetes", "k8s.io/kubernetes/cmd/kube-controller-manager"),
    "kube-scheduler": ("kubernetes", "k8s.io/kubernetes/cmd/kube-scheduler"),
    "admission-webhook": ("prometheus-operator", f"{OPERATOR}/cmd/admission-webhook"),
    "operator": ("prometheus-operator", f"{OPERATOR}/cmd/operator"),
    "config-reloader": ("prometheus-operator", f"{OPERATOR}/cmd/prometheus-config-reloader"),
}


def _pinned(module: str, package: str) -> str:
    """Return the version of a package that one of the modules asks for."""
    asked = (MODULES / module / "go.mod").read_text()
    found = re.search(rf"^\s*{re.escape(package)} (v\S+)", asked, re.MULTILINE)
    if found is None:
        raise LookupError(f"{module} does not ask for {package}")
    return found[1]


KUBERNETES = _pinned("kubernetes", "k8s.io/kubernetes")
# Whoever builds Kubernetes says at the end which one it is; Helm compares it with what the chart demands.
VERSION = "k8s.io/component-base/version.git"
LINKED = f"-s -w -X {VERSION}Version={KUBERNETES} -X {VERSION}Major=1 -X {VERSION}Minor={KUBERNETES.split('.')[1]}"
# Where definitions of custom resources stand in the source of what defines them.
DEFINITIONS = {
    "github.com/cert-manager/cert-manager@v1.21.2": "deploy/crds",
    f"{OPERATOR}@{_pinned('prometheus-operator', OPERATOR)}": "example/prometheus-operator-crd",
}
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
TOKEN = "lab"  # noqa: S105 - of a server that nobody else can reach
# The cluster has a network namespace to itself; what pods and services are listens on its loopback interface.
HOST = "127.0.0.1"
ADVERTISED = "10.0.0.1"
PORTS = {"etcd": 2379, "etcd peers": 2380, "api": 6443}
SECONDS = 60.0


class ApiError(Exception):
    """The API server refused something; the message is its own."""


def program(name: str) -> Path:
    """Return a program, compiled where it is not there yet.

    Raises:
        HelmError: it cannot be compiled.
    """
    module, package = PROGRAMS[name]
    folder = MODULES / module
    pinned = hashlib.sha256((folder / "go.mod").read_bytes() + (folder / "go.sum").read_bytes()).hexdigest()[:12]
    target = BUILD / "bin" / f"{name}-{pinned}"
    if not target.exists():
        print(f"compiling {name} (once, minutes) ...", file=sys.stderr, flush=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as unfinished:
            built = Path(unfinished, name)
            _go("build", "-p=2", "-trimpath", f"-ldflags={LINKED}", f"-o={built}", package, folder=folder)
            built.rename(target)
    return target


@cache
def definitions() -> tuple[str, ...]:
    """Return the definitions of custom resources, as their projects publish them: a text of YAML each.

    Raises:
        HelmError: they cannot be fetched.
    """
    folders = []
    for module, inside in DEFINITIONS.items():
        folders.append(Path(json.loads(_go("mod", "download", "-json", module))["Dir"]) / inside)
    return tuple(path.read_text() for folder in folders for path in sorted(folder.glob("*.yaml")))


def _go(*arguments: str, folder: Path = MODULES) -> str:
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-buildvcs=false", "CGO_ENABLED": "0"}
    command = [shutil.which("go") or "go", *arguments]
    done = subprocess.run(  # noqa: S603 - our own argument vector
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise HelmError(f"'go {arguments[0]} ...' ended with status {done.returncode}:\n{done.stderr[-4000:]}")
    return done.stdout


class Api:
    """A client of the API server, which takes objects only as they are meant.

    Attributes:
        warnings: what the server said beside its answers.
    """

    def __init__(self, url: str, authority: Path) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # the authorities of this machine would win over that of the cluster
        # The server asks for patience while it gets to know custom resources.
        patience = Retry(20, connect=0, read=0, status_forcelist=[requests.codes.too_many], allowed_methods=None)
        self._session.mount("https://", HTTPAdapter(max_retries=patience))
        self._session.verify = str(authority)
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"
        self._kinds: dict[tuple[str, str], Tree] = {}
        self.warnings: list[str] = []

    def is_ready(self) -> bool:
        """Return whether the server has started."""
        try:
            return self._session.get(f"{self._url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def ask(self, method: str, path: str, body: object = None, kind: str = "application/json", **query: str) -> Tree:
        """Return the server's answer; a body that is a text is sent as it is.

        Raises:
            ApiError: it refused.
        """
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        answer = self._session.request(
            method, f"{self._url}/{path}", data=text, params=query, headers={"Content-Type": kind}, timeout=30
        )
        self.warnings += re.findall(r'299 - "((?:[^"\\]|\\.)*)"', answer.headers.get("Warning", ""))
        found: Tree = answer.json()
        if not answer.ok:
            raise ApiError(found["message"])
        return found

    def create(self, of: Tree, namespace: str = "", **query: str) -> Tree:
        """Create an object; fields that the server does not know are refused.

        Raises:
            ApiError: the server does not take it.
        """
        return self.ask("POST", self._path(of, namespace), of, fieldValidation="Strict", **query)

    def get(self, version: str, kind: str, namespace: str, name: str) -> Tree:
        """Return an object.

        Raises:
            ApiError: there is none.
        """
        return self.ask("GET", f"{self._path({'apiVersion': version, 'kind': kind}, namespace)}/{name}")

    def list(self, version: str, kind: str, namespace: str) -> list[Tree]:
        """Return all objects of a kind in a namespace, each with its kind."""
        found = self.ask("GET", self._path({"apiVersion": version, "kind": kind}, namespace))["items"]
        return [{"apiVersion": version, "kind": kind, **it} for it in found]

    def delete(self, of: Tree, namespace: str = "", **query: str) -> None:
        """Delete an object, and let the controllers delete what was made of it."""
        path = f"{self._path(of, namespace)}/{of['metadata']['name']}"
        self.ask("DELETE", path, propagationPolicy="Background", **query)

    def change(self, of: Tree, change: Tree, part: str = "") -> None:
        """Change an object, or such a part of it as its status."""
        path = f"{self._path(of, '')}/{of['metadata']['name']}/{part}".rstrip("/")
        self.ask("PATCH", path, change, kind="application/merge-patch+json")

    def everything(self) -> set[str]:
        """Return what there is in all namespaces, as kind and name; but for what happened."""
        return set(self._everything())

    def _everything(self) -> Iterator[str]:
        groups = self.ask("GET", "apis")["groups"]
        for version in ("v1", *(it["preferredVersion"]["groupVersion"] for it in groups)):
            for it in self.ask("GET", _root(version))["resources"]:
                if "list" in it["verbs"] and it["kind"] not in {"Event", "ComponentStatus"}:
                    for found in self.ask("GET", f"{_root(version)}/{it['name']}")["items"]:
                        yield f"{it['kind']} {found['metadata'].get('namespace', '')}/{found['metadata']['name']}"

    def _path(self, of: Tree, namespace: str) -> str:
        version, kind = of["apiVersion"], of["kind"]
        if (version, kind) not in self._kinds:
            resources = self.ask("GET", _root(version))["resources"]
            self._kinds |= {(version, it["kind"]): it for it in resources if "/" not in it["name"]}
        resource = self._kinds[version, kind]
        place = of.get("metadata", {}).get("namespace", namespace)
        inside = f"namespaces/{place}/" if resource["namespaced"] and place else ""
        return f"{_root(version)}/{inside}{resource['name']}"


def _root(version: str) -> str:
    return f"apis/{version}" if "/" in version else f"api/{version}"


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
        for it in reversed(self._running):
            it.stop()

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
        for it in custom_resources:
            self.api.ask("POST", f"apis/{version}/customresourcedefinitions", it, kind="application/yaml")
        eventually(lambda: all(_is_established(it) for it in self.api.list(version, kind, "")))

    def add_node(self, name: str) -> None:
        """Make the scheduler believe in a node, in a zone of its own, that could run many pods."""
        labels = {f"kubernetes.io/{it}": what for it, what in (("hostname", name), ("os", "linux"))}
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
        clients, peers = (f"http://{HOST}:{PORTS[it]}" for it in ("etcd", "etcd peers"))
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
    return any((it["type"], it["status"]) == ("Established", "True") for it in conditions)


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


if __name__ == "__main__":
    try:
        for name in PROGRAMS:
            program(name)
        definitions()
    except (HelmError, OSError) as error:
        sys.exit(str(error))
