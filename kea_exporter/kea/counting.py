"""What Kea counts, as a plan asks for it: leases of subnets, pools, statistics; and whether its lease database answers.

Each function returns a fact: a failure of what it rests on is its own failure.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import NO_CAPACITIES
from kea_exporter.kea import statistics
from kea_exporter.kea.leases import UNAVAILABLE, leases_of_rows, leases_of_statistics, with_leases_in_pools
from kea_exporter.kea.pools import pool_totals
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.subnets import joined, read_stat_lease

if TYPE_CHECKING:
    from kea_exporter.facts.configuration import Configuration
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import Leases
    from kea_exporter.facts.snapshot import Version
    from kea_exporter.facts.statistics import Statistics
    from kea_exporter.facts.subnets import Counts, PoolTotals, Subnets
    from kea_exporter.kea.client import KeaClient
    from kea_exporter.kea.plan import Plan
    from kea_exporter.kea.statistics import AllStatistics

NOT_COLLECTED = Failure(Stage.COMMAND, Reason.NOT_COLLECTED, "it is switched off in the exporter's configuration")
NO_LEASE_COMMANDS = Failure(
    Stage.COMMAND,
    Reason.UNSUPPORTED,
    "without the hook library lease_cmds, no command shows whether the lease database answers",
)
NOT_OF_D2 = Failure(Stage.COMMAND, Reason.UNSUPPORTED, "D2 has no subnets and leases")
# The unspecified address, which is never leased: Kea finds no lease, and the answer names no client.
UNLEASED = {Command.LEASE4_GET: "0.0.0.0", Command.LEASE6_GET: "::"}  # noqa: S104 - not bound


def all_statistics(client: KeaClient, todo: Plan, daemon: Daemon) -> Fact[AllStatistics]:
    """Return all statistics, where the plan asks for all of them."""
    if todo.statistics is not Command.STATISTIC_GET_ALL:
        return NOT_COLLECTED
    return client.ask(Command.STATISTIC_GET_ALL, partial(statistics.read_all, daemon=daemon))


def lease_rows(client: KeaClient, todo: Plan, daemon: Daemon, version: Fact[Version]) -> Fact[Counts[int]]:
    """Return the rows of stat-leaseX-get, of all slices together."""
    if todo.leases is None:
        return NOT_COLLECTED
    if isinstance(version, Failure):
        return version
    read = partial(read_stat_lease, daemon=daemon, version=version)
    if not todo.slices:
        return client.ask(todo.leases, read)
    slices = []
    for first, last in todo.slices:
        subnet_range = {"first-subnet-id": first, "last-subnet-id": last}
        rows = client.ask(todo.leases, read, {"subnet-range": subnet_range})
        if isinstance(rows, Failure):
            return rows
        slices.append(rows)
    return joined(slices)


def counted_leases(
    client: KeaClient, todo: Plan, daemon: Daemon, version: Fact[Version], *, by_statistics: bool
) -> tuple[Plan, Fact[Counts[int]], Fact[object]]:
    """Return the plan as it was followed, the rows of stat-leaseX-get, and what `lease_manager` returns.

    *by_statistics* says that the statistics count the leases, if one lease shows whether there is a lease manager.
    """
    if by_statistics:
        alone = replace(todo, leases=None)
        manager = lease_manager(client, alone, daemon, NOT_COLLECTED)
        if not isinstance(manager, Failure) or manager.reason in UNAVAILABLE:
            return alone, NOT_COLLECTED, manager
    rows = lease_rows(client, todo, daemon, version)
    return todo, rows, lease_manager(client, todo, daemon, rows)


def lease_manager(client: KeaClient, todo: Plan, daemon: Daemon, rows: Fact[Counts[int]]) -> Fact[object]:
    """Return anything but a failure where Kea has read a lease, or has counted the leases of its database."""
    if daemon is Daemon.D2:
        return NOT_OF_D2
    if todo.leases is not None and (isinstance(rows, Failure) or rows.keys):
        return rows
    if todo.lease is None:
        return NO_LEASE_COMMANDS
    # Nothing is read: that Kea answers is the fact.
    return client.ask(todo.lease, lambda _: None, {"ip-address": UNLEASED[todo.lease]})


def totals_of_pools(every: Fact[AllStatistics], rows: Fact[Counts[int]], subnets: Fact[Subnets]) -> Fact[PoolTotals]:
    """Return what Kea itself says of the sizes of pools: stat-leaseX-get has it from the statistics."""
    if isinstance(subnets, Failure):
        return subnets
    counted = rows if isinstance(every, Failure) else every.subnets
    if isinstance(counted, Failure):
        return counted
    return pool_totals(counted.of(subnets.ids), None if isinstance(every, Failure) else every)


def leases_of(
    todo: Plan,
    every: Fact[AllStatistics],
    rows: Fact[Counts[int]],
    subnets: Fact[Subnets],
    configuration: Fact[Configuration],
) -> Fact[Leases]:
    """Return the leases of the configured subnets: by the rows where there are any, otherwise by the statistics."""
    if isinstance(subnets, Failure):
        return subnets
    configured = NO_CAPACITIES if isinstance(configuration, Failure) else configuration.capacities
    if todo.leases is None:
        if isinstance(every, Failure):
            return every
        leases = leases_of_statistics(every.subnets, subnets, configured.subnets)
    elif isinstance(rows, Failure):
        return rows
    elif isinstance(every, Failure):
        leases = leases_of_rows(rows.of(subnets.ids), subnets, configured.subnets)
    else:
        found = rows.of(subnets.ids).or_of(every.subnets)
        leases = leases_of_rows(found, subnets, configured.subnets, every.subnets)
    return leases if isinstance(every, Failure) else with_leases_in_pools(leases, every, configured)


def statistics_of(client: KeaClient, todo: Plan, daemon: Daemon, every: Fact[AllStatistics]) -> Fact[Statistics]:
    """Return the statistics of the daemon as a whole, by the command that the plan has for them."""
    if todo.statistics is None:
        return NOT_COLLECTED
    if todo.statistics is Command.STATISTIC_GET_ALL:
        return every if isinstance(every, Failure) else every.daemon
    if todo.statistics is Command.STATISTIC_GLOBAL_GET_ALL:
        return client.ask(Command.STATISTIC_GLOBAL_GET_ALL, partial(statistics.read_global, daemon=daemon))
    values: dict[str, int | None] = {}
    for name in todo.names:
        value = client.ask(Command.STATISTIC_GET, partial(statistics.read_one, name=name), {"name": name})
        if isinstance(value, Failure):
            return value
        values[name] = value
    return statistics.of_names(values, daemon)
