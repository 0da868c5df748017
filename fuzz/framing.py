"""The bytes of an answer on the wire, over HTTP and on a unix socket."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.talker import CHUNKED, PLAIN, Talker

if TYPE_CHECKING:
    from collections.abc import Iterator

TALKERS = (Talker(), Talker(Path(tempfile.mkdtemp()) / "kea.sock"))


def seeds() -> Iterator[bytes]:
    yield PLAIN
    yield PLAIN + PLAIN
    yield CHUNKED
    yield b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN
    yield b"HTTP/1.0 200 OK\r\n\r\n[]"
    yield b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Encoding: gzip\r\n\r\n"
    yield b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n'
    yield b"HTTP/1.1 403 No\r\nSet-Cookie: a=b; expires=Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n"


def test(data: bytes) -> None:
    for talker in TALKERS:
        talker.say(data)
