from __future__ import annotations

import html
import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kea_exporter.config import IPAM
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.leases import Leases
from kea_exporter.facts.snapshot import Daemon, Version
from kea_exporter.facts.subnets import Count, Counts
from kea_exporter.reports import FORMATS, Check, FailOn, exit_code, nagios_exit_code, selected
from kea_exporter.reports.changes import changes
from kea_exporter.reports.schema import report_schema
from kea_exporter.requirements import PAIR_REQUIREMENTS, REQUIREMENTS, Severity, Status, judge_all
from kea_exporter.requirements.fragment import FIXABLE, fragment_of
from tests.support.examples import TAKEN_AT, configuration, control_socket, silent, sound
from tests.support.pairs import judged as judged_pairs
from tests.support.pairs import partners
from tests.support.report_tools import junit_errors, negate, schema_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements import Report

HOSTILE = "<b>|`*_\x1b[2J\x00\u202e\nKEA OK - all is well | unmet=0"

CONFIGURATION = configuration(Daemon.DHCP4, control_socket())


def judged(snapshot: Snapshot, server: str = "") -> Report:
    if server:
        snapshot = replace(snapshot, target=replace(snapshot.target, server=server))
    return judge_all(REQUIREMENTS, snapshot, IPAM)


def without_hooks() -> Snapshot:
    return sound(commands=frozenset({"status-get"}), configuration=replace(CONFIGURATION, hooks=()))


def hostile() -> Snapshot:
    snapshot = silent()
    failed = Failure(Stage.COMMAND, Reason.ERROR_RESULT, HOSTILE)
    return replace(snapshot, connection=failed, version=failed, status=failed)


def check_of(*reports: Report, fail_on: FailOn = FailOn.REQUIRED) -> Check:
    return Check(reports, TAKEN_AT, fail_on)


FLEET = check_of(
    judged(sound(), "dhcp-a"),
    judged(without_hooks(), "dhcp-b"),
    judged(silent(), "dhcp-c"),
    judged(hostile(), "dhcp-d"),
)
SOUND = check_of(judged(sound()))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_no_control_characters_and_names_the_unmet(name: str) -> None:
    text = re.sub(r"\x1b\[[\d;]*m", "", FORMATS[name](FLEET))  # colours
    assert not any(character in text for character in "\x1b\x00\u202e")
    assert "hook-lease-cmds-loaded" in text
    assert "dhcp-b" in text


# Text.


def test_a_sound_fleet_of_nineteen_daemons_takes_at_most_25_lines() -> None:
    text = FORMATS["text"](check_of(*(judged(sound(), f"dhcp-{number}") for number in range(19))))
    lines = text.splitlines()
    assert len(lines) == 21
    assert "dhcp-7 dhcp4: \x1b[32mall required met\x1b[0m" in lines
    assert "19 servers, 19 daemons: 0 unmet, 0 unknown, " in text


def test_what_is_met_is_shown_only_if_asked_for() -> None:
    quiet = FORMATS["text"](check_of(judged(without_hooks())))
    assert "hook-lease-cmds-loaded (required)" in quiet
    assert "version-supported" not in quiet
    assert "version-supported" in FORMATS["text"](replace(FLEET, is_verbose=True))


def test_a_daemon_without_an_unmet_required_one_takes_at_most_30_lines() -> None:
    report = judged(without_hooks())
    many = tuple(
        replace(verdict, severity=Severity.ADVISORY, evidence=f"reason {number}", problems=verdict.problems)
        for number, verdict in enumerate(entry for entry in report.verdicts if entry.status is Status.UNMET)
        for _ in range(5)
    )
    text = FORMATS["text"](check_of(replace(report, verdicts=many * 3)))
    paragraph, *_ = text.split("\n\n")
    assert len(paragraph.splitlines()) == 30
    assert paragraph.endswith(" more lines; --verbose shows them")
    whole, *_ = FORMATS["text"](replace(check_of(replace(report, verdicts=many * 3)), is_verbose=True)).split("\n\n")
    assert len(whole.splitlines()) > 30


# What decides the exit code, and which requirements are judged.


