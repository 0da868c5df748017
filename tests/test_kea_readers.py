"""What the exporter reads in Kea's answers, and what it does with answers that are not Kea's.

The shapes are those that real servers gave; whole recorded answers stand in `tests/recorded`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kea_exporter.kea.configuration import MOST_ENTRIES, read_configuration
from kea_exporter.kea.lease_pages import AuditTally, Lease, read_lease_page
from kea_exporter.kea.leases import read_stat_lease, read_statistics
from kea_exporter.kea.protocol import Answer, Command, decode, encode
from kea_exporter.kea.reading import MalformedAnswerError, as_text
from kea_exporter.kea.statistics import unknown_names
from kea_exporter.kea.status import read_commands, read_status, read_version
from kea_exporter.leases import LeaseAudit, LeaseCounts, Leases, Misplaced
from kea_exporter.snapshot import Authentication, Configuration, ControlSocket, Daemon, DhcpState, Status, Version
from kea_exporter.text import LONGEST, printable
from tests.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEA_2_6_3 = Version(2, 6, 3, "2.6.3")
KEA_3_0_4 = Version(3, 0, 4, "3.0.4")
KEA_3_1_2 = Version(3, 1, 2, "3.1.2")
KEA_3_2_0 = Version(3, 2, 0, "3.2.0-git")

RECORDED = [
    ("kea-3.0.3", "dhcp4"),
    ("kea-3.0.3", "dhcp6"),
    ("kea-3.0.3", "d2"),
    ("kea-3.2.0", "dhcp4"),
    ("kea-3.2.0", "dhcp6"),
]
RECORDED_DHCP = [(version, daemon) for version, daemon in RECORDED if daemon != "d2"]

CANARY = "canary-in-the-coal-mine"


def said(arguments: object, text: str = "") -> Answer:
    return Answer(result=0, text=text, arguments=arguments)


def answer_of(version: str, daemon: str, command: str) -> Answer:
    return decode(json.dumps(recorded(version, daemon)[command]).encode())


# Commands and answers as bytes


def test_a_command_is_a_map_with_its_name() -> None:
    assert json.loads(encode(Command.VERSION_GET)) == {"command": "version-get"}


def test_a_command_for_a_daemon_behind_an_agent_names_the_service() -> None:
    assert json.loads(encode(Command.CONFIG_GET, "dhcp6")) == {"command": "config-get", "service": ["dhcp6"]}


def test_a_command_may_have_arguments() -> None:
    assert json.loads(encode(Command.LEASE4_GET_PAGE, arguments={"from": "start", "limit": 1000})) == {
        "command": "lease4-get-page",
        "arguments": {"from": "start", "limit": 1000},
    }


def test_a_command_is_not_written_with_escapes_which_kea_refuses() -> None:
    assert "東京".encode() in encode(Command.LEASE4_GET_PAGE, arguments={"from": "東京"})


def test_no_command_but_those_of_the_closed_list_can_be_sent() -> None:
    with pytest.raises(ValueError, match="config-set"):
        encode(cast("Command", "config-set"))


def test_every_command_only_reads() -> None:
    assert set(Command) == {
        "config-get",
        "lease4-get-page",
        "lease6-get-page",
        "list-commands",
        "stat-lease4-get",
        "stat-lease6-get",
        "statistic-get-all",
        "status-get",
        "version-get",
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'[ { "arguments": { "pid": 1 }, "result": 0, "text": "3.0.4" } ]', id="a list over HTTP"),
        pytest.param(b'{ "arguments": { "pid": 1 }, "result": 0, "text": "3.0.4" }', id="a bare map on a unix socket"),
    ],
)
def test_an_answer_is_read_with_and_without_its_list(body: bytes) -> None:
    assert decode(body) == Answer(0, "3.0.4", {"pid": 1})


def test_an_answer_may_have_neither_text_nor_arguments() -> None:
    answer = decode(b'{"result": 0}')
    assert (answer.text, answer.map) == ("", {})


def test_a_refusal_keeps_its_result_and_text() -> None:
    assert decode(b'[{"result": 2, "text": "\'foo\' command not supported."}]') == Answer(
        2, "'foo' command not supported.", None
    )
    assert decode(b'{ "result": 400, "text": "Bad Request" }').result == 400


def test_the_text_of_an_answer_is_one_printable_line_of_bounded_length() -> None:
    assert decode(b'{"result": 1, "text": "one\\ntwo\\u0000\\u00e2\\u0080\\u00aethree"}').text == "one two  three"
    long = decode(json.dumps({"result": 1, "text": "x" * 5000}).encode()).text
    assert long == "x" * LONGEST + "..."


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>", id="HTML"),
        pytest.param(b"\xff\xfe\xff", id="no text"),
        pytest.param(b'{"result": 0', id="cut off"),
        pytest.param(b'{"result": 0} {"result": 0}', id="two in a row"),
        pytest.param(b"[]", id="no answer"),
        pytest.param(b'[{"result": 0}, {"result": 0}]', id="two answers"),
        pytest.param(b'[[{"result": 0}]]', id="a list in a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"result"', id="a text"),
        pytest.param(b"{}", id="no result"),
        pytest.param(b'{"result": null}', id="result null"),
        pytest.param(b'{"result": true}', id="result true"),
        pytest.param(b'{"result": 0.0}', id="result not whole"),
        pytest.param(b'{"result": "0"}', id="result a text"),
        pytest.param(b'{"result": NaN}', id="not a number"),
        pytest.param(b'{"result": 0, "arguments": {"pid": Infinity}}', id="infinite"),
        pytest.param(b'{"result": 0, "text": null}', id="text null"),
        pytest.param(b'{"result": 0, "text": ["3.0.4"]}', id="text a list"),
        pytest.param(b"[" * 100_000, id="nested without end"),
        pytest.param(b'{"result": ' + b"9" * 10_000 + b"}", id="a number of ten thousand digits"),
    ],
)
def test_what_is_no_answer_of_keas_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedAnswerError):
        decode(body)


@pytest.mark.parametrize("arguments", [[], "text", 1, True])
def test_arguments_that_are_no_map_are_malformed_where_a_map_is_needed(arguments: object) -> None:
    with pytest.raises(MalformedAnswerError):
        _ = said(arguments).map


# Text


def as_kea_writes(text: str) -> str:
    """Return what json.loads makes of Kea's output: one character for each byte."""
    return text.encode().decode("latin-1")


def test_text_that_kea_wrote_byte_by_byte_is_put_together_again() -> None:
    assert decode(b'{"result": 0, "text": "B\\u00c3\\u00bcro"}').text == "Büro"


@given(st.text())
def test_any_text_is_put_together_again(text: str) -> None:
    assert as_text(as_kea_writes(text), "text") == text


@pytest.mark.parametrize("text", ["Büro", "東京", "\ud800"])
def test_text_that_is_already_whole_stays_as_it_is(text: str) -> None:
    assert as_text(text, "text") == text


