"""TLS of the exporter's own pages."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

from kea_exporter.config.errors import ConfigError, FieldError
from kea_exporter.config.values import TLS_VERSIONS
from kea_exporter.config.web import normal_san
from kea_exporter.config.web_schema import IF_GIVEN, NO_CERTIFICATE, REQUIRED
from kea_exporter.files import check_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.config.web import ServerTls

VERIFY_MODES = {NO_CERTIFICATE: ssl.CERT_NONE, IF_GIVEN: ssl.CERT_OPTIONAL, REQUIRED: ssl.CERT_REQUIRED}
# Of what ssl gives as the SAN of a certificate, the kinds that the shared schema compares.
SAN_KINDS = {"DNS", "IP Address", "email", "URI"}


def server_context(tls: ServerTls) -> ssl.SSLContext:
    """Return the context for connections from now on; the files are read anew.

    Raises:
        ConfigError: a file cannot be read, or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = TLS_VERSIONS[tls.min_version], TLS_VERSIONS[tls.max_version]
    # A client that negotiates anew again and again costs us much and itself nothing.
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not tls.prefers_own_ciphers:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    _load_own(context, tls)
    if tls.client_ca_file:
        try:
            check_file(tls.client_ca_file)
            context.load_verify_locations(cafile=tls.client_ca_file)
        except OSError as error:
            file = str(tls.client_ca_file)
            raise _unusable("client_ca_file", f"{file} must hold PEM certificates", file, error) from None
        # The authority may itself have been issued by another that is not trusted here.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_mode = VERIFY_MODES[tls.client_auth]
    return context


def has_allowed_san(certificate: Mapping[str, Any], allowed: frozenset[str]) -> bool:
    """Return whether the SAN of a verified certificate holds one of the entries that are *allowed*, exactly.

    Args:
        certificate: as `ssl.SSLObject.getpeercert` gives it.
        allowed: names, addresses, e-mail addresses and URIs.
    """
    entries = certificate.get("subjectAltName", ())
    return any(kind in SAN_KINDS and normal_san(value) in allowed for kind, value in entries)


def _load_own(context: ssl.SSLContext, tls: ServerTls) -> None:
    try:
        check_file(tls.cert_file)
        check_file(tls.key_file)
        # Without a password OpenSSL would ask for one on the terminal.
        context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (OSError, ValueError) as error:
        files = f"{tls.cert_file} and {tls.key_file}"
        text = f"{files} must hold a PEM certificate and its own unencrypted key"
        raise _unusable("cert_file", text, files, error) from None


def _unusable(key: str, wanted: str, files: str, error: Exception) -> ConfigError:
    is_content = isinstance(error, ssl.SSLError | ValueError)
    text = wanted if is_content else f"{files} cannot be read: {getattr(error, 'strerror', None)}"
    return ConfigError((FieldError(("tls_server_config", key), text),))
