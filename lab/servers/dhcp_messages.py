"""Single messages of DHCP clients behind a relay, byte by byte: what perfdhcp does not send."""

from __future__ import annotations

import struct
from enum import IntEnum
from ipaddress import ip_address

UNSPECIFIED = "0.0.0.0"  # noqa: S104 - an empty field, nothing is bound


class Type4(IntEnum):
    """Types of DHCPv4 messages (RFC 2131)."""

    DISCOVER = 1
    REQUEST = 3
    DECLINE = 4
    RELEASE = 7
    INFORM = 8


class Type6(IntEnum):
    """Types of DHCPv6 messages (RFC 8415)."""

    SOLICIT = 1
    REQUEST = 3
    CONFIRM = 4
    RENEW = 5
    REBIND = 6
    RELEASE = 8
    DECLINE = 9
    INFORMATION_REQUEST = 11


def message4(  # noqa: PLR0913 - the fields that differ
    kind: Type4,
    hardware: str,
    *,
    relay: str = "127.0.0.1",
    client: str = UNSPECIFIED,
    requested: str = "",
    server: str = "",
) -> bytes:
    """Return a DHCPv4 message.

    Args:
        kind: its type.
        hardware: the client's hardware address.
        relay: giaddr, the address of the relay; Kea selects the subnet by it.
        client: ciaddr, the address of a client that has one.
        requested: the option requested IP address.
        server: the option server identifier.
    """
    mac = bytes.fromhex(hardware.replace(":", ""))
    fixed = struct.pack("!4BIHH", 1, 1, len(mac), 0, int.from_bytes(mac[-4:], "big"), 0, 0)
    addresses = ip_address(client).packed + bytes(8) + ip_address(relay).packed
    options = {53: bytes([kind]), 61: b"\x01" + mac}
    options |= {50: ip_address(requested).packed} if requested else {}
    options |= {54: ip_address(server).packed} if server else {}
    written_out = b"".join(bytes([code, len(value)]) + value for code, value in options.items())
    return fixed + addresses + mac.ljust(16 + 64 + 128, b"\0") + b"\x63\x82\x53\x63" + written_out + b"\xff"


def message6(  # noqa: PLR0913 - the fields that differ
    kind: Type6,
    client: int,
    *,
    link: str = "::1",
    server: bytes = b"",
    address: str = "",
    rapid: bool = False,
) -> bytes:
    """Return a DHCPv6 message with one IA_NA, through a relay.

    Args:
        kind: its type.
        client: the number of the client, which its DUID is made of.
        link: the link-address of the relay; Kea selects the subnet by it.
        server: the DUID of the server that it is for.
        address: the address in the IA_NA.
        rapid: whether the client wants a lease in two messages.
    """
    options = option6(1, b"\0\x03\0\x01\x02\0" + struct.pack("!I", client))
    options += option6(2, server) if server else b""
    options += option6(14, b"") if rapid else b""
    lease = option6(5, ip_address(address).packed + bytes(8)) if address else b""
    options += option6(3, struct.pack("!III", 1, 0, 0) + lease)
    return relayed6(link, struct.pack("!I", kind << 24 | client) + options)


def relayed6(link: str, message: bytes) -> bytes:
    """Return a message as a relay forwards it."""
    return b"\x0c\x00" + ip_address(link).packed + ip_address("fe80::1").packed + option6(9, message)


def option6(code: int, value: bytes) -> bytes:
    """Return an option of DHCPv6."""
    return struct.pack("!HH", code, len(value)) + value
