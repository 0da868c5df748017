"""What this process takes from the system: threads, and memory that is given back.

glibc raises its threshold for separate mappings with each large block that is freed, up to 32 MiB (mallopt(3),
"M_MMAP_THRESHOLD"): pages and answers of megabytes then come from the heap, whose holes stay with the process. A
threshold that is set does not move. Threads may also have up to eight heaps for each core; two are enough for a process
whose threads take turns. Another C library (musl) has no such call, and nothing happens.
"""

from __future__ import annotations

import ctypes
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


# Their numbers are those of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
ALLOCATOR_OPTIONS: Mapping[int, int] = MappingProxyType(
    {M_MMAP_THRESHOLD: 256 * 1024, M_TRIM_THRESHOLD: 1024 * 1024, M_ARENA_MAX: 2}
)


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


def give_memory_back() -> bool:
    """Set the thresholds for this process; return whether its C library took them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(option, value) == 1 for option, value in ALLOCATOR_OPTIONS.items())
