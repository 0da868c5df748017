"""Part k: hashing and comparing what HA partners share, on what a Kea answers to config-get; processor time here."""

from __future__ import annotations

import gc
import json
import threading
import time
import tracemalloc
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.review import HOSTS_OF_SUBNET, MEBIBYTE, ROOT, reserve, seconds
from bench.table import Found, Row
from kea_exporter.commands.serve import GC_THRESHOLD
from kea_exporter.facts.pairs import PARTS, PARTS_OF_SUBNETS
from kea_exporter.kea.canonical import pair_configurations, shared_configurations
from kea_exporter.kea.canonical.differences import Sides, differences
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.protocol import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.cost import Site
    from kea_exporter.kea.prepared import Prepared

MAX_MILLISECONDS = {"Dhcp4": 300, "Dhcp6": 400}
# What config-get copies into every IPv6 subnet.
PLAIN6 = {
    "allocator": "iterative",
    "cache-threshold": 0.25,
    "calculate-tee-times": True,
    "max-valid-lifetime": 7200,
    "min-valid-lifetime": 7200,
    "pd-allocator": "iterative",
    "rapid-commit": False,
    "relay": {"ip-addresses": []},
    "reservations": [],
    "store-extended-info": False,
    "t1-percent": 0.5,
    "t2-percent": 0.8,
    "valid-lifetime": 7200,
}


def hashing_cost(site: Site) -> Found:
    """Measure hashing, of the IPv4 subnets of this Kea, and of as many of IPv6 with pools of prefixes."""
    with closing(site.kea.connect()) as connection:
        body = bytes(connection.command("config-get"))
    trees = {ROOT: decode(body).map[ROOT], "Dhcp6": _tree6(site.kea.size)}
    before = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD)  # as the exporter does
    try:
        rows = [row for root, tree in trees.items() for row in _rows(root, prepared(root, tree), site.rounds)]
        compared = seconds(partial(_compare, trees[ROOT], _partner(trees[ROOT])), site.rounds)
        rows.append(Row(f"{ROOT}: comparing all parts with a partner's, ms", 1000 * compared, 1))
        reserve(trees[ROOT])
        with_hosts = seconds(partial(pair_configurations, prepared(ROOT, trees[ROOT])), site.rounds)
        rows.append(Row(f"{ROOT} with {HOSTS_OF_SUBNET} reservations a subnet, ms", 1000 * with_hosts, 1))
    finally:
        gc.set_threshold(*before)
    return Found(rows)


def _rows(root: str, configuration: Prepared, rounds: int) -> list[Row]:
    spent = seconds(partial(pair_configurations, configuration), rounds)
    longest = _longest_pause(partial(pair_configurations, configuration))
    tracemalloc.start()
    found = pair_configurations(configuration)
    gc.collect()
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    [entry] = found
    hashes = sum(column.itemsize * len(column) for column in entry.subnet_hashes.values())
    of_subnet = hashes / max(len(entry.ids), 1)
    return [
        Row(f"{root}, ms", 1000 * spent, 1, limit=MAX_MILLISECONDS[root]),
        Row(f"{root}: longest wait of another thread meanwhile, ms", 1000 * longest, 1),
        Row(f"{root}: hashes kept of each subnet, bytes", of_subnet, 0, limit=8 * len(PARTS_OF_SUBNETS)),
        Row(f"{root}: kept in all, KiB", kept / 1024, 0),
        Row(f"{root}: peak memory, MiB", peak / MEBIBYTE, 1),
    ]


def _partner(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a partner that has another id for one subnet."""
    other: dict[str, Any] = json.loads(json.dumps(tree))
    other["subnet4"][0]["id"] += 1_000_000
    return other


def _compare(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Find the differences of two configurations that were just read, as for the page of a pair."""
    [ours], [theirs] = (shared_configurations(prepared(ROOT, tree)) for tree in (one, other))
    differences(ours, theirs, Sides("dhcp-a", "dhcp-b"), PARTS)


def _longest_pause(act: Callable[[], object]) -> float:
    """Return for how long another thread that wakes up every millisecond waits at most, while something is done."""
    longest, ended = [0.0], threading.Event()

    def look() -> None:
        last = time.perf_counter()
        while not ended.wait(0.001):
            longest[0], last = max(longest[0], time.perf_counter() - last), time.perf_counter()

    thread = threading.Thread(target=look)
    thread.start()
    act()
    ended.set()
    thread.join()
    return longest[0]


def _tree6(size: int) -> dict[str, Any]:
    """Return a configuration with so many IPv6 subnets, as config-get shows it."""
    subnets = []
    for number in range(1, size + 1):
        network = f"2001:db8:{number:x}"
        servers = {"code": 23, "name": "dns-servers", "space": "dhcp6", "csv-format": True, "data": f"{network}::53"}
        own = {
            "id": number,
            "subnet": f"{network}::/48",
            "pools": [{"option-data": [], "pool": f"{network}::1:0/112"}],
            "pd-pools": [{"delegated-len": 56, "option-data": [], "prefix": f"{network}:8000::", "prefix-len": 52}],
            "option-data": [{**servers, "always-send": False, "never-send": False}],
        }
        subnets.append({**PLAIN6, **own})
    return {"subnet6": subnets, "shared-networks": [], "valid-lifetime": 7200}
