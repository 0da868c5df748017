"""Waiting for what threads do, without a thread of one's own, and for as long as somebody waits for the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Hashable, Sequence
    from concurrent.futures import Future

    from starlette.types import Receive


T = TypeVar("T")


class DisconnectedError(Exception):
    """Whoever asked has closed the connection."""


async def until_done(futures: Sequence[Future[Any]], seconds: float, receive: Receive) -> None:
    """Wait until all futures are done, or for some seconds.

    Args:
        futures: those of other threads.
        seconds: how long at most.
        receive: of a request whose body was read: tells when its connection is closed (ASGI specification,
            "Disconnect").

    Raises:
        DisconnectedError: the connection was closed.
    """

    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    loop = asyncio.get_running_loop()
    all_done = loop.create_future()
    leaving = asyncio.ensure_future(leave())
    when_done(futures, loop, partial(all_done.set_result, None))
    try:
        await asyncio.wait((leaving, all_done), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            raise DisconnectedError
    finally:
        leaving.cancel()


def when_done(futures: Sequence[Future[Any]], loop: asyncio.AbstractEventLoop, act: Callable[[], object]) -> None:
    """Call *act* in the event loop when all futures are done."""
    left = len(futures)

    def one_is_done() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            act()

    def notify(_: Future[Any]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(one_is_done)

    for future in futures:
        future.add_done_callback(notify)
    if not futures:
        act()


class Sharing:
    """Makes a result once for all who request it by the same key until it is made."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Return what *make* returns, or what it returns to another request with the same key."""
        task: asyncio.Task[T] | None = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(make())
            task.add_done_callback(lambda _: self._under_way.pop(key))
        # A request that is cancelled must not take the result from the others.
        return await asyncio.shield(task)
