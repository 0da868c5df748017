"""Part i: the review of a configuration, on what a Kea answers to config-get; processor time, of this process alone."""

from __future__ import annotations

import gc
import time
import tracemalloc
from contextlib import closing
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.table import Found, Row
from kea_exporter.commands.serve import GC_THRESHOLD
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.protocol import Answer, Result, decode
from kea_exporter.kea.review import review

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.cost import Site
    from kea_exporter.facts.review import Review

ROOT = "Dhcp4"
HOSTS_OF_SUBNET = 5
# The rest of a reservation as config-get shows it.
OF_HOST = {
    "boot-file-name": "",
    "client-classes": [],
    "next-server": "0.0.0.0",  # noqa: S104 - not bound
    "option-data": [],
    "server-hostname": "",
}
MAX_SECONDS, MAX_SECONDS_WITH_HOSTS = 0.15, 0.3
MEBIBYTE = 1024**2


def review_cost(site: Site) -> Found:
    """Measure the review, without reservations and with some in each subnet."""
    with closing(site.kea.connect()) as connection:
        body = bytes(connection.command("config-get"))
    before = gc.get_threshold()
    gc.set_threshold(GC_THRESHOLD)  # as the exporter does
    try:
        rows = _rows(body, site.rounds)
    finally:
        gc.set_threshold(*before)
    return Found(rows)


def _rows(body: bytes, rounds: int) -> list[Row]:
    tree = decode(body).map[ROOT]
    parsing = seconds(partial(decode, body), rounds)
    plain = seconds(partial(_review, tree), rounds)
    reading = seconds(partial(read_configuration, Answer(Result.SUCCESS, "", {ROOT: tree})), rounds)
    reserve(tree)
    with_hosts = seconds(partial(_review, tree), rounds)
    tracemalloc.start()
    found = _review(tree)
    gc.collect()  # it empties Python's lists of free objects too
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    hosts = f"with {HOSTS_OF_SUBNET} reservations a subnet"
    return [
        Row("review ÷ parsing the JSON of config-get", plain / parsing),
        Row(f"review {hosts} ÷ review", with_hosts / plain),
        Row("review, ms", 1000 * plain, 1, limit=1000 * MAX_SECONDS),
        Row(f"review {hosts}, ms", 1000 * with_hosts, 1, limit=1000 * MAX_SECONDS_WITH_HOSTS),
        Row("parsing the JSON of config-get, ms", 1000 * parsing, 1),
        Row("facts of config-get, the review included, ms", 1000 * reading, 1),
        Row(f"review {hosts}: peak memory, MiB", peak / MEBIBYTE, 1),
        Row(f"review {hosts}: kept ({sum(map(bool, found.values()))} requirements unmet), KiB", kept / 1024, 1),
    ]


def _review(tree: dict[str, Any]) -> Review:
    return review(prepared(ROOT, tree))


def reserve(tree: dict[str, Any]) -> None:
    """Give each subnet some reservations."""
    for holder in (tree, *tree["shared-networks"]):
        for subnet in holder["subnet4"]:
            network = subnet["subnet"].rpartition(".")[0]
            subnet["reservations"] = [
                {
                    "hostname": f"host-{host}",
                    "hw-address": f"02:00:00:00:00:{host:02x}",
                    "ip-address": f"{network}.{200 + host}",
                    **OF_HOST,
                }
                for host in range(HOSTS_OF_SUBNET)
            ]


def seconds(act: Callable[[], object], rounds: int) -> float:
    """Return the processor time that something takes."""
    spent = []
    for _ in range(rounds):
        started = time.process_time()
        act()
        spent.append(time.process_time() - started)
    return median(spent)
