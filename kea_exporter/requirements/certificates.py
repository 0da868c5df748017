"""Does the certificate of a https control socket name the server, is it valid, and is it trusted?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import Daemon, TransportKind
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
    require_answer_of_kea,
    require_no_proxy,
    socket_in_use,
)
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.certificates import Certificate
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot, Tls

    Judge = Callable[[Snapshot, Profile], Finding]

DAY = 86400.0
_INSTALL = (
    "put it at cert-file, check that it belongs to its key, and send config-reload (a failed reload stops DHCP "
    "service, and config-test does not read certificates and keys)"
)
# Many requirements have the same cause and advice: the certificate is not Kea's.
AT_PROXY = Cause(
    "at_proxy",
    "TLS ends at a proxy in front of Kea, and the certificate is the proxy's",
    "Replace the certificate at the proxy, and let the proxy load it.",
)
ADDRESS_MISSING = Cause(
    "address_missing",
    "The SAN lacks the IP address of the server",
    f"Issue a certificate whose subjectAltName contains the IP address of the server, {_INSTALL}.",
    "subjectAltName = IP:10.10.10.10, DNS:kea1.example.com   (in the request to the certificate authority)",
)
NAME_MISSING = Cause(
    "name_missing",
    "The SAN lacks the name in the exporter's url",
    "Issue a certificate whose subjectAltName contains the name too; or use the IP address in the exporter's url; or "
    "set "
    "server_name of tls_config to a name or address that the certificate contains.",
    "subjectAltName = IP:10.10.10.10, DNS:kea1.example.com   (in the request to the certificate authority)",
)
NO_SAN = Cause(
    "no_san",
    "The certificate has no SAN; its common name does not count",
    f"Issue a certificate with a subjectAltName that contains the IP address of the server, {_INSTALL}.",
    "subjectAltName = IP:10.10.10.10, DNS:kea1.example.com   (in the request to the certificate authority)",
)
EXPIRED = Cause("expired", "The server certificate has expired", f"Issue a new certificate, {_INSTALL}.")
NOT_YET_VALID = Cause(
    "not_yet_valid",
    "The server certificate is not valid yet",
    "Compare the clocks of the exporter and of the certificate authority. If both are right, issue a certificate "
    "that is "
    "valid now.",
)
LEAF_EXPIRES = Cause("leaf_expires", "The server certificate expires soon", f"Renew the certificate, {_INSTALL}.")
INTERMEDIATE_EXPIRES = Cause(
    "intermediate_expires",
    "An intermediate CA certificate expires soon",
    "Get the renewed intermediate certificate from the CA, replace it in cert-file behind the server certificate, "
    "and send "
    "config-reload.",
)
ROOT_EXPIRES = Cause(
    "root_expires",
    "The root CA certificate expires soon",
    "Plan the change to a new root: add it to ca_file of the exporter and of the IPAM beside the old one, then issue "
    "new "
    "certificates, then replace trust-anchor.",
)
STALE_CERTIFICATE = Cause(
    "stale_certificate",
    "The server sends an expired CA certificate that nobody needs",
    "Remove the expired certificate from cert-file or from the trust-anchor file, and send config-reload. The server "
    "certificate is fine.",
)
SELF_SIGNED = Cause(
    "self_signed",
    "The server certificate is self-signed",
    f"Issue a certificate with your CA, {_INSTALL}. To trust this one instead, add it to ca_file of tls_config.",
    "tls_config: {ca_file: /etc/kea-exporter/ca.pem}   (in the exporter's configuration)",
)
UNKNOWN_CA = Cause(
    "unknown_ca",
    "Another CA than those in ca_file issued the certificate",
    "Set ca_file of tls_config in the exporter's configuration to the CA that issued the certificate. If that CA is "
    "wrong, issue the certificate with the right one.",
    "tls_config: {ca_file: /etc/kea-exporter/ca.pem}   (in the exporter's configuration)",
)
MISSING_INTERMEDIATE = Cause(
    "missing_intermediate",
    "The chain does not lead to a CA in ca_file: an intermediate certificate is missing, or the CA is another one",
    "Append the intermediate certificates behind the server certificate in cert-file, and send config-reload; or set "
    "ca_file of tls_config to the CA that issued the certificate.",
    "tls_config: {ca_file: /etc/kea-exporter/ca.pem}   (in the exporter's configuration)",
)
INTERMEDIATE_EXPIRED = Cause(
    "intermediate_expired",
    "An intermediate CA certificate has expired",
    "Get the renewed intermediate certificate from the CA, replace it in cert-file behind the server certificate, "
    "and send "
    "config-reload.",
)
ROOT_EXPIRED = Cause(
    "root_expired",
    "The root CA certificate has expired",
    "Create or get the new root, set it in ca_file of the exporter and of the IPAM, issue new certificates from it, "
    "and "
    "replace cert-file and trust-anchor.",
)
CA_NOT_YET_VALID = Cause(
    "ca_not_yet_valid",
    "A CA certificate of the chain is not valid yet",
    "Compare the clocks of the exporter and of the CA.",
)
KEY_USAGE = Cause(
    "key_usage",
    "The certificate is not for servers",
    f"Issue a certificate with serverAuth in extendedKeyUsage, {_INSTALL}.",
    "extendedKeyUsage = serverAuth   (in the request to the certificate authority)",
)
STRICT_PROFILE = Cause(
    "strict_profile",
    "The chain breaks RFC 5280, and x509_strict is true",
    "Issue certificates that follow RFC 5280, or set x509_strict of tls_config to false.",
    "tls_config: {x509_strict: false}   (in the exporter's configuration)",
)
INVALID_CHAIN = Cause(
    "invalid",
    "The chain cannot be verified",
    f"Issue a new certificate, {_INSTALL}; the evidence names OpenSSL's reason.",
)
NOT_REQUIRED = Cause(
    "not_required",
    "cert-required is false",
    "Set cert-required to true, and give each client a certificate of the CA at trust-anchor.",
    '"cert-required": true',
)
_HSTS = '"http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]'
NO_HEADER = Cause(
    "no_header", "Answers lack the header", "Add the header to http-headers of the control socket.", _HSTS
)
NO_HEADER_AT_PROXY = Cause(
    "no_header_at_proxy",
    "Answers of the proxy lack the header",
    "Add the header at the proxy where TLS ends, or to http-headers of the control socket behind it.",
    _HSTS,
)
MAX_SHOWN = 8
NOT_HTTPS = "the control socket in use is not https"


def _wherever_tls_ends(judge: Judge) -> Judge:
    """Return the judge with another cause for a certificate that is a proxy's."""

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
        UnknownFactError: no handshake showed one that can be read.
    """
    tls = _tls(snapshot)
    if tls is not None and not tls.chain:
        detail = "the server's certificate cannot be read"
        raise UnknownFactError(Failure(Stage.TLS, Reason.CERTIFICATE_INVALID, detail))
    return tls.chain[0] if tls else None


def uncovered(snapshot: Snapshot, certificate: Certificate) -> list[str]:
    """Return the server's address, and its name where it is reached by one, as far as the SAN lacks them."""
    host = snapshot.target.host
    wanted = [known(snapshot.connection).address, *([] if parse_address(host) else [host])]
    return [entry for entry in wanted if not certificate.covers(entry)]


