"""Leases of real Kea that are not where they belong, and reservations that the IPAM would not see."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.auditor import Auditor
from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.requirements import Report, Status, Verdict
from kea_exporter.transport.deadline import Deadline
from lab.servers.configurations import HOOKS, dhcp, http, subnet4, subnet6
from lab.servers.processes import free_port
from tests.support.exporter import exporter, run, values, written

if TYPE_CHECKING:
    from kea_exporter.config import Settings
    from lab.servers.kea import KeaDaemon, Lab

pytestmark = pytest.mark.lab

ORPHANS, OUTSIDE = "no-orphaned-leases", "no-leases-outside-their-subnet"


def settings(port: int, daemon: str = "dhcp4", **options: object) -> Settings:
    tree = {"servers": [{"name": "kea", daemon: {"url": f"http://127.0.0.1:{port}", **options}}]}
    return settings_from_tree(tree, Path.cwd())


def audited(port: int, daemon: str = "dhcp4", page_size: int = 10) -> Report:
    audit = {"interval": "1h", "page_size": page_size}
    daemons = settings(port, daemon, lease_audit=audit).daemons
    auditor = Auditor(daemons)
    auditor.run_all(lambda *_: None)
    [report] = Collector(audits=auditor.result).collect(daemons, Deadline.after(10))
    return report


def unaudited(port: int, daemon: str = "dhcp4") -> Report:
    [report] = Collector().collect(settings(port, daemon).daemons, Deadline.after(10))
    return report


def verdict(report: Report, requirement: str) -> Verdict:
    return next(judged for judged in report.verdicts if judged.requirement.id == requirement)


def start4(lab: Lab, hooks: tuple[str, ...] = HOOKS) -> tuple[KeaDaemon, int]:
    port = free_port()
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], hooks, subnet4=[subnet4(1), subnet4(2)]))
    for host in range(10, 35):
        add4(daemon, f"10.0.1.{host}", 1)
    return daemon, port


def add4(daemon: KeaDaemon, address: str, subnet_id: int) -> None:
    hardware = "02:00:" + ":".join(f"{int(part):02x}" for part in address.split("."))
    answer = daemon.command("lease4-add", **{"ip-address": address, "hw-address": hardware, "subnet-id": subnet_id})
    assert answer["result"] == 0, answer


def test_leases_in_their_subnets_are_in_order(lab: Lab) -> None:
    _, port = start4(lab)
    report = audited(port)
    assert (verdict(report, ORPHANS).status, verdict(report, OUTSIDE).status) == (Status.MET, Status.MET)
    assert verdict(report, ORPHANS).evidence == "all 25 leases carry configured subnet ids"


def test_leases_of_a_deleted_subnet_are_orphans_and_clash_later(lab: Lab) -> None:
    daemon, port = start4(lab)
    daemon.command("subnet4-del", id=1)
    orphaned = audited(port)
    assert verdict(orphaned, ORPHANS).status is Status.UNMET
    assert "25 of 25 leases carry subnet ids that are not configured: 25 in id 1; 10.0.1.10" in (
        verdict(orphaned, ORPHANS).evidence
    )
    daemon.command("subnet4-add", subnet4=[{**subnet4(9), "id": 1}])
    clashing = audited(port)
    assert verdict(clashing, ORPHANS).status is Status.MET
    assert verdict(clashing, OUTSIDE).status is Status.UNMET
    assert "25 in id 1; 10.0.1.10" in verdict(clashing, OUTSIDE).evidence
    assert "lease4-del" in verdict(clashing, OUTSIDE).remedy


def test_the_same_is_found_on_dhcpv6(lab: Lab) -> None:
    port = free_port()
    daemon = lab.start("Dhcp6", dhcp("Dhcp6", [http(port)], subnet6=[subnet6(1), subnet6(2)]))
    for host in range(1, 13):
        address, duid = f"2001:db8:1::1:{host:x}", f"01:02:03:{host:02x}"
        daemon.command("lease6-add", **{"ip-address": address, "duid": duid, "iaid": host, "subnet-id": 1})
    delegated = {"ip-address": "2001:db8:1:8000::", "prefix-len": 56, "type": "IA_PD", "duid": "01:02:03:ff"}
    assert daemon.command("lease6-add", **delegated, iaid=99, **{"subnet-id": 1})["result"] == 0
    daemon.command("subnet6-del", id=1)
    assert "13 of 13 leases" in verdict(audited(port, "dhcp6"), ORPHANS).evidence
    daemon.command("subnet6-add", subnet6=[{**subnet6(9), "id": 1}])
    # A delegated prefix need not lie in the subnet.
    assert "12 of 13 leases" in verdict(audited(port, "dhcp6"), OUTSIDE).evidence


@pytest.mark.parametrize("hooks", [HOOKS, tuple(hook for hook in HOOKS if hook != "stat_cmds")], ids=["rows", "none"])
def test_without_an_audit_left_over_statistics_hint_at_orphans(lab: Lab, hooks: tuple[str, ...]) -> None:
    daemon, port = start4(lab, hooks)
    assert verdict(unaudited(port), ORPHANS).status is Status.NOT_APPLICABLE
    daemon.command("subnet4-del", id=1)
    found = verdict(unaudited(port), ORPHANS)
    assert (found.status, "25 in id 1" in found.evidence) == (Status.UNMET, True)
    # Of leases whose addresses are not known, nobody is told to delete them without a look.
    assert found.remedy.startswith("Inspect these leases first")
    looked_at = json.loads(found.example)
    assert len(daemon.command(looked_at["command"], **looked_at["arguments"])["arguments"]["leases"]) == 25


def test_without_an_audit_more_leases_than_addresses_hint_at_a_clash(lab: Lab) -> None:
    daemon, port = start4(lab)
    daemon.command("subnet4-del", id=1)
    daemon.command("subnet4-add", subnet4=[{"id": 1, "subnet": "10.99.0.0/28"}])
    found = verdict(unaudited(port), OUTSIDE)
    assert (found.status, "subnet ids 1" in found.evidence) == (Status.UNMET, True)


def test_check_audits_now(lab: Lab, tmp_path: Path) -> None:
    daemon, port = start4(lab)
    daemon.command("subnet4-del", id=1)
    path = written(tmp_path, {"servers": [{"name": "kea", "dhcp4": {"url": f"http://127.0.0.1:{port}"}}]})
    done = run("check", "--config.file", str(path), "--audit-leases")
    assert "25 of 25 leases carry subnet ids that are not configured" in " ".join(done.stdout.split())


def test_the_background_audit_follows_the_configuration(lab: Lab, tmp_path: Path) -> None:
    daemon, port = start4(lab)
    server = {"name": "kea", "lease_audit": {"interval": "1h"}, "dhcp4": {"url": f"http://127.0.0.1:{port}"}}
    with exporter(written(tmp_path, {"servers": [server]})) as process:
        assert orphans_once_audited(process.samples) == {"kea": 0}
        daemon.command("subnet4-del", id=1)
        # Dropped at once, because it was judged against another configuration; audited again soon.
        assert values(process.samples(), "kea_leases_orphaned", "server") == {}
        assert orphans_once_audited(process.samples) == {"kea": 25}
        assert values(process.samples(), "kea_lease_audit_timestamp_seconds", "server")["kea"] <= time.time()


def orphans_once_audited(scrape: object) -> dict[str, float]:
    for _ in range(100):
        found = values(scrape(), "kea_leases_orphaned", "server")  # type: ignore[operator]
        if found:
            return found
        time.sleep(0.1)
    pytest.fail("no audit finished within ten seconds")


def test_a_hosts_database_is_called_out(lab: Lab) -> None:
    port = free_port()
    # Kea starts without the database being there, and goes on trying.
    database = {
        "type": "postgresql",
        "name": "kea",
        "host": "127.0.0.1",
        "port": free_port(),
        "user": "kea",
        "password": "canary",
        "on-fail": "serve-retry-continue",
        "retry-on-startup": True,
        "max-reconnect-tries": 1000,
        "reconnect-wait-time": 100,
    }
    tree = dhcp("Dhcp4", [http(port)], (*HOOKS, "pgsql"), subnet4=[subnet4(1)], **{"hosts-databases": [database]})
    lab.start("Dhcp4", tree)
    found = verdict(unaudited(port), "reservations-in-configuration")
    assert found.status is Status.UNMET
    assert "postgresql" in found.evidence
    assert "canary" not in found.evidence
