"""Single packets to daemons on loopback, and what DHCP servers ask of D2."""

from __future__ import annotations

import json
import socket
import struct

LOOPBACK = "127.0.0.1"


def send(port: int, message: bytes) -> None:
    """Send a packet to a port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(message, (LOOPBACK, port))


def discover(client: int, relay: str) -> bytes:
    """Return the DHCPDISCOVER of a client, by its number, as a relay passes it on (RFC 2131)."""
    hardware = bytes((2, 0, 0, 2)) + struct.pack("!H", client)
    fixed = struct.pack("!4BIHH", 1, 1, len(hardware), 1, client + 1, 0, 0) + bytes(12) + socket.inet_aton(relay)
    return fixed + hardware.ljust(16 + 64 + 128, b"\0") + b"\x63\x82\x53\x63" + b"\x35\x01\x01" + b"\xff"


def update_request(name: str) -> bytes:
    """Return a request for a DNS update, as a DHCP server sends it (Kea's JSON format of name change requests)."""
    request = {
        "change-type": 0,
        "forward-change": True,
        "reverse-change": False,
        "fqdn": name,
        "ip-address": "192.0.2.1",
        "dhcid": "00010203",
        "lease-expires-on": "20370101000000",
        "lease-length": 1200,
        "conflict-resolution-mode": "check-with-dhcid",
    }
    body = json.dumps(request).encode()
    return struct.pack("!H", len(body)) + body
