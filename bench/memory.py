"""Memory of the exporter under attack, on simulated servers: `python -m bench.memory` prints it alone."""

from __future__ import annotations

import re
import socket
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from bench.exporters import ours, peak_mebibytes
from bench.fleet import fleet
from bench.lying import lying_daemons
from bench.table import Found, Row, Section

TITLE = "h. Memory under attack"
ABOUT = (
    "Simulated servers. Lying: each sends 32 MiB of small JSON values to two commands, at the default"
    " body_size_limit, beside a sound server of 50 ms a command. Unread: 40 clients send GET /metrics and never read;"
    " after is 8 s after they have left. Sizes are resident."
)
READERS = 40
# Longer than a scrape, and less than a slow reader has.
UNREAD_SECONDS, SETTLED_SECONDS = 8.0, 8.0
RECEIVE_BUFFER = 4096
WARM_UP_SCRAPES = 3
MAX_PEAK_MEBIBYTES, MAX_RATIO = 400, 1.3
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: exporter\r\n\r\n"


def memory_section(folder: Path) -> Section:
    """Measure what daemons that lie cost, and clients that do not read."""
    section = Section(TITLE, ABOUT, targets_in="measured")
    few, many = unread_pages(folder, 1, 10_000), unread_pages(folder, 8, 5_000)
    section.add("measured", Found([*lying_daemons(folder), *few, *many]))
    return section


def unread_pages(folder: Path, servers: int, subnets: int, settled_seconds: float = SETTLED_SECONDS) -> list[Row]:
    """Return the memory before, while and after 40 clients do not read their page."""
    with ExitStack() as stack:
        urls = stack.enter_context(fleet(folder, servers, subnets)).urls
        exporter = stack.enter_context(ours(folder, list(urls), timeout="60s"))
        pages = [exporter.scrape(timeout=100) for _ in range(WARM_UP_SCRAPES)]
        pid = exporter.running.pid
        time.sleep(settled_seconds)
        before = resident_mebibytes(pid)
        readers = [_unread(exporter.port) for _ in range(READERS)]
        time.sleep(UNREAD_SECONDS)
        for reader in readers:
            with suppress(OSError):
                reader.close()
        time.sleep(settled_seconds)
        peak, after = peak_mebibytes(pid), resident_mebibytes(pid)
    name = f"{servers} x {subnets:,} subnets"
    return [
        Row(f"{name}, unread: peak, MiB", peak, 0, limit=MAX_PEAK_MEBIBYTES),
        Row(f"{name}, unread: after ÷ before", after / before, limit=MAX_RATIO),
        Row(f"{name}: before, MiB", before, 0),
        Row(f"{name}: bytes of the page", len(pages[-1].page), 0),
    ]


def resident_mebibytes(pid: int) -> float:
    """Return the memory that a process has now."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    if found is None:
        raise AssertionError("the kernel does not report the memory of a process")
    return int(found[1]) / 1024


def _unread(port: int) -> socket.socket:
    """Return a connection that has requested the page, and never reads it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.connect(("127.0.0.1", port))
    sock.sendall(REQUEST)
    return sock


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(memory_section(Path(folder)).text())


if __name__ == "__main__":
    main()
