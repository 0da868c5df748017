"""Counters of a daemon since its start, one family per measure."""

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
        "Datagrams received, including those that Kea drops; not the sum of the messages.",
    ),
    Measure.PACKETS_SENT: ("kea_packets_sent_total", "Datagrams sent; not the sum of the messages."),
    Measure.PACKETS_DROPPED: (
        "kea_packets_dropped_total",
        "Datagrams dropped by reason; other: Kea has no statistic for the reason, or it is not queried.",
    ),
    Measure.MESSAGES_RECEIVED: (
        "kea_messages_received_total",
        "DHCP messages received by type, for the queried types; excludes datagrams that Kea drops unparsed.",
    ),
    Measure.MESSAGES_SENT: (
        "kea_messages_sent_total",
        "DHCP messages sent by type, for the queried types.",
    ),
    Measure.ALLOCATION_FAILURES: (
        "kea_allocation_failures_total",
        "Allocation failures by scope of the search: a subnet or a whole shared network.",
    ),
    Measure.ALLOCATION_FAILURES_BY_CAUSE: (
        "kea_allocation_failures_by_cause_total",
        "Allocation failures by cause: no_pools that the client may use, or no_free_lease in these pools.",
    ),
    Measure.LEASE_ASSIGNMENTS: ("kea_lease_assignments_total", "Leases assigned to clients, excluding renewals."),
    Measure.LEASE_REUSES: ("kea_lease_reuses_total", "Leases that lease caching reused for the same client."),
    Measure.ADDRESS_REGISTRATIONS: (
        "kea_address_registrations_total",
        "Addresses that DHCPv6 clients registered (RFC 9686).",
    ),
    Measure.LEASES_RECLAIMED: ("kea_leases_reclaimed_total", "Expired leases reclaimed."),
    Measure.DECLINED_RECLAIMED: (
        "kea_declined_addresses_reclaimed_total",
        "Declined addresses recovered after the probation period.",
    ),
    Measure.RESERVATION_CONFLICTS: (
        "kea_reservation_conflicts_total",
        "Reserved addresses that could not be assigned because another client uses them.",
    ),
    Measure.DDNS_REQUESTS: (
        "kea_ddns_requests_total",
        "Name change requests from DHCP servers by result: received and valid, invalid, or failed.",
    ),
    Measure.DDNS_QUEUE_FULL: (
        "kea_ddns_queue_full_total",
        "Number of times that the queue of name change requests was full.",
    ),
    Measure.DDNS_UPDATES_SENT: ("kea_ddns_updates_sent_total", "DNS updates sent, with or without a TSIG signature."),
    Measure.DDNS_UPDATES: (
        "kea_ddns_updates_total",
        "DNS updates by result; Kea counts every readable answer as a success, including refusals.",
    ),
    Measure.DDNS_KEY_UPDATES_SENT: ("kea_ddns_key_updates_sent_total", "DNS updates sent by TSIG key."),
    Measure.DDNS_KEY_UPDATES: ("kea_ddns_key_updates_total", "DNS updates by TSIG key and result."),
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
