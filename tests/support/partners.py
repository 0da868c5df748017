"""Configurations of HA partners: complete ones, in two spellings, as config-get shows them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Tree = dict[str, Any]

PEERS = (
    {"name": "server1", "role": "primary", "url": "http://192.0.2.1:8000/"},
    {"name": "server2", "role": "standby", "url": "http://192.0.2.2:8000/"},
)


def ha(own: str = "server1", **changes: object) -> Tree:
    """Return the hook of one hot-standby relationship."""
    relationship = {"this-server-name": own, "mode": "hot-standby", "peers": deepcopy(list(PEERS)), **changes}
    return {"library": "/usr/lib/kea/hooks/libdhcp_ha.so", "parameters": {"high-availability": [relationship]}}


def option(code: int, data: str, space: str = "dhcp4", *, csv: bool = True) -> Tree:
    """Return an option as config-get shows it."""
    flags = {"always-send": False, "never-send": False, "csv-format": csv}
    return {"code": code, "name": f"option-{code}", "space": space, "data": data, **flags}


def plain4() -> Tree:
    """Return what config-get copies into every IPv4 subnet, in part."""
    timers = {"valid-lifetime": 4000, "min-valid-lifetime": 4000, "max-valid-lifetime": 4000, "renew-timer": 1000}
    topology = {"relay": {"ip-addresses": []}, "4o6-interface": "", "4o6-interface-id": "", "4o6-subnet": ""}
    return {**timers, **topology, "allocator": "iterative", "store-extended-info": False}


def partner4() -> Tree:
    """Return the configuration of a DHCPv4 server with something of each part."""
    first = {
        **plain4(),
        "id": 1,
        "subnet": "10.0.0.0/24",
        "pools": [
            {"pool": "10.0.0.10-10.0.0.99", "option-data": [option(6, "10.0.0.2, 10.0.0.3")]},
            {"pool": "10.0.0.128/25", "option-data": [], "client-classes": ["phones"], "pool-id": 7},
        ],
        "option-data": [option(3, "10.0.0.1"), option(15, "example.org")],
        "reservations": [
            {
                "hw-address": "02:00:00:00:00:0a",
                "ip-address": "10.0.0.20",
                "hostname": "printer",
                "client-classes": ["phones"],
                "option-data": [],
            },
            {"client-id": "616263", "ip-address": "10.0.0.21", "hostname": "", "option-data": []},
        ],
        "user-context": {"name": "office"},
    }
    second = {
        **plain4(),
        "id": 2,
        "subnet": "10.0.1.0/24",
        "pools": [{"pool": "10.0.1.0/25", "option-data": []}],
        "option-data": [],
        "reservations": [],
        "client-classes": ["phones"],
        "ddns-qualifying-suffix": "office.example.org.",
    }
    shared = {"name": "building", "option-data": [option(42, "10.0.0.4")], "subnet4": [second]}
    return {
        "valid-lifetime": 4000,
        "expired-leases-processing": {"reclaim-timer-wait-time": 10},
        "option-data": [option(6, "10.0.0.2"), option(43, "0A0B", csv=False)],
        "option-def": [{"code": 200, "name": "own", "space": "dhcp4", "type": "string"}],
        "client-classes": [
            {"name": "phones", "test": "option[60].text == 'phone'", "option-data": []},
            {"name": "boot", "test": "option[93].exists", "next-server": "10.0.0.5", "option-data": []},
        ],
        "reservations": [{"duid": "0001", "hostname": "anywhere", "option-data": []}],
        "dhcp-ddns": {"enable-updates": True, "server-ip": "127.0.0.1", "server-port": 53001},
        "ddns-send-updates": True,
        "hooks-libraries": [
            {"library": "/usr/lib/kea/hooks/libdhcp_lease_cmds.so"},
            {
                "library": "/usr/lib/kea/hooks/libdhcp_flex_id.so",
                "parameters": {"identifier-expression": "option[82].hex"},
            },
            ha(),
        ],
        "lease-database": {"type": "memfile", "persist": True, "lfc-interval": 3600},
        "match-client-id": True,
        "interfaces-config": {"interfaces": ["eth0"]},
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO"}],
        "server-tag": "",
        "statistic-default-sample-count": 20,
        "subnet4": [first],
        "shared-networks": [shared],
    }


def partner6() -> Tree:
    """Return the configuration of a DHCPv6 server with something of each part."""
    subnet = {
        "id": 1,
        "subnet": "2001:db8:1::/48",
        "pools": [{"pool": "2001:db8:1::1:0/112", "option-data": []}],
        "pd-pools": [
            {"prefix": "2001:db8:1:8000::", "prefix-len": 52, "delegated-len": 56, "option-data": []},
            {
                "prefix": "2001:db8:1:9000::",
                "prefix-len": 52,
                "delegated-len": 60,
                "excluded-prefix": "2001:db8:1:9000::",
                "excluded-prefix-len": 64,
                "option-data": [],
            },
        ],
        "option-data": [option(23, "2001:db8::1, 2001:db8::2", "dhcp6"), option(24, "example.org", "dhcp6")],
        "reservations": [
            {
                "duid": "01:02:03:04:05:06",
                "ip-addresses": ["2001:db8:1::20", "2001:db8:1::21"],
                "prefixes": ["2001:db8:1:f000::/56"],
                "hostname": "printer",
                "option-data": [],
            }
        ],
        "valid-lifetime": 7200,
        "preferred-lifetime": 3600,
        "interface": "eth0",
        "interface-id": "",
        "rapid-commit": False,
    }
    return {
        "valid-lifetime": 7200,
        "option-data": [],
        "client-classes": [],
        "hooks-libraries": [{"library": "/usr/lib/kea/hooks/libdhcp_lease_cmds.so"}, ha()],
        "lease-database": {"type": "memfile", "persist": True},
        "server-id": {"type": "LLT", "time": 1},
        "subnet6": [subnet],
        "shared-networks": [],
    }
