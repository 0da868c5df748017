"""Daemons made of what a server is like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from kea_simulator import configuration
from kea_simulator.activity import chance_of
from kea_simulator.daemon import Agent, Daemon, Life, numbers
from kea_simulator.dhcp_daemon import DhcpDaemon, Outage
from kea_simulator.high_availability import parameters, relationship
from kea_simulator.pools import V4, V6, standing_still, subnet4, subnet6
from kea_simulator.statistics import DdnsStatistics, DhcpStatistics
from kea_simulator.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_simulator.pools import Subnet
    from kea_simulator.servers import Server

Tree = dict[str, Any]

FAMILIES = {"dhcp4": V4, "dhcp6": V6}
SUBNETS = {V4: subnet4, V6: subnet6}
KEY = "ddns-key"
# How long ago servers were started.
AGES = (3600.0, 200_000.0)
PIDS = (300, 30_000)
OLD_HOOKS = "/usr/lib/kea/hooks/"
OLD_SOCKET = "/run/kea/kea4-ctrl-socket"


def life_of(server: Server, name: str, seed: int, clock: Callable[[], float]) -> Life:
    """Return since when a daemon runs: some hours or days, so that there is something to see at once."""
    # Both servers of a pair count the same leases.
    chance = chance_of(seed, "life", "pair" if server.role else server.name, name)
    return Life(clock, clock() - chance.uniform(*AGES), chance.randrange(*PIDS))


@dataclass(frozen=True)
class Blueprint:
    """What a daemon is made of.

    Attributes:
        server: whose it is.
        first_subnet: the id of its first subnet.
        seed: decides what is up to chance.
        life: since when it runs.
    """

    server: Server
    first_subnet: int
    seed: int
    life: Life

    def daemon(self, name: str, sockets: list[Tree]) -> Daemon:
        """Return the daemon `dhcp4`, `dhcp6` or `d2`, with control sockets as the configuration has them."""
        if name != "d2":
            return self._dhcp(FAMILIES[name], sockets)
        tree = configuration.ddns(sockets, KEY)
        return Daemon("DhcpDdns", self.server.version, tree, DdnsStatistics(KEY, self.seed), self.life)

    def agent(self, port: int, authentication: Tree) -> Agent:
        """Return a Control Agent with a DHCPv4 daemon behind it."""
        socket = {"socket-name": OLD_SOCKET, "socket-type": "unix"}
        tree = configuration.agent(port, authentication, OLD_SOCKET)
        own = replace(self.life, pid=self.life.pid + 1)
        return Agent(self.server.version, tree, {"dhcp4": self._dhcp(V4, [socket])}, own)

    def _dhcp(self, family: int, sockets: list[Tree]) -> DhcpDaemon:
        server, version = self.server, numbers(self.server.version)
        subnets = self._subnets(family)
        removed = [standing_still(subnets.pop())] if server.lost_its_last else []
        tree = configuration.dhcp(family, sockets, _hooks(server), subnets, version)
        if not server.interfaces:
            tree["interfaces-config"] = {**tree["interfaces-config"], "interfaces": []}
        if server.outage is Outage.DATABASE_LOST:
            tree["lease-database"] = configuration.LOST_DATABASE
        what = traffic(self.seed, len(subnets), server.failures)
        statistics = DhcpStatistics(family, version, subnets, what, removed, serves=server.role != "standby")
        pair = partial(relationship, server.name) if server.role else None
        daemon = DhcpDaemon(server.version, tree, statistics, self.life, pair)
        if server.outage is not None:
            daemon.stop_serving(server.outage)
        return daemon

    def _subnets(self, family: int) -> list[Subnet]:
        described = zip(self.server.uses, self.server.networks, strict=False)
        return [
            SUBNETS[family](self.seed, self.first_subnet + index, use, network)
            for index, (use, network) in enumerate(described)
        ]


def _hooks(server: Server) -> list[Tree]:
    folder = OLD_HOOKS if numbers(server.version) < (3, 0, 0) else ""
    return [
        {"library": f"{folder}libdhcp_{hook}.so", **({"parameters": parameters(server.name)} if hook == "ha" else {})}
        for hook in server.hooks
    ]
