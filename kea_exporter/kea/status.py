"""Facts of version-get, list-commands and status-get (Kea ARM, "Commands Supported by Both the DHCPv4 and ...")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.snapshot import Version
from kea_exporter.facts.status import DaemonStatus, DhcpState, MultiThreading
from kea_exporter.kea.high_availability import read_relationships
from kea_exporter.kea.reading import MalformedAnswerError, as_bool, as_int, as_list, as_map, as_number, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.kea.protocol import Answer

MAX_VERSION = 64
MAX_ERRORS = 5
MAX_SECONDS = 2**40


def read_version(answer: Answer) -> Version:
    """Return the version that the text of version-get begins with; what follows (`-git`, `-rc1`) is kept as text.

    Raises:
        MalformedAnswerError: the text does not begin with three numbers.
    """
    text = answer.text.strip()
    found = re.match(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?!\d)", text, re.ASCII)
    if found is None:
        raise MalformedAnswerError("'text' is not a version")
    return Version(int(found[1]), int(found[2]), int(found[3]), text[:MAX_VERSION])


def read_commands(answer: Answer) -> frozenset[str]:
    """Return the names of the registered commands; list-commands alone gives its arguments as a list."""
    names = as_list(answer.arguments, "arguments")
    return frozenset(as_text(name, "arguments") for name in names)


def read_status(answer: Answer) -> DaemonStatus:
    """Return the state of the daemon; only DHCP daemons have a `dhcp-state` and `sockets`."""
    arguments = answer.map
    sockets = as_map(arguments.get("sockets", {}), "sockets")
    errors = as_list(sockets.get("errors", []), "errors")
    return DaemonStatus(
        pid=as_int(arguments.get("pid"), "pid"),
        uptime_seconds=_seconds(arguments, "uptime"),
        reload_seconds=_seconds(arguments, "reload"),
        dhcp_state=_read_dhcp_state(arguments["dhcp-state"]) if "dhcp-state" in arguments else None,
        sockets_status=as_text(sockets["status"], "status") if "status" in sockets else None,
        sockets_errors=tuple(printable(as_text(error, "errors")) for error in errors[:MAX_ERRORS]),
        multi_threading=_read_multi_threading(arguments),
        extended_info_tables=_read_flag(arguments, "extended-info-tables"),
        relationships=read_relationships(arguments.get("high-availability", [])),
    )


def _seconds(arguments: Mapping[str, Any], key: str) -> int:
    seconds = as_int(arguments.get(key), key)
    if not 0 <= seconds <= MAX_SECONDS:
        raise MalformedAnswerError(f"'{key}' is no number of seconds")
    return seconds


def _read_multi_threading(arguments: Mapping[str, Any]) -> MultiThreading | None:
    enabled = _read_flag(arguments, "multi-threading-enabled")
    if not enabled:  # its other keys are there only where it is on (measured)
        return None if enabled is None else MultiThreading(enabled=False)
    lengths = as_list(arguments.get("packet-queue-statistics", []), "packet-queue-statistics")
    return MultiThreading(
        enabled=True,
        threads=_read_number(arguments, "thread-pool-size"),
        queue_size=_read_number(arguments, "packet-queue-size"),
        queue_lengths=tuple(as_number(length, "packet-queue-statistics") for length in lengths),
    )


def _read_flag(arguments: Mapping[str, Any], key: str) -> bool | None:
    return as_bool(arguments[key], key) if key in arguments else None


def _read_number(arguments: Mapping[str, Any], key: str) -> int | None:
    return as_int(arguments[key], key) if key in arguments else None


def _read_dhcp_state(value: object) -> DhcpState:
    state = as_map(value, "dhcp-state")
    return DhcpState(
        globally_disabled=as_bool(state.get("globally-disabled"), "globally-disabled"),
        by_user=as_bool(state.get("disabled-by-user"), "disabled-by-user"),
        by_local_command=_any_origin(state, "disabled-by-local-command"),
        by_remote_command=_any_origin(state, "disabled-by-remote-command"),
        by_database_connection=_any_origin(state, "disabled-by-db-connection"),
    )


def _any_origin(state: Mapping[str, Any], key: str) -> bool:
    return bool(as_list(state.get(key, []), key))
