"""A server of a pair is read again after the other one has changed, and no more than once for each change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.facts.failure import known
from kea_exporter.facts.pairs import ConfigurationRead
from kea_exporter.kea.rereading import is_due, read_at
from kea_exporter.partner_reads import PartnerReads
from kea_exporter.transport.deadline import Deadline
from tests.support.examples import LIFETIME, pair_configuration, silent, sound
from tests.unit.test_collector import daemons

if TYPE_CHECKING:
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot

PAIR, OTHER_PAIR = "192.0.2.1:8000 192.0.2.2:8000", "192.0.2.3:8000 192.0.2.4:8000"


@dataclass
class Pair:
    """Servers whose configurations may change, and a collector that probes them in turn.

    Attributes:
        hashes: by server, of the part `pools`.
        pairs: by server.
        read: the servers whose configurations were read in the last collection.
    """

    hashes: dict[str, int]
    pairs: dict[str, str] = field(default_factory=dict)
    reloaded: set[str] = field(default_factory=set)
    read: list[str] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.collector = Collector(self._probe)

    def collect(self) -> list[str]:
        """Probe one server after another; return those whose configuration was read."""
        self.read.clear()
        for daemon in daemons(*self.hashes):
            self.collector.collect([daemon], Deadline.after(10))
        self.reloaded.clear()
        return [*self.read]

    def change(self, name: str, number: int) -> None:
        """Give a server another configuration, with a reload."""
        self.hashes[name] = number
        self.reloaded.add(name)

    def _probe(self, daemon: DaemonSettings, _: Deadline, before: Snapshot | None) -> Snapshot:
        name = daemon.target.server
        self.now += 1
        held = before.configuration_read if before is not None else None
        is_reread = held is None or held.is_outdated or name in self.reloaded
        base = sound(target=daemon.target, lifetime=LIFETIME)
        if not is_reread and before is not None:
            return replace(base, configuration=before.configuration, configuration_read=held)
        self.read.append(name)
        entry = pair_configuration(known(base.subnets), self.pairs.get(name, PAIR))
        entry = replace(entry, hashes={**entry.hashes, "pools": self.hashes[name]})
        configuration = replace(known(base.configuration), pair_configurations=(entry,))
        return replace(base, configuration=configuration, configuration_read=read_at(self.now, configuration, held))


def test_equal_partners_are_read_once() -> None:
    pair = Pair({"a": 1, "b": 1})
    assert [pair.collect() for _ in range(3)] == [["a", "b"], [], []]


def test_partners_that_differ_are_read_once_more_for_each_change() -> None:
    pair = Pair({"a": 1, "b": 1})
    pair.collect()
    pair.change("b", 2)
    assert [pair.collect() for _ in range(4)] == [["b"], ["a"], [], []]
    pair.change("a", 3)
    assert [pair.collect() for _ in range(3)] == [["a", "b"], [], []]


def test_a_partner_that_changed_without_a_trace_is_found_at_once() -> None:
    pair = Pair({"a": 1, "b": 1})
    pair.collect()
    pair.hashes["a"] = 2  # unseen, such as class-add
    pair.collect()
    pair.change("b", 2)
    assert [pair.collect() for _ in range(3)] == [["b"], ["a"], []]


def test_servers_of_another_pair_and_without_one_are_left_alone() -> None:
    pair = Pair({"a": 1, "b": 2, "c": 3, "d": 4}, {"b": OTHER_PAIR, "c": "", "d": ""})
    assert [pair.collect() for _ in range(2)] == [["a", "b", "c", "d"], []]


def test_a_server_that_is_no_longer_configured_is_forgotten() -> None:
    pair = Pair({"a": 1, "b": 2})
    pair.collect()
    pair.collector.keep_only(daemon.target for daemon in daemons("a"))
    del pair.hashes["b"]
    assert pair.collect() == []


def test_an_unknown_configuration_is_neither_noted_nor_marked() -> None:
    reads = PartnerReads()
    reads.note(silent())
    assert reads.marked(silent()) == silent()


READ = ConfigurationRead(100.0, 100.0, ())


@pytest.mark.parametrize(("age", "expected"), [(0, False), (599, False), (600, True), (-1, True)])
def test_a_configuration_is_due_by_its_age(age: float, expected: bool) -> None:  # noqa: FBT001
    configuration = known(sound().configuration)
    paired = replace(configuration, pairs=(object(),))  # type: ignore[arg-type]
    assert is_due(READ, paired, None, READ.at + age) is expected
    assert is_due(READ, configuration, None, READ.at + age) is False
