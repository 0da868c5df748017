"""Listen addresses of the exporter, and its notifications to systemd."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kea_exporter.httpd import ListenError, Notifier, address_of, inherited, listen
from lab.servers.certificates import Authority
from lab.servers.processes import free_port
from tests.support.exporter import COMMAND, exporter, run, written
from tests.support.peers import peer
from tests.support.waiting import wait_until
from tests.support.web_server import GENEROUS, GET, crowd, rest, said_to, served, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

    from tests.support.exporter import Exporter

LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return written(tmp_path, {"servers": [{"name": "a", "dhcp4": {"url": "http://127.0.0.1:1"}}]})


# Unix sockets.


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    [sock] = listen([address])
    try:
        yield sock
    finally:
        sock.close()


def test_a_unix_socket_is_for_owner_and_group_and_goes_with_the_listener(tmp_path: Path) -> None:
    path = tmp_path / "kea-exporter.sock"
    with listening(f"unix:{path}") as sock:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert address_of(sock) == f"unix:{path}"
    assert not path.exists()


def test_what_a_process_that_was_killed_has_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listening(f"unix:{path}"), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_unix_socket_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "alive.sock"
    with listening(f"unix:{path}"):
        with pytest.raises(ListenError, match=r": Address already in use; choose with --web\.listen-address$"):
            listen([f"unix:{path}"])
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("precious")
    with pytest.raises(ListenError, match=r": File exists; choose with"):
        listen([f"unix:{path}"])
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    "address", ["unix:", "unix:relative.sock", "unix:///three/slashes/" + "a" * 100, "unix:/nul\0", "unix:@abstract"]
)
def test_a_malformed_path_is_refused_with_what_to_write(address: str) -> None:
    with pytest.raises(
        ListenError, match=r"is no address to listen on; write unix: and an absolute path of at most 107"
    ):
        listen([address])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ListenError, match=r"No such file or directory; choose with"):
        listen([f"unix:{tmp_path}/nowhere/a.sock"])


def test_the_exporter_is_scraped_over_a_unix_socket(config: Path, tmp_path: Path) -> None:
    path = tmp_path / "kea-exporter.sock"
    with exporter(config, "--web.listen-address", f"unix:{path}") as process:
        command = ["curl", "--silent", "--unix-socket", str(path), "http://exporter/metrics"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=GENEROUS)
        assert 'kea_up{daemon="dhcp4",server="a"} 0.0' in done.stdout
        assert f"address=unix:{path}" in process.log()
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
    assert not path.exists()


# Sockets that systemd hands over.

# What systemd does: the sockets from descriptor 3 on, and who they are for.
ACTIVATE = """
import os, sys
number, count, *command = sys.argv[1:]
os.dup2(int(number), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": count}
os.execv(command[0], command)
"""


def test_the_exporter_serves_at_a_socket_of_systemd_and_leaves_it_open(config: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        activate = [sys.executable, "-c", ACTIVATE, str(sock.fileno()), "1", *COMMAND]
        for _ in range(2):
            with subprocess.Popen(
                [*activate, "serve", "--config.file", str(config), "--web.systemd-socket"],
                pass_fds=[sock.fileno()],
                stderr=subprocess.PIPE,
            ) as running:
                # It is listened on all the time, so this waits until somebody answers.
                assert requests.get(f"http://127.0.0.1:{port}/-/ready", timeout=GENEROUS).status_code == 200
                running.terminate()
                assert running.stderr is not None
                assert f"address=127.0.0.1:{port}".encode() in running.stderr.read()
            assert running.returncode == 0


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        *({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": count} for count in ("0", "-1", "x", "", "99999")),
    ],
)
def test_without_a_socket_of_systemd_the_option_is_a_mistake(environment: dict[str, str]) -> None:
    with pytest.raises(ListenError, match=r"^no socket came from systemd; start by a \.socket unit, or leave out"):
        inherited(dict(environment))


def announced(count: int) -> dict[str, str]:
    return {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(count), "LISTEN_FDNAMES": "a"}


def test_what_systemd_announced_is_not_announced_to_children() -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        number, environment = os.dup(sock.fileno()), announced(1)
        os.set_inheritable(number, True)  # noqa: FBT003 - takes no keywords
        [found] = inherited(environment, number)
        with found:
            assert (environment, found.get_inheritable(), found.getsockname()) == ({}, False, sock.getsockname())


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_socket_that_takes_no_connections_is_refused(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as sock:
        number = os.dup(sock.fileno())
        with pytest.raises(ListenError, match=r"takes no connections; use ListenStream=$"):
            inherited(announced(1), number)


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file, pytest.raises(ListenError, match=r"is no socket: "):
        inherited(announced(1), file.fileno())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--web.systemd-socket"], "no socket came from systemd; start by a .socket unit"),
        (["--web.health-listen-address", "9548"], "9548 is no address to listen on; write :9547"),
        (["--web.health-listen-address", "192.0.2.1:1"], "address; choose with --web.health-listen-address"),
        (["--web.max-connections", "7"], "7 is not in the range 8<=x<=65535"),
        (
            ["--web.config.file", "/nowhere/web.yml"],
            "/nowhere/web.yml: cannot read the file: No such file or directory",
        ),
    ],
)
def test_a_value_that_cannot_be_used_ends_the_command_with_what_to_do(
    config: Path, options: list[str], message: str
) -> None:
    done = run("serve", "--config.file", str(config), "--web.listen-address", "127.0.0.1:0", *options)
    assert done.returncode == 3
    assert message in done.stderr


# A listener for health alone.


@contextmanager
def with_health(config: Path, *options: str, scheme: str = "http") -> Iterator[tuple[Exporter, str]]:
    port = free_port()
    address = f"127.0.0.1:{port}"
    with exporter(config, "--web.health-listen-address", address, *options, scheme=scheme) as process:
        yield process, f"http://{address}"


def test_health_needs_neither_tls_nor_a_password_at_an_address_of_its_own(config: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.issue("web", ["127.0.0.1"])
    (tmp_path / "web.yml").write_text(
        f"tls_server_config: {{cert_file: {pair.certificate}, key_file: {pair.key}}}\n"
        "basic_auth_users: {alice: $2y$04$abcdefghijklmnopqrstuO5S7c/bvXrTJNN2PjvmR8TzBu6V0b1d2}\n"
    )
    with with_health(config, "--web.config.file", str(tmp_path / "web.yml"), scheme="https") as (process, health):
        told = {path: requests.get(health + path, timeout=GENEROUS) for path in ("/-/healthy", "/-/ready")}
        assert {path: (page.status_code, page.text) for path, page in told.items()} == {
            "/-/healthy": (200, "kea-exporter is healthy.\n"),
            "/-/ready": (200, "kea-exporter is ready.\n"),
        }
        others = ("/", "/metrics", "/sd", "/-/reload", "/-/healthy/", "/-/healthy%00", "/collect", "/static/style.css")
        for path in others:
            answers = [requests.request(method, health + path, timeout=GENEROUS) for method in ("GET", "POST")]
            assert [(answer.status_code, answer.text) for answer in answers] == [
                (404, "only /-/healthy and /-/ready are served here\n")
            ] * 2
        assert requests.head(f"{health}/-/healthy", timeout=GENEROUS).status_code == 200
        assert requests.post(f"{health}/-/healthy", timeout=GENEROUS).status_code == 405
        assert process.get("/-/healthy", authority.certificate).status_code == 401


def test_health_is_told_while_the_main_listener_is_crowded(config: Path) -> None:
    with with_health(config, "--web.max-connections", "8") as (process, health), crowd(process.port, 300):
        for _ in range(5):
            assert requests.get(f"{health}/-/healthy", timeout=GENEROUS).status_code == 200


def say_nothing(sock: socket.socket) -> None:
    rest(sock)


def test_health_is_told_at_once_while_fifty_daemons_are_waited_for(tmp_path: Path) -> None:
    with peer(say_nothing) as silent:
        urls = [f"http://127.0.0.1:{silent}/{number}" for number in range(50)]
        servers = [{"name": f"dead-{number}", "dhcp4": {"url": url}} for number, url in enumerate(urls)]
        with with_health(written(tmp_path, {"servers": servers})) as (process, health), ThreadPoolExecutor() as pool:
            scrape = pool.submit(process.get, "/metrics")
            times = []
            while not scrape.done():
                started = time.perf_counter()
                for url in (health, process.url):
                    assert requests.get(f"{url}/-/healthy", timeout=GENEROUS).status_code == 200
                times.append((time.perf_counter() - started) / 2)
                time.sleep(0.02)
            assert scrape.result().text.count("kea_up{") == 50
        assert len(times) > 5
        assert sorted(times)[len(times) // 2] < 0.5


# systemd is told how the service is.


class Told:
    """The states that were sent to a notification socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.states: list[str] = []

    def now(self) -> list[str]:
        while True:
            try:
                self.states.append(self._sock.recv(4096).decode())
            except BlockingIOError:
                return self.states


@contextmanager
def notified(address: str) -> Iterator[Told]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(address.replace("@", "\0", 1) if address.startswith("@") else address)
        sock.settimeout(0)
        yield Told(sock)


@pytest.mark.parametrize("kind", ["file", "abstract"])
def test_systemd_is_told_of_the_whole_life_of_the_service(config: Path, tmp_path: Path, kind: str) -> None:
    address = f"@kea-exporter-test-{os.getpid()}" if kind == "abstract" else f"{tmp_path}/notify"
    with notified(address) as told, exporter(config, environment={"NOTIFY_SOCKET": address}) as process:
        wait_until(lambda: told.now() == ["READY=1"])
        assert process.get("/-/ready").status_code == 200
        before = time.monotonic_ns() // 1000
        process.signal(signal.SIGHUP)
        wait_until(lambda: len(told.now()) == 3)
        reloading, moment = told.states[1].split("\nMONOTONIC_USEC=")
        assert (reloading, told.states[2]) == ("RELOADING=1", "READY=1")
        assert before <= int(moment) <= time.monotonic_ns() // 1000
        process.signal(signal.SIGTERM)
        assert process.wait() == 0
        assert told.now()[3:] == ["STOPPING=1"]


def test_a_reload_that_fails_ends_as_well(config: Path, tmp_path: Path) -> None:
    with (
        notified(f"{tmp_path}/notify") as told,
        exporter(config, environment={"NOTIFY_SOCKET": f"{tmp_path}/notify"}) as process,
    ):
        wait_until(lambda: told.now() == ["READY=1"])
        config.write_text("nonsense: 1")
        process.signal(signal.SIGHUP)
        wait_until(lambda: len(told.now()) == 3)
        assert told.states[2] == "READY=1"


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@nobody-listens-there", "vsock:2:1", "relative"])
def test_a_socket_that_nobody_reads_is_no_reason_to_end(address: str) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": address})
    notifier.ready()
    notifier.stopping()


def test_the_watchdog_hears_nothing_while_the_event_loop_is_stuck(tmp_path: Path) -> None:
    environment = {"NOTIFY_SOCKET": f"{tmp_path}/notify", "WATCHDOG_USEC": "200000", "WATCHDOG_PID": str(os.getpid())}
    heard: dict[str, int] = {}

    def beats() -> int:
        return told.now().count("WATCHDOG=1")

    async def stuck(_: Request) -> Response:
        before = beats()
        time.sleep(1)  # noqa: ASYNC251 - this is what must not happen
        heard["stuck"] = beats() - before
        return PlainTextResponse("at last\n")

    async def patient(_: Request) -> Response:
        before = beats()
        await asyncio.sleep(1)
        heard["patient"] = beats() - before
        return PlainTextResponse("at last\n")

    app = Starlette(routes=[Route("/stuck", stuck), Route("/patient", patient)])
    with notified(f"{tmp_path}/notify") as told, served(app, notifier=Notifier(environment)) as port:
        for path in (b"/stuck", b"/patient"):
            assert statuses(said_to(port, LAST.replace(b"/-/healthy", path))) == [200]
        assert told.states[0] == "READY=1"
    assert heard["stuck"] == 0 < heard["patient"]


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_told_when_it_asks_to_be(environment: dict[str, str], seconds: float | None) -> None:
    assert Notifier({"NOTIFY_SOCKET": "/run/notify", **environment}).watchdog_seconds == seconds
    assert Notifier(environment).watchdog_seconds is None
