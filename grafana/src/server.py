"""Server: everything of one server and its daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.certificates import certificates
from grafana.src.document import Built, Section, dashboard
from grafana.src.fleet import failures, remedies
from grafana.src.looks import (
    ADVISED,
    AGO,
    CRITICAL,
    FACT,
    GOOD,
    MET,
    NUMBER,
    SECONDS,
    SOCKETS,
    TROUBLE,
    YES,
    State,
    either,
)
from grafana.src.panels import Query, Words, lines, timeline
from grafana.src.queries import gauge, numbered, of, rate, total, worst
from grafana.src.tables import Column, table_of
from grafana.src.traffic import states_of_pairs
from kea_exporter.alerts.model import Dashboard
from kea_exporter.metrics.health import SOCKETS_STATUSES

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

SILENT = "The daemon does not answer: see which stage fails"
DISABLED = either(State("DISABLED", CRITICAL), State("enabled", GOOD))
STAGES = {
    "reached": "kea_reachable",
    "TLS": "kea_tls_handshake_success",
    "let in": "kea_auth_success",
    "up": "kea_up",
}


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.SERVER,
        "Kea / Server",
        "Everything of one server and its daemons. Choose it at the top.",
        [
            Section("How far the probe comes", _reaching()),
            Section("Requirements", _requirements()),
            Section("Daemons", _daemons()),
            Section("Subnets and leases", _leases()),
            Section("Certificates", [certificates(height=6)]),
            Section("Traffic", _traffic()),
            Section("High availability", [states_of_pairs()]),
            Section("Commands of the exporter", _commands()),
        ],
    )


def _reaching() -> list[Built]:
    return [
        timeline(
            Words("Stages", "Reached, TLS, let in, up: the first one that says NO is where the probe fails."),
            [Query(worst(of(family)), f"{{{{server}}}} {{{{daemon}}}}: {name}") for name, family in STAGES.items()],
            YES,
            width=14,
            height=9,
        ),
        table_of(
            Words("Control sockets", "Whether https is used, and whether credentials are demanded."),
            labels=("server", "daemon"),
            columns={
                "https": Column(worst(of("kea_tls_enabled")), ADVISED),
                "credentials demanded": Column(worst(of("kea_auth_required")), ADVISED),
            },
            sort="server",
            width=10,
            height=9,
        ),
        failures(height=5),
    ]


def _requirements() -> list[Built]:
    met = worst(of("kea_requirement_met"), "requirement")
    return [
        timeline(
            Words("All requirements", "A gap is a time at which it was unknown or did not apply."),
            [Query(met, "{{server}} {{daemon}}: {{requirement}}")],
            MET,
            width=12,
            height=18,
        ),
        table_of(
            Words("Verdicts", "How many requirements are met, not met, unknown, and do not apply."),
            labels=("server", "daemon"),
            columns={
                "met": Column(gauge("kea_requirements", where='status="met"'), NUMBER),
                "unmet": Column(gauge("kea_requirements", where='status="unmet"'), TROUBLE),
                "unknown": Column(gauge("kea_requirements", where='status="unknown"'), TROUBLE),
                "not applicable": Column(gauge("kea_requirements", where='status="not_applicable"'), NUMBER),
            },
            sort="unmet",
            descending=True,
            width=12,
            height=18,
        ),
        remedies(
            Words("What to do", "Requirements that are not met now.", "All that could be judged are met"), height=8
        ),
    ]


def _daemons() -> list[Built]:
    return [
        table_of(
            Words("Life", "Since when a daemon runs, with which configuration, and how it handles packets.", SILENT),
            labels=("server", "daemon", "version"),
            columns={
                "runs": Column(gauge("kea_version_info", "version"), hidden=True),
                "started": Column(f"1000 * {gauge('kea_start_time_seconds')}", AGO),
                "configured": Column(f"1000 * {gauge('kea_config_reload_timestamp_seconds')}", AGO),
                "several threads": Column(gauge("kea_multi_threading_enabled"), FACT),
                "threads": Column(gauge("kea_thread_pool_size"), NUMBER),
                "queue": Column(gauge("kea_packet_queue_size"), NUMBER),
                "lease query tables": Column(gauge("kea_extended_info_tables_enabled"), FACT),
            },
            sort="server",
            height=6,
        ),
        timeline(
            Words(
                "DHCP serving",
                "Whether the daemon is able to serve DHCP clients, and whether its lease database answers.",
                SILENT,
            ),
            [
                Query(worst(of("kea_dhcp_serving")), "{{server}} {{daemon}}: serving"),
                Query(worst(of("kea_lease_database_available")), "{{server}} {{daemon}}: lease database"),
            ],
            YES,
        ),
        timeline(
            Words("DHCP service", "Who disabled it: a user, one of the pair, or a lost database connection.", SILENT),
            [
                Query(f"1 - {worst(of('kea_dhcp_enabled'))}", "{{server}} {{daemon}}: as a whole"),
                Query(gauge("kea_dhcp_disabled", "origin"), "{{server}} {{daemon}}: by {{origin}}"),
            ],
            DISABLED,
            width=12,
        ),
        timeline(
            Words("DHCP sockets", "Whether the daemon could open its sockets for DHCP clients.", SILENT),
            [Query(numbered("kea_sockets_status", "status", SOCKETS_STATUSES), "{{server}} {{daemon}}")],
            SOCKETS,
            width=12,
        ),
        lines(
            Words("Packets that wait", "Kea's own averages over the last 10, 100 and 1000 packets.", SILENT),
            [Query(gauge("kea_packet_queue_length", "window"), "{{server}} {{daemon}}, last {{window}}")],
            NUMBER,
            width=24,
        ),
    ]


def _leases() -> list[Built]:
    return [
        table_of(
            Words(
                "Configured, and audited",
                "Leases are audited in the background where the configuration says so.",
                SILENT,
            ),
            labels=("server", "daemon"),
            columns={
                "subnets": Column(gauge("kea_subnets"), NUMBER),
                "shared networks": Column(gauge("kea_shared_networks"), NUMBER),
                "reservations": Column(gauge("kea_reservations"), NUMBER),
                "orphaned leases": Column(gauge("kea_leases_orphaned"), TROUBLE),
                "leases outside their subnet": Column(gauge("kea_leases_outside_subnet"), TROUBLE),
                "under another subnet id": Column(gauge("kea_leases_under_another_id"), TROUBLE),
                "audited": Column(f"1000 * {gauge('kea_lease_audit_timestamp_seconds')}", AGO),
            },
            sort="server",
        ),
        lines(
            Words("Leases", "Leases in the configured subnets by state; assigned does not hold the declined.", SILENT),
            [Query(gauge("kea_leases", "kind", "state"), "{{server}} {{daemon}}: {{kind}} {{state}}")],
            width=24,
        ),
    ]


def _traffic() -> list[Built]:
    nothing = "The daemon does not answer, or was not scraped twice yet"
    return [
        lines(
            Words(f"Packets {verb}", f"DHCP packets {verb} per second.", nothing),
            [Query(total(rate(f"kea_packets_{verb}_total", *labels), "server", "daemon"), "{{server}} {{daemon}}")],
            width=8,
        )
        for verb, labels in (("received", ()), ("sent", ()), ("dropped", ("reason",)))
    ]


def _commands() -> list[Built]:
    return [
        table_of(
            Words("Commands", "What the exporter asked in the last scrape. A command that is not there did not fail."),
            labels=("server", "daemon", "command"),
            columns={
                "answered": Column(worst(of("kea_command_success"), "command"), YES),
                "there": Column(worst(of("kea_command_supported"), "command"), FACT),
                "took": Column(gauge("kea_command_duration_seconds", "command"), SECONDS),
            },
            sort="took",
            descending=True,
        ),
        lines(
            Words("Time that the probe takes", "The whole probe, and what it might have taken."),
            [
                Query(gauge("kea_scrape_duration_seconds"), "{{server}} {{daemon}}"),
                Query(worst(of("kea_scrape_timeout_seconds")), "{{server}} {{daemon}}: limit"),
            ],
            SECONDS,
        ),
        lines(
            Words("Time that commands take", "From sending a command to its whole answer."),
            [Query(gauge("kea_command_duration_seconds", "command"), "{{server}} {{daemon}}: {{command}}")],
            SECONDS,
        ),
    ]
