"""A pair of real DHCP servers in high availability, on loopback and in haste."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lab.servers.configurations import dhcp, http, subnet4, subnet6
from lab.servers.processes import START_SECONDS, StartError, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.servers.kea import KeaDaemon, Lab, Tree

PRIMARY, PARTNER = "primary-server", "partner-server"
ROLES_OF_PARTNER = {"hot-standby": "standby", "load-balancing": "secondary"}
HEARTBEAT_MILLISECONDS = 100
# No heartbeat during a test; Kea takes at most 65535.
NEVER_MILLISECONDS = 60_000
SILENCE_MILLISECONDS = 1000


class HighAvailability:
    """Two servers that can be started and stopped one by one; each keeps its ports.

    Args:
        heartbeat: milliseconds from one look at the partner to the next, and to the first.
        silence: milliseconds after which a partner that is silent is taken for down, as no clients are waited for.
        control: makes the control socket of a server from its name and port.
        root: `Dhcp4` or `Dhcp6`.
        more: further parameters of the relationship.

    Attributes:
        control_ports: the ports of their control sockets, by the names of the servers.
    """

    def __init__(  # noqa: PLR0913 - each has a default
        self,
        lab: Lab,
        mode: str = "hot-standby",
        heartbeat: int = HEARTBEAT_MILLISECONDS,
        silence: int = SILENCE_MILLISECONDS,
        control: Callable[[str, int], Tree] = lambda _, port: http(port),
        *,
        root: str = "Dhcp4",
        more: Tree | None = None,
    ) -> None:
        self._root = root
        self._more = more or {}
        self._lab = lab
        self._control = control
        self._heartbeat = heartbeat
        self._silence = silence
        self._mode = mode
        primary, partner, *others = (free_port() for _ in range(4))
        self._own_ports = {PRIMARY: primary, PARTNER: partner}
        self.control_ports = dict(zip((PRIMARY, PARTNER), others, strict=True))

    def start(self, name: str, *paused: str, arguments: tuple[str, ...] = (), tree: Tree | None = None) -> KeaDaemon:
        """Start a server.

        Args:
            name: PRIMARY or PARTNER.
            paused: it stays in each of these states once, until it is told to go on.
            arguments: further arguments of its command line.
            tree: replaces parts of its configuration.
        """
        ha = {"library": "libdhcp_ha.so", "parameters": {"high-availability": [self._relationship(name, paused)]}}
        subnets = {"subnet4": [subnet4(1)]} if self._root == "Dhcp4" else {"subnet6": [subnet6(1)]}
        whole = dhcp(self._root, [self._control(name, self.control_ports[name])], **{**subnets, **(tree or {})})
        whole["hooks-libraries"].append(ha)
        return self._lab.start(self._root, whole, arguments)

    def _relationship(self, name: str, paused: tuple[str, ...]) -> Tree:
        roles = {PRIMARY: "primary", PARTNER: ROLES_OF_PARTNER[self._mode]}
        return {
            **relationship(name, self._mode, roles, self._own_ports),
            "heartbeat-delay": self._heartbeat,
            "max-response-delay": self._silence,
            "state-machine": {"states": [{"state": state, "pause": "once"} for state in paused]},
            **self._more,
        }


def relationship(own: str, mode: str, roles: dict[str, str], ports: dict[str, int]) -> Tree:
    """Return a relationship in haste, as the server *own* has it, from the roles and ports of its servers."""
    urls = {name: f"http://127.0.0.1:{ports[name]}/" for name in roles}
    return {
        "this-server-name": own,
        "mode": mode,
        "heartbeat-delay": HEARTBEAT_MILLISECONDS,
        "max-response-delay": SILENCE_MILLISECONDS,
        "max-unacked-clients": 0,
        "multi-threading": {"enable-multi-threading": True, "http-dedicated-listener": True},
        "peers": [{"name": name, "url": urls[name], "role": role} for name, role in roles.items()],
    }


def wait_for(daemon: KeaDaemon, *states: str) -> None:
    """Return as soon as a server is in a state, and its partner in the second one where two are given.

    Raises:
        StartError: that took too long.
    """
    give_up = time.monotonic() + START_SECONDS
    while (found := states_of(daemon))[: len(states)] != states:
        if time.monotonic() > give_up:
            raise StartError(f"the servers are {found}, not {states}:\n{daemon.log()[-2000:]}")
        time.sleep(0.02)


def states_of(daemon: KeaDaemon) -> tuple[str, str]:
    """Return the states that a server says it and its partner are in; empty where it knows none."""
    relationships = daemon.command("status-get")["arguments"].get("high-availability")
    if not relationships:  # it was started just now
        return "", ""
    servers = relationships[0]["ha-servers"]
    return servers["local"]["state"], servers["remote"]["last-state"]
