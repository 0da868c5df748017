"""One exporter for many tests, which give it another configuration each: to start a process is what takes time."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests

from tests.support.exporter import Exporter, exporter, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTHING = {"name": "nothing", "dhcp4": {"url": "unix:///nonexistent/socket"}}


class OneExporter:
    """A running exporter, and the file of its configuration."""

    def __init__(self, running: Exporter, folder: Path) -> None:
        self._running = running
        self._folder = folder

    def watch(self, *servers: dict[str, Any]) -> Exporter:
        """Let it watch these servers, and no others, from now on."""
        written(self._folder, {"servers": servers})
        answer = requests.post(f"{self._running.url}/-/reload", timeout=10)
        assert answer.status_code == 200, answer.text
        return self._running


@contextmanager
def one_exporter(folder: Path) -> Iterator[OneExporter]:
    """Run an exporter; at the end, no sample may have been impossible to write."""
    with exporter(written(folder, {"servers": [NOTHING]}), "--web.enable-lifecycle") as running:
        shared = OneExporter(running, folder)
        yield shared
        samples = shared.watch(NOTHING).samples()
        assert [value for _, value in samples["kea_exporter_samples_dropped_total"]] == [0]
