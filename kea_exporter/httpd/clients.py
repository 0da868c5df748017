"""Clients, told apart by their address: what one of them may take is bounded."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

# An IPv6 subscriber usually has a /64 or more for himself.
IPV6_PREFIX_LENGTH = 64


def client_of(scope: MutableMapping[str, Any]) -> str:
    """Return the client of a request (ASGI scope); all clients of a unix socket are one."""
    return client_at((scope.get("client") or ("",))[0])


def client_at(address: object) -> str:
    """Return the client at an address: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ip_address(str(address).partition("%")[0])
    except ValueError:
        return ""
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, IPV6_PREFIX_LENGTH), strict=False))
