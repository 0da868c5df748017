"""Messages of DHCP clients without an answer: one expression for rules and panels.

Measured on Kea 3.0.3 (tests/real/test_unanswered.py):

- DHCPv4 does not answer a DHCPDISCOVER if the relay has no subnet, if no subnet accepts the client, or if no address is
  free. The message counts as received only.
- A pair of servers whose subnet ids differ answers no request for a new lease: the partner rejects the lease update.
- A request that names another server counts as received and as dropped.
- A message for the other server of a pair is not counted; from Kea 3.1.5 on it counts as dropped (`not_for_us`).
- DHCPv6 answers each SOLICIT, with a status code if no address is available.
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
        increase: writes the increase of a family, given its name, its own label and a matcher.
        over: writes an aggregation over a label, given its operator, an expression and the label.
        in_a_pair: matches the daemons that take part in high availability.
    """

    increase: Callable[[str, str, str], str]
    over: Callable[[str, str, str], str]
    in_a_pair: str


class Exchange(NamedTuple):
    """Expressions for the messages that clients send, and for those without an answer."""

    message: str
    asked: str
    unanswered: str


def dropped_messages(reading: Reading) -> str:
    """Return the number of messages that Kea read and dropped: for another server, or filtered."""
    others = reading.increase(DROPPED, "reason", f'reason!~"{UNREAD}|not_for_us"')
    not_for_us = reading.increase(DROPPED, "reason", 'reason="not_for_us"')
    return reading.over("sum", f"{others} or {not_for_us} unless {reading.in_a_pair}", "reason")


def exchanges(reading: Reading, dropped: str) -> tuple[Exchange, ...]:
    """Return the exchanges. Where one of the counters is not read, the expressions return no series.

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

    # Requests of clients of other servers get no answer either: at most as many requests as offers are counted.
    offers_or_requests = f"{counted(SENT, 'offer')} or {counted(RECEIVED, 'request', 'dhcp4')}"
    requests4 = reading.over("min", offers_or_requests, "message")
    # Not the messages ack and nak: nak is not read from a server with many subnets.
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
