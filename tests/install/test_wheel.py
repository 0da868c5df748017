"""The wheel: what is shipped with the code, the commands that print it, and what the package index shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
COMPLETIONS = {
    "bash": "completion/bash/kea-exporter",
    "zsh": "completion/zsh/_kea-exporter",
    "fish": "completion/fish/kea-exporter.fish",
}
DASHBOARDS = sorted((ROOT / "grafana/dashboards").glob("*.json"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but what is in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def run(installed: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kea_exporter", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def printed(installed: Path, *arguments: str, cwd: Path) -> str:
    done = run(installed, *arguments, cwd=cwd)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_commands_run_from_the_wheel_alone(installed: Path, tmp_path: Path) -> None:
    where = [sys.executable, "-c", "import kea_exporter; print(kea_exporter.__file__)"]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()).is_relative_to(installed)


def test_dashboards_are_written_as_they_are_in_the_repository(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new/dashboards"
    said = printed(installed, "dashboards", str(folder), cwd=tmp_path)
    assert said.splitlines() == [f"wrote {folder / path.name}" for path in DASHBOARDS]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in DASHBOARDS
    }
    # Once more, over those that are there.
    assert printed(installed, "dashboards", str(folder), cwd=tmp_path) == said


def test_dashboards_that_cannot_be_written_are_an_error(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run(installed, "dashboards", str(tmp_path / "file/below"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"Error: cannot write {tmp_path / 'file/below'}: Not a directory\n"


@pytest.mark.parametrize(("other", "name"), [("kea-exporter", "kea-exporter-0.7.yml"), ("stork", "stork.yml")])
def test_rules_for_migration_are_printed(installed: Path, tmp_path: Path, other: str, name: str) -> None:
    rules = printed(installed, "rules", "--migration", other, cwd=tmp_path)
    assert rules == (ROOT / "prometheus/rules-migration" / name).read_text()


def test_rules_for_migration_have_no_links(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "rules", "--migration", "stork", "--grafana-url", "https://grafana.example.com", cwd=tmp_path)
    assert done.returncode == 3
    assert "leave out --grafana-url" in done.stderr


def test_the_example_of_a_configuration_is_printed_and_taken(installed: Path, tmp_path: Path) -> None:
    example = printed(installed, "config", "example", cwd=tmp_path)
    assert example == (ROOT / "config.example.yml").read_text()


@pytest.mark.parametrize("shell", COMPLETIONS)
def test_completion_is_printed_as_packages_have_it(installed: Path, tmp_path: Path, shell: str) -> None:
    assert printed(installed, "completion", shell, cwd=tmp_path) == (ROOT / COMPLETIONS[shell]).read_text()


def test_bash_completes_commands_by_either_name(tmp_path: Path) -> None:
    folder = Path(sys.executable).parent
    for name in ("kea-exporter", "kea-health-exporter"):
        load = f'eval "$({folder / name} completion bash)" && complete -p {name}'
        done = subprocess.run(["/bin/bash", "-c", load], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.rstrip().endswith(f" {name}")
        environment = {**os.environ, "COMP_WORDS": f"{name} dash", "COMP_CWORD": "1"}
        found = subprocess.run(
            [str(folder / name)],
            env={**environment, "_KEA_EXPORTER_COMPLETE": "bash_complete"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout == "plain,dashboards\n"


def test_the_package_index_shows_links_that_work_anywhere(installed: Path) -> None:
    [metadata] = installed.glob("*.dist-info/METADATA")
    head, _, description = metadata.read_text().partition("\n\n")
    links = re.findall(r"\]\(([^)\s]+)\)", description)
    assert "https://github.com/kea-exporter/kea-exporter/blob/main/docs/kea.md" in links
    assert "https://github.com/kea-exporter/kea-exporter/raw/main/docs/images/status-page.png" in links
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    labels = set(re.findall(r"^Project-URL: (\w+), https://", head, re.MULTILINE))
    assert labels == {"Homepage", "Documentation", "Source", "Changelog", "Issues", "Security"}


def test_both_commands_are_the_same(installed: Path) -> None:
    [scripts] = installed.glob("*.dist-info/entry_points.txt")
    assert scripts.read_text().splitlines() == [
        "[console_scripts]",
        "kea-exporter = kea_exporter.cli:main",
        "kea-health-exporter = kea_exporter.cli:main",
    ]
