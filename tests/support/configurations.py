"""Configurations of Kea as small as they can be: sound ones, with one thing changed."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]

LEASE_CMDS = {"library": "libdhcp_lease_cmds.so"}
FEW_SAMPLES = {"statistic-default-sample-count": 1}
STANDBY_URL = "http://127.0.0.1:18002/"


def subnet(number: int = 1, **changes: object) -> Tree:
    """Return an IPv4 subnet with a pool and a router, but for *changes*."""
    network = f"10.0.{number}"
    whole = {
        "id": number,
        "subnet": f"{network}.0/24",
        "pools": [{"pool": f"{network}.10 - {network}.200"}],
        "option-data": [{"name": "routers", "data": f"{network}.1"}],
    }
    return {**whole, **changes}


def subnet6(number: int = 1, **changes: object) -> Tree:
    """Return an IPv6 subnet with a pool, but for *changes*."""
    network = f"2001:db8:{number:x}"
    return {"id": number, "subnet": f"{network}::/64", "pools": [{"pool": f"{network}::1:0/112"}], **changes}


def dhcp4(*subnets: Tree, **more: object) -> Tree:
    """Return the configuration of a sound DHCPv4 daemon with these subnets, by default with one."""
    loopback = {"interfaces": ["lo/127.0.0.1"], "dhcp-socket-type": "udp"}
    return {"interfaces-config": loopback, "subnet4": list(subnets or (subnet(),)), **FEW_SAMPLES, **more}


def dhcp6(*subnets: Tree, **more: object) -> Tree:
    """Return the configuration of a sound DHCPv6 daemon with these subnets, by default with one."""
    interfaces = {"interfaces-config": {"interfaces": ["lo/::1"]}}
    return {**interfaces, "subnet6": list(subnets or (subnet6(),)), **FEW_SAMPLES, **more}


def ddns(**more: object) -> Tree:
    """Return the configuration of a sound D2 daemon."""
    domain = {"name": "example.com.", "dns-servers": [{"ip-address": "127.0.0.1"}]}
    return {
        "ip-address": "127.0.0.1",
        "port": 53001,
        "tsig-keys": [],
        "forward-ddns": {"ddns-domains": [domain]},
        "reverse-ddns": {},
        **more,
    }


def host(last: int = 20, **changes: object) -> Tree:
    """Return a reservation of one address of subnet 1."""
    return {"hw-address": f"02:00:00:00:00:{last:02x}", "ip-address": f"10.0.1.{last}", **changes}


def pair(
    changes: Tree | None = None, hooks: tuple[Tree, ...] = (LEASE_CMDS,), url: str = "http://127.0.0.1:18001/"
) -> Tree:
    """Return the configuration of the primary of a hot-standby pair, whose relationship is sound but for *changes*."""
    relationship = {
        "this-server-name": "server1",
        "mode": "hot-standby",
        "peers": [
            {"name": "server1", "url": url, "role": "primary"},
            {"name": "server2", "url": STANDBY_URL, "role": "standby"},
        ],
        **(changes or {}),
    }
    ha = {"library": "libdhcp_ha.so", "parameters": {"high-availability": [relationship]}}
    return dhcp4(**{"hooks-libraries": [*hooks, ha]})


def passive_backup() -> Tree:
    """Return the configuration of a primary that waits for its backup before it answers a client."""
    peers = [
        {"name": "server1", "url": "http://127.0.0.1:18001/", "role": "primary"},
        {"name": "server2", "url": STANDBY_URL, "role": "backup"},
    ]
    return pair({"mode": "passive-backup", "peers": peers, "wait-backup-ack": True})


def hub(*contexts: Tree) -> Tree:
    """Return the configuration of a hub with two spokes, and a subnet for each user context."""
    relationships = [
        {
            "this-server-name": f"hub{number}",
            "mode": "hot-standby",
            "peers": [
                {"name": f"spoke{number}", "url": f"http://127.0.0.1:1801{number}/", "role": "primary"},
                {"name": f"hub{number}", "url": f"http://127.0.0.1:1802{number}/", "role": "standby"},
            ],
        }
        for number in (1, 2)
    ]
    ha = {"library": "libdhcp_ha.so", "parameters": {"high-availability": relationships}}
    subnets = [subnet(number, **{"user-context": context}) for number, context in enumerate(contexts, start=1)]
    return dhcp4(*subnets, **{"hooks-libraries": [LEASE_CMDS, ha]})


# By root.
SOUND = {"Dhcp4": dhcp4(), "Dhcp6": dhcp6(), "DhcpDdns": ddns()}
