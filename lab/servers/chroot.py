"""A Debian chroot that holds the real servers, built once and cached outside the repository."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.servers.processes import ENDS_WITH_US

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SUITE = "trixie"
BACKPORTS = f"{SUITE}-backports"
# The trixie script of debootstrap 1.0.128 (Debian 12) is a link to this one.
DEBOOTSTRAP_SCRIPT = "/usr/share/debootstrap/scripts/sid"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# In namespaces of its own, so that no process and no mount of a build outlives it.
ALONE = (*ENDS_WITH_US, "unshare", "--mount-proc", "--pid", "--fork", "--kill-child")


class LabUnavailableError(Exception):
    """This machine cannot have the lab; the message says what is missing."""


class LabBuildError(Exception):
    """This machine can have the lab, but building it failed; the message says where."""


@dataclass(frozen=True)
class Recipe:
    """What a chroot holds.

    Attributes:
        stable: packages of the suite itself.
        backported: packages of its backports.
    """

    name: str
    stable: tuple[str, ...]
    backported: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return a name that changes with the recipe, so that an old chroot is never taken for a new one."""
        text = "\n".join((SUITE, *self.stable, BACKPORTS, *self.backported))
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


CURRENT = Recipe(
    name="kea-3.0",
    stable=("prometheus", "prometheus-alertmanager"),
    backported=("kea-dhcp4-server", "kea-dhcp6-server", "kea-dhcp-ddns-server", "kea-ctrl-agent", "kea-admin"),
)
OLD = Recipe(name="kea-2.6", stable=("kea-dhcp4-server", "kea-dhcp6-server", "kea-ctrl-agent"))


