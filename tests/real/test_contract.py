"""The contract of the simulated Kea and the real one: the same tests run against both, for each kind of daemon."""

from __future__ import annotations

import base64
import json
import re
import socket
import ssl
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import known
from kea_exporter.transport.deadline import Deadline
from kea_simulator import configuration
from kea_simulator.building import Blueprint
from kea_simulator.certificates import Authority
from kea_simulator.daemon import Daemon, Life
from kea_simulator.dhcp_daemon import DhcpDaemon, Outage
from kea_simulator.server import KeaServer, Tls
from kea_simulator.servers import STANDARD, VERSIONS, Server
from lab.servers.chroot import OLD, ensure
from lab.servers.configurations import control_agent, subnet4
from lab.servers.configurations import dhcp as dhcp_tree
from lab.servers.kea import REALMS, Lab, Tree
from lab.servers.processes import free_port
from tests.support.recordings import RECORDED, recorded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kea_simulator.certificates import Pair
    from lab.servers.kea import KeaDaemon

CREDENTIALS = ("monitor", "a-throw-away-password")
ROOTS = {"dhcp4": "Dhcp4", "dhcp6": "Dhcp6", "d2": "DhcpDdns"}
DHCP = ("dhcp4", "dhcp6")
REAL = pytest.param("real", marks=pytest.mark.lab)
# A simulated Kea of each version, and real Kea 3.0.
KINDS = [*(pytest.param(version, id=f"simulated {version}") for version in VERSIONS), REAL]
A_WHILE = 4321.0
HSTS = "max-age=31536000"
# The only daemon of that age in the demo.
OLD_DHCP4 = ("kea-2.6.3", "dhcp4")


# One of the two subnets is in a shared network.
KEA = Server("kea", "", uses=(0.4, 0.1), networks=("", "Büro"))
PRIMARY = replace(KEA, name="ha-1", hooks=(*STANDARD, "ha"), role="primary")


