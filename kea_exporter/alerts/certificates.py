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

# A root that is sent along may end as it likes: nobody verifies by it.
NOT_AFTER = 'kea_certificate_not_after_timestamp_seconds{role!="root"}'
OWN_LEFT = "kea_client_certificate_not_after_timestamp_seconds - time()"
WHICH = f"The {label('role')} certificate of {DAEMON}"
ENDS = "{{ if gt $value 0.0 }}ends in " + DURATION + "{{ else }}has ended{{ end }}"
REASON = first(lookup("kea_certificate_verify_failure", *OF_DAEMON), f" ({spaced('.Labels.reason')})")


def _expiring(severity: Severity, days: int) -> Alert:
    return Alert(
        "KeaCertificateExpiring",
        severity,
        f"0 < ({NOT_AFTER} - time()) < {days} * {DAY_SECONDS}",
        "15m",
        "A certificate of a Kea daemon ends soon.",
        f"{WHICH} ends in {DURATION}. {REMEDY}",
        Dashboard.CERTIFICATES,
        requirement="certificate-renewal-not-due",
        # It has ended before KeaCertificateExpired fires.
        keep=KEEP_OUTAGE,
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
        _expiring(Severity.WARNING, CERTIFICATE_WARNING_DAYS),
        _expiring(Severity.CRITICAL, CERTIFICATE_CRITICAL_DAYS),
        Alert(
            "KeaCertificateExpired",
            Severity.CRITICAL,
            f"time() - {NOT_AFTER} >= 0",
            "5m",
            "A certificate of a Kea daemon has expired.",
            f"{WHICH} expired {DURATION} ago. {REMEDY}",
            Dashboard.CERTIFICATES,
            requirement="certificate-within-validity",
            keep=KEEP_OUTAGE,
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
    ),
)
