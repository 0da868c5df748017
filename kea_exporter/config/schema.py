"""The configuration file as it is written, in the words of Prometheus' own client configuration.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (`basic_auth`, `tls_config`,
`body_size_limit`, durations).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationInfo, WithJsonSchema

from kea_exporter.config.profiles import BUILT_IN

DURATION_PATTERN = r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$"
SECRET_FILES = {"username_file", "password_file"}
DURATION_UNITS = (3600.0, 60.0, 1.0, 0.001)
LONGEST_DURATION = 600.0
SIZE_PATTERN = r"^(\d{1,12})(B|KB|MB|GB|KiB|MiB|GiB)$"
SIZE_UNITS = {"B": 1, "K": 1024, "M": 1024**2, "G": 1024**3}


def parse_duration(value: object) -> float:
    """Return the seconds of a Prometheus duration such as `5s`, `500ms` or `1m30s`.

    Raises:
        ValueError: it is no such text, or not above 0 and at most ten minutes.
    """
    match = re.fullmatch(DURATION_PATTERN, value) if isinstance(value, str) and value else None
    if match is None:
        raise ValueError("write a number with its unit, such as 5s, 500ms or 1m30s")
    seconds = sum(float(number or 0) * unit for number, unit in zip(match.groups(), DURATION_UNITS, strict=True))
    if not 0 < seconds <= LONGEST_DURATION:
        raise ValueError("write more than 0s and at most 10m")
    return seconds


def parse_size(value: object) -> int:
    """Return the bytes of a size such as `64MiB` (units of 1024, as in Prometheus).

    Raises:
        ValueError: it is no such text, or 0.
    """
    match = re.fullmatch(SIZE_PATTERN, value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError("write a number above 0 with its unit, such as 64MiB")
    return int(match[1]) * SIZE_UNITS[match[2][0]]


def parse_file(value: object, info: ValidationInfo) -> Path:
    """Return the path of a readable file, taken from the folder of the configuration file.

    Raises:
        ValueError: it is no path, or the file cannot be read.
    """
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("write the path of a file, as text")
    path = Path(info.context or ".") / value
    try:
        if path.exists() and not path.is_file():
            raise ValueError(f"{path} is no file; write the path of a file")
        with path.open("rb"):
            return path
    except PermissionError as error:
        raise ValueError(f"the file {path} cannot be read: {error.strerror}; correct path, owner or mode") from None
    except OSError:
        # What stands at the place of a secret's file, and is none, may be the secret.
        shown = "of this name" if info.field_name in SECRET_FILES else str(path)
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
        raise ValueError("take user and password out of the url; write them under basic_auth")
    if not is_url:
        raise ValueError("this is not a url; check host and port (an IPv6 address stands in brackets)")
    if parts.query or parts.fragment:
        raise ValueError("a control socket has no query or fragment; end the url after port or path")
    if parts.scheme == "unix":
        return _unix(parts)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError('write "http://address:port", "https://address:port" or "unix:///path/of/socket"')
    return parts


def _unix(parts: SplitResult) -> SplitResult:
    if parts.netloc or not parts.path.startswith("/"):
        raise ValueError('a unix url has three slashes and an absolute path: "unix:///run/kea/kea4-ctrl-socket"')
    return parts


def parse_profile(value: object) -> str:
    """Return the name of a profile that exists.

    Raises:
        ValueError: there is none of that name.
    """
    if not isinstance(value, str) or value not in BUILT_IN:
        raise ValueError(f"there is no such profile; write one of: {', '.join(BUILT_IN)}")
    return value


Duration = Annotated[
    float, BeforeValidator(parse_duration), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN})
]
Size = Annotated[int, BeforeValidator(parse_size), WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN})]
ReadableFile = Annotated[Path, BeforeValidator(parse_file), WithJsonSchema({"type": "string"})]
Url = Annotated[
    SplitResult, BeforeValidator(parse_url), WithJsonSchema({"type": "string", "pattern": "^(https?|unix)://"})
]
ProfileName = Annotated[str, BeforeValidator(parse_profile), WithJsonSchema({"enum": list(BUILT_IN)})]


class Section(BaseModel):
    """A mapping of the file: unknown keys are mistakes, types are not guessed, inputs are not repeated."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )


class BasicAuth(Section):
    """Credentials of HTTP basic authentication."""

    username: str | None = Field(None, description="a name without a colon", pattern="^[^:]+$", examples=["monitor"])
    username_file: ReadableFile | None = Field(None, examples=["/etc/kea-exporter/username"])
    password: SecretStr | None = Field(None, description="better: password_file")
    password_file: ReadableFile | None = Field(None, examples=["/etc/kea-exporter/password"])


class TlsConfig(Section):
    """How a https control socket is verified, and the exporter's own certificate."""

    ca_file: ReadableFile | None = Field(None, examples=["/etc/kea-exporter/ca.pem"])
    cert_file: ReadableFile | None = Field(None, examples=["/etc/kea-exporter/client.pem"])
    key_file: ReadableFile | None = Field(None, examples=["/etc/kea-exporter/client-key.pem"])
    server_name: str | None = Field(
        None,
        description="the name or address to verify, where it is not the one of the url",
        pattern=r"^[^\s/]+$",
        examples=["kea1.example.com"],
    )
    insecure_skip_verify: bool = Field(default=False, description="send credentials to whoever answers")
    min_version: Literal["TLS12", "TLS13"] = Field("TLS12", description="TLS12 or TLS13")


class Options(Section):
    """What may be set for all, for a server, and for a daemon; the nearest wins, whole sections at a time."""

    timeout: Duration = Field(5.0, description="time for all of one daemon", examples=["5s"])
    basic_auth: BasicAuth | None = None
    tls_config: TlsConfig | None = None
    body_size_limit: Size = Field(64 * 1024**2, description="largest answer accepted", examples=["64MiB"])
    profile: ProfileName = Field("ipam", description="whose requirements are judged", examples=["ipam"])


class DaemonEntry(Options):
    """One daemon and its control socket."""

    url: Url = Field(examples=["https://10.10.10.10:8001"])
    control_agent: bool = Field(default=False, description="a Control Agent answers there (Kea before 3.0)")


class ServerEntry(Options):
    """One server with up to three daemons."""

    name: str = Field(
        description="a name of at most 100 characters, without blanks and slashes",
        pattern=r"^[^\s/]{1,100}$",
        examples=["dhcp-a"],
    )
    dhcp4: DaemonEntry | None = None
    dhcp6: DaemonEntry | None = None
    d2: DaemonEntry | None = None


class ConfigFile(Section):
    """The configuration file of kea-exporter."""

    defaults: Options = Options()
    servers: list[ServerEntry] = Field(min_length=1, examples=["- {name: dhcp-a, dhcp4: {url: ...}}"])
