"""From a fault of a real server to the message about it: Kea, exporter, Prometheus, Alertmanager, receiver.

The rules and Alertmanager's example are those that are shipped; only what they wait for is shorter.
"""

from __future__ import annotations

import datetime as dt
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
from lab.demo.faults import Fault, faults_of
from lab.demo.receiver import Message, Receiver
from lab.servers.alertmanager import Alertmanager, in_haste
from lab.servers.fleet import start_sound_fleet
from lab.servers.kea import Lab
from lab.servers.postgresql import Postgresql
from lab.servers.prometheus import Prometheus
from tests.support.exporter import exporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

EXAMPLE = Path(__file__).parent.parent.parent / "prometheus/alertmanager.example.yml"
REMEDIES = {requirement.id: requirement.causes[0].remedy for requirement in REQUIREMENTS}
# Long enough for a scrape on a busy machine. An alert fires after a second scrape: the first may meet a daemon while it
# stops. What belongs together comes within two scrapes.
SCRAPE, EVALUATION, HOLD, GROUP_WAIT, GROUP_INTERVAL = "1500ms", "500ms", "2s", "3s", "1s"
# Whether a scrape comes late, or too late, depends on the machine, and it is not a matter of the servers.
OF_THE_MACHINE = {"KeaExporterAbsent", "KeaExporterSlow"}
SOON = 60.0


@dataclass(frozen=True)
class Case:
    """The alerts that a fault leads to, written as name, severity, server and, where they have one, requirement.

    Attributes:
        told: the alerts of which people are told.
        silenced: those that fire too, and that others speak for.
        remedy: what the first message says is to be done.
        shown: alerts of severity info, which are active without a notification.
    """

    fault: str
    told: set[str]
    silenced: set[str]
    remedy: str
    shown: frozenset[str] = frozenset()


