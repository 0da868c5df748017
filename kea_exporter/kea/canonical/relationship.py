"""The part `ha`: one high availability relationship, as both servers have it configured (Kea ARM, "High Availability").

Each server has its own name, certificates and credentials there; they are no difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.kea.canonical.values import REMARKS, grouped
from kea_exporter.kea.high_availability import configured_peers, place_of
from kea_exporter.kea.reading import as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.canonical.values import Items

# Kea's own, of what both servers should have alike.
DEFAULTS: dict[str, Any] = {
    "delayed-updates-limit": 0,
    "heartbeat-delay": 10_000,
    "max-ack-delay": 10_000,
    "max-response-delay": 60_000,
    "max-unacked-clients": 10,
    "max-rejected-lease-updates": 10,
    "send-lease-updates": True,
    "sync-leases": True,
    "sync-timeout": 60_000,
    "sync-page-limit": 10_000,
    "wait-backup-ack": False,
    "restrict-commands": True,
    "require-client-certs": True,
}
CREDENTIALS = {
    "trust-anchor",
    "cert-file",
    "key-file",
    "basic-auth-user",
    "basic-auth-user-file",
    "basic-auth-password",
    "basic-auth-password-file",
}
LOCAL = REMARKS | CREDENTIALS | {"this-server-name", "multi-threading", "state-machine", "peers"}
OF_PEER = REMARKS | CREDENTIALS | {"name", "url", "role", "auto-failover"}


def ha(relationship: Mapping[str, Any]) -> Items:
    """Return the settings and peers of a relationship, with Kea's defaults where nothing is configured."""
    settings = {key: value for key, value in relationship.items() if key not in LOCAL}
    return grouped([*{**DEFAULTS, **settings}.items(), *_peers(relationship)])


def _peers(relationship: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for peer in configured_peers(relationship):
        url = as_text(peer.get("url") or "", "url")
        known = {
            "role": peer.get("role"),
            "scheme": url.partition("://")[0].lower(),
            "address": place_of(url),
            "auto-failover": peer.get("auto-failover", True),
        }
        further = {key: peer[key] for key in peer.keys() - OF_PEER}
        yield f"peer {as_text(peer.get('name') or '', 'name')}", {**known, **further}
