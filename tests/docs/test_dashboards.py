"""The dashboards: written from their sources, sound by the rules of dashboard-linter, and complete."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from grafana.src.dashboards import DASHBOARDS
from grafana.src.document import written
from grafana.src.looks import NOTHING
from grafana.src.variables import ON_DAEMONS, ONE_SERVER, PAIR, SERVER, SUBJECT, SUBNETS, TARGETS
from kea_exporter.alerts import GROUPS
from kea_exporter.alerts.model import Dashboard
from kea_exporter.metrics import FAMILIES
from tests.support.dashboard_reading import (
    DOCUMENTS,
    FOLDER,
    PANELS,
    VARIABLE,
    Panel,
    all_texts,
    panels_of,
    selectors,
    variables_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = {recording.name for group in GROUPS for recording in group.recordings}
BY_NAME = {family.name: family for family in FAMILIES}
# Of Prometheus, and of its client library.
OF_TARGETS = {
    "up",
    "scrape_duration_seconds",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
}
# Families that no panel shows, and why.
NOT_SHOWN: dict[str, str] = {}
# All of them known to dashboard-linter.
UNITS = {
    "bytes",
    "cps",
    "dateTimeAsIso",
    "dateTimeFromNow",
    "suffix: days",
    "none",
    "percentunit",
    "pps",
    "s",
    "short",
}
OF_ALERTS = ("alertname", "server", "daemon", "about")
WIDTH = 24
VARIABLES = [chosen.name for chosen in (*TARGETS, SERVER, *ON_DAEMONS)]
ALWAYS = ["datasource", *VARIABLES]
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
documents = pytest.mark.parametrize("uid", DOCUMENTS)
panels = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)


@pytest.mark.parametrize("uid", Dashboard)
def test_the_dashboards_that_are_committed_are_those_of_their_sources(uid: Dashboard) -> None:
    text = (FOLDER / f"{uid}.json").read_text()
    assert text == written(DASHBOARDS[uid]()), "`make docs` writes them anew"
    assert text == written(DASHBOARDS[uid]()), "the same source gives the same bytes"


def test_each_dashboard_that_alerts_lead_to_is_there_and_no_other() -> None:
    assert set(DOCUMENTS) == set(Dashboard)


@documents
def test_a_dashboard_can_be_provisioned_as_it_is(uid: str) -> None:
    document = DOCUMENTS[uid]
    assert (document["id"], document["uid"], document["editable"]) == (None, uid, False)
    assert document["title"]
    assert document["description"]
    assert document["tags"] == ["kea"]
    assert document["graphTooltip"] == 1
    assert not [name for name in document if name.startswith("__")]
    assert not [text for text in all_texts(document) if "DS_PROMETHEUS" in text]


@documents
def test_variables_are_those_of_the_linter_and_can_be_chosen_freely(uid: str) -> None:
    variables = variables_of(DOCUMENTS[uid])
    assert list(variables)[: len(ALWAYS)] == ALWAYS
    assert set(variables) - {*ALWAYS, "filters"} <= {PAIR.name, SUBJECT.name, SUBNETS.name}
    source, filters = variables.pop("datasource"), variables.pop("filters")
    assert (source["type"], source["query"], source["label"]) == ("datasource", "prometheus", "Data source")
    assert (filters["type"], filters["datasource"]) == ("adhoc", DATASOURCE)
    for name, variable in variables.items():
        assert (variable["type"], variable["label"]) == ("query", name.capitalize())
        assert variable["datasource"] == DATASOURCE
        assert variable["refresh"] == 2, "queried again when the time range changes"
        assert not [key for key in variable if key.startswith("auto")]
        if name in {"job", "instance"} or variable["multi"]:
            chosen = (variable["multi"], variable["includeAll"], variable["current"]["value"])
            assert chosen == (True, True, "$__all")
            assert variable["allValue"] in {".+", ".*"}


def test_one_server_is_selected_by_default_on_its_own_dashboard_and_all_can_be() -> None:
    server = variables_of(DOCUMENTS[Dashboard.SERVER])["server"]
    assert (server["multi"], server["includeAll"], server["query"]) == (False, False, ONE_SERVER.query)
    assert server["sort"] == 0, "the order of the query: the server with the most problems first"
    assert 'label_replace(vector(-1), "server", ".+", "", "")' in server["query"], "the last option is all of them"


def test_a_menu_of_subnets_is_limited() -> None:
    assert SUBNETS.query.startswith("query_result(topk(200, ")


@documents
def test_each_dashboard_marks_events(uid: str) -> None:
    events = {event["name"]: event for event in DOCUMENTS[uid]["annotations"]["list"]}
    assert list(events) == ["Restarts", "Reloads", "Failovers", "Version changes", "Alerts"]
    for event in events.values():
        assert (event["datasource"], event["enable"], event["builtIn"]) == (DATASOURCE, True, 0)
        assert event["titleFormat"]
        assert {name for name, _, _ in selectors(event["expr"])} <= {*BY_NAME, "ALERTS"}


@documents
def test_links_lead_to_the_other_dashboards_and_keep_time_and_variables(uid: str) -> None:
    [link] = DOCUMENTS[uid]["links"]
    assert (link["type"], link["tags"]) == ("dashboards", ["kea"])
    assert (link["keepTime"], link["includeVars"]) == (True, True)


@panels
def test_links_from_data_lead_to_dashboards_and_keep_time_and_variables(panel: Panel) -> None:
    for url in (text for text in all_texts(panel.tree) if text.startswith("/d/")):
        path, _, parameters = url.partition("?")
        assert path.removeprefix("/d/") in DOCUMENTS
        assert parameters.startswith("${__url_time_range}&${datasource:queryparam}&${job:queryparam}&")
        given = re.findall(r"var-(\w+)=|\$\{(\w+):queryparam\}", parameters)
        kept = ["datasource", "job", "instance", "filters", "server", "daemon"]
        assert [first or second for first, second in given][: len(kept)] == kept
        for label in re.findall(r"__(?:data\.fields|field\.labels)\.(\w+)", parameters):
            assert all(re.search(rf"by \([^)]*\b{label}\b", query) for query in panel.queries)


@panels
def test_a_panel_says_what_it_is_and_why_there_may_be_nothing_to_see(panel: Panel) -> None:
    assert panel.tree["title"]
    assert panel.tree["description"].endswith(".")
    assert len(panel.defaults["noValue"]) > 8
    assert panel.tree["datasource"] == DATASOURCE
    assert panel.queries
    assert all(target["datasource"] == DATASOURCE for target in panel.tree["targets"])


@panels
def test_a_panel_has_a_unit(panel: Panel) -> None:
    found = [panel.defaults["unit"], *(value for name, value in overridden(panel) if name == "unit")]
    assert set(found) <= UNITS


@panels
def test_a_cell_without_a_value_does_not_explain_an_empty_table(panel: Panel) -> None:
    if panel.tree["type"] == "table":
        first = panel.tree["fieldConfig"]["overrides"][0]
        assert first["matcher"] == {"id": "byRegexp", "options": ".*"}
        assert first["properties"] == [{"id": "noValue", "value": NOTHING}]


def overridden(panel: Panel) -> Iterator[tuple[str, Any]]:
    for override in panel.tree["fieldConfig"]["overrides"]:
        for entry in override["properties"]:
            yield entry["id"], entry["value"]


def test_the_titles_of_a_dashboard_are_told_apart() -> None:
    assert [name for name, count in Counter(panel.name for panel in PANELS).items() if count > 1] == []


@panels
def test_each_selector_has_the_variables_that_its_family_has_labels_for(panel: Panel) -> None:
    for query in panel.queries:
        assert selectors(query)
        for name, matchers, _ in selectors(query):
            if name in BY_NAME or name in OF_TARGETS:
                assert matchers.startswith('job=~"$job",instance=~"$instance"')
            labels = BY_NAME[name].labels if name in BY_NAME else ()
            # All targets that had a daemon are those of an exporter.
            if panel.dashboard != Dashboard.EXPORTER:
                assert all(f'{label}=~"${label}"' in matchers for label in ("server", "daemon") if label in labels), (
                    name
                )


@panels
def test_counters_are_shown_as_rates_and_only_counters_are(panel: Panel) -> None:
    for query in panel.queries:
        rated = re.findall(r"\b(?:rate|irate|increase)\(([a-z_]+)\{[^{}]*\}\[([^\]]+)\]", query)
        # As far as the alerts on allocation failures and on small subnets that refuse clients look back.
        assert {window for _, window in rated} <= {"$__rate_interval", "15m", "1h"}
        counters = [name for name, _, _ in selectors(query) if name.endswith("_total")]
        assert [name for name, _ in rated] == counters
        assert query.count("$__rate_interval") == [window for _, window in rated].count("$__rate_interval")


@panels
def test_queries_use_only_variables_of_the_dashboard_and_of_grafana(panel: Panel) -> None:
    known = {*VARIABLES, PAIR.name, SUBJECT.name, SUBNETS.name, "__interval", "__rate_interval", "__range"}
    for query in panel.queries:
        assert {first or second for first, second in VARIABLE.findall(query)} <= known


def used_names() -> set[str]:
    return {name for panel in PANELS for query in panel.queries for name, _, _ in selectors(query)}


def test_all_that_is_asked_for_exists() -> None:
    others = {name for name in used_names() - set(BY_NAME) if name not in RECORDED}
    assert others == {*OF_TARGETS, "ALERTS"}


def test_all_that_exists_is_shown_but_for_what_is_not_on_purpose() -> None:
    assert set(BY_NAME) - used_names() == set(NOT_SHOWN)


@panels
def test_queries_group_by_labels_that_their_families_have(panel: Panel) -> None:
    for query in panel.queries:
        labels = {
            "job",
            "instance",
            *(label for name, _, _ in selectors(query) if name in BY_NAME for label in BY_NAME[name].labels),
            *re.findall(r'label_(?:join|replace)\(.*?, "(\w+)", "', query),
            *(OF_ALERTS if "ALERTS" in query else ()),
            # `group_left ()` takes no label.
            "",
        }
        for found in re.findall(r"(?:\bby|\bon|group_left) \(([^)]*)\)", query):
            assert set(found.split(", ")) <= labels


@documents
def test_panels_fill_the_width_and_do_not_overlap(uid: str) -> None:
    panels = DOCUMENTS[uid]["panels"]
    rows_filled_and_in_order(panels)
    for row in panels:
        if row.get("panels"):
            rows_filled_and_in_order(row["panels"])


def rows_filled_and_in_order(panels: list[dict[str, Any]]) -> None:
    by_top: dict[int, list[dict[str, int]]] = {}
    for panel in panels:
        by_top.setdefault(panel["gridPos"]["y"], []).append(panel["gridPos"])
    bottoms = []
    for top, line in sorted(by_top.items()):
        line.sort(key=lambda place: place["x"])
        assert [place["x"] for place in line] == [0, *(place["x"] + place["w"] for place in line)][:-1], f"y={top}"
        assert line[-1]["x"] + line[-1]["w"] == WIDTH, f"y={top}"
        assert len({place["h"] for place in line}) == 1, f"y={top}"
        bottoms.append((top, top + line[0]["h"]))
    assert all(bottom == top for (_, bottom), (top, _) in pairwise(bottoms))


@documents
def test_panels_have_numbers_of_their_own(uid: str) -> None:
    numbers = [panel["id"] for panel in panels_of(DOCUMENTS[uid])]
    assert len(set(numbers)) == len(numbers)


def test_what_is_provisioned_is_what_is_there() -> None:
    [provider] = yaml.safe_load((FOLDER.parent / "provisioning/dashboards/kea.yml").read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["allowUiUpdates"] is False
