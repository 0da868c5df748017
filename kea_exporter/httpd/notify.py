"""Telling systemd how the service is (sd_notify(3)), where systemd asked for it; otherwise nothing happens."""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Notifier:
    """Sends states to the socket that the environment names."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        microseconds, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
        has_watchdog = microseconds.isdecimal() and int(microseconds) > 0 and pid in {"", str(os.getpid())}
        # Within what time the watchdog has to be notified by this process; None where there is none.
        self.watchdog_seconds = int(microseconds) / 1e6 if self._address and has_watchdog else None

    def ready(self) -> None:
        """Tell that the service answers."""
        self._send("READY=1")

    def stopping(self) -> None:
        """Tell that the service ends."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """Tell the watchdog that the service is not stuck."""
        self._send("WATCHDOG=1")

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Tell that the configuration is being loaded anew, and that the service is ready again after it."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            self.ready()

    def _send(self, state: str) -> None:
        if self._address[:1] not in {"/", "@"}:
            return
        # An address that begins with @ is in the abstract namespace.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        # A service must not hang, or end, because nobody reads of its state.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            sock.sendto(state.encode(), address)
