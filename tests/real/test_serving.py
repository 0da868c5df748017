"""Real Kea that answers every command and serves nobody: after a reload that failed, or without its lease database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import requests

from lab.servers.configurations import HOOKS, dhcp
from lab.servers.dhcp_clients import free_dhcp_ports, over_loopback, wait_until_serving
from lab.servers.postgresql import Postgresql
from lab.servers.processes import free_port
from tests.support.exporter import values
from tests.support.one_exporter import OneExporter, one_exporter
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lab.servers.certificates import Pair
    from lab.servers.chroot import Chroot
    from lab.servers.dhcp_clients import DhcpClients
    from lab.servers.kea import KeaDaemon, Lab, Tree
    from tests.support.exporter import Exporter

pytestmark = pytest.mark.lab

IP = "127.0.0.1"
ROOTS = pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6"])
WITHOUT_STAT_CMDS = tuple(hook for hook in HOOKS if hook != "stat_cmds")
RUNNING = "service-running"
HALF_APPLIED = "the configuration is half applied: the last reload failed"
# Clients on loopback.
NETWORK: dict[str, Tree] = {
    "Dhcp4": {"subnet4": [{"id": 1, "subnet": "127.0.0.0/8", "pools": [{"pool": "127.1.0.1-127.1.255.254"}]}]},
    "Dhcp6": {"subnet6": [{"id": 1, "subnet": "::/64", "interface": "lo", "pools": [{"pool": "::1:0:0/96"}]}]},
}
POOL_OUTSIDE: dict[str, Tree] = {
    "Dhcp4": {"subnet4": [{"id": 1, "subnet": "127.0.0.0/8", "pools": [{"pool": "10.9.0.1-10.9.0.9"}]}]},
    "Dhcp6": {"subnet6": [{"id": 1, "subnet": "::/64", "interface": "lo", "pools": [{"pool": "fd00::/80"}]}]},
}


@pytest.fixture(scope="module")
def shared_exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneExporter]:
    with one_exporter(tmp_path_factory.mktemp("exporter")) as running:
        yield running


@dataclass(frozen=True)
class Served:
    """A daemon with clients, and the exporter that watches it."""

    daemon: KeaDaemon
    clients: DhcpClients
    pair: Pair
    exporter: Exporter

    def scraped(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return what the exporter shows now: some families without labels of their own, and the requirements."""
        samples = self.exporter.samples()
        names = ("kea_dhcp_serving", "kea_lease_database_available")
        health = {name: value for name in names for value in values(samples, name, "server").values()}
        leases = values(samples, "kea_leases", "state", kind="address")
        return {**health, **leases}, values(samples, "kea_requirement_met", "requirement")

    def finding(self) -> Tree:
        """Return the verdict on the requirement, with evidence and remedy."""
        [report] = requests.get(f"{self.exporter.url}/api/v1/servers", timeout=30).json()["daemons"]
        return next(requirement for requirement in report["requirements"] if requirement["id"] == RUNNING)

    def reload(self, configuration: Tree) -> int:
        """Reload with a configuration and return Kea's result."""
        self.daemon.write(configuration)
        result: int = self.daemon.command("config-reload")["result"]
        return result


def serve(lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...] = HOOKS, **more: object) -> Served:
    """Start a daemon over https with clients on loopback, and wait until the exporter holds its configuration."""
    pair, port, ports = lab.authority.issue("kea", addresses=[IP]), free_port(), free_dhcp_ports(root)
    tree = dhcp(root, [lab.https(port, pair)], hooks, **{**NETWORK[root], **more})
    daemon = lab.start(root, tree, ("-p", str(ports[0]), "-P", str(ports[1])))
    wait_until_serving(daemon)
    entry = {"url": f"https://{IP}:{port}", "tls_config": {"ca_file": str(lab.authority.certificate)}}
    running = shared_exporter.watch({"name": "kea", root.lower(): entry})
    return Served(daemon, over_loopback(lab.chroot, root, ports), pair, running)


