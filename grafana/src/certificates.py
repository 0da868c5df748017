"""Certificates: which expires first, and which is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.conditions import CERTIFICATES_LEFT, NOT_AFTER
from grafana.src.document import Built, Section, dashboard
from grafana.src.links import PAGE_OF_ROW, to, to_row
from grafana.src.looks import CERTIFICATE_DAYS, FAULT, MOMENT, WARN, YES
from grafana.src.panels import Query, Stat, Words, lines, stat_row, timeline
from grafana.src.problems import PROBLEM, SEVERITIES, unmet_of
from grafana.src.queries import days_left, gauge, least, of, once, worst
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.thresholds import CERTIFICATE_CRITICAL_DAYS, CERTIFICATE_WARNING_DAYS, DAY_SECONDS

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
    from grafana_foundation_sdk.builders.table import Panel as Table

OWN_NOT_AFTER = "kea_client_certificate_not_after_timestamp_seconds"
PLACE = ("role", "position")
IDENTITY = ("subject", "issuer", "key_type", "serial_number", "fingerprint_sha256")
CERTIFICATE = 'requirement=~"certificate-.+"'
CA_NOT_AFTER = "kea_ca_certificate_not_after_timestamp_seconds"
TOP, ROWS = 10, 200
LEFT = days_left(NOT_AFTER, *PLACE)
NO_TLS = "No daemon is reached over https"
NO_CLIENT_CERTIFICATE = "The exporter has no client certificate"
NO_CA = "No ca_file is configured"
OF_CAS = f"((min by (subject) ({of(CA_NOT_AFTER)}) - time()) / {DAY_SECONDS})"


def certificates(height: int = 10) -> Table:
    """Return the table of the certificates, those that expire first on top."""
    shown = f"bottomk({ROWS}, {LEFT})"
    return table_of(
        Words(
            "Certificates",
            f"The {ROWS} certificates that expire first, of all that the servers send; negative: expired. The days "
            "lead to the dashboard of the server.",
            NO_TLS,
        ),
        labels=("server", "daemon", *PLACE, "subject", "issuer"),
        hidden=("position",),
        columns={
            "days left": Column(shown, CERTIFICATE_DAYS, link=to_row(Dashboard.SERVER)),
            "expires": Column(f"1000 * ({gauge(NOT_AFTER, *PLACE)} and {shown})", MOMENT),
            "is": Column(
                f"{gauge('kea_certificate_info', *PLACE, 'subject', 'issuer')} and on (server, daemon, role, position) "
                f"{shown}",
                hidden=True,
            ),
        },
        first=("server", "daemon", "role", "days left", "expires"),
        sort="days left",
        height=height,
    )


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.CERTIFICATES,
        "Kea / Certificates",
        "Which certificate expires first, and which is wrong?",
        [
            Section("", stat_row(_glance())),
            Section("", [certificates()]),
            Section("Certificates that do not verify", [_failures()]),
            Section("Certificates of the exporter", _own()),
            Section("Over time", _course(), collapsed=True),
            Section("Details and TLS connections", _details(), collapsed=True),
        ],
        since="now-7d",
    )


def _number(low: str, high: str) -> str:
    """Return the number of servers' certificates with so many days left; 0 where there are others."""
    return f"count({CERTIFICATES_LEFT} {low} < {high}) or 0 * count({CERTIFICATES_LEFT})"


def _glance() -> list[Stat]:
    critical, warning = CERTIFICATE_CRITICAL_DAYS, CERTIFICATE_WARNING_DAYS
    left = "Certificates of servers without roots"
    return [
        Stat(
            Words(
                "Expired",
                f"{left} that have expired, without an old intermediate beside a chain that verifies.",
                NO_TLS,
            ),
            [Query(f"count({CERTIFICATES_LEFT} <= 0) or 0 * count({CERTIFICATES_LEFT})")],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Not trusted", "Daemons whose certificate is not signed by a trusted CA.", NO_TLS),
            [Query(f"sum(1 - {worst(of('kea_certificate_trusted'))})")],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Wrong name", "Daemons whose certificate does not contain the address of the server.", NO_TLS),
            [Query(f"sum(1 - {worst(of('kea_certificate_san_valid'))})")],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words(f"Within {critical} days", f"{left} that expire within {critical} days.", NO_TLS),
            [Query(_number("> 0", str(critical)))],
            FAULT,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words(f"Within {warning} days", f"{left} that expire in {critical} to {warning} days.", NO_TLS),
            [Query(_number(f">= {critical}", str(warning)))],
            WARN,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words(
                "Exporter's own",
                "Days until the first client certificate (client) and the first CA in ca_file (CA) of the exporter "
                "expire. What is not shown is not configured.",
                "The exporter has neither a client certificate nor ca_file",
            ),
            [Query(f"min({days_left(OWN_NOT_AFTER)})", "client"), Query(f"min({OF_CAS})", "CA")],
            CERTIFICATE_DAYS,
            to(Dashboard.EXPORTER),
        ),
    ]


