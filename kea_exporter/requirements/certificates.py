"""Does the certificate of a https control socket name the server, is it valid, and is it trusted?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kea_exporter.certificates import parse_address
from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import Daemon, TransportKind
from kea_exporter.requirements.model import Finding, Requirement, Severity, Status, Subject, met, not_applicable, unmet
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
AT_PROXY = "TLS ends at a proxy in front of Kea: replace the certificate there, and let the proxy load it."
MOST_SHOWN = 8
# What to do about a certificate above the leaf, by its role.
RENEW = {
    "intermediate": "Put the current intermediate certificate of the CA behind the server's own in cert-file, in place "
    "of the old one, and send config-reload.",
    "root": "Add a new root CA to trust-anchor of Kea and to ca_file of the exporter, beside the old one. Then issue "
    "the certificates anew with it, put them at cert-file, and send config-reload.",
}
NOT_HTTPS = "the control socket in use is not https"


def _wherever_tls_ends(judge: Judge) -> Judge:
    """Return the judge with another remedy for a certificate that is a proxy's."""

    def judged(snapshot: Snapshot, profile: Profile) -> Finding:
        finding = judge(snapshot, profile)
        is_of_proxy = finding.status is Status.UNMET and plain_socket_behind_proxy(snapshot) is not None
        return replace(finding, remedy=AT_PROXY) if is_of_proxy else finding

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
    return [it for it in wanted if not certificate.covers(it)]


def _covers_address(snapshot: Snapshot, _: Profile) -> Finding:
    certificate = leaf(snapshot)
    if certificate is None:
        return not_applicable(NOT_HTTPS)
    holds = _san_text(certificate)
    if missing := uncovered(snapshot, certificate):
        return unmet(f"the SAN holds {holds}, not {' and not '.join(map(_entry, missing))}")
    return met(f"the SAN holds {holds}")


def _entry(host: str) -> str:
    return f"ip:{host}" if parse_address(host) else f"dns:{host}"


def _san_text(certificate: Certificate) -> str:
    entries = [*(f"ip:{it}" for it in certificate.addresses), *(f"dns:{it}" for it in certificate.names)]
    shown = ", ".join(printable(it) for it in sorted(entries)[:MOST_SHOWN])
    more = f" and {len(entries) - MOST_SHOWN} more" if len(entries) > MOST_SHOWN else ""
    return f"{shown}{more}" or "nothing"


def _within_validity(snapshot: Snapshot, _: Profile) -> Finding:
    certificate = leaf(snapshot)
    if certificate is None:
        return not_applicable(NOT_HTTPS)
    if certificate.has_expired(snapshot.taken_at):
        return unmet(f"the certificate expired on {_date(certificate.not_after)}")
    if certificate.has_not_begun(snapshot.taken_at):
        return unmet(f"the certificate is not valid before {_date(certificate.not_before)}", _CLOCK)
    return met(f"the certificate is valid until {_date(certificate.not_after)}{_left_over(snapshot)}")


def _left_over(snapshot: Snapshot) -> str:
    """Return a note on expired certificates above the leaf that the chain verifies without."""
    found = [old.subject for old in unneeded(known(snapshot.tls), snapshot.taken_at)]
    if not found:
        return ""
    return f"; expired certificates that the chain does not need are sent too: {', '.join(found[:MOST_SHOWN])}"


def unneeded(tls: Tls | None, at: float) -> tuple[Certificate, ...]:
    """Return the expired certificates above the leaf, where the chain is trusted without them."""
    if tls is None or tls.distrust is not None:
        return ()
    return tuple(certificate for certificate in tls.chain[1:] if certificate.has_expired(at))


_CLOCK = "Check the clocks of exporter and certificate authority, or issue a certificate that is valid already."


def _renewal_not_due(snapshot: Snapshot, profile: Profile) -> Finding:
    if leaf(snapshot) is None:
        return not_applicable(NOT_HTTPS)
    tls = known(snapshot.tls)
    sent = [pair for pair in (tls.by_role if tls else ()) if pair[1] not in unneeded(tls, snapshot.taken_at)]
    role, first = min(sent, key=lambda pair: pair[1].not_after)
    left, window = first.not_after - snapshot.taken_at, profile.renewal_window_seconds
    said = f"{left / DAY:.1f} days of validity are left" if left > 0 else "no validity is left"
    if left <= window:
        evidence = f"{said} to {first.subject}; it should be renewed {window / DAY:g} days before its end"
        return unmet(evidence, RENEW.get(role, ""))
    return met(f"{said} to {first.subject}, which ends first")


def _trusted(snapshot: Snapshot, _: Profile) -> Finding:
    tls = _tls(snapshot)
    if tls is None:
        return not_applicable(NOT_HTTPS)
    if tls.distrust is not None and tls.distrust.reason is Reason.CERTIFICATE_EXPIRED:
        return _expired_above(tls, tls.distrust, snapshot.taken_at)
    if tls.distrust is not None:
        return unmet(f"{tls.distrust.detail} ({_chain_text(tls)})")
    return met(f"the chain verifies against the configured authorities ({_chain_text(tls)})")


