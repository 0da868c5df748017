"""The table of Kea's statistics: what each is mapped to, or why it is ignored.

Source: Kea ARM, "Statistics in the DHCPv4 Server", "... DHCPv6 Server", "DHCP-DDNS Server Statistics"; names recorded
from Kea 2.6.3, 3.0.3 and 3.2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.statistics import Measure
from kea_exporter.facts.subnets import Count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DHCP4, DHCP6, D2 = Daemon.DHCP4, Daemon.DHCP6, Daemon.D2


class Scope(StrEnum):
    """What a statistic is about, as the front of its name tells."""

    DAEMON = ""
    SUBNET = "subnet[]."
    POOL = "subnet[].pool[]."
    PD_POOL = "subnet[].pd-pool[]."
    KEY = "key[]."


@dataclass(frozen=True)
class Row:
    """One statistic.

    Attributes:
        name: without its scope.
        meaning: what it is mapped to; None where it is ignored.
        labels: values of the labels of a measure, where the name of a key goes in front, or of a count.
        ignored: why it is ignored.
    """

    daemon: Daemon
    scope: Scope
    name: str
    meaning: Measure | Count | None
    labels: tuple[str, ...] = ()
    ignored: str = ""


RECEIVED = {
    DHCP4: "ack decline discover inform lease-query nak offer release request unknown",
    DHCP6: "addr-reg-inform addr-reg-reply advertise decline dhcpv4-query dhcpv4-response infrequest lease-query "
    "rebind release renew reply request solicit unknown",
}
SENT = {
    DHCP4: "ack lease-query-response-active lease-query-response-unassigned lease-query-response-unknown nak offer",
    DHCP6: "addr-reg-reply advertise dhcpv4-response lease-query-reply reply",
}
# All but the first since Kea 3.1.4, where each dropped packet has one of them.
REASONS = (
    "parse-failed admin-filtered duplicate limit-exceeded not-for-us processing-failed queue-full rfc-violation "
    "service-disabled"
)
COUNTS = {
    DHCP4: {
        "total-addresses": Count.ADDRESSES,
        "assigned-addresses": Count.ADDRESSES_ASSIGNED,
        "declined-addresses": Count.ADDRESSES_DECLINED,
        "cumulative-assigned-addresses": Count.ADDRESS_ASSIGNMENTS,
    },
    DHCP6: {
        "total-nas": Count.ADDRESSES,
        "assigned-nas": Count.ADDRESSES_ASSIGNED,
        "declined-addresses": Count.ADDRESSES_DECLINED,
        "registered-nas": Count.ADDRESSES_REGISTERED,
        "cumulative-assigned-nas": Count.ADDRESS_ASSIGNMENTS,
        "total-pds": Count.PREFIXES,
        "assigned-pds": Count.PREFIXES_ASSIGNED,
        "cumulative-assigned-pds": Count.PREFIX_ASSIGNMENTS,
    },
}
# By the ends of their names. Kea has such a statistic of a subnet from the first failure on (measured).
FAILURES = {"subnet": Count.ALLOCATION_FAILURES, "shared-network": Count.ALLOCATION_FAILURES_OF_NETWORK}
OF_PD_POOLS = {Count.PREFIXES, Count.PREFIXES_ASSIGNED, Count.PREFIX_ASSIGNMENTS}
OF_ADDRESS_POOLS = {
    Count.ADDRESSES,
    Count.ADDRESSES_ASSIGNED,
    Count.ADDRESSES_DECLINED,
    Count.ADDRESS_ASSIGNMENTS,
}
REUSES = {
    DHCP4: {"v4-lease-reuses": "address"},
    DHCP6: {"v6-ia-na-lease-reuses": "address", "v6-ia-pd-lease-reuses": "prefix"},
}
ASSIGNMENTS = {
    DHCP4: {"cumulative-assigned-addresses": "address"},
    DHCP6: {"cumulative-assigned-nas": "address", "cumulative-assigned-pds": "prefix"},
}

# What is left of all that were dropped when those of the named reasons are taken off.
OTHER_REASON = "other"

SUMMED = "the sum of the others"
BY_SUBNET = "the subnets have it"
BY_DAEMON = "the daemon as a whole has it"
OVERLAPPING = "every failure once more: each client is in a class"


def _packets(daemon: Daemon) -> Iterator[Row]:
    prefix = "pkt4" if daemon is DHCP4 else "pkt6"
    # Not the sums of the messages: what is dropped early counts as received, and as no message (measured).
    yield _row(daemon, f"{prefix}-received", Measure.PACKETS_RECEIVED)
    yield _row(daemon, f"{prefix}-sent", Measure.PACKETS_SENT)
    for message in RECEIVED[daemon].split():
        yield _row(daemon, f"{prefix}-{message}-received", Measure.MESSAGES_RECEIVED, _label(message))
    for message in SENT[daemon].split():
        yield _row(daemon, f"{prefix}-{message}-sent", Measure.MESSAGES_SENT, _label(message))
    for reason in REASONS.split():
        yield _row(daemon, f"{prefix}-{reason}", Measure.PACKETS_DROPPED, _label(reason))
    yield _row(daemon, f"{prefix}-receive-drop", Measure.PACKETS_DROPPED, OTHER_REASON)


def _failures(daemon: Daemon) -> Iterator[Row]:
    # One failure counts once by scope, and once by cause (Kea ARM; measured).
    name = "v4-allocation-fail" if daemon is DHCP4 else "v6-allocation-fail"
    yield _row(daemon, f"{name}-subnet", Measure.ALLOCATION_FAILURES, "subnet")
    yield _row(daemon, f"{name}-shared-network", Measure.ALLOCATION_FAILURES, "shared_network")
    yield _row(daemon, f"{name}-no-pools", Measure.ALLOCATION_FAILURES_BY_CAUSE, "no_pools")
    yield _row(daemon, name, Measure.ALLOCATION_FAILURES_BY_CAUSE, "no_free_lease")
    yield from _ignored(daemon, Scope.DAEMON, OVERLAPPING, f"{name}-classes")
    for part, count in FAILURES.items():
        yield Row(daemon, Scope.SUBNET, f"{name}-{part}", count, (_label(part),))
    yield from _ignored(daemon, Scope.SUBNET, BY_DAEMON, name, f"{name}-classes", f"{name}-no-pools")


def _leases(daemon: Daemon) -> Iterator[Row]:
    for name, kind in REUSES[daemon].items():
        yield _row(daemon, name, Measure.LEASE_REUSES, kind)
    for name, kind in ASSIGNMENTS[daemon].items():
        yield _row(daemon, name, Measure.LEASE_ASSIGNMENTS, kind)
    yield _row(daemon, "reclaimed-leases", Measure.LEASES_RECLAIMED)
    yield _row(daemon, "reclaimed-declined-addresses", Measure.DECLINED_RECLAIMED)
    counted = {Scope.SUBNET: set(COUNTS[daemon].values()), Scope.POOL: OF_ADDRESS_POOLS, Scope.PD_POOL: OF_PD_POOLS}
    for scope, counts in counted.items():
        yield from (Row(daemon, scope, name, count) for name, count in COUNTS[daemon].items() if count in counts)
    yield Row(daemon, Scope.SUBNET, "reclaimed-leases", Count.LEASES_RECLAIMED)
    yield from _ignored(daemon, Scope.SUBNET, BY_DAEMON, "reclaimed-declined-addresses", *REUSES[daemon])
    yield from _ignored(daemon, Scope.POOL, BY_DAEMON, "reclaimed-leases", "reclaimed-declined-addresses")


def _dhcp4() -> Iterator[Row]:
    yield from (*_packets(DHCP4), *_failures(DHCP4), *_leases(DHCP4))
    yield _row(DHCP4, "v4-reservation-conflicts", Measure.RESERVATION_CONFLICTS)
    yield from _ignored(DHCP4, Scope.SUBNET, BY_DAEMON, "v4-reservation-conflicts")
    yield from _ignored(DHCP4, Scope.DAEMON, BY_SUBNET, "assigned-addresses", "declined-addresses")


def _dhcp6() -> Iterator[Row]:
    yield from (*_packets(DHCP6), *_failures(DHCP6), *_leases(DHCP6))
    yield _row(DHCP6, "cumulative-registered-nas", Measure.ADDRESS_REGISTRATIONS)
    yield from _ignored(DHCP6, Scope.SUBNET, BY_DAEMON, "cumulative-registered-nas")
    yield from _ignored(DHCP6, Scope.PD_POOL, BY_DAEMON, "reclaimed-leases")
    yield from _ignored(DHCP6, Scope.DAEMON, BY_SUBNET, "assigned-nas", "assigned-pds", "declined-addresses")
    yield from _ignored(DHCP6, Scope.DAEMON, BY_SUBNET, "registered-nas")


def _d2() -> Iterator[Row]:
    for result in ("received", "invalid", "error"):
        yield _row(D2, f"ncr-{result}", Measure.DDNS_REQUESTS, result)
    yield _row(D2, "queue-mgr-queue-full", Measure.DDNS_QUEUE_FULL)
    for name, signed in (("update-signed", "true"), ("update-unsigned", "false")):
        yield _row(D2, name, Measure.DDNS_UPDATES_SENT, signed)
    yield from _ignored(D2, Scope.DAEMON, SUMMED, "update-sent")
    for result in ("success", "timeout", "error"):
        yield _row(D2, f"update-{result}", Measure.DDNS_UPDATES, result)
        yield Row(D2, Scope.KEY, f"update-{result}", Measure.DDNS_KEY_UPDATES, (result,))
    yield Row(D2, Scope.KEY, "update-sent", Measure.DDNS_KEY_UPDATES_SENT)


def _row(daemon: Daemon, name: str, measure: Measure, *labels: str) -> Row:
    return Row(daemon, Scope.DAEMON, name, measure, labels)


def _ignored(daemon: Daemon, scope: Scope, reason: str, *names: str) -> Iterator[Row]:
    return (Row(daemon, scope, name, None, ignored=reason) for name in names)


def _label(name: str) -> str:
    return name.replace("-", "_")


TABLE: tuple[Row, ...] = (*_dhcp4(), *_dhcp6(), *_d2())
BY_NAME: Mapping[tuple[Daemon, Scope], Mapping[str, Row]] = MappingProxyType(
    {
        (daemon, scope): {row.name: row for row in TABLE if row.daemon is daemon and row.scope is scope}
        for daemon in Daemon
        for scope in Scope
    }
)
