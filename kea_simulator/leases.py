"""Leases as lease_cmds reads them (Kea ARM, "lease4-get, lease6-get" and "lease4-get-page, lease6-get-page")."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from kea_simulator.configuration import LIFETIME
from kea_simulator.pools import PREFIX_LENGTH, V4, V6
from kea_simulator.requests import NO_MAP, RefusedError, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kea_simulator.pools import Address, Subnet

Tree = dict[str, Any]

PREFERRED = {"preferred-lft": LIFETIME * 5 // 8}
MAX_PAGE = 2**32 - 1
ADDRESSES: dict[int, type[IPv4Address | IPv6Address]] = {V4: IPv4Address, V6: IPv6Address}
# Kea's empty identifiers, which is what it keeps of who has declined an address.
NOBODY: dict[int, Tree] = {V4: {"hw-address": ""}, V6: {"duid": "00:00:00", "iaid": 0}}


def page(family: int, arguments: object, subnets: Sequence[Subnet], now: float, elapsed: float) -> Tree:
    """Return the answer to lease4-get-page or lease6-get-page.

    Raises:
        RefusedError: the arguments are not what they should be.
    """
    first, limit = _arguments(family, arguments)
    found = [lease for lease in sorted(_leases(family, subnets, now, elapsed), key=_number) if _number(lease) > first][
        :limit
    ]
    text = f"{len(found)} IPv{family} lease(s) found."
    return answer(0 if found else 3, {"count": len(found), "leases": found}, text)


def one(family: int, arguments: object, subnets: Sequence[Subnet], now: float, elapsed: float) -> Tree:
    """Return the answer to lease4-get or lease6-get, asked for an address.

    Raises:
        RefusedError: the arguments are not what they should be.
    """
    wanted = _address(family, arguments)
    found = (
        lease
        for lease in _leases(family, subnets, now, elapsed)
        if _number(lease) == wanted and "prefix-len" not in lease
    )
    if (lease := next(found, None)) is None:
        return answer(3, None, "Lease not found.")
    return answer(0, lease, f"IPv{family} lease found.")


def _address(family: int, arguments: object) -> int:
    if not isinstance(arguments, dict):
        raise RefusedError("Parameters missing or are not a map.")
    if "ip-address" not in arguments:
        raise RefusedError("Mandatory 'subnet-id' parameter missing.")
    value = arguments["ip-address"]
    if not isinstance(value, str):
        raise RefusedError("'ip-address' is not a string.")
    try:
        address = ip_address(value)
    except ValueError:
        raise RefusedError(f"Failed to convert string to address '{value}': Invalid argument") from None
    if address.version != family:
        raise RefusedError(f"Invalid IPv{family} address specified: {value}")
    return int(address)


def _number(lease: Tree) -> int:
    return int(ip_address(lease["ip-address"]))


def _arguments(family: int, arguments: object) -> tuple[int, int]:
    """Return the number that the addresses of a page are above, and how many there are at most."""
    if arguments is None:
        raise RefusedError(f"no parameters specified for the lease{family}-get-page command")
    if not isinstance(arguments, dict):
        raise RefusedError(NO_MAP)
    for name in ("from", "limit"):
        if name not in arguments:
            raise RefusedError(f"'{name}' parameter not specified")
    return _from(family, arguments["from"]), _limit(arguments["limit"])


def _from(family: int, value: object) -> int:
    if not isinstance(value, str):
        raise RefusedError("'from' parameter must be a string")
    if value == "start":
        return -1
    try:
        address = ip_address(value)
    except ValueError:
        said = f"'from' parameter value is neither 'start' keyword nor a valid IPv{family} address"
        raise RefusedError(said) from None
    if address.version != family:
        raise RefusedError(f"'from' parameter value {value} is not an IPv{family} address")
    return int(address)


def _limit(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedError("'limit' parameter must be a number")
    if value == 0:
        raise RefusedError("page size of retrieved leases must not be 0")
    if not 0 < value <= MAX_PAGE:
        raise RefusedError(f"page size of retrieved leases must not be greater than {MAX_PAGE}")
    return value


def _leases(family: int, subnets: Sequence[Subnet], now: float, elapsed: float) -> Iterator[Tree]:
    for subnet in subnets:
        for number, is_declined in subnet.addresses.taken(elapsed):
            lease = _lease(subnet.id, ADDRESSES[family](number), now, is_declined=is_declined)
            more = {} if family == V4 else {**PREFERRED, "type": "IA_NA"}
            yield {**lease, **(NOBODY[family] if is_declined else _client(family, number)), **more}
        for number, _ in subnet.prefixes.taken(elapsed) if subnet.prefixes else ():
            lease = _lease(subnet.id, IPv6Address(number), now, is_declined=False)
            prefix = {**PREFERRED, "type": "IA_PD", "prefix-len": PREFIX_LENGTH}
            yield {**lease, **_client(V6, number), **prefix}


def _lease(subnet: int, address: Address, now: float, *, is_declined: bool) -> Tree:
    # Clients renew at half of the lifetime, each at another moment.
    ago = (int(now) + int(address) * 7) % (LIFETIME // 2)
    return {
        "cltt": int(now) - ago,
        "fqdn-fwd": False,
        "fqdn-rev": False,
        "hostname": "",
        "ip-address": str(address),
        "state": int(is_declined),
        "subnet-id": subnet,
        "valid-lft": LIFETIME,
    }


def _client(family: int, number: int) -> Tree:
    # Addresses differ in their last bits, prefixes before those.
    identity = (number ^ number >> 64) % 2**32
    hardware = f"02:00:{identity.to_bytes(4).hex(':')}"
    return {"hw-address": hardware} if family == V4 else {"duid": f"00:03:00:01:{hardware}", "iaid": identity % 2**16}
