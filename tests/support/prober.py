"""Collections in a process of their own each, so that their memory can be measured.

`python -m tests.support.prober PATH` listens on a unix socket and forks for each request: whoever collects begins with
everything imported, and with no memory that an earlier one has left.
"""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from kea_exporter import logs
from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.metrics import FAMILIES, Page, read_families
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.reports import Check, as_json
from kea_exporter.transport.deadline import Deadline
from lab.servers.processes import Running

if TYPE_CHECKING:
    from kea_exporter.requirements import Report

# A probe that is past its deadline goes on until it notices.
PATIENCE_SECONDS = 60
# That of `kea-exporter serve`.
GC_THRESHOLD = 100_000


@dataclass(frozen=True)
class Outcome:
    """The result of one collection.

    Attributes:
        failures: stage and reason of each, by server.
        samples: how many there are, by server.
        took: seconds that each probe took, by server.
        seconds: how long the collection took.
        mebibytes: how much the process grew by at most, until the last probe had ended.
        dropped: samples that could not be written.
        internal_errors: evidence of requirements that went wrong.
    """

    failures: dict[str, list[tuple[str, str]]]
    samples: dict[str, int]
    took: dict[str, float]
    seconds: float
    mebibytes: float
    dropped: int
    internal_errors: list[str]


class Prober:
    """A process that collects on request, each time in a child of its own.

    Args:
        folder: where its socket and its log are.
    """

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "prober.sock"
        self.log = folder / "prober.log"

    def __enter__(self) -> Self:
        # Measuring coverage would take its time and memory too.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        arguments = [sys.executable, "-m", "tests.support.prober", str(self._socket)]
        self._running = Running(arguments, self.log, environment)
        self._running.wait_until(self._socket.exists)
        return self

    def __exit__(self, *_: object) -> None:
        self._running.stop()

    def collect(self, tree: dict[str, Any], seconds: float) -> Outcome:
        """Collect from all daemons of a configuration under one deadline."""
        with socket.socket(socket.AF_UNIX) as sock, sock.makefile("rb") as answer:
            sock.connect(str(self._socket))
            sock.sendall(json.dumps([tree, seconds]).encode())
            sock.shutdown(socket.SHUT_WR)
            body = answer.read()
        assert body, f"it ended: {self.log.read_text()[-2000:]}"
        said = json.loads(body)
        failures = {server: [tuple(pair) for pair in failed] for server, failed in said.pop("failures").items()}
        return Outcome(failures=failures, **said)


def collected(tree: dict[str, Any], seconds: float) -> Outcome:
    daemons = settings_from_tree(tree, Path()).daemons
    before = _peak_mebibytes()
    started = time.monotonic()
    reports = Collector().collect(daemons, Deadline.after(seconds))
    seconds = time.monotonic() - started
    for thread in threading.enumerate():
        if thread.name == "probe":
            thread.join(PATIENCE_SECONDS)
    page, _, dropped = Encoder().encode(read_families(FAMILIES, Page(reports)))
    as_json(Check(reports)).encode()
    growth = _peak_mebibytes() - before
    return Outcome(
        failures={report.snapshot.target.server: _failures(report) for report in reports},
        samples=_samples(page.decode()),
        took={report.snapshot.target.server: report.snapshot.duration_seconds for report in reports},
        seconds=seconds,
        mebibytes=growth,
        dropped=dropped.total(),
        internal_errors=[
            verdict.evidence
            for report in reports
            for verdict in report.verdicts
            if verdict.evidence.startswith("internal error")
        ],
    )


def _failures(report: Report) -> list[tuple[str, str]]:
    return [(str(failure.stage), str(failure.reason)) for failure in report.snapshot.failures]


def _samples(page: str) -> dict[str, int]:
    return dict(Counter(re.findall(r'^[^#].*server="([^"]*)"', page, re.MULTILINE)))


def _peak_mebibytes() -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def _main(path: Path) -> None:
    logs.configure("info", "logfmt")
    gc.set_threshold(GC_THRESHOLD)
    # Whatever is imported at first use.
    nobody = {"dhcp4": {"url": "http://localhost:1"}, "dhcp6": {"url": "https://localhost:1"}}
    collected({"servers": [{"name": "nobody", **nobody}]}, 1)
    gc.freeze()
    # The kernel buries the children.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path.with_suffix(".new")))
        listener.listen(64)
        path.with_suffix(".new").rename(path)
        while True:
            sock, _ = listener.accept()
            with sock:
                if os.fork() == 0:
                    _serve(sock)


def _serve(sock: socket.socket) -> NoReturn:
    with sock.makefile("rb") as request:
        outcome = collected(*json.load(request))
    sock.sendall(json.dumps(asdict(outcome)).encode())
    os._exit(0)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
