"""The commands of the README are executed, with a Kea of the lab in the place of its example."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from lab.servers.configurations import dhcp, subnet4
from lab.servers.fleet import PASSWORD, USER
from lab.servers.kea import Lab
from lab.servers.processes import Running, accepts, free_port
from tests.support.exporter import is_healthy
from tests.support.markdown import indented

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot

pytestmark = [pytest.mark.install, pytest.mark.lab]

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()
SECTION = README.partition("## Install\n")[2].partition("\n## Compatibility\n")[0]
PORT = 9547
EXPORTER = f"http://127.0.0.1:{PORT}"


class Newcomer:
    """A folder with a virtual environment, in which the README is followed."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self._url = url
        programs = folder / "environment/bin"
        self._environment = {
            **os.environ,
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PIPX_HOME": str(folder / "pipx"),
            "PIPX_BIN_DIR": str(programs),
        }

    def put(self, text: str) -> str:
        """Return a text of the README with what is there in the place of its examples."""
        text = text.replace("https://10.10.10.10:8001", self._url).replace("/etc/kea-exporter/", f"{self.folder}/")
        return text.partition("  #")[0]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the README to its end."""
        arguments = shlex.split(self.put(command))
        environment = self._environment
        return subprocess.run(
            arguments, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )

    @contextmanager
    def running(self, command: str) -> Iterator[Running]:
        """Run a command of the README until it is told to end."""
        wait_until_free(PORT)
        arguments = ["/usr/bin/env", f"--chdir={self.folder}", *shlex.split(self.put(command))]
        running = Running(arguments, self.folder / "output", self._environment)
        try:
            running.wait_until(lambda: is_healthy(EXPORTER))
            yield running
        finally:
            running.signal(signal.SIGINT)
            running.stop()


@pytest.fixture(scope="module")
def newcomer(chroot: Chroot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    folder = tmp_path_factory.mktemp("newcomer")
    with Lab(chroot) as lab:
        port = free_port()
        authentication = lab.authentication("Dhcp4", lab.secret("user", USER), lab.secret("password", PASSWORD))
        socket = lab.https(port, lab.authority.issue("kea", addresses=["127.0.0.1"]), authentication=authentication)
        lab.start("Dhcp4", dhcp("Dhcp4", [socket], subnet4=[subnet4(1)]))
        (folder / "ca.pem").write_bytes(lab.authority.certificate.read_bytes())
        (folder / "password").write_text(PASSWORD)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "environment")], check=True)
        yield Newcomer(folder, f"https://127.0.0.1:{port}")


def wait_until_free(port: int) -> None:
    """Return when nothing listens on the port that the README has; another test may have it."""
    give_up = time.monotonic() + 120
    while accepts("127.0.0.1", port):
        assert time.monotonic() < give_up, f"something else listens on port {port}"
        time.sleep(1)


def commands() -> list[str]:
    """Return the commands of the sections, without the prompt."""
    return re.findall(r"^    \$ (.+)$", SECTION, re.MULTILINE)


def command(name: str) -> str:
    """Return the one command of the section that begins so."""
    (found,) = [line for line in commands() if line.startswith(f"kea-exporter {name}")]
    return found


def test_the_readme_leads_to_metrics_of_a_real_kea(newcomer: Newcomer) -> None:
    (install,) = re.findall("`(pipx install [^`]+)`", SECTION)
    assert newcomer.run("pip install pipx").returncode == 0
    assert newcomer.run(install.replace(" .", f" {ROOT}")).returncode == 0
    config = next(block for block in indented(SECTION) if block.startswith("servers:"))
    (newcomer.folder / "config.yml").write_text("\n".join(map(newcomer.put, config.splitlines())))

    assert "is valid: 1 servers, 1 daemons" in newcomer.run(command("config check")).stdout
    # A server without a demanded client certificate meets all that is required.
    judged = newcomer.run(command("check --config.file"))
    assert judged.returncode == 0, judged.stdout + judged.stderr
    with newcomer.running(command("serve")):
        assert 'kea_up{daemon="dhcp4",server="dhcp-a"} 1' in requests.get(f"{EXPORTER}/metrics", timeout=10).text
    with newcomer.running(command("demo")):
        assert 'server="hooks-missing"' in requests.get(f"{EXPORTER}/metrics", timeout=10).text


def test_one_daemon_is_judged_without_a_configuration(newcomer: Newcomer) -> None:
    done = newcomer.run(command("check --url"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_command_of_the_section_is_tried() -> None:
    tried = ("demo", "check --url", "serve", "config check", "check --config.file")
    assert commands() == [command(name) for name in tried]
