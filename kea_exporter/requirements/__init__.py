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
    pairs,
    reaching,
    sockets,
    upgrade,
    version,
)
from kea_exporter.requirements.judging import judge_all, severity_in
from kea_exporter.requirements.model import (
    Cause,
    CountsVerdicts,
    Demand,
    Problem,
    Report,
    Requirement,
    Severity,
    Status,
    Subject,
    Verdict,
)
from kea_exporter.requirements.pairs import PairReport, PairSnapshot, differences_by_hash, judge_pair, pairs_of

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
PAIR_REQUIREMENTS = pairs.REQUIREMENTS
# What profiles, options and documents name.
DEMANDS: tuple[Demand, ...] = (*REQUIREMENTS, *PAIR_REQUIREMENTS)

__all__ = [
    "DEMANDS",
    "PAIR_REQUIREMENTS",
    "REQUIREMENTS",
    "Cause",
    "CountsVerdicts",
    "Demand",
    "PairReport",
    "PairSnapshot",
    "Problem",
    "Report",
    "Requirement",
    "Severity",
    "Status",
    "Subject",
    "Verdict",
    "differences_by_hash",
    "judge_all",
    "judge_pair",
    "pairs_of",
    "severity_in",
]
