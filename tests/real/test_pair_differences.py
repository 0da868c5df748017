"""Rules that compare the servers of real pairs: on one page, and by server in two shards as docs/scaling.md has it."""

from __future__ import annotations

import copy
import datetime as dt
import json
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from bench.probing import shard
from kea_exporter.alerts import pair_leases, pairs
from kea_exporter.alerts.rules import rules
from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.fleet import add_leases4
from lab.servers.high_availability import PARTNER, PRIMARY, HighAvailability, relationship, wait_for
from lab.servers.kea import Lab, succeeded
from lab.servers.processes import free_port
from lab.servers.prometheus import Prometheus
from tests.support.exporter import exporter, written
from tests.support.markdown import fenced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lab.servers.chroot import Chroot
    from lab.servers.kea import KeaDaemon

pytestmark = pytest.mark.lab

Tree = dict[str, Any]

SECONDS = 60.0
NAMES = {alert.name for alert in (*pairs.GROUP.alerts, *pair_leases.ALERTS)}
LEASES = range(20, 40)
# Servers of the exporter: the pair, and one that does not run, in the other shard.
PAIR = {PRIMARY: "dhcp-1a", PARTNER: "dhcp-1b"}
OTHER = next(name for name in (f"dhcp-{number}" for number in range(2, 20)) if shard(name, 2) != shard("dhcp-1", 2))
BY_SHARD = next(
    yaml.safe_load(block.text) for block in fenced(Path("docs/scaling.md")) if "external_labels" in block.text
)
# Every subnet has values of other parts too, which a missing subnet lacks.
PARTS = {"ha", "subnets", "pools"}


def watch(stack: ExitStack, chroot: Chroot, jobs: list[Tree]) -> Prometheus:
    """Start a Prometheus with the rules in haste, in a folder of its own."""
    lab = stack.enter_context(Lab(chroot))
    return stack.enter_context(Prometheus(lab, jobs, {"rules.yml": rules(hold="2s")}, evaluation_interval="500ms"))


def page_of(target: str) -> list[Tree]:
    return [{"job_name": "page", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}]


def shard_of(target: str, number: int) -> list[Tree]:
    """Return the scrape configuration of a shard, as the document has it."""
    text = json.dumps({**copy.deepcopy(BY_SHARD["scrape_configs"][0]), "scrape_interval": "1s"})
    text = text.replace("exporter.example.com:9547", target).replace('"regex": "0"', f'"regex": "{number}"')
    return [json.loads(text)]


def firing(several: Sequence[Prometheus]) -> list[str]:
    """Return the alerts about pairs that fire, as name, severity and part or server."""
    found = [alert["labels"] for prometheus in several for alert in prometheus.alerts()]
    return sorted(
        " ".join(labels[name] for name in ("alertname", "severity", "part", "server") if name in labels)
        for labels in found
        if labels["alertname"] in NAMES and labels.get("part", "ha") in PARTS
    )


def eventually(several: Sequence[Prometheus], *expected: str) -> None:
    """Return once exactly these alerts fire, in all Prometheus together."""
    give_up = time.monotonic() + SECONDS
    while (found := firing(several)) != sorted(expected):
        assert time.monotonic() < give_up, f"these fire: {found}, not these: {sorted(expected)}"
        time.sleep(0.2)


def fired(prometheus: Prometheus) -> list[str]:
    """Return the alerts about pairs that have fired within ten minutes."""
    moment = dt.datetime.now(dt.UTC)
    prometheus.wait_until(lambda: prometheus.has_evaluated_since(moment))
    names = "|".join(sorted(NAMES))
    query = f'last_over_time(ALERTS{{alertname=~"{names}", alertstate="firing"}}[10m])'
    return [sample["metric"]["alertname"] for sample in prometheus.query(query)]


@dataclass(frozen=True)
class Scene:
    """A pair in hot standby; one Prometheus that scrapes the page of all servers, and two that share them."""

    primary: KeaDaemon
    partner: KeaDaemon
    page: Prometheus
    shards: tuple[Prometheus, Prometheus]

    def described(self, name: str) -> set[str]:
        """Return the descriptions of an alert in all Prometheus."""
        several = (self.page, *self.shards)
        found = [alert for prometheus in several for alert in prometheus.alerts()]
        return {alert["annotations"]["description"] for alert in found if alert["labels"]["alertname"] == name}


