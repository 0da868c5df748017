"""The columns of the matrix: requirements in short form, in groups by their subject."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.requirements import (
    Severity,
    Status,
    authentication,
    certificates,
    hooks,
    leases,
    reaching,
    sockets,
    version,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kea_exporter.requirements import Report, Requirement, Verdict

SUBJECTS: tuple[tuple[str, tuple[Requirement, ...]], ...] = (
    ("Reaching", reaching.REQUIREMENTS),
    ("Socket", sockets.REQUIREMENTS),
    ("Authentication", authentication.REQUIREMENTS),
    ("Certificate", certificates.REQUIREMENTS),
    ("Version", version.REQUIREMENTS),
    ("Hooks", hooks.REQUIREMENTS),
    ("Leases", leases.REQUIREMENTS),
)
OTHERS = "Others"
# One word under its subject. What is not here is called by its id.
SHORT: Mapping[str, str] = MappingProxyType(
    {
        "control-socket-reachable": "reachable",
        "service-running": "running",
        "dhcp-service-enabled": "DHCP enabled",
        "service-matches": "right daemon",
        "control-socket-over-http": "over http",
        "control-socket-uses-tls": "uses TLS",
        "control-socket-address-matches": "address",
        "authentication-configured": "configured",
        "authentication-type-basic": "type basic",
        "authentication-realm-matches": "realm",
        "authentication-accepted": "accepted",
        "credentials-in-files": "in files",
        "certificate-san-matches-address": "SAN",
        "certificate-within-validity": "validity",
        "certificate-renewal-not-due": "renewal",
        "certificate-trusted": "trusted",
        "client-certificate-required": "of clients",
        "hsts-header-present": "HSTS",
        "version-supported": "supported",
        "version-tested": "tested",
        "hook-subnet-cmds-loaded": "subnet_cmds",
        "hook-host-cmds-loaded": "host_cmds",
        "hook-lease-cmds-loaded": "lease_cmds",
        "hook-stat-cmds-loaded": "stat_cmds",
        "hook-class-cmds-loaded": "class_cmds",
        "hook-cb-cmds-loaded": "cb_cmds",
        "hook-host-cache-loaded": "host_cache",
        "hook-ha-loaded": "ha",
        "reservations-in-configuration": "reservations",
        "no-orphaned-leases": "no orphans",
        "no-leases-outside-their-subnet": "in subnets",
    }
)


@dataclass(frozen=True)
class Column:
    """One requirement as a column of the matrix.

    Attributes:
        severities: all that it has among the daemons, gravest first; profiles may differ.
        unmet: how many daemons do not meet it.
        unknown: of how many daemons that is not known.
    """

    requirement: Requirement
    short: str
    severities: tuple[Severity, ...]
    unmet: int
    unknown: int

    @property
    def is_required(self) -> bool:
        """Return whether some daemon is required to meet it."""
        return Severity.REQUIRED in self.severities


@dataclass(frozen=True)
class Group:
    """The columns of one subject."""

    subject: str
    columns: tuple[Column, ...]


def groups_of(reports: Sequence[Report]) -> tuple[Group, ...]:
    """Return the requirements that were judged of some daemon, as groups of columns."""
    judged: dict[str, list[Verdict]] = {}
    for report in reports:
        for verdict in report.verdicts:
            judged.setdefault(verdict.requirement.id, []).append(verdict)
    return tuple(Group(subject, columns) for subject, columns in _by_subject(judged) if columns)


def _by_subject(judged: dict[str, list[Verdict]]) -> Iterator[tuple[str, tuple[Column, ...]]]:
    left = dict(judged)
    for subject, requirements in SUBJECTS:
        found = [left.pop(it.id) for it in requirements if it.id in left]
        yield subject, tuple(map(_column, found))
    yield OTHERS, tuple(map(_column, left.values()))


def _column(verdicts: list[Verdict]) -> Column:
    requirement = verdicts[0].requirement
    found = {verdict.severity for verdict in verdicts}
    return Column(
        requirement=requirement,
        short=SHORT.get(requirement.id, requirement.id),
        severities=tuple(it for it in Severity if it in found),
        unmet=sum(it.status is Status.UNMET for it in verdicts),
        unknown=sum(it.status is Status.UNKNOWN for it in verdicts),
    )
