"""Server: all facts about one server and its daemons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.certificates import certificates
from grafana.src.document import Built, Section, dashboard
from grafana.src.fleet import MET_BY, failures, remedies
from grafana.src.looks import (
    ADVISED,
    AGO,
    CRITICAL,
    FACT,
    GOOD,
    MET,
    NUMBER,
    PACKETS,
    SECONDS,
    SOCKETS,
    WARN,
    YES,
    State,
    either,
)
from grafana.src.pairs import states_of_pairs
from grafana.src.panels import Query, Words, lines, timeline
from grafana.src.queries import explained, gauge, numbered, of, rate, total, worst
from grafana.src.tables import Column, table_of
from grafana.src.variables import ONE_SERVER
from kea_exporter.alerts.model import Dashboard
from kea_exporter.metrics.health import SOCKETS_STATUSES

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

SILENT = "The daemon does not answer: see the stages of the probe"
DISABLED = either(State("DISABLED", CRITICAL), State("enabled", GOOD))
STAGES = {
    "reachable": "kea_reachable",
    "TLS": "kea_tls_handshake_success",
    "authenticated": "kea_auth_success",
    "up": "kea_up",
}


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.SERVER,
        "Kea / Server",
        "All facts about one server and its daemons. Select the server at the top.",
        [
            Section("Stages of the probe", _reaching()),
            Section("Requirements", _requirements()),
            Section("Daemons", _daemons()),
            Section("Subnets and leases", _leases()),
            Section("Certificates", [certificates(height=6)]),
            Section("Traffic", _traffic()),
            Section("High availability", [states_of_pairs()]),
            Section("Commands of the exporter", _commands()),
        ],
        server=ONE_SERVER,
    )


def _reaching() -> list[Built]:
    return [
        timeline(
            Words("Stages", "Reachable, TLS, authenticated, up: the probe fails at the first stage with NO."),
            [Query(worst(of(family)), f"{{{{server}}}} {{{{daemon}}}}: {name}") for name, family in STAGES.items()],
            YES,
            width=14,
            height=9,
        ),
        table_of(
            Words("Control sockets", "Whether the socket uses https, and whether it requires credentials."),
            labels=("server", "daemon"),
            columns={
                "https": Column(worst(of("kea_tls_enabled")), ADVISED),
                "requires credentials": Column(worst(of("kea_auth_required")), ADVISED),
            },
            sort="server",
            width=10,
            height=9,
        ),
        failures(height=5),
    ]


def _requirements() -> list[Built]:
    with_subject = explained(MET_BY, "kea_requirement_info", ("requirement", "severity"), "subject")
    return [
        timeline(
            Words(
                "Requirements by subject",
                "Whether all known requirements of a subject are met. In a gap, they were unknown or not applicable.",
            ),
            [Query(f"min by (server, daemon, subject) ({with_subject})", "{{server}} {{daemon}}: {{subject}}")],
            MET,
            width=12,
            height=18,
        ),
        table_of(
            Words("Verdicts", "Number of requirements that are met, unmet, unknown and not applicable."),
            labels=("server", "daemon"),
            columns={
                "met": Column(gauge("kea_requirements", where='status="met"'), NUMBER),
                "unmet": Column(gauge("kea_requirements", where='status="unmet"'), WARN),
                "unknown": Column(gauge("kea_requirements", where='status="unknown"'), WARN),
                "not applicable": Column(gauge("kea_requirements", where='status="not_applicable"'), NUMBER),
            },
            sort="unmet",
            descending=True,
            width=12,
            height=18,
        ),
        remedies(Words("Remedies", "Requirements that are unmet now.", "All known requirements are met"), height=8),
    ]


def _daemons() -> list[Built]:
    return [
        table_of(
            Words("Process", "Start, last configuration, threads and packet queue.", SILENT),
            labels=("server", "daemon", "version"),
            columns={
                "runs": Column(gauge("kea_version_info", "version"), hidden=True),
                "started": Column(f"1000 * {gauge('kea_start_time_seconds')}", AGO),
                "configured": Column(f"1000 * {gauge('kea_config_reload_timestamp_seconds')}", AGO),
                "multi-threading": Column(gauge("kea_multi_threading_enabled"), FACT),
                "threads": Column(gauge("kea_thread_pool_size"), NUMBER),
                "queue size": Column(gauge("kea_packet_queue_size"), NUMBER),
                "lease query tables": Column(gauge("kea_extended_info_tables_enabled"), FACT),
            },
            sort="server",
            height=6,
        ),
        *_service(),
        lines(
            Words("Packet queue length", "Kea's averages over the last 10, 100 and 1000 packets.", SILENT),
            [Query(gauge("kea_packet_queue_length", "window"), "{{server}} {{daemon}}, last {{window}}")],
            NUMBER,
            width=24,
        ),
    ]


def _service() -> list[Built]:
    return [
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
            Words("DHCP service", "Whether it is disabled, and its origin: user, HA or database connection.", SILENT),
            [
                Query(f"1 - {worst(of('kea_dhcp_enabled'))}", "{{server}} {{daemon}}: overall"),
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
    ]


def _leases() -> list[Built]:
    return [
        table_of(
            Words(
                "Subnets, reservations and lease audit",
                "The lease audit needs lease_audit in the exporter's configuration.",
                SILENT,
            ),
            labels=("server", "daemon"),
            columns={
                "subnets": Column(gauge("kea_subnets"), NUMBER),
                "shared networks": Column(gauge("kea_shared_networks"), NUMBER),
                "reservations": Column(gauge("kea_reservations"), NUMBER),
                "orphaned leases": Column(gauge("kea_leases_orphaned"), WARN),
                "leases outside their subnet": Column(gauge("kea_leases_outside_subnet"), WARN),
                "under another subnet id": Column(gauge("kea_leases_under_another_id"), WARN),
                "audited": Column(f"1000 * {gauge('kea_lease_audit_timestamp_seconds')}", AGO),
            },
            sort="server",
        ),
        lines(
            Words("Leases", "Leases in the configured subnets by state; assigned excludes declined.", SILENT),
            [Query(gauge("kea_leases", "kind", "state"), "{{server}} {{daemon}}: {{kind}} {{state}}")],
            width=24,
        ),
    ]


def _traffic() -> list[Built]:
    nothing = "The daemon does not answer, or was scraped only once"
    return [
        lines(
            Words(f"Packets {verb}", f"DHCP packets {verb} per second.", nothing),
            [Query(total(rate(f"kea_packets_{verb}_total", *labels), "server", "daemon"), "{{server}} {{daemon}}")],
            PACKETS,
            width=8,
        )
        for verb, labels in (("received", ()), ("sent", ()), ("dropped", ("reason",)))
    ]


def _commands() -> list[Built]:
    return [
        table_of(
            Words("Commands", "Commands of the last scrape. Unsupported commands do not count as failed."),
            labels=("server", "daemon", "command"),
            columns={
                "success": Column(worst(of("kea_command_success"), "command"), YES),
                "supported": Column(worst(of("kea_command_supported"), "command"), FACT),
                "duration": Column(gauge("kea_command_duration_seconds", "command"), SECONDS),
            },
            sort="duration",
            descending=True,
        ),
        lines(
            Words("Probe duration", "Duration of the whole probe, and its timeout."),
            [
                Query(gauge("kea_scrape_duration_seconds"), "{{server}} {{daemon}}"),
                Query(worst(of("kea_scrape_timeout_seconds")), "{{server}} {{daemon}}: timeout"),
            ],
            SECONDS,
        ),
        lines(
            Words("Command duration", "From sending a command to its complete answer."),
            [Query(gauge("kea_command_duration_seconds", "command"), "{{server}} {{daemon}}: {{command}}")],
            SECONDS,
        ),
    ]
