"""Families from reports, and the page that is written from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from kea_exporter.config.profiles import IPAM
from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.facts.leases import LeaseDatabase, Leases, Misplaced
from kea_exporter.facts.snapshot import AuthenticationResult, Connection, Daemon, Exchange, Snapshot
from kea_exporter.facts.status import MultiThreading
from kea_exporter.facts.subnets import Count, Counts, Subnets
from kea_exporter.kea.counting import NOT_COLLECTED
from kea_exporter.metrics import FAMILIES, Family, Page, Sample, read_families
from kea_exporter.metrics.encoding import Encoder
from kea_exporter.metrics.model import Kind
from kea_exporter.requirements import REQUIREMENTS, Status, Subject
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.requirements.upgrade import RELEASES
from tests.support.examples import (
    ADDRESS,
    DAY,
    HOOK_COMMANDS,
    NAME,
    NOT_DISABLED,
    OWN_COMMANDS,
    PORT,
    SOUND_REVIEWS,
    TAKEN_AT,
    TIMEOUT,
    at_name,
    audited,
    authentication,
    behind_agent,
    certificate,
    configuration,
    connected_to,
    control_socket,
    offering,
    over_http,
    over_unix,
    refused,
    showing,
    silent,
    sound,
    status,
    target,
    unauthorized,
)
from tests.support.golden import golden_page
from tests.support.pages import on_page, own, reports, samples, singly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Never

    from prometheus_client.metrics_core import Metric


OPENMETRICS = "application/openmetrics-text; version=1.0.0"

# Prometheus, its operator and Kubernetes attach these themselves.
TAKEN_LABELS = {"job", "instance", "service", "endpoint", "pod", "namespace", "container", "type"}

UNSAID = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the answer is not Kea's")
LATE = Failure(Stage.HTTP, Reason.TIMED_OUT, "no complete answer came in time")
LACKING = Failure(Stage.COMMAND, Reason.UNSUPPORTED, "the daemon does not have the command")


# Others are judged only where a profile asks for them.
JUDGED = [requirement for requirement in REQUIREMENTS if requirement.severity]
# On the configuration of partners, of DNS updates and of D2, which the sound DHCP daemon does not have.
OF_CONFIGURATIONS = {requirement.id for requirement in JUDGED if requirement.subject is Subject.CONFIGURATION}
# One upgrade is judged.
OTHER_UPGRADES = len(RELEASES) - 1
# One is about several daemons of a server.
OF_OTHERS = len(OF_CONFIGURATIONS - SOUND_REVIEWS["Dhcp4"].keys()) + OTHER_UPGRADES + 1


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
    return connected_to(
        unauthorized(), authentication_result=AuthenticationResult(http_status, None, strict_transport_security=False)
    )


def letting_everybody_in() -> Snapshot:
    return offering(control_socket(authentication=replace(authentication(), clients=0)))


ASKED_TWICE = sound(exchanges=(Exchange("config-get", 0.25, None), Exchange("config-get", 0.5, LATE)))
NO_LEASES = sound(
    exchanges=(Exchange("stat-lease4-get", 0.5, Failure(Stage.COMMAND, Reason.NO_LEASE_MANAGER, "no leases")),)
)
LACKS_STATISTICS = sound(
    exchanges=(Exchange("statistic-get-all", 0.25, LACKING),), supported={"statistic-get-all": False}
)
HA_LOADED = sound(commands=OWN_COMMANDS | HOOK_COMMANDS | {"ha-heartbeat"})
NO_HOOKS = sound(commands=OWN_COMMANDS, configuration=replace(configuration(Daemon.DHCP4), hooks=()))
ANOTHERS = Failure(Stage.COMMAND, Reason.WRONG_DAEMON, "Dhcp6 answers where Dhcp4 was expected")
WRONG_DAEMON = sound(configuration=configuration(Daemon.DHCP6), subnets=ANOTHERS, leases=ANOTHERS)
NO_SUBNETS = sound(subnets=Subnets())
NOT_COUNTED = Leases(Counts((1, 2), {Count.ADDRESSES_ASSIGNED: (5, None), Count.ADDRESSES_DECLINED: (0, 0)}))
UNKNOWN_STATISTICS = sound(statistics=replace(known(sound().statistics), unknown=frozenset({"pkt4-new", "v4-new"})))
SOME_FAIL = sound(status=UNSAID, configuration=LATE, sockets=LATE, leases=LATE)

FOUR_HOOKS = ("subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds")
OTHER_HOOKS = ("class_cmds", "cb_cmds", "host_cache", "ha")
USUAL_HOOKS = {**{(hook,): 1 for hook in FOUR_HOOKS}, **{(hook,): 0 for hook in OTHER_HOOKS}}
NONE_OF_THE_HOOKS = dict.fromkeys(USUAL_HOOKS, 0)

# What TLS shows survives a failure of each kind.
NOT_ACCEPTED = Failure(Stage.TLS, Reason.CERTIFICATE_SELF_SIGNED, "self-signed certificate")
CHAIN = (
    certificate(ADDRESS, NAME, issuer="office-ca"),
    certificate(name="office-ca", issuer="root-ca", days=(-400, 400)),
    certificate(name="root-ca", issuer="root-ca", days=(-800, 800)),
)
OF_CHAIN = [("leaf", "0"), ("intermediate", "1"), ("root", "2")]


def not_accepted(*hosts: str, distrust: Failure | None = None, days: tuple[float, float] = (-30, 60)) -> Snapshot:
    """Return the snapshot of a probe that broke off over a certificate with these faults."""
    shown = showing(certificate(*hosts, days=days), *CHAIN[1:], distrust=distrust)
    return connected_to(distrust or NOT_ACCEPTED, tls=shown)


DISTRUSTED = not_accepted(ADDRESS, distrust=NOT_ACCEPTED)
EXPIRED = not_accepted(ADDRESS, days=(-90, -1))
NOT_YET_VALID = not_accepted(ADDRESS, days=(1, 90))
WRONG_NAME = not_accepted("198.51.100.7")
ALL_WRONG = not_accepted(distrust=NOT_ACCEPTED, days=(-90, 0))
ONLY_TCP = connected_to(Failure(Stage.TLS, Reason.HANDSHAKE_FAILED, "no handshake"))


def with_server_name(name: str, *hosts: str) -> Snapshot:
    """Return the snapshot of a daemon whose certificate has to cover another name than that of the url."""
    return replace(
        sound(tls=showing(certificate(*hosts))),
        target=replace(target(), verified_name=name),
    )


def distrusted(reason: Reason) -> Snapshot:
    return not_accepted(ADDRESS, distrust=Failure(Stage.TLS, reason, "not accepted"))


MISPLACED = sound(audit=audited(orphaned=Misplaced({7: 5, 9: 2}, ()), outside=Misplaced({1: 3}, ())))
PENDING = Failure(Stage.COMMAND, Reason.AUDIT_PENDING, "no lease audit has finished yet")
COMMANDS = ("version-get", "status-get", "list-commands", "subnet4-list", "config-get", "stat-lease4-get")


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
        pytest.param("kea_command_success", sound(), {(command,): 1 for command in COMMANDS}, id="commands succeed"),
        pytest.param("kea_command_success", ASKED_TWICE, {("config-get",): 0}, id="one of two fails"),
        pytest.param("kea_command_success", LACKS_STATISTICS, {("statistic-get-all",): 1}, id="lacking is no failure"),
        pytest.param("kea_command_success", NO_LEASES, {("stat-lease4-get",): 1}, id="a lost database is no failure"),
        pytest.param("kea_command_success", silent(), {}, id="nothing asked"),
        pytest.param(
            "kea_command_duration_seconds", sound(), {(command,): 0.03125 for command in COMMANDS}, id="durations"
        ),
        pytest.param("kea_command_duration_seconds", ASKED_TWICE, {("config-get",): 0.75}, id="both durations"),
        pytest.param("kea_command_supported", sound(), {(command,): 1 for command in COMMANDS}, id="supported"),
        pytest.param("kea_command_supported", LACKS_STATISTICS, {("statistic-get-all",): 0}, id="not supported"),
        pytest.param("kea_command_supported", silent(), {}, id="unknown whether supported"),
        pytest.param("kea_version_info", behind_agent(), {("2.6.3",): 1}, id="version"),
        pytest.param("kea_version_info", silent(), {}, id="no version"),
        pytest.param("kea_version_supported", sound(), {(): 1}, id="version supported"),
        pytest.param("kea_version_supported", behind_agent(), {(): 0}, id="version not supported"),
        pytest.param("kea_version_supported", silent(), {}, id="unknown whether the version is supported"),
        pytest.param("kea_version_tested", behind_agent(), {(): 1}, id="version tested"),
        pytest.param("kea_version_tested", silent(), {}, id="unknown whether the version was tested"),
        pytest.param("kea_hook_loaded", sound(), USUAL_HOOKS, id="hooks loaded"),
        pytest.param("kea_hook_loaded", HA_LOADED, {**USUAL_HOOKS, ("ha",): 1}, id="optional hook loaded"),
        pytest.param("kea_hook_loaded", NO_HOOKS, NONE_OF_THE_HOOKS, id="hooks not loaded"),
        pytest.param("kea_hook_loaded", sound(commands=UNSAID), {}, id="unknown whether hooks are loaded"),
        pytest.param("kea_hook_loaded", sound(Daemon.D2), {}, id="D2 loads no hooks"),
        pytest.param("kea_hook_configured", sound(), USUAL_HOOKS, id="hooks configured"),
        pytest.param("kea_hook_configured", NO_HOOKS, NONE_OF_THE_HOOKS, id="hooks not configured"),
        pytest.param("kea_hook_configured", sound(configuration=UNSAID), {}, id="unknown whether configured"),
        pytest.param("kea_hook_configured", sound(Daemon.D2), {}, id="D2 configures no hooks"),
        pytest.param("kea_subnets", sound(), {(): 3}, id="subnets"),
        pytest.param("kea_subnets", NO_SUBNETS, {(): 0}, id="no subnets"),
        pytest.param("kea_subnets", WRONG_DAEMON, {}, id="another daemon's subnets"),
        pytest.param("kea_subnets", sound(Daemon.D2), {}, id="D2 has no subnets"),
        pytest.param("kea_subnets", silent(), {}, id="unknown subnets"),
        pytest.param("kea_subnets", sound(configuration=LATE), {(): 3}, id="subnets that were listed"),
        pytest.param("kea_shared_networks", sound(), {(): 1}, id="shared networks"),
        pytest.param("kea_shared_networks", WRONG_DAEMON, {}, id="another daemon's shared networks"),
        pytest.param("kea_shared_networks", sound(Daemon.D2), {}, id="D2 has no shared networks"),
        pytest.param("kea_shared_networks", sound(configuration=LATE), {}, id="unknown shared networks"),
        pytest.param("kea_reservations", sound(), {(): 4}, id="reservations"),
        pytest.param("kea_reservations", sound(Daemon.D2), {}, id="D2 has no reservations"),
        pytest.param("kea_reservations", silent(), {}, id="unknown reservations"),
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
        pytest.param("kea_leases", sound(leases=NOT_COUNTED), {}, id="leases of a subnet are not counted"),
        pytest.param("kea_leases", sound(leases=NOT_COLLECTED), {}, id="leases are not wanted"),
        pytest.param(
            "kea_requirements",
            sound(),
            {("met",): len(JUDGED) - OF_OTHERS, ("unmet",): 0, ("unknown",): 0, ("not_applicable",): OF_OTHERS},
            id="all requirements met",
        ),
        pytest.param(
            "kea_requirements",
            silent(),
            {("met",): 0, ("unmet",): 1, ("unknown",): len(JUDGED) - 1, ("not_applicable",): 0},
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
    loaded = {hook for (hook,), value in own("kea_hook_loaded", only_one).items() if value}
    assert loaded == {"subnet_cmds", "host_cmds", "stat_cmds"}
    assert {hook for (hook,), value in own("kea_hook_configured", only_one).items() if value} == {"lease_cmds", "ha"}


def test_a_requirement_is_met_unmet_or_absent() -> None:
    met = own("kea_requirement_met", letting_everybody_in())
    assert met["control-socket-reachable", "required"] == 1
    assert met["authentication-configured", "recommended"] == 0
    assert "authentication-type-basic" not in {requirement for requirement, _ in met}
    assert own("kea_requirement_met", silent()) == {("control-socket-reachable", "required"): 0}


@pytest.mark.parametrize("snapshot", [sound(), sound(Daemon.D2), over_unix(), SOME_FAIL, silent()])
def test_the_count_of_met_and_unmet_is_that_of_the_samples(snapshot: Snapshot) -> None:
    counts, met = own("kea_requirements", snapshot), own("kea_requirement_met", snapshot)
    assert sum(counts.values()) == len(JUDGED)
    assert counts[str(Status.MET),] == list(met.values()).count(1)
    assert counts[str(Status.UNMET),] == list(met.values()).count(0)


def test_what_a_requirement_is_about_is_told_once_per_exporter() -> None:
    expected = {
        (requirement.id, str(requirement.severity), requirement.subject, requirement.title): 1 for requirement in JUDGED
    }
    assert samples("kea_requirement_info", sound(), silent(), sound(Daemon.D2)) == expected
    assert samples("kea_requirement_info") == {}


def test_each_reason_of_a_failed_probe_has_one_next_step() -> None:
    steps = [Reason.REFUSED, Reason.MALFORMED_ANSWER, Reason.TIMED_OUT]
    told = samples("kea_probe_failure_info", silent(), silent(Daemon.DHCP6), SOME_FAIL)
    assert told == {(str(reason), NEXT_STEPS[reason]): 1 for reason in steps}
    assert samples("kea_probe_failure_info", sound()) == {}


def test_a_requirement_is_described_once_per_severity_in_use() -> None:
    severities = {"version-tested": "advisory", "hook-ha-loaded": "required"}
    other = replace(IPAM, severities=severities, left_out=frozenset({"hsts-header-present"}))
    both = Page((*reports(sound(), silent()), *reports(sound(), silent(), profile=other)))
    told = sorted(labels[:2] for labels in on_page("kea_requirement_info", both))
    assert told == sorted(
        [*((requirement.id, str(requirement.severity)) for requirement in JUDGED), *severities.items()]
    )
    only_other = on_page("kea_requirement_info", Page(reports(sound(), profile=other)))
    names = {labels[0] for labels in only_other}
    assert names == {requirement.id for requirement in JUDGED} - {"hsts-header-present"} | {"hook-ha-loaded"}


def test_a_requirement_sample_has_the_severity_of_the_profile() -> None:
    other = replace(IPAM, severities={"version-tested": "advisory"})
    page = Page((*reports(sound()), *reports(sound(Daemon.DHCP6), profile=other)))
    found = [labels[1:] for labels in on_page("kea_requirement_met", page) if labels[2] == "version-tested"]
    assert found == [("dhcp4", "version-tested", "recommended"), ("dhcp6", "version-tested", "advisory")]


def test_a_version_is_not_judged_where_the_profile_leaves_that_out() -> None:
    other = replace(IPAM, left_out=frozenset({"version-supported", "version-tested"}))
    page = Page(reports(sound(), profile=other))
    assert on_page("kea_version_supported", page) == {}
    assert on_page("kea_version_tested", page) == {}
    assert on_page("kea_version_info", page) == {("sound", "dhcp4", "3.0.3"): 1}


# Health

DISABLED = replace(status(), dhcp_state=replace(NOT_DISABLED, globally_disabled=True, by_user=True))
BY_OTHERS = replace(
    NOT_DISABLED, globally_disabled=True, by_local_command=True, by_remote_command=True, by_database_connection=True
)
ORIGINS = ("user", "local_command", "remote_command", "db_connection")
SINGLE_THREAD = sound(status=replace(status(), multi_threading=MultiThreading(enabled=False)))
THREADS = ("kea_multi_threading_enabled", "kea_thread_pool_size", "kea_packet_queue_size", "kea_packet_queue_length")


def without_interfaces(root: str = "Dhcp4") -> Snapshot:
    return sound(configuration=replace(known(sound().configuration), root=root, interfaces=()))


def origins(*values: float) -> dict[tuple[str, ...], float]:
    return {(origin,): value for origin, value in zip(ORIGINS, values, strict=True)}


@pytest.mark.parametrize(
    ("name", "snapshot", "expected"),
    [
        pytest.param("kea_start_time_seconds", sound(), {(): TAKEN_AT - DAY}, id="start"),
        pytest.param("kea_start_time_seconds", sound(Daemon.D2), {(): TAKEN_AT - DAY}, id="start of D2"),
        pytest.param("kea_start_time_seconds", silent(), {}, id="unknown start"),
        pytest.param("kea_config_reload_timestamp_seconds", sound(), {(): TAKEN_AT - 3600}, id="reload"),
        pytest.param("kea_dhcp_serving", sound(), {(): 1}, id="serving"),
        pytest.param("kea_dhcp_serving", sound(Daemon.DHCP6), {(): 1}, id="serving DHCPv6"),
        pytest.param("kea_dhcp_serving", sound(Daemon.D2), {}, id="D2 does not serve DHCP"),
        pytest.param("kea_dhcp_serving", silent(), {}, id="unknown whether serving"),
        pytest.param("kea_dhcp_serving", sound(status=DISABLED), {(): 0}, id="not serving, disabled"),
        pytest.param(
            "kea_dhcp_serving",
            sound(status=replace(status(), sockets_status="failed")),
            {(): 0},
            id="not serving, sockets failed",
        ),
        pytest.param(
            "kea_dhcp_serving",
            sound(status=replace(status(), sockets_status="retrying")),
            {(): 1},
            id="serving, some sockets retried",
        ),
        pytest.param("kea_dhcp_serving", without_interfaces(), {(): 0}, id="not serving, no interface"),
        pytest.param(
            "kea_dhcp_serving", sound(lease_database=LeaseDatabase.NO_MANAGER), {(): 0}, id="not serving, no leases"
        ),
        pytest.param(
            "kea_dhcp_serving",
            sound(lease_database=LeaseDatabase.CONNECTION_LOST),
            {(): 0},
            id="not serving, database lost",
        ),
        pytest.param("kea_dhcp_serving", sound(lease_database=refused()), {}, id="unknown whether leases can be read"),
        pytest.param(
            "kea_dhcp_serving",
            sound(lease_database=refused(), status=DISABLED),
            {(): 0},
            id="disabled, whatever is not known",
        ),
        pytest.param("kea_dhcp_serving", sound(configuration=refused()), {}, id="unknown whether it listens"),
        pytest.param(
            "kea_dhcp_serving",
            replace(without_interfaces("Dhcp6"), lease_database=refused()),
            {},
            id="another daemon's interfaces",
        ),
        pytest.param("kea_lease_database_available", sound(), {(): 1}, id="lease database"),
        pytest.param(
            "kea_lease_database_available", sound(lease_database=LeaseDatabase.NO_MANAGER), {(): 0}, id="no manager"
        ),
        pytest.param(
            "kea_lease_database_available",
            sound(lease_database=LeaseDatabase.CONNECTION_LOST),
            {(): 0},
            id="lease database lost",
        ),
        pytest.param("kea_lease_database_available", sound(lease_database=refused()), {}, id="unknown lease database"),
        pytest.param("kea_lease_database_available", sound(Daemon.D2), {}, id="D2 has no lease database"),
        pytest.param("kea_dhcp_enabled", sound(), {(): 1}, id="enabled"),
        pytest.param("kea_dhcp_enabled", sound(status=DISABLED), {(): 0}, id="disabled"),
        pytest.param("kea_dhcp_enabled", sound(Daemon.D2), {}, id="D2 serves no clients"),
        pytest.param("kea_dhcp_enabled", silent(), {}, id="unknown whether enabled"),
        pytest.param("kea_dhcp_disabled", sound(), origins(0, 0, 0, 0), id="disabled by nobody"),
        pytest.param("kea_dhcp_disabled", sound(status=DISABLED), origins(1, 0, 0, 0), id="disabled by a user"),
        pytest.param(
            "kea_dhcp_disabled",
            sound(status=replace(status(), dhcp_state=BY_OTHERS)),
            origins(0, 1, 1, 1),
            id="disabled by all others",
        ),
        pytest.param("kea_dhcp_disabled", sound(Daemon.D2), {}, id="D2 cannot be disabled"),
        pytest.param(
            "kea_sockets_status", sound(), {("ready",): 1, ("retrying",): 0, ("failed",): 0}, id="sockets ready"
        ),
        pytest.param(
            "kea_sockets_status",
            sound(status=replace(status(), sockets_status="failed")),
            {("ready",): 0, ("retrying",): 0, ("failed",): 1},
            id="sockets failed",
        ),
        pytest.param(
            "kea_sockets_status",
            sound(status=replace(status(), sockets_status="asleep")),
            {("ready",): 0, ("retrying",): 0, ("failed",): 0},
            id="sockets in a state of a later Kea",
        ),
        pytest.param("kea_sockets_status", sound(Daemon.D2), {}, id="D2 has no sockets"),
        pytest.param("kea_multi_threading_enabled", sound(), {(): 1}, id="several threads"),
        pytest.param("kea_multi_threading_enabled", SINGLE_THREAD, {(): 0}, id="one thread"),
        pytest.param("kea_thread_pool_size", sound(), {(): 4}, id="threads"),
        pytest.param("kea_packet_queue_size", sound(), {(): 64}, id="size of the queue"),
        pytest.param(
            "kea_packet_queue_length",
            sound(),
            {("10",): 0.5, ("100",): 0.25, ("1000",): 0.125},
            id="lengths of the queue",
        ),
        *(pytest.param(name, SINGLE_THREAD, {}, id=f"{name}, one thread") for name in THREADS[1:]),
        *(pytest.param(name, sound(Daemon.D2), {}, id=f"{name} of D2") for name in THREADS),
        pytest.param("kea_extended_info_tables_enabled", sound(Daemon.DHCP6), {(): 0}, id="no tables"),
        pytest.param("kea_extended_info_tables_enabled", sound(), {}, id="only DHCPv6 has tables"),
    ],
)
def test_a_family_of_health_shows_what_was_learnt_and_nothing_else(
    name: str, snapshot: Snapshot, expected: dict[tuple[str, ...], float]
) -> None:
    assert own(name, snapshot) == expected


# TLS


SAN_VALID, TRUSTED = "kea_certificate_san_valid", "kea_certificate_trusted"
VERIFY_FAILURE, INFO = "kea_certificate_verify_failure", "kea_certificate_info"
NOT_BEFORE, NOT_AFTER = "kea_certificate_not_before_timestamp_seconds", "kea_certificate_not_after_timestamp_seconds"
HANDSHAKE, CONNECTION_INFO = "kea_tls_handshake_success", "kea_tls_connection_info"
OF_CERTIFICATES = (SAN_VALID, TRUSTED, VERIFY_FAILURE, NOT_BEFORE, NOT_AFTER, INFO)
FROM_HANDSHAKE = (HANDSHAKE, CONNECTION_INFO, *OF_CERTIFICATES)
SHOWN_IN_ANY_CASE = sorted(set(FROM_HANDSHAKE) - {VERIFY_FAILURE})
CLIENT = "kea_client_certificate_not_after_timestamp_seconds"
AUTHORITY = "kea_ca_certificate_not_after_timestamp_seconds"
OLD_CA, NEW_CA, OTHER_CA = (
    certificate(name=name, issuer=name, days=(-9, left)) for name, left in (("ca", 2), ("ca", 90), ("other", 30))
)


@pytest.mark.parametrize(
    ("name", "snapshot", "expected"),
    [
        pytest.param("kea_tls_enabled", sound(), {(): 1}, id="https"),
        pytest.param("kea_tls_enabled", silent(), {(): 1}, id="https, silent"),
        pytest.param("kea_tls_enabled", over_http(), {(): 0}, id="http"),
        pytest.param("kea_tls_enabled", over_unix(), {}, id="unix"),
        pytest.param(HANDSHAKE, sound(), {(): 1}, id="handshake"),
        pytest.param(HANDSHAKE, DISTRUSTED, {(): 1}, id="handshake without verification"),
        pytest.param(HANDSHAKE, answered(401), {(): 1}, id="handshake, credentials refused"),
        pytest.param(HANDSHAKE, ONLY_TCP, {(): 0}, id="only TCP stood"),
        pytest.param(HANDSHAKE, silent(), {}, id="not connected"),
        pytest.param(CONNECTION_INFO, sound(), {("TLSv1.3", "TLS_AES_256_GCM_SHA384"): 1}, id="version and cipher"),
        pytest.param(CONNECTION_INFO, ONLY_TCP, {}, id="no version and cipher"),
        pytest.param(SAN_VALID, sound(), {(): 1}, id="covers the address"),
        pytest.param(SAN_VALID, at_name(ADDRESS, NAME), {(): 1}, id="covers name and address"),
        pytest.param(SAN_VALID, at_name(ADDRESS), {(): 0}, id="covers the address only"),
        pytest.param(SAN_VALID, at_name(NAME), {(): 0}, id="covers the name only"),
        pytest.param(SAN_VALID, WRONG_NAME, {(): 0}, id="covers another address"),
        pytest.param(SAN_VALID, ONLY_TCP, {}, id="no certificate"),
        pytest.param(TRUSTED, sound(), {(): 1}, id="trusted"),
        pytest.param(TRUSTED, EXPIRED, {(): 1}, id="trusted, expired"),
        pytest.param(TRUSTED, WRONG_NAME, {(): 1}, id="trusted, another address"),
        pytest.param(TRUSTED, DISTRUSTED, {(): 0}, id="not trusted"),
        pytest.param(TRUSTED, ONLY_TCP, {}, id="unknown whether trusted"),
        pytest.param(VERIFY_FAILURE, sound(), {}, id="verifies"),
        pytest.param(VERIFY_FAILURE, ONLY_TCP, {}, id="nothing to verify"),
        pytest.param(VERIFY_FAILURE, EXPIRED, {("expired",): 1}, id="expired"),
        pytest.param(VERIFY_FAILURE, not_accepted(ADDRESS, days=(-9, 0)), {("expired",): 1}, id="just expired"),
        pytest.param(VERIFY_FAILURE, NOT_YET_VALID, {("not_yet_valid",): 1}, id="not yet valid"),
        pytest.param(VERIFY_FAILURE, sound(tls=showing(certificate(ADDRESS, days=(0, 1)))), {}, id="just valid"),
        pytest.param(VERIFY_FAILURE, WRONG_NAME, {("name_mismatch",): 1}, id="another address"),
        pytest.param(VERIFY_FAILURE, with_server_name(NAME, ADDRESS), {("name_mismatch",): 1}, id="another name"),
        pytest.param(VERIFY_FAILURE, with_server_name(NAME, NAME), {}, id="the name to verify"),
        pytest.param(
            VERIFY_FAILURE,
            ALL_WRONG,
            {("expired",): 1, ("name_mismatch",): 1, ("self_signed",): 1},
            id="all that is wrong",
        ),
        pytest.param(CLIENT, sound(), {}, id="no client certificate"),
        pytest.param(
            CLIENT, sound(client_certificate=certificate(days=(-1, 2))), {(): TAKEN_AT + 2 * DAY}, id="client's end"
        ),
        pytest.param(
            CLIENT,
            replace(silent(), client_certificate=certificate(days=(-2, -1))),
            {(): TAKEN_AT - DAY},
            id="client's end, silent",
        ),
        pytest.param(AUTHORITY, sound(), {}, id="no ca_file"),
        pytest.param(
            AUTHORITY,
            replace(silent(), authorities=(OLD_CA, OTHER_CA, NEW_CA)),
            {("CN=ca",): TAKEN_AT + 90 * DAY, ("CN=other",): TAKEN_AT + 30 * DAY},
            id="CAs, one of which was renewed",
        ),
    ],
)
def test_a_family_of_tls_shows_what_was_learnt_and_nothing_else(
    name: str, snapshot: Snapshot, expected: dict[tuple[str, ...], float]
) -> None:
    assert own(name, snapshot) == expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (Reason.CERTIFICATE_SELF_SIGNED, "self_signed"),
        (Reason.CERTIFICATE_UNTRUSTED_ISSUER, "untrusted_issuer"),
        (Reason.CERTIFICATE_STRICT_PROFILE, "strict_profile"),
        (Reason.CERTIFICATE_EXPIRED, "expired"),
        (Reason.CERTIFICATE_NOT_YET_VALID, "not_yet_valid"),
        (Reason.CERTIFICATE_INVALID, "other"),
        (Reason.HANDSHAKE_FAILED, "other"),
    ],
)
def test_each_reason_of_distrust_is_one_of_the_closed_list(reason: Reason, expected: str) -> None:
    assert own(VERIFY_FAILURE, distrusted(reason)) == {(expected,): 1}


@pytest.mark.parametrize("snapshot", [sound(tls=showing(*CHAIN)), DISTRUSTED, EXPIRED, WRONG_NAME, ALL_WRONG])
@pytest.mark.parametrize("name", SHOWN_IN_ANY_CASE)
def test_what_tls_shows_survives_a_certificate_that_is_not_accepted(name: str, snapshot: Snapshot) -> None:
    assert own(name, snapshot)


@pytest.mark.parametrize("snapshot", [DISTRUSTED, EXPIRED, WRONG_NAME, ALL_WRONG])
def test_each_certificate_that_is_not_accepted_says_why(snapshot: Snapshot) -> None:
    assert own(VERIFY_FAILURE, snapshot)


@pytest.mark.parametrize("snapshot", [over_http(), over_unix(), behind_agent(), silent()])
@pytest.mark.parametrize("name", FROM_HANDSHAKE)
def test_without_a_handshake_there_is_nothing_of_tls(name: str, snapshot: Snapshot) -> None:
    assert own(name, snapshot) == {}


def test_each_certificate_that_was_sent_has_its_role_and_position() -> None:
    snapshot = sound(tls=showing(*CHAIN))
    assert own(NOT_BEFORE, snapshot) == dict(zip(OF_CHAIN, [sent.not_before for sent in CHAIN], strict=True))
    assert own(NOT_AFTER, snapshot) == dict(zip(OF_CHAIN, [sent.not_after for sent in CHAIN], strict=True))
    assert [labels[:2] for labels in own(INFO, snapshot)] == OF_CHAIN


def test_a_self_signed_certificate_of_the_server_is_the_leaf() -> None:
    alone = certificate(ADDRESS, name="kea1", issuer="kea1")
    assert own(NOT_AFTER, sound(tls=showing(alone))) == {("leaf", "0"): alone.not_after}


def test_a_certificate_that_was_sent_twice_is_two_series() -> None:
    snapshot = sound(tls=showing(CHAIN[0], CHAIN[1], CHAIN[1], CHAIN[0]))
    expected = [("leaf", "0"), ("intermediate", "1"), ("intermediate", "2"), ("intermediate", "3")]
    assert list(own(NOT_AFTER, snapshot)) == expected


def test_the_identity_of_a_certificate_is_told_in_one_family_only() -> None:
    identity = ("CN=kea1", "CN=office-ca", "0f1e2d", "ab" * 32, "ec-secp256r1")
    assert own(INFO, sound()) == {("leaf", "0", *identity): 1}
    text, _, _ = Encoder().encode(read_families(FAMILIES, Page(reports(sound()))))
    assert {line.partition(b"{")[0] for line in text.splitlines() if b"CN=kea1" in line} == {INFO.encode()}


def test_a_certificate_that_cannot_be_read_is_of_no_family() -> None:
    snapshot = sound(tls=showing())
    assert own(HANDSHAKE, snapshot) == {(): 1}
    assert not any(own(name, snapshot) for name in (SAN_VALID, NOT_BEFORE, NOT_AFTER, INFO))


def test_an_address_is_compared_as_an_address() -> None:
    mapped = sound(connection=Connection("::ffff:192.0.2.1", PORT))
    assert own(SAN_VALID, mapped) == {(): 1}
    assert own(VERIFY_FAILURE, replace(mapped, target=target(host="::ffff:192.0.2.1"))) == {}


# The lease audit


OF_AUDIT = ("kea_leases_orphaned", "kea_leases_outside_subnet", "kea_lease_audit_timestamp_seconds")


@pytest.mark.parametrize(
    ("snapshot", "expected"),
    [
        pytest.param(sound(), [0, 0, TAKEN_AT - 600], id="nothing misplaced"),
        pytest.param(MISPLACED, [7, 3, TAKEN_AT - 600], id="leases misplaced"),
        pytest.param(replace(silent(), audit=audited()), [0, 0, TAKEN_AT - 600], id="silent since"),
    ],
)
def test_a_lease_audit_says_how_many_leases_are_misplaced_and_when(snapshot: Snapshot, expected: list[float]) -> None:
    assert [own(name, snapshot) for name in OF_AUDIT] == [{(): value} for value in expected]


@pytest.mark.parametrize("snapshot", [sound(audit=None), sound(audit=PENDING), sound(Daemon.D2), silent()])
def test_without_a_lease_audit_there_are_no_numbers(snapshot: Snapshot) -> None:
    assert not any(own(name, snapshot) for name in OF_AUDIT)


# All families


def test_failures_come_first_things_first() -> None:
    in_between = replace(connected_to(UNSAID), commands=LATE)
    assert in_between.failures == (UNSAID, LATE)


FACTS = (
    "connection",
    "authentication_result",
    "version",
    "status",
    "commands",
    "configuration",
    "sockets",
    "lifetime",
    "subnets",
    "leases",
    "subnet_series",
    "pool_series",
    "statistics",
    "tls",
    "audit",
)


@given(
    snapshot=st.sampled_from([sound(), sound(Daemon.DHCP6), sound(Daemon.D2), over_unix()]),
    lost=st.sets(st.sampled_from(FACTS)),
)
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
    not_counted = sound(statistics=replace(known(sound().statistics), unknown=None))
    assert own("kea_exporter_unknown_statistics", UNKNOWN_STATISTICS) == {(): 2}
    assert own("kea_exporter_unknown_statistics", sound()) == {(): 0}
    assert own("kea_exporter_unknown_statistics", not_counted) == own("kea_exporter_unknown_statistics", silent()) == {}


def test_each_name_occurs_once() -> None:
    names = [family.name for family in FAMILIES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_family_keeps_the_rules_of_naming(family: Family) -> None:
    assert family.name.startswith("kea_")
    assert (family.kind is Kind.COUNTER) == family.name.endswith("_total")
    # The contract names this one so; it is no series that a pod has.
    labels = set(family.labels) - ({"type"} if family.name == "kea_lease_database_info" else set())
    assert not TAKEN_LABELS & labels
    assert family.help.isprintable()
    assert family.help.endswith(".")


def test_the_page_is_of_the_classic_type_and_whole() -> None:
    _, content_type, dropped = Encoder().encode(golden_page())
    assert content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert not dropped


def test_both_of_prometheus_clients_parsers_read_the_page_alike() -> None:
    text, _, _ = Encoder().encode(golden_page())
    modern, content_type, _ = Encoder().encode(golden_page(), OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    written = sum(len(list(singly(found))) for _, found in golden_page() if isinstance(found, list))
    assert len(parse_text(text)) == written
    assert parse_openmetrics(modern) == parse_text(text)


def raising(_: Page) -> Never:
    raise ZeroDivisionError


def raising_halfway(_: Page) -> Iterator[Sample]:
    yield Sample(("first",), 1)
    raise ZeroDivisionError


@pytest.mark.parametrize("read", [raising, raising_halfway])
def test_a_family_that_cannot_be_read_costs_only_itself(read: Callable[[Page], Iterator[Sample]]) -> None:
    broken = Family("kea_broken", Kind.GAUGE, "A value.", (), read)
    found = list(read_families((broken, *FAMILIES), Page(reports(sound()))))
    assert [family for family, samples in found if isinstance(samples, Exception)] == [broken]
