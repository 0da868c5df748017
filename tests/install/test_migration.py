"""Recorded old names say of a real Kea what the old exporter itself says of it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.exporters import theirs
from lab.servers.configurations import dhcp, http
from lab.servers.processes import free_port
from lab.servers.prometheus import Prometheus
from tests.real.test_statistics import FEW_ADDRESSES, UNREADABLE, serve
from tests.support.exporter import Samples, exporter, parsed, written
from tools import migration

if TYPE_CHECKING:
    from lab.servers.kea import KeaDaemon, Lab

    Daemons = dict[str, tuple[KeaDaemon, int]]

pytestmark = [pytest.mark.install, pytest.mark.lab]

ROOT = Path(__file__).parent.parent.parent
THEIRS, STORK = migration.EXPORTERS
SERVER = "dhcp-a"
PREFIXES = {"pd-pools": [{"prefix": "2001:db8:8000::", "prefix-len": 52, "delegated-len": 56}]}
# What is not 0 after some clients.
COUNTED = ("packets_received_total", "packets_sent_total", "allocations_failed_total")
Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def daemons(lab: Lab) -> Daemons:
    """A DHCPv4 and a DHCPv6 server of which some clients got a lease and others none, and their ports."""
    found = {}
    for root, tree in FEW_ADDRESSES.items():
        port = free_port()
        ((key, (subnet,)),) = tree.items()
        subnets = [{**subnet, **(PREFIXES if root == "Dhcp6" else {})}]
        served = serve(lab, {**dhcp(root, [http(port)]), key: subnets}, root)
        # More than there are addresses.
        served.clients.ask(4)
        served.send(UNREADABLE[root], UNREADABLE[root])
        found[root] = (served.daemon, port)
    return found


def test_what_is_recorded_is_what_the_old_exporter_says(lab: Lab, daemons: Daemons, tmp_path: Path) -> None:
    said: Values = {}
    for daemon, _ in daemons.values():
        with theirs(tmp_path, daemon.unix_socket) as old:
            # Before that it answers with what it has not collected yet.
            old.running.wait_until(lambda: "Listening" in old.running.output.read_text())
            said |= _kept(parsed(old.scrape().page))
    recorded = _recorded(lab, daemons, tmp_path, THEIRS)
    assert len(said) > 40, sorted(name for name, _ in said)
    counted = {name for (name, _), value in said.items() if value}
    assert counted >= {f"kea_dhcp{version}_{name}" for version in "46" for name in COUNTED}
    assert {key: value for key, value in said.items() if recorded.get(key) != value} == {}


def test_every_name_of_the_old_exporter_is_in_the_table(daemons: Daemons, tmp_path: Path) -> None:
    with theirs(tmp_path, daemons["Dhcp4"][0].unix_socket) as old:
        names = set(re.findall(r"^# TYPE (kea_\w+) ", old.scrape().page, re.MULTILINE))
    assert names == {row.series for row in THEIRS.names}


def test_each_recipe_for_stork_finds_something(lab: Lab, daemons: Daemons, tmp_path: Path) -> None:
    names = {name for name, _ in _recorded(lab, daemons, tmp_path, STORK)}
    assert names == {row.series for row in STORK.names if row.recipes}


def _kept(samples: Samples) -> Values:
    """Return what is recorded of the old exporter's samples: no pools, and totals without labels of subnets."""
    totals = {row.series for row in THEIRS.names if "(totals)" in row.here}
    left_out = {row.name for row in THEIRS.names if not row.recipes}
    found: Values = {}
    for name, series in samples.items():
        for labels, value in series:
            context = f'{name}{{context="{labels.get("context")}"}}'
            if not name.startswith("kea_") or labels.get("pool") or {name, context} & left_out:
                continue
            kept = {"context"} if name in totals else labels.keys() - {"pool"}
            key = (name, frozenset((label, labels[label]) for label in kept & labels.keys()))
            found[key] = found.get(key, 0) + value
    return found


def _recorded(lab: Lab, daemons: Daemons, folder: Path, other: migration.Exporter) -> Values:
    """Return what Prometheus records of both daemons under the old names."""
    entry = {root.lower(): {"url": f"http://127.0.0.1:{port}"} for root, (_, port) in daemons.items()}
    tree = {"defaults": {"collect": {"pools": True}}, "servers": [{"name": SERVER, **entry}]}
    rules = (ROOT / other.rules).read_text()
    with exporter(written(folder, tree)) as ours:
        target = ours.url.removeprefix("http://")
        scrape = {"job_name": "kea", "scrape_interval": "3s", "static_configs": [{"targets": [target]}]}
        with Prometheus(lab, [scrape], rules={"migration.yml": rules}) as prometheus:
            query = f'{{__name__=~"(kea_dhcp[46]|storkagent)_.*", instance="{SERVER}"}}'
            prometheus.wait_until(lambda: bool(prometheus.query(query)))
            # Rules are evaluated one after the other.
            now = dt.datetime.now(dt.UTC)
            prometheus.wait_until(lambda: prometheus.has_evaluated_since(now))
            return {_key(sample["metric"]): float(sample["value"][1]) for sample in prometheus.query(query)}


def _key(metric: dict[str, str]) -> tuple[str, frozenset[tuple[str, str]]]:
    labels = {name: value for name, value in metric.items() if name not in {"__name__", "job", "instance"}}
    return metric["__name__"], frozenset(labels.items())
