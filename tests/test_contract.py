"""What the simulated Kea and the real one have in common: the same tests run against both, for each kind of daemon."""

from __future__ import annotations

import base64
import json
import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

from kea_exporter.demo import configuration
from kea_exporter.demo.building import Blueprint
from kea_exporter.demo.daemon import Daemon, Life
from kea_exporter.demo.server import KeaServer
from kea_exporter.demo.servers import Server
from lab.kea import REALMS, Lab, Tree
from lab.processes import free_port
from tests.recordings import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.kea import KeaDaemon

CREDENTIALS = ("monitor", "a-throw-away-password")
ROOTS = {"dhcp4": "Dhcp4", "dhcp6": "Dhcp6", "d2": "DhcpDdns"}
DHCP = ("dhcp4", "dhcp6")
KINDS = ["simulated", pytest.param("real", marks=pytest.mark.lab)]
A_WHILE = 4321.0


def simulated(
    daemon: str, port: int, folder: str = "/etc/kea", *, version: str = "3.0.3", **differences: Any
) -> Daemon:
    """Return a daemon of the demo's whose clock stands still, with two subnets, one of them in a shared network."""
    server = Server("kea", "", (daemon,), version, uses=(0.4, 0.1), networks=("", "Büro"), **differences)
    now = float(int(time.time()))
    authentication = configuration.authentication(
        REALMS[ROOTS[daemon]], {"user-file": "user", "password-file": "password"}, folder
    )
    sockets = [configuration.control_socket(port, None, authentication)]
    return Blueprint(server, 1, 1, Life(lambda: now, now - A_WHILE, 1234)).daemon(daemon, sockets)


@dataclass(frozen=True)
class Kea:
    """A daemon that listens.

    Attributes:
        twin: the simulated daemon whose configuration and leases it has.
    """

    daemon: str
    port: int
    twin: Daemon

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def family(self) -> str:
        return self.daemon[-1]

    def post(self, body: object, auth: tuple[str, str] | None = CREDENTIALS) -> requests.Response:
        return requests.post(self.url, json=body, auth=auth, timeout=10)

    def command(self, name: str, arguments: object = None) -> Tree:
        body = {"command": name} if arguments is None else {"command": name, "arguments": arguments}
        [said] = self.post(body).json()
        answer: Tree = said
        return answer


@contextmanager
def running_simulated(daemon: str) -> Iterator[Kea]:
    twin = simulated(daemon, 8000)
    with KeaServer(twin.answers, CREDENTIALS, REALMS[ROOTS[daemon]]) as server:
        yield Kea(daemon, server.server_address[1], twin)


@contextmanager
def running_real(daemon: str, lab: Lab) -> Iterator[Kea]:
    lab.secret("user", CREDENTIALS[0])
    lab.secret("password", CREDENTIALS[1])
    port = free_port()
    twin = simulated(daemon, port, lab.inside(lab.folder))
    started = lab.start(ROOTS[daemon], as_text(twin.configuration))
    for lease in leases_of(twin, daemon):
        add(started, daemon, lease)
    yield Kea(daemon, port, twin)


def as_text(tree: Tree) -> Tree:
    """Turn what is one character for each byte back into texts."""
    text: Tree = json.loads(json.dumps(tree, ensure_ascii=False).encode("latin-1"))
    return text


def leases_of(twin: Daemon, daemon: str) -> list[Tree]:
    if daemon == "d2":
        return []
    command = {"command": f"lease{daemon[-1]}-get-page", "arguments": {"from": "start", "limit": 10_000}}
    leases: list[Tree] = twin.answer(command)["arguments"]["leases"]
    return leases


def add(kea: KeaDaemon, daemon: str, lease: Tree) -> None:
    passed = {key: value for key, value in lease.items() if key != "cltt"}
    answer = kea.command(f"lease{daemon[-1]}-add", expire=lease["cltt"] + lease["valid-lft"], **passed)
    assert answer["result"] == 0, answer


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


def running(kind: str, daemon: str, request: pytest.FixtureRequest) -> Iterator[Kea]:
    if kind == "simulated":
        with running_simulated(daemon) as kea:
            yield kea
    else:
        with Lab(request.getfixturevalue("chroot")) as lab, running_real(daemon, lab) as kea:
            yield kea


@pytest.fixture(scope="module", params=ROOTS)
def kea(kind: str, request: pytest.FixtureRequest) -> Iterator[Kea]:
    yield from running(kind, request.param, request)


@pytest.fixture(scope="module", params=DHCP)
def dhcp(kind: str, request: pytest.FixtureRequest) -> Iterator[Kea]:
    yield from running(kind, request.param, request)


