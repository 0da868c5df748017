"""Families that count subnets and leases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.failure import known
from kea_exporter.metrics.model import Sample, per_daemon
from kea_exporter.snapshot import ROOT_KEYS, Daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.leases import LeaseAudit
    from kea_exporter.requirements import Report


def _subnets(report: Report) -> Iterator[Sample]:
    daemon, configuration = report.snapshot.target.daemon, known(report.snapshot.configuration)
    if daemon is not Daemon.D2 and configuration.root == ROOT_KEYS[daemon]:
        yield Sample((), len(configuration.subnets))


def _leases(report: Report) -> Iterator[Sample]:
    leases = known(report.snapshot.leases)
    yield Sample(("address", "assigned"), leases.addresses.assigned)
    yield Sample(("address", "declined"), leases.addresses.declined)
    if leases.prefixes is not None:
        yield Sample(("prefix", "assigned"), leases.prefixes.assigned)


def _audit(report: Report, read: Callable[[LeaseAudit], float]) -> Iterator[Sample]:
    audit = known(report.snapshot.audit)
    if audit is not None:
        yield Sample((), read(audit))


FAMILIES = (
    per_daemon("kea_subnets", "Number of configured subnets, those of shared networks included.", _subnets),
    per_daemon(
        "kea_leases",
        "Number of leases in the configured subnets; each lease is in one state: assigned does not hold the declined.",
        _leases,
        ("kind", "state"),
    ),
    per_daemon(
        "kea_leases_orphaned",
        "Leases that belong to a subnet id that is not configured, from the last lease audit.",
        partial(_audit, read=lambda audit: audit.orphaned.total),
    ),
    per_daemon(
        "kea_leases_outside_subnet",
        "Leases whose address lies outside the prefix of their subnet, from the last lease audit.",
        partial(_audit, read=lambda audit: audit.outside.total),
    ),
    per_daemon(
        "kea_lease_audit_timestamp_seconds",
        "When the last lease audit of the current configuration finished.",
        partial(_audit, read=lambda audit: audit.finished_at),
    ),
)