@pytest.mark.parametrize(
    ("status", "severity", "expected"),
    [
        (Status.UNMET, Severity.REQUIRED, {"required": 1, "recommended": 1, "advisory": 1, "unknown": 1}),
        (Status.UNMET, Severity.RECOMMENDED, {"required": 0, "recommended": 1, "advisory": 1, "unknown": 0}),
        (Status.UNMET, Severity.ADVISORY, {"required": 0, "recommended": 0, "advisory": 1, "unknown": 0}),
        (Status.UNKNOWN, Severity.REQUIRED, {"required": 2, "recommended": 2, "advisory": 2, "unknown": 2}),
        (Status.UNKNOWN, Severity.RECOMMENDED, {"required": 0, "recommended": 2, "advisory": 2, "unknown": 2}),
        (Status.UNKNOWN, Severity.ADVISORY, {"required": 0, "recommended": 0, "advisory": 2, "unknown": 2}),
        (Status.NOT_APPLICABLE, Severity.REQUIRED, {"required": 0, "recommended": 0, "advisory": 0, "unknown": 0}),
    ],
)
def test_the_exit_code_counts_what_fail_on_names(status: Status, severity: Severity, expected: dict[str, int]) -> None:
    first, *_ = judged(sound()).verdicts
    report = replace(judged(sound()), verdicts=(replace(first, status=status, severity=severity),))
    assert {str(fail_on): exit_code([report], fail_on) for fail_on in FailOn} == expected


def ids_of(reports: Sequence[Report]) -> set[str]:
    return {verdict.requirement.id for report in reports for verdict in report.verdicts}


def test_requirements_are_selected_by_id_and_by_severity() -> None:
    reports = FLEET.reports
    assert ids_of(selected(reports, ("version-supported",), (), Severity.ADVISORY)) == {"version-supported"}
    everything = ids_of(reports)
    assert ids_of(selected(reports, (), ("version-supported",), Severity.ADVISORY)) == everything - {
        "version-supported"
    }
    required = selected(reports, (), (), Severity.REQUIRED)
    assert {verdict.severity for report in required for verdict in report.verdicts} == {Severity.REQUIRED}
    graver = selected(reports, (), (), Severity.RECOMMENDED)
    assert Severity.ADVISORY not in {verdict.severity for report in graver for verdict in report.verdicts}


# JSON.


@pytest.mark.parametrize("check", [FLEET, SOUND, check_of()], ids=["fleet", "sound", "nothing"])
def test_json_follows_the_published_schema(check: Check) -> None:
    assert schema_errors(json.dumps(report_schema()), FORMATS["json"](check)) == ""


def test_the_schema_finds_what_is_wrong() -> None:
    broken = json.loads(FORMATS["json"](FLEET))
    broken["daemons"][0]["requirements"][0]["status"] = "fine"
    del broken["daemons"][1]["kea_version"]
    errors = schema_errors(json.dumps(report_schema()), json.dumps(broken))
    assert "'fine' is not one of" in errors
    assert "'kea_version' is a required property" in errors


def test_json_has_the_state_of_the_whole_check() -> None:
    document = json.loads(FORMATS["json"](replace(SOUND, fail_on=FailOn.ADVISORY)))
    assert (document["status"], document["exit_code"], document["profile"]) == ("met", 0, "ipam")
    assert document["daemons"][0]["kea_version"] == "3.0.3"
    bad = json.loads(FORMATS["json"](FLEET))
    assert (bad["status"], bad["exit_code"]) == ("unmet", 1)


# JUnit.


@pytest.mark.parametrize("check", [FLEET, SOUND, check_of()], ids=["fleet", "sound", "nothing"])
def test_junit_follows_the_schema_of_jenkins(check: Check) -> None:
    assert junit_errors(FORMATS["junit"](check)) == ""


def test_the_schema_of_jenkins_finds_what_is_wrong() -> None:
    assert "junit" not in junit_errors('<?xml version="1.0"?><testsuites/>')
    assert "required but missing" in junit_errors('<?xml version="1.0"?><testsuites><testsuite/></testsuites>')


def test_junit_has_a_suite_per_daemon_and_a_case_per_requirement() -> None:
    suites = ET.fromstring(FORMATS["junit"](FLEET))  # noqa: S314 - our own
    assert [suite.get("name") for suite in suites] == ["dhcp-a dhcp4", "dhcp-b dhcp4", "dhcp-c dhcp4", "dhcp-d dhcp4"]
    for suite, report in zip(suites, FLEET.reports, strict=True):
        assert [case.get("name") for case in suite] == [verdict.requirement.id for verdict in report.verdicts]
        assert len(suite.findall("*/failure")) == int(suite.get("failures", "")) == report.count(Status.UNMET)
        assert len(suite.findall("*/error")) == int(suite.get("errors", "")) == report.count(Status.UNKNOWN)
        assert len(suite.findall("*/skipped")) == report.count(Status.NOT_APPLICABLE)
    failure = suites.find(".//testcase[@name='hook-lease-cmds-loaded']/failure")
    assert failure is not None
    assert failure.get("type") == "not_configured"
    assert "hooks-libraries" in (failure.text or "")


