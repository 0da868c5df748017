"""Do leases and reservations stand where the IPAM looks for them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.leases import Leases
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Counts
from kea_exporter.requirements.model import Finding, Requirement, Severity, Subject, met, not_applicable, unmet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kea_exporter.config import Profile
    from kea_exporter.facts.leases import LeaseAudit, Misplaced
    from kea_exporter.facts.snapshot import Snapshot

NO_LEASES = "D2 has no leases"
AUDIT_OFF = "the lease audit is off (lease_audit), and what was read anyway hints at nothing"
MOST_SHOWN = 5


def _reservations(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.daemon is Daemon.D2:
        return not_applicable("D2 has no reservations")
    if found := known(snapshot.configuration).hosts_databases:
        return unmet(f"reservations may also stand in a hosts database: {', '.join(found)}")
    return met("no hosts database is configured")


def _no_orphans(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.daemon is Daemon.D2:
        return not_applicable(NO_LEASES)
    audit = known(snapshot.audit)
    if audit is not None:
        wrong, right = "belong to subnet ids that are not configured", "belong to configured subnets"
        return _judged(audit, audit.orphaned, (wrong, right), _WIPE[snapshot.target.daemon])
    if left := _counted(snapshot).left_behind:
        said = ", ".join(f"{count} in id {number}" for number, count in list(left.items())[:MOST_SHOWN])
        evidence = f"the statistics count leases in subnets that are not configured: {said}"
        return unmet(evidence, _LOOK_FIRST, _look_at(snapshot.target.daemon, left))
    return not_applicable(AUDIT_OFF)


def _none_outside(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.daemon is Daemon.D2:
        return not_applicable(NO_LEASES)
    audit = known(snapshot.audit)
    if audit is not None:
        wrong, right = "lie outside the prefix of the subnet whose id they carry", "lie in their subnets"
        return _judged(audit, audit.outside, (wrong, right), _DELETE[snapshot.target.daemon])
    if overfull := sorted(_counted(snapshot).overfull)[:MOST_SHOWN]:
        evidence = f"more leases than addresses are counted in subnet ids {', '.join(map(str, overfull))}"
        return unmet(evidence, _LOOK_FIRST, _look_at(snapshot.target.daemon, overfull))
    return not_applicable(AUDIT_OFF)


def _counted(snapshot: Snapshot) -> Leases:
    """Return the leases as they were counted; none where nobody wants them counted, which hints at nothing."""
    leases = snapshot.leases
    is_off = isinstance(leases, Failure) and leases.reason is Reason.NOT_COLLECTED
    return Leases(Counts((), {})) if is_off else known(leases)


# A statistic has no addresses: the leases may be those of live clients in a subnet that has another id now.
_LOOK_FIRST = (
    "Look at these leases first (lease4-get-all or lease6-get-all, or kea-exporter check --audit-leases): where their "
    "addresses lie in a subnet that was given another id, restore its former id; on a lease database shared with other "
    "servers, they may be of subnets there. Delete only leases whose addresses no client can still use."
)


def _look_at(daemon: Daemon, subnets: Iterable[int]) -> str:
    version = 4 if daemon is Daemon.DHCP4 else 6
    ids = ", ".join(map(str, list(subnets)[:MOST_SHOWN]))
    return f'{{"command": "lease{version}-get-all", "arguments": {{"subnets": [{ids}]}}}}'


_WIPE = {
    Daemon.DHCP4: '{"command": "lease4-wipe", "arguments": {"subnet-id": 1}}',
    Daemon.DHCP6: '{"command": "lease6-wipe", "arguments": {"subnet-id": 1}}',
}
_DELETE = {
    Daemon.DHCP4: '{"command": "lease4-del", "arguments": {"ip-address": "..."}}',
    Daemon.DHCP6: '{"command": "lease6-del", "arguments": {"ip-address": "..."}}',
}


def _judged(audit: LeaseAudit, misplaced: Misplaced, words: tuple[str, str], example: str) -> Finding:
    """Return the verdict of an audit, given the words for leases that are misplaced and for those that are not."""
    wrong, right = words
    if not misplaced.total and not audit.is_complete:
        detail = f"only the first {audit.leases} leases were looked at (max_leases); they {right}"
        raise UnknownFactError(Failure(Stage.COMMAND, Reason.AUDIT_INCOMPLETE, detail))
    if not misplaced.total:
        return met(f"all {audit.leases} leases {right}")
    by_subnet = ", ".join(f"{count} in id {number}" for number, count in list(misplaced.counts.items())[:MOST_SHOWN])
    return unmet(
        f"{misplaced.total} of {audit.leases} leases {wrong}: {by_subnet}; {', '.join(misplaced.examples)}",
        example=example,
    )


REQUIREMENTS = (
    Requirement(
        id="reservations-in-configuration",
        subject=Subject.LEASES,
        short="reservations",
        severity=Severity.RECOMMENDED,
        title="Host reservations stand in the configuration only",
        clause="Hosts reservations are made only in configuration file.",
        rule="neither hosts-database nor hosts-databases is configured.",
        remedy="Move the reservations from the database into the configuration file, and remove hosts-databases; the "
        "IPAM does not see those in a database.",
        judge=_reservations,
        example='{"id": 1, "subnet": "...", "reservations": [{"hw-address": "...", "ip-address": "..."}]}',
    ),
    Requirement(
        id="no-orphaned-leases",
        subject=Subject.LEASES,
        short="no orphans",
        severity=Severity.RECOMMENDED,
        title="No lease belongs to a subnet that is not configured",
        clause="When removing subnets from Kea using IPAM, neither the leases nor the host reservations associated "
        "with a subnet outside the configuration file are removed.",
        rule="every lease carries the id of a configured subnet (from the lease audit, or from left-over statistics).",
        remedy="Delete the leases with lease4-del or lease6-del (lease4-wipe or lease6-wipe for all of an id) before "
        "the subnet id is used again.",
        judge=_no_orphans,
        example=_WIPE[Daemon.DHCP4],
    ),
    Requirement(
        id="no-leases-outside-their-subnet",
        subject=Subject.LEASES,
        short="in subnets",
        severity=Severity.REQUIRED,
        title="Every lease lies in the prefix of its subnet",
        clause="once the subnet is removed, an administrator might create a new subnet reusing the same ID. In that "
        "case, any existing leases or static reservations tied to the old subnet would clash with the new one.",
        rule="the address of every lease lies in the prefix of the subnet whose id it carries (from the lease "
        "audit, or from more leases counted than the prefix has addresses); delegated prefixes are not compared.",
        remedy="Delete the leases of the old subnet with lease4-del or lease6-del, or give the new subnet an id "
        "that was never used.",
        judge=_none_outside,
        example=_DELETE[Daemon.DHCP4],
    ),
)
