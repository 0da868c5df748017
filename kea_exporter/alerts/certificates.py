"""Alerts about certificates: those of the servers, and the exporter's own."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import (
    DAEMON,
    DURATION,
    OF_DAEMON,
    REMEDY,
    first,
    label,
    lookup,
    spaced,
)
from kea_exporter.alerts.thresholds import (
    CERTIFICATE_CRITICAL_DAYS,
    CERTIFICATE_WARNING_DAYS,
    DAY_SECONDS,
    KEEP_OUTAGE,
    KEEP_STATE,
)

NOT_AFTER = "kea_certificate_not_after_timestamp_seconds"
OF_LEAF, ABOVE_LEAF = f'{NOT_AFTER}{{role="leaf"}}', f'{NOT_AFTER}{{role!="leaf"}}'
TRUSTED = "ignoring (role, position) kea_certificate_trusted == 1"
# CAs of ca_file that issued a certificate that a server sends; once for all servers.
CA_NOT_AFTER = (
    "min without (instance, server, daemon) (kea_ca_certificate_not_after_timestamp_seconds "
    "and on (job, instance, server, daemon, subject) "
    'label_replace(kea_certificate_info, "subject", "$1", "issuer", "(.*)"))'
)
OWN_LEFT = "kea_client_certificate_not_after_timestamp_seconds - time()"
WHICH = f"The {label('role')} certificate of {DAEMON}"
ENDS = "{{ if gt $value 0.0 }}ends in " + DURATION + "{{ else }}has ended{{ end }}"
INTERMEDIATE = (
    "Put the current intermediate certificate of the CA behind the server's own in cert-file, and reload Kea."
)
ROOT = (
    "Add a new root CA to trust-anchor of Kea and to ca_file of the exporter, beside the old one; then issue the "
    "certificates anew with it."
)
BY_ROLE = (
    '{{ if eq $labels.role "leaf" }}' + REMEDY + '{{ else if eq $labels.role "root" }}' + ROOT + "{{ else }}"
    f"{INTERMEDIATE}{{{{ end }}}}"
)
REASON = first(lookup("kea_certificate_verify_failure", *OF_DAEMON), f" ({spaced('.Labels.reason')})")


def _expiring(severity: Severity, not_after: str, days: int) -> Alert:
    return Alert(
        "KeaCertificateExpiring",
        severity,
        f"0 < ({not_after} - time()) < {days} * {DAY_SECONDS}",
        "15m",
        "A certificate of a Kea daemon ends soon.",
        f"{WHICH} ends in {DURATION}. {BY_ROLE}",
        Dashboard.CERTIFICATES,
        requirement="certificate-renewal-not-due",
        # It has ended before KeaCertificateExpired fires.
        keep=KEEP_OUTAGE,
    )


def _expired(severity: Severity, expression: str, remedy: str) -> Alert:
    return Alert(
        "KeaCertificateExpired",
        severity,
        expression,
        "5m",
        "A certificate of a Kea daemon has expired.",
        f"{WHICH} expired {DURATION} ago. {remedy}",
        Dashboard.CERTIFICATES,
        requirement="certificate-within-validity",
        keep=KEEP_OUTAGE,
    )


def _ca_expiring(severity: Severity, days: int) -> Alert:
    return Alert(
        "KeaCaCertificateExpiring",
        severity,
        f"{CA_NOT_AFTER} - time() < {days} * {DAY_SECONDS}",
        "15m",
        "CA certificate of the exporter expires soon.",
        f"The CA {label('subject')} of ca_file, which issued certificates of Kea, {ENDS}. Without it the exporter "
        f"refuses these servers. {ROOT}",
        Dashboard.CERTIFICATES,
        keep=KEEP_STATE,
    )


def _own_expiring(severity: Severity, days: int) -> Alert:
    return Alert(
        "KeaClientCertificateExpiring",
        severity,
        f"{OWN_LEFT} < {days} * {DAY_SECONDS}",
        "15m",
        "The exporter's own certificate ends soon.",
        f"The certificate that the exporter shows to {DAEMON} {ENDS}. "
        "Issue a new one and put it at cert_file and key_file of tls_config; the exporter needs no restart.",
        Dashboard.CERTIFICATES,
        keep=KEEP_STATE,
    )


GROUP = Group(
    "kea-certificates",
    recordings=(),
    alerts=(
        _expiring(Severity.WARNING, NOT_AFTER, CERTIFICATE_WARNING_DAYS),
        # A root that is sent need not be the one that the exporter trusts: KeaCaCertificateExpiring is about that one.
        _expiring(Severity.CRITICAL, f'{NOT_AFTER}{{role!="root"}}', CERTIFICATE_CRITICAL_DAYS),
        _expired(
            Severity.CRITICAL,
            f"time() - {OF_LEAF} >= 0 or time() - {ABOVE_LEAF} >= 0 unless {TRUSTED}",
            BY_ROLE,
        ),
        _expired(
            Severity.WARNING,
            f"time() - {ABOVE_LEAF} >= 0 and {TRUSTED}",
            "The chain is trusted without it: remove it from cert-file or from the trust-anchor file, and reload Kea.",
        ),
        Alert(
            "KeaCertificateNameMismatch",
            Severity.CRITICAL,
            "kea_certificate_san_valid == 0",
            "5m",
            "The certificate of a Kea daemon does not hold its address.",
            f"The SAN of the certificate of {DAEMON} does not hold the address at which it is reached. {REMEDY}",
            Dashboard.CERTIFICATES,
            requirement="certificate-san-matches-address",
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaCertificateUntrusted",
            Severity.CRITICAL,
            "kea_certificate_trusted == 0",
            "5m",
            "The certificate of a Kea daemon does not come from the authority that is trusted.",
            f"The certificate of {DAEMON} does not verify{REASON}. {REMEDY}",
            Dashboard.CERTIFICATES,
            requirement="certificate-trusted",
            keep=KEEP_OUTAGE,
        ),
        _own_expiring(Severity.WARNING, CERTIFICATE_WARNING_DAYS),
        _own_expiring(Severity.CRITICAL, CERTIFICATE_CRITICAL_DAYS),
        _ca_expiring(Severity.WARNING, CERTIFICATE_WARNING_DAYS),
        _ca_expiring(Severity.CRITICAL, CERTIFICATE_CRITICAL_DAYS),
    ),
)
