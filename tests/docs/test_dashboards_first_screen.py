"""The structure of the dashboards (docs/decisions/0015): numbers first, the worst on top, little that is open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.alerts import thresholds
from tests.support.dashboard_reading import DOCUMENTS, PANELS, Panel

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_OPEN = 75
TILE_HEIGHT = 4
documents = pytest.mark.parametrize("uid", DOCUMENTS)
panels = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
NUMBERS = {value for value in vars(thresholds).values() if isinstance(value, int | float)}
# Of a count of faults: the first one matters.
STEPS = {1, *NUMBERS, thresholds.ALLOCATION_FAILURES_IN_15_MINUTES / 900}


def tiles_of(uid: str) -> list[dict[str, Any]]:
    return [panel for panel in DOCUMENTS[uid]["panels"] if panel["gridPos"]["y"] == 0]


@documents
def test_six_to_eight_numbers_come_first(uid: str) -> None:
    tiles = tiles_of(uid)
    assert {tile["type"] for tile in tiles} == {"stat"}
    assert 6 <= len(tiles) <= 8
    assert {tile["gridPos"]["h"] for tile in tiles} == {TILE_HEIGHT}
    assert sum(tile["gridPos"]["w"] for tile in tiles) == 24


@documents
def test_each_number_leads_to_what_explains_it(uid: str) -> None:
    for tile in tiles_of(uid):
        [link] = tile["fieldConfig"]["defaults"]["links"]
        assert link["url"].startswith(("/d/", "http"))


@documents
def test_not_more_is_open_than_can_be_scrolled_through(uid: str) -> None:
    top_level = [panel["gridPos"] for panel in DOCUMENTS[uid]["panels"]]
    assert max(place["y"] + place["h"] for place in top_level) <= MAX_OPEN


@documents
def test_only_collapsed_rows_have_panels_of_their_own(uid: str) -> None:
    rows = [panel for panel in DOCUMENTS[uid]["panels"] if panel["type"] == "row"]
    assert all(bool(row.get("panels")) == bool(row.get("collapsed")) for row in rows)
    # Details are at the end.
    assert [bool(row.get("collapsed")) for row in rows] == sorted(bool(row.get("collapsed")) for row in rows)


@panels
def test_colours_change_at_the_thresholds_of_the_alerts(panel: Panel) -> None:
    for step in steps_of(panel.tree["fieldConfig"]):
        assert step in STEPS


def steps_of(config: dict[str, Any]) -> Iterator[float]:
    """Return the values from which on a colour is used, after the first one."""
    properties = [entry for override in config["overrides"] for entry in override["properties"]]
    found = [config["defaults"]["thresholds"], *(entry["value"] for entry in properties if entry["id"] == "thresholds")]
    for threshold in found:
        yield from (step["value"] for step in threshold["steps"][1:])


@panels
def test_a_table_is_sorted(panel: Panel) -> None:
    if panel.tree["type"] == "table" and "groupingToMatrix" not in str(panel.tree["transformations"]):
        [by] = panel.tree["options"]["sortBy"]
        assert by["displayName"]


@panels
def test_what_lists_subnets_is_limited(panel: Panel) -> None:
    for query in panel.queries:
        lists = re.match(r"max by \([^)]*\bsubnet\b[^)]*\)", query.lstrip("("))
        if lists and panel.tree["type"] in {"table", "bargauge", "timeseries"}:
            assert "topk(" in query or "bottomk(" in query
