"""Time every query of the dashboards on a Prometheus with 200 servers and 10,000 subnets; `make bench-dashboards`.

The pages of simulated servers are scraped once, with samples of six hours: what Prometheus would have after scraping
each server every 20 minutes. A query reads each series at each of its points, however many samples there are. Prints
the slowest queries; ends with 1 if one takes longer than two seconds.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import requests

from kea_exporter.alerts.subnets import OF_SUBNET
from kea_exporter.metrics import FAMILIES
from lab.servers.chroot import ensure
from lab.servers.kea import Lab
from lab.servers.prometheus import Prometheus
from tests.support.dashboard_reading import DOCUMENTS, PANELS, filled_in, variables_of
from tests.support.dashboard_scraping import EVERYTHING
from tests.support.pages import singly
from tests.support.simulated import page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS, SUBNETS = 200, 50
HOURS, EVERY_SECONDS = 6, 1200
# Of annotations.
POINTS = 200
MAX_SECONDS, MAX_WAIT = 2.0, 20.0
SHOWN = 15
# Samples of the past are refused beyond half of a block.
FLAGS = ("--query.lookback-delta=21m", "--storage.tsdb.min-block-duration=24h", "--storage.tsdb.max-block-duration=24h")


@dataclass(frozen=True)
class Timed:
    """A query, and how long its answer took."""

    seconds: float
    name: str
    series: int


def main() -> int:
    until = int(time.time())
    with Lab(ensure()) as lab, served(until) as address, Prometheus(lab, [job(address)], flags=FLAGS) as prometheus:
        prometheus.wait_until(lambda: len(prometheus.query("kea_up")) == SERVERS)
        found = sorted((timed(prometheus.port, until, *query) for query in queries()), key=lambda one: -one.seconds)
    print(f"{SERVERS} servers, {SERVERS * SUBNETS} subnets, {HOURS} hours; {len(found)} queries")
    for one in found[:SHOWN]:
        print(f"{one.seconds:6.2f} s  {one.series:5} series  {one.name}")
    return int(found[0].seconds > MAX_SECONDS)


def series() -> Iterator[tuple[str, bool, float]]:
    """Return the series of one server, each with whether it is a counter, and its value; with the recorded one."""
    page = page_of(SUBNETS, "dhcp4")
    for family in FAMILIES:
        for labels, value in singly(family.read(page)):
            pairs = ",".join(f'{name}="{text}"' for name, text in zip(family.labels, labels, strict=True))
            yield f"{family.name}{{{pairs}}}", family.name.endswith("_total"), value
            if family.name == "kea_subnet_addresses_assigned":
                yield f'{OF_SUBNET}{{{pairs},kind="address"}}', False, value / 100


@contextmanager
def served(until: int) -> Iterator[str]:
    """Serve the page of each server at /NUMBER, with the samples of all hours."""
    found = list(series())
    times = range(until - HOURS * 3600, until, EVERY_SECONDS)
    lines = [
        f"{name} {value + step * rises} {1000 * moment}\n"
        for name, rises, value in found
        for step, moment in enumerate(times)
    ]
    text = "".join(lines)
    seen: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = f'server="kea-{self.path.strip("/")}"'
            # Everything is scraped once; Prometheus would begin an hour late with an interval of an hour.
            body = b"" if name in seen else text.replace('server="kea"', name).encode()
            seen.add(name)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class has it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def job(address: str) -> dict[str, Any]:
    """Return a scrape job that reads all pages."""
    targets = [
        {"targets": [address], "labels": {"__metrics_path__": f"/{number}", "instance": f"kea-{number}"}}
        for number in range(SERVERS)
    ]
    every = {"scrape_interval": "20s", "scrape_timeout": "20s"}
    return {"job_name": "kea", "static_configs": targets, "body_size_limit": "0", **every}


def queries() -> Iterator[tuple[str, str, int]]:
    """Return name and expression of each query, and its number of points; 0 for one moment."""
    for panel in PANELS:
        points = panel.tree.get("maxDataPoints") or POINTS
        yield from (
            (panel.name, target["expr"], 0 if target["instant"] else int(points)) for target in panel.tree["targets"]
        )
    document = next(iter(DOCUMENTS.values()))
    for event in document["annotations"]["list"]:
        yield f"annotation: {event['name']}", event["expr"], POINTS
    for variable in {entry["query"]: entry for tree in DOCUMENTS.values() for entry in _queried(tree)}.values():
        yield f"variable: {variable['name']}", variable["query"][len("query_result(") : -1], 0


def _queried(tree: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in variables_of(tree).values() if str(entry.get("query")).startswith("query_result(")]


def timed(port: int, until: int, name: str, expression: str, points: int) -> Timed:
    """Query as Grafana does with everything selected."""
    span = HOURS * 3600
    window = {
        "__rate_interval": f"{4 * EVERY_SECONDS}s",
        "__interval": f"{span // (points or POINTS)}s",
        "__range": f"{span}s",
    }
    query = filled_in(expression, {**EVERYTHING, **window})
    moments = {"start": until - span, "end": until, "step": span // points} if points else {"time": until}
    url = f"http://127.0.0.1:{port}/api/v1/{'query_range' if points else 'query'}"
    parameters = {"query": query, "timeout": f"{MAX_WAIT:.0f}s", **{name: str(at) for name, at in moments.items()}}
    started = time.monotonic()
    answer = requests.get(url, params=parameters, timeout=2 * MAX_WAIT)
    seconds = time.monotonic() - started
    found = answer.json()
    # Prometheus ends what takes too long.
    return Timed(seconds, name, len(found["data"]["result"]) if found["status"] == "success" else 0)


if __name__ == "__main__":
    sys.exit(main())
