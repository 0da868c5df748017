"""The web configuration file: how the exporter's own pages are protected."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from kea_exporter.config.errors import ConfigError, FieldError, Place
from kea_exporter.config.load import content_of, parsed, validated
from kea_exporter.config.values import TLS_VERSIONS, Context
from kea_exporter.config.web_schema import (
    CLIENT_AUTH,
    NO_CERTIFICATE,
    REQUIRED,
    TlsServerConfig,
    WebConfigFile,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# The headers that the schema knows, and the values that one may have; any where there are none.
HEADERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Content-Security-Policy": (),
        "Strict-Transport-Security": (),
        "X-Content-Type-Options": ("nosniff",),
        "X-Frame-Options": ("deny", "sameorigin"),
        "X-XSS-Protection": (),
    }
)
USER_NAME = r"[^:\x00-\x1f\x7f-\x9f]+"


@dataclass(frozen=True)
class ServerTls:
    """TLS of the exporter's own pages.

    Attributes:
        client_auth: one of CLIENT_AUTH.
        allowed_sans: of which the SAN of a client's certificate has to hold one; any will do where there are none.
        min_version: `TLS12` or `TLS13`; so is *max_version*.
    """

    cert_file: Path
    key_file: Path
    client_auth: str = NO_CERTIFICATE
    client_ca_file: Path | None = None
    allowed_sans: frozenset[str] = frozenset()
    min_version: str = "TLS12"
    max_version: str = "TLS13"
    prefers_own_ciphers: bool = True


@dataclass(frozen=True)
class WebSettings:
    """How the exporter's own pages are protected.

    Attributes:
        tls: None for plain HTTP.
        users: bcrypt hashes by user name; everybody is let in where there are none.
        headers: what is sent with every answer.
    """

    tls: ServerTls | None = None
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes_passwords_in_clear(self) -> bool:
        """Return whether anybody on the way can read passwords."""
        return bool(self.users) and self.tls is None

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that it names."""
        tls = self.tls
        return tuple(filter(None, (tls.cert_file, tls.key_file, tls.client_ca_file))) if tls else ()


def load_web(path: Path) -> WebSettings:
    """Return the settings of the web configuration file at *path*.

    Raises:
        ConfigError: it cannot be read, or has errors.
    """
    tree, node = parsed(content_of(path))
    try:
        written = validated(WebConfigFile, tree, node, Context(path.parent), _cross_field_errors(tree))
    except ConfigError as error:
        raise ConfigError(tuple(dict.fromkeys(map(_without_hash, error.errors)))) from None
    headers = {name: value for name, value in written.http_server_config.headers.items() if value}
    tls = _tls(written.tls_server_config) if written.tls_server_config else None
    return WebSettings(tls, written.basic_auth_users, headers)


def protections_lost(before: WebSettings, now: WebSettings) -> list[str]:
    """Return the keys by which the pages were protected before, and are no more."""
    lost = {
        "basic_auth_users": bool(before.users) and not now.users,
        "tls_server_config": before.tls is not None and now.tls is None,
    }
    if (old := before.tls) is not None and (new := now.tls) is not None:
        lost |= {
            "client_auth_type": CLIENT_AUTH.index(old.client_auth) > CLIENT_AUTH.index(new.client_auth),
            "client_allowed_sans": bool(old.allowed_sans) and not new.allowed_sans,
            "min_version": TLS_VERSIONS[old.min_version] > TLS_VERSIONS[new.min_version],
        }
    return [key for key, is_lost in lost.items() if is_lost]


def normal_san(text: str) -> str:
    """Return an entry of a SAN, an address in the one way that it is usually written."""
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return text


def _tls(written: TlsServerConfig) -> ServerTls:
    return ServerTls(
        cert_file=written.cert_file,
        key_file=written.key_file,
        client_auth=written.client_auth_type,
        client_ca_file=written.client_ca_file,
        allowed_sans=frozenset(map(normal_san, written.client_allowed_sans)),
        min_version=written.min_version,
        max_version=written.max_version,
        prefers_own_ciphers=written.prefer_server_cipher_suites,
    )


def _without_hash(error: FieldError) -> FieldError:
    """Return an error that shows no hash: without a blank after its colon it is part of the user's name."""
    if error.place[:1] == ("basic_auth_users",) and ":" in "".join(map(str, error.place)):
        text = "a user name has no colon; put a colon and a space before the hash"
        return FieldError(error.place[:1], text, error.line)
    return error


def _cross_field_errors(tree: object) -> Iterator[FieldError]:
    """Find what concerns several keys, and what is wrong with keys that users choose."""
    if not isinstance(tree, dict):
        return
    for key in ("tls_server_config", "basic_auth_users"):
        if key in tree and not tree[key]:
            yield FieldError((key,), "the section is empty and protects nothing; fill it, or remove the key")
    if isinstance(tls := tree.get("tls_server_config"), dict):
        yield from _tls_errors(tls, ("tls_server_config",))
    http = tree.get("http_server_config")
    yield from _header_errors(http.get("headers") if isinstance(http, dict) else None)
    users = tree.get("basic_auth_users")
    for name in users if isinstance(users, dict) else ():
        if not re.fullmatch(USER_NAME, name):
            yield FieldError(("basic_auth_users", name), "a user name has neither a colon nor control characters")


def _tls_errors(tls: dict[str, Any], place: Place) -> Iterator[FieldError]:
    kind, sans = tls.get("client_auth_type", NO_CERTIFICATE), tls.get("client_allowed_sans", ...)
    asks = kind in CLIENT_AUTH and kind != NO_CERTIFICATE
    if asks and not tls.get("client_ca_file"):
        yield FieldError((*place, "client_auth_type"), "client_ca_file is required too")
    if kind == NO_CERTIFICATE and tls.get("client_ca_file"):
        yield FieldError((*place, "client_ca_file"), f"this requires client_auth_type: {REQUIRED}")
    if sans is not ... and not sans:
        yield FieldError((*place, "client_allowed_sans"), "this list is empty; write an entry, or remove the key")
    elif sans is not ... and kind != REQUIRED:
        yield FieldError((*place, "client_allowed_sans"), f"this requires client_auth_type: {REQUIRED}")
    if (tls.get("min_version"), tls.get("max_version")) == ("TLS13", "TLS12"):
        yield FieldError((*place, "max_version"), "max_version is lower than min_version; correct one of them")


def _header_errors(headers: object) -> Iterator[FieldError]:
    for name, value in headers.items() if isinstance(headers, dict) else ():
        place = ("http_server_config", "headers", name)
        if name not in HEADERS:
            close = difflib.get_close_matches(name, HEADERS, n=1)
            advice = f"did you mean '{close[0]}'?" if close else f"use one of {', '.join(HEADERS)}"
            yield FieldError(place, f"this header cannot be configured; {advice}")
        elif isinstance(value, str) and not re.fullmatch(r"[\x20-\x7e]*", value):
            yield FieldError(place, "a header has printable ASCII characters only")
        elif isinstance(value, str) and value and value not in (HEADERS[name] or (value,)):
            yield FieldError(place, f"write {' or '.join(HEADERS[name])}")
