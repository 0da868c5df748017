"""Requirements on the certificates of an https control socket: SAN, validity, trust."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.requirements.certificate_causes import (
    ADDRESS_MISSING,
    AT_PROXY,
    CA_NOT_YET_VALID,
    EXPIRED,
    INTERMEDIATE_EXPIRED,
    INTERMEDIATE_EXPIRES,
    INVALID_CHAIN,
    KEY_USAGE,
    LEAF_EXPIRES,
    MISSING_INTERMEDIATE,
    NAME_MISSING,
    NO_SAN,
    NOT_YET_VALID,
    ROOT_EXPIRED,
    ROOT_EXPIRES,
    SELF_SIGNED,
    STALE_CERTIFICATE,
    STRICT_PROFILE,
    UNKNOWN_CA,
)
from kea_exporter.requirements.model import (
    Cause,
    Finding,
    Problem,
    Requirement,
    Severity,
    Status,
    Subject,
    met,
    not_applicable,
    problem,
    unmet,
    unmet_for,
)
from kea_exporter.requirements.socket_in_use import (
    plain_socket_behind_proxy,
)
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.certificates import Certificate
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot, Tls

    Judge = Callable[[Snapshot, Profile], Finding]

DAY = 86400.0
MAX_SHOWN = 8
NOT_HTTPS = "the control socket in use is not https"


def _with_proxy_cause(judge: Judge) -> Judge:
    """Return a judge that reports the cause AT_PROXY if the certificate is a proxy's."""

    def judged(snapshot: Snapshot, profile: Profile) -> Finding:
        finding = judge(snapshot, profile)
        is_of_proxy = finding.status is Status.UNMET and plain_socket_behind_proxy(snapshot) is not None
        return unmet(AT_PROXY, finding.evidence) if is_of_proxy else finding

    return judged


def _tls(snapshot: Snapshot) -> Tls | None:
    return known(snapshot.tls) if snapshot.target.kind is TransportKind.HTTPS else None


def leaf(snapshot: Snapshot) -> Certificate | None:
    """Return the server's own certificate; None where the socket is not https.

    Raises:
        UnknownFactError: no handshake returned a readable certificate.
    """
    tls = _tls(snapshot)
    if tls is not None and not tls.chain:
        detail = "the server's certificate cannot be read"
        raise UnknownFactError(Failure(Stage.TLS, Reason.CERTIFICATE_INVALID, detail))
    return tls.chain[0] if tls else None


def uncovered(snapshot: Snapshot, certificate: Certificate) -> list[str]:
    """Return the address of the server, and the name in the url, if the SAN lacks them."""
    host = snapshot.target.host
    required = [known(snapshot.connection).address, *([] if parse_address(host) else [host])]
    return [entry for entry in required if not certificate.covers(entry)]


def _covers_address(snapshot: Snapshot, _: Profile) -> Finding:
    certificate = leaf(snapshot)
    if certificate is None:
        return not_applicable(NOT_HTTPS)
    entries = _san_text(certificate)
    if missing := uncovered(snapshot, certificate):
        cause = ADDRESS_MISSING if parse_address(missing[0]) else NAME_MISSING
        if not certificate.addresses and not certificate.names:
            cause = NO_SAN
        lacking = [f"ip:{host}" if parse_address(host) else f"dns:{host}" for host in missing]
        return unmet(cause, f"the SAN contains {entries}, not {' and not '.join(lacking)}")
    return met(f"the SAN contains {entries}")


def _san_text(certificate: Certificate) -> str:
    entries = [*(f"ip:{address}" for address in certificate.addresses), *(f"dns:{name}" for name in certificate.names)]
    shown = ", ".join(printable(entry) for entry in sorted(entries)[:MAX_SHOWN])
    more = f" and {len(entries) - MAX_SHOWN} more" if len(entries) > MAX_SHOWN else ""
    return f"{shown}{more}" or "nothing"


def _within_validity(snapshot: Snapshot, _: Profile) -> Finding:
    certificate = leaf(snapshot)
    if certificate is None:
        return not_applicable(NOT_HTTPS)
    if certificate.has_expired(snapshot.taken_at):
        return unmet(EXPIRED, f"the certificate expired on {_date(certificate.not_after)}")
    if certificate.has_not_begun(snapshot.taken_at):
        return unmet(NOT_YET_VALID, f"the certificate is not valid before {_date(certificate.not_before)}")
    return met(f"the certificate is valid until {_date(certificate.not_after)}")


def _renewal_not_due(snapshot: Snapshot, profile: Profile) -> Finding:
    if leaf(snapshot) is None:
        return not_applicable(NOT_HTTPS)
    tls = known(snapshot.tls)
    by_role = tls.by_role if tls else ()
    window = profile.renewal_window_seconds
    due = [(role, certificate) for role, certificate in by_role if certificate.not_after - snapshot.taken_at <= window]
    if due:
        is_trusted = tls is not None and tls.distrust is None
        return unmet_for(
            [_due(role, certificate, snapshot.taken_at, window, is_trusted=is_trusted) for role, certificate in due]
        )
    _, first = min(by_role, key=lambda pair: pair[1].not_after)
    return met(f"{_time_left(first, snapshot.taken_at)}, the first of the chain to expire")


def unneeded(tls: Tls | None, at: float) -> tuple[Certificate, ...]:
    """Return the expired certificates above the leaf if the chain is trusted without them."""
    if tls is None or tls.distrust is not None:
        return ()
    return tuple(certificate for certificate in tls.chain[1:] if certificate.has_expired(at))