CASES = (
    Case(
        "stop-daemon",
        {"KeaServerDown critical sound-v6"},
        {"KeaRequirementUnmet warning sound-v6 control-socket-reachable"},
        NEXT_STEPS[Reason.REFUSED],
    ),
    Case(
        "change-password",
        {"KeaServerDown critical sound-v6", "KeaAuthenticationFailing critical sound-v6 authentication-accepted"},
        {"KeaRequirementUnmet warning sound-v6 authentication-accepted"},
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
        "reservations",
        {"KeaSubnetNearlyFull critical sound-v4"},
        {"KeaSubnetNearlyFull warning sound-v4"},
        "has 100% of its addresses leased or reserved. Kea had no lease for",
        shown=frozenset({"KeaRequirementUnmet info sound-v4 pools-are-not-fully-reserved"}),
    ),
    Case(
        "disable-dhcp",
        {"KeaDhcpNotServing critical sound-v4"},
        {
            "KeaDhcpServiceDisabled critical sound-v4 dhcp-service-enabled",
            "KeaRequirementUnmet info sound-v4 dhcp-service-enabled",
        },
        "If a user disabled it, send dhcp-enable",
    ),
    Case(
        "failed-reload",
        {"KeaDhcpNotServing critical sound-v4"},
        {"KeaRequirementUnmet warning sound-v4 service-running"},
        "It has no lease database: its last reload failed",
    ),
    Case(
        "lease-database-lost",
        {"KeaDhcpNotServing critical database-v4"},
        {"KeaRequirementUnmet warning database-v4 service-running"},
        "If the connection is lost, start the database: Kea reconnects by itself",
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
        {"KeaServerDown critical sound-v4", "KeaCertificateExpired critical sound-v4 certificate-within-validity"},
        {
            "KeaRequirementUnmet warning sound-v4 certificate-within-validity",
            "KeaRequirementUnmet info sound-v4 certificate-renewal-not-due",
        },
        REMEDIES["certificate-within-validity"],
    ),
    Case(
        "misname-certificate",
        {
            "KeaServerDown critical sound-v4",
            "KeaCertificateNameMismatch critical sound-v4 certificate-san-matches-address",
        },
        {"KeaRequirementUnmet warning sound-v4 certificate-san-matches-address"},
        REMEDIES["certificate-san-matches-address"],
    ),
    Case(
        "distrust-certificate",
        {"KeaServerDown critical sound-v4", "KeaCertificateUntrusted critical sound-v4 certificate-trusted"},
        {"KeaRequirementUnmet warning sound-v4 certificate-trusted"},
        "set ca_file of tls_config to the CA",
    ),
    Case(
        "break-ha",
        {"KeaHaPartnerDown warning primary-server", "KeaServerDown critical partner-server"},
        {
            "KeaHaCommunicationInterrupted warning primary-server",
            "KeaRequirementUnmet warning partner-server control-socket-reachable",
        },
        "Start the partner, or fix the network between them",
    ),
    Case(
        "change-subnet",
        {"KeaHaSubnetIdsDiffer critical"},
        {"KeaHaConfigurationDiffers warning"},
        "Give each subnet one id on both servers",
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
        return of_servers(alert["labels"] for alert in self.prometheus.alerts())

    def active(self) -> set[str]:
        """Return what Alertmanager does not inhibit."""
        return of_servers(alert["labels"] for alert in self.alertmanager.alerts())

    def unresolved(self) -> set[str]:
        """Return of what people were told last that it fires."""
        last = {message.fingerprint: message for message in self.receiver.messages}
        return of_servers(message.labels for message in last.values() if message.is_firing)

    def is_silent(self) -> bool:
        """Return whether nothing fires, nothing is about to, and all that was told is resolved."""
        return not (self.near() or self.active() or self.unresolved())

    def near(self) -> set[str]:
        """Return what fires in Prometheus, or is about to."""
        return of_servers(alert["labels"] for alert in self.prometheus.alerts("pending", "firing"))

    def evaluate_again(self) -> None:
        """Return when each rule was evaluated once more."""
        now = dt.datetime.now(dt.UTC)
        self.prometheus.wait_until(lambda: self.prometheus.has_evaluated_since(now))


def of_servers(alerts: Iterable[Mapping[str, str]]) -> set[str]:
    """Return alerts as they are written here, given their labels, but for those of the machine."""
    return {written(labels) for labels in alerts if labels["alertname"] not in OF_THE_MACHINE}


def written(labels: Mapping[str, str]) -> str:
    return " ".join(labels[label] for label in ("alertname", "severity", "server", "requirement") if label in labels)


def eventually(found: Callable[[], Any], expected: object) -> None:
    give_up = time.monotonic() + SOON
    while (last := found()) != expected:
        assert time.monotonic() < give_up, f"found {last}, not {expected}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def scene(chroot: Chroot) -> Iterator[Scene]:
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(chroot))
        database = stack.enter_context(Postgresql(chroot))
        fleet = start_sound_fleet(lab, database)
        running = stack.enter_context(exporter(fleet.config_file, "--timeout-offset", "0.1"))
        receiver = stack.enter_context(Receiver())
        example = in_haste(EXAMPLE.read_text(), receiver.url, GROUP_WAIT, GROUP_INTERVAL)
        alertmanager = stack.enter_context(Alertmanager(lab, example))
        job = {
            "job_name": "kea",
            "scrape_interval": SCRAPE,
            "scrape_timeout": SCRAPE,
            "static_configs": [{"targets": [running.url.removeprefix("http://")]}],
        }
        texts = {"rules.yml": rules(hold=HOLD)}
        prometheus = stack.enter_context(
            Prometheus(lab, [job], texts, alertmanager.address, evaluation_interval=EVALUATION)
        )
        started = Scene(faults_of(fleet, database), prometheus, alertmanager, receiver)
        eventually(lambda: len(prometheus.query("kea_up == 1")), len(fleet.daemons))
        # Before the first scrape, there was no exporter to be seen.
        eventually(started.is_silent, expected=True)
        yield started


def test_of_a_sound_fleet_nobody_is_told_anything(scene: Scene) -> None:
    for _ in range(5):
        scene.evaluate_again()
        assert scene.near() == set()
    assert {message.name for message in scene.receiver.messages} <= OF_THE_MACHINE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_a_fault_is_notified_with_its_remedy_until_it_is_repaired(scene: Scene, case: Case) -> None:
    eventually(scene.is_silent, expected=True)
    before = len(scene.receiver.messages)

    def messages() -> list[Message]:
        return [
            message
            for message in scene.receiver.messages[before:]
            if message.is_firing and message.name not in OF_THE_MACHINE
        ]

    def found() -> tuple[set[str], set[str], set[str]]:
        return scene.firing(), scene.active(), {written(message.labels) for message in messages()}

    scene.faults[case.fault].inject()
    try:
        for _ in range(2):
            active = case.told | case.shown
            eventually(found, (active | case.silenced, active, case.told))
            scene.evaluate_again()
    finally:
        scene.faults[case.fault].repair()
    assert [message for message in messages() if case.remedy in message.annotations["description"]]
    assert {message.receiver for message in messages()} == {
        RECEIVERS[message.labels["severity"]] for message in messages()
    }
    eventually(scene.is_silent, expected=True)


RECEIVERS = {"critical": "operators-urgent", "warning": "operators"}


def test_each_fault_that_can_be_injected_is_tested(scene: Scene) -> None:
    assert {case.fault for case in CASES} == scene.faults.keys()
