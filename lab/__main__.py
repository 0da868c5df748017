"""Real servers for people: build them, run the exporter on a fleet of them, or record what they answer."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from lab.chroot import OLD, LabBuildError, LabUnavailableError, ensure
from lab.fleet import start_fleet
from lab.kea import Lab
from lab.processes import StartError, accepts, free_port
from lab.record import record, record_old

USUAL_PORT = 9547
CONFIG_FILE = Path("build/demo.yml")


def main(arguments: list[str]) -> int:
    if arguments not in (["build"], ["demo"]) and (len(arguments), arguments[:1]) != (2, ["record"]):
        print("usage: python -m lab build | demo | record FOLDER", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):  # an orderly end, as on Ctrl-C
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        chroot = ensure()
        if arguments == ["build"]:
            print(f"the lab is ready in {chroot.root} and {ensure(OLD).root}")
            return 0
        with Lab(chroot) as lab:
            if arguments == ["demo"]:
                return _demo(lab)
            record(lab, Path(arguments[1]) / "kea-3.0.3")
        with Lab(ensure(OLD)) as lab:
            record_old(lab, Path(arguments[1]) / "kea-2.6.3")
    except (LabUnavailableError, LabBuildError, StartError) as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


def _demo(lab: Lab) -> int:
    print("starting four Kea servers ...", flush=True)
    CONFIG_FILE.parent.mkdir(exist_ok=True)
    start_fleet(lab, CONFIG_FILE)
    port = free_port() if accepts("127.0.0.1", USUAL_PORT) else USUAL_PORT
    exporter = str(Path(sys.executable).with_name("kea-exporter"))
    print(_welcome(port), flush=True)
    listen = f"127.0.0.1:{port}"
    with subprocess.Popen(  # noqa: S603 - our own program
        [exporter, "serve", "--config.file", str(CONFIG_FILE), "--web.listen-address", listen]
    ) as process:
        # Ctrl-C reaches the exporter too: it ends by itself.
        while process.poll() is None:
            with suppress(KeyboardInterrupt):
                process.wait()
    return process.returncode


def _welcome(port: int) -> str:
    return f"""
A fleet of real Kea servers runs: two are sound, each of the others has a fault.

  open    http://127.0.0.1:{port}/
          http://127.0.0.1:{port}/metrics

  try     .venv/bin/kea-exporter check --config.file {CONFIG_FILE}
          .venv/bin/kea-exporter check --config.file {CONFIG_FILE} --server hooks-missing --output json
          curl -s http://127.0.0.1:{port}/metrics | grep -E '^kea_(up|probe_failure|requirement_met)'

Ctrl-C ends the exporter and all servers.
"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
