"""The dependencies are locked, their licences allow distribution, and the security policy says where to report."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.licences import LOCK, LOCKED, LicenceError, Package, documents, packages

ROOT = Path(__file__).parent.parent.parent
PACKAGES = list(packages())


def test_the_list_of_licences_is_as_the_packages_say() -> None:
    for path, text in documents().items():
        assert (ROOT / path).read_text() == text, "run `make docs`"


@pytest.mark.parametrize("package", PACKAGES, ids=[package.name for package in PACKAGES])
def test_the_licence_of_a_package_allows_to_distribute_it_along(package: Package) -> None:
    assert package.is_allowed, package.licence
    assert package.address.startswith("https://")


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("Apache-2.0 AND (GPL-2.0-only OR BSD-2-Clause)", True),
        ("Apache-2.0 AND GPL-2.0-only", False),
        ("UNKNOWN", False),
    ],
)
def test_one_licence_of_each_part_has_to_allow_it(licence: str, *, is_allowed: bool) -> None:
    assert Package("some", "1", licence, "https://example.com").is_allowed == is_allowed


def test_a_version_that_is_not_installed_is_not_described() -> None:
    with pytest.raises(LicenceError, match=r"click 0\.1 is locked"):
        list(packages("click==0.1 \\\n"))


def test_whatever_the_exporter_depends_on_is_locked_with_hashes() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    lock = (ROOT / "requirements.lock").read_text()
    locked = dict(LOCKED.findall(lock))
    assert {re.split(r"[><=\[]", dependency)[0] for dependency in wanted} <= locked.keys()
    assert all("--hash=sha256:" in block for block in re.split(r"^(?=[a-z])", lock, flags=re.MULTILINE)[1:])


def test_the_policy_says_where_to_report_and_how_to_verify() -> None:
    policy = (ROOT / "SECURITY.md").read_text()
    assert "/security/advisories/new" in policy
    assert "gh attestation verify" in policy
    for path in re.findall(r"\]\(([^)#]+)\)", policy):
        assert (ROOT / path).exists(), path


def test_libraries_whose_classes_are_extended_are_bounded_at_both_ends() -> None:
    """The lock file has the highest version that is allowed, and the whole suite runs on it; `make test-lowest`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = {requirement.name: requirement.specifier for requirement in map(Requirement, project["dependencies"])}
    locked = dict(LOCKED.findall((ROOT / LOCK).read_text()))
    for name in ("requests", "urllib3", "uvicorn"):
        assert {specifier.operator for specifier in bounds[name]} == {">=", "<"}
        major, minor = map(int, locked[name].split(".")[:2])
        assert f"{major}.{minor + 1}" in {specifier.version for specifier in bounds[name] if specifier.operator == "<"}
