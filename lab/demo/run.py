"""The demo: the exporter on a fleet of real servers, with Prometheus, Alertmanager, and faults to inject."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.alerts.rules import rules
from lab.demo.faults import faults_of
from lab.demo.menu import Counter, Menu, refuse_a_second
from lab.demo.receiver import Receiver, as_text
from lab.servers.alertmanager import Alertmanager, in_haste
from lab.servers.fleet import start_fleet
from lab.servers.postgresql import Postgresql
from lab.servers.processes import ENDS_WITH_US, accepts, free_port
from lab.servers.prometheus import Prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.kea import Lab

EXPORTER_PORT, PROMETHEUS_PORT, ALERTMANAGER_PORT = 9547, 9090, 9093
BUILD = Path("build")
CONFIG_FILE, CONTROL_SOCKET = BUILD / "demo.yml", BUILD / "demo.sock"
EXAMPLE = Path(__file__).parent.parent.parent / "prometheus/alertmanager.example.yml"
# Before the first scrape there is no exporter to be seen: the hold is longer than that.
INTERVAL, HOLD = "2s", "3s"


def run_demo(lab: Lab) -> int:
    """Run until Ctrl-C, and return the exporter's exit status."""
    refuse_a_second(CONTROL_SOCKET)
    print("starting seven Kea servers, PostgreSQL, Prometheus and Alertmanager ...", flush=True)
    BUILD.mkdir(exist_ok=True)
    port = _port(EXPORTER_PORT)
    with ExitStack() as stack:
        database = stack.enter_context(Postgresql(lab.chroot))
        menu = Menu(faults_of(start_fleet(lab, CONFIG_FILE, with_pair=True, database=database), database))
        counter = stack.enter_context(Counter(menu, CONTROL_SOCKET))
        receiver = stack.enter_context(Receiver(lambda message: print(as_text(message), flush=True)))
        configuration = in_haste(EXAMPLE.read_text(), receiver.url, INTERVAL, INTERVAL)
        alertmanager = stack.enter_context(Alertmanager(lab, configuration, _port(ALERTMANAGER_PORT)))
        process = stack.enter_context(_exporter(port))
        prometheus = stack.enter_context(_prometheus(lab, port, alertmanager.address))
        print(_welcome(port, prometheus.port, alertmanager.address, menu), flush=True)
        with suppress(KeyboardInterrupt):
            while process.poll() is None:
                counter.attend(seconds=0.2)
    return process.returncode


def _port(usual: int) -> int:
    return free_port() if accepts("127.0.0.1", usual) else usual


@contextmanager
def _exporter(port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = str(Path(sys.executable).with_name("kea-exporter"))
    arguments = ["serve", "--config.file", str(CONFIG_FILE), "--web.listen-address", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*ENDS_WITH_US, program, *arguments], stdin=subprocess.DEVNULL)  # noqa: S603 - ours
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _prometheus(lab: Lab, exporter_port: int, alertmanager: str) -> Prometheus:
    job = {
        "job_name": "kea",
        "scrape_interval": INTERVAL,
        "scrape_timeout": INTERVAL,
        "static_configs": [{"targets": [f"127.0.0.1:{exporter_port}"]}],
    }
    texts = {"rules.yml": rules(hold=HOLD)}
    return Prometheus(lab, [job], texts, alertmanager, evaluation_interval=INTERVAL, port=_port(PROMETHEUS_PORT))


def _welcome(port: int, prometheus_port: int, alertmanager: str, menu: Menu) -> str:
    by_number = "a number and Enter injects one, the same again repairs it;\n          " if sys.stdin.isatty() else ""
    return f"""
A fleet of real Kea servers runs: three and a pair are sound, each of the others has a fault.

  open    http://127.0.0.1:{port}/
          http://127.0.0.1:{port}/metrics
          http://127.0.0.1:{prometheus_port}/alerts   (Prometheus)
          http://{alertmanager}/          (Alertmanager)

  try     .venv/bin/kea-exporter check --config.file {CONFIG_FILE}
          .venv/bin/kea-exporter check --config.file {CONFIG_FILE} --server hooks-missing --output json
          curl -s http://127.0.0.1:{port}/metrics | grep -E '^kea_(up|probe_failure|requirement_met)'

  faults  {by_number}from another terminal: make fault-stop-daemon, make repair-stop-daemon

{menu}

What Alertmanager sends is printed here, within some 15 seconds of a fault: all intervals are short.
Ctrl-C ends the exporter and all servers.
"""
