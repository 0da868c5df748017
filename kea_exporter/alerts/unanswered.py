"""Clients that ask and are not answered: one expression for rules and panels.

Measured on Kea 3.0.3 (tests/real/test_unanswered.py):

- DHCPv4 does not answer a DHCPDISCOVER through a relay without a subnet, of a client that no subnet is for, or where no
  address is free. It counts as received, and as nothing else.
- A pair of servers whose subnet ids differ answers no request for a new lease: the partner refuses the lease.
- A request that names another server counts as received and as dropped.
- What the other server of a pair serves counts as no message; from Kea 3.1.5 on it counts as dropped (`not_for_us`).
- DHCPv6 answers each SOLICIT, if only to say that there is no address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

RECEIVED, SENT = "kea_messages_received_total", "kea_messages_sent_total"
DROPPED = "kea_packets_dropped_total"
# Reasons of packets that are dropped before Kea counts them as a message.
UNREAD = "parse_failed|queue_full|service_disabled"


@dataclass(frozen=True)
class Reading:
    """How counters are read.

    Attributes:
        increase: writes how much a family was counted, given its name, its own label and a matcher.
        over: writes an aggregation over a label, given its operator, an expression and the label.
        in_a_pair: matches the daemons that take part in high availability.
    """

    increase: Callable[[str, str, str], str]
    over: Callable[[str, str, str], str]
    in_a_pair: str


class Exchange(NamedTuple):
    """What clients ask, by the message that they ask with, and what of it is not answered."""

    message: str
    asked: str
    unanswered: str


def dropped_messages(reading: Reading) -> str:
    """Return how many messages were read and dropped: meant for another server, or filtered."""
    others = reading.increase(DROPPED, "reason", f'reason!~"{UNREAD}|not_for_us"')
    not_for_us = reading.increase(DROPPED, "reason", 'reason="not_for_us"')
    return reading.over("sum", f"{others} or {not_for_us} unless {reading.in_a_pair}", "reason")


def exchanges(reading: Reading, dropped: str) -> tuple[Exchange, ...]:
    """Return what clients ask; where one of the counters is not read, its expressions find nothing.

    Args:
        reading: how counters are read.
        dropped: what `dropped_messages` returns, or the name under which it is recorded.
    """

    def counted(family: str, message: str, daemon: str = "") -> str:
        return reading.increase(family, "message", f'message="{message}"' + (f',daemon="{daemon}"' if daemon else ""))

    def received(message: str) -> str:
        return reading.over("sum", counted(RECEIVED, message), "message")

    def sent(message: str) -> str:
        return reading.over("sum", counted(SENT, message), "message")

    # Clients of other networks and servers may send requests that get no answer: those count that follow an offer.
    offers_or_requests = f"{counted(SENT, 'offer')} or {counted(RECEIVED, 'request', 'dhcp4')}"
    requests4 = reading.over("min", offers_or_requests, "message")
    # Not the messages ack and nak: of a server with many subnets, nak is not read.
    replies4 = f"({reading.increase('kea_packets_sent_total', '', '')} - {sent('offer')})"
    requests6 = f"({received('request')} + {received('renew')} + {received('rebind')})"
    # With rapid commit, a reply answers the SOLICIT.
    rapid = f"clamp_min({sent('reply')} - {requests6}, 0)"
    unanswered4 = f"{requests4} - {replies4} - {dropped}"
    unanswered6 = f"{requests6} - {sent('reply')} - {dropped}"
    return (
        Exchange("discover", received("discover"), f"{received('discover')} - {sent('offer')} - {dropped}"),
        Exchange("solicit", received("solicit"), f"{received('solicit')} - {sent('advertise')} - {rapid} - {dropped}"),
        Exchange("request", f"{requests4} or {requests6}", f"{unanswered4} or {unanswered6}"),
    )
