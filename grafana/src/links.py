"""Links that keep the variables and the time, and links to runbooks and to the exporter's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models.dashboard import DashboardLinkType

if TYPE_CHECKING:
    from kea_exporter.alerts.model import Dashboard

TAG = "kea"
KEPT = "${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&${filters:queryparam}"
RUNBOOKS = "https://github.com/kea-exporter/kea-exporter/blob/main/docs/runbooks"
# The page of the alert of a row of a table.
RUNBOOK_OF_ROW = f"{RUNBOOKS}/${{__data.fields.alertname}}.md"
# The exporter's own page of the server of a row, with the evidence of each verdict.
PAGE_OF_ROW = "http://${exporter}/servers/${__data.fields.server}"
PAGE = "http://${exporter}/"


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
