"""A pod, as far as it is a process with files: volumes as the kubelet lays them, and the arguments of its container."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from lab.processes import Running, free_port
from tests.exporter import COMMAND

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, Any]
Files = dict[str, str]
# Where the image has what belongs to the exporter; here, a folder of the test.
HOME = "/etc/kea-exporter"


class Pod:
    """What a rendered Deployment would run.

    Args:
        rendered: all objects of the release.
        existing: the files of Secrets and ConfigMaps that are there already, by their names.
        folder: where its volumes are.
    """

    def __init__(self, rendered: list[Tree], existing: Mapping[str, Files], folder: Path) -> None:
        [deployment] = [it for it in rendered if it["kind"] == "Deployment"]
        self.spec: Tree = deployment["spec"]["template"]["spec"]
        self.container: Tree = self.spec["containers"][0]
        self.ports = {it["name"]: free_port() for it in self.container["ports"]}
        self._folder = folder
        self._sources = {**existing, **{it["metadata"]["name"]: _files(it) for it in rendered if _holds_files(it)}}
        self._generation = itertools.count()
        self.mount()

    def mount(self) -> None:
        """Lay all volumes, or lay them anew after their Secrets have changed."""
        volumes = {it["name"]: it for it in self.spec["volumes"]}
        for mount in self.container["volumeMounts"]:
            target = Path(self.here(mount["mountPath"]))
            _lay(target, self._content(volumes[mount["name"]]), f"..{next(self._generation)}")

    def update(self, name: str, rendered: list[Tree]) -> None:
        """Let a Secret or ConfigMap be what it is in another rendering, as after an upgrade of the release."""
        [found] = [it for it in rendered if _holds_files(it) and it["metadata"]["name"] == name]
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
        url = f"{asked['scheme'].lower()}://127.0.0.1:{self.ports[asked['port']]}{asked['path']}"
        try:
            return requests.get(url, timeout=self.container[which]["timeoutSeconds"]).status_code
        except requests.ConnectionError:
            return 0

    def here(self, text: str) -> str:
        """Return a text in which paths of the image are those of the folder."""
        return text.replace(HOME, str(self._folder / "home"))

    def _argument(self, argument: str) -> str:
        """Return an argument with paths of the folder, and with ports that are free on this machine."""
        for it in self.container["ports"]:
            argument = argument.replace(f"=:{it['containerPort']}", f"=127.0.0.1:{self.ports[it['name']]}")
        return self.here(argument)

    def _content(self, volume: Tree) -> Files:
        if "projected" in volume:
            merged: Files = {}
            for source in volume["projected"]["sources"]:
                merged |= self._content(source)
            return merged
        source = volume.get("secret") or volume["configMap"]
        files = self._sources[source.get("secretName") or source["name"]]
        chosen = {it["path"]: files[it["key"]] for it in source["items"]} if "items" in source else files
        return {name: self.here(text) for name, text in chosen.items()}


def _holds_files(rendered: Tree) -> bool:
    return rendered["kind"] in {"ConfigMap", "Secret"}


def _files(rendered: Tree) -> Files:
    is_secret = rendered["kind"] == "Secret"
    return {name: base64.b64decode(it).decode() if is_secret else it for name, it in rendered["data"].items()}


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
