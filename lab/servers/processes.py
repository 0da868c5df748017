"""Programs that are started here, and stopped by the id that they were started with."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import time
from itertools import cycle, islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# Below those that the kernel gives to connections (ip_local_port_range); each process begins at a place of its own.
PORTS = range(20_000, 32_768)
# For a busy machine: what is ready or has ended sooner is not waited for.
START_SECONDS = 60.0
STOP_SECONDS = 20.0
# Begins a command that shall not outlive the thread that runs it, however that ends.
ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")

_ports = islice(cycle(PORTS), os.getpid() * 4999 % len(PORTS), None)


class StartError(Exception):
    """A program ended, or did not become ready, after it was started; the message ends with its last output."""


class Running:
    """A program under way; its output goes to a file."""

    def __init__(self, arguments: list[str], output: Path, environment: Mapping[str, str] | None = None) -> None:
        self.output = output
        with output.open("wb") as file:
            # Its own session: a Ctrl-C on the terminal is for whoever started it.
            self._process = subprocess.Popen(  # noqa: S603 - our own argument vector
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Return as soon as the program is ready.

        Raises:
            StartError: it ended before, or took too long.
        """
        give_up = time.monotonic() + START_SECONDS
        while not is_ready():
            if (status := self._process.poll()) is not None:
                raise StartError(f"ended with status {status}:\n{self._last_output()}")
            if time.monotonic() > give_up:
                self.stop()
                raise StartError(f"not ready after {START_SECONDS:.0f} s:\n{self._last_output()}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End the program and wait for it; ending it twice is fine."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()

    def has_ended(self) -> bool:
        """Return whether the program has ended by itself."""
        return self._process.poll() is not None

    def wait(self, seconds: float) -> int:
        """Wait for the program to end by itself and return its exit status."""
        return self._process.wait(seconds)

    def signal(self, number: int) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def _last_output(self) -> str:
        return self.output.read_text(errors="replace")[-2000:]


def free_port(address: str = "127.0.0.1", kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that is not in use, and that neither the kernel nor another process soon takes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as sock:
        for port in islice(_ports, len(PORTS)):
            try:
                sock.bind((address, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise StartError("all ports are taken")


def accepts(address: str, port: int) -> bool:
    """Return whether something listens there."""
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