def _due(role: str, certificate: Certificate, now: float, window: float, *, is_trusted: bool) -> Problem:
    cause = EXPIRES_CAUSES[role]
    if role != "leaf" and is_trusted and certificate.has_expired(now):
        # The chain verifies without it.
        cause = STALE_CERTIFICATE
    return problem(cause, [f"{_time_left(certificate, now)}; renew it {window / DAY:g} days before it expires"])


def _time_left(certificate: Certificate, now: float) -> str:
    if certificate.has_expired(now):
        return f"{certificate.subject} expired on {_date(certificate.not_after)}"
    return f"{certificate.subject} expires in {(certificate.not_after - now) / DAY:.1f} days"


EXPIRES_CAUSES = {"leaf": LEAF_EXPIRES, "intermediate": INTERMEDIATE_EXPIRES, "root": ROOT_EXPIRES}


def _trusted(snapshot: Snapshot, _: Profile) -> Finding:
    tls = _tls(snapshot)
    if tls is None:
        return not_applicable(NOT_HTTPS)
    if tls.distrust is not None:
        cause = _distrust_cause(snapshot, tls, tls.distrust)
        expired = [certificate for certificate in tls.chain[1:] if certificate.has_expired(snapshot.taken_at)]
        if tls.distrust.reason is Reason.CERTIFICATE_EXPIRED and expired:
            return unmet(cause, _time_left(expired[0], snapshot.taken_at))
        return unmet(cause, f"{tls.distrust.detail} ({_chain_text(tls)})")
    return met(f"the chain verifies against the trusted CAs ({_chain_text(tls)})")


def _distrust_cause(snapshot: Snapshot, tls: Tls, distrust: Failure) -> Cause:
    if tls.chain and not tls.chain[0].is_for_servers:
        return KEY_USAGE
    if distrust.reason is Reason.CERTIFICATE_EXPIRED:
        expired = [role for role, certificate in tls.by_role[1:] if certificate.has_expired(snapshot.taken_at)]
        return ROOT_EXPIRED if "intermediate" not in expired else INTERMEDIATE_EXPIRED
    if distrust.reason is Reason.CERTIFICATE_UNTRUSTED_ISSUER or distrust.reason is Reason.CERTIFICATE_SELF_SIGNED:
        if len(tls.chain) == 1:
            return SELF_SIGNED if tls.chain[0].is_self_issued else MISSING_INTERMEDIATE
        # Kea sends the root too if trust-anchor contains it: then the chain is complete.
        return UNKNOWN_CA if tls.chain and tls.chain[-1].is_self_issued else MISSING_INTERMEDIATE
    return DISTRUST_CAUSES.get(distrust.reason, INVALID_CHAIN)


DISTRUST_CAUSES = {
    Reason.CERTIFICATE_NOT_YET_VALID: CA_NOT_YET_VALID,
    Reason.CERTIFICATE_STRICT_PROFILE: STRICT_PROFILE,
}


def _chain_text(tls: Tls) -> str:
    return f"issued by {tls.chain[0].issuer}" if tls.chain else "no certificate was sent"


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


# config-test does not detect a key that does not match its certificate (measured on 3.0.3).
REQUIREMENTS = (
    Requirement(
        id="certificate-san-matches-address",
        subject=Subject.CERTIFICATES,
        short="SAN",
        severity=Severity.REQUIRED,
        title="The certificate's SAN must contain the server's IP address",
        clause="When using HTTPS in Kea, the TLS/SSL certificate must include the Kea server IP address in the SAN.",
        rule="the SAN has an iPAddress entry for the address that was reached and, where the url has a name, a dNSName "
        "entry for it; a common name does not count.",
        causes=(ADDRESS_MISSING, NAME_MISSING, NO_SAN, AT_PROXY),
        judge=_with_proxy_cause(_covers_address),
    ),
    Requirement(
        id="certificate-within-validity",
        subject=Subject.CERTIFICATES,
        short="validity",
        severity=Severity.REQUIRED,
        title="The certificate must be valid now",
        clause="SSL/TLS certificate",
        rule="the current time is between notBefore and notAfter of the server certificate.",
        causes=(EXPIRED, NOT_YET_VALID, AT_PROXY),
        judge=_with_proxy_cause(_within_validity),
    ),
    Requirement(
        id="certificate-renewal-not-due",
        subject=Subject.CERTIFICATES,
        short="renewal",
        severity=Severity.RECOMMENDED,
        title="Certificates must not expire within the renewal window",
        clause="",
        rule="no certificate that the server sends expires within the renewal window of the profile.",
        causes=(LEAF_EXPIRES, INTERMEDIATE_EXPIRES, ROOT_EXPIRES, STALE_CERTIFICATE, AT_PROXY),
        judge=_with_proxy_cause(_renewal_not_due),
    ),
    Requirement(
        id="certificate-trusted",
        subject=Subject.CERTIFICATES,
        short="trusted",
        severity=Severity.REQUIRED,
        title="The certificate must be signed by a trusted CA",
        clause="trust-anchor",
        rule="the chain verifies against the trusted CAs; name and validity are separate requirements.",
        causes=(
            UNKNOWN_CA,
            MISSING_INTERMEDIATE,
            INTERMEDIATE_EXPIRED,
            ROOT_EXPIRED,
            CA_NOT_YET_VALID,
            KEY_USAGE,
            SELF_SIGNED,
            STRICT_PROFILE,
            INVALID_CHAIN,
        ),
        judge=_trusted,
    ),
)
