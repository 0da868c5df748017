"""The demo's fleet at work: authority, credentials, servers, and the exporter's configuration for them."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import yaml

from kea_simulator import configuration
from kea_simulator.building import Blueprint, life_of
from kea_simulator.certificates import Authority
from kea_simulator.server import KeaServer, Tls, listening
from kea_simulator.servers import OLD, SERVERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kea_simulator.servers import Server

Tree = dict[str, Any]

USER, PASSWORD, WRONG_PASSWORD = "monitor", "a-throw-away-password", "not-the-password"
REALMS = {"dhcp4": "kea-dhcpv4-server", "dhcp6": "kea-dhcpv6-server", "d2": "kea-dhcp-ddns-server"}
AGENT_REALM = "kea-control-agent"


@dataclass(frozen=True)
class Place:
    """A daemon of the fleet: where it is, and what is special about its server."""

    server: str
    daemon: str
    url: str
    about: str


class Fleet:
    """Servers that run while the context is entered.

    Args:
        folder: for certificates, passwords and the exporter's configuration.
        seed: decides all that is up to chance.
        clock: gives seconds since the epoch, and never goes back.
        servers: the servers, those of the demo by default.

    Attributes:
        config_file: the exporter's configuration.
        places: the daemons, in the order of the configuration.
    """

    def __init__(
        self, folder: Path, seed: int, clock: Callable[[], float], servers: Sequence[Server] = SERVERS
    ) -> None:
        self.config_file = folder / "config.yml"
        self.places: list[Place] = []
        self._folder = folder
        self._seed = seed
        self._clock = clock
        self._servers = servers
        # Each server has subnets of its own; both of a pair have the same.
        self._subnets = max(10, *(len(server.uses) for server in servers))
        self._authority = Authority(folder)
        self._running = ExitStack()

    def __enter__(self) -> Self:
        for name, text in (("user", USER), ("password", PASSWORD), ("wrong-password", WRONG_PASSWORD)):
            (self._folder / name).write_text(text)
        with ExitStack() as stack:
            entries = [self._start(stack, server) for server in self._servers]
            self._running = stack.pop_all()
        tree = {"defaults": self._defaults(), "servers": entries}
        self.config_file.write_text(yaml.safe_dump(tree, sort_keys=False))
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _start(self, stack: ExitStack, server: Server) -> Tree:
        """Start the daemons of a server, and return its entry in the exporter's configuration."""
        tls = None
        if server.tls:
            pair = self._authority.issue(server.name, server.addresses, days=server.days)
            tls = Tls(pair, self._authority.certificate)
        urls = {name: self._start_daemon(stack, server, name, tls) for name in server.daemons}
        self.places += [Place(server.name, name, url, server.about) for name, url in urls.items()]
        return {"name": server.name, **{name: self._entry(server, url) for name, url in urls.items()}}

    def _start_daemon(self, stack: ExitStack, server: Server, name: str, tls: Tls | None) -> str:
        if not server.listens:
            # Bound, so that nobody else can be there either.
            held = stack.enter_context(socket.socket())
            held.bind(("127.0.0.1", 0))
            return f"https://127.0.0.1:{held.getsockname()[1]}"
        listener = listening()
        answers, realm = self._answers(server, name, listener.getsockname()[1], tls)
        kea = KeaServer(
            answers, (USER, PASSWORD), realm, tls=tls, headers=configuration.HSTS if tls else {}, listener=listener
        )
        return stack.enter_context(kea).url

    def _answers(
        self, server: Server, name: str, port: int, tls: Tls | None
    ) -> tuple[Callable[[Tree], list[Any]], str]:
        """Return what answers the commands at a port, and the realm there."""
        blueprint = Blueprint(
            server, self._first_subnet(server), self._seed, life_of(server, name, self._seed, self._clock)
        )
        if server.version == OLD:
            return blueprint.agent(port, self._authentication(server, AGENT_REALM)).answers, AGENT_REALM
        entry = configuration.control_socket(port, tls, self._authentication(server, REALMS[name]))
        return blueprint.daemon(name, [entry]).answers, REALMS[name]

    def _authentication(self, server: Server, realm: str) -> Tree:
        if server.in_files:
            client = {"user-file": "user", "password-file": "password"}
            return configuration.authentication(realm, client, self._folder)
        return configuration.authentication(realm, {"user": USER, "password": PASSWORD})

    def _entry(self, server: Server, url: str) -> Tree:
        entry: Tree = {"url": url}
        if server.version == OLD:
            entry["control_agent"] = True
        if not server.password_is_right:
            entry["basic_auth"] = self._basic_auth("wrong-password")
        return entry

    def _defaults(self) -> Tree:
        client = self._authority.issue("exporter")
        tls_config = {
            "ca_file": str(self._authority.certificate),
            "cert_file": str(client.certificate),
            "key_file": str(client.key),
        }
        return {
            "basic_auth": self._basic_auth("password"),
            "tls_config": tls_config,
            "lease_audit": {"interval": "1m", "page_size": 200},
        }

    def _basic_auth(self, file: str) -> Tree:
        return {"username": USER, "password_file": str(self._folder / file)}

    def _first_subnet(self, server: Server) -> int:
        """Return the id of a server's first subnet."""
        index = next(
            index for index, value in enumerate(self._servers) if value is server or (server.role and value.role)
        )
        return self._subnets * index + 1
