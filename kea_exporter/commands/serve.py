"""`kea-exporter serve`: metrics for Prometheus until SIGTERM or SIGINT."""

from __future__ import annotations

import gc
import re
import socket
from functools import partial
from typing import TYPE_CHECKING

import click
import structlog

from kea_exporter import logs
from kea_exporter.commands.common import config_file, load
from kea_exporter.commands.listening import (
    connections_for,
    health_address,
    max_connections,
    protection_by,
    sockets_at,
    systemd_socket,
    web_config_file,
)
from kea_exporter.commands.output import CommandError
from kea_exporter.files import digest
from kea_exporter.httpd import Notifier, end_on_signals, endpoints, serve
from kea_exporter.process import give_memory_back
from kea_exporter.reloader import Reloader, ignore_hangup, reload_on_hangup
from kea_exporter.service import ReloadError, Service
from kea_exporter.watch import Watcher
from kea_exporter.web import WebOptions, create_app

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kea_exporter.config import Settings
    from kea_exporter.httpd import Endpoint

GC_THRESHOLD = 100_000
HOST_NAME = r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,10}"
DEFAULT_LISTEN = ":9547"
# Not that of another page.
TELEMETRY_PATH = r"/(?!-/|servers/|static/|api/|(?:collect|probe|sd)$)[A-Za-z0-9._~/-]+"


@click.command("serve")
@config_file
@click.option(
    "--web.listen-address",
    "addresses",
    multiple=True,
    default=(DEFAULT_LISTEN,),
    show_default=True,
    help="Address to listen on, or unix:/path; may be given several times.",
)
@systemd_socket
@health_address
@web_config_file
@max_connections
@click.option(
    "--web.telemetry-path",
    "path",
    default="/metrics",
    show_default=True,
    callback=lambda _, __, path: _own_path(path),
    help="Path of the metrics.",
)
@click.option(
    "--web.max-requests",
    "max_requests",
    type=click.IntRange(1, 1000),
    default=40,
    show_default=True,
    help="Maximum number of requests in flight that query Kea; further ones get 503.",
)
@click.option(
    "--web.own-host",
    "own_hosts",
    multiple=True,
    callback=lambda _, __, names: _host_names(names),
    help="Host name that POST requests may use, besides addresses, names without a dot and the machine's "
    "own; may be given several times.",
)
@click.option(
    "--probe.min-interval",
    "min_interval",
    type=click.FloatRange(0, 60),
    default=1.0,
    show_default=True,
    help="Minimum seconds between two probes of a daemon; requests in between get the last result.",
)
@click.option(
    "--timeout-offset",
    type=click.FloatRange(0, 60),
    default=0.5,
    show_default=True,
    help="Seconds subtracted from the scrape timeout of Prometheus.",
)
@click.option("--web.enable-lifecycle", "enable_lifecycle", is_flag=True, help="Enable reloads by POST to /-/reload.")
@click.option(
    "--config.enable-auto-reload",
    "auto_reload",
    is_flag=True,
    help="Reload the configuration when it or a file that it names changes.",
)
@click.option(
    "--config.auto-reload-interval",
    "reload_interval",
    type=click.FloatRange(1, 86400),
    default=30.0,
    show_default=True,
    help="Seconds between two checks of these files.",
)
@click.option("--log.level", "level", type=click.Choice(logs.LEVELS), default="info", show_default=True)
@click.option("--log.format", "log_format", type=click.Choice(logs.FORMATS), default="logfmt", show_default=True)
def serve_command(  # noqa: PLR0913 - one parameter per option
    config_file: Path,
    addresses: Sequence[str],
    path: str,
    max_requests: int,
    timeout_offset: float,
    *,
    own_hosts: frozenset[str],
    min_interval: float,
    systemd_socket: bool,
    health_address: str | None,
    web_config_file: Path | None,
    max_connections: int,
    enable_lifecycle: bool,
    auto_reload: bool,
    reload_interval: float,
    level: str,
    log_format: str,
) -> None:
    """Serve metrics to Prometheus until SIGTERM or Ctrl-C."""
    end_on_signals()
    reloader = Reloader()
    reload_on_hangup(reloader)
    give_memory_back()
    # Answers of Kea are many small lists, none of them cyclic: looking for cycles every 700 of them doubles the time.
    gc.set_threshold(GC_THRESHOLD)
    logs.configure(level, log_format)
    loaded = digest(config_file)
    settings, options = load(config_file), WebOptions(path, timeout_offset, max_requests, enable_lifecycle, own_hosts)
    notifier = Notifier()
    service = Service.of(settings, partial(_load_again, config_file, notifier), min_interval)
    watcher = Watcher(service, config_file, reload_interval, loaded) if auto_reload else None
    protection = protection_by(web_config_file)
    limit = connections_for(max_connections, len(settings.daemons))
    sockets, health_sockets = sockets_at(addresses, health_address, from_systemd=systemd_socket)
    served = endpoints(
        create_app(service, options, reloader), sockets, health_sockets, protection=protection, max_connections=limit
    )
    reloader.start(service.reload)
    _serve_until_signal(service, served, notifier, watcher)


def _serve_until_signal(
    service: Service, served: Sequence[Endpoint], notifier: Notifier, watcher: Watcher | None
) -> None:
    service.start()
    try:
        if watcher:
            watcher.start()
        serve(served, service.stop, notifier)
    finally:
        ignore_hangup()
        if watcher:
            watcher.stop()
        service.stop()
        structlog.get_logger("main").info("stopped")


def _own_path(path: str) -> str:
    if not re.fullmatch(TELEMETRY_PATH, path):
        raise click.BadParameter("write a path such as /metrics")
    return path


def _host_names(names: Sequence[str]) -> frozenset[str]:
    for name in names:
        if not re.fullmatch(HOST_NAME, name):
            raise click.BadParameter(f"{name} is not a host name; write a name without scheme and port")
    return frozenset(name.lower() for name in (*names, socket.gethostname()))


def _load_again(config_file: Path, notifier: Notifier) -> Settings:
    try:
        with notifier.reloading():
            return load(config_file)
    except CommandError as error:
        raise ReloadError(error.message) from None
