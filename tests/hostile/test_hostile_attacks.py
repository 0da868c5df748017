"""Attacks by clients at the default limits, on the exporter as a process: sound servers stay up in every scrape."""

from __future__ import annotations

import platform
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from bench.memory import unread_pages
from lab.servers.processes import Running, accepts, free_port
from tests.support.exporter import COMMAND, Exporter, parsed, values, written
from tests.support.exporter import exporter as run_exporter
from tests.support.peers import SimulatedKea, peer
from tests.support.serving import kea_answers
from tests.support.waiting import wait_until
from tests.support.web_server import GENEROUS, connected, rest, said_to, statuses

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

MAX_THREADS = 150
SCRAPES = 10
PROMETHEUS = "127.0.0.99"
HEALTH_PORT = free_port()


def silent(sock: socket.socket) -> None:
    rest(sock)


@contextmanager
def repeated(act: Callable[[int], object], threads: int = 1, pause: float = 0.0) -> Iterator[None]:
    """Call *act* again and again on some threads."""
    ended, numbers = threading.Event(), count()

    def work() -> None:
        while not ended.wait(pause):
            with suppress(OSError):
                act(next(numbers))

    started = [threading.Thread(target=work) for _ in range(threads)]
    for thread in started:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in started:
            thread.join(GENEROUS)


def request(path: str, method: str = "GET", headers: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode()


def leave(port: int, data: bytes, source: str = "127.0.0.1") -> None:
    """Send a request and leave 30 ms later, without its answer."""
    sock = connected(port, data, source)
    time.sleep(0.03)
    sock.close()


def scraped(running: Exporter, path: str = "/metrics") -> requests.Response:
    """Scrape as Prometheus does, from an address of its own."""
    sock = connected(running.port, request(path, headers="Connection: close\r\n"), PROMETHEUS)
    with sock:
        head, _, body = rest(sock).partition(b"\r\n\r\n")
    answer = requests.Response()
    answer.status_code, answer._content = int(head.split()[1]), body  # noqa: SLF001
    return answer


def sound_is_up(running: Exporter, path: str) -> bool:
    answer = scraped(running, path)
    return answer.status_code == 200 and values(parsed(answer.text), "kea_up", "server")["sound"] == 1


@pytest.fixture(scope="module")
def silent_port() -> Iterator[int]:
    with peer(silent, at=("0.0.0.0", 0)) as port:
        yield port


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory, silent_port: int) -> Iterator[Exporter]:
    """An exporter of a sound, a late and a silent server, which may probe other targets too, by the default limits."""
    version = kea_answers()["version-get"]

    def late(_: dict[str, Any]) -> object:
        time.sleep(0.3)
        return version

    with SimulatedKea(kea_answers()) as kea, SimulatedKea({**kea_answers(), "version-get": late}) as slow:
        others = {"networks": ["127.16.0.0/12"], "ports": [silent_port], "auth": "none"}
        tree = {
            "defaults": {"timeout": "2s"},
            "auths": {"none": {}},
            "probe": {"allowed_targets": [others]},
            "servers": [
                {"name": "sound", "dhcp4": {"url": kea.url}},
                {"name": "late", "dhcp4": {"url": slow.url}},
                {"name": "silent", "dhcp4": {"url": f"http://127.0.0.1:{silent_port}"}},
            ],
        }
        config = written(tmp_path_factory.mktemp("exporter"), tree)
        health = f"127.0.0.1:{HEALTH_PORT}"
        with run_exporter(config, "--web.enable-lifecycle", "--web.health-listen-address", health) as running:
            scraped(running)
            yield running


def abandoned_probes(running: Exporter, port: int) -> Iterator[None]:
    """Case 35: 270 requests a second, each for another address, left after 30 ms."""

    def act(number: int) -> None:
        target = f"http://127.{16 + number // 60_000 % 16}.{number // 250 % 250}.{1 + number % 250}:{port}"
        leave(running.port, request(f"/probe?target={target}"))

    with repeated(act, threads=12):
        yield


def abandoned_reloads(running: Exporter, _: int) -> Iterator[None]:
    with repeated(lambda _: leave(running.port, request("/-/reload", "POST", "Content-Length: 0\r\n")), threads=12):
        yield


def sixty_scrapers(running: Exporter, _: int) -> Iterator[None]:
    """Case 40: 60 clients of one address in a loop on /metrics."""

    def act(_: int) -> None:
        with connected(running.port, request("/metrics", headers="Connection: close\r\n")) as sock:
            rest(sock)

    with repeated(act, threads=60):
        yield


def sixty_readers_of_pages(running: Exporter, _: int) -> Iterator[None]:
    def act(number: int) -> None:
        path = ("/", "/servers/sound", "/api/v1/servers", "/metrics?collect[]=exporter")[number % 4]
        with connected(running.port, request(path, headers="Connection: close\r\n")) as sock:
            rest(sock)

    with repeated(act, threads=60):
        yield


def short_scrapes(running: Exporter, _: int) -> Iterator[None]:
    """Case 39, in a loop."""
    headers = "X-Prometheus-Scrape-Timeout-Seconds: 0.01\r\nConnection: close\r\n"

    def act(_: int) -> None:
        with connected(running.port, request("/metrics", headers=headers)) as sock:
            rest(sock)

    with repeated(act, threads=8):
        yield


