"""Pauses after commands that keep Kea from receiving packets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.kea.client import LARGE_BYTES, LONG_SECONDS, MAX_PAUSE_SECONDS, PAUSE_SHARE, KeaClient
from kea_exporter.kea.protocol import Command
from tests.support.conversations import Spoken
from tests.support.examples import target

LARGE = json.dumps({"result": 0, "text": "x" * LARGE_BYTES}).encode()
SMALL = json.dumps({"result": 0, "text": "x"}).encode()


@dataclass
class Timer:
    """A clock that goes on when something takes its time."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@dataclass(frozen=True)
class Slow(Spoken):
    """A daemon that takes so many seconds for each answer."""

    timer: Timer
    seconds: float

    def exchange(self, request: bytes, limit: int) -> bytearray:
        self.timer.now += self.seconds
        return super().exchange(request, limit)


@pytest.mark.parametrize(
    ("answer", "seconds", "pauses"),
    [
        (LARGE, 2 * LONG_SECONDS, [PAUSE_SHARE * 2 * LONG_SECONDS] * 2),
        (LARGE, 1, [MAX_PAUSE_SECONDS] * 2),
        (LARGE, LONG_SECONDS / 2, []),
        (SMALL, 10 * LONG_SECONDS, []),
    ],
    ids=["a long command", "a very long one", "a large answer of a quick server", "a server that is far away"],
)
def test_kea_receives_packets_between_commands_that_keep_it_long(
    answer: bytes, seconds: float, pauses: list[float]
) -> None:
    timer = Timer()
    transport = Slow({str(command): answer for command in Command}, timer, seconds)
    client = KeaClient(transport, target(Daemon.DHCP4), clock=timer.read, sleep=timer.sleep)
    for command in (Command.SUBNET4_LIST, Command.STAT_LEASE4_GET, Command.STATUS_GET):
        client.ask(command, lambda _: None)
    # None after the last command.
    assert timer.pauses == pytest.approx(pauses)
    assert [exchange.duration_seconds for exchange in client.exchanges] == pytest.approx([seconds] * 3)


def test_a_quick_command_ends_the_pauses() -> None:
    timer = Timer()
    answers = {"subnet4-list": LARGE, "status-get": SMALL}
    client = KeaClient(
        Slow(answers, timer, 2 * LONG_SECONDS), target(Daemon.DHCP4), clock=timer.read, sleep=timer.sleep
    )
    for command in (Command.SUBNET4_LIST, Command.STATUS_GET, Command.STATUS_GET):
        client.ask(command, lambda _: None)
    assert len(timer.pauses) == 1
