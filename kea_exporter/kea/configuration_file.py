"""Kea's configuration files: JSON with comments, trailing commas and includes, read as Kea's own parser reads them.

No library reads this syntax (measured against Kea 3.0: JSON5, Hjson and JSONC parsers refuse files that Kea accepts,
and accept files that Kea refuses). Source: Kea ARM, "JSON Configuration", and files tried with `kea-dhcp4 -t`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_BYTES = 32 * 1024 * 1024
# A configuration of 10,000 subnets and 50,000 reservations has 500,000 of them.
MAX_VALUES = 2_000_000
MAX_DEPTH = 64
MAX_INCLUDES = 100
MAX_INCLUDE_DEPTH = 10
MAX_SHOWN = 30
MAX_PLACES = 20
INTEGERS = range(-(2**63), 2**63)
ROOTS = ("Dhcp4", "Dhcp6", "DhcpDdns")

TOKEN = re.compile(
    r"""
    (?P<string>"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u00[0-9a-fA-F]{2}))*")
    | (?P<skipped>[ \t\r\n]+ | \#[^\n]* | //[^\n]* | /\*[\s\S]*?\*/)
    | (?P<mark>[{}\[\]:,])
    | (?P<include><\?include[ \t]+"(?P<path>[^"\n]+)"[ \t]*\?>)
    | (?P<word>[-+.\w]+)
    """,
    re.VERBOSE,
)
INTEGER = re.compile(r"-?[0-9]+")
REAL = re.compile(r"-?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
LEADING_ZERO = re.compile(r"-?0[0-9]")
WORDS = {"true": True, "false": False, "null": None}


class ConfigurationFileError(Exception):
    """A configuration file that Kea would refuse, or that exceeds a limit here; the message names the place."""


@dataclass(frozen=True)
class Source:
    """One file: the name that errors show, and its text."""

    name: str
    text: str

    def place(self, offset: int) -> str:
        """Return `file:line:column` of an offset, both counted from 1."""
        before = self.text[:offset]
        return f"{self.name}:{before.count(chr(10)) + 1}:{offset - before.rfind(chr(10))}"


@dataclass(frozen=True)
class Token:
    """One piece of a file: its kind (`string`, `mark` or `word`), its text, and where it is."""

    kind: str
    text: str
    source: Source
    offset: int

    @property
    def place(self) -> str:
        """Return `file:line:column`."""
        return self.source.place(self.offset)


@dataclass(frozen=True)
class ConfigurationFile:
    """A configuration file as it was read.

    Attributes:
        root: `Dhcp4`, `Dhcp6` or `DhcpDdns`.
        tree: the content of the root, without any default filled in.
        leading_zeros: the first places of numbers such as `007`, which Kea 3.1.9 and later deprecates.
    """

    root: str
    tree: dict[str, Any]
    leading_zeros: tuple[str, ...]


def read_configuration_file(
    name: str, content: bytes, include: Callable[[str], tuple[str, bytes]]
) -> ConfigurationFile:
    """Return the content of a configuration file.

    Args:
        name: what errors call the file.
        content: its bytes.
        include: returns name and bytes of an included file, given its path as written; raises
            ConfigurationFileError if the file is not allowed or cannot be read.

    Raises:
        ConfigurationFileError: Kea would refuse the file, or it exceeds a limit.
    """
    files = _Files(include)
    parser = _Parser(name, files.tokens(name, content, 0))
    document = parser.document()
    if not isinstance(document, dict):
        raise ConfigurationFileError(f"{name}:1:1: the file does not contain a map of Dhcp4, Dhcp6 or DhcpDdns")
    roots = [key for key in document if key in ROOTS]
    others = [key for key in document if key not in ROOTS]
    if others or len(roots) != 1:
        found = ", ".join(_shown(key) for key in list(document)[:5]) or "none"
        expected = f"exactly one of {', '.join(ROOTS)} is expected as root"
        raise ConfigurationFileError(f"{name}:1:1: {expected}, found: {found}")
    (root,) = roots
    if not isinstance(document[root], dict) or not document[root]:
        raise ConfigurationFileError(f"{name}:1:1: {root} is empty or not a map")
    return ConfigurationFile(root, document[root], tuple(parser.leading_zeros))


@dataclass
class _Files:
    """The files of one configuration, as one stream of tokens; counts what was read."""

    include: Callable[[str], tuple[str, bytes]]
    size: int = 0
    includes: int = 0

    def tokens(self, name: str, content: bytes, depth: int) -> Iterator[Token]:
        self.size += len(content)
        if self.size > MAX_BYTES:
            raise ConfigurationFileError(f"{name}: the configuration is larger than {MAX_BYTES // 1024 // 1024} MiB")
        source = Source(name, content.decode("utf-8", "surrogateescape"))
        offset = 0
        while offset < len(source.text):
            found = TOKEN.match(source.text, offset)
            if found is None:
                raise ConfigurationFileError(f"{source.place(offset)}: {_explained(source.text, offset)}")
            if found["include"]:
                yield from self._included(found["path"], source.place(offset), depth)
            elif found["skipped"] is None:
                kind = "string" if found["string"] else "mark" if found["mark"] else "word"
                yield Token(kind, found[0], source, offset)
            offset = found.end()

    def _included(self, path: str, place: str, depth: int) -> Iterator[Token]:
        self.includes += 1
        if depth >= MAX_INCLUDE_DEPTH or self.includes > MAX_INCLUDES:
            raise ConfigurationFileError(
                f"{place}: too many includes (at most {MAX_INCLUDES}, nested {MAX_INCLUDE_DEPTH} deep); "
                "does a file include itself?"
            )
        try:
            name, content = self.include(path)
        except ConfigurationFileError as error:
            raise ConfigurationFileError(f"{place}: {error}") from error
        yield from self.tokens(name, content, depth + 1)


def _explained(text: str, offset: int) -> str:
    """Return why no token begins at an offset."""
    rest = text[offset : offset + 2]
    if rest == "/*":
        return "a comment begins here and does not end"
    if rest[0] == '"':
        return "a string begins here that is not closed on its line, or contains an escape that Kea does not know"
    if rest == "<?":
        return 'an include is written <?include "FILE"?>'
    if rest[0] == "\ufeff":
        return "a byte order mark: save the file as UTF-8 without it"
    if rest[0] == "'":
        return "strings are written in double quotes"
    return f"unexpected character {_shown(rest[0])}"


def _shown(text: str) -> str:
    """Return a text of the file, fit to be shown."""
    return ascii(text[:MAX_SHOWN])


@dataclass
class _Parser:
    """Builds the tree from tokens; nesting is bounded."""

    name: str
    stream: Iterator[Token]
    leading_zeros: list[str] = field(default_factory=list)
    values: int = 0
    last: Token | None = None

    def document(self) -> Any:  # noqa: ANN401 - any JSON value
        value = self._value(self._next(), 0)
        for token in self.stream:
            raise ConfigurationFileError(f"{token.place}: text after the end of the configuration")
        return value

    def _next(self) -> Token:
        token = next(self.stream, None)
        if token is None:
            place = f"{self.name}:1:1" if self.last is None else self.last.place
            raise ConfigurationFileError(f"{place}: the file ends here before the configuration is complete")
        self.last = token
        return token

    def _value(self, token: Token, depth: int) -> Any:  # noqa: ANN401 - any JSON value
        self.values += 1
        if self.values > MAX_VALUES:
            raise ConfigurationFileError(f"{token.place}: the configuration has more than {MAX_VALUES:,} values")
        if depth > MAX_DEPTH:
            raise ConfigurationFileError(f"{token.place}: nested deeper than {MAX_DEPTH} levels")
        if token.text == "{":
            return self._map(depth)
        if token.text == "[":
            return self._list(depth)
        if token.kind == "string":
            return json.loads(token.text)
        if token.kind == "word":
            return self._word(token)
        raise ConfigurationFileError(f"{token.place}: a value is expected, found {_shown(token.text)}")

    def _map(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        token = self._next()
        while token.text != "}":
            if token.kind != "string":
                raise ConfigurationFileError(
                    f"{token.place}: a key in double quotes is expected, found {_shown(token.text)}"
                )
            key = json.loads(token.text)
            if key in found:
                raise ConfigurationFileError(f"{token.place}: duplicate key {_shown(key)}")
            colon = self._next()
            if colon.text != ":":
                raise ConfigurationFileError(f"{colon.place}: ':' is expected after the key {_shown(key)}")
            found[key] = self._value(self._next(), depth + 1)
            token = self._after_value("}")
        return found

    def _list(self, depth: int) -> list[Any]:
        found: list[Any] = []
        token = self._next()
        while token.text != "]":
            found.append(self._value(token, depth + 1))
            token = self._after_value("]")
        return found

    def _after_value(self, closing: str) -> Token:
        """Return the token that begins the next entry, or the closing bracket; Kea takes commas before that one."""
        token = self._next()
        if token.text == closing:
            return token
        if token.text != ",":
            raise ConfigurationFileError(f"{token.place}: ',' or '{closing}' is expected, found {_shown(token.text)}")
        while token.text == ",":
            token = self._next()
        return token

    def _word(self, token: Token) -> Any:  # noqa: ANN401 - a number, a truth value or null
        if token.text in WORDS:
            return WORDS[token.text]
        if len(self.leading_zeros) < MAX_PLACES and LEADING_ZERO.match(token.text):
            self.leading_zeros.append(token.place)
        if INTEGER.fullmatch(token.text):
            number = int(token.text) if len(token.text) < MAX_SHOWN else INTEGERS.stop
            if number not in INTEGERS:
                raise ConfigurationFileError(f"{token.place}: the number {_shown(token.text)} is too large")
            return number
        if REAL.fullmatch(token.text):
            return float(token.text)
        raise ConfigurationFileError(f"{token.place}: a value is expected, found {_shown(token.text)}")
