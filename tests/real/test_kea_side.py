"""The page on Kea's side is done, step by step, on real Kea; and the exporter has nothing to add."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.servers.chroot import install
from lab.servers.dhcp_clients import cable
from lab.servers.kea import FOLDERS, PROGRAMS
from lab.servers.processes import Running, accepts, free_port
from tests.support.exporter import run
from tests.support.markdown import Block, fenced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.kea import Lab

pytestmark = pytest.mark.lab

PAGE = Path(__file__).parent.parent.parent / "docs/kea.md"
PLACES = {"/root/kea-ca": "authority", "/etc/kea-exporter": "exporter", "/etc/kea": "kea"}
# Kea's own user in Debian's packages: it has to be let in where the page says so, and nowhere else.
USER = "_kea"


# The loopback interface in the place of the server's own.
LISTENING = {
    "Dhcp4": '{"interfaces": ["lo/127.0.0.1"], "dhcp-socket-type": "udp"}',
    "Dhcp6": '{"interfaces": ["lo/::1"]}',
}
# What Debian's units give Kea, so that it can open its DHCP ports.
PORTS = ["--inh-caps=+net_bind_service,+net_raw", "--ambient-caps=+net_bind_service,+net_raw"]


class Server:
    """A machine on which the page is followed: in the lab's chroot, with the addresses and paths of this one."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        lab.folder.chmod(0o755)
        self._home = lab.folder / "run"
        self._home.mkdir()
        lab.chroot.run("/bin/chown", USER, lab.inside(self._home))
        self._ports = {port: str(free_port()) for port in ("8001", "8002", "8003", "53001")}
        self._running: list[Running] = []

    def translated(self, text: str, *, inside: bool = True) -> str:
        """Return a text of the page with what is there on this machine in the place of its examples."""
        for path, folder in PLACES.items():
            place = self.lab.folder / folder
            text = re.sub(rf"{path}(?![\w-])", self.lab.inside(place) if inside else str(place), text)
        for port, free in self._ports.items():
            text = re.sub(rf"\b{port}\b", free, text)
        for key, listening in LISTENING.items():
            text = re.sub(
                rf'("{key}": {{\s+"interfaces-config": ){{"interfaces": \["eth0"\]}}', rf"\1{listening}", text
            )
        text = text.replace("10.10.10.10", "127.0.0.1").replace("2001:db8::10", "::1")
        return text.replace("-g kea-exporter", "-g root")

    def execute(self, commands: str) -> None:
        """Run commands of the page, ending with the first that fails."""
        place = self.lab.inside(self.lab.folder / "authority")
        done = self.lab.chroot.run("/bin/sh", "-euc", f"test ! -d {place} || cd {place}\n{self.translated(commands)}")
        assert done.returncode == 0, done.stderr

    def copy_to_the_exporter(self) -> None:
        """Copy the password, once it is there, to where the certificates are: here, no host is another one."""
        password = self.lab.folder / "kea/users/monitor-password"
        if password.exists():
            shutil.copy(password, self.lab.folder / "authority")

    def write(self, block: Block) -> Path:
        """Write a file of the page."""
        path = Path(self.translated(block.title, inside=False))
        path.write_text(self.translated(block.text, inside=path.suffix == ".conf"))
        return path

    def kea(self, config: Path, *options: str) -> list[str]:
        """Return the command that runs the daemon of a configuration as Kea's own user."""
        (root,) = json.loads(config.read_text())
        environment = [f"{name}={self.lab.inside(self._home)}" for name in FOLDERS]
        as_user = ["/usr/bin/setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *PORTS]
        return ["/usr/bin/env", *environment, *as_user, PROGRAMS[root], *options, self.lab.inside(config)]

    def start(self, config: Path) -> None:
        """Start a daemon, and return when its control socket answers."""
        running = Running(self.lab.chroot.command(*self.kea(config, "-c")), config.with_suffix(".log"), os.environ)
        self._running.append(running)
        (tree,) = json.loads(config.read_text()).values()
        (socket,) = tree["control-sockets"]
        running.wait_until(lambda: accepts(socket["socket-address"], socket["socket-port"]))

    def stop(self) -> None:
        for running in self._running:
            running.stop()


@pytest.fixture
def server(lab: Lab) -> Iterator[Server]:
    server = Server(lab)
    yield server
    server.stop()


def test_the_page_on_keas_side_leads_to_a_server_that_meets_everything(server: Server) -> None:
    configurations, exporters = follow(server)
    assert [path.name for path in configurations] == ["kea-dhcp4.conf", "kea-dhcp6.conf", "kea-dhcp-ddns.conf"]
    for config in configurations:
        done = server.lab.chroot.run(*server.kea(config, "-t"))
        assert done.returncode == 0, done.stdout + done.stderr
        server.start(config)
    (config,) = exporters
    done = run("check", "--config.file", str(config), "--audit-leases", "--output", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    daemons = json.loads(done.stdout)["daemons"]
    assert [daemon["daemon"] for daemon in daemons] == ["dhcp4", "dhcp6", "d2"]
    amiss = {
        (daemon["daemon"], requirement["id"], requirement["status"])
        for daemon in daemons
        for requirement in daemon["requirements"]
        if requirement["status"] not in {"met", "not_applicable"}
    }
    assert amiss == set()


def follow(server: Server) -> tuple[list[Path], list[Path]]:
    """Do what the page says, in its order; return the configurations of Kea, and of the exporter."""
    written: dict[str, list[Path]] = {"json": [], "yaml": []}
    for block in fenced(PAGE):
        if block.language == "sh":
            server.copy_to_the_exporter()
            server.execute(block.text)
        elif block.language in written:
            written[block.language].append(server.write(block))
    return written["json"], written["yaml"]


def test_nobody_but_kea_may_read_its_keys_and_passwords(server: Server) -> None:
    follow(server)
    for secret in ("tls/server-key.pem", "users/monitor-password", "users/ipam-password"):
        path = server.lab.folder / "kea" / secret
        assert path.stat().st_mode & 0o777 == 0o640
        assert path.parent.stat().st_mode & 0o777 == 0o750
        assert path.stat().st_uid == 0


UNTIL_IT_LISTENS = """
import socket, time
while socket.socket().connect_ex(("127.0.0.1", 8001)):
    time.sleep(0.1)
"""
CONNECT = "import socket; socket.create_connection(('10.99.0.1', 8001), 2)"


@pytest.mark.parametrize(("listed", "status"), [("10.99.0.2", 0), ("10.99.0.3", 1)])
def test_the_firewall_lets_in_whoever_is_on_its_list(lab: Lab, listed: str, status: int) -> None:
    install("nftables", needed=("nft",))
    (rules,) = (block.text for block in fenced(PAGE) if block.language == "nft")
    with cable(lab) as laid:
        listener = Running([*laid.server, sys.executable, "-m", "http.server", "8001"], lab.folder / "listener")
        try:
            subprocess.run([*laid.server, sys.executable, "-c", UNTIL_IT_LISTENS], check=True, timeout=20)
            loaded = rules.replace("10.10.10.20", listed)
            subprocess.run([*laid.server, "nft", "-f", "-"], input=loaded, text=True, check=True)
            done = subprocess.run([*laid.clients, sys.executable, "-c", CONNECT], check=False, capture_output=True)
            assert done.returncode == status, done.stderr
        finally:
            listener.stop()
