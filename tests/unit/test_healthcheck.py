"""`kea-exporter healthcheck`, which the image's HEALTHCHECK runs."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from kea_exporter.commands import healthcheck
from lab.servers.processes import free_port
from tests.support.exporter import exporter, written
from tests.support.exporter import run as run_process
from tests.support.peers import blackhole, peer
from tests.support.waiting import wait_until
from tests.unit.test_cli import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.exporter import Exporter
    from tests.unit.test_cli import Ended

HEALTHY, UNHEALTHY, USAGE_ERROR = 0, 1, 3
NOTHING_THERE = {"servers": [{"name": "a", "dhcp4": {"url": "http://127.0.0.1:1"}}]}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(monkeypatch, capsys)


def of_port(run: CommandLine, port: int, path: str = "") -> Ended:
    return run("healthcheck", "--url", f"http://127.0.0.1:{port}{path}")


def said(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()


def ended(done: Ended) -> tuple[int, str, str]:
    return done.returncode, done.stdout, done.stderr


def test_an_exporter_that_answers_is_healthy_though_its_kea_does_not(run: CommandLine, tmp_path: Path) -> None:
    port = free_port()
    with exporter(written(tmp_path, NOTHING_THERE), "--web.health-listen-address", f"127.0.0.1:{port}"):
        assert run_process("healthcheck", "--url", f"http://127.0.0.1:{port}").returncode == HEALTHY
        for path in ("", "/-/healthy", "/-/ready"):
            assert ended(of_port(run, port, path)) == (HEALTHY, "", "")


def test_it_does_not_read_the_whole_exporter_to_ask_one_question() -> None:
    script = (
        "import sys; from kea_exporter.cli import cli; "
        "cli(['healthcheck', '--url', 'http://127.0.0.1:1'], standalone_mode=False); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    read = set(done.stdout.split())
    assert "kea_exporter.commands.healthcheck" in read
    assert read & {"cryptography", "prometheus_client", "pydantic", "requests", "structlog", "uvicorn"} == set()


def test_passwords_and_tls_of_the_pages_do_not_matter(run: CommandLine, tmp_path: Path) -> None:
    web_config, port = tmp_path / "web.yml", free_port()
    web_config.write_text("basic_auth_users:\n  alice: $2b$10$ccqjRaUZODF7N1XW1kj5juKd0E2B8xpkZOs0hLf4oL2C8sIk6a6tS\n")
    options = ("--web.config.file", str(web_config), "--web.health-listen-address", f"127.0.0.1:{port}")
    with exporter(written(tmp_path, NOTHING_THERE), *options) as running:
        assert ended(of_port(run, running.port)) == (UNHEALTHY, "unhealthy: answered with status 401\n", "")
        assert ended(of_port(run, port)) == (HEALTHY, "", "")


def test_a_health_listener_on_a_unix_socket_is_asked_there(run: CommandLine, tmp_path: Path) -> None:
    address = f"unix:{tmp_path}/health.sock"
    with exporter(written(tmp_path, NOTHING_THERE), "--web.health-listen-address", address) as running:
        # The process listens for pages first.
        wait_until(lambda: run("healthcheck", "--url", address).returncode == HEALTHY)
        assert ended(run("healthcheck", "--url", address)) == (HEALTHY, "", "")
        stopped(running)
    assert run("healthcheck", "--url", address).returncode == UNHEALTHY


def stopped(running: Exporter) -> None:
    running.signal(signal.SIGTERM)
    running.wait()


def test_proxies_of_the_environment_are_not_used(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with exporter(written(tmp_path, NOTHING_THERE), "--web.health-listen-address", f"127.0.0.1:{port}"):
        assert of_port(run, port).returncode == HEALTHY


def test_where_nothing_listens_it_says_so(run: CommandLine) -> None:
    port = free_port()
    why = f"unhealthy: 127.0.0.1 port {port} refused the connection: nothing listens there\n"
    assert ended(of_port(run, port)) == (UNHEALTHY, why, "")


@pytest.mark.parametrize("status", ["503 Service Unavailable", "404 Not Found", "302 Found", "204 No Content"])
def test_any_status_but_200_is_unhealthy(run: CommandLine, status: str) -> None:
    with peer(lambda sock: sock.sendall(said(status))) as port:
        assert ended(of_port(run, port)) == (UNHEALTHY, f"unhealthy: answered with status {status[:3]}\n", "")


def silent(sock: socket.socket) -> None:
    sock.recv(65536)
    sock.recv(65536)


def dripping(sock: socket.socket) -> None:
    for byte in said("200 OK"):
        time.sleep(0.5)
        sock.sendall(bytes([byte]))


@pytest.mark.parametrize("behaviour", [silent, dripping])
def test_who_does_not_answer_in_time_is_unhealthy(run: CommandLine, behaviour: Callable[[socket.socket], None]) -> None:
    with peer(behaviour) as port:
        started = time.monotonic()
        assert ended(of_port(run, port)) == (UNHEALTHY, "unhealthy: no answer within 3 s\n", "")
        assert time.monotonic() - started < 10


def test_who_does_not_even_accept_is_unhealthy(run: CommandLine) -> None:
    with blackhole() as port:
        assert "no answer from 127.0.0.1" in of_port(run, port).stdout


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "closed"),
        (b"nonsense\r\n\r\n", "nonsense"),
        (b"HTTP/1.1 abc\r\n\r\n", "abc"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "more than 65536 bytes"),
        (b"\x1b[31m\xff\r\n\r\n", " [31m"),
    ],
)
def test_what_is_no_http_is_unhealthy_and_told_in_one_plain_line(run: CommandLine, answer: bytes, why: str) -> None:
    def behave(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(answer)
        sock.shutdown(socket.SHUT_WR)

    with peer(behave) as port:
        done = of_port(run, port)
    assert done.returncode == UNHEALTHY
    assert why in done.stdout
    assert done.stdout.rstrip("\n").isprintable()
    assert done.stderr == ""


@pytest.mark.parametrize(
    "url",
    [
        "",
        "healthy",
        "127.0.0.1:9548",
        "http://",
        "http://:9548/-/healthy",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:abc/",
        "http://[::1/",
        "http://user:secret@127.0.0.1:9548/",
        "http://127.0.0.1:9548/ HTTP/1.1\r\nX: y",
        "https://127.0.0.1:9548/-/healthy",
        "file:///etc/passwd",
        "unix:run/health.sock",
    ],
)
def test_a_url_that_is_none_is_a_usage_error(run: CommandLine, url: str) -> None:
    done = run("healthcheck", "--url", url)
    assert (done.returncode, done.stdout) == (USAGE_ERROR, "")
    assert "use http://127.0.0.1:9548/-/healthy, or unix:/run/health.sock" in " ".join(done.stderr.split())
    assert "secret" not in done.stderr


@pytest.mark.parametrize("has_own_listener", [True, False])
def test_without_a_url_a_plain_exporter_is_found_too(
    run: CommandLine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_own_listener: bool,  # noqa: FBT001
) -> None:
    port = free_port()
    with exporter(written(tmp_path, NOTHING_THERE)) as plain:
        own = urlsplit(plain.url).port or 0
        places = (own, port) if has_own_listener else (port, own)
        monkeypatch.setattr(
            healthcheck, "DEFAULT_PLACES", tuple(healthcheck.Place("127.0.0.1", number) for number in places)
        )
        assert ended(run("healthcheck")) == (HEALTHY, "", "")
    assert run("healthcheck").returncode == UNHEALTHY
