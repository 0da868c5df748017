"""What one conversation with a daemon brings beside version and status, asking again only for what may have changed.

The configuration, and which commands there are, change only when the daemon is restarted or reloaded, which status-get
tells; or when subnets are changed at run time, which subnet4-list shows. What was read then is held until then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import LACKS_OF_TIME, ROOT_KEYS, Daemon
from kea_exporter.facts.subnets import Subnets
from kea_exporter.kea import statistics
from kea_exporter.kea.agreement import compared, goes_on, may_agree
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.counting import (
    NOT_COLLECTED,
    NOT_OF_D2,
    all_statistics,
    counted_leases,
    leases_of,
    statistics_of,
    totals_of_pools,
)
from kea_exporter.kea.leases import UNAVAILABLE, lease_database_of
from kea_exporter.kea.plan import SUBNET_LIST, plan
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.rereading import holds, is_due, is_look_due, is_unchanged, read_at
from kea_exporter.kea.reservations import page_after, read_last_number
from kea_exporter.kea.shown import pool_series, shown, subnet_series
from kea_exporter.kea.status import read_commands
from kea_exporter.kea.subnets import read_subnets

if TYPE_CHECKING:
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.configuration import Configuration
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import Agreement, LeaseDatabase, Leases
    from kea_exporter.facts.pairs import ConfigurationRead
    from kea_exporter.facts.snapshot import Snapshot, Version
    from kea_exporter.facts.statistics import Statistics
    from kea_exporter.facts.status import Lifetime
    from kea_exporter.facts.subnets import PoolSeries, PoolTotals, Shown, SubnetSeries
    from kea_exporter.kea.client import KeaClient
    from kea_exporter.kea.plan import Plan
    from kea_exporter.kea.statistics import AllStatistics


@dataclass(frozen=True)
class InquiryResult:
    """The facts of one inquiry; see the attributes of the same names of a snapshot."""

    commands: Fact[frozenset[str]]
    configuration: Fact[Configuration]
    subnets: Fact[Subnets]
    lease_database: Fact[LeaseDatabase]
    leases: Fact[Leases]
    subnet_series: Fact[SubnetSeries]
    pool_totals: PoolTotals | None
    last_reservation: int | None
    configuration_read: ConfigurationRead | None
    agreement: Agreement | None
    pool_series: Fact[PoolSeries]
    statistics: Fact[Statistics]


def inquire(  # noqa: PLR0913, PLR0917 - what the plan of a scrape depends on
    client: KeaClient,
    settings: DaemonSettings,
    version: Fact[Version],
    lifetime: Fact[Lifetime],
    before: Snapshot | None,
    now: float,
) -> InquiryResult:
    """Return the facts of one daemon.

    Args:
        client: the conversation, which has brought version and status already.
        settings: which daemon it is, and what is wanted of it.
        version: decides how some numbers are to be read.
        lifetime: decides whether what was read *before* still holds.
        before: the last snapshot of this daemon by the same settings; None for the first.
        now: in seconds since the epoch.
    """
    inquiry = _Inquiry(client, settings, lifetime, before, now)
    commands = inquiry.commands()
    early = inquiry.early_statistics(commands)
    agreed = goes_on(before, early, now)
    listed = inquiry.listed(commands, is_known=agreed is not None)
    configuration = inquiry.configuration(commands, listed)
    subnets = inquiry.subnets(configuration, listed)
    todo = inquiry.plan(commands, subnets)
    if isinstance(todo, Failure):
        return inquiry.uncounted(commands, configuration, subnets, todo)
    daemon = settings.target.daemon
    every = all_statistics(client, todo, daemon) if early is NOT_COLLECTED else early
    agreed = agreed if may_agree(todo, configuration) else None
    todo, rows, manager = counted_leases(client, todo, daemon, version, by_statistics=agreed is not None)
    # Without a lease manager the statistics still have leases that Kea can neither read nor give.
    is_unavailable = isinstance(manager, Failure) and manager.reason in UNAVAILABLE
    counted = manager if isinstance(manager, Failure) and is_unavailable else every
    totals = totals_of_pools(counted, rows, subnets)
    if inquiry.were_pools_changed(configuration, totals):
        configuration = inquiry.read()
        subnets = inquiry.subnets(configuration, listed)
    leases = leases_of(todo, counted, rows, subnets, configuration) if settings.collectors.leases else NOT_COLLECTED
    if may_agree(todo, configuration):
        by_statistics = leases_of(replace(todo, leases=None), counted, rows, subnets, configuration)
        agreed = compared(leases, by_statistics, every, now)
    chosen = inquiry.shown(subnets)
    wants_statistics = settings.collectors.statistics != "none"
    return InquiryResult(
        commands=commands,
        configuration=configuration,
        subnets=subnets,
        lease_database=lease_database_of(manager),
        leases=leases,
        subnet_series=inquiry.subnet_series(leases, chosen),
        pool_totals=inquiry.last_totals(totals),
        last_reservation=inquiry.last_reservation,
        configuration_read=inquiry.configuration_read(configuration),
        agreement=agreed,
        pool_series=inquiry.pool_series(counted, configuration, chosen),
        statistics=inquiry.continued(statistics_of(client, todo, daemon, every) if wants_statistics else NOT_COLLECTED),
    )


class _Inquiry:
    """What is asked of one daemon, and what is still known of it from the last snapshot.

    Attributes:
        last_reservation: the highest number of a reservation that was seen; None where none was.
    """

    def __init__(
        self, client: KeaClient, settings: DaemonSettings, lifetime: Fact[Lifetime], before: Snapshot | None, now: float
    ) -> None:
        self._client = client
        self._now = now
        self._max_age = settings.config_max_age
        self._was_read = False
        self._target = settings.target
        self._daemon = settings.target.daemon
        self._collectors = settings.collectors
        self._before = before
        self._held = before if holds(lifetime, before) else None
        counted = before.counted if before is not None else None
        was_restarted = counted is not None and not isinstance(lifetime, Failure) and not counted.is_of(lifetime)
        self._counted = None if was_restarted else counted
        self.last_reservation = self._held.last_reservation if self._held is not None else None

    def commands(self) -> Fact[frozenset[str]]:
        """Return the commands that the daemon has."""
        if self._held is not None and not isinstance(self._held.commands, Failure):
            return self._held.commands
        return self._client.ask(Command.LIST_COMMANDS, read_commands)

    def early_statistics(self, commands: Fact[frozenset[str]]) -> Fact[AllStatistics]:
        """Return all statistics where they may show that the subnets are those of the last probe."""
        if self._held is None or self._held.agreement is None:
            return NOT_COLLECTED
        todo = self.plan(commands, self._held.subnets)
        return NOT_COLLECTED if isinstance(todo, Failure) else all_statistics(self._client, todo, self._daemon)

    def listed(self, commands: Fact[frozenset[str]], *, is_known: bool) -> Fact[Subnets] | None:
        """Return the subnets that are there now; None where there is no command for it.

        *is_known* says that none was added, changed or removed. Which shared network one is in is asked in the first
        scrape of each minute.
        """
        command = SUBNET_LIST.get(self._daemon)
        if command is None or isinstance(commands, Failure) or command not in commands:
            return None
        before = self._before.subnets if self._before is not None else None
        same = None if isinstance(before, Failure) else before
        if is_known and same is not None and not is_look_due(self._held, self._now):
            return same
        return self._client.ask_for_news(command, read_subnets, same)

    def configuration(self, commands: Fact[frozenset[str]], listed: Fact[Subnets] | None) -> Fact[Configuration]:
        """Return the configuration, read again only if it may have changed."""
        held = self._held.configuration if self._held is not None and is_unchanged(self._held, listed) else None
        if held is None or isinstance(held, Failure):
            return self.read()
        if is_due(self._last_read, held, self._max_age, self._now):
            found = self.read()
            # As far as Kea's status tells, what is held is still what it runs.
            return held if isinstance(found, Failure) and found.reason in LACKS_OF_TIME else found
        return self.read() if self._were_reservations_added(commands, held) else held

    def read(self) -> Fact[Configuration]:
        """Return the configuration, read now."""
        self._was_read = True
        return self._client.ask(Command.CONFIG_GET, read_configuration)

    def configuration_read(self, configuration: Fact[Configuration]) -> ConfigurationRead | None:
        """Return when the configuration was last read."""
        return read_at(self._now, configuration, self._last_read) if self._was_read else self._last_read

    @property
    def _last_read(self) -> ConfigurationRead | None:
        return self._before.configuration_read if self._before is not None else None

    def _were_reservations_added(self, commands: Fact[frozenset[str]], held: Configuration) -> bool:
        """Return whether there are reservations after the last one that was seen, as far as Kea tells."""
        command = Command.RESERVATION_GET_PAGE
        if isinstance(commands, Failure) or command not in commands or not is_look_due(self._held, self._now):
            return False
        # Where none was removed, the last one has the number of how many there are.
        seen = max(held.reservations, self.last_reservation or 0)
        last = self._client.ask(command, read_last_number, page_after(seen))
        if isinstance(last, Failure) or last is None:
            return False
        self.last_reservation = last
        return True

    def subnets(self, configuration: Fact[Configuration], listed: Fact[Subnets] | None) -> Fact[Subnets]:
        """Return the subnets: as they are listed now, otherwise as they are configured."""
        if not isinstance(configuration, Failure) and configuration.root != ROOT_KEYS[self._daemon]:
            detail = f"{configuration.root} answers where {ROOT_KEYS[self._daemon]} was expected"
            return Failure(Stage.COMMAND, Reason.WRONG_DAEMON, detail)
        if self._daemon is Daemon.D2:
            return NOT_OF_D2
        if isinstance(listed, Subnets):
            return listed
        return configuration if isinstance(configuration, Failure) else configuration.subnets

    def plan(self, commands: Fact[frozenset[str]], subnets: Fact[Subnets]) -> Fact[Plan]:
        """Return what to ask for next."""
        if isinstance(commands, Failure):
            return commands
        if subnets is NOT_OF_D2:
            return plan(self._target, commands, (), self._collectors)
        if isinstance(subnets, Failure):
            return subnets
        return plan(self._target, commands, subnets.ids, self._collectors)

    def uncounted(
        self,
        commands: Fact[frozenset[str]],
        configuration: Fact[Configuration],
        subnets: Fact[Subnets],
        failure: Failure,
    ) -> InquiryResult:
        """Return the facts where it is not known what to ask for."""
        return InquiryResult(
            commands=commands,
            configuration=configuration,
            subnets=subnets,
            lease_database=failure,
            leases=failure,
            subnet_series=failure,
            pool_totals=self.last_totals(failure),
            last_reservation=self.last_reservation,
            configuration_read=self.configuration_read(configuration),
            agreement=None,
            pool_series=failure,
            statistics=failure,
        )

    def were_pools_changed(self, configuration: Fact[Configuration], totals: Fact[PoolTotals]) -> bool:
        """Return whether the pools are no longer those of the configuration that is held.

        Only what Kea itself says is compared: after statistic-reset-all that is 0, as it is without pools, and only
        the configuration can tell. It is read once then.
        """
        held = self._held
        if held is None or configuration is not held.configuration or isinstance(totals, Failure):
            return False
        return held.pool_totals is not None and totals.differ_from(held.pool_totals)

    def last_totals(self, totals: Fact[PoolTotals]) -> PoolTotals | None:
        """Return what Kea said last of its pools, under the configuration that it runs now."""
        if not isinstance(totals, Failure):
            return totals
        return self._held.pool_totals if self._held is not None else None

    def shown(self, subnets: Fact[Subnets]) -> Fact[Shown]:
        """Return the subnets that are exported one by one."""
        if isinstance(subnets, Failure):
            return subnets
        before = self._before
        if before is not None and before.subnets is subnets and not isinstance(before.subnet_series, Failure):
            return before.subnet_series.shown
        return shown(subnets, self._collectors.selection)

    def subnet_series(self, leases: Fact[Leases], chosen: Fact[Shown]) -> Fact[SubnetSeries]:
        """Return what is exported of subnets one by one."""
        if isinstance(leases, Failure):
            return leases
        if isinstance(chosen, Failure):
            return chosen
        return subnet_series(leases.subnets, chosen, self._collectors) if self._collectors.subnets else NOT_COLLECTED

    def pool_series(
        self, every: Fact[AllStatistics], configuration: Fact[Configuration], chosen: Fact[Shown]
    ) -> Fact[PoolSeries]:
        """Return what is exported of pools one by one."""
        if not self._collectors.pools:
            return NOT_COLLECTED
        if isinstance(configuration, Failure):
            return configuration
        if isinstance(chosen, Failure):
            return chosen
        if isinstance(every, Failure):
            return every
        return pool_series(every, configuration.capacities, chosen, self._collectors)

    def continued(self, now: Fact[Statistics]) -> Fact[Statistics]:
        """Return statistics whose computed counters go on from the last ones."""
        if isinstance(now, Failure):
            return now
        return statistics.continued(now, self._counted.statistics if self._counted is not None else None)
