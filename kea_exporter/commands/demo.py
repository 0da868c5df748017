"""`kea-exporter demo`: a simulated fleet and an exporter for it, without Kea."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Never

import click

from kea_exporter import logs
from kea_exporter.commands.common import load
from kea_exporter.commands.output import CommandError, print_text
from kea_exporter.httpd import ListenError, address_of, endpoints, listen, serve
from kea_exporter.reloader import Reloader
from kea_exporter.service import Service
from kea_exporter.web import WebOptions, create_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from kea_simulator.fleet import Fleet

USUAL_ADDRESS, ANY_PORT = "127.0.0.1:9547", "127.0.0.1:0"


@click.command("demo")
@click.option(
    "--web.listen-address",
    "addresses",
    multiple=True,
    help=f"Address to listen on; may be given several times [{USUAL_ADDRESS}, or a free port].",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the random numbers.")
def demo_command(addresses: Sequence[str], seed: int) -> None:
    """Run simulated Kea servers, some with faults, and the exporter on them, until Ctrl-C.

    Needs neither root nor Kea, listens on loopback only, and leaves nothing behind.
    """
    # No other command loads the simulated Kea, and neither does --help.
    from kea_simulator.fleet import PASSWORD, USER, Fleet  # noqa: PLC0415

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end)
    # A terminal was closed: the same, by whoever handles that now.
    signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    logs.configure("warn", "logfmt")
    sockets = _sockets(addresses)
    with (
        tempfile.TemporaryDirectory(prefix="kea-exporter-demo-") as folder,
        Fleet(Path(folder), seed, _steady_clock()) as fleet,
    ):
        print_text(_welcome(fleet, address_of(sockets[0]), f"{USER}:{PASSWORD}"))
        _serve(fleet.config_file, sockets)


def _end(*_: object) -> Never:
    # A second Ctrl-C must not come between: nothing is to be left behind.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _sockets(addresses: Sequence[str]) -> list[socket.socket]:
    try:
        return listen(addresses or [USUAL_ADDRESS])
    except ListenError as error:
        if addresses:
            raise CommandError(str(error)) from None
    return listen([ANY_PORT])


def _steady_clock() -> Callable[[], float]:
    """Return a clock that never goes back: what it drives only rises."""
    difference = time.time() - time.monotonic()
    return lambda: time.monotonic() + difference


def _serve(config_file: Path, sockets: list[socket.socket]) -> None:
    settings = load(config_file)
    service = Service.of(settings, lambda: settings)
    service.start()
    try:
        serve(endpoints(create_app(service, WebOptions(), Reloader()), sockets), service.stop)
    finally:
        service.stop()


def _welcome(fleet: Fleet, address: str, credentials: str) -> str:
    lines = [f"  {place.server:<15}{place.daemon:<6}{place.url:<24}{place.about}" for place in fleet.places]
    check = f"{_program()} check --config.file {fleet.config_file}"
    return WELCOME.format(
        servers="\n".join(lines),
        address=address,
        credentials=credentials,
        check=check,
        folder=fleet.config_file.parent,
        first=fleet.places[0].url,
    )


def _program() -> str:
    """Return how this program was called."""
    return f"{sys.executable} -m kea_exporter" if sys.argv[0].endswith("__main__.py") else sys.argv[0]


WELCOME = """
Simulated Kea servers run here, and the exporter judges them:

{servers}

  open  http://{address}/
        http://{address}/metrics

  try   {check}
        {check} --server hooks-missing --output json
        curl -s http://{address}/metrics | grep -E '^kea_(up|probe_failure|requirement_met)'
        curl -s http://{address}/metrics | grep ^kea_subnet_addresses_assigned    # and again after a while
        cd {folder}
        curl -s --cacert ca.pem --cert exporter.pem --key exporter-key.pem -u {credentials} \\
            -H 'Content-Type: application/json' -d '{{"command": "status-get"}}' {first}

Ctrl-C ends all of it.
"""
