"""Clients, told apart by their address, and slow work on a thread, one piece at a time, for which they take turns."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from kea_exporter.process import NoThreadError

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping
    from typing import Any

    from anyio import CapacityLimiter

T = TypeVar("T")


class QueueFullError(Exception):
    """Too much work waits already."""


async def on_thread(work: Callable[[], T], limiter: CapacityLimiter | None = None) -> T:
    """Return the result of *work*, done on a thread; when the process ends, the thread is not waited for.

    Raises:
        NoThreadError: no thread can be had.
    """
    has_begun = False

    def begin() -> T:
        nonlocal has_begun
        has_begun = True
        return work()

    try:
        return await to_thread.run_sync(begin, abandon_on_cancel=True, limiter=limiter)
    except RuntimeError:
        if has_begun:
            raise
        raise NoThreadError from None


class FairQueue:
    """Runs one piece of work at a time. Where work of several clients waits, each is served in turn.

    Args:
        max_waiting: how much work may wait.
        max_waiting_of_client: how much work of one client may wait.
    """

    def __init__(self, max_waiting: int, max_waiting_of_client: int) -> None:
        self._max_waiting = max_waiting
        self._max_waiting_of_client = max_waiting_of_client
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._is_busy = False

    async def run(self, client: str, work: Callable[[], T]) -> T:
        """Return the result of *work*, when it is this client's turn.

        Raises:
            QueueFullError: too much work waits already.
            NoThreadError: no thread can be had.
        """
        if self._is_busy:
            await self._wait(client)
        self._is_busy = True
        try:
            return await on_thread(work)
        finally:
            self._pass_on()

    async def _wait(self, client: str) -> None:
        own = self._waiting.get(client, deque())
        if len(own) >= self._max_waiting_of_client or sum(map(len, self._waiting.values())) >= self._max_waiting:
            raise QueueFullError
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(client, own).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # the turn has come at the same moment
                self._pass_on()
            raise

    def _pass_on(self) -> None:
        """Give the turn to the next client; one with more work goes to the end of the line."""
        while self._waiting:
            client, own = self._waiting.popitem(last=False)
            turn = own.popleft()
            if own:
                self._waiting[client] = own
            if not turn.cancelled():
                turn.set_result(None)
                return
        self._is_busy = False


# An IPv6 subscriber usually has a /64 or more for himself.
IPV6_PREFIX_LENGTH = 64


def client_of(scope: MutableMapping[str, Any]) -> str:
    """Return the client of a request (ASGI scope); all clients of a unix socket are one."""
    return client_at((scope.get("client") or ("",))[0])


def client_at(address: object) -> str:
    """Return the client at an address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ip_address(str(address).partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, IPV6_PREFIX_LENGTH), strict=False))
