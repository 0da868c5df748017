"""Review of client classes (Kea ARM, "Client Classification")."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from kea_exporter.kea.prepared import guards_of
from kea_exporter.kea.reading import as_list, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.kea.prepared import Prepared, PreparedNetwork, PreparedSubnet, Tree

    Findings = Iterator[tuple[str, str]]

# Classes that Kea defines itself (Kea ARM, "Built-in Client Classes").
BUILT_IN_CLASSES = {"ALL", "KNOWN", "UNKNOWN", "BOOTP", "DROP", "REJECT", "SKIP_DDNS"}
BUILT_IN_PREFIXES = ("VENDOR_CLASS_", "HA_", "AFTER_", "EXTERNAL_", "SPAWN_")
# Libraries that add classes which the configuration does not define.
DEFINING_HOOKS = {"class_cmds", "radius", "flex_id", "rbac"}


def unknown_classes(configuration: Prepared) -> Findings:
    """Yield guards and evaluations that name a client class which nothing defines.

    Nothing is said where a database or a hook library may define classes, or put clients in them.
    """
    further = configuration.has_configuration_databases or configuration.has_further_hosts
    if further or DEFINING_HOOKS & configuration.hooks.keys():
        return
    undefined = [
        (where, pool, name)
        for where, pool, name in _named(configuration)
        if name not in configuration.classes and not _is_built_in(name)
    ]
    of_hosts = _of_hosts(configuration) if undefined else set()
    for where, pool, name in undefined:
        if name not in of_hosts:
            text = f"pool {printable(str(pool.get('pool') or pool.get('prefix')))} of {where}" if pool else str(where)
            yield "undefined_class", f"{text} names the client class {printable(name)}, which is not defined"


def _of_hosts(configuration: Prepared) -> set[str]:
    """Return the classes that reservations assign to their hosts."""
    hosts = [*as_list(configuration.tree.get("reservations", []), "reservations")]
    hosts += [host for subnet in configuration.subnets for host in subnet.reservations]
    return {as_text(name, "client-classes") for host in hosts for name in host.get("client-classes", [])}


def _named(configuration: Prepared) -> Iterator[tuple[PreparedNetwork | PreparedSubnet, Tree | None, str]]:
    """Yield the client classes that are named, with the network or subnet, and with the pool where it names them."""
    entries: list[PreparedNetwork | PreparedSubnet] = [*configuration.networks, *configuration.subnets]
    for where in entries:
        for name in _of_entry(where.entry):
            yield where, None, name
    for subnet in configuration.subnets:
        for pool in chain((pool.entry for pool in subnet.pools), subnet.pd_pools):
            for name in _of_entry(pool):
                yield subnet, pool, name


def _of_entry(entry: Tree) -> list[str]:
    """Return the client classes that an entry names: its guards, and those that it evaluates."""
    guards = guards_of(entry)
    further = entry.get("evaluate-additional-classes") or entry.get("require-client-classes")
    return [*guards, *(as_text(name, "evaluate-additional-classes") for name in further)] if further else guards


def _is_built_in(name: str) -> bool:
    """Return whether Kea defines a client class itself."""
    return name in BUILT_IN_CLASSES or name.startswith(BUILT_IN_PREFIXES)
