"""docs/scaling.md: its configurations divide the servers as it says, in real Prometheus; and the simulation works."""

from __future__ import annotations

import copy
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import yaml

from bench.__main__ import parsed
from bench.fleet import fleet
from bench.probing import shard
from bench.replicas import names, replicas
from bench.scale_parts import replicas_needed
from lab.servers.kea import Lab
from lab.servers.prometheus import Prometheus
from tests.support.exporter import exporter, written
from tests.support.markdown import fenced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot

Tree = dict[str, Any]

DOCUMENT = Path("docs/scaling.md")
CONFIGURATIONS = [yaml.safe_load(block.text) for block in fenced(DOCUMENT) if "scrape_configs" in block.text]
BY_REPLICA, BY_SHARD = CONFIGURATIONS
SERVERS = [f"dhcp-{number}" for number in range(20)]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[int]]:
    """Two exporters with the same servers, none of which answers."""
    servers = [{"name": name, "dhcp4": {"url": f"unix:///nonexistent/{name}"}} for name in SERVERS]
    config = written(tmp_path_factory.mktemp("exporters"), {"servers": servers})
    with ExitStack() as stack:
        running = [stack.enter_context(exporter(config)) for _ in range(2)]
        yield [urlsplit(process.url).port or 0 for process in running]


@pytest.mark.lab
@pytest.mark.parametrize("number", range(len(CONFIGURATIONS)))
def test_promtool_takes_each_configuration(chroot: Chroot, number: int) -> None:
    with Lab(chroot) as lab:
        file = lab.inside(lab.write("prometheus.yml", yaml.safe_dump(CONFIGURATIONS[number])))
        done = lab.chroot.run("/usr/bin/promtool", "check", "config", "--lint-fatal", file)
    assert done.returncode == 0, done.stderr


@pytest.mark.lab
def test_two_shards_have_every_server_once(chroot: Chroot, ports: list[int]) -> None:
    found = [set(_targets(chroot, _scrape_configs(_shard(number), ports))) for number in range(2)]
    assert found == [{name for name in SERVERS if shard(name, 2) == number} for number in range(2)]
    assert all(found)


@pytest.mark.lab
def test_the_name_of_a_server_decides_on_its_replica(chroot: Chroot, ports: list[int]) -> None:
    found = _targets(chroot, _scrape_configs(BY_REPLICA, ports))
    assert found == {name: ports[shard(name, 2)] for name in SERVERS}
    assert set(found.values()) == set(ports)


def test_a_simulated_fleet_counts_what_replicas_query(tmp_path: Path) -> None:
    with fleet(tmp_path, 6, subnets=10) as servers, replicas(tmp_path, servers.urls, 2) as both:
        first = both.at_once(names(servers.urls))
        before = servers.counts()
        second = both.spread(names(servers.urls), seconds=0.1)
        asked = servers.counts() - before
    assert sorted(probed.target for probed in second.probed) == names(servers.urls)
    assert first.samples >= second.samples > 100
    # status-get, statistic-get-all, subnet4-list, reservation-get-page and lease4-get.
    assert asked.commands == 5 * len(servers.urls)
    assert asked.received < asked.sent
    assert {both.prober.served_by(name) for name in names(servers.urls)} == {0, 1}


def test_replicas_are_needed_for_what_exceeds_half_of_a_core() -> None:
    assert replicas_needed(1000, milliseconds=10, interval=60) == 1
    assert replicas_needed(1000, milliseconds=30, interval=60) == 1
    assert replicas_needed(1000, milliseconds=30.1, interval=60) == 2
    assert replicas_needed(1000, milliseconds=10, interval=15) == 2


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--sizes", "1"], ["--sizes", "x"], ["--only", "z"]])
def test_a_bench_of_nothing_is_refused_before_it_begins(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(arguments)
    assert ended.value.code == 2


def _shard(number: int) -> Tree:
    """Return the configuration of one of the shards: the numbers are all that they differ in."""
    text = json.dumps(BY_SHARD)
    changed = text.replace('"regex": "0"', f'"regex": "{number}"').replace('"shard": "0"', f'"shard": "{number}"')
    assert number == 0 or changed != text
    tree: Tree = json.loads(changed)
    return tree


def _scrape_configs(configuration: Tree, ports: list[int]) -> list[Tree]:
    """Return them with the exporters of this test in the place of those of the document."""
    [job] = copy.deepcopy(configuration["scrape_configs"])
    text = json.dumps({**job, "scrape_interval": "3s"})
    for number, port in enumerate(ports):
        text = text.replace(f"exporter-{number}.example.com:9547", f"127.0.0.1:{port}")
    text = text.replace("exporter.example.com:9547", f"127.0.0.1:{ports[0]}")
    tree: Tree = json.loads(text)
    tree["relabel_configs"] += [_instead(f"exporter-{number}.*", port) for number, port in enumerate(ports)]
    return [tree]


def _instead(address: str, port: int) -> Tree:
    return {
        "source_labels": ["__address__"],
        "regex": address,
        "target_label": "__address__",
        "replacement": f"127.0.0.1:{port}",
    }


def _targets(chroot: Chroot, scrape_configs: list[Tree]) -> dict[str, int]:
    """Return the servers that a Prometheus has scraped, each once, with the port where it did."""
    with Lab(chroot) as lab, Prometheus(lab, scrape_configs) as prometheus:
        prometheus.wait_until(lambda: _all_scraped(prometheus))
        active = _active(prometheus)
        up = prometheus.query("up")
    urls = [urlsplit(target["scrapeUrl"]) for target in active]
    assert {sample["value"][1] for sample in up} == {"1"}
    found = {parse_qs(url.query)["target"][0]: url.port or 0 for url in urls}
    assert len(found) == len(urls) == len(up)
    return found


def _active(prometheus: Prometheus) -> list[Tree]:
    answer = requests.get(f"http://127.0.0.1:{prometheus.port}/api/v1/targets?state=active", timeout=10)
    found: list[Tree] = answer.json()["data"]["activeTargets"] if answer.ok else []
    return found


def _all_scraped(prometheus: Prometheus) -> bool:
    active = _active(prometheus)
    return bool(active) and len(prometheus.query("up")) == len(active)
