"""Notices when the configuration file, or a file that it names, has other content than before.

Content is what counts, not times: Kubernetes replaces whole folders through a symbolic link.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from kea_exporter.service import ReloadError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kea_exporter.service import Service

LARGEST_FILE = 4 * 1024**2


class Watcher:
    """Reloads a service when one of its files has changed."""

    def __init__(self, service: Service, config_file: Path, interval: float) -> None:
        self._service = service
        self._config_file = config_file
        self._interval = interval
        self._stopped = threading.Event()
        self._seen = self._look()

    def start(self) -> None:
        """Begin to watch, on a thread of its own."""
        threading.Thread(target=self._watch, daemon=True, name="watch").start()

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def check(self) -> None:
        """Reload if there was a change since the last look; a file that cannot be used is tried once."""
        seen = self._look()
        if seen != self._seen:
            with suppress(ReloadError):  # it has been logged
                self._service.reload()
            self._seen = self._look()

    def _watch(self) -> None:
        while not self._stopped.wait(self._interval):
            self.check()

    def _look(self) -> bytes:
        return digest((self._config_file, *self._service.settings.files))


def digest(paths: Iterable[Path]) -> bytes:
    """Return a digest of the content of files; that one cannot be read is a content too."""
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{len(str(path))}:{path}".encode())
        try:
            with path.open("rb") as file:
                found.update(hashlib.sha256(file.read(LARGEST_FILE)).digest())
        except OSError:
            found.update(b"unreadable")
    return found.digest()
