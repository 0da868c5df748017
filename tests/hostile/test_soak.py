"""The criteria by which the soak judges resources as stable; the soak itself takes minutes: `make soak`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from soak.__main__ import Sample, verdicts


def samples(first: float, last: float, threads: int = 9, descriptors: int = 7) -> list[Sample]:
    """Return 40 samples after a warm-up, memory rising steadily, the others from the middle on."""
    warm_up = [Sample(0, 0.0, first / 2, 1, 1)] * 4
    steps = [first + (last - first) * number / 35 for number in range(36)]
    late = [(threads, descriptors) if number > 18 else (9, 7) for number in range(36)]
    return warm_up + [Sample(0, 0.0, mebibytes, *others) for mebibytes, others in zip(steps, late, strict=True)]


@pytest.mark.parametrize("last", [100.0, 107.0, 60.0])
def test_memory_that_wavers_is_flat(last: float) -> None:
    assert list(verdicts(samples(100, last))) == []


def test_memory_that_grows_is_not_flat() -> None:
    [verdict] = verdicts(samples(100, 130))
    assert verdict.startswith("mebibytes grew by 15")


@pytest.mark.parametrize("name", ["threads", "descriptors"])
def test_what_leaks_is_not_flat(name: str) -> None:
    [verdict] = verdicts(samples(100, 100, **{name: 20}))
    assert verdict.startswith(name)


def test_a_soak_that_is_ended_leaves_no_process_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "soak", "400"]
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as soak:
        assert soak.stdout is not None
        assert "daemons" in soak.stdout.readline()
        assert len(naming(tmp_path)) == 2
        soak.send_signal(signal.SIGTERM)
        assert soak.wait(30) == 128 + signal.SIGTERM
    assert naming(tmp_path) == []


def naming(folder: Path) -> list[str]:
    """Return the command lines that name a folder: those of the fleet and of the exporter."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_text(errors="replace")
        except OSError:
            continue  # Ended meanwhile.
        if f"{folder}/" in line:
            found.append(line)
    return found