@given(st.text(st.characters(exclude_categories=()), max_size=3 * LONGEST))
def test_what_is_shown_is_always_one_printable_line_of_bounded_length(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert len(shown) <= LONGEST + len("...")


def test_short_printable_text_is_shown_as_it_is() -> None:
    assert printable("Büro 1") == "Büro 1"
    assert printable("x" * LONGEST) == "x" * LONGEST


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
    "packet-queue-statistics": [0.0, 0.0, 0.0],
    "pid": 5206,
    "reload": 632,
    "sockets": {"status": "ready"},
    "thread-pool-size": 2,
    "uptime": 700,
}
ENABLED = DhcpState(
    globally_disabled=False,
    by_user=False,
    by_local_command=False,
    by_remote_command=False,
    by_database_connection=False,
)


def test_the_status_of_a_dhcp_daemon() -> None:
    assert read_status(said(STATUS)) == Status(
        pid=5206, uptime_seconds=700, reload_seconds=632, dhcp_state=ENABLED, sockets_status="ready"
    )


def test_d2_says_nothing_of_dhcp_and_sockets() -> None:
    assert read_status(said({"pid": 1, "reload": 2, "uptime": 3})) == Status(
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
    assert status.dhcp_state == replace(ENABLED, globally_disabled=True, **{origin: True})


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
    ],
)
def test_a_status_of_another_shape_is_malformed(changes: dict[str, object]) -> None:
    with pytest.raises(MalformedAnswerError):
        read_status(said({**STATUS, **changes}))


# config-get

SUBNETS = [{"id": 1, "subnet": "192.0.2.0/24"}, {"id": 2, "subnet": "198.51.100.0/24"}]
TLS_FILES = {"trust-anchor": "/etc/kea/ca.pem", "cert-file": "/etc/kea/kea.pem", "key-file": "/etc/kea/kea-key.pem"}


def configured(root: str = "Dhcp4", /, **tree: object) -> Configuration:
    return read_configuration(said({root: {key.replace("_", "-"): value for key, value in tree.items()}, "hash": "1"}))


def one_socket(**entry: object) -> ControlSocket:
    written = {"socket-type": "http", **{key.replace("_", "-"): value for key, value in entry.items()}}
    [socket] = configured(control_sockets=[written]).sockets
    return socket


def clients(*entries: object, **others: object) -> Authentication:
    authentication = one_socket(authentication={"clients": list(entries), **others}).authentication
    assert authentication is not None
    return authentication


@pytest.mark.parametrize("root", ["Dhcp4", "Dhcp6", "DhcpDdns"])
def test_the_root_key_tells_who_answers(root: str) -> None:
    assert configured(root) == Configuration(root, sockets=(), subnets={}, hooks=(), hosts_databases=())


