"""The lab's chroots are whole or not there, whatever ends their building; Debian's own programs are played here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.waiting import wait_until

pytestmark = pytest.mark.lab

# A debootstrap that mounts, as the real one does, and that is in no hurry to end.
SLOW = """#!/bin/sh
for root; do case "$root" in *.building) break ;; esac; done
mkdir -p "$root/proc"
mount -t proc proc "$root/proc"
trap '' INT TERM
( trap '' INT TERM; while :; do date > "$root/written"; sleep 0.02; done ) &
while :; do sleep 0.02; done
"""
QUICK = """#!/bin/sh
for root; do case "$root" in *.building) break ;; esac; done
mkdir -p "$root/etc/apt" "$root/usr/sbin"
"""
NOTHING = "#!/bin/sh\n"
# An apt-get that refuses whoever comes second, as the real one does.
APT_GET = """#!/bin/sh
here=$(dirname "$0")
mkdir "$here/lock" || exit 100
sleep 0.2
test "$1" = update || cp "$0" "$here/wanted-program"
rmdir "$here/lock"
"""
BUILD = ("-m", "lab", "build")
ENSURE = ("-c", "from lab.servers.chroot import Recipe, ensure; print(ensure(Recipe('played', ('nothing',))).root)")
INSTALL = ("-c", "from lab.servers.chroot import install; install('wanted-program')")


class Builder:
    """A process that wants a chroot, or something else, with programs of its own in the place of Debian's."""

    def __init__(self, folder: Path, debootstrap: str, wish: tuple[str, ...]) -> None:
        self.cache = folder / "cache"
        programs = folder / "programs"
        programs.mkdir(exist_ok=True)
        for name, text in {"debootstrap": debootstrap, "chroot": NOTHING, "apt-get": APT_GET}.items():
            (programs / "new").write_text(text)
            (programs / "new").chmod(0o755)
            (programs / "new").rename(programs / name)
        environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "KEA_LAB_CACHE": str(self.cache),
            "KEA_LAB_MIRROR": "http://127.0.0.1:1/debian",
        }
        self.process = subprocess.Popen(
            [sys.executable, *wish], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def is_building(self) -> bool:
        return any(self.cache.glob("*/written"))

    def end(self, number: int) -> str:
        """End it while it builds, and return what it says."""
        wait_until(self.is_building)
        self.process.send_signal(number)
        return "".join(self.process.communicate())

    def left(self) -> list[str]:
        """Return what is left: processes, mounts, folders."""
        of_the_system = [*Path("/proc").glob("[0-9]*/cmdline"), Path("/proc/mounts")]
        found = [text for path in of_the_system for text in _lines(path) if str(self.cache) in text]
        return found + [folder.name for folder in self.cache.iterdir() if folder.is_dir()]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").replace("\0", " ").splitlines()
    except OSError:
        return []  # it ended meanwhile


def test_nothing_is_left_of_a_build_that_is_interrupted(tmp_path: Path) -> None:
    builder = Builder(tmp_path, SLOW, BUILD)
    assert "Traceback" not in builder.end(signal.SIGINT)
    assert builder.process.returncode == 128 + signal.SIGINT
    wait_until(lambda: builder.left() == [])


def test_the_rest_of_a_killed_build_is_no_chroot_and_is_removed(tmp_path: Path) -> None:
    killed = Builder(tmp_path, SLOW, ENSURE)
    killed.end(signal.SIGKILL)
    # All of it but the files themselves ends with the builder.
    wait_until(lambda: len(killed.left()) == 1)
    said, _ = Builder(tmp_path, QUICK, ENSURE).process.communicate()
    assert [Path(said.strip())] == [folder for folder in killed.cache.iterdir() if folder.is_dir()]


def test_two_who_want_a_program_of_debians_at_once_both_get_it(tmp_path: Path) -> None:
    both = [Builder(tmp_path, NOTHING, INSTALL).process for _ in range(2)]
    for process in both:
        process.communicate()
    assert [process.returncode for process in both] == [0, 0]
