"""Simulated daemons: what they answer to the commands that only read, as Kea of their version does."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

from kea_simulator.registered import registered
from kea_simulator.requests import NO_MAP, PROCESSING, RefusedError, error, success, unsupported
from kea_simulator.stat_lease import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Tree = dict[str, Any]
Values = dict[str, int]

MAX_SAMPLES = 20
BACKENDS = {"Dhcp4": "Memfile backend 3.0", "Dhcp6": "Memfile backend 5.0"}
RELOADED = {"DhcpDdns": "Configuration applied successfully."}
SERVICES = {"Dhcp4": "dhcp4", "Dhcp6": "dhcp6", "DhcpDdns": "d2"}
# Since then a daemon refuses commands that are for another one.
CHECKS_SERVICE = (3, 1, 9)
UNSUPPORTED = 2
NOT_INCLUDED = (
    'You did not include "service" parameter in the command, which indicates that Kea Control Agent should process '
    "this command rather than forward it to one or more Kea servers. If you aimed to send this command to one of the "
    'Kea servers you should include the "service" parameter in your request, e.g. "service": [ "dhcp4" ] to forward '
    'the command to the DHCPv4 server, or "service": [ "dhcp4", "dhcp6", "d2" ] to forward it to DHCPv4, DHCPv6 and '
    "D2 servers etc."
)


class Statistics(Protocol):
    """What a daemon counts."""

    def values(self, elapsed: float) -> Values:
        """Return the value of every statistic, so many seconds after the start."""


@dataclass(frozen=True)
class Life:
    """Since when a daemon runs.

    Attributes:
        clock: gives seconds since the epoch.
        started: when it was started, in the same.
        pid: its process id.
    """

    clock: Callable[[], float]
    started: float
    pid: int

    @property
    def elapsed(self) -> float:
        """Return how many seconds ago it was started."""
        return self.clock() - self.started


class Daemon:
    """A daemon of any kind.

    Args:
        root: the root key of its configuration, which says what kind it is.
        version: such as `3.0.3`.
        configuration: what stands below the root key.
        statistics: what it counts; None for a Control Agent, which does not count.
        life: since when it runs.

    Attributes:
        version: its three numbers.
    """

    def __init__(self, root: str, version: str, configuration: Tree, statistics: Statistics | None, life: Life) -> None:
        self.configuration = configuration
        self._root = root
        self._text = version
        self.version = numbers(version)
        self._life = life
        self._reloaded = life.started
        self._sampled: tuple[float, Tree] | None = None
        libraries = [entry["library"] for entry in configuration["hooks-libraries"]]
        hooks = [re.sub(r".*libdhcp_(.+)\.so", r"\1", library) for library in libraries]
        self._commands = registered(root, self.version, hooks)
        self._handlers: dict[str, Callable[[object], Tree]] = {
            "config-get": lambda _: success({root: configuration, **self._hash()}),
            "config-hash-get": lambda _: success(self._hash()),
            "config-reload": self._reload,
            "list-commands": lambda _: success(self._commands),
            "status-get": lambda _: success(self._status()),
            "version-get": lambda _: success({"extended": self._extended()}, version),
        }
        if statistics is not None:
            self._handlers |= self._counting(statistics)

    def answers(self, command: Tree) -> list[Any]:
        """Return the answers to a command; before Kea 3.1.9 the service in it is ignored (measured)."""
        services = command.get("service") if self.version >= CHECKS_SERVICE else None
        own = SERVICES.get(self._root)
        for service in services if isinstance(services, list) else []:
            if service != own:
                return [error(f"unsupported service '{service}', expected '{own}'")]
        return [self.answer(command)]

    def answer(self, command: Tree) -> Tree:
        """Return the one answer to a command."""
        name = command["command"]
        if name not in self._commands:
            return unsupported(name)
        if name not in self._handlers:
            return error(f"this simulated Kea does not do {name}")
        try:
            return self._handlers[name](command.get("arguments"))
        except RefusedError as refusal:
            return error(str(refusal))

    def _extended(self) -> str:
        old = self.version < (3, 0, 0)
        lines = [
            f"{self._text} (tarball)" if old else f"{self._text} ({self._text} (tarball))",
            "premium: no",
            "linked with:",
            "- log4cplus 2.0.8",
            "- OpenSSL 3.5.9 29 Sep 2026",
        ]
        if self._root in BACKENDS:
            lines += ["backends:" if old else "lease backends:", f"- {BACKENDS[self._root]}"]
        return "\n".join(lines)

    def _status(self) -> Tree:
        # Kea cuts both moments to whole seconds.
        now, started = int(self._life.clock()), int(self._life.started)
        return {"pid": self._life.pid, "reload": now - int(self._reloaded), "uptime": now - started}

    def _hash(self) -> Tree:
        text = json.dumps(self.configuration, sort_keys=True)
        return {"hash": hashlib.sha256(text.encode()).hexdigest().upper()}

    def _reload(self, _: object) -> Tree:
        self._reloaded = self._life.clock()
        return success(self._hash(), RELOADED.get(self._root, "Configuration successful."))

    def _counted_for(self) -> float:
        """Return for how many seconds it has counted."""
        return self._life.elapsed

    def _counting(self, statistics: Statistics) -> dict[str, Callable[[object], Tree]]:
        return {
            "statistic-get": lambda entry: success(_named(entry, self._samples(statistics))),
            "statistic-get-all": lambda _: success(self._samples(statistics)),
            "statistic-global-get-all": lambda _: success(_global(self._samples(statistics))),
        }

    def _samples(self, statistics: Statistics) -> Tree:
        """Return the last values of each statistic, the newest first, with the moments at which they became so."""
        elapsed = self._counted_for()
        if self._sampled is not None and self._sampled[0] == elapsed:
            return self._sampled[1]
        moments = [number for number in (elapsed - back for back in range(MAX_SAMPLES)) if number > 0] + [0.0]
        rows = [(self._life.started + moment, statistics.values(moment)) for moment in moments]
        samples = {name: _changes(name, rows) for name in rows[0][1]}
        self._sampled = elapsed, samples
        return samples


class Agent(Daemon):
    """A Control Agent, through which older daemons are reached; *behind* it they have the names of services."""

    def __init__(self, version: str, configuration: Tree, behind: dict[str, Daemon], life: Life) -> None:
        super().__init__("Control-agent", version, configuration, None, life)
        self._behind = behind

    def answers(self, command: Tree) -> list[Any]:
        """Return its own answer, or that of each of the daemons that a command is for."""
        services = command.get("service", [])
        if not isinstance(services, list):
            return [error("service value must be a list")]
        if not services:
            answer = self.answer(command)
            if answer["result"] == UNSUPPORTED:
                answer = {**answer, "text": f"{answer['text']} {NOT_INCLUDED}"}
            return [answer]
        absent = "forwarding socket is not configured for the server type"
        behind = [(str(service), self._behind.get(str(service))) for service in services]
        return [error(f"{absent} {name}") if daemon is None else daemon.answer(command) for name, daemon in behind]


def numbers(version: str) -> tuple[int, int, int]:
    """Return the three numbers of a version."""
    first, second, third = map(int, version.split("."))
    return first, second, third


def _named(arguments: object, samples: Tree) -> Tree:
    """Return the statistic that is asked for, or nothing where there is no such one."""
    if arguments is not None and not isinstance(arguments, dict):
        raise RefusedError(f"{PROCESSING} {NO_MAP}")
    if arguments is None or "name" not in arguments:
        raise RefusedError("Missing mandatory 'name' parameter.")
    if not isinstance(arguments["name"], str):
        raise RefusedError("'name' parameter expected to be a string.")
    return {name: sample for name, sample in samples.items() if name == arguments["name"]}


def _global(samples: Tree) -> Tree:
    return {name: sample for name, sample in samples.items() if not name.startswith("subnet[")}


def _changes(name: str, rows: Sequence[tuple[float, Values]]) -> list[list[object]]:
    """Return the samples of a statistic, given all values at some moments, the newest first."""
    values = [(row[name], moment) for moment, row in rows if name in row]
    changes = [value for value, older in pairwise(values) if value[0] != older[0]]
    return [[value, timestamp(moment)] for value, moment in [*changes, values[-1]][:MAX_SAMPLES]]
