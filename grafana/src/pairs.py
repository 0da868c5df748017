"""Pairs: which server serves whom, and whether its partner could take over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.conditions import (
    IMPAIRED,
    PAIR_CHOSEN,
    SCOPES_SERVED_TWICE,
    SCOPES_UNSERVED,
    number_of,
    with_pair,
)
from grafana.src.document import Built, Section, dashboard
from grafana.src.links import to
from grafana.src.looks import (
    ALARM,
    CLOCK_SKEW,
    FAULT,
    HA_STATE,
    NUMBER,
    SECONDS,
    SERVES,
    WARN,
    YES,
)
from grafana.src.pair_table import NO_PAIR, OWN_SCOPES, SILENCE, SKEW, state_of, table_of_pairs
from grafana.src.panels import Query, Stat, Words, lines, stat_row, timeline
from grafana.src.queries import gauge, of, worst
from grafana.src.tables import Column, table_of
from grafana.src.variables import PAIR
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.thresholds import CLOCK_SKEW_WARNING_SECONDS

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
    from grafana_foundation_sdk.builders.table import Panel as Table

LINE = "{{server}} {{daemon}} with {{relationship}}"
IMPAIRED_IF = (
    "Pairs with a partner that is down, interrupted communication, terminated high availability, a clock skew above "
    f"{CLOCK_SKEW_WARNING_SECONDS} s, or a scope that is served by none or by both."
)
NO_SKEW = "Unknown: there is no pair, or its servers do not answer each other"
NO_HASHES = "No answering server of a pair has a configuration that the exporter could read"
MAX_ROWS = 100
IN_CHOSEN_PAIR = f'{PAIR_CHOSEN},pair!=""'
HASHES = gauge("kea_config_hash", "pair", "part", where=IN_CHOSEN_PAIR)
DIFFERENT_PARTS = f"(max by (daemon, pair, part) ({HASHES}) - min by (daemon, pair, part) ({HASHES}) > 0)"
ROLES = ("relationship", "mode", "local", "local_role", "partner", "partner_role")
INFO = gauge("kea_ha_info", "pair", where=PAIR_CHOSEN)
PARTNER_DOWN = gauge("kea_ha_state", "relationship", where='peer="local",state="partner-down"')


def _chosen(expression: str) -> str:
    """Return values of relationships of the selected pairs, with the label `pair`."""
    return with_pair(expression, PAIR_CHOSEN)


def _over_time(expression: str) -> str:
    """Return the same for lines: without the label `pair`, which is empty while the configuration is unknown."""
    return f"max without (pair) ({_chosen(expression)})"


def _of_chosen(expression: str) -> str:
    """Return values that have the label `pair`, of the selected pairs."""
    return f"({expression}) and on (daemon, pair) {INFO}"


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.PAIRS,
        "Kea / Pairs",
        "Which server of a pair serves whom, and could its partner take over?",
        [
            Section("", stat_row(_glance())),
            Section("", [table_of_pairs(PAIR_CHOSEN, height=8)]),
            Section("States and scopes", _course()),
            Section("Differences of the configurations", [_differences(), _subnets()]),
            Section("Heartbeats, clocks and leases", _health()),
            Section("Interrupted communication", _interrupted(), collapsed=True),
            Section("Members and roles", [_members(), _hubs()], collapsed=True),
        ],
        variables=[PAIR],
    )


def _glance() -> list[Stat]:
    down = _chosen(f"{PARTNER_DOWN} == 1")
    cut = _chosen(f"{gauge('kea_ha_communication_interrupted', 'relationship')} == 1")
    return [
        Stat(
            Words(
                "Impaired",
                IMPAIRED_IF,
                NO_PAIR,
            ),
            [Query(number_of(_of_chosen(IMPAIRED), INFO))],
            WARN,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Unserved", "Scopes of pairs that no server serves: their clients get no answer.", NO_PAIR),
            [Query(number_of(_of_chosen(SCOPES_UNSERVED), INFO))],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Served twice", "Scopes that both servers serve: one address may be assigned twice.", NO_PAIR),
            [Query(number_of(_of_chosen(SCOPES_SERVED_TWICE), INFO))],
            FAULT,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Partner down", "Servers that consider their partner down and serve all clients alone.", NO_PAIR),
            [Query(number_of(down, INFO))],
            WARN,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Interrupted", "Servers whose partner has not answered for max-response-delay.", NO_PAIR),
            [Query(number_of(cut, INFO))],
            WARN,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Clock skew", "Highest clock skew of a pair; Kea terminates high availability at 60 s.", NO_SKEW),
            [Query(f"max({_chosen(SKEW)})")],
            CLOCK_SKEW,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Heartbeat", "Longest time since the last partner heartbeat.", NO_PAIR),
            [Query(f"max({_chosen(SILENCE)})")],
            SECONDS,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Differences", "Parts of the configuration in which the servers of a pair differ.", NO_HASHES),
            [Query(number_of(DIFFERENT_PARTS, HASHES))],
            WARN,
            to(Dashboard.SERVER),
        ),
    ]


def _course() -> list[Built]:
    return [
        timeline(
            Words("States", "State of each server, and of its partner at the last heartbeat.", NO_PAIR),
            [
                Query(_over_time(state_of("local")), "{{server}} {{daemon}} with {{relationship}}"),
                Query(_over_time(state_of("partner")), "{{relationship}} {{daemon}} as {{server}} sees it"),
            ],
            HA_STATE,
            width=12,
            height=9,
        ),
        timeline(
            Words("Who serves whom", "Scopes that each server serves.", NO_PAIR),
            [Query(_over_time(OWN_SCOPES), "{{server}} {{daemon}}: {{scope}}")],
            SERVES,
            width=12,
            height=9,
        ),
    ]


def _differences() -> Table:
    return table_of(
        Words(
            "Different parts",
            "Parts of the configuration in which the servers of a pair differ, though they have to be equal. Compare "
            "these parts of both configurations.",
            "The configurations of all pairs are equal, or unknown",
        ),
        labels=("part", "server", "daemon", "pair"),
        columns={
            "is": Column(f"topk({MAX_ROWS}, {HASHES} and on (daemon, pair, part) {DIFFERENT_PARTS})", hidden=True)
        },
        sort="part",
        width=12,
        hidden=("pair",),
    )


def _subnets() -> Table:
    return table_of(
        Words(
            "Subnets of each server",
            "Subnets of the relationship; both servers should have the same number. Form: of the hashes; different "
            "forms cannot be compared.",
            NO_HASHES,
        ),
        labels=("server", "daemon", "pair", "version"),
        columns={
            "subnets": Column(gauge("kea_ha_subnets", "pair", where=IN_CHOSEN_PAIR), NUMBER),
            "form": Column(f"{gauge('kea_config_hash_info', 'version')} and on (server, daemon) {HASHES}", hidden=True),
        },
        sort="server",
        width=12,
        hidden=("pair",),
    )


def _hubs() -> Table:
    return table_of(
        Words(
            "Subnets of hubs",
            f"Pair of each subnet, on servers with several relationships; at most {MAX_ROWS}.",
            "No server has several relationships",
        ),
        labels=("server", "daemon", "subnet_id", "subnet", "pair"),
        columns={
            "is": Column(
                f"topk({MAX_ROWS}, {gauge('kea_ha_subnet_info', 'subnet_id', 'subnet', 'pair', where=PAIR_CHOSEN)})",
                hidden=True,
            )
        },
        sort="server",
        height=7,
    )


def _health() -> list[Built]:
    leases = gauge("kea_leases", "kind", where='state="assigned"')
    return [
        lines(
            Words("Time since last partner heartbeat", "Time since the partner last answered.", NO_PAIR),
            [Query(_over_time(SILENCE), LINE)],
            SECONDS,
        ),
        lines(
            Words(
                "Clock skew over time", "Between the two servers; Kea terminates high availability at 60 s.", NO_SKEW
            ),
            [Query(_over_time(SKEW), LINE)],
            CLOCK_SKEW,
        ),
        lines(
            Words(
                "Leases on each side",
                "Assigned leases of each server of a pair. After synchronization both have the same number.",
                NO_PAIR,
            ),
            [Query(f"{leases} and on (server, daemon) {INFO}", "{{server}} {{daemon}}: {{kind}}")],
        ),
        lines(
            Words(
                "Unacked clients",
                "Clients without an answer from the partner during an interruption, and how many are left until Kea "
                "considers the partner down.",
                NO_PAIR,
            ),
            [
                Query(_over_time(gauge("kea_ha_unacked_clients", "relationship")), f"{LINE}: unacked"),
                Query(_over_time(gauge("kea_ha_unacked_clients_left", "relationship")), f"{LINE}: left"),
            ],
            NUMBER,
        ),
    ]


def _interrupted() -> list[Built]:
    return [
        timeline(
            Words("Communication interrupted", "The partner has not answered for max-response-delay.", NO_PAIR),
            [Query(_over_time(gauge("kea_ha_communication_interrupted", "relationship")), LINE)],
            ALARM,
        ),
        lines(
            Words("Connecting clients", "Clients of the partner that send requests during the interruption.", NO_PAIR),
            [Query(_over_time(gauge("kea_ha_connecting_clients", "relationship")), LINE)],
            NUMBER,
        ),
        lines(
            Words("Analyzed packets", "Packets to the partner that Kea analyzes during the interruption.", NO_PAIR),
            [Query(_over_time(gauge("kea_ha_analyzed_packets", "relationship")), LINE)],
            NUMBER,
        ),
    ]


def _members() -> Table:
    return table_of(
        Words("Members", "Members and roles, and whether the partner has ever answered.", NO_PAIR),
        labels=("server", "daemon", *ROLES),
        columns={
            "is": Column(gauge("kea_ha_info", *ROLES, where=PAIR_CHOSEN), hidden=True),
            "partner answered": Column(
                f"{worst(of('kea_ha_partner_in_touch'), 'relationship')} and on (server, daemon, relationship) "
                f"{gauge('kea_ha_info', 'relationship', where=PAIR_CHOSEN)}",
                YES,
            ),
        },
        sort="server",
        height=7,
    )