# Nagios.

NAGIOS = {
    "required unmet": (check_of(judged(without_hooks()), judged(silent())), 2, "KEA CRITICAL - "),
    "recommended unmet": (
        check_of(judged(sound(configuration=replace(CONFIGURATION, hosts_databases=("mysql",)))), judged(hostile())),
        1,
        "KEA WARNING - ",
    ),
    "unknown": (check_of(judged(sound()), judged(hostile())), 3, "KEA UNKNOWN - "),
    "no daemon": (check_of(), 3, "KEA UNKNOWN - 0 servers, 0 daemons: "),
    "all met": (SOUND, 0, "KEA OK - 1 server, 1 daemon: 0 unmet, 0 unknown | "),
}


@pytest.mark.parametrize("case", NAGIOS)
def test_nagios_has_the_state_in_the_first_line_and_in_the_exit_code(case: str) -> None:
    check, code, start = NAGIOS[case]
    assert nagios_exit_code(check) == code
    assert FORMATS["nagios"](check).startswith(start)


def test_nagios_has_performance_data_in_the_first_line_alone() -> None:
    columns = {Count.ADDRESSES: (100, 20), Count.ADDRESSES_ASSIGNED: (87, 3), Count.ADDRESSES_IN_POOL: (87, 3)}
    report = judged(sound(leases=Leases(Counts((1, 2), columns))))
    first, *others = FORMATS["nagios"](check_of(report, judged(hostile(), "dhcp-d"))).splitlines()
    _, performance = first.split(" | ")
    values = dict(entry.split("=") for entry in performance.split())
    assert values["unmet"] == "0;;;0"
    assert re.fullmatch(r"[1-9]\d*;;;0", values["unknown"])
    assert values["certificate_expiry_days"] == "60.0"
    assert values["subnet_utilisation"] == "87.0%;;;0;100"
    assert others
    assert not any("|" in line or line.startswith("KEA") for line in others)


def test_negate_of_monitoring_plugins_reads_the_output(tmp_path: Path) -> None:
    check, code, _ = NAGIOS["required unmet"]
    plugin = tmp_path / "check_kea"
    plugin.write_text(
        f"#!{sys.executable}\nimport sys\nsys.stdout.write({FORMATS['nagios'](check) + chr(10)!r})\nsys.exit({code})\n"
    )
    plugin.chmod(0o700)
    ended = subprocess.run([negate(), "-s", "-c", "WARNING", str(plugin)], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stdout.startswith("KEA WARNING - 2 servers, 2 daemons: ")
    assert "hook-lease-cmds-loaded unmet (required)" in ended.stdout


# Prometheus.


def test_prometheus_reads_the_textfile() -> None:
    families = {family.name: family for family in text_string_to_metric_families(FORMATS["prometheus"](FLEET) + "\n")}
    assert {"kea_up", "kea_requirement_met", "kea_requirement_unmet", "kea_check_timestamp_seconds"} <= families.keys()
    assert [sample.value for sample in families["kea_check_timestamp_seconds"].samples] == [TAKEN_AT]
    up = {sample.labels["server"]: sample.value for sample in families["kea_up"].samples}
    assert up == {"dhcp-a": 1, "dhcp-b": 1, "dhcp-c": 0, "dhcp-d": 0}
    # The collector of node_exporter refuses a file whose samples have timestamps.
    assert not any(sample.timestamp for family in families.values() for sample in family.samples)


# Markdown and HTML.


def test_markdown_and_html_have_evidence_remedy_and_clause() -> None:
    for name in ("markdown", "html"):
        text = FORMATS[name](FLEET).replace("\\", "")
        assert "libdhcp_lease_cmds.so is not loaded" in text
        assert "to hooks-libraries of Dhcp4" in text
        assert "Required libraries: libdhcp_subnet_cmds.so" in text
        assert "4 servers, 4 daemons" in text


def test_html_stands_alone_and_runs_nothing() -> None:
    page = FORMATS["html"](FLEET)
    assert not re.search(r"<script|<link|<img|src=|url\(|@import| on\w+=", page)
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_markdown_shows_markup_of_a_peer_as_text() -> None:
    text = FORMATS["markdown"](FLEET)
    assert "\\<b\\>" in text
    assert not any(line.startswith("KEA OK") for line in text.splitlines())


# Changes.


def test_a_change_of_status_or_cause_is_a_line() -> None:
    before, after = check_of(judged(sound())), check_of(judged(without_hooks()))
    lines = [*changes(before, after)]
    assert any(
        re.match(r"sound dhcp4: hook-lease-cmds-loaded \(required\): met -> unmet: libdhcp_lease_cmds", line)
        for line in lines
    )
    assert not any("version-supported" in line for line in lines)
    assert [*changes(before, before)] == []


# The configuration fragment.


@pytest.mark.parametrize("name", ["text", "json", "markdown", "html"])
def test_a_report_for_people_has_the_fragment_with_all_libraries(name: str) -> None:
    missing = sound(commands=frozenset({"status-get"}), configuration=replace(CONFIGURATION, hooks=("libdhcp_ha.so",)))
    text = html.unescape(FORMATS[name](check_of(judged(missing)))).replace('\\"', '"')
    libraries = re.findall(r'"library": "(\w+\.so)"', text[text.index('"Dhcp4"') :])
    expected = [
        "libdhcp_ha.so",
        *(f"libdhcp_{hook}.so" for hook in ("subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds")),
    ]
    assert libraries[: len(expected)] == expected


def test_there_is_no_fragment_where_it_would_not_load() -> None:
    kea_2_6 = replace(without_hooks(), version=Version(2, 6, 3, "2.6.3"))
    agent = replace(without_hooks(), target=replace(without_hooks().target, control_agent=True))
    assert [fragment_of(judged(snapshot)) for snapshot in (sound(), silent(), kea_2_6, agent)] == [""] * 4


def test_every_fixable_cause_is_one_that_a_requirement_declares() -> None:
    assert {f"{requirement.id} {cause.id}" for requirement in REQUIREMENTS for cause in requirement.causes} >= FIXABLE


# Pairs.


def pair_check(*, is_unknown: bool = False, fail_on: FailOn = FailOn.REQUIRED) -> Check:
    trees = partners(change=lambda tree: tree["subnet4"][0].update(id=40))
    pairs = judged_pairs(*trees[: 1 if is_unknown else 2])
    return replace(check_of(judged(sound(), "dhcp-a"), judged(sound(), "dhcp-b"), fail_on=fail_on), pairs=pairs)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "prometheus"])
