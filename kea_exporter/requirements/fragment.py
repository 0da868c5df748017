"""The configuration fragment of a daemon: everything that its fixable causes change in Kea's configuration, merged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kea_exporter.config import hook_requirement
from kea_exporter.facts.failure import Failure, UnknownFactError
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon, TransportKind
from kea_exporter.requirements.hooks import COMMAND_OF_HOOK, library_of
from kea_exporter.requirements.socket_in_use import socket_in_use
from kea_exporter.text import printable

if TYPE_CHECKING:
    from kea_exporter.facts.configuration import Authentication, Configuration, ControlSocket
    from kea_exporter.requirements.model import Report

FIRST_WITH_HTTP_SOCKETS = (2, 7, 2)
DIRECTORY = "/etc/kea"
TLS_FILES = (f"{DIRECTORY}/ca.pem", f"{DIRECTORY}/cert.pem", f"{DIRECTORY}/key.pem")
MAX_LINE = 1000
ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - of a daemon that has no address yet
PORTS = {Daemon.DHCP4: 8001, Daemon.DHCP6: 8002, Daemon.D2: 8003}
HSTS = ("Strict-Transport-Security", "max-age=31536000")
NEW_AUTHENTICATION = {
    "authentication-configured no_authentication",
    "authentication-configured no_clients",
    "authentication-type-basic not_basic",
    "authentication-realm-matches other_realm",
    "credentials-in-files clear_text",
}
USES_TLS = {"control-socket-uses-tls plain_http", "control-socket-uses-tls not_tls"}
NEW_SOCKET = "control-socket-over-http no_http_socket"
BOUND = "control-socket-address-matches not_bound"
CLIENT_CERTIFICATE = "client-certificate-required not_required"
HEADER = "hsts-header-present no_header"
INTERFACES = "service-running no_interfaces"
# The hook ha needs parameters of its own, and cb_cmds is not in the open source packages.
HOOKS = tuple(hook for hook in COMMAND_OF_HOOK if hook not in {"ha", "cb_cmds"})
# Requirement and cause of everything that a fragment fixes.
FIXABLE = frozenset(
    {*NEW_AUTHENTICATION, *USES_TLS, NEW_SOCKET, BOUND, CLIENT_CERTIFICATE, HEADER, INTERFACES}
    | {f"{hook_requirement(hook)} not_configured" for hook in HOOKS}
)

FRAGMENT_NOTE = (
    "Put these keys into Kea's configuration. Keys that an entry does not show stay, such as the parameters of a hook "
    "library. Create the files that are named, and check the result with -t."
)

Tree = dict[str, Any]


def fragment_of(report: Report) -> str:
    """Return the keys to put into the daemon's configuration, as JSON; empty where no cause is fixed there.

    All entries of hooks-libraries and control-sockets are there; what an entry does not show stays as it is. No secret
    is in it: clients are named by their files.
    """
    configuration, version, target = report.snapshot.configuration, report.snapshot.version, report.snapshot.target
    if isinstance(configuration, Failure) or isinstance(version, Failure) or target.control_agent:
        return ""
    if version.numbers < FIRST_WITH_HTTP_SOCKETS or configuration.root != ROOT_KEYS[target.daemon]:
        return ""
    causes = {
        f"{verdict.requirement.id} {problem.cause.id}" for verdict in report.verdicts for problem in verdict.problems
    }
    keys: Tree = {}
    if INTERFACES in causes:
        keys["interfaces-config"] = {"interfaces": ["*"]}
    if sockets := _sockets(report, configuration, causes):
        keys["control-sockets"] = sockets
    if missing := [hook for hook in HOOKS if f"{hook_requirement(hook)} not_configured" in causes]:
        libraries = dict.fromkeys((*configuration.hooks, *map(library_of, missing)))
        keys["hooks-libraries"] = [{"library": library} for library in libraries]
    if not keys:
        return ""
    lines = json.dumps({configuration.root: keys}, indent=2).splitlines()
    return "\n".join(printable(line, MAX_LINE) for line in lines)


def _sockets(report: Report, configuration: Configuration, causes: set[str]) -> list[Tree]:
    """Return all control sockets, where one of them changes."""
    changes = causes & {*NEW_AUTHENTICATION, *USES_TLS, NEW_SOCKET, BOUND, CLIENT_CERTIFICATE, HEADER}
    if not changes:
        return []
    try:
        in_use = None if report.snapshot.authentication_result is None else socket_in_use(report.snapshot)
    except UnknownFactError:
        in_use = None
    sockets = [_socket(report, socket, changes if socket is in_use else set()) for socket in configuration.sockets]
    if NEW_SOCKET in changes or (BOUND in changes and in_use is None):
        sockets.append(_new_socket(report))
    return sockets


def _socket(report: Report, socket: ControlSocket, changes: set[str]) -> Tree:
    if socket.kind == TransportKind.UNIX:
        return {"socket-type": "unix", "socket-name": socket.address}
    entry: Tree = {
        "socket-type": "https" if changes & USES_TLS else socket.kind,
        "socket-address": socket.address,
        "socket-port": socket.port,
    }
    connection = report.snapshot.connection
    if BOUND in changes and not isinstance(connection, Failure):
        entry |= {"socket-address": connection.address, "socket-port": connection.port}
    files = socket.tls_files or (TLS_FILES if changes & USES_TLS else None)
    if files is not None:
        entry |= dict(zip(("trust-anchor", "cert-file", "key-file"), files, strict=True))
        entry["cert-required"] = not socket.tls or socket.client_certificate_required or CLIENT_CERTIFICATE in changes
    headers = [*socket.headers, *([HSTS] if HEADER in changes else [])]
    if headers:
        entry["http-headers"] = [{"name": name, "value": value} for name, value in headers]
    if changes & NEW_AUTHENTICATION:
        entry["authentication"] = _authentication(report, socket.authentication)
    return entry


def _new_socket(report: Report) -> Tree:
    connection, daemon = report.snapshot.connection, report.snapshot.target.daemon
    address, port = ANY_ADDRESS, PORTS[daemon]
    if not isinstance(connection, Failure) and connection.port is not None:
        address, port = connection.address, connection.port
    entry: Tree = {
        "socket-type": "https",
        "socket-address": address,
        "socket-port": port,
        **dict(zip(("trust-anchor", "cert-file", "key-file"), TLS_FILES, strict=True)),
        "cert-required": True,
    }
    if daemon is not Daemon.D2:  # as of Kea 3.0.3, it takes none
        entry["http-headers"] = [{"name": HSTS[0], "value": HSTS[1]}]
    return {**entry, "authentication": _authentication(report, None)}


def _authentication(report: Report, found: Authentication | None) -> Tree:
    """Return an authentication with the required realm, and with clients in files where it has none or others."""
    realm = report.profile.realms.get(report.snapshot.target.daemon) or (found.realm if found else "")
    entry: Tree = {"type": "basic", **({"realm": realm} if realm else {})}
    if found is not None and found.clients and not found.clients_in_clear:
        return entry
    endings = ["", *(f"-{number}" for number in range(2, (found.clients if found else 0) + 1))]
    return {
        **entry,
        "directory": (found.directory if found else "") or DIRECTORY,
        "clients": [{"user-file": f"kea-user{end}", "password-file": f"kea-password{end}"} for end in endings],
    }
