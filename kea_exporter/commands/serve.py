"""`kea-exporter serve`: metrics for Prometheus until the process is told to end."""

from __future__ import annotations

import gc
import re
from typing import TYPE_CHECKING

import click
import structlog

from kea_exporter import __version__, logs
from kea_exporter.audit import Auditor
from kea_exporter.collector import Collector
from kea_exporter.commands.common import CommandError, config_file, load
from kea_exporter.web import ListenError, WebOptions, address_of, create_app, end_on_signals, listen, serve

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

GC_THRESHOLD = 100_000
DEFAULT_LISTEN = ":9547"


@click.command("serve")
@config_file
@click.option(
    "--web.listen-address",
    "addresses",
    multiple=True,
    default=(DEFAULT_LISTEN,),
    show_default=True,
    help="Address to listen on; may be given several times.",
)
@click.option("--web.telemetry-path", "path", default="/metrics", show_default=True, help="Path of the metrics.")
@click.option(
    "--web.max-requests",
    "max_requests",
    type=click.IntRange(1, 1000),
    default=40,
    show_default=True,
    help="Requests for metrics answered at once; further ones get 503.",
)
@click.option(
    "--timeout-offset",
    type=click.FloatRange(0, 60),
    default=0.5,
    show_default=True,
    help="Seconds kept back of the time that Prometheus allows.",
)
@click.option("--log.level", "level", type=click.Choice(logs.LEVELS), default="info", show_default=True)
@click.option("--log.format", "log_format", type=click.Choice(logs.FORMATS), default="logfmt", show_default=True)
def serve_command(  # noqa: PLR0913, PLR0917 - one parameter per option
    config_file: Path,
    addresses: Sequence[str],
    path: str,
    max_requests: int,
    timeout_offset: float,
    level: str,
    log_format: str,
) -> None:
    """Serve metrics to Prometheus until SIGTERM or Ctrl-C."""
    end_on_signals()
    # Answers of Kea are many small lists, none of them cyclic: looking for cycles every 700 of them doubles the time.
    gc.set_threshold(GC_THRESHOLD)
    logs.configure(level, log_format)
    if not re.fullmatch(r"/(?!-/)[A-Za-z0-9._~/-]+", path):
        raise click.BadParameter("write a path such as /metrics", param_hint="--web.telemetry-path")
    settings = load(config_file)
    options = WebOptions(path, timeout_offset, max_requests)
    auditor = Auditor(settings.daemons)
    collector = Collector(audits=auditor.result)
    try:
        sockets = listen(addresses)
    except ListenError as error:
        raise CommandError(str(error)) from None
    log = structlog.get_logger("main")
    for sock in sockets:
        log.info("listening", address=address_of(sock), version=__version__)
    auditor.start()
    try:
        serve(create_app(settings, collector, options), sockets, collector.stop)
    finally:
        auditor.stop()
        collector.stop()
        log.info("stopped")
