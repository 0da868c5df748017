"""A Prometheus that scrapes a fleet with something to show in every panel, and is asked as Grafana would."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import requests

from lab.servers.dashboards import SITE, UNTRUSTED, start_site
from lab.servers.fleet import ABSENT, FAULTY, SOUND
from lab.servers.high_availability import PARTNER, PRIMARY
from lab.servers.kea import Lab
from lab.servers.prometheus import Prometheus
from tests.support.dashboard_reading import filled_in
from tests.support.exporter import exporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.servers.chroot import Chroot

SERVERS = {*SOUND, *FAULTY, ABSENT, PRIMARY, PARTNER, SITE, UNTRUSTED}
# The site has three.
DAEMONS = len(SERVERS) + 2
ALL = ".+"
METRICS, PROBE = "kea-exporter", "kea"
# How the variables are chosen.
CHOICES: Mapping[str, Mapping[str, str]] = {
    "all": {},
    "/metrics": {"job": METRICS},
    "/probe": {"job": PROBE},
    "two servers": {"server": f"({SITE}|{PRIMARY})"},
}
SCRAPES = 6
Series = list[dict[str, Any]]


@dataclass(frozen=True)
class Scraped:
    """A Prometheus that has scraped for a while.

    Attributes:
        since: when it began.
        until: the time of the last scrape that counts.
    """

    prometheus: Prometheus
    since: float
    until: float

    def ask(self, what: str, **parameters: str | float) -> Any:  # noqa: ANN401 - JSON
        answer = requests.get(f"http://127.0.0.1:{self.prometheus.port}/api/v1/{what}", params=parameters, timeout=10)
        assert answer.status_code == 200, f"{parameters}: {answer.text}"
        said = answer.json()
        assert not said.get("warnings"), f"{parameters}: {said['warnings']}"
        return said["data"]

    def series(self, target: dict[str, Any], choice: Mapping[str, str]) -> Series:
        """Return what a query of a panel finds, asked like Grafana asks it."""
        values = {**dict.fromkeys(("job", "instance", "server", "daemon"), ALL), **choice}
        span = f"{int(self.until - self.since) + 1}s"
        query = filled_in(target["expr"], {**values, "__rate_interval": "10s", "__range": span})
        if target["instant"]:
            found = self.ask("query", query=query, time=self.until)
        else:
            found = self.ask("query_range", query=query, start=self.since, end=self.until, step=1)
        series: Series = found["result"]
        return series


@contextmanager
def scraping(chroot: Chroot, scrapes: int = SCRAPES) -> Iterator[Scraped]:
    """Yield a Prometheus that has scraped the fleet so often, in both ways."""
    with Lab(chroot) as lab:
        site = start_site(lab)
        with exporter(site.fleet.config_file, "--timeout-offset", "0.1") as running:
            address = running.url.removeprefix("http://")
            jobs = [
                {"job_name": METRICS, "static_configs": [{"targets": [address]}]},
                {"job_name": PROBE, "http_sd_configs": [{"url": f"{running.url}/sd"}]},
            ]
            since = time.time()
            # Long enough to ask all daemons on a busy machine, too.
            with Prometheus(lab, [{**job, "scrape_interval": "2s"} for job in jobs]) as prometheus:
                for step in range(scrapes):
                    site.move(step)
                    prometheus.wait_until(partial(have_scraped, prometheus, step + 1))
                yield Scraped(prometheus, since, time.time())


def have_scraped(prometheus: Prometheus, times: int) -> bool:
    """Return whether both jobs have scraped every daemon so often."""
    found = prometheus.query("count_over_time(kea_up[1m])")
    return len(found) == 2 * DAEMONS and all(float(sample["value"][1]) >= times for sample in found)
