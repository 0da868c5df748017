"""A standing alert in a real Prometheus while the exporter, and with it its samples, is gone for some scrapes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from kea_exporter.alerts.rules import rules
from lab.servers.kea import Lab
from lab.servers.processes import free_port
from lab.servers.prometheus import Prometheus
from tests.support.exporter import exporter, written

if TYPE_CHECKING:
    from pathlib import Path

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

# As long as two scrapes of a minute are to `keep_firing_for` of three.
SCRAPES_WITHOUT_EXPORTER = 4.0
KEEP = "60s"


def test_a_restart_of_the_exporter_does_not_end_a_standing_alert(chroot: Chroot, tmp_path: Path) -> None:
    port = free_port()
    config = written(tmp_path, {"servers": [{"name": "gone", "dhcp4": {"url": f"http://127.0.0.1:{free_port()}"}}]})
    listen = ("--web.listen-address", f"127.0.0.1:{port}")
    job = {
        "job_name": "kea",
        "scrape_interval": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
    with Lab(chroot) as lab:
        texts = {"rules.yml": rules(hold="1s", keep=KEEP)}
        with Prometheus(lab, [job], texts, evaluation_interval="500ms") as prometheus:

            def since() -> str | None:
                found = [alert for alert in prometheus.alerts() if alert["labels"]["alertname"] == "KeaServerDown"]
                return found[0]["activeAt"] if found else None

            with exporter(config, *listen):
                prometheus.wait_until(lambda: since() is not None)
                began = since()
            prometheus.wait_until(lambda: not prometheus.query("kea_up"))
            give_up = time.monotonic() + SCRAPES_WITHOUT_EXPORTER
            while time.monotonic() < give_up:
                assert since() == began
                time.sleep(0.2)
            with exporter(config, *listen):
                prometheus.wait_until(lambda: bool(prometheus.query("kea_up == 0")))
                assert since() == began
