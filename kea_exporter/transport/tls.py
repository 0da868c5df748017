"""TLS towards a control socket: nothing is sent before it verified, and what it showed survives where it did not.

OpenSSL judges whether the chain is trusted. The name is compared here, against the SAN, so that a wrong name, a wrong
time and a wrong issuer are told apart from one another.
"""

from __future__ import annotations

import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kea_exporter.certificates import Certificate, CertificateError, read_bundle, read_der, read_pem
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Tls
from kea_exporter.files import read_file
from kea_exporter.transport.context import build_context
from kea_exporter.transport.errors import lost_connection
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.sockets import DeadlineSocket, DeadlineTlsSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.config import TlsSettings

    Dial = Callable[[], DeadlineSocket]

MAX_CERTIFICATES = 10

# X509_V_FLAG_NO_CHECK_TIME of OpenSSL's x509_vfy.h, which Python does not name.
NO_CHECK_TIME = 0x200000

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
    24: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    79: Reason.CERTIFICATE_UNTRUSTED_ISSUER,
    # What only the strict profile of RFC 5280 demands: key identifiers, critical extensions and the like.
    **dict.fromkeys(range(80, 94), Reason.CERTIFICATE_STRICT_PROFILE),
}
CODES_OF_TIME = {9, 10}

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

ALERT_TEXTS = {
    Reason.CLIENT_CERTIFICATE_REQUIRED: "the server demands a client certificate (cert-required), none is configured",
    Reason.CLIENT_CERTIFICATE_REJECTED: "the server does not accept the exporter's client certificate",
    Reason.PROTOCOL_VERSION: "server and exporter have no TLS version in common",
    Reason.NOT_TLS: "the server does not speak TLS on this port",
    Reason.CONNECTION_CLOSED: "the server closed the TLS connection",
}


@dataclass(frozen=True)
class Secured:
    """A TLS connection and what its handshake showed; *refusal* says why nothing may be sent over it."""

    socket: DeadlineTlsSocket
    facts: Tls
    refusal: Failure | None


def secure(dial: Dial, name: str, tls: TlsSettings) -> Secured:
    """Return a TLS connection over a socket that *dial* connects.

    Where verification fails, further handshakes without it read what the server shows; the connection is then refused
    unless verification is turned off.

    Args:
        dial: connects anew each time.
        name: the address or name that the certificate has to cover.
        tls: authorities to trust, and the exporter's own certificate.

    Raises:
        TransportError: no handshake could be finished, or a file cannot be used.
    """
    try:
        return _verified(dial, name, tls)
    except ssl.SSLCertVerificationError as error:
        found = _unverified(dial, name, tls, error)
        # After a reload, Kea shows the first connection its old certificate, which a new one has just replaced.
        if error.verify_code in CODES_OF_TIME and all(map(_is_valid_now, found.facts.chain)):
            with suppress(ssl.SSLCertVerificationError, TransportError):
                renewed = _verified(dial, name, tls)
                found.socket.close()
                return renewed
        return found


def _verified(dial: Dial, name: str, tls: TlsSettings) -> Secured:
    sock = _handshake(dial, build_context(tls), name)
    facts = _facts(sock, distrust=None)
    return Secured(sock, facts, None if tls.insecure_skip_verify else _wrong_name(facts, name))


def _wrong_name(facts: Tls, name: str) -> Failure | None:
    if not facts.chain:
        return Failure(Stage.TLS, Reason.CERTIFICATE_INVALID, "the server's certificate cannot be read")
    if facts.chain[0].covers(name):
        return None
    detail = f"the server's certificate does not cover {name}"
    return Failure(Stage.TLS, Reason.CERTIFICATE_NAME_MISMATCH, detail)


def _unverified(dial: Dial, name: str, tls: TlsSettings, error: ssl.SSLCertVerificationError) -> Secured:
    """Return a connection that did not verify, and why, the time of the leaf being judged apart."""
    refusal = tls_failure(error)
    # Nothing of the exporter's own is shown to a server that is not trusted, unless verification is turned off.
    shown = tls if tls.insecure_skip_verify else replace(tls, cert_file=None, key_file=None)
    context = build_context(shown, verify_mode=ssl.CERT_NONE)
    try:
        sock = _handshake(dial, context, name)
    except TransportError:  # such as a server that demands a client certificate under TLS 1.2
        raise TransportError(refusal) from None
    leaf = next(iter(_chain(sock)), None)
    is_about_leaf = error.verify_code in CODES_OF_TIME and not _is_valid_now(leaf)
    distrust = _distrust_apart_from_time(dial, tls, name, refusal) if is_about_leaf else refusal
    return Secured(sock, _facts(sock, distrust), None if tls.insecure_skip_verify else refusal)


