"""HTTP as Kea reads and writes it (measured on 3.0.3; the contract tests compare)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus

JSON_TYPE = "application/json"
REQUEST_LINE = re.compile(rb"([A-Z]+) \S+ HTTP/\d\.\d\r\n")
METHOD = re.compile(rb"[A-Z]*(?: |$)")
LONE_LINE_FEED = re.compile(rb"(?<!\r)\n")
HEADER = re.compile(rb"([^\s:]+):[ \t]*([^\r\n]*)\r\n")
LENGTHS = 2**64


class BadRequestError(Exception):
    """A request that is no POST of JSON: it is answered with 400, and the connection closed.

    Attributes:
        version: of the answer.
    """

    def __init__(self, version: str) -> None:
        super().__init__("Bad Request")
        self.version = version


@dataclass(frozen=True)
class Request:
    """A request; *version* is that of the answer, and the names of *headers* are lower case."""

    version: str
    method: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def length(self) -> int:
        """Return how many bytes of a body follow; what is no number counts as 0, and below 0 is very much."""
        text = self.headers.get("content-length", "0")
        return int(text) % LENGTHS if re.fullmatch(r"-?\d+", text, re.ASCII) else 0

    @property
    def is_persistent(self) -> bool:
        """Return whether the connection stays open after the answer."""
        wish = self.headers.get("connection", "").lower()
        return wish == "keep-alive" if self.version == "1.0" else wish != "close"


@dataclass(frozen=True)
class Answer:
    """An answer: its status, the value of its body, and headers beside those of every answer."""

    status: HTTPStatus
    value: object
    headers: Mapping[str, str] = field(default_factory=dict)


def stock(status: HTTPStatus, **headers: str) -> Answer:
    """Return the answer to a request that did not get through to the commands: a bare map, no list."""
    return Answer(status, {"result": status.value, "text": status.phrase}, headers)


def read_head(head: bytes) -> Request:
    """Return a request without its body.

    Raises:
        BadRequestError: it is not HTTP.
    """
    line, version = REQUEST_LINE.match(head), version_of(head)
    if line is None:
        raise BadRequestError(version)
    headers, place = {}, line.end()
    while found := HEADER.match(head, place):
        headers[found[1].decode("latin-1").lower()] = found[2].decode("latin-1")
        place = found.end()
    if head[place:] != b"\r\n":
        raise BadRequestError(version)
    return Request(version, line[1].decode(), headers)


def require_command(request: Request) -> None:
    """Raise BadRequestError unless this is a POST of JSON with a length: that is all that Kea takes."""
    kind = request.headers.get("content-type", "").lower()
    if request.method != "POST" or kind != JSON_TYPE or "content-length" not in request.headers:
        raise BadRequestError(request.version)


def require_hope(beginning: bytes) -> None:
    """Raise BadRequestError if the beginning of a request shows already that it is not HTTP, such as TLS."""
    if not METHOD.match(beginning) or LONE_LINE_FEED.search(beginning):
        raise BadRequestError(version_of(beginning))


def version_of(beginning: bytes) -> str:
    """Return the version to answer in, as far as it can be told from the beginning of a request."""
    return "1.1" if beginning.partition(b"\n")[0].rstrip(b"\r").endswith(b" HTTP/1.1") else "1.0"


def write(answer: Answer, version: str) -> bytes:
    """Return the bytes of an answer, its headers in the order of their names."""
    body = written(answer.value).encode()
    headers = {"Content-Length": str(len(body)), "Content-Type": JSON_TYPE, "Date": formatdate(usegmt=True)}
    lines = [f"{name}: {value}" for name, value in sorted({**headers, **answer.headers}.items())]
    head = "\r\n".join([f"HTTP/{version} {answer.status.value} {answer.status.phrase}", *lines])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def written(value: object) -> str:
    """Return JSON as Kea writes it: keys sorted, and a blank between everything."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)}: {written(entry)}' for key, entry in sorted(value.items()))} }}"
    if isinstance(value, list | tuple):
        return f"[ {', '.join(map(written, value))} ]"
    return json.dumps(value)
