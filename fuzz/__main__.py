"""Run the fuzz targets, each in a process of its own for FUZZ_SECONDS; `python -m fuzz [TARGET ...]`.

Corpora and whatever makes a target fail are kept under build/fuzz. A file that makes one fail is tried again by
`python -m fuzz.target TARGET FILE`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TARGETS = ("answers", "conversations", "framing", "certificates", "configurations")
SECONDS = os.environ.get("FUZZ_SECONDS", "60")
FOLDER = Path("build/fuzz")
MAX_LENGTHS = {"certificates": 4096}
MAX_OF_OTHERS = 65_536


def main(targets: list[str]) -> int:
    outcomes = {target: _run(target) for target in targets or TARGETS}
    print(f"\n{'target':16} {'executions':>10} {'coverage':>9}  outcome")
    for target, (executions, coverage, failure) in outcomes.items():
        print(f"{target:16} {executions:>10} {coverage:>9}  {failure or 'nothing found'}")
    return int(any(failure for _, _, failure in outcomes.values()))


def _run(target: str) -> tuple[str, str, str]:
    """Return how often a target was run, how many places of the code that reached, and how it failed if it did."""
    folder = FOLDER / target
    for name in ("corpus", "found"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={SECONDS}",
        f"-max_len={MAX_LENGTHS.get(target, MAX_OF_OTHERS)}",
        f"-artifact_prefix={folder}/found/",
        "-timeout=20",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]
    print(f"{target}, {SECONDS} s ...", flush=True)
    command = [sys.executable, "-m", "fuzz.target", target, *options, str(folder / "corpus")]
    log = folder / "log"
    with log.open("wb") as file:
        status = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False).returncode  # noqa: S603 - our own
    said = log.read_text(errors="replace")
    coverage = re.findall(r"cov: (\d+)", said) or ["?"]
    executions = re.findall(r"number_of_executed_units:\s*(\d+)", said) or ["?"]
    failure = "" if status == 0 else f"ended with {status}, see {log} and {folder}/found"
    if failure:
        print("\n".join(said.splitlines()[-40:]))
    return executions[-1], coverage[-1], failure


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
