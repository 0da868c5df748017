"""Families from reports, and the page that is written from them.

The whole page is compared with `tests/golden/sound-and-silent.txt`; after a change that is meant, write it anew with
`UPDATE_GOLDEN=1 pytest tests/test_metrics.py` (`make docs` does), and read the difference.
"""

from __future__ import annotations

import math
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from kea_exporter.catalogue import documents
from kea_exporter.config.profiles import IPAM
from kea_exporter.failure import Failure, Reason, Stage, known
from kea_exporter.metrics import FAMILIES, ExporterState, Family, Page, Sample, read_families
from kea_exporter.metrics.encoding import encode
from kea_exporter.metrics.model import Kind
from kea_exporter.requirements import REQUIREMENTS, Report, Status, judge_all
from kea_exporter.snapshot import Admission, Daemon, Exchange, Snapshot
from tests.examples import (
    HOOK_COMMANDS,
    OWN_COMMANDS,
    TAKEN_AT,
    TIMEOUT,
    authentication,
    behind_agent,
    configuration,
    connected_to,
    control_socket,
    offering,
    over_unix,
    silent,
    sound,
    unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Never

    from prometheus_client.metrics_core import Metric

GOLDEN = Path(__file__).parent / "golden" / "sound-and-silent.txt"
DOCS = Path(__file__).parent.parent / "docs"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"

# What Prometheus 3 sends.
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)

EXPORTER = ExporterState(
    build=("1.2.3", "3.13.0", "OpenSSL 3.0.19"),
    reload_succeeded=True,
    reload_time=TAKEN_AT,
    requests_in_flight=1,
    requests_rejected=2,
    samples_dropped=3,
)

# The contract: dashboards, rules and outside checks rely on these names and labels.
COMMON = ("server", "daemon")
CONTRACT = {
    "kea_up": COMMON,
    "kea_reachable": COMMON,
    "kea_auth_success": COMMON,
    "kea_auth_required": COMMON,
    "kea_probe_failure": (*COMMON, "stage", "reason"),
    "kea_scrape_duration_seconds": COMMON,
    "kea_scrape_timeout_seconds": COMMON,
    "kea_command_success": (*COMMON, "command"),
    "kea_command_duration_seconds": (*COMMON, "command"),
    "kea_command_supported": (*COMMON, "command"),
    "kea_requirement_met": (*COMMON, "requirement", "severity"),
    "kea_requirements": (*COMMON, "status"),
    "kea_requirement_info": ("requirement", "severity", "title", "remedy"),
    "kea_version_info": (*COMMON, "version"),
    "kea_version_supported": COMMON,
    "kea_version_tested": COMMON,
    "kea_hook_loaded": (*COMMON, "hook"),
    "kea_hook_configured": (*COMMON, "hook"),
    "kea_subnets": COMMON,
    "kea_leases": (*COMMON, "kind", "state"),
}

# Prometheus, its operator and Kubernetes attach these themselves.
TAKEN_LABELS = {"job", "instance", "service", "endpoint", "pod", "namespace", "container", "type"}

UNSAID = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the answer is not Kea's")
LATE = Failure(Stage.HTTP, Reason.TIMED_OUT, "no complete answer came in time")
LACKING = Failure(Stage.COMMAND, Reason.UNSUPPORTED, "the daemon does not have the command")

GAUGE = Family("kea_test_value", Kind.GAUGE, "A value.", ("name",), lambda _: ())
COUNTER = Family("kea_test_total", Kind.COUNTER, "A count.", ("name",), lambda _: ())


def reports(*snapshots: Snapshot) -> tuple[Report, ...]:
    return tuple(judge_all(REQUIREMENTS, snapshot, IPAM) for snapshot in snapshots)


def samples(name: str, *snapshots: Snapshot) -> dict[tuple[str, ...], float]:
    [family] = [family for family in FAMILIES if family.name == name]
    return {sample.labels: sample.value for sample in family.read(Page(reports(*snapshots), EXPORTER))}


