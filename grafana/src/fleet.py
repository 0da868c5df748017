"""Fleet: is all well, and if not, what is to be done, and where?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.links import to, to_row, to_series
from grafana.src.looks import (
    ADVISED,
    CERTIFICATE_LEFT,
    FULLNESS,
    GRAVE,
    HOOK,
    MET,
    NUMBER,
    TROUBLE,
    UP,
    YES,
)
from grafana.src.panels import Query, Words, bars, stat_of, timeline
from grafana.src.queries import (
    explained,
    fullness,
    gauge,
    highest_fullness,
    of,
    of_exporter,
    time_left,
    total,
    worst,
)
from grafana.src.tables import Column, matrix_of, table_of
from kea_exporter.alerts.model import Dashboard

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
    from grafana_foundation_sdk.builders.table import Panel as Table

ALL_MET = "All requirements that could be judged are met"
MET_BY = worst(of("kea_requirement_met"), "requirement", "severity")
EVER_UNMET = worst(f"min_over_time({of('kea_requirement_met')}[$__range] @ end())", "requirement", "severity")
NOT_AFTER = "kea_certificate_not_after_timestamp_seconds"
NO_ROOT = 'role!="root"'


def unmet(severity: str) -> str:
    """Return how many requirements of a severity are not met, for each daemon."""
    met = worst(of("kea_requirement_met", f'severity="{severity}"'), "requirement")
    return total(f"1 - {met}", "server", "daemon")


def remedies(words: Words, width: int = 24, height: int = 10) -> Table:
    """Return the requirements that are not met, with what to do."""
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
    """Return the daemons whose probe fails, with what to do."""
    found = gauge("kea_probe_failure", "stage", "reason")
    # Not every reason has a remedy.
    with_remedy = explained(found, "kea_probe_failure_info", ("reason",), "remedy")
    without = f"{found} unless on (reason) {of_exporter('kea_probe_failure_info')}"
    return table_of(
        Words(
            "Probes that fail",
            "How far the probe of each daemon came, why it failed there, and what to do next.",
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
        "All Kea servers: which are up, which requirements are not met and what to do about it.",
        [
            Section("At a glance", _glance()),
            Section("Requirements", _requirements()),
            Section("Servers", _servers()),
            Section("What runs out first", _running_out()),
        ],
    )


def _glance() -> list[Built]:
    return [
        stat_of(
            Words("Daemons", "Daemons that are configured in the exporter."),
            f"count({gauge('kea_up')})",
            NUMBER,
        ),
        stat_of(
            Words("Daemons down", "Daemons that did not answer version-get with the credentials of the exporter."),
            f"sum(1 - {worst(of('kea_up'))})",
            GRAVE,
            link=to(Dashboard.SERVER),
        ),
        stat_of(
            Words("Unmet required", "Requirements without which the IPAM cannot work, counted for each daemon."),
            total(unmet("required")),
            GRAVE,
        ),
        stat_of(
            Words("Unmet recommended", "Requirements that the source document advises, counted for each daemon."),
            total(unmet("recommended")),
            TROUBLE,
        ),
        stat_of(
            Words("Certificate ends in", "The least time left of all certificates but roots."),
            f"min({time_left(NOT_AFTER, where=NO_ROOT)})",
            CERTIFICATE_LEFT,
            link=to(Dashboard.CERTIFICATES),
        ),
        stat_of(
            Words("Fullest subnet", "The highest utilisation of a subnet that is judged by itself."),
            highest_fullness("address"),
            FULLNESS,
            link=to(Dashboard.SUBNETS),
        ),
    ]


def _requirements() -> list[Built]:
    return [
        timeline(
            Words(
                "Requirements that were not met",
                "All requirements that were unmet at some time of the time range. A gap is a time at which it was "
                "unknown or did not apply.",
                ALL_MET,
            ),
            [Query(f"{MET_BY} and ({EVER_UNMET} == 0)", "{{server}} {{daemon}}: {{requirement}}")],
            MET,
            height=10,
            link=to_series(Dashboard.SERVER),
        ),
        remedies(
            Words(
                "What to do",
                "Requirements that are not met now. The page of the server in the exporter also says what was found.",
                ALL_MET,
            )
        ),
    ]


def _servers() -> list[Built]:
    return [
        table_of(
            Words("Requirements not met", "How many, by severity; the daemons with most of them first."),
            labels=("server", "daemon"),
            columns={
                "up": Column(worst(of("kea_up")), UP),
                "required": Column(unmet("required"), GRAVE),
                "recommended": Column(unmet("recommended"), TROUBLE),
                "advisory": Column(unmet("advisory"), NUMBER),
                "unknown": Column(gauge("kea_requirements", where='status="unknown"'), TROUBLE),
            },
            sort="required",
            descending=True,
            width=15,
            height=9,
        ),
        timeline(
            Words("Up", "Whether each daemon answered version-get with the credentials of the exporter."),
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
        Words("Versions", "The version of each daemon. Tested: not newer than the last one that the profile names."),
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
            "Hook libraries of DHCP daemons: loaded ones, and those that are configured but could not be loaded.",
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
                "Certificates, least time left first",
                "The ten certificates that end first, roots left out; negative: has ended.",
                "No daemon is reached over https",
            ),
            labels=("server", "daemon", "role", "position"),
            columns={
                "left": Column(
                    f"bottomk(10, {time_left(NOT_AFTER, 'role', 'position', where=NO_ROOT)})",
                    CERTIFICATE_LEFT,
                    link=to_row(Dashboard.CERTIFICATES),
                )
            },
            sort="left",
            width=12,
            height=12,
        ),
        bars(
            Words("Fullest subnets", "The ten subnets with the greatest share of addresses leased.", "No subnets"),
            Query(f"topk(10, {fullness('address')})", "{{subnet}} ({{server}})"),
            FULLNESS,
            height=12,
            link=to_series(Dashboard.SUBNETS),
        ),
    ]
