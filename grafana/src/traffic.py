"""DHCP traffic: packets, messages, leases, DNS updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.document import Built, Section, dashboard
from grafana.src.looks import (
    ALLOCATION_FAILURES,
    DDNS_FAILED,
    DROPPED,
    PACKETS,
    PER_SECOND,
    SECONDS,
    UNANSWERED,
    Look,
)
from grafana.src.panels import Query, Words, lines
from grafana.src.queries import AS_FAR_AS_READ, NOT_READ, gauge, of, rate, total
from grafana.src.tables import Column, table_of
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.traffic import AT_FAULT, drop_ratio
from kea_exporter.alerts.unanswered import Reading, dropped_messages, exchanges

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

DAEMON = "{{server}} {{daemon}}"
NOTHING_YET = "Nothing was counted, or the daemon was scraped only once"
NO_D2 = "No D2 daemon answers, or it was scraped only once"
NO_KEYS = "No D2 daemon has sent updates signed by a TSIG key"


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.TRAFFIC,
        "Kea / DHCP traffic",
        "Packets and messages, leases, unanswered clients, and DNS updates.",
        [
            Section("Packets", _packets()),
            Section("Leases", _leases()),
            Section("Clients without a lease", _failures()),
            Section("DNS updates", _ddns()),
        ],
    )


# Expressions for the counters of unanswered messages, as in the rules.
IN_PANELS = Reading(
    increase=lambda family, label, matcher: rate(family, *([label] if label else []), where=matcher),
    over=lambda operator, expression, _: f"{operator} by (server, daemon) ({expression})",
    in_a_pair=f"on (server, daemon) {of('kea_ha_info')}",
)


def _counted(  # noqa: PLR0913, PLR0917 - what differs from panel to panel
    family: str, title: str, description: str, label: str, width: int = 12, look: Look = PER_SECOND
) -> Built:
    """Return the panel of a counter by one label, summed over all daemons."""
    return lines(
        Words(title, description, NOTHING_YET),
        [Query(total(rate(family, label), label), f"{{{{{label}}}}}")],
        look,
        width,
        stacked=True,
    )


def _per_daemon(family: str, title: str, description: str, nothing: str = NOTHING_YET) -> Built:
    return lines(Words(title, description, nothing), [Query(rate(family), DAEMON)], PER_SECOND, width=8)


def _packets() -> list[Built]:
    dropped = total(rate("kea_packets_dropped_total", "reason", where=AT_FAULT), "server", "daemon")
    return [
        _counted("kea_messages_received_total", "Messages received", f"DHCP messages. {AS_FAR_AS_READ}", "message"),
        _counted("kea_messages_sent_total", "Messages sent", f"DHCP messages. {AS_FAR_AS_READ}", "message"),
        _counted("kea_packets_dropped_total", "Packets dropped", "Packets dropped, by reason.", "reason", look=PACKETS),
        lines(
            Words(
                "Drop ratio",
                "Share of the packets that a daemon received. Drops by design do not count: packets for other servers, "
                "while the service is disabled, or filtered by the administrator.",
                NOTHING_YET,
            ),
            [Query(drop_ratio(dropped, rate("kea_packets_received_total")), DAEMON)],
            DROPPED,
        ),
    ]


def _leases() -> list[Built]:
    return [
        _counted(
            "kea_lease_assignments_total", "Assigned", f"Leases assigned; renewals do not count. {NOT_READ}", "kind"
        ),
        _counted(
            "kea_lease_reuses_total",
            "Reused",
            f"Leases that Kea assigned again from the lease cache. {NOT_READ}",
            "kind",
        ),
        _per_daemon("kea_leases_reclaimed_total", "Reclaimed", f"Expired leases that Kea reclaimed. {NOT_READ}"),
        _per_daemon(
            "kea_declined_addresses_reclaimed_total",
            "Declined and reclaimed",
            f"Declined addresses that returned to their pools. {NOT_READ}",
        ),
        _per_daemon(
            "kea_address_registrations_total",
            "Registered",
            f"Addresses that DHCPv6 clients registered (RFC 9686). {NOT_READ}",
            "No DHCPv6 daemon counts registered addresses",
        ),
    ]


def _failures() -> list[Built]:
    return [
        _unanswered(),
        lines(
            Words(
                "Response times",
                "Mean and highest time from a message to its answer, measured by the hook library perfmon.",
                "No daemon has the hook library perfmon loaded",
            ),
            [
                Query(gauge("kea_response_time_mean_seconds", "exchange"), f"{DAEMON} {{{{exchange}}}}: mean"),
                Query(gauge("kea_response_time_peak_seconds", "exchange"), f"{DAEMON} {{{{exchange}}}}: peak"),
            ],
            SECONDS,
            width=24,
        ),
        lines(
            Words("Allocation failures", "Requests without a lease, by daemon.", NOTHING_YET),
            [Query(total(rate("kea_allocation_failures_total", "scope"), "server", "daemon"), DAEMON)],
            ALLOCATION_FAILURES,
        ),
        lines(
            Words("Reservation conflicts", f"Reserved addresses that another client uses. {NOT_READ}", NOTHING_YET),
            [Query(rate("kea_reservation_conflicts_total"), DAEMON)],
            PER_SECOND,
        ),
        _counted("kea_allocation_failures_total", "Allocation failures by scope", "Subnet or shared network.", "scope"),
        _counted(
            "kea_allocation_failures_by_cause_total",
            "Allocation failures by cause",
            f"Kea's cause of each failure. {NOT_READ}",
            "cause",
        ),
    ]


def _unanswered() -> Built:
    dropped = dropped_messages(IN_PANELS)
    return lines(
        Words(
            "Unanswered messages",
            "Share of the messages of clients without an answer. For DHCPv4, only requests that follow an offer count; "
            "messages for another server do not count.",
            NOTHING_YET,
        ),
        [
            Query(f"clamp_min(({exchange.unanswered}) / (({exchange.asked}) > 0), 0)", f"{DAEMON} {exchange.message}")
            for exchange in exchanges(IN_PANELS, dropped)
        ],
        UNANSWERED,
        width=24,
    )


def _ddns() -> list[Built]:
    result = total(rate("kea_ddns_updates_total", "result"), "server", "daemon")
    failed = total(rate("kea_ddns_updates_total", "result", where='result!="success"'), "server", "daemon")
    return [
        lines(
            Words("Requests", "Requests of DHCP servers by result, and requests while the queue was full.", NO_D2),
            [
                Query(total(rate("kea_ddns_requests_total", "result"), "result"), "{{result}}"),
                Query(total(rate("kea_ddns_queue_full_total")), "queue full"),
            ],
            PER_SECOND,
        ),
        lines(
            Words("Updates", "DNS updates sent, and results.", NO_D2),
            [
                Query(total(rate("kea_ddns_updates_sent_total", "signed"), "signed"), "sent, signed: {{signed}}"),
                Query(total(rate("kea_ddns_updates_total", "result"), "result"), "{{result}}"),
            ],
            PER_SECOND,
        ),
        lines(
            Words("Failure ratio", "Share of the DNS updates of a daemon that fail.", "No DNS updates were sent"),
            [Query(f"{failed} / ({result} > 0)", DAEMON)],
            DDNS_FAILED,
        ),
        _keys(),
    ]


def _keys() -> Built:
    key = ("server", "daemon", "key")
    return table_of(
        Words("By TSIG key", "Signed updates per second, and failed ones.", NO_KEYS),
        labels=key,
        columns={
            "sent": Column(rate("kea_ddns_key_updates_sent_total", "key"), PER_SECOND),
            "failed": Column(
                total(rate("kea_ddns_key_updates_total", "key", "result", where='result!="success"'), *key),
                PER_SECOND,
            ),
        },
        sort="sent",
        descending=True,
        width=12,
    )
