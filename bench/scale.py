"""How many servers one exporter bears, and what replicas are good for; `make bench-scale`.

Simulated servers are probed as Prometheus does it: the name of each decides which replica is asked, and when. The
tables go into docs/scaling.md, between two marks. With `--servers N`, for trying it, they are only printed.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench import machine
from bench.fleet import fleet
from bench.scale_parts import FEW_SUBNETS, by_replicas, needed, on_one_page, one_process
from lab.servers.processes import StartError

DOCUMENT = Path("docs/scaling.md")
MEASURED = re.compile(
    r"(?<=<!-- measured by make bench-scale -->\n).*(?=<!-- end of what was measured -->\n)", re.DOTALL
)
SERVERS = 1000
ABOUT = (
    "Simulated servers, each answer 5 ms late, plain http where nothing else is said; a new connection for each probe,"
    " and pages compressed, as Prometheus wants them."
)


def main(arguments: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # an orderly end
        signal.signal(number, lambda *_: sys.exit(1))
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--servers", type=int, default=SERVERS, help=f"how many; {SERVERS} by default")
    servers = parser.parse_args(arguments).servers
    if servers < 1:
        parser.error("--servers has to be 1 or more")
    try:
        with tempfile.TemporaryDirectory() as folder:
            report = measured(Path(folder), servers)
    except StartError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report, end="")
    if servers == SERVERS:
        DOCUMENT.write_text(MEASURED.sub(lambda _: f"\n{report}\n", DOCUMENT.read_text()))
    else:
        _say(f"{DOCUMENT} stays as it is: it is for runs with {SERVERS:,} servers")
    return 0


def measured(folder: Path, servers: int) -> str:
    """Measure, and return the tables in Markdown."""
    load, started = os.getloadavg()[0], time.monotonic()
    _say("one process, by the size of servers")
    sizes, costs = one_process(folder, servers)
    with fleet(folder, servers, FEW_SUBNETS) as simulated:
        _say(f"{servers:,} servers over replicas")
        replicas = by_replicas(folder, simulated)
        _say("all servers on one page")
        pages = on_one_page(folder, simulated)
    took = f"Load before the run {load:.1f}; it took {(time.monotonic() - started) / 60:.0f} minutes."
    sections = (sizes, needed(costs, SERVERS), replicas, pages)
    return "\n".join([f"{machine.described()} {took} {ABOUT}\n", *(f"#{section.text()}" for section in sections)])


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
