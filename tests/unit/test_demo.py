"""The demo as people run it, and what its simulated servers promise: numbers that move, and go together."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from kea_simulator.activity import chance_of, events, flow
from kea_simulator.building import Blueprint
from kea_simulator.connection import Patience
from kea_simulator.daemon import Life
from kea_simulator.fleet import Fleet
from kea_simulator.server import KeaServer
from kea_simulator.servers import SERVERS, Server
from lab.servers.processes import Running, free_port
from tests.support.exporter import COMMAND, is_healthy, parsed, values
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_simulator.daemon import Daemon

Tree = dict[str, Any]

SOON = 20.0

# Of each server, what is unmet; the others are sound.
UNMET = {
    "newest": {"version-tested"},
    "hooks-missing": {
        "hook-subnet-cmds-loaded",
        "hook-host-cmds-loaded",
        "hook-lease-cmds-loaded",
        "hook-stat-cmds-loaded",
    },
    "left-over": {"no-orphaned-leases"},
    "wrong-password": {"authentication-accepted"},
    "clear-text": {"control-socket-uses-tls", "credentials-in-files", "upgrade-to-3.2"},
    "ends-soon": {"certificate-renewal-not-due"},
    "expired": {"certificate-within-validity", "certificate-renewal-not-due"},
    "wrong-san": {"certificate-san-matches-address"},
    "too-old": {
        "control-socket-over-http",
        "control-socket-uses-tls",
        "version-supported",
        "hook-subnet-cmds-loaded",
        "hook-host-cmds-loaded",
    },
    "reload-failed": {"service-running"},
    "database-lost": {"service-running", "upgrade-to-3.2"},
    "no-interface": {"service-running", "interfaces-are-configured"},
    "refusing": {"control-socket-reachable"},
}
DOWN = {"wrong-password", "expired", "wrong-san", "refusing"}
# Where no lease can be read, nothing is known of those that are not where they belong.
UNKNOWN = {*DOWN, "hooks-missing", "reload-failed", "database-lost"}


class Demo:
    """A running demo, and the folder that it may use for what is temporary."""

    def __init__(self, running: Running, url: str, folder: Path) -> None:
        self.running = running
        self.url = url
        self.folder = folder

    def samples(self) -> dict[str, list[tuple[dict[str, str], float]]]:
        return parsed(requests.get(f"{self.url}/metrics", timeout=30).text)

    def report(self) -> list[Tree]:
        """Collect anew, and return what was found."""
        self.samples()
        said: list[Tree] = requests.get(f"{self.url}/api/v1/servers", timeout=30).json()["daemons"]
        return said


@contextmanager
def demo(folder: Path, *options: str, run_by: tuple[str, ...] = ()) -> Iterator[Demo]:
    temporary = folder / "temporary"
    temporary.mkdir(mode=0o777)
    temporary.chmod(0o777)
    arguments = [*run_by, *COMMAND, "demo", *options]
    running = Running(arguments, folder / "output", {**os.environ, "TMPDIR": str(temporary)})
    try:
        running.wait_until(lambda: "Ctrl-C" in running.output.read_text())
        found = re.search(r"open +(http://127\.0\.0\.1:\d+)/", running.output.read_text())
        assert found is not None
        running.wait_until(lambda: is_healthy(found[1]))
        yield Demo(running, found[1], temporary)
    finally:
        running.stop()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("demo"), "--web.listen-address", f"127.0.0.1:{free_port()}") as process:
        yield process


# As a process.


def test_it_says_what_runs_where_and_what_to_try(running: Demo) -> None:
    said = running.running.output.read_text()
    urls = {daemon["server"]: daemon["url"] for daemon in running.report()}
    for server in SERVERS:
        assert re.search(rf"{server.name} +\w+ +{urls[server.name]} +{server.about}\n", said), server.name
    assert f"{running.url}/metrics" in said
    assert "check --config.file" in said


def having(status: str, report: list[Tree]) -> dict[str, set[str]]:
    """Return which requirements have a status, by server."""
    found: dict[str, set[str]] = {}
    for daemon in report:
        ids = {requirement["id"] for requirement in daemon["requirements"] if requirement["status"] == status}
        found[daemon["server"]] = found.get(daemon["server"], set()) | ids
    return {server: ids for server, ids in found.items() if ids}


def test_each_server_has_the_verdicts_that_it_should(running: Demo) -> None:
    # Leases are looked at in the background.
    give_up = time.monotonic() + 60
    while having("unknown", report := running.report()).keys() != UNKNOWN:
        assert time.monotonic() < give_up, having("unknown", report)
        time.sleep(0.5)
    assert having("unmet", report) == UNMET
    assert {daemon["server"] for daemon in report} == {server.name for server in SERVERS}


def test_what_it_advises_works(running: Demo) -> None:
    command = re.search(r"curl -s --cacert.*\n.*", running.running.output.read_text())
    folder = re.search(r" cd (.*)", running.running.output.read_text())
    assert command is not None
    assert folder is not None
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    assert '"uptime"' in output_of(["/bin/sh", "-c", command[0]], folder[1])
    check = re.search(r"try +(.*) check (.*)\n", running.running.output.read_text())
    assert check is not None
    said = output_of([*check[1].split(), "check", *check[2].split()], folder[1])
    assert "hooks-missing dhcp4: 3 required unmet" in said


def output_of(command: list[str], folder: str) -> str:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False).stdout


def test_counters_rise_and_leases_come_and_go(running: Demo) -> None:
    moved: set[str] = set()
    risen: set[str] = set()
    before = running.samples()
    give_up = time.monotonic() + 60
    while not ({"kea-a", "kea-b", "newest", "hooks-missing"} <= moved and {"kea-a", "ddns"} <= risen):
        assert time.monotonic() < give_up, (moved, risen)
        time.sleep(0.5)
        now = running.samples()
        moved |= {server for server, _ in changes("kea_subnet_addresses_assigned", before, now)}
        for name in (family for family in now if family.endswith("_total") and family.startswith("kea_")):
            for server, rise in changes(name, before, now):
                assert rise >= 0, name
                risen.add(server)
        before = now


def changes(name: str, before: Tree, now: Tree) -> Iterator[tuple[str, float]]:
    """Return by how much the samples of a family changed, each with its server."""
    old = {frozenset(labels.items()): value for labels, value in before.get(name, [])}
    for labels, value in now.get(name, []):
        was = old.get(frozenset(labels.items()), value)
        if value != was and "server" in labels:
            yield labels["server"], value - was


def test_the_full_subnet_is_nearly_full_and_the_pair_agrees(running: Demo) -> None:
    samples = running.samples()
    size = values(samples, "kea_subnet_addresses", "subnet_id", server="nearly-full")
    used = values(samples, "kea_subnet_addresses_assigned", "subnet_id", server="nearly-full")
    first = next(iter(size))
    assert 0.9 < used[first] / size[first] <= 1
    pair = {labels["local"]: labels["local_role"] for labels, _ in samples["kea_ha_info"]}
    assert pair == {"ha-1": "primary", "ha-2": "standby"}


def test_no_page_shows_a_password(running: Demo) -> None:
    for path in ("/", "/metrics", "/servers/clear-text", "/api/v1/servers", "/probe?target=clear-text&debug=true"):
        text = requests.get(f"{running.url}{path}", timeout=30).text
        assert "a-throw-away-password" not in text
        assert "YW5vdGhlciB0aHJvdy1hd2F5IHNlY3JldA" not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_nothing_is_left(number: int, tmp_path: Path) -> None:
    with demo(tmp_path, "--web.listen-address", "127.0.0.1:0") as process:
        assert len(list(process.folder.iterdir())) == 1
        requests.get(f"{process.url}/metrics", timeout=30)
        process.running.signal(number)
        assert process.running.wait(SOON) == 0
        assert list(process.folder.iterdir()) == []
        assert "Traceback" not in process.running.output.read_text()


def test_impatience_does_not_leave_anything_behind(tmp_path: Path) -> None:
    with demo(tmp_path, "--web.listen-address", "127.0.0.1:0") as process:
        for _ in range(5):
            process.running.signal(signal.SIGINT)
            time.sleep(0.02)
        assert process.running.wait(SOON) == 0
        assert list(process.folder.iterdir()) == []


def test_two_run_at_once(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with demo(first) as process, demo(second) as other:
        assert process.url != other.url
        urls = [{daemon["url"] for daemon in running.report()} for running in (process, other)]
        assert urls[0].isdisjoint(urls[1])
        for running in (process, other):
            assert sum(values(running.samples(), "kea_up", "server").values()) == len(SERVERS) - len(DOWN)


def test_an_address_that_is_taken_is_an_error_where_it_was_asked_for(running: Demo, tmp_path: Path) -> None:
    address = running.url.removeprefix("http://")
    done = subprocess.run(
        [*COMMAND, "demo", "--web.listen-address", address],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 3
    assert f"cannot listen on {address}" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_needs_no_privileges(tmp_path: Path) -> None:
    nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, so as not to be, and setpriv")
    if subprocess.run(
        [*nobody, sys.executable, "-c", "import kea_exporter"], check=False, capture_output=True
    ).returncode:
        pytest.skip("nobody cannot read the code")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    with demo(tmp_path, "--web.listen-address", "127.0.0.1:0", run_by=nobody) as process:
        assert sum(values(process.samples(), "kea_up", "server").values()) == len(SERVERS) - len(DOWN)
        process.running.signal(signal.SIGINT)
        assert process.running.wait(SOON) == 0
        assert list(process.folder.iterdir()) == []


# Its numbers.

SEEDS = st.integers(-(2**31), 2**31)
MOMENTS = st.lists(st.floats(0, 10**7), min_size=2, max_size=20).map(sorted)


@example(33041, [0.0, 167.0], 1.0, 1.0, 0.0)
@given(SEEDS, MOMENTS, st.floats(1, 1000), st.floats(0, 1), st.floats(0, 2))
def test_who_is_there_came_and_has_not_gone(
    seed: int, moments: list[float], level: float, swing: float, turnover: float
) -> None:
    clients = flow(chance_of(seed), level, level * swing, turnover)
    for elapsed in moments:
        assert 0 <= clients.present(elapsed) <= clients.most
        assert clients.present(elapsed) == clients.first + clients.came(elapsed) - clients.went(elapsed)
    for counted in (clients.came, clients.went):
        numbers = [counted(elapsed) for elapsed in moments]
        assert numbers == sorted(numbers)


@example(3, [2.0, 2.0], 5e-324)
@example(-1, [0.0, 3.0], 5e-324)
@given(SEEDS, MOMENTS, st.floats(0, 100))
def test_events_only_rise(seed: int, moments: list[float], per_second: float) -> None:
    numbers = [events(chance_of(seed), per_second).came(elapsed) for elapsed in moments]
    assert numbers == sorted(numbers)
    assert numbers[0] >= 0


def daemon_at(elapsed: float, seed: int = 1, name: str = "dhcp4", version: str = "3.0.3") -> Daemon:
    """Return a daemon so many seconds after its start, with a subnet that is half full and one that is nearly full."""
    server = Server("kea", "", (name,), version, uses=(0.5, 0.97), failures=0.5)
    start = 1_800_000_000.0
    return Blueprint(server, 1, seed, Life(lambda: start + elapsed, start, 7)).daemon(name, [{}])


def newest(daemon: Daemon) -> dict[str, int]:
    samples = daemon.answer({"command": "statistic-get-all"})["arguments"]
    return {name: values[0][0] for name, values in samples.items()}


@pytest.mark.parametrize("name", ["dhcp4", "dhcp6", "d2"])
def test_seed_and_time_decide_everything(name: str) -> None:
    assert newest(daemon_at(1234.5, 1, name)) == newest(daemon_at(1234.5, 1, name))
    assert newest(daemon_at(1234.5, 1, name)) != newest(daemon_at(1234.5, 2, name))
    assert newest(daemon_at(1234.5, 1, name)) != newest(daemon_at(1300.5, 1, name))


@pytest.mark.parametrize("version", ["2.6.3", "3.0.3", "3.2.0", "3.3.1"])
@pytest.mark.parametrize("name", ["dhcp4", "dhcp6"])
def test_numbers_go_together(name: str, version: str) -> None:
    family, noun = name[-1], "addresses" if name == "dhcp4" else "nas"
    for elapsed in (0.0, 0.5, 77.0, 5000.0, 123_456.0):
        daemon = daemon_at(elapsed, 3, name, version)
        found = newest(daemon)
        received = [value for key, value in found.items() if re.fullmatch(rf"pkt{family}-.+-received", key)]
        sent = [value for key, value in found.items() if re.fullmatch(rf"pkt{family}-.+-sent", key)]
        assert found[f"pkt{family}-received"] == sum(received) + found[f"pkt{family}-parse-failed"]
        assert found[f"pkt{family}-sent"] == sum(sent)
        for subnet in (1, 2):
            assert found[f"subnet[{subnet}].assigned-{noun}"] <= found[f"subnet[{subnet}].total-{noun}"]
            assert found[f"subnet[{subnet}].assigned-{noun}"] == found[f"subnet[{subnet}].pool[0].assigned-{noun}"]
        leases = daemon.answer({"command": f"lease{family}-get-page", "arguments": {"from": "start", "limit": 9999}})
        kinds = [lease.get("type", "IA_NA") for lease in leases["arguments"]["leases"]]
        assert kinds.count("IA_NA") == sum(found[f"subnet[{subnet}].assigned-{noun}"] for subnet in (1, 2))
        assert len({lease["ip-address"] for lease in leases["arguments"]["leases"]}) == len(kinds)


@pytest.mark.parametrize(("version", "is_counted"), [("3.0.3", False), ("3.2.0", True), ("3.3.1", True)])
def test_a_standby_counts_packets_and_no_messages(version: str, *, is_counted: bool) -> None:
    """From Kea 3.1.5 on, what the partner serves counts as dropped (measured on real pairs in tests/real)."""
    start, pair = 1_800_000_000.0, {}
    for role in ("primary", "standby"):
        server = Server("kea", "", version=version, uses=(0.5, 0.97), role=role)
        pair[role] = newest(Blueprint(server, 1, 1, Life(lambda: start + 5000.0, start, 7)).daemon("dhcp4", [{}]))
    standby, arrived = pair["standby"], pair["primary"]["pkt4-received"]
    broken = pair["primary"]["pkt4-parse-failed"]
    assert arrived == standby["pkt4-received"] > broken > 0
    assert [value for name, value in standby.items() if re.fullmatch(r"pkt4-.+-(received|sent)", name) and value] == []
    assert standby["pkt4-parse-failed"] == broken
    assert standby["pkt4-receive-drop"] == (arrived if is_counted else broken)
    assert standby.get("pkt4-not-for-us") == (arrived - broken if is_counted else None)


@pytest.mark.parametrize("name", ["dhcp4", "dhcp6", "d2"])
def test_what_counts_never_falls(name: str) -> None:
    before: dict[str, int] = {}
    for elapsed in range(0, 4000, 41):
        now = newest(daemon_at(elapsed, 5, name))
        for key in now.keys() & before.keys():
            if not re.search(r"(^|\.)(assigned|declined)-", key):
                assert now[key] >= before[key], key
        before = now
    assert name == "d2" or before[f"v{name[-1]}-allocation-fail"] > 0


def test_what_would_change_something_is_registered_and_not_done() -> None:
    daemon = daemon_at(1.0)
    assert "config-set" in daemon.answer({"command": "list-commands"})["arguments"]
    answer = daemon.answer({"command": "config-set", "arguments": {}})
    assert answer == {"result": 1, "text": "this simulated Kea does not do config-set"}


# The server.


def test_who_says_too_little_is_told_that_time_is_up() -> None:
    body = b'{ "result": 408, "text": "Request Timeout" }'
    with KeaServer(answer_nothing, patience=Patience(request=0.1)) as server:
        for said, first_line in ((b"", b"HTTP/1.0 408 Request Timeout"), (b"POST / HTTP/1.1\r\n", b"HTTP/1.1 408 ")):
            answer = all_that_comes(server, said)
            assert answer.startswith(first_line)
            assert answer.endswith(body)


def test_who_says_nothing_more_is_left_without_a_word() -> None:
    request = b"POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"
    with KeaServer(answer_nothing, patience=Patience(idle=0.1)) as server:
        assert all_that_comes(server, request + b'{"command": "no-such"}').endswith(b"\r\n\r\n[  ]")


def answer_nothing(_: Tree) -> list[Any]:
    return []


def all_that_comes(server: KeaServer, said: bytes) -> bytes:
    with socket.create_connection(server.server_address, timeout=SOON) as sock:
        sock.sendall(said)
        return b"".join(iter(lambda: sock.recv(4096), b""))


def test_nothing_stays_open_and_no_thread_runs_on(tmp_path: Path) -> None:
    before = threads_and_descriptors()
    with Fleet(tmp_path, 1, time.time) as fleet:
        ports = [int(place.url.rpartition(":")[2]) for place in fleet.places]
        clients = [socket.create_connection(("127.0.0.1", port)) for port in ports[:-1] for _ in range(3)]
        # Some wait for more; those that speak TLS close at once.
        for client in clients:
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabc")
    for client in clients:
        client.close()
    # Fewer, where what another test has used is given back meanwhile.
    wait_until(lambda: all(now <= then for now, then in zip(threads_and_descriptors(), before, strict=True)))


def threads_and_descriptors() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