def _covers_address(snapshot: Snapshot, _: Profile) -> Finding:
    certificate = leaf(snapshot)
    if certificate is None:
        return not_applicable(NOT_HTTPS)
    entries = _san_text(certificate)
    if missing := uncovered(snapshot, certificate):
        cause = ADDRESS_MISSING if parse_address(missing[0]) else NAME_MISSING
        if not certificate.addresses and not certificate.names:
            cause = NO_SAN
        return unmet(cause, f"the SAN contains {entries}, not {' and not '.join(map(_entry, missing))}")
    return met(f"the SAN contains {entries}")


def _entry(host: str) -> str:
    return f"ip:{host}" if parse_address(host) else f"dns:{host}"


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
    return met(f"{_time_left(first, snapshot.taken_at)}, which expires first")


def unneeded(tls: Tls | None, at: float) -> tuple[Certificate, ...]:
    """Return the expired certificates above the leaf, where the chain is trusted without them."""
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
        cause, expired = _distrust_cause(snapshot, tls, tls.distrust), _expired_above(tls, snapshot.taken_at)
        if tls.distrust.reason is Reason.CERTIFICATE_EXPIRED and expired is not None:
            return unmet(cause, _time_left(expired, snapshot.taken_at))
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
        # Kea sends the root too, where its trust-anchor has it: then the chain is complete.
        return UNKNOWN_CA if tls.chain and tls.chain[-1].is_self_issued else MISSING_INTERMEDIATE
    return DISTRUST_CAUSES.get(distrust.reason, INVALID_CHAIN)


