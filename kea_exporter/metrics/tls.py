"""Families about TLS and certificates; present even if verification failed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Reason, known
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.metrics.model import Sample, one, per_daemon
from kea_exporter.requirements.certificates import leaf, uncovered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.snapshot import Tls
    from kea_exporter.requirements import Report

VERIFY_REASONS = {
    Reason.CERTIFICATE_SELF_SIGNED: "self_signed",
    Reason.CERTIFICATE_UNTRUSTED_ISSUER: "untrusted_issuer",
    Reason.CERTIFICATE_STRICT_PROFILE: "strict_profile",
    # Of a certificate above the leaf; the validity of the leaf is compared below.
    Reason.CERTIFICATE_EXPIRED: "expired",
    Reason.CERTIFICATE_NOT_YET_VALID: "not_yet_valid",
}


def _tls(report: Report) -> Tls | None:
    return known(report.snapshot.tls)


def _enabled(report: Report) -> Iterator[Sample]:
    kind = report.snapshot.target.kind
    if kind is not TransportKind.UNIX:
        yield Sample((), kind is TransportKind.HTTPS)


def _handshake_success(report: Report) -> Iterator[Sample]:
    if report.snapshot.target.kind is TransportKind.HTTPS:
        known(report.snapshot.connection)
        yield Sample((), report.snapshot.shows_tls)


def _connection_info(report: Report) -> Iterator[Sample]:
    if tls := _tls(report):
        yield Sample((tls.version, tls.cipher), 1)


def _san_valid(report: Report) -> Iterator[Sample]:
    if certificate := leaf(report.snapshot):
        yield Sample((), not uncovered(report.snapshot, certificate))


def _trusted(report: Report) -> Iterator[Sample]:
    if tls := _tls(report):
        yield Sample((), tls.distrust is None)


def _verify_failures(report: Report) -> Iterator[Sample]:
    tls, taken_at = _tls(report), report.snapshot.taken_at
    if tls is None:
        return
    reasons = {VERIFY_REASONS.get(tls.distrust.reason, "other")} if tls.distrust else set()
    for certificate in tls.chain[:1]:
        reasons |= {"expired"} if certificate.has_expired(taken_at) else set()
        reasons |= {"not_yet_valid"} if certificate.has_not_begun(taken_at) else set()
        reasons |= set() if certificate.covers(report.snapshot.target.verified_name) else {"name_mismatch"}
    yield from (Sample((reason,), 1) for reason in sorted(reasons))


def _chain(report: Report) -> Iterator[tuple[str, str, Certificate]]:
    """Return role, position and certificate; a server may send the same one twice, hence the position."""
    tls = _tls(report)
    for position, (role, certificate) in enumerate(tls.by_role if tls else ()):
        yield role, str(position), certificate


def _times(report: Report, read: Callable[[Certificate], float]) -> Iterable[Sample]:
    return [Sample((role, position), read(certificate)) for role, position, certificate in _chain(report)]


def _info(report: Report) -> Iterator[Sample]:
    for role, position, entry in _chain(report):
        identity = (entry.subject, entry.issuer, entry.serial_number, entry.fingerprint_sha256, entry.key_type)
        yield Sample((role, position, *identity), 1)


def _client_certificate(report: Report) -> Iterable[Sample]:
    certificate = report.snapshot.client_certificate
    return one(certificate.not_after if certificate else None)


def _authorities(report: Report) -> Iterable[Sample]:
    """Return the latest expiry for each subject: ca_file lists a CA twice during its replacement."""
    ends = {authority.subject: authority.not_after for authority in report.snapshot.authorities}
    return [Sample((subject,), end) for subject, end in sorted(ends.items())]


FAMILIES = (
    per_daemon(
        "kea_tls_enabled",
        "1 if the control socket is reached over https, 0 over http.",
        _enabled,
        source="the configuration of the exporter",
    ),
    per_daemon(
        "kea_tls_handshake_success",
        "1 if a TLS handshake completed, with or without verification, else 0.",
        _handshake_success,
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_tls_connection_info",
        "Protocol version and cipher of the TLS connection; always 1.",
        _connection_info,
        ("version", "cipher"),
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_certificate_san_valid",
        "1 if the SAN of the server certificate contains the address (and the name in the url), else 0.",
        _san_valid,
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_certificate_trusted",
        "1 if the chain verifies against the trusted CAs, else 0; name and validity have their own metrics.",
        _trusted,
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_certificate_verify_failure",
        "1 while the certificate fails verification for this reason; absent otherwise.",
        _verify_failures,
        ("reason",),
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_certificate_not_before_timestamp_seconds",
        "Unix time at which the validity of a certificate sent by the server begins.",
        partial(_times, read=lambda certificate: certificate.not_before),
        ("role", "position"),
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_certificate_not_after_timestamp_seconds",
        "Unix time at which a certificate sent by the server expires.",
        partial(_times, read=lambda certificate: certificate.not_after),
        ("role", "position"),
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_certificate_info",
        "Identity of a certificate sent by the server; always 1.",
        _info,
        ("role", "position", "subject", "issuer", "serial_number", "fingerprint_sha256", "key_type"),
        source="the TLS handshake",
    ),
    per_daemon(
        "kea_client_certificate_not_after_timestamp_seconds",
        "Unix time at which the exporter's client certificate for this daemon expires.",
        _client_certificate,
        source="the configuration of the exporter",
    ),
    per_daemon(
        "kea_ca_certificate_not_after_timestamp_seconds",
        "Unix time at which a CA certificate in the exporter's ca_file expires; only the 16 that expire first.",
        _authorities,
        ("subject",),
        source="the configuration of the exporter",
    ),
)
