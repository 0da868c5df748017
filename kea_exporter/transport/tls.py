"""TLS towards a control socket: verify first, and say exactly why where it does not."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from kea_exporter.snapshot import Failure, Reason, Stage
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.sockets import DeadlineSocket, DeadlineTlsSocket

if TYPE_CHECKING:
    from kea_exporter.config import TlsSettings

MINIMUM = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}

# OpenSSL's X509_V_ERR_* (x509_vfy.h); measured on real Kea.
VERIFY_REASONS = {
    2: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    9: Reason.CERTIFICATE_NOT_YET_VALID,
    10: Reason.CERTIFICATE_EXPIRED,
    18: Reason.CERTIFICATE_SELF_SIGNED,
    # A private CA that the exporter was not told of: Kea sends its root along.
    19: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    20: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    21: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    62: Reason.CERTIFICATE_NAME_MISMATCH,
    64: Reason.CERTIFICATE_NAME_MISMATCH,
}

# OpenSSL's reason names for alerts and protocol errors; measured on real Kea.
ALERT_REASONS = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": Reason.CLIENT_CERTIFICATE_REQUIRED,
    # Kea under TLS 1.2 refuses a client without certificate with this general alert.
    "SSLV3_ALERT_HANDSHAKE_FAILURE": Reason.HANDSHAKE_FAILED,
    "TLSV1_ALERT_UNKNOWN_CA": Reason.CLIENT_CERTIFICATE_REJECTED,
    "SSLV3_ALERT_BAD_CERTIFICATE": Reason.CLIENT_CERTIFICATE_REJECTED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": Reason.CLIENT_CERTIFICATE_REJECTED,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": Reason.CLIENT_CERTIFICATE_REJECTED,
    "TLSV1_ALERT_PROTOCOL_VERSION": Reason.PROTOCOL_VERSION,
    "UNSUPPORTED_PROTOCOL": Reason.PROTOCOL_VERSION,
    "WRONG_VERSION_NUMBER": Reason.NOT_TLS,
    "HTTP_REQUEST": Reason.NOT_TLS,
    "UNEXPECTED_EOF_WHILE_READING": Reason.CONNECTION_CLOSED,
}


def build_context(tls: TlsSettings) -> ssl.SSLContext:
    """Return the context for one connection; files are read anew each time, so that they can be renewed.

    Raises:
        TransportError: a file cannot be read, or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = MINIMUM[tls.min_version]
    context.sslsocket_class = DeadlineTlsSocket
    # The same verdicts on every Python: 3.13 turns both of these on by default, 3.11 neither. An intermediate may
    # be the trust anchor; home-made certificates without key identifiers are accepted.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if tls.insecure_skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _load_files(context, tls)
    return context


def handshake(sock: DeadlineSocket, host: str, tls: TlsSettings) -> DeadlineTlsSocket:
    """Turn a connected socket into a verified TLS connection.

    Raises:
        TransportError: at stage tls; the socket is then closed.
    """
    deadline = sock.deadline
    try:
        context = build_context(tls)
        sock.settimeout(deadline.budget())
        secured = context.wrap_socket(sock, server_hostname=tls.server_name or host)
    except (OSError, ValueError) as error:
        sock.close()
        raise TransportError(tls_failure(error)) from None
    except TransportError:
        sock.close()
        raise
    if not isinstance(secured, DeadlineTlsSocket):
        raise TypeError("the context makes another kind of socket")
    secured.deadline = deadline
    return secured


def tls_failure(error: Exception) -> Failure:
    """Return the failure that an error during a handshake, or a TLS alert after it, stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = VERIFY_REASONS.get(error.verify_code, Reason.CERTIFICATE_INVALID)
        return Failure(Stage.TLS, reason, f"the server's certificate was not accepted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        reason = ALERT_REASONS.get(error.reason or "", Reason.HANDSHAKE_FAILED)
        return Failure(Stage.TLS, reason, _ALERT_TEXTS.get(reason, f"TLS failed: {error.reason or 'unknown reason'}"))
    if isinstance(error, TimeoutError):
        return Failure(Stage.TLS, Reason.TIMED_OUT, "the server did not finish the TLS handshake in time")
    if isinstance(error, OSError):
        return Failure(Stage.TLS, Reason.CONNECTION_CLOSED, "the server closed the connection during the TLS handshake")
    return Failure(Stage.TLS, Reason.CERTIFICATE_NAME_MISMATCH, "the server name to verify is not a valid name")


_ALERT_TEXTS = {
    Reason.CLIENT_CERTIFICATE_REQUIRED: "the server demands a client certificate (cert-required), none is configured",
    Reason.CLIENT_CERTIFICATE_REJECTED: "the server does not accept the exporter's client certificate",
    Reason.PROTOCOL_VERSION: "server and exporter have no TLS version in common",
    Reason.NOT_TLS: "the server does not speak TLS on this port",
    Reason.CONNECTION_CLOSED: "the server closed the TLS connection",
}


def _load_files(context: ssl.SSLContext, tls: TlsSettings) -> None:
    try:
        if tls.ca_file:
            context.load_verify_locations(cafile=tls.ca_file)
        else:
            context.load_default_certs()
    except OSError as error:
        raise _unusable(f"ca_file {tls.ca_file}", "PEM certificates", error) from None
    try:
        if tls.cert_file and tls.key_file:
            # Without a password callback OpenSSL would ask for one on the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (OSError, ValueError) as error:
        what = f"cert_file {tls.cert_file} and key_file {tls.key_file}"
        raise _unusable(what, "a PEM certificate and its own unencrypted key", error) from None


def _unusable(what: str, wanted: str, error: Exception) -> TransportError:
    is_content = isinstance(error, ssl.SSLError | ValueError)
    text = f"must hold {wanted}" if is_content else f"cannot be read: {getattr(error, 'strerror', None)}"
    return TransportError(Failure(Stage.TLS, Reason.LOCAL_FILE_UNREADABLE, f"{what} {text}"))
