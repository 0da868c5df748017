"""What a scrape costs, on one Kea: its time, Kea's processor time, the wait of others, commands, log lines, memory."""

from __future__ import annotations

import gzip
import json
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench.asker import asking
from bench.exporters import OTHER, OTHER_VERSION, cpu_seconds, ours
from bench.relay import Relay
from bench.table import Found, Row
from kea_exporter.kea.rereading import FEW_SUBNETS, MAX_AGE_OF_MANY_SECONDS, MAX_AGE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bench.exporters import Exporter
    from bench.server import FilledKea
    from bench.wire import BareConnection

    Actors = Mapping[str, Callable[[], object]]

OURS = "ours"
PLAIN = "config-get + statistic-get-all"
THEIRS = f"{OTHER} {OTHER_VERSION}"
OTHERS = (PLAIN, THEIRS)
PLAIN_BODIES = tuple(json.dumps({"command": name}).encode() for name in ("config-get", "statistic-get-all"))
WARM_UP_SCRAPES = 2
RECORDED_SCRAPES = 5
# Of a scrape of Kea before 3.1.2, which has no statistic-global-get-all.
MAX_COMMANDS = 16
LOGGED_SCRAPES = 2
QUIET_SECONDS = 0.2
# A process is idle that works for less than this between two looks.
IDLE_SECONDS, LOOK_SECONDS = 0.001, 0.05
MILLI = 1000
# The interval of scrapes that the share of a configuration that is read again is reckoned with.
SCRAPE_SECONDS = 60


@dataclass(frozen=True)
class Site:
    """A Kea and the exporters that are pointed at it."""

    kea: FilledKea
    ours: Exporter
    theirs: Exporter
    rounds: int

    def actors(self) -> Actors:
        """Return those who collect, by their names."""
        return {OURS: self.ours.scrape, PLAIN: self._ask_plainly, THEIRS: self.theirs.scrape}

    def tidy_up(self) -> None:
        """Scrape unmeasured: what the last collector left in Kea's heap is paid for by whoever comes next (0.4 s)."""
        self.ours.scrape()

    def warm_up(self) -> None:
        """Let the exporters have their first scrapes, which are not like the others."""
        for act in (self.theirs.scrape, *[self.ours.scrape] * WARM_UP_SCRAPES):
            act()

    def read_configuration(self) -> None:
        """Query the configuration."""
        with closing(self.kea.connect()) as connection:
            connection.command("config-get")

    def _ask_plainly(self) -> None:
        with closing(self.kea.connect()) as connection:
            ask_all(connection, PLAIN_BODIES)


def scrape_time(site: Site) -> Found:
    """Part a: the scrape against the same commands sent bare."""
    recorded = _recorded(site)
    connection = site.kea.connect()
    bare, whole, zipped = [], [], []
    for number in range(4 * site.rounds):
        bodies = recorded[number % len(recorded)]
        bare.append(_seconds(partial(ask_all, connection, bodies)))
        whole.append(site.ours.scrape().seconds)
        zipped.append(site.ours.scrape("gzip").seconds)
    connection.close()
    rows = [
        Row("scrape ÷ the same commands bare", ratio(whole, bare), limit=1.3),
        Row("the same, with gzip", ratio(zipped, bare), limit=1.3),
        Row("the same commands bare, ms", MILLI * median(bare), 1),
        Row("scrape, ms", MILLI * median(whole), 1),
        Row("scrape with gzip, ms", MILLI * median(zipped), 1),
    ]
    return Found(rows, [f"{site.kea.size:,} subnets: {_named(recorded[-1])}"])


def kea_time(site: Site) -> Found:
    """Part b: the processor time that Kea spends on one collection."""
    actors = site.actors()
    spent: dict[str, list[float]] = {name: [] for name in actors}
    rereading = []
    for _ in range(site.rounds):
        for name, act in actors.items():
            repeats = 5 if name == OURS else 1
            site.tidy_up()
            spent[name].append(kea_seconds(site.kea.pid, act, repeats))
        rereading.append(kea_seconds(site.kea.pid, site.read_configuration, 1))
    share = SCRAPE_SECONDS / (MAX_AGE_SECONDS if site.kea.size <= FEW_SUBNETS else MAX_AGE_OF_MANY_SECONDS)
    with_partner = [own + share * again for own, again in zip(spent[OURS], rereading, strict=True)]
    rows = [Row(f"ours ÷ {other}", ratio(spent[OURS], spent[other]), 3, limit=1 / 8) for other in OTHERS]
    rows += [Row(f"ours of a pair ÷ {other}", ratio(with_partner, spent[other]), 3, limit=1 / 8) for other in OTHERS]
    rows += [Row(f"{name}, ms", MILLI * median(found), 1) for name, found in spent.items()]
    rows += [
        Row("config-get, ms", MILLI * median(rereading), 1),
        Row("ours of a pair, with its share of config-get, ms", MILLI * median(with_partner), 1),
    ]
    note = (
        f"{site.kea.size:,} subnets: of a pair, every {1 / share:.0f}th scrape, one a minute, reads the configuration."
    )
    return Found(rows, [note])


