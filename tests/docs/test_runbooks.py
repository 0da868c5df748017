"""The runbooks: one for each alert, and what they tell an operator to type exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from kea_exporter.alerts import GROUPS
from lab.servers.high_availability import PRIMARY, HighAvailability
from tests.support.markdown import fenced, prose
from tests.support.recordings import RECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.servers.chroot import Chroot
    from lab.servers.kea import Lab

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "docs/runbooks"
PAGES = sorted(FOLDER.glob("Kea*.md"))
# What all pages take for granted; the index derives from the catalogue.
COMMON = FOLDER / "asking-kea.md"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Remedy", "Escalate"]
ONE_SCREEN = 60

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
each_text = pytest.mark.parametrize("page", [*PAGES, COMMON], ids=lambda page: page.stem)


def alerts() -> set[str]:
    return {alert.name for group in GROUPS for alert in group.alerts}


def lines(page: Path, language: str) -> list[str]:
    return [line for block in fenced(page) if block.language == language for line in block.text.splitlines()]


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {page.stem for page in PAGES} == alerts()
    assert {page.name for page in FOLDER.iterdir()} - {page.name for page in PAGES} == {"README.md", COMMON.name}


@each_page
def test_a_runbook_has_its_five_sections_in_their_order(page: Path) -> None:
    # Causes may have sections of their own below these.
    assert re.findall(r"^##? .*", prose(page), re.MULTILINE) == [
        f"# {page.stem}",
        *(f"## {section}" for section in SECTIONS),
    ]
    assert all(re.findall(rf"^## {section}\n\n\S", prose(page), re.MULTILINE) for section in SECTIONS)


@each_page
def test_a_runbook_can_be_read_without_scrolling_much(page: Path) -> None:
    assert len(page.read_text().splitlines()) <= ONE_SCREEN


def sent(pages: Iterable[Path]) -> set[str]:
    """Return the commands that the pages send to Kea."""
    return {name for page in pages for name in re.findall(r'"command": "([^"]*)"', page.read_text())}


def of_high_availability(commands: set[str]) -> set[str]:
    return {command for command in commands if command.startswith("ha-")}


def test_every_command_that_is_sent_is_one_of_real_kea() -> None:
    answers = [recorded(version, daemon) for version, daemon in RECORDED]
    registered = {command for answer in answers for command in answer["list-commands"]["arguments"]}
    commands = sent([*PAGES, COMMON])
    assert commands - of_high_availability(commands) - registered == set()


@pytest.mark.lab
def test_every_command_about_high_availability_is_one_of_a_real_pair(lab: Lab) -> None:
    registered = HighAvailability(lab).start(PRIMARY).command("list-commands")["arguments"]
    asked = of_high_availability(sent([*PAGES, COMMON]))
    assert asked
    assert asked - set(registered) == set()


@pytest.mark.lab
def test_prometheus_understands_every_query(chroot: Chroot) -> None:
    queries = [query for page in [*PAGES, COMMON] for query in lines(page, "promql")]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    text = yaml.safe_dump({"groups": [{"name": "runbooks", "rules": rules}]})
    done = chroot.run("/usr/bin/promtool", "check", "rules", "--lint=none", stdin=text)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(queries)} rules found" in done.stdout
