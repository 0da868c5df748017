"""Facts of config-get. The configuration holds passwords in clear: facts are picked here, and the rest is dropped."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from kea_exporter.certificates import parse_address
from kea_exporter.facts.configuration import Authentication, Configuration, ControlSocket
from kea_exporter.facts.review import NOT_REVIEWED
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.facts.subnets import Counts
from kea_exporter.kea.canonical import pair_configurations
from kea_exporter.kea.descriptions import descriptions
from kea_exporter.kea.dns import read_dns_server, read_updates
from kea_exporter.kea.high_availability import read_pairs
from kea_exporter.kea.pools import capacities
from kea_exporter.kea.prepared import SUBNET_KEYS, prepared
from kea_exporter.kea.reading import MalformedAnswerError, as_bool, as_int, as_list, as_map, as_text
from kea_exporter.kea.reservations import reserved
from kea_exporter.kea.review import SHAPE_ERRORS, review
from kea_exporter.kea.subnets import subnets_of
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.facts.pairs import PairConfiguration
    from kea_exporter.facts.subnets import Capacities, Descriptions, Subnets
    from kea_exporter.kea.prepared import Prepared
    from kea_exporter.kea.protocol import Answer

AGENT = "Control-agent"
ROOTS = (*ROOT_KEYS.values(), AGENT)
DEFAULT_REALMS = {
    "Dhcp4": "kea-dhcpv4-server",
    "Dhcp6": "kea-dhcpv6-server",
    "DhcpDdns": "kea-dhcp-ddns-server",
    AGENT: "kea-control-agent",
}
DEFAULT_ADDRESS = "127.0.0.1"
DEFAULT_PORT = 8000
MAX_ENTRIES = 256
MEMFILE = "memfile"
# A database on the server itself, which no other server reaches by this name; Kea's default is localhost.
LOCAL_HOSTS = {"", "localhost"}


class _OfSubnets(TypedDict):
    """The facts about subnets, by the attributes of a configuration."""

    subnets: Subnets
    capacities: Capacities
    descriptions: Descriptions
    shared_networks: int
    reservations: int


class _OfLeaseDatabase(TypedDict):
    """The facts about the lease database, by the attributes of a configuration."""

    lease_database: str
    keeps_leases: bool
    shared_database: str


def read_configuration(answer: Answer) -> Configuration:
    """Return the facts of a daemon's configuration.

    Raises:
        MalformedAnswerError: it has no root key of Kea's, or not the shape that Kea gives it.
    """
    configuration = read_prepared(answer)
    root, tree = configuration.root, configuration.tree
    hooks = as_list(tree.get("hooks-libraries", []), "hooks-libraries")[:MAX_ENTRIES]
    return Configuration(
        root=root,
        sockets=tuple(_socket(entry, root) for entry in _socket_entries(tree, root)[:MAX_ENTRIES]),
        **_of_subnets(configuration),
        hooks=tuple(_base_name(hook) for hook in hooks),
        pairs=tuple(read_pairs(hooks)),
        pair_configurations=_pair_configurations(configuration),
        hosts_databases=tuple(_hosts_databases(tree)),
        has_config_databases=_has_config_databases(tree),
        interfaces=tuple(_interfaces(tree)),
        **_lease_database(tree),
        multi_threading=_multi_threading(tree),
        review=review(configuration) if root != AGENT else NOT_REVIEWED,
        dns_updates=read_updates(configuration) if root in SUBNET_KEYS else None,
        dns_server=read_dns_server(tree) if root == ROOT_KEYS[Daemon.D2] else None,
    )


def read_prepared(answer: Answer) -> Prepared:
    """Return a daemon's configuration with its subnets parsed. It holds secrets.

    Raises:
        MalformedAnswerError: it has no root key of Kea's, or not the shape that Kea gives it.
    """
    root = next((key for key in ROOTS if key in answer.map), None)
    if root is None:
        raise MalformedAnswerError(f"none of {', '.join(ROOTS)} is there")
    return prepared(root, as_map(answer.map[root], root))


def _socket_entries(tree: Mapping[str, Any], root: str) -> list[Any]:
    if root == AGENT:
        # An agent has one socket; its keys stand at the top, and `control-sockets` are the daemons behind it.
        address, port = tree.get("http-host", DEFAULT_ADDRESS), tree.get("http-port", DEFAULT_PORT)
        return [{**tree, "socket-type": "http", "socket-address": address, "socket-port": port}]
    # Kea before 3.0 has one socket, as a map under the singular key.
    single = tree.get("control-socket")
    return as_list(tree.get("control-sockets", [single] if single else []), "control-sockets")


def _socket(value: object, root: str) -> ControlSocket:
    entry = as_map(value, "control-sockets")
    kind = as_text(entry.get("socket-type"), "socket-type")
    tls = bool(entry.get("trust-anchor") and entry.get("cert-file") and entry.get("key-file"))
    over_http = kind != "unix"
    address = entry.get("socket-address", DEFAULT_ADDRESS) if over_http else entry.get("socket-name", "")
    authentication = entry.get("authentication")
    files = [entry.get(key) for key in ("trust-anchor", "cert-file", "key-file")] if tls else []
    return ControlSocket(
        kind=printable(kind),
        address=printable(as_text(address, "socket-address")),
        port=as_int(entry.get("socket-port", DEFAULT_PORT), "socket-port") if over_http else None,
        tls=tls,
        client_certificate_required=tls and entry.get("cert-required", True) is True,
        authentication=_authentication(as_map(authentication, "authentication"), root) if authentication else None,
        tls_files=(_path(files[0]), _path(files[1]), _path(files[2])) if tls else None,
        headers=tuple(_headers(entry)),
    )


def _path(value: object) -> str:
    return printable(as_text(value, "file"))


def _headers(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for header in as_list(entry.get("http-headers", []), "http-headers")[:MAX_ENTRIES]:
        named = as_map(header, "http-headers")
        yield printable(as_text(named.get("name"), "name")), printable(as_text(named.get("value"), "value"))


def _authentication(entry: Mapping[str, Any], root: str) -> Authentication:
    clients = [as_map(client, "clients") for client in as_list(entry.get("clients", []), "clients")]
    return Authentication(
        kind=printable(as_text(entry.get("type", "basic"), "type")),
        realm=printable(as_text(entry.get("realm", DEFAULT_REALMS[root]), "realm")),
        clients=len(clients),
        clients_in_clear=sum("user" in client or "password" in client for client in clients),
        directory=_path(entry.get("directory", "")),
    )


def _hosts_databases(tree: Mapping[str, Any]) -> Iterator[str]:
    single = tree.get("hosts-database")
    entries = as_list(tree.get("hosts-databases", [single] if single else []), "hosts-databases")
    for entry in entries[:MAX_ENTRIES]:
        yield printable(as_text(as_map(entry, "hosts-databases").get("type"), "type"))


def _of_subnets(configuration: Prepared) -> _OfSubnets:
    subnets = sorted(configuration.subnets, key=lambda subnet: subnet.number)
    entries = [subnet.entry for subnet in subnets]
    networks = [subnet.network.entry.get("name") if subnet.network is not None else "" for subnet in subnets]
    held = capacities(subnets)
    with_reserved = Counts(held.subnets.keys, {**held.subnets.columns, **reserved(configuration, subnets)})
    of_all = as_list(configuration.tree.get("reservations", []), "reservations")
    return {
        "subnets": subnets_of(zip(entries, networks, strict=True)),
        "capacities": replace(held, subnets=with_reserved),
        "descriptions": descriptions(entries),
        "shared_networks": len(configuration.networks),
        "reservations": len(of_all) + sum(len(subnet.reservations) for subnet in subnets),
    }


def _pair_configurations(configuration: Prepared) -> tuple[PairConfiguration, ...]:
    """Return what partners must share; nothing if a value has another shape than Kea's, which costs no other fact."""
    try:
        return pair_configurations(configuration)
    except (*SHAPE_ERRORS, OverflowError, RecursionError):
        return ()


