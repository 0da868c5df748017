"""Certificates: expiry and verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.links import to_row
from grafana.src.looks import CERTIFICATE_DAYS, FAULT, MOMENT, WARN, YES
from grafana.src.panels import Query, Words, lines, stat_of, timeline
from grafana.src.queries import days_left, gauge, of, worst
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.thresholds import CERTIFICATE_CRITICAL_DAYS, CERTIFICATE_WARNING_DAYS, DAY_SECONDS

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
    from grafana_foundation_sdk.builders.table import Panel as Table

NOT_AFTER = "kea_certificate_not_after_timestamp_seconds"
OWN_NOT_AFTER = "kea_client_certificate_not_after_timestamp_seconds"
PLACE = ("role", "position")
CA_NOT_AFTER = "kea_ca_certificate_not_after_timestamp_seconds"
# Roots that the exporter trusts have a table of their own, from ca_file.
NO_ROOT = 'role!="root"'
LEFT = days_left(NOT_AFTER, *PLACE)
NO_TLS = "No daemon is reached over https"
NO_CLIENT_CERTIFICATE = "The exporter has no client certificate"


def certificates(height: int = 10) -> Table:
    """Return the table of all certificates; those that expire first are on top."""
    identity = ("subject", "issuer", "key_type", "serial_number", "fingerprint_sha256")
    return table_of(
        Words("Certificates", "All certificates that the servers send, by expiry; negative: expired.", NO_TLS),
        labels=("server", "daemon", *PLACE, *identity),
        columns={
            "days left": Column(LEFT, CERTIFICATE_DAYS, link=to_row(Dashboard.SERVER)),
            "not before": Column(f"1000 * {gauge('kea_certificate_not_before_timestamp_seconds', *PLACE)}", MOMENT),
            "not after": Column(f"1000 * {gauge(NOT_AFTER, *PLACE)}", MOMENT),
            "is": Column(gauge("kea_certificate_info", *PLACE, *identity), hidden=True),
        },
        first=("server", "daemon", *PLACE, "days left", "not before", "not after"),
        sort="days left",
        height=height,
    )


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.CERTIFICATES,
        "Kea / Certificates",
        "Certificates of all control sockets, CAs and client certificates of the exporter: expiry and verification.",
        [
            Section("Overview", _glance()),
            Section("Expiry", [certificates(), *_course()]),
            Section("Verification", _trust()),
        ],
        since="now-7d",
    )


def _expiring(days: int) -> str:
    return f"sum({days_left(NOT_AFTER, *PLACE, where=NO_ROOT)} < bool {days})"


def _glance() -> list[Built]:
    return [
        stat_of(Words("Expired", "Certificates of servers that have expired.", NO_TLS), _expiring(0), FAULT),
        *(
            stat_of(
                Words(f"Expire in {days} days", f"Certificates of servers that expire within {days} days.", NO_TLS),
                _expiring(days),
                look,
            )
            for days, look in ((CERTIFICATE_CRITICAL_DAYS, FAULT), (CERTIFICATE_WARNING_DAYS, WARN))
        ),
        stat_of(
            Words("Not trusted", "Certificates that are not signed by a trusted CA.", NO_TLS),
            f"sum(1 - {worst(of('kea_certificate_trusted'))})",
            FAULT,
        ),
        stat_of(
            Words("SAN mismatch", "Certificates whose SAN does not contain the address of the server.", NO_TLS),
            f"sum(1 - {worst(of('kea_certificate_san_valid'))})",
            FAULT,
        ),
        stat_of(
            Words(
                "Client days left", "Days until the exporter's first client certificate expires.", NO_CLIENT_CERTIFICATE
            ),
            f"min({days_left(OWN_NOT_AFTER)})",
            CERTIFICATE_DAYS,
        ),
    ]


def _course() -> list[Built]:
    return [
        lines(
            Words("Days left", "Days until expiry, without roots. A renewal raises the value.", NO_TLS),
            [Query(days_left(NOT_AFTER, *PLACE, where=NO_ROOT), "{{server}} {{daemon}}: {{role}}")],
            CERTIFICATE_DAYS,
        ),
        table_of(
            Words(
                "Client certificates of the exporter",
                "Certificates that the exporter sends to daemons (cert_file).",
                NO_CLIENT_CERTIFICATE,
            ),
            labels=("server", "daemon"),
            columns={
                "days left": Column(days_left(OWN_NOT_AFTER), CERTIFICATE_DAYS),
                "not after": Column(f"1000 * {gauge(OWN_NOT_AFTER)}", MOMENT),
            },
            sort="days left",
            width=12,
        ),
        table_of(
            Words(
                "CAs of the exporter",
                "CA certificates in ca_file of the exporter; by subject, the one that expires last.",
                "No ca_file is configured",
            ),
            labels=("subject",),
            columns={
                "days left": Column(
                    f"(min by (subject) ({of(CA_NOT_AFTER)}) - time()) / {DAY_SECONDS}", CERTIFICATE_DAYS
                ),
                "not after": Column(f"1000 * min by (subject) ({of(CA_NOT_AFTER)})", MOMENT),
            },
            sort="days left",
            width=24,
        ),
    ]


def _trust() -> list[Built]:
    return [
        timeline(
            Words(
                "Name and trust", "Whether the SAN contains the address, and whether a trusted CA signed it.", NO_TLS
            ),
            [
                Query(worst(of("kea_certificate_trusted")), "{{server}} {{daemon}}: trusted"),
                Query(worst(of("kea_certificate_san_valid")), "{{server}} {{daemon}}: name"),
            ],
            YES,
            height=10,
        ),
        table_of(
            Words("Verification failures", "Reason of each failed verification.", "All certificates verify"),
            labels=("server", "daemon", "reason"),
            columns={"fails": Column(gauge("kea_certificate_verify_failure", "reason"), hidden=True)},
            sort="server",
            width=12,
        ),
        table_of(
            Words("TLS connections", "Protocol version and cipher of each connection.", NO_TLS),
            labels=("server", "daemon", "version", "cipher"),
            columns={"is": Column(gauge("kea_tls_connection_info", "version", "cipher"), hidden=True)},
            sort="version",
            width=12,
        ),
    ]
