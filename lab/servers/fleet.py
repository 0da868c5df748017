"""Fleets of real servers: the demo's, of which some have a fault each, and one that is sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from lab.servers.configurations import HOOKS, dhcp, kept_leases, subnet4, subnet6
from lab.servers.high_availability import PARTNER, PRIMARY, HighAvailability, wait_for
from lab.servers.kea import Lab, Tree, succeeded
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from lab.servers.kea import KeaDaemon
    from lab.servers.postgresql import Postgresql

USER, PASSWORD = "monitor", "a-throw-away-password"
ADDRESS = "127.0.0.1"
# What all servers of a fleet have, so that only their faults are found.
WELL_SET: Tree = {"lease-database": kept_leases(), "statistic-default-sample-count": 1}
SOUND: dict[str, tuple[str, Tree]] = {
    "sound-v4": ("Dhcp4", {"subnet4": [subnet4(1), subnet4(2)]}),
    "sound-v6": ("Dhcp6", {"subnet6": [subnet6(1)]}),
}
FAULTY: dict[str, tuple[str, Tree]] = {
    "wrong-password": ("Dhcp4", {"subnet4": [subnet4(3)]}),
    "hooks-missing": ("Dhcp4", {"subnet4": [subnet4(4)], "hooks-libraries": []}),
}
WITH_DATABASE = "database-v4"
ABSENT = "nothing-there"
# Patient enough for a busy machine.
HEARTBEAT_MILLISECONDS, SILENCE_MILLISECONDS = 300, 2000


@dataclass(frozen=True)
class Fleet:
    """Running daemons by the name of their server, and the exporter's configuration for them."""

    lab: Lab
    daemons: dict[str, KeaDaemon]
    config_file: Path


def start_fleet(
    lab: Lab, config_file: Path | None = None, *, with_pair: bool = False, database: Postgresql | None = None
) -> Fleet:
    """Start two sound servers and some with a fault each.

    Args:
        lab: where they run.
        config_file: for the exporter's configuration; by default in the lab's folder.
        with_pair: whether a pair in high availability is started too.
        database: the leases of one more sound server are in there.
    """
    fleet = _Fleet(lab)
    fleet.start(SOUND)
    if database is not None:
        fleet.start(_with_database(database))
    fleet.start(FAULTY)
    fleet.entries.append(_entry(ABSENT, "Dhcp4", free_port()))
    if with_pair:
        fleet.start_pair()
    return fleet.configured(config_file)


def start_sound_fleet(lab: Lab, database: Postgresql, more: Mapping[str, tuple[str, Tree]] | None = None) -> Fleet:
    """Start three servers, one with its leases in a database, a pair, and *more* servers; all are sound."""
    fleet = _Fleet(lab)
    fleet.start({**SOUND, **_with_database(database), **(more or {})})
    fleet.start_pair()
    return fleet.configured()


def password_of(server: str) -> str:
    """Return the name of the file with the password that a server demands."""
    return f"{server}-password"


def _with_database(database: Postgresql) -> dict[str, tuple[str, Tree]]:
    more = {
        "subnet4": [subnet4(5)],
        "lease-database": database.lease_database(
            **{"on-fail": "serve-retry-continue", "max-reconnect-tries": 1000, "reconnect-wait-time": 1000}
        ),
        "hooks-libraries": [{"library": f"libdhcp_{hook}.so"} for hook in ("pgsql", *HOOKS)],
    }
    return {WITH_DATABASE: ("Dhcp4", more)}


class _Fleet:
    """A fleet that is being started."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.daemons: dict[str, KeaDaemon] = {}
        self.entries: list[Tree] = []

    def start(self, servers: dict[str, tuple[str, Tree]]) -> None:
        for name, (root, more) in servers.items():
            port = free_port()
            changes = {**WELL_SET, **more}
            socket = secured_socket(self.lab, root, name, port)
            self.daemons[name] = self.lab.start(root, dhcp(root, [socket], **changes))
            self.entries.append(_entry(name, root, port))

    def start_pair(self) -> None:
        def control(name: str, port: int) -> Tree:
            return secured_socket(self.lab, "Dhcp4", name, port)

        pair = HighAvailability(
            self.lab, heartbeat=HEARTBEAT_MILLISECONDS, silence=SILENCE_MILLISECONDS, control=control
        )
        for name, port in pair.control_ports.items():
            self.daemons[name] = pair.start(name, tree=WELL_SET)
            self.entries.append(_entry(name, "Dhcp4", port))
        wait_for(self.daemons[PRIMARY], "hot-standby", "hot-standby")
        wait_for(self.daemons[PARTNER], "hot-standby", "hot-standby")

    def configured(self, config_file: Path | None = None) -> Fleet:
        """Write the exporter's configuration, by default into the lab's folder."""
        config = {"defaults": _defaults(self.lab), "servers": self.entries}
        path = config_file or self.lab.folder / "config.yml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        add_some_leases(self.daemons["sound-v4"], self.daemons["sound-v6"])
        return Fleet(self.lab, self.daemons, path)


def secured_socket(lab: Lab, root: str, name: str, port: int) -> Tree:
    """Return the control socket of a server of a fleet: https, with a password, and a client certificate required."""
    pair = lab.authority.issue(name, addresses=[ADDRESS])
    password = lab.secret(password_of(name), "another-password" if name == "wrong-password" else PASSWORD)
    more: Tree = {
        "authentication": lab.authentication(root, lab.secret("user", USER), password),
        "cert-required": True,
    }
    if root != "DhcpDdns":  # which does not know them in Kea 3.0
        more["http-headers"] = [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]
    return lab.https(port, pair, **more)


def _defaults(lab: Lab) -> Tree:
    client = lab.authority.issue("exporter")
    return {
        "basic_auth": {"username": USER, "password_file": str(lab.secret("password", PASSWORD))},
        "tls_config": {
            "ca_file": str(lab.authority.certificate),
            "cert_file": str(client.certificate),
            "key_file": str(client.key),
        },
    }


def _entry(name: str, root: str, port: int) -> Tree:
    return {"name": name, root.lower(): {"url": f"https://{ADDRESS}:{port}"}}


def add_some_leases(v4: KeaDaemon, v6: KeaDaemon) -> None:
    """Lease 30 addresses of DHCPv4 and 12 of DHCPv6, each of the first subnet."""
    add_leases4(v4, 1, range(10, 40))
    for host in range(1, 13):
        lease = {"ip-address": f"2001:db8:1::1:{host:x}", "duid": f"01:02:03:{host:02x}", "iaid": host, "subnet-id": 1}
        succeeded("lease6-add", v6.command("lease6-add", **lease))


def add_leases4(daemon: KeaDaemon, subnet: int, hosts: Iterable[int]) -> None:
    """Lease addresses of a subnet, each to a client of its own."""
    for host in hosts:
        address = f"10.0.{subnet}.{host}"
        hardware = f"02:00:00:00:{subnet:02x}:{host:02x}"
        lease = {"ip-address": address, "hw-address": hardware, "subnet-id": subnet}
        succeeded("lease4-add", daemon.command("lease4-add", **lease))
