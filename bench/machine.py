"""What the bench ran on, without a name of it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def described(kea_version: str = "") -> str:
    """Return one sentence on the machine and the programs."""
    cpu = _first(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo")) or platform.machine()
    memory = int(_first(r"MemTotal:\s*(\d+)", Path("/proc/meminfo")) or 0) / 1024**2
    return (
        f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GiB of memory, Linux {platform.release().split('-')[0]},"
        f" Python {platform.python_version()}{f', Kea {kea_version}' if kea_version else ''}; everything on loopback."
    )


def _first(pattern: str, file: Path) -> str:
    found = re.search(pattern, file.read_text())
    return found[1].strip() if found else ""