@pytest.mark.parametrize("arguments", [None, {}, {"hash": "1"}, {"Dhcp5": {}}, {"Dhcp4": []}, {"Dhcp4": None}, []])
def test_a_configuration_without_a_root_key_of_keas_is_malformed(arguments: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_configuration(said(arguments))


def test_a_control_socket_over_https() -> None:
    allowed = {"type": "basic", "realm": "office", "directory": "/etc/kea", "clients": [{"password-file": "both"}]}
    assert one_socket(
        socket_type="https", socket_address="192.0.2.1", socket_port=8001, authentication=allowed, **renamed(TLS_FILES)
    ) == ControlSocket(
        kind="https",
        address="192.0.2.1",
        port=8001,
        tls=True,
        client_certificate_required=True,
        authentication=Authentication("basic", "office", clients=1, clients_in_clear=0),
    )


def renamed(entries: dict[str, str]) -> dict[str, str]:
    return {key.replace("-", "_"): value for key, value in entries.items()}


def test_address_and_port_have_keas_defaults() -> None:
    socket = one_socket()
    assert (socket.address, socket.port) == ("127.0.0.1", 8000)
    assert (socket.tls, socket.client_certificate_required, socket.authentication) == (False, False, None)


def test_an_address_stays_as_it_is_written() -> None:
    assert one_socket(socket_address="0:0:0:0:0:0:0:1").address == "0:0:0:0:0:0:0:1"


def test_an_http_socket_with_tls_files_speaks_tls() -> None:
    socket = one_socket(**renamed(TLS_FILES))
    assert (socket.kind, socket.tls) == ("http", True)


@pytest.mark.parametrize(("demanded", "expected"), [(True, True), (False, False)])
def test_a_client_certificate_is_required_as_written(*, demanded: bool, expected: bool) -> None:
    assert one_socket(**renamed(TLS_FILES), cert_required=demanded).client_certificate_required is expected


def test_a_client_certificate_cannot_be_required_without_tls() -> None:
    assert not one_socket(cert_required=True).client_certificate_required


def test_sockets_of_all_kinds_are_read_in_their_order() -> None:
    unix = {"socket-type": "unix", "socket-name": "bare.sock"}
    first, second = configured(control_sockets=[unix, {"socket-type": "http", "socket-port": 8001}]).sockets
    assert (first.kind, first.address, first.port) == ("unix", "bare.sock", None)
    assert (second.kind, second.address, second.port) == ("http", "127.0.0.1", 8001)


def test_kea_2_6_has_one_socket_under_the_singular_key() -> None:
    [socket] = configured(control_socket={"socket-type": "unix", "socket-name": "kea4"}).sockets
    assert (socket.kind, socket.address) == ("unix", "kea4")


@pytest.mark.parametrize(
    ("entry", "in_clear"),
    [
        pytest.param({"user-file": "user", "password-file": "password"}, 0, id="both in files"),
        pytest.param({"password-file": "both"}, 0, id="one file with both"),
        pytest.param({"user": "u1", "password-file": "password"}, 1, id="only the password in a file"),
        pytest.param({"user": "u1", "password": CANARY}, 1, id="both in clear"),
        pytest.param({"user-file": "user", "password": CANARY}, 1, id="only the user in a file"),
        pytest.param({"user": "u1"}, 1, id="no password"),
    ],
)
def test_a_client_is_in_clear_where_user_or_password_is(entry: dict[str, str], in_clear: int) -> None:
    assert (clients(entry).clients, clients(entry).clients_in_clear) == (1, in_clear)


def test_clients_of_all_kinds_are_counted() -> None:
    mixed = clients({"user": "u1", "password": CANARY}, {"password-file": "both"}, {"user": "u2"})
    assert (mixed.clients, mixed.clients_in_clear) == (3, 2)


@pytest.mark.parametrize(
    ("root", "realm"),
    [("Dhcp4", "kea-dhcpv4-server"), ("Dhcp6", "kea-dhcpv6-server"), ("DhcpDdns", "kea-dhcp-ddns-server")],
)
def test_type_and_realm_have_keas_defaults(root: str, realm: str) -> None:
    allowed = {"clients": [{"password-file": "both"}]}
    [socket] = configured(root, control_sockets=[{"socket-type": "http", "authentication": allowed}]).sockets
    assert socket.authentication == Authentication("basic", realm, clients=1, clients_in_clear=0)


def test_an_empty_realm_is_no_default() -> None:
    assert clients(realm="").realm == ""


def test_an_authentication_may_list_no_clients() -> None:
    assert clients().clients == 0
    assert one_socket(authentication={"realm": "office"}).authentication == Authentication("basic", "office", 0, 0)


def test_a_realm_that_kea_wrote_byte_by_byte_is_put_together_again() -> None:
    assert clients(realm=as_kea_writes("Büro")).realm == "Büro"


def test_hooks_are_known_by_their_base_names() -> None:
    hooks = [
        {"library": "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_lease_cmds.so"},
        {"library": "libdhcp_stat_cmds.so", "parameters": {"password": CANARY}},
    ]
    assert configured(hooks_libraries=hooks).hooks == ("libdhcp_lease_cmds.so", "libdhcp_stat_cmds.so")


def test_neither_sockets_nor_hooks_are_kept_without_end() -> None:
    flood = configured(
        control_sockets=[{"socket-type": "http"}] * 1000, hooks_libraries=[{"library": "libdhcp_ha.so"}] * 1000
    )
    assert (len(flood.sockets), len(flood.hooks)) == (MOST_ENTRIES, MOST_ENTRIES)


def test_subnets_are_known_by_their_ids_and_prefixes_those_of_shared_networks_too() -> None:
    in_office = [{"id": 10, "subnet": "203.0.113.0/25"}, {"id": 11, "subnet": "203.0.113.128/25"}]
    networks = [{"name": "office", "subnet4": in_office}, {"name": "empty"}]
    assert configured(subnet4=SUBNETS, shared_networks=networks).subnets == {
        1: "192.0.2.0/24",
        2: "198.51.100.0/24",
        10: "203.0.113.0/25",
        11: "203.0.113.128/25",
    }


def test_subnets_of_dhcpv6_are_known_by_their_ids_and_prefixes() -> None:
    networks = [{"subnet6": [{"id": 8, "subnet": "2001:db8:8::/64"}]}]
    assert configured("Dhcp6", subnet6=[{"id": 7, "subnet": "2001:db8:7::/64"}], shared_networks=networks).subnets == {
        7: "2001:db8:7::/64",
        8: "2001:db8:8::/64",
    }


def test_subnets_of_the_other_protocol_are_not_counted() -> None:
    assert configured("Dhcp6", subnet4=SUBNETS).subnets == {}
    assert configured("DhcpDdns", subnet4=SUBNETS).subnets == {}


DATABASES = [{"type": "mysql", "password": CANARY}, {"type": "postgresql", "host": "db"}]


def test_hosts_databases_are_known_by_their_types() -> None:
    assert configured().hosts_databases == ()
    assert configured(hosts_databases=[]).hosts_databases == ()
    assert configured(hosts_databases=DATABASES).hosts_databases == ("mysql", "postgresql")


def test_a_single_hosts_database_stands_under_the_singular_key() -> None:
    assert configured(hosts_database=DATABASES[0]).hosts_databases == ("mysql",)


def test_a_lease_database_is_no_hosts_database() -> None:
    assert configured(lease_database=DATABASES[0]).hosts_databases == ()


def test_hosts_databases_are_not_kept_without_end() -> None:
    assert len(configured(hosts_databases=DATABASES * 1000).hosts_databases) == MOST_ENTRIES


@pytest.mark.parametrize(
    "tree",
    [
        {"control_sockets": {"socket-type": "http"}},
        {"control_sockets": ["http"]},
        {"control_sockets": [{}]},
        {"control_sockets": [{"socket-type": 1}]},
        {"control_sockets": [{"socket-type": "http", "socket-port": "8000"}]},
        {"control_sockets": [{"socket-type": "http", "socket-address": None}]},
        {"control_sockets": [{"socket-type": "unix", "socket-name": 1}]},
        {"control_sockets": [{"socket-type": "http", "authentication": "basic"}]},
        {"control_sockets": [{"socket-type": "http", "authentication": {"clients": {}}}]},
        {"control_sockets": [{"socket-type": "http", "authentication": {"clients": ["u1"]}}]},
        {"control_sockets": [{"socket-type": "http", "authentication": {"realm": 1}}]},
        {"control_socket": "unix"},
        {"hooks_libraries": "libdhcp_ha.so"},
        {"hooks_libraries": ["libdhcp_ha.so"]},
        {"hooks_libraries": [{}]},
        {"subnet4": {}},
        {"subnet4": [1]},
        {"subnet4": [{}]},
        {"subnet4": [{"id": "1", "subnet": "192.0.2.0/24"}]},
        {"subnet4": [{"subnet": "192.0.2.0/24"}]},
        {"subnet4": [{"id": 1}]},
        {"subnet4": [{"id": 1, "subnet": None}]},
        {"subnet4": [{"id": 1, "subnet": ["192.0.2.0/24"]}]},
        {"shared_networks": [None]},
        {"shared_networks": [{"subnet4": [{"id": None}]}]},
        {"hosts_databases": {"type": "mysql"}},
        {"hosts_databases": ["mysql"]},
        {"hosts_databases": [{}]},
        {"hosts_databases": [{"type": 1}]},
        {"hosts_database": "mysql"},
    ],
)
def test_a_configuration_of_another_shape_is_malformed(tree: dict[str, object]) -> None:
    with pytest.raises(MalformedAnswerError):
        configured(**tree)


AGENTS_DAEMONS = {"dhcp4": {"socket-type": "unix", "socket-name": "/run/kea/kea4-ctrl-socket"}}


def agent_socket(**entry: object) -> ControlSocket:
    [socket] = configured("Control-agent", control_sockets=AGENTS_DAEMONS, **entry).sockets
    return socket


def test_a_control_agents_own_configuration_tells_that_an_agent_answers() -> None:
    agent = configured("Control-agent", http_port=8001, control_sockets=AGENTS_DAEMONS)
    assert (agent.root, agent.subnets, agent.hooks) == ("Control-agent", {}, ())


def test_a_control_agent_has_one_socket_at_the_top_of_its_configuration() -> None:
    allowed = {"realm": "kea-control-agent", "clients": [{"user": "admin", "password": CANARY}]}
    assert agent_socket(http_host="192.0.2.1", http_port=8001, authentication=allowed) == ControlSocket(
        kind="http",
        address="192.0.2.1",
        port=8001,
        tls=False,
        client_certificate_required=False,
        authentication=Authentication("basic", "kea-control-agent", clients=1, clients_in_clear=1),
    )


def test_a_control_agent_has_keas_defaults_too() -> None:
    assert agent_socket(authentication={"clients": []}, **renamed(TLS_FILES)) == ControlSocket(
        kind="http",
        address="127.0.0.1",
        port=8000,
        tls=True,
        client_certificate_required=True,
        authentication=Authentication("basic", "kea-control-agent", clients=0, clients_in_clear=0),
    )


# Secrets

SECRET_KEYS = (
    "password",
    "user",
    "secret",
    "password-file",
    "user-file",
    "basic-auth-user",
    "basic-auth-password",
    "connect-string",
    "user-context",
    "comment",
)
RICH = {
    "Dhcp4": {
        "control-sockets": [
            {
                "socket-type": "https",
                "socket-address": "192.0.2.1",
                "socket-port": 8001,
                "authentication": {"type": "basic", "realm": "office", "clients": [{}, {}]},
                "http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=1"}],
                **TLS_FILES,
            },
            {"socket-type": "unix", "socket-name": "bare.sock"},
        ],
        "hooks-libraries": [{"library": "libdhcp_ha.so", "parameters": {"high-availability": [{"peers": [{}, {}]}]}}],
        "lease-database": {"type": "mysql"},
        "hosts-databases": [{"type": "postgresql"}],
        "config-control": {"config-databases": [{"type": "mysql"}]},
        "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "reservations": [{}], "pools": [{}]}],
        "shared-networks": [{"name": "office", "subnet4": [{"id": 2, "subnet": "198.51.100.0/24"}]}],
        "tsig-keys": [{"name": "key"}],
    },
    "hash": "1",
}