def health_connections(_: Exporter, __: int) -> Iterator[None]:
    """One client opens connections to the health listener without end, and keeps them."""
    kept: list[socket.socket] = []

    def act(_number: int) -> None:
        kept.append(connected(HEALTH_PORT))

    try:
        with repeated(act, threads=4, pause=0.002):
            yield
    finally:
        for sock in kept:
            sock.close()


def signals(running: Exporter, _: int) -> Iterator[None]:
    with repeated(lambda _: running.signal(signal.SIGHUP), pause=0.001):
        yield


ATTACKS: dict[str, Callable[[Exporter, int], Iterator[None]]] = {
    "abandoned probes of other targets": abandoned_probes,
    "abandoned reloads": abandoned_reloads,
    "60 scrapers of one address": sixty_scrapers,
    "60 readers of pages of one address": sixty_readers_of_pages,
    "short scrapes in a loop": short_scrapes,
    "health connections of one address": health_connections,
    "SIGHUP in a loop": signals,
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("path", ["/metrics", "/probe?target=sound"])
def test_a_sound_server_is_up_in_every_scrape(exporter: Exporter, silent_port: int, attack: str, path: str) -> None:
    with contextmanager(ATTACKS[attack])(exporter, silent_port):
        time.sleep(1)
        most, slowest = 0, 0.0
        for _ in range(SCRAPES if path != "/metrics" else 4):
            started = time.monotonic()
            assert sound_is_up(exporter, path)
            slowest = max(slowest, time.monotonic() - started)
            most = max(most, exporter.threads())
            health = said_to(HEALTH_PORT, request("/-/healthy", headers="Connection: close\r\n"), PROMETHEUS)
            assert statuses(health) == [200]
        assert most <= MAX_THREADS
        assert slowest < 9.5  # what Prometheus allows
    wait_until(lambda: exporter.get("/-/healthy").status_code == 200)


def test_a_tiny_timeout_does_not_replace_the_last_good_report(exporter: Exporter) -> None:
    """Case 39: with a timeout of 0.01 s, pages showed 16 unknown requirements of each server."""

    def unknown() -> int:
        reports = exporter.get("/api/v1/servers").json()["daemons"]
        [late] = [report for report in reports if report["server"] == "late"]
        return sum(requirement["status"] == "unknown" for requirement in late["requirements"])

    assert sound_is_up(exporter, "/metrics")
    before = unknown()
    sock = connected(
        exporter.port, request("/metrics", headers="X-Prometheus-Scrape-Timeout-Seconds: 0.01\r\nConnection: close\r\n")
    )
    with sock:
        assert rest(sock)
    assert unknown() == before < 10


def test_forty_readers_that_never_read_share_one_page(tmp_path: Path) -> None:
    """Case 37: 40 unread pages took about 1 GiB, which stayed."""
    rows = unread_pages(tmp_path, 1, 10_000, settled_seconds=4)
    limited = {row.what: (row.value, row.limit) for row in rows if row.limit is not None}
    assert len(limited) == 2
    assert {what: value for what, (value, limit) in limited.items() if value > limit} == {}


def test_the_allocator_of_this_process_takes_the_thresholds() -> None:
    command = [sys.executable, "-c", "from kea_exporter.process import give_memory_back as g; print(g())"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(platform.libc_ver()[0] == "glibc")


@pytest.mark.parametrize("path", ["/metrics", "/probe?target=sound"])
def test_a_client_in_a_loop_has_a_daemon_probed_once_a_second(tmp_path: Path, path: str) -> None:
    """A client in a loop on /probe cost Kea 22 % of a core."""
    with SimulatedKea(kea_answers()) as kea:
        config = written(tmp_path, {"servers": [{"name": "sound", "dhcp4": {"url": kea.url}}]})
        with run_exporter(config, "--probe.min-interval", "1") as running:
            started, answered = time.monotonic(), 0
            while time.monotonic() < started + 4:
                assert sound_is_up(running, path)
                answered += 1
            seconds = time.monotonic() - started
        probes = sum(command["command"] == "version-get" for command in kea.received)
    assert probes <= seconds + 1
    assert answered > 4 * probes


def test_hangup_at_any_moment_ends_no_process(tmp_path: Path) -> None:
    """SIGHUP ended the process before its handler was in place, and after Python had taken it away."""
    config = written(tmp_path, {"servers": [{"name": "gone", "dhcp4": {"url": "http://127.0.0.1:1"}}]})
    port = free_port()
    listen = ["--config.file", str(config), "--web.listen-address", f"127.0.0.1:{port}"]
    running = Running([*COMMAND, "serve", *listen], tmp_path / "log")
    try:
        wait_until_imported(running.pid)
        with repeated(lambda _: running.signal(signal.SIGHUP), pause=0.005):
            wait_until(lambda: accepts("127.0.0.1", port))
            time.sleep(0.5)
            running.signal(signal.SIGTERM)
            assert running.wait(GENEROUS) == 0
    finally:
        running.stop()


def wait_until_imported(pid: int) -> None:
    """Wait until the command line has been read; Python itself has to start before."""
    status = Path(f"/proc/{pid}/status")
    wait_until(lambda: handles_hangup(status.read_text()))


def handles_hangup(status: str) -> bool:
    masks = dict(re.findall(r"^(Sig(?:Ign|Cgt)):\s+([0-9a-f]+)$", status, re.MULTILINE))
    return bool((int(masks["SigIgn"], 16) | int(masks["SigCgt"], 16)) & 1)
