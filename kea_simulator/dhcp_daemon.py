"""Simulated DHCP daemons: their subnets and leases, and what they answer while they serve nobody."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from kea_simulator.configuration import as_bytes
from kea_simulator.daemon import Daemon, Life
from kea_simulator.leases import one, page
from kea_simulator.pools import V4, V6
from kea_simulator.requests import RefusedError, answer, empty, error, success
from kea_simulator.stat_lease import row, stat_lease

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kea_simulator.pools import Subnet
    from kea_simulator.statistics import DhcpStatistics

Tree = dict[str, Any]

ENABLED: Tree = {
    "disabled-by-db-connection": [],
    "disabled-by-local-command": [],
    "disabled-by-remote-command": [],
    "disabled-by-user": False,
    "globally-disabled": False,
}
# With two cores.
MULTI_THREADING: Tree = {
    "multi-threading-enabled": True,
    "packet-queue-size": 64,
    "packet-queue-statistics": [0.0, 0.0, 0.0],
    "thread-pool-size": 2,
}
FILE = "/etc/kea/kea.conf"
LEASE_FILE = "/var/lib/kea/kea-leases{}.csv"
# Since then status-get shows the lease file, and a reload that was half applied has a result of its own (measured on
# 3.0.4 and 3.3.1).
SHOWS_LEASE_FILE, HAS_HALF_APPLIED = (3, 1, 2), (3, 1, 7)
HALF_APPLIED = 5
# What the commands that read leases say where they cannot (measured on 3.0.3).
NO_MANAGER = "no current lease manager is available"


class Outage(Enum):
    """Why a daemon answers commands and serves nobody, and what is wrong with its configuration file then."""

    RELOAD_FAILED = "load of private key file '/etc/kea/key.pem' failed: unsupported (DECODER routines)"
    DATABASE_LOST = (
        'Unable to open database: connection to server at "192.0.2.20", port 5432 failed: Connection refused'
    )


class DhcpDaemon(Daemon):
    """A DHCP daemon.

    Args:
        relationship: gives what status-get tells of high availability at a moment; None where there is none.

    Attributes:
        reload_error: what a reload fails with; empty where it succeeds.
    """

    def __init__(
        self,
        version: str,
        configuration: Tree,
        statistics: DhcpStatistics,
        life: Life,
        relationship: Callable[[float], Tree] | None = None,
    ) -> None:
        self._family = statistics.family
        super().__init__(f"Dhcp{self._family}", version, configuration, statistics, life)
        self._counted = statistics
        self._outage: Outage | None = None
        self._counted_until = 0.0
        self.reload_error = ""
        self._relationship = relationship
        self._handlers |= {
            "reservation-get-page": lambda _: _no_reservations(self._family),
            "server-tag-get": lambda _: success({"server-tag": ""}),
        }
        for family in (V4, V6):
            is_own = family == self._family
            leased = (*statistics.subnets, *statistics.removed) if is_own else ()
            self._handlers |= self._of_family(family, statistics.subnets if is_own else (), leased)

    def stop_serving(self, outage: Outage) -> None:
        """Serve nobody from now on."""
        self._outage, self._counted_until, self.reload_error = outage, self._life.elapsed, outage.value

    def fix(self) -> None:
        """Remove the cause of an outage: Kea connects to a database by itself, else it waits for a reload."""
        self.reload_error = ""
        if self._outage is Outage.DATABASE_LOST:
            self._outage = None

    def _reload(self, arguments: object) -> Tree:
        if self.reload_error:
            # Also where a database was lost before: the reload ends all attempts to connect to it again (measured).
            self._counted_until = self._counted_for()
            self._outage = Outage.RELOAD_FAILED
            if self.version >= HAS_HALF_APPLIED:
                return answer(HALF_APPLIED, None, f"Config reload failed: {self.reload_error}")
            return error(f"Config reload failed: configuration error using file '{FILE}': {self.reload_error}")
        self._outage = None
        return super()._reload(arguments)

    def _counted_for(self) -> float:
        return self._life.elapsed if self._outage is None else self._counted_until

    def _of_family(
        self, family: int, subnets: Sequence[Subnet], leased: Sequence[Subnet]
    ) -> dict[str, Callable[[object], Tree]]:
        """Return the commands that each daemon has for both families, given its subnets and those with leases."""
        clock, elapsed = self._life.clock, self._counted_for
        return {
            f"subnet{family}-list": lambda _: _subnet_list(family, subnets),
            f"stat-lease{family}-get": lambda entry: stat_lease(family, entry, subnets, self._row, clock()),
            f"lease{family}-get": self._reading(lambda entry: one(family, entry, leased, clock(), elapsed())),
            f"lease{family}-get-page": self._reading(lambda entry: page(family, entry, leased, clock(), elapsed())),
        }

    def _reading(self, handler: Callable[[object], Tree]) -> Callable[[object], Tree]:
        """Return the handler of a command that reads leases; wrong arguments are refused before leases are read."""

        def read(arguments: object) -> Tree:
            answer = handler(arguments)
            self._require_leases()
            return answer

        return read

    def _require_leases(self) -> None:
        if self._outage is not None:
            raise RefusedError(NO_MANAGER)

    def _row(self, subnet: Subnet) -> list[int]:
        self._require_leases()
        counts = self._counted.counts(subnet, self._life.elapsed)
        return row(self._family, self.version, subnet, *counts)

    def _status(self) -> Tree:
        status = {**super()._status(), **self._applied(), "dhcp-state": ENABLED, "sockets": {"status": "ready"}}
        if self._family == V6:
            status["extended-info-tables"] = False
        if self._relationship is not None:
            status["high-availability"] = [self._relationship(self._life.clock())]
        return status

    def _applied(self) -> Tree:
        """Return what status-get shows of threads and leases: most of it is gone after a reload that failed."""
        if self._outage is Outage.RELOAD_FAILED:
            return {"multi-threading-enabled": False}
        if self.version < SHOWS_LEASE_FILE or not self.configuration["lease-database"].get("persist"):
            return MULTI_THREADING
        return {**MULTI_THREADING, "csv-lease-file": LEASE_FILE.format(self._family)}


def _no_reservations(family: int) -> Tree:
    return {"result": 3, "arguments": {"count": 0, "hosts": []}, "text": f"0 IPv{family} host(s) found."}


def _subnet_list(family: int, subnets: Sequence[Subnet]) -> Tree:
    found = [
        {"id": subnet.id, "shared-network-name": as_bytes(subnet.network) or None, "subnet": subnet.prefix}
        for subnet in sorted(subnets, key=lambda subnet: subnet.id)
    ]
    text = f"{len(found)} IPv{family} subnet{'' if len(found) == 1 else 's'} found"
    return success({"subnets": found}, text) if found else empty({"subnets": found}, text)
