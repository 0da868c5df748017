"""Generated documents and rules, from the tables of requirements, families and alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.alerts import GROUPS
from kea_exporter.alerts.rules import rules
from kea_exporter.facts.failure import Reason, Stage
from kea_exporter.facts.subnets import Count
from kea_exporter.kea.statistics_table import OTHER_REASON, TABLE, Scope
from kea_exporter.metrics import (
    exporter,
    health,
    high_availability,
    leases,
    pairs,
    reaching,
    requirements,
    response_times,
    subnets,
    tls,
    traffic,
)
from kea_exporter.requirements import DEMANDS
from tools.configuration_reference import reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kea_exporter.alerts import Alert
    from kea_exporter.kea.statistics_table import Row
    from kea_exporter.metrics import Family
    from kea_exporter.requirements import Cause, Demand

FAMILIES_OF: Mapping[Scope, Mapping[Any, Family]] = {
    Scope.DAEMON: traffic.FAMILY_OF,
    Scope.KEY: traffic.FAMILY_OF,
    Scope.SUBNET: subnets.FAMILY_OF_SUBNET,
    Scope.POOL: subnets.FAMILY_OF_POOL,
    Scope.PD_POOL: subnets.FAMILY_OF_POOL,
}
# The labels that identify the daemon come first.
OF_DAEMON = 2
# Title, families, and a question with the query that answers it.
METRIC_SECTIONS = (
    ("Connection and commands", reaching.FAMILIES, "Failed probes with stage and reason", "kea_probe_failure == 1"),
    (
        "Requirements",
        requirements.FAMILIES,
        "Unmet required requirements",
        'kea_requirement_met{severity="required"} == 0',
    ),
    (
        "TLS and certificates",
        tls.FAMILIES,
        "Days until each server certificate expires",
        '(kea_certificate_not_after_timestamp_seconds{role="leaf"} - time()) / 86400',
    ),
    ("Health", health.FAMILIES, "Daemons that do not serve DHCP clients", "kea_dhcp_serving == 0"),
    (
        "High availability",
        high_availability.FAMILIES,
        "Current state of each server",
        'kea_ha_state{peer="local"} == 1',
    ),
    (
        "What partners share",
        pairs.FAMILIES,
        "Parts of the configuration in which partners differ",
        'count by (daemon, pair, part) (count_values by (daemon, pair, part) ("hash", kea_config_hash{pair!=""})) > 1',
    ),
    ("Traffic", traffic.FAMILIES, "Packets received per second", "rate(kea_packets_received_total[5m])"),
    (
        "Response times",
        response_times.FAMILIES,
        "Mean response time by exchange",
        "max by (server, daemon, exchange) (kea_response_time_mean_seconds)",
    ),
    ("Leases", leases.FAMILIES, "Assigned leases by server", 'sum by (server) (kea_leases{state="assigned"})'),
    (
        "Subnets and pools",
        subnets.FAMILIES,
        "Ten subnets with the highest share of assigned addresses",
        "topk(10, kea_subnet_addresses_assigned / kea_subnet_addresses)",
    ),
    (
        "The exporter",
        exporter.FAMILIES,
        "Exporters that run with an old configuration",
        "kea_exporter_config_last_reload_successful == 0",
    ),
)
NOTE = "<!-- Written by `make docs` from the catalogue in the code; edit there. -->"
NOTE_ON_SCHEMA = "<!-- Written by `make docs` from the schemas of the files in kea_exporter/config; edit there. -->"
COLUMNS = "| alert | severity | for | keep firing for | summary | expression |"
NOTE_ON_RULES = "Written by `make docs` from kea_exporter/alerts; `kea-exporter rules` prints it with your own links."


def documents() -> Mapping[str, str]:
    """Return the generated documents by their paths in the project."""
    return {
        "docs/requirements.md": _requirements_document(),
        "docs/metrics.md": _metrics_document(),
        "docs/statistics.md": _statistics_document(),
        "docs/configuration.md": f"{NOTE_ON_SCHEMA}\n{reference()}",
        "docs/runbooks/README.md": _runbooks_index(),
        "prometheus/rules/kea-exporter.yml": f"# {NOTE_ON_RULES}\n{rules()}",
    }


def _requirements_document() -> str:
    lines = [
        "# Requirements",
        NOTE,
        "",
        "The exporter checks these requirements on each daemon. *Met* and *unmet* are based on observed facts.",
        "*Unknown*: a fact is missing. *Not applicable*: the requirement does not concern the daemon. Required: the",
        "IPAM does not work without it. Recommended: the source document advises it. Advisory: good practice that this",
        "project adds. Each cause has its own remedy.",
        "",
    ]
    for requirement in DEMANDS:
        lines += _requirement_section(requirement)
    return "\n".join(lines)


def _requirement_section(requirement: Demand) -> Iterable[str]:
    severity = str(requirement.severity).capitalize() if requirement.severity else "Only if a profile enables it"
    clause = f"> {requirement.clause}" if requirement.clause else "> (added by this project)"
    return (
        f"## {requirement.id}",
        "",
        f"{requirement.title}. *{severity}.*",
        "",
        clause,
        "",
        f"**Met if** {requirement.rule}",
        "",
        "| cause | remedy |",
        "|---|---|",
        *map(_cause_row, requirement.causes),
        "",
    )


def _cause_row(cause: Cause) -> str:
    example = f"<br>`{cause.example}`" if cause.example else ""
    return f"| `{cause.id}`: {cause.title} | {cause.remedy}{example} |"


def _metrics_document() -> str:
    lines = [
        "# Metrics",
        NOTE,
        "",
        "A value that is unknown is absent: never 0, never an old value. `server` is the configured name, `daemon` is",
        "`dhcp4`, `dhcp6` or `d2`. Every section ends with a query to start from.",
        "",
        *(f"- [{title}](#{title.lower().replace(' ', '-')})" for title, *_ in METRIC_SECTIONS),
        "",
    ]
    for title, families, question, query in METRIC_SECTIONS:
        lines += [f"## {title}", "", "| family | type | labels | meaning | source |", "|---|---|---|---|---|"]
        lines += [*map(_family_row, families), "", f"{question}:", "", f"    {query}", ""]
    lines += [
        "`process_*` and `python_*` come from the Prometheus client library.",
        "",
        "## Stages and reasons",
        "",
        "Values of `stage`: " + ", ".join(f"`{stage}`" for stage in Stage) + ".",
        "",
        "Values of `reason`: " + ", ".join(f"`{reason}`" for reason in Reason) + ".",
        "",
    ]
    return "\n".join(lines)


def _family_row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.name}` | {family.kind} | {labels} | {family.help} | {family.source} |"


def _statistics_document() -> str:
    lines = [
        "# Kea's statistics",
        NOTE,
        "",
        "The metric of each statistic, or the reason why it is not exported. `subnet[]`, `pool[]`, `pd-pool[]` and",
        "`key[]` stand for any id or name. A packet counter that a later Kea adds is exported by rule:",
        '`pkt4-NEW-received` as `kea_messages_received_total{message="NEW"}`. Any other new name is counted in',
        "`kea_exporter_unknown_statistics`, logged once, and listed on the debug page of a probe",
        "(`/probe?target=SERVER&debug=true`).",
        "",
        "The hook library perfmon, with `stats-mgr-reporting`, measures the mean duration of each step of an exchange.",
        "The exporter reads the total of an exchange, `perfmon.QUERY-ANSWER.composite-total_response.mean-usecs`, as",
        "`kea_response_time_mean_seconds` and `kea_response_time_peak_seconds`, if all or all global statistics are",
        "queried. Single steps and subnets (`subnet-id[].perfmon...`) are not exported.",
        "",
        "| statistic | daemons | exported as |",
        "|---|---|---|",
    ]
    daemons_of: dict[tuple[str, str], list[str]] = {}
    for row in TABLE:
        daemons_of.setdefault((f"{row.scope}{row.name}", _exported_as(row)), []).append(str(row.daemon))
    lines += [f"| `{name}` | {', '.join(daemons)} | {exported} |" for (name, exported), daemons in daemons_of.items()]
    return "\n".join([*lines, ""])


def _exported_as(row: Row) -> str:
    if row.meaning is None:
        return f"not exported: {row.ignored}"
    family = FAMILIES_OF[row.scope][row.meaning]
    # The labels of a subnet follow those of its counts.
    begin = OF_DAEMON if isinstance(row.meaning, Count) else len(family.labels) - len(row.labels)
    own = family.labels[begin : begin + len(row.labels)]
    labels = ",".join(f'{name}="{value}"' for name, value in zip(own, row.labels, strict=True))
    exported = f"`{family.name}{{{labels}}}`" if labels else f"`{family.name}`"
    return f"{exported}, minus the named reasons" if row.labels == (OTHER_REASON,) else exported


def _runbooks_index() -> str:
    lines = [
        "# Alerts and their runbooks",
        NOTE,
        "",
        "*critical*: act at once. *warning*: act in working hours. *info*: no action needed.",
        "[Querying Kea by hand](asking-kea.md) explains the notation of all pages.",
        "",
    ]
    for group in filter(lambda group: group.alerts, GROUPS):
        lines += [f"## {group.name}", "", COLUMNS, "|---|---|---|---|---|---|"]
        lines += [*map(_alert_row, group.alerts), ""]
    lines += ["## Recorded", "", "| series | expression |", "|---|---|"]
    recorded = (recording for group in GROUPS for recording in group.recordings)
    return "\n".join([*lines, *(f"| `{alert.name}` | {_code(alert.expression)} |" for alert in recorded), ""])


def _alert_row(alert: Alert) -> str:
    name = f"[{alert.name}]({alert.name}.md)"
    times = f"{alert.hold} | {alert.keep or '0s'}"
    return f"| {name} | {alert.severity} | {times} | {alert.summary} | {_code(alert.expression)} |"


def _code(expression: str) -> str:
    return "`" + expression.replace("|", "\\|") + "`"
