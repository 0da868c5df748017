"""Tables of what is wrong and what to do: failed probes, unmet requirements, and firing alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.conditions import number_of
from grafana.src.links import PAGE, PAGE_OF_ROW, RUNBOOK_OF_ROW
from grafana.src.looks import CRITICAL, FAULT, NOTICE, WARN, WARNING, Look, State
from grafana.src.panels import Query, Stat, Words
from grafana.src.queries import FIRING, explained, gauge, of, of_exporter, once, without_targets, worst
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.fleet import of_fleet

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.table import Panel as Table

ROWS = 100
BOTH = "critical|warning"
ALL_WELL = "Nothing is wrong: all probes succeed, and all known requirements are met"
NO_RULES = "The rules are not loaded (kea-exporter rules)"
NO_ALERTS = "No alert fires, or the rules are not loaded (kea-exporter rules)"
SEVERITIES = {"advisory": 1, "recommended": 2, "required": 3}
UNREACHED = 4
PROBLEM = Look(
    "none",
    states={
        UNREACHED: State("NOT REACHED", CRITICAL),
        3: State("REQUIRED", CRITICAL),
        2: State("recommended", WARNING),
        1: State("advisory", NOTICE),
    },
)
SEVERITY = Look("none", states={2: State("CRITICAL", CRITICAL), 1: State("warning", WARNING)})
# What an alert is about, beside its daemon.
ABOUT = ("subnet", "shared_network", "pair", "relationship", "scope", "part", "requirement", "role", "stage", "command")


def unmet_of(severity: str, *where: str) -> str:
    """Return the unmet requirements of a severity, with their titles and remedies."""
    causes = worst(of("kea_requirement_unmet", f'severity="{severity}"', *where), "requirement", "severity", "cause")
    with_remedy = explained(causes, "kea_requirement_unmet_info", ("requirement", "cause"), "remedy")
    found = explained(with_remedy, "kea_requirement_info", ("requirement", "severity"), "title")
    return f'label_join({found}, "problem", "", "title")'


def failures(*, up: bool) -> str:
    """Return the failed probes, or the failed commands of daemons that are up, with their remedies if there are any."""
    found = (
        f"({gauge('kea_probe_failure', 'stage', 'reason')} and on (server, daemon) "
        f"({worst(of('kea_up'))} == {int(up)}))"
    )
    with_remedy = explained(found, "kea_probe_failure_info", ("reason",), "remedy")
    without = f"{found} unless on (reason) {of_exporter('kea_probe_failure_info')}"
    return f'label_join({with_remedy} or ({without}), "problem", ": ", "stage", "reason")'


def problems(severities: tuple[str, ...] = ("required", "recommended"), width: int = 24, height: int = 9) -> Table:
    """Return the table of failed probes and unmet requirements, the worst first."""
    found = [
        f"{UNREACHED} * {failures(up=False)}",
        f"{SEVERITIES['recommended']} * {failures(up=True)}",
        *(f"{SEVERITIES[severity]} * {unmet_of(severity)}" for severity in severities),
    ]
    each = once(" or ".join(f"({entry})" for entry in found), "problem", "remedy")
    return table_of(
        Words(
            "What is wrong and what to do",
            f"Failed probes and unmet requirements ({', '.join(severities)}), at most {ROWS}. The server leads to its "
            "dashboard, the problem to the exporter's page of the server, with the evidence.",
            ALL_WELL,
        ),
        labels=("server", "daemon", "problem", "remedy"),
        columns={"severity": Column(f"topk({ROWS}, {each})", PROBLEM, width=130)},
        first=("severity",),
        sort="severity",
        descending=True,
        width=width,
        height=height,
        links={"problem": PAGE_OF_ROW},
    )


def firing() -> Stat:
    """Return the numbers of firing alerts, by severity."""
    rules = f'{of_fleet("kea_subnets")}{{daemon=~"$daemon"}}'
    return Stat(
        Words("Firing alerts", "Alerts of the exporter's rules that fire, by severity.", NO_RULES),
        [
            Query(number_of(without_targets(FIRING.replace(BOTH, severity)), rules), severity, look)
            for severity, look in (("critical", FAULT), ("warning", WARN))
        ],
        FAULT,
        PAGE,
    )


def alerts(width: int = 24, height: int = 7) -> Table:
    """Return the table of the alerts that fire, the critical ones first."""
    about = ", ".join(f'"{label}"' for label in ABOUT)
    ranked = " or ".join(
        f"{rank} * {without_targets(FIRING.replace(BOTH, severity))}"
        for rank, severity in ((2, "critical"), (1, "warning"))
    )
    joined = f'label_join({ranked}, "about", " ", {about})'
    # Without the blanks between labels that an alert does not have.
    trimmed = f'label_replace({joined}, "about", "$1", "about", " *(.*?) *")'
    each = f"max by (alertname, server, daemon, about) ({trimmed})"
    return table_of(
        Words(
            "Alerts, critical first",
            f"At most {ROWS}. The name of the alert leads to its runbook, the server to its dashboard.",
            NO_ALERTS,
        ),
        labels=("alertname", "server", "daemon", "about"),
        columns={"severity": Column(f"topk({ROWS}, {each})", SEVERITY, width=100)},
        first=("severity",),
        sort="severity",
        descending=True,
        width=width,
        height=height,
        links={"alertname": RUNBOOK_OF_ROW},
    )
