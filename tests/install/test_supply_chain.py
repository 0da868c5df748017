"""The bill of materials, reproducible archives, and linters of the workflows."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from kea_exporter import __version__
from tools.licences import packages

pytestmark = pytest.mark.install

ROOT = Path(__file__).parent.parent.parent
BILL = ROOT / "dist/sbom.json"
UNREACHABLE = "cannot be installed"


def test_the_bill_of_materials_has_exactly_the_locked_packages() -> None:
    made("sbom")
    text = BILL.read_text()
    bill = json.loads(text)
    told = {normal(component["name"]): (component["version"], component["purl"]) for component in bill["components"]}
    assert told == {
        package.name: (package.version, f"pkg:pypi/{package.name}@{package.version}") for package in packages()
    }
    assert [component["name"] for component in bill["components"] if not component.get("licenses")] == []
    assert str(ROOT) not in text


def test_the_bill_of_materials_is_about_this_version() -> None:
    made("sbom")
    bill = json.loads(BILL.read_text())
    subject = bill["metadata"]["component"]
    assert (subject["name"], subject["version"]) == ("kea-health-exporter", __version__)
    [direct] = [
        dependency["dependsOn"] for dependency in bill["dependencies"] if dependency["ref"] == subject["bom-ref"]
    ]
    assert {"click", "cryptography", "uvicorn"} <= {normal(name.partition("==")[0]) for name in direct}
    assert bill["bomFormat"] == "CycloneDX"


@pytest.mark.parametrize("target", ["lint-schemas", "lint-security", "lint-actions"])
def test_linters_have_nothing_to_say_about_the_workflows(target: str) -> None:
    made(target)


def test_wheel_and_source_archive_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    built = [
        {archive.name: archive.read_bytes() for archive in archives(tmp_path / name)} for name in ("first", "second")
    ]
    assert len(built[0]) == 2
    assert built[0] == built[1]


def archives(folder: Path) -> list[Path]:
    made("dist", f"DIST={folder}")
    return sorted(folder.iterdir())


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def made(target: str, *variables: str) -> None:
    done = subprocess.run(
        ["make", "--silent", target, *variables],  # noqa: S607 - wherever it is
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if UNREACHABLE in done.stdout:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
