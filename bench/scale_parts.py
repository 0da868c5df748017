"""The parts of the plan for scale: one process by size of server, replicas, and all servers on one page."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.exporters import cpu_seconds, ours
from bench.fleet import fleet
from bench.replicas import CONCURRENCY, MILLI, names, replicas
from bench.table import Found, Row, Section
from lab.servers.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.exporters import Exporter
    from bench.fleet import Fleet
    from bench.replicas import Pass, Replicas

FEW_SUBNETS = 10
REPLICAS = (1, 2, 4)
# So often all servers are probed, a share of them in turn through each number of replicas.
ROUNDS = 3
# One process has to hurry a little.
SPREAD_PER_SECOND = 50
PAGES = (50, 200, 1000)
PAGE_ROUNDS, PAGE_TIMEOUT_SECONDS = 3, 100
INTERVALS = (15, 30, 60)
# A replica does its work as evenly as it comes, and has to take over what another one leaves.
WORKED_SHARE = 0.5
KIBI = 1024


@dataclass(frozen=True)
class Size:
    """Servers of one kind, of which so many are probed."""

    subnets: int
    servers: int
    secured: bool = False

    def __str__(self) -> str:
        return f"{self.subnets:,}{', https' if self.secured else ''}"


SIZES = (Size(FEW_SUBNETS, 200), Size(FEW_SUBNETS, 200, secured=True), Size(1000, 60), Size(10_000, 8))


def one_process(folder: Path, most: int) -> tuple[Section, dict[str, float]]:
    """Measure one process by the size of servers; return the milliseconds of a probe of each size too."""
    about = f"By the subnets of a server, as fast as {CONCURRENCY} probes at a time go. First: after a start or reload."
    section, costs = Section("One process", about), {}
    for size in SIZES:
        with ExitStack() as stack:
            authority = Authority(folder)
            pair = authority.issue("kea", addresses=["127.0.0.1"]) if size.secured else None
            options = {"tls_config": {"ca_file": str(authority.certificate)}} if pair else {}
            servers = stack.enter_context(fleet(folder, min(size.servers, most), size.subnets, pair))
            single = stack.enter_context(replicas(folder, servers.urls, 1, **options))
            found, costs[str(size)] = _of_one(single, servers)
        section.add(str(size), found)
    return section, costs


def _of_one(single: Replicas, servers: Fleet) -> tuple[Found, float]:
    targets = names(servers.urls)
    first = single.at_once(targets)
    before = servers.counts()
    passes = [single.at_once(targets) for _ in range(ROUNDS)]
    asked, probes = servers.counts() - before, ROUNDS * len(targets)
    last, cost = passes[-1], median(measured.milliseconds for measured in passes)
    rows = [
        Row("servers probed", len(targets), 0),
        Row("processor time of a probe, ms", cost, 1),
        Row("the same, of the first probe, ms", first.milliseconds, 1),
        Row("probes a second", median(measured.rate for measured in passes), 1),
        Row("samples a second", median(measured.rate * measured.samples for measured in passes), 0),
        Row("samples of a server", last.samples, 0),
        Row("KiB to Prometheus, compressed", last.received / KIBI, 1),
        Row("commands to Kea", asked.commands / probes, 1),
        Row("KiB to Kea", asked.received / probes / KIBI, 1),
        Row("KiB from Kea", asked.sent / probes / KIBI, 1),
        Row("peak memory of the process, MiB", single.peak_mebibytes(), 0),
    ]
    return Found(rows), cost


def needed(costs: Mapping[str, float], servers: int) -> Section:
    """Return how many replicas are needed for so many servers, given what a probe costs."""
    about = (
        f"For {servers:,} servers, by the subnets of each and the interval of the scrapes; a process works for"
        f" {WORKED_SHARE:.0%} of a core at most. Twice as many for two Prometheus that both scrape every server."
    )
    section = Section("Replicas needed", about)
    for interval in INTERVALS:
        rows = [Row(size, replicas_needed(servers, cost, interval), 0) for size, cost in costs.items()]
        section.add(f"every {interval} s", Found(rows))
    return section


def replicas_needed(servers: int, milliseconds: float, interval: float) -> int:
    """Return the number of replicas, given the processor time of a probe."""
    return max(1, -int(-servers * milliseconds // (MILLI * interval * WORKED_SHARE)))


def by_replicas(folder: Path, servers: Fleet) -> Section:
    """Probe all servers through different numbers of replicas, side by side."""
    about = (
        f"{len(servers.urls):,} servers with {FEW_SUBNETS} subnets each; `hashmod` of a name decides on the"
        f" replica. At once: {CONCURRENCY} probes at a time. Spread: {SPREAD_PER_SECOND} a second on average, each"
        " at a moment that its name decides. All replicas share the cores with the client of the benchmark and the"
        " simulated Kea servers."
    )
    section = Section(f"{len(servers.urls):,} servers over replicas", about)
    with ExitStack() as stack:
        sets = {replica: stack.enter_context(replicas(folder, servers.urls, replica)) for replica in REPLICAS}
        targets = names(servers.urls)
        for running in sets.values():
            running.at_once(targets)
        hurried = _side_by_side(sets, targets)
        for count, running in sets.items():
            spread = running.spread(targets, len(targets) / SPREAD_PER_SECOND)
            section.add(_counted(count), Found(_of_replicas(running, hurried[count], hurried[1], spread)))
    return section


def _side_by_side(sets: Mapping[int, Replicas], targets: Sequence[str]) -> dict[int, list[Pass]]:
    """Probe a share of the servers in turn through each, so that a busy machine is so for all of them."""
    found: dict[int, list[Pass]] = {count: [] for count in sets}
    for number in range(ROUNDS):
        for count, running in sets.items():
            found[count].append(running.at_once(targets[number::ROUNDS]))
    return found


def _of_replicas(running: Replicas, hurried: Sequence[Pass], alone: Sequence[Pass], spread: Pass) -> list[Row]:
    served = [running.prober.served_by(daemon.target) for daemon in spread.probed]
    ratio = median(measured.rate / reference.rate for measured, reference in zip(hurried, alone, strict=True))
    return [
        Row("servers of the replica with most", max(map(served.count, served)), 0),
        Row("at once: probes a second", median(measured.rate for measured in hurried), 1),
        Row("at once: the same ÷ that of one replica", ratio),
        Row("at once: processor time of a probe, ms", median(measured.milliseconds for measured in hurried), 1),
        Row("spread: median of a probe, ms", spread.percentile(50), 0),
        Row("spread: 99 of 100 probes within, ms", spread.percentile(99), 0),
        Row("spread: processor time of a probe, ms", spread.milliseconds, 1),
        Row("spread: busiest replica, % of a core", 100 * spread.busiest, 0),
        Row("samples a second of all, spread", spread.samples * spread.rate, 0),
        Row("peak memory of a replica, MiB", running.peak_mebibytes(), 0),
    ]


def _counted(count: int) -> str:
    return f"{count} replica{'s' if count > 1 else ''}"


def on_one_page(folder: Path, servers: Fleet) -> Section:
    """Scrape /metrics of exporters with more and more servers."""
    about = f"Servers with {FEW_SUBNETS} subnets each; medians of {PAGE_ROUNDS} scrapes after the first."
    section = Section("All servers on one page", about)
    for count in sorted({min(page, len(servers.urls)) for page in PAGES}):
        with ours(folder, servers.urls[:count], timeout=f"{PAGE_TIMEOUT_SECONDS}s") as exporter:
            section.add(f"{count:,} servers", Found(_of_page(exporter, count)))
    return section


def _of_page(exporter: Exporter, count: int) -> list[Row]:
    seconds, spent, pages = [], [], []
    for _ in range(1 + PAGE_ROUNDS):
        before = cpu_seconds(exporter.running.pid)
        scrape = exporter.scrape("gzip", PAGE_TIMEOUT_SECONDS)
        spent.append(cpu_seconds(exporter.running.pid) - before)
        seconds.append(scrape.seconds)
        pages.append(scrape)
    page = pages[-1]
    return [
        Row("first scrape, s", seconds[0]),
        Row("scrape, s", median(seconds[1:])),
        Row("processor time, s", median(spent[1:])),
        Row("the same for each server, ms", MILLI * median(spent[1:]) / count, 1),
        Row("samples", sum(not line.startswith("#") for line in page.page.splitlines()), 0),
        Row("KiB to Prometheus, compressed", len(page.body) / KIBI, 0),
        Row("peak memory, MiB", exporter.peak_mebibytes(), 0),
    ]
