"""A real browser for the pages: Debian's Chromium, installed where it is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from lab.chroot import LabBuildError, LabUnavailableError, missing

PACKAGE = "chromium"
# As root there is no sandbox; and Chromium looks for services on the network unless it is told not to.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def chromium() -> str:
    """Return the path of Chromium, installing it first where there is none.

    Raises:
        LabUnavailableError: this machine has none, and cannot install it.
        LabBuildError: installing it failed.
    """
    if shutil.which(PACKAGE) is None:
        if lacks := missing():
            raise LabUnavailableError(f"the browser ({PACKAGE}) needs " + " and ".join(lacks))
        print(f"installing {PACKAGE} (once, about a minute) ...", file=sys.stderr, flush=True)
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", "--option", "DPkg::Lock::Timeout=300", PACKAGE)
    if (path := shutil.which(PACKAGE)) is None:
        raise LabBuildError(f"{PACKAGE} was installed, but is not on the path")
    return path


def _apt_get(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(  # noqa: S603 - our own argument vector
        ["apt-get", *arguments],  # noqa: S607 - wherever it is
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode != 0:
        last_lines = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise LabBuildError(f"apt-get {arguments[0]} ended with status {done.returncode}:\n{last_lines}")
