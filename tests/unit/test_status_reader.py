"""Facts read from version-get, list-commands and status-get."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kea_exporter.facts.status import DaemonStatus, MultiThreading
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.kea.status import read_commands, read_status, read_version
from tests.support.answers import answer_of, said
from tests.support.examples import NOT_DISABLED
from tests.support.recordings import RECORDED, recorded

# version-get, list-commands


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("3.0.4", (3, 0, 4)),
        ("2.6.3", (2, 6, 3)),
        ("3.2.0-git", (3, 2, 0)),
        ("3.1.3-rc1", (3, 1, 3)),
        ("3.10.11", (3, 10, 11)),
        ("3.0.4 (tarball)", (3, 0, 4)),
    ],
)
def test_a_version_is_its_three_numbers_and_its_text(text: str, numbers: tuple[int, int, int]) -> None:
    version = read_version(said({"extended": "3.0.4 (tarball)\npremium: no"}, text))
    assert version.numbers == numbers
    assert version.text == text


def test_white_space_around_a_version_is_dropped() -> None:
    assert read_version(said(None, " 3.0.4 ")).text == "3.0.4"


@pytest.mark.parametrize(
    "text", ["", "Kea", "3", "3.0", "3.0.", "3.0.x", "v3.0.4", "-3.0.4", "3,0,4", "\u0663.0.4", "3.0.1234567"]
)
def test_another_text_is_no_version(text: str) -> None:
    with pytest.raises(MalformedAnswerError):
        read_version(said({}, text))


def test_a_version_that_does_not_end_is_cut() -> None:
    assert len(read_version(said({}, "3.0.4" + "x" * 150)).text) < 100


def test_commands_are_the_names_of_a_list() -> None:
    assert read_commands(said(["config-get", "version-get"])) == {"config-get", "version-get"}
    assert read_commands(said([])) == set()


@pytest.mark.parametrize("arguments", [None, {}, "version-get", [1], [["version-get"]], [None]])
def test_anything_else_is_no_list_of_commands(arguments: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_commands(said(arguments))


# status-get

DHCP_STATE = {
    "disabled-by-db-connection": [],
    "disabled-by-local-command": [],
    "disabled-by-remote-command": [],
    "disabled-by-user": False,
    "globally-disabled": False,
}
STATUS = {
    "dhcp-state": DHCP_STATE,
    "multi-threading-enabled": True,
    "packet-queue-size": 64,
    "packet-queue-statistics": [0.0, 0.25, 1],
    "pid": 5206,
    "reload": 632,
    "sockets": {"status": "ready"},
    "thread-pool-size": 2,
    "uptime": 700,
}


def test_the_status_of_a_dhcp_daemon() -> None:
    assert read_status(said(STATUS)) == DaemonStatus(
        pid=5206,
        uptime_seconds=700,
        reload_seconds=632,
        dhcp_state=NOT_DISABLED,
        sockets_status="ready",
        multi_threading=MultiThreading(enabled=True, threads=2, queue_size=64, queue_lengths=(0.0, 0.25, 1.0)),
    )


@pytest.mark.parametrize("more", [{}, {"thread-pool-size": 2, "packet-queue-statistics": [0.0, 0.0, 0.0]}])
def test_without_multi_threading_there_are_no_threads_and_queues(more: dict[str, object]) -> None:
    status = read_status(said({"pid": 1, "uptime": 3, "reload": 3, "multi-threading-enabled": False, **more}))
    assert status.multi_threading == MultiThreading(enabled=False)


def test_a_daemon_may_say_little_of_its_threads() -> None:
    status = read_status(said({"pid": 1, "uptime": 3, "reload": 3, "multi-threading-enabled": True}))
    assert status.multi_threading == MultiThreading(enabled=True)


@pytest.mark.parametrize("enabled", [True, False])
def test_dhcpv6_says_whether_it_keeps_tables_for_lease_queries(*, enabled: bool) -> None:
    assert read_status(said({**STATUS, "extended-info-tables": enabled})).extended_info_tables is enabled


def test_d2_says_nothing_of_dhcp_and_sockets() -> None:
    assert read_status(said({"pid": 1, "reload": 2, "uptime": 3})) == DaemonStatus(
        pid=1, uptime_seconds=3, reload_seconds=2, dhcp_state=None, sockets_status=None
    )


@pytest.mark.parametrize(
    ("key", "value", "origin"),
    [
        ("disabled-by-user", True, "by_user"),
        ("disabled-by-local-command", [1000], "by_local_command"),
        ("disabled-by-remote-command", [2000, 2001], "by_remote_command"),
        ("disabled-by-db-connection", [1], "by_database_connection"),
    ],
)
def test_each_origin_that_disabled_dhcp_is_told_apart(key: str, value: object, origin: str) -> None:
    status = read_status(said({**STATUS, "dhcp-state": {**DHCP_STATE, "globally-disabled": True, key: value}}))
    assert status.dhcp_state == replace(NOT_DISABLED, globally_disabled=True, **{origin: True})


def test_sockets_that_failed_say_why() -> None:
    errors = ["Failed to open socket on interface lo, reason: ...\n", *("another",) * 9]
    status = read_status(said({**STATUS, "sockets": {"status": "failed", "errors": errors}}))
    assert status.sockets_status == "failed"
    assert status.sockets_errors[:2] == ("Failed to open socket on interface lo, reason: ... ", "another")
    assert len(status.sockets_errors) == 5


@pytest.mark.parametrize(
    "changes",
    [
        {"pid": None},
        {"pid": "5206"},
        {"uptime": 1.5},
        {"reload": True},
        {"dhcp-state": None},
        {"dhcp-state": {}},
        {"dhcp-state": {**DHCP_STATE, "globally-disabled": "no"}},
        {"dhcp-state": {**DHCP_STATE, "disabled-by-local-command": True}},
        {"sockets": "ready"},
        {"sockets": {"status": 1}},
        {"sockets": {"status": "failed", "errors": "why"}},
        {"sockets": {"status": "failed", "errors": [None]}},
        {"uptime": -1},
        {"reload": 2**41},
        {"multi-threading-enabled": None},
        {"thread-pool-size": "2"},
        {"packet-queue-size": None},
        {"packet-queue-statistics": 0.0},
        {"packet-queue-statistics": [None]},
        {"packet-queue-statistics": [True]},
        {"packet-queue-statistics": [10**400]},
        {"extended-info-tables": 0},
        {"high-availability": {}},
    ],
)
def test_a_status_of_another_shape_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedAnswerError):
        read_status(said({**STATUS, **changes}))


# Recorded answers


@pytest.mark.parametrize(("version", "daemon"), RECORDED)
def test_a_recorded_daemon_says_what_it_is(version: str, daemon: str) -> None:
    read_text = read_version(answer_of(version, daemon, "version-get")).text
    assert f"kea-{read_text}".startswith(version)
    assert set(recorded(version, daemon)) & set(Command) <= read_commands(answer_of(version, daemon, "list-commands"))
    status = read_status(answer_of(version, daemon, "status-get"))
    is_d2 = daemon == "d2"
    assert (status.dhcp_state is None, status.multi_threading is None) == (is_d2, is_d2)
    assert (status.extended_info_tables is None) == (daemon != "dhcp6")


def test_the_status_of_a_recorded_kea_3_2_0() -> None:
    assert read_status(answer_of("kea-3.2.0", "dhcp4", "status-get")) == DaemonStatus(
        pid=28005,
        uptime_seconds=3,
        reload_seconds=3,
        dhcp_state=NOT_DISABLED,
        sockets_status="ready",
        multi_threading=MultiThreading(enabled=True, threads=2, queue_size=64, queue_lengths=(0.0, 0.0, 0.0)),
    )
