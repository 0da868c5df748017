"""Name resolution within a deadline.

getaddrinfo(3) cannot be interrupted, and waits for a resolver that does not answer for as long as resolv.conf(5) says,
10 s by default. So it has a thread of its own, and the caller waits until the deadline. Requests for the same name wait
for the same thread, and there are a few threads at most, however long a resolver is silent (decision 13).
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.process import NoThreadError, start_thread
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.transport.deadline import Deadline

# Of IPv4, and of IPv6 with flow and interface.
SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]
# As getaddrinfo(3) returns it: family, type, protocol, canonical name and address of each.
Found: TypeAlias = list[tuple[Any, ...]]

MAX_LOOKUPS = 16


class Address(NamedTuple):
    """An address of a name, as a socket connects to it."""

    family: int
    socket_address: SocketAddress

    @property
    def host(self) -> str:
        """Return the address alone."""
        return self.socket_address[0]


class _Lookup:
    """One name that is being resolved: the result is there once *done* is set."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.result: Found | str = []


class Resolver:
    """Resolves names on a few threads.

    Args:
        query: resolves a name as getaddrinfo(3) does.
    """

    def __init__(self, query: Callable[..., Found] = socket.getaddrinfo) -> None:
        self._query = query
        self._changed = threading.Condition()
        self._under_way: dict[str, _Lookup] = {}

    def resolve(self, host: str, port: int, deadline: Deadline) -> list[Address]:
        """Return the addresses of a name; an address stands for itself, and needs neither resolver nor thread.

        Raises:
            TransportError: at stage resolve.
        """
        try:
            found: Found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        except (OSError, UnicodeError):
            found = self._looked_up(host, deadline)
        return [Address(family, (address[0], port, *address[2:])) for family, *_, address in found]

    def _looked_up(self, host: str, deadline: Deadline) -> Found:
        lookup = self._joined(host, deadline)
        if lookup is None or not lookup.done.wait(deadline.remaining()):
            raise _failed(Reason.RESOLVER_TIMED_OUT, f"the name {host} was not resolved in time")
        if isinstance(lookup.result, str):
            raise _failed(Reason.NAME_NOT_RESOLVED, f"the name {host} cannot be resolved: {lookup.result}")
        return lookup.result

    def _joined(self, host: str, deadline: Deadline) -> _Lookup | None:
        """Return the lookup of a name that is under way, or a new one; None where there was no place for it in time."""
        with self._changed:
            while host not in self._under_way and len(self._under_way) >= MAX_LOOKUPS:
                if not self._changed.wait(deadline.remaining()):
                    return None
            if host not in self._under_way:
                lookup = _Lookup()
                try:
                    start_thread(self._look_up, host, lookup, name="resolver")
                except NoThreadError:
                    raise _failed(Reason.LOCAL_RESOURCES, "no thread is left to resolve the name") from None
                self._under_way[host] = lookup
            return self._under_way[host]

    def _look_up(self, host: str, lookup: _Lookup) -> None:
        try:
            lookup.result = self._query(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            lookup.result = error.strerror or str(error)
        except UnicodeError:
            lookup.result = "not a valid name"
        finally:
            with self._changed:
                self._under_way.pop(host, None)
                self._changed.notify_all()
            lookup.done.set()


def _failed(reason: Reason, detail: str) -> TransportError:
    return TransportError(Failure(Stage.RESOLVE, reason, detail))


RESOLVER = Resolver()