@pytest.fixture(scope="module")
def dhcp4(kind: str, request: pytest.FixtureRequest) -> Iterator[Kea]:
    yield from running(kind, "dhcp4", request)


# HTTP: what is taken for a command, what is refused, and what becomes of the connection.


def http(
    body: bytes = b'{"command": "version-get"}',
    *headers: bytes,
    line: bytes = b"POST / HTTP/1.1",
    auth: bytes | None = base64.b64encode(":".join(CREDENTIALS).encode()),
    length: bool = True,
) -> bytes:
    """Return the bytes of a request; with the right content type unless others headers are given."""
    lines = [line, *(headers or (b"Content-Type: application/json",))]
    lines += [b"Authorization: Basic " + auth] if auth else []
    lines += [b"Content-Length: %d" % len(body)] if length else []
    return b"\r\n".join([*lines, b"", body])


JSON_TYPE = b"Content-Type: application/json"
CHUNKED = b'1a\r\n{"command": "version-get"}\r\n0\r\n\r\n'
BAD = '{ "result": 400, "text": "Bad Request" }'
UNAUTHORIZED = '{ "result": 401, "text": "Unauthorized" }'
INVALID = "Error during command processing: invalid command:"
OK, BAD_REQUEST = "HTTP/1.1 200 OK", "HTTP/1.1 400 Bad Request"
DENIED = "HTTP/1.1 401 Unauthorized"


def failed(text: str) -> str:
    return f'[ {{ "result": 1, "text": {json.dumps(text)} }} ]'


# Each with the first line of its answer, the body (or None, where it is the version), and whether more may follow.
REQUESTS: dict[str, tuple[bytes, str, str | None, bool]] = {
    "a command": (http(), OK, None, True),
    "any path": (http(line=b"POST /a/b?c=d HTTP/1.1"), OK, None, True),
    "a type in capitals": (http(b'{"command": "version-get"}', b"Content-Type: Application/JSON"), OK, None, True),
    "the last of two types": (http(b'{"command": "version-get"}', b"Content-Type: x/y", JSON_TYPE), OK, None, True),
    "an expectation": (http(b'{"command": "version-get"}', JSON_TYPE, b"Expect: 100-continue"), OK, None, True),
    "a service": (http(b'{"command": "version-get", "service": ["other"]}'), OK, None, True),
    "a byte as escape": (http(b'{"command": "version-get", "arguments": {"x": "\\u00ff"}}'), OK, None, True),
    "what is to be closed": (http(b'{"command": "version-get"}', JSON_TYPE, b"Connection: close"), OK, None, False),
    "HTTP/1.0": (http(line=b"POST / HTTP/1.0"), "HTTP/1.0 200 OK", None, False),
    "HTTP/1.0 that stays": (
        http(b'{"command": "version-get"}', JSON_TYPE, b"Connection: keep-alive", line=b"POST / HTTP/1.0"),
        "HTTP/1.0 200 OK",
        None,
        True,
    ),
    "no type": (http(b'{"command": "version-get"}', b"X: y"), BAD_REQUEST, BAD, False),
    "a form": (http(b'{"command": "version-get"}', b"Content-Type: text/plain"), BAD_REQUEST, BAD, False),
    "a charset": (http(b"{}", b"Content-Type: application/json; charset=utf-8"), BAD_REQUEST, BAD, False),
    "a type with blanks behind": (http(b"{}", JSON_TYPE + b"  "), BAD_REQUEST, BAD, False),
    "GET": (http(b"", line=b"GET / HTTP/1.1"), BAD_REQUEST, BAD, False),
    "HEAD": (http(b"", line=b"HEAD / HTTP/1.1"), BAD_REQUEST, BAD, False),
    "PUT": (http(line=b"PUT / HTTP/1.1"), BAD_REQUEST, BAD, False),
    "GET by anybody": (http(b"", line=b"GET / HTTP/1.1", auth=None), BAD_REQUEST, BAD, False),
    "chunks": (http(CHUNKED, JSON_TYPE, b"Transfer-Encoding: chunked", length=False), BAD_REQUEST, BAD, False),
    "no length": (http(b"", length=False), BAD_REQUEST, BAD, False),
    "a header without colon": (http(b"{}", JSON_TYPE, b"nocolon"), BAD_REQUEST, BAD, False),
    "lines without return": (http().replace(b"\r\n", b"\n"), BAD_REQUEST, BAD, False),
    "no HTTP": (b"hello there\r\n\r\n", "HTTP/1.0 400 Bad Request", BAD, False),
    "TLS": (b"\x16\x03\x01\x00\x05hello", "HTTP/1.0 400 Bad Request", BAD, False),
    "no JSON": (http(b"{nope"), BAD_REQUEST, BAD, True),
    "no JSON from anybody": (http(b"{nope", auth=None), BAD_REQUEST, BAD, True),
    "JSON and more": (http(b'{"command": "version-get"} x'), BAD_REQUEST, BAD, True),
    "no number": (http(b'{"command": "version-get", "arguments": {"x": NaN}}'), BAD_REQUEST, BAD, True),
    "a wide escape": (http('{"command": "€"}'.encode("ascii", "backslashreplace")), BAD_REQUEST, BAD, True),
    "nobody": (http(auth=None), DENIED, UNAUTHORIZED, True),
    "a wrong password": (http(auth=base64.b64encode(b"monitor:wrong")), DENIED, UNAUTHORIZED, True),
    "no base64": (http(auth=b"%%%"), DENIED, UNAUTHORIZED, True),
    "another scheme": (
        http(b'{"command": "version-get"}', JSON_TYPE, b"Authorization: Bearer x", auth=None),
        DENIED,
        UNAUTHORIZED,
        True,
    ),
    "an empty body": (http(b""), OK, failed("Command processing failed: NULL command parameter"), True),
    "a list": (http(b"[1]"), OK, failed(f"{INVALID} expected toplevel entry to be a map, got list instead"), True),
    "a text": (http(b'"x"'), OK, failed(f"{INVALID} expected toplevel entry to be a map, got string instead"), True),
    "null": (http(b"null"), OK, failed(f"{INVALID} expected toplevel entry to be a map, got null instead"), True),
    "1": (http(b"1"), OK, failed(f"{INVALID} expected toplevel entry to be a map, got integer instead"), True),
    "1.5": (http(b"1.5"), OK, failed(f"{INVALID} expected toplevel entry to be a map, got real instead"), True),
    "true": (http(b"true"), OK, failed(f"{INVALID} expected toplevel entry to be a map, got boolean instead"), True),
    "no command": (http(b"{}"), OK, failed(f"{INVALID} does not contain mandatory 'command'"), True),
    "a number as command": (
        http(b'{"command": 1}'),
        OK,
        failed(f"{INVALID} expected 'command' to be a string, got map instead"),
        True,
    ),
    "another key": (
        http(b'{"command": "version-get", "x": 1}'),
        OK,
        failed(f"{INVALID} unsupported parameter 'x'"),
        True,
    ),
    "an unknown command": (
        http('{"command": "grüße"}'.encode()),
        OK,
        '[ { "result": 2, "text": "\'gr\\u00c3\\u00bc\\u00c3\\u009fe\' command not supported." } ]',
        True,
    ),
}


