"""compose.yaml, as the library reads it that Docker Compose reads with: today's, newer than Debian's Compose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.install

ROOT = Path(__file__).parents[2]
READER = "github.com/compose-spec/compose-go/v2/cmd@v2.16.2"

Tree = dict[str, Any]
Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Ended]:
    """Return what reads a file, checked against the schema of the Compose Specification, as one tree of JSON."""
    go = shutil.which("go") or pytest.skip("the library of Docker Compose is compiled with Go")
    folder = tmp_path_factory.mktemp("compose-go")
    environment = {**os.environ, "GOBIN": str(folder), "GOTOOLCHAIN": "local", "GOFLAGS": ""}
    subprocess.run([go, "install", READER], check=True, env=environment, timeout=600)

    def read_file(path: Path) -> Ended:
        command = [str(folder / "cmd"), "--format", "json", str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=60)

    return read_file


def test_it_is_as_the_specification_says(read: Callable[[Path], Ended]) -> None:
    done = read(ROOT / "compose.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    tree: Tree = json.loads(done.stdout)
    assert set(tree["services"]) == {"exporter", "prometheus", "alertmanager", "grafana", "kea-dhcp4", "kea-dhcp6"}
    mounts = [
        volume for service in tree["services"].values() for volume in service["volumes"] if volume["type"] == "bind"
    ]
    assert mounts
    assert all(Path(mount["source"]).exists() and mount["read_only"] for mount in mounts)
    assert all(Path(secret["file"]).is_file() for secret in tree["secrets"].values())
    # What stands in anchors has come through.
    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in tree["services"].values())


@pytest.mark.parametrize(
    ("right", "wrong"), [("read_only:", "readonly:"), ("cap_drop: [ALL]", "cap_drop: ALL"), ("test: [", "tests: [")]
)
def test_it_would_notice_a_mistake(read: Callable[[Path], Ended], tmp_path: Path, right: str, wrong: str) -> None:
    path = tmp_path / "compose.yaml"
    text = (ROOT / "compose.yaml").read_text()
    assert right in text
    path.write_text(text.replace(right, wrong))
    assert read(path).returncode != 0
