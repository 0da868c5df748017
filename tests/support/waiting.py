"""Waiting in tests: no longer than needed, and never for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

GENEROUS = 60.0


def wait_until(holds: Callable[[], object], seconds: float = GENEROUS, pause: float = 0.02) -> None:
    """Return as soon as something holds; fail if it does not within *seconds*."""
    give_up = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < give_up, f"what was waited for did not come within {seconds:g} s"
        time.sleep(pause)
