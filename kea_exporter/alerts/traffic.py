"""Alerts about packets, leases that were not given, and DNS updates."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, PERCENTAGE
from kea_exporter.alerts.thresholds import ALLOCATION_FAILURES_IN_15_MINUTES, DDNS_FAILED_SHARE, DROPPED_SHARE

RECEIVED = "daemon:kea_packets_received:rate5m"
DROPPED = "daemon:kea_packets_dropped:rate5m"
DROPPED_SHARE_OF_ALL = "daemon:kea_packets_dropped_per_packets:ratio_rate5m"
UPDATES = "daemon:kea_ddns_updates:rate5m"
FAILED_UPDATES = "daemon:kea_ddns_updates_failed_per_updates:ratio_rate5m"

# Drops that are not at fault: another server's packets, a standby's or backup's, and what the administrator filters.
AT_FAULT = 'reason!~"service_disabled|not_for_us|admin_filtered"'


def drop_ratio(dropped: str, received: str) -> str:
    """Return the ratio of two rates: of dropped packets at fault, and of all packets received.

    Kea may be asked for the two counters one after the other: a packet between them is dropped and not yet received.
    """
    return f"clamp_max({dropped} / ({received} > 0), 1)"


GROUP = Group(
    "kea-traffic",
    recordings=(
        Recording(RECEIVED, "rate(kea_packets_received_total[5m])"),
        Recording(DROPPED, f"sum without (reason) (rate(kea_packets_dropped_total{{{AT_FAULT}}}[5m]))"),
        Recording(DROPPED_SHARE_OF_ALL, drop_ratio(DROPPED, RECEIVED)),
        Recording(UPDATES, "sum without (result) (rate(kea_ddns_updates_total[5m]))"),
        Recording(
            FAILED_UPDATES,
            f'sum without (result) (rate(kea_ddns_updates_total{{result!="success"}}[5m])) / ({UPDATES} > 0)',
        ),
    ),
    alerts=(
        Alert(
            "KeaAllocationFailures",
            Severity.WARNING,
            f"sum without (scope) (increase(kea_allocation_failures_total[15m])) > {ALLOCATION_FAILURES_IN_15_MINUTES}",
            "15m",
            "DHCP clients get no lease.",
            f"{DAEMON} had no lease for {COUNT} requests of clients within a quarter of an hour. "
            "Look for full subnets, and for clients that no pool is meant for: see "
            "kea_allocation_failures_by_cause_total.",
            Dashboard.TRAFFIC,
        ),
        Alert(
            "KeaPacketsDropped",
            Severity.WARNING,
            f"{DROPPED_SHARE_OF_ALL} > {DROPPED_SHARE}",
            "15m",
            "A Kea daemon drops packets of its clients.",
            f"{DAEMON} drops {PERCENTAGE} of the packets that it receives. Look at the reasons "
            "(kea_packets_dropped_total) and into Kea's log.",
            Dashboard.TRAFFIC,
        ),
        Alert(
            "KeaDdnsUpdatesFailing",
            Severity.WARNING,
            f"{FAILED_UPDATES} > {DDNS_FAILED_SHARE}",
            "15m",
            "DNS updates for DHCP clients fail.",
            f"{PERCENTAGE} of the DNS updates of {DAEMON} fail. Check that the DNS servers under "
            "dns-servers answer, and the TSIG keys (kea_ddns_key_updates_total).",
            Dashboard.TRAFFIC,
        ),
    ),
)