def test_every_format_names_what_differs_between_partners(name: str) -> None:
    text = html.unescape(FORMATS[name](pair_check())).replace("\\", "")
    assert "partners-have-the-same-subnets" in text
    assert "subnet 10.0.0.0/24 has id 1 on dhcp-a and 40 on dhcp-b" in text


@pytest.mark.parametrize("name", ["text", "json", "markdown", "html", "junit", "nagios"])
def test_every_format_has_the_line_for_a_partner_that_is_not_configured(name: str) -> None:
    text = html.unescape(FORMATS[name](pair_check(is_unknown=True))).replace("\\", "")
    assert "the partner server2 (192.0.2.2:8000) is not in the exporter's configuration" in text
    assert name == "nagios" or "- {name: server2, dhcp4: {url: " in text


def test_pairs_count_for_the_exit_codes() -> None:
    assert (pair_check().exit_code, nagios_exit_code(pair_check())) == (1, 2)
    unknown = pair_check(is_unknown=True)
    assert (unknown.exit_code, nagios_exit_code(unknown)) == (2, 3)
    without = replace(unknown, pairs=selected(unknown.pairs, (), OF_PAIRS, Severity.ADVISORY))
    assert without.exit_code == 0
    assert pair_check().scope == "2 servers, 2 daemons, 1 pair"


OF_PAIRS = {requirement.id for requirement in PAIR_REQUIREMENTS}


def test_the_json_of_pairs_follows_the_schema() -> None:
    for check in (pair_check(), pair_check(is_unknown=True)):
        assert schema_errors(json.dumps(report_schema()), FORMATS["json"](check)) == ""
    [pair] = json.loads(FORMATS["json"](pair_check()))["pairs"]
    assert (pair["pair"], pair["mode"]) == ("192.0.2.1:8000 192.0.2.2:8000", "hot-standby")
    assert [(side["server"], side["server_name"], side["role"]) for side in pair["servers"]] == [
        ("dhcp-a", "server1", "primary"),
        ("dhcp-b", "server2", "standby"),
    ]


def test_a_partner_that_stops_to_answer_is_a_change() -> None:
    lines = list(changes(pair_check(), pair_check(is_unknown=True)))
    assert len(lines) == len(PAIR_REQUIREMENTS)
    beginning = "dhcp-a and server2 dhcp4: partners-have-the-same-subnets (required): unmet -> unknown: the partner"
    assert lines[0].startswith(beginning)
