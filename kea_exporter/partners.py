"""Exact comparison of partners: their configurations are read anew, and only if the hashes say that they differ."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import ROOT_KEYS
from kea_exporter.kea.canonical import shared_configurations
from kea_exporter.kea.canonical.differences import Sides, differences
from kea_exporter.kea.client import KeaClient
from kea_exporter.kea.configuration import read_prepared
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.review import SHAPE_ERRORS
from kea_exporter.requirements.pairs.model import NO_DIFFERENCES
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.review import Observed
    from kea_exporter.facts.snapshot import Target
    from kea_exporter.kea.canonical import SharedConfiguration
    from kea_exporter.kea.prepared import Prepared
    from kea_exporter.requirements.pairs.model import PairSnapshot, Side

    Differences = Fact[Mapping[str, tuple[Observed, ...]]]
    Read = Callable[[Target], Fact[Prepared]]

# Configurations that are kept while several pairs are compared: that of a hub, and that of one of its partners.
MAX_READ = 2
# Pairs whose sentences are kept.
MAX_KEPT = 256
# How long a failed comparison waits to be tried again.
RETRY_SECONDS = 60.0
# What comparing configurations of another shape than Kea's raises.
NOT_OF_KEA = (*SHAPE_ERRORS, OverflowError, RecursionError)
NOT_CONFIGURED = Failure(Stage.COMMAND, Reason.NOT_COLLECTED, "the daemon is not configured any more")
GONE = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the relationship is not in the configuration any more")


def read_now(daemons: Iterable[DaemonSettings]) -> Read:
    """Return a function that reads the configuration of one of these daemons now, in the time of the daemon."""
    settings = {daemon.target: daemon for daemon in daemons}
    return lru_cache(MAX_READ)(lambda target: _read(settings[target]) if target in settings else NOT_CONFIGURED)


def _read(daemon: DaemonSettings) -> Fact[Prepared]:
    deadline = Deadline.after(daemon.timeout_seconds)
    try:
        with closing(transport_to(daemon, deadline)) as transport:
            transport.open()
            found = KeaClient(transport, daemon.target).ask(Command.CONFIG_GET, read_prepared)
    except TransportError as error:
        return error.failure
    if not isinstance(found, Failure) and found.root != ROOT_KEYS[daemon.target.daemon]:
        return Failure(Stage.COMMAND, Reason.WRONG_DAEMON, f"{found.root} answers")
    return found


def compared(pair: PairSnapshot, read: Read) -> PairSnapshot:
    """Return a pair with its differences; nothing is read if the hashes are the same."""
    parts = pair.unequal_parts
    return replace(pair, differences=_differences(pair, parts, read) if parts else NO_DIFFERENCES)


def _differences(pair: PairSnapshot, parts: tuple[str, ...], read: Read) -> Differences:
    first = pair.sides[0]
    found: dict[str, tuple[Observed, ...]] = {}
    for side in pair.sides[1:]:
        one, other = _shared(first, read), _shared(side, read)
        if isinstance(one, Failure):
            return one
        if isinstance(other, Failure):
            return other
        try:
            between = differences(one, other, Sides(first.server, side.server), parts)
        except NOT_OF_KEA:
            return Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the configuration is not Kea's")
        found = {part: (*found.get(part, ()), *between.get(part, ())) for part in (*found, *between)}
    return found


def _shared(side: Side, read: Read) -> Fact[SharedConfiguration]:
    configuration = read(side.snapshot.target)
    if isinstance(configuration, Failure):
        return configuration
    try:
        shared = shared_configurations(configuration)
    except NOT_OF_KEA:
        return GONE
    configured = side.configured
    return next((one for one in shared if (one.pair, one.names) == (configured.place, configured.names)), GONE)


class Comparisons:
    """Comparisons of the pairs of a running exporter: one at a time, and each once until something changes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str], tuple[object, float, Differences]] = {}

    def of(self, pair: PairSnapshot, daemons: Iterable[DaemonSettings]) -> PairSnapshot:
        """Return a pair with its differences; reads the configurations if they differ and were not compared yet."""
        key, state = (pair.daemon, pair.place), _state(pair)
        with self._lock:
            before, at, found = self._kept.pop(key, (None, 0.0, NO_DIFFERENCES))
            is_over = isinstance(found, Failure) and self._clock() - at >= RETRY_SECONDS
            if before != state or is_over:
                at, found = self._clock(), compared(pair, read_now(daemons)).differences
            # The one that was asked for last is forgotten last.
            self._kept[key] = state, at, found
            while len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return replace(pair, differences=found)


def _state(pair: PairSnapshot) -> object:
    """Return what another comparison depends on."""
    return tuple((side.snapshot.target, tuple(sorted(side.shared.hashes.items()))) for side in pair.sides)
