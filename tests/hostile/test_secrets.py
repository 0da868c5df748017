"""A canary stands wherever a secret may stand, and must be seen nowhere."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from kea_exporter.collector import Collector
from kea_exporter.config import ConfigError, settings_from_tree
from kea_exporter.transport.deadline import Deadline
from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.processes import free_port
from tests.support.exporter import exporter, run, written
from tests.support.peers import SimulatedKea
from tests.support.recordings import recorded

if TYPE_CHECKING:
    from lab.servers.kea import Lab, Tree

CANARY = "canary-7f3b"
PATHS = ("/", "/metrics", "/-/healthy", "/-/ready", "/nothing", "/config", "/debug")


def config(folder: Path, url: str, password: str = CANARY) -> Path:
    (folder / "password").write_text(f"{CANARY}\n")
    servers: list[Tree] = [
        {"name": "inline", "dhcp4": {"url": url, "basic_auth": {"username": "monitor", "password": password}}},
        {"name": "file", "dhcp4": {"url": f"{url}/file", "basic_auth": {"username": "m", "password_file": "password"}}},
    ]
    return written(folder, {"servers": servers})


@pytest.fixture
def kea_with_canaries(lab: Lab) -> str:
    port = free_port()
    clients = [{"user": "monitor", "password": CANARY}, {"user": "m", "password": CANARY}]
    socket = http(port, authentication={"type": "basic", "realm": "kea-dhcpv4-server", "clients": clients})
    subnet = subnet4(1, **{"user-context": {"password": CANARY}})
    lab.start("Dhcp4", dhcp("Dhcp4", [socket], subnet4=[subnet]))
    return f"http://127.0.0.1:{port}"


@pytest.mark.lab
@pytest.mark.parametrize("level", ["debug", "info"])
def test_no_page_and_no_log_shows_a_secret(kea_with_canaries: str, tmp_path: Path, level: str) -> None:
    with exporter(config(tmp_path, kea_with_canaries), "--log.level", level) as process:
        page = process.scrape().text
        assert page.count("kea_up{") == 2
        assert 'kea_up{daemon="dhcp4",server="inline"} 1.0' in page
        said = [page, *(requests.get(f"{process.url}{path}", timeout=10).text for path in PATHS)]
        command_line = Path(f"/proc/{process.running.pid}/cmdline").read_bytes().decode()
        assert CANARY not in "".join(said) + process.log() + command_line


@pytest.mark.lab
@pytest.mark.parametrize("output", ["text", "json"])
def test_check_shows_no_secret(kea_with_canaries: str, tmp_path: Path, output: str) -> None:
    done = run("check", "--config.file", str(config(tmp_path, kea_with_canaries)), "--output", output)
    assert "inline" in done.stdout
    assert CANARY not in done.stdout + done.stderr


def test_facts_reports_and_failures_hold_no_secret(tmp_path: Path) -> None:
    answers = recorded("kea-3.0.3", "dhcp4")
    answers["config-get"]["arguments"]["Dhcp4"] |= {
        "control-sockets": [http(1, authentication={"type": "basic", "clients": [{"user": "m", "password": CANARY}]})],
        "lease-database": {"type": "mysql", "password": CANARY},
        "hosts-databases": [{"type": "postgresql", "password": CANARY}],
    }
    with SimulatedKea(answers, ("monitor", CANARY)) as kea:
        tree = {"username": "monitor", "password": CANARY}
        servers = [{"name": "a", "dhcp4": {"url": kea.url, "basic_auth": tree}}]
        settings = settings_from_tree({"servers": servers}, tmp_path)
        reports = Collector().collect(settings.daemons, Deadline.after(5))
    assert reports[0].snapshot.failures == ()
    assert CANARY not in repr(settings) + repr(reports)


@pytest.mark.parametrize(
    "text",
    [
        f"servers: [{{name: a, dhcp4: {{url: 'http://u:{CANARY}@127.0.0.1:1'}}}}]",
        f"servers: [{{name: a, basic_auth: {{username: u, password: *{CANARY}}}}}]",
        f"servers: [{{name: a, basic_auth: {{username: u, password: !{CANARY} x}}}}]",
        f"defaults: {{basic_auth: {{username: u, password: [{CANARY}]}}}}\nservers: []",
        f"defaults: {{basic_auth: {{username: u, password: '{CANARY}\n",
        f"defaults: {{basic_auth: {{username: 'u:{CANARY}', password: x}}}}\nservers: []",
    ],
)
def test_no_mistake_in_a_configuration_shows_a_secret(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yml"
    path.write_text(text)
    done = run("config", "check", "--config.file", str(path))
    assert done.returncode == 3
    assert CANARY not in done.stdout + done.stderr


def test_no_exception_of_the_configuration_shows_a_secret(tmp_path: Path) -> None:
    tree = {"servers": [{"name": "a", "dhcp4": {"url": f"http://u:{CANARY}@x:1", "basic_auth": {"password": CANARY}}}]}
    with pytest.raises(ConfigError) as caught:
        settings_from_tree(tree, tmp_path)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
