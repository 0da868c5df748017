"""Families about subnets and leases."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.metrics.model import Sample, one, per_daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.facts.configuration import Configuration
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.requirements import Report


def _configured(report: Report, read: Callable[[Configuration], float]) -> Iterable[Sample]:
    known(report.snapshot.subnets)  # of the expected daemon, and one with subnets
    return one(read(known(report.snapshot.configuration)))


def _leases(report: Report) -> Iterator[Sample]:
    leases = known(report.snapshot.leases)
    addresses = known(leases.addresses)
    yield Sample(("address", "assigned"), addresses.assigned)
    yield Sample(("address", "declined"), addresses.declined)
    if report.snapshot.target.daemon is Daemon.DHCP6:
        yield Sample(("prefix", "assigned"), known(leases.prefixes).assigned)


def _lease_database(report: Report) -> Iterator[Sample]:
    known(report.snapshot.subnets)  # of the expected daemon
    configuration = known(report.snapshot.configuration)
    if configuration.lease_database:
        persistent = "true" if configuration.keeps_leases else "false"
        yield Sample((configuration.lease_database, persistent, configuration.shared_database), 1)


def _audit(report: Report, read: Callable[[LeaseAudit], float]) -> Iterable[Sample]:
    audit = known(report.snapshot.audit)
    return one(None if audit is None else read(audit))


FAMILIES = (
    per_daemon(
        "kea_subnets",
        "Number of configured subnets, including those in shared networks.",
        lambda report: one(len(known(report.snapshot.subnets).ids)),
        source="subnet4-list, subnet6-list or config-get",
    ),
    per_daemon(
        "kea_shared_networks",
        "Number of configured shared networks when the configuration was last read.",
        partial(_configured, read=lambda configuration: configuration.shared_networks),
        source="config-get",
    ),
    per_daemon(
        "kea_reservations",
        "Number of host reservations in the configuration when it was last read.",
        partial(_configured, read=lambda configuration: configuration.reservations),
        source="config-get",
    ),
    per_daemon(
        "kea_lease_database_info",
        "Type of the lease database; persistent is true if leases survive a restart; database is a hash of type, host "
        "and name, equal on servers that share a database and empty for a local one; always 1.",
        _lease_database,
        ("type", "persistent", "database"),
        source="config-get",
    ),
    per_daemon(
        "kea_leases",
        "Number of leases in the configured subnets by state; assigned excludes declined leases.",
        _leases,
        ("kind", "state"),
        source="stat-lease4-get, stat-lease6-get or statistic-get-all",
    ),
    per_daemon(
        "kea_leases_orphaned",
        "Leases whose subnet id is not configured, from the last lease audit.",
        partial(_audit, read=lambda audit: audit.orphaned.total),
        source="lease4-get-page, lease6-get-page",
    ),
    per_daemon(
        "kea_leases_outside_subnet",
        "Leases whose address is outside the prefix of their subnet, from the last lease audit.",
        partial(_audit, read=lambda audit: audit.outside.total),
        source="lease4-get-page, lease6-get-page",
    ),
    per_daemon(
        "kea_leases_under_another_id",
        "Leases of subnets that have another id now, delegated prefixes included, from the last lease audit.",
        partial(_audit, read=lambda audit: audit.orphaned.under_another_id + audit.outside.under_another_id),
        source="lease4-get-page, lease6-get-page",
    ),
    per_daemon(
        "kea_lease_audit_timestamp_seconds",
        "Unix time at which the last lease audit of the current configuration finished.",
        partial(_audit, read=lambda audit: audit.finished_at),
        source="lease4-get-page, lease6-get-page",
    ),
)
