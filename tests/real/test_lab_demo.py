"""`make demo` as people run it: faults from another terminal, messages printed, and an orderly end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab.demo.faults import Fault
from lab.demo.menu import DemoError, Menu
from lab.demo.menu import ask as ask_demo
from lab.servers.kea import KeaDaemon, succeeded
from lab.servers.processes import Running
from tests.support.peers import peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
SOON = 60.0


class Demo:
    """The demo as people run it, without a terminal, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running = Running(lab(folder, "demo"), folder / "output", ENVIRONMENT)

    def said(self) -> str:
        return self.running.output.read_text()

    def says(self, text: str) -> None:
        self.running.wait_until(lambda: text in self.said())


def lab(folder: Path, *arguments: str) -> list[str]:
    return ["env", "-C", str(folder), sys.executable, "-m", "lab", *arguments]


def ask(folder: Path, wish: str, name: str) -> tuple[int, str]:
    """Return the exit status and all that is said to someone in another terminal."""
    done = subprocess.run(lab(folder, wish, name), env=ENVIRONMENT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def demo(chroot: Chroot, tmp_path: Path) -> Iterator[Demo]:  # noqa: ARG001 - it is built before the demo needs it
    started = Demo(tmp_path)
    yield started
    started.running.stop()


@pytest.mark.lab
def test_the_demo_tells_of_a_fault_that_another_terminal_injects(demo: Demo) -> None:
    demo.says("Ctrl-C ends")
    status, said = ask(demo.folder, "fault", "nonsense")
    assert status == 1
    assert all(name in said for name in ("stop-daemon", "change-password", "break-ha"))
    assert ask(demo.folder, "fault", "stop-daemon")[0] == 0
    demo.says("FIRING     KeaServerDown  sound-v6")
    assert ask(demo.folder, "fault", "stop-daemon") == (0, "sound-v6: stop-daemon is injected.\n")
    assert ask(demo.folder, "repair", "stop-daemon")[0] == 0
    demo.says("RESOLVED   KeaServerDown  sound-v6")
    for standing in ("KeaAuthenticationFailing  wrong-password", "KeaHookMissing  hooks-missing"):
        demo.says(f"FIRING     {standing}")
    assert ask(demo.folder, "fault", "change-subnet")[0] == 0
    demo.says("FIRING     KeaHaSubnetIdsDiffer")
    assert ask(demo.folder, "repair", "change-subnet")[0] == 0
    demo.says("RESOLVED   KeaHaSubnetIdsDiffer")
    demo.running.signal(signal.SIGINT)
    assert demo.running.wait(SOON) == 0
    assert "Traceback" not in demo.said()


def test_without_a_demo_there_is_nothing_to_break(tmp_path: Path) -> None:
    refused = "lab: no demo runs here; start one with: make demo\n"
    assert ask(tmp_path, "fault", "stop-daemon") == (1, refused)


@pytest.mark.lab
@pytest.mark.usefixtures("chroot")
def test_a_second_demo_leaves_the_first_one_in_peace(tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    config, path = tmp_path / "build/demo.yml", tmp_path / "build/demo.sock"
    config.write_text("of the first\n")
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(str(path))
        first.listen()
        done = subprocess.run(
            lab(tmp_path, "demo"), env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60
        )
    assert (done.returncode, "a demo runs here already" in done.stderr) == (1, True)
    assert (config.read_text(), path.exists()) == ("of the first\n", True)


def test_a_demo_that_ends_before_it_answers_is_said_to_have_ended(tmp_path: Path) -> None:
    with peer(hang_up, path=tmp_path / "demo.sock"), pytest.raises(DemoError, match="ended before it answered"):
        ask_demo(tmp_path / "demo.sock", "fault", "stop-daemon")


def hang_up(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_RDWR)


def test_a_daemon_that_hangs_up_does_not_end_the_demo(tmp_path: Path) -> None:
    daemon = KeaDaemon(
        "Dhcp4", {}, tmp_path / "kea.json", tmp_path / "kea.sock", lambda: Running(["true"], tmp_path / "log")
    )
    daemon.running.wait(SOON)
    with peer(hang_up, path=tmp_path / "kea.sock"):
        outcome = Menu({"x": Fault("x", "kea", "reload", daemon.reload, daemon.reload)}).switch("1")
    assert not outcome.is_done


def refuse() -> None:
    succeeded("dhcp-disable", {"result": 1, "text": "not now"})


def test_a_fault_that_kea_refuses_is_not_said_to_be_done() -> None:
    outcome = Menu({"x": Fault("x", "kea", "do it", refuse, refuse)}).switch("1")
    assert not outcome.is_done
    assert "dhcp-disable: not now" in outcome.text


@pytest.mark.parametrize("which", ["1", "x"])
def test_a_number_or_name_injects_a_fault_and_repairs_it(which: str) -> None:
    done: list[str] = []
    menu = Menu({"x": Fault("x", "kea", "do it", lambda: done.append("inject"), lambda: done.append("repair"))})
    assert [menu.switch(which).is_done for _ in range(3)] == [True] * 3
    assert done == ["inject", "repair", "inject"]
    assert "do it" in menu.switch("2").text
    assert not menu.switch("one").is_done
