"""The units and the packaging agree with systemd, with the exporter, and with each other."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from kea_exporter import __version__
from kea_exporter.commands.serve import serve_command
from kea_exporter.config import settings_from_tree

ROOT = Path(__file__).parent.parent.parent
UNITS = ROOT / "deploy/systemd"
SERVICE = "kea-exporter.service"
# In tenths, as systemd-analyze takes it: 1.5 of 10.
MAX_EXPOSED = "15"

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="units are verified by systemd-analyze (package systemd)"
)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder with the units, whose program is one that every machine has."""
    for unit in UNITS.glob("kea-exporter.*"):
        text = unit.read_text().replace("/usr/bin/kea-exporter", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    return tmp_path


@needs_systemd
@pytest.mark.parametrize("unit", [SERVICE, "kea-exporter.socket"])
def test_systemd_finds_no_fault_with_a_unit(units: Path, unit: str) -> None:
    done = analyze("verify", "--man=no", str(units / unit))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("example", sorted(path.name for path in UNITS.glob("examples/*.conf")))
def test_systemd_finds_no_fault_with_an_example(units: Path, example: str) -> None:
    drop_ins = units / f"{SERVICE}.d"
    drop_ins.mkdir()
    shutil.copy(UNITS / "examples" / example, drop_ins)
    done = analyze("verify", "--man=no", str(units / SERVICE))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_the_sandbox_leaves_little_exposed() -> None:
    done = analyze("security", "--offline=true", f"--threshold={MAX_EXPOSED}", str(UNITS / SERVICE))
    assert done.returncode == 0, done.stdout


def test_the_package_has_the_version_of_the_exporter() -> None:
    newest = (ROOT / "debian/changelog").read_text().splitlines()[0]
    assert newest.startswith(f"kea-exporter ({__version__}) ")


def test_the_configuration_of_the_package_can_be_used() -> None:
    tree = yaml.safe_load((ROOT / "debian/config.yml").read_text())
    assert settings_from_tree(tree, ROOT).servers == ("localhost",)


def test_the_options_that_the_package_suggests_exist() -> None:
    suggested = re.findall(r"^#\s+(--\S+)", (ROOT / "debian/kea-exporter.default").read_text(), re.MULTILINE)
    known = {name for parameter in serve_command.params for name in parameter.opts}
    assert suggested
    assert set(suggested) <= known
