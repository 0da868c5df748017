"""Certificates: what ends when, and what does not verify."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.links import to_row
from grafana.src.looks import CERTIFICATE_LEFT, GRAVE, MOMENT, TROUBLE, YES
from grafana.src.panels import Query, Words, lines, stat_of, timeline
from grafana.src.queries import gauge, of, time_left, worst
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
# Those that the exporter trusts are shown apart, from its own ca_file.
NO_ROOT = 'role!="root"'
LEFT = time_left(NOT_AFTER, *PLACE)
NO_TLS = "No daemon is reached over https"
NO_CLIENT_CERTIFICATE = "The exporter shows no certificate of its own"


def certificates(height: int = 10) -> Table:
    """Return all certificates, those that end first on top."""
    identity = ("subject", "issuer", "key_type", "serial_number", "fingerprint_sha256")
    return table_of(
        Words("Certificates", "All that the servers sent, those that end first on top; negative: has ended.", NO_TLS),
        labels=("server", "daemon", *PLACE, *identity),
        columns={
            "left": Column(LEFT, CERTIFICATE_LEFT, link=to_row(Dashboard.SERVER)),
            "begins": Column(f"1000 * {gauge('kea_certificate_not_before_timestamp_seconds', *PLACE)}", MOMENT),
            "ends": Column(f"1000 * {gauge(NOT_AFTER, *PLACE)}", MOMENT),
            "is": Column(gauge("kea_certificate_info", *PLACE, *identity), hidden=True),
        },
        first=("server", "daemon", *PLACE, "left", "begins", "ends"),
        sort="left",
        height=height,
    )


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.CERTIFICATES,
        "Kea / Certificates",
        "The certificates of all control sockets, and the exporter's own: what ends when, and what does not verify.",
        [
            Section("At a glance", _glance()),
            Section("What ends when", [certificates(), *_course()]),
            Section("What does not verify", _trust()),
        ],
        since="now-7d",
    )


def _ending(seconds: int) -> str:
    return f"sum({time_left(NOT_AFTER, *PLACE, where=NO_ROOT)} < bool {seconds})"


def _glance() -> list[Built]:
    return [
        stat_of(Words("Ended", "Certificates of servers that have ended.", NO_TLS), _ending(0), GRAVE),
        *(
            stat_of(
                Words(f"End within {days} days", f"Certificates of servers that end within {days} days.", NO_TLS),
                _ending(days * DAY_SECONDS),
                look,
            )
            for days, look in ((CERTIFICATE_CRITICAL_DAYS, GRAVE), (CERTIFICATE_WARNING_DAYS, TROUBLE))
        ),
        stat_of(
            Words("Not trusted", "Certificates that do not verify against the configured authorities.", NO_TLS),
            f"sum(1 - {worst(of('kea_certificate_trusted'))})",
            GRAVE,
        ),
        stat_of(
            Words("Wrong name", "Certificates whose SAN does not hold the address of the server.", NO_TLS),
            f"sum(1 - {worst(of('kea_certificate_san_valid'))})",
            GRAVE,
        ),
        stat_of(
            Words("Own ends in", "The least time left of the exporter's own certificates.", NO_CLIENT_CERTIFICATE),
            f"min({time_left(OWN_NOT_AFTER)})",
            CERTIFICATE_LEFT,
        ),
    ]


def _course() -> list[Built]:
    return [
        lines(
            Words("Time left", "A certificate that is renewed jumps up; roots are left out.", NO_TLS),
            [Query(time_left(NOT_AFTER, *PLACE, where=NO_ROOT), "{{server}} {{daemon}}: {{role}}")],
            CERTIFICATE_LEFT,
        ),
        table_of(
            Words(
                "The exporter's own certificates",
                "What the exporter shows to each daemon, where it is told to.",
                NO_CLIENT_CERTIFICATE,
            ),
            labels=("server", "daemon"),
            columns={
                "left": Column(time_left(OWN_NOT_AFTER), CERTIFICATE_LEFT),
                "ends": Column(f"1000 * {gauge(OWN_NOT_AFTER)}", MOMENT),
            },
            sort="left",
            width=12,
        ),
        table_of(
            Words(
                "CAs of the exporter",
                "The CA certificates in ca_file of the exporter; for each subject, the one that ends last.",
                "No ca_file is configured",
            ),
            labels=("subject",),
            columns={
                "left": Column(f"min by (subject) ({of(CA_NOT_AFTER)}) - time()", CERTIFICATE_LEFT),
                "ends": Column(f"1000 * min by (subject) ({of(CA_NOT_AFTER)})", MOMENT),
            },
            sort="left",
            width=24,
        ),
    ]


def _trust() -> list[Built]:
    return [
        timeline(
            Words("Name and trust", "Whether the SAN holds the address, and whether the chain verifies.", NO_TLS),
            [
                Query(worst(of("kea_certificate_trusted")), "{{server}} {{daemon}}: trusted"),
                Query(worst(of("kea_certificate_san_valid")), "{{server}} {{daemon}}: name"),
            ],
            YES,
            height=10,
        ),
        table_of(
            Words("Why not", "Why a certificate does not verify.", "All certificates verify"),
            labels=("server", "daemon", "reason"),
            columns={"fails": Column(gauge("kea_certificate_verify_failure", "reason"), hidden=True)},
            sort="server",
            width=12,
        ),
        table_of(
            Words("Connections", "Protocol version and cipher of each connection.", NO_TLS),
            labels=("server", "daemon", "version", "cipher"),
            columns={"is": Column(gauge("kea_tls_connection_info", "version", "cipher"), hidden=True)},
            sort="version",
            width=12,
        ),
    ]
