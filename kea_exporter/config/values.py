"""The values of a configuration file: texts to durations, sizes, files, urls; a ValueError says what to write."""

from __future__ import annotations

import difflib
import re
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from kea_exporter.facts.snapshot import Version
from kea_exporter.files import check_file, is_path

if TYPE_CHECKING:
    from collections.abc import Collection

SeverityName = Literal["required", "recommended", "advisory"]
SEVERITIES: tuple[str, ...] = get_args(SeverityName)
NO_REQUIREMENT = "unknown requirement; kea-exporter check --explain list prints all"
# That of daemons and profiles that do not name one.
DEFAULT_PROFILE = "ipam"
MAX_UNIX_PATH = 107
# Of servers and profiles.
NAME_PATTERN = r"^[^\s/\x00-\x1f\x7f-\x9f]{1,100}$"
# Where a URL names no port.
DEFAULT_PORTS = {"http": 80, "https": 443}
# From the oldest that is accepted to the newest.
TLS_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
DURATION_PATTERN = r"^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$"
SECRET_FILES = {"username_file", "password_file"}
DURATION_UNITS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
MAX_TIMEOUT = 600.0
SHORTEST_PERIOD, MAX_PERIOD = 60.0, 366 * 86400.0
VERSION_PATTERN = r"^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$"
URL_PATTERN = r"^(https?://[^/]+:\d+(/|$)|unix:///)"
SIZE_PATTERN = r"^(\d{1,12})(B|KB|MB|GB|KiB|MiB|GiB)$"
SIZE_UNITS = {"B": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


@dataclass(frozen=True)
class Context:
    """What values are checked against.

    Attributes:
        directory: where relative paths start.
        requirements: the ids of all requirements; None to take any.
        requires_files: whether a file that cannot be read is an error; if not, it is found by those who use it.
    """

    directory: Path
    requirements: Collection[str] | None = None
    requires_files: bool = True


def parse_timeout(value: object) -> float:
    """Return the seconds of a Prometheus duration such as `5s`, `500ms` or `1m30s`.

    Raises:
        ValueError: it is no such text, or not above 0 and at most ten minutes.
    """
    seconds = _seconds(value, "5s, 500ms or 1m30s")
    if not 0 < seconds <= MAX_TIMEOUT:
        raise ValueError("write more than 0s and at most 10m")
    return seconds


def parse_period(value: object) -> float:
    """Return the seconds of a Prometheus duration such as `1h` or `30d`.

    Raises:
        ValueError: it is no such text, or not between one minute and a year.
    """
    seconds = _seconds(value, "30m, 1h or 30d")
    if not SHORTEST_PERIOD <= seconds <= MAX_PERIOD:
        raise ValueError("write at least 1m and at most 366d")
    return seconds


def _seconds(value: object, examples: str) -> float:
    match = re.fullmatch(DURATION_PATTERN, value) if isinstance(value, str) and value else None
    if match is None:
        raise ValueError(f"write a number with its unit, such as {examples}")
    return sum(float(number or 0) * unit for number, unit in zip(match.groups(), DURATION_UNITS, strict=True))


def duration_text(seconds: float) -> str:
    """Return a duration above 0 as it is written in a file, such as `1d12h`."""
    left, text = round(seconds * 1000), ""
    for unit, name in zip(DURATION_UNITS, ("d", "h", "m", "s", "ms"), strict=True):
        number, left = divmod(left, round(unit * 1000))
        text += f"{number}{name}" if number else ""
    return text


def parse_version(value: object) -> Version:
    """Return a Kea version such as `3.0.0`.

    Raises:
        ValueError: it is no such text.
    """
    match = re.fullmatch(VERSION_PATTERN, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError('write three numbers in quotes, such as "3.0.0"')
    return Version(int(match[1]), int(match[2]), int(match[3]), match[0])


def parse_requirement(value: object, info: ValidationInfo) -> str:
    """Return the id of a requirement that exists.

    Raises:
        ValueError: there is none of that id.
    """
    return _one_of(_context(info).requirements, value)


def parse_requirement_or_severity(value: object, info: ValidationInfo) -> str:
    """Return the id of a requirement that exists, or a severity.

    Raises:
        ValueError: it is none of them.
    """
    ids = _context(info).requirements
    return _one_of(None if ids is None else (*ids, *SEVERITIES), value)


def _one_of(names: Collection[str] | None, value: object) -> str:
    if not isinstance(value, str) or (names is not None and value not in names):
        close = difflib.get_close_matches(str(value), names or (), n=1)
        raise ValueError(f"unknown requirement; did you mean '{close[0]}'?" if close else NO_REQUIREMENT)
    return value


def _context(info: ValidationInfo) -> Context:
    return info.context if isinstance(info.context, Context) else Context(Path())


def parse_size(value: object) -> int:
    """Return the bytes of a size such as `32MiB` (units of 1024, as in Prometheus).

    Raises:
        ValueError: it is no such text, or 0.
    """
    match = re.fullmatch(SIZE_PATTERN, value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError("write a number above 0 with its unit, such as 32MiB")
    return int(match[1]) * SIZE_UNITS[match[2][0]]


def parse_prefix(value: object) -> IPv4Network | IPv6Network:
    """Return a prefix such as `10.0.0.0/8` or `2001:db8::/32`; an address stands for itself alone.

    Raises:
        ValueError: it is no such text, or has bits set beyond its length.
    """
    try:
        prefix = ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        raise ValueError("write a prefix such as 10.0.0.0/8 or 2001:db8::/32") from None
    if "/" in str(value) and ip_address(str(value).partition("/")[0]) != prefix.network_address:
        raise ValueError(f"the prefix has host bits set; did you mean {prefix}?")
    return prefix


def parse_file(value: object, info: ValidationInfo) -> Path:
    """Return the path of a file, taken from the folder of the configuration file.

    Raises:
        ValueError: it is no path, or the file cannot be read where it must.
    """
    if not isinstance(value, str) or not is_path(value):
        raise ValueError("write the path of a file, as text")
    context = _context(info)
    path = context.directory / value
    if context.requires_files:
        _require_file(path, is_secret=info.field_name in SECRET_FILES)
    return path


def _require_file(path: Path, *, is_secret: bool) -> None:
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is not a file; set the path of a file")
        check_file(path)
    except PermissionError as error:
        raise ValueError(f"the file {path} cannot be read: {error.strerror}; correct path, owner or mode") from None
    except OSError:
        # What stands at the place of a secret's file, and is none, may be the secret.
        shown = "of this name" if is_secret else str(path)
        raise ValueError(f"there is no file {shown}; create it, or correct the path") from None


def parse_url(value: object) -> SplitResult:
    """Return the parts of a control socket's url. The text is never repeated: it may hold a password.

    Raises:
        ValueError: it is no http, https or unix url, or it has parts that do not belong there.
    """
    try:
        text = value if isinstance(value, str) else ""
        parts = urlsplit(text)
        is_url = parts.port != 0 and text.isprintable() and " " not in text
    except ValueError:
        is_url = False
    if "@" in text:
        raise ValueError("remove user and password from the url; set them under basic_auth")
    if not is_url:
        raise ValueError("not a url; check host and port (IPv6 addresses need brackets)")
    if re.search(r":0\d+$", parts.netloc):
        raise ValueError("the port begins with 0; remove leading zeros")
    if parts.query or parts.fragment:
        raise ValueError("a control socket has no query or fragment; end the url after port or path")
    if parts.scheme == "unix":
        return _unix(parts)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError('write "http://address:port", "https://address:port" or "unix:///path/of/socket"')
    return parts


def parse_socket_url(value: object) -> SplitResult:
    """Return the parts of a configured control socket's url, which names its port: Kea has none by default.

    Raises:
        ValueError: it is no url, has no port, or an address with leading zeros.
    """
    parts = parse_url(value)
    if re.fullmatch(r"[\d.]*\b0\d[\d.]*", parts.hostname or "", re.ASCII):
        raise ValueError("the address has a number that begins with 0 and counts as octal; remove leading zeros")
    if parts.scheme in DEFAULT_PORTS and parts.port is None:
        raise ValueError('the url has no port; write "http://address:port" or "https://address:port"')
    return parts


def _unix(parts: SplitResult) -> SplitResult:
    if len(parts.path.encode()) > MAX_UNIX_PATH:
        raise ValueError(f"the path of a unix socket has at most {MAX_UNIX_PATH} bytes; use a shorter one")
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError('a unix url has three slashes and an absolute path: "unix:///run/kea/kea4-ctrl-socket"')
    return parts


Timeout = Annotated[
    float, BeforeValidator(parse_timeout), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
Period = Annotated[
    float, BeforeValidator(parse_period), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
KeaVersion = Annotated[
    Version, BeforeValidator(parse_version), WithJsonSchema({"type": "string", "pattern": VERSION_PATTERN})
]
RequirementId = Annotated[str, BeforeValidator(parse_requirement), WithJsonSchema({"type": "string"})]
RequirementOrSeverity = Annotated[
    str, BeforeValidator(parse_requirement_or_severity), WithJsonSchema({"type": "string"})
]
Size = Annotated[int, BeforeValidator(parse_size), WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN})]
Prefix = Annotated[IPv4Network | IPv6Network, BeforeValidator(parse_prefix), WithJsonSchema({"type": "string"})]
NamedFile = Annotated[Path, BeforeValidator(parse_file), WithJsonSchema({"type": "string"})]
Url = Annotated[
    SplitResult, BeforeValidator(parse_socket_url), WithJsonSchema({"type": "string", "pattern": URL_PATTERN})
]
