"""The table of pairs, on the dashboards of the fleet and of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.conditions import IMPAIRED, with_pair
from grafana.src.looks import ALARM, CLOCK_SKEW, HA_STATE, NUMBER, SECONDS
from grafana.src.looks import IMPAIRED as IMPAIRED_LOOK
from grafana.src.panels import Words
from grafana.src.queries import gauge, numbered, total
from grafana.src.tables import Column, table_of
from kea_exporter.metrics.high_availability import OTHER_STATE, STATES

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel as Table

NO_PAIR = "No answering daemon of the selection takes part in high availability"
IDENTITY = ("pair", "daemon", "server", "relationship")
SKEW = f"abs({gauge('kea_ha_clock_skew_seconds', 'relationship')})"
OWN_SCOPES = gauge("kea_ha_scope_served", "relationship", "scope", where='peer="local"')
SILENCE = gauge("kea_ha_partner_age_seconds", "relationship")


def state_of(peer: str) -> str:
    """Return the number of the state of the local server or of its partner (see `looks.HA_STATE`)."""
    return numbered("kea_ha_state", "state", (*STATES, OTHER_STATE), "relationship", where=f'peer="{peer}"')


def table_of_pairs(where: str = "", height: int = 7) -> Table:
    """Return the table of both servers of each pair, impaired ones first."""

    def column(expression: str) -> str:
        return with_pair(expression, where)

    info = gauge("kea_ha_info", "relationship", "pair", where=where)
    return table_of(
        Words(
            "Pairs",
            "One row for each server of a pair; impaired pairs first. The state of the partner is that of its last "
            "heartbeat.",
            NO_PAIR,
        ),
        labels=IDENTITY,
        hidden=("pair",),
        columns={
            "pair is": Column(
                f"{info} * on (daemon, pair) group_left () {IMPAIRED} or 0 * {info}", IMPAIRED_LOOK, width=110
            ),
            "state": Column(column(state_of("local")), HA_STATE, width=145),
            "partner": Column(column(state_of("partner")), HA_STATE, width=145),
            "interrupted": Column(column(gauge("kea_ha_communication_interrupted", "relationship")), ALARM),
            "last heartbeat": Column(column(SILENCE), SECONDS),
            "clock skew": Column(column(SKEW), CLOCK_SKEW),
            "serves scopes": Column(column(total(OWN_SCOPES, "server", "daemon", "relationship")), NUMBER),
        },
        first=("pair is",),
        sort="pair is",
        descending=True,
        height=height,
    )
