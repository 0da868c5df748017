"""Sums over a fleet: partners of a pair, and servers that share a lease database, hold the same leases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from grafana.src.queries import SUBNET, each_store, fullness, gauge, total
from lab.servers.kea import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

PAIR = "10.0.0.1:8005 10.0.0.2:8005"
# Servers with the label of their store: two pairs, one of them with different target labels, three servers on one
# database, two of which are a pair, and one that is alone.
SERVERS = {
    "a1": {"dc": "a", "pair": PAIR},
    "a2": {"dc": "b", "pair": PAIR},
    "b1": {"pair": "10.0.1.1:8005 10.0.1.2:8005"},
    "b2": {"pair": "10.0.1.1:8005 10.0.1.2:8005"},
    "c1": {"database": "0123456789abcdef", "pair": "10.0.2.1:8005 10.0.2.2:8005"},
    "c2": {"database": "0123456789abcdef", "pair": "10.0.2.1:8005 10.0.2.2:8005"},
    "c3": {"database": "0123456789abcdef"},
    "alone": {},
}
STORES = 4


def series() -> Iterator[tuple[str, float]]:
    for server, labels in SERVERS.items():
        dc = f'dc="{labels["dc"]}", ' if "dc" in labels else ""
        own = f'{dc}job="kea", instance="exporter", server="{server}", daemon="dhcp4"'
        yield f"kea_up{{{own}}}", 1
        database = labels.get("database", "")
        yield f'kea_lease_database_info{{{own}, type="memfile", persistent="true", database="{database}"}}', 1
        if "pair" in labels:
            yield f'kea_ha_info{{{own}, relationship="partner", pair="{labels["pair"]}"}}', 1
        yield f"kea_subnets{{{own}}}", 2
        # A partner may be some leases behind.
        yield f'kea_leases{{{own}, kind="address", state="assigned"}}', 29 if server == "a2" else 30
        for number, leased in ((1, 96), (2, 10)):
            subnet = f'{own}, subnet_id="{number}", subnet="10.0.{number}.0/24", shared_network=""'
            yield f"kea_subnet_addresses{{{subnet}}}", 100
            yield f"kea_subnet_addresses_assigned{{{subnet}}}", leased


EXPRESSIONS = {
    "leases": (total(each_store(gauge("kea_leases", "kind", "state"), "kind", "state")), 30),
    "subnets": (total(each_store(gauge("kea_subnets"))), 2),
    "addresses": (total(each_store(gauge("kea_subnet_addresses", *SUBNET), *SUBNET)), 200),
    "full subnets": (total(each_store(f"{fullness('address')} > bool 0.85", *SUBNET)), 1),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_each_pair_and_each_shared_database_counts_once(chroot: Chroot, name: str) -> None:
    expression, of_each = EXPRESSIONS[name]
    inputs = [{"series": labelled, "values": f"{value}x1"} for labelled, value in series()]
    expected = {
        "expr": re.sub(r"\$[a-z]+", ".*", expression),
        "eval_time": "0m",
        "exp_samples": [{"labels": "{}", "value": STORES * of_each}],
    }
    text = yaml.safe_dump({"tests": [{"interval": "1m", "input_series": inputs, "promql_expr_test": [expected]}]})
    with Lab(chroot) as lab:
        done = chroot.run("promtool", "test", "rules", lab.inside(lab.write("sums.yml", text)))
    assert done.returncode == 0, done.stdout + done.stderr
