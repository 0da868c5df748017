"""What a simulated daemon counts: every statistic by the name that Kea gives it, at a moment after the start.

Names of Kea 3.0.3 and, where they have more, of 3.2.0 and 3.3.1; the contract tests compare.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_simulator.activity import chance_of, events
from kea_simulator.pools import V4, V6, Counts, summed
from kea_simulator.traffic import packets, packets_of_standby

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kea_simulator.pools import Subnet
    from kea_simulator.traffic import Traffic

Values = dict[str, int]

# Since then dropped packets are counted by reason, and the leases of the daemon as a whole.
WITH_REASONS = (3, 1, 4)
NOUNS = {V4: "addresses", V6: "nas"}
REUSES = {V4: ("v4-lease-reuses",), V6: ("v6-ia-na-lease-reuses", "v6-ia-pd-lease-reuses")}
STILL_COUNTED = re.compile(r"(^|\.)(assigned-|declined-)")
FAILURES = ("", "-classes", "-no-pools", "-shared-network", "-subnet")


@dataclass(frozen=True)
class DhcpStatistics:
    """The statistics of a DHCP daemon.

    Attributes:
        family: 4 or 6.
        removed: subnets that were removed at run time, and whose leases were not.
        serves: whether it serves its clients; a standby drops their packets, and only learns of their leases.
    """

    family: int
    version: tuple[int, int, int]
    subnets: Sequence[Subnet]
    traffic: Traffic
    removed: Sequence[Subnet] = ()
    serves: bool = True

    def counts(self, subnet: Subnet, elapsed: float) -> tuple[Counts, Counts]:
        """Return what is counted of the addresses and of the prefixes of a subnet."""
        since = elapsed if self.serves else 0.0
        prefixes = subnet.prefixes.counts(elapsed, since) if subnet.prefixes else Counts()
        return subnet.addresses.counts(elapsed, since), prefixes

    def values(self, elapsed: float) -> Values:
        """Return the value of every statistic."""
        counted = [(subnet, *self.counts(subnet, elapsed)) for subnet in self.subnets]
        addresses, prefixes = summed(inside for _, inside, _ in counted), summed(delegated for *_, delegated in counted)
        since, with_reasons = elapsed if self.serves else 0.0, self.version >= WITH_REASONS
        found = packets(self.family, self.traffic, addresses, since, with_reasons=with_reasons)
        if not self.serves:
            found |= packets_of_standby(self.family, self._arrived(elapsed), with_reasons=with_reasons)
        found |= self._failures(since) | dict.fromkeys(REUSES[self.family], 0)
        if self.family == V4:
            found["v4-reservation-conflicts"] = 0
        if counted:  # without subnets, Kea has none of these
            found |= self._of_all(addresses, prefixes)
        for subnet, inside, delegated in counted:
            found |= {f"subnet[{subnet.id}].{name}": value for name, value in self._of_one(inside, delegated).items()}
        for subnet in self.removed:
            found |= {f"subnet[{subnet.id}].{name}": value for name, value in self._left_of(subnet).items()}
            found["declined-addresses"] += subnet.addresses.declined.first
        return found

    def _arrived(self, elapsed: float) -> Values:
        """Return the packet counters of the partner of a standby: both see the same packets."""
        leases = summed(subnet.addresses.counts(elapsed, elapsed) for subnet in self.subnets)
        return packets(self.family, self.traffic, leases, elapsed, with_reasons=False)

    def _left_of(self, subnet: Subnet) -> Values:
        """Return what is still counted of a subnet after it was removed (measured)."""
        every = self._of_one(*self.counts(subnet, 0.0))
        left = {*REUSES[self.family], "v4-reservation-conflicts"}
        return {name: value for name, value in every.items() if name in left or STILL_COUNTED.search(name)}

    def _failures(self, since: float) -> Values:
        """Return how often no address was free: once by where, once as such, once for the class of all clients."""
        failed, name = self.traffic.failures.came(since), f"v{self.family}-allocation-fail"
        found = dict.fromkeys([f"{name}{failure}" for failure in FAILURES], 0)
        if failed:
            first = self.subnets[0]
            counted = [name, f"{name}-classes", f"{name}-{'shared-network' if first.network else 'subnet'}"]
            found |= dict.fromkeys(counted, failed)
            # Only now Kea has them for the subnet.
            found |= dict.fromkeys([f"subnet[{first.id}].{entry}" for entry in counted], failed)
        return found

    def _of_all(self, addresses: Counts, prefixes: Counts) -> Values:
        noun = NOUNS[self.family]
        found = {
            f"cumulative-assigned-{noun}": addresses.assignments,
            "declined-addresses": addresses.declined,
            "reclaimed-leases": addresses.reclaimed + prefixes.reclaimed,
            "reclaimed-declined-addresses": addresses.reclaimed_declined,
        }
        more = {"cumulative-assigned-pds": prefixes.assignments, "cumulative-registered-nas": 0}
        now = {f"assigned-{noun}": addresses.assigned}
        if self.family == V6:
            found |= more
            now["assigned-pds"] = prefixes.assigned
        return found | now if self.version >= WITH_REASONS else found

    def _of_one(self, inside: Counts, delegated: Counts) -> Values:
        pool = {
            f"total-{NOUNS[self.family]}": inside.total,
            f"assigned-{NOUNS[self.family]}": inside.assigned,
            f"cumulative-assigned-{NOUNS[self.family]}": inside.assignments,
            "declined-addresses": inside.declined,
            "reclaimed-leases": inside.reclaimed,
            "reclaimed-declined-addresses": inside.reclaimed_declined,
        }
        found = {
            **pool,
            **{f"pool[0].{name}": value for name, value in pool.items()},
            **dict.fromkeys(REUSES[self.family], 0),
        }
        if self.family == V4:
            return {**found, "v4-reservation-conflicts": 0}
        return {
            **found,
            **_delegated(delegated),
            "reclaimed-leases": inside.reclaimed + delegated.reclaimed,
            "registered-nas": 0,
            "cumulative-registered-nas": 0,
        }


def _delegated(prefixes: Counts) -> Values:
    pool = {
        "total-pds": prefixes.total,
        "assigned-pds": prefixes.assigned,
        "cumulative-assigned-pds": prefixes.assignments,
    }
    inside = {**pool, "reclaimed-leases": prefixes.reclaimed}
    return {**pool, **{f"pd-pool[0].{name}": value for name, value in inside.items()}}


@dataclass(frozen=True)
class DdnsStatistics:
    """The statistics of a D2 daemon with one key."""

    key: str
    seed: int

    def values(self, elapsed: float) -> Values:
        """Return the value of every statistic."""
        chance = chance_of(self.seed, "updates")
        updates, errors, timeouts, invalid = (
            events(chance, often).came(elapsed) for often in (0.8, 0.01, 0.005, 0.002)
        )
        sent = updates + errors + timeouts
        results = {"update-sent": sent, "update-success": updates, "update-error": errors, "update-timeout": timeouts}
        return {
            **results,
            **{f"key[{self.key}.].{name}": result for name, result in results.items()},
            "update-signed": sent,
            "update-unsigned": 0,
            "ncr-received": sent + invalid,
            "ncr-invalid": invalid,
            "ncr-error": 0,
            "queue-mgr-queue-full": 0,
        }
