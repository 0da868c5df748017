"""Alerts about the certificates of servers, the CAs of the exporter and its client certificates."""

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
# CAs of ca_file that issued a certificate which a server sends, once for all servers.
CA_NOT_AFTER = (
    "min without (instance, server, daemon) (kea_ca_certificate_not_after_timestamp_seconds "
    "and on (job, instance, server, daemon, subject) "
    'label_replace(kea_certificate_info, "subject", "$1", "issuer", "(.*)"))'
)
CLIENT_LEFT = "kea_client_certificate_not_after_timestamp_seconds - time()"
WHICH = f"The {label('role')} certificate of {DAEMON}"
EXPIRES = "{{ if gt $value 0.0 }}expires in " + DURATION + "{{ else }}has expired{{ end }}"
INTERMEDIATE = (
    "Replace the intermediate certificate in cert-file with the current one of the CA, and send config-reload."
)
ROOT = (
    "Add a new root CA to trust-anchor of Kea and to ca_file of the exporter, and keep the old one; then reissue the "
    "certificates."
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
        "Kea certificate expires soon",
        f"{WHICH} expires in {DURATION}. {BY_ROLE}",
        Dashboard.CERTIFICATES,
        requirement="certificate-renewal-not-due",
        # The certificate expires before KeaCertificateExpired fires.
        keep=KEEP_OUTAGE,
    )


def _expired(severity: Severity, expression: str, remedy: str) -> Alert:
    return Alert(
        "KeaCertificateExpired",
        severity,
        expression,
        "5m",
        "Kea certificate has expired",
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
        "CA certificate of the exporter expires soon",
        f"The CA {label('subject')} in ca_file, which issued certificates of Kea, {EXPIRES}. Without a valid CA the "
        f"exporter rejects the certificates of these servers. {ROOT}",
        Dashboard.CERTIFICATES,
        keep=KEEP_STATE,
    )


def _client_expiring(severity: Severity, days: int) -> Alert:
    return Alert(
        "KeaClientCertificateExpiring",
        severity,
        f"{CLIENT_LEFT} < {days} * {DAY_SECONDS}",
        "15m",
        "Client certificate of the exporter expires soon",
        f"The client certificate that the exporter sends to {DAEMON} {EXPIRES}. "
        "Issue a new one and write it to cert_file and key_file of tls_config; the exporter needs no restart.",
        Dashboard.CERTIFICATES,
        keep=KEEP_STATE,
    )


GROUP = Group(
    "kea-certificates",
    recordings=(),
    alerts=(
        _expiring(Severity.WARNING, NOT_AFTER, CERTIFICATE_WARNING_DAYS),
        # Not critical for a root that a server sends: KeaCaCertificateExpiring reports the root in ca_file.
        _expiring(Severity.CRITICAL, f'{NOT_AFTER}{{role!="root"}}', CERTIFICATE_CRITICAL_DAYS),
        _expired(
            Severity.CRITICAL,
            f"time() - {OF_LEAF} >= 0 or time() - {ABOVE_LEAF} >= 0 unless {TRUSTED}",
            BY_ROLE,
        ),
        _expired(
            Severity.WARNING,
            f"time() - {ABOVE_LEAF} >= 0 and {TRUSTED}",
            "The chain is trusted without it: remove it from cert-file or trust-anchor, and send config-reload.",
        ),
        Alert(
            "KeaCertificateNameMismatch",
            Severity.CRITICAL,
            "kea_certificate_san_valid == 0",
            "5m",
            "Kea certificate does not contain the server address",
            f"The SAN of the certificate of {DAEMON} does not contain the address of the server. {REMEDY}",
            Dashboard.CERTIFICATES,
            requirement="certificate-san-matches-address",
            keep=KEEP_OUTAGE,
        ),
        Alert(
            "KeaCertificateUntrusted",
            Severity.CRITICAL,
            "kea_certificate_trusted == 0",
            "5m",
            "Kea certificate is not trusted",
            f"Verification of the certificate of {DAEMON} failed{REASON}. {REMEDY}",
            Dashboard.CERTIFICATES,
            requirement="certificate-trusted",
            keep=KEEP_OUTAGE,
        ),
        _client_expiring(Severity.WARNING, CERTIFICATE_WARNING_DAYS),
        _client_expiring(Severity.CRITICAL, CERTIFICATE_CRITICAL_DAYS),
        _ca_expiring(Severity.WARNING, CERTIFICATE_WARNING_DAYS),
        _ca_expiring(Severity.CRITICAL, CERTIFICATE_CRITICAL_DAYS),
    ),
)
