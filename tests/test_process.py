"""The exporter as a process: signals, PID 1, what it leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.processes import Running, free_port
from tests.exporter import COMMAND, is_healthy, written
from tests.peers import peer

if TYPE_CHECKING:
    import socket

needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="PID 1 needs root and unshare (util-linux)"
)


def only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def say_nothing(sock: socket.socket) -> None:
    while sock.recv(65536):
        pass


@needs_namespaces
def test_as_pid_1_it_ends_within_two_seconds_even_while_a_scrape_waits(tmp_path: Path) -> None:
    port = free_port()
    with peer(say_nothing) as silent:
        tree = {"servers": [{"name": "silent", "dhcp4": {"url": f"http://127.0.0.1:{silent}"}}]}
        listen = ["--config.file", str(written(tmp_path, tree)), "--web.listen-address", f"127.0.0.1:{port}"]
        running = Running(["unshare", "--pid", "--fork", "--kill-child", *COMMAND, "serve", *listen], tmp_path / "log")
        try:
            running.wait_until(lambda: is_healthy(f"http://127.0.0.1:{port}"))
            with subprocess.Popen(
                [sys.executable, "-c", f"import requests; requests.get('http://127.0.0.1:{port}/metrics', timeout=9)"],
                stderr=subprocess.DEVNULL,
            ) as scrape:
                time.sleep(1)
                assert scrape.poll() is None, "the scrape should be waiting for the silent server"
                started = time.monotonic()
                os.kill(only_child(running.pid), signal.SIGTERM)
                status = running.wait(5)
                took = time.monotonic() - started
        finally:
            running.stop()
    assert status == 0
    assert took < 2
