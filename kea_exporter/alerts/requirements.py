"""Alerts about requirements: one that serves them all, and a few that have more to say."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Severity
from kea_exporter.alerts.templates import DAEMON, NUMBER, OF_DAEMON, REMEDY, REQUIREMENT, first, label, lookup
from kea_exporter.alerts.thresholds import KEEP_STATE

UNMET = f"{DAEMON} does not satisfy {label('requirement')}. {REQUIREMENT}"
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
            "A Kea daemon runs without a hook library that the IPAM needs.",
            f"{DAEMON} does not satisfy {label('requirement')}: commands of the library are missing. {REMEDY}",
            Dashboard.FLEET,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaRequirementUnmet",
            Severity.WARNING,
            'kea_requirement_met{severity="required"} == 0',
            "15m",
            "A Kea daemon does not satisfy what the IPAM requires of it.",
            UNMET,
            Dashboard.FLEET,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaRequirementUnmet",
            Severity.INFO,
            'kea_requirement_met{severity="recommended"} == 0',
            "1h",
            "A Kea daemon does not follow a recommendation of the IPAM.",
            UNMET,
            Dashboard.FLEET,
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaVersionUnsupported",
            Severity.WARNING,
            "kea_version_supported == 0",
            "15m",
            "A Kea daemon is older than the IPAM supports.",
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
            "Leases of a subnet that is no longer configured are left behind.",
            f"{DAEMON} holds {NUMBER} leases of subnet ids that are not configured. {REMEDY}",
            Dashboard.SUBNETS,
            requirement="no-orphaned-leases",
            keep=KEEP_STATE,
        ),
        Alert(
            "KeaLeasesOutsideSubnet",
            Severity.WARNING,
            "kea_leases_outside_subnet > 0",
            "15m",
            "Leases lie outside the subnet whose id they carry.",
            f"{DAEMON} holds {NUMBER} leases whose address is not in the subnet of their id. {REMEDY}",
            Dashboard.SUBNETS,
            requirement="no-leases-outside-their-subnet",
            keep=KEEP_STATE,
        ),
    ),
)
