"""Events that all dashboards mark: restarts, reloads, failovers, changes of the version, and alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery

from grafana.src.looks import CRITICAL, GOOD, NEUTRAL, NOTICE, WARNING
from grafana.src.panels import DATASOURCE
from grafana.src.queries import FIRING, gauge, of, once, without_targets

if TYPE_CHECKING:
    from collections.abc import Sequence

DAEMON = "{{daemon}} on {{server}}"
STARTED, LOADED = gauge("kea_start_time_seconds"), gauge("kea_config_reload_timestamp_seconds")
# A start also loads the configuration; Kea needs some seconds for it.
AFTER_START = 30
VERSION = ("version",)
BEFORE = "1h"
_EARLIER = f"last_over_time({of('kea_version_info')}[{BEFORE}] offset 5m)"
NEW_VERSION = (
    f"{gauge('kea_version_info', *VERSION)} unless {once(_EARLIER, *VERSION)} and on (server, daemon) {once(_EARLIER)}"
)
FAILOVER = gauge("kea_ha_state", "relationship", where='peer="local",state="partner-down"')
# More than these would hide the panels behind their marks.
MAX_ALERTS = 50


def events() -> Sequence[AnnotationQuery]:
    """Return the queries for the events; each can be switched off at the top of the dashboard."""
    alerts = without_targets(f"{FIRING} == 1")
    return (
        _at_value("Restarts", f"1000 * {STARTED}", "restart", NEUTRAL),
        _at_value("Reloads", f"1000 * ({LOADED} > {STARTED} + {AFTER_START})", "configuration reload", GOOD),
        _while("Failovers", f"{FAILOVER} == 1", "{{relationship}} is considered down", DAEMON, WARNING),
        _while("Version changes", NEW_VERSION, "Kea {{version}}", DAEMON, NOTICE),
        _while(
            "Alerts", f"topk({MAX_ALERTS}, {alerts})", "{{alertname}}", "{{severity}} {{daemon}} {{server}}", CRITICAL
        ),
    )


def _at_value(name: str, expression: str, title: str, colour: str) -> AnnotationQuery:
    """Return a query whose values are the times of the events, in milliseconds."""
    return _while(name, expression, title, DAEMON, colour).use_value_for_time(use_value_for_time=True)


def _while(name: str, expression: str, title: str, text: str, colour: str) -> AnnotationQuery:
    """Return a query that has a value as long as something lasts."""
    query = AnnotationQuery().name(name).datasource(DATASOURCE).enable(enable=True).icon_color(colour).expr(expression)
    return query.title_format(title).text_format(text).step("60s")
