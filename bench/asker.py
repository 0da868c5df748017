"""A second client of Kea, that notices how long others make it wait.

`python -m bench.asker PORT` asks for the version every few milliseconds until it is ended, and prints when it asked and
when the answer had come, one pair a line.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.wire import BareConnection
from lab.servers.processes import ENDS_WITH_US, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAUSE_SECONDS = 0.002


def main(port: int) -> None:
    connection = BareConnection(port)
    while True:
        asked = time.monotonic()
        connection.command("version-get")
        print(asked, time.monotonic(), flush=True)
        time.sleep(PAUSE_SECONDS)


@dataclass(frozen=True)
class Asker:
    """The client under way, in a process of its own."""

    running: Running

    def slowest_during(self, act: Callable[[], object]) -> float:
        """Return the seconds of the slowest answer that was waited for while something was done."""
        started = time.monotonic()
        act()
        ended = time.monotonic()
        self.running.wait_until(lambda: self._answers()[-1][0] > ended)
        meanwhile = [(asked, answered) for asked, answered in self._answers() if answered > started and asked < ended]
        return max((answered - asked for asked, answered in meanwhile), default=0)

    def _answers(self) -> list[tuple[float, float]]:
        # The last line may not be whole yet.
        lines = self.running.output.read_text().splitlines()[:-1]
        pairs = (line.split() for line in lines)
        return [(float(asked), float(answered)) for asked, answered in pairs] or [(0, 0)]


@contextmanager
def asking(folder: Path, port: int) -> Iterator[Asker]:
    """Have the client ask while the block runs."""
    running = Running([*ENDS_WITH_US, sys.executable, "-m", "bench.asker", str(port)], folder / f"asker-{port}.log")
    try:
        asker = Asker(running)
        asker.slowest_during(lambda: None)
        yield asker
    finally:
        running.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]))