def own(name: str, snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    """Return the samples of one daemon by their labels after `server` and `daemon`."""
    return {labels[2:]: value for labels, value in samples(name, snapshot).items()}


def golden_page() -> list[tuple[Family, list[Sample] | Exception]]:
    snapshots = (sound(), sound(Daemon.DHCP6), sound(Daemon.D2), silent(), silent(Daemon.DHCP6))
    return list(read_families(FAMILIES, Page(reports(*snapshots), EXPORTER)))


def parsed(families: Iterable[Metric]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def parse_text(body: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return parsed(text_string_to_metric_families(body.decode()))


def parse_openmetrics(body: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return parsed(openmetrics.text_string_to_metric_families(body.decode()))  # type: ignore[no-untyped-call]


def answered(http_status: int) -> Snapshot:
    return connected_to(unauthorized(), admission=Admission(http_status, None))


def letting_everybody_in() -> Snapshot:
    return offering(control_socket(authentication=replace(authentication(), clients=0)))


ASKED_TWICE = sound(exchanges=(Exchange("config-get", 0.25, None), Exchange("config-get", 0.5, LATE)))
LACKS_STATISTICS = sound(
    exchanges=(Exchange("statistic-get-all", 0.25, LACKING),), supported={"statistic-get-all": False}
)
NO_HOOKS = sound(commands=OWN_COMMANDS, configuration=replace(configuration(Daemon.DHCP4), hooks=()))
WRONG_DAEMON = sound(configuration=configuration(Daemon.DHCP6))
NO_SUBNETS = sound(configuration=replace(configuration(Daemon.DHCP4), subnets=frozenset()))
UNKNOWN_STATISTICS = sound(leases=replace(known(sound().leases), unknown_statistics=frozenset({"pkt4-new", "v4-new"})))
SOME_FAIL = sound(status=UNSAID, configuration=LATE, sockets=LATE, leases=LATE)

FOUR_HOOKS = ("subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds")
FIVE_COMMANDS = ("version-get", "list-commands", "status-get", "config-get", "stat-lease4-get")


@pytest.mark.parametrize(
    ("name", "snapshot", "expected"),
    [
        pytest.param("kea_up", sound(), {(): 1}, id="up"),
        pytest.param("kea_up", over_unix(), {(): 1}, id="up over a unix socket"),
        pytest.param("kea_up", silent(), {(): 0}, id="not up, silent"),
        pytest.param("kea_up", answered(401), {(): 0}, id="not up, credentials refused"),
        pytest.param("kea_reachable", sound(), {(): 1}, id="reachable"),
        pytest.param("kea_reachable", answered(401), {(): 1}, id="reachable, credentials refused"),
        pytest.param("kea_reachable", silent(), {(): 0}, id="not reachable"),
        pytest.param("kea_auth_success", sound(), {(): 1}, id="accepted"),
        pytest.param("kea_auth_success", answered(401), {(): 0}, id="401"),
        pytest.param("kea_auth_success", answered(403), {(): 0}, id="403"),
        pytest.param("kea_auth_success", answered(500), {}, id="500 says nothing of credentials"),
        pytest.param("kea_auth_success", over_unix(), {}, id="no credentials on a unix socket"),
        pytest.param("kea_auth_success", silent(), {}, id="no HTTP answer"),
        pytest.param("kea_auth_required", sound(), {(): 1}, id="required"),
        pytest.param("kea_auth_required", answered(401), {(): 1}, id="required, as a 401 says"),
        pytest.param("kea_auth_required", letting_everybody_in(), {(): 0}, id="clients: [] requires nothing"),
        pytest.param("kea_auth_required", offering(control_socket(authentication=None)), {(): 0}, id="not required"),
        pytest.param("kea_auth_required", over_unix(), {}, id="not required on a unix socket"),
        pytest.param("kea_auth_required", silent(), {}, id="unknown whether required"),
        pytest.param("kea_probe_failure", sound(), {}, id="no failure"),
        pytest.param("kea_probe_failure", sound(Daemon.D2), {}, id="D2 without leases is no failure"),
        pytest.param("kea_probe_failure", silent(), {("connect", "refused"): 1}, id="one failure"),
        pytest.param(
            "kea_probe_failure",
            SOME_FAIL,
            {("command", "malformed_answer"): 1, ("http", "timed_out"): 1},
            id="each failure once",
        ),
        pytest.param("kea_scrape_duration_seconds", sound(), {(): 0.25}, id="duration"),
        pytest.param("kea_scrape_duration_seconds", silent(), {(): TIMEOUT}, id="all the time"),
        pytest.param("kea_scrape_timeout_seconds", silent(), {(): TIMEOUT}, id="timeout"),
        pytest.param("kea_command_success", sound(), {(it,): 1 for it in FIVE_COMMANDS}, id="commands succeed"),
        pytest.param("kea_command_success", ASKED_TWICE, {("config-get",): 0}, id="one of two fails"),
        pytest.param("kea_command_success", LACKS_STATISTICS, {("statistic-get-all",): 1}, id="lacking is no failure"),
        pytest.param("kea_command_success", silent(), {}, id="nothing asked"),
        pytest.param("kea_command_duration_seconds", sound(), {(it,): 0.03125 for it in FIVE_COMMANDS}, id="durations"),
        pytest.param("kea_command_duration_seconds", ASKED_TWICE, {("config-get",): 0.75}, id="both durations"),
        pytest.param("kea_command_supported", sound(), {(it,): 1 for it in FIVE_COMMANDS}, id="supported"),
        pytest.param("kea_command_supported", LACKS_STATISTICS, {("statistic-get-all",): 0}, id="not supported"),
        pytest.param("kea_command_supported", silent(), {}, id="unknown whether supported"),
        pytest.param("kea_version_info", behind_agent(), {("2.6.3",): 1}, id="version"),
        pytest.param("kea_version_info", silent(), {}, id="no version"),
        pytest.param("kea_version_supported", sound(), {(): 1}, id="version supported"),
        pytest.param("kea_version_supported", behind_agent(), {(): 0}, id="version not supported"),
        pytest.param("kea_version_supported", silent(), {}, id="unknown whether the version is supported"),
        pytest.param("kea_version_tested", behind_agent(), {(): 1}, id="version tested"),
        pytest.param("kea_version_tested", silent(), {}, id="unknown whether the version was tested"),
        pytest.param("kea_hook_loaded", sound(), {(it,): 1 for it in FOUR_HOOKS}, id="hooks loaded"),
        pytest.param("kea_hook_loaded", NO_HOOKS, {(it,): 0 for it in FOUR_HOOKS}, id="hooks not loaded"),
        pytest.param("kea_hook_loaded", sound(commands=UNSAID), {}, id="unknown whether hooks are loaded"),
        pytest.param("kea_hook_loaded", sound(Daemon.D2), {}, id="D2 loads no hooks"),
        pytest.param("kea_hook_configured", sound(), {(it,): 1 for it in FOUR_HOOKS}, id="hooks configured"),
        pytest.param("kea_hook_configured", NO_HOOKS, {(it,): 0 for it in FOUR_HOOKS}, id="hooks not configured"),
        pytest.param("kea_hook_configured", sound(configuration=UNSAID), {}, id="unknown whether configured"),
        pytest.param("kea_hook_configured", sound(Daemon.D2), {}, id="D2 configures no hooks"),
        pytest.param("kea_subnets", sound(), {(): 3}, id="subnets"),
        pytest.param("kea_subnets", NO_SUBNETS, {(): 0}, id="no subnets"),
        pytest.param("kea_subnets", WRONG_DAEMON, {}, id="another daemon's subnets"),
        pytest.param("kea_subnets", sound(Daemon.D2), {}, id="D2 has no subnets"),
        pytest.param("kea_subnets", silent(), {}, id="unknown subnets"),
        pytest.param(
            "kea_leases", sound(), {("address", "assigned"): 120, ("address", "declined"): 2}, id="DHCPv4 leases"
        ),
        pytest.param(
            "kea_leases",
            sound(Daemon.DHCP6),
            {("address", "assigned"): 120, ("address", "declined"): 2, ("prefix", "assigned"): 30},
            id="DHCPv6 leases",
        ),
        pytest.param("kea_leases", sound(Daemon.D2), {}, id="D2 has no leases"),
        pytest.param("kea_leases", silent(), {}, id="unknown leases"),
        pytest.param(
            "kea_requirements",
            sound(),
            {("met",): len(REQUIREMENTS), ("unmet",): 0, ("unknown",): 0, ("not_applicable",): 0},
            id="all requirements met",
        ),
        pytest.param(
            "kea_requirements",
            silent(),
            {("met",): 0, ("unmet",): 1, ("unknown",): len(REQUIREMENTS) - 1, ("not_applicable",): 0},
            id="all but one requirement unknown",
        ),
    ],
)
def test_a_family_shows_what_was_learnt_and_nothing_else(
    name: str, snapshot: Snapshot, expected: dict[tuple[str, ...], float]
) -> None:
    assert own(name, snapshot) == expected


def test_samples_carry_server_and_daemon() -> None:
    assert samples("kea_up", sound(), sound(Daemon.DHCP6), silent()) == {
        ("sound", "dhcp4"): 1,
        ("sound", "dhcp6"): 1,
        ("silent", "dhcp4"): 0,
    }


def test_a_hook_is_loaded_or_configured_each_for_itself() -> None:
    only_one = sound(
        commands=OWN_COMMANDS | HOOK_COMMANDS - {"lease4-get"},
        configuration=replace(configuration(Daemon.DHCP4), hooks=("libdhcp_lease_cmds.so", "libdhcp_ha.so")),
    )
    assert {hook for (hook,), value in own("kea_hook_loaded", only_one).items() if not value} == {"lease_cmds"}
    assert {hook for (hook,), value in own("kea_hook_configured", only_one).items() if value} == {"lease_cmds"}


def test_a_requirement_is_met_unmet_or_absent() -> None:
    met = own("kea_requirement_met", letting_everybody_in())
    assert met["control-socket-reachable", "required"] == 1
    assert met["authentication-configured", "recommended"] == 0
    assert "authentication-type-basic" not in {requirement for requirement, _ in met}
    assert own("kea_requirement_met", silent()) == {("control-socket-reachable", "required"): 0}


@pytest.mark.parametrize("snapshot", [sound(), sound(Daemon.D2), over_unix(), SOME_FAIL, silent()])
def test_the_count_of_met_and_unmet_is_that_of_the_samples(snapshot: Snapshot) -> None:
    counts, met = own("kea_requirements", snapshot), own("kea_requirement_met", snapshot)
    assert sum(counts.values()) == len(REQUIREMENTS)
    assert counts[str(Status.MET),] == list(met.values()).count(1)
    assert counts[str(Status.UNMET),] == list(met.values()).count(0)


@pytest.mark.parametrize("snapshots", [(), (sound(), silent())])
def test_what_a_requirement_is_about_is_told_once_per_exporter(snapshots: tuple[Snapshot, ...]) -> None:
    expected = {(it.id, str(it.severity), it.title, it.remedy): 1 for it in REQUIREMENTS}
    assert samples("kea_requirement_info", *snapshots) == expected


def test_failures_come_first_things_first() -> None:
    in_between = replace(connected_to(UNSAID), commands=LATE)
    assert in_between.failures == (UNSAID, LATE)


FACTS = ("connection", "admission", "version", "status", "commands", "configuration", "sockets", "leases")


@given(snapshot=st.sampled_from([sound(), sound(Daemon.D2), over_unix()]), lost=st.sets(st.sampled_from(FACTS)))
def test_whatever_is_not_known_no_family_raises_and_two_are_always_there(snapshot: Snapshot, lost: set[str]) -> None:
    changes: dict[str, Any] = dict.fromkeys(lost, LATE)
    page = Page(reports(replace(snapshot, **changes)))
    read = {family.name: found for family, found in read_families(FAMILIES, page)}
    assert not [name for name, found in read.items() if isinstance(found, Exception)]
    labels = (snapshot.target.server, str(snapshot.target.daemon))
    assert read["kea_up"] == [Sample(labels, "version" not in lost)]
    assert read["kea_reachable"] == [Sample(labels, "connection" not in lost)]


def test_the_exporters_own_families_are_only_on_its_own_page() -> None:
    read = read_families(FAMILIES, Page(reports(UNKNOWN_STATISTICS)))
    assert not [family.name for family, found in read if family.name.startswith("kea_exporter_") and found]


def test_the_exporter_tells_of_itself() -> None:
    names = [family.name for family in FAMILIES if family.name.startswith("kea_exporter_")]
    assert {name: samples(name) for name in names} == {
        "kea_exporter_build_info": {("1.2.3", "3.13.0", "OpenSSL 3.0.19"): 1},
        "kea_exporter_config_last_reload_successful": {(): 1},
        "kea_exporter_config_last_reload_success_timestamp_seconds": {(): TAKEN_AT},
        "kea_exporter_requests_in_flight": {(): 1},
        "kea_exporter_requests_rejected_total": {(): 2},
        "kea_exporter_samples_dropped_total": {(): 3},
        "kea_exporter_unknown_statistics": {},
    }


def test_unknown_statistics_are_counted_where_statistics_were_asked_for() -> None:
    assert own("kea_exporter_unknown_statistics", UNKNOWN_STATISTICS) == {(): 2}
    assert own("kea_exporter_unknown_statistics", sound()) == {}


def test_each_family_of_the_contract_exists_with_its_labels() -> None:
    labels = {family.name: family.labels for family in FAMILIES}
    assert {name: labels.get(name) for name in CONTRACT} == CONTRACT


def test_each_name_occurs_once() -> None:
    names = [family.name for family in FAMILIES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda it: it.name)
def test_a_family_keeps_the_rules_of_naming(family: Family) -> None:
    assert family.name.startswith("kea_")
    assert (family.kind is Kind.COUNTER) == family.name.endswith("_total")
    assert not TAKEN_LABELS & set(family.labels)
    assert family.help.isprintable()
    assert family.help.endswith(".")


def test_the_page_is_the_golden_one() -> None:
    body, content_type, dropped = encode(golden_page())
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.write_bytes(body)
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert dropped == 0
    assert body == GOLDEN.read_bytes(), "where this is meant, run `make docs` and read the difference"


def test_both_of_prometheus_clients_parsers_read_the_page_alike() -> None:
    text, _, _ = encode(golden_page())
    modern, content_type, _ = encode(golden_page(), OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    written = sum(len(found) for _, found in golden_page() if isinstance(found, list))
    assert len(parse_text(text)) == written
    assert parse_openmetrics(modern) == parse_text(text)


def test_prometheus_gets_openmetrics() -> None:
    body, content_type, _ = encode(golden_page(), PROMETHEUS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/openmetrics-text",
        "application/openmetrics-text;version=",
        "application/openmetrics-text;version=1.0.0;escaping=nonsense",
        "application/openmetrics-text;version=latest",
        "text/plain;version=1.x",
        ";;,=,",
    ],
)
def test_no_accept_header_costs_the_page(accept: str) -> None:
    body, _, dropped = encode(golden_page(), accept)
    assert b'kea_up{daemon="dhcp4",server="sound"} 1.0\n' in body
    assert dropped == 0


@given(name=st.text(st.characters(codec="utf-8")), value=st.floats(allow_nan=False, allow_infinity=False))
def test_any_label_and_any_finite_value_survive_the_page(name: str, value: float) -> None:
    body, _, dropped = encode([(GAUGE, [Sample((name,), value)])])
    assert dropped == 0
    assert parse_text(body) == {("kea_test_value", frozenset({("name", name)})): value}


BAD: list[tuple[str, Family, Any, Any]] = [
    ("a lone surrogate", GAUGE, ("\ud800",), 1),
    ("a label that is None", GAUGE, (None,), 1),
    ("a label that is a number", GAUGE, (1,), 1),
    ("a label that is a list", GAUGE, (["name"],), 1),
    ("too few labels", GAUGE, (), 1),
    ("too many labels", GAUGE, ("a", "b"), 1),
    ("labels as before", GAUGE, ("good",), 2),
    ("a number too large", GAUGE, ("bad",), 10**400),
    ("not a number", GAUGE, ("bad",), math.nan),
    ("infinite", GAUGE, ("bad",), math.inf),
    ("minus infinite", GAUGE, ("bad",), -math.inf),
    ("no number at all", GAUGE, ("bad",), None),
    ("a text", GAUGE, ("bad",), "many"),
    ("a negative count", COUNTER, ("bad",), -1),
    ("a count that is not a number", COUNTER, ("bad",), math.nan),
]


@pytest.mark.parametrize(
    ("family", "bad"), [pytest.param(family, Sample(labels, value), id=name) for name, family, labels, value in BAD]
)
def test_a_bad_sample_is_dropped_and_counted(family: Family, bad: Sample) -> None:
    good, also_good = Sample(("good",), 1), Sample(("also good",), 0)
    body, _, dropped = encode([*golden_page(), (family, [good, bad, also_good])])
    assert dropped == 1
    assert body == encode([*golden_page(), (family, [good, also_good])])[0]


def test_a_negative_gauge_is_a_good_sample() -> None:
    body, _, dropped = encode([(GAUGE, [Sample(("below",), -1)])])
    assert (dropped, parse_text(body)) == (0, {("kea_test_value", frozenset({("name", "below")})): -1})


def test_a_family_of_which_no_sample_is_left_is_not_on_the_page() -> None:
    assert encode([(GAUGE, [Sample(("bad",), math.nan)])])[::2] == (b"", 1)


def raising(_: Page) -> Never:
    raise ZeroDivisionError


def raising_halfway(_: Page) -> Iterator[Sample]:
    yield Sample(("first",), 1)
    raise ZeroDivisionError


@pytest.mark.parametrize("read", [raising, raising_halfway])
def test_a_family_that_cannot_be_read_costs_only_itself(read: Callable[[Page], Iterator[Sample]]) -> None:
    found = list(read_families((replace(GAUGE, read=read), *FAMILIES), Page(reports(sound()))))
    assert isinstance(found[0][1], ZeroDivisionError)
    body, _, dropped = encode(found)
    assert dropped == 1
    assert body == encode(found[1:])[0]


@pytest.mark.parametrize("name", documents())
def test_a_document_is_what_the_catalogue_says(name: str) -> None:
    assert (DOCS / name).read_text() == documents()[name], "run `make docs`"
