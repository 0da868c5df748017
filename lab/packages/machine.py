"""A Debian whose first process is systemd: a chroot, booted in namespaces of its own, all but perhaps the network."""

from __future__ import annotations

import os
import signal
import subprocess
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Self

from lab.servers.chroot import Chroot, LabUnavailableError
from lab.servers.processes import ENDS_WITH_US, Running

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
# In its group first, so that the namespace of groups begins there. What settles the whole kernel is read-only.
# Mounts are shared, as systemd mounts credentials in a process of its own.
JOIN = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
BOOT = """
set -e
cd "$0"
mount --bind . .
cd "$0"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
if [ "$1" = own-network ]; then
    mount -t proc proc mnt
    mount --bind mnt/sys/net proc/sys/net
    umount mnt
fi
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do
    touch "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mkdir -p mnt/before
pivot_root . mnt/before
umount -l /mnt/before
mount --make-rshared /
exec env -i container=lab PATH=/usr/sbin:/usr/bin /usr/lib/systemd/systemd
"""
NAMESPACES = ("--mount", "--pid", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child")
BOOTED = {"running", "degraded"}


class Machine:
    """A chroot that is booted, until it is left; then all of its processes are gone.

    Args:
        chroot: one with systemd installed; nobody else may use it.
        log: the file that gets what is printed at its console.
        own_network: whether it has a network of its own, with nothing but loopback, instead of sharing this one's.

    Raises:
        LabUnavailableError: this machine cannot have another one inside.
        StartError: it did not boot.
    """

    def __init__(self, chroot: Chroot, log: Path, *, own_network: bool = False) -> None:
        self.chroot = chroot
        self._group = _new_group()
        more, network = (("--net",), "own-network") if own_network else ((), "network-of-this-machine")
        boot = ("unshare", *more, *NAMESPACES, "sh", "-c", BOOT, str(chroot.root), network)
        join = ("sh", "-c", JOIN, str(self._group), *boot)
        self._running = Running([*ENDS_WITH_US, *join], log)

    def __enter__(self) -> Self:
        try:
            self._running.wait_until(self._has_booted)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if first := self._first_process():
            # All others end with it, and only then does what has started it.
            os.kill(first, signal.SIGKILL)
        self._running.stop()
        for folder in _deepest_first(self._group):
            folder.rmdir()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program inside to its end, keeping what it prints."""
        enter = ("nsenter", "--target", str(self._first_process()), "--all")
        return subprocess.run(  # noqa: S603 - our own argument vector
            [*enter, *ENVIRONMENT, *arguments], capture_output=True, text=True, check=False, timeout=300
        )

    def property_of(self, unit: str, name: str) -> str:
        """Return what systemd says of a unit."""
        return self.run("systemctl", "show", "--value", f"--property={name}", unit).stdout.strip()

    def log_of(self, unit: str) -> str:
        """Return what a unit has logged, and systemd of it."""
        return self.run("journalctl", "--no-pager", "--output=cat", f"--unit={unit}").stdout

    def _has_booted(self) -> bool:
        return self._first_process() > 0 and self.run("systemctl", "is-system-running").stdout.strip() in BOOTED

    def _first_process(self) -> int:
        pid = self._running.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return 0
        return int(children[0]) if children else 0


def _new_group() -> Path:
    group = _groups() / f"kea-lab-{uuid.uuid4().hex[:12]}"
    try:
        group.mkdir()
    except OSError as error:
        raise LabUnavailableError(f"a machine with systemd needs a control group: {error}") from None
    return group


def _groups() -> Path:
    mounts = (line.split() for line in Path("/proc/mounts").read_text().splitlines())
    for _, place, kind, *_ in mounts:
        if kind == "cgroup2":
            return Path(place)
    raise LabUnavailableError("a machine with systemd needs control groups of version 2")


def _deepest_first(group: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(group, topdown=False):
        yield Path(folder)
