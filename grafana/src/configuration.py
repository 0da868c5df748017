"""Configuration: which requirements are unmet, what blocks the next upgrade, and how both are fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.conditions import UNMET, number_of, unmet
from grafana.src.document import Built, Section, dashboard
from grafana.src.links import PAGE, PAGE_OF_ROW, to
from grafana.src.looks import FAULT, NOTE, NUMBER, WARN
from grafana.src.looks import UNMET as UNMET_LOOK
from grafana.src.panels import Query, Stat, Words, stat_row, timeline
from grafana.src.problems import PROBLEM, SEVERITIES, unmet_of
from grafana.src.queries import OF_EXPORTER, gauge, of, of_exporter, total, worst
from grafana.src.tables import Column, matrix_of, table_of
from grafana.src.variables import SUBJECT
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

ROWS = 200
UPGRADE = 'requirement=~"upgrade-to-.+"'
SUBJECT_CHOSEN = 'subject=~"$subject"'
ALL_MET = "All known requirements are met"
READY = "Nothing blocks the next upgrade, as far as the configurations are known"
BLOCKED = f"({worst(of('kea_requirement_met', UPGRADE), 'requirement')} == 0)"
OF_INFO = f"{OF_EXPORTER},{SUBJECT_CHOSEN}"
REVIEW = 'subject="configuration"'


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.CONFIGURATION,
        "Kea / Configuration",
        "Which requirements are unmet, what blocks the next upgrade, and how are both fixed?",
        [
            Section("", stat_row(_glance())),
            Section("", [_unmet()]),
            Section("By subject and server", _by_subject()),
            Section("Upgrade", [_upgrade()]),
            Section("Over time", [_course()], collapsed=True),
            Section("Verdicts", [_verdicts()], collapsed=True),
        ],
        variables=[SUBJECT],
    )


def _with_subject(severity: str) -> str:
    """Return the unmet requirements of a severity with the label `subject`, for the selected subjects."""
    met = worst(of("kea_requirement_met", f'severity="{severity}"'), "requirement", "severity")
    return f"(1 - {met}) * on (requirement, severity) group_left (subject) {_info(OF_INFO)}"


def _info(where: str) -> str:
    return f"topk by (requirement, severity) (1, kea_requirement_info{{{where}}})"


def _unmet_by_severity(severity: str, title: str, description: str) -> Words:
    return Words(f"{title} unmet", f"Unmet {severity} requirements of the selected subjects: {description}", ALL_MET)


def _glance() -> list[Stat]:
    severities = (
        ("required", "Required", "the IPAM needs them to work, or clients are not served.", FAULT),
        ("recommended", "Recommended", "errors, and likely errors.", WARN),
        ("advisory", "Advisory", "good practice.", NOTE),
    )
    return [
        *(
            Stat(
                _unmet_by_severity(severity, title, description),
                [Query(total(_with_subject(severity)))],
                look,
                to(Dashboard.SERVER),
            )
            for severity, title, description, look in severities
        ),
        Stat(
            Words(
                "Upgrade blocked",
                "Daemons whose configuration the next Kea release refuses (upgrade_target of the profile).",
                "No configuration is known",
            ),
            [Query(number_of(BLOCKED, of("kea_requirement_met", UPGRADE)))],
            NOTE,
            PAGE,
        ),
        Stat(
            Words(
                "Configuration findings",
                "Unmet requirements of the configuration review, of all severities.",
                "No configuration is known",
            ),
            [Query(_findings())],
            NOTE,
            PAGE,
        ),
        Stat(
            Words("Unknown", "Requirements that could not be judged, such as of a daemon that does not answer."),
            [Query(total(gauge("kea_requirements", where='status="unknown"')))],
            NUMBER,
            to(Dashboard.FLEET),
        ),
    ]


def _findings() -> str:
    met = worst(of("kea_requirement_met"), "requirement", "severity")
    info = _info(f"{OF_EXPORTER},{REVIEW}")
    return f"sum((1 - {met}) * on (requirement, severity) group_left () {info})"


def _unmet() -> Built:
    ranked = (f"{rank} * {_explained(severity)}" for severity, rank in SEVERITIES.items())
    by = "server, daemon, subject, problem, remedy"
    each = f"max by ({by}) ({' or '.join(f'({entry})' for entry in ranked)})"
    return table_of(
        Words(
            "What is unmet and how to fix it",
            f"Unmet requirements of the selected subjects, at most {ROWS}, those that clients depend on first. The "
            "problem leads to the exporter's page of the server, with the evidence.",
            ALL_MET,
        ),
        labels=("subject", "server", "daemon", "problem", "remedy"),
        columns={"severity": Column(f"topk({ROWS}, {each})", PROBLEM, width=130)},
        first=("severity",),
        sort="severity",
        descending=True,
        height=12,
        links={"problem": PAGE_OF_ROW},
    )


def _explained(severity: str) -> str:
    return f"{unmet_of(severity)} * on (requirement, severity) group_left (subject) {_info(OF_INFO)}"


def _by_subject() -> list[Built]:
    every = worst(of("kea_requirement_met"), "requirement", "severity")
    with_subject = f"(1 - {every}) * on (requirement, severity) group_left (subject) {_info(OF_INFO)}"
    each = f"{total(with_subject, 'server', 'daemon', 'subject')} > 0"
    unmet_in_all = total(f"1 - {worst(of('kea_requirement_met'), 'requirement')}", "server", "daemon")
    shown = f"topk({ROWS}, 1000 * {unmet('required')} + {unmet_in_all} or {unmet_in_all}) > 0"
    return [
        matrix_of(
            Words(
                "Unmet requirements by subject",
                "Number of unmet requirements of each daemon, of all severities.",
                ALL_MET,
            ),
            each,
            "subject",
            WARN,
            width=14,
        ),
        table_of(
            Words(
                "Servers, worst first",
                "Number of unmet requirements of each daemon by severity, without those with none.",
            ),
            labels=("server", "daemon"),
            columns={
                "required": Column(f"{unmet('required')} and ({shown})", FAULT),
                "recommended": Column(f"{unmet('recommended')} and ({shown})", WARN),
                "advisory": Column(f"{unmet('advisory')} and ({shown})", NOTE),
            },
            sort="required",
            descending=True,
            width=10,
        ),
    ]


def _upgrade() -> Built:
    causes = worst(of("kea_requirement_unmet", UPGRADE), "requirement", "cause")
    info = f"topk by (requirement, cause) (1, {of_exporter('kea_requirement_unmet_info')})"
    version = gauge("kea_version_info", "version")
    found = f"{causes} * on (requirement, cause) group_left (remedy) {info}"
    with_version = f"{found} * on (server, daemon) group_left (version) {version}"
    return table_of(
        Words(
            "Upgrade readiness",
            f"What the next release refuses, by daemon, at most {ROWS}. The requirement leads to the exporter's page "
            "of the server, with the keys concerned.",
            READY,
        ),
        labels=("server", "daemon", "version", "requirement", "cause", "remedy"),
        columns={"is": Column(f"topk({ROWS}, {with_version})", NUMBER, hidden=True)},
        sort="server",
        height=9,
        links={"requirement": PAGE_OF_ROW},
    )


def _course() -> Built:
    return timeline(
        Words(
            "Unmet requirements",
            "Requirements that were unmet within the time range. In a gap, they were unknown or not applicable.",
            "All known requirements were met within the time range",
        ),
        [Query(UNMET, "{{server}} {{daemon}}: {{requirement}}")],
        UNMET_LOOK,
        height=12,
    )


def _verdicts() -> Built:
    return table_of(
        Words("Verdicts", "Number of requirements of each daemon by verdict."),
        labels=("server", "daemon"),
        columns={
            "unmet": Column(gauge("kea_requirements", where='status="unmet"'), WARN),
            "unknown": Column(gauge("kea_requirements", where='status="unknown"'), NUMBER),
            "met": Column(gauge("kea_requirements", where='status="met"'), NUMBER),
            "not applicable": Column(gauge("kea_requirements", where='status="not_applicable"'), NUMBER),
        },
        sort="unmet",
        descending=True,
    )
