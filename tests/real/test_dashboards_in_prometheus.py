"""Every query of every dashboard, asked of a real Prometheus that scraped a real fleet, in both ways of scraping."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kea_exporter.alerts.model import Dashboard
from kea_exporter.facts.failure import Reason
from kea_exporter.requirements import REQUIREMENTS
from kea_exporter.requirements.next_steps import NEXT_STEPS
from lab.demo.situations import ODD, SERVERS, SITE
from lab.servers.high_availability import PRIMARY
from tests.support.dashboard_reading import DOCUMENTS, PANELS, Panel, variables_of
from tests.support.dashboard_scraping import ALL, CHOICES, METRICS, PROBE, SITUATIONS, Scraped, scraping
from tests.support.dashboard_table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

CHOSEN = {SITE, PRIMARY}
# What there is nothing of in this fleet, whatever is chosen, and why; `make look` has fleets with it.
EMPTY_EVERYWHERE: dict[str, str] = {
    "kea-pairs: Different parts": "the servers of the pair have equal configurations",
    "kea-pairs: Subnets of hubs": "no server has several relationships",
    "kea-exporter: Series limit reached": "no server has more subnets than series_limit",
    "kea-pairs: Clock skew": "only a pair whose servers both run knows it; in this fleet, one is stopped",
}
# Empty, unless both servers of the pair answered once before one was stopped.
BY_CHANCE = {"kea-pairs: Clock skew over time"}
# Panels with empty queries: exhaustion is predicted from hours, which no test has; and the clock skew, see above.
PARTLY_EMPTY = {
    "kea-fleet: Pairs",
    "kea-pairs: Pairs",
    "kea-subnets: IPv4 addresses",
    "kea-subnets: IPv6 addresses",
    "kea-subnets: Delegated prefixes",
}
# Numbers over all daemons; the subnet of a pair counts once.
EXPECTED = {
    "kea-fleet: Down": 6,
    "kea-fleet: Pairs impaired": 1,
    "kea-subnets: Above 85%": 2,
    "kea-certificates: Expired": 1,
}
FAILURES = {
    SERVERS["stop-daemon"]: Reason.REFUSED,
    SERVERS["change-password"]: Reason.UNAUTHORIZED,
    SERVERS["expire-certificate"]: Reason.CERTIFICATE_EXPIRED,
    SERVERS["misname-certificate"]: Reason.CERTIFICATE_NAME_MISMATCH,
    SERVERS["distrust-certificate"]: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    SERVERS["break-ha"]: Reason.REFUSED,
    ODD: Reason.ERROR_RESULT,
}
# What does not tell rows apart.
WORDS = {"title": "", "remedy": ""}
# /probe tells nothing of the exporter itself.
EMPTY_ON_PROBE = {
    "kea-exporter: Last reload",
    "kea-exporter: Samples dropped",
    "kea-exporter: Exporters",
    "kea-exporter: Requests",
    "kea-exporter: Unknown statistics",
    "kea-exporter: Dropped samples",
    "kea-exporter: CPU",
    "kea-exporter: Memory",
    "kea-exporter: Open files",
}


@pytest.fixture(scope="module")
def scraped(chroot: Chroot) -> Iterator[Scraped]:
    with scraping(chroot, SITUATIONS["faults"]) as scraped:
        yield scraped


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
    if panel.name in BY_CHANCE:
        return
    if panel.name in EMPTY_EVERYWHERE:
        assert not any(map(sum, found.values()))
    elif panel.name in PARTLY_EMPTY:
        assert any(found["all"])
    else:
        assert all(found["all"])
        assert all(found["/metrics"])
        assert all(found["/probe"]) == (panel.name not in EMPTY_ON_PROBE)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_a_panel_shows_the_servers_that_are_chosen_and_no_others(scraped: Scraped, panel: Panel) -> None:
    for target in panel.tree["targets"]:
        found = scraped.series(target, CHOICES["two servers"])
        assert {sample["metric"]["server"] for sample in found if "server" in sample["metric"]} <= CHOSEN


@pytest.mark.parametrize("choice", ["all", "/metrics", "/probe"])
def test_what_is_scraped_in_both_ways_is_shown_and_counted_once(scraped: Scraped, choice: str) -> None:
    for panel in PANELS:
        for target in panel.tree["targets"]:
            found = [sample["metric"] for sample in scraped.series(target, CHOICES[choice])]
            assert len({frozenset((labels | WORDS).items()) for labels in found}) == len(found), panel.name
            assert panel.dashboard == Dashboard.EXPORTER or not any("instance" in labels for labels in found), (
                panel.name
            )
    numbers = {name: number_of(scraped, name, choice) for name in EXPECTED}
    assert numbers == EXPECTED


@pytest.mark.parametrize("choice", ["all", "/metrics", "/probe"])
def test_what_is_not_met_and_what_fails_is_told_with_its_remedy(scraped: Scraped, choice: str) -> None:
    rows = labels_of(scraped, "kea-fleet: What is wrong and what to do", choice)
    titles = {requirement.title: requirement for requirement in REQUIREMENTS}
    unmet = [row for row in rows if row["problem"] in titles]
    missing = {row["problem"] for row in unmet if row["server"] == SERVERS["unload-hook"]}
    assert "The hook library libdhcp_host_cmds.so must be loaded" in missing
    for row in unmet:
        assert row["remedy"] in {cause.remedy for cause in titles[row["problem"]].causes}
    failing = {row["server"]: row for row in rows if row["problem"] not in titles}
    assert {server: row["problem"].rpartition(": ")[2] for server, row in failing.items()} == FAILURES
    assert {server: row["remedy"] for server, row in failing.items()} == {
        server: NEXT_STEPS[reason] for server, reason in FAILURES.items()
    }


def labels_of(scraped: Scraped, name: str, choice: str) -> list[dict[str, str]]:
    [panel] = [candidate for candidate in PANELS if candidate.name == name]
    return [sample["metric"] for sample in scraped.series(panel.tree["targets"][0], CHOICES[choice])]


def number_of(scraped: Scraped, name: str, choice: str) -> float:
    [panel] = [candidate for candidate in PANELS if candidate.name == name]
    [series] = scraped.series(panel.tree["targets"][0], CHOICES[choice])
    return float(series["value"][1])


@pytest.mark.parametrize("uid", DOCUMENTS)
def test_variables_offer_what_there_is(scraped: Scraped, uid: str) -> None:
    offered = {
        name: scraped.options(variable)
        for name, variable in variables_of(DOCUMENTS[uid]).items()
        if variable["type"] == "query"
    }
    assert set(offered["job"]) == {METRICS, PROBE}
    assert set(offered["instance"]) > scraped.servers
    assert set(offered["daemon"]) == {"dhcp4", "dhcp6", "d2"}
    assert len(offered["exporter"]) == 1
    if uid == Dashboard.SERVER:
        assert set(offered["server"]) == {*scraped.servers, ALL}
        assert offered["server"][ALL] == "All"
        assert next(iter(offered["server"])) in FAILURES, "the worst first"
        assert list(offered["server"])[-1] == ALL
    else:
        assert set(offered["server"]) == scraped.servers
