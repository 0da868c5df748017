"""Reading files at run time: opened without blocking, regular, and of a bounded size.

A FIFO in the place of a file would block its reader for ever, a device could deliver bytes without end. Both are errors
here, like a file that cannot be opened.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_FILE_BYTES = 4 * 1024**2
NOT_REGULAR = "not a regular file"


def is_path(text: str) -> bool:
    """Return whether a text can be a path: not empty, without NUL, and of characters that the system can encode."""
    try:
        return bool(text) and b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def read_file(path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file; symbolic links are followed.
        max_bytes: the largest size accepted.

    Raises:
        OSError: the file cannot be opened or read, is not regular, or is larger.
    """
    with os.fdopen(_open(path), "rb") as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes:,} bytes", str(path))
    return content


def check_file(path: Path) -> None:
    """Check that a file can be read, for libraries that open it by its path.

    Raises:
        OSError: the file cannot be opened, or is not regular.
    """
    os.close(_open(path))


def digest(path: Path) -> bytes | None:
    """Return a digest of the content of a file, to notice changes; None where it cannot be read."""
    try:
        return hashlib.sha256(read_file(path)).digest()
    except OSError:
        return None


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    raise OSError(errno.EINVAL, NOT_REGULAR, str(path))
