"""`python -m lab record --kea ROOT FOLDER` records what any Kea answers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tools import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from lab.servers.chroot import Chroot


def record(root: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lab", "record", "--kea", root, str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")}


@pytest.mark.lab
def test_a_kea_below_a_root_directory_is_recorded(chroot: Chroot, tmp_path: Path) -> None:
    done = record(str(chroot.root), tmp_path)
    assert done.returncode == 0, done.stderr
    [recorded] = tmp_path.iterdir()
    assert done.stdout == f"recorded {recorded}\n"
    assert names(recorded) == names(ROOT / "tests/recorded" / recorded.name)
    version = json.loads((recorded / "dhcp4/version-get.json").read_text())["text"]
    assert recorded.name == f"kea-{version}"


@pytest.mark.lab
def test_where_there_is_no_kea_nothing_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    done = record(str(tmp_path / "root"), tmp_path / "answers")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"lab: no Kea answers in {tmp_path / 'root'}")
    assert not (tmp_path / "answers").exists()
