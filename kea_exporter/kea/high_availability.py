"""High availability, as status-get and config-get tell of it (Kea ARM, "libdhcp_ha.so: High Availability").

Whatever a server does not know of its partner is null or empty there (measured), and None or empty here.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from kea_exporter.config.values import DEFAULT_PORTS
from kea_exporter.facts.configuration import ConfiguredPeer, Pair
from kea_exporter.facts.status import BACKUP, Peer, Relationship
from kea_exporter.kea.reading import as_bool, as_int, as_list, as_map, as_text
from kea_exporter.text import bracketed, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_RELATIONSHIPS = 64
MAX_SCOPES = 16
MAX_PEERS = 16


def read_relationships(value: object) -> tuple[Relationship, ...]:
    """Return the relationships of `high-availability`, of which a hub has several, each name once.

    Raises:
        MalformedAnswerError: it has not the documented shape.
    """
    named: dict[str, Relationship] = {}
    for entry in as_list(value, "high-availability"):
        relationship = _relationship(as_map(entry, "high-availability"))
        named.setdefault(relationship.name, relationship)
    return tuple(named.values())[:MAX_RELATIONSHIPS]


def read_pairs(hooks: Iterable[object]) -> Iterator[Pair]:
    """Return the relationships that the hook library is configured with (Kea ARM, "High Availability", `peers`).

    Raises:
        MalformedAnswerError: a hook library has not the documented shape.
    """
    for hook in hooks:
        parameters = as_map(as_map(hook, "hooks-libraries").get("parameters") or {}, "parameters")
        relationships = as_list(parameters.get("high-availability") or [], "high-availability")
        for relationship in relationships[:MAX_RELATIONSHIPS]:
            yield pair_of(as_map(relationship, "high-availability"))


def pair_of(relationship: Mapping[str, Any]) -> Pair:
    """Return the servers of one configured relationship.

    Raises:
        MalformedAnswerError: it has not the documented shape.
    """
    entries = configured_peers(relationship)
    named = ((_text(entry, "name"), _text(entry, "role"), _text(entry, "url")) for entry in entries)
    peers = tuple(ConfiguredPeer(name, role, printable(place_of(url))) for name, role, url in sorted(named))
    places = sorted(peer.place for peer in peers if peer.role != BACKUP and peer.place)
    return Pair(
        frozenset(peer.name for peer in peers),
        printable(" ".join(places)),
        _text(relationship, "this-server-name"),
        _text(relationship, "mode"),
        peers,
    )


def configured_peers(relationship: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of the servers of a configured relationship."""
    peers = as_list(relationship.get("peers") or [], "peers")
    return [as_map(peer, "peers") for peer in peers[:MAX_PEERS]]


def place_of(url: str) -> str:
    """Return host and port of a URL, without credentials and path, in one spelling for both partners.

    A host is lower case, an IPv6 address compressed, and the default port of the scheme written out.
    """
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0].rpartition("@")[2].lower()
    host, separator, port = authority.rpartition(":")
    if not separator or "]" in port:
        host, port = authority, ""
    if not host:
        return ""
    try:
        host = bracketed(str(ip_address(host.removeprefix("[").removesuffix("]"))))
    except ValueError:
        host = host.removesuffix(".")
    return f"{host}:{port or DEFAULT_PORTS.get(scheme.lower(), '')}"


def _relationship(entry: Mapping[str, Any]) -> Relationship:
    servers = as_map(entry.get("ha-servers"), "ha-servers")
    local = as_map(servers.get("local"), "local")
    # A server with backups only has no partner.
    remote = as_map(servers.get("remote") or {}, "remote")
    return Relationship(
        mode=_text(entry, "ha-mode"),
        local=_peer(local, state="state", scopes="scopes"),
        partner=_peer(remote, state="last-state", scopes="last-scopes"),
        in_touch=_flag(remote, "in-touch"),
        communication_interrupted=_flag(remote, "communication-interrupted"),
        age_seconds=_number(remote, "age"),
        clock_skew_seconds=_number(remote, "clock-skew"),
        connecting_clients=_number(remote, "connecting-clients"),
        unacked_clients=_number(remote, "unacked-clients"),
        unacked_clients_left=_number(remote, "unacked-clients-left"),
        analyzed_packets=_number(remote, "analyzed-packets"),
    )


def _peer(entry: Mapping[str, Any], state: str, scopes: str) -> Peer:
    named = as_list(entry.get(scopes) or [], scopes)[:MAX_SCOPES]
    return Peer(
        name=_text(entry, "server-name"),
        role=_text(entry, "role"),
        state=_text(entry, state),
        scopes=tuple(printable(as_text(scope, scopes)) for scope in named),
    )


def _text(entry: Mapping[str, Any], key: str) -> str:
    return printable(as_text(entry.get(key) or "", key))


def _flag(entry: Mapping[str, Any], key: str) -> bool | None:
    return None if entry.get(key) is None else as_bool(entry[key], key)


def _number(entry: Mapping[str, Any], key: str) -> int | None:
    return None if entry.get(key) is None else as_int(entry[key], key)
