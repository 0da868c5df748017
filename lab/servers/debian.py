"""Programs from Debian's packages, unpacked beside the chroots and never installed.

Installing nginx, for one, would start a service on port 80.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from lab.servers.chroot import cache_directory, locked, run

if TYPE_CHECKING:
    from pathlib import Path


def unpacked(name: str, *packages: str) -> Path:
    """Return the folder with the files of some packages.

    Args:
        name: of the folder in the cache.
        packages: the names of the packages; without their dependencies.

    Raises:
        LabBuildError: a package cannot be downloaded.
    """
    folder = cache_directory() / name
    with locked("apt"):
        if not folder.is_dir():
            unfinished = folder.with_name(f"{name}.building")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            run("apt-get", "update")
            run("env", "--chdir", str(unfinished), "apt-get", "download", *packages)
            for package in unfinished.glob("*.deb"):
                run("dpkg", "-x", str(package), str(unfinished))
            unfinished.rename(folder)
    return folder
