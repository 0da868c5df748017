"""Configurations of Kea's daemons, as small as they can be."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]

# Where a DHCP daemon listens, at a port of its own that the lab gives on the command line: without an interface, Kea
# serves nobody.
ON_LOOPBACK: dict[str, Tree] = {
    "Dhcp4": {"interfaces": ["lo/127.0.0.1"], "dhcp-socket-type": "udp"},
    "Dhcp6": {"interfaces": ["lo/::1"]},
}
HOOKS = ("subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds")


def kept_leases() -> Tree:
    """Return a lease database whose leases outlive a reload and a restart."""
    return {"type": "memfile", "persist": True, "name": "leases.csv"}


def http(port: int, address: str = "127.0.0.1", **more: object) -> Tree:
    """Return an http control socket."""
    return {"socket-type": "http", "socket-address": address, "socket-port": port, **more}


def dhcp(root: str, sockets: list[Tree], hooks: tuple[str, ...] = HOOKS, **more: object) -> Tree:
    """Return the configuration of a DHCP daemon that listens on loopback and keeps its leases in memory."""
    return {
        "interfaces-config": ON_LOOPBACK[root],
        "lease-database": {"type": "memfile", "persist": False},
        "control-sockets": sockets,
        "hooks-libraries": [{"library": f"libdhcp_{hook}.so"} for hook in hooks],
        "loggers": [_logger({"Dhcp4": "kea-dhcp4", "Dhcp6": "kea-dhcp6"}[root])],
        **more,
    }


def ddns(sockets: list[Tree], port: int) -> Tree:
    """Return the configuration of a D2 daemon."""
    return {
        "ip-address": "127.0.0.1",
        "port": port,
        "control-sockets": sockets,
        "tsig-keys": [],
        "forward-ddns": {},
        "reverse-ddns": {},
        "loggers": [_logger("kea-dhcp-ddns")],
    }


def control_agent(port: int, sockets: Tree, **more: object) -> Tree:
    """Return the configuration of a Control Agent, given the unix sockets of the daemons behind it."""
    return {
        "http-host": "127.0.0.1",
        "http-port": port,
        "control-sockets": sockets,
        "loggers": [_logger("kea-ctrl-agent")],
        **more,
    }


def subnet4(number: int, **more: object) -> Tree:
    """Return subnet *number* of DHCPv4, a /24 with a pool of 100 addresses."""
    network = f"10.{number // 256}.{number % 256}"
    return {
        "id": number,
        "subnet": f"{network}.0/24",
        "pools": [{"pool": f"{network}.10-{network}.109"}],
        **more,
    }


def subnet6(number: int, **more: object) -> Tree:
    """Return subnet *number* of DHCPv6, with a pool of addresses and one of prefixes."""
    network = f"2001:db8:{number:x}"
    return {
        "id": number,
        "subnet": f"{network}::/48",
        "pools": [{"pool": f"{network}::1:0/112"}],
        "pd-pools": [{"prefix": f"{network}:8000::", "prefix-len": 52, "delegated-len": 56}],
        **more,
    }


def _logger(name: str) -> Tree:
    return {"name": name, "output-options": [{"output": "stdout"}], "severity": "INFO"}
