"""Notices when the configuration file, or a file that it names, has other content than before.

Content is what counts, not times: Kubernetes replaces whole folders through a symbolic link.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from kea_exporter.files import digest
from kea_exporter.process import start_thread
from kea_exporter.service import ReloadError

if TYPE_CHECKING:
    from pathlib import Path

    from kea_exporter.service import Service

log = structlog.get_logger("watch")


class Watcher:
    """Reloads a service when one of its files has changed.

    Args:
        service: the service, with the settings of the configuration file.
        config_file: the configuration file.
        interval: seconds between two looks.
        loaded: the digest of the file from before it was loaded, so that a later change is not missed.
    """

    def __init__(self, service: Service, config_file: Path, interval: float, loaded: bytes | None) -> None:
        self._service = service
        self._config_file = config_file
        self._interval = interval
        self._stopped = threading.Event()
        self._seen = {**self._look(), config_file: loaded}

    def start(self) -> None:
        """Begin to watch, on a thread of its own."""
        start_thread(self._watch, name="watch")

    def stop(self) -> None:
        """End."""
        self._stopped.set()

    def _watch(self) -> None:
        logged = ""
        while not self._stopped.wait(self._interval):
            try:
                self.check()
            except Exception as error:
                # The next look tries again; the same exception is logged once.
                if repr(error) != logged:
                    log.exception("reload failed with an internal error")
                logged = repr(error)

    def check(self) -> None:
        """Reload if there was a change since the last look, or if the last attempt failed.

        It may have failed for a file that is named, but was not there yet, and is not among those that are looked at.
        """
        seen = self._look()
        if seen != self._seen or not self._service.load_state.succeeded:
            with suppress(ReloadError):  # it has been logged
                self._service.reload(once_more=seen == self._seen)
            # What has changed since the first look is a change: it may be that the reload has not seen it.
            self._seen = {path: seen.get(path, content) for path, content in self._look().items()}

    def _look(self) -> dict[Path, bytes | None]:
        return {path: digest(path) for path in (self._config_file, *self._service.settings.files)}