@dataclass(frozen=True)
class Chroot:
    """A root directory with Kea and Prometheus installed."""

    root: Path

    def path(self, inside: str) -> Path:
        """Return where *inside*, an absolute path of the chroot, is seen from outside."""
        return self.root / inside.lstrip("/")

    def command(self, *arguments: str) -> list[str]:
        """Return the argument vector that runs *arguments* inside, and dies with its parent."""
        return [*ENDS_WITH_US, "chroot", str(self.root), *arguments]

    def run(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a short program inside to its end, keeping what it prints."""
        return subprocess.run(  # noqa: S603 - our own argument vector
            self.command(*arguments), input=stdin, capture_output=True, text=True, check=False, timeout=120
        )


def missing() -> list[str]:
    """Return what this machine lacks for the lab, one sentence each; empty when it can be built."""
    lacks = []
    if sys.platform != "linux" or shutil.which("apt-get") is None:
        lacks.append("a Debian system (apt-get was not found)")
    if os.geteuid() != 0:
        lacks.append("root (a chroot is entered and packages are installed)")
    return lacks


def ensure(recipe: Recipe = CURRENT) -> Chroot:
    """Return the cached chroot, building it first where there is none.

    Raises:
        LabUnavailableError: this machine cannot have it.
        LabBuildError: a build step failed.
    """
    if lacks := missing():
        raise LabUnavailableError("the lab of real Kea servers needs " + " and ".join(lacks))
    target = cache_directory() / recipe.key
    with locked(recipe.key):
        if not target.is_dir():
            _build(target, recipe)
    return Chroot(target)


def install(*packages: str, needed: tuple[str, ...] = ()) -> None:
    """Install packages of Debian's on this machine, unless it has all that is needed of them.

    Args:
        packages: what is installed.
        needed: programs, or absolute paths of files; by default the program that is called like the first package.

    Raises:
        LabUnavailableError: they cannot be installed here.
        LabBuildError: installing them failed.
    """
    needed = needed or packages[:1]
    if all(map(_is_there, needed)):
        return
    if lacks := missing():
        raise LabUnavailableError(f"{packages[0]} is not installed, which needs {' and '.join(lacks)}")
    # One at a time: apt refuses whoever comes second.
    with locked("apt"):
        if not all(map(_is_there, needed)):
            print(f"installing {' and '.join(packages)} ...", file=sys.stderr, flush=True)
            run("apt-get", "update")
            patient = ("--option", "DPkg::Lock::Timeout=300")
            run("apt-get", "install", "--yes", "--no-install-recommends", *patient, *packages)


def _is_there(needed: str) -> bool:
    return Path(needed).exists() if needed.startswith("/") else shutil.which(needed) is not None


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where chroots are kept: KEA_LAB_CACHE, else below the user's cache directory."""
    base = environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(environ.get("KEA_LAB_CACHE") or Path(base) / "kea-exporter-lab").absolute()


def mirror(environ: Mapping[str, str] = os.environ) -> str:
    """Return the Debian archive to install from: KEA_LAB_MIRROR, else the one that apt itself uses.

    Raises:
        LabBuildError: apt knows no Debian archive.
    """
    if chosen := environ.get("KEA_LAB_MIRROR"):
        return chosen
    if not (archives := _archives()):
        # apt names its archives only once it has their lists.
        with locked("apt"):
            run("apt-get", "update")
        archives = _archives()
    if not archives:
        raise LabBuildError("apt lists no Debian archive; set KEA_LAB_MIRROR to the address of one")
    return archives[0]


def _archives() -> list[str]:
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    return [uri.rstrip("/") for uri in listed.splitlines() if uri.rstrip("/").endswith("/debian")]


@contextmanager
def locked(what: str) -> Iterator[None]:
    """Hold a lock that all processes of the lab share."""
    cache_directory().mkdir(parents=True, exist_ok=True)
    with (cache_directory() / f"{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(target: Path, recipe: Recipe) -> None:
    print(f"building the lab's {recipe.name} in {target} (once, minutes) ...", file=sys.stderr, flush=True)
    install("debootstrap", "debian-archive-keyring", needed=("debootstrap", KEYRING))
    source = mirror()
    unfinished = target.with_name(f"{target.name}.building")
    # A build that was killed has left it.
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    unfinished.chmod(0o755)
    try:
        _debootstrap(unfinished, source)
        _install_servers(unfinished, source, recipe)
        _prepare_directories(unfinished)
        unfinished.rename(target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _debootstrap(root: Path, source: str) -> None:
    options = ("--variant=minbase", "--include=ca-certificates", f"--keyring={KEYRING}")
    run(*ALONE, "debootstrap", *options, SUITE, str(root), source, DEBOOTSTRAP_SCRIPT)


def _install_servers(root: Path, source: str, recipe: Recipe) -> None:
    lists = "".join(f"deb {source} {suite} main\n" for suite in (SUITE, BACKPORTS))
    (root / "etc/apt/sources.list").write_text(lists)
    # Without this, maintainer scripts would try to start the servers.
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    apt = (*ALONE, "chroot", str(root), "apt-get")
    options = ("install", "--yes", "--no-install-recommends")
    run(*apt, "update")
    run(*apt, *options, *recipe.stable)
    if recipe.backported:
        run(*apt, *options, "--target-release", BACKPORTS, *recipe.backported)
    run(*apt, "clean")


def _prepare_directories(root: Path) -> None:
    for inside in ("var/lib/kea", "run/kea", "var/log/kea", "etc/kea"):
        (root / inside).mkdir(parents=True, exist_ok=True)
    # Kea 3.0 refuses a control socket in a directory that others may enter.
    (root / "run/kea").chmod(0o750)


def run(*arguments: str) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        LabBuildError: it failed; the message ends with its last lines.
    """
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(  # noqa: S603 - our own argument vector
        arguments, capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode != 0:
        raise LabBuildError(_explain(arguments, done))
    return done.stdout


def _explain(arguments: Sequence[str], done: subprocess.CompletedProcess[str]) -> str:
    last_lines = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
    command = " ".join(arguments[len(ALONE) :] if arguments[: len(ALONE)] == ALONE else arguments)
    return f"building the lab: '{command}' ended with status {done.returncode}:\n{last_lines}"
