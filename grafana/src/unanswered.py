"""Shares of messages without an answer, as the rules compute them."""

from __future__ import annotations

from grafana.src.queries import of, rate
from kea_exporter.alerts.thresholds import UNANSWERED_IN_15_MINUTES
from kea_exporter.alerts.unanswered import Reading, dropped_messages, exchanges

# Expressions for the counters of unanswered messages, as in the rules.
IN_PANELS = Reading(
    increase=lambda family, label, matcher: rate(family, *([label] if label else []), where=matcher),
    over=lambda operator, expression, _: f"{operator} by (server, daemon) ({expression})",
    in_a_pair=f"on (server, daemon) {of('kea_ha_info')}",
)
# Fewer messages than this a second are no proof; one client alone sends some.
ENOUGH = f"{UNANSWERED_IN_15_MINUTES / (15 * 60):.4f}"
UNANSWERED_SHARES = {
    exchange.message: f"(clamp_min(({exchange.unanswered}) / (({exchange.asked}) > {ENOUGH}), 0))"
    for exchange in exchanges(IN_PANELS, dropped_messages(IN_PANELS))
}
UNANSWERED_MEANS = (
    "Share of the messages of clients without an answer. For DHCPv4, only requests that follow an offer count; "
    "messages for another server do not count."
)
