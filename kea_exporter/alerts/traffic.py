"""Alerts about dropped packets, allocation failures, unanswered clients and DNS updates."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, PERCENTAGE
from kea_exporter.alerts.thresholds import (
    ALLOCATION_FAILURES_IN_15_MINUTES,
    DDNS_FAILED_SHARE,
    DROPPED_SHARE,
    UNANSWERED_IN_15_MINUTES,
    UNANSWERED_REQUESTS_SHARE,
    UNANSWERED_SHARE,
)
from kea_exporter.alerts.unanswered import Reading, dropped_messages, exchanges

RECEIVED = "daemon:kea_packets_received:rate5m"
DROPPED = "daemon:kea_packets_dropped:rate5m"
DROPPED_SHARE_OF_ALL = "daemon:kea_packets_dropped_per_packets:ratio_rate5m"
UPDATES = "daemon:kea_ddns_updates:rate5m"
FAILED_UPDATES = "daemon:kea_ddns_updates_failed_per_updates:ratio_rate5m"

# Without drops by design: packets for another server, of a standby or backup, and filtered by the administrator.
AT_FAULT = 'reason!~"service_disabled|not_for_us|admin_filtered"'


def drop_ratio(dropped: str, received: str) -> str:
    """Return the share of received packets that are dropped.

    The exporter may read the two counters one after the other: a packet between them is dropped and not yet received.
    """
    return f"clamp_max({dropped} / ({received} > 0), 1)"


def _increase(family: str, label: str, matcher: str) -> str:  # noqa: ARG001 - rules keep all labels
    return f"increase({family}{{{matcher}}}[15m])" if matcher else f"increase({family}[15m])"


# Rules read 15 minutes: unanswered clients retry about once a minute.
IN_RULES = Reading(
    increase=_increase,
    over=lambda operator, expression, label: f"{operator} without ({label}) ({expression})",
    in_a_pair="on (job, instance, server, daemon) kea_ha_info",
)
DROPPED_MESSAGES = "daemon:kea_messages_dropped:increase15m"
ASKED = "daemon:kea_messages_asked:increase15m"
UNANSWERED = "daemon:kea_messages_unanswered:increase15m"
UNANSWERED_SHARE_OF_ALL = "daemon:kea_messages_unanswered_per_messages:ratio_increase15m"


def _unanswered() -> tuple[Recording, ...]:
    found = [Recording(DROPPED_MESSAGES, dropped_messages(IN_RULES))]
    for exchange in exchanges(IN_RULES, DROPPED_MESSAGES):
        labels = (("message", exchange.message),)
        found += [Recording(ASKED, exchange.asked, labels), Recording(UNANSWERED, exchange.unanswered, labels)]
    return (*found, Recording(UNANSWERED_SHARE_OF_ALL, f"{UNANSWERED} / ({ASKED} > 0)"))


def _ddns_without_update() -> str:
    requests = 'sum without (result) (increase(kea_ddns_requests_total{result="received"}[15m]))'
    updates = "sum without (signed) (increase(kea_ddns_updates_sent_total[15m]))"
    return f"1 - {updates} / ({requests} > {UNANSWERED_IN_15_MINUTES}) > {UNANSWERED_SHARE}"


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
        *_unanswered(),
    ),
    alerts=(
        Alert(
            "KeaAllocationFailures",
            Severity.WARNING,
            f"sum without (scope) (increase(kea_allocation_failures_total[15m])) > {ALLOCATION_FAILURES_IN_15_MINUTES}",
            "15m",
            "DHCP clients get no lease",
            f"{DAEMON} had no lease for {COUNT} requests of clients within 15 minutes. "
            "Look for full subnets, and for client classes that leave these clients without a pool. Kea's log names "
            "the subnet of each failure (ALLOC_ENGINE_V4_ALLOC_FAIL, ALLOC_ENGINE_V6_ALLOC_FAIL).",
            Dashboard.TRAFFIC,
        ),
        Alert(
            "KeaClientsUnanswered",
            Severity.WARNING,
            f'({UNANSWERED_SHARE_OF_ALL}{{message!="request"}} > {UNANSWERED_SHARE} or '
            f'{UNANSWERED_SHARE_OF_ALL}{{message="request"}} > {UNANSWERED_REQUESTS_SHARE}) '
            f"and {UNANSWERED} > {UNANSWERED_IN_15_MINUTES}",
            "10m",
            "DHCP clients get no answer",
            f"{DAEMON} does not answer {PERCENTAGE} of the {{{{ $labels.message }}}} messages of its clients. "
            '{{ if eq $labels.message "request" }}If it belongs to a pair, compare the subnet ids of both servers, and '
            "look for rejected lease updates in Kea's log.{{ else }}Look for relays whose address is in no subnet, for "
            "client classes that exclude these clients, and for full subnets.{{ end }}",
            Dashboard.TRAFFIC,
        ),
        Alert(
            "KeaPacketsDropped",
            Severity.WARNING,
            f"{DROPPED_SHARE_OF_ALL} > {DROPPED_SHARE}",
            "15m",
            "Kea daemon drops packets of its clients",
            f"{DAEMON} drops {PERCENTAGE} of the packets that it receives. Check the reasons "
            "(kea_packets_dropped_total), and read Kea's log.",
            Dashboard.TRAFFIC,
        ),
        Alert(
            "KeaDdnsUpdatesFailing",
            Severity.WARNING,
            f"{FAILED_UPDATES} > {DDNS_FAILED_SHARE}",
            "15m",
            "DNS updates for DHCP clients fail",
            f"{PERCENTAGE} of the DNS updates of {DAEMON} fail. Check that the DNS servers under "
            "dns-servers answer, and check the TSIG keys (kea_ddns_key_updates_total).",
            Dashboard.TRAFFIC,
        ),
        Alert(
            "KeaDdnsRequestsUnanswered",
            Severity.WARNING,
            _ddns_without_update(),
            "10m",
            "D2 receives requests but sends no DNS updates",
            f"{DAEMON} sends no DNS update for {PERCENTAGE} of the requests of DHCP servers. Compare the names in the "
            "requests with ddns-domains under forward-ddns and reverse-ddns.",
            Dashboard.TRAFFIC,
        ),
    ),
)
