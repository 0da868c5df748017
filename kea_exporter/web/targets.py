"""Targets: those that /probe accepts, by name or by an allowed address, and those that /sd lists."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from kea_exporter.config.values import DEFAULT_PORTS, parse_url
from kea_exporter.facts.failure import Reason
from kea_exporter.facts.snapshot import Daemon, TransportKind
from kea_exporter.text import host_and_port
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.names import RESOLVER
from kea_exporter.web.parameters import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from urllib.parse import SplitResult

    from starlette.requests import Request

    from kea_exporter.config import DaemonSettings, Settings
    from kea_exporter.config.settings import AllowedTargets
    from kea_exporter.transport.deadline import Deadline


def is_address(asked: Mapping[str, str]) -> bool:
    """Return whether a request is about an address, and not a server of the configuration."""
    return "://" in asked.get("target", "")


def wanted(settings: Settings, asked: Mapping[str, str], deadline: Deadline) -> tuple[DaemonSettings, ...]:
    """Return the daemons that a request is about.

    `target` is the name of a server, a name and a daemon such as `dhcp-a/dhcp4`, or an address such as
    `https://10.20.0.7:8001` that `probe: allowed_targets` allows; then `daemon` says what answers there [dhcp4]. Of a
    name that is not resolved within the deadline, the probe fails.

    Raises:
        BadRequestError: there is no such target, or it is not allowed.
    """
    target = asked.get("target", "")
    if not target:
        raise BadRequestError(
            "the parameter target is missing: use /probe?target=SERVER or /probe?target=SERVER/DAEMON"
        )
    if is_address(asked):
        return (_free(settings, target, asked.get("daemon", str(Daemon.DHCP4)), deadline),)
    server, _, daemon = target.partition("/")
    found = tuple(
        entry
        for entry in settings.daemons
        if entry.target.server == server and daemon in {"", str(entry.target.daemon)}
    )
    if not found:
        raise BadRequestError("unknown target: no configured server or daemon has this name")
    return found


def _free(settings: Settings, target: str, daemon: str, deadline: Deadline) -> DaemonSettings:
    if not settings.allowed_targets:
        raise BadRequestError("only configured servers can be probed; see allowed_targets", HTTPStatus.FORBIDDEN)
    if daemon not in set(map(str, Daemon)):
        raise BadRequestError(f"unknown daemon; use one of: {', '.join(map(str, Daemon))}")
    try:
        url = parse_url(target)
    except ValueError as error:
        raise BadRequestError(f"invalid target: {error}") from None
    if url.scheme not in DEFAULT_PORTS or url.path not in {"", "/"}:
        raise BadRequestError("invalid target; use https://ADDRESS:PORT or http://ADDRESS:PORT")
    return _allowed(settings, url, Daemon(daemon), deadline)


def _allowed(settings: Settings, url: SplitResult, daemon: Daemon, deadline: Deadline) -> DaemonSettings:
    """Resolve the name once, and go on with the very address that was looked at: it might change in between."""
    host, port = url.hostname or "", url.port or DEFAULT_PORTS[url.scheme]
    by_port = [allowed for allowed in settings.allowed_targets if port in allowed.ports]
    try:
        addresses = RESOLVER.resolve(host, port, deadline) if by_port else []
    except TransportError as error:
        if error.failure.reason is Reason.NAME_NOT_RESOLVED:
            raise BadRequestError("the name of the target cannot be resolved") from None
        return replace(_settings(by_port[0], url, daemon, None), unresolved=error.failure)
    for address in (found.host.partition("%")[0] for found in addresses):
        for allowed in by_port:
            if _allows(allowed, address):
                return _settings(allowed, url, daemon, address)
    raise BadRequestError("no entry of allowed_targets allows this address and port", HTTPStatus.FORBIDDEN)


def _allows(allowed: AllowedTargets, address: str) -> bool:
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(network.version == found.version and found in network for network in allowed.networks)


def _settings(allowed: AllowedTargets, url: SplitResult, daemon: Daemon, address: str | None) -> DaemonSettings:
    template, kind = allowed.template, TransportKind(url.scheme)
    if kind is TransportKind.HTTP and template.credentials is not None:
        raise BadRequestError(
            "credentials are sent over https only; use https:// or an auth without basic_auth", HTTPStatus.FORBIDDEN
        )
    host, port = url.hostname or "", url.port or DEFAULT_PORTS[url.scheme]
    shown = host_and_port(host, port)
    target = replace(
        template.target,
        server=shown,
        daemon=daemon,
        kind=kind,
        url=f"{url.scheme}://{shown}",
        host=host,
        verified_name=template.target.verified_name or host,
    )
    return replace(template, target=target, port=port, address=address)


ADDRESS = re.compile(r"[A-Za-z0-9.\-_]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")


def target_groups(servers: Iterable[str], request: Request) -> list[dict[str, object]]:
    """Return one group of targets for each server: this exporter, asked at /probe for that server.

    The `instance` of each is the server, so that Prometheus can tell them apart.
    """
    host = request.headers.get("Host", "")
    address = host if ADDRESS.fullmatch(host) else "localhost"
    return [
        {
            "targets": [address],
            "labels": {
                "__scheme__": request.url.scheme,
                "__metrics_path__": "/probe",
                "__param_target": server,
                "instance": server,
            },
        }
        for server in servers
    ]