def answers(served: Served) -> bool:
    """Return whether a client that asks for a lease gets one."""
    return served.clients.ask_in_vain(1).second.received > 0


def assert_serving(served: Served) -> None:
    health, met = served.scraped()
    assert (health["kea_dhcp_serving"], health["kea_lease_database_available"], met[RUNNING]) == (1, 1, 1)
    assert health.keys() >= {"assigned", "declined"}


def assert_not_serving(served: Served, evidence: str, remedy: str) -> None:
    """The very next scrape shows it, and not one number of leases."""
    health, met = served.scraped()
    assert health == {"kea_dhcp_serving": 0, "kea_lease_database_available": 0}
    assert met[RUNNING] == 0
    finding = served.finding()
    assert finding["status"] == "unmet"
    assert evidence in finding["evidence"]
    assert remedy in finding["remedy"]


def with_broken_key(served: Served) -> Callable[[], None]:
    """Break the key of the control socket, and return what mends it."""
    good = served.pair.key.read_text()
    served.pair.key.write_text("not a key")

    def mend() -> None:
        served.pair.key.write_text(good)

    return mend


@ROOTS
@pytest.mark.parametrize("hooks", [HOOKS, WITHOUT_STAT_CMDS], ids=["stat_cmds", "no stat_cmds"])
@pytest.mark.parametrize("multi_threading", [True, False], ids=["multi-threading", "one thread"])
def test_a_reload_with_a_broken_key_ends_service_until_a_good_one(
    lab: Lab, shared_exporter: OneExporter, root: str, hooks: tuple[str, ...], *, multi_threading: bool
) -> None:
    served = serve(
        lab, shared_exporter, root, hooks, **{"multi-threading": {"enable-multi-threading": multi_threading}}
    )
    served.clients.ask(3)
    assert_serving(served)
    mend = with_broken_key(served)
    # What we advise to do before a reload does not find it, which we say too.
    assert served.daemon.command("config-test", **{root: served.daemon.configuration})["result"] == 0
    assert_serving(served)

    assert served.reload(served.daemon.configuration) == 1
    assert not answers(served)
    assert_not_serving(served, HALF_APPLIED, "compare certificates with their keys")
    mend()
    assert_not_serving(served, HALF_APPLIED, "send config-reload")

    assert served.reload(served.daemon.configuration) == 0
    served.clients.ask(1)
    assert_serving(served)


def test_a_failed_reload_shows_while_the_configuration_is_held(lab: Lab, shared_exporter: OneExporter) -> None:
    served = serve(lab, shared_exporter, "Dhcp4")

    def is_held() -> bool:
        return "config-get" not in values(served.exporter.samples(), "kea_command_success", "command")

    wait_until(is_held)
    mend = with_broken_key(served)
    assert served.reload(served.daemon.configuration) == 1
    assert_not_serving(served, HALF_APPLIED, "send config-reload")
    # Kea calls it neither a reload nor a restart.
    assert is_held()
    mend()
    assert served.reload(served.daemon.configuration) == 0
    assert_serving(served)


CHANGES: dict[str, Callable[[str], Tree]] = {
    "an interface that is gone": lambda _: {"interfaces-config": {"interfaces": ["gone0"]}},
    "an unknown lease database": lambda _: {"lease-database": {"type": "nonsense"}},
    "a hook library that is not there": lambda _: {"hooks-libraries": [{"library": "libdhcp_nonsense.so"}]},
    "a pool outside its subnet": lambda root: POOL_OUTSIDE[root],
}


@ROOTS
@pytest.mark.parametrize("change", CHANGES)
def test_a_reload_that_kea_refuses_ends_service(lab: Lab, shared_exporter: OneExporter, root: str, change: str) -> None:
    served = serve(lab, shared_exporter, root)
    good = served.daemon.configuration
    bad = {**good, **CHANGES[change](root)}
    assert served.daemon.command("config-test", **{root: bad})["result"] == 1
    assert_serving(served)
    assert served.reload(bad) == 1
    assert not answers(served)
    assert_not_serving(served, HALF_APPLIED, "test the configuration with config-test")
    assert served.reload(good) == 0
    assert_serving(served)


