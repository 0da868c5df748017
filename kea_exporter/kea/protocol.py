"""Kea's control protocol: JSON out, JSON back (Kea ARM, "Data Syntax" of the Management API)."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Never

from kea_exporter.kea.large import MAX_SMALL, check
from kea_exporter.kea.reading import MalformedAnswerError, as_int, as_map, as_text
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping


class Command(StrEnum):
    """Every command that the exporter can send; all of them only read."""

    CONFIG_GET = "config-get"
    LEASE4_GET = "lease4-get"
    LEASE4_GET_PAGE = "lease4-get-page"
    LEASE6_GET = "lease6-get"
    LEASE6_GET_PAGE = "lease6-get-page"
    LIST_COMMANDS = "list-commands"
    RESERVATION_GET_PAGE = "reservation-get-page"
    STATISTIC_GET = "statistic-get"
    STATISTIC_GET_ALL = "statistic-get-all"
    STATISTIC_GLOBAL_GET_ALL = "statistic-global-get-all"
    STATUS_GET = "status-get"
    STAT_LEASE4_GET = "stat-lease4-get"
    STAT_LEASE6_GET = "stat-lease6-get"
    SUBNET4_LIST = "subnet4-list"
    SUBNET6_LIST = "subnet6-list"
    VERSION_GET = "version-get"


# The largest answers of Kea, with room to spare; what has no limit here has that of the configuration alone. Reading
# JSON keeps other probes waiting, so that a daemon that sends more is not listened to.
MIB = 1024**2
LIMITS: Mapping[Command, int] = MappingProxyType(
    {
        Command.LEASE4_GET: MIB,
        Command.LEASE6_GET: MIB,
        Command.LIST_COMMANDS: MIB,
        # Of up to 100 hosts.
        Command.RESERVATION_GET_PAGE: MIB,
        Command.STATISTIC_GET: MIB,
        Command.STATUS_GET: MIB,
        Command.VERSION_GET: MIB,
        Command.STATISTIC_GLOBAL_GET_ALL: 4 * MIB,
        # A row has 30 to 80 bytes, and there are 5,000 in a slice.
        Command.STAT_LEASE4_GET: 8 * MIB,
        Command.STAT_LEASE6_GET: 8 * MIB,
        # Of 200,000 subnets.
        Command.SUBNET4_LIST: 16 * MIB,
        Command.SUBNET6_LIST: 16 * MIB,
    }
)


class Result:
    """Kea's result codes (Kea ARM, "Data Syntax")."""

    SUCCESS = 0
    ERROR = 1
    UNSUPPORTED = 2
    EMPTY = 3


@dataclass(frozen=True)
class Answer:
    """One answer: its result code, its text made printable, its arguments, and the digest of its bytes if wanted."""

    result: int
    text: str
    arguments: object
    digest: bytes = b""

    @property
    def map(self) -> Mapping[str, Any]:
        """Return the arguments where they are a map, as for nearly all commands; empty where there are none.

        Raises:
            MalformedAnswerError: they are something else.
        """
        return as_map({} if self.arguments is None else self.arguments, "arguments")


def encode(command: Command, service: str | None = None, arguments: Mapping[str, object] | None = None) -> bytes:
    """Return the bytes of a command; *service* is for a Control Agent only.

    Raises:
        ValueError: the command is not one of the closed list.
    """
    request: dict[str, object] = {"command": str(Command(command))}
    if service is not None:
        request["service"] = [service]
    if arguments is not None:
        request["arguments"] = dict(arguments)
    # Kea answers 400 to escapes above \u00ff.
    return json.dumps(request, ensure_ascii=False).encode()


def longest_answer(command: Command) -> int:
    """Return how many bytes the answer to a command may have, whatever the configuration allows."""
    return LIMITS.get(command, sys.maxsize)


def decode(body: bytes | bytearray, digest: bytes = b"") -> Answer:
    """Return the answer in *body*: a list of one map over HTTP, a bare map on a unix socket.

    A large bytearray is emptied: it would take memory while it is parsed.

    Raises:
        MalformedAnswerError: it is neither, or holds no result.
    """
    try:
        said = DECODER.decode(_text(body))
    except (ValueError, RecursionError):
        raise MalformedAnswerError("the answer is not JSON") from None
    if isinstance(said, list):
        if len(said) != 1:
            raise MalformedAnswerError(f"one answer was expected, {len(said)} came")
        said = said[0]
    answer = as_map(said, "answer")
    return Answer(
        result=as_int(answer.get("result"), "result"),
        text=printable(as_text(answer.get("text", ""), "text")),
        arguments=answer.get("arguments"),
        digest=digest,
    )


def _text(body: bytes | bytearray) -> str:
    """Return an answer as text; a large one of one byte a character, as Kea writes it: `as_text` makes UTF-8 of it.

    Raises:
        MalformedAnswerError: it would take too much memory.
    """
    if len(body) <= MAX_SMALL:
        return body.decode(json.detect_encoding(body), "surrogatepass")
    check(body)
    text = body.decode("latin-1")
    if isinstance(body, bytearray):
        body.clear()
    return text


def _refuse_constant(_: str) -> Never:
    raise ValueError


DECODER = json.JSONDecoder(parse_constant=_refuse_constant)
