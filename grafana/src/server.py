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
from grafana.src.daemons import SILENT, commands, daemons
from grafana.src.document import Built, Section, dashboard
from grafana.src.links import PAGE, to, to_series
from grafana.src.looks import (
    AGO,
    CERTIFICATE_DAYS,
    FAULT,
    FULLNESS,
    HA_STATE,
    NUMBER,
    PACKETS,
    SECONDS,
    SERVING,
    VERSION,
    WARN,
    YES,
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
from kea_exporter.metrics.high_availability import OTHER_STATE, STATES

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

NO_SUBNETS = "The server has no subnets or does not answer, or the rules are not loaded (kea-exporter rules)"
NOTHING_YET = "Nothing was counted, or the daemon was scraped only once"
NO_PERFMON = "No daemon of this server has the hook library perfmon loaded"
ALONE = "This server takes part in no high availability, or does not answer"
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
            Section("Daemons", daemons(), collapsed=True),
            Section("Certificates", [certificates(height=8)], collapsed=True),
            Section("Commands of the exporter", commands(), collapsed=True),
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
        *(
            lines(
                Words(f"Messages {title}", f"DHCP messages of {origin}, by type. {AS_FAR_AS_READ}", NOTHING_YET),
                [Query(ever(total(rate(f"kea_messages_{title}_total", "message"), "message")), "{{message}}")],
                PACKETS,
                width=8,
                stacked=True,
                by_message=True,
            )
            for title, origin in {"received": "clients", "sent": "the server"}.items()
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
