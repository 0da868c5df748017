"""A Prometheus that scrapes a fleet with something to show in every panel, and is asked as Grafana would."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import requests
import yaml

from kea_exporter.alerts.rules import rules
from lab.demo.situations import SITE, Moving, faulty, many, well
from lab.servers.high_availability import PRIMARY
from lab.servers.kea import Lab
from lab.servers.prometheus import Prometheus
from tests.support.dashboard_reading import DOCUMENTS, Tree, filled_in, variables_of
from tests.support.exporter import exporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from lab.servers.chroot import Chroot

ALL = ".+"
# The values of all variables where all is selected.
EVERYTHING: Mapping[str, str] = {
    name: variable.get("allValue") or ALL
    for document in DOCUMENTS.values()
    for name, variable in variables_of(document).items()
}
METRICS, PROBE = "kea-exporter", "kea"
# How the variables are chosen.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "all": {},
    "/metrics": {"job": METRICS},
    "/probe": {"job": PROBE},
    "two servers": {"server": f"({SITE}|{PRIMARY})"},
}
Series = list[dict[str, Any]]


@dataclass(frozen=True)
class Situation:
    """What the dashboards are looked at with.

    Attributes:
        fleet: runs the servers.
        scrapes: how many are waited for.
        interval: seconds between two of them, and between two evaluations of the rules.
        in_both_ways: whether Prometheus scrapes /probe too.
    """

    fleet: Callable[[Lab], AbstractContextManager[Moving]]
    scrapes: int
    interval: int = 2
    in_both_ways: bool = True


SITUATIONS: Mapping[str, Situation] = {
    "well": Situation(well, scrapes=14),
    "faults": Situation(faulty, scrapes=14, interval=3),
    "many": Situation(many, scrapes=5, interval=30, in_both_ways=False),
}


@dataclass(frozen=True)
class Scraped:
    """A Prometheus that has scraped for a while.

    Attributes:
        situation: what it scraped.
        servers: the names in the exporter's configuration.
        daemons: how many there are.
        since: when it began.
        until: the time of the last scrape that counts.
    """

    prometheus: Prometheus
    situation: Situation
    servers: frozenset[str]
    daemons: int
    since: float
    until: float

    @property
    def step(self) -> int:
        """Return the seconds between two points of a line."""
        return max(1, self.situation.interval // 3)

    def ask(self, what: str, **parameters: str | float) -> Any:  # noqa: ANN401 - JSON
        answer = requests.get(f"http://127.0.0.1:{self.prometheus.port}/api/v1/{what}", params=parameters, timeout=10)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        said = answer.json()
        assert not said.get("warnings"), f"{parameters}: {said['warnings']}"
        return said["data"]

    def selected(self, document: Tree) -> dict[str, str]:
        """Return the values of the variables that have one value: Grafana selects the first option."""
        return {
            name: next(iter(self.options(variable)))
            for name, variable in variables_of(document).items()
            if variable["type"] == "query" and not variable["multi"]
        }

    def options(self, variable: Tree) -> dict[str, str]:
        """Return the values of a variable, each with its text, as Grafana reads them."""
        query = filled_in(variable["query"], EVERYTHING)
        if query.startswith("label_values("):
            selector, _, label = query.removeprefix("label_values(").removesuffix(")").rpartition(", ")
            return dict.fromkeys(self.ask(f"label/{label}/values", **{"match[]": selector}), "")
        expression = query.removeprefix("query_result(").removesuffix(")")
        pattern = re.compile(variable["regex"].strip("/").replace("?<", "?P<"))
        texts = (
            ", ".join(f'{label}="{value}"' for label, value in sorted(sample["metric"].items()))
            for sample in self.ask("query", query=expression, time=self.until)["result"]
        )
        return {found["value"]: found["text"] for text in texts if (found := pattern.search(text))}

    def series(self, target: dict[str, Any], choice: Mapping[str, str]) -> Series:
        """Return what a query of a panel finds, asked like Grafana asks it."""
        values = {**EVERYTHING, **choice}
        span = f"{int(self.until - self.since) + 1}s"
        query = filled_in(
            target["expr"],
            {
                **values,
                "__rate_interval": f"{5 * self.situation.interval}s",
                "__interval": f"{self.situation.interval}s",
                "__range": span,
            },
        )
        if target["instant"]:
            found = self.ask("query", query=query, time=self.until)
        else:
            found = self.ask("query_range", query=query, start=self.since, end=self.until, step=self.step)
        series: Series = found["result"]
        return series


@contextmanager
def scraping(chroot: Chroot, situation: Situation) -> Iterator[Scraped]:
    """Yield a Prometheus that has scraped a fleet so often, and that has evaluated the rules."""
    with Lab(chroot) as lab, situation.fleet(lab) as fleet:
        entries = yaml.safe_load(fleet.config_file.read_text())["servers"]
        servers = frozenset(entry["name"] for entry in entries)
        daemons = sum(len(entry) - 1 for entry in entries)
        with exporter(fleet.config_file, "--timeout-offset", "0.5") as running:
            address = running.url.removeprefix("http://")
            jobs: list[dict[str, Any]] = [{"job_name": METRICS, "static_configs": [{"targets": [address]}]}]
            if situation.in_both_ways:
                jobs.append({"job_name": PROBE, "http_sd_configs": [{"url": f"{running.url}/sd"}]})
            every = f"{situation.interval}s"
            # Long enough to ask all daemons on a busy machine, too.
            jobs = [{**job, "scrape_interval": every, "scrape_timeout": every} for job in jobs]
            texts = {"rules.yml": rules(hold=every)}
            since = time.time()
            with Prometheus(lab, jobs, texts, evaluation_interval=every) as prometheus:
                for step in range(situation.scrapes):
                    fleet.move(step)
                    prometheus.wait_until(partial(have_scraped, prometheus, step + 1, daemons * len(jobs)))
                yield Scraped(prometheus, situation, servers, daemons, since, time.time())


def have_scraped(prometheus: Prometheus, times: int, series: int) -> bool:
    """Return whether every daemon was scraped by all jobs, and so often; on a busy machine, a few scrapes are lost."""
    found = prometheus.query("count_over_time(kea_up[10m])")
    is_complete = len(found) == series and all(float(sample["value"][1]) for sample in prometheus.query("up"))
    return is_complete and median(float(sample["value"][1]) for sample in found) >= times
