"""Packets of a simulated DHCP daemon, in numbers that go together: what is answered has been received."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_simulator.activity import chance_of, events
from kea_simulator.pools import V4, V6

if TYPE_CHECKING:
    from kea_simulator.activity import Flow
    from kea_simulator.pools import Counts

Values = dict[str, int]

RECEIVED = {
    V4: "ack decline discover inform nak offer release request unknown",
    V6: "addr-reg-inform addr-reg-reply advertise decline dhcpv4-query dhcpv4-response infrequest rebind release renew "
    "reply request solicit unknown",
}
SENT = {V4: "ack nak offer", V6: "addr-reg-reply advertise dhcpv4-response reply"}
# What is new in Kea 3.1.4; from then on each dropped packet is counted by its reason.
REASONS = (
    "admin-filtered duplicate limit-exceeded not-for-us processing-failed queue-full rfc-violation service-disabled"
)
QUERIES = {
    V4: "lease-query-received lease-query-response-active-sent lease-query-response-unassigned-sent "
    "lease-query-response-unknown-sent",
    V6: "lease-query-received lease-query-reply-sent",
}


@dataclass(frozen=True)
class Traffic:
    """What clients do beside coming and going, and what else arrives.

    Attributes:
        renewals: leases are prolonged.
        informs: clients ask for options only.
        refusals: requests are refused.
        strangers: requests are for another server.
        broken: packets cannot be read.
        failures: clients come to the first subnet and find no free address.
    """

    renewals: Flow
    informs: Flow
    refusals: Flow
    strangers: Flow
    broken: Flow
    failures: Flow


def traffic(seed: int, subnets: int, failures: float) -> Traffic:
    """Return the traffic of so many subnets, with so many *failures* a second."""
    chance = chance_of(seed, "traffic")
    return Traffic(
        renewals=events(chance, 1.5 * subnets),
        informs=events(chance, 0.2 * subnets),
        refusals=events(chance, 0.02 * subnets),
        strangers=events(chance, 0.03 * subnets),
        broken=events(chance, 0.005 * subnets),
        failures=events(chance, failures),
    )


def packets(family: int, what: Traffic, leases: Counts, since: float, *, with_reasons: bool) -> Values:
    """Return the packet counters of a daemon, by the names that Kea gives them."""
    received, sent = (_messages4 if family == V4 else _messages6)(what, leases, since)
    strangers, broken = what.strangers.came(since), what.broken.came(since)
    counted = {
        **{f"{name}-received": received.get(name, 0) for name in RECEIVED[family].split()},
        **{f"{name}-sent": sent.get(name, 0) for name in SENT[family].split()},
        "received": sum(received.values()) + broken,
        "sent": sum(sent.values()),
        "parse-failed": broken,
        "receive-drop": strangers + broken,
    }
    if with_reasons:
        counted |= dict.fromkeys([*REASONS.split(), *QUERIES[family].split()], 0) | {"not-for-us": strangers}
    return {f"pkt{family}-{name}": value for name, value in counted.items()}


def packets_of_standby(family: int, arrived: Values, *, with_reasons: bool) -> Values:
    """Return the packet counters of a standby that differ from 0: it counts no message (measured on 3.0.3).

    Args:
        family: 4 or 6.
        arrived: what its partner counts of the same packets.
        with_reasons: whether what the partner serves counts as dropped (from Kea 3.1.5 on).
    """
    prefix = f"pkt{family}"
    received, broken = arrived[f"{prefix}-received"], arrived[f"{prefix}-parse-failed"]
    counted = {"received": received, "parse-failed": broken, "receive-drop": broken}
    if with_reasons:
        counted |= {"not-for-us": received - broken, "receive-drop": received}
    return {f"{prefix}-{name}": value for name, value in counted.items()}


def _messages4(what: Traffic, leases: Counts, since: float) -> tuple[Values, Values]:
    renewals, informs, refusals = (pace.came(since) for pace in (what.renewals, what.informs, what.refusals))
    received = {
        "discover": leases.assignments + what.failures.came(since),
        "request": leases.assignments + renewals + refusals + what.strangers.came(since),
        "release": leases.released,
        "decline": leases.declines,
        "inform": informs,
    }
    sent = {"offer": leases.assignments, "ack": leases.assignments + renewals + informs, "nak": refusals}
    return received, sent


def _messages6(what: Traffic, leases: Counts, since: float) -> tuple[Values, Values]:
    answered = {
        "request": leases.assignments,
        "renew": what.renewals.came(since),
        "rebind": what.refusals.came(since),
        "release": leases.released,
        "decline": leases.declines,
        "infrequest": what.informs.came(since),
    }
    # Who finds no free address is told so.
    solicits = leases.assignments + what.failures.came(since)
    received = {**answered, "solicit": solicits, "request": leases.assignments + what.strangers.came(since)}
    return received, {"advertise": solicits, "reply": sum(answered.values())}