def simulated(daemon: str, port: int, folder: str = "/etc/kea", server: Server = KEA) -> Daemon:
    """Return a daemon of the demo's whose clock stands still."""
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
        real: the real daemon; None where the simulated one listens itself.
    """

    daemon: str
    port: int
    twin: Daemon
    real: KeaDaemon | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def family(self) -> str:
        return self.daemon[-1]

    @property
    def version(self) -> tuple[int, int, int]:
        return self.twin.version

    def post(self, body: object, auth: tuple[str, str] | None = CREDENTIALS) -> requests.Response:
        return requests.post(self.url, json=body, auth=auth, timeout=10)

    def break_configuration(self) -> None:
        """Let the next reload fail, late."""
        if self.real is not None:
            gone = {"interfaces-config": {"interfaces": ["gone0"]}}
            self.real.write({**self.real.configuration, **gone})
        else:
            assert isinstance(self.twin, DhcpDaemon)
            self.twin.reload_error = Outage.RELOAD_FAILED.value

    def mend_configuration(self) -> None:
        if self.real is not None:
            self.real.write(self.real.configuration)
        else:
            assert isinstance(self.twin, DhcpDaemon)
            self.twin.fix()

    def command(self, name: str, arguments: object = None) -> Tree:
        body = {"command": name} if arguments is None else {"command": name, "arguments": arguments}
        [said] = self.post(body).json()
        answer: Tree = said
        return answer


@contextmanager
def running_simulated(daemon: str, version: str) -> Iterator[Kea]:
    twin = simulated(daemon, 8000, server=replace(KEA, version=version))
    with KeaServer(twin.answers, CREDENTIALS, REALMS[ROOTS[daemon]]) as server:
        yield Kea(daemon, server.server_address[1], twin)


def start_real(daemon: str, lab: Lab) -> tuple[Kea, KeaDaemon]:
    """Start real Kea with the configuration and the leases of a simulated one."""
    lab.secret("user", CREDENTIALS[0])
    lab.secret("password", CREDENTIALS[1])
    port = free_port()
    twin = simulated(daemon, port, lab.inside(lab.folder))
    for key in twin.configuration.get("tsig-keys", ()):
        key["secret-file"] = lab.inside(lab.secret("ddns-key", "YW5vdGhlciB0aHJvdy1hd2F5IHNlY3JldA=="))
    started = lab.start(ROOTS[daemon], as_text(twin.configuration))
    for lease in leases_of(twin, daemon):
        add(started, daemon, lease)
    return Kea(daemon, port, twin, started), started


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
    if kind == "real":
        with Lab(request.getfixturevalue("chroot")) as lab:
            yield start_real(daemon, lab)[0]
    else:
        with running_simulated(daemon, kind) as kea:
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
        text = ".".join(map(str, dhcp4.version))
        version = (
            f'[ {{ "arguments": {{ "extended": "{text} ({text} (tarball))\\npremium: no\\nlinked with:\\n- log4cplus'
        )
        if name == "a service" and dhcp4.version >= (3, 1, 9):
            expected = failed("unsupported service 'other', expected 'dhcp4'")
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


# HTTPS.


@dataclass(frozen=True)
class Secured:
    """An https control socket that demands client certificates; *client* is one, of the *authority* that it trusts."""

    port: int
    authority: Path
    client: Pair

    def context(self, *, shows_certificate: bool = True) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        if shows_certificate:
            context.load_cert_chain(self.client.certificate, self.client.key)
        return context

    @contextmanager
    def connected(self, *, shows_certificate: bool = True) -> Iterator[ssl.SSLSocket]:
        context = self.context(shows_certificate=shows_certificate)
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock,
            context.wrap_socket(sock, server_hostname="127.0.0.1") as secured,
        ):
            yield secured


@pytest.fixture(scope="module")
def secured(kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    if kind != "real":
        authority = Authority(tmp_path_factory.mktemp("tls"))
        tls = Tls(authority.issue("kea", ["127.0.0.1"]), authority.certificate)
        answers = simulated("dhcp4", 8000, server=replace(KEA, version=kind)).answers
        with KeaServer(answers, CREDENTIALS, tls=tls, headers=configuration.HSTS) as server:
            yield Secured(server.server_address[1], authority.certificate, authority.issue("exporter"))
        return
    with Lab(request.getfixturevalue("chroot")) as lab:
        files = [lab.secret(name, text) for name, text in zip(("user", "password"), CREDENTIALS, strict=True)]
        more: Tree = {"cert-required": True, "http-headers": [{"name": "Strict-Transport-Security", "value": HSTS}]}
        port, pair = free_port(), lab.authority.issue("kea", addresses=["127.0.0.1"])
        entry = lab.https(port, pair, authentication=lab.authentication("Dhcp4", *files), **more)
        lab.start("Dhcp4", dhcp_tree("Dhcp4", [entry]))
        yield Secured(port, lab.authority.certificate, lab.authority.issue("exporter"))


@pytest.mark.parametrize("name", ["a command", "nobody", "no JSON", "GET"])
def test_every_answer_has_the_configured_header(secured: Secured, name: str) -> None:
    request, first_line, _, stays_open = REQUESTS[name]
    with secured.connected() as sock:
        head, _ = answered(sock, request)
        assert head[0] == first_line
        names = [line.partition(":")[0] for line in head[1:]]
        assert names == sorted(names)
        assert f"Strict-Transport-Security: {HSTS}" in head
        # An end that TLS knows of.
        assert stays_open or sock.recv(1) == b""


def test_who_shows_no_certificate_is_told_so_instead_of_an_answer(secured: Secured) -> None:
    with secured.connected(shows_certificate=False) as sock, pytest.raises(ssl.SSLError) as caught:
        sock.recv(1)
    assert caught.value.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED"


def test_plain_http_at_a_https_port_gets_no_byte(secured: Secured) -> None:
    with socket.create_connection(("127.0.0.1", secured.port), timeout=10) as sock:
        sock.sendall(http())
        with suppress(ConnectionResetError):
            assert sock.recv(1) == b""


def test_the_authority_is_sent_along(secured: Secured, tmp_path: Path) -> None:
    settings = settings_from_tree(
        {
            "servers": [
                {
                    "name": "kea",
                    "dhcp4": {
                        "url": f"https://127.0.0.1:{secured.port}",
                        "tls_config": {"ca_file": str(secured.authority)},
                    },
                }
            ]
        },
        tmp_path,
    )
    [report] = Collector().collect(settings.daemons, Deadline.after(10))
    tls = known(report.snapshot.tls)
    assert tls is not None
    assert [certificate.subject for certificate in tls.chain] == ["CN=kea", "CN=ca"]


# Commands: result codes, texts and shapes. {4} is the daemon's own family, {6} the other one.

FROM, LIMIT = "'from' parameter", "page size of retrieved leases must not be"
NO_SUBNETS = "no matching data, selected ID range: 0 through 0 includes no known subnets"
RESULTS_OF_ALL: list[tuple[str, object, int, str | None]] = [
    ("no-such-command", None, 2, "'no-such-command' command not supported."),
    ("statistic-get", None, 1, "Missing mandatory 'name' parameter."),
    ("statistic-get", {}, 1, "Missing mandatory 'name' parameter."),
    ("statistic-get", {"x": 1}, 1, "Missing mandatory 'name' parameter."),
    ("statistic-get", {"name": 1}, 1, "'name' parameter expected to be a string."),
    ("list-commands", {"x": 1}, 0, None),
    ("status-get", [], 0, None),
]
RESULTS_OF_DHCP: list[tuple[str, object, int, str | None]] = [
    ("server-tag-get", None, 0, None),
    ("subnet{4}-list", None, 0, "2 IPv{4} subnets found"),
    ("subnet{4}-list", {"x": 1}, 0, "2 IPv{4} subnets found"),
    ("subnet{6}-list", None, 3, "0 IPv{6} subnets found"),
    ("stat-lease{4}-get", None, 0, "stat-lease{4}-get[all subnets]: 2 rows found"),
    ("stat-lease{4}-get", {"x": 1}, 0, "stat-lease{4}-get[all subnets]: 2 rows found"),
    ("stat-lease{6}-get", None, 3, f"stat-lease{{6}}-get[all subnets]: {NO_SUBNETS}"),
    ("stat-lease{4}-get", {"subnet-id": 1}, 0, "stat-lease{4}-get[subnet-id=1]: 1 rows found"),
    ("stat-lease{4}-get", {"subnet-id": "1"}, 1, "'subnet-id' parameter is not integer"),
    ("stat-lease{4}-get", {"subnet-id": 0}, 1, "'subnet-id' parameter must be > 0"),
    ("stat-lease{4}-get", {"subnet-range": 1}, 1, "subnet-range parameter is not a map"),
    ("stat-lease{4}-get", {"subnet-range": {}}, 1, "'first-subnet-id' parameter missing or not an integer"),
    ("stat-lease{4}-get", {"subnet-id": 1, "subnet-range": 1}, 1, "cannot specify both subnet-id and subnet-range"),
    (
        "reservation-get-page",
        {"limit": 100, "from": 9999, "source-index": 0},
        3,
        "0 IPv{4} host(s) found.",
    ),
    ("lease{4}-get", None, 1, "Parameters missing or are not a map."),
    ("lease{4}-get", [], 1, "Parameters missing or are not a map."),
    ("lease{4}-get", {}, 1, "Mandatory 'subnet-id' parameter missing."),
    ("lease{4}-get", {"ip-address": 1}, 1, "'ip-address' is not a string."),
    ("lease{4}-get", {"ip-address": "x"}, 1, "Failed to convert string to address 'x': Invalid argument"),
    ("lease{4}-get", {"ip-address": "{other}"}, 1, "Invalid IPv{4} address specified: {other}"),
    ("lease{4}-get", {"ip-address": "{unspecified}"}, 3, "Lease not found."),
    ("lease{6}-get", {"ip-address": "{other}"}, 3, "Lease not found."),
    ("lease{4}-get-page", None, 1, "no parameters specified for the lease{4}-get-page command"),
    ("lease{4}-get-page", {}, 1, f"{FROM} not specified"),
    ("stat-lease{4}-get", [], 1, "'arguments' parameter is not a map"),
    ("subnet{4}-list", [], 0, "2 IPv{4} subnets found"),
    ("lease{6}-get-page", {"from": "start", "limit": 9}, 3, "0 IPv{6} lease(s) found."),
]
RESULTS_OF_D2: list[tuple[str, object, int, str | None]] = [
    (name, None, 2, f"'{name}' command not supported.")
    for name in ("server-tag-get", "subnet4-list", "stat-lease4-get", "lease4-get-page")
]
PAGES: list[tuple[Tree, str]] = [
    ({"from": "start"}, "'limit' parameter not specified"),
    ({"limit": 1}, f"{FROM} not specified"),
    ({"from": 1, "limit": 1}, f"{FROM} must be a string"),
    ({"from": "x", "limit": 1}, f"{FROM} value is neither 'start' keyword nor a valid IPv{{4}} address"),
    ({"from": "{other}", "limit": 1}, f"{FROM} value {{other}} is not an IPv{{4}} address"),
    ({"from": "start", "limit": "1"}, "'limit' parameter must be a number"),
    ({"from": "start", "limit": 0}, f"{LIMIT} 0"),
    ({"from": "start", "limit": -1}, f"{LIMIT} greater than 4294967295"),
    ({"from": "start", "limit": 2**32}, f"{LIMIT} greater than 4294967295"),
]
# The ids of the rows, or why there are none.
RANGES: list[tuple[int, int | None, list[int] | str]] = [
    (1, 2**32 - 1, [1, 2]),
    (2, 99, [2]),
    (5, 99, "[subnets 5 through 99]: no matching data, selected ID range: 5 through 99 includes no known subnets"),
    (5, 2, "'last-subnet-id' must be greater than 'first-subnet-id'"),
    (1, 1, "LeaseStatsQuery: last_subnet_id_must be > first_subnet_id_"),
    (1, None, "'last-subnet-id' parameter missing or not an integer"),
]


def of_family(text: str, kea: Kea) -> str:
    """Fill in what depends on the family of a daemon."""
    unspecified = {"4": "0.0.0.0", "6": "::"}
    other = "4" if kea.family == "6" else "6"
    filled = text.replace("{4}", kea.family).replace("{6}", other).replace("{other}", unspecified[other])
    return filled.replace("{unspecified}", unspecified.get(kea.family, ""))


def filled_in(arguments: object, kea: Kea) -> object:
    if not isinstance(arguments, dict):
        return arguments
    return {key: of_family(value, kea) if isinstance(value, str) else value for key, value in arguments.items()}


def test_commands_have_the_results_and_texts_of_kea(kea: Kea) -> None:
    expected = [*RESULTS_OF_ALL, *(RESULTS_OF_D2 if kea.daemon == "d2" else RESULTS_OF_DHCP)]
    result_of_global = 0 if kea.daemon != "d2" and kea.version >= (3, 1, 2) else 2
    assert kea.command("statistic-global-get-all")["result"] == result_of_global
    for name, arguments, result, text in expected:
        answer = kea.command(of_family(name, kea), filled_in(arguments, kea))
        wanted = None if text is None else of_family(text, kea)
        assert (answer["result"], answer.get("text")) == (result, wanted), (name, arguments)


def test_wrong_arguments_of_pages_are_refused_in_the_words_of_kea(dhcp: Kea) -> None:
    for arguments, text in PAGES:
        answer = dhcp.command(f"lease{dhcp.family}-get-page", filled_in(arguments, dhcp))
        assert answer == {"result": 1, "text": of_family(text, dhcp)}, arguments


def test_arguments_that_are_no_map_are_refused(kea: Kea) -> None:
    said = "get(string) called on a non-map Element"
    assert kea.command("statistic-get", [])["text"].startswith(f"Error during command processing: {said}")
    if kea.daemon != "d2":
        assert kea.command(f"lease{kea.family}-get-page", [])["text"].startswith(said)


def test_ranges_of_subnets_are_counted(dhcp: Kea) -> None:
    name = f"stat-lease{dhcp.family}-get"
    for first, last, expected in RANGES:
        bounds = {"first-subnet-id": first, **({} if last is None else {"last-subnet-id": last})}
        answer = dhcp.command(name, {"subnet-range": bounds})
        if isinstance(expected, list):
            assert [row[0] for row in answer["arguments"]["result-set"]["rows"]] == expected
            assert answer["text"] == f"{name}[subnets {first} through {last}]: {len(expected)} rows found"
        elif expected.startswith("["):
            assert answer == {"result": 3, "arguments": {}, "text": f"{name}{expected}"}
        else:
            assert answer == {"result": 1, "text": expected}


def test_an_unknown_subnet_has_no_rows_and_no_result_set(dhcp: Kea) -> None:
    name = f"stat-lease{dhcp.family}-get"
    text = f"{name}[subnet-id=99]: no matching data, subnet-id: 99 does not exist"
    assert dhcp.command(name, {"subnet-id": 99}) == {"result": 3, "arguments": {}, "text": text}


def test_an_unknown_statistic_is_no_error(kea: Kea) -> None:
    for name in ("no-such-statistic", "", "subnet[1]"):
        assert kea.command("statistic-get", {"name": name}) == {"result": 0, "arguments": {}}


def test_a_statistic_is_a_list_of_timed_values_newest_first(kea: Kea) -> None:
    every = kea.command("statistic-get-all")["arguments"]
    for name, samples in every.items():
        assert 1 <= len(samples) <= 20
        times = [datetime.strptime(moment, "%Y-%m-%d %H:%M:%S.%f") for _, moment in samples]  # noqa: DTZ007 - Kea's have none
        assert times == sorted(times, reverse=True), name
        assert all(type(value) is int for value, _ in samples)
    name = next(iter(every))
    assert kea.command("statistic-get", {"name": name})["arguments"].keys() == {name}


def test_a_page_begins_behind_the_last_address_of_the_one_before(dhcp: Kea) -> None:
    name, found, last, counts = f"lease{dhcp.family}-get-page", [], "start", []
    while (page := dhcp.command(name, {"from": last, "limit": 20}))["result"] == 0:
        leases = page["arguments"]["leases"]
        assert page["arguments"]["count"] == len(leases)
        assert page["text"] == f"{len(leases)} IPv{dhcp.family} lease(s) found."
        counts.append(len(leases))
        found += leases
        last = leases[-1]["ip-address"]
    assert page == {"result": 3, "arguments": {"count": 0, "leases": []}, "text": f"0 IPv{dhcp.family} lease(s) found."}
    assert found == leases_of(dhcp.twin, dhcp.daemon)
    assert counts[:-1] == [20] * (len(counts) - 1)


def test_a_reload_counts_anew_and_is_no_restart(kea: Kea) -> None:
    before = kea.command("status-get")["arguments"]
    text = "Configuration applied successfully." if kea.daemon == "d2" else "Configuration successful."
    answer = kea.command("config-reload")
    assert (answer["result"], answer["text"]) == (0, text)
    assert answer["arguments"] == kea.command("config-hash-get")["arguments"]
    assert answer["arguments"]["hash"] == kea.command("config-get")["arguments"]["hash"]
    after = kea.command("status-get")["arguments"]
    assert after["pid"] == before["pid"]
    assert after["uptime"] >= before["uptime"]
    assert after["reload"] <= 1


def test_after_a_failed_reload_no_lease_can_be_read_until_a_good_one(dhcp: Kea) -> None:
    family, is_later = dhcp.family, dhcp.version >= (3, 1, 7)
    unchanged = ("config-get", "list-commands", "version-get", f"subnet{family}-list")
    before = {name: dhcp.command(name) for name in unchanged}
    status = dhcp.command("status-get")["arguments"]
    address = {"ip-address": "0.0.0.0" if family == "4" else "::"}
    dhcp.break_configuration()
    try:
        for _ in range(2):
            failed = dhcp.command("config-reload")
            result, text = (5, "load of private key") if is_later else (1, "configuration error using file '/")
            assert failed["result"] == result
            assert failed["text"].startswith(f"Config reload failed: {text}")
        for name, arguments in (
            (f"lease{family}-get", address),
            (f"lease{family}-get-page", {"from": "start", "limit": 9}),
            (f"stat-lease{family}-get", None),
            (f"stat-lease{family}-get", {"subnet-id": 1}),
        ):
            refused = {"result": 1, "text": "no current lease manager is available"}
            assert dhcp.command(name, arguments) == refused, name
        assert dhcp.command(f"lease{family}-get")["text"] == "Parameters missing or are not a map."
        assert dhcp.command(f"stat-lease{family}-get", {"subnet-id": 99})["result"] == 3
        assert {name: dhcp.command(name) for name in unchanged} == before
        after = dhcp.command("status-get")["arguments"]
        lost = {"thread-pool-size", "packet-queue-size", "packet-queue-statistics"}
        assert status.keys() - after.keys() == lost | ({"csv-lease-file"} if is_later else set())
        assert after["multi-threading-enabled"] is False
        assert [after[name] for name in ("pid", "dhcp-state", "sockets")] == [
            status[name] for name in ("pid", "dhcp-state", "sockets")
        ]
        counted = dhcp.command("statistic-get-all")
        assert dhcp.command("statistic-get-all") == counted
    finally:
        dhcp.mend_configuration()
    assert dhcp.command("config-reload")["result"] == 0
    assert dhcp.command("status-get")["arguments"].keys() == status.keys()
    assert dhcp.command(f"lease{family}-get", address) == {"result": 3, "text": "Lease not found."}


# Real Kea with the very configuration and leases of a simulated one says the same.


@dataclass(frozen=True)
class Twins:
    daemon: str
    simulated: Daemon
    real: KeaDaemon

    def arguments(self, name: str, arguments: Tree | None = None) -> tuple[Any, Any]:
        """Return the arguments of both answers, whose results and texts are the same."""
        command = {"command": name, **({} if arguments is None else {"arguments": arguments})}
        simulated, real = self.simulated.answer(command), self.real.command(name, **(arguments or {}))
        assert (simulated["result"], simulated.get("text")) == (real["result"], real.get("text"))
        return simulated["arguments"], real["arguments"]


@pytest.fixture(scope="module", params=[pytest.param(daemon, marks=pytest.mark.lab) for daemon in ROOTS])
def twins(request: pytest.FixtureRequest) -> Iterator[Twins]:
    with Lab(request.getfixturevalue("chroot")) as lab:
        kea, started = start_real(request.param, lab)
        yield Twins(request.param, kea.twin, started)


@pytest.fixture(scope="module", params=[pytest.param(daemon, marks=pytest.mark.lab) for daemon in DHCP])
def dhcp_twins(request: pytest.FixtureRequest) -> Iterator[Twins]:
    with Lab(request.getfixturevalue("chroot")) as lab:
        kea, started = start_real(request.param, lab)
        yield Twins(request.param, kea.twin, started)


def configuration_of(arguments: Tree, root: str) -> Tree:
    """Return the configuration without the unix socket that the lab adds, after a look at the hash."""
    assert arguments.keys() == {root, "hash"}
    assert len(arguments["hash"]) == 64
    tree: Tree = arguments[root]
    return {**tree, "control-sockets": [entry for entry in tree["control-sockets"] if entry["socket-type"] != "unix"]}


def test_twins_have_the_same_configuration(twins: Twins) -> None:
    simulated, real = (configuration_of(arguments, ROOTS[twins.daemon]) for arguments in twins.arguments("config-get"))
    assert simulated == real


def test_twins_have_the_same_commands(twins: Twins) -> None:
    simulated, real = twins.arguments("list-commands")
    assert simulated == real


def test_twins_have_the_same_status(twins: Twins) -> None:
    own = {"pid", "uptime", "reload"}
    simulated, real = twins.arguments("status-get")
    assert simulated.keys() == real.keys()
    assert own <= simulated.keys()
    # How many threads there are depends on the machine.
    own |= {"thread-pool-size"}
    assert {key: value for key, value in simulated.items() if key not in own} == {
        key: value for key, value in real.items() if key not in own
    }


def test_twins_count_the_same_things(twins: Twins) -> None:
    simulated, real = twins.arguments("statistic-get-all")
    assert simulated.keys() == real.keys()
    # Nobody has asked real Kea for anything: all that has only risen is 0 there.
    now = {name for name in simulated if re.search(r"(^|\.)(total|assigned|declined|registered)-", name)}
    assert {name: simulated[name][0][0] for name in now} == {name: real[name][0][0] for name in now}


def test_twins_have_the_same_subnets(dhcp_twins: Twins) -> None:
    for family in (4, 6):
        simulated, real = dhcp_twins.arguments(f"subnet{family}-list")
        assert simulated == real


def test_twins_have_the_same_leases(dhcp_twins: Twins) -> None:
    page = {"from": "start", "limit": 10_000}
    simulated, real = dhcp_twins.arguments(f"lease{dhcp_twins.daemon[-1]}-get-page", page)
    assert simulated == real
    assert {lease["state"] for lease in real["leases"]} == {0, 1}


def test_twins_count_the_same_leases_in_subnets(dhcp_twins: Twins) -> None:
    both = dhcp_twins.arguments(f"stat-lease{dhcp_twins.daemon[-1]}-get")
    simulated, real = (arguments["result-set"] for arguments in both)
    assert simulated["columns"] == real["columns"]
    # What was assigned so far is not counted where leases are added by command.
    now = [index for index, name in enumerate(real["columns"]) if not name.startswith("cumulative")]
    assert [[row[index] for index in now] for row in simulated["rows"]] == [
        [row[index] for index in now] for row in real["rows"]
    ]


@pytest.mark.lab
def test_a_twin_in_a_pair_has_the_same_configuration_and_commands(lab: Lab) -> None:
    ports = [free_port(), free_port()]
    twin = simulated("dhcp4", free_port(), lab.inside(lab.folder), PRIMARY)
    [relationship] = twin.configuration["hooks-libraries"][-1]["parameters"]["high-availability"]
    for peer, port in zip(relationship["peers"], ports, strict=True):
        peer["url"] = f"http://127.0.0.1:{port}/"
    for name, text in zip(("user", "password"), CREDENTIALS, strict=True):
        lab.secret(name, text)
    twins = Twins("dhcp4", twin, lab.start("Dhcp4", as_text(twin.configuration)))
    first, second = (configuration_of(arguments, "Dhcp4") for arguments in twins.arguments("config-get"))
    assert first == second
    first, second = twins.arguments("list-commands")
    assert first == second


@pytest.mark.lab
@pytest.mark.parametrize("daemon", DHCP)
def test_twins_keep_the_same_of_a_subnet_that_was_removed(daemon: str, lab: Lab) -> None:
    family, server = daemon[-1], replace(KEA, uses=(0.4, 0.1, 0.2), networks=("", "", ""))
    for name, text in zip(("user", "password"), CREDENTIALS, strict=True):
        lab.secret(name, text)
    whole = simulated(daemon, free_port(), lab.inside(lab.folder), server)
    real = lab.start(ROOTS[daemon], as_text(whole.configuration))
    twins = Twins(daemon, simulated(daemon, free_port(), server=replace(server, lost_its_last=True)), real)
    for lease in leases_of(twins.simulated, daemon):
        add(real, daemon, lease)
    assert real.command(f"subnet{family}-del", id=3)["result"] == 0
    for name, arguments in (
        (f"subnet{family}-list", None),
        (f"lease{family}-get-page", {"from": "start", "limit": 999}),
    ):
        said, expected = twins.arguments(name, arguments)
        assert said == expected
    said, expected = twins.arguments("statistic-get-all")
    assert said.keys() == expected.keys()
    left = {name for name in said if name.startswith("subnet[3]")} | {"declined-addresses"}
    assert {name: said[name][0][0] for name in left} == {name: expected[name][0][0] for name in left}


# Other versions, as they were recorded.


def shape(value: object) -> object:
    """Return the names and types in a value, without ids of subnets and pools, and statistics of keys."""
    if isinstance(value, dict):
        # Recorded D2 daemons have no TSIG key.
        return {re.sub(r"\[\d+\]", "[]", name): shape(inner) for name, inner in value.items() if name[:4] != "key["}
    if isinstance(value, list):
        return [*map(shape, value[:1])]
    return type(value)


def recorded_twin(version: str, daemon: str) -> tuple[Daemon, Tree]:
    """Return a simulated daemon, and the answers of a real one of the same version, hooks and lease database."""
    real = recorded(version, daemon)
    hooks = ("lease_cmds", "stat_cmds") if version == "kea-2.6.3" else STANDARD
    twin = simulated(daemon, 8000, server=replace(KEA, version=version.removeprefix("kea-"), hooks=hooks))
    if daemon != "d2":
        database = real["config-get"]["arguments"][ROOTS[daemon]]["lease-database"]
        twin.configuration["lease-database"] = database
    return twin, real


SIMULATED_RECORDINGS = [entry for entry in RECORDED if entry[0] != "kea-2.6.3" or entry == OLD_DHCP4]


@pytest.mark.parametrize(("version", "daemon"), SIMULATED_RECORDINGS)
def test_other_versions_answer_in_the_shape_that_was_recorded(version: str, daemon: str) -> None:
    twin, real = recorded_twin(version, daemon)
    for command in {"status-get", "statistic-get-all", "statistic-global-get-all"} & real.keys():
        said, expected = shape(twin.answer({"command": command})), shape(real[command])
        assert said == expected, command
    assert twin.answer({"command": "list-commands"}) == real["list-commands"]
    said = twin.answer({"command": "config-get"})["arguments"][ROOTS[daemon]]
    assert said.keys() == real["config-get"]["arguments"][ROOTS[daemon]].keys()
    if daemon != "d2":
        for command in {f"stat-lease{daemon[-1]}-get", f"subnet{daemon[-1]}-list"} & real.keys():
            assert shape(twin.answer({"command": command})) == shape(real[command]), command


def test_kea_3_3_1_answers_as_recorded_after_a_failed_reload() -> None:
    twin, real = recorded_twin("kea-3.3.1", "dhcp4")
    after = recorded("kea-3.3.1", "dhcp4-after-failed-reload")
    assert isinstance(twin, DhcpDaemon)
    twin.reload_error = Outage.RELOAD_FAILED.value
    failed = twin.answer({"command": "config-reload"})
    cause = "Config reload failed: load of private key file"
    for answer in (failed, after.pop("config-reload")):
        assert (answer["result"], answer["text"].startswith(cause), len(answer)) == (5, True, 2)
    for command in ("lease4-get", "stat-lease4-get"):
        asked = {"command": command, "arguments": {"ip-address": "10.1.0.20"}}
        assert twin.answer(asked) == after.pop(command)
    for command in ("config-get", "list-commands"):
        assert after.pop(command) == real[command]
    for command, expected in after.items():
        assert shape(twin.answer({"command": command})) == shape(expected), command


@pytest.mark.parametrize(
    ("version", "is_assigned"), [("2.6.3", False), ("3.0.3", False), ("3.2.0", True), ("3.3.1", True)]
)
def test_rows_count_the_declined_among_the_assigned_since_3_1_2(version: str, *, is_assigned: bool) -> None:
    twin = simulated("dhcp4", 8000, server=replace(KEA, version=version))
    [row, _] = twin.answer({"command": "stat-lease4-get"})["arguments"]["result-set"]["rows"]
    name = "subnet[1].assigned-addresses"
    [[counted, _], *_] = twin.answer({"command": "statistic-get", "arguments": {"name": name}})["arguments"][name]
    assert row[4] > 0
    assert row[3] == counted - (0 if is_assigned else row[4])


def test_a_relationship_has_the_recorded_shape() -> None:
    twin = simulated("dhcp4", 8000, server=PRIMARY)
    [said] = twin.answer({"command": "status-get"})["arguments"]["high-availability"]
    [real] = recorded("kea-3.0.3", "high-availability")["hot-standby"]["arguments"]["high-availability"]
    for name in ("local", "remote"):
        [ours, theirs] = [relationship["ha-servers"][name] for relationship in (said, real)]
        assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in theirs.items()}
    assert said["ha-mode"] == real["ha-mode"]


# Kea 2.6 behind its Control Agent.


@pytest.fixture(scope="module", params=["simulated", REAL])
def agent(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the url of a Control Agent with a DHCPv4 daemon behind it."""
    if request.param == "simulated":
        server = Server("kea", "", version="2.6.3", hooks=("lease_cmds", "stat_cmds"))
        life = Life(time.time, time.time(), 1)
        authentication = configuration.authentication("kea-control-agent", {"user": "m", "password": "pa-ss"})
        with KeaServer(Blueprint(server, 1, 1, life).agent(8000, authentication).answers) as kea:
            yield kea.url
        return
    with Lab(ensure(OLD)) as lab:
        tree = dhcp_tree("Dhcp4", [], ("lease_cmds", "stat_cmds"), subnet4=[subnet4(1)])
        del tree["control-sockets"]
        daemon = lab.start("Dhcp4", tree)
        port, behind = free_port(), {"socket-type": "unix", "socket-name": f"/run/kea/{daemon.unix_socket.name}"}
        lab.start("Control-agent", control_agent(port, {"dhcp4": behind}))
        yield f"http://127.0.0.1:{port}"


