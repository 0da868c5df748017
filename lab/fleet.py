"""The demo's fleet: two sound servers, and three with a fault each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from lab.kea import Lab, Tree, dhcp, subnet4, subnet6
from lab.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from lab.kea import KeaDaemon

USER, PASSWORD = "monitor", "a-throw-away-password"


@dataclass(frozen=True)
class Fleet:
    """Running daemons by the name of their server, and the exporter's configuration for them."""

    daemons: dict[str, KeaDaemon]
    config_file: Path


def start_fleet(lab: Lab, config_file: Path | None = None) -> Fleet:
    """Start the daemons and write the exporter's configuration, by default into the lab's folder."""
    user, password = lab.secret("user", USER), lab.secret("password", PASSWORD)
    wrong = lab.secret("wrong-password", "not-the-password")
    servers: dict[str, tuple[str, Tree]] = {
        "sound-v4": ("Dhcp4", {"subnet4": [subnet4(1), subnet4(2)]}),
        "sound-v6": ("Dhcp6", {"subnet6": [subnet6(1)]}),
        "wrong-password": ("Dhcp4", {"subnet4": [subnet4(3)]}),
        "hooks-missing": ("Dhcp4", {"subnet4": [subnet4(4)], "hooks-libraries": []}),
    }
    ports = {name: free_port() for name in (*servers, "nothing-there")}
    daemons = {}
    for name, (root, more) in servers.items():
        authentication = lab.authentication(root, user, password)
        daemons[name] = lab.start(root, dhcp(root, [_socket(lab, name, ports[name], authentication)], **more))
    _add_leases(daemons["sound-v4"], daemons["sound-v6"])
    entries = [_entry(name, servers[name][0] if name in servers else "Dhcp4", ports[name], wrong) for name in ports]
    config = {"defaults": _defaults(lab, password), "servers": entries}
    path = config_file or lab.folder / "config.yml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    return Fleet(daemons, path)


def _socket(lab: Lab, name: str, port: int, authentication: Tree) -> Tree:
    pair = lab.authority.issue(name, addresses=["127.0.0.1"])
    hsts = [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]
    more: Tree = {"authentication": authentication, "cert-required": True, "http-headers": hsts}
    return lab.https(port, pair, **more)


def _defaults(lab: Lab, password: Path) -> Tree:
    client = lab.authority.issue("exporter")
    return {
        "basic_auth": {"username": USER, "password_file": str(password)},
        "tls_config": {
            "ca_file": str(lab.authority.certificate),
            "cert_file": str(client.certificate),
            "key_file": str(client.key),
        },
    }


def _entry(name: str, root: str, port: int, wrong: Path) -> Tree:
    daemon: Tree = {"url": f"https://127.0.0.1:{port}"}
    if name == "wrong-password":
        daemon["basic_auth"] = {"username": USER, "password_file": str(wrong)}
    return {"name": name, root.lower(): daemon}


def _add_leases(v4: KeaDaemon, v6: KeaDaemon) -> None:
    for host in range(10, 40):
        lease = {"ip-address": f"10.0.1.{host}", "hw-address": f"02:00:00:00:00:{host:02x}", "subnet-id": 1}
        v4.command("lease4-add", **lease)
    for host in range(1, 13):
        lease = {"ip-address": f"2001:db8:1::1:{host:x}", "duid": f"01:02:03:{host:02x}", "iaid": host, "subnet-id": 1}
        v6.command("lease6-add", **lease)
