"""Panels of leases, declined addresses and refused requests, by subnet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grafana.src.looks import DECLINED_RISE, NUMBER, PER_SECOND, WARN
from grafana.src.panels import Query, Words, lines
from grafana.src.queries import (
    NOT_READ_BY_SUBNET,
    SUBNET,
    SUBNET_CHOSEN,
    each_store,
    gauge,
    greatest,
    of,
    once,
    rate,
    total,
)

if TYPE_CHECKING:
    from grafana.src.document import Built

TOP = 10
LEGEND = "{{subnet}} ({{server}})"
ONCE = "Partners of a pair, and servers that share a lease database, count once."
NO_SUBNETS = "No answering DHCP daemon has subnets"
NOTHING_OF = {
    "IPv4": "No DHCPv4 subnet in this fleet",
    "IPv6": "No DHCPv6 subnet in this fleet",
    "PD": "No delegated prefixes in this fleet",
}
NO_FAILURES = "Not read by subnet: set pools: true under collect in the exporter's configuration"
OF_SUBNET = ("server", "daemon", *SUBNET)
DECLINED = f"delta({of('kea_subnet_addresses_declined', SUBNET_CHOSEN)}[1h])"


def leases() -> list[Built]:
    """Return the panels of leases: by state, assigned, reclaimed, registered, and without a subnet."""
    by_state = total(each_store(gauge("kea_leases", "kind", "state"), "kind", "state"), "daemon", "kind", "state")
    return [
        lines(
            Words("Leases", f"By kind and state; each lease has one state. {ONCE}", NO_SUBNETS),
            [Query(f"{by_state} > 0", "{{daemon}}: {{kind}} {{state}}")],
            NUMBER,
        ),
        lines(
            Words("Addresses assigned", f"The {TOP} highest rates; renewals do not count.", NO_SUBNETS),
            [Query(greatest(TOP, rate("kea_subnet_address_assignments_total", *SUBNET)), LEGEND)],
            PER_SECOND,
        ),
        lines(
            Words("Prefixes delegated", f"The {TOP} subnets with the highest rates.", NOTHING_OF["PD"]),
            [Query(greatest(TOP, rate("kea_subnet_prefix_assignments_total", *SUBNET)), LEGEND)],
            PER_SECOND,
        ),
        lines(
            Words(
                "Leases reclaimed",
                f"Expired leases that Kea reclaimed, the {TOP} highest rates. {NOT_READ_BY_SUBNET}",
                NO_FAILURES,
            ),
            [Query(greatest(TOP, rate("kea_subnet_leases_reclaimed_total", *SUBNET)), LEGEND)],
            PER_SECOND,
        ),
        lines(
            Words(
                "Registered addresses",
                f"Addresses that DHCPv6 clients registered (RFC 9686). {NOT_READ_BY_SUBNET}",
                "No DHCPv6 daemon counts registered addresses",
            ),
            [Query(greatest(TOP, gauge("kea_subnet_addresses_registered", *SUBNET)), LEGEND)],
            NUMBER,
        ),
        lines(
            Words(
                "Leases without a subnet",
                "Leases whose subnet is not configured, or whose address is outside of it, from the last audit.",
                "No lease audit: set lease_audit in the exporter's configuration",
            ),
            [
                Query(gauge("kea_leases_orphaned"), "{{server}} {{daemon}}: orphaned"),
                Query(gauge("kea_leases_outside_subnet"), "{{server}} {{daemon}}: outside their subnet"),
            ],
            WARN,
        ),
    ]


def failures() -> list[Built]:
    """Return the panels of declined addresses and refused requests."""
    return [
        lines(
            Words("Declined addresses", f"The {TOP} subnets with the most declined addresses.", NO_SUBNETS),
            [Query(greatest(TOP, gauge("kea_subnet_addresses_declined", *SUBNET)), LEGEND)],
            NUMBER,
            width=8,
        ),
        lines(
            Words("Declined within an hour", "Increase of declined addresses within an hour.", NO_SUBNETS),
            [Query(greatest(TOP, once(DECLINED, *SUBNET)), LEGEND)],
            DECLINED_RISE,
            width=8,
        ),
        lines(
            Words(
                "Refused requests by subnet",
                f"The {TOP} subnets with the highest rates. {NOT_READ_BY_SUBNET}",
                NO_FAILURES,
            ),
            [
                Query(
                    greatest(TOP, total(rate("kea_subnet_allocation_failures_total", "scope", *SUBNET), *OF_SUBNET)),
                    LEGEND,
                )
            ],
            PER_SECOND,
            width=8,
        ),
    ]