def _failures() -> Table:
    unmet = " or ".join(f"{rank} * {unmet_of(severity, CERTIFICATE)}" for severity, rank in SEVERITIES.items())
    return table_of(
        Words(
            "What is wrong and what to do",
            f"Unmet requirements of certificates, at most {ROWS}. The problem leads to the exporter's page.",
            "All certificates verify and are valid, or no daemon is reached over https",
        ),
        labels=("server", "daemon", "problem", "remedy"),
        columns={"severity": Column(f"topk({ROWS}, {once(unmet, 'problem', 'remedy')})", PROBLEM, width=130)},
        first=("severity",),
        sort="severity",
        descending=True,
        height=8,
        links={"problem": PAGE_OF_ROW},
    )


def _own() -> list[Built]:
    return [
        table_of(
            Words(
                "Client certificates",
                "Certificates that the exporter sends to daemons (cert_file).",
                NO_CLIENT_CERTIFICATE,
            ),
            labels=("server", "daemon"),
            columns={
                "days left": Column(f"bottomk({ROWS}, {days_left(OWN_NOT_AFTER)})", CERTIFICATE_DAYS),
                "expires": Column(
                    f"1000 * ({gauge(OWN_NOT_AFTER)} and bottomk({ROWS}, {gauge(OWN_NOT_AFTER)}))", MOMENT
                ),
            },
            sort="days left",
            width=12,
        ),
        table_of(
            Words(
                "CAs of the exporter",
                "CA certificates in ca_file of the exporter; by subject, the one that expires last.",
                NO_CA,
            ),
            labels=("subject",),
            columns={
                "days left": Column(OF_CAS, CERTIFICATE_DAYS),
                "expires": Column(f"1000 * min by (subject) ({of(CA_NOT_AFTER)})", MOMENT),
            },
            sort="days left",
            width=12,
        ),
    ]


def _course() -> list[Built]:
    ever_failing = " or ".join(
        f"{worst(f'min_over_time({of(family)}[$__range] @ end())')} == 0"
        for family in ("kea_certificate_trusted", "kea_certificate_san_valid")
    )
    return [
        lines(
            Words(
                "Days left",
                f"The {TOP} certificates that expire first. A renewal raises the value.",
                NO_TLS,
            ),
            [Query(least(TOP, CERTIFICATES_LEFT), "{{server}} {{daemon}}: {{role}}")],
            CERTIFICATE_DAYS,
        ),
        timeline(
            Words(
                "Name and trust",
                "Daemons whose certificate was not trusted, or did not contain the address, within the time range.",
                "All certificates verified within the time range, or no daemon is reached over https",
            ),
            [
                Query(f"{worst(of('kea_certificate_trusted'))} and ({ever_failing})", "{{server}} {{daemon}}: trusted"),
                Query(f"{worst(of('kea_certificate_san_valid'))} and ({ever_failing})", "{{server}} {{daemon}}: name"),
            ],
            YES,
            width=12,
        ),
    ]


def _details() -> list[Built]:
    return [
        table_of(
            Words("Details", "Subject, issuer, key, serial number and fingerprint of each certificate.", NO_TLS),
            labels=("server", "daemon", *PLACE, *IDENTITY),
            columns={
                "not before": Column(f"1000 * {gauge('kea_certificate_not_before_timestamp_seconds', *PLACE)}", MOMENT),
                "is": Column(gauge("kea_certificate_info", *PLACE, *IDENTITY), hidden=True),
            },
            sort="server",
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
