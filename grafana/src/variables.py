"""The variables at the top of the dashboards."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import AdHocVariable, DatasourceVariable, QueryVariable
from grafana_foundation_sdk.models.dashboard import VariableOption, VariableRefresh, VariableSort

from grafana.src.panels import DATASOURCE
from grafana.src.queries import OF_EXPORTER, SUBNET, gauge, of, once, recorded

# A job that scrapes /probe has no word of the exporter itself; one that scrapes /metrics has both.
ANYTHING = '{__name__=~"kea_up|kea_exporter_build_info"'
ALL = VariableOption(selected=True, text="All", value="$__all")
# The menu has no more subnets than these, those with the highest utilisation first; others can be typed.
MAX_SUBNETS = 200
# The value and the text of an option, from the labels of a series.
TEXT = '/{label}="(?<value>[^"]+)".*text="(?<text>[^"]+)"/'


@dataclass(frozen=True)
class Chosen:
    """A variable of which several values can be selected, or all.

    Attributes:
        query: what offers the values; narrowed down by the variables before it.
        regex: how an option is read from a series, where it has a text of its own.
        all_value: what selects all; `.+` leaves out series without the label.
        is_single: whether only one value can be selected, by default the first one that the query offers.
    """

    name: str
    label: str
    query: str
    regex: str = ""
    all_value: str = ".+"
    is_single: bool = False


def _with_text(expression: str, *labels: str) -> str:
    names = ", ".join(f'"{label}"' for label in labels)
    return f'label_join({expression}, "text", " ", {names})'


TARGETS = (
    Chosen("job", "Job", f"label_values({ANYTHING}}}, job)"),
    Chosen("instance", "Instance", f'label_values({ANYTHING},job=~"$job"}}, instance)'),
)
SERVER = Chosen("server", "Server", f"label_values(kea_up{{{OF_EXPORTER}}}, server)")
ON_DAEMONS = (
    Chosen("daemon", "Daemon", f'label_values(kea_up{{{OF_EXPORTER},server=~"$server"}}, daemon)'),
    # For links to the exporter's own pages.
    Chosen("exporter", "Exporter", 'label_values(kea_exporter_build_info{job=~"$job"}, instance)', is_single=True),
)


# The server with the most problems is the first, all of them together are the last.
_DOWN = f"sum by (server) (1 - min by (server, daemon) (kea_up{{{OF_EXPORTER}}}))"
_UNMET = f'count by (server) (kea_requirement_met{{{OF_EXPORTER},severity="required"}} == 0)'
_EVERY = 'label_replace(label_replace(vector(-1), "server", ".+", "", ""), "text", "All", "", "")'
ONE_SERVER = Chosen(
    "server",
    "Server",
    f"query_result(sort_desc({_with_text(f'1000 * {_DOWN} + {_UNMET} or 1000 * {_DOWN}', 'server')} or {_EVERY}))",
    regex=TEXT.format(label="server"),
    is_single=True,
)

# Both servers of a pair have it; one of them names it.
_PAIRS = _with_text(gauge("kea_ha_info", "local", "partner", "pair", where='pair!=""'), "local", "partner")
PAIR = Chosen(
    "pair",
    "Pair",
    f"query_result(topk by (pair) (1, group by (pair, text) ({_PAIRS})))",
    regex=TEXT.format(label="pair"),
    # The pair of a server is unknown without its configuration.
    all_value=".*",
)
SUBJECT = Chosen("subject", "Subject", f"label_values(kea_requirement_info{{{OF_EXPORTER}}}, subject)")
_NAMED = once(of("kea_subnet_info"), *SUBNET, "name")
_SUBNETS = f"{recorded('address')} * on (server, daemon, subnet_id) group_left (name) {_NAMED} or {recorded('address')}"
SUBNETS = Chosen(
    "subnet",
    "Subnet",
    f"query_result(topk({MAX_SUBNETS}, max by (subnet, text) ({_with_text(_SUBNETS, 'subnet', 'name')})))",
    regex=TEXT.format(label="subnet"),
)


def datasource() -> DatasourceVariable:
    """Return the variable that says which Prometheus is queried."""
    return DatasourceVariable("datasource").label("Data source").type("prometheus").multi(multi=False)


def filters() -> AdHocVariable:
    """Return the variable for further labels of targets, such as the site: Grafana adds them to all selectors."""
    return AdHocVariable("filters").label("Site labels").datasource(DATASOURCE)


def variable(chosen: Chosen) -> QueryVariable:
    """Return a variable as the SDK represents it."""
    query_variable = QueryVariable(chosen.name).label(chosen.label).query(chosen.query).definition(chosen.query)
    query_variable.datasource(DATASOURCE).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).regex(chosen.regex)
    if chosen.is_single:
        return query_variable.multi(multi=False).include_all(include_all=False).sort(VariableSort.DISABLED)
    query_variable.sort(VariableSort.ALPHABETICAL_ASC)
    return query_variable.multi(multi=True).include_all(include_all=True).all_value(chosen.all_value).current(ALL)
