"""Response times from the statistics of the hook perfmon."""

from __future__ import annotations

import pytest

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.statistics import ResponseTime
from kea_exporter.kea.perfmon import MAX_EXCHANGES, is_of_perfmon, read_response_times
from kea_exporter.kea.statistics import read_all
from tests.support.answers import statistics

TOTAL = "composite-total_response.mean-usecs"
# As measured on Kea 3.0.3, after 20 exchanges of four messages.
DHCP4: dict[str, int | list[int]] = {
    "perfmon.DHCPDISCOVER-DHCPOFFER.buffer_read-mt_queued.mean-usecs": 6,
    f"perfmon.DHCPDISCOVER-DHCPOFFER.{TOTAL}": [1137, 2260, 900],
    "perfmon.DHCPREQUEST-DHCPACK.process_started-process_completed.mean-usecs": 704,
    f"perfmon.DHCPREQUEST-DHCPACK.{TOTAL}": 812,
    "subnet-id[1].perfmon.DHCPDISCOVER-DHCPOFFER.socket_received-buffer_read.mean-usecs": 556,
    f"subnet-id[1].perfmon.DHCPDISCOVER-DHCPOFFER.{TOTAL}": 1137,
}
DHCP6: dict[str, int | list[int]] = {f"perfmon.SOLICIT-ADVERTISE.{TOTAL}": 326, f"perfmon.REQUEST-REPLY.{TOTAL}": 541}


def test_whole_exchanges_are_exported_and_parts_are_ignored() -> None:
    found = read_all(statistics(DHCP4), Daemon.DHCP4)
    assert found.daemon.response_times == {
        "discover_offer": ResponseTime(0.001137, 0.00226),
        "request_ack": ResponseTime(0.000812, 0.000812),
    }
    assert found.daemon.unknown == frozenset()
    assert found.subnets.keys == ()


def test_dhcpv6_has_exchanges_of_its_own() -> None:
    found = read_all(statistics(DHCP6), Daemon.DHCP6).daemon.response_times
    assert found.keys() == {"solicit_advertise", "request_reply"}


@pytest.mark.parametrize("samples", [[], [[]], None, 5, [["soon", ""]], [[-1, ""]], [[True, ""]], [[10**50, ""]]])
def test_what_is_no_duration_is_left_out(samples: object) -> None:
    assert read_response_times({f"perfmon.A-B.{TOTAL}": samples}) == {}


def test_there_are_not_more_exchanges_than_kea_can_have() -> None:
    many = {f"perfmon.Q{number}-A.{TOTAL}": [[1, ""]] for number in range(MAX_EXCHANGES + 1)}
    assert len(read_response_times(many)) == MAX_EXCHANGES


@pytest.mark.parametrize("name", ["perfmon", "my.perfmon.x", "subnet[1].perfmon.x", "pkt4-perfmon.x"])
def test_another_statistic_is_none_of_perfmon(name: str) -> None:
    assert not is_of_perfmon(name)
