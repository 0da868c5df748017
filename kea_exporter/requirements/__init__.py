"""Requirements on Kea servers: each one is a table entry and a function from a snapshot to a finding.

The order is that of the report.
"""

from kea_exporter.requirements import (
    authentication,
    certificates,
    configuration,
    hooks,
    https,
    leases,
    reaching,
    sockets,
    upgrade,
    version,
)
from kea_exporter.requirements.model import (
    Cause,
    Problem,
    Report,
    Requirement,
    Severity,
    Status,
    Subject,
    Verdict,
    judge_all,
    severity_in,
)

REQUIREMENTS: tuple[Requirement, ...] = (
    *reaching.REQUIREMENTS,
    *sockets.REQUIREMENTS,
    *authentication.REQUIREMENTS,
    *certificates.REQUIREMENTS,
    *https.REQUIREMENTS,
    *version.REQUIREMENTS,
    *hooks.REQUIREMENTS,
    *leases.REQUIREMENTS,
    *configuration.REQUIREMENTS,
    *upgrade.REQUIREMENTS,
)

__all__ = [
    "REQUIREMENTS",
    "Cause",
    "Problem",
    "Report",
    "Requirement",
    "Severity",
    "Status",
    "Subject",
    "Verdict",
    "judge_all",
    "severity_in",
]
