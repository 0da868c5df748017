"""What the documents name exists: links, command lines and options of the exporter, metrics, alerts."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from kea_exporter.alerts import GROUPS
from kea_exporter.cli import cli
from tests.support.markdown import anchors, fenced, indented, links, prose
from tests.support.rule_reading import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")])
# Without the history of decisions.
PRESENT = [path for path in DOCUMENTS if path.parent.name != "decisions"]
PROGRAMS = {"kea-exporter", "kea-health-exporter"}
OPERATOR = re.compile(r"[();<>|&]+")
# Packages, a key and a metric that only `check --output prometheus` has; old names of other exporters; an example.
OTHER_NAMES = {"kea_exporter", "kea_health_exporter", "kea_simulator", "kea_version", "kea_check_timestamp_seconds"}
OTHER_EXPORTERS = re.compile(r"kea_dhcp[46]_\w+")
EXAMPLES = {"kea_own_thing_total", "KeaDdnsQueueFull"}

each_document = pytest.mark.parametrize("path", PRESENT, ids=lambda path: str(path.relative_to(ROOT)))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(path: Path) -> None:
    assert [link for link in links(path) if not leads_somewhere(path, *link)] == []


def leads_somewhere(document: Path, file: str, anchor: str) -> bool:
    target = document.parent / file if file else document
    return target.exists() and (not anchor or anchor in anchors(target))


@each_document
def test_every_command_line_of_the_exporter_is_one_that_it_takes(path: Path) -> None:
    for words in command_lines(path):
        parse(cli, words)


def test_command_lines_are_found() -> None:
    assert len([words for path in PRESENT for words in command_lines(path)]) > len(cli.commands) * 5


def command_lines(path: Path) -> Iterator[list[str]]:
    """Return the words after `kea-exporter`, of lines to be typed and of those within the text."""
    for line in shown(path):
        if not any(program in line for program in PROGRAMS):
            continue
        words = split(line)
        for place, (word, following) in enumerate(pairwise(words)):
            is_typed = place == 0 and re.fullmatch("[a-z-]+", following)
            if word.rpartition("/")[2] in PROGRAMS and (is_typed or following in {*cli.commands, "--version"}):
                rest = words[place + 1 :]
                end = next((number for number, one in enumerate(rest) if OPERATOR.fullmatch(one)), len(rest))
                yield rest[:end]


def shown(path: Path) -> Iterator[str]:
    """Return the lines of blocks, without the prompt, and what stands in backticks."""
    for block in [*(block.text for block in fenced(path)), *indented(prose(path))]:
        yield from (re.sub(r"^\s*[$#] ", "", line) for line in block.replace("\\\n", " ").splitlines())
    yield from re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", prose(path))


def split(line: str) -> list[str]:
    """Return the words and operators of a line as a shell reads it; none where it is no line of a shell."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    with suppress(ValueError):
        return list(reader)
    return []


def parse(command: click.Command, words: list[str]) -> None:
    """Let click read the words, without running anything but what it ends with, such as --version."""
    context = click.Context(cli, **cli.context_settings)
    if isinstance(command, click.Group) and words and (below := command.get_command(context, words[0])):
        parse(below, words[1:])
        return
    assert not isinstance(command, click.Group) or words[0].startswith("-"), f"there is no command {words[0]}"
    with suppress(click.exceptions.Exit):
        # As below the group: click keeps what it makes of a command's options.
        command.make_context(command.name, words, parent=context)


@each_document
def test_every_option_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"--(?:web|config|log|probe)\.[a-z-]+(?:\.[a-z-]+)*", path.read_text())
    assert set(named) - set(options(cli)) == set()


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in filter(None, (command.get_command(context, name) for name in command.list_commands(context))):
            yield from options(below)


@each_document
def test_every_metric_is_one_of_the_exporter(path: Path) -> None:
    named = set(re.findall(r"(?<![\w:/.-])kea_[a-z0-9_]+(?![\w:*])", path.read_text()))
    own = {name for name in named if not (path.stem.startswith("migration") and OTHER_EXPORTERS.fullmatch(name))}
    assert own - set(LABELS) - OTHER_NAMES - EXAMPLES == set()


@each_document
def test_every_recorded_metric_is_recorded(path: Path) -> None:
    named = set(re.findall(r"\w+:kea_\w+:\w+", path.read_text()))
    assert named - {recording.name for group in GROUPS for recording in group.recordings} == set()


@each_document
def test_every_alert_exists(path: Path) -> None:
    named = set(re.findall(r"\bKea[A-Z][a-z]+[A-Za-z]*", path.read_text()))
    assert named - {alert.name for group in GROUPS for alert in group.alerts} - EXAMPLES == set()
