"""The parts of the canonical form that a daemon has for all subnets together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.kea.addresses import NO_ADDRESS
from kea_exporter.kea.canonical.hosts import reservations
from kea_exporter.kea.canonical.keys import (
    BESIDE_PLAIN,
    LOCAL,
    SECTIONS,
    TIMER_DEFAULTS,
    TIMERS,
    TIMERS_OF_DAEMON,
    is_ddns,
)
from kea_exporter.kea.canonical.options import OPTION_DATA, options
from kea_exporter.kea.canonical.values import REMARKS, grouped, single
from kea_exporter.kea.reading import as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kea_exporter.kea.canonical.values import Items
    from kea_exporter.kea.prepared import Prepared, Tree

# Where the daemons of the two servers meet DNS: addresses of each server's own.
LOCAL_DDNS = {"server-ip", "server-port", "sender-ip", "sender-port"}
# Of databases and servers that a hook connects to: each server may have its own.
OF_CONNECTIONS = {"host", "port", "user", "user-file", "password", "password-file", "secret", "secret-file"}
# What config-get shows of a client class where nothing is configured.
NOTHING: tuple[object, ...] = ("", NO_ADDRESS, None, [], False)


def daemon_options(configuration: Prepared, space: str) -> Items:
    """Return the options for all subnets, and the definitions of options."""
    definitions = _maps(configuration.tree, "option-def")
    defined = (
        (
            f"definition {definition.get('space') or space}:{definition.get('code')}",
            {key: value for key, value in definition.items() if key not in REMARKS | {"space", "code"}},
        )
        for definition in definitions
    )
    return options(configuration.tree, space) | grouped(defined)


def daemon_reservations(configuration: Prepared, space: str) -> Items:
    """Return the host reservations for all subnets."""
    return reservations(_maps(configuration.tree, "reservations"), space)


def client_classes(configuration: Prepared, space: str, without: Collection[str]) -> Items:
    """Return the client classes but for some; their order has a meaning, so each has its place."""
    entries = _maps(configuration.tree, "client-classes")
    named = [(as_text(entry.get("name") or "", "name"), entry) for entry in entries]
    shown = [(name, entry) for name, entry in named if name not in without]
    return single({f"{place}. {name}": _client_class(entry, space) for place, (name, entry) in enumerate(shown, 1)})


def _client_class(entry: Mapping[str, Any], space: str) -> dict[str, Any]:
    beside = REMARKS | {"name", "test", OPTION_DATA, "only-if-required", "only-in-additional-list"}
    found = {key: value for key, value in entry.items() if key not in beside and value not in NOTHING}
    if test := entry.get("test"):
        found["test"] = as_text(test, "test").strip()
    # Kea 2.6 has the former key.
    if entry.get("only-in-additional-list", entry.get("only-if-required", False)):
        found["only-in-additional-list"] = True
    return found | options(entry, space)


def daemon_timers(configuration: Prepared) -> Items:
    """Return the timers for all subnets."""
    keys = TIMERS | TIMERS_OF_DAEMON
    return single({**TIMER_DEFAULTS, **{key: value for key, value in configuration.tree.items() if key in keys}})


def daemon_ddns(configuration: Prepared) -> Items:
    """Return the settings of DNS updates, without the addresses on which they are sent."""
    section = as_map(configuration.tree.get("dhcp-ddns") or {}, "dhcp-ddns")
    sent = {f"dhcp-ddns {key}": value for key, value in section.items() if key not in LOCAL_DDNS | REMARKS}
    return single(sent | {key: value for key, value in configuration.tree.items() if is_ddns(key)})


def hooks(configuration: Prepared) -> Items:
    """Return the hook libraries with their parameters; those of ha are a part of their own."""
    return single(
        {
            name: {} if name == "ha" else _without_connections(parameters)
            for name, parameters in configuration.hooks.items()
        }
    )


def _without_connections(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _without_connections(inner) for key, inner in value.items() if key not in OF_CONNECTIONS}
    if isinstance(value, list):
        return [_without_connections(inner) for inner in value]
    return value


def lease_database(configuration: Prepared) -> Items:
    """Return the type of the lease database, and whether memfile outlives a restart."""
    section = as_map(configuration.tree.get("lease-database") or {}, "lease-database")
    kind = section.get("type")
    return single({"type": kind, **({"persist": section.get("persist", True)} if kind == "memfile" else {})})


def daemon_other(configuration: Prepared) -> Items:
    """Return the further settings of the daemon, and the types of its hosts databases."""
    found = {key: value for key, value in configuration.tree.items() if _is_other(key)}
    databases = sorted(as_text(entry.get("type") or "", "type") for entry in _hosts_databases(configuration.tree))
    return single(found | ({"hosts-databases": databases} if databases else {}))


def _is_other(key: str) -> bool:
    beside = key in BESIDE_PLAIN or key in LOCAL or key in SECTIONS
    return not (beside or key in TIMERS or key in TIMERS_OF_DAEMON or is_ddns(key))


def _hosts_databases(tree: Tree) -> Iterator[Tree]:
    if alone := tree.get("hosts-database"):
        yield as_map(alone, "hosts-database")
    yield from _maps(tree, "hosts-databases")


def _maps(holder: Mapping[str, Any], key: str) -> list[Tree]:
    return [as_map(value, key) for value in as_list(holder.get(key) or [], key)]
