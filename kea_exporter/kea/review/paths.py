"""Paths that Kea accepts only in its own folders (Kea ARM, "Kea Security"): hooks, sockets, leases, logs and scripts.

The folders are compiled in, so they differ between packages: only what no package has is found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.reading import as_list, as_map, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.prepared import Prepared, Tree

    Findings = Iterator[tuple[str, str]]

HOOKS = re.compile(r"/lib(64|/[\w-]+-linux-[\w-]+)?/kea/hooks")
SOCKETS, LEASES, LOGS = re.compile(r"/run/kea"), re.compile(r"/lib/kea"), re.compile(r"/log/kea")
SCRIPTS = re.compile(r"/share/kea/scripts")
NOT_FILES = ("stdout", "stderr", "syslog")


def outside_folders(configuration: Prepared) -> Findings:
    """Yield paths outside of the folders that Kea accepts from 2.6.3 on, and from 3.0 on those of hook libraries."""
    for entry in entries_of(configuration.tree, "hooks-libraries"):
        yield from _outside("path_not_allowed", "library", entry.get("library"), HOOKS)
    yield from _outside_for_files(configuration.tree)
    hooks = configuration.hooks
    script = hooks.get("run_script", {}).get("name")
    if script is not None and "/" not in as_text(script, "name"):
        yield "hook_path_not_allowed", f"name of run_script is {printable(script)}, without its folder"
    yield from _outside("hook_path_not_allowed", "name of run_script", script, SCRIPTS)
    yield from _outside("hook_path_not_allowed", "path of legal_log", _folder_of_log(hooks.get("legal_log", {})), LOGS)


def _outside_for_files(tree: Tree) -> Findings:
    for socket in control_sockets(tree):
        if socket.get("socket-type") == "unix":
            yield from _outside("path_not_allowed", "socket-name", socket.get("socket-name"), SOCKETS)
    database = as_map(tree.get("lease-database") or {}, "lease-database")
    if database.get("type", "memfile") == "memfile" and database.get("persist", True):
        yield from _outside("path_not_allowed", "name of lease-database", database.get("name"), LEASES)
    for logger in entries_of(tree, "loggers"):
        for output in [*entries_of(logger, "output-options"), *entries_of(logger, "output_options")]:
            target = output.get("output")
            if not as_text(target or "", "output").startswith(NOT_FILES):
                yield from _outside("path_not_allowed", "output of a logger", target, LOGS)


def _folder_of_log(parameters: Tree) -> str | None:
    """Return the folder of the forensic log with a slash, as of a file in it."""
    path = parameters.get("path")
    return None if path is None else f"{as_text(path, 'path').rstrip('/')}/"


def _outside(cause: str, key: str, path: object, allowed: re.Pattern[str]) -> Findings:
    folder, slash, _ = as_text(path or "", key).rpartition("/")
    # A bare file name means the folder that is compiled in.
    if slash and re.fullmatch(rf"(/.*)?{allowed.pattern}", folder) is None:
        yield cause, f"{key} is {printable(str(path))}"


def control_sockets(tree: Tree) -> list[Tree]:
    """Return the control sockets; before Kea 3.0 there is one, under the singular key."""
    single = tree.get("control-socket")
    sockets = as_list(tree.get("control-sockets", [single] if single else []), "control-sockets")
    return [as_map(socket, "control-sockets") for socket in sockets]


def entries_of(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the maps in a list of a configuration; none where it has no such key."""
    return [as_map(entry, key) for entry in as_list(holder.get(key, []), key)]