def answered(sock: socket.socket, request: bytes) -> tuple[list[str], str]:
    """Return the head and the body of the answer to a request."""
    sock.sendall(request)
    with sock.makefile("rb") as file:
        head = [line.decode().strip() for line in iter(file.readline, b"\r\n")]
        length = next(int(line.partition(":")[2]) for line in head if line.startswith("Content-Length"))
        return head, file.read(length).decode()


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_answered_byte_for_byte(dhcp4: Kea, name: str) -> None:
    request, first_line, expected, stays_open = REQUESTS[name]
    with socket.create_connection(("127.0.0.1", dhcp4.port), timeout=10) as sock:
        head, body = answered(sock, request)
        version = '[ { "arguments": { "extended": "3.0.3 (3.0.3 (tarball))\\npremium: no\\nlinked with:\\n- log4cplus'
        assert head[0] == first_line
        assert body == expected if expected is not None else body.startswith(version)
        challenge = ['WWW-Authenticate: Basic realm="kea-dhcpv4-server"'] if first_line == DENIED else []
        assert [line for line in head if line.startswith("WWW")] == challenge
        names = [line.partition(":")[0] for line in head[1 : len(head) - len(challenge)]]
        assert names == ["Content-Length", "Content-Type", "Date"]
        if stays_open:
            assert answered(sock, http())[0][0] == OK
        else:
            assert sock.recv(1) == b""


def test_of_several_requests_at_once_the_first_is_answered(dhcp4: Kea) -> None:
    with socket.create_connection(("127.0.0.1", dhcp4.port), timeout=10) as sock:
        assert answered(sock, http() * 3)[0][0] == OK
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)


