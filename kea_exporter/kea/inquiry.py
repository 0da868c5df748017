"""What one conversation with a daemon finds out beside version and status, asking again only for what may have changed.

The configuration, and which commands there are, change only when the daemon is restarted or reloaded, which status-get
tells; or when subnets are changed at run time, which subnet4-list shows. What was read then is held until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.facts.subnets import NO_CAPACITIES, Capacities, PoolSeries, PoolTotals, Subnets
from kea_exporter.kea import statistics
from kea_exporter.kea.added_reservations import page_after, read_last_number
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.leases import (
    UNAVAILABLE,
    lease_database_of,
    leases_of_rows,
    leases_of_statistics,
    with_leases_in_pools,
)
from kea_exporter.kea.plan import SUBNET_LIST, plan
from kea_exporter.kea.pools import pool_totals
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.shown import pool_series, shown, subnet_series
from kea_exporter.kea.status import read_commands
from kea_exporter.kea.subnets import joined, read_stat_lease, read_subnets

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseDatabase, Leases
    from kea_exporter.facts.snapshot import Configuration, Snapshot, Version
    from kea_exporter.facts.statistics import Statistics
    from kea_exporter.facts.status import Lifetime
    from kea_exporter.facts.subnets import Counts, Shown, SubnetSeries
    from kea_exporter.kea.client import KeaClient
    from kea_exporter.kea.plan import Plan
    from kea_exporter.kea.protocol import Answer
    from kea_exporter.kea.statistics import AllStatistics

T = TypeVar("T")

NOT_COLLECTED = Failure(Stage.COMMAND, Reason.NOT_COLLECTED, "it is switched off in the exporter's configuration")
NO_LEASE_COMMANDS = Failure(
    Stage.COMMAND,
    Reason.UNSUPPORTED,
    "without the hook library lease_cmds, no command shows whether the lease database answers",
)
# The unspecified address, which is never leased: Kea finds no lease, and the answer names no client.
UNLEASED = {Command.LEASE4_GET: "0.0.0.0", Command.LEASE6_GET: "::"}  # noqa: S104 - not bound
NOT_OF_D2 = Failure(Stage.COMMAND, Reason.UNSUPPORTED, "D2 has no subnets and leases")


@dataclass(frozen=True)
class Learnt:
    """What was learnt; see the attributes of the same names of a snapshot."""

    commands: Fact[frozenset[str]]
    configuration: Fact[Configuration]
    subnets: Fact[Subnets]
    lease_database: Fact[LeaseDatabase]
    leases: Fact[Leases]
    subnet_series: Fact[SubnetSeries]
    pool_totals: PoolTotals | None
    last_reservation: int | None
    pool_series: Fact[PoolSeries]
    statistics: Fact[Statistics]


def inquire(
    client: KeaClient,
    settings: DaemonSettings,
    version: Fact[Version],
    lifetime: Fact[Lifetime],
    before: Snapshot | None,
) -> Learnt:
    """Return what is learnt of one daemon.

    Args:
        client: the conversation, which has brought version and status already.
        settings: which daemon it is, and what is wanted of it.
        version: decides how some numbers are to be read.
        lifetime: decides whether what was read *before* still holds.
        before: the last snapshot of this daemon by the same settings; None for the first.
    """
    return _Inquiry(client, settings, version, lifetime, before).make()


class _Inquiry:
    """One inquiry under way; each method asks one kind of question."""

    def __init__(
        self,
        client: KeaClient,
        settings: DaemonSettings,
        version: Fact[Version],
        lifetime: Fact[Lifetime],
        before: Snapshot | None,
    ) -> None:
        self._client = client
        self._target = settings.target
        self._daemon = settings.target.daemon
        self._collectors = settings.collectors
        self._version = version
        self._before = before
        self._held = before if _holds(lifetime, before) else None
        counted = before.counted if before is not None else None
        was_restarted = counted is not None and not isinstance(lifetime, Failure) and not counted.is_of(lifetime)
        self._counted = None if was_restarted else counted
        self._last_reservation = self._held.last_reservation if self._held is not None else None

    def make(self) -> Learnt:
        commands = self._commands()
        listed = self._listed(commands)
        configuration = self._configuration(commands, listed)
        subnets = self._subnets(configuration, listed)
        todo = _fact(lambda: self._plan(known(commands), subnets))
        said = self._all_statistics(todo)
        rows = _fact(lambda: self._rows(known(todo)))
        lease_manager = _fact(lambda: self._lease_manager(known(todo), rows))
        counted = said
        if isinstance(lease_manager, Failure) and lease_manager.reason in UNAVAILABLE:
            counted = lease_manager  # the statistics still have leases that Kea can neither read nor give
        totals = _fact(lambda: self._pool_totals(known(todo), counted, rows, known(subnets)))
        if self._were_pools_changed(configuration, totals):
            configuration = self._client.ask(Command.CONFIG_GET, read_configuration)
            subnets = self._subnets(configuration, listed)
        leases = _fact(lambda: self._leases(known(todo), counted, rows, known(subnets), configuration))
        chosen = _fact(lambda: self._shown(known(subnets)))
        return Learnt(
            commands=commands,
            configuration=configuration,
            subnets=subnets,
            lease_database=lease_database_of(lease_manager),
            leases=leases,
            subnet_series=_fact(lambda: self._subnet_series(known(leases), known(chosen))),
            pool_totals=self._last_totals(totals),
            last_reservation=self._last_reservation,
            pool_series=_fact(lambda: self._pool_series(counted, known(configuration), known(chosen))),
            statistics=_fact(lambda: self._statistics(known(todo), said)),
        )

    def _commands(self) -> Fact[frozenset[str]]:
        if self._held is not None and not isinstance(self._held.commands, Failure):
            return self._held.commands
        return self._client.ask(Command.LIST_COMMANDS, read_commands)

    def _listed(self, commands: Fact[frozenset[str]]) -> Fact[Subnets] | None:
        """Return the subnets that are there now; None where there is no command for it."""
        command = SUBNET_LIST.get(self._daemon)
        if command is None or isinstance(commands, Failure) or command not in commands:
            return None
        before = self._before.subnets if self._before is not None else None
        same = None if isinstance(before, Failure) else before
        return self._client.ask_for_news(command, read_subnets, same)

    def _configuration(self, commands: Fact[frozenset[str]], listed: Fact[Subnets] | None) -> Fact[Configuration]:
        if self._held is not None and _is_unchanged(self._held, listed):
            held = self._held.configuration
            if not self._were_reservations_added(commands, known(held)):
                return held
        return self._client.ask(Command.CONFIG_GET, read_configuration)

    def _were_reservations_added(self, commands: Fact[frozenset[str]], held: Configuration) -> bool:
        """Return whether there are reservations after the last one that was seen, as far as Kea tells."""
        command = Command.RESERVATION_GET_PAGE
        if self._daemon is Daemon.D2 or isinstance(commands, Failure) or command not in commands:
            return False
        # Where none was removed, the last one has the number of how many there are.
        seen = max(held.reservations, self._last_reservation or 0)
        last = self._client.ask(command, read_last_number, page_after(seen))
        if isinstance(last, Failure) or last is None:
            return False
        self._last_reservation = last
        return True

    def _pool_totals(
        self, todo: Plan, said: Fact[AllStatistics], rows: Fact[Counts[int]], subnets: Subnets
    ) -> PoolTotals:
        if todo.leases is not None:
            counted = known(rows)
        elif todo.statistics is Command.STATISTIC_GET_ALL:
            counted = known(said).subnets
        else:
            raise UnknownFactError(NOT_COLLECTED)
        return pool_totals(counted.of(subnets.ids), None if isinstance(said, Failure) else said)

    def _were_pools_changed(self, configuration: Fact[Configuration], totals: Fact[PoolTotals]) -> bool:
        """Return whether pools are others than those of the configuration that is held.

        Only what Kea itself says is compared: after statistic-reset-all that is 0, as it is without pools, and only
        the configuration can tell. It is read once then.
        """
        held = self._held
        if held is None or configuration is not held.configuration or isinstance(totals, Failure):
            return False
        return held.pool_totals is not None and totals.differ_from(held.pool_totals)

    def _last_totals(self, totals: Fact[PoolTotals]) -> PoolTotals | None:
        """Return what Kea said last of its pools, under the configuration that it runs now."""
        if not isinstance(totals, Failure):
            return totals
        return self._held.pool_totals if self._held is not None else None

    def _subnets(self, configuration: Fact[Configuration], listed: Fact[Subnets] | None) -> Fact[Subnets]:
        if not isinstance(configuration, Failure) and configuration.root != ROOT_KEYS[self._daemon]:
            detail = f"{configuration.root} answers where {ROOT_KEYS[self._daemon]} was expected"
            return Failure(Stage.COMMAND, Reason.WRONG_DAEMON, detail)
        if self._daemon is Daemon.D2:
            return NOT_OF_D2
        if isinstance(listed, Subnets):
            return listed
        return configuration if isinstance(configuration, Failure) else configuration.subnets

    def _plan(self, commands: frozenset[str], subnets: Fact[Subnets]) -> Plan:
        ids = () if subnets is NOT_OF_D2 else known(subnets).ids
        return plan(self._target, commands, ids, self._collectors)

    def _all_statistics(self, todo: Fact[Plan]) -> Fact[AllStatistics]:
        if isinstance(todo, Failure):
            return todo
        if todo.statistics is not Command.STATISTIC_GET_ALL:
            return NOT_COLLECTED
        return self._client.ask(Command.STATISTIC_GET_ALL, partial(statistics.read_all, daemon=self._daemon))

    def _lease_manager(self, todo: Plan, rows: Fact[Counts[int]]) -> object:
        """Return anything where Kea has read a lease or counted the leases of its database."""
        if self._daemon is Daemon.D2:
            raise UnknownFactError(NOT_OF_D2)
        if todo.leases is not None and (isinstance(rows, Failure) or rows.keys):
            return known(rows)
        if todo.lease is None:
            raise UnknownFactError(NO_LEASE_COMMANDS)
        return known(self._client.ask(todo.lease, _nothing, {"ip-address": UNLEASED[todo.lease]}))

    def _leases(
        self,
        todo: Plan,
        said: Fact[AllStatistics],
        rows: Fact[Counts[int]],
        subnets: Subnets,
        configuration: Fact[Configuration],
    ) -> Leases:
        if not self._collectors.leases:
            raise UnknownFactError(NOT_COLLECTED)
        configured = _capacities(configuration)
        if todo.leases is None:
            leases = leases_of_statistics(known(said).subnets, subnets, configured.subnets)
        elif isinstance(said, Failure):
            leases = leases_of_rows(known(rows).of(subnets.ids), subnets, configured.subnets)
        else:
            found = known(rows).of(subnets.ids).or_of(said.subnets)
            leases = leases_of_rows(found, subnets, configured.subnets, said.subnets)
        return leases if isinstance(said, Failure) else with_leases_in_pools(leases, said, configured)

    def _rows(self, todo: Plan) -> Counts[int]:
        if todo.leases is None:
            raise UnknownFactError(NOT_COLLECTED)
        read = partial(read_stat_lease, daemon=self._daemon, version=known(self._version))
        if not todo.slices:
            return known(self._client.ask(todo.leases, read))
        ranges = [{"first-subnet-id": first, "last-subnet-id": last} for first, last in todo.slices]
        return joined([known(self._client.ask(todo.leases, read, {"subnet-range": range_})) for range_ in ranges])

    def _shown(self, subnets: Subnets) -> Shown:
        before = self._before
        if before is not None and before.subnets is subnets and not isinstance(before.subnet_series, Failure):
            return before.subnet_series.shown
        return shown(subnets, self._collectors.selection)

    def _subnet_series(self, leases: Leases, chosen: Shown) -> SubnetSeries:
        if not self._collectors.subnets:
            raise UnknownFactError(NOT_COLLECTED)
        return subnet_series(leases.subnets, chosen, self._collectors)

    def _pool_series(self, said: Fact[AllStatistics], configuration: Configuration, chosen: Shown) -> PoolSeries:
        if not self._collectors.pools:
            raise UnknownFactError(NOT_COLLECTED)
        return pool_series(known(said), configuration.capacities, chosen, self._collectors)

    def _statistics(self, todo: Plan, said: Fact[AllStatistics]) -> Statistics:
        now = self._read_statistics(todo, said)
        return statistics.continued(now, self._counted.statistics if self._counted is not None else None)

    def _read_statistics(self, todo: Plan, said: Fact[AllStatistics]) -> Statistics:
        if self._collectors.statistics == "none" or todo.statistics is None:
            raise UnknownFactError(NOT_COLLECTED)
        if todo.statistics is Command.STATISTIC_GET_ALL:
            return known(said).daemon
        if todo.statistics is Command.STATISTIC_GLOBAL_GET_ALL:
            read = partial(statistics.read_global, daemon=self._daemon)
            return known(self._client.ask(Command.STATISTIC_GLOBAL_GET_ALL, read))
        values = {name: known(self._ask_one(name)) for name in todo.names}
        return statistics.of_names(values, self._daemon)

    def _ask_one(self, name: str) -> Fact[int | None]:
        read = partial(statistics.read_one, name=name)
        return self._client.ask(Command.STATISTIC_GET, read, {"name": name})


def _nothing(_: Answer) -> None:
    """Read nothing: that Kea answers is the fact."""


def _is_unchanged(held: Snapshot, listed: Fact[Subnets] | None) -> bool:
    """Return whether the configuration was not changed at run time; where a list cannot be had, nobody knows."""
    if isinstance(held.configuration, Failure):
        return False
    if listed is None:
        return not held.configuration.has_config_databases
    return isinstance(listed, Subnets) and isinstance(held.subnets, Subnets) and listed.is_same_as(held.subnets)


def _capacities(configuration: Fact[Configuration]) -> Capacities:
    return NO_CAPACITIES if isinstance(configuration, Failure) else configuration.capacities


def _holds(lifetime: Fact[Lifetime], before: Snapshot | None) -> bool:
    """Return whether the configuration that was read before is still the one that the daemon runs."""
    if before is None or isinstance(lifetime, Failure) or isinstance(before.lifetime, Failure):
        return False
    return before.lifetime.is_settled and lifetime.is_same_as(before.lifetime)


def _fact(find: Callable[[], T]) -> Fact[T]:
    try:
        return find()
    except UnknownFactError as error:
        return error.failure
