"""The container image, built by buildah without an engine, and run from its mounted files; see `engine` for one.

No base image can be pulled here. A Debian chroot with Debian's Python stands in for it, under its name.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lab.servers.chroot import LabBuildError, Recipe, ensure, install
from lab.servers.processes import ENDS_WITH_US, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Tree = dict[str, Any]

NAME = "kea-exporter"
SOURCE = Path(__file__).parent.parent.parent
STAND_IN = Recipe(name="python-base", stable=("python3", "python3-venv"))
BUILD_SECONDS = 600
# Of the machine's pip: where packages come from. None of it belongs into an image or a file of the repository.
PIP_OPTIONS = ("index-url", "extra-index-url", "find-links", "trusted-host", "proxy")


@dataclass(frozen=True)
class Image:
    """An image that was built.

    Attributes:
        root: its files, mounted.
        config: what it says of itself, as engines read it.
        packed: the sizes of its layers as a registry would store them, the base's first.
        seconds: how long it took to build.
        save: writes it to a file that `docker load` reads, under a name.
    """

    root: Path
    config: Tree
    packed: list[int]
    seconds: float
    save: Callable[[Path, str], object]

    def command(self, *arguments: str) -> list[str]:
        """Return the argument vector that runs *arguments* in the image's environment, and nothing else of ours."""
        return ["/usr/bin/env", "-i", *self.config["Env"], *arguments]


@contextmanager
def built(arguments: Mapping[str, str]) -> Iterator[Image]:
    """Build the image with build *arguments*, and remove it afterwards.

    Raises:
        LabUnavailableError: this machine cannot have buildah or the chroot.
        LabBuildError: a step failed.
    """
    install("buildah")
    # Below /var/tmp: a base and what is built on it are copied several times.
    with tempfile.TemporaryDirectory(prefix="kea-exporter-image-", dir="/var/tmp") as folder:
        buildah = _Buildah(Path(folder))
        buildah.import_root(ensure(STAND_IN).root, base_name())
        started = time.monotonic()
        buildah.build(NAME, arguments)
        seconds = time.monotonic() - started
        container = buildah("from", "--pull-never", NAME)
        try:
            yield _image(buildah, container, seconds)
        finally:
            buildah("umount", container)


def base_name() -> str:
    """Return the name of the base that the Dockerfile builds on."""
    found = re.search(r"^ARG BASE=(\S+)$", (SOURCE / "Dockerfile").read_text(), re.MULTILINE)
    if found is None:
        raise LabBuildError("the Dockerfile names no base")
    return found[1]


class _Buildah:
    """buildah with a storage of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Steps run in a chroot: there is no engine, and perhaps no right to make containers.
        self._environment = {**os.environ, "BUILDAH_ISOLATION": "chroot"}
        places = ("--root", str(folder / "storage"), "--runroot", str(folder / "run"))
        self._storage = (*places, "--storage-driver", "vfs")

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own argument vector
            ["buildah", *self._storage, *arguments],  # noqa: S607 - from Debian, wherever it is
            capture_output=True,
            text=True,
            check=False,
            env=self._environment,
            timeout=BUILD_SECONDS,
        )
        if done.returncode != 0:
            raise LabBuildError(f"buildah {arguments[0]}: {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout.strip()

    def import_root(self, root: Path, name: str) -> None:
        """Make an image of a root directory."""
        container = self("from", "scratch")
        # Unlike buildah's own copying, this keeps whose each file is.
        subprocess.run(["cp", "--archive", f"{root}/.", self("mount", container)], check=True)  # noqa: S603, S607 - ours
        self("commit", "--quiet", container, name)
        self("rm", container)

    def build(self, name: str, arguments: Mapping[str, str]) -> None:
        """Build the Dockerfile; the machine's authorities and its package index are there while it is built."""
        pip = self.folder / "pip.conf"
        pip.write_text(_pip_configuration())
        authorities = "/etc/ssl/certs/ca-certificates.crt"
        options = [part for argument in arguments.items() for part in ("--build-arg", "=".join(argument))]
        self(
            "build",
            "--pull-never",
            "--format=docker",  # the other one has no HEALTHCHECK
            f"--secret=id=pip.conf,src={pip}",
            f"--volume={authorities}:{authorities}:ro",
            *options,
            f"--tag={name}",
            str(SOURCE),
        )


def _pip_configuration() -> str:
    """Return the pip configuration of this machine, as far as packages cannot be had without it."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", listed.stdout, re.MULTILINE)
    lines = [f"{name} = {value}" for name, value in found if name in PIP_OPTIONS and not value.startswith("/")]
    return "\n".join(("[global]", "cert = /etc/ssl/certs/ca-certificates.crt", *lines, ""))


def _image(buildah: _Buildah, container: str, seconds: float) -> Image:
    archive = buildah.folder / "packed"
    buildah("push", "--quiet", NAME, f"oci:{archive}")
    return Image(
        root=Path(buildah("mount", container)),
        config=json.loads(buildah("inspect", "--type=image", NAME))["Docker"]["config"],
        packed=[layer["size"] for layer in _manifest(archive)["layers"]],
        seconds=seconds,
        save=lambda path, name: buildah("push", "--quiet", NAME, f"docker-archive:{path}:{name}"),
    )


def _manifest(archive: Path) -> Tree:
    index = json.loads((archive / "index.json").read_text())
    digest = index["manifests"][0]["digest"].replace(":", "/")
    manifest: Tree = json.loads((archive / "blobs" / digest).read_text())
    return manifest


class Container:
    """A command of the image under way: process 1 of its own, on a root that nobody can write to, as any user.

    The network is the machine's, so that real Kea on loopback can be reached.

    Args:
        image: whose files are its root.
        user: the numbers of user and group.
        folder: what is mounted at /etc/kea-exporter, read-only.
        arguments: the command.
        output: where its output goes.
    """

    def __init__(self, image: Image, user: tuple[int, int], folder: Path, arguments: list[str], output: Path) -> None:
        self._image = image
        self._user, self._group = map(str, user)
        place = image.root / "etc/kea-exporter"
        place.mkdir(exist_ok=True)  # an engine makes it too
        mounts = (
            f"mount --bind {image.root} {image.root}",
            f"mount --bind {folder} {place}",
            f"mount -o remount,bind,ro {place}",
            f"mount -t proc proc {image.root}/proc",
            f"mount -o remount,bind,ro {image.root}",
        )
        account = f"--userspec={self._user}:{self._group}"
        # Again inside: becoming another user ends what --kill-child asked for.
        bound = [*ENDS_WITH_US, *image.command(*arguments)]
        inside = ["setpriv", "--no-new-privs", "chroot", account, "--groups=", str(image.root), *bound]
        script = f'{" && ".join(mounts)} && exec "$@"'
        # Whoever ends the one that waits ends the container with it; and it ends with this process.
        alone = [*ENDS_WITH_US, "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        self.running = Running([*alone, "sh", "-c", script, "sh", *inside], output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.running.signal(signal.SIGKILL)
        self.running.stop()

    @property
    def pid(self) -> int:
        """Return the id that its process 1 has outside."""
        waiting = self.running.pid
        return int(Path(f"/proc/{waiting}/task/{waiting}/children").read_text().split()[0])

    def signal(self, number: int) -> None:
        """Send a signal to its process 1, as `docker stop` does."""
        os.kill(self.pid, number)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command in it to its end, as HEALTHCHECK does."""
        enter = ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--root", "--wd"]
        account = [f"--setuid={self._user}", f"--setgid={self._group}"]
        return subprocess.run(  # noqa: S603 - our own argument vector
            [*enter, *account, "--", *self._image.command(*arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
