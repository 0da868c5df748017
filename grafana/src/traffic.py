"""DHCP traffic: whether clients get answers, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.ddns import DDNS_FAILURE_RATIO, ddns
from grafana.src.document import Built, Section, dashboard
from grafana.src.links import to
from grafana.src.looks import (
    ALLOCATION_FAILURES,
    ANSWERS,
    DDNS_FAILED,
    DROPPED,
    MILLISECONDS,
    PACKETS,
    PER_SECOND,
    REFUSED_REQUESTS,
    UNANSWERED,
    UNANSWERED_DISCOVERS,
    UNANSWERED_REQUESTS,
    Look,
)
from grafana.src.panels import Query, Stat, Words, lines, stat_row
from grafana.src.queries import (
    AS_FAR_AS_READ,
    NOT_READ,
    ever,
    gauge,
    greatest,
    of_daemon,
    rate,
    refused,
    total,
)
from grafana.src.tables import Column, table_of
from grafana.src.unanswered import UNANSWERED_MEANS, UNANSWERED_SHARES
from kea_exporter.alerts.model import Dashboard
from kea_exporter.alerts.thresholds import (
    ALLOCATION_FAILURES_IN_15_MINUTES,
    DROPPED_SHARE,
    UNANSWERED_REQUESTS_SHARE,
    UNANSWERED_SHARE,
)
from kea_exporter.alerts.traffic import AT_FAULT, drop_ratio

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder

TOP, ROWS = 10, 100
DAEMON = "{{server}} {{daemon}}"
NOTHING_YET = "Nothing was counted, or the daemon was scraped only once"
NO_PERFMON = "No daemon has the hook library perfmon loaded"
OF_FAMILIES = {"DHCPv4": "dhcp4", "DHCPv6": "dhcp6"}
MEAN = gauge("kea_response_time_mean_seconds", "exchange")


def build() -> Builder:
    """Return the dashboard."""
    return dashboard(
        Dashboard.TRAFFIC,
        "Kea / DHCP traffic",
        "Do clients get answers, and how fast?",
        [
            Section("", stat_row(_glance())),
            Section("", [_daemons(), _unanswered()]),
            Section("Messages", _messages()),
            Section("Drops, failures and response times", _problems()),
            Section("Leases", _leases(), collapsed=True),
            Section("Causes of drops and failures", _causes(), collapsed=True),
            Section("DNS updates", ddns(), collapsed=True),
        ],
    )


DROP_RATIO = drop_ratio(
    total(rate("kea_packets_dropped_total", "reason", where=AT_FAULT), "server", "daemon"),
    rate("kea_packets_received_total"),
)
REFUSED_BY_DAEMON = total(refused("15m"), "server", "daemon")


def _glance() -> list[Stat]:
    return [
        Stat(
            Words(
                "Unanswered",
                f"The highest share of one daemon, by type of message. {UNANSWERED_MEANS}",
                "No daemon received enough messages for a share",
            ),
            [
                Query(f"max({share})", message, UNANSWERED_REQUESTS if message == "request" else UNANSWERED_DISCOVERS)
                for message, share in UNANSWERED_SHARES.items()
            ],
            UNANSWERED_DISCOVERS,
            to(Dashboard.PAIRS),
        ),
        Stat(
            Words("Dropped", "The highest share of packets of one daemon, without drops by design.", NOTHING_YET),
            [Query(f"max({DROP_RATIO})")],
            DROPPED,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Refused in 15 minutes", "The most requests without a lease of one daemon.", NOTHING_YET),
            [Query(f"max({REFUSED_BY_DAEMON})")],
            REFUSED_REQUESTS,
            to(Dashboard.SUBNETS),
        ),
        Stat(
            Words("DNS updates failing", "The highest share of one D2 daemon.", "No DNS updates were sent"),
            [Query(f"max({DDNS_FAILURE_RATIO})")],
            DDNS_FAILED,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Slowest response", "The highest mean of one daemon and type of message.", NO_PERFMON),
            [Query(f"max({MEAN})")],
            MILLISECONDS,
            to(Dashboard.SERVER),
        ),
        Stat(
            Words("Packets received", "By all daemons together.", NOTHING_YET),
            [
                Query(total(rate("kea_packets_received_total", where=of_daemon(daemon))), name)
                for name, daemon in OF_FAMILIES.items()
            ],
            PACKETS,
            to(Dashboard.FLEET),
        ),
    ]


def _daemons() -> Built:
    received = rate("kea_packets_received_total")
    silent = " or ".join(
        f"{share} > {UNANSWERED_REQUESTS_SHARE if message == 'request' else UNANSWERED_SHARE}"
        for message, share in UNANSWERED_SHARES.items()
    )
    standing = (
        f"max by (server, daemon) (3 * group by (server, daemon) ({silent}) or "
        f"2 * group by (server, daemon) ({DROP_RATIO} > {DROPPED_SHARE}) or "
        f"1 * group by (server, daemon) ({REFUSED_BY_DAEMON} > {ALLOCATION_FAILURES_IN_15_MINUTES}) or 0 * {received})"
    )
    return table_of(
        Words(
            "Daemons, worst first",
            f"Shares of the discover, solicit and request messages without an answer; drops; requests without a lease "
            f"within 15 minutes. At most {ROWS}. {UNANSWERED_MEANS}",
            NOTHING_YET,
        ),
        labels=("server", "daemon"),
        columns={
            "state": Column(f"topk({ROWS}, {standing})", ANSWERS, width=120),
            **{
                message: Column(share, UNANSWERED_REQUESTS if message == "request" else UNANSWERED_DISCOVERS)
                for message, share in UNANSWERED_SHARES.items()
            },
            "dropped": Column(DROP_RATIO, DROPPED),
            "refused": Column(REFUSED_BY_DAEMON, REFUSED_REQUESTS),
            "received": Column(received, PACKETS),
        },
        first=("state",),
        sort="state",
        descending=True,
        width=18,
        height=9,
    )


def _unanswered() -> Built:
    return lines(
        Words("Unanswered messages", f"The {TOP} highest shares of each type. {UNANSWERED_MEANS}", NOTHING_YET),
        [Query(f"topk({TOP}, {share})", f"{DAEMON} {message}") for message, share in UNANSWERED_SHARES.items()],
        UNANSWERED,
        width=6,
        height=9,
    )


def _by_message(family: str, title: str, name: str, daemon: str) -> Built:
    rated = total(rate(family, "message", where=of_daemon(daemon)), "message")
    return lines(
        Words(
            f"{name} messages {title}",
            f"By type, of all daemons together. {AS_FAR_AS_READ}",
            f"No {name} message was {title} within the time range",
        ),
        [Query(ever(rated), "{{message}}")],
        PACKETS,
        stacked=True,
        by_message=True,
    )


def _messages() -> list[Built]:
    families = {"received": "kea_messages_received_total", "sent": "kea_messages_sent_total"}
    return [
        _by_message(family, title, name, daemon)
        for name, daemon in OF_FAMILIES.items()
        for title, family in families.items()
    ]


def _highest(title: str, description: str, nothing: str, expression: str, look: Look) -> Built:
    return lines(
        Words(title, f"{description} The {TOP} highest daemons.", nothing),
        [Query(greatest(TOP, expression), DAEMON)],
        look,
        width=8,
    )


def _problems() -> list[Built]:
    failures = total(rate("kea_allocation_failures_total", "scope"), "server", "daemon")
    return [
        _highest(
            "Drop ratio",
            "Share of the packets that a daemon received. Drops by design do not count: packets for other servers, "
            "while the service is disabled, or filtered by the administrator.",
            NOTHING_YET,
            DROP_RATIO,
            DROPPED,
        ),
        _highest("Allocation failures", "Requests without a lease.", NOTHING_YET, failures, ALLOCATION_FAILURES),
        lines(
            Words(
                "Response times",
                f"Mean and highest time from a message to its answer, measured by the hook library perfmon. The {TOP} "
                "highest.",
                NO_PERFMON,
            ),
            [
                Query(greatest(TOP, MEAN), f"{DAEMON} {{{{exchange}}}}: mean"),
                Query(
                    greatest(TOP, gauge("kea_response_time_peak_seconds", "exchange")),
                    f"{DAEMON} {{{{exchange}}}}: peak",
                ),
            ],
            MILLISECONDS,
            width=8,
        ),
    ]


def _leases() -> list[Built]:
    by_kind = {
        "kea_lease_assignments_total": ("Assigned", f"Leases assigned; renewals do not count. {NOT_READ}"),
        "kea_lease_reuses_total": ("Reused", f"Leases that Kea assigned again from the lease cache. {NOT_READ}"),
    }
    by_daemon = {
        "kea_leases_reclaimed_total": ("Reclaimed", f"Expired leases that Kea reclaimed. {NOT_READ}", NOTHING_YET),
        "kea_declined_addresses_reclaimed_total": (
            "Declined and reclaimed",
            f"Declined addresses that returned to their pools. {NOT_READ}",
            NOTHING_YET,
        ),
        "kea_address_registrations_total": (
            "Registered",
            f"Addresses that DHCPv6 clients registered (RFC 9686). {NOT_READ}",
            "No DHCPv6 daemon counts registered addresses",
        ),
    }
    return [
        *(
            lines(
                Words(title, description, NOTHING_YET),
                [Query(total(rate(family, "kind"), "daemon", "kind"), "{{daemon}} {{kind}}")],
                PER_SECOND,
            )
            for family, (title, description) in by_kind.items()
        ),
        *(
            _highest(title, description, nothing, rate(family), PER_SECOND)
            for family, (title, description, nothing) in by_daemon.items()
        ),
    ]


def _causes() -> list[Built]:
    by_label = {
        "kea_packets_dropped_total": ("Packets dropped", "By reason.", "reason", PACKETS),
        "kea_allocation_failures_total": (
            "Allocation failures by scope",
            "Subnet or shared network.",
            "scope",
            PER_SECOND,
        ),
        "kea_allocation_failures_by_cause_total": (
            "Allocation failures by cause",
            f"Kea's cause of each failure. {NOT_READ}",
            "cause",
            PER_SECOND,
        ),
    }
    return [
        *(
            lines(
                Words(title, f"{description} All daemons together.", f"None within the time range, or: {NOTHING_YET}"),
                [Query(ever(total(rate(family, label), label)), f"{{{{{label}}}}}")],
                look,
                stacked=True,
            )
            for family, (title, description, label, look) in by_label.items()
        ),
        lines(
            Words("Reservation conflicts", f"Reserved addresses that another client uses. {NOT_READ}", NOTHING_YET),
            [Query(greatest(TOP, rate("kea_reservation_conflicts_total")), DAEMON)],
            PER_SECOND,
        ),
    ]
