"""Variables, and links that keep them and the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import DashboardLink, DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from grafana.src.panels import DATASOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.alerts.model import Dashboard

TAG = "kea"
# A job that scrapes /probe has no word of the exporter itself; one that scrapes /metrics has both.
ANYTHING = '{__name__=~"kea_up|kea_exporter_build_info"'
ALL = VariableOption(selected=True, text="All", value="$__all")
# Each is narrowed down by those before it.
QUERIES: Mapping[str, str] = {
    "job": f"label_values({ANYTHING}}}, job)",
    "instance": f'label_values({ANYTHING},job=~"$job"}}, instance)',
    "server": 'label_values(kea_up{job=~"$job",instance=~"$instance"}, server)',
    "daemon": 'label_values(kea_up{job=~"$job",instance=~"$instance",server=~"$server"}, daemon)',
}
KEPT = "${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"


def datasource() -> DatasourceVariable:
    """Return the variable that says which Prometheus is asked."""
    return DatasourceVariable("datasource").label("Data source").type("prometheus").multi(multi=False)


def variable(name: str) -> QueryVariable:
    """Return a variable of which several values may be chosen, or all."""
    query_variable = QueryVariable(name).label(name.capitalize()).query(QUERIES[name]).definition(QUERIES[name])
    query_variable.datasource(DATASOURCE).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(
        VariableSort.ALPHABETICAL_ASC
    )
    return query_variable.multi(multi=True).include_all(include_all=True).all_value(".+").current(ALL)


def to_other_dashboards() -> DashboardLink:
    """Return the links at the top, one for each dashboard of ours."""
    link = DashboardLink("Kea").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    return link.include_vars(include_vars=True).keep_time(keep_time=True).as_dropdown(as_dropdown=False)


def to(dashboard: Dashboard, server: str = "", daemon: str = "") -> str:
    """Return the address of a dashboard for one server and daemon, or for those that are chosen here."""
    chosen = (
        f"var-server={server}" if server else "${server:queryparam}",
        f"var-daemon={daemon}" if daemon else "${daemon:queryparam}",
    )
    return f"/d/{dashboard}?{KEPT}&{'&'.join(chosen)}"


def to_row(dashboard: Dashboard) -> str:
    """Return the address of a dashboard for the server and daemon of a row of a table."""
    return to(dashboard, "${__data.fields.server}", "${__data.fields.daemon}")


def to_series(dashboard: Dashboard) -> str:
    """Return the address of a dashboard for the server and daemon of a series."""
    return to(dashboard, "${__field.labels.server}", "${__field.labels.daemon}")
