"""/probe: one server for each request, and nothing else unless the configuration allows it."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import socketserver
import struct
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, Queue
from typing import TYPE_CHECKING, NoReturn, Self
from urllib.parse import quote

import pytest
import requests
from structlog.testing import capture_logs

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.probe import nothing_learnt
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.names import RESOLVER
from kea_simulator.server import Tls
from lab.servers.certificates import Authority
from lab.servers.processes import Running, free_port
from tests.support.exporter import COMMAND, is_healthy, parsed, values, written
from tests.support.peers import SimulatedKea, peer
from tests.support.serving import GENEROUS, answer, kea_answers, needs_ipv6, servers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot, Target
    from kea_exporter.transport.deadline import Deadline
    from tests.support.exporter import Samples
    from tests.support.serving import Served, Tree

CANARY = "canary-c0de"
NASTY = """<script>alert(1)</script>"'&"""


# Servers of the configuration.


@pytest.fixture(scope="module")
def fleet() -> Iterator[Served]:
    """Serve a server with two daemons, and one that is dead."""
    with SimulatedKea(kea_answers()) as kea4, SimulatedKea(kea_answers("dhcp6")) as kea6:
        both = {"name": "a", "dhcp4": {"url": kea4.url}, "dhcp6": {"url": kea6.url}}
        dead = {"name": "b", "dhcp4": {"url": f"http://127.0.0.1:{free_port()}"}}
        with serving({"servers": [both, dead]}) as web:
            web.get("/metrics")  # the first scrape asks for more than those after it
            yield web


def found(samples: Samples) -> set[tuple[str, str]]:
    return {(labels["server"], labels["daemon"]) for labels, _ in samples["kea_up"]}


@pytest.mark.parametrize(
    ("target", "daemons"),
    [
        ("a", {("a", "dhcp4"), ("a", "dhcp6")}),
        ("a/dhcp4", {("a", "dhcp4")}),
        ("a/dhcp6", {("a", "dhcp6")}),
        ("b", {("b", "dhcp4")}),
    ],
)
def test_a_target_is_a_server_or_one_of_its_daemons(fleet: Served, target: str, daemons: set[tuple[str, str]]) -> None:
    page = fleet.probe(target=target)
    assert page.status_code == 200
    assert found(parsed(page.text)) == daemons


def test_a_dead_server_is_an_answer_and_no_error(fleet: Served) -> None:
    page = fleet.probe(target="b")
    samples = parsed(page.text)
    assert page.status_code == 200
    assert samples["kea_up"] == [({"server": "b", "daemon": "dhcp4"}, 0)]
    assert values(samples, "kea_probe_failure", "reason") == {"refused": 1}


WRONG = {
    "nothing": "",
    "no target": "?module=x",
    "an empty target": "?target=",
    "an unknown server": "?target=c",
    "a server in other letters": "?target=A",
    "a blank after it": "?target=a%20",
    "an unknown daemon": "?target=a/dhcp9",
    "a daemon that the server does not have": "?target=b/dhcp6",
    "a daemon alone": "?target=/dhcp4",
    "something after the daemon": "?target=a/dhcp4/x",
    "a path": "?target=../../etc/passwd",
    "a null byte": "?target=a%00",
    "bytes that are no text": "?target=%ff%fe",
    "a script": f"?target={quote(NASTY)}",
    "an address": "?target=127.0.0.1:8001",
    "an address without a scheme": "?target=//127.0.0.1:8001",
    "a unix socket in short": "?target=unix:/run/kea/kea4-ctrl-socket",
    "a server twice": "?target=a&target=a",
    "two servers": "?target=a&target=b",
    "another parameter twice": "?target=a&debug=true&debug=true",
    "another parameter twice in other bytes": "?target=a&%64ebug=true&debug=true",
}


@pytest.mark.parametrize("case", WRONG)
def test_anything_else_is_told_to_be_a_mistake_and_not_repeated(fleet: Served, case: str) -> None:
    page = fleet.get(f"/probe{WRONG[case]}")
    assert page.status_code == 400
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert page.text.count("\n") == 1
    for text in ("script", "passwd", "127.0.0.1", "\0"):
        assert text not in page.text


def of_server(page: str, server: str) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    return {
        (name, frozenset(labels.items()))
        for name, samples in parsed(page).items()
        for labels, _ in samples
        if labels.get("server") == server
    }