def asked(url: str, name: str, service: object = None) -> list[Tree]:
    body = {"command": name, **({} if service is None else {"service": service})}
    said: list[Tree] = requests.post(url, json=body, timeout=10).json()
    return said


def test_an_agent_answers_by_itself_what_is_for_nobody(agent: str) -> None:
    services: tuple[object, ...] = (None, [])
    for service in services:
        [configuration_said] = asked(agent, "config-get", service)
        assert "Control-agent" in configuration_said["arguments"]
        [status] = asked(agent, "status-get", service)
        assert status["arguments"].keys() == {"pid", "reload", "uptime"}
    [unknown] = asked(agent, "stat-lease4-get")
    assert unknown["result"] == 2
    assert unknown["text"].startswith("'stat-lease4-get' command not supported. You did not include \"service\" param")
    assert unknown["text"].endswith(" to forward it to DHCPv4, DHCPv6 and D2 servers etc.")


def test_an_agent_forwards_what_is_for_others(agent: str) -> None:
    [said] = asked(agent, "config-get", ["dhcp4"])
    assert said["arguments"].keys() == {"Dhcp4", "hash"}
    assert "control-socket" in said["arguments"]["Dhcp4"]
    twice = asked(agent, "version-get", ["dhcp4", "dhcp4"])
    assert [answer["text"] for answer in twice] == ["2.6.3"] * 2
    [unknown] = asked(agent, "no-such-command", ["dhcp4"])
    assert unknown == {"result": 2, "text": "'no-such-command' command not supported."}


def test_an_agent_says_whom_it_does_not_know(agent: str) -> None:
    text = "forwarding socket is not configured for the server type dhcp6"
    assert asked(agent, "version-get", ["dhcp6"]) == [{"result": 1, "text": text}]
    assert asked(agent, "version-get", "dhcp4") == [{"result": 1, "text": "service value must be a list"}]


def test_an_agent_has_the_commands_of_its_own(agent: str) -> None:
    [said] = asked(agent, "list-commands")
    common = "build-report config-get config-hash-get config-reload config-set config-test config-write list-commands"
    assert said["arguments"] == [*common.split(), "shutdown", "status-get", "version-get"]
