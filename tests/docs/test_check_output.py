"""The documents have the exit codes and the output of `check`, on the demo's fleet."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from kea_exporter.commands.check import check_command
from kea_exporter.commands.output import CommandError
from kea_simulator.fleet import Fleet
from tests.support.markdown import indented

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
MET, UNMET, ERROR = 0, 1, 3


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the configuration file of the demo's fleet."""
    with Fleet(tmp_path_factory.mktemp("fleet"), 1, time.time) as fleet:
        yield str(fleet.config_file)


def check(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the output of `check`."""
    done = CliRunner().invoke(check_command, arguments, standalone_mode=False)
    if isinstance(done.exception, CommandError):
        return done.exception.exit_code, str(done.exception)
    return done.return_value, done.output


def test_exit_code_of_a_server_that_does_not_answer(config: str) -> None:
    code, output = check("--config.file", config, "--server", "refusing")
    assert code == UNMET
    assert "control-socket-reachable" in output
    assert f"it ends with exit code {code}, because `control-socket-reachable`" in (ROOT / "docs/faq.md").read_text()
    assert "`control-socket-reachable` is unmet" in (ROOT / "docs/upgrading-kea.md").read_text()


def test_exit_code_of_a_server_that_only_lacks_what_is_recommended(config: str) -> None:
    of_server = ("--config.file", config, "--server", "clear-text")
    assert check(*of_server)[0] == MET
    assert check(*of_server, "--fail-on", "recommended")[0] == UNMET
    for document in ("docs/check-report.md", "docs/upgrading-kea.md"):
        assert "`--fail-on recommended`" in (ROOT / document).read_text()


@pytest.mark.parametrize("content", [None, "{", '{"Dhcp4": {"subnet4": 5}}'], ids=["absent", "syntax", "type"])
def test_exit_code_of_an_invalid_configuration_file(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "kea-dhcp4.conf"
    if content is not None:
        file.write_text(content)
    code, output = check("--kea-config", str(file))
    assert code == ERROR
    assert str(file) in output
    assert "in a [configuration file of Kea]" in (ROOT / "docs/check-report.md").read_text()
    assert "end with exit code 3" in (ROOT / "docs/configuration-review.md").read_text()


def without_chance(text: str) -> str:
    """Return an output without the port, and without the number of met requirements, which every new one changes."""
    return re.sub(r"\b\d+ met\b", "N met", re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text))


def test_the_readme_shows_the_output_of_the_demo(config: str) -> None:
    [sample] = (block for block in indented((ROOT / "README.md").read_text()) if block.startswith("hooks-missing "))
    _, output = check("--config.file", config, "--server", "hooks-missing")
    shown, printed = (without_chance(text) for text in (f"{sample}\n", output))
    start = 0
    for part in re.split(r"^ *\.\.\.\n", shown, flags=re.MULTILINE):
        place = printed.find(part, start)
        assert place >= 0, part
        start = place + len(part)