def planted(tree: object) -> object:
    """Return the tree with a secret at each key of each map where one could stand."""
    if isinstance(tree, dict):
        return {**{key: planted(value) for key, value in tree.items()}, **dict.fromkeys(SECRET_KEYS, CANARY)}
    return [planted(value) for value in tree] if isinstance(tree, list) else tree


CONFIGURATIONS = [RICH, *(recorded(version, daemon)["config-get"]["arguments"] for version, daemon in RECORDED)]


@pytest.mark.parametrize("tree", CONFIGURATIONS, ids=["rich", *map("-".join, RECORDED)])
def test_no_secret_of_a_configuration_is_kept(tree: dict[str, Any]) -> None:
    root = next(key for key in tree if key != "hash")
    configuration = read_configuration(said({root: planted(tree[root])}))
    assert configuration.sockets
    assert CANARY not in repr(configuration)


def paths(value: object, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Walk through the places of all values in a tree."""
    yield here
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from paths(inner, (*here, key))


def put(tree: object, path: tuple[str | int, ...], value: object) -> object:
    """Return the tree with another value in one place."""
    if not path:
        return value
    if isinstance(tree, dict):
        return {**tree, path[0]: put(tree[path[0]], path[1:], value)}
    assert isinstance(tree, list)
    return [put(inner, path[1:], value) if index == path[0] else inner for index, inner in enumerate(tree)]


def outcome(tree: object) -> str:
    try:
        return repr(read_configuration(said(tree)))
    except MalformedAnswerError as error:
        return repr(error)


def test_no_error_repeats_what_stands_in_the_wrong_place() -> None:
    outcomes = [outcome(put(RICH, path, [CANARY])) for path in paths(RICH)]
    assert sum("MalformedAnswerError" in it for it in outcomes) > 10
    assert not [it for it in outcomes if CANARY in it]


# stat-lease4-get, stat-lease6-get

COLUMNS4 = [
    "subnet-id",
    "total-addresses",
    "cumulative-assigned-addresses",
    "assigned-addresses",
    "declined-addresses",
]
COLUMNS6 = [
    "subnet-id",
    "total-nas",
    "cumulative-assigned-nas",
    "assigned-nas",
    "declined-addresses",
    "total-pds",
    "cumulative-assigned-pds",
    "assigned-pds",
]


def rows(columns: list[str], *found: list[int]) -> Answer:
    return said({"result-set": {"columns": columns, "rows": list(found), "timestamp": "2026-11-23 16:47:55.776600"}})


@pytest.mark.parametrize("version", [KEA_2_6_3, KEA_3_0_4])
def test_rows_count_only_active_leases_as_assigned_before_kea_3_1_2(version: Version) -> None:
    answer = rows(COLUMNS4, [1, 91, 0, 3, 1], [2, 10, 5, 4, 0])
    assert read_stat_lease(answer, Daemon.DHCP4, version, {}) == Leases(LeaseCounts(7, 1), None)


@pytest.mark.parametrize("version", [KEA_3_1_2, KEA_3_2_0])
def test_rows_count_declined_leases_as_assigned_since_kea_3_1_2(version: Version) -> None:
    answer = rows(COLUMNS4, [1, 91, 0, 4, 1], [2, 10, 5, 4, 0])
    assert read_stat_lease(answer, Daemon.DHCP4, version, {}) == Leases(LeaseCounts(7, 1), None)


def test_rows_of_dhcpv6_count_prefixes_too() -> None:
    answer = rows(COLUMNS6, [1, 256, 0, 2, 1, 0, 0, 1], [2, 2**64, 0, 3, 0, 65536, 0, 4])
    assert read_stat_lease(answer, Daemon.DHCP6, KEA_3_0_4, {}) == Leases(LeaseCounts(5, 1), LeaseCounts(5, 0))


def test_rows_hold_integers_of_128_bits() -> None:
    answer = rows(COLUMNS6, [1, 2**120, 0, 2**119, 0, 2**120, 0, 2**118 + 1])
    assert read_stat_lease(answer, Daemon.DHCP6, KEA_3_2_0, {}) == Leases(
        LeaseCounts(2**119, 0), LeaseCounts(2**118 + 1, 0)
    )


def test_rows_may_hold_negative_numbers() -> None:
    assert read_stat_lease(rows(COLUMNS4, [1, 91, 0, -2, 0]), Daemon.DHCP4, KEA_3_0_4, {}).addresses == LeaseCounts(
        -2, 0
    )


def test_columns_are_known_by_their_names() -> None:
    answer = rows(["new", "declined-addresses", "assigned-addresses", "subnet-id"], [9, 1, 3, 7])
    assert read_stat_lease(answer, Daemon.DHCP4, KEA_3_0_4, {}).addresses == LeaseCounts(3, 1)


@pytest.mark.parametrize(
    "body",
    [
        b'[{"result": 3, "text": "no matching data", "arguments": {}}]',
        b'[{"result": 3, "text": "no matching data"}]',
    ],
)
def test_where_no_subnet_is_configured_there_are_no_leases(body: bytes) -> None:
    assert read_stat_lease(decode(body), Daemon.DHCP4, KEA_3_0_4, {}) == Leases(LeaseCounts(0, 0), None)
    assert read_stat_lease(decode(body), Daemon.DHCP6, KEA_3_0_4, {}) == Leases(LeaseCounts(0, 0), LeaseCounts(0, 0))


def test_rows_may_be_none_at_all() -> None:
    assert read_stat_lease(rows(COLUMNS4), Daemon.DHCP4, KEA_3_0_4, {}) == Leases(LeaseCounts(0, 0), None)


def test_success_without_rows_does_not_mean_no_leases() -> None:
    with pytest.raises(MalformedAnswerError):
        read_stat_lease(said({}), Daemon.DHCP4, KEA_3_0_4, {})


@pytest.mark.parametrize(
    "result_set",
    [
        None,
        [],
        {},
        {"columns": COLUMNS4},
        {"columns": COLUMNS4, "rows": None},
        {"columns": COLUMNS4, "rows": [1]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, 4]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, "4", 5]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, 4.0, 5]]},
        {"columns": COLUMNS4, "rows": [[1, 2, 3, None, 5]]},
        {"columns": COLUMNS4[:4], "rows": [[1, 2, 3, 4]]},
        {"columns": COLUMNS6, "rows": [[1, 2, 3, 4, 5, 6, 7, 8]]},
        {"columns": [1, 2, 3], "rows": [[1, 2, 3]]},
    ],
)
def test_rows_of_another_shape_are_malformed(result_set: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_stat_lease(said({"result-set": result_set}), Daemon.DHCP4, KEA_3_0_4, {})


def overfull(daemon: Daemon, subnets: Mapping[int, str], assigned: int, declined: int = 0) -> frozenset[int]:
    """Return the overfull subnets where subnet 1 has so many leases."""
    columns = COLUMNS4 if daemon is Daemon.DHCP4 else COLUMNS6
    answer = rows(columns, [1, 0, 0, assigned + declined, declined, 0, 0, 10**6][: len(columns)])
    return read_stat_lease(answer, daemon, KEA_3_2_0, subnets).overfull


@pytest.mark.parametrize(
    ("prefix", "size"), [("192.0.2.0/24", 256), ("192.0.2.1/32", 1), ("0.0.0.0/0", 2**32), ("192.0.2.0/31", 2)]
)
def test_a_subnet_is_overfull_with_more_leases_than_addresses(prefix: str, size: int) -> None:
    assert overfull(Daemon.DHCP4, {1: prefix}, size) == frozenset()
    assert overfull(Daemon.DHCP4, {1: prefix}, size - 1, declined=1) == frozenset()
    assert overfull(Daemon.DHCP4, {1: prefix}, size + 1) == {1}
    assert overfull(Daemon.DHCP4, {1: prefix}, size, declined=1) == {1}


def test_delegated_prefixes_make_no_subnet_overfull() -> None:
    assert overfull(Daemon.DHCP6, {1: "2001:db8::/120"}, 256) == frozenset()
    assert overfull(Daemon.DHCP6, {1: "2001:db8::/120"}, 257) == {1}
    assert overfull(Daemon.DHCP6, {1: "::/0"}, 2**128) == frozenset()


@pytest.mark.parametrize(
    "prefix", ["", "192.0.2.0", "192.0.2.0/x", "192.0.2.0/-1", "192.0.2.0/999999", "/", "1/\u0663"]
)
def test_a_subnet_whose_prefix_is_odd_breaks_nothing(prefix: str) -> None:
    assert overfull(Daemon.DHCP4, {1: prefix}, 0) == frozenset()


def test_only_configured_subnets_are_overfull() -> None:
    assert overfull(Daemon.DHCP4, {2: "192.0.2.0/32"}, 1000) == frozenset()


# statistic-get-all


def statistics(**values: int | list[int]) -> Answer:
    """Return an answer in which each value, or each list with the newest first, is a statistic."""
    lists = {name: value if isinstance(value, list) else [value] for name, value in values.items()}
    return said({name: [[sample, "2026-11-23 16:02:30.129558"] for sample in it] for name, it in lists.items()})


FOUR: dict[str, int | list[int]] = {"subnet[1].assigned-addresses": 4, "subnet[1].declined-addresses": 1}
SIX: dict[str, int | list[int]] = {
    "subnet[1].assigned-nas": 4,
    "subnet[1].declined-addresses": 1,
    "subnet[1].assigned-pds": 9,
}


ONE = {1: "192.0.2.0/24"}
ONE_OF_SIX = {1: "2001:db8:1::/64"}


def leases4(subnets: Mapping[int, str], **values: int | list[int]) -> LeaseCounts:
    return read_statistics(statistics(**values), Daemon.DHCP4, subnets).addresses


def test_statistics_count_declined_leases_as_assigned_always() -> None:
    assert read_statistics(statistics(**FOUR), Daemon.DHCP4, ONE) == Leases(LeaseCounts(3, 1), None, frozenset())


def test_statistics_of_dhcpv6_count_prefixes_too() -> None:
    assert read_statistics(statistics(**SIX), Daemon.DHCP6, ONE_OF_SIX) == Leases(
        LeaseCounts(3, 1), LeaseCounts(9, 0), frozenset()
    )


def test_statistics_of_all_configured_subnets_are_added_up() -> None:
    second = {"subnet[12].assigned-addresses": 2**100, "subnet[12].declined-addresses": 0}
    assert leases4({1: "192.0.2.0/24", 12: "198.51.100.0/24"}, **FOUR, **second) == LeaseCounts(2**100 + 3, 1)


def test_statistics_of_deleted_subnets_are_ignored() -> None:
    leftovers = {"subnet[2].assigned-addresses": 100, "subnet[2].declined-addresses": 100}
    assert leases4(ONE, **FOUR, **leftovers) == LeaseCounts(3, 1)


def test_statistics_of_pools_and_of_the_whole_daemon_are_not_counted_again() -> None:
    others = {
        "subnet[1].pool[0].assigned-addresses": 4,
        "subnet[1].pool[0].declined-addresses": 1,
        "subnet[1].cumulative-assigned-addresses": 40,
        "subnet[1].reclaimed-declined-addresses": 7,
        "assigned-addresses": 4,
        "declined-addresses": 1,
    }
    assert leases4(ONE, **FOUR, **others) == LeaseCounts(3, 1)
    pools = {"subnet[1].pool[0].assigned-nas": 4, "subnet[1].pd-pool[0].assigned-pds": 9}
    six = read_statistics(statistics(**SIX, **pools), Daemon.DHCP6, ONE_OF_SIX)
    assert (six.addresses, six.prefixes) == (LeaseCounts(3, 1), LeaseCounts(9, 0))


def test_the_newest_sample_comes_first() -> None:
    assert leases4(ONE, **{**FOUR, "subnet[1].assigned-addresses": [6, 5, 4]}) == LeaseCounts(5, 1)


def test_statistics_may_be_negative() -> None:
    assert leases4(ONE, **{**FOUR, "subnet[1].assigned-addresses": -3}) == LeaseCounts(-4, 1)


def test_without_subnets_there_are_no_leases() -> None:
    assert leases4({}, **{"pkt4-received": 1}) == LeaseCounts(0, 0)


def test_statistics_that_were_removed_are_not_zero() -> None:
    with pytest.raises(MalformedAnswerError):
        leases4(ONE, **{"pkt4-received": 1})


@pytest.mark.parametrize("samples", [None, {}, [], [[]], [None], [1], ["1"], [["1", ""]], [[1.5, ""]], [[True, ""]]])
def test_a_statistic_of_another_shape_is_malformed(samples: object) -> None:
    answer = said({**statistics(**FOUR).map, "subnet[1].assigned-addresses": samples})
    with pytest.raises(MalformedAnswerError):
        read_statistics(answer, Daemon.DHCP4, ONE)


def test_leases_that_are_counted_in_subnets_that_are_not_configured_are_left_behind() -> None:
    leftovers: dict[str, int | list[int]] = {
        "subnet[12].assigned-addresses": 3,
        "subnet[2].assigned-addresses": [5, 6, 7],
        "subnet[3].assigned-addresses": 0,
        "subnet[4].assigned-addresses": -1,
        "subnet[5].declined-addresses": 1,
        "subnet[6].pool[0].assigned-addresses": 1,
        "subnet[7].cumulative-assigned-addresses": 9,
    }
    left = read_statistics(statistics(**FOUR, **leftovers), Daemon.DHCP4, ONE).left_behind
    assert list(left.items()) == [(2, 5), (12, 3)]


def test_leases_of_dhcpv6_are_left_behind_too() -> None:
    leftovers: dict[str, int | list[int]] = {"subnet[2].assigned-nas": 3, "subnet[3].assigned-addresses": 4}
    assert read_statistics(statistics(**SIX, **leftovers), Daemon.DHCP6, ONE_OF_SIX).left_behind == {2: 3}


def test_a_delegated_prefix_is_left_behind_like_an_address() -> None:
    leftovers: dict[str, int | list[int]] = {
        "subnet[2].assigned-nas": 0,
        "subnet[2].assigned-pds": 3,
        "subnet[3].assigned-nas": 1,
        "subnet[3].assigned-pds": 1,
    }
    assert read_statistics(statistics(**SIX, **leftovers), Daemon.DHCP6, ONE_OF_SIX).left_behind == {2: 3, 3: 2}


def test_where_all_subnets_are_configured_no_lease_is_left_behind() -> None:
    assert read_statistics(statistics(**FOUR), Daemon.DHCP4, ONE).left_behind == {}


def test_statistics_show_overfull_subnets_too() -> None:
    four = read_statistics(statistics(**FOUR), Daemon.DHCP4, {1: "192.0.2.0/31"})
    six = read_statistics(statistics(**SIX), Daemon.DHCP6, {1: "2001:db8::/127"})
    assert four.overfull == six.overfull == {1}
    assert read_statistics(statistics(**FOUR), Daemon.DHCP4, {1: "192.0.2.0/30"}).overfull == frozenset()


def test_a_statistic_that_no_rule_knows_is_noticed_and_breaks_nothing() -> None:
    new = {"pkt4-surprise": 1, "subnet[1].v4-surprise": 1, "subnet[2].pool[0].v4-surprise": 1}
    leases = read_statistics(statistics(**FOUR, **new), Daemon.DHCP4, ONE)
    assert leases.addresses == LeaseCounts(3, 1)
    assert leases.unknown_statistics == frozenset({"pkt4-surprise", "v4-surprise"})


def test_a_name_that_only_begins_like_one_of_keas_is_not_known() -> None:
    odd = {"declined-addresses-new", "subnet[1]", "subnet[x].declined-addresses", "", "update-sent"}
    assert len(unknown_names(odd, Daemon.DHCP4)) == len(odd)


NAMES = {
    Daemon.DHCP4: (
        "cumulative-assigned-addresses declined-addresses reclaimed-declined-addresses reclaimed-leases "
        "pkt4-ack-received pkt4-decline-received pkt4-discover-received pkt4-inform-received pkt4-nak-received "
        "pkt4-offer-received pkt4-release-received pkt4-request-received pkt4-unknown-received pkt4-received "
        "pkt4-ack-sent pkt4-nak-sent pkt4-offer-sent pkt4-sent pkt4-parse-failed pkt4-receive-drop "
        "v4-allocation-fail v4-allocation-fail-classes v4-allocation-fail-no-pools "
        "v4-allocation-fail-shared-network v4-allocation-fail-subnet v4-lease-reuses v4-reservation-conflicts "
        "subnet[1].total-addresses subnet[1].v4-allocation-fail subnet[1].pool[7].reclaimed-leases "
        "pkt4-service-disabled pkt4-queue-full pkt4-duplicate pkt4-rfc-violation pkt4-admin-filtered "
        "pkt4-not-for-us pkt4-processing-failed pkt4-limit-exceeded assigned-addresses"
    ),
    Daemon.DHCP6: (
        "subnet[1].assigned-nas subnet[1].assigned-pds subnet[1].cumulative-assigned-nas "
        "subnet[1].cumulative-assigned-pds subnet[1].cumulative-registered-nas subnet[1].registered-nas "
        "subnet[1].declined-addresses subnet[1].reclaimed-declined-addresses subnet[1].reclaimed-leases "
        "subnet[1].total-nas subnet[1].total-pds subnet[1].v6-ia-na-lease-reuses subnet[1].v6-ia-pd-lease-reuses "
        "subnet[1].pool[0].total-nas subnet[1].pd-pool[0].total-pds subnet[1].pd-pool[0].reclaimed-leases "
        "pkt6-addr-reg-inform-received pkt6-dhcpv4-query-received pkt6-receive-drop v6-allocation-fail-subnet"
    ),
    Daemon.D2: (
        "ncr-received ncr-invalid ncr-error queue-mgr-queue-full update-sent update-signed update-unsigned "
        "update-success update-timeout update-error key[key.example.org.].update-sent "
        "key[key.example.org.].update-success key[a].update-timeout key[a.b].update-error"
    ),
}


@pytest.mark.parametrize("daemon", Daemon)
def test_the_names_that_were_measured_are_known(daemon: Daemon) -> None:
    assert unknown_names(NAMES[daemon].split(), daemon) == frozenset()


# lease4-get-page, lease6-get-page


def lease4(address: str = "192.0.2.10", subnet_id: int = 1, **others: object) -> dict[str, object]:
    """Return a lease as lease4-get-page shows it, with what must not be kept."""
    return {
        "client-id": CANARY,
        "cltt": 1795450000,
        "fqdn-fwd": False,
        "fqdn-rev": False,
        "hostname": CANARY,
        "hw-address": "08:00:2b:02:3f:4e",
        "ip-address": address,
        "pool-id": 0,
        "state": 0,
        "subnet-id": subnet_id,
        "user-context": {"secret": CANARY},
        "valid-lft": 3600,
        **others,
    }


def lease6(address: str = "2001:db8:1::10", subnet_id: int = 1, **others: object) -> dict[str, object]:
    """Return a lease as lease6-get-page shows it."""
    return {**lease4(address, subnet_id), "duid": "42:42", "iaid": 7, "type": "IA_NA", **others}


def page(*leases: object) -> Answer:
    return said({"count": len(leases), "leases": list(leases)}, f"{len(leases)} IPv4 lease(s) found.")


def audit(*leases: object, subnets: Mapping[int, str] = MappingProxyType(ONE)) -> LeaseAudit:
    """Return what an audit finds that gets each lease on a page of its own."""
    tally = AuditTally(subnets)
    for lease in leases:
        tally.add(read_lease_page(page(lease)))
    return tally.result(1_800_000_000.0, is_complete=True)


def test_of_a_lease_only_address_subnet_state_and_type_are_kept() -> None:
    prefix = lease6("2001:db8:ff::", 2, type="IA_PD", state=1)
    assert read_lease_page(page(lease4(), prefix)) == (
        Lease(ip_address("192.0.2.10"), subnet_id=1, state=0, is_prefix=False),
        Lease(ip_address("2001:db8:ff::"), subnet_id=2, state=1, is_prefix=True),
    )


@pytest.mark.parametrize("body", [b'[{"result": 3, "text": "0 IPv4 lease(s) found."}]', b'{"result": 3}'])
def test_after_the_last_page_there_are_no_leases(body: bytes) -> None:
    assert read_lease_page(decode(body)) == ()
    assert read_lease_page(page()) == ()


def test_a_lease_without_state_is_in_use() -> None:
    [lease] = read_lease_page(page({"ip-address": "192.0.2.10", "subnet-id": 1}))
    assert lease.state == 0


@pytest.mark.parametrize(
    "leases",
    [
        None,
        {},
        "192.0.2.10",
        [None],
        ["192.0.2.10"],
        [{}],
        [{"ip-address": "192.0.2.10"}],
        [{"subnet-id": 1}],
        [{**lease4(), "ip-address": 1}],
        [{**lease4(), "ip-address": None}],
        [lease4(CANARY)],
        [{**lease4(), "subnet-id": "1"}],
        [{**lease4(), "subnet-id": True}],
        [lease4(state="0")],
        [lease4(state=None)],
    ],
)
def test_leases_of_another_shape_are_malformed(leases: object) -> None:
    with pytest.raises(MalformedAnswerError):
        read_lease_page(said({"leases": leases}))


def test_success_without_leases_does_not_mean_no_leases() -> None:
    with pytest.raises(MalformedAnswerError):
        read_lease_page(said(None))


def test_an_audit_without_leases_finds_nothing() -> None:
    nothing = Misplaced({}, ())
    assert audit() == LeaseAudit(1_800_000_000.0, 0, True, ONE, nothing, nothing)  # noqa: FBT003


def test_leases_in_their_subnets_are_not_misplaced() -> None:
    found = audit(lease4("192.0.2.0"), lease4("192.0.2.255", state=1))
    assert (found.leases, found.orphaned.total, found.outside.total) == (2, 0, 0)
    six = audit(lease6("2001:db8:1::"), lease6("2001:db8:1::ffff:ffff:ffff:ffff"), subnets=ONE_OF_SIX)
    assert (six.leases, six.orphaned.total, six.outside.total) == (2, 0, 0)


def test_a_lease_of_a_subnet_that_is_not_configured_is_orphaned() -> None:
    found = audit(lease4("192.0.2.10", 9), lease4("10.0.0.1", 7), lease4("10.0.0.2", 7, state=1), lease4())
    assert found.orphaned == Misplaced({7: 2, 9: 1}, ("192.0.2.10", "10.0.0.1", "10.0.0.2"))
    assert list(found.orphaned.counts) == [7, 9]
    assert found.outside.total == 0
    assert found.leases == 4


@pytest.mark.parametrize("kind", ["IA_NA", "IA_PD"])
def test_addresses_and_prefixes_of_dhcpv6_are_orphaned_alike(kind: str) -> None:
    found = audit(lease6("2001:db8:9::1", 9, type=kind), subnets=ONE_OF_SIX)
    assert found.orphaned == Misplaced({9: 1}, ("2001:db8:9::1",))


def test_a_lease_that_does_not_lie_in_its_subnet_is_outside() -> None:
    found = audit(lease4("192.0.1.255"), lease4("192.0.3.0", state=1), lease4())
    assert found.outside == Misplaced({1: 2}, ("192.0.1.255", "192.0.3.0"))
    assert found.orphaned.total == 0
    six = audit(lease6("2001:db8:2::1"), lease6(), subnets=ONE_OF_SIX)
    assert six.outside == Misplaced({1: 1}, ("2001:db8:2::1",))


def test_a_lease_of_the_other_protocol_is_outside() -> None:
    assert audit(lease6("::ffff:192.0.2.10")).outside.total == 1


def test_a_subnet_may_be_written_with_the_address_of_a_host() -> None:
    assert audit(lease4(), subnets={1: "192.0.2.1/24"}).outside.total == 0


@pytest.mark.parametrize("prefix", ["", "office", "192.0.2.0/33"])
def test_a_subnet_whose_prefix_cannot_be_read_is_not_compared(prefix: str) -> None:
    found = audit(lease4("10.0.0.1"), subnets={1: prefix})
    assert (found.outside.total, found.orphaned.total) == (0, 0)


def test_a_delegated_prefix_need_not_lie_in_its_subnet() -> None:
    assert audit(lease6("2001:db8:ff00::", type="IA_PD"), subnets=ONE_OF_SIX).outside.total == 0


def test_a_reclaimed_lease_is_looked_at_and_not_counted() -> None:
    found = audit(lease4("10.0.0.1", state=2), lease4("192.0.2.1", 9, state=2))
    assert (found.leases, found.outside.total, found.orphaned.total) == (2, 0, 0)


@pytest.mark.parametrize("address", ["", "192.0.2", "192.0.2.256", "kea1", "192.0.2.1\nall is well", "192.0.2.0/24"])
def test_an_address_that_is_none_is_malformed_and_not_repeated(address: str) -> None:
    with pytest.raises(MalformedAnswerError) as error:
        read_lease_page(page(lease4(), lease4(address)))
    assert str(error.value) == "'ip-address' is not an address"


def test_only_a_few_addresses_are_kept_as_examples() -> None:
    orphans = [lease4(f"10.0.0.{number}", 9) for number in range(1, 101)]
    outside = [lease4(f"10.0.1.{number}") for number in range(1, 101)]
    found = audit(*orphans, *outside)
    first_five = range(1, 6)
    assert found.orphaned == Misplaced({9: 100}, tuple(f"10.0.0.{number}" for number in first_five))
    assert found.outside == Misplaced({1: 100}, tuple(f"10.0.1.{number}" for number in first_five))


def test_of_many_subnets_not_all_are_kept_but_all_leases_are_counted() -> None:
    found = audit(*(lease4("10.0.0.1", number) for number in range(2, 2002))).orphaned
    assert len(found.counts) <= 1001
    assert found.total == 2000


def test_an_audit_keeps_the_subnets_that_it_compared_with() -> None:
    subnets = dict(ONE)
    tally = AuditTally(subnets)
    subnets[2] = "198.51.100.0/24"
    found = tally.result(1.0, is_complete=False)
    assert (found.subnets, found.is_complete, found.finished_at) == (ONE, False, 1.0)


def test_no_secret_of_a_lease_is_kept() -> None:
    assert CANARY not in repr(read_lease_page(page(lease4(), lease6())))
    assert CANARY not in repr(audit(lease4("10.0.0.1"), lease4("10.0.0.1", 9)))


# Recorded answers


@pytest.mark.parametrize(("version", "daemon"), RECORDED)
def test_a_recorded_daemon_is_read_as_what_it_is(version: str, daemon: str) -> None:
    read_text = read_version(answer_of(version, daemon, "version-get")).text
    root = read_configuration(answer_of(version, daemon, "config-get")).root
    assert f"kea-{read_text}".startswith(version)
    assert root == {"dhcp4": "Dhcp4", "dhcp6": "Dhcp6", "d2": "DhcpDdns"}[daemon]
    assert set(recorded(version, daemon)) & set(Command) <= read_commands(answer_of(version, daemon, "list-commands"))
    assert (read_status(answer_of(version, daemon, "status-get")).dhcp_state is None) == (daemon == "d2")


@pytest.mark.parametrize(("version", "daemon"), RECORDED)
def test_no_recorded_statistic_is_unknown(version: str, daemon: str) -> None:
    answers = recorded(version, daemon)
    for command in ("statistic-get-all", "statistic-global-get-all"):
        names = answers.get(command, {"arguments": {}})["arguments"]
        assert unknown_names(names, Daemon(daemon)) == frozenset()


@pytest.mark.parametrize(("version", "daemon"), RECORDED_DHCP)
def test_recorded_leases_are_the_same_whichever_way_they_are_counted(version: str, daemon: str) -> None:
    kind = Daemon(daemon)
    kea = read_version(answer_of(version, daemon, "version-get"))
    subnets = read_configuration(answer_of(version, daemon, "config-get")).subnets
    counted = read_stat_lease(answer_of(version, daemon, f"stat-lease{daemon[-1]}-get"), kind, kea, subnets)
    summed = read_statistics(answer_of(version, daemon, "statistic-get-all"), kind, subnets)
    assert (counted.addresses, counted.prefixes) == (summed.addresses, summed.prefixes)


def test_the_configuration_of_a_recorded_kea_3_2_0() -> None:
    configuration = read_configuration(answer_of("kea-3.2.0", "dhcp4", "config-get"))
    assert configuration.subnets.keys() == {1, 2, 10}
    assert configuration.hosts_databases == ()
    assert configuration.hooks == (
        "libdhcp_subnet_cmds.so",
        "libdhcp_host_cmds.so",
        "libdhcp_lease_cmds.so",
        "libdhcp_stat_cmds.so",
    )
    unix, http = configuration.sockets
    assert (unix.kind, unix.address, unix.port) == ("unix", "r4.sock", None)
    assert (http.kind, http.address, http.port) == ("http", "127.0.0.1", 18544)
    assert http.authentication == Authentication("basic", "kea-dhcpv4-server", clients=1, clients_in_clear=0)


def test_the_status_of_a_recorded_kea_3_2_0() -> None:
    assert read_status(answer_of("kea-3.2.0", "dhcp4", "status-get")) == Status(
        pid=28005, uptime_seconds=3, reload_seconds=3, dhcp_state=ENABLED, sockets_status="ready"
    )


def test_the_leases_of_a_recorded_kea_3_2_0() -> None:
    four = read_stat_lease(answer_of("kea-3.2.0", "dhcp4", "stat-lease4-get"), Daemon.DHCP4, KEA_3_2_0, {})
    six = read_stat_lease(answer_of("kea-3.2.0", "dhcp6", "stat-lease6-get"), Daemon.DHCP6, KEA_3_2_0, {})
    assert four == Leases(LeaseCounts(3, 1), None)
    assert six == Leases(LeaseCounts(3, 0), LeaseCounts(1, 0))


# Anything else

BOTH = {1: "192.0.2.0/24", 2: "198.51.100.0/24"}


def tallied(answer: Answer) -> LeaseAudit:
    tally = AuditTally(BOTH)
    tally.add(read_lease_page(answer))
    return tally.result(0.0, is_complete=True)


READERS: dict[str, Callable[[Answer], object]] = {
    "version-get": read_version,
    "list-commands": read_commands,
    "status-get": read_status,
    "config-get": read_configuration,
    "stat-lease4-get": partial(read_stat_lease, daemon=Daemon.DHCP4, version=KEA_3_2_0, subnets=BOTH),
    "stat-lease6-get": partial(read_stat_lease, daemon=Daemon.DHCP6, version=KEA_3_0_4, subnets=BOTH),
    "statistic-get-all": partial(read_statistics, daemon=Daemon.DHCP4, subnets=BOTH),
    "lease4-get-page": read_lease_page,
    "lease6-get-page": read_lease_page,
    "lease4-get-page, tallied": tallied,
    "config-get of an agent": read_configuration,
}

AGENT = {
    "Control-agent": {
        "http-host": "192.0.2.1",
        "http-port": 8001,
        "authentication": {"realm": "a", "clients": [{}]},
        "control-sockets": AGENTS_DAEMONS,
        **TLS_FILES,
    }
}
OTHER_KEYS = (
    "Dhcp6",
    "control-socket",
    "result-set",
    "columns",
    "rows",
    "errors",
    "leases",
    "IA_PD",
    "subnet[1].assigned-addresses",
)
KEYS = st.sampled_from(
    sorted(
        {str(key) for tree in (RICH, AGENT, STATUS, lease6()) for path in paths(tree) for key in path} | {*OTHER_KEYS}
    )
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KEYS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=6),
    max_leaves=16,
)
QUICK = settings(max_examples=150, deadline=None)


def value_or_malformed(read: Callable[[Answer], object], body: bytes) -> None:
    with suppress(MalformedAnswerError):
        assert read(decode(body)) is not None


@QUICK
@given(st.binary(max_size=64))
def test_any_bytes_are_an_answer_or_malformed(body: bytes) -> None:
    value_or_malformed(lambda answer: answer, body)


@pytest.mark.parametrize("command", READERS)
@QUICK
@given(text=st.text(max_size=8), arguments=JSON)
def test_any_arguments_give_a_value_or_are_malformed(command: str, text: str, arguments: object) -> None:
    body = json.dumps({"result": 0, "text": text, "arguments": arguments}).encode()
    value_or_malformed(READERS[command], body)


@pytest.mark.parametrize("command", READERS)
@QUICK
@given(data=st.data())
def test_any_value_in_a_real_answer_may_be_anything(command: str, data: st.DataObject) -> None:
    real = real_answer(command)
    path = data.draw(st.sampled_from(list(paths(real))))
    value_or_malformed(READERS[command], json.dumps(put(real, path, data.draw(JSON))).encode())


def real_answer(command: str) -> object:
    own: dict[str, object] = {
        "config-get": RICH,
        "config-get of an agent": AGENT,
        "lease4-get-page": {"count": 2, "leases": [lease4(), lease4("10.0.0.1", 9)]},
        "lease6-get-page": {"count": 2, "leases": [lease6(), lease6("2001:db8:ff::", type="IA_PD")]},
        "lease4-get-page, tallied": {"count": 2, "leases": [lease4(), lease4("10.0.0.1", 9)]},
    }
    daemon = "dhcp6" if command == "stat-lease6-get" else "dhcp4"
    return {"result": 0, "arguments": own[command]} if command in own else recorded("kea-3.2.0", daemon)[command]


@pytest.mark.parametrize("command", READERS)
def test_a_real_answer_is_read(command: str) -> None:
    assert READERS[command](decode(json.dumps(real_answer(command)).encode())) is not None