@pytest.fixture(scope="module")
def scene(chroot: Chroot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with ExitStack() as stack:
        pair = HighAvailability(stack.enter_context(Lab(chroot)))
        subnets = {"subnet4": [subnet4(1), subnet4(2)]}
        primary, partner = (pair.start(name, tree=subnets) for name in (PRIMARY, PARTNER))
        urls = {PAIR[name]: f"http://127.0.0.1:{port}" for name, port in pair.control_ports.items()}
        urls[OTHER] = "unix:///nonexistent/kea4-ctrl-socket"
        servers = [{"name": name, "dhcp4": {"url": url}} for name, url in urls.items()]
        config = written(tmp_path_factory.mktemp("exporter"), {"servers": servers})
        target = stack.enter_context(exporter(config)).url.removeprefix("http://")
        wait_for(primary, "hot-standby", "hot-standby")
        for server in (primary, partner):
            add_leases4(server, 1, LEASES)
        page = watch(stack, chroot, page_of(target))
        first, second = (watch(stack, chroot, shard_of(target, number)) for number in range(2))
        for prometheus in (page, first if shard("dhcp-1", 2) == 0 else second):
            prometheus.wait_until(
                lambda seen=prometheus: len(seen.query("server:kea_ha_leases:sum")) == 2  # type: ignore[misc]
            )
        yield Scene(primary, partner, page, (first, second))


def test_equal_servers_that_reload_restart_and_fail_over_raise_nothing(scene: Scene) -> None:
    scene.primary.reload()
    wait_for(scene.primary, "hot-standby", "hot-standby")
    scene.partner.stop()
    wait_for(scene.primary, "partner-down")
    scene.partner.start_again()
    wait_for(scene.primary, "hot-standby", "hot-standby")
    assert [fired(prometheus) for prometheus in (scene.page, *scene.shards)] == [[], [], []]


def another_id(tree: Tree) -> None:
    tree["subnet4"][1]["id"] = 20


def no_subnet(tree: Tree) -> None:
    del tree["subnet4"][1]


def another_pool(tree: Tree) -> None:
    tree["subnet4"][1]["pools"] = [{"pool": "10.0.2.10-10.0.2.200"}]


def another_delay(tree: Tree) -> None:
    tree["hooks-libraries"][-1]["parameters"]["high-availability"][0]["max-ack-delay"] = 5000


DIFFERS = "KeaHaConfigurationDiffers"
DIFFERENCES = (
    (
        another_id,
        ["KeaHaSubnetIdsDiffer critical", f"{DIFFERS} warning subnets"],
        "10.0.2.0/24 has id 2 on dhcp-1a and id 20 on dhcp-1b",
    ),
    (
        no_subnet,
        ["KeaHaSubnetMissing critical", f"{DIFFERS} warning pools", f"{DIFFERS} warning subnets"],
        "10.0.2.0/24 only on dhcp-1a",
    ),
    (another_pool, [f"{DIFFERS} warning pools"], "differ in the part pools, on dhcp-1a and dhcp-1b"),
    (another_delay, [f"{DIFFERS} critical ha"], "differ in the part ha, on dhcp-1a and dhcp-1b"),
)


@pytest.mark.parametrize(("change", "expected", "words"), DIFFERENCES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_difference_fires_on_the_page_and_in_the_shards(
    scene: Scene, change: Callable[[Tree], None], expected: list[str], words: str
) -> None:
    changed = copy.deepcopy(scene.partner.configuration)
    change(changed)
    scene.partner.write(changed)
    scene.partner.reload()
    try:
        eventually([scene.page], *expected)
        eventually(scene.shards, *expected)
        [description] = scene.described(expected[0].split()[0])
        assert words in description
    finally:
        scene.partner.write(scene.partner.configuration)
        scene.partner.reload()
    wait_for(scene.primary, "hot-standby", "hot-standby")
    eventually([scene.page, *scene.shards])


@dataclass(frozen=True)
class Kea:
    """A server with its relationships, of which each has another name for it, and the ids of its subnets by number."""

    names: tuple[str, ...]
    subnets: dict[int, int]


def start_all(
    lab: Lab, servers: dict[str, Kea], relationships: list[dict[str, str]], mode: str
) -> dict[str, KeaDaemon]:
    """Start servers in relationships, each a mapping of names to roles."""
    ports = {name: free_port() for roles in relationships for name in roles}
    started = {}
    for server, kea in servers.items():
        own = [relationship(name, mode, roles, ports) for name in kea.names for roles in relationships if name in roles]
        selected = {number: next(iter(set(roles) - set(kea.names))) for number, roles in enumerate(relationships, 1)}
        subnets = [
            subnet4(number, **({"user-context": {"ha-server-name": selected[number]}} if len(own) > 1 else {}))
            | {"id": subnet_id}
            for number, subnet_id in kea.subnets.items()
        ]
        tree = dhcp("Dhcp4", [http(free_port())], subnet4=subnets)
        tree["hooks-libraries"].append({"library": "libdhcp_ha.so", "parameters": {"high-availability": own}})
        started[server] = lab.start("Dhcp4", tree, ())
    return started


def test_of_a_hub_the_spoke_that_differs_is_reported(chroot: Chroot, tmp_path: Path) -> None:
    relationships = [{f"spoke-{number}": "primary", f"hub-{number}": "standby"} for number in (1, 2)]
    servers = {
        "hub": Kea(("hub-1", "hub-2"), {1: 1, 2: 2}),
        "spoke-1": Kea(("spoke-1",), {1: 1}),
        "spoke-2": Kea(("spoke-2",), {2: 2}),
    }
    with ExitStack() as stack:
        daemons = start_all(stack.enter_context(Lab(chroot)), servers, relationships, "hot-standby")
        prometheus = watch(stack, chroot, page_of(stack.enter_context(exporter(configured(tmp_path, daemons))).url[7:]))
        prometheus.wait_until(lambda: len(prometheus.query("server:kea_ha_leases:sum")) == 4)
        assert fired(prometheus) == []
        assert [sample["value"][1] for sample in prometheus.query("fleet:kea_subnets:sum")] == ["2"]
        changed = copy.deepcopy(daemons["spoke-2"].configuration)
        changed["subnet4"][0]["id"] = 20
        daemons["spoke-2"].write(changed)
        daemons["spoke-2"].reload()
        eventually([prometheus], "KeaHaSubnetIdsDiffer critical", f"{DIFFERS} warning subnets")
        [description] = {
            alert["annotations"]["description"]
            for alert in prometheus.alerts()
            if alert["labels"]["alertname"] == "KeaHaSubnetIdsDiffer"
        }
        assert "10.0.2.0/24 has id 2 on hub and id 20 on spoke-2" in description


def test_a_backup_that_lacks_leases_is_reported_until_ha_sync(chroot: Chroot, tmp_path: Path) -> None:
    servers = {"active": Kea(("active",), {1: 1}), "spare": Kea(("spare",), {1: 1})}
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(chroot))
        daemons = start_all(lab, servers, [{"active": "primary", "spare": "backup"}], "passive-backup")
        add_leases4(daemons["active"], 1, LEASES)
        prometheus = watch(stack, chroot, page_of(stack.enter_context(exporter(configured(tmp_path, daemons))).url[7:]))
        eventually([prometheus], "KeaHaBackupBehind warning spare")
        synchronize = {"server-name": "active", "max-period": 60}
        succeeded("ha-sync", daemons["spare"].command("ha-sync", **synchronize))
        eventually([prometheus])


def configured(folder: Path, daemons: dict[str, KeaDaemon]) -> Path:
    """Write the exporter's configuration for these daemons."""
    urls = {
        name: f"http://127.0.0.1:{daemon.configuration['control-sockets'][0]['socket-port']}"
        for name, daemon in daemons.items()
    }
    return written(folder, {"servers": [{"name": name, "dhcp4": {"url": url}} for name, url in urls.items()]})
