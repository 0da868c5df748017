"""User-visible texts use the terms of the field: phrases that were replaced once do not come back."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml
from click.testing import CliRunner

from kea_exporter.alerts.model import MAX_SUMMARY
from kea_exporter.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parent.parent.parent
# Regular expressions of phrases, each with a term that replaces it.
FORBIDDEN = {
    r"\bwho(m|so)?ever\b": "the client, the user, everybody",
    r"\b(comes?|came) (and|or) (goes?|went)\b": "is flapping, is added or removed",
    r"\bfullest\b": "highest utilisation",
    r"\bin vain\b": "without success",
    r"\bof no use without\b": "requires",
    r"\b(asks?|asking) (Kea|(a|the|each|every) (daemon|server))\b": "query",
    r"\b(by|to) whom\b": "origin, receiver",
    r"\bsays? (why|so|who)\b": "report, show",
    r"\bgoes wrong\b": "fails",
    r"\b(is|are|was|were) told\b(?! apart)": "is logged, reported, configured",
    r"\b(is|are|was|were|be) let in\b|\blets? (it|them|nobody|anybody) in\b": "is authenticated, is accepted",
    r"\b(is|are|was|were) learnt\b|\bwhat was learnt\b": "is known, facts",
    r"\bnobody (looks|watches|is told|gets in)\b": "is not monitored, no action needed",
    r"\bmend(s|ed|ing)?\b|\bput right\b": "fix",
    r"\bclocks? (are|were|is) .{0,30}\bapart\b|\bclocks apart\b": "clock skew",
    r"\bcertificates? (that )?(ends?|has ended|have ended)\b": "expires, has expired",
    r"\bcertificate ends in\b|\bown ends in\b": "expires in",
    r"\bauthority that is trusted\b": "trusted CA",
    r"\bdoes not hold (its|the) address\b": "does not contain the address",
    r"\bsilence of the partner\b": "time since the last heartbeat of the partner",
    r"\bpackets that wait\b": "packet queue length",
    r"\bfirst full in\b": "predicted exhaustion",
    r"\btakes? (it|its partner|the other|the partner) for (down|dead)\b": "considers its partner down",
    r"\bhas a mistake\b|\bnames the mistake\b": "has an error",
    r"\bstands? in for\b": "replaces",
    r"\b(stay|stays) silent\b": "does not fire",
    r"\bgoes on like\b": "continues",
}
SENTENCE_KEYS = {"title", "description", "legendFormat", "noValue", "text", "displayName", "label"}
CODE = re.compile(r"^( *)```.*?^\1```$|``.+?``|`[^`\n]+`|(?<=\])\([^)\s]*\)|<code>.*?</code>", re.MULTILINE | re.DOTALL)
HISTORY = re.compile(r"^## \[?\d", re.MULTILINE)
IT_IN_A_TEMPLATE = re.compile(r"{%-? *(?:for|set|macro)\b(?:(?! in |=|%}).)*\bit\b")


def texts(*patterns: str, without: str = " ") -> Iterator[tuple[str, str]]:
    """Return name and text of the files that match the patterns."""
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            name = str(path.relative_to(ROOT))
            if path.is_file() and without not in name:
                yield name, path.read_text()


def documents() -> Iterator[tuple[str, str]]:
    """Return the documents without code; of the change log, what is not released."""
    for name, text in texts("*.md", "docs/**/*.md", "deploy/**/*.md", without="decisions"):
        yield name, CODE.sub("", HISTORY.split(text)[0] if name == "CHANGELOG.md" else text)


def dashboards() -> Iterator[tuple[str, str]]:
    """Return titles, descriptions and legends of the dashboards."""
    for name, text in texts("grafana/dashboards/*.json"):
        yield name, "\n".join(sentences(json.loads(text)))


def sentences(tree: object) -> Iterator[str]:
    """Return the texts of a dashboard that are shown."""
    if isinstance(tree, dict):
        yield from (value for key, value in tree.items() if key in SENTENCE_KEYS and isinstance(value, str))
        # Renamed columns of tables.
        yield from (value for value in tree.get("renameByName", {}).values())
        tree = list(tree.values())
    if isinstance(tree, list):
        for below in tree:
            yield from sentences(below)


def files() -> Iterator[tuple[str, str]]:
    """Return rules, man page, completion, examples and packages, with their comments."""
    yield from texts("prometheus/*.yml", "prometheus/rules*/*.yml", "man/*", "completion/**/*", "config.example.yml")
    yield from texts("compose.yaml", "deploy/compose/**/*.yml", "deploy/systemd/**/*", ".github/**/*.yml")
    yield from texts(
        "deploy/helm/*/*.yaml", "deploy/helm/*/*.json", "deploy/helm/*/templates/*", "debian/*", without="log"
    )


def messages() -> Iterator[tuple[str, str]]:
    """Return the texts in the code of the exporter: pages, errors, logs, help, remedies, metrics; no docstrings."""
    for name, text in texts("kea_exporter/**/*.py"):
        tree = ast.parse(text)
        ignored = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in ignored)
        yield name, "\n".join(CODE.sub("", constant.value) for constant in found if isinstance(constant.value, str))


def command_line() -> Iterator[tuple[str, str]]:
    """Return the help of all commands, and what they write as documentation."""
    runs = [["--help"], *([name, "--help"] for name in cli.commands), ["config", "schema"], ["config", "example"]]
    for arguments in runs:
        yield f"kea-exporter {' '.join(arguments)}", CliRunner().invoke(cli, arguments).output


def found_in(text: str) -> Iterator[str]:
    """Return the forbidden phrases of a text, wherever its lines break, with the terms to use."""
    flat = re.sub(r"[\s#>]+", " ", text)
    for phrase, term in FORBIDDEN.items():
        for found in re.finditer(phrase, flat, re.IGNORECASE):
            yield f"...{flat[max(0, found.start() - 30) : found.end() + 30]}... write: {term}"


@pytest.mark.parametrize(
    "source", [documents, dashboards, files, messages, command_line], ids=lambda source: source.__name__
)
def test_texts_use_the_terms_of_the_field(source: Callable[[], Iterator[tuple[str, str]]]) -> None:
    found = list(source())
    assert found
    assert [f"{name}: {phrase}" for name, text in found for phrase in found_in(text)] == []


# A letter that is a name, as in dhcp-a, is none. "A one" and "an hour" are spoken with other sounds than written.
WRONG_A, WRONG_AN = (
    r"[Aa] (?!on(?:e|ce)\b)(?:[aeio]\w+|https?\b)",
    r"[Aa]n (?!hour|https?\b|nginx)[b-df-hj-np-tv-z]\w\w",
)
WRONG_ARTICLE = re.compile(rf"(?<![\w`'\"=.-])(?:{WRONG_A}|{WRONG_AN})")


def test_the_article_fits_the_next_word() -> None:
    found = [
        f"{name}: {match[0]}"
        for name, text in texts("kea_exporter/**/*.py", "lab/**/*.py", "tools/*.py", "docs/**/*.md")
        for match in WRONG_ARTICLE.finditer(text)
    ]
    assert found == []
    assert WRONG_ARTICLE.search("is a error")
    assert WRONG_ARTICLE.search("of an server")
    assert not WRONG_ARTICLE.search("an error of a one-way server")


@pytest.mark.parametrize(
    "text",
    [
        "Time left:\nown ends in 3 days.",
        "It answers whoever calls.",
        "> The daemon comes\n> and goes.",
        "Somebody is\n# told.",
        "> Mend\n> it.",
        "The two clocks are 40 s apart",
    ],
)
def test_phrases_are_found_across_lines_and_comments(text: str) -> None:
    assert len(list(found_in(text))) == 1


def test_code_is_exempt() -> None:
    assert CODE.sub("", "See `mend` and [there](mend.md)\n```sh\nmend\n```\n") == "See  and [there]\n\n"


def test_summaries_of_alerts_are_short() -> None:
    groups = yaml.safe_load((ROOT / "prometheus/rules/kea-exporter.yml").read_text())["groups"]
    summaries = [rule["annotations"]["summary"] for group in groups for rule in group["rules"] if "alert" in rule]
    assert summaries
    assert [summary for summary in summaries if len(summary) > MAX_SUMMARY] == []


def python() -> Iterator[tuple[str, str]]:
    """Return the Python files that mypy checks."""
    for name in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["files"]:
        yield from texts(name if name.endswith(".py") else f"{name}/**/*.py", without="node_modules")


def lines_that_name_it(text: str) -> Iterator[int]:
    """Return the lines in which a variable or a parameter is named `it`."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id="it", ctx=ast.Store()) | ast.arg(arg="it"):
                yield node.lineno


def test_no_variable_is_named_it() -> None:
    found = list(python())
    assert found
    assert [f"{name}:{line}" for name, text in found for line in lines_that_name_it(text)] == []


def test_no_variable_of_a_template_is_named_it() -> None:
    found = list(texts("kea_exporter/**/templates/*.html"))
    assert found
    assert [f"{name}: {line}" for name, text in found for line in IT_IN_A_TEMPLATE.findall(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "it = 1",
        "[it for it in found]",
        "found.sort(key=lambda it: it.name)",
        "for it in found: pass",
        "with file as it: pass",
        "def named(it: int) -> None: ...",
    ],
)
def test_a_variable_named_it_is_found(text: str) -> None:
    assert list(lines_that_name_it(text)) == [1]


@pytest.mark.parametrize("text", ["{% for it in found %}", "{%- set it = 1 %}", "{% macro word(more, it) %}"])
def test_a_template_variable_named_it_is_found(text: str) -> None:
    assert IT_IN_A_TEMPLATE.search(text)
