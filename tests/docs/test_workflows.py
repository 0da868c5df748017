"""The workflows on GitHub: pinned, with few permissions, and made of targets that the Makefile has."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Tree = dict[str, Any]

ROOT = Path(__file__).parent.parent.parent
FILES = {path.name: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
# YAML 1.1 reads the key `on` as true.
ON: Any = True
WORKFLOWS: dict[str, Tree] = {name: yaml.safe_load(path.read_text()) for name, path in FILES.items()}
JOBS = [(f"{name}: {job}", tree) for name, workflow in WORKFLOWS.items() for job, tree in workflow["jobs"].items()]
STEPS = [(name, step) for name, job in JOBS for step in job.get("steps", ())]
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
LOCAL = "uses: ./.github/workflows/"
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
MAY_WRITE = {
    "release.yml: build": {"id-token", "attestations"},
    "release.yml: deb": {"id-token", "attestations"},
    "release.yml: pypi": {"id-token"},
    "release.yml: image": {"packages", "id-token", "attestations"},
    "release.yml: release": {"contents"},
    "dependencies.yml: lock": {"contents", "pull-requests"},
}


def test_there_are_those_for_changes_releases_and_dependencies() -> None:
    assert set(FILES) == {"ci.yml", "release.yml", "dependencies.yml"}


@pytest.mark.parametrize("name", FILES)
def test_every_action_is_pinned_by_the_hash_of_its_commit(name: str) -> None:
    used = [line.strip().removeprefix("- ") for line in FILES[name].read_text().splitlines() if "uses: " in line]
    assert used
    assert [action for action in used if not PINNED.fullmatch(action) and not action.startswith(LOCAL)] == []


def test_an_action_has_one_version_everywhere() -> None:
    texts = "".join(path.read_text() for path in FILES.values())
    used = set(re.findall(r"uses: ([\w.-]+/[\w./-]+)@(\w+ # \S+)", texts))
    assert len(used) == len({action for action, _ in used})


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_is_permitted_unless_a_job_says_so(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}
    assert WORKFLOWS[name]["concurrency"]["group"]


@pytest.mark.parametrize(("name", "job"), JOBS, ids=[name for name, _ in JOBS])
def test_a_job_writes_only_what_it_is_for_and_ends_in_time(name: str, job: Tree) -> None:
    assert {scope for scope, access in job["permissions"].items() if access == "write"} == MAY_WRITE.get(name, set())
    assert set(job["permissions"].values()) <= {"read", "write"}
    assert "uses" in job or 0 < job["timeout-minutes"] <= 90


def test_a_checkout_leaves_no_token_behind() -> None:
    checkouts = [(name, step) for name, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert [name for name, step in checkouts if step["with"]["persist-credentials"] is not False] == []


def test_nothing_that_others_write_gets_into_a_script() -> None:
    assert [name for name, step in STEPS if "${{" in step.get("run", "")] == []


def test_the_only_secret_is_the_token_of_the_workflow() -> None:
    texts = "".join(path.read_text() for path in FILES.values())
    assert set(re.findall(r"secrets\.(\w+)", texts)) == {"GITHUB_TOKEN"}
    assert "password: ${{ secrets.GITHUB_TOKEN }}" in texts
    assert "pull_request_target" not in texts


def test_every_target_that_is_made_is_there_and_explained() -> None:
    made = set(_made())
    assert {"lint", "test", "test-install", "lint-go", "lint-workflows", "docs-site", "dist", "sbom", "audit"} <= made
    assert made <= TARGETS
    assert {target for target in made if f"make {target} " not in MAKEFILE} == set()


def test_each_python_that_is_promised_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    promised = [
        classifier.rpartition(" ")[2] for classifier in project["classifiers"] if re.search(r":: 3\.\d+$", classifier)
    ]
    assert WORKFLOWS["ci.yml"]["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    assert f">={promised[0]}" == project["requires-python"]


def test_a_release_is_tested_then_built_then_published() -> None:
    jobs = WORKFLOWS["release.yml"]["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "ci": None,
        "build": "ci",
        "deb": "ci",
        "image": "ci",
        "pypi": "build",
        "release": ["build", "deb", "pypi", "image"],
    }
    assert WORKFLOWS["release.yml"][ON] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+*"]}}


def test_whatever_is_published_is_attested() -> None:
    attested = {name for name, step in STEPS if "attest-build-provenance@" in step.get("uses", "")}
    assert attested == {"release.yml: build", "release.yml: deb", "release.yml: image"}
    assert any("attest-sbom@" in step.get("uses", "") for _, step in STEPS)
    [image] = [step["with"] for name, step in STEPS if name == "release.yml: image" and step.get("id") == "built"]
    assert image["provenance"] == "mode=max"
    assert image["sbom"] is True


def test_dependabot_looks_after_what_is_there() -> None:
    updates = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    assert {update["package-ecosystem"] for update in updates} == {"github-actions", "docker", "docker-compose", "pip"}
    assert {update["directory"] for update in updates} == {"/"}
    assert all((ROOT / name).exists() for name in ("Dockerfile", "compose.yaml", "pyproject.toml"))


def _made() -> Iterator[str]:
    for _, step in STEPS:
        for targets in re.findall(r"^make ([a-z -]+)$", step.get("run", ""), re.MULTILINE):
            yield from targets.split()
