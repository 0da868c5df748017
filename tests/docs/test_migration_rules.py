"""Rules that record the names of other exporters: promtool takes them, and they do not get into each other's way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from kea_exporter.metrics import FAMILIES, Page
from tests.support.pages import singly
from tests.support.simulated import report_of
from tools import migration

if TYPE_CHECKING:
    from kea_exporter.metrics import Family
    from lab.servers.chroot import Chroot
    from lab.servers.kea import Lab

ROOT = Path(__file__).parent.parent.parent
OURS = {family.name for family in FAMILIES}
OTHERS = pytest.mark.parametrize("other", migration.EXPORTERS, ids=lambda exporter: exporter.title)


def recordings(other: migration.Exporter) -> list[dict[str, str]]:
    (group,) = yaml.safe_load((ROOT / other.rules).read_text())["groups"]
    found: list[dict[str, str]] = group["rules"]
    return found


@pytest.mark.lab
@OTHERS
def test_promtool_takes_the_rules(chroot: Chroot, lab: Lab, other: migration.Exporter) -> None:
    rules = lab.write("migration.yml", (ROOT / other.rules).read_text())
    done = chroot.run("/usr/bin/promtool", "check", "rules", "--lint=all", "--lint-fatal", lab.inside(rules))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.lab
@OTHERS
def test_promtools_tests_of_the_rules_pass(chroot: Chroot, lab: Lab, other: migration.Exporter) -> None:
    rules = ROOT / other.rules
    (lab.folder / "tests").mkdir()
    test = lab.write(f"tests/{rules.name}", (rules.parent / "tests" / rules.name).read_text())
    lab.write(rules.name, rules.read_text())
    done = chroot.run("/usr/bin/promtool", "test", "rules", lab.inside(test))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.lab
@OTHERS
def test_each_recording_finds_something(chroot: Chroot, lab: Lab, other: migration.Exporter) -> None:
    """A matcher that no sample has would go unnoticed for ever."""
    page = Page(tuple(report_of(3, daemon, pools=True) for daemon in ("dhcp4", "dhcp6")))
    series = [
        {"series": selected(family, labels), "values": f"{float(value)}x5"}
        for family in FAMILIES
        for labels, value in singly(family.read(page))
    ]
    found = [{"labels": "{}", "value": 1}]
    tests = [
        {"expr": f"count({rule['expr']}) > bool 0", "eval_time": "5m", "exp_samples": found}
        for rule in recordings(other)
    ]
    case = {"interval": "1m", "input_series": series, "promql_expr_test": tests}
    test = lab.write("each.yml", yaml.safe_dump({"tests": [case]}))
    done = chroot.run("/usr/bin/promtool", "test", "rules", lab.inside(test))
    assert done.returncode == 0, done.stdout + done.stderr


def selected(family: Family, labels: tuple[str, ...]) -> str:
    quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in labels)
    matchers = ",".join(f'{name}="{text}"' for name, text in zip(family.labels, quoted, strict=True))
    return f'{family.name}{{job="kea",instance="exporter",{matchers}}}'


@OTHERS
def test_what_is_recorded_has_no_name_of_ours(other: migration.Exporter) -> None:
    assert OURS.isdisjoint(rule["record"] for rule in recordings(other))


@OTHERS
def test_what_is_recorded_is_made_of_families_that_exist(other: migration.Exporter) -> None:
    named = {name for rule in recordings(other) for name in re.findall(r"\bkea_\w+", rule["expr"])}
    assert named <= OURS


@OTHERS
def test_each_name_is_recorded_or_it_is_said_what_takes_its_place(other: migration.Exporter) -> None:
    assert all(old.recipes or old.here.startswith(("not exported: ", "`kea_")) for old in other.names)
    assert len({old.name for old in other.names}) == len(other.names)