def _expired_above(tls: Tls, distrust: Failure, at: float) -> Finding:
    """Return the finding on a chain that does not verify as a certificate above the leaf has expired."""
    for role, certificate in tls.by_role[1:]:
        if certificate.has_expired(at):
            return unmet(f"{certificate.subject} expired on {_date(certificate.not_after)}", RENEW[role])
    # Then a CA that is not sent has expired, unless the chain cannot be read.
    return unmet(f"{distrust.detail} ({_chain_text(tls)})", RENEW["root"] if tls.chain else "")


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
    return unmet("cert-required is false: whoever has a password may connect from anywhere")


def _strict_transport_security(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is not TransportKind.HTTPS:
        return not_applicable(NOT_HTTPS)
    require_answer_of_kea(snapshot)
    admission = known(snapshot.admission)
    if admission is not None and admission.strict_transport_security:
        return met("the answer has a Strict-Transport-Security header")
    if snapshot.target.daemon is Daemon.D2:  # as of Kea 3.0.3
        return not_applicable("the control socket of D2 takes no http-headers")
    at_proxy = "" if plain_socket_behind_proxy(snapshot) is None else _HSTS_AT_PROXY
    return unmet("the answer has no Strict-Transport-Security header", at_proxy)


_HSTS_AT_PROXY = "Add the header at the proxy where TLS ends, or to http-headers of the control socket behind it."


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


# A key that does not belong to its certificate is found by no config-test (measured on 3.0.3).
_RELOAD = (
    "send config-reload, as Kea reads it only then. Before that, check that it belongs to its key: a reload that fails "
    "stops DHCP service, and config-test does not read certificates and keys."
)

REQUIREMENTS = (
    Requirement(
        id="certificate-san-matches-address",
        subject=Subject.CERTIFICATE,
        short="SAN",
        severity=Severity.REQUIRED,
        title="The certificate's SAN holds the server's IP address",
        clause="When using HTTPS in Kea, the TLS/SSL certificate must include the Kea server IP address in the SAN.",
        rule="the SAN has an iPAddress entry for the address that was reached and, where the url has a name, a dNSName "
        "entry for it; a common name does not count.",
        remedy="Issue a certificate whose subjectAltName holds the server's IP address, put it at cert-file, and "
        f"{_RELOAD}",
        judge=_wherever_tls_ends(_covers_address),
        example="subjectAltName = IP:10.10.10.10, DNS:kea1.example.com   (in the request to the certificate authority)",
    ),
    Requirement(
        id="certificate-within-validity",
        subject=Subject.CERTIFICATE,
        short="validity",
        severity=Severity.REQUIRED,
        title="The certificate is valid now",
        clause="SSL/TLS certificate",
        rule="now is not before the certificate's begin, and before its end.",
        remedy=f"Issue a new certificate, put it at cert-file, and {_RELOAD}",
        judge=_wherever_tls_ends(_within_validity),
    ),
    Requirement(
        id="certificate-renewal-not-due",
        subject=Subject.CERTIFICATE,
        short="renewal",
        severity=Severity.RECOMMENDED,
        title="The certificate need not be renewed yet",
        clause="",
        rule="more is left of the validity of every certificate sent than the profile's renewal window.",
        remedy=f"Renew the certificate, put it at cert-file, and {_RELOAD}",
        judge=_wherever_tls_ends(_renewal_not_due),
    ),
    Requirement(
        id="certificate-trusted",
        subject=Subject.CERTIFICATE,
        short="trusted",
        severity=Severity.REQUIRED,
        title="The certificate is trusted",
        clause="trust-anchor",
        rule="the chain verifies against the configured authorities; name and validity are judged apart.",
        remedy="Set ca_file of tls_config in the exporter's configuration to the authority that issued the "
        "certificate, and let cert-file hold the intermediate certificates behind the server's own.",
        judge=_trusted,
        example="tls_config: {ca_file: /etc/kea-exporter/ca.pem}   (in the exporter's configuration)",
    ),
    Requirement(
        id="client-certificate-required",
        subject=Subject.CERTIFICATE,
        short="of clients",
        severity=Severity.RECOMMENDED,
        title="The control socket demands a client certificate",
        clause='"cert-required": true',
        rule="cert-required of the socket in use is true, which is Kea's default.",
        remedy="Set cert-required to true, and give each client a certificate of the authority at trust-anchor.",
        judge=_client_certificate_required,
        example='"cert-required": true',
    ),
    Requirement(
        id="hsts-header-present",
        subject=Subject.CERTIFICATE,
        short="HSTS",
        severity=Severity.ADVISORY,
        title="Answers carry Strict-Transport-Security",
        clause='"http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]',
        rule="the first answer over https has the header.",
        remedy="Add the header to http-headers of the control socket.",
        judge=_strict_transport_security,
        example='"http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]',
    ),
)
