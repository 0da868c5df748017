"""What is exported of Kea 3.0 is exported of 3.2 and 3.3 too, with the same values, but for what is listed here."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from kea_exporter.config import settings_from_tree
from kea_exporter.kea.plan import FEW_SUBNETS
from kea_exporter.metrics import FAMILIES, Page
from kea_exporter.probe import probe
from kea_exporter.transport.deadline import Deadline
from kea_simulator.servers import CURRENT, LATER, NEWEST
from tests.support.pages import reports, singly
from tests.support.peers import SimulatedKea
from tests.support.recordings import RECORDED, recorded
from tests.support.simulated import report_of

if TYPE_CHECKING:
    from kea_exporter.requirements import Report

# A family, and the values of its labels that are no data.
Key = tuple[str, ...]
Series = dict[Key, float]

UPGRADES = [(CURRENT, LATER), (LATER, NEWEST)]
DATA = {"server", "daemon", "version", "remedy"}
# What recordings differ in, as the servers were configured differently.
OF_CONFIGURATION = DATA | {"subnet_id", "subnet", "shared_network", "pool_id"}
CONFIGURED = {
    "kea_requirement_met",
    "kea_requirement_unmet",
    "kea_requirement_unmet_info",
    "kea_lease_database_info",
}

GONE: dict[str, list[Key]] = {
    "the daemon runs 3.2 already": [("kea_requirement_met", "upgrade-to-3.2", "advisory")],
    "statistic-global-get-all brings what statistic-get brought": [
        (name, "statistic-get")
        for name in ("kea_command_duration_seconds", "kea_command_success", "kea_command_supported")
    ],
}
REASONS = (
    "admin_filtered duplicate limit_exceeded not_for_us processing_failed queue_full rfc_violation service_disabled"
)
NEW: dict[str, list[Key]] = {
    "dropped packets are counted by reason since 3.1.4": [
        ("kea_packets_dropped_total", reason) for reason in REASONS.split()
    ],
    "messages of leasequery are counted since 3.1.4": [
        ("kea_messages_received_total", "lease_query"),
        ("kea_messages_sent_total", "lease_query_reply"),
        *(("kea_messages_sent_total", f"lease_query_response_{kind}") for kind in ("active", "unassigned", "unknown")),
    ],
    "the IPAM was tested up to 3.1.3": [
        ("kea_requirement_unmet", "version-tested", "recommended", "newer_than_tested"),
        ("kea_requirement_unmet_info", "version-tested", "newer_than_tested"),
    ],
    "statistic-global-get-all brings what statistic-get brought": [
        (name, "statistic-global-get-all")
        for name in ("kea_command_duration_seconds", "kea_command_success", "kea_command_supported")
    ],
}
CHANGED: dict[str, list[Key]] = {
    "the IPAM was tested up to 3.1.3": [
        ("kea_version_tested",),
        ("kea_requirement_met", "version-tested", "recommended"),
    ],
    "upgrade-to-3.2 applies to 3.0 alone, and version-tested is unmet": [
        ("kea_requirements", status) for status in ("met", "unmet", "not_applicable")
    ],
    "other reasons are those that are not counted by themselves": [("kea_packets_dropped_total", "other")],
}


class Case(NamedTuple):
    """A simulated daemon."""

    daemon: str
    subnets: int
    pools: bool = False
    in_pair: bool = False


@cache
def simulated(case: Case, version: str) -> Series:
    """Return what is exported of a simulated daemon."""
    report = report_of(case.subnets, case.daemon, pools=case.pools, version=version, in_pair=case.in_pair)
    return series_of(report, DATA)


FEW, MANY = 3, FEW_SUBNETS + 1
CASES = {
    "dhcp4": Case("dhcp4", FEW),
    "dhcp6": Case("dhcp6", FEW),
    "d2": Case("d2", FEW),
    "dhcp4 with many subnets": Case("dhcp4", MANY),
    "dhcp6 with many subnets": Case("dhcp6", MANY),
    "dhcp4 with pools": Case("dhcp4", FEW, pools=True),
    "dhcp6 with pools": Case("dhcp6", FEW, pools=True),
    "dhcp4 in a pair": Case("dhcp4", FEW, in_pair=True),
}
each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
each_upgrade = pytest.mark.parametrize(("before", "after"), UPGRADES, ids=lambda version: version)


def series_of(report: Report, data: set[str]) -> Series:
    """Return what is exported of a daemon, without those values of labels that are data."""
    page = Page((report,))
    return {
        (family.name, *(value for name, value in zip(family.labels, labels, strict=True) if name not in data)): number
        for family in FAMILIES
        for labels, number in singly(family.read(page))
    }


def of_recording(version: str, daemon: str) -> set[Key]:
    """Return what is exported of a recorded daemon, but for what its configuration decides."""
    with SimulatedKea(recorded(version, daemon)) as kea:
        entry = {"name": "kea", daemon: {"url": kea.url}, "collect": {"pools": True}}
        [settings] = settings_from_tree({"servers": [entry]}, Path()).daemons
        [report] = reports(probe(settings, Deadline.after(30.0)))
    return {key for key in series_of(report, OF_CONFIGURATION) if key[0] not in CONFIGURED}


def listed(table: dict[str, list[Key]]) -> set[Key]:
    return {key for keys in table.values() for key in keys}


@each_upgrade
@each_case
def test_an_upgrade_loses_and_adds_only_what_is_listed(case: Case, before: str, after: str) -> None:
    old, new = simulated(case, before), simulated(case, after)
    assert old.keys() - new.keys() - listed(GONE) == set()
    # One command brings all that is queried one by one on an older server with many subnets.
    with_few = simulated(case._replace(subnets=FEW), after) if case.subnets == MANY else {}
    assert new.keys() - old.keys() - with_few.keys() - listed(NEW) == set()


@each_upgrade
@each_case
def test_an_upgrade_changes_only_the_values_that_are_listed(case: Case, before: str, after: str) -> None:
    old, new = simulated(case, before), simulated(case, after)
    both = {key for key in old.keys() & new.keys() if not key[0].endswith("_seconds")}
    assert {key for key in both if old[key] != new[key]} - listed(CHANGED) == set()


@pytest.mark.parametrize(
    ("version", "daemon"), [(version, daemon) for version, daemon in RECORDED if version in {"kea-3.2.0", "kea-3.3.1"}]
)
def test_recorded_servers_lose_nothing_that_3_0_has(version: str, daemon: str) -> None:
    assert of_recording("kea-3.0.3", daemon) - of_recording(version, daemon) == set()


def test_what_is_listed_happens() -> None:
    lost, added, changed = set[Key](), set[Key](), set[Key]()
    for case in CASES.values():
        old, new = simulated(case, CURRENT), simulated(case, NEWEST)
        lost |= old.keys() - new.keys()
        added |= new.keys() - old.keys()
        changed |= {key for key in old.keys() & new.keys() if old[key] != new[key]}
    assert (listed(GONE) - lost, listed(NEW) - added, listed(CHANGED) - changed) == (set(), set(), set())
