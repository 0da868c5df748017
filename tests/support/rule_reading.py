"""Rules as Prometheus reads them: the metrics and labels of an expression; and promtool's tests of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from kea_exporter.alerts import GROUPS
from kea_exporter.metrics import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.alerts import Alert

Tree = dict[str, Any]

FOLDER = Path(__file__).parent.parent.parent / "prometheus"
FILES = sorted((FOLDER / "tests").glob("*.yml"))
ALERTS = tuple(alert for group in GROUPS for alert in group.alerts)
RECORDINGS = tuple(recording for group in GROUPS for recording in group.recordings)
EXPRESSIONS = (*(recording.expression for recording in RECORDINGS), *(alert.expression for alert in ALERTS))
METRIC = re.compile(r"\b(?:kea_\w+|\w+:\w+:\w+|up|ALERTS)\b(?!:)")
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^{}]*)\}")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring) ?\(([^()]*)\)")
JOINED = re.compile(r"\bgroup_left ?\(([^()]*)\)")
AGGREGATED_BY = re.compile(r"(?:topk by \([^()]*\) \(1, )?(?:max|min|sum|count|group) by \(([^()]*)\)")
# The first label of label_replace and label_join, which they make.
MADE = re.compile(r'"(\w+)", "[^"]*", "\w*"')
WITHOUT = re.compile(r"\bwithout ?\(([^()]*)\)")
# Not those of durations, nor of names.
NUMBER = re.compile(r"(?<![\w.:])\d+(?:\.\d+)?(?![\w.:])")
UNITS = {"m": 1, "h": 60, "d": 24 * 60}
OF_TARGET = {"job", "instance"}
# Prometheus' own.
LABELS = {"up": OF_TARGET, "ALERTS": {*OF_TARGET, "alertname"}}
LABELS |= {family.name: {*family.labels, *OF_TARGET} for family in FAMILIES}


def read_by(test: str, rules: Tree) -> Tree:
    """Return the rules that a test of promtool looks at, and those that these rest on.

    promtool evaluates every rule at each minute of a test: the others take most of its time, and change nothing.

    Args:
        test: the text of the file.
        rules: all, as Prometheus loads them.
    """
    by_name: dict[str, list[Tree]] = {}
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        by_name.setdefault(rule.get("record") or rule["alert"], []).append(rule)
    read: set[str] = set()
    found = {name for name in by_name if re.search(rf"\b{name}\b", test)}
    while found:
        read |= found
        text = yaml.safe_dump([by_name[name] for name in found])
        found = {name for name in by_name.keys() - read if re.search(rf"\b{name}\b", text)}
    groups = [
        {**group, "rules": [rule for rule in group["rules"] if (rule.get("record") or rule["alert"]) in read]}
        for group in rules["groups"]
    ]
    return {"groups": [group for group in groups if group["rules"]]}


def _words(found: list[str]) -> set[str]:
    return {word for text in found for word in re.findall(r"\w+", text)}


def metrics(expression: str) -> list[str]:
    """Return the names of the series that an expression reads."""
    return METRIC.findall(expression)


def labels_read(text: str) -> Iterator[tuple[str, str]]:
    """Return each metric and label that is matched in an expression or in the queries of a template."""
    for name, matchers in SELECTOR.findall(text):
        yield from ((name, label) for label in MATCHER.findall(matchers))


def labels_grouped(expression: str) -> set[str]:
    """Return the labels by which series are joined or summed."""
    return _words(GROUPING.findall(expression))


def labels_made(expression: str) -> set[str]:
    """Return the labels that an expression adds to series."""
    return set(MADE.findall(expression))


def labels_left(expression: str) -> set[str]:
    """Return the labels of what an expression finds: of the first metric and joined, less those summed over."""
    if aggregated := AGGREGATED_BY.match(expression):
        return set(re.findall(r"\w+", aggregated[1]))
    own = LABELS[metrics(expression)[0]] | _words(JOINED.findall(expression))
    return own - _words(WITHOUT.findall(expression))


def labels_of(alert: Alert) -> set[str]:
    own = {"alertname", "severity", *(["requirement"] if alert.requirement else [])}
    return labels_left(alert.expression) | own


for _recording in RECORDINGS:
    LABELS[_recording.name] = labels_left(_recording.expression) | set(dict(_recording.labels))


@dataclass(frozen=True)
class Moment:
    """The expectation at one time: the severities of an alert that fire."""

    minute: int
    firing: frozenset[str]


def minutes(duration: str) -> int:
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([mhd])", duration))


def _stories_of(case: Tree) -> Iterator[tuple[str, list[Moment]]]:
    expected = case.get("alert_rule_test", ())
    for name in dict.fromkeys(expectation["alertname"] for expectation in expected):
        moments = (_moment(expectation) for expectation in expected if expectation["alertname"] == name)
        yield name, sorted(moments, key=lambda moment: moment.minute)


def _moment(expected: Tree) -> Moment:
    firing = {alert["exp_labels"]["severity"] for alert in expected.get("exp_alerts", ())}
    return Moment(minutes(expected["eval_time"]), frozenset(firing))


# Each alert that a test case looks at, and what is expected of it as time goes by.
STORIES = tuple(
    story for path in FILES for case in yaml.safe_load(path.read_text())["tests"] for story in _stories_of(case)
)


def is_whole(moments: list[Moment], severity: str) -> bool:
    """Return whether a story says that an alert is silent until the very minute in which it fires, and ends."""
    begins = [
        later.minute
        for earlier, later in pairwise(moments)
        if later.minute - earlier.minute == 1 and severity in later.firing - earlier.firing
    ]
    return bool(begins) and any(moment.minute > begins[0] and severity not in moment.firing for moment in moments)
