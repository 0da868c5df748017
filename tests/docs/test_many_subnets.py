"""Rules, panels and texts hold on a server with many subnets, from which Kea's statistics are read one by one."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.kea.plan import FEW_SUBNETS
from kea_exporter.metrics import FAMILIES
from tests.support.dashboard_reading import PANELS, Panel
from tests.support.pages import singly
from tests.support.rule_reading import ALERTS, EXPRESSIONS, SELECTOR, metrics
from tests.support.simulated import page_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.alerts import Alert

ROOT = Path(__file__).parent.parent.parent
RUNBOOKS = sorted((ROOT / "docs/runbooks").glob("*.md"))
# Label values of the families that a page has.
Found = dict[str, dict[str, set[str]]]
# These tell subnets and servers apart.
OWN = {"server", "daemon", "subnet_id", "subnet", "shared_network", "pool_id", "command"}
NAMED = re.compile(r"\bkea_\w+")
PINNED = re.compile(r'(\w+)="([^"]*)"')
GROUPED = re.compile(r"\bby \(([^()]*)\)")


def found(subnets: int, daemon: str) -> Found:
    """Return what the page of a simulated Kea 3.0 has."""
    page = page_of(subnets, daemon)
    by_family: Found = {}
    for family in FAMILIES:
        for labels, _ in singly(family.read(page)):
            values = by_family.setdefault(family.name, defaultdict(set))
            for name, value in zip(family.labels, labels, strict=True):
                values[name].add(value)
    return by_family


FEW = {daemon: found(3, daemon) for daemon in ("dhcp4", "dhcp6")}
MANY = {daemon: found(FEW_SUBNETS + 1, daemon) for daemon in FEW}
ABSENT = {family for daemon, page in FEW.items() for family in page if family not in MANY[daemon]}


def is_incomplete(daemon: str, family: str, label: str) -> bool:
    """Return whether values of a label are missing, and none of those that are there stands for the rest."""
    there = MANY[daemon].get(family, {}).get(label, set())
    return label not in OWN and bool(FEW[daemon][family][label] - there) and "other" not in there


INCOMPLETE = {
    (family, label)
    for daemon, page in FEW.items()
    for family, labels in page.items()
    for label in labels
    if family not in ABSENT and is_incomplete(daemon, family, label)
}
# Absent families that rules read, and the part of an expression that holds on servers that have none.
INSTEAD = {
    "kea_subnet_addresses_assigned_in_pool": "kea_subnet_addresses_assigned_in_pool{} or ",
    "kea_subnet_prefixes_assigned_in_pool": "kea_subnet_prefixes_assigned_in_pool{} or ",
    # The alert KeaSubnetFullnessUncertain names the server.
    "kea_subnet_allocation_failures_total": "unless ignoring (kind) subnet:kea_subnet_allocation_failures:increase1h",
}
each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)


def unpinned(expression: str) -> Iterator[tuple[str, str]]:
    """Return the incomplete labels that an expression adds up, or of which it selects what is not read."""
    grouped = {word for words in GROUPED.findall(expression) for word in re.findall(r"\w+", words)}
    selected = {(name, matchers) for name, matchers, *_ in SELECTOR.findall(expression)}
    selected |= {(name, "") for name in metrics(expression) if name not in {metric for metric, _ in selected}}
    for name, matchers in selected:
        pinned = dict(PINNED.findall(matchers))
        read = {
            label: set[str]().union(*(page[name][label] for page in MANY.values() if name in page))
            for family, label in INCOMPLETE
            if family == name
        }
        yield from (
            (name, label) for label, known in read.items() if pinned.get(label) not in known and label not in grouped
        )


def test_what_is_known_to_be_absent_or_incomplete_is() -> None:
    assert {"kea_allocation_failures_by_cause_total", "kea_leases_reclaimed_total"} <= ABSENT
    assert {("kea_messages_received_total", "message"), ("kea_messages_sent_total", "message")} <= INCOMPLETE
    for daemon, page in MANY.items():
        assert page.keys() >= {"kea_packets_received_total", "kea_packets_sent_total", "kea_packets_dropped_total"}, (
            daemon
        )


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_rule_reads_what_is_there_and_adds_up_what_is_complete(expression: str) -> None:
    assert ABSENT & set(metrics(expression)) <= INSTEAD.keys()
    assert list(unpinned(expression)) == []


@pytest.mark.parametrize("family", INSTEAD)
def test_a_rule_that_reads_what_may_be_absent_has_another_way(family: str) -> None:
    assert any(INSTEAD[family] in expression for expression in EXPRESSIONS)


@each_panel
def test_a_panel_adds_up_what_is_complete_and_says_what_is_absent(panel: Panel) -> None:
    for query in panel.queries:
        assert list(unpinned(query)) == []
        absent = ABSENT & set(metrics(query))
        if absent and absent <= INSTEAD.keys() and " or " in query:
            continue
        if absent:
            assert "Not read from a server with more than" in panel.tree["description"]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: f"{alert.name}-{alert.severity}")
def test_a_message_names_no_family_that_is_absent(alert: Alert) -> None:
    assert ABSENT.isdisjoint(NAMED.findall(alert.description))


@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_a_runbook_names_only_families_and_messages_that_exist(page: Path) -> None:
    text = page.read_text()
    recorded = set(INSTEAD) if page.stem == "README" else set[str]()
    assert ABSENT & set(NAMED.findall(text)) <= recorded
    for line in text.splitlines():
        assert list(unpinned(line)) == []


@pytest.mark.parametrize(
    "path",
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("prometheus/**/*.yml"),
        *ROOT.glob("grafana/dashboards/*.json"),
        *ROOT.glob("deploy/**/*.yml"),
    ],
    ids=lambda document: document.name,
)
def test_packets_have_no_message(path: Path) -> None:
    assert re.findall(r"kea_packets_\w+\{[^{}]*message", path.read_text()) == []
