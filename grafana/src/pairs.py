"""Panels of high availability: states, scopes and roles of pairs, interrupted communication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.looks import ALARM, CLOCK_SKEW, HA_STATE, NUMBER, SECONDS, SERVES, YES
from grafana.src.panels import Query, Words, lines, timeline
from grafana.src.queries import gauge, numbered, of, worst
from grafana.src.tables import Column, table_of
from kea_exporter.metrics.high_availability import OTHER_STATE, STATES

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.statetimeline import Panel as Timeline

    from grafana.src.document import Built

PAIR = "{{server}} {{daemon}} with {{relationship}}"
NO_PAIR = "No answering daemon takes part in high availability"


def states_of_pairs() -> Timeline:
    """Return the states of both servers of each pair, as each of them reports it."""
    labels = ("relationship", "peer")
    return timeline(
        Words("States", "State of each server, and of its partner at the last heartbeat.", NO_PAIR),
        [
            Query(
                numbered("kea_ha_state", "state", (*STATES, OTHER_STATE), *labels),
                "{{server}} {{daemon}} with {{relationship}}: {{peer}}",
            )
        ],
        HA_STATE,
    )


def pairs() -> list[Built]:
    """Return the panels of what pairs do."""
    roles = ("relationship", "mode", "local", "local_role", "partner", "partner_role")
    return [
        states_of_pairs(),
        timeline(
            Words("Served scopes", "Scopes that each server serves, and its partner at the last heartbeat.", NO_PAIR),
            [
                Query(
                    gauge("kea_ha_scope_served", "relationship", "peer", "scope"),
                    "{{server}} {{daemon}} with {{relationship}}: {{peer}} serves {{scope}}",
                )
            ],
            SERVES,
        ),
        table_of(
            Words("Pairs", "Members and roles, and whether the partner has ever answered.", NO_PAIR),
            labels=("server", "daemon", *roles),
            columns={
                "is": Column(gauge("kea_ha_info", *roles), hidden=True),
                "partner answered": Column(worst(of("kea_ha_partner_in_touch"), "relationship"), YES),
            },
            sort="server",
            height=6,
        ),
        lines(
            Words("Clock skew", "Between the two servers; Kea terminates high availability at 60 s.", NO_PAIR),
            [Query(f"abs({gauge('kea_ha_clock_skew_seconds', 'relationship')})", PAIR)],
            CLOCK_SKEW,
        ),
        lines(
            Words("Time since last partner heartbeat", "Time since the partner last answered.", NO_PAIR),
            [Query(gauge("kea_ha_partner_age_seconds", "relationship"), PAIR)],
            SECONDS,
        ),
    ]


def interrupted() -> list[Built]:
    """Return the panels of what a server sees of a partner that does not answer."""
    counts = {
        "kea_ha_connecting_clients": "connecting",
        "kea_ha_unacked_clients": "unacked",
        "kea_ha_unacked_clients_left": "left until partner-down",
    }
    return [
        timeline(
            Words("Communication interrupted", "The partner has not answered for max-response-delay.", NO_PAIR),
            [Query(gauge("kea_ha_communication_interrupted", "relationship"), PAIR)],
            ALARM,
        ),
        lines(
            Words(
                "Clients of the partner",
                "Unanswered clients, from which Kea concludes that the partner is down.",
                NO_PAIR,
            ),
            [Query(gauge(family, "relationship"), f"{PAIR}: {words}") for family, words in counts.items()],
            NUMBER,
        ),
        lines(
            Words("Analyzed packets", "Packets to the partner that Kea analyzes during the interruption.", NO_PAIR),
            [Query(gauge("kea_ha_analyzed_packets", "relationship"), PAIR)],
            NUMBER,
        ),
    ]