DISTRUST_CAUSES = {
    Reason.CERTIFICATE_NOT_YET_VALID: CA_NOT_YET_VALID,
    Reason.CERTIFICATE_STRICT_PROFILE: STRICT_PROFILE,
}


def _expired_above(tls: Tls, at: float) -> Certificate | None:
    return next((certificate for certificate in tls.chain[1:] if certificate.has_expired(at)), None)


def _chain_text(tls: Tls) -> str:
    return f"issued by {tls.chain[0].issuer}" if tls.chain else "no certificate was sent"


def _client_certificate_required(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is not TransportKind.HTTPS:
        return not_applicable(NOT_HTTPS)
    refusals = {Reason.CLIENT_CERTIFICATE_REQUIRED, Reason.CLIENT_CERTIFICATE_REJECTED}
    if isinstance(snapshot.version, Failure) and snapshot.version.reason in refusals:
        return met(f"the server demands a client certificate: {snapshot.version.detail}")
    require_no_proxy(snapshot, "whether it demands a client certificate")
    if socket_in_use(snapshot).client_certificate_required:
        return met("cert-required is true")
    return unmet(NOT_REQUIRED, "cert-required is false: a password is enough to connect from anywhere")


def _strict_transport_security(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is not TransportKind.HTTPS:
        return not_applicable(NOT_HTTPS)
    require_answer_of_kea(snapshot)
    admission = known(snapshot.admission)
    if admission is not None and admission.strict_transport_security:
        return met("the answer has a Strict-Transport-Security header")
    if snapshot.target.daemon is Daemon.D2:  # as of Kea 3.0.3
        return not_applicable("the control socket of D2 takes no http-headers")
    cause = NO_HEADER if plain_socket_behind_proxy(snapshot) is None else NO_HEADER_AT_PROXY
    return unmet(cause, "the answer has no Strict-Transport-Security header")


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


# A key that does not belong to its certificate is found by no config-test (measured on 3.0.3).
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
        judge=_wherever_tls_ends(_covers_address),
    ),
    Requirement(
        id="certificate-within-validity",
        subject=Subject.CERTIFICATES,
        short="validity",
        severity=Severity.REQUIRED,
        title="The certificate must be valid now",
        clause="SSL/TLS certificate",
        rule="now is not before the certificate's begin, and before its end.",
        causes=(EXPIRED, NOT_YET_VALID, AT_PROXY),
        judge=_wherever_tls_ends(_within_validity),
    ),
    Requirement(
        id="certificate-renewal-not-due",
        subject=Subject.CERTIFICATES,
        short="renewal",
        severity=Severity.RECOMMENDED,
        title="Certificates must not expire within the renewal window",
        clause="",
        rule="more is left of the validity of every certificate sent than the profile's renewal window.",
        causes=(LEAF_EXPIRES, INTERMEDIATE_EXPIRES, ROOT_EXPIRES, STALE_CERTIFICATE, AT_PROXY),
        judge=_wherever_tls_ends(_renewal_not_due),
    ),
    Requirement(
        id="certificate-trusted",
        subject=Subject.CERTIFICATES,
        short="trusted",
        severity=Severity.REQUIRED,
        title="The certificate must be signed by a trusted CA",
        clause="trust-anchor",
        rule="the chain verifies against the configured authorities; name and validity are judged apart.",
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
    Requirement(
        id="client-certificate-required",
        subject=Subject.CERTIFICATES,
        short="of clients",
        severity=Severity.RECOMMENDED,
        title="The control socket must require a client certificate",
        clause='"cert-required": true',
        rule="cert-required of the socket in use is true, which is Kea's default.",
        causes=(NOT_REQUIRED,),
        judge=_client_certificate_required,
    ),
    Requirement(
        id="hsts-header-present",
        subject=Subject.CERTIFICATES,
        short="HSTS",
        severity=Severity.ADVISORY,
        title="Answers should have the header Strict-Transport-Security",
        clause='"http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]',
        rule="the first answer over https has the header.",
        causes=(NO_HEADER, NO_HEADER_AT_PROXY),
        judge=_strict_transport_security,
    ),
)
