"""The Debian package: built by Debian's own tools in one chroot, and tried in copies of another."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lab.packages.machine import ENVIRONMENT
from lab.servers.chroot import ALONE, Chroot, LabBuildError, LabUnavailableError, Recipe, cache_directory, ensure

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parent.parent.parent
DESTINATION = SOURCE / "dist"
# What the package is made of; what is not there is left out, as the packaging says what it cannot do without.
PARTS = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "completion",
    "config.example.yml",
    "debian",
    "deploy/systemd",
    "docs",
    "grafana/dashboards",
    "hatch_build.py",
    "kea_exporter",
    "kea_simulator",
    "man",
    "prometheus/rules",
    "prometheus/rules-migration",
    "pyproject.toml",
)
BUILDER = Recipe(
    name="debian-build",
    stable=(
        "build-essential",
        "debhelper",
        "dh-python",
        "lintian",
        "pybuild-plugin-pyproject",
        "python3-all",
        "python3-hatchling",
    ),
)
MACHINE = Recipe(name="debian-machine", stable=("systemd",), backported=("kea-dhcp4-server",))
BUILD_SECONDS = 600


def build(destination: Path = DESTINATION, source: Path = SOURCE) -> Path:
    """Build the package of a source tree and return where it is.

    Raises:
        LabUnavailableError: this machine cannot have the chroot.
        LabBuildError: the chroot could not be built, or the package.
    """
    chroot = ensure(BUILDER)
    with tempfile.TemporaryDirectory(dir=chroot.path("/var/tmp")) as folder:  # noqa: S108 - a name of our own below it
        tree = Path(folder) / "kea-exporter"
        copy_parts(tree, source)
        in_chroot(chroot, "sh", "-c", 'cd "$0" && dpkg-buildpackage --build=binary', _inside(chroot, tree))
        [package] = Path(folder).glob("*.deb")
        destination.mkdir(exist_ok=True)
        return Path(shutil.copy(package, destination))


def in_chroot(chroot: Chroot, *arguments: str) -> str:
    """Run a program inside to its end and return what it printed.

    Raises:
        LabBuildError: it failed; the message ends with its last lines.
    """
    # With a /proc that goes away with whatever runs.
    enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
    done = subprocess.run(  # noqa: S603 - our own argument vector
        [*ALONE, "sh", "-c", enter, str(chroot.root), *ENVIRONMENT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS,
    )
    if done.returncode != 0:
        last_lines = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise LabBuildError(f"'{' '.join(arguments)}' ended with status {done.returncode}:\n{last_lines}")
    return done.stdout


@contextmanager
def bootable(recipe: Recipe = MACHINE) -> Iterator[Chroot]:
    """Copy a chroot with systemd, by default nothing but that and Kea, to be booted; the copy is removed in the end."""
    cached = ensure(recipe)
    with tempfile.TemporaryDirectory(prefix="trying-", dir=cache_directory()) as folder:
        root = Path(folder) / "root"
        subprocess.run(["cp", "--archive", "--reflink=auto", str(cached.root), str(root)], check=True)  # noqa: S603, S607
        # What is installed from now on is started.
        (root / "usr/sbin/policy-rc.d").unlink()
        yield Chroot(root)


def copy_parts(target: Path, source: Path = SOURCE) -> None:
    """Copy what the package is made of."""
    ignored = shutil.ignore_patterns("__pycache__")
    for part in PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part, symlinks=True, ignore=ignored)
        elif (source / part).exists():
            shutil.copy2(source / part, target / part)


def _inside(chroot: Chroot, path: Path) -> str:
    return f"/{path.relative_to(chroot.root)}"


def main() -> int:
    try:
        print(f"built {build()}")
    except (LabUnavailableError, LabBuildError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
