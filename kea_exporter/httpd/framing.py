"""Where a request ends, and whether it may come in at all.

Stricter than HTTP/1.1 (RFC 9112) has to be, so that no proxy in front can read another request out of the same bytes:
lines end with CRLF, none is folded, one Content-Length says how long a body is, and bodies are short. Nothing is handed
on before it is whole.
"""

from __future__ import annotations

import re
from http import HTTPStatus

HEAD_LIMIT = 16 * 1024
BODY_LIMIT = 8 * 1024
MAX_HEADERS = 100

END = b"\r\n\r\n"
REQUEST_LINE = re.compile(rb"[A-Z]{1,20} [\x21-\x7e]+ HTTP/(\d\.\d)")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
# What cannot be in a head: a control character, a line feed that ends no line, a carriage return in one.
OUT_OF_PLACE = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# A request begins with a method; what cannot be one is refused at its first byte.
NO_METHOD = re.compile(rb"[^A-Z]")
VERSIONS = {b"1.0", b"1.1"}


class RefusalError(Exception):
    """A request is not let in.

    Attributes:
        status: the HTTP status to answer with.
    """

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class RequestReader:
    """Cuts what a client sends into whole requests."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._looked_at = 0
        self._length: int | None = None

    def __len__(self) -> int:
        """Return how many bytes wait."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what came in."""
        self._buffer += data

    def clear(self) -> None:
        """Forget what waits."""
        self._buffer.clear()

    def take(self) -> bytes | None:
        """Return the next whole request; None as long as there is none.

        Raises:
            RefusalError: what came in is no request that is answered.
        """
        if self._length is None and (head := self._head()) is not None:
            self._length = len(head) + body_length(head)
        if self._length is None or len(self._buffer) < self._length:
            return None
        request = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._length, self._looked_at = None, 0
        return request

    def _head(self) -> bytes | None:
        # A client may send empty lines before a request (RFC 9112, section 2.2).
        while not self._looked_at and self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        if bytes(self._buffer[:2]) in {b"", b"\r"}:
            return None
        # What was looked at before is not looked at again: bytes may come one at a time.
        start = max(self._looked_at - len(END), 0)
        end = self._buffer.find(END, start)
        length = len(self._buffer) if end < 0 else end + len(END)
        if length > HEAD_LIMIT:
            raise RefusalError(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"request line and headers have at most {HEAD_LIMIT} bytes"
            )
        if OUT_OF_PLACE.search(self._buffer, start, length) or NO_METHOD.match(self._buffer):
            raise RefusalError(HTTPStatus.BAD_REQUEST, "this is no HTTP request; lines end with CRLF")
        self._looked_at = len(self._buffer)
        return None if end < 0 else bytes(self._buffer[:length])


def body_length(head: bytes) -> int:
    """Return how many bytes follow a head, which ends with an empty line.

    Raises:
        RefusalError: the head is not sound, or what follows is not taken.
    """
    first, *lines = head[: -len(END)].split(b"\r\n")
    found = REQUEST_LINE.fullmatch(first)
    if found is None:
        raise RefusalError(HTTPStatus.BAD_REQUEST, "the request line is not sound")
    if found[1] not in VERSIONS:
        raise RefusalError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "HTTP/1.1 is spoken here")
    if len(lines) > MAX_HEADERS:
        raise RefusalError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"a request has at most {MAX_HEADERS} headers")
    headers = _headers(lines)
    hosts = len(headers.get(b"host", ()))
    if hosts > 1 or (not hosts and found[1] != b"1.0"):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "a request has one Host header")
    return _content_length(headers)


def _headers(lines: list[bytes]) -> dict[bytes, list[bytes]]:
    headers: dict[bytes, list[bytes]] = {}
    for line in lines:
        found = HEADER.fullmatch(line)
        if found is None:
            raise RefusalError(HTTPStatus.BAD_REQUEST, "a header is not sound, or goes on in a second line")
        headers.setdefault(found[1].lower(), []).append(found[2].strip(b" \t"))
    return headers


def _content_length(headers: dict[bytes, list[bytes]]) -> int:
    lengths = headers.get(b"content-length", [])
    if b"transfer-encoding" in headers:
        if lengths:
            raise RefusalError(HTTPStatus.BAD_REQUEST, "a request has either Content-Length or Transfer-Encoding")
        raise RefusalError(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length instead of a Transfer-Encoding")
    if len(lengths) > 1 or not all(re.fullmatch(rb"[0-9]{1,18}", length) for length in lengths):
        raise RefusalError(HTTPStatus.BAD_REQUEST, "a request has one Content-Length, a number")
    length = int(lengths[0]) if lengths else 0
    if length > BODY_LIMIT:
        raise RefusalError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body of a request has at most {BODY_LIMIT} bytes")
    if length and b"expect" in headers:
        raise RefusalError(HTTPStatus.EXPECTATION_FAILED, "send the body without asking first")
    return length
