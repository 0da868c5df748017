"""How many addresses and prefixes the configured pools hold (Kea ARM, "Configuration of IPv4 Address Pools" and on)."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.subnets import Count, Counts
from kea_exporter.kea.reading import MalformedAnswerError, as_int, as_list, as_map, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_PREFIX = 128


def capacities(subnets: Iterable[Mapping[str, Any]]) -> Counts[int]:
    """Return how many addresses, and prefixes to delegate, the pools of each subnet hold, by the subnet's id.

    Raises:
        MalformedAnswerError: a pool is not as Kea writes it.
    """
    rows = sorted((as_int(it.get("id"), "id"), _addresses(it), _prefixes(it)) for it in subnets)
    keys, addresses, prefixes = zip(*rows, strict=True) if rows else ((), (), ())
    return Counts(keys, {Count.ADDRESSES: addresses, Count.PREFIXES: prefixes})


def _addresses(subnet: Mapping[str, Any]) -> int:
    pools = as_list(subnet.get("pools", []), "pools")
    return sum(_pool_size(as_text(as_map(pool, "pools").get("pool"), "pool")) for pool in pools)


def _pool_size(pool: str) -> int:
    """Return the size of a pool, which is written as a range or as a prefix."""
    first, dash, last = pool.partition("-")
    try:
        if not dash:
            return ip_network(pool.strip(), strict=False).num_addresses
        return max(0, int(ip_address(last.strip())) - int(ip_address(first.strip())) + 1)
    except ValueError:
        raise MalformedAnswerError("'pool' is neither a range nor a prefix") from None


def _prefixes(subnet: Mapping[str, Any]) -> int:
    pools = as_list(subnet.get("pd-pools", []), "pd-pools")
    return sum(_pd_pool_size(as_map(pool, "pd-pools")) for pool in pools)


def _pd_pool_size(pool: Mapping[str, Any]) -> int:
    bits = as_int(pool.get("delegated-len"), "delegated-len") - as_int(pool.get("prefix-len"), "prefix-len")
    if not 0 <= bits <= LONGEST_PREFIX:
        raise MalformedAnswerError("'delegated-len' is not a length within the prefix")
    return 1 << bits
