"""Alerts about a real pair, whose servers are scraped by two jobs with different target labels, as at two sites."""

from __future__ import annotations

import copy
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from grafana.src.queries import each_store, gauge, total
from kea_exporter.alerts.rules import rules
from lab.servers.high_availability import PARTNER, PRIMARY, HighAvailability, wait_for
from lab.servers.kea import Lab, succeeded
from lab.servers.prometheus import Prometheus
from tests.support.exporter import exporter, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot
    from lab.servers.kea import KeaDaemon

pytestmark = pytest.mark.lab

SECONDS = 60.0
LEASES = 30
# Whether a scrape comes late depends on the machine; certificates and passwords of this pair do not matter.
OF_SERVICE = ("KeaDhcp", "KeaHa", "KeaSockets")
# What a fault leads to while the pair changes its states is told apart from what it leads to in the end.
SETTLED_SECONDS = 4.0


@dataclass(frozen=True)
class Scene:
    """A pair in hot standby, and the Prometheus that watches it."""

    primary: KeaDaemon
    partner: KeaDaemon
    prometheus: Prometheus

    def firing(self) -> set[str]:
        """Return the alerts about service as name, severity and server, where they have one."""
        found = (
            alert["labels"] for alert in self.prometheus.alerts() if alert["labels"]["alertname"].startswith(OF_SERVICE)
        )
        return {
            " ".join(labels[name] for name in ("alertname", "severity", "server") if name in labels) for labels in found
        }

    def described(self, name: str) -> str:
        """Return the description of an alert that fires once."""
        [description] = [
            alert["annotations"]["description"]
            for alert in self.prometheus.alerts()
            if alert["labels"]["alertname"] == name
        ]
        return str(description)

    def eventually(self, *expected: str) -> None:
        """Return once exactly these alerts fire, and still do some scrapes later."""
        give_up = time.monotonic() + SECONDS
        since = None
        while since is None or time.monotonic() - since < SETTLED_SECONDS:
            found, now = self.firing(), time.monotonic()
            since = (since or now) if found == set(expected) else None
            assert now < give_up, f"these fire: {sorted(found)}, not these: {sorted(expected)}"
            time.sleep(0.1)


@pytest.fixture(scope="module")
def scene(chroot: Chroot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with Lab(chroot) as lab:
        pair = HighAvailability(lab)
        servers = [
            {"name": name, "dhcp4": {"url": f"http://127.0.0.1:{port}"}} for name, port in pair.control_ports.items()
        ]
        with exporter(written(tmp_path_factory.mktemp("exporter"), {"servers": servers})) as running:
            primary, partner = pair.start(PRIMARY), pair.start(PARTNER)
            wait_for(primary, "hot-standby", "hot-standby")
            target = running.url.removeprefix("http://")
            jobs = [
                {
                    "job_name": f"kea-{site}",
                    "scrape_interval": "1s",
                    "metrics_path": "/probe",
                    "params": {"target": [server]},
                    "static_configs": [{"targets": [target], "labels": {"dc": site}}],
                }
                for site, server in (("a", PRIMARY), ("b", PARTNER))
            ]
            with Prometheus(lab, jobs, {"rules.yml": rules(hold="1s")}, evaluation_interval="500ms") as prometheus:
                prometheus.wait_until(lambda: len(prometheus.query("kea_dhcp_serving == 1")) == len(servers))
                yield Scene(primary, partner, prometheus)


def test_of_a_sound_pair_nothing_is_reported(scene: Scene) -> None:
    scene.eventually()


def test_leases_of_both_servers_count_once(scene: Scene) -> None:
    for server in (scene.primary, scene.partner):
        for number in range(LEASES):
            address, hardware = f"10.0.1.{10 + number}", f"02:00:00:00:00:{number:02x}"
            succeeded("lease4-add", server.command("lease4-add", **{"ip-address": address, "hw-address": hardware}))
    panel = total(each_store(gauge("kea_leases", "kind", "state"), "kind", "state"), "state")
    expression = re.sub(r"\$[a-z]+", ".*", panel)

    def counted() -> dict[str, str]:
        return {sample["metric"]["state"]: sample["value"][1] for sample in scene.prometheus.query(expression)}

    scene.prometheus.wait_until(lambda: counted().get("assigned") in {str(LEASES), str(2 * LEASES)})
    assert counted() == {"assigned": str(LEASES), "declined": "0"}


def test_a_primary_that_a_user_disabled_leaves_its_scope_unserved(scene: Scene) -> None:
    """Its partner hears that it is in hot-standby with its scope, and does not take over."""
    scene.primary.command("dhcp-disable")
    try:
        scene.eventually(
            f"KeaDhcpNotServing critical {PRIMARY}",
            f"KeaDhcpServiceDisabled critical {PRIMARY}",
            "KeaHaScopeUnserved critical",
        )
        assert "disabled by user" in scene.described("KeaDhcpNotServing")
    finally:
        scene.primary.command("dhcp-enable")
    scene.eventually()


def test_a_standby_that_a_user_disabled_is_a_warning(scene: Scene) -> None:
    scene.partner.command("dhcp-disable")
    try:
        scene.eventually(f"KeaDhcpNotServing warning {PARTNER}", f"KeaDhcpServiceDisabled warning {PARTNER}")
    finally:
        scene.partner.command("dhcp-enable")
    scene.eventually()


def test_after_a_failed_reload_the_partner_serves_alone(scene: Scene) -> None:
    """The primary serves nobody, and goes on to say that it serves its scope; its partner takes over."""
    half_applied = copy.deepcopy(scene.primary.configuration)
    half_applied["interfaces-config"]["interfaces"] = ["nosuch0"]
    scene.primary.write(half_applied)
    assert scene.primary.command("config-reload")["result"] != 0
    try:
        wait_for(scene.partner, "partner-down")
        scene.eventually(f"KeaDhcpNotServing warning {PRIMARY}", *PARTNER_ALONE)
        assert "its last reload failed" in scene.described("KeaDhcpNotServing")
    finally:
        scene.primary.write(scene.primary.configuration)
        scene.primary.reload()
    wait_for(scene.primary, "hot-standby", "hot-standby")
    scene.eventually()


PARTNER_ALONE = (
    f"KeaHaPartnerDown warning {PARTNER}",
    f"KeaHaCommunicationInterrupted warning {PARTNER}",
    f"KeaHaCommunicationInterrupted warning {PRIMARY}",
)


def test_maintenance_while_the_partner_serves_is_reported_by_nobody(scene: Scene) -> None:
    scene.primary.command("ha-maintenance-start")
    try:
        wait_for(scene.primary, "partner-in-maintenance", "in-maintenance")
        scene.eventually()
    finally:
        scene.primary.command("ha-maintenance-cancel")
    wait_for(scene.primary, "hot-standby", "hot-standby")
