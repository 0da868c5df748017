"""Requirements on leases and host reservations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.leases import Leases
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Counts
from kea_exporter.requirements.model import MAX_SHOWN as MAX_SENTENCES
from kea_exporter.requirements.model import (
    Cause,
    Finding,
    Requirement,
    Severity,
    Subject,
    met,
    not_applicable,
    problem,
    unmet,
    unmet_for,
)
from kea_exporter.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kea_exporter.config import Profile
    from kea_exporter.facts.leases import LeaseAudit, Misplaced
    from kea_exporter.facts.snapshot import Snapshot

NO_LEASES = "D2 has no leases"
AUDIT_OFF = "the lease audit is off (lease_audit), and the statistics show no such leases"
MAX_SHOWN = 5


def _reservations(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.daemon is Daemon.D2:
        return not_applicable("D2 has no reservations")
    if found := known(snapshot.configuration).hosts_databases:
        return unmet(HOSTS_DATABASE, f"reservations may also be in a hosts database: {', '.join(found)}")
    return met("no hosts database is configured")


def _no_orphans(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.daemon is Daemon.D2:
        return not_applicable(NO_LEASES)
    audit = known(snapshot.audit)
    if audit is not None:
        wrong, right = "carry subnet ids that are not configured", "carry configured subnet ids"
        return _judged(snapshot, audit, audit.orphaned, SUBNET_DELETED, (wrong, right))
    if left := _lease_counts(snapshot).left_behind:
        listed = ", ".join(f"{count} in id {number}" for number, count in list(left.items())[:MAX_SHOWN])
        evidence = f"the statistics count leases in subnets that are not configured: {listed}"
        return unmet(COUNTED_ONLY, evidence, example=_get_leases(snapshot.target.daemon, left))
    return not_applicable(AUDIT_OFF)


def _none_outside(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.daemon is Daemon.D2:
        return not_applicable(NO_LEASES)
    audit = known(snapshot.audit)
    if audit is not None:
        wrong, right = "lie outside the prefix of the subnet whose id they carry", "lie in their subnets"
        return _judged(snapshot, audit, audit.outside, ID_REUSED, (wrong, right))
    if overfull := sorted(_lease_counts(snapshot).overfull)[:MAX_SHOWN]:
        evidence = f"more leases than addresses are counted in subnet ids {', '.join(map(str, overfull))}"
        return unmet(COUNTED_ONLY, evidence, example=_get_leases(snapshot.target.daemon, overfull))
    return not_applicable(AUDIT_OFF)


def _lease_counts(snapshot: Snapshot) -> Leases:
    """Return the lease counts of the statistics; empty if the collector of leases is off."""
    leases = snapshot.leases
    is_off = isinstance(leases, Failure) and leases.reason is Reason.NOT_COLLECTED
    return Leases(Counts((), {})) if is_off else known(leases)


HOSTS_DATABASE = Cause(
    "hosts_database",
    "A hosts database is configured",
    "Move the reservations from the database into the configuration file, and remove hosts-databases; the IPAM does "
    "not read reservations in a database.",
    '{"id": 1, "subnet": "...", "reservations": [{"hw-address": "...", "ip-address": "..."}]}',
)
ID_CHANGED = Cause(
    "id_changed",
    "Leases lie in a subnet that is configured with another id",
    "Give the subnets their former ids again, as the evidence lists them, and send config-reload. Do not delete the "
    "leases: their clients still use them.",
    '"subnet4": [{"id": 6, "subnet": "10.0.6.0/24"}]',
)
DIFFERS_FROM_PARTNER = Cause(
    "differs_from_partner",
    "Leases from the partner carry other subnet ids than this server has for their prefixes",
    "Compare the subnet ids of both partners (subnet4-list, subnet6-list). Give each subnet on both the id that its "
    "leases carry, as the evidence lists them, and send config-reload. Do not delete the leases: their clients still "
    "use them.",
)
SUBNET_DELETED = Cause(
    "subnet_deleted",
    "Leases belong to a subnet that was deleted",
    "If the subnet was deleted by mistake, or a partner or another server on the same lease database still has it, "
    "configure it again with its former id. Otherwise wait until the leases expire. To use the id again sooner, delete "
    "the leases as the last step (lease4-wipe, lease6-wipe): clients that still use their addresses lose them.",
    '{"command": "lease4-get-all", "arguments": {"subnets": [1]}}',
)
ID_REUSED = Cause(
    "id_reused",
    "The id of a deleted subnet was given to another subnet",
    "Give the new subnet an id that was never used, and send config-reload. Then, and only if no client uses the "
    "old subnet any more, delete its leases as the last step (lease4-del, lease6-del): clients that still use their "
    "addresses lose them.",
    '"subnet4": [{"id": 1001, "subnet": "10.0.9.0/24"}]',
)
COUNTED_ONLY = Cause(
    "counted_only",
    "Statistics count leases that do not fit the configured subnets",
    "Inspect these leases first (lease4-get-all or lease6-get-all, or kea-exporter check --audit-leases). If their "
    "addresses lie in a subnet that was given another id, restore its former id. On a lease database that is shared "
    "with other servers they may belong to subnets there. Delete only leases whose addresses no client can still use.",
)


def _get_leases(daemon: Daemon, subnets: Iterable[int]) -> str:
    version = 4 if daemon is Daemon.DHCP4 else 6
    ids = ", ".join(map(str, list(subnets)[:MAX_SHOWN]))
    return f'{{"command": "lease{version}-get-all", "arguments": {{"subnets": [{ids}]}}}}'


def _judged(
    snapshot: Snapshot, audit: LeaseAudit, misplaced: Misplaced, cause: Cause, texts: tuple[str, str]
) -> Finding:
    """Return the finding of an audit; *texts* describe misplaced leases and correct ones."""
    wrong, right = texts
    if not misplaced.total and not audit.is_complete:
        detail = f"only the first {audit.leases} leases were read (max_leases); they {right}"
        raise UnknownFactError(Failure(Stage.COMMAND, Reason.AUDIT_INCOMPLETE, detail))
    if not misplaced.total:
        return met(f"all {audit.leases} leases {right}")
    problems = []
    if misplaced.moved:
        is_paired = not isinstance(snapshot.status, Failure) and bool(snapshot.status.relationships)
        evidence = [
            f"{count} leases with the subnet id {number} lie in {printable(audit.subnets[other])}, which has the id "
            f"{other}"
            for (number, other), count in misplaced.moved.items()
        ]
        if misplaced.others_moved:
            further = f"{misplaced.others_moved} further leases carry these subnet ids, or ids that are not listed"
            evidence.insert(MAX_SENTENCES - 1, further)
        problems.append(problem(DIFFERS_FROM_PARTNER if is_paired else ID_CHANGED, evidence))
    if left := misplaced.in_no_subnet:
        by_subnet = ", ".join(f"{count} in id {number}" for number, count in list(left.items())[:MAX_SHOWN])
        number, examples = sum(left.values()) + misplaced.others, ", ".join(misplaced.examples)
        problems.append(problem(cause, [f"{number} of {audit.leases} leases {wrong}: {by_subnet}; {examples}"]))
    return unmet_for(problems)


REQUIREMENTS = (
    Requirement(
        id="reservations-in-configuration",
        subject=Subject.LEASES,
        short="reservations",
        severity=Severity.RECOMMENDED,
        title="Host reservations must be in the configuration only",
        clause="Hosts reservations are made only in configuration file.",
        rule="neither hosts-database nor hosts-databases is configured.",
        causes=(HOSTS_DATABASE,),
        judge=_reservations,
    ),
    Requirement(
        id="no-orphaned-leases",
        subject=Subject.LEASES,
        short="no orphans",
        severity=Severity.RECOMMENDED,
        title="Every lease must belong to a configured subnet",
        clause="When removing subnets from Kea using IPAM, neither the leases nor the host reservations associated "
        "with a subnet outside the configuration file are removed.",
        rule="every lease carries the id of a configured subnet (from the lease audit or the statistics).",
        causes=(ID_CHANGED, DIFFERS_FROM_PARTNER, SUBNET_DELETED, COUNTED_ONLY),
        judge=_no_orphans,
    ),
    Requirement(
        id="no-leases-outside-their-subnet",
        subject=Subject.LEASES,
        short="in subnets",
        severity=Severity.REQUIRED,
        title="Every lease must lie in the prefix of its subnet",
        clause="once the subnet is removed, an administrator might create a new subnet reusing the same ID. In that "
        "case, any existing leases or static reservations tied to the old subnet would clash with the new one.",
        rule="the address of every lease lies in the prefix of the subnet whose id it carries (from the lease "
        "audit, or from more leases counted than the prefix has addresses); delegated prefixes are not compared.",
        causes=(ID_CHANGED, DIFFERS_FROM_PARTNER, ID_REUSED, COUNTED_ONLY),
        judge=_none_outside,
    ),
)
