"""The exporter as the Debian package installs it, on a machine with systemd."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import requests
import yaml

from tests.support.exporter import parsed, values

if TYPE_CHECKING:
    from lab.packages.machine import Machine
    from lab.servers.fleet import Fleet
    from tests.support.exporter import Samples

UNIT = "kea-exporter.service"
DROP_INS = f"/etc/systemd/system/{UNIT}.d"
CONFIG = "/etc/kea-exporter/config.yml"
ARGUMENTS = "/etc/default/kea-exporter"
SECRETS = "/etc/kea-exporter/secrets"
CREDENTIALS = f"/run/credentials/{UNIT}"
EXAMPLES = "/usr/share/doc/kea-exporter/examples"
APT = ("apt-get", "--yes", "--no-install-recommends", "--option", "Dpkg::Options::=--force-confold")
# Its usual port may be in use where the tests run. This one is none that the kernel gives to others.
ADDRESS = "127.0.0.1:19547"
LISTEN = f"--web.listen-address {ADDRESS}"
SECONDS = 30


class Installed:
    """The package, installed on a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def write(self, inside: str, text: str) -> None:
        path = self.machine.chroot.path(inside)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def configure(self, *servers: dict[str, object], **more: object) -> None:
        self.write(CONFIG, yaml.safe_dump({**more, "servers": servers}))

    def systemctl(self, *arguments: str) -> None:
        done = self.machine.run("systemctl", *arguments)
        assert done.returncode == 0, done.stderr + self.machine.log_of(UNIT)

    def restart(self, arguments: str = LISTEN) -> None:
        self.write(ARGUMENTS, f'ARGS="{arguments}"\n')
        self.systemctl("daemon-reload")
        self.systemctl("restart", UNIT)

    def samples(self) -> Samples:
        answer = requests.get(f"http://{ADDRESS}/metrics", timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        return parsed(answer.text)

    def up(self) -> dict[str, float]:
        return values(self.samples(), "kea_up", "server")

    def main_pid(self) -> str:
        return self.machine.property_of(UNIT, "MainPID")

    def watch(self, fleet: Fleet) -> None:
        """Configure the lab's fleet, with its secrets handed over by systemd."""
        tree = yaml.safe_load(fleet.config_file.read_text())
        defaults = tree["defaults"]
        for section, key in (("basic_auth", "password_file"), ("tls_config", "cert_file"), ("tls_config", "key_file")):
            shutil.copy(defaults[section][key], self.machine.chroot.path(f"{SECRETS}/{key}"))
            defaults[section][key] = f"{CREDENTIALS}/secret_{key}"
        shutil.copy(defaults["tls_config"]["ca_file"], self.machine.chroot.path("/etc/kea-exporter/ca.pem"))
        defaults["tls_config"]["ca_file"] = "/etc/kea-exporter/ca.pem"
        self.configure(*tree["servers"], defaults=defaults)
