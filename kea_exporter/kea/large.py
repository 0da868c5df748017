"""Large answers: what they would take once parsed, and whose turn it is to parse one.

Parsing JSON holds the interpreter, and many small values take up to 35 times their size in memory. So the values are
counted before an answer is parsed, and large answers are read one after another.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kea_exporter.kea.reading import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

# Up to here an answer is parsed without further ado: it takes 70 MiB at most.
MAX_SMALL = 2 * 1024**2
# What an answer may take in memory, once parsed: as many times its size, or this. Measured on Kea 3.0.3: the
# configuration of 20,000 subnets with 100,000 reservations takes 4 times its size; statistics, up to 6.5 times.
MAX_TIMES = 7
MAX_EXEMPT = 64 * 1024**2

SLICE = 256 * 1024
NO_COUNTS = (0, 0, 0, 0, 0)
BLANKS = b" \t\r\n"
KEY = re.compile(rb'"([^"\\]*)":')
# Bytes of CPython on 64 bits: a list with its items, a map with its first keys, the place of a value, a text beside
# its characters, a number; and a key that has not been seen before, twice: in its map, and in a table of the parser.
LIST, MAP, PLACE, TEXT, NUMBER, NEW_KEY = 96, 192, 9, 64, 32, 150
# An escape takes no memory, but ten times as long as a character.
ESCAPE = 12


# Parsing 32 MiB holds the interpreter for a second at most; what reads the values lets others have their turn.
MAX_REST_SECONDS = 1.0


class BusyError(Exception):
    """Other large answers were being read until the deadline."""


def check(body: bytes | bytearray) -> None:
    """Do nothing, if an answer can be parsed within bounds.

    Raises:
        MalformedAnswerError: it consists of more values than any answer of Kea of its size.
    """
    allowed = max(MAX_TIMES * len(body), MAX_EXEMPT)
    size, keys, texts = _estimate(body, slices(body))
    # Brackets and commas of texts were counted too; where the texts alone are too many, that does not matter.
    if size + NEW_KEY * keys > allowed >= len(body) + TEXT * texts:
        size, keys, _ = _estimate(body, outside_of_texts(slices(body)))
    # Most keys of a configuration are alike: they are compared only where that decides.
    max_keys = (allowed - size) // NEW_KEY
    if max_keys < 0 or (keys > max_keys and _has_more_keys(body, max_keys)):
        raise MalformedAnswerError("it consists of too many values for its size")


def _estimate(body: bytes | bytearray, parts: Iterable[bytes | bytearray]) -> tuple[int, int, int]:
    """Return what an answer would take in memory but for new keys, and how many keys and other texts it has."""
    lists, maps, commas, quotes, keys = (sum(column) for column in zip(NO_COUNTS, *map(counts, parts), strict=True))
    texts = max(0, quotes // 2 - keys)
    values = LIST * lists + MAP * maps + PLACE * commas + TEXT * texts + NUMBER * max(0, commas - texts)
    return len(body) + ESCAPE * body.count(b"\\") + values, keys, texts


def counts(part: bytes | bytearray) -> tuple[int, ...]:
    """Return how many lists, maps, commas, quotes and keys there are in a part."""
    return tuple(part.count(sign) for sign in (b"[", b"{", b",", b'"', b'":'))


def slices(body: bytes | bytearray) -> Iterator[bytes | bytearray]:
    """Return the parts of an answer without blanks and escaped quotes; between them, other threads have their turn."""
    start = 0
    while start < len(body):
        part = body[start : start + SLICE]
        if (len(part) - len(part.rstrip(b"\\"))) % 2:  # what it escapes belongs to it
            part = body[start : start + SLICE + 1]
        start += len(part)
        if b"\\" in part:
            part = part.replace(rb"\\", b"").replace(rb"\"", b"")
        yield part.translate(None, BLANKS)


def outside_of_texts(parts: Iterable[bytes | bytearray]) -> Iterator[bytes]:
    """Return the parts of an answer with empty texts."""
    inside = 0
    for part in parts:
        pieces = part.split(b'"')
        yield b'""'.join(pieces[inside::2])
        inside = (inside + len(pieces) - 1) % 2


def _has_more_keys(body: bytes | bytearray, limit: int) -> bool:
    """Return whether an answer has more different keys than that."""
    seen: set[bytes] = set()
    for part in slices(body):
        seen.update(KEY.findall(part))
        if len(seen) > limit:
            return True
    return False


class Turns:
    """Lets one thread at a time read a large answer, and then none for as long as it took, or a second.

    Args:
        clock: goes forward, in seconds.
        sleep: waits for some seconds.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._lock = threading.Lock()
        self._clock, self._sleep = clock, sleep
        self._free_at = clock()

    @contextmanager
    def one(self, size: int, seconds: float) -> Iterator[None]:
        """Wait for a turn to read an answer of that size, for some seconds; a small one needs none.

        Raises:
            BusyError: there was none within the seconds.
        """
        if size <= MAX_SMALL:
            yield
            return
        latest = self._clock() + seconds
        if not self._lock.acquire(timeout=seconds):
            raise BusyError
        try:
            if self._free_at > latest:
                raise BusyError
            self._sleep(max(0.0, self._free_at - self._clock()))
            started = self._clock()
            try:
                yield
            finally:
                now = self._clock()
                self._free_at = now + min(now - started, MAX_REST_SECONDS)
        finally:
            self._lock.release()


TURNS = Turns()