def _has_config_databases(tree: Mapping[str, Any]) -> bool:
    control = as_map(tree.get("config-control", {}), "config-control")
    return bool(as_list(control.get("config-databases", []), "config-databases"))


def _interfaces(tree: Mapping[str, Any]) -> Iterator[str]:
    listening = as_map(tree.get("interfaces-config", {}), "interfaces-config")
    for name in as_list(listening.get("interfaces", []), "interfaces")[:MAX_ENTRIES]:
        yield printable(as_text(name, "interfaces"))


def _lease_database(tree: Mapping[str, Any]) -> _OfLeaseDatabase:
    database = as_map(tree.get("lease-database", {}), "lease-database")
    kind = as_text(database.get("type", ""), "type")
    host = as_text(database.get("host") or "", "host").lower().removesuffix(".")
    name = as_text(database.get("name") or "", "name")
    address = parse_address(host)
    is_local = host in LOCAL_HOSTS or host.startswith("/") or (address is not None and address.is_loopback)
    is_shared = kind not in {"", MEMFILE} and not is_local
    return {
        "lease_database": printable(kind),
        "keeps_leases": kind != MEMFILE or database.get("persist", True) is not False,
        "shared_database": _digest(kind, host, name) if is_shared else "",
    }


def _digest(*parts: str) -> str:
    """Return what tells databases apart without saying where they are."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:16]


def _multi_threading(tree: Mapping[str, Any]) -> bool | None:
    enabled = as_map(tree.get("multi-threading", {}), "multi-threading").get("enable-multi-threading")
    return None if enabled is None else as_bool(enabled, "enable-multi-threading")


def _base_name(hook: object) -> str:
    library = as_text(as_map(hook, "hooks-libraries").get("library"), "library")
    return printable(library.rpartition("/")[2])
