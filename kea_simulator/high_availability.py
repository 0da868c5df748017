"""The hot-standby pair of the demo, in which all is well (Kea ARM, "libdhcp_ha.so: High Availability")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

Tree = dict[str, Any]

HEARTBEAT_SECONDS = 10
# By the name of the server: its role, and where its partner reaches it.
PEERS = {"ha-1": ("primary", "http://127.0.0.1:8005/"), "ha-2": ("standby", "http://127.0.0.1:8006/")}


def parameters(name: str) -> Tree:
    """Return the parameters of the hook library, with all that it adds by default."""
    peers = [{"auto-failover": True, "name": peer, "role": role, "url": url} for peer, (role, url) in PEERS.items()]
    relationship = {
        "delayed-updates-limit": 0,
        "heartbeat-delay": HEARTBEAT_SECONDS * 1000,
        "max-ack-delay": 10000,
        "max-rejected-lease-updates": 10,
        "max-response-delay": 60000,
        "max-unacked-clients": 10,
        "mode": "hot-standby",
        "multi-threading": {
            "enable-multi-threading": True,
            "http-client-threads": 0,
            "http-dedicated-listener": True,
            "http-listener-threads": 0,
        },
        "peers": peers,
        "require-client-certs": True,
        "restrict-commands": True,
        "send-lease-updates": True,
        "state-machine": {"states": []},
        "sync-leases": True,
        "sync-page-limit": 10000,
        "sync-timeout": 60000,
        "this-server-name": name,
        "wait-backup-ack": False,
    }
    return {"high-availability": [relationship]}


def relationship(name: str, now: float) -> Tree:
    """Return what status-get tells of the relationship."""
    [partner] = PEERS.keys() - {name}
    age = int(now) % HEARTBEAT_SECONDS
    local = {
        "role": PEERS[name][0],
        "scopes": _scopes(name),
        "server-name": name,
        "state": "hot-standby",
        "system-time": _time(now),
    }
    remote = {
        "age": age,
        "analyzed-packets": 0,
        "clock-skew": 0,
        "communication-interrupted": False,
        "connecting-clients": 0,
        "in-touch": True,
        "last-scopes": _scopes(partner),
        "last-state": "hot-standby",
        "role": PEERS[partner][0],
        "server-name": partner,
        "system-time": _time(now - age),
        "unacked-clients": 0,
        "unacked-clients-left": 0,
    }
    return {"ha-mode": "hot-standby", "ha-servers": {"local": local, "remote": remote}}


def _scopes(name: str) -> list[str]:
    """Return the scopes that a server serves: only the primary serves clients."""
    return [name] if PEERS[name][0] == "primary" else []


def _time(moment: float) -> str:
    """Return a moment as Kea writes it here, which is local time."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006 - Kea's own
