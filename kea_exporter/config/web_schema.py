"""The web configuration file as it is written, in the schema that exporters share.

Source: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md. What is described there
and is not supported here is an error that names the key, so that it gives no false sense of protection.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NoReturn

from pydantic import BeforeValidator, Field, ValidationInfo

from kea_exporter.config.schema import Section
from kea_exporter.config.values import TLS_VERSIONS, NamedFile

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each step doubles the time of a login; 14 takes about a second.
LOWEST_COST, HIGHEST_COST = 4, 14
BCRYPT_HASH = r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}"
MAKE_A_HASH = "make one with: htpasswd -nBC 10 NAME"
# From what asks for nothing to what protects most.
NO_CERTIFICATE, IF_GIVEN, REQUIRED = CLIENT_AUTH = (
    "NoClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
)

_FROM_FILES = "keys and certificates are read from files only; remove the key, and write {}"
_NO_LISTS = "lists of {} are not supported; remove the key (min_version: TLS13 allows strong ones only)"
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "cert": _FROM_FILES.format("cert_file"),
        "key": _FROM_FILES.format("key_file"),
        "client_ca": _FROM_FILES.format("client_ca_file"),
        "cipher_suites": _NO_LISTS.format("ciphers"),
        "curve_preferences": _NO_LISTS.format("curves"),
        "rate_limit": "not supported; remove the key, and use --web.max-connections and --web.max-requests",
    }
)


def refuse(_: object, info: ValidationInfo) -> NoReturn:
    """Refuse a key that cannot be honoured.

    Raises:
        ValueError: always; it says what to write instead.
    """
    raise ValueError(REFUSED[info.field_name or ""])


def parse_tls_version(value: object) -> str:
    """Return `TLS12` or `TLS13`.

    Raises:
        ValueError: it is another version.
    """
    if isinstance(value, str) and value in {"TLS10", "TLS11"}:
        raise ValueError("this version is insecure and not supported; use TLS12 or TLS13, or remove the key")
    if not isinstance(value, str) or value not in TLS_VERSIONS:
        raise ValueError("write TLS12 or TLS13")
    return value


def parse_client_auth(value: object) -> str:
    """Return how clients have to prove who they are.

    Raises:
        ValueError: it is unknown, or a certificate would be asked for that nobody verifies.
    """
    if isinstance(value, str) and value in {"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"}:
        raise ValueError(f"unverified client certificates are not supported; use {REQUIRED}")
    if not isinstance(value, str) or value not in CLIENT_AUTH:
        raise ValueError(f"write one of {', '.join(CLIENT_AUTH)}")
    return value


def parse_hash(value: object) -> str:
    """Return a bcrypt hash; it is never repeated.

    Raises:
        ValueError: it is none, or takes too long to check.
    """
    found = re.fullmatch(BCRYPT_HASH, value, re.ASCII) if isinstance(value, str) else None
    if found is None or int(found[1]) < LOWEST_COST:
        raise ValueError(f"not a bcrypt hash; {MAKE_A_HASH}")
    if int(found[1]) > HIGHEST_COST:
        raise ValueError(f"the cost of this hash is {int(found[1])}, and {HIGHEST_COST} is the highest; {MAKE_A_HASH}")
    return found[0]


def parse_http2(value: object) -> bool:
    """Return False.

    Raises:
        ValueError: it is anything else.
    """
    if value is not False:
        raise ValueError("HTTP/2 is not supported; use false, or remove the key")
    return False


Refused = Annotated[None, BeforeValidator(refuse)]
TlsVersion = Annotated[str, BeforeValidator(parse_tls_version)]


class TlsServerConfig(Section):
    """TLS of the web server: its certificate, and client certificates."""

    cert_file: NamedFile = Field(
        description="the certificate, with its intermediates", examples=["/etc/kea-exporter/web.pem"]
    )
    key_file: NamedFile = Field(description="its key, not encrypted", examples=["/etc/kea-exporter/web-key.pem"])
    client_auth_type: Annotated[str, BeforeValidator(parse_client_auth)] = Field(
        NO_CERTIFICATE, description=f"one of {', '.join(CLIENT_AUTH)}", examples=[REQUIRED]
    )
    client_ca_file: NamedFile | None = Field(
        None, description="the CAs of client certificates", examples=["/etc/kea-exporter/clients-ca.pem"]
    )
    client_allowed_sans: list[str] = Field(
        [], description="names, of which a client's certificate has one", examples=["[prometheus.example.com]"]
    )
    min_version: TlsVersion = Field("TLS12", description="TLS12 or TLS13")
    max_version: TlsVersion = Field("TLS13", description="TLS12 or TLS13")
    prefer_server_cipher_suites: bool = Field(default=True, description="whether the server's order of ciphers applies")
    cert: Refused = None
    key: Refused = None
    client_ca: Refused = None
    cipher_suites: Refused = None
    curve_preferences: Refused = None


class HttpServerConfig(Section):
    """Headers of every answer."""

    http2: Annotated[bool, BeforeValidator(parse_http2)] = Field(default=False, description="only false is supported")
    headers: dict[str, str] = Field(
        {}, description="values by the names of headers; see the page on the file", examples=["{X-Frame-Options: deny}"]
    )


class WebConfigFile(Section):
    """The web configuration file."""

    tls_server_config: TlsServerConfig | None = None
    http_server_config: HttpServerConfig = HttpServerConfig()
    basic_auth_users: dict[str, Annotated[str, BeforeValidator(parse_hash)]] = Field(
        {}, description="bcrypt hashes by the names of users", examples=["{NAME: HASH}"]
    )
    rate_limit: Refused = None
