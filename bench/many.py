"""Part e: many daemons at once, and some of them dead."""

from __future__ import annotations

import json
import re
import socket
import sys
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import TYPE_CHECKING

from bench.exporters import ours
from bench.table import Row
from lab.servers.processes import ENDS_WITH_US, Running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.wire import Scrape

DAEMONS = 50
DEAD = 5
TIMEOUT_SECONDS = 2
MILLI = 1000


def many_daemons(folder: Path, rounds: int) -> list[Row]:
    """Scrape many daemons, one of them alone, and many of which some are dead, in turn."""
    with ExitStack() as stack:
        ports = stack.enter_context(_simulated(folder))
        dead = [stack.enter_context(blackhole()) for _ in range(DEAD)]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        some_dead = [f"http://127.0.0.1:{port}" for port in (*dead, *ports[DEAD:])]
        timeout = f"{TIMEOUT_SECONDS}s"
        exporters = [stack.enter_context(ours(folder, entry, timeout=timeout)) for entry in (urls, urls[:1], some_dead)]
        scrapes = [[exporter.scraper.scrape() for exporter in exporters] for _ in range(rounds + 1)][1:]
    many, alone, lamed = zip(*scrapes, strict=True)
    for scrapes_of_one, answering in ((many, DAEMONS), (alone, 1), (lamed, DAEMONS - DEAD)):
        _check(scrapes_of_one, answering)
    return _rows(many, alone, lamed)


def _rows(many: tuple[Scrape, ...], alone: tuple[Scrape, ...], lamed: tuple[Scrape, ...]) -> list[Row]:
    whole, lame = (median(scrape.seconds for scrape in scrapes) for scrapes in (many, lamed))
    slowest = [_slowest_daemon(entry) for entry in many]
    to_slowest = median(measured.seconds / slow for measured, slow in zip(many, slowest, strict=True))
    to_alone = median(measured.seconds / single.seconds for measured, single in zip(many, alone, strict=True))
    return [
        Row("scrape ÷ its slowest daemon", to_slowest, limit=1.2),
        Row("scrape ÷ scrape of one such daemon alone", to_alone),
        Row(f"with {DEAD} of them dead: scrape ÷ their deadline", lame / TIMEOUT_SECONDS, 3, limit=1.05),
        Row("scrape, ms", MILLI * whole, 0),
        Row("its slowest daemon, ms", MILLI * median(slowest), 0),
        Row("scrape of one such daemon alone, ms", MILLI * median(measured.seconds for measured in alone), 0),
        Row(f"scrape with {DEAD} dead, ms", MILLI * lame, 0),
    ]


def _slowest_daemon(scrape: Scrape) -> float:
    return max(
        float(text) for text in re.findall(r"^kea_scrape_duration_seconds\{.*\} (\S+)$", scrape.page, re.MULTILINE)
    )


def _check(scrapes: tuple[Scrape, ...], answering: int) -> None:
    for scrape in scrapes:
        up = len(re.findall(r"^kea_up\{.*\} 1(?:\.0)?$", scrape.page, re.MULTILINE))
        if up != answering:
            raise AssertionError(f"{answering} daemons answer, the page shows {up}")


@contextmanager
def _simulated(folder: Path) -> Iterator[list[int]]:
    running = Running([*ENDS_WITH_US, sys.executable, "-m", "bench.daemons", str(DAEMONS)], folder / "daemons.log")
    try:
        running.wait_until(lambda: running.output.read_text().endswith("]\n"))
        yield json.loads(running.output.read_text())
    finally:
        running.stop()


@contextmanager
def blackhole() -> Iterator[int]:
    """Give a port at which connecting gets no answer at all: its backlog is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(listener.getsockname()[1])
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.settimeout(0)
            filler.connect_ex(("127.0.0.1", port))
        yield port
