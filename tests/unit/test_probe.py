"""A probe of a daemon that may answer anything."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.leases import LeaseDatabase
from kea_exporter.metrics import FAMILIES, Page, read_families
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.requirements import Status
from kea_exporter.transport.deadline import Deadline
from tests.support.exporter import parsed
from tests.support.peers import SimulatedKea
from tests.support.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.requirements import Report

OWN_COMMANDS = {"config-get", "list-commands", "statistic-get-all", "status-get", "version-get"}
HOOK_COMMANDS = OWN_COMMANDS | {"subnet4-list", "stat-lease4-get"}
COMMANDS = (
    "version-get",
    "list-commands",
    "status-get",
    "config-get",
    "subnet4-list",
    "stat-lease4-get",
    "statistic-get-all",
    "statistic-global-get-all",
)
# What is counted since the start is no number of leases.
COUNTERS = {"kea_leases_reclaimed_total"}


@pytest.fixture(scope="module")
def kea() -> Iterator[SimulatedKea]:
    with SimulatedKea({}) as simulated:
        yield simulated


def probe(kea: SimulatedKea, answers: dict[str, Any], **collect: object) -> Report:
    kea.answers = answers
    tree = {"servers": [{"name": "kea", "dhcp4": {"url": kea.url, "collect": collect}}]}
    [report] = Collector().collect(settings_from_tree(tree, Path.cwd()).daemons, Deadline.after(10))
    return report


def assert_sane(report: Report) -> None:
    internal = [verdict for verdict in report.verdicts if verdict.evidence.startswith("internal error")]
    assert internal == []
    assert Reason.INTERNAL_ERROR not in {failure.reason for failure in report.snapshot.failures}
    page, _, dropped = Encoder().encode(read_families(FAMILIES, Page((report,))))
    assert not dropped
    assert "kea_up" in parsed(page.decode())


@pytest.mark.parametrize("number", [-5, 10**400, -(10**400)], ids=["negative", "huge", "both"])
@pytest.mark.parametrize("commands", [OWN_COMMANDS, HOOK_COMMANDS], ids=["statistics", "rows"])
def test_no_number_of_keas_is_taken_for_a_mistake_of_the_exporter(
    kea: SimulatedKea, commands: set[str], number: int
) -> None:
    answers = recorded("kea-3.2.0", "dhcp4")
    answers["list-commands"]["arguments"] = list(commands)
    statistics = answers["statistic-get-all"]["arguments"]
    statistics |= {name: [[number, ""]] for name in statistics}
    rows = answers["stat-lease4-get"]["arguments"]["result-set"]["rows"]
    rows[:] = [[row[0], *[number] * (len(row) - 1)] for row in rows]
    assert_sane(probe(kea, answers, pools=True, statistics="all"))


def test_a_command_that_is_forbidden_costs_only_what_it_brings(kea: SimulatedKea) -> None:
    kea.forbidden = {"list-commands"}
    try:
        report = probe(kea, recorded("kea-3.2.0", "dhcp4"))
    finally:
        kea.forbidden = set()
    assert [(failure.stage, failure.reason) for failure in report.snapshot.failures] == [(Stage.AUTH, Reason.FORBIDDEN)]
    statuses = {verdict.requirement.id: verdict.status for verdict in report.verdicts}
    assert statuses["service-matches"] is Status.MET
    assert statuses["service-running"] is Status.UNMET  # it was recorded without an interface
    assert statuses["hook-lease-cmds-loaded"] is Status.UNKNOWN


@pytest.mark.parametrize("with_stat_cmds", [True, False], ids=["stat_cmds", "no stat_cmds"])
def test_what_kea_3_3_1_answered_after_a_failed_reload(kea: SimulatedKea, *, with_stat_cmds: bool) -> None:
    before = recorded("kea-3.3.1", "dhcp4")
    after = {**before, **recorded("kea-3.3.1", "dhcp4-after-failed-reload")}
    if not with_stat_cmds:
        for answers in (before, after):
            commands = answers["list-commands"]["arguments"]
            answers["list-commands"]["arguments"] = [
                command for command in commands if not command.startswith("stat-lease")
            ]
    sound, half_applied = probe(kea, before), probe(kea, after)
    assert sound.snapshot.lease_database is LeaseDatabase.AVAILABLE
    assert half_applied.snapshot.lease_database is LeaseDatabase.NO_MANAGER
    running = next(verdict for verdict in half_applied.verdicts if verdict.requirement.id == "service-running")
    assert (running.status, "the last reload failed" in running.evidence) == (Status.UNMET, True)
    page, _, _ = Encoder().encode(read_families(FAMILIES, Page((half_applied,))))
    samples = parsed(page.decode())
    for name in ("kea_dhcp_serving", "kea_lease_database_available"):
        assert [value for _, value in samples[name]] == [0]
    assert not {name for name in samples if name.startswith(("kea_leases", "kea_subnet_address"))} - COUNTERS
    assert half_applied.snapshot.failures == ()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_is_not_answered_costs_only_what_it_brings(kea: SimulatedKea, command: str) -> None:
    answers = recorded("kea-3.2.0", "dhcp4")
    answers.pop(command)
    report = probe(kea, answers)
    assert_sane(report)
    facts = {
        "version-get": "version",
        "list-commands": "commands",
        "status-get": "status",
        "config-get": "configuration",
    }
    if command in facts:
        assert isinstance(getattr(report.snapshot, facts[command]), Failure)
    met = {verdict.requirement.id for verdict in report.verdicts if verdict.status is Status.MET}
    assert "control-socket-reachable" in met


def test_a_daemon_that_serves_another_service_only_is_the_wrong_one(kea: SimulatedKea) -> None:
    """Kea 3.1.9 and later answers so to a command that a Control Agent would have forwarded."""
    refusal = {"result": 1, "text": "unsupported service 'dhcp4', expected 'dhcp6'"}
    report = probe(kea, dict.fromkeys(COMMANDS, refusal))
    assert {(failure.stage, failure.reason) for failure in report.snapshot.failures} == {
        (Stage.COMMAND, Reason.UNSUPPORTED_SERVICE)
    }
    verdict = next(judged for judged in report.verdicts if judged.requirement.id == "service-matches")
    assert verdict.status is Status.UNMET
    assert "control_agent" in verdict.remedy
