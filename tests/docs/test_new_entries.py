"""Skeletons of new entries can be imported, stand in their places, and are not taken for done."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.markdown import nested
from tools import ROOT, new
from tools.edits import NewError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What the skeletons are written into, and what tests need beside it.
PARTS = ("kea_exporter", "grafana/src", "prometheus/tests", "docs/runbooks", "tests/unit")
NEEDED = ("grafana/__init__.py", "kea_simulator", "lab", "tests/support", "tests/__init__.py")
SUBJECTS = [
    path.stem for path in sorted((ROOT / new.REQUIREMENTS).glob("*.py")) if "\nREQUIREMENTS = " in path.read_text()
]
GUIDE = nested((ROOT / "docs/developing.md").read_text())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in NEEDED:
        (tmp_path / part).symlink_to(ROOT / part)
    return tmp_path


def python(project: Path, *arguments: str) -> str:
    """Run Python on a project, with its own packages, and return what it prints."""
    command = [sys.executable, "-B", *arguments]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def block(start: str) -> str:
    """Return the one block of the guide that begins so."""
    [found] = [text for text in GUIDE if text.startswith(start)]
    return found


def put(path: Path, start: str, end: str, text: str) -> None:
    """Replace what stands from *start* up to *end* in a file."""
    before, _, rest = path.read_text().partition(start)
    assert rest, start
    path.write_text(before + text + end + rest.partition(end)[2])


def added(project: Path, paths: list[str]) -> str:
    """Return all lines that are new, of files that can still be read."""
    lines = []
    for path in paths:
        text = (project / path).read_text()
        if path.endswith(".py"):
            python(project, "-c", f"import {path.removesuffix('.py').replace('/', '.')}")
        if path.endswith(".yml"):
            yaml.safe_load(text)
        before = (ROOT / path).read_text().splitlines() if (ROOT / path).exists() else []
        lines += [line for line in text.splitlines() if line not in before]
        assert "TODO" in text or "tests/unit/test_statistics" in path or path.endswith(("table.py", "statistics.py"))
    return "\n".join(lines)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_requirement_gets_an_entry_a_judge_and_examples(project: Path, subject: str) -> None:
    changed = new.new_requirement("own-thing-configured", subject, project)
    assert changed == [f"kea_exporter/requirements/{subject}.py", "tests/unit/test_requirements.py"]
    text = added(project, changed)
    assert 'id="own-thing-configured",' in text
    assert "judge=_own_thing_configured," in text
    assert "raise NotImplementedError" in text
    assert '"own-thing-configured": OWN_THING_CONFIGURED,' in text


def test_the_requirement_of_the_guide_passes_its_tests(project: Path) -> None:
    module, tests = (project / path for path in new.new_requirement("leases-in-memfile", "leases", project))
    cause, judge = block("IN_A_DATABASE = Cause("), block("def _leases_in_memfile(")
    put(module, "TODO_LEASES_IN_MEMFILE = Cause(", "REQUIREMENTS = (", f"{cause}\n\n\n{judge}\n\n\n")
    entry = textwrap.indent(block("Requirement("), "    ")
    put(module, '    Requirement(\n        id="leases-in-memfile"', "\n)\n", entry)
    put(tests, "# TODO: one example", "EXAMPLES: dict", f"{block('LEASES_IN_MEMFILE = (')}\n\n")
    assert "TODO" not in module.read_text() + tests.read_text()
    python(project, "-m", "pytest", "-q", "--noconftest", str(tests), "-k", "leases-in-memfile")


def test_the_panel_of_the_guide_can_be_built(project: Path) -> None:
    module = project / "grafana/src/traffic.py"
    before, _, rest = module.read_text().partition("\ndef _causes()")
    place = rest.index("\n    ]\n")
    panel = textwrap.indent(block("lines("), " " * 8)
    module.write_text(f"{before}\ndef _causes(){rest[:place]}\n{panel}{rest[place:]}")
    written = "from grafana.src.dashboards import documents; print(*documents().values())"
    assert '"title": "Own things"' in python(project, "-c", written)


@pytest.mark.parametrize("group", ["certificates", "exporter", "health", "high_availability", "subnets", "traffic"])
def test_an_alert_gets_a_rule_a_runbook_and_a_test(project: Path, group: str) -> None:
    changed = new.new_alert("KeaOwnThing", group, project)
    test = f"prometheus/tests/{group.replace('_', '-')}.yml"
    assert changed == [f"kea_exporter/alerts/{group}.py", "docs/runbooks/KeaOwnThing.md", test]
    assert '"KeaOwnThing",' in added(project, changed)
    [case] = [
        entry for entry in yaml.safe_load((project / test).read_text())["tests"] if entry["name"] == "TODO KeaOwnThing"
    ]
    assert [expected["alertname"] for expected in case["alert_rule_test"]] == ["KeaOwnThing"] * 3


@pytest.mark.parametrize(
    ("name", "daemon"), [("v4-own-thing", "DHCP4"), ("pkt6-own-thing", "DHCP6"), ("update-own-thing", "D2")]
)
def test_a_statistic_gets_a_measure_a_row_and_a_family(project: Path, name: str, daemon: str) -> None:
    text = added(project, new.new_statistic(name, project))
    assert 'OWN_THING = ("own thing",)' in text
    assert f'_row({daemon}, "{name}", Measure.OWN_THING)' in text
    assert 'Measure.OWN_THING: ("kea_own_thing_total"' in text
    assert f'" {name}"' in text


@pytest.mark.parametrize(
    ("make", "arguments", "words"),
    [
        (new.new_requirement, ("version-tested", "version"), "there is a requirement version-tested"),
        (new.new_requirement, ("Version", "version"), "write an id in lower case"),
        (new.new_requirement, ("own-thing", ""), "nothing was given; write one of authentication, "),
        (new.new_alert, ("KeaServerDown", "reaching"), "there is an alert KeaServerDown"),
        (new.new_alert, ("ServerDown", "reaching"), "write a name that begins with Kea"),
        (new.new_alert, ("KeaOwn", "templates"), "write one of certificates, "),
        (new.new_statistic, ("v4-lease-reuses",), "there is a statistic v4-lease-reuses"),
        (new.new_statistic, ("pkt4-nak-received",), "there is a statistic pkt4-nak-received"),
        (new.new_statistic, ("v6-lease-reuses",), "there is a measure LEASE_REUSES"),
        (new.new_statistic, ("own-thing",), "these do: pkt4-, v4-"),
    ],
)
def test_what_is_there_or_has_no_place_is_refused(
    project: Path, make: Callable[..., list[str]], arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(NewError, match=words):
        make(*arguments, root=project)