@pytest.mark.parametrize(("server", "general"), [("a", set()), ("b", {"kea_probe_failure_info"})])
def test_the_page_has_exactly_the_series_of_its_server(fleet: Served, server: str, general: set[str]) -> None:
    everything, page = fleet.get("/metrics").text, fleet.probe(target=server).text
    about_exporter = {sample for sample in of_server(everything, server) if sample[0].startswith("kea_exporter_")}
    assert of_server(page, server) == of_server(everything, server) - about_exporter
    assert len(of_server(page, server)) > 10
    others = {name for name, found in parsed(page).items() for labels, _ in found if labels.get("server") != server}
    assert others == general | {"kea_requirement_info", "kea_requirement_unmet_info"}


def test_help_and_type_of_each_family_are_those_of_the_page_of_all(fleet: Served) -> None:
    everything, page = (
        {line for line in text.splitlines() if line.startswith("#")}
        for text in (fleet.get("/metrics").text, fleet.probe(target="a").text)
    )
    assert page <= everything


def test_openmetrics_comes_to_whoever_accepts_it(fleet: Served) -> None:
    page = fleet.get("/probe?target=a", Accept="application/openmetrics-text; version=1.0.0")
    assert page.headers["Content-Type"].startswith("application/openmetrics-text")
    assert page.text.endswith("# EOF\n")


def test_a_probe_is_not_the_last_collection_of_all(fleet: Served) -> None:
    last = fleet.service.last
    fleet.probe(target="a")
    assert fleet.service.last is last


