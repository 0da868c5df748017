"""Waiting for what threads do, without a thread of one's own, and for as long as somebody waits for the answer."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from starlette.types import Receive


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
    leaving = asyncio.ensure_future(_leaving(receive))
    try:
        await asyncio.wait((leaving, _all_done(futures)), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
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


def _all_done(futures: Sequence[Future[Any]]) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    all_done = loop.create_future()
    when_done(futures, loop, partial(all_done.set_result, None))
    return all_done


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
