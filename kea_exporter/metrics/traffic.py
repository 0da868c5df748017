"""Families of what a daemon counted since its start: one family a measure, real counters all of them."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.facts.statistics import Measure
from kea_exporter.metrics.model import Family, Kind, Sample, per_daemon

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kea_exporter.requirements import Report

SOURCE = "statistic-global-get-all, statistic-get-all or statistic-get"
# Name and meaning of the family of each measure.
NAMED = {
    Measure.PACKETS_RECEIVED: (
        "kea_packets_received_total",
        "Datagrams received, those included that Kea then drops; not the sum of the messages.",
    ),
    Measure.PACKETS_SENT: ("kea_packets_sent_total", "Datagrams sent; not the sum of the messages."),
    Measure.PACKETS_DROPPED: (
        "kea_packets_dropped_total",
        "Datagrams dropped, each for one reason; other: those whose reason Kea does not name or is not asked for.",
    ),
    Measure.MESSAGES_RECEIVED: (
        "kea_messages_received_total",
        "DHCP messages received, by type, as far as Kea is asked for them; what it drops unread is none.",
    ),
    Measure.MESSAGES_SENT: (
        "kea_messages_sent_total",
        "DHCP messages sent, by type, as far as Kea is asked for them.",
    ),
    Measure.ALLOCATION_FAILURES: (
        "kea_allocation_failures_total",
        "Clients that got no lease, by where one was looked for: in a subnet or in a whole shared network.",
    ),
    Measure.ALLOCATION_FAILURES_BY_CAUSE: (
        "kea_allocation_failures_by_cause_total",
        "The same clients by cause: no_pools that they may use, or no_free_lease in those pools.",
    ),
    Measure.LEASE_ASSIGNMENTS: ("kea_lease_assignments_total", "Leases assigned to clients; renewals do not count."),
    Measure.LEASE_REUSES: ("kea_lease_reuses_total", "Leases given to the same client again from the lease cache."),
    Measure.ADDRESS_REGISTRATIONS: (
        "kea_address_registrations_total",
        "Addresses that DHCPv6 clients registered (RFC 9686).",
    ),
    Measure.LEASES_RECLAIMED: ("kea_leases_reclaimed_total", "Expired leases taken back."),
    Measure.DECLINED_RECLAIMED: (
        "kea_declined_addresses_reclaimed_total",
        "Declined addresses that went back to their pools.",
    ),
    Measure.RESERVATION_CONFLICTS: (
        "kea_reservation_conflicts_total",
        "Reserved addresses that could not be assigned because another client had them.",
    ),
    Measure.DDNS_REQUESTS: (
        "kea_ddns_requests_total",
        "Requests of DHCP servers for DNS updates: received and well formed, invalid, or lost to an error.",
    ),
    Measure.DDNS_QUEUE_FULL: ("kea_ddns_queue_full_total", "Times that the queue of requests was full."),
    Measure.DDNS_UPDATES_SENT: ("kea_ddns_updates_sent_total", "DNS updates sent, signed by a TSIG key or not."),
    Measure.DDNS_UPDATES: (
        "kea_ddns_updates_total",
        "DNS updates by their result; Kea calls every answer that it can read a success, refusals too.",
    ),
    Measure.DDNS_KEY_UPDATES_SENT: ("kea_ddns_key_updates_sent_total", "DNS updates sent, by TSIG key."),
    Measure.DDNS_KEY_UPDATES: ("kea_ddns_key_updates_total", "DNS updates signed by a TSIG key, by their result."),
}


def _counted(report: Report, measure: Measure) -> Iterable[Sample]:
    counted = known(report.snapshot.statistics).values.get(measure, {})
    return [Sample(labels, value) for labels, value in counted.items()]


FAMILY_OF: Mapping[Measure, Family] = MappingProxyType(
    {
        measure: per_daemon(name, text, partial(_counted, measure=measure), measure.labels, Kind.COUNTER, SOURCE)
        for measure, (name, text) in NAMED.items()
    }
)
FAMILIES = tuple(FAMILY_OF.values())
