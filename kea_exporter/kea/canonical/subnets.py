"""The parts of the canonical form that each subnet has values of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kea_exporter.kea.addresses import pd_pool_range
from kea_exporter.kea.canonical.hosts import reservations
from kea_exporter.kea.canonical.keys import TIMER_DEFAULTS, TIMERS, is_ddns, is_other
from kea_exporter.kea.canonical.options import OPTION_DATA, options
from kea_exporter.kea.canonical.values import GUARDS, REMARKS, address_or_text, grouped, guards, single
from kea_exporter.kea.reading import address_text, as_int, as_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kea_exporter.kea.canonical.values import Items
    from kea_exporter.kea.prepared import PreparedSubnet, Range

OF_POOL = REMARKS | GUARDS | {"pool", OPTION_DATA}
OF_PD_POOL = OF_POOL | {"prefix", "prefix-len", "delegated-len", "excluded-prefix", "excluded-prefix-len"}


def prefix_of(subnet: PreparedSubnet) -> str:
    """Return the prefix of a subnet with host bits cleared, in its shortest spelling."""
    is_v6 = ":" in subnet.text
    length = (128 if is_v6 else 32) - (subnet.size.bit_length() - 1)
    text = f"{address_text(subnet.first, is_v6=is_v6)}/{length}"
    return subnet.text if text == subnet.text else text  # kept once


def pools(subnet: PreparedSubnet) -> Items:
    """Return the pools of addresses, with what they are restricted to."""
    return grouped((_range_text(subnet, pool), _restrictions(pool.entry, OF_POOL)) for pool in subnet.pools)


def prefix_delegation(subnet: PreparedSubnet) -> Items:
    """Return the pools of prefixes, with what they are restricted to."""
    return grouped((_pd_text(pool), _pd_pool(pool)) for pool in subnet.pd_pools) if "pd-pools" in subnet.entry else {}


def shared_networks(subnet: PreparedSubnet) -> Items:
    """Return the shared network of a subnet, and the guards of both."""
    found: dict[str, Any] = dict(guards(subnet.entry))
    if subnet.network is not None:
        found["shared network"] = as_text(subnet.network.entry.get("name") or "", "name")
        found |= {f"shared network {key}": names for key, names in guards(subnet.network.entry).items()}
    return single(found)


def subnet_options(subnet: PreparedSubnet, space: str) -> Items:
    """Return the options of a subnet, of its shared network, and of its pools in the order of their addresses."""
    found = options(subnet.entry, space)
    if subnet.network is not None:
        found |= options(subnet.network.entry, space, "shared network ")
    for place, pool in enumerate(subnet.pools, 1):
        if pool.entry.get(OPTION_DATA):
            found |= options(pool.entry, space, f"pool {place} ")
    pd_pools = subnet.pd_pools if "pd-pools" in subnet.entry else []
    if any(entry.get(OPTION_DATA) for entry in pd_pools):
        for place, entry in enumerate(sorted(pd_pools, key=_pd_text), 1):
            if entry.get(OPTION_DATA):
                found |= options(entry, space, f"pd-pool {place} ")
    return found


def subnet_reservations(subnet: PreparedSubnet, space: str) -> Items:
    """Return the host reservations of a subnet."""
    return reservations(subnet.reservations, space) if subnet.reservations else {}


def timers(subnet: PreparedSubnet) -> Items:
    """Return the timers as they apply to a subnet: config-get copies them into every subnet, a file need not."""
    found = {**TIMER_DEFAULTS}
    found |= {key: value for level in _levels(subnet) for key, value in level.items() if key in TIMERS}
    for kind in ("valid-lifetime", "preferred-lifetime"):
        if kind in found:
            found.setdefault(f"min-{kind}", found[kind])
            found.setdefault(f"max-{kind}", found[kind])
    return single(found)


def ddns(subnet: PreparedSubnet) -> Items:
    """Return the settings of DNS updates as they apply to a subnet."""
    return single({key: value for level in _levels(subnet) for key, value in level.items() if is_ddns(key)})


def other(subnet: PreparedSubnet) -> Items:
    """Return the further settings of a subnet and its shared network; those of the daemon stand for themselves."""
    own = list(_levels(subnet))[1:]
    return single({key: value for level in own for key, value in level.items() if is_other(key)})


def _levels(subnet: PreparedSubnet) -> Iterator[Mapping[str, Any]]:
    """Yield the maps that a subnet inherits values from, and its own."""
    yield subnet.tree
    if subnet.network is not None:
        yield subnet.network.entry
    yield subnet.entry


def _range_text(subnet: PreparedSubnet, pool: Range) -> str:
    is_v6 = ":" in subnet.text
    return f"{address_text(pool.first, is_v6=is_v6)}-{address_text(pool.last, is_v6=is_v6)}"


def _pd_text(entry: Mapping[str, Any]) -> str:
    first, last = pd_pool_range(entry)
    return f"{address_text(first, is_v6=True)}/{128 - (last - first + 1).bit_length() + 1}"


def _pd_pool(entry: Mapping[str, Any]) -> dict[str, Any]:
    found = {"delegated-len": as_int(entry.get("delegated-len"), "delegated-len"), **_restrictions(entry, OF_PD_POOL)}
    if excluded := entry.get("excluded-prefix"):
        found["excluded-prefix"] = address_or_text(as_text(excluded, "excluded-prefix"))
        found["excluded-prefix-len"] = entry.get("excluded-prefix-len")
    return found


def _restrictions(entry: Mapping[str, Any], beside: frozenset[str]) -> dict[str, Any]:
    """Return guards of a pool and whatever else it has, but for its id if that is the default."""
    if entry.keys() <= beside and GUARDS.isdisjoint(entry):
        return {}
    further = {key: entry[key] for key in entry.keys() - beside}
    if not further.get("pool-id", True):
        del further["pool-id"]
    return {**guards(entry), **further}
