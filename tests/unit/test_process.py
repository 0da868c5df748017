"""The exporter as a process: signals, PID 1, what it leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path
from threading import Event

import pytest

from lab.servers.processes import Running, free_port
from tests.support.exporter import COMMAND, is_healthy, written
from tests.support.peers import peer

SOON = 10.0
needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None, reason="PID 1 needs root and unshare (util-linux)"
)


def only_child(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


@needs_namespaces
def test_as_pid_1_it_ends_soon_even_while_a_scrape_waits(tmp_path: Path) -> None:
    port, was_asked = free_port(), Event()

    def listen_only(sock: socket.socket) -> None:
        while sock.recv(65536):
            was_asked.set()

    with peer(listen_only) as silent:
        tree = {"servers": [{"name": "silent", "dhcp4": {"url": f"http://127.0.0.1:{silent}", "timeout": "1m"}}]}
        listen = ["--config.file", str(written(tmp_path, tree)), "--web.listen-address", f"127.0.0.1:{port}"]
        running = Running(["unshare", "--pid", "--fork", "--kill-child", *COMMAND, "serve", *listen], tmp_path / "log")
        try:
            running.wait_until(lambda: is_healthy(f"http://127.0.0.1:{port}"))
            with socket.create_connection(("127.0.0.1", port)) as scrape:
                timeouts = "X-Prometheus-Scrape-Timeout-Seconds: 100"
                scrape.sendall(f"GET /metrics HTTP/1.1\r\nHost: exporter\r\n{timeouts}\r\n\r\n".encode())
                assert was_asked.wait(SOON)
                os.kill(only_child(running.pid), signal.SIGTERM)
                # Long before the silent server is given up.
                assert running.wait(SOON) == 0
        finally:
            running.stop()
