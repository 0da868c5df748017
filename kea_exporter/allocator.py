"""Thresholds of the C library's allocator, so that the memory of large pages goes back to the system.

glibc raises its threshold for separate mappings with each large block that is freed, up to 32 MiB (mallopt(3),
"M_MMAP_THRESHOLD"): pages and answers of megabytes then come from the heap, whose holes stay with the process. A
threshold that is set does not move. Threads may also have up to eight heaps for each core; two are enough for a process
whose threads take turns. Another C library (musl) has no such call, and nothing happens.
"""

from __future__ import annotations

import ctypes
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Their numbers are those of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8
OPTIONS: Mapping[int, int] = MappingProxyType(
    {M_MMAP_THRESHOLD: 256 * 1024, M_TRIM_THRESHOLD: 1024 * 1024, M_ARENA_MAX: 2}
)


def give_memory_back() -> bool:
    """Set the thresholds for this process; return whether its C library took them."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return all(mallopt(option, value) == 1 for option, value in OPTIONS.items())
