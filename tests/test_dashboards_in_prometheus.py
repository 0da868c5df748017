"""Every query of every dashboard, asked of a real Prometheus that scraped a real fleet, in both ways of scraping."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import requests

from kea_exporter.alerts.model import Dashboard
from kea_exporter.facts.failure import Reason
from kea_exporter.requirements import REQUIREMENTS
from kea_exporter.requirements.next_steps import NEXT_STEPS
from lab.dashboards import SITE, UNTRUSTED, start_site
from lab.fleet import ABSENT, FAULTY, SOUND
from lab.high_availability import PARTNER, PRIMARY
from lab.kea import Lab
from lab.prometheus import Prometheus
from tests.dashboard_reading import DOCUMENTS, PANELS, Panel, filled_in, variables_of
from tests.dashboard_table import Table
from tests.exporter import exporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.chroot import Chroot

pytestmark = pytest.mark.lab

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
CHOSEN = {SITE, PRIMARY}
SCRAPES = 6
# What there is nothing of, whatever is chosen, and why.
EMPTY_EVERYWHERE: dict[str, str] = {}
# What is counted over all daemons.
EXPECTED = {"kea-fleet: Daemons": DAEMONS, "kea-fleet: Daemons down": 3, "kea-subnets: Subnets": 12}
FAILURES = {
    ABSENT: Reason.REFUSED,
    "wrong-password": Reason.UNAUTHORIZED,
    UNTRUSTED: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
}
# What does not tell rows apart.
WORDS = {"title": "", "remedy": ""}
# /probe tells nothing of the exporter itself.
EMPTY_ON_PROBE = {
    "kea-exporter: Reload",
    "kea-exporter: Configuration loaded",
    "kea-exporter: Running since",
    "kea-exporter: Versions",
    "kea-exporter: Requests in flight",
    "kea-exporter: Unknown statistics",
    "kea-exporter: What was lost",
    "kea-exporter: Processor",
    "kea-exporter: Memory",
    "kea-exporter: Open files",
}
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


@pytest.fixture(scope="module")
def scraped(chroot: Chroot) -> Iterator[Scraped]:
    with Lab(chroot) as lab:
        site = start_site(lab)
        with exporter(site.fleet.config_file, "--timeout-offset", "0.1") as running:
            address = running.url.removeprefix("http://")
            jobs = [
                {"job_name": METRICS, "static_configs": [{"targets": [address]}]},
                {"job_name": PROBE, "http_sd_configs": [{"url": f"{running.url}/sd"}]},
            ]
            # Long enough to ask all daemons on a busy machine, too.
            scrapes = [{**job, "scrape_interval": "2s"} for job in jobs]
            since = time.time()
            with Prometheus(lab, scrapes) as prometheus:
                for step in range(SCRAPES):
                    site.move(step)
                    prometheus.wait_until(partial(have_scraped, prometheus, step + 1))
                yield Scraped(prometheus, since, time.time())


def have_scraped(prometheus: Prometheus, times: int) -> bool:
    """Return whether both jobs have scraped every daemon so often."""
    found = prometheus.query("count_over_time(kea_up[1m])")
    return len(found) == 2 * DAEMONS and all(float(it["value"][1]) >= times for it in found)


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Table:
    table = Table()
    request.config.pluginmanager.register(table)
    return table


def counted(scraped: Scraped, panel: Panel, choice: Mapping[str, str]) -> list[int]:
    return [len(scraped.series(target, choice)) for target in panel.tree["targets"]]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_has_something_to_show_where_there_is_something(scraped: Scraped, table: Table, panel: Panel) -> None:
    started = time.monotonic()
    found = {name: counted(scraped, panel, choice) for name, choice in CHOICES.items()}
    table.seconds += time.monotonic() - started
    for name, counts in found.items():
        table.add(panel, name, counts)
    if panel.name in EMPTY_EVERYWHERE:
        assert not any(map(sum, found.values()))
    else:
        assert all(found["all"])
        assert all(found["/metrics"])
        assert all(found["/probe"]) == (panel.name not in EMPTY_ON_PROBE)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_shows_the_servers_that_are_chosen_and_no_others(scraped: Scraped, panel: Panel) -> None:
    for target in panel.tree["targets"]:
        found = scraped.series(target, CHOICES["two servers"])
        assert {it["metric"]["server"] for it in found if "server" in it["metric"]} <= CHOSEN


@pytest.mark.parametrize("choice", ["all", "/metrics", "/probe"])
def test_what_is_scraped_in_both_ways_is_shown_and_counted_once(scraped: Scraped, choice: str) -> None:
    for panel in PANELS:
        for target in panel.tree["targets"]:
            found = [it["metric"] for it in scraped.series(target, CHOICES[choice])]
            assert len({frozenset((it | WORDS).items()) for it in found}) == len(found), panel.name
            assert panel.dashboard == Dashboard.EXPORTER or not any("instance" in it for it in found), panel.name
    numbers = {name: number_of(scraped, name, choice) for name in EXPECTED}
    assert numbers == EXPECTED


@pytest.mark.parametrize("choice", ["all", "/metrics", "/probe"])
def test_what_is_not_met_and_what_fails_is_told_with_its_remedy(scraped: Scraped, choice: str) -> None:
    unmet = labels_of(scraped, "kea-fleet: What to do", choice)
    assert {it["requirement"] for it in unmet if it["server"] == "hooks-missing"} >= {"hook-host-cmds-loaded"}
    assert {(it["requirement"], it["remedy"]) for it in unmet} <= {(it.id, it.remedy) for it in REQUIREMENTS}
    failing = {it["server"]: it for it in labels_of(scraped, "kea-fleet: Probes that fail", choice)}
    assert {server: it["reason"] for server, it in failing.items()} == FAILURES
    assert {it["reason"]: it["remedy"] for it in failing.values()} == {it: NEXT_STEPS[it] for it in FAILURES.values()}


def labels_of(scraped: Scraped, name: str, choice: str) -> list[dict[str, str]]:
    [panel] = [it for it in PANELS if it.name == name]
    return [it["metric"] for it in scraped.series(panel.tree["targets"][0], CHOICES[choice])]


def number_of(scraped: Scraped, name: str, choice: str) -> float:
    [panel] = [it for it in PANELS if it.name == name]
    [series] = scraped.series(panel.tree["targets"][0], CHOICES[choice])
    return float(series["value"][1])


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_variables_offer_what_there_is(scraped: Scraped, uid: str) -> None:
    chosen = {"job": ALL, "instance": ALL, "server": ALL}
    offered = {}
    for name, variable in variables_of(DOCUMENTS[uid]).items():
        if name != "datasource":
            selector = variable["query"].removeprefix("label_values(").removesuffix(f", {name})")
            offered[name] = set(scraped.ask(f"label/{name}/values", **{"match[]": filled_in(selector, chosen)}))
    assert offered["job"] == {METRICS, PROBE}
    assert offered["instance"] > SERVERS
    assert offered["server"] == SERVERS
    assert offered["daemon"] == {"dhcp4", "dhcp6", "d2"}
