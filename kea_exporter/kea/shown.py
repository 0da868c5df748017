"""Which subnets and pools have series of their own, as the configuration of the exporter chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.subnets import PoolSeries, Shown, SubnetSeries

if TYPE_CHECKING:
    from kea_exporter.config.selection import Selection
    from kea_exporter.config.settings import Collectors
    from kea_exporter.facts.subnets import Capacities, Counts, PoolKey, Subnets
    from kea_exporter.kea.statistics import AllStatistics


def shown(subnets: Subnets, selection: Selection) -> Shown:
    """Return the subnets that have series of their own, in the order of their ids."""
    every = zip(subnets.ids, subnets.prefixes, subnets.networks, strict=True)
    chosen = [entry for entry in every if selection.takes_all or selection.takes(entry[1], entry[2])]
    rows = tuple((str(number), prefix, network) for number, prefix, network in chosen)
    return Shown(tuple(number for number, _, _ in chosen), rows)


def subnet_series(counts: Counts[int], chosen: Shown, collectors: Collectors) -> SubnetSeries:
    """Return what is exported of subnets one by one."""
    return SubnetSeries(chosen, counts.of(chosen.ids), collectors.series_limit)


def pool_series(said: AllStatistics, configured: Capacities, chosen: Shown, collectors: Collectors) -> PoolSeries:
    """Return what is exported of pools one by one: those of the subnets shown.

    Which pools there are, and how much they hold, is as the configuration has it: Kea adds the size of every pool once
    more whenever a subnet is added at run time, and says 0 after statistic-reset-all (measured on 3.0.3).
    """
    ids = set(chosen.ids)
    pools = [_within(entry, ids) for entry in (configured.pools, configured.pd_pools)]
    addresses, prefixes = (pool.or_of(counts) for pool, counts in zip(pools, (said.pools, said.pd_pools), strict=True))
    return PoolSeries(addresses, prefixes, collectors.series_limit)


def _within(counts: Counts[PoolKey], ids: set[int]) -> Counts[PoolKey]:
    return counts.of(tuple(key for key in counts.keys if key[0] in ids))