def wait_of_others(site: Site) -> Found:
    """Part c: the slowest answer that a second client waits for while one collects."""
    actors = {"quiet": lambda: time.sleep(QUIET_SECONDS), **site.actors()}
    slowest: dict[str, list[float]] = {name: [] for name in actors}
    with asking(site.kea.lab.folder, site.kea.port) as asker:
        for _ in range(site.rounds):
            for name, act in actors.items():
                site.tidy_up()
                slowest[name].append(asker.slowest_during(act))
    rows = [
        Row(f"ours ÷ {other}, medians", median(slowest[OURS]) / median(slowest[other]), 3, limit=1 / 8)
        for other in OTHERS
    ]
    rows += [
        Row(f"ours ÷ {other}, worst", max(slowest[OURS]) / max(slowest[other]), 3, limit=1 / 8) for other in OTHERS
    ]
    for name, found in slowest.items():
        rows += [Row(f"{name}: median, ms", MILLI * median(found), 1), Row(f"{name}: worst, ms", MILLI * max(found), 1)]
    return Found(rows)


def page_and_memory(site: Site) -> Found:
    """Part d: the page, and the exporter's memory after all that was asked of it before."""
    page = site.ours.scrape().body
    samples = sum(not line.startswith(b"#") for line in page.splitlines())
    rows = [
        Row("peak memory of the exporter, MiB", site.ours.peak_mebibytes(), 0, limit=150),
        Row("samples on the page", samples, 0),
        Row("bytes of the page", len(page), 0),
        Row("bytes with gzip, as sent", len(site.ours.scrape("gzip").body), 0),
        Row(f"peak memory of {THEIRS}, MiB", site.theirs.peak_mebibytes(), 0),
    ]
    return Found(rows)


def levels_of_gzip(site: Site) -> Found:
    """Tell what each level of zlib does to the page, for choosing one."""
    page, rows = site.ours.scrape().body, []
    for level in range(1, 10):
        seconds = min(_seconds(partial(gzip.compress, page, level)) for _ in range(3))
        rows.append(Row(f"level {level}, ms", MILLI * seconds, 1))
        rows.append(Row(f"level {level}, bytes", len(gzip.compress(page, level)), 0))
    return Found(rows)


def commands_and_log(site: Site) -> Found:
    """Part g: what one collection sends to Kea and leaves in Kea's log."""
    rows: list[Row] = []
    for name, act in site.actors().items():
        before = len(site.kea.log_lines())
        for _ in range(LOGGED_SCRAPES):
            act()
        time.sleep(0.2)
        lines = site.kea.log_lines()[before:]
        commands = sum("COMMAND_RECEIVED" in line for line in lines)
        rows.append(
            Row(f"commands: {name}", commands / LOGGED_SCRAPES, 1, limit=MAX_COMMANDS if name == OURS else None)
        )
        rows.append(Row(f"lines in Kea's log: {name}", len(lines) / LOGGED_SCRAPES, 1))
    return Found(rows)


def _recorded(site: Site) -> list[list[bytes]]:
    """Return the bodies that an exporter sends in each of some scrapes, once it has warmed up."""
    recorded = []
    with (
        Relay(site.kea.port) as relay,
        ours(site.kea.lab.folder, [f"http://127.0.0.1:{relay.port}"]) as exporter,
    ):
        for number in range(WARM_UP_SCRAPES + RECORDED_SCRAPES):
            relay.bodies.clear()
            exporter.scrape()
            if number >= WARM_UP_SCRAPES:
                recorded.append(list(relay.bodies))
    return recorded


def ask_all(connection: BareConnection, bodies: Iterable[bytes]) -> None:
    """Send one request after another."""
    for body in bodies:
        connection.ask(body)


def _named(bodies: list[bytes]) -> str:
    names = Counter(json.loads(body)["command"] for body in bodies)
    return ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in names.items())


def kea_seconds(pid: int, act: Callable[[], object], repeats: int) -> float:
    """Return the processor time that Kea spends on something, as the mean of several times."""
    before = _cpu_seconds_once_idle(pid)
    for _ in range(repeats):
        act()
    # What Kea does after its answer belongs to the collection.
    return (_cpu_seconds_once_idle(pid) - before) / repeats


def _cpu_seconds_once_idle(pid: int) -> float:
    spent, before = cpu_seconds(pid), 0.0
    while spent - before > IDLE_SECONDS:
        time.sleep(LOOK_SECONDS)
        before, spent = spent, cpu_seconds(pid)
    return spent


def _seconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def ratio(values: list[float], others: list[float]) -> float:
    """Return the median of the ratios of the rounds, each round's values having been taken side by side."""
    return median(value / other for value, other in zip(values, others, strict=True))
