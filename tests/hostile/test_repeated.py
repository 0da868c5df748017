"""Repeated entries cost no sample: each list of each recorded answer with its entries twice."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.metrics import FAMILIES, Page, read_families
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.transport.deadline import Deadline
from tests.support.answers import paths, put
from tests.support.odd import at
from tests.support.peers import SimulatedKea
from tests.support.recordings import RECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.answers import Path as Place

Tree = dict[str, Any]

COLLECT = {"statistics": "all", "pools": True}


@cache
def answers_of(version: str, daemon: str) -> Tree:
    """Return the recorded answers of a daemon, those of status-get with two relationships."""
    answers = recorded(version, daemon)
    if daemon.startswith("dhcp"):
        pair = recorded("kea-3.0.3", "high-availability")["hot-standby"]["arguments"]["high-availability"]
        answers["status-get"]["arguments"]["high-availability"] = pair
    return answers


def lists_of(value: Tree) -> Iterator[Place]:
    """Return the places of the lists in an answer; one list stands for all that differ in positions alone."""
    seen = set()
    for place in paths(value):
        names = tuple(re.sub(r"\d+", "N", step) for step in place if isinstance(step, str))
        if isinstance(at(value, place), list) and at(value, place) and names not in seen:
            seen.add(names)
            yield place


def page_of(answers: Tree, daemon: str) -> tuple[str, int]:
    """Return the page of metrics about a daemon with these answers, and how many samples it lacks."""
    with SimulatedKea(answers) as kea:
        tree = {"defaults": {"collect": COLLECT}, "servers": [{"name": "kea", daemon: {"url": kea.url}}]}
        reports = Collector().collect(settings_from_tree(tree, Path()).daemons, Deadline.after(20))
    page, _, dropped = Encoder().encode(read_families(FAMILIES, Page(reports)))
    return page.decode(), dropped.total()


@pytest.mark.parametrize(("version", "daemon"), RECORDED)
def test_no_sample_is_dropped_where_a_daemon_repeats_itself(version: str, daemon: str) -> None:
    answers = answers_of(version, daemon)
    for command, answer in answers.items():
        for place in lists_of(answer):
            repeated = put(answer, place, at(answer, place) * 3)
            assert page_of({**answers, command: repeated}, daemon)[1] == 0, (command, place)


def test_a_repeated_relationship_is_exported_once() -> None:
    answers = answers_of("kea-3.0.3", "dhcp4")
    place = ("arguments", "high-availability")
    repeated = put(answers["status-get"], place, at(answers["status-get"], place) * 3)
    page, dropped = page_of({**answers, "status-get": repeated}, "dhcp4")
    assert dropped == 0
    assert page.count("\nkea_ha_info{") == 1
