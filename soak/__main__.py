"""Scrape an exporter over and over, of whose daemons half fail, and see whether it stays as it was.

`python -m soak [SCRAPES]` samples memory, threads and descriptors of the exporter at rest after each of its rounds.
The first tenth of them is for warming up. Flat is: memory of the last quarter at most 5 % or 8 MiB above that of the
second (medians), threads and descriptors at most 3 above.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import yaml

from lab.servers.processes import Running, accepts, free_port
from soak.fleet import SOUND

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Servers = list[tuple[str, dict[str, Any]]]

SCRAPES = 10_000
ROUNDS = 40
WARM_UP_SHARE = 0.1
SCRAPERS = 8
# Until what is kept for a moment, such as idle connections and threads, is what it always is.
REST_SECONDS = 0.5
MORE_MEMORY_SHARE, MORE_MEBIBYTES, MORE_OF_OTHERS = 0.05, 8, 3
OTHER_PAGES = ("/", "/servers/refused", "/api/v1/servers", "/probe?target=slow", "/sd", "/-/healthy", "/probe?target=x")
SCRAPES_BETWEEN_OTHER_PAGES = 10
OK = 200


@dataclass(frozen=True)
class Sample:
    """The exporter at rest."""

    scrapes: int
    seconds: float
    mebibytes: float
    threads: int
    descriptors: int

    def __str__(self) -> str:
        return f"{self.scrapes:>8} {self.seconds:>8.0f} {self.mebibytes:>8.1f} {self.threads:>8} {self.descriptors:>12}"


class Soak:
    """One run against a running exporter."""

    def __init__(self, port: int, running: Running, servers: Servers) -> None:
        self._port = port
        self._running = running
        self._servers = servers

    def run(self, scrapes: int) -> list[Sample]:
        """Scrape in rounds, and return what was sampled after each."""
        print(f"{'scrapes':>8} {'seconds':>8} {'MiB':>8} {'threads':>8} {'descriptors':>12}")
        started, samples = time.monotonic(), list[Sample]()
        size = max(SCRAPERS, scrapes // ROUNDS)
        with ThreadPoolExecutor(SCRAPERS) as pool:
            for done in range(size, scrapes + 1, size):
                share = size // SCRAPERS
                list(pool.map(self._scrape, [share] * (SCRAPERS - 1) + [size - share * (SCRAPERS - 1)]))
                self._running.signal(signal.SIGHUP)
                time.sleep(REST_SECONDS)
                samples.append(self._sample(done, time.monotonic() - started))
                print(samples[-1], flush=True)
        return samples

    def _scrape(self, times: int) -> None:
        """Scrape over one connection, and look at the other pages now and then."""
        others = cycle(OTHER_PAGES)
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=60)) as connection:
            for number in range(times):
                status, page = _get(connection, "/metrics")
                if status != OK:
                    raise AssertionError(f"/metrics answered {status}")
                self._check(page)
                if number % SCRAPES_BETWEEN_OTHER_PAGES == 0:
                    for path in islice(others, 2):
                        _get(connection, path)

    def _check(self, page: str) -> None:
        """Look whether each server came out as it should."""
        up = set(re.findall(r'^kea_up\{.*server="([^"]*)"\} 1(?:\.0)?$', page, re.MULTILINE))
        failures = re.findall(r'^kea_probe_failure\{.*reason="([^"]*)",server="([^"]*)"', page, re.MULTILINE)
        failed = {name: reason for reason, name in failures}
        for reason, server in self._servers:
            name = server["name"]
            if (name in up) != (reason == SOUND) or failed.get(name, SOUND) != reason:
                raise AssertionError(f"{name}: {failed.get(name)} instead of {reason}")

    def _sample(self, scrapes: int, seconds: float) -> Sample:
        process = Path(f"/proc/{self._running.pid}")
        status = (process / "status").read_text()
        descriptors = sum(1 for _ in (process / "fd").iterdir())
        found = {name: int(value) for name, value in re.findall(r"^(VmRSS|Threads):\s+(\d+)", status, re.MULTILINE)}
        return Sample(scrapes, seconds, found["VmRSS"] / 1024, found["Threads"], descriptors)


def _get(connection: HTTPConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path, headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def verdicts(samples: Sequence[Sample]) -> Iterator[str]:
    """Say of each quantity that is not flat how it grew."""
    warm = samples[int(len(samples) * WARM_UP_SHARE) :]
    second, last = warm[len(warm) // 4 : len(warm) // 2], warm[-(len(warm) // 4) :]
    limits = {
        "mebibytes": max(MORE_MEMORY_SHARE * median(measured.mebibytes for measured in second), MORE_MEBIBYTES),
        "threads": MORE_OF_OTHERS,
        "descriptors": MORE_OF_OTHERS,
    }
    for name, limit in limits.items():
        before, after = (median(getattr(entry, name) for entry in part) for part in (second, last))
        print(f"{name}: {before:.1f} in the second quarter, {after:.1f} in the last")
        if after - before > limit:
            yield f"{name} grew by {after - before:.1f}, more than {limit:.1f}"


@contextmanager
def _fleet(folder: Path) -> Iterator[Servers]:
    running = Running([sys.executable, "-m", "soak.fleet", str(folder)], folder / "fleet.log")
    try:
        running.wait_until(lambda: running.output.read_text().endswith("]\n"))
        yield json.loads(running.output.read_text())
    finally:
        running.stop()


@contextmanager
def _exporter(folder: Path, servers: Servers) -> Iterator[tuple[int, Running]]:
    port, config = free_port(), folder / "config.yml"
    config.write_text(yaml.safe_dump({"servers": [server for _, server in servers]}))
    command = [sys.executable, "-m", "kea_exporter", "serve", "--config.file", str(config), "--probe.min-interval", "0"]
    running = Running([*command, "--web.listen-address", f"127.0.0.1:{port}"], folder / "exporter.log")
    try:
        running.wait_until(partial(accepts, "127.0.0.1", port))
        yield port, running
    finally:
        running.stop()


def main(scrapes: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _fleet(folder) as servers, _exporter(folder, servers) as (port, running):
            failing = [reason for reason, _ in servers if reason != SOUND]
            print(f"{len(servers)} daemons, {len(failing)} of them failing: {', '.join(failing)}")
            samples = Soak(port, running, servers).run(scrapes)
    found = list(verdicts(samples))
    print("\n".join(found) or "flat")
    return int(bool(found))


if __name__ == "__main__":
    # Ended from outside, it still ends the exporter and the daemons it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else SCRAPES))
