"""Fleet: whether clients are served, and if not, where and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.conditions import (
    CERTIFICATES_LEFT,
    EVER_OUT,
    IMPAIRED,
    NOT_SERVING,
    SERVICE,
    STANDING,
    UNMET,
    UNSERVED,
    above,
    hooks,
    number_of,
    unmet,
)
from grafana.src.document import Built, Section, dashboard
from grafana.src.links import to, to_row, to_series
from grafana.src.looks import (
    ADVISED,
    AGO,
    CERTIFICATE_DAYS,
    FAULT,
    FULLNESS,
    HA_STATE,
    HOOK,
    NUMBER,
    SERVED,
    SERVING,
    SHARE_OF_ALL,
    WARN,
    YES,
)
from grafana.src.looks import STANDING as STANDING_LOOK
from grafana.src.looks import UNMET as UNMET_LOOK
from grafana.src.pair_table import state_of, table_of_pairs
from grafana.src.pairs import IMPAIRED_IF
from grafana.src.panels import Query, Stat, Words, bars, lines, stat_row, timeline
from grafana.src.problems import alerts, firing, problems
from grafana.src.queries import KINDS, gauge, highest_fullness, judged, of, of_daemon, total, worst
from grafana.src.tables import Column, matrix_of, table_of
from kea_exporter.alerts.fleet import of_fleet
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.thresholds import FULLNESS_WARNING

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

UP = worst(of("kea_up"))
NO_DHCP = "No answering DHCP daemon"
NO_SUBNETS = "No answering DHCP daemon has subnets, or the rules are not loaded (kea-exporter rules)"
NO_RULES = "The recording rules are not loaded (kea-exporter rules)"


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.FLEET,
        "Kea / Fleet",
        "Are my clients served, and if not, where, and what is to be done?",
        [
            Section("", stat_row(_glance())),
            Section("", [problems(), alerts()]),
            Section("Servers and pairs", [_servers(), table_of_pairs()]),
            Section("Over time", _course()),
            Section("Utilisation", _utilisation(), collapsed=True),
            Section("Versions and hook libraries", [_versions(), _hooks()], collapsed=True),
            Section("Totals", _totals(), collapsed=True),
        ],
    )


def _glance() -> list[Stat]:
    return [
        Stat(
            Words(
                "All served?",
                "NO if nobody serves the clients of a server without a partner, of a pair, or of a scope of a pair, as "
                "far as the exporter knows.",
                NO_DHCP,
            ),
            [Query(number_of(UNSERVED, UP))],
            SERVED,
            to(Dashboard.PAIRS),
        ),
        Stat(
            Words("Down", "Daemons that did not answer version-get with the exporter's credentials."),
            [Query(f"sum(1 - {UP})")],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words(
                "Not serving", "Daemons that answer commands, but do not serve the clients that they should.", NO_DHCP
            ),
            [Query(number_of(NOT_SERVING, worst(of("kea_dhcp_enabled"))))],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Unmet", "Unmet required requirements, without which the IPAM does not work, summed over daemons."),
            [Query(total(unmet("required")))],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words(
                "Pairs impaired",
                IMPAIRED_IF,
                "No high availability in this fleet",
            ),
            [Query(number_of(IMPAIRED, gauge("kea_ha_info", "pair")))],
            WARN,
            to(Dashboard.PAIRS),
        ),
        Stat(
            Words(
                "Certificate",
                "Days until the first certificate of a server expires, without roots; negative: expired.",
                "No daemon is reached over https",
            ),
            [Query(f"min({CERTIFICATES_LEFT})")],
            CERTIFICATE_DAYS,
            to(Dashboard.CERTIFICATES),
        ),
        Stat(
            Words(
                f"Above {FULLNESS_WARNING:.0%}",
                f"Subnets and shared networks with more than {FULLNESS_WARNING:.0%} of their addresses (IPv4, IPv6) or "
                "delegated prefixes (PD) leased; those of a pair count once. Small subnets count if they refused "
                "clients. A kind that is not shown is not in this fleet.",
                NO_SUBNETS,
            ),
            [Query(above(kind, of_daemon(daemon)), name) for name, kind, daemon in KINDS],
            WARN,
            to(Dashboard.SUBNETS),
        ),
        firing(),
    ]


def _servers() -> Built:
    return table_of(
        Words(
            "Servers",
            "One row for each daemon, the worst first. Required, recommended, unknown: requirements that are unmet, or "
            "unknown. Addresses, prefixes: highest utilisation of its subnets and shared networks. Certificate: until "
            "its first certificate expires.",
        ),
        labels=("server", "daemon", "version"),
        columns={
            "state": Column(STANDING, STANDING_LOOK, width=160),
            "runs": Column(gauge("kea_version_info", "version"), hidden=True),
            "HA state": Column(f"max by (server, daemon) ({state_of('local')})", HA_STATE, width=140),
            "required": Column(unmet("required"), FAULT, width=85),
            "recommended": Column(unmet("recommended"), WARN, width=125),
            "unknown": Column(gauge("kea_requirements", where='status="unknown"'), NUMBER, width=90),
            "addresses": Column(
                highest_fullness("address", "server", "daemon"), FULLNESS, link=to_row(Dashboard.SUBNETS), width=95
            ),
            "prefixes": Column(
                highest_fullness("prefix", "server", "daemon"), FULLNESS, link=to_row(Dashboard.SUBNETS), width=95
            ),
            "certificate": Column(
                f"min by (server, daemon) ({CERTIFICATES_LEFT})",
                CERTIFICATE_DAYS,
                link=to_row(Dashboard.CERTIFICATES),
                width=100,
            ),
            "started": Column(f"1000 * {gauge('kea_start_time_seconds')}", AGO),
        },
        first=("state",),
        sort="state",
        descending=True,
        height=11,
    )


def _course() -> list[Built]:
    return [
        timeline(
            Words(
                "Daemons that did not serve",
                "Daemons that were down or did not serve DHCP within the time range. A server of a pair that waits for "
                "its leases does not serve.",
                "All daemons were up and serving within the time range",
            ),
            [Query(f"{SERVICE} and {EVER_OUT}", "{{server}} {{daemon}}")],
            SERVING,
            width=12,
            height=9,
            link=to_series(Dashboard.SERVER),
        ),
        timeline(
            Words(
                "Unmet requirements",
                "Requirements that were unmet within the time range. In a gap, they were met, unknown or not "
                "applicable.",
                "No requirement was unmet within the time range",
            ),
            [Query(UNMET, "{{server}} {{daemon}}: {{requirement}}")],
            UNMET_LOOK,
            width=12,
            height=9,
            link=to_series(Dashboard.SERVER),
        ),
    ]


def _utilisation() -> list[Built]:
    return [
        bars(
            Words(
                f"Highest utilisation, {name}",
                f"The ten subnets with the highest share of leased {'prefixes' if kind == 'prefix' else 'addresses'}.",
                "No delegated prefixes in this fleet" if kind == "prefix" else f"No DHCP{name[2:]} in this fleet",
            ),
            Query(f"sort_desc(topk(10, {judged(kind, of_daemon(daemon))}))", "{{subnet}} ({{server}})"),
            FULLNESS,
            width=8,
            height=12,
            link=to_series(Dashboard.SUBNETS),
        )
        for name, kind, daemon in KINDS
    ]


def _versions() -> Built:
    return table_of(
        Words("Versions", "Version of each daemon. Tested: not newer than the last tested version of the profile."),
        labels=("server", "daemon", "version"),
        columns={
            "runs": Column(gauge("kea_version_info", "version"), hidden=True),
            "supported": Column(worst(of("kea_version_supported")), YES),
            "tested": Column(worst(of("kea_version_tested")), ADVISED),
        },
        sort="version",
        height=6,
    )


def _hooks() -> Built:
    return matrix_of(
        Words(
            "Hook libraries",
            "Hook libraries of DHCP daemons: loaded, configured but not loaded, or not loaded although a requirement "
            "demands it, with its severity.",
            "No DHCP daemon answers",
        ),
        hooks(),
        "hook",
        HOOK,
    )


def _totals() -> list[Built]:
    once = "Partners of a pair, and servers that share a lease database, count once. All servers of the fleet."
    shares = (("addresses", "kea_subnet_addresses"), ("prefixes", "kea_subnet_prefixes"))
    return [
        lines(
            Words("Leased share", f"Share of all addresses and delegated prefixes that is leased. {once}", NO_RULES),
            [
                Query(f"{_of_fleet(f'{family}_assigned')} / ({_of_fleet(family)} > 0)", f"{{{{daemon}}}} {name}")
                for name, family in shares
            ],
            SHARE_OF_ALL,
        ),
        lines(
            Words("Leases", f"By kind and state. {once}", NO_RULES),
            [Query(f"{_of_fleet('kea_leases')} > 0", "{{daemon}}: {{kind}} {{state}}")],
            NUMBER,
        ),
    ]


def _of_fleet(family: str) -> str:
    return f'{of_fleet(family)}{{daemon=~"$daemon"}}'
