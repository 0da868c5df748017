"""Part f: what DHCP clients notice when one collects every two seconds."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.cost import OTHERS, OURS
from bench.server import PATIENCE_SECONDS
from bench.table import Found, Row

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.cost import Site

RATE = 100
# Long enough for ten scrapes; the others take all the time there is, and need no more than some.
SECONDS, SECONDS_OF_OTHERS = 20, 12
MAX_ROUNDS, MAX_ROUNDS_OF_OTHERS = 5, 1
MAX_ADDED_MS = 60
INTERVAL_SECONDS = 2.0
QUIET = "quiet"
PATIENCE_MS = 1000 * PATIENCE_SECONDS


@dataclass(frozen=True)
class Delays:
    """From DISCOVER to OFFER, in milliseconds; and how many DISCOVERs had no OFFER."""

    worst: float
    average: float
    dropped: int


def delay_of_offers(site: Site) -> Found:
    """Measure all collectors in turn, ourselves several times."""
    actors = {QUIET: lambda: None, **site.actors()}
    found: dict[str, list[Delays]] = {name: [] for name in actors}
    for number in range(min(site.rounds, MAX_ROUNDS)):
        for name, act in actors.items():
            if name not in OTHERS or number < MAX_ROUNDS_OF_OTHERS:
                seconds = SECONDS if name == OURS else SECONDS_OF_OTHERS
                found[name].append(_delays_while(act, site, seconds))
    return Found(_rows(found))


def _delays_while(act: Callable[[], object], site: Site, seconds: int) -> Delays:
    ended = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        collecting = pool.submit(_every_two_seconds, act, ended)
        try:
            delays = read_report(site.kea.perfdhcp(seconds, RATE))
        finally:
            ended.set()
        collecting.result()
    return delays


def read_report(report: str) -> Delays:
    """Return what perfdhcp says of DISCOVER and OFFER, which is the first exchange of its report."""
    if _number("received packets", report) == 0:
        # Nobody got an offer while perfdhcp waited: that much at least.
        return Delays(PATIENCE_MS, PATIENCE_MS, int(_number("drops", report)))
    return Delays(_number("max delay", report), _number("avg delay", report), int(_number("drops", report)))


def _rows(found: dict[str, list[Delays]]) -> list[Row]:
    worst = {name: median(delay.worst for delay in delays) for name, delays in found.items()}
    added = {name: value - worst[QUIET] for name, value in worst.items()}
    rows = [Row("ours: delay added to the worst, ms", added[OURS], 1, MAX_ADDED_MS)]
    rows += [
        Row(f"delay added to the worst, ours ÷ {other}", added[OURS] / added[other], 3, limit=1 / 8) for other in OTHERS
    ]
    for name, delays in found.items():
        rows += [
            Row(f"{name}: worst, ms", worst[name], 1),
            Row(f"{name}: average, ms", median(delay.average for delay in delays), 1),
            Row(f"{name}: without an offer", median(delay.dropped for delay in delays), 0),
        ]
    return rows


def _every_two_seconds(act: Callable[[], object], ended: threading.Event) -> None:
    while not ended.is_set():
        started = time.monotonic()
        act()
        ended.wait(max(0, started + INTERVAL_SECONDS - time.monotonic()))


def _number(name: str, report: str) -> float:
    found = re.search(rf"^{name}: ([\d.]+)", report, re.MULTILINE)
    if found is None:
        raise AssertionError(f"perfdhcp says no {name}:\n{report}")
    return float(found[1])
