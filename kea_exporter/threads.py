"""Starting threads, and the one error where no further thread can be had."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class NoThreadError(Exception):
    """No further thread can be started: a limit of the system or of the unit is reached."""

    def __init__(self) -> None:
        super().__init__("no thread can be started, try again later")


def start_thread(work: Callable[..., object], *arguments: object, name: str) -> threading.Thread:
    """Start a daemonic thread, which never delays the end of the process, and return it.

    Raises:
        NoThreadError: no thread can be had.
    """
    thread = threading.Thread(target=work, args=arguments, daemon=True, name=name)
    try:
        thread.start()
    except RuntimeError:
        raise NoThreadError from None
    return thread
