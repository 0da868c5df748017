"""The inhibitions of the example for Alertmanager, in a real Alertmanager."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from lab.servers.alertmanager import Alertmanager
from lab.servers.kea import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

EXAMPLE = Path(__file__).parent.parent.parent / "prometheus/alertmanager.example.yml"
SITE_LABELS = ("cluster", "site", "region", "environment", "namespace", "job")
SECONDS = 20.0
Labels = dict[str, str]


@pytest.fixture(scope="module")
def alertmanager(chroot: Chroot) -> Iterator[Alertmanager]:
    with Lab(chroot) as lab, Alertmanager(lab, EXAMPLE.read_text()) as running:
        yield running


def active(alertmanager: Alertmanager, *alerts: Mapping[str, str], expected: int) -> list[Labels]:
    """Send alerts about one server; return those not inhibited, once there are as many as expected."""
    server = f"dhcp-{time.monotonic_ns()}"
    ends = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    body = [{"labels": {**labels, "server": server}, "endsAt": ends} for labels in alerts]
    url = f"http://{alertmanager.address}/api/v2/alerts"
    requests.post(url, json=body, timeout=10).raise_for_status()
    give_up = time.monotonic() + SECONDS
    while True:
        found: list[Labels] = [
            shown["labels"] for shown in alertmanager.alerts() if shown["labels"]["server"] == server
        ]
        if len(found) == expected:
            return found
        assert time.monotonic() < give_up, f"{len(found)} alerts are active, not {expected}: {found}"
        time.sleep(0.1)


def alert(name: str, severity: str, **labels: str) -> Labels:
    return {"alertname": name, "severity": severity, "job": "kea", "daemon": "dhcp4", **labels}


@pytest.mark.parametrize("label", SITE_LABELS)
def test_a_server_of_the_same_name_at_another_site_is_not_silenced(alertmanager: Alertmanager, label: str) -> None:
    down = alert("KeaServerDown", "critical") | {label: "north"}
    here = alert("KeaDhcpServiceDisabled", "critical") | {label: "north"}
    elsewhere = alert("KeaDhcpServiceDisabled", "critical") | {label: "south"}
    found = active(alertmanager, down, here, elsewhere, expected=2)
    assert {(labels["alertname"], labels[label]) for labels in found} == {
        ("KeaServerDown", "north"),
        ("KeaDhcpServiceDisabled", "south"),
    }


@pytest.mark.parametrize("severity", ["critical", "warning"])
def test_a_daemon_that_serves_nobody_sends_one_message(alertmanager: Alertmanager, severity: str) -> None:
    found = active(
        alertmanager,
        alert("KeaDhcpNotServing", severity),
        alert("KeaDhcpServiceDisabled", severity, requirement="dhcp-service-enabled"),
        alert("KeaSocketsFailed", "critical", requirement="service-running", status="failed"),
        alert("KeaRequirementUnmet", "warning", requirement="service-running"),
        alert("KeaSocketsFailed", "critical", requirement="service-running", status="failed", daemon="dhcp6"),
        alert("KeaRequirementUnmet", "warning", requirement="service-matches"),
        expected=3,
    )
    assert {(labels["alertname"], labels["daemon"]) for labels in found} == {
        ("KeaDhcpNotServing", "dhcp4"),
        ("KeaSocketsFailed", "dhcp6"),
        ("KeaRequirementUnmet", "dhcp4"),
    }


@pytest.mark.parametrize(("cause", "severity"), [("KeaHaPartnerDown", "warning"), ("KeaHaTerminated", "critical")])
def test_a_pair_that_has_ended_need_not_hear_of_each_other(
    alertmanager: Alertmanager, cause: str, severity: str
) -> None:
    found = active(
        alertmanager,
        alert(cause, severity, relationship="dhcp-b"),
        alert("KeaHaCommunicationInterrupted", "warning", relationship="dhcp-b"),
        alert("KeaHaCommunicationInterrupted", "warning", relationship="dhcp-c"),
        expected=2,
    )
    assert {(labels["alertname"], labels["relationship"]) for labels in found} == {
        (cause, "dhcp-b"),
        ("KeaHaCommunicationInterrupted", "dhcp-c"),
    }
