"""The open connections of a listener: their limit, and the choice of the one to close at the limit.

At the limit, an idle connection or one of a slow client is closed for a new one: of the client with most connections,
the one that has been idle for longest. A connection with a request in progress is never closed.
"""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from kea_exporter.rate_limit import RateLimitedWarning

if TYPE_CHECKING:
    from collections.abc import Callable

# Responses buffered for slow clients, in bytes.
UNSENT_LIMIT = 64 * 1024**2
# Descriptors reserved for logs, listeners, the lease audit, and connections just accepted or just closed.
OTHER_DESCRIPTORS = 64
MIN_CONNECTIONS = 8


def nothing() -> None:
    """Do nothing."""


class Phase(IntEnum):
    """State of a connection; the first ones in this order are closed first."""

    WAITING = 0  # for a TLS handshake, or for a request
    SENDING = 1
    WORKING = 2


@dataclass(eq=False)
class ConnectionSlot:
    """One open connection, from the moment that it was accepted.

    Attributes:
        abort: closes the connection at once.
        client: the client, by its address.
        since: when its phase began, in seconds of a monotonic clock.
        unsent: the body of the response that the client has not read; connections may share one.
    """

    abort: Callable[[], object]
    client: str = ""
    phase: Phase = Phase.WAITING
    since: float = field(default_factory=time.monotonic)
    unsent: bytes = b""

    def enter(self, phase: Phase) -> None:
        """Begin another phase."""
        self.phase, self.since = phase, time.monotonic()


class ConnectionLimit:
    """All open connections of a listener.

    Args:
        limit: the maximum number of connections.
        unsent_limit: the maximum of bytes buffered for slow clients.
    """

    def __init__(self, limit: int, unsent_limit: int = UNSENT_LIMIT) -> None:
        self.limit = limit
        self._unsent_limit = unsent_limit
        self._slots: set[ConnectionSlot] = set()
        self._dropped = RateLimitedWarning("connection closed: limit reached")

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._slots)

    def acquire(self, slot: ConnectionSlot) -> bool:
        """Add a connection, closing an idle one at the limit; return whether it was added."""
        if len(self._slots) >= self.limit and not self.evict():
            return False
        self._slots.add(slot)
        return True

    def release(self, slot: ConnectionSlot) -> None:
        """Remove a closed connection."""
        self._slots.discard(slot)
        slot.abort, slot.unsent = nothing, b""

    def evict(self) -> bool:
        """Close one connection, of the client with most of them; return whether there was one."""
        candidates = [slot for slot in self._slots if slot.phase < Phase.WORKING]
        if not candidates:
            return False
        held = Counter(slot.client for slot in self._slots)
        return self._drop(
            min(candidates, key=lambda candidate: (-held[candidate.client], candidate.phase, candidate.since))
        )

    def record_unsent(self, slot: ConnectionSlot, unsent: bytes) -> None:
        """Record a response to be sent; above the limit, the connection of the slowest client is closed."""
        slot.unsent = unsent
        while unsent and self._unsent() > self._unsent_limit:
            others = [slot for slot in self._slots if slot.unsent and slot.unsent is not unsent]
            if not others:
                return
            self._drop(min(others, key=lambda other: other.since))

    def _unsent(self) -> int:
        """Return the bytes of all buffered responses; a shared one counts once."""
        return sum({id(slot.unsent): len(slot.unsent) for slot in self._slots}.values())

    def _drop(self, slot: ConnectionSlot) -> bool:
        self._slots.discard(slot)
        self._dropped.warn(limit=self.limit)
        slot.abort()
        return True


def connection_limit(wanted: int, daemons: int) -> int:
    """Return the number of connections that the limit on descriptors allows, at most *wanted*.

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
    return max(min(wanted, left), MIN_CONNECTIONS)
