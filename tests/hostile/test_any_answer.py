"""Each reader returns a value for any answer, or reports that the answer is malformed."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Counts, Subnets
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.lease_pages import AuditTally, read_lease_page
from kea_exporter.kea.leases import leases_of_rows, leases_of_statistics
from kea_exporter.kea.protocol import Answer, decode
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.kea.statistics import read_all
from kea_exporter.kea.status import read_commands, read_status, read_version
from kea_exporter.kea.subnets import read_stat_lease, read_subnets
from tests.support.answers import KEA_3_0_4, KEA_3_2_0, paths, put
from tests.support.recordings import recorded
from tests.unit.test_configuration_reader import AGENTS_DAEMONS, RICH, TLS_FILES
from tests.unit.test_lease_pages import lease4, lease6

if TYPE_CHECKING:
    from collections.abc import Callable

    from kea_exporter.facts.leases import LeaseAudit, Leases

PREFIXES = MappingProxyType({1: "192.0.2.0/24", 2: "198.51.100.0/24"})
BOTH = Subnets(tuple(PREFIXES), tuple(PREFIXES.values()), ("", ""))
NONE: Counts[int] = Counts((), {})


def tallied(answer: Answer) -> LeaseAudit:
    tally = AuditTally(PREFIXES)
    tally.add(read_lease_page(answer))
    return tally.result(0.0, is_complete=True)


def counted4(answer: Answer) -> Leases:
    return leases_of_rows(read_stat_lease(answer, Daemon.DHCP4, KEA_3_2_0), BOTH, NONE)


def summed(answer: Answer) -> Leases:
    return leases_of_statistics(read_all(answer, Daemon.DHCP4).subnets, BOTH, NONE)


READERS: dict[str, Callable[[Answer], object]] = {
    "version-get": read_version,
    "list-commands": read_commands,
    "status-get": read_status,
    "status-get of a pair": read_status,
    "config-get": read_configuration,
    "config-get of an agent": read_configuration,
    "subnet4-list": read_subnets,
    "stat-lease4-get": counted4,
    "stat-lease6-get": partial(read_stat_lease, daemon=Daemon.DHCP6, version=KEA_3_0_4),
    "statistic-get-all": summed,
    "lease4-get-page": read_lease_page,
    "lease6-get-page": read_lease_page,
    "lease4-get-page, tallied": tallied,
}
AGENT = {
    "Control-agent": {
        "http-host": "192.0.2.1",
        "http-port": 8001,
        "authentication": {"realm": "a", "clients": [{}]},
        "control-sockets": AGENTS_DAEMONS,
        **TLS_FILES,
    }
}
OWN = {
    "config-get": RICH,
    "config-get of an agent": AGENT,
    "status-get of a pair": recorded("kea-3.0.3", "high-availability")["hot-standby"]["arguments"],
    "lease4-get-page": {"count": 2, "leases": [lease4(), lease4("10.0.0.1", 9)]},
    "lease6-get-page": {"count": 2, "leases": [lease6(), lease6("2001:db8:ff::", type="IA_PD")]},
    "lease4-get-page, tallied": {"count": 2, "leases": [lease4(), lease4("10.0.0.1", 9)]},
}


def real_answer(command: str) -> object:
    if command in OWN:
        return {"result": 0, "arguments": OWN[command]}
    return recorded("kea-3.2.0", "dhcp6" if command == "stat-lease6-get" else "dhcp4")[command]


REAL = {command: real_answer(command) for command in READERS}
OTHER_KEYS = {"Dhcp6", "control-socket", "errors", "IA_PD", "subnet[1].assigned-addresses", "remote"}
KEYS = st.sampled_from(
    sorted({str(key) for tree in REAL.values() for path in paths(tree) for key in path} | OTHER_KEYS)
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | KEYS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=8), inner, max_size=6),
    max_leaves=16,
)
DEPTH, DEEP, HERE = 40_000, "deep", b'"deep"'
QUICK = settings(max_examples=150, deadline=None)


def value_or_malformed(read: Callable[[Answer], object], body: bytes) -> None:
    with suppress(MalformedAnswerError):
        assert read(decode(body)) is not None


@QUICK
@given(st.binary(max_size=64))
def test_any_bytes_are_an_answer_or_malformed(body: bytes) -> None:
    value_or_malformed(lambda answer: answer, body)


@pytest.mark.parametrize("command", READERS)
@QUICK
@given(result=st.sampled_from([0, 3]), text=st.text(max_size=8), arguments=JSON)
def test_any_arguments_give_a_value_or_are_malformed(command: str, result: int, text: str, arguments: object) -> None:
    body = json.dumps({"result": result, "text": text, "arguments": arguments}).encode()
    value_or_malformed(READERS[command], body)


@pytest.mark.parametrize("command", READERS)
@QUICK
@given(data=st.data())
def test_any_value_in_a_real_answer_may_be_anything(command: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(paths(REAL[command]))))
    value_or_malformed(READERS[command], json.dumps(put(REAL[command], path, data.draw(JSON))).encode())


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("opening", [b"[", b'{"a": '])
def test_any_value_in_a_real_answer_may_hold_itself_many_times_over(command: str, opening: bytes) -> None:
    """Until Python 3.13, json gives up at a depth of some 1,000; since 3.14, at that of the stack."""
    deep = opening * DEPTH + b"1" + {b"[": b"]"}.get(opening, b"}") * DEPTH
    every = list(paths(REAL[command]))
    for path in every[:: max(1, len(every) // 50)]:
        value_or_malformed(READERS[command], json.dumps(put(REAL[command], path, DEEP)).encode().replace(HERE, deep))


@pytest.mark.parametrize("command", READERS)
def test_a_real_answer_is_read(command: str) -> None:
    assert READERS[command](decode(json.dumps(REAL[command]).encode())) is not None
