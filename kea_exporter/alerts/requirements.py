"""Alerts about unmet requirements: one for all, and alerts of their own where the description needs more facts."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import DAEMON, NUMBER, OF_DAEMON, REMEDY, REQUIREMENT, first, label, lookup
from kea_exporter.alerts.thresholds import KEEP_STATE

UNMET = f"{DAEMON} does not meet {label('requirement')}. {REQUIREMENT}"
# Recommendations on the configuration: without them, some clients get no lease, or the address of another one.
HURTING_CLIENTS = (
    "subnets-do-not-overlap",
    "reservations-are-unique",
    "reservations-apply",
    "client-classes-exist",
    "routers-are-in-their-subnet",
    "subnet-changes-are-kept",
    "ddns-matches-d2",
)
VERSION = first(lookup("kea_version_info", *OF_DAEMON), " {{ .Labels.version }}")

GROUP = Group(
    "kea-requirements",
    recordings=(),
    alerts=(
        Alert(
            "KeaHookMissing",
            Severity.WARNING,
            'kea_requirement_met{requirement=~"hook-.+-loaded", severity="required"} == 0',
            "15m",
            "Kea daemon lacks a hook library that the IPAM requires",
            f"{DAEMON} does not meet {label('requirement')}: commands of the library are missing. {REMEDY}",
            Dashboard.FLEET,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaRequirementUnmet",
            Severity.WARNING,
            'kea_requirement_met{severity="required"} == 0',
            "15m",
            "Kea daemon does not meet a requirement of the IPAM",
            UNMET,
            Dashboard.FLEET,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaRequirementUnmet",
            Severity.INFO,
            'kea_requirement_met{severity="recommended"} == 0',
            "1h",
            "Kea daemon does not meet a recommendation of the IPAM",
            UNMET,
            Dashboard.FLEET,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaConfigurationProblem",
            Severity.WARNING,
            f'kea_requirement_met{{requirement=~"{"|".join(HURTING_CLIENTS)}", severity="recommended"}} == 0',
            "15m",
            "Kea configuration has a problem that affects clients",
            f"{DAEMON} does not meet {label('requirement')}. {REQUIREMENT}",
            Dashboard.FLEET,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaVersionUnsupported",
            Severity.WARNING,
            "kea_version_supported == 0",
            "15m",
            "Kea version is not supported by the IPAM",
            f"{DAEMON} runs Kea{VERSION}. {REMEDY}",
            Dashboard.FLEET,
            requirement="version-supported",
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaLeasesOrphaned",
            Severity.WARNING,
            "kea_leases_orphaned > 0",
            "15m",
            "Kea has leases of subnets that are not configured",
            f"{DAEMON} has {NUMBER} leases of subnet ids that are not configured. {REMEDY}",
            Dashboard.SUBNETS,
            requirement="no-orphaned-leases",
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaLeasesOutsideSubnet",
            Severity.WARNING,
            "kea_leases_outside_subnet > 0",
            "15m",
            "Kea has leases outside their subnet",
            f"{DAEMON} has {NUMBER} leases whose address is outside the subnet of their subnet id. {REMEDY}",
            Dashboard.SUBNETS,
            requirement="no-leases-outside-their-subnet",
            keep=KEEP_STATE,
        ),
    ),
)