def test_only_requested_daemons_are_probed_within_the_timeout() -> None:
    given: list[tuple[str, float]] = []

    def look(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        given.append((daemon.target.server, deadline.remaining()))
        return answer(daemon, deadline, before)

    with serving(servers("a", "b", timeout="60s"), probe_daemon=look) as web:
        web.get("/probe?target=b", **{"X-Prometheus-Scrape-Timeout-Seconds": "30"})
        web.get("/probe?target=b")
    assert [server for server, _ in given] == ["b", "b"]
    assert 20 < given[0][1] < 29.5
    assert 5 < given[1][1] < 9.5


# What a probe did, for people.


@pytest.fixture(scope="module")
def debugged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve daemons that are full of secrets, each in another place."""
    answers = kea_answers()
    answers["config-get"]["arguments"]["Dhcp4"] |= {
        "control-sockets": [
            {
                "socket-type": "http",
                "socket-address": "127.0.0.1",
                "socket-port": 1,
                "authentication": {"type": "basic", "clients": [{"user": CANARY, "password": CANARY}]},
                "http-headers": [{"name": "X-Secret", "value": CANARY}],
            }
        ],
        "lease-database": {"type": "mysql", "password": CANARY},
        "hosts-databases": [{"type": "postgresql", "user": CANARY, "password": CANARY}],
        "user-context": {"password": CANARY},
        "option-data": [{"name": "x", "data": CANARY}],
    }
    headers = {"X-Secret": CANARY, "Set-Cookie": f"session={CANARY}", "Server": CANARY}
    folder = tmp_path_factory.mktemp("debug")
    (folder / "password").write_text(CANARY)
    login = {"username": "monitor", "password": CANARY}
    from_file = {"username": "monitor", "password_file": str(folder / "password")}
    with (
        SimulatedKea(answers, ("monitor", CANARY), headers=headers) as kea,
        SimulatedKea(answers, ("monitor", "another"), headers=headers) as locked,
    ):
        entries = [
            {"name": "inline", "dhcp4": {"url": kea.url, "basic_auth": login}},
            {"name": "file", "dhcp4": {"url": f"{kea.url}/file", "basic_auth": from_file}},
            {"name": "refused", "dhcp4": {"url": locked.url, "basic_auth": login}},
            {"name": "dead", "dhcp4": {"url": f"http://127.0.0.1:{free_port()}", "basic_auth": login}},
        ]
        with serving({"servers": entries}) as web:
            yield web


@pytest.mark.parametrize("server", ["inline", "file"])
def test_debug_shows_what_was_asked_answered_judged_and_exported(debugged: Served, server: str) -> None:
    page = debugged.probe(target=server, debug="true")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/plain; charset=utf-8"
    told, _, exported = page.text.partition("\nMetrics\n")
    assert told.startswith(f"{server} dhcp4  http://127.0.0.1:")
    for command in ("version-get", "status-get", "config-get", "list-commands"):
        [line] = [line for line in told.splitlines() if f"bytes  {command}: answered" in line]
        duration, unit, size, *_ = line.split()
        assert (float(duration) >= 0, unit, int(size) > 10) == (True, "ms", True)
    assert "met             service-matches (required): " in told
    assert set(parsed(exported)) == set(parsed(debugged.probe(target=server).text))
    assert values(parsed(exported), "kea_up", "server") == {server: 1}


@pytest.mark.parametrize(
    ("server", "failure"),
    [("refused", "failed at auth (unauthorized)"), ("dead", "failed at connect (refused)")],
)
def test_debug_shows_why_a_probe_failed(debugged: Served, server: str, failure: str) -> None:
    page = debugged.probe(target=server, debug="true").text
    assert failure in page
    assert "unknown" in page.partition("Verdicts")[2]
    assert values(parsed(page.partition("\nMetrics\n")[2]), "kea_up", "server") == {server: 0}


@pytest.mark.parametrize("server", ["inline", "file", "refused", "dead"])
@pytest.mark.parametrize("asked", ["", "&debug=true"])
def test_no_page_of_a_probe_shows_a_secret(debugged: Served, server: str, asked: str) -> None:
    headers = {"Authorization": f"Basic {CANARY}", "Cookie": CANARY, "User-Agent": CANARY}
    page = debugged.get(f"/probe?target={server}{asked}", **headers)
    assert page.status_code == 200
    assert CANARY not in page.text + repr(page.headers)


@pytest.mark.parametrize("value", ["", "false", "1", "TRUE"])
def test_anything_but_true_is_no_debugging(fleet: Served, value: str) -> None:
    assert found(parsed(fleet.probe(target="a/dhcp4", debug=value).text)) == {("a", "dhcp4")}


# Addresses that are no servers of the configuration.


def allowing(
    ports: list[int], networks: tuple[str, ...] = ("127.0.0.1/32",), auth: Tree | None = None, **more: object
) -> Tree:
    """Return a configuration in which /probe may be asked for some addresses."""
    targets = [{"networks": list(networks), "ports": ports, "auth": "branches"}]
    return {
        "auths": {"branches": auth or {}},
        "probe": {"allowed_targets": targets},
        **servers("configured"),
        **more,
    }


class Recorder:
    """Listens at a port, hangs up on whoever connects, and tells what they had sent by then."""

    def __init__(self) -> None:
        self._heard: Queue[bytes] = Queue()

    def __call__(self, sock: socket.socket) -> None:
        try:
            heard = sock.recv(65536)
        except ConnectionError:  # they hung up without a word, and before they had read all of the handshake
            heard = b""
        self._heard.put(heard)
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)

    def heard(self) -> bytes:
        return self._heard.get(timeout=GENEROUS)

    def is_untouched(self) -> bool:
        """Return whether nobody has connected; whoever has is noticed before a probe comes back."""
        try:
            self._heard.get(timeout=0.1)
        except Empty:
            return True
        return False


@pytest.fixture
def kea() -> Iterator[SimulatedKea]:
    with SimulatedKea(kea_answers()) as kea:
        yield kea


def port_of(kea: SimulatedKea) -> int:
    return kea.server_address[1]


def test_addresses_cannot_be_probed_by_default(kea: SimulatedKea) -> None:
    with serving(servers("a", url=kea.url)) as web:
        page = web.probe(target=kea.url)
    assert (page.status_code, kea.received) == (403, [])
    assert "allowed_targets" in page.text


def test_an_allowed_address_is_probed_like_any_server(kea: SimulatedKea) -> None:
    with serving({**allowing([port_of(kea)]), **servers("a", url=kea.url)}) as web:
        configured, free = web.probe(target="a"), web.probe(target=kea.url)
    server = kea.url.removeprefix("http://")
    assert free.status_code == 200
    assert values(parsed(free.text), "kea_up", "server") == {server: 1}
    series = of_server(configured.text, "a")
    assert {name for name, _ in of_server(free.text, server)} == {name for name, _ in series}


def test_a_dead_allowed_address_is_an_answer_and_no_error() -> None:
    port = free_port()
    with serving(allowing([port])) as web:
        page = web.probe(target=f"http://127.0.0.1:{port}")
    samples = parsed(page.text)
    assert page.status_code == 200
    assert samples["kea_up"] == [({"server": f"127.0.0.1:{port}", "daemon": "dhcp4"}, 0)]
    assert values(samples, "kea_probe_failure", "reason") == {"refused": 1}


def test_which_daemon_answers_there_is_asked_for_too(kea: SimulatedKea) -> None:
    with serving(allowing([port_of(kea)])) as web:
        page = web.probe(target=kea.url, daemon="dhcp6")
        wrong = web.probe(target=kea.url, daemon=NASTY)
    assert found(parsed(page.text)) == {(kea.url.removeprefix("http://"), "dhcp6")}
    assert values(parsed(page.text), "kea_probe_failure", "reason") == {"wrong_daemon": 1}
    assert (wrong.status_code, "script" in wrong.text) == (400, False)
    assert "dhcp4, dhcp6, d2" in wrong.text


def test_the_usual_port_of_the_scheme_counts_where_none_is_written() -> None:
    def look(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        asked.append((daemon.target.url, daemon.port))
        return answer(daemon, deadline, before)

    asked: list[tuple[str, int | None]] = []
    with serving(allowing([443]), probe_daemon=look) as web:
        assert web.probe(target="https://127.0.0.1").status_code == 200
        assert web.probe(target="http://127.0.0.1").status_code == 403
    assert asked == [("https://127.0.0.1:443", 443)]


SAME_ADDRESS = {
    "as it is": "http://127.0.0.1:{port}",
    "with a slash": "http://127.0.0.1:{port}/",
    "a scheme in capitals": "HTTP://127.0.0.1:{port}",
    "in short": "http://127.1:{port}",
    "in hexadecimal": "http://0x7f.0.0.1:{port}",
    "in hexadecimal as one number": "http://0x7f000001:{port}",
    "as one number": "http://2130706433:{port}",
    "in octal": "http://0177.0.0.1:{port}",
    "as an IPv6 address": "http://[::ffff:127.0.0.1]:{port}",
    "as an IPv6 address in hexadecimal": "http://[::ffff:7f00:1]:{port}",
    "as an IPv6 address in full": "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}",
}


@pytest.mark.parametrize("spelling", SAME_ADDRESS)
def test_another_spelling_of_an_allowed_address_is_that_address(kea: SimulatedKea, spelling: str) -> None:
    with serving(allowing([port_of(kea)])) as web:
        page = web.probe(target=SAME_ADDRESS[spelling].format(port=port_of(kea)))
    assert page.status_code == 200
    assert [value for _, value in parsed(page.text)["kea_up"]] == [1]


@pytest.mark.parametrize("networks", [("127.0.0.2/32",), ("10.0.0.0/8", "::/0"), ("::ffff:0:0/96",)], ids=" ".join)
@pytest.mark.parametrize("spelling", SAME_ADDRESS)
def test_no_spelling_of_another_address_is_let_through(spelling: str, networks: tuple[str, ...]) -> None:
    recorder = Recorder()
    with peer(recorder) as port, serving(allowing([port], networks)) as web:
        page = web.probe(target=SAME_ADDRESS[spelling].format(port=port))
        assert page.status_code == 403
        assert recorder.is_untouched()


NOT_ALLOWED = {
    "another port": "http://127.0.0.1:{other}",
    "another address": "http://127.0.0.2:{port}",
    "any address": "http://0.0.0.0:{port}",
    "any address in short": "http://0:{port}",
    "the loopback of IPv6": "http://[::1]:{port}",
    "any address of IPv6": "http://[::]:{port}",
    "an IPv6 address with a zone": "http://[fe80::1%lo]:{port}",
    "a compatible IPv6 address": "http://[::127.0.0.1]:{port}",
    "a translated address": "http://[64:ff9b::7f00:1]:{port}",
    "the service of a cloud": "http://169.254.169.254:{port}",
}
NO_TARGET = {
    "a user": "http://monitor@127.0.0.1:{port}",
    "a user and a password": "http://monitor:" + CANARY + "@127.0.0.1:{port}",
    "an empty user": "http://@127.0.0.1:{port}",
    "an allowed address as user": "http://127.0.0.1:{port}@127.0.0.2:{port}",
    "an allowed address before a backslash": "http://127.0.0.1:{port}\\@127.0.0.2:{port}",
    "a path": "http://127.0.0.1:{port}/admin",
    "two slashes": "http://127.0.0.1:{port}//",
    "a query": "http://127.0.0.1:{port}?x=" + CANARY,
    "a query after a slash": "http://127.0.0.1:{port}/?x",
    "a fragment": "http://127.0.0.1:{port}#x",
    "a unix socket": "unix:///run/kea/kea4-ctrl-socket",
    "a unix socket on a host": "unix://127.0.0.1:{port}/run/kea",
    "a file": "file:///etc/passwd",
    "ftp": "ftp://127.0.0.1:{port}",
    "gopher": "gopher://127.0.0.1:{port}",
    "no scheme": "://127.0.0.1:{port}",
    "no host": "http://:{port}",
    "nothing at all": "http://",
    "three slashes": "http:///127.0.0.1:{port}",
    "an open bracket": "http://[127.0.0.1:{port}",
    "brackets around IPv4": "http://[127.0.0.1]:{port}",
    "no port after the colon and a name": "http://127.0.0.1:http",
    "port 0": "http://127.0.0.1:0",
    "a port out of range": "http://127.0.0.1:99999",
    "a negative port": "http://127.0.0.1:-{port}",
    "two ports": "http://127.0.0.1:{port}:{port}",
    "a blank": "http://127.0.0.1 :{port}",
    "a blank before": " http://127.0.0.1:{port}",
    "a line end": "http://127.0.0.1:{port}\r\nX-Injected: yes",
    "a tabulator in the middle": "http://127.0.\t0.1:{port}",
    "a null byte": "http://127.0.0.1\0:{port}",
    "too large a number": "http://4294967296999:{port}",
    "a dot after the address": "http://127.0.0.1.:{port}",
    "two dots": "http://127.0.0..1:{port}",
    "a label that is too long": "http://" + "a" * 64 + ":{port}",
    "a name that is too long": "http://" + "a." * 200 + ":{port}",
    "percent signs": "http://127.0.0.1%2f:{port}",
}


@pytest.mark.parametrize("case", NOT_ALLOWED)
def test_other_addresses_and_ports_are_refused(case: str) -> None:
    recorder = Recorder()
    with peer(recorder, at=("0.0.0.0", 0)) as port, peer(Recorder()) as other, serving(allowing([port])) as web:
        page = web.probe(target=NOT_ALLOWED[case].format(port=port, other=other))
        assert page.status_code == 403
        assert page.text == "no entry of allowed_targets allows this address and port\n"
        assert recorder.is_untouched()


@pytest.mark.parametrize("case", NO_TARGET)
def test_an_address_of_no_control_socket_is_refused_unrepeated(case: str) -> None:
    recorder = Recorder()
    with peer(recorder, at=("0.0.0.0", 0)) as port, serving(allowing([port], ("127.0.0.1/32", "::/0"))) as web:
        page = web.probe(target=NO_TARGET[case].format(port=port))
        assert page.status_code == 400
        assert page.text.count("\n") == 1
        for text in (CANARY, "passwd", "X-Injected", str(port)):
            assert text not in page.text
        assert recorder.is_untouched()


def test_an_allowed_address_of_ipv6_is_told_apart_from_those_of_ipv4() -> None:
    def look(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        asked.append((daemon.target.server, daemon.address))
        return answer(daemon, deadline, before)

    asked: list[tuple[str, str | None]] = []
    with serving(allowing([8001], ("2001:db8::/32",)), probe_daemon=look) as web:
        assert web.probe(target="http://[2001:db8::1]:8001").status_code == 200
        assert web.probe(target="http://[2001:0DB8:0:0::1]:8001").status_code == 200
        for other in ("[2001:db9::1]", "127.0.0.1", "[::ffff:127.0.0.1]"):
            assert web.probe(target=f"http://{other}:8001").status_code == 403
    assert [address for _, address in asked] == ["2001:db8::1", "2001:db8::1"]


# Credentials.


def test_no_credentials_of_defaults_or_servers_reach_an_allowed_address() -> None:
    recorder = Recorder()
    login = {"basic_auth": {"username": "monitor", "password": CANARY}}
    with peer(recorder) as port:
        tree = {**allowing([port]), "defaults": login, **servers("a", url=f"http://127.0.0.1:{port}", **login)}
        with serving(tree) as web:
            page = web.probe(target=f"http://127.0.0.1:{port}")
            assert page.status_code == 200
            sent = recorder.heard()
            assert sent.startswith(b"POST / HTTP/1.1\r\n")
            assert b"authorization" not in sent.lower()
            web.probe(target="a")
            assert b"authorization: basic" in recorder.heard().lower()


def test_no_certificate_of_defaults_is_shown_to_an_allowed_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own, of_server = authority.issue("exporter"), authority.issue("kea", addresses=["127.0.0.1"])
    tls = {"ca_file": str(authority.certificate), "cert_file": str(own.certificate), "key_file": str(own.key)}
    with SimulatedKea(kea_answers(), tls=Tls(of_server, authority.certificate)) as kea:
        auth = {"tls_config": {"ca_file": str(authority.certificate)}}
        tree = {**allowing([port_of(kea)], auth=auth), "defaults": {"tls_config": tls}, **servers("a", url=kea.url)}
        with serving(tree) as web:
            assert [value for _, value in parsed(web.probe(target="a").text)["kea_up"]] == [1]
            free = parsed(web.probe(target=kea.url).text)
    assert [value for _, value in free["kea_up"]] == [0]
    assert values(free, "kea_probe_failure", "stage") == {"tls": 1}


def test_credentials_of_the_auth_go_to_the_verified_address_alone(tmp_path: Path) -> None:
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    good, bad = authority.issue("good", addresses=["127.0.0.1"]), stranger.issue("bad", addresses=["127.0.0.1"])
    login = {"username": "monitor", "password": CANARY}
    auth = {"basic_auth": login, "tls_config": {"ca_file": str(authority.certificate)}}
    recorder = Recorder()
    with (
        SimulatedKea(kea_answers(), ("monitor", CANARY), tls=Tls(good)) as kea,
        peer(recorder, bad) as port,
        serving(allowing([port_of(kea), port], auth=auth)) as web,
    ):
        trusted = parsed(web.probe(target=kea.url).text)
        page = web.probe(target=f"https://127.0.0.1:{port}").text
    assert [value for _, value in trusted["kea_up"]] == [1]
    assert values(parsed(page), "kea_probe_failure", "reason") == {"certificate_untrusted_issuer": 1}
    assert recorder.heard() == b""


def test_each_allowed_address_gets_the_credentials_of_its_own_auth(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    tls = Tls(authority.issue("kea", addresses=["127.0.0.1"]))
    ca = {"ca_file": str(authority.certificate)}
    with (
        SimulatedKea(kea_answers(), ("one", "first"), tls=tls) as one,
        SimulatedKea(kea_answers(), ("two", "second"), tls=tls) as two,
    ):
        tree = {
            "auths": {
                "one": {"basic_auth": {"username": "one", "password": "first"}, "tls_config": ca},
                "two": {"basic_auth": {"username": "two", "password": "second"}, "tls_config": ca},
            },
            "probe": {
                "allowed_targets": [
                    {"networks": ["127.0.0.0/8"], "ports": [port_of(one)], "auth": "one"},
                    {"networks": ["127.0.0.0/8"], "ports": [port_of(two)], "auth": "two"},
                ]
            },
            **servers("a"),
        }
        with serving(tree) as web:
            up = [parsed(web.probe(target=kea.url).text)["kea_up"][0][1] for kea in (one, two)]
    assert up == [1, 1]


def test_credentials_do_not_leave_over_http() -> None:
    recorder = Recorder()
    auth = {"basic_auth": {"username": "monitor", "password": CANARY}}
    with peer(recorder) as port, serving(allowing([port], auth=auth)) as web:
        page = web.probe(target=f"http://127.0.0.1:{port}")
        assert page.status_code == 403
        assert "https" in page.text
        assert recorder.is_untouched()
    assert CANARY not in page.text


def test_debug_of_an_allowed_address_shows_no_secret(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    auth = {
        "basic_auth": {"username": "monitor", "password": CANARY},
        "tls_config": {"ca_file": str(authority.certificate)},
    }
    tls = Tls(authority.issue("kea", addresses=["127.0.0.1"]))
    with (
        SimulatedKea(kea_answers(), ("monitor", CANARY), tls=tls) as kea,
        serving(allowing([port_of(kea)], auth=auth)) as web,
    ):
        page = web.probe(target=kea.url, debug="true").text
    assert "config-get: answered" in page
    assert CANARY not in page


# Nothing of such an address is kept.

REFUSED = Failure(Stage.CONNECT, Reason.REFUSED, "nothing listens there")


@pytest.mark.parametrize("outcome", ["sound", "failing", "raising", "unresolved"])
def test_nothing_is_kept_or_logged_of_addresses_that_anybody_may_name(
    outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def time_out(*_: object) -> NoReturn:
        raise TransportError(Failure(Stage.RESOLVE, Reason.RESOLVER_TIMED_OUT, "no answer in time"))

    if outcome == "unresolved":
        monkeypatch.setattr(RESOLVER, "resolve", time_out)
    host = "kea-{}.test" if outcome == "unresolved" else "127.0.0.{}"
    seen: list[weakref.ref[Target] | weakref.ref[Snapshot]] = []

    def look(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        seen.append(weakref.ref(daemon.target))
        if outcome == "raising":
            raise RuntimeError(CANARY)
        failed = nothing_learnt(daemon.target, REFUSED, 0, 5)
        snapshot = answer(daemon, deadline, before) if outcome == "sound" else failed
        seen.append(weakref.ref(snapshot))
        return snapshot

    with serving(allowing([8001], ("127.0.0.0/8",)), probe_daemon=look) as web, capture_logs() as logged:
        pages = [web.probe(target=f"http://{host.format(number)}:8001") for number in range(1, 200)]
        gc.collect()
        assert {page.status_code for page in pages} == {200}
        assert len(seen) >= 199
        # The last one may still be in the hands of the thread that answered it.
        assert sum(reference() is not None for reference in seen) <= 2
        assert web.service.last is None
        elsewhere = web.get("/metrics").text + web.get("/sd").text + web.get("/api/v1/servers").text
        assert host.format(7) not in elsewhere
    told = [line for line in logged if line.get("server") != "configured"]
    assert told == []


# Names: looked up once, and the address that was allowed is the one that is connected to.


NAME_SERVER, SILENT_NAME_SERVER = "127.53.53.53", "127.53.53.54"

is_possible = sys.platform == "linux" and os.geteuid() == 0 and shutil.which("unshare") is not None
needs_namespace = pytest.mark.skipif(not is_possible, reason="a resolver of its own needs root and unshare")


@contextmanager
def exporter_that_resolves_by(file: Path, instead_of: str, config_file: Path) -> Iterator[str]:
    """Run an exporter that sees another file in the place of one under /etc, and give its url."""
    address = f"127.0.0.1:{free_port()}"
    serve = [*COMMAND, "serve", "--config.file", str(config_file), "--web.listen-address", address]
    script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    arguments = ["unshare", "--mount", "sh", "-c", script, "sh", str(file), instead_of, *serve]
    running = Running(arguments, config_file.with_suffix(".log"))
    try:
        running.wait_until(lambda: is_healthy(f"http://{address}"))
        yield f"http://{address}"
    finally:
        running.stop()


def probed(url: str, target: str) -> requests.Response:
    return requests.get(f"{url}/probe", params={"target": target}, timeout=GENEROUS)


def is_untouched(listener: socket.socket) -> bool:
    """Return whether nobody has connected to a socket that is listened on, and never accepted from."""
    listener.settimeout(0)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return True
    return False


@needs_namespace
@pytest.mark.parametrize("first", ["the allowed one", "the other one"])
@pytest.mark.parametrize("other", ["127.0.0.2", pytest.param("::1", marks=needs_ipv6)])
def test_only_the_allowed_address_of_a_name_is_connected_to(
    tmp_path: Path, kea: SimulatedKea, other: str, first: str
) -> None:
    hosts, port = tmp_path / "hosts", port_of(kea)
    lines = ["127.0.0.1 kea.test\n", f"{other} kea.test\n"]
    hosts.write_text("".join(lines if first == "the allowed one" else lines[::-1]) + f"{other} other.test\n")
    config_file = written(tmp_path, allowing([port]))
    family = socket.AF_INET6 if ":" in other else socket.AF_INET
    with (
        socket.create_server((other, port), family=family) as listener,
        exporter_that_resolves_by(hosts, "/etc/hosts", config_file) as url,
    ):
        page, refused = probed(url, f"http://kea.test:{port}"), probed(url, f"http://other.test:{port}")
        kea.__exit__()
        dead = probed(url, f"http://kea.test:{port}")
        assert is_untouched(listener)
    assert values(parsed(page.text), "kea_up", "server") == {f"kea.test:{port}": 1}
    assert refused.status_code == 403
    assert values(parsed(dead.text), "kea_probe_failure", "reason") == {"refused": 1}


@needs_namespace
def test_the_name_and_not_the_address_is_what_a_certificate_has_to_cover(tmp_path: Path) -> None:
    hosts, authority = tmp_path / "hosts", Authority(tmp_path)
    hosts.write_text("127.0.0.1 kea.test other.test\n")
    tls = Tls(authority.issue("kea", dns_names=["kea.test"]))
    auth = {"tls_config": {"ca_file": str(authority.certificate)}}
    with SimulatedKea(kea_answers(), tls=tls) as kea:
        config_file = written(tmp_path, allowing([port_of(kea)], auth=auth))
        with exporter_that_resolves_by(hosts, "/etc/hosts", config_file) as url:
            good, wrong = (probed(url, f"https://{name}:{port_of(kea)}").text for name in ("kea.test", "other.test"))
    assert [value for _, value in parsed(good)["kea_up"]] == [1]
    assert values(parsed(wrong), "kea_probe_failure", "reason") == {"certificate_name_mismatch": 1}


class Resolver(socketserver.UDPServer):
    """A name server that gives another address to each question for one, at once or after some seconds."""

    def __init__(self, addresses: list[str], delay: float = 0) -> None:
        super().__init__((NAME_SERVER, 53), _Question)
        self.addresses = addresses
        self.delay = delay
        self.asked = 0

    def next_address(self) -> bytes:
        self.asked += 1
        return socket.inet_aton(self.addresses[min(self.asked, len(self.addresses)) - 1])

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Question(socketserver.BaseRequestHandler):
    server: Resolver

    def handle(self) -> None:
        """Answer (RFC 1035): a header of 12 bytes, the name as labels up to an empty one, type and class."""
        time.sleep(self.server.delay)
        question, sock = self.request
        end = question.index(0, 12) + 5
        is_for_ipv4 = question[end - 4 : end - 2] == b"\0\1"
        record = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + self.server.next_address() if is_for_ipv4 else b""
        header = question[:2] + struct.pack(">HHHHH", 0x8180, 1, is_for_ipv4, 0, 0)
        sock.sendto(header + question[12:end] + record, self.client_address)


def resolver_file(folder: Path) -> Path:
    path = folder / "resolv.conf"
    path.write_text(f"nameserver {NAME_SERVER}\noptions timeout:5 attempts:1\n")
    return path


@needs_namespace
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_second_answer_of_the_resolver_changes_no_connection(tmp_path: Path, scheme: str) -> None:
    """Over https a certificate that does not verify is looked at on a connection of its own: to the same address."""
    resolv_conf, recorder = resolver_file(tmp_path), Recorder()
    tls = Tls(Authority(tmp_path).issue("kea", dns_names=["kea.test"])) if scheme == "https" else None
    with (
        SimulatedKea(kea_answers(), tls=tls) as kea,
        Resolver(["127.0.0.1", "127.0.0.2"]) as resolver,
        peer(recorder, at=("127.0.0.2", port_of(kea))),
        exporter_that_resolves_by(resolv_conf, "/etc/resolv.conf", written(tmp_path, allowing([port_of(kea)]))) as url,
    ):
        first = probed(url, f"{scheme}://kea.test:{port_of(kea)}")
        assert resolver.asked == 1
        second = probed(url, f"{scheme}://kea.test:{port_of(kea)}")
        assert recorder.is_untouched()
    stage = values(parsed(first.text), "kea_probe_failure", "stage")
    assert (first.status_code, stage) == (200, {} if scheme == "http" else {"tls": 1})
    assert second.status_code == 403


@needs_namespace
def test_the_time_for_looking_up_a_name_counts(tmp_path: Path, kea: SimulatedKea) -> None:
    with (
        Resolver(["127.0.0.1"], delay=1),
        exporter_that_resolves_by(
            resolver_file(tmp_path), "/etc/resolv.conf", written(tmp_path, allowing([port_of(kea)]))
        ) as url,
    ):
        target, timeouts = f"http://kea.test:{port_of(kea)}", {"X-Prometheus-Scrape-Timeout-Seconds": "1"}
        page = requests.get(f"{url}/probe", params={"target": target}, headers=timeouts, timeout=GENEROUS)
    assert page.status_code == 200
    assert [value for _, value in parsed(page.text)["kea_up"]] == [0]
    # Whoever notices first: the probe, or the collector that waits for it.
    assert values(parsed(page.text), "kea_probe_failure", "reason").keys() <= {"resolver_timed_out", "budget_used_up"}
    assert kea.received == []


# The deadline is 2 s; the C library waits for 10 s, and a busy machine for a while.
SECONDS_OF_A_SILENT_RESOLVER = 6


def silent_resolver() -> socket.socket:
    """Return a name server that is sent questions and answers none."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((SILENT_NAME_SERVER, 53))
    return sock


@needs_namespace
def test_a_silent_resolver_blocks_neither_probes_nor_threads(tmp_path: Path, kea: SimulatedKea) -> None:
    """As in a data centre whose name server is down: the resolver of the C library gives up after ten seconds."""
    tree = allowing([port_of(kea)])
    tree["servers"] = [
        {"name": "by-name", "dhcp4": {"url": f"http://by-name.test:{port_of(kea)}"}},
        {"name": "by-address", "dhcp4": {"url": kea.url}},
    ]
    file = tmp_path / "resolv.conf"
    file.write_text(f"nameserver {SILENT_NAME_SERVER}\noptions timeout:5 attempts:2\n")
    with (
        silent_resolver(),
        exporter_that_resolves_by(file, "/etc/resolv.conf", written(tmp_path, tree)) as url,
        ThreadPoolExecutor(20) as pool,
    ):

        def took(path: str, **parameters: str) -> tuple[float, str]:
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": "2"}
            started = time.monotonic()
            page = requests.get(f"{url}{path}", params=parameters, headers=headers, timeout=GENEROUS)
            assert page.status_code in {200, 503}, page.text
            return time.monotonic() - started, page.text

        pages = list(
            pool.map(lambda number: took("/probe", target=f"http://kea-{number}.test:{port_of(kea)}"), range(20))
        )
        scrape, text = took("/metrics")
        by_address, page = took("/probe", target="by-address")
    answered = [(seconds, text) for seconds, text in pages if "kea_up" in text]
    assert answered
    assert max(seconds for seconds, _ in pages) < SECONDS_OF_A_SILENT_RESOLVER
    for _, text_of_one in answered:
        reasons = values(parsed(text_of_one), "kea_probe_failure", "reason")
        assert reasons.keys() <= {"resolver_timed_out", "budget_used_up"}
    assert values(parsed(text), "kea_up", "server") == {"by-name": 0, "by-address": 1}
    assert scrape < SECONDS_OF_A_SILENT_RESOLVER
    assert values(parsed(page), "kea_up", "server") == {"by-address": 1}
    assert by_address < SECONDS_OF_A_SILENT_RESOLVER
