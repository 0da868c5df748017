"""A pod, as far as it is a process with files: volumes as the kubelet lays them, and the arguments of its container."""

from __future__ import annotations

import base64
import itertools
import re
import shutil
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from lab.packages.helm import objects, template
from lab.servers.processes import Running, free_port
from tests.support.exporter import COMMAND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lab.servers.certificates import Authority, Pair

Tree = dict[str, Any]
Files = dict[str, str]
# Where the image has what belongs to the exporter; here, a folder of the test.
HOME = "/etc/kea-exporter"
# What the objects of the rendered release are called.
NAME = "lab-kea-exporter"
WITH_GO = pytest.mark.skipif(shutil.which("go") is None, reason="Helm is compiled by Go, which is not here")


def rendered(folder: Path, values: Tree) -> list[Tree]:
    """Return what the chart becomes with some values."""
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    return objects(template(file))


def documented(document: Path) -> Tree:
    """Return the values that a document shows."""
    blocks = (
        textwrap.dedent(block) for block in re.findall(r"(?:^(?: {4,}.*)?\n)+", document.read_text(), re.MULTILINE)
    )
    [shown] = [block for block in blocks if "servers:" in block]
    values: Tree = yaml.safe_load(shown)
    return values


def one(release: list[Tree], kind: str) -> Tree:
    """Return the only object of its kind."""
    [found] = [manifest for manifest in release if manifest["kind"] == kind]
    return found


def issued(authority: Authority, pair: Pair) -> dict[str, Files]:
    """Return the Secret that cert-manager would make of the Certificate."""
    texts = {"ca.crt": authority.certificate, "tls.crt": pair.certificate, "tls.key": pair.key}
    return {f"{NAME}-client": {name: path.read_text() for name, path in texts.items()}}


class Pod:
    """The pod that a rendered Deployment would run.

    Args:
        release: all objects that were rendered.
        existing: the files of Secrets and ConfigMaps that are there already, by their names.
        folder: where its volumes are.
        address: its own, with the ports of its container; without it, it has free ports of this machine.
    """

    def __init__(self, release: list[Tree], existing: Mapping[str, Files], folder: Path, address: str = "") -> None:
        self.spec: Tree = one(release, "Deployment")["spec"]["template"]["spec"]
        self.container: Tree = self.spec["containers"][0]
        self.address = address or "127.0.0.1"
        ports = self.container["ports"]
        self.ports = {port["name"]: port["containerPort"] if address else free_port() for port in ports}
        self._folder = folder
        self._sources = {
            **existing,
            **{manifest["metadata"]["name"]: _files(manifest) for manifest in release if _holds_files(manifest)},
        }
        self._generation = itertools.count()
        self.mount()

    def mount(self) -> None:
        """Lay all volumes, or lay them anew after their Secrets have changed."""
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            target = self._folder / mount["mountPath"].lstrip("/")
            _lay(target, self._content(volumes[mount["name"]]), f"..{next(self._generation)}")

    def update(self, name: str, release: list[Tree]) -> None:
        """Let a Secret or ConfigMap be what it is in another rendering, as after an upgrade of the release."""
        [found] = [manifest for manifest in release if _holds_files(manifest) and manifest["metadata"]["name"] == name]
        self._sources = {**self._sources, name: _files(found)}
        self.mount()

    def start(self) -> Running:
        """Start the container's program, and return when it is ready, as its probe says."""
        running = Running([*COMMAND, *map(self._argument, self.container["args"])], self._folder / "log")
        running.wait_until(lambda: self.probe("readinessProbe") == requests.codes.ok)
        return running

    def probe(self, which: str) -> int:
        """Return how the container answers one of its probes; 0 for not at all."""
        asked = self.container[which]["httpGet"]
        url = f"{asked['scheme'].lower()}://{self.address}:{self.ports[asked['port']]}{asked['path']}"
        try:
            return requests.get(url, timeout=self.container[which]["timeoutSeconds"]).status_code
        except (requests.ConnectionError, requests.Timeout):
            return 0

    def here(self, text: str) -> str:
        """Return a text in which paths of the image are those of the folder."""
        return text.replace(HOME, f"{self._folder}{HOME}")

    def _argument(self, argument: str) -> str:
        """Return an argument with paths of the folder, and with the pod's address and ports."""
        for port in self.container["ports"]:
            argument = argument.replace(f"=:{port['containerPort']}", f"={self.address}:{self.ports[port['name']]}")
        return self.here(argument)

    def _content(self, volume: Tree) -> Files:
        if "projected" in volume:
            merged: Files = {}
            for source in volume["projected"]["sources"]:
                merged |= self._content(source)
            return merged
        source = volume.get("secret") or volume["configMap"]
        files = self._sources[source.get("secretName") or source["name"]]
        chosen = {item["path"]: files[item["key"]] for item in source["items"]} if "items" in source else files
        return {name: self.here(text) for name, text in chosen.items()}


def _holds_files(manifest: Tree) -> bool:
    return manifest["kind"] in {"ConfigMap", "Secret"}


def _files(manifest: Tree) -> Files:
    is_secret = manifest["kind"] == "Secret"
    return {name: base64.b64decode(text).decode() if is_secret else text for name, text in manifest["data"].items()}


def _lay(target: Path, files: Files, generation: str) -> None:
    """Write a volume as the kubelet does: a new folder, to which one link is turned, and links through that."""
    (target / generation).mkdir(parents=True)
    for name, text in files.items():
        (target / generation / name).write_text(text)
    (target / "..data_tmp").symlink_to(generation)
    (target / "..data_tmp").rename(target / "..data")
    for name in files:
        if not (target / name).is_symlink():
            (target / name).symlink_to(f"..data/{name}")
