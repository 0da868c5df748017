"""Review of high availability (Kea ARM, "libdhcp_ha.so: High Availability Outage Resilience for Kea Servers")."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kea_exporter.kea.reading import as_list, as_map
from kea_exporter.kea.review.operation import HTTP_PORT, network_sockets
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.prepared import Prepared, Tree

    Findings = Iterator[tuple[str, str]]

HEARTBEAT_DELAY, MAX_RESPONSE_DELAY, MAX_REJECTED = 10_000, 60_000, 10
# Modes with heartbeats, in which the servers take over from one another.
PAIRS = {"hot-standby", "load-balancing"}


def peers_of(relationship: Mapping[str, Any]) -> list[Tree]:
    """Return the peers of a relationship, this server included."""
    return [as_map(peer, "peers") for peer in as_list(relationship.get("peers") or [], "peers")]


def own_peer(relationship: Mapping[str, Any]) -> Tree | None:
    """Return the entry of this server among the peers."""
    return next(
        (peer for peer in peers_of(relationship) if peer.get("name") == relationship.get("this-server-name")), None
    )


def name_of(relationship: Mapping[str, Any]) -> str:
    """Return what evidence calls a relationship: by its first partner."""
    partners = [
        peer.get("name") for peer in peers_of(relationship) if peer.get("name") != relationship.get("this-server-name")
    ]
    return f"the relationship with {printable(str(partners[0]))}" if partners else "the relationship"


def no_service(configuration: Prepared) -> Findings:
    """Yield settings with which a pair serves nobody, or both servers serve the same clients (measured)."""
    ports = control_ports(configuration)
    for relationship in configuration.relationships:
        if relationship.get("mode") not in PAIRS:
            continue
        name = name_of(relationship)
        if "lease_cmds" not in configuration.hooks:
            yield (
                "no_lease_cmds",
                f"{name} needs libdhcp_lease_cmds.so: without it the pair never leaves syncing or waiting",
            )
        if relationship.get("heartbeat-delay", HEARTBEAT_DELAY) == 0:
            yield "heartbeat_off", f"{name} has heartbeat-delay 0: the pair stays in waiting and serves nobody"
        if not listens(configuration, relationship, ports):
            yield "no_listener", f"{name} has no listener for its partner: both servers take over and serve all clients"
    yield from _unassigned_subnets(configuration)


def control_ports(configuration: Prepared) -> set[int]:
    """Return the ports of the http and https control sockets."""
    return {socket.get("socket-port", HTTP_PORT) for socket in network_sockets(configuration)}


def listens(configuration: Prepared, relationship: Mapping[str, Any], ports: set[int]) -> bool:
    """Return whether something listens at this server's own url: the dedicated listener, or a control socket.

    Args:
        configuration: that of the daemon.
        relationship: one of its relationships.
        ports: those of its control sockets.
    """
    own = own_peer(relationship) or {}
    return has_dedicated_listener(configuration, relationship) or port_of(str(own.get("url", ""))) in ports


def has_dedicated_listener(configuration: Prepared, relationship: Mapping[str, Any]) -> bool:
    """Return whether the hook listens for its partner itself, which it does with multi-threading only."""
    threading = as_map(relationship.get("multi-threading") or {}, "multi-threading")
    of_daemon = as_map(configuration.tree.get("multi-threading") or {}, "multi-threading")
    is_threaded = threading.get("enable-multi-threading", True) and of_daemon.get("enable-multi-threading", True)
    return bool(is_threaded and threading.get("http-dedicated-listener", True))


def port_of(url: str) -> int | None:
    """Return the port of a url; None if it has none."""
    try:
        return urlsplit(url).port
    except ValueError:
        return None


def _unassigned_subnets(configuration: Prepared) -> Findings:
    """Yield subnets of a hub that belong to no relationship: their queries are dropped."""
    if len(configuration.relationships) < 2:  # noqa: PLR2004 - with one relationship all subnets belong to it
        return
    names = {peer.get("name") for relationship in configuration.relationships for peer in peers_of(relationship)}
    for subnet in configuration.subnets:
        server = subnet.relationship_server
        if server is None:
            yield "subnet_unassigned", f"{subnet} has no ha-server-name in its user-context: its queries are dropped"
        elif server not in names:
            yield "server_unknown", f"{subnet} has the ha-server-name {printable(str(server))}, which is no peer"


def risky_settings(configuration: Prepared) -> Findings:
    """Yield settings that delay or prevent a failover, or the replication of leases."""
    for relationship in configuration.relationships:
        name = name_of(relationship)
        heartbeat = relationship.get("heartbeat-delay", HEARTBEAT_DELAY)
        response = relationship.get("max-response-delay", MAX_RESPONSE_DELAY)
        if heartbeat and heartbeat >= response:
            yield (
                "heartbeat_too_slow",
                f"{name}: heartbeat-delay {heartbeat} is not below max-response-delay {response}",
            )
        if relationship.get("max-rejected-lease-updates", MAX_REJECTED) == 0:
            yield (
                "rejections_unlimited",
                f"{name}: max-rejected-lease-updates is 0, so a subnet that the partner lacks is never served",
            )
        if relationship.get("wait-backup-ack", False):
            yield "waits_for_backups", f"{name}: wait-backup-ack is true, so nobody is served while a backup is down"
        if not relationship.get("send-lease-updates", True) and relationship.get("mode") in PAIRS:
            yield "no_lease_updates", f"{name}: send-lease-updates is false, so the partner does not know the leases"


def open_peers(configuration: Prepared) -> Findings:
    """Yield dedicated listeners for partners that take commands from everybody (measured).

    TLS protects only where client certificates are demanded. Credentials do from a version of Kea on, which the
    requirement knows. Without a dedicated listener, partners use a control socket.
    """
    for relationship in configuration.relationships:
        own = own_peer(relationship)
        if own is None or not has_dedicated_listener(configuration, relationship):
            continue
        has_tls = all(own.get(key) or relationship.get(key) for key in ("trust-anchor", "cert-file", "key-file"))
        is_protected = has_tls and relationship.get("require-client-certs", True) is True
        if is_protected or _is_loopback(str(own.get("url", ""))):
            continue
        url = printable(str(own.get("url", "")))
        evidence = f"{name_of(relationship)}: {url} takes dhcp-disable and lease4-del from everybody who reaches it"
        why = ", because require-client-certs is false" if has_tls else ""
        if _has_credentials(own):
            yield "credentials_ignored", f"{evidence}, whatever its credentials{why}"
        else:
            yield "open_listener", f"{evidence}{why}"


def _has_credentials(own: Mapping[str, Any]) -> bool:
    has_password = any(own.get(key) for key in ("basic-auth-password", "basic-auth-password-file"))
    return has_password and any(own.get(key) for key in ("basic-auth-user", "basic-auth-user-file"))


def _is_loopback(url: str) -> bool:
    try:
        return ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        return False
