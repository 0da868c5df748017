"""The colours of the dashboards mean the same everywhere, also to the colour-blind."""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from grafana.src import looks
from grafana.src.looks import COLOURS, CRITICAL, GOOD, MESSAGES, NEUTRAL, NOTICE, WARNING, Look
from kea_exporter.alerts import thresholds
from kea_exporter.kea.statistics_table import RECEIVED, SENT
from kea_exporter.metrics.health import SOCKETS_STATUSES
from kea_exporter.metrics.high_availability import OTHER_STATE, STATES
from tests.support.dashboard_reading import PANELS, Panel, all_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

# How much of red, green and blue reaches an eye that lacks one kind of cones wholly
# (Machado, Oliveira and Fernandes, "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009).
EYES = {
    "all cones": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}
# A difference (CIE76) of 2.3 is just noticeable; this is seen at a glance.
AT_A_GLANCE = 20.0
# Level AA of WCAG 2.2.
READABLE = 4.5
# What the names of colours stand for (@grafana/data 13.2.2, createVisualizationColors).
THEMES: Mapping[str, Mapping[str, str]] = {
    "dark": {GOOD: "#C8F2C2", NOTICE: "#FADE2A", WARNING: "#FFCB7D", CRITICAL: "#C4162A", NEUTRAL: NEUTRAL},
    "light": {GOOD: "#96D98D", NOTICE: "#F2CC0C", WARNING: "#FFB357", CRITICAL: "#AD0317", NEUTRAL: NEUTRAL},
}
each_theme = pytest.mark.parametrize("theme", THEMES)
COLOUR = re.compile(r"#\w{6}|(?:(?:super-light|light|semi-dark|dark)-)?(?:red|orange|yellow|green|blue|purple)")
Colour = tuple[float, float, float]


def linear(colour: str) -> list[float]:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]


def lab_of(rgb: list[float]) -> Colour:
    """Return lightness, green to red, and blue to yellow (CIELAB, white D65)."""
    r, g, b = (min(max(channel, 0.0), 1.0) for channel in rgb)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def seen(colour: str, eye: str) -> Colour:
    rgb = linear(colour)
    return lab_of([sum(part * channel for part, channel in zip(row, rgb, strict=True)) for row in EYES[eye]])


def difference(colour: Colour, other: Colour) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(colour, other, strict=True)) ** 0.5)


@each_theme
@pytest.mark.parametrize("eye", EYES)
def test_what_colours_say_is_seen_by_every_eye(eye: str, theme: str) -> None:
    drawn = {name: seen(colour, eye) for name, colour in THEMES[theme].items()}
    differences = {pair: difference(*(drawn[name] for name in pair)) for pair in combinations(COLOURS, 2)}
    # Two warnings; their words and their order tell them apart.
    del differences[NOTICE, WARNING]
    assert {pair for pair, distance in differences.items() if distance < AT_A_GLANCE} == set()


@each_theme
@pytest.mark.parametrize("name", COLOURS)
def test_words_on_colours_can_be_read(name: str, theme: str) -> None:
    colour = THEMES[theme][name]
    assert contrast(colour, word_on(colour)) >= READABLE


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_numbers_stand_on_colours_and_are_not_drawn_in_them(panel: Panel) -> None:
    options = panel.tree["options"]
    if panel.tree["type"] == "stat":
        assert options["colorMode"] == "background_solid"
    if panel.tree["type"] == "bargauge":
        assert options["valueMode"] == "text"
    if panel.tree["type"] == "table":
        assert "color-text" not in all_texts(panel.tree)


def test_each_type_of_message_has_a_colour_of_its_own() -> None:
    known = {*" ".join((*RECEIVED.values(), *SENT.values())).split()}
    assert known <= set(MESSAGES)
    assert len(set(MESSAGES.values())) == len(MESSAGES)
    assert not [colour for colour in MESSAGES.values() if "purple" in colour]


def word_on(colour: str) -> str:
    """Return the colour in which Grafana writes on another one: by its brightness, which is not its luminance."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#202226" if (299 * red + 587 * green + 114 * blue) / 1000 > 180 else "#F7F8FA"


def contrast(colour: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2)."""
    less, more = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in (linear(colour), linear(other)))
    return (more + 0.05) / (less + 0.05)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_lines_of_different_queries_differ_without_colours(panel: Panel) -> None:
    if panel.tree["type"] == "timeseries":
        overrides = panel.tree["fieldConfig"]["overrides"]
        properties = [entry for override in overrides for entry in override["properties"]]
        styles = [str(entry["value"]) for entry in properties if entry["id"] == "custom.lineStyle"]
        assert len({"solid", *styles}) == len(panel.queries)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_what_changes_in_a_timeline_is_seen_without_its_words(panel: Panel) -> None:
    if panel.tree["type"] == "state-timeline":
        [mapping] = panel.defaults["mappings"]
        assert len({state["color"] for state in mapping["options"].values()}) > 1


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_what_has_no_value_has_no_colour_that_judges(panel: Panel) -> None:
    mappings = [panel.defaults["mappings"]] if panel.tree["type"] == "stat" else []
    if panel.tree["type"] == "table":
        properties = [override["properties"] for override in panel.tree["fieldConfig"]["overrides"]]
        by_name = [{entry["id"]: entry["value"] for entry in entries} for entries in properties]
        mappings += [options["mappings"] for options in by_name if "thresholds" in options]
    for found in mappings:
        [null] = [entry["options"] for entry in found if entry["type"] == "special"]
        assert null["match"] == "null"
        assert null["result"]["color"] in {"transparent", NEUTRAL}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_no_other_colours_are_used(panel: Panel) -> None:
    found = {text for text in all_texts(panel.tree) if COLOUR.fullmatch(text)}
    assert found <= {*COLOURS, *MESSAGES.values()}


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (looks.FULLNESS, [thresholds.FULLNESS_WARNING, thresholds.FULLNESS_CRITICAL]),
        (looks.EXHAUSTION, [thresholds.EXHAUSTION_WITHIN_SECONDS]),
        (
            looks.CERTIFICATE_DAYS,
            [thresholds.CERTIFICATE_CRITICAL_DAYS, thresholds.CERTIFICATE_WARNING_DAYS],
        ),
        (looks.ALLOCATION_FAILURES, [thresholds.ALLOCATION_FAILURES_IN_15_MINUTES / 900]),
        (looks.DECLINED_RISE, [thresholds.DECLINED_IN_AN_HOUR]),
        (looks.DROPPED, [thresholds.DROPPED_SHARE]),
        (looks.DDNS_FAILED, [thresholds.DDNS_FAILED_SHARE]),
        (looks.SLOWNESS, [thresholds.SLOW_SHARE]),
        (looks.CLOCK_SKEW, [thresholds.CLOCK_SKEW_WARNING_SECONDS, thresholds.CLOCK_SKEW_CRITICAL_SECONDS]),
    ],
)
def test_colours_change_where_alerts_fire(look: Look, expected: list[float]) -> None:
    assert [value for value, _ in look.steps] == expected


def test_every_state_of_a_family_has_a_word() -> None:
    assert [state.word for state in looks.HA_STATE.states.values()] == [*STATES, OTHER_STATE]
    assert [state.word for state in looks.SOCKETS.states.values()] == list(SOCKETS_STATUSES)
