"""The open connections of a listener: how many there may be, and which one is closed to make room.

Whoever says nothing, or does not read, makes room for whoever asks. A request that is being worked on is never given
up.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from kea_exporter.seldom import Seldom

if TYPE_CHECKING:
    from collections.abc import Callable

# All answers that wait for slow readers, in bytes.
UNSENT_LIMIT = 64 * 1024**2
# Kept for everything but connections: logs, listeners, the lease audit, those just accepted or just closed.
OTHER_DESCRIPTORS = 64
FEWEST_CONNECTIONS = 8


def nothing() -> None:
    """Do nothing."""


class Phase(IntEnum):
    """How far a connection is; the first in this order are closed first."""

    WAITING = 0  # for a TLS handshake, or for a request
    SENDING = 1
    WORKING = 2


@dataclass(eq=False)
class Visitor:
    """One open connection, from the moment that it was accepted.

    Attributes:
        drop: closes the connection at once.
        since: when its phase began, in seconds of a monotonic clock.
        unsent: bytes of the answer that it has been slow to read.
    """

    drop: Callable[[], object]
    phase: Phase = Phase.WAITING
    since: float = field(default_factory=time.monotonic)
    unsent: int = 0

    def enter(self, phase: Phase) -> None:
        """Begin another phase."""
        self.phase, self.since = phase, time.monotonic()


class Connections:
    """All open connections of a listener.

    Args:
        limit: how many there may be.
        unsent_limit: how many bytes of answers may wait for slow readers.
    """

    def __init__(self, limit: int, unsent_limit: int = UNSENT_LIMIT) -> None:
        self.limit = limit
        self._unsent_limit = unsent_limit
        self._visitors: set[Visitor] = set()
        self._dropped = Seldom("a connection was closed to make room for others")

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._visitors)

    def admit(self, visitor: Visitor) -> bool:
        """Return whether there is room, if need be by closing the connection that has been idle for longest."""
        if len(self._visitors) >= self.limit and not self.make_room():
            return False
        self._visitors.add(visitor)
        return True

    def leave(self, visitor: Visitor) -> None:
        """Forget a connection that was closed."""
        self._visitors.discard(visitor)
        visitor.drop = nothing

    def make_room(self) -> bool:
        """Close the connection that has been idle, or slow to read, for longest; return whether there was one."""
        candidates = [it for it in self._visitors if it.phase < Phase.WORKING]
        return bool(candidates) and self._drop(min(candidates, key=lambda it: (it.phase, it.since)))

    def owe(self, visitor: Visitor, unsent: int) -> None:
        """Take note of an answer that is about to be sent; too much of it closes whoever is slowest to read."""
        visitor.unsent = unsent
        while unsent and sum(it.unsent for it in self._visitors) > self._unsent_limit:
            others = [it for it in self._visitors if it.unsent and it is not visitor]
            if not others:
                return
            self._drop(min(others, key=lambda it: it.since))

    def _drop(self, visitor: Visitor) -> bool:
        self._visitors.discard(visitor)
        self._dropped.warn(limit=self.limit)
        visitor.drop()
        return True


def connection_limit(wanted: int, daemons: int) -> int:
    """Return how many connections the limit on descriptors leaves, at most those that are wanted.

    The soft limit is raised as far as that needs and the hard limit allows.

    Args:
        wanted: connections to have.
        daemons: how many there are to probe, each by a connection of its own, and one more while it is audited.
    """
    others = OTHER_DESCRIPTORS + 2 * daemons
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY != soft < wanted + others:
        soft = wanted + others if hard == resource.RLIM_INFINITY else min(wanted + others, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    left = wanted if soft == resource.RLIM_INFINITY else soft - others
    return max(min(wanted, left), FEWEST_CONNECTIONS)
