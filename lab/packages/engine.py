"""Docker's engine and Compose, from Debian, in a machine that has systemd and a network of its own.

No image can be pulled there. Those of Prometheus, Alertmanager and Kea are made of the lab's chroot, under their names.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml

from lab.packages.machine import Machine
from lab.packages.packaging import bootable
from lab.servers.chroot import LabBuildError, Recipe, ensure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lab.packages.buildah import Image

Tree = dict[str, Any]

ENGINE = Recipe(
    name="debian-engine", stable=("systemd", "docker.io", "docker-cli", "docker-compose", "iptables", "curl")
)
PROJECT = "/srv/kea-exporter"
PARTS = ("compose.yaml", "deploy/compose", "prometheus", "grafana")
PORT_IS_OPEN = '#!/bin/bash\n[ "$1" = -z ] && : <"/dev/tcp/$2/$3"\n'
# As the real images are: whose user, in which folder, started how.
STAND_INS = {
    "prometheus": 'USER nobody\nWORKDIR /prometheus\nENTRYPOINT ["/usr/bin/prometheus"]',
    "alertmanager": 'USER nobody\nWORKDIR /alertmanager\nENTRYPOINT ["/usr/bin/prometheus-alertmanager"]',
    "kea-dhcp4": "USER root",
    "kea-dhcp6": "USER root",
}
# Of the chroot, what no image needs.
LEFT_OUT = ("var/cache", "var/lib/apt", "run", "tmp", "usr/share/doc", "usr/share/man", "usr/share/locale")


class Composed:
    """A project of Compose on a machine with Docker's engine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def path(self, name: str) -> Path:
        """Return where a file of the project is seen from outside."""
        return self.machine.chroot.path(f"{PROJECT}/{name}")

    def docker(self, *arguments: str) -> str:
        """Run a command of Docker and return what it prints.

        Raises:
            LabBuildError: it failed.
        """
        done = self.machine.run("docker", *arguments)
        if done.returncode != 0:
            raise LabBuildError(f"docker {' '.join(arguments)}: {(done.stdout + done.stderr)[-2000:]}")
        return done.stdout

    def __call__(self, *arguments: str) -> str:
        """Run a command of Compose on the project, and return what it prints.

        Raises:
            LabBuildError: it failed.
        """
        return self.docker("compose", "--project-directory", PROJECT, "--profile", "kea", *arguments)

    def states(self) -> dict[str, str]:
        """Return the state of each container, or its health where one is told."""
        listed = [json.loads(line) for line in self("ps", "--all", "--format", "json").splitlines()]
        return {entry["Service"]: entry["Health"] or entry["State"] for entry in listed}

    def inspect(self, service: str) -> Tree:
        """Return all that the engine knows of a container."""
        [found] = json.loads(self.docker("inspect", self("ps", "--all", "--quiet", service).strip()))
        whole: Tree = found
        return whole

    def get(self, url: str) -> str:
        """Return what is answered at a port of the machine; empty where there is no good answer."""
        return self.machine.run("curl", "--silent", "--fail", "--max-time", "10", url).stdout


@contextmanager
def composed(source: Path, exporter: Image, log: Path) -> Iterator[Composed]:
    """Boot a machine with a project's files and the images that its compose.yaml names, all but Grafana's.

    Args:
        source: where compose.yaml is.
        exporter: the exporter's image.
        log: the file that gets what is printed at the machine's console.

    Raises:
        LabUnavailableError: this machine cannot have it.
        LabBuildError: an image could not be made.
    """
    with bootable(ENGINE) as root, Machine(root, log, own_network=True) as machine:
        project = Composed(machine)
        _copy(source, project)
        names = {name: service["image"] for name, service in _services(source).items()}
        exporter.save(project.path("exporter.tar"), re.sub(r"^docker\.io/", "", names["exporter"]))
        project.docker("load", "--quiet", "--input", f"{PROJECT}/exporter.tar")
        _make_stand_ins(project, names)
        yield project


def _services(source: Path) -> Tree:
    services: Tree = yaml.safe_load((source / "compose.yaml").read_text())["services"]
    return services


def _copy(source: Path, project: Composed) -> None:
    project.path("").mkdir(parents=True)
    for part in PARTS:
        project.path(part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / part).is_dir() else shutil.copy2)(source / part, project.path(part))


def _make_stand_ins(project: Composed, names: Mapping[str, str]) -> None:
    context = project.path("images")
    context.mkdir()
    (context / "nc").write_text(PORT_IS_OPEN)
    (context / "nc").chmod(0o755)
    lab = project.path("lab.tar")
    excluded = [f"--exclude=./{folder}/*" for folder in LEFT_OUT]
    subprocess.run(  # noqa: S603 - our own argument vector
        ["tar", "-C", str(ensure().root), *excluded, "-cf", str(lab), "."],  # noqa: S607 - wherever it is
        check=True,
    )
    project.docker("import", f"{PROJECT}/lab.tar", "lab")
    lab.unlink()
    for service, rest in STAND_INS.items():
        folders = "mkdir -p /prometheus /alertmanager && chown nobody:nogroup /prometheus /alertmanager"
        text = f"FROM lab\nCOPY nc /usr/bin/nc\nRUN {folders}\n{rest}\n"
        (context / f"{service}.Dockerfile").write_text(text)
        built = ("build", "--quiet", "--tag", names[service], "--file", f"{PROJECT}/images/{service}.Dockerfile")
        project.docker(*built, f"{PROJECT}/images")
