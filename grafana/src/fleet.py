"""Fleet: state of all servers, unmet requirements and their remedies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.links import to, to_row, to_series
from grafana.src.looks import (
    ADVISED,
    CERTIFICATE_DAYS,
    FAULT,
    FULLNESS,
    HOOK,
    MET,
    NUMBER,
    UP,
    WARN,
    YES,
)
from grafana.src.panels import Query, Words, bars, stat_of, timeline
from grafana.src.queries import (
    days_left,
    explained,
    fullness,
    gauge,
    highest_fullness,
    of,
    of_exporter,
    total,
    worst,
)
from grafana.src.tables import Column, matrix_of, table_of
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
    from grafana_foundation_sdk.builders.table import Panel as Table

ALL_MET = "All known requirements are met"
MET_BY = worst(of("kea_requirement_met"), "requirement", "severity")
EVER_UNMET = worst(f"min_over_time({of('kea_requirement_met')}[$__range] @ end())", "requirement", "severity")
NOT_AFTER = "kea_certificate_not_after_timestamp_seconds"
NO_ROOT = 'role!="root"'


def unmet(severity: str) -> str:
    """Return the number of unmet requirements of a severity, by daemon."""
    met = worst(of("kea_requirement_met", f'severity="{severity}"'), "requirement")
    return total(f"1 - {met}", "server", "daemon")


def remedies(words: Words, width: int = 24, height: int = 10) -> Table:
    """Return the table of unmet requirements with their remedies."""
    unmet_by_cause = worst(of("kea_requirement_unmet"), "requirement", "severity", "cause")
    with_remedy = explained(unmet_by_cause, "kea_requirement_unmet_info", ("requirement", "cause"), "remedy")
    found = explained(with_remedy, "kea_requirement_info", ("requirement", "severity"), "title")
    return table_of(
        words,
        labels=("server", "daemon", "severity", "requirement", "title", "cause", "remedy"),
        columns={"unmet": Column(found, hidden=True)},
        sort="severity",
        descending=True,
        width=width,
        height=height,
    )


def failures(width: int = 24, height: int = 7) -> Table:
    """Return the table of failed probes with their remedies."""
    found = gauge("kea_probe_failure", "stage", "reason")
    # Not every reason has a remedy.
    with_remedy = explained(found, "kea_probe_failure_info", ("reason",), "remedy")
    without = f"{found} unless on (reason) {of_exporter('kea_probe_failure_info')}"
    return table_of(
        Words(
            "Failed probes",
            "Stage and reason of each failed probe, and the next step.",
            "All probes succeed",
        ),
        labels=("server", "daemon", "stage", "reason", "remedy"),
        columns={"fails": Column(f"{with_remedy} or ({without})", hidden=True)},
        sort="server",
        width=width,
        height=height,
    )


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.FLEET,
        "Kea / Fleet",
        "All Kea servers: availability, unmet requirements and their remedies.",
        [
            Section("Overview", _glance()),
            Section("Requirements", _requirements()),
            Section("Servers", _servers()),
            Section("Expiry and utilisation", _running_out()),
        ],
    )


def _glance() -> list[Built]:
    return [
        stat_of(
            Words("Daemons", "Daemons in the exporter's configuration."),
            f"count({gauge('kea_up')})",
            NUMBER,
        ),
        stat_of(
            Words("Daemons down", "Daemons that did not answer version-get with the exporter's credentials."),
            f"sum(1 - {worst(of('kea_up'))})",
            FAULT,
            link=to(Dashboard.SERVER),
        ),
        stat_of(
            Words("Unmet required", "Unmet requirements that the IPAM needs to work, summed over daemons."),
            total(unmet("required")),
            FAULT,
        ),
        stat_of(
            Words("Unmet recommended", "Unmet requirements that the source document recommends, summed over daemons."),
            total(unmet("recommended")),
            WARN,
        ),
        stat_of(
            Words("Certificate days left", "Days until the first certificate expires, without roots."),
            f"min({days_left(NOT_AFTER, where=NO_ROOT)})",
            CERTIFICATE_DAYS,
            link=to(Dashboard.CERTIFICATES),
        ),
        stat_of(
            Words("Highest subnet utilisation", "Of subnets in no shared network, and of subnets with client classes."),
            highest_fullness("address"),
            FULLNESS,
            link=to(Dashboard.SUBNETS),
        ),
    ]


def _requirements() -> list[Built]:
    return [
        timeline(
            Words(
                "Unmet requirements over time",
                "Requirements that were unmet within the time range. In a gap, the requirement was unknown or not "
                "applicable.",
                ALL_MET,
            ),
            [Query(f"{MET_BY} and ({EVER_UNMET} == 0)", "{{server}} {{daemon}}: {{requirement}}")],
            MET,
            height=10,
            link=to_series(Dashboard.SERVER),
        ),
        remedies(
            Words(
                "Remedies",
                "Requirements that are unmet now. The exporter's page of the server also shows the evidence.",
                ALL_MET,
            )
        ),
    ]


def _servers() -> list[Built]:
    return [
        table_of(
            Words("Unmet requirements", "Number by severity; the daemons with most of them first."),
            labels=("server", "daemon"),
            columns={
                "up": Column(worst(of("kea_up")), UP),
                "required": Column(unmet("required"), FAULT),
                "recommended": Column(unmet("recommended"), WARN),
                "advisory": Column(unmet("advisory"), NUMBER),
                "unknown": Column(gauge("kea_requirements", where='status="unknown"'), WARN),
            },
            sort="required",
            descending=True,
            width=15,
            height=9,
        ),
        timeline(
            Words("Up", "Whether each daemon answered version-get with the exporter's credentials."),
            [Query(worst(of("kea_up")), "{{server}} {{daemon}}")],
            UP,
            width=9,
            height=9,
            link=to_series(Dashboard.SERVER),
        ),
        failures(),
        _versions(),
        _hooks(),
    ]


def _versions() -> Built:
    return table_of(
        Words("Versions", "Version of each daemon. Tested: not newer than the last tested version of the profile."),
        labels=("server", "daemon", "version"),
        columns={
            "runs": Column(gauge("kea_version_info", "version"), hidden=True),
            "supported": Column(worst(of("kea_version_supported")), YES),
            "tested": Column(worst(of("kea_version_tested")), ADVISED),
        },
        sort="version",
        height=6,
    )


def _hooks() -> Built:
    return matrix_of(
        Words(
            "Hooks",
            "Hook libraries of DHCP daemons: loaded, or configured but not loaded.",
            "No DHCP daemon answers",
        ),
        f"{gauge('kea_hook_loaded', 'hook')} + 2 * {gauge('kea_hook_configured', 'hook')}",
        "hook",
        HOOK,
    )


def _running_out() -> list[Built]:
    return [
        table_of(
            Words(
                "Certificates that expire first",
                "The ten certificates with the shortest time left, without roots; negative: expired.",
                "No daemon is reached over https",
            ),
            labels=("server", "daemon", "role", "position"),
            columns={
                "days left": Column(
                    f"bottomk(10, {days_left(NOT_AFTER, 'role', 'position', where=NO_ROOT)})",
                    CERTIFICATE_DAYS,
                    link=to_row(Dashboard.CERTIFICATES),
                )
            },
            sort="days left",
            width=12,
            height=12,
        ),
        bars(
            Words(
                "Subnets by utilisation", "The ten subnets with the highest share of leased addresses.", "No subnets"
            ),
            Query(f"topk(10, {fullness('address')})", "{{subnet}} ({{server}})"),
            FULLNESS,
            height=12,
            link=to_series(Dashboard.SUBNETS),
        ),
    ]