def own_certificate(tls: TlsSettings) -> Certificate | None:
    """Return the certificate that the exporter shows of itself; None where it has none, or it cannot be read."""
    if tls.cert_file is None:
        return None
    try:
        return read_pem(read_file(tls.cert_file))
    except (OSError, CertificateError):
        return None


def own_authorities(tls: TlsSettings) -> tuple[Certificate, ...]:
    """Return the certificates of `ca_file`; none where it is not set, or cannot be read."""
    if tls.ca_file is None:
        return ()
    try:
        return _authorities(read_file(tls.ca_file))
    except (OSError, CertificateError):
        return ()


# Most servers of a fleet share a file, which seldom changes; parsing one takes up to some milliseconds.
@lru_cache(maxsize=16)
def _authorities(pem: bytes) -> tuple[Certificate, ...]:
    return read_bundle(pem)


def tls_failure(error: Exception) -> Failure:
    """Return the failure that an error during a handshake stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = VERIFY_REASONS.get(error.verify_code, Reason.CERTIFICATE_INVALID)
        return Failure(Stage.TLS, reason, f"the server's certificate was not accepted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        reason = ALERT_REASONS.get(error.reason or "", Reason.HANDSHAKE_FAILED)
        return Failure(Stage.TLS, reason, ALERT_TEXTS.get(reason, f"TLS failed: {error.reason or 'unknown reason'}"))
    if isinstance(error, TimeoutError):
        return Failure(Stage.TLS, Reason.TIMED_OUT, "the server did not finish the TLS handshake in time")
    if isinstance(error, OSError):
        if failure := lost_connection(error, Stage.TLS):
            return failure
        return Failure(Stage.TLS, Reason.CONNECTION_CLOSED, "the server closed the connection during the TLS handshake")
    return Failure(Stage.TLS, Reason.CERTIFICATE_NAME_MISMATCH, "the server name to verify is not a valid name")


def tls_failure_later(error: ssl.SSLError) -> Failure:
    """Return the failure that an error after the handshake stands for, such as an alert."""
    failure = tls_failure(error)
    # Whoever finished a handshake does speak TLS. OpenSSL 3.2 and later have another name for a broken record, too.
    if failure.reason is Reason.NOT_TLS:
        return Failure(Stage.TLS, Reason.HANDSHAKE_FAILED, f"TLS failed: {error.reason}")
    return failure


def _handshake(dial: Dial, context: ssl.SSLContext, name: str) -> DeadlineTlsSocket:
    """Return a connection after its handshake; only a failed verification is left to the caller as it is."""
    sock = dial()
    try:
        sock.settimeout(sock.deadline.budget())
        secured = context.wrap_socket(sock, server_hostname=name)
    except ssl.SSLCertVerificationError:
        sock.close()
        raise
    except (OSError, ValueError) as error:
        sock.close()
        raise TransportError(tls_failure(error)) from None
    if not isinstance(secured, DeadlineTlsSocket):
        raise TypeError("the context makes another kind of socket")
    secured.deadline = sock.deadline
    return secured


def _distrust_apart_from_time(dial: Dial, tls: TlsSettings, name: str, otherwise: Failure) -> Failure | None:
    """Return why a chain would not be trusted even if its leaf were valid now."""
    context = build_context(replace(tls, cert_file=None, key_file=None), verify_flags=NO_CHECK_TIME)
    try:
        _handshake(dial, context, name).close()
    except ssl.SSLCertVerificationError as error:
        return tls_failure(error)
    except TransportError:
        return otherwise
    return None


def _facts(sock: DeadlineTlsSocket, distrust: Failure | None) -> Tls:
    return Tls(sock.version() or "", (sock.cipher() or ("", "", 0))[0], _chain(sock), distrust)


def _is_valid_now(certificate: Certificate | None) -> bool:
    now = time.time()
    return certificate is not None and not certificate.has_expired(now) and not certificate.has_not_begun(now)


def _chain(sock: Any) -> tuple[Certificate, ...]:  # noqa: ANN401 - what is private differs between versions of Python
    """Return the certificates that were sent, up to the first that cannot be read."""
    if hasattr(sock, "get_unverified_chain"):  # Python 3.13
        sent = [bytes(der) for der in sock.get_unverified_chain()]
    else:
        entries = sock._sslobj.get_unverified_chain() or ()  # noqa: SLF001
        sent = [ssl.PEM_cert_to_DER_cert(entry.public_bytes()) for entry in entries]
    chain: list[Certificate] = []
    with suppress(CertificateError):
        chain.extend(read_der(der) for der in sent[:MAX_CERTIFICATES])
    return tuple(chain)
