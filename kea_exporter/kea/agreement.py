"""Whether the statistics count the same leases as the lease database, so that Kea need not be queried for both.

Statistics do not have all leases after a command reset or removed them, if other servers use the same database, and
after high availability has synchronized leases from the partner (measured on 3.0.3). Without high availability,
stat-lease and statistics are compared, and the statistics count alone while each of them goes on from then. Kea keeps
the last samples of a statistic (`statistic-default-sample-count`, 20 by default), and drops all of them with a reset,
a removal, a reload, or if a subnet is changed or removed at run time (measured on 3.0.3 and 2.6.3). If more changed
than there are samples, both are queried and compared again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.leases import Agreement
from kea_exporter.facts.subnets import Count
from kea_exporter.kea.configuration import MEMFILE
from kea_exporter.kea.plan import FEW_SUBNETS
from kea_exporter.kea.protocol import Command

if TYPE_CHECKING:
    from kea_exporter.facts.configuration import Configuration
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import Leases
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.kea.plan import Plan
    from kea_exporter.kea.statistics import AllStatistics

# Kea may count wrong in ways that do not show in its samples.
MAX_SECONDS = 300
LEASED = (Count.ADDRESSES_ASSIGNED, Count.ADDRESSES_DECLINED, Count.PREFIXES_ASSIGNED)


def may_agree(todo: Plan, configuration: Fact[Configuration]) -> bool:
    """Return whether both ways of counting can agree, and another command shows that there is a lease manager."""
    if isinstance(configuration, Failure) or configuration.lease_database != MEMFILE or configuration.pairs:
        return False
    has_both = todo.leases is not None and todo.statistics is Command.STATISTIC_GET_ALL
    return has_both and todo.lease is not None and not todo.slices


def goes_on(before: Snapshot | None, every: Fact[AllStatistics], now: float) -> Agreement | None:
    """Return the agreement of the last probe as it still holds; None where it does not."""
    last = before.agreement if before is not None else None
    if last is None or isinstance(every, Failure) or not last.checked_at <= now <= last.checked_at + MAX_SECONDS:
        return None
    # A subnet that is added at run time brings statistics that were never compared.
    is_continued = last.samples.keys() == every.samples.keys() and all(
        sample in every.samples[name] for name, sample in last.samples.items()
    )
    is_complete = all(None not in every.subnets.columns.get(count, ()) for count in LEASED)
    return Agreement(last.checked_at, _newest(every)) if is_continued and is_complete else None


def compared(
    by_rows: Fact[Leases], by_statistics: Fact[Leases], every: Fact[AllStatistics], now: float
) -> Agreement | None:
    """Return the agreement of both ways of counting; None where they differ, or are not known."""
    if isinstance(by_rows, Failure) or isinstance(by_statistics, Failure) or isinstance(every, Failure):
        return None
    ours, theirs = by_rows.subnets, by_statistics.subnets
    is_same = ours.keys == theirs.keys and ours.columns == theirs.columns
    return Agreement(now, _newest(every)) if is_same and len(ours.keys) <= FEW_SUBNETS else None


def _newest(every: AllStatistics) -> dict[str, object]:
    return {name: samples[0] for name, samples in every.samples.items()}
