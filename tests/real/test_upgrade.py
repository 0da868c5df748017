"""Configurations that real Kea 2.6 accepts and real Kea 3.0 refuses; after the remedy, Kea 3.0 accepts them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from kea_exporter.config.profiles import IPAM
from kea_exporter.facts.failure import known
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.protocol import Answer, Result
from kea_exporter.requirements import REQUIREMENTS, judge_all
from lab.servers.chroot import OLD, ensure
from lab.servers.kea import Lab
from lab.servers.processes import StartError, free_port
from tests.support.configurations import Tree, dhcp4, pair, subnet
from tests.support.examples import refused, sound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.facts.snapshot import Snapshot
    from lab.servers.kea import KeaDaemon

pytestmark = pytest.mark.lab

MEMORY = {"type": "memfile", "persist": False}
# Workers that share the chroots have scripts of their own.
SCRIPT = f"script-{os.getpid()}.sh"


@dataclass(frozen=True)
class Refusal:
    """A part of a configuration that Kea 3.0 refuses.

    Attributes:
        before: the part as it is refused.
        after: the part after the remedy.
        starts_before: whether Kea 2.6 starts with it.
    """

    cause: str
    before: Tree
    after: Tree
    starts_before: bool = False

    def __str__(self) -> str:
        return f"{self.cause}: {', '.join(self.before)}"


def hook(library: str, **parameters: str) -> Tree:
    return {"hooks-libraries": [{"library": library, **({"parameters": parameters} if parameters else {})}]}


def one_subnet(**more: object) -> Tree:
    return {"subnet4": [subnet(1, **more)]}


def http_socket(**more: object) -> Tree:
    return {"socket-type": "http", "socket-address": "127.0.0.1", **more}


REFUSALS = (
    Refusal("removed_keys", {"reservation-mode": "disabled"}, {"reservations-in-subnet": False}),
    Refusal(
        "removed_keys",
        one_subnet(relay={"ip-address": "10.0.1.1"}),
        one_subnet(relay={"ip-addresses": ["10.0.1.1"]}),
    ),
    Refusal(
        "removed_keys",
        {"dhcp-ddns": {"qualifying-suffix": "example.com."}},
        {"ddns-qualifying-suffix": "example.com."},
    ),
    Refusal(
        "both_spellings",
        one_subnet(**{"client-class": "KNOWN", "client-classes": ["KNOWN"]}),
        one_subnet(**{"client-classes": ["KNOWN"]}),
    ),
    Refusal(
        "path_not_allowed",
        {"lease-database": {"type": "memfile", "name": "/opt/leases.csv"}},
        {"lease-database": {"type": "memfile", "name": "leases.csv"}},
    ),
    Refusal("path_not_allowed", hook("/opt/libdhcp_lease_cmds.so"), hook("libdhcp_lease_cmds.so")),
    Refusal(
        "path_not_allowed",
        {"loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output-options": [{"output": "/opt/kea.log"}]}]},
        {"loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output-options": [{"output": "stdout"}]}]},
    ),
    Refusal(
        "hook_path_not_allowed",
        hook("libdhcp_run_script.so", name=f"/opt/{SCRIPT}"),
        hook("libdhcp_run_script.so", name=f"/usr/share/kea/scripts/{SCRIPT}"),
        starts_before=True,
    ),
    Refusal(
        "hook_path_not_allowed",
        hook("libdhcp_run_script.so", name=SCRIPT),
        hook("libdhcp_run_script.so", name=f"/usr/share/kea/scripts/{SCRIPT}"),
    ),
    Refusal("hook_path_not_allowed", hook("libdhcp_legal_log.so", path="/opt"), hook("libdhcp_legal_log.so")),
    Refusal("removed_hook", hook("libdhcp_pgsql_cb.so"), hook("libdhcp_pgsql.so"), starts_before=True),
)


@pytest.fixture(scope="module")
def new(chroot_with_script: None) -> Iterator[Lab]:
    del chroot_with_script
    with Lab(ensure()) as lab:
        yield lab


@pytest.fixture(scope="module")
def old(chroot_with_script: None) -> Iterator[Lab]:
    del chroot_with_script
    with Lab(ensure(OLD)) as lab:
        yield lab


@pytest.fixture(scope="module")
def chroot_with_script() -> Iterator[None]:
    """Put a script where the old version takes it from, and where the new one does."""
    paths = [ensure(OLD).path(f"/opt/{SCRIPT}"), ensure().path(f"/opt/{SCRIPT}")]
    paths.append(ensure().path(f"/usr/share/kea/scripts/{SCRIPT}"))
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    yield
    for path in paths:
        path.unlink()


def starts(lab: Lab, tree: Tree) -> bool:
    try:
        start(lab, tree).stop()
    except StartError:
        return False
    return True


def start(lab: Lab, tree: Tree) -> KeaDaemon:
    """Return a daemon when it serves: its sockets are there before the lease database is opened."""
    daemon = lab.start("Dhcp4", tree)
    daemon.running.wait_until(lambda: "DHCP4_STARTED" in daemon.log())
    return daemon


def causes(tree: Tree) -> set[str]:
    """Return the causes for which a configuration file is refused by Kea 3.0."""
    configuration = read_configuration(Answer(Result.SUCCESS, "", {"Dhcp4": tree}))
    snapshot: Snapshot = replace(sound(), is_of_a_file=True, version=refused(), configuration=configuration)
    report = judge_all(REQUIREMENTS, snapshot, replace(IPAM, upgrade_target="3.0"))
    [verdict] = [found for found in report.verdicts if found.requirement.id == "upgrade-to-3.0"]
    return {problem.cause.id for problem in verdict.problems}


def of_new(part: Tree) -> Tree:
    return {"control-sockets": [], "lease-database": MEMORY, **dhcp4(), **part}


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_kea_3_0_refuses_what_is_found_and_starts_after_the_remedy(new: Lab, refusal: Refusal) -> None:
    for part, is_found in ((refusal.before, True), (refusal.after, False)):
        assert causes(of_new(part)) == ({refusal.cause} if is_found else set())
        assert starts(new, of_new(part)) is not is_found


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_kea_2_6_starts_with_what_only_3_0_refuses(old: Lab, refusal: Refusal) -> None:
    assert starts(old, {"lease-database": MEMORY, **dhcp4(), **refusal.before}) is refusal.starts_before


def test_a_database_needs_its_hook_library(new: Lab) -> None:
    database = {"lease-database": {"type": "postgresql", "name": "kea", "host": "127.0.0.1", "port": free_port()}}
    assert causes(of_new(database)) == {"database_hook_missing"}
    with pytest.raises(StartError, match="libdhcp_pgsql"):
        start(new, of_new(database))
    mended = of_new({**database, **hook("libdhcp_pgsql.so")})
    assert causes(mended) == set()
    # It comes as far as the connection: nothing listens there.
    with pytest.raises(StartError, match="onnection refused"):
        start(new, mended)


def test_a_default_password_is_refused(new: Lab) -> None:
    def with_password(password: str) -> Tree:
        clients = [{"user": "monitor", "password": password}]
        socket = http_socket(**{"socket-port": free_port(), "authentication": {"type": "basic", "clients": clients}})
        return of_new({"control-sockets": [socket]})

    assert causes(with_password("keatest")) == {"default_password"}
    assert not starts(new, with_password("keatest"))
    assert causes(with_password("long and secret")) == set()
    assert starts(new, with_password("long and secret"))


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_control_socket_and_listener_for_partners_need_separate_ports(new: Lab, address: str) -> None:
    port = free_port()

    def with_port(number: int) -> Tree:
        socket = http_socket(**{"socket-address": address, "socket-port": number})
        return of_new({**pair(url=f"http://127.0.0.1:{port}/"), "control-sockets": [socket]})

    assert causes(with_port(port)) == {"listeners_collide"}
    assert not starts(new, with_port(port))
    other = free_port()
    assert causes(with_port(other)) == set()
    assert starts(new, with_port(other))


def test_two_equal_control_sockets_are_one(new: Lab) -> None:
    port = free_port()

    def with_addresses(*addresses: str) -> Tree:
        sockets = [http_socket(**{"socket-address": address, "socket-port": port}) for address in addresses]
        return of_new({"control-sockets": sockets})

    assert causes(with_addresses("127.0.0.1", "127.0.0.1")) == set()
    assert starts(new, with_addresses("127.0.0.1", "127.0.0.1"))
    assert causes(with_addresses("127.0.0.1", "0.0.0.0")) == {"listeners_collide"}
    assert not starts(new, with_addresses("127.0.0.1", "0.0.0.0"))


def test_what_the_lab_runs_is_judged_for_the_next_release(new: Lab) -> None:
    """A password in clear text runs on 3.0, and is found in the configuration that the daemon shows."""
    clients = [{"user": "monitor", "password": "long and secret"}]
    socket = http_socket(**{"socket-port": free_port(), "authentication": {"type": "basic", "clients": clients}})
    daemon = new.start("Dhcp4", of_new({"control-sockets": [socket]}))
    shown = daemon.command("config-get")["arguments"]
    configuration = read_configuration(Answer(Result.SUCCESS, "", shown))
    snapshot = replace(sound(), configuration=configuration)
    [verdict] = [
        found for found in judge_all(REQUIREMENTS, snapshot, IPAM).verdicts if found.requirement.id == "upgrade-to-3.2"
    ]
    assert {problem.cause.id for problem in verdict.problems} == {"clear_credentials"}
    assert "long and secret" not in f"{verdict}"
    assert known(snapshot.version).text == "3.0.3"
