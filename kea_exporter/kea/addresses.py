"""The addresses of pools, prefixes and hosts in a configuration (Kea ARM, "Configuration of IPv4 Address Pools")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kea_exporter.kea.reading import MalformedAnswerError, address_number, as_int, as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

# A reservation without an address may have this one.
NO_ADDRESS = "0.0.0.0"  # noqa: S104
LENGTH = re.compile(r"\d{1,3}", re.ASCII)


def pool_range(pool: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and the last address of a pool, which is written as a range or as a prefix.

    Raises:
        MalformedAnswerError: it is neither.
    """
    first, dash, last = as_text(pool.get("pool"), "pool").partition("-")
    return (address_number(first.strip()), address_number(last.strip())) if dash else prefix_range(first.strip())


def prefix_range(prefix: str) -> tuple[int, int]:
    """Return the first and the last address of a prefix, which may be written with the address of a host.

    Raises:
        MalformedAnswerError: it is no prefix.
    """
    return prefix_range_from(prefix)[1:]


def prefix_range_from(prefix: str) -> tuple[int, int, int]:
    """Return the address of a prefix as it is written, and the first and the last address of the prefix.

    Raises:
        MalformedAnswerError: it is no prefix.
    """
    address, _, length = prefix.partition("/")
    number, bits = address_number(address), 128 if ":" in address else 32
    if LENGTH.fullmatch(length) is None or int(length) > bits:
        raise MalformedAnswerError("a prefix has no length that its addresses can have")
    size = 1 << bits - int(length)
    first = number - number % size
    return number, first, first + size - 1


def pd_pool_range(pool: Mapping[str, Any]) -> tuple[int, int]:
    """Return the first and the last address of a pool of prefixes.

    Raises:
        MalformedAnswerError: it has no prefix.
    """
    return prefix_range(f"{as_text(pool.get('prefix'), 'prefix')}/{as_int(pool.get('prefix-len'), 'prefix-len')}")


def reserved_addresses(host: Mapping[str, Any]) -> list[str]:
    """Return the addresses that are reserved for a host, as written: one in DHCPv4, any number in DHCPv6.

    Raises:
        MalformedAnswerError: they are not as Kea writes them.
    """
    if "ip-addresses" in host:
        texts = as_list(host["ip-addresses"], "ip-addresses")
    else:
        texts = [single] if (single := host.get("ip-address")) else []
    return [as_text(text, "ip-address") for text in texts if text != NO_ADDRESS]
