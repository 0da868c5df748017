"""Reloads on one standing thread: requests and signals that come during a reload share the next one."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING

import structlog

from kea_exporter.process import start_thread
from kea_exporter.service import ReloadError

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger("reloader")


class Reloader:
    """Runs reloads one after another; at most one waits, however many were requested.

    A request before `start` is kept, and answered after it.
    """

    def __init__(self) -> None:
        # Reentrant, as is SimpleQueue.put: a signal handler may interrupt a request on the main thread.
        self._lock = threading.RLock()
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._waiting: Future[None] | None = None

    def start(self, reload: Callable[[], None]) -> None:
        """Begin to reload by *reload*, which raises ReloadError where the configuration cannot be used.

        Raises:
            NoThreadError: no thread can be had.
        """
        start_thread(self._work, reload, name="reload")

    def request(self) -> Future[None]:
        """Request a reload that begins after this call; the future has its ReloadError if it fails."""
        with self._lock:
            if self._waiting is None:
                self._waiting = Future()
                self._wake.put(None)
            return self._waiting

    def _work(self, reload: Callable[[], None]) -> None:
        while True:
            self._wake.get()
            with self._lock:
                requested, self._waiting = self._waiting, None
            if requested is None:
                continue
            try:
                reload()
            except ReloadError as error:  # it has been logged
                requested.set_exception(error)
            except Exception as error:
                log.exception("reload failed with an internal error")
                requested.set_exception(ReloadError(f"internal error: {type(error).__name__}"))
            else:
                requested.set_result(None)


def reload_on_hangup(reloader: Reloader) -> None:
    """Reload on SIGHUP. The handler starts no thread and cannot fail: SIGHUP never ends the process."""

    def handle(*_: object) -> None:
        reloader.request()

    signal.signal(signal.SIGHUP, handle)


def ignore_hangup() -> None:
    """Ignore SIGHUP while the process ends: Python restores the default action, which would kill it."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
