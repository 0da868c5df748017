"""Settings that a later version of Kea refuses at its start, or that stop the service there.

Source: real daemons of 2.6.3, 3.0.4 and a build of 3.3.1, and Kea's ChangeLog. The versions and the remedies are in
`kea_exporter.requirements.upgrade`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kea_exporter.kea.reading import as_map, as_text
from kea_exporter.kea.review.high_availability import (
    control_ports,
    has_dedicated_listener,
    listens,
    name_of,
    own_peer,
    port_of,
)
from kea_exporter.kea.review.operation import HTTP_ADDRESS, HTTP_PORT
from kea_exporter.kea.review.paths import control_sockets, entries_of, outside_folders
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.prepared import Prepared, Tree

    Findings = Iterator[tuple[str, str]]

WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104 - what a socket of Kea listens on
# By the type of a database.
DATABASE_HOOKS = {"mysql": "mysql", "postgresql": "pgsql"}
REMOVED_HOOKS = ("mysql_cb", "pgsql_cb")
DEFAULT_PASSWORDS = {"1234", "keatest", "*****"}
TLS_KEYS = ("trust-anchor", "cert-file", "key-file")
KEYS_OF_HTTP = ("socket-address", "socket-port", "authentication", *TLS_KEYS, "cert-required", "http-headers")
LIFETIMES = {f"{bound}{kind}-lifetime" for kind in ("valid", "preferred") for bound in ("", "min-", "max-")}
REMOVED_DDNS_KEYS = (
    "qualifying-suffix",
    "override-no-update",
    "override-client-update",
    "replace-client-name",
    "generated-prefix",
    "hostname-char-set",
    "hostname-char-replacement",
)
SPELLINGS = (
    ("client-class", "client-classes"),
    ("require-client-classes", "evaluate-additional-classes"),
    ("control-socket", "control-sockets"),
    ("ddns-use-conflict-resolution", "ddns-conflict-resolution-mode"),
    ("output_options", "output-options"),
)
OLD_SPELLINGS = {old for old, _ in SPELLINGS}


def blockers(configuration: Prepared) -> Findings:
    """Yield what some later version refuses; which one is not judged here."""
    yield from _databases(configuration)
    yield from _hooks(configuration)
    yield from outside_folders(configuration)
    yield from _sockets(configuration)
    yield from _listeners(configuration)
    yield from _partners(configuration)
    yield from _keys(configuration)
    yield from _levels(configuration)
    yield from _loggers_and_pools(configuration)
    for key in entries_of(configuration.tree, "tsig-keys"):
        if "secret" in key:
            yield "clear_tsig_secret", f"the TSIG key {printable(str(key.get('name')))} has its secret in clear text"


def databases_of(tree: Tree) -> Iterator[tuple[str, Tree]]:
    """Yield the databases that a configuration names, with the key that names them."""
    control = as_map(tree.get("config-control") or {}, "config-control")
    lease = tree.get("lease-database")
    single = tree.get("hosts-database")
    for key, entries in (
        ("lease-database", [lease] if lease else []),
        ("hosts-databases", [*entries_of(tree, "hosts-databases"), *([single] if single else [])]),
        ("config-databases", entries_of(control, "config-databases")),
    ):
        yield from ((key, as_map(entry, key)) for entry in entries)


def _databases(configuration: Prepared) -> Findings:
    for key, entry in databases_of(configuration.tree):
        kind = as_text(entry.get("type", "memfile"), "type")
        if kind in DATABASE_HOOKS:
            yield "database_schema", f"{key} is of type {kind}"
            if DATABASE_HOOKS[kind] not in configuration.hooks:
                hook = f"libdhcp_{DATABASE_HOOKS[kind]}.so"
                yield "database_hook_missing", f"{key} is of type {kind}, and {hook} is not in hooks-libraries"
        if kind == "cql":
            yield "removed_keys", f"{key} is of type cql"
        if entry.get("password") in DEFAULT_PASSWORDS:
            yield "default_password", f"{key} has a password that Kea refuses"


def _hooks(configuration: Prepared) -> Findings:
    for name in REMOVED_HOOKS:
        if name in configuration.hooks:
            yield "removed_hook", f"libdhcp_{name}.so is in hooks-libraries"


def _sockets(configuration: Prepared) -> Findings:
    """Yield control sockets that a later version refuses, whether or not anybody uses them."""
    if "control-socket" in configuration.tree:
        yield "singular_control_socket", "the configuration has the key control-socket"
    for socket in control_sockets(configuration.tree):
        if socket.get("socket-type") == "unix":
            if foreign := [key for key in KEYS_OF_HTTP if key in socket]:
                name = printable(str(socket.get("socket-name")))
                yield "keys_on_unix_socket", f"the unix socket {name} has {', '.join(foreign)}"
        else:
            yield from _http_socket(socket)


def _http_socket(socket: Tree) -> Findings:
    kind, address, port = _listener(socket)
    where = f"the {printable(kind)} socket on {printable(address)} port {port}"
    # An empty authentication is enough for Kea, though it lets everybody in (measured).
    if kind == "http" and "authentication" not in socket and not all(socket.get(key) for key in TLS_KEYS):
        yield "open_http_socket", f"{where} has neither authentication nor TLS"
    for client in entries_of(as_map(socket.get("authentication") or {}, "authentication"), "clients"):
        if clear := [key for key in ("user", "password") if key in client]:
            yield "clear_credentials", f"{where} has a client with {' and '.join(clear)} in clear text"
        if client.get("password") in DEFAULT_PASSWORDS:
            yield "default_password", f"{where} has a client with a password that Kea refuses"


def _listener(socket: Tree) -> tuple[str, str, int]:
    port = socket.get("socket-port", HTTP_PORT)
    return str(socket.get("socket-type")), str(socket.get("socket-address", HTTP_ADDRESS)), port


def _listeners(configuration: Prepared) -> Findings:
    """Yield two listeners of the daemon on one port: control sockets, and those of the hook library for partners."""
    sockets = [socket for socket in control_sockets(configuration.tree) if socket.get("socket-type") != "unix"]
    by_port: dict[int, set[str]] = {}
    for address, port in (_listener(socket)[1:] for socket in sockets):
        # Kea opens one socket for two equal entries (measured).
        if address not in by_port.get(port, {address}) and _collide(address, by_port[port]):
            yield "listeners_collide", f"two control sockets use {printable(address)} port {port}"
        by_port.setdefault(port, set()).add(address)
    for relationship in configuration.relationships:
        url = urlsplit(str((own_peer(relationship) or {}).get("url", "")))
        address, port = url.hostname or "", port_of(url.geturl()) or 0
        if has_dedicated_listener(configuration, relationship) and _collide(address, by_port.get(port, set())):
            yield (
                "listeners_collide",
                f"a control socket and the listener for partners use {printable(address)} port {port}",
            )


def _collide(address: str, others: set[str]) -> bool:
    """Return whether a listener cannot have this address beside others on the same port."""
    return bool(others) and (address in others or address in WILDCARDS or not WILDCARDS.isdisjoint(others))


def _partners(configuration: Prepared) -> Findings:
    ports = control_ports(configuration)
    for relationship in configuration.relationships:
        if not listens(configuration, relationship, ports):
            yield "partners_through_agent", f"{name_of(relationship)} has no listener of its own for the partner"


def _keys(configuration: Prepared) -> Findings:
    """Yield values and keys that are refused from some version on."""
    tree = configuration.tree
    name = as_map(tree.get("lease-database") or {}, "lease-database").get("name")
    if isinstance(name, str) and name.rpartition("/")[2] in {".", ".."}:
        yield "lease_file_without_name", f"name of lease-database is {printable(name)}"
    if "hosts-database" in tree and "hosts-databases" in tree:
        yield "hosts_database_twice", "hosts-database and hosts-databases are both set"
    for key in REMOVED_DDNS_KEYS:
        if key in as_map(tree.get("dhcp-ddns") or {}, "dhcp-ddns"):
            yield "removed_keys", f"dhcp-ddns has {key}"


def _levels(configuration: Prepared) -> Findings:
    """Yield keys and values that are refused wherever they are: of the daemon, networks, classes and subnets."""
    for where, holder in _holders(configuration):
        for key in LIFETIMES.intersection(holder):
            if holder[key] < 0:
                yield "negative_lifetime", f"{key} of {where} is {holder[key]}"
        if "reservation-mode" in holder:
            yield "removed_keys", f"{where} has reservation-mode"
        if "ip-address" in holder.get("relay", ()):
            yield "removed_keys", f"relay of {where} has ip-address"
        if not OLD_SPELLINGS.isdisjoint(holder):
            yield from _both_spellings(where, holder)


def _loggers_and_pools(configuration: Prepared) -> Findings:
    for logger in entries_of(configuration.tree, "loggers"):
        yield from _both_spellings("a logger", logger)
    for subnet in configuration.subnets:
        for pool in (*subnet.entry.get("pools", ()), *subnet.entry.get("pd-pools", ())):
            if not OLD_SPELLINGS.isdisjoint(pool):
                yield from _both_spellings(subnet, pool)


def _both_spellings(where: object, holder: Mapping[str, Any]) -> Findings:
    """Yield keys that are there in their old and their new spelling; only a file can have both."""
    for old, new in SPELLINGS:
        if old in holder and new in holder:
            yield "both_spellings", f"{where} has {old} and {new}"


def _holders(configuration: Prepared) -> Iterator[tuple[object, Mapping[str, Any]]]:
    """Yield whatever holds parameters of leases: the daemon, shared networks, subnets and client classes."""
    tree = configuration.tree
    yield "the daemon", tree
    for network in configuration.networks:
        yield network, network.entry
    for entry in entries_of(tree, "client-classes"):
        yield f"client class {printable(str(entry.get('name')))}", entry
    for subnet in configuration.subnets:
        yield subnet, subnet.entry
