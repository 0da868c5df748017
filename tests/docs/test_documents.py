"""What the documents show is what the program takes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kea_exporter.config import settings_from_tree
from kea_exporter.kea import plan
from kea_exporter.kea.protocol import Command
from kea_exporter.requirements import REQUIREMENTS
from tests.support.markdown import indented

ROOT = Path(__file__).parent.parent.parent
IDS = tuple(it.id for it in REQUIREMENTS)


def examples(path: Path) -> list[str]:
    return [block for block in indented(path.read_text()) if "servers:" in block]


@pytest.mark.parametrize("example", examples(ROOT / "docs/profiles.md"))
def test_the_profiles_of_the_documentation_can_be_used(example: str) -> None:
    assert settings_from_tree(yaml.safe_load(example), ROOT, requirements=IDS).daemons


def test_the_example_configuration_can_be_used(tmp_path: Path) -> None:
    text = (ROOT / "config.example.yml").read_text()
    for name in ("password", "password6", "ca.pem"):
        (tmp_path / name).touch()
    tree = yaml.safe_load(text.replace("/etc/kea-exporter/", ""))
    settings = settings_from_tree(tree, tmp_path, requirements=IDS)
    assert settings.servers == ("dhcp-a", "dhcp-old")


@pytest.mark.parametrize("command", Command)
def test_every_command_that_can_be_sent_is_in_the_documentation(command: Command) -> None:
    assert f"`{command}`" in (ROOT / "docs/commands.md").read_text()


def test_the_numbers_of_the_plan_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs/commands.md").read_text()
    assert f"up to {plan.FEW_SUBNETS} subnets" in text
    assert f"more than {plan.SUBNETS_IN_A_SLICE:,} subnets" in text
