"""A real browser for the pages: Debian's Chromium, installed where it is missing."""

from __future__ import annotations

import shutil

from lab.servers.chroot import LabBuildError, install

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
    install(PACKAGE)
    if (path := shutil.which(PACKAGE)) is None:
        raise LabBuildError(f"{PACKAGE} was installed, but is not on the path")
    return path