def test_a_reload_that_stops_at_a_syntax_error_changes_nothing(lab: Lab, shared_exporter: OneExporter) -> None:
    served = serve(lab, shared_exporter, "Dhcp4")
    lab.folder.joinpath(served.daemon.unix_socket.stem, "kea.json").write_text("{ nonsense")
    assert served.daemon.command("config-reload")["result"] == 1
    served.clients.ask(1)
    assert_serving(served)


@ROOTS
def test_without_an_interface_no_client_is_served(lab: Lab, shared_exporter: OneExporter, root: str) -> None:
    served = serve(lab, shared_exporter, root)
    assert_serving(served)
    good = served.daemon.configuration
    without = {key: value for key, value in good.items() if key != "interfaces-config"}
    for configuration in ({**without, "interfaces-config": {"interfaces": []}}, without):
        assert served.reload(configuration) == 0
        assert served.daemon.command("status-get")["arguments"]["sockets"] == {"status": "ready"}
        assert not answers(served)
        health, met = served.scraped()
        assert (health["kea_dhcp_serving"], health["kea_lease_database_available"], met[RUNNING]) == (0, 1, 0)
        assert "no interface is configured" in served.finding()["evidence"]
    assert served.reload(good) == 0
    assert_serving(served)


# Leases in a database


@pytest.fixture(scope="module")
def postgresql(chroot: Chroot) -> Iterator[Postgresql]:
    with Postgresql(chroot) as server:
        yield server


@dataclass(frozen=True)
class Case:
    """The configuration of a daemon that keeps its leases in a database."""

    root: str
    hooks: tuple[str, ...]
    on_fail: str

    def __str__(self) -> str:
        return f"{self.root} {self.on_fail} {'stat_cmds' if 'stat_cmds' in self.hooks else ''}"


CASES = [
    Case(root, hooks, on_fail)
    for root in ("Dhcp4", "Dhcp6")
    for hooks in (HOOKS, WITHOUT_STAT_CMDS)
    for on_fail in ("serve-retry-continue", "stop-retry-exit")
]


def with_database(lab: Lab, shared_exporter: OneExporter, server: Postgresql, case: Case) -> Served:
    retry = {"on-fail": case.on_fail, "max-reconnect-tries": 1000, "reconnect-wait-time": 300}
    database = server.lease_database(**retry)
    return serve(lab, shared_exporter, case.root, ("pgsql", *case.hooks), **{"lease-database": database})


@pytest.mark.parametrize("case", CASES, ids=str)
def test_while_the_lease_database_is_lost_nobody_is_served(
    lab: Lab, shared_exporter: OneExporter, postgresql: Postgresql, case: Case
) -> None:
    served = with_database(lab, shared_exporter, postgresql, case)
    served.clients.ask(3)
    assert_serving(served)
    postgresql.stop()
    try:
        # The first loss, and later on.
        assert_not_serving(served, "the lease database (postgresql) is not available", "Start the lease database")
        assert not answers(served)
        assert_not_serving(served, "the lease database (postgresql) is not available", "Start the lease database")
    finally:
        postgresql.start_again()
    wait_until(lambda: served.scraped()[0].get("kea_dhcp_serving") == 1)
    served.clients.ask(1)
    assert_serving(served)


def test_a_reload_while_the_database_is_lost_ends_all_attempts_to_connect(
    lab: Lab, shared_exporter: OneExporter, postgresql: Postgresql
) -> None:
    served = with_database(lab, shared_exporter, postgresql, CASES[0])
    assert_serving(served)
    postgresql.stop()
    try:
        assert served.reload(served.daemon.configuration) == 1
    finally:
        postgresql.start_again()
    assert_not_serving(served, HALF_APPLIED, "send config-reload")
    assert served.reload(served.daemon.configuration) == 0
    assert_serving(served)
