"""Configurations as config-get shows them: what is configured, with all that Kea adds by default.

The contract test starts real Kea with one of these, and demands that it says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_simulator.pools import V4, V6

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kea_simulator.pools import Subnet
    from kea_simulator.server import Tls

Tree = dict[str, Any]

LIFETIME = 7200
HSTS = {"Strict-Transport-Security": "max-age=31536000"}

# Of the daemon, of its shared networks and of its subnets.
SHARED: Tree = {
    "allocator": "iterative",
    "option-data": [],
    "store-extended-info": False,
    "t1-percent": 0.5,
    "valid-lifetime": LIFETIME,
}
SHARED_BY: dict[int, Tree] = {
    V4: {"calculate-tee-times": False, "t2-percent": 0.875},
    V6: {"calculate-tee-times": True, "pd-allocator": "iterative", "t2-percent": 0.8},
}
OF_NETWORKS: Tree = {
    "max-valid-lifetime": LIFETIME,
    "min-valid-lifetime": LIFETIME,
    "relay": {"ip-addresses": []},
}
OF_NETWORKS_BY: dict[int, Tree] = {V4: {}, V6: {"rapid-commit": False}}
OF_SUBNETS: dict[int, Tree] = {V4: {"4o6-interface": "", "4o6-interface-id": "", "4o6-subnet": ""}, V6: {}}
OF_DAEMONS: Tree = {
    "ddns-conflict-resolution-mode": "check-with-dhcid",
    "ddns-generated-prefix": "myhost",
    "ddns-override-client-update": False,
    "ddns-override-no-update": False,
    "ddns-qualifying-suffix": "",
    "ddns-replace-client-name": "never",
    "ddns-send-updates": True,
    "ddns-update-on-renew": False,
    "decline-probation-period": 86400,
    "dhcp-ddns": {
        "enable-updates": False,
        "max-queue-size": 1024,
        "ncr-format": "JSON",
        "ncr-protocol": "UDP",
        "sender-ip": "0.0.0.0",  # noqa: S104 - a default that is shown, not bound
        "sender-port": 0,
        "server-ip": "127.0.0.1",
        "server-port": 53001,
    },
    "dhcp4o6-port": 0,
    "early-global-reservations-lookup": False,
    "expired-leases-processing": {
        "flush-reclaimed-timer-wait-time": 25,
        "hold-reclaimed-time": 3600,
        "max-reclaim-leases": 100,
        "max-reclaim-time": 250,
        "reclaim-timer-wait-time": 10,
        "unwarned-reclaim-cycles": 5,
    },
    "hostname-char-replacement": "",
    "hostname-char-set": "[^A-Za-z0-9.-]",
    "ip-reservations-unique": True,
    "lease-database": {"persist": True, "type": "memfile"},
    "multi-threading": {"enable-multi-threading": True, "packet-queue-size": 64, "thread-pool-size": 0},
    "option-def": [],
    "parked-packet-limit": 256,
    "reservations-global": False,
    "reservations-in-subnet": True,
    "reservations-lookup-first": False,
    "reservations-out-of-pool": False,
    "sanity-checks": {"extended-info-checks": "fix", "lease-checks": "warn"},
    "server-tag": "",
    "statistic-default-sample-age": 0,
    "statistic-default-sample-count": 1,
}
OF_DAEMONS_BY: dict[int, Tree] = {
    V4: {
        "authoritative": False,
        "boot-file-name": "",
        "dhcp-queue-control": {"capacity": 64, "enable-queue": False, "queue-type": "kea-ring4"},
        "echo-client-id": True,
        "host-reservation-identifiers": ["hw-address", "duid", "circuit-id", "client-id"],
        "interfaces-config": {"dhcp-socket-type": "udp", "interfaces": ["lo/127.0.0.1"], "re-detect": True},
        "match-client-id": True,
        "next-server": "0.0.0.0",  # noqa: S104 - a default that is shown, not bound
        "server-hostname": "",
        "stash-agent-options": False,
    },
    V6: {
        "dhcp-queue-control": {"capacity": 64, "enable-queue": False, "queue-type": "kea-ring6"},
        "host-reservation-identifiers": ["hw-address", "duid"],
        "interfaces-config": {"interfaces": ["lo/::1"], "re-detect": True},
        "mac-sources": ["any"],
        "relay-supplied-options": ["65"],
        "server-id": {"enterprise-id": 0, "htype": 0, "identifier": "", "persist": True, "time": 0, "type": "LLT"},
    },
}
# Of a server that serves nobody while it cannot reach the database, and connects again by itself.
LOST_DATABASE: Tree = {
    "host": "192.0.2.20",
    "max-reconnect-tries": 1000,
    "name": "kea",
    "on-fail": "serve-retry-continue",
    "reconnect-wait-time": 5000,
    "type": "postgresql",
    "user": "kea",
}
SINCE_3_0: Tree = {"cache-threshold": 0.25}


def dhcp(
    family: int, sockets: list[Tree], hooks: list[Tree], subnets: Sequence[Subnet], version: tuple[int, int, int]
) -> Tree:
    """Return the configuration of a DHCP daemon, below its root key."""
    key = f"subnet{family}"
    shared = {**SHARED, **SHARED_BY[family], **({} if version < (3, 0, 0) else SINCE_3_0)}
    networks = {subnet.network for subnet in subnets if subnet.network}
    single = {"control-socket": sockets[0]} if version < (3, 0, 0) else {"control-sockets": sockets}
    return {
        **OF_DAEMONS,
        **OF_DAEMONS_BY[family],
        **shared,
        **single,
        **({} if family == V4 or version < (3, 2, 0) else {"allow-address-registration": True}),
        "hooks-libraries": hooks,
        "loggers": [_logger(f"kea-dhcp{family}")],
        "shared-networks": [_network(family, name, subnets, shared) for name in sorted(networks)],
        key: [_subnet(family, subnet, shared) for subnet in subnets if not subnet.network],
    }


def ddns(sockets: list[Tree], key: str) -> Tree:
    """Return the configuration of a D2 daemon that signs its updates with a key."""
    domain = {
        "name": "example.com.",
        "key-name": key,
        "dns-servers": [{"hostname": "", "ip-address": "192.0.2.53", "port": 53}],
    }
    return {
        "control-sockets": sockets,
        "dns-server-timeout": 500,
        "forward-ddns": {"ddns-domains": [domain]},
        "hooks-libraries": [],
        "ip-address": "127.0.0.1",
        "loggers": [_logger("kea-dhcp-ddns")],
        "ncr-format": "JSON",
        "ncr-protocol": "UDP",
        "port": 53001,
        "reverse-ddns": {"ddns-domains": []},
        "tsig-keys": [{"algorithm": "HMAC-SHA256", "digest-bits": 0, "name": key, "secret-file": f"/etc/kea/{key}"}],
    }


def agent(port: int, authentication: Tree, socket_name: str) -> Tree:
    """Return the configuration of a Control Agent with one DHCPv4 daemon behind it."""
    return {
        "authentication": authentication,
        "control-sockets": {"dhcp4": {"socket-name": socket_name, "socket-type": "unix"}},
        "hooks-libraries": [],
        "http-host": "127.0.0.1",
        "http-port": port,
        "loggers": [_logger("kea-ctrl-agent")],
    }


def control_socket(port: int, tls: Tls | None, authentication: Tree) -> Tree:
    """Return a control socket over HTTP or, where it has a certificate, over HTTPS."""
    entry = {"authentication": authentication, "socket-address": "127.0.0.1", "socket-port": port}
    if tls is None:
        return {**entry, "socket-type": "http"}
    return {
        **entry,
        "socket-type": "https",
        "trust-anchor": str(tls.trust_anchor),
        "cert-file": str(tls.pair.certificate),
        "key-file": str(tls.pair.key),
        "cert-required": True,
        "http-headers": [{"name": name, "value": value} for name, value in HSTS.items()],
    }


def authentication(realm: str, client: Tree, folder: Path | str | None = None) -> Tree:
    """Return an authentication with one client, whose files are in a folder where it has some."""
    directory = {} if folder is None else {"directory": str(folder)}
    return {"type": "basic", "realm": realm, "clients": [client], **directory}


def _network(family: int, name: str, subnets: Sequence[Subnet], shared: Tree) -> Tree:
    inside = [_subnet(family, subnet, shared) for subnet in subnets if subnet.network == name]
    return {**shared, **OF_NETWORKS, **OF_NETWORKS_BY[family], "name": as_bytes(name), f"subnet{family}": inside}


def _subnet(family: int, subnet: Subnet, shared: Tree) -> Tree:
    tree: Tree = {
        **shared,
        **OF_NETWORKS,
        **OF_NETWORKS_BY[family],
        **OF_SUBNETS[family],
        "id": subnet.id,
        "subnet": subnet.prefix,
        "pools": [{"option-data": [], "pool": subnet.addresses.written}],
        "reservations": [],
    }
    if subnet.prefixes is not None:
        prefix, _, length = subnet.prefixes.written.partition("/")
        pool = {"prefix": prefix, "prefix-len": int(length), "delegated-len": subnet.prefixes.length}
        tree["pd-pools"] = [{**pool, "option-data": []}]
    return tree


def as_bytes(text: str) -> str:
    """Return a text as Kea has it, one character for each of its bytes."""
    return text.encode().decode("latin-1")


def _logger(name: str) -> Tree:
    output = {"flush": True, "output": "stdout", "pattern": ""}
    return {"debuglevel": 0, "name": name, "output-options": [output], "severity": "INFO"}
