"""The documentation is whole: generated files are as the code says, pages are in the navigation, examples are read."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest
import yaml

from kea_exporter.config.schema import ConfigFile
from kea_exporter.config.web_schema import WebConfigFile
from kea_exporter.facts.failure import Reason, Stage
from tests.support.markdown import fenced, indented
from tools import catalogue, golden, manual, migration, release, upgrade_guide
from tools.configuration_reference import MEANINGS, SECTIONS, reference
from tools.site import expanded, on_page_markdown, with_wide_lists

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
GENERATED = {
    **catalogue.documents(),
    **golden.documents(),
    **manual.documents(),
    **migration.documents(),
    **release.documents(),
    **upgrade_guide.documents(),
}
SCHEMAS = (ConfigFile.model_json_schema(), WebConfigFile.model_json_schema())
BY_HAND = [
    path for path in (*sorted(DOCS.rglob("*.md")), ROOT / "README.md") if str(path.relative_to(ROOT)) not in GENERATED
]


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_file_is_as_the_code_says(path: str) -> None:
    assert (ROOT / path).read_text() == GENERATED[path], "run `make docs`"


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml without what only its own environment has."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def navigation() -> list[str]:
    """Return the pages of the navigation, in its order."""
    config = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)  # noqa: S506 - a safe one
    return list(_paths(expanded(config["nav"], DOCS)))


def _paths(entry: Any) -> list[str]:  # noqa: ANN401 - as YAML has it
    if isinstance(entry, str):
        return [entry]
    inside = entry.values() if isinstance(entry, dict) else entry
    return [path for branch in inside for path in _paths(branch)]


def test_every_page_is_in_the_navigation_once() -> None:
    assert sorted(navigation()) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def test_lists_that_are_indented_as_for_github_are_widened() -> None:
    text = "1. One:\n\n       code\n\n2. Two\n   goes on\n\n   and on\n\nNo list\n\n    code\n"
    wide = "1. One:\n\n        code\n\n2. Two\n    goes on\n\n    and on\n\nNo list\n\n    code\n"
    assert with_wide_lists(text) == wide
    assert with_wide_lists(wide) == wide
    fenced = "```yaml\n- a:\n\n  b: 1\n```\n"
    assert with_wide_lists(fenced) == fenced


def test_links_that_leave_the_documents_lead_into_the_repository() -> None:
    config = {"docs_dir": str(DOCS), "extra": {"repository": "https://git.example.com"}}
    page = SimpleNamespace(file=SimpleNamespace(src_uri="runbooks/README.md"))
    text = "[a](../../LICENSE) [b](../../tests) [c](../metrics.md#x) [d](asking-kea.md) [e](../../absent)"
    expected = text.replace("../../LICENSE", "https://git.example.com/blob/main/LICENSE")
    expected = expected.replace("../../tests", "https://git.example.com/tree/main/tests")
    assert on_page_markdown(text, page, config) == expected


def test_the_troubleshooting_has_every_stage_and_every_reason() -> None:
    text = (DOCS / "troubleshooting.md").read_text()
    assert re.findall("^## ([a-z]+)$", text, re.MULTILINE) == list(Stage)
    reasons = {name for line in text.splitlines() if line.startswith("| `") for name in _code(line.split("|")[1])}
    assert reasons == set(Reason)


def _code(text: str) -> list[str]:
    return re.findall("`([^`]+)`", text)


def test_every_key_of_the_schemas_is_in_the_reference_with_its_meaning() -> None:
    text = reference()
    for schema in SCHEMAS:
        for section in (schema, *schema["$defs"].values()):
            for key, field in section["properties"].items():
                assert (f"`{key}`" in text) == (field.get("type") != "null"), key


def test_words_of_the_reference_are_of_keys_and_sections_that_exist() -> None:
    sections = {name: section for schema in SCHEMAS for name, section in schema["$defs"].items()}
    keys = {key for section in sections.values() for key in section["properties"]}
    assert MEANINGS.keys() <= keys
    assert SECTIONS.keys() <= sections.keys()


@pytest.mark.parametrize("path", BY_HAND, ids=lambda path: str(path.relative_to(ROOT)))
def test_yaml_in_the_documentation_is_yaml(path: Path) -> None:
    blocks = [block.text for block in fenced(path) if block.language == "yaml"]
    parts = [part for paragraph in indented(path.read_text()) for part in re.split(r"\n\n(?=\$ )", paragraph)]
    guessed = [part for part in parts if re.match(r"[a-z_]+:( |\n|$)", part)]
    assert all(yaml.safe_load(text) is not None for text in (*blocks, *guessed))


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_groff_has_nothing_to_say_about_the_manual_page() -> None:
    command = ["groff", "-ww", "-man", "-Tutf8", str(ROOT / manual.PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--web.listen-address" in re.sub("\x1b\\[\\d*m", "", done.stdout)


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("ch", "check "),
        ("check --expl", "check --explain "),
        ("config sch", "config schema "),
        ("prof", "profiles "),
        ("check --output js", "check --output json "),
    ],
)
def test_bash_completes_what_is_typed(typed: str, completed: str) -> None:
    script = ROOT / manual.COMPLETIONS["bash"]
    with Bash() as bash:
        bash.type(f"source {script}\n")
        bash.wait_for("> $")
        bash.type(f"kea-exporter {typed}\t")
        bash.wait_for(f"kea-exporter {completed}$")


class Bash:
    """An interactive bash on a terminal of its own."""

    def __init__(self) -> None:
        self._shown = ""
        own = {"PS1": "> ", "TERM": "dumb", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
        self._terminal, inner = pty.openpty()
        self._process = subprocess.Popen(
            ["/bin/bash", "--norc", "--noprofile", "-i"],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**os.environ, **own},
            start_new_session=True,
        )
        os.close(inner)

    def __enter__(self) -> Self:
        self.wait_for("> $")
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def type(self, keys: str) -> None:
        """Press keys; what was shown before is forgotten."""
        self._shown = ""
        os.write(self._terminal, keys.encode())

    def wait_for(self, pattern: str) -> None:
        """Return when what is shown ends like that."""
        give_up = time.monotonic() + 60
        while not re.search(pattern, self._shown):
            assert time.monotonic() < give_up, self._shown
            if select.select([self._terminal], [], [], 0.1)[0]:
                self._shown += os.read(self._terminal, 4096).decode(errors="replace")