@pytest.mark.parametrize("auth", [None, ("monitor", "wrong"), ("nobody", "a-throw-away-password")])
def test_wrong_credentials_are_answered_with_401_and_the_realm(kea: Kea, auth: tuple[str, str] | None) -> None:
    answer = kea.post({"command": "version-get"}, auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Basic realm="{REALMS[ROOTS[kea.daemon]]}"'
    assert answer.json() == {"result": 401, "text": "Unauthorized"}


def test_a_connection_serves_many_commands(kea: Kea) -> None:
    with requests.Session() as session:
        answers = [
            session.post(kea.url, json={"command": "version-get"}, auth=CREDENTIALS, timeout=10) for _ in range(5)
        ]
    assert [answer.status_code for answer in answers] == [200] * 5


# Commands: result codes, texts and shapes.

RESULTS: dict[str, list[tuple[str, object, int, str]]] = {
    "all": [
        ("no-such-command", None, 2, "'no-such-command' command not supported."),
        ("statistic-get", None, 1, "Missing mandatory 'name' parameter."),
        ("statistic-get", {}, 1, "Missing mandatory 'name' parameter."),
        ("statistic-get", {"x": 1}, 1, "Missing mandatory 'name' parameter."),
        ("statistic-get", {"name": 1}, 1, "'name' parameter expected to be a string."),
        ("statistic-global-get-all", None, 2, "'statistic-global-get-all' command not supported."),
    ],
    "d2": [
        ("server-tag-get", None, 2, "'server-tag-get' command not supported."),
        ("subnet4-list", None, 2, "'subnet4-list' command not supported."),
        ("stat-lease4-get", None, 2, "'stat-lease4-get' command not supported."),
        ("lease4-get-page", None, 2, "'lease4-get-page' command not supported."),
        ("config-reload", None, 0, "Configuration applied successfully."),
    ],
    # {4} is the daemon's own family, {6} is the other one.
    "dhcp": [
        ("subnet{4}-list", None, 0, "2 IPv{4} subnets found"),
        ("subnet{6}-list", None, 3, "0 IPv{6} subnets found"),
        ("stat-lease{4}-get", None, 0, "stat-lease{4}-get[all subnets]: 2 rows found"),
        ("stat-lease{4}-get", {"x": 1}, 0, "stat-lease{4}-get[all subnets]: 2 rows found"),
        (
            "stat-lease{6}-get",
            None,
            3,
            "stat-lease{6}-get[all subnets]: no matching data, selected ID range: 0 through 0 includes no known "
            "subnets",
        ),
        ("stat-lease{4}-get", {"subnet-id": 1}, 0, "stat-lease{4}-get[subnet-id=1]: 1 rows found"),
        (
            "stat-lease{4}-get",
            {"subnet-id": 99},
            3,
            "stat-lease{4}-get[subnet-id=99]: no matching data, subnet-id: 99 does not exist",
        ),
        ("stat-lease{4}-get", {"subnet-id": "1"}, 1, "'subnet-id' parameter is not integer"),
        ("stat-lease{4}-get", {"subnet-id": 0}, 1, "'subnet-id' parameter must be > 0"),
        ("stat-lease{4}-get", {"subnet-range": 1}, 1, "subnet-range parameter is not a map"),
        ("stat-lease{4}-get", {"subnet-range": {}}, 1, "'first-subnet-id' parameter missing or not an integer"),
        (
            "stat-lease{4}-get",
            {"subnet-id": 1, "subnet-range": {}},
            1,
            "cannot specify both subnet-id and subnet-range",
        ),
        ("lease{4}-get-page", None, 1, "no parameters specified for the lease{4}-get-page command"),
        ("lease{4}-get-page", {}, 1, "no parameters specified for the lease{4}-get-page command"),
        ("lease{4}-get-page", {"from": "start"}, 1, "'limit' parameter not specified"),
        ("lease{4}-get-page", {"limit": 1}, 1, "'from' parameter not specified"),
        ("lease{4}-get-page", {"from": 1, "limit": 1}, 1, "'from' parameter must be a string"),
        ("lease{4}-get-page", {"from": "start", "limit": "1"}, 1, "'limit' parameter must be a number"),
        ("lease{4}-get-page", {"from": "start", "limit": 0}, 1, "page size of retrieved leases must not be 0"),
        (
            "lease{4}-get-page",
            {"from": "start", "limit": -1},
            1,
            "page size of retrieved leases must not be greater than 4294967295",
        ),
        (
            "lease{4}-get-page",
            {"from": "x", "limit": 1},
            1,
            "'from' parameter value is neither 'start' keyword nor a valid IPv{4} address",
        ),
        ("lease{6}-get-page", {"from": "start", "limit": 9}, 3, "0 IPv{6} lease(s) found."),
        ("config-reload", None, 0, "Configuration successful."),
    ],
}
