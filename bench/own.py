"""Part l: what the exporter itself costs, on simulated servers: a probe against a bare client, memory, and a fleet."""

from __future__ import annotations

import http.client
import ssl
import time
from contextlib import ExitStack, closing
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench.exporters import cpu_seconds, ours
from bench.fleet import fleet
from bench.memory import resident_mebibytes
from bench.probing import OK
from bench.relay import Relay
from bench.replicas import MILLI, names, replicas
from bench.review import HOSTS_OF_SUBNET
from bench.table import Row
from lab.servers.certificates import Authority

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.fleet import Fleet
    from lab.servers.certificates import Pair

TITLE = "l. The exporter itself"
FEW_SUBNETS, MANY_SUBNETS = 10, 10_000
SERVERS, PROBES = 20, 40
MAX_TIMES_BARE = 5
FLEET, INTERVAL_SECONDS, MAX_PERCENT = 1000, 15, 60
PAGE, PAGE_ROUNDS, MAX_PAGE_SECONDS = 200, 3, 1.0
SCRAPES, IDLE_SECONDS = 4, 2.0
MAX_IDLE = 60
# The simulator takes long for its first answers.
TIMEOUT = "60s"
ABOUT = (
    f"Simulated servers. A probe of {FEW_SUBNETS} subnets by /probe against the same commands sent by http.client over"
    " one new connection, which does not parse the answers: processor time of each process. Memory: the peak of a"
    f" process after {SCRAPES} scrapes of /metrics, the first of which reads, reviews and hashes the configuration."
    f" Fleet: {FLEET:,} servers, each probed once in {INTERVAL_SECONDS} s at a moment that its name decides; page: the"
    f" median of {PAGE_ROUNDS} scrapes of {PAGE} servers by /metrics."
)


def own_cost(folder: Path, rounds: int) -> list[Row]:
    """Return what the exporter itself takes."""
    bodies = _recorded(folder)
    authority = Authority(folder)
    pair = authority.issue("kea", addresses=["127.0.0.1"])
    return [
        *_probe(folder, bodies, rounds, None, authority),
        *_probe(folder, bodies, rounds, pair, authority),
        *_memory(folder),
        *_fleet(folder),
    ]


def _recorded(folder: Path) -> list[bytes]:
    """Return the bodies of the commands of one probe, once the configuration has been read."""
    with (
        fleet(folder, 1, FEW_SUBNETS) as servers,
        Relay(_port(servers.urls[0])) as relay,
        ours(folder, [f"http://127.0.0.1:{relay.port}"]) as exporter,
    ):
        for _ in range(SCRAPES):
            relay.bodies.clear()
            exporter.scrape()
        return list(relay.bodies)


def _probe(folder: Path, bodies: Sequence[bytes], rounds: int, pair: Pair | None, authority: Authority) -> list[Row]:
    context = ssl.create_default_context(cafile=str(authority.certificate)) if pair else None
    options = {"tls_config": {"ca_file": str(authority.certificate)}} if pair else {}
    spent: list[float] = []
    bare: list[float] = []
    with (
        fleet(folder, SERVERS, FEW_SUBNETS, pair) as servers,
        ours(folder, servers.urls, **options) as exporter,
        closing(http.client.HTTPConnection("127.0.0.1", exporter.port)) as connection,
    ):
        ports = [_port(url) for url in servers.urls]
        for _ in range(rounds + 1):
            before = cpu_seconds(exporter.running.pid)
            _repeated(lambda number: _get(connection, f"/probe?target=bench-{number}"))
            spent.append((cpu_seconds(exporter.running.pid) - before) / PROBES)
            before = time.process_time()
            _repeated(lambda number: _bare(ports[number], bodies, context))
            bare.append((time.process_time() - before) / PROBES)
    ratio = median(own / other for own, other in zip(spent[1:], bare[1:], strict=True))
    kind = "https" if pair else "http"
    return [
        Row(f"{kind}: probe ÷ a bare client", ratio, limit=MAX_TIMES_BARE),
        Row(f"{kind}: probe, ms", MILLI * median(spent[1:]), 1),
        Row(f"{kind}: the same {len(bodies)} commands by a bare client, ms", MILLI * median(bare[1:]), 1),
    ]


def _repeated(act: Callable[[int], object]) -> None:
    for number in range(PROBES):
        act(number % SERVERS)


def _get(connection: http.client.HTTPConnection, path: str) -> None:
    headers = {"Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "10"}
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise AssertionError(f"the exporter answers {response.status}: {body[:200]!r}")


def _bare(port: int, bodies: Sequence[bytes], context: ssl.SSLContext | None) -> None:
    if context is None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
    else:
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    with closing(connection):
        for body in bodies:
            connection.request("POST", "/", body, {"Content-Type": "application/json"})
            connection.getresponse().read()


def _memory(folder: Path) -> list[Row]:
    measure = partial(_peak, folder)
    return [
        Row("memory: idle, MiB", _idle(folder), 0, limit=MAX_IDLE),
        Row(f"memory: a server of {MANY_SUBNETS:,} subnets, peak, MiB", measure(1), 0, limit=110),
        Row(
            f"memory: the same with {HOSTS_OF_SUBNET * MANY_SUBNETS:,} reservations",
            measure(1, is_reserved=True),
            0,
            180,
        ),
        Row("memory: two such servers without reservations", measure(2), 0, limit=150),
    ]


def _idle(folder: Path) -> float:
    with ours(folder, ["http://127.0.0.1:1"]) as exporter:
        time.sleep(IDLE_SECONDS)
        return resident_mebibytes(exporter.running.pid)


def _peak(folder: Path, servers: int, *, is_reserved: bool = False) -> float:
    with (
        fleet(folder, servers, MANY_SUBNETS, is_reserved=is_reserved) as simulated,
        ours(folder, simulated.urls, timeout=TIMEOUT) as exporter,
    ):
        for _ in range(SCRAPES):
            exporter.scrape(timeout=100)
        return exporter.peak_mebibytes()


def _fleet(folder: Path) -> list[Row]:
    with ExitStack() as stack:
        servers = stack.enter_context(fleet(folder, FLEET, FEW_SUBNETS))
        single = stack.enter_context(replicas(folder, servers.urls, 1))
        targets = names(servers.urls)
        single.at_once(targets)
        spread = single.spread(targets, INTERVAL_SECONDS)
        refused = sum(not probed.head.startswith(OK) for probed in spread.probed)
        seconds, peak = _page_seconds(folder, servers), single.peak_mebibytes()
    return [
        Row(f"fleet of {FLEET:,}: processor time, % of a core", 100 * spread.busiest, 0, limit=MAX_PERCENT),
        Row(f"fleet of {FLEET:,}: probes refused", refused, 0, limit=0),
        Row(f"fleet of {FLEET:,}: processor time of a probe, ms", spread.milliseconds, 1),
        Row(f"fleet of {FLEET:,}: 99 of 100 probes within, ms", spread.percentile(99), 0),
        Row(f"fleet of {FLEET:,}: peak memory, MiB", peak, 0),
        Row(f"page of {PAGE} servers, s", seconds, limit=MAX_PAGE_SECONDS),
    ]


def _page_seconds(folder: Path, servers: Fleet) -> float:
    with ours(folder, servers.urls[:PAGE], timeout=TIMEOUT) as exporter:
        return median([exporter.scrape("gzip", 100).seconds for _ in range(1 + PAGE_ROUNDS)][1:])


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])
