"""The command plan: which commands bring the counts, so that Kea feels it as little as possible.

Kea runs commands on the thread that receives packets. What a command costs, measured on Kea 3.0.3 with 10,000 subnets:
subnet4-list 17 ms, stat-lease4-get 50 ms, config-get 200 ms, statistic-get-all 350 ms to 1.6 s, the latter growing with
the samples that Kea keeps. Every command is two lines in Kea's log. So: compact commands where there are any, long ones
in slices, few in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.kea.protocol import Command

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kea_exporter.config.settings import Collectors
    from kea_exporter.facts.snapshot import Target

SUBNET_LIST = {Daemon.DHCP4: Command.SUBNET4_LIST, Daemon.DHCP6: Command.SUBNET6_LIST}
STAT_LEASE = {Daemon.DHCP4: Command.STAT_LEASE4_GET, Daemon.DHCP6: Command.STAT_LEASE6_GET}
LEASE = {Daemon.DHCP4: Command.LEASE4_GET, Daemon.DHCP6: Command.LEASE6_GET}

# Up to here statistic-get-all takes Kea no longer than the longest of the other commands (20 ms with 20 samples).
FEW_SUBNETS = 100
# A slice of stat-lease takes Kea 15 to 29 ms, about as long as subnet4-list, which cannot be sliced.
SUBNETS_IN_A_SLICE = 5000
MAX_SLICES = 4
# Where one command brings the statistics, more are left: 5 to 9 ms.
SUBNETS_IN_A_FINE_SLICE = 1500
# From Kea 3.1.2 on, one command brings the daemon's own statistics; before, some are queried one by one.
MAX_COMMANDS = 12
MAX_COMMANDS_ONE_BY_ONE = 16
# Asked beside: status-get, subnet4-list, after a restart version-get; config-get of a Control Agent comes on top.
COMMANDS_BESIDE = 3

# The statistics to query one by one where querying all costs too much, in the order of their priority.
ONE_BY_ONE = {
    Daemon.DHCP4: (
        "pkt4-received",
        "pkt4-receive-drop",
        "pkt4-discover-received",
        "pkt4-offer-sent",
        "pkt4-request-received",
        "pkt4-ack-sent",
        "v4-allocation-fail-subnet",
        "v4-allocation-fail-shared-network",
        "pkt4-sent",
        "pkt4-parse-failed",
    ),
    Daemon.DHCP6: (
        "pkt6-received",
        "pkt6-receive-drop",
        "pkt6-solicit-received",
        "pkt6-advertise-sent",
        "pkt6-request-received",
        "pkt6-renew-received",
        "pkt6-rebind-received",
        "pkt6-reply-sent",
        "v6-allocation-fail-subnet",
        "v6-allocation-fail-shared-network",
        "pkt6-sent",
    ),
}


@dataclass(frozen=True)
class Plan:
    """What to ask, beside version, status, configuration and subnets.

    Attributes:
        leases: the command that counts leases by subnet; None where the statistics have to tell, or nobody wants it.
        slices: first and last subnet ids of the ranges to ask `leases` for; none to ask for all at once.
        statistics: the command that brings the statistics; None where nobody wants them.
        names: the statistics to ask for one by one.
        lease: the command that reads one lease, which shows whether the lease database answers where no row of
            `leases` does; None where the daemon does not have it.
    """

    leases: Command | None
    slices: tuple[tuple[int, int], ...]
    statistics: Command | None
    names: tuple[str, ...] = ()
    lease: Command | None = None


def plan(target: Target, commands: Collection[str], subnet_ids: Sequence[int], collectors: Collectors) -> Plan:
    """Return what to ask of a daemon.

    Args:
        target: which daemon it is, and whether it is behind a Control Agent.
        commands: those that it has.
        subnet_ids: its subnets, in the order of their ids.
        collectors: what is wanted of it.
    """
    daemon = target.daemon
    counting = STAT_LEASE.get(daemon) if collectors.leases else None
    leases = counting if counting in commands else None
    reading = LEASE.get(daemon)
    lease = reading if reading in commands else None
    statistics = _statistics(daemon, commands, len(subnet_ids), collectors, counts_leases=leases is not None)
    beside = COMMANDS_BESIDE + target.control_agent + (Command.RESERVATION_GET_PAGE in commands)
    is_one_by_one = statistics is Command.STATISTIC_GET
    coarse, fine = (SUBNETS_IN_A_SLICE, MAX_SLICES), (SUBNETS_IN_A_FINE_SLICE, MAX_COMMANDS - beside - 1)
    slices = _slices(subnet_ids, *(coarse if is_one_by_one else fine)) if leases else ()
    # Without subnets, stat-lease has no row and does not read the lease database (measured).
    others = beside + (max(len(slices), 1) if leases and subnet_ids else 1)
    names = ONE_BY_ONE[daemon][: MAX_COMMANDS_ONE_BY_ONE - others] if is_one_by_one else ()
    return Plan(leases, slices, statistics, names, lease)


def _statistics(
    daemon: Daemon, commands: Collection[str], subnets: int, collectors: Collectors, *, counts_leases: bool
) -> Command | None:
    if daemon is Daemon.D2:
        return Command.STATISTIC_GET_ALL if collectors.statistics != "none" else None
    if collectors.pools or (collectors.leases and not counts_leases):
        return Command.STATISTIC_GET_ALL
    if collectors.statistics == "none":
        return None
    # What is counted for each subnet alone, such as registered addresses, comes with this command only.
    if collectors.statistics == "all" or subnets <= FEW_SUBNETS:
        return Command.STATISTIC_GET_ALL
    has_global = Command.STATISTIC_GLOBAL_GET_ALL in commands
    return Command.STATISTIC_GLOBAL_GET_ALL if has_global else Command.STATISTIC_GET


def _slices(subnet_ids: Sequence[int], wanted: int, most: int) -> tuple[tuple[int, int], ...]:
    """Cut the ids into ranges of about one size: of as many as are *wanted*, or of more if *most* are not enough."""
    count = min(-(-len(subnet_ids) // wanted), most)
    if count < 2:  # noqa: PLR2004 - all at once
        return ()
    size = -(-len(subnet_ids) // count)
    starts = range(0, len(subnet_ids), size)
    return tuple((subnet_ids[start], subnet_ids[start : start + size][-1]) for start in starts)
