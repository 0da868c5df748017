"""From a fault of a real server to the message about it: Kea, exporter, Prometheus, Alertmanager, receiver.

The rules and Alertmanager's example are those that are shipped; only what they wait for is shorter.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.alerts.rules import rules
from kea_exporter.facts.failure import Reason
from kea_exporter.requirements import REQUIREMENTS
from kea_exporter.requirements.next_steps import NEXT_STEPS
from lab.alertmanager import Alertmanager, in_haste
from lab.faults import Fault, faults_of
from lab.fleet import start_sound_fleet
from lab.kea import Lab
from lab.menu import Menu
from lab.processes import Running
from lab.prometheus import Prometheus
from lab.receiver import Message, Receiver
from tests.exporter import exporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from lab.chroot import Chroot

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "prometheus/alertmanager.example.yml"
REMEDIES = {it.id: it.remedy for it in REQUIREMENTS}
# A scrape every second; what belongs together is there within two.
EVALUATION, SECOND, HOLD, GROUP_WAIT = "500ms", "1s", "1s", "2s"
SOON = 20.0


@dataclass(frozen=True)
class Case:
    """What a fault leads to; alerts are written as name, severity, server and, where they have one, requirement.

    Attributes:
        told: the alerts of which people are told.
        silenced: those that fire too, and that others speak for.
        remedy: what the first message says is to be done.
    """

    fault: str
    told: set[str]
    silenced: set[str]
    remedy: str


CASES = (
    Case(
        "stop-daemon",
        {"KeaServerDown critical sound-v6"},
        {"KeaRequirementUnmet warning sound-v6 control-socket-reachable"},
        NEXT_STEPS[Reason.REFUSED],
    ),
    Case(
        "change-password",
        {"KeaAuthenticationFailing critical sound-v6 authentication-accepted"},
        {"KeaServerDown critical sound-v6", "KeaRequirementUnmet warning sound-v6 authentication-accepted"},
        REMEDIES["authentication-accepted"],
    ),
    Case(
        "unload-hook",
        {"KeaHookMissing warning sound-v6 hook-host-cmds-loaded"},
        {"KeaRequirementUnmet warning sound-v6 hook-host-cmds-loaded"},
        REMEDIES["hook-host-cmds-loaded"],
    ),
    Case(
        "fill-subnet",
        {"KeaSubnetNearlyFull critical sound-v4"},
        {"KeaSubnetNearlyFull warning sound-v4", "KeaSubnetExhaustionPredicted warning sound-v4"},
        "Add a pool",
    ),
    Case(
        "disable-dhcp",
        {"KeaDhcpServiceDisabled critical sound-v4 dhcp-service-enabled"},
        {"KeaRequirementUnmet info sound-v4 dhcp-service-enabled"},
        REMEDIES["dhcp-service-enabled"],
    ),
    Case(
        "age-certificate",
        {"KeaCertificateExpiring critical sound-v4 certificate-renewal-not-due"},
        {
            "KeaCertificateExpiring warning sound-v4 certificate-renewal-not-due",
            "KeaRequirementUnmet info sound-v4 certificate-renewal-not-due",
        },
        REMEDIES["certificate-renewal-not-due"],
    ),
    Case(
        "expire-certificate",
        {"KeaCertificateExpired critical sound-v4 certificate-within-validity"},
        {
            "KeaServerDown critical sound-v4",
            "KeaRequirementUnmet warning sound-v4 certificate-within-validity",
            "KeaRequirementUnmet info sound-v4 certificate-renewal-not-due",
        },
        REMEDIES["certificate-within-validity"],
    ),
    Case(
        "misname-certificate",
        {"KeaCertificateNameMismatch critical sound-v4 certificate-san-matches-address"},
        {"KeaServerDown critical sound-v4", "KeaRequirementUnmet warning sound-v4 certificate-san-matches-address"},
        REMEDIES["certificate-san-matches-address"],
    ),
    Case(
        "distrust-certificate",
        {"KeaCertificateUntrusted critical sound-v4 certificate-trusted"},
        {"KeaServerDown critical sound-v4", "KeaRequirementUnmet warning sound-v4 certificate-trusted"},
        REMEDIES["certificate-trusted"],
    ),
    Case(
        "break-ha",
        {"KeaHaPartnerDown warning primary-server", "KeaServerDown critical partner-server"},
        {
            "KeaHaCommunicationInterrupted warning primary-server",
            "KeaRequirementUnmet warning partner-server control-socket-reachable",
        },
        "Start the partner, or mend the network between them",
    ),
)


@dataclass(frozen=True)
class Scene:
    """All that takes part."""

    faults: Mapping[str, Fault]
    prometheus: Prometheus
    alertmanager: Alertmanager
    receiver: Receiver

    def firing(self) -> set[str]:
        """Return what fires in Prometheus."""
        return {written(it["labels"]) for it in self.prometheus.alerts()}

    def active(self) -> set[str]:
        """Return what Alertmanager does not inhibit."""
        return {written(it["labels"]) for it in self.alertmanager.alerts()}

    def unresolved(self) -> set[str]:
        """Return of what people were told last that it fires."""
        last = {it.fingerprint: it for it in self.receiver.messages}
        return {written(it.labels) for it in last.values() if it.is_firing}

    def is_silent(self) -> bool:
        """Return whether nothing fires, nothing is about to, and all that was told is resolved."""
        return not (self.prometheus.alerts("pending", "firing") or self.active() or self.unresolved())

    def evaluate_again(self) -> None:
        """Return when each rule was evaluated once more."""
        now = dt.datetime.now(dt.UTC)
        self.prometheus.wait_until(lambda: self.prometheus.has_evaluated_since(now))


def written(labels: Mapping[str, str]) -> str:
    return " ".join(labels[it] for it in ("alertname", "severity", "server", "requirement") if it in labels)


def eventually(found: Callable[[], Any], expected: object) -> None:
    give_up = time.monotonic() + SOON
    while (last := found()) != expected:
        assert time.monotonic() < give_up, f"found {last}, not {expected}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def scene(chroot: Chroot) -> Iterator[Scene]:
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(chroot))
        fleet = start_sound_fleet(lab)
        running = stack.enter_context(exporter(fleet.config_file, "--timeout-offset", "0.1"))
        receiver = stack.enter_context(Receiver())
        example = in_haste(EXAMPLE.read_text(), receiver.url, GROUP_WAIT, SECOND)
        alertmanager = stack.enter_context(Alertmanager(lab, example))
        job = {
            "job_name": "kea",
            "scrape_interval": SECOND,
            "scrape_timeout": SECOND,
            "static_configs": [{"targets": [running.url.removeprefix("http://")]}],
        }
        texts = {"rules.yml": rules(hold=HOLD)}
        prometheus = stack.enter_context(
            Prometheus(lab, [job], texts, alertmanager.address, evaluation_interval=EVALUATION)
        )
        it = Scene(faults_of(fleet), prometheus, alertmanager, receiver)
        eventually(lambda: len(prometheus.query("kea_up == 1")), len(fleet.daemons))
        # Before the first scrape, there was no exporter to be seen.
        eventually(it.is_silent, expected=True)
        yield it


def test_of_a_sound_fleet_nobody_is_told_anything(scene: Scene) -> None:
    for _ in range(5):
        scene.evaluate_again()
        assert scene.prometheus.alerts("pending", "firing") == []
    assert {it.name for it in scene.receiver.messages} <= {"KeaExporterAbsent"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_a_fault_is_told_once_with_its_remedy_until_it_is_repaired(scene: Scene, case: Case) -> None:
    eventually(scene.is_silent, expected=True)
    before = len(scene.receiver.messages)

    def messages() -> list[Message]:
        return [it for it in scene.receiver.messages[before:] if it.is_firing]

    def told() -> set[str]:
        return {written(it.labels) for it in messages()}

    scene.faults[case.fault].inject()
    try:
        eventually(scene.firing, case.told | case.silenced)
        eventually(told, case.told)
        scene.evaluate_again()
        assert scene.firing() == case.told | case.silenced
        assert scene.active() == told() == case.told
    finally:
        scene.faults[case.fault].repair()
    assert [it for it in messages() if case.remedy in it.annotations["description"]]
    assert {it.receiver for it in messages()} == {RECEIVERS[it.labels["severity"]] for it in messages()}
    eventually(scene.is_silent, expected=True)


RECEIVERS = {"critical": "operators-urgent", "warning": "operators"}


def test_each_fault_that_can_be_injected_is_tested(scene: Scene) -> None:
    assert {case.fault for case in CASES} == scene.faults.keys()


class Demo:
    """The demo as people run it, without a terminal, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running = Running(self._command("demo"), folder / "output", ENVIRONMENT)

    def said(self) -> str:
        return self.running.output.read_text()

    def says(self, text: str) -> None:
        self.running.wait_until(lambda: text in self.said())

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = self._command(*arguments)
        return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60)

    def _command(self, *arguments: str) -> list[str]:
        return ["env", "-C", str(self.folder), sys.executable, "-m", "lab", *arguments]


ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def demo(chroot: Chroot, tmp_path: Path) -> Iterator[Demo]:  # noqa: ARG001 - it is built before the demo needs it
    it = Demo(tmp_path)
    yield it
    it.running.stop()


