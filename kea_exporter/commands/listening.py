"""Where `serve` listens, and how its pages are protected: options to sockets, every error with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import structlog

from kea_exporter import __version__
from kea_exporter.commands.common import all_errors
from kea_exporter.commands.output import CommandError
from kea_exporter.config import ConfigError
from kea_exporter.httpd import ListenError, WebConfig, address_of, connection_limit, inherited, listen, unprotected

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from kea_exporter.httpd import Protection

HEALTH_OPTION = "--web.health-listen-address"

log = structlog.get_logger("main")

web_config_file = click.option(
    "--web.config.file",
    "web_config_file",
    type=click.Path(path_type=Path),
    help="Web configuration file in the format of Prometheus exporters: TLS, users, headers.",
)
systemd_socket = click.option(
    "--web.systemd-socket",
    "systemd_socket",
    is_flag=True,
    help="Listen on the sockets of a systemd .socket unit, instead of --web.listen-address.",
)
health_address = click.option(
    HEALTH_OPTION,
    "health_address",
    help="Address of a plain HTTP listener for /-/healthy and /-/ready only, without authentication.",
)
max_connections = click.option(
    "--web.max-connections",
    "max_connections",
    type=click.IntRange(8, 65535),
    default=512,
    show_default=True,
    help="Maximum number of connections; at the limit, an idle connection is closed for a new one.",
)


def protection_by(file: Path | None) -> Callable[[], Protection]:
    """Return what gives the protection in force; none without a *file*.

    Raises:
        CommandError: the file has errors; the message has all of them.
    """
    if file is None:
        return unprotected
    try:
        return WebConfig(file).now
    except ConfigError as error:
        raise all_errors(error.errors, str(file)) from None


def sockets_at(
    addresses: Sequence[str], health: str | None, *, from_systemd: bool
) -> tuple[list[socket.socket], list[socket.socket]]:
    """Return the sockets of the pages, and those for health alone.

    Raises:
        CommandError: one cannot be had.
    """
    try:
        sockets = inherited() if from_systemd else listen(addresses)
        health_sockets = listen([health], HEALTH_OPTION) if health else []
    except ListenError as error:
        raise CommandError(str(error)) from None
    for purpose, found in (("pages", sockets), ("health", health_sockets)):
        for sock in found:
            log.info("listening", address=address_of(sock), purpose=purpose, version=__version__)
    return sockets, health_sockets


def connections_for(wanted: int, daemons: int) -> int:
    """Return how many connections there may be, and say so where that is less than was *wanted*."""
    limit = connection_limit(wanted, daemons)
    if limit < wanted:
        advice = "raise LimitNOFILE= of the unit, or ulimit -n"
        log.warning("connection limit reduced by the limit on open files", wanted=wanted, limit=limit, advice=advice)
    return limit
