"""What the demo offers while it runs: faults to inject and to repair, by number here and by name from elsewhere."""

from __future__ import annotations

import json
import os
import select
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from lab.servers.processes import START_SECONDS, STOP_SECONDS, StartError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from lab.demo.faults import Fault

FAULT, REPAIR = "fault", "repair"
# A daemon that does not end, or does not start, is waited for.
ANSWER_SECONDS = START_SECONDS + STOP_SECONDS + 10
ASK_SECONDS = 2.0
MAX_BYTES = 4096


class DemoError(Exception):
    """No demo runs in this folder, or one that another would get in the way of."""


@dataclass(frozen=True)
class Outcome:
    """What came of a wish."""

    is_done: bool
    text: str


class Menu:
    """Does what people ask for; a daemon that is started again lives as long as the thread that asked."""

    def __init__(self, faults: Mapping[str, Fault]) -> None:
        self._faults = faults
        self._injected: set[str] = set()

    def __str__(self) -> str:
        rows = [
            f"{number:>5}  {fault.name:<21}{fault.server:<16}{fault.what}"
            for number, fault in enumerate(self._faults.values(), 1)
        ]
        return "\n".join(rows)

    def switch(self, which: str) -> Outcome:
        """Inject the fault of a number or name, or repair it where it is injected."""
        names = {str(number): name for number, name in enumerate(self._faults, 1)}
        name = names.get(which, which)
        if name not in self._faults:
            return Outcome(is_done=False, text=f"There is no fault {which}; there are:\n{self}")
        return self.do(REPAIR if name in self._injected else FAULT, name)

    def do(self, wish: str, name: str) -> Outcome:
        """Inject a fault, or repair it."""
        if wish not in {FAULT, REPAIR} or name not in self._faults:
            return Outcome(is_done=False, text=f"There is no {wish} {name}; there are:\n{self}")
        fault = self._faults[name]
        if (wish == FAULT) == (name in self._injected):
            return Outcome(is_done=True, text=f"{fault.server}: {name} is {'' if wish == FAULT else 'not '}injected.")
        try:
            return self._inject(fault) if wish == FAULT else self._repair(fault)
        except (OSError, StartError) as error:
            return Outcome(is_done=False, text=f"{fault.server}: {name} failed, does the daemon run? {error}")

    def _inject(self, fault: Fault) -> Outcome:
        self._injected.add(fault.name)  # half a fault can be repaired too
        fault.inject()
        return Outcome(is_done=True, text=f"{fault.server}: {fault.what}: done. Wait for the message.")

    def _repair(self, fault: Fault) -> Outcome:
        fault.repair()
        self._injected.remove(fault.name)
        return Outcome(is_done=True, text=f"{fault.server}: {fault.name} is repaired.")


class Counter:
    """Where wishes arrive: the terminal, if there is one, and a unix socket; a context manager.

    Args:
        menu: who does what is wished.
        path: of the socket.
    """

    def __init__(self, menu: Menu, path: Path) -> None:
        self._menu = menu
        self._path = path
        self._has_terminal = sys.stdin.isatty()
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def attend(self, seconds: float) -> None:
        """Do what is wished within this time, if anything is."""
        sources = [self._socket, *([sys.stdin] if self._has_terminal else [])]
        ready, _, _ = select.select(sources, [], [], seconds)
        if self._socket in ready:
            with suppress(OSError):  # whoever asked went away
                self._answer()
        if sys.stdin in ready and _is_in_foreground():
            self._read_terminal()

    def _answer(self) -> None:
        connection, _ = self._socket.accept()
        with connection:
            connection.settimeout(ASK_SECONDS)
            wish, _, name = connection.recv(MAX_BYTES).decode(errors="replace").partition(" ")
            outcome = self._menu.do(wish, name)
            print(outcome.text, flush=True)
            connection.sendall(json.dumps([outcome.is_done, outcome.text]).encode())

    def _read_terminal(self) -> None:
        text = os.read(sys.stdin.fileno(), MAX_BYTES).decode(errors="replace")
        self._has_terminal = bool(text)
        for which in text.split():
            print(self._menu.switch(which).text, flush=True)
        if text.isspace():
            print(self._menu, flush=True)


def _is_in_foreground() -> bool:
    """Return whether the terminal's input is for this program; to read that of others would stop it."""
    return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()


def refuse_a_second(path: Path) -> None:
    """Do nothing, unless a demo runs in this folder.

    Raises:
        DemoError: one does; its configuration is not to be overwritten.
    """
    with socket.socket(socket.AF_UNIX) as sock, suppress(OSError):
        sock.connect(str(path))
        raise DemoError("a demo runs here already: end it with Ctrl-C, or start another one from another folder")


def ask(path: Path, wish: str, name: str) -> Outcome:
    """Ask the demo that runs in this folder to inject a fault, or to repair it.

    Raises:
        DemoError: none runs, or it ends meanwhile.
    """
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(ANSWER_SECONDS)
        try:
            sock.connect(str(path))
        except OSError as error:
            raise DemoError("no demo runs here; start one with: make demo") from error
        try:
            sock.sendall(f"{wish} {name}".encode())
            is_done, text = json.loads(b"".join(iter(lambda: sock.recv(MAX_BYTES), b"")))
        except (OSError, ValueError) as error:
            raise DemoError("the demo ended before it answered") from error
        return Outcome(is_done=is_done, text=text)
