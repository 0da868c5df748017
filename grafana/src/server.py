"""Server: what is wrong with one server, and what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.certificates import certificates
from grafana.src.conditions import (
    CERTIFICATES_LEFT,
    SERVICE,
    UNMET,
    unmet,
)
from grafana.src.document import Built, Section, dashboard
from grafana.src.links import PAGE, to, to_series
from grafana.src.looks import (
    ADVISED,
    AGO,
    CERTIFICATE_DAYS,
    CRITICAL,
    FACT,
    FAULT,
    FULLNESS,
    GOOD,
    HA_STATE,
    NUMBER,
    PACKETS,
    SECONDS,
    SERVING,
    SOCKETS,
    VERSION,
    WARN,
    YES,
    State,
    either,
)
from grafana.src.looks import UNMET as UNMET_LOOK
from grafana.src.panels import Query, Stat, Words, bars, lines, stat_row, timeline
from grafana.src.problems import alerts, firing, problems
from grafana.src.queries import (
    AS_FAR_AS_READ,
    KINDS,
    ever,
    gauge,
    highest_fullness,
    judged,
    numbered,
    of,
    of_daemon,
    rate,
    total,
    worst,
)
from grafana.src.tables import Column, table_of
from grafana.src.variables import ONE_SERVER
from kea_exporter.alerts.model import Dashboard
from kea_exporter.metrics.health import SOCKETS_STATUSES
from kea_exporter.metrics.high_availability import OTHER_STATE, STATES

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

SILENT = "The daemon does not answer: see what is wrong at the top"
NO_SUBNETS = "The server has no subnets or does not answer, or the rules are not loaded (kea-exporter rules)"
NOTHING_YET = "Nothing was counted, or the daemon was scraped only once"
NO_PERFMON = "No daemon of this server has the hook library perfmon loaded"
ALONE = "This server takes part in no high availability, or does not answer"
DISABLED = either(State("DISABLED", CRITICAL), State("enabled", GOOD))
STAGES = {
    "reachable": "kea_reachable",
    "TLS": "kea_tls_handshake_success",
    "authenticated": "kea_auth_success",
    "up": "kea_up",
}
HA = numbered("kea_ha_state", "state", (*STATES, OTHER_STATE), "role", where='peer="local"')


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.SERVER,
        "Kea / Server",
        "What is wrong with this server, and what does it do? Select the server at the top; the worst is the first.",
        [
            Section("", stat_row(_glance())),
            Section("", [problems(("required", "recommended", "advisory"), height=8), alerts(height=6)]),
            Section("Service", _service()),
            Section("Utilisation and leases", _leases()),
            Section("Traffic and response times", _traffic()),
            Section("Requirements", _requirements()),
            Section("Daemons", _daemons(), collapsed=True),
            Section("Certificates", [certificates(height=8)], collapsed=True),
            Section("Commands of the exporter", _commands(), collapsed=True),
        ],
        server=ONE_SERVER,
    )


def _glance() -> list[Stat]:
    version = gauge("kea_version_info", "version")
    return [
        Stat(
            Words("Service", "The worst daemon of the server: serving, NOT SERVING, or DOWN."),
            [Query(f"min({SERVICE})")],
            SERVING,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words("Unmet", "Unmet required requirements, without which the IPAM does not work, summed over daemons."),
            [Query(total(unmet("required")))],
            FAULT,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words("HA state", "Role and state in high availability.", ALONE),
            [Query(f"max by (role) ({HA})", "{{role}}")],
            HA_STATE,
            to(Dashboard.PAIRS),
        ),
        Stat(
            Words(
                "Utilisation",
                "The highest of the subnets and shared networks: addresses (IPv4, IPv6), delegated prefixes (PD). A "
                "kind that is not shown is not on this server.",
                NO_SUBNETS,
            ),
            [Query(highest_fullness(kind, where=[of_daemon(daemon)]), name) for name, kind, daemon in KINDS],
            FULLNESS,
            to(Dashboard.SUBNETS),
        ),
        Stat(
            Words(
                "Certificate",
                "Days until the first certificate of the server expires, without roots; negative: expired.",
                "No daemon of this server is reached over https",
            ),
            [Query(f"min({CERTIFICATES_LEFT})")],
            CERTIFICATE_DAYS,
            to(Dashboard.CERTIFICATES),
        ),
        firing(),
        Stat(
            Words("Version", "Versions of the daemons; red: older than the profile allows.", SILENT),
            [
                Query(
                    f"min by (version) ({version} * on (server, daemon) group_left () "
                    f"{worst(of('kea_version_supported'))})",
                    "{{version}}",
                )
            ],
            VERSION,
            to(Dashboard.FLEET),
        ),
        Stat(
            Words("Started", "The last start of a daemon of the server.", SILENT),
            [Query(f"1000 * max({gauge('kea_start_time_seconds')})")],
            AGO,
            PAGE,
        ),
    ]


def _service() -> list[Built]:
    return [
        timeline(
            Words("Serving", "Whether each daemon is up and able to serve DHCP clients."),
            [Query(SERVICE, "{{server}} {{daemon}}")],
            SERVING,
            width=12,
        ),
        timeline(
            Words(
                "Stages of the probe", "Reachable, TLS, authenticated, up: the probe fails at the first stage with NO."
            ),
            [Query(worst(of(family)), f"{{{{server}}}} {{{{daemon}}}}: {name}") for name, family in STAGES.items()],
            YES,
            width=12,
        ),
    ]


def _leases() -> list[Built]:
    return [
        bars(
            Words(
                "Highest utilisation of addresses",
                "The ten subnets with the highest share of leased addresses.",
                NO_SUBNETS,
            ),
            Query(f"sort_desc(topk(10, {judged('address')}))", "{{subnet}} ({{server}})"),
            FULLNESS,
            link=to_series(Dashboard.SUBNETS),
        ),
        lines(
            Words("Leases", "Leases in the configured subnets by state; assigned excludes declined.", NO_SUBNETS),
            [Query(gauge("kea_leases", "kind", "state"), "{{server}} {{daemon}}: {{kind}} {{state}}")],
            NUMBER,
        ),
    ]


def _traffic() -> list[Built]:
    return [
        lines(
            Words("Messages received", f"DHCP messages of clients, by type. {AS_FAR_AS_READ}", NOTHING_YET),
            [Query(ever(total(rate("kea_messages_received_total", "message"), "message")), "{{message}}")],
            PACKETS,
            width=8,
            stacked=True,
            by_message=True,
        ),
        lines(
            Words("Messages sent", f"DHCP messages of the server, by type. {AS_FAR_AS_READ}", NOTHING_YET),
            [Query(ever(total(rate("kea_messages_sent_total", "message"), "message")), "{{message}}")],
            PACKETS,
            width=8,
            stacked=True,
            by_message=True,
        ),
        lines(
            Words(
                "Response times", "Mean time from a message to its answer, measured by the hook perfmon.", NO_PERFMON
            ),
            [Query(gauge("kea_response_time_mean_seconds", "exchange"), "{{server}} {{daemon}} {{exchange}}")],
            SECONDS,
            width=8,
        ),
    ]


def _requirements() -> list[Built]:
    return [
        timeline(
            Words(
                "Unmet requirements",
                "Requirements that were unmet within the time range. In a gap, they were met, unknown or not "
                "applicable.",
                "No requirement was unmet within the time range",
            ),
            [Query(UNMET, "{{server}} {{daemon}}: {{requirement}}")],
            UNMET_LOOK,
            width=14,
        ),
        table_of(
            Words("Verdicts", "Number of requirements by verdict."),
            labels=("server", "daemon"),
            columns={
                "unmet": Column(gauge("kea_requirements", where='status="unmet"'), WARN),
                "unknown": Column(gauge("kea_requirements", where='status="unknown"'), NUMBER),
                "met": Column(gauge("kea_requirements", where='status="met"'), NUMBER),
                "n/a": Column(gauge("kea_requirements", where='status="not_applicable"'), NUMBER),
            },
            sort="unmet",
            descending=True,
            width=10,
        ),
    ]


def _daemons() -> list[Built]:
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
