"""Collections in a process of their own each, so that their memory can be measured; `python -m tests.prober`.

The process reads requests, lines of JSON, and forks for each: whoever collects begins with everything imported and with
no memory that an earlier one has left.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from kea_exporter import logs
from kea_exporter.check import as_json
from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.metrics import FAMILIES, Page, read_families
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.transport.deadline import Deadline
from tests.exporter import parsed

if TYPE_CHECKING:
    from kea_exporter.requirements import Report

# A probe that is past its deadline goes on until it notices.
PATIENCE_SECONDS = 60
# That of `kea-exporter serve`.
GC_THRESHOLD = 100_000


@dataclass(frozen=True)
class Outcome:
    """What one collection brought.

    Attributes:
        failures: stage and reason of each, by server.
        samples: how many there are, by server.
        seconds: how long the collection took.
        lingered: how long the last probe went on after it.
        mebibytes: how much the process grew by at most, until the last probe had ended.
        dropped: samples that could not be written.
        internal_errors: evidence of requirements that went wrong.
    """

    failures: dict[str, list[tuple[str, str]]]
    samples: dict[str, int]
    seconds: float
    lingered: float
    mebibytes: float
    dropped: int
    internal_errors: list[str]


class Prober:
    """A process that collects on request, one at a time."""

    def __enter__(self) -> Self:
        # Measuring coverage would take its time and memory too.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.prober"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=PATIENCE_SECONDS)

    def collect(self, tree: dict[str, Any], seconds: float) -> Outcome:
        """Collect from all daemons of a configuration under one deadline."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([tree, seconds]).encode() + b"\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        failures = {server: [tuple(it) for it in failed] for server, failed in said.pop("failures").items()}
        return Outcome(failures=failures, **said)


def collected(tree: dict[str, Any], seconds: float) -> Outcome:
    daemons = settings_from_tree(tree, Path()).daemons
    before = _peak_mebibytes()
    started = time.monotonic()
    reports = Collector().collect(daemons, Deadline.after(seconds))
    ended = time.monotonic()
    for thread in threading.enumerate():
        if thread.name == "probe":
            thread.join(PATIENCE_SECONDS)
    lingered = time.monotonic() - ended
    page, _, dropped = Encoder().encode(read_families(FAMILIES, Page(reports)))
    as_json(reports).encode()
    growth = _peak_mebibytes() - before
    return Outcome(
        failures={it.snapshot.target.server: _failures(it) for it in reports},
        samples=_samples(page.decode()),
        seconds=ended - started,
        lingered=lingered,
        mebibytes=growth,
        dropped=dropped,
        internal_errors=[v.evidence for it in reports for v in it.verdicts if v.evidence.startswith("internal error")],
    )


def _failures(report: Report) -> list[tuple[str, str]]:
    return [(str(it.stage), str(it.reason)) for it in report.snapshot.failures]


def _samples(page: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for samples in parsed(page).values():
        for labels, _ in samples:
            server = labels.get("server", "")
            counted[server] = counted.get(server, 0) + 1
    return counted


def _peak_mebibytes() -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def _main() -> None:
    logs.configure("info", "logfmt")
    gc.set_threshold(GC_THRESHOLD)
    # Whatever is imported at first use.
    nobody = {"dhcp4": {"url": "http://localhost:1"}, "dhcp6": {"url": "https://localhost:1"}}
    collected({"servers": [{"name": "nobody", **nobody}]}, 1)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdout.write(json.dumps(asdict(collected(*json.loads(line)))) + "\n")
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)


if __name__ == "__main__":
    _main()
