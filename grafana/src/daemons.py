"""Panels of the daemons of one server: processes, contents, and the commands of the exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.looks import (
    ADVISED,
    AGO,
    CRITICAL,
    FACT,
    GOOD,
    NUMBER,
    SECONDS,
    SOCKETS,
    WARN,
    YES,
    State,
    either,
)
from grafana.src.panels import Query, Words, lines, timeline
from grafana.src.queries import gauge, numbered, of, worst
from grafana.src.tables import Column, table_of
from kea_exporter.metrics.health import SOCKETS_STATUSES

if TYPE_CHECKING:
    from grafana.src.document import Built

SILENT = "The daemon does not answer: see what is wrong at the top"
DISABLED = either(State("DISABLED", CRITICAL), State("enabled", GOOD))


def daemons() -> list[Built]:
    """Return the panels of the daemons of a server: process, DHCP service, sockets, lease database and contents."""
    return [
        table_of(
            Words("Process", "Start, last configuration, threads, packet queue, and the control socket.", SILENT),
            labels=("server", "daemon", "version"),
            columns={
                "runs": Column(gauge("kea_version_info", "version"), hidden=True),
                "started": Column(f"1000 * {gauge('kea_start_time_seconds')}", AGO),
                "configured": Column(f"1000 * {gauge('kea_config_reload_timestamp_seconds')}", AGO),
                "multi-threading": Column(gauge("kea_multi_threading_enabled"), FACT, width=135),
                "threads": Column(gauge("kea_thread_pool_size"), NUMBER),
                "queue size": Column(gauge("kea_packet_queue_size"), NUMBER),
                "lease query": Column(gauge("kea_extended_info_tables_enabled"), FACT, width=110),
                "https": Column(worst(of("kea_tls_enabled")), ADVISED, width=80),
                "credentials": Column(worst(of("kea_auth_required")), ADVISED, width=110),
            },
            sort="server",
            height=6,
        ),
        timeline(
            Words("DHCP service", "Whether it is disabled, and its origin: user, HA or database connection.", SILENT),
            [
                Query(f"1 - {worst(of('kea_dhcp_enabled'))}", "{{server}} {{daemon}}: overall"),
                Query(gauge("kea_dhcp_disabled", "origin"), "{{server}} {{daemon}}: by {{origin}}"),
            ],
            DISABLED,
            width=8,
        ),
        timeline(
            Words("DHCP sockets", "Whether the daemon could open its sockets for DHCP clients.", SILENT),
            [Query(numbered("kea_sockets_status", "status", SOCKETS_STATUSES), "{{server}} {{daemon}}")],
            SOCKETS,
            width=8,
        ),
        timeline(
            Words("Lease database", "Whether the daemon can read its lease database.", SILENT),
            [Query(worst(of("kea_lease_database_available")), "{{server}} {{daemon}}")],
            YES,
            width=8,
        ),
        *_contents(),
    ]


def _contents() -> list[Built]:
    return [
        table_of(
            Words(
                "Subnets, reservations and lease audit",
                "Orphaned, outside their subnet, under another id: leases found by the last lease audit, which needs "
                "lease_audit in the exporter's configuration.",
                SILENT,
            ),
            labels=("server", "daemon"),
            columns={
                "subnets": Column(gauge("kea_subnets"), NUMBER),
                "shared networks": Column(gauge("kea_shared_networks"), NUMBER),
                "reservations": Column(gauge("kea_reservations"), NUMBER),
                "orphaned": Column(gauge("kea_leases_orphaned"), WARN),
                "outside their subnet": Column(gauge("kea_leases_outside_subnet"), WARN),
                "under another id": Column(gauge("kea_leases_under_another_id"), WARN),
                "audited": Column(f"1000 * {gauge('kea_lease_audit_timestamp_seconds')}", AGO),
            },
            sort="server",
            height=6,
        ),
        lines(
            Words("Packet queue length", "Kea's averages over the last 10, 100 and 1000 packets.", SILENT),
            [Query(gauge("kea_packet_queue_length", "window"), "{{server}} {{daemon}}, last {{window}}")],
            NUMBER,
            width=24,
        ),
    ]


def commands() -> list[Built]:
    """Return the panels of the commands that the exporter sends."""
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