def test_the_demo_tells_of_a_fault_that_another_terminal_injects(demo: Demo) -> None:
    refused = demo.ask("fault", "stop-daemon")
    assert (refused.returncode, refused.stderr) == (1, "lab: no demo runs here; start one with: make demo\n")
    demo.says("Ctrl-C ends")
    unknown = demo.ask("fault", "nonsense")
    assert unknown.returncode == 1
    assert [case.fault for case in CASES if case.fault not in unknown.stderr] == []
    assert demo.ask("fault", "stop-daemon").returncode == 0
    demo.says("FIRING     KeaServerDown  sound-v6")
    again = demo.ask("fault", "stop-daemon")
    assert (again.returncode, again.stdout) == (0, "sound-v6: stop-daemon is injected.\n")
    assert demo.ask("repair", "stop-daemon").returncode == 0
    demo.says("RESOLVED   KeaServerDown  sound-v6")
    for standing in ("KeaAuthenticationFailing  wrong-password", "KeaHookMissing  hooks-missing"):
        demo.says(f"FIRING     {standing}")
    demo.running.signal(signal.SIGINT)
    assert demo.running.wait(SOON) == 0
    assert "Traceback" not in demo.said()


def test_a_number_on_the_terminal_injects_a_fault_and_the_same_again_repairs_it() -> None:
    done: list[str] = []
    menu = Menu({"x": Fault("x", "kea", "do it", lambda: done.append("inject"), lambda: done.append("repair"))})
    assert [menu.switch("1").is_done for _ in range(3)] == [True] * 3
    assert done == ["inject", "repair", "inject"]
    assert "do it" in menu.switch("2").text
    assert not menu.switch("one").is_done
