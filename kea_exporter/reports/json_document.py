"""The check report as JSON; `schema.py` has the schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kea_exporter import __version__
from kea_exporter.facts.failure import Failure
from kea_exporter.facts.fullness import KINDS, fullest_subnets, fullness_of
from kea_exporter.reports.model import ALL_MET, SOME_UNKNOWN, SOME_UNMET
from kea_exporter.requirements.fragment import fragment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.reports.model import Check
    from kea_exporter.requirements import PairReport, Problem, Report, Verdict
    from kea_exporter.requirements.pairs.model import Side

JSON_SHAPE_VERSION = 1
MAX_SUBNETS = 20
STATUSES = {ALL_MET: "met", SOME_UNMET: "unmet", SOME_UNKNOWN: "unknown"}


def as_json(check: Check) -> str:
    """Return the report as JSON; the shape carries its version, and only grows within one."""
    profiles = {report.profile.name for report in check.all_reports}
    document = {
        "version": JSON_SHAPE_VERSION,
        "exporter_version": __version__,
        "status": STATUSES[check.exit_code],
        "exit_code": check.exit_code,
        "profile": profiles.pop() if len(profiles) == 1 else None,
        "daemons": [_daemon_document(report) for report in check.reports],
        "pairs": [_pair_document(report) for report in check.pairs],
    }
    return json.dumps(document, indent=2)


def _daemon_document(report: Report) -> dict[str, object]:
    target, version = report.snapshot.target, report.snapshot.version
    return {
        "server": target.server,
        "daemon": str(target.daemon),
        "url": target.url,
        "kea_version": None if isinstance(version, Failure) else version.text,
        "profile": report.profile.name,
        "taken_at": report.snapshot.taken_at,
        "fullest_subnets": [*_subnet_documents(report.snapshot)],
        "fragment": fragment_of(report) or None,
        "requirements": [_verdict_document(verdict) for verdict in report.verdicts],
    }


def _pair_document(report: PairReport) -> dict[str, object]:
    pair = report.pair
    return {
        "pair": pair.place,
        "daemon": str(pair.daemon),
        "mode": pair.mode or None,
        "servers": [_side_document(side) for side in pair.sides],
        "unknown_servers": [
            {"server_name": peer.name, "role": peer.role or None, "evidence": peer.evidence} for peer in pair.absent
        ],
        "profile": report.profile.name,
        "requirements": [_verdict_document(verdict) for verdict in report.verdicts],
    }


def _side_document(side: Side) -> dict[str, object]:
    relationship = side.relationship
    return {
        "server": side.server,
        "server_name": side.configured.own_name,
        "role": side.role or None,
        "state": relationship.local.state or None if relationship else None,
    }


def _subnet_documents(snapshot: Snapshot) -> Iterator[dict[str, object]]:
    """Return the fullest subnets: what is leased in their pools, as a share of what these hold, and raw counts."""
    leases, subnets = snapshot.leases, snapshot.subnets
    if isinstance(leases, Failure) or isinstance(subnets, Failure):
        return
    kinds = [fullness_of(leases.subnets, kind) for kind in KINDS]
    networks = dict(zip(subnets.ids, subnets.networks, strict=True))
    for place in fullest_subnets(snapshot, MAX_SUBNETS):
        number = leases.subnets.keys[place]
        for found in (kind[place] for kind in kinds):
            if found is not None:
                yield {
                    "subnet_id": number,
                    "subnet": subnets.by_id.get(number),
                    "shared_network": networks.get(number) or None,
                    "kind": found.kind,
                    "capacity": found.capacity,
                    "assigned": found.assigned,
                    "utilisation": round(found.share, 4),
                    "utilisation_with_reserved": round(found.upper_share, 4),
                }


def _failure_document(failure: Failure | None) -> dict[str, str] | None:
    return {"stage": str(failure.stage), "reason": str(failure.reason)} if failure else None


def _verdict_document(verdict: Verdict) -> dict[str, object]:
    return {
        "id": verdict.requirement.id,
        "severity": str(verdict.severity),
        "status": str(verdict.status),
        "title": verdict.requirement.title,
        "evidence": verdict.evidence,
        "cause": verdict.problems[0].cause.id if verdict.problems else None,
        "remedy": verdict.remedy or None,
        "example": verdict.example or None,
        "problems": [_problem_document(problem) for problem in verdict.problems],
        "failure": _failure_document(verdict.failure),
        "notes": list(verdict.notes),
    }


def _problem_document(problem: Problem) -> dict[str, object]:
    return {
        "cause": problem.cause.id,
        "title": problem.cause.title,
        "count": problem.count,
        "evidence": list(problem.evidence),
        "remedy": problem.remedy,
        "example": problem.example or None,
    }
