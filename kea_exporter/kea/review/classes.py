"""Review of client classes (Kea ARM, "Client Classification")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.kea.reading import as_list, as_text
from kea_exporter.kea.review.model import guards_of, is_built_in
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.review.model import Reviewed

    Findings = Iterator[tuple[str, str]]

# Keys that name client classes.
NAMING = {"client-class", "client-classes", "evaluate-additional-classes", "require-client-classes"}
# Libraries that add classes which the configuration does not define.
DEFINING_HOOKS = {"class_cmds", "radius", "flex_id", "rbac"}


def unknown_classes(configuration: Reviewed) -> Findings:
    """Yield guards and evaluations that name a client class which nothing defines.

    Nothing is said where a database or a hook library may define classes, or put clients in them.
    """
    further = configuration.has_configuration_databases or configuration.has_further_hosts
    if further or DEFINING_HOOKS & configuration.hooks.keys():
        return
    known = configuration.classes.keys() | _of_hosts(configuration)
    for where, entry, pools in _guarded(configuration):
        for name in _named(entry):
            if name not in known and not is_built_in(name):
                yield "undefined_class", f"{where} names the client class {printable(name)}, which is not defined"
        for pool in pools:
            for name in _named(pool):
                if name not in known and not is_built_in(name):
                    text = printable(str(pool.get("pool") or pool.get("prefix")))
                    yield (
                        "undefined_class",
                        f"pool {text} of {where} names the client class {printable(name)}, which is not defined",
                    )


def _of_hosts(configuration: Reviewed) -> set[str]:
    """Return the classes that reservations assign to their hosts."""
    hosts = [*as_list(configuration.tree.get("reservations", []), "reservations")]
    hosts += [host for subnet in configuration.subnets for host in subnet.reservations]
    return {as_text(name, "client-classes") for host in hosts for name in host.get("client-classes", [])}


def _guarded(configuration: Reviewed) -> Iterator[tuple[object, Mapping[str, Any], list[dict[str, Any]]]]:
    for network in configuration.networks:
        yield network, network.entry, []
    for subnet in configuration.subnets:
        yield subnet, subnet.entry, [*(pool.entry for pool in subnet.pools), *subnet.pd_pools]


def _named(entry: Mapping[str, Any]) -> list[str]:
    if not NAMING.intersection(entry):
        return []
    further = entry.get("evaluate-additional-classes") or entry.get("require-client-classes") or []
    return [*guards_of(entry), *(as_text(name, "evaluate-additional-classes") for name in further)]
