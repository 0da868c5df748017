"""The TLS context of a connection: whom it trusts, and what the exporter shows of itself."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.config.values import TLS_VERSIONS
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.files import check_file, digest
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.sockets import DeadlineTlsSocket

if TYPE_CHECKING:
    from kea_exporter.config import TlsSettings


def build_context(
    tls: TlsSettings, verify_mode: ssl.VerifyMode = ssl.CERT_REQUIRED, verify_flags: int = 0
) -> ssl.SSLContext:
    """Return the context for a connection, by its files as they are now, so that they can be renewed.

    Parsing them takes as long as a handshake, those of the system tens of milliseconds: connections share a context
    until a file changes.

    Raises:
        TransportError: a file cannot be read, or is not what it should be.
    """
    authorities = (digest(tls.ca_file), None) if tls.ca_file else _system_authorities()
    own = tuple(path and digest(path) for path in (tls.cert_file, tls.key_file))
    return _context(tls, verify_mode, verify_flags, (authorities, own))


def _system_authorities() -> tuple[bytes | None, int | None]:
    """Return what changes when the system's authorities do: a digest of their file, and the time of their folder."""
    changed_at = None
    paths = ssl.get_default_verify_paths()
    with suppress(OSError):
        changed_at = Path(paths.capath).stat().st_mtime_ns if paths.capath else None
    return digest(Path(paths.cafile)) if paths.cafile else None, changed_at


# The last argument is what changes when a file does.
@lru_cache(maxsize=16)
def _context(tls: TlsSettings, verify_mode: ssl.VerifyMode, verify_flags: int, _: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = verify_mode
    context.minimum_version = TLS_VERSIONS[tls.min_version]
    context.sslsocket_class = DeadlineTlsSocket
    # The same verdicts on every Python: 3.13 turns both of these on by default, 3.11 neither. An intermediate may
    # be the trust anchor; home-made certificates without key identifiers are accepted unless asked otherwise.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if tls.x509_strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    # Last: the complement above would clear a flag that Python does not name.
    context.verify_flags |= ssl.VerifyFlags(verify_flags)
    _load_files(context, tls)
    return context


def _load_files(context: ssl.SSLContext, tls: TlsSettings) -> None:
    # Opened once each: OpenSSL does not say which of several it could not read, and would wait on a named pipe.
    for key, path in (("ca_file", tls.ca_file), ("cert_file", tls.cert_file), ("key_file", tls.key_file)):
        try:
            if path is not None:
                check_file(path)
        except OSError as error:
            raise _unusable(f"{key} {path}", "", error) from None
    try:
        if tls.ca_file:
            context.load_verify_locations(cafile=tls.ca_file)
        else:
            context.load_default_certs()
    except OSError as error:
        raise _unusable(f"ca_file {tls.ca_file}", "PEM certificates", error) from None
    try:
        if tls.cert_file and tls.key_file:
            check_file(tls.cert_file)
            check_file(tls.key_file)
            # Without a password callback OpenSSL would ask for one on the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password="")
    except (OSError, ValueError) as error:
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            detail = f"key_file {tls.key_file} is not the key of cert_file {tls.cert_file}"
            raise TransportError(Failure(Stage.TLS, Reason.LOCAL_FILE_UNREADABLE, detail)) from None
        what = f"cert_file {tls.cert_file} and key_file {tls.key_file}"
        raise _unusable(what, "a PEM certificate and its own unencrypted key", error) from None


def _unusable(what: str, wanted: str, error: Exception) -> TransportError:
    is_content = isinstance(error, ssl.SSLError | ValueError)
    text = f"must hold {wanted}" if is_content else f"cannot be read: {getattr(error, 'strerror', None)}"
    return TransportError(Failure(Stage.TLS, Reason.LOCAL_FILE_UNREADABLE, f"{what} {text}"))
