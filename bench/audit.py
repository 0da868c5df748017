"""The lease audit of a server with many leases: its time and memory, and what a concurrent client notices of it.

`python -m bench.audit [LEASES]`
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from bench.exporters import peak_mebibytes
from bench.server import done
from bench.wire import BareConnection
from kea_exporter.audit import audit_leases
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import known
from lab.servers.chroot import ensure
from lab.servers.configurations import HOOKS, dhcp, http
from lab.servers.kea import Lab
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable

LEASES = 100_000


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--audit"]:
        _audit(int(arguments[1]))
        return
    leases = int(arguments[0]) if arguments else LEASES
    with Lab(ensure()) as lab:
        port = free_port()
        subnet = {"id": 1, "subnet": "10.0.0.0/8"}
        lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], HOOKS, subnet4=[subnet]))
        print(f"adding {leases} leases ...", flush=True)
        _add(port, leases)
        quiet = _slowest_answer(port, lambda: time.sleep(5))
        process: list[str] = []
        busy = _slowest_answer(port, lambda: process.append(_in_a_process_of_its_own(port)))
        print(process[0], end="")
        print(f"slowest version-get of a concurrent client: {quiet:.1f} ms without, {busy:.1f} ms during the audit")


def _audit(port: int) -> None:
    """Audit, and print what it took; a process of its own has a peak memory of its own."""
    tree = {"servers": [{"name": "kea", "lease_audit": {}, "dhcp4": {"url": f"http://127.0.0.1:{port}"}}]}
    [daemon] = settings_from_tree(tree, Path.cwd()).daemons
    if daemon.lease_audit is None:
        raise AssertionError("the audit is on")
    before, started = peak_mebibytes(os.getpid()), time.monotonic()
    found = known(audit_leases(daemon, daemon.lease_audit))
    took = time.monotonic() - started
    print(f"{found.leases} leases in pages of {daemon.lease_audit.page_size}: {took:.1f} s")
    peak = peak_mebibytes(os.getpid())
    print(f"peak memory: {peak:.0f} MiB, {peak - before:.0f} MiB of it for the audit")


def _in_a_process_of_its_own(port: int) -> str:
    arguments = [sys.executable, "-m", "bench.audit", "--audit", str(port)]
    return subprocess.run(arguments, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ourselves


def _add(port: int, leases: int) -> None:
    with closing(BareConnection(port)) as connection:
        for number in range(leases):
            address = f"10.{1 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
            hardware = f"02:00:{number >> 24:02x}:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
            done(connection.command("lease4-add", {"ip-address": address, "hw-address": hardware, "subnet-id": 1}))


def _slowest_answer(port: int, meanwhile: Callable[[], object]) -> float:
    """Return the milliseconds of the slowest version-get, asked every 10 ms while something is done."""
    slowest, ended = [0.0], threading.Event()

    def ask() -> None:
        with closing(BareConnection(port)) as connection:
            while not ended.wait(0.01):
                started = time.monotonic()
                connection.command("version-get")
                slowest.append(time.monotonic() - started)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        meanwhile()
    finally:
        ended.set()
        thread.join()
    return 1000 * max(slowest)


if __name__ == "__main__":
    main(sys.argv[1:])
