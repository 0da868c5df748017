"""Facts about dynamic DNS updates: what a DHCP daemon sends to D2, and what D2 takes."""

from __future__ import annotations

from dataclasses import dataclass

# Names kept of one daemon; further ones are not compared.
MAX_NAMES = 10_000
# The name of a domain of D2 that takes every name.
ANY_DOMAIN = "*"


@dataclass(frozen=True)
class DnsUpdates:
    """The updates that a DHCP daemon sends.

    Attributes:
        address: `server-ip` of `dhcp-ddns`, where D2 is expected.
        port: `server-port`.
        suffixes: the distinct values of `ddns-qualifying-suffix` of subnets with updates, in lower case without a dot
            at the end, at most MAX_NAMES.
        reverse_names: the names below in-addr.arpa or ip6.arpa of the prefixes of these subnets, likewise.
    """

    address: str
    port: int
    suffixes: tuple[str, ...]
    reverse_names: tuple[str, ...]


@dataclass(frozen=True)
class DnsServer:
    """What a D2 daemon takes.

    Attributes:
        address: `ip-address`, where it listens.
        port: its port.
        forward: the names of its forward domains, in lower case without a dot at the end; ANY_DOMAIN is any.
        reverse: those of its reverse domains.
    """

    address: str
    port: int
    forward: frozenset[str]
    reverse: frozenset[str]
