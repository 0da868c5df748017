"""Names are resolved within a deadline, each once at a time, and on a few threads."""

from __future__ import annotations

import socket
import time
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from kea_exporter.facts.failure import Reason, Stage
from kea_exporter.transport.deadline import Deadline
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.names import MAX_LOOKUPS, Address, Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator

SOON, GENEROUS = 0.2, 20.0
FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0))]


class SilentResolver:
    """A resolver that does not answer until the end of a test, and holds a thread for each query."""

    def __init__(self) -> None:
        self.queried: list[str] = []
        self.answers = Event()

    def query(self, host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        self.queried.append(host)
        self.answers.wait(GENEROUS)
        return FOUND


@pytest.fixture
def silent() -> Iterator[SilentResolver]:
    resolver = SilentResolver()
    yield resolver
    resolver.answers.set()


def failure_of(resolver: Resolver, host: str, seconds: float = SOON) -> tuple[Stage, Reason]:
    with pytest.raises(TransportError) as caught:
        resolver.resolve(host, 80, Deadline.after(seconds))
    return caught.value.failure.stage, caught.value.failure.reason


def test_a_silent_resolver_is_waited_for_until_the_deadline(silent: SilentResolver) -> None:
    started = time.monotonic()
    assert failure_of(Resolver(silent.query), "kea.test") == (Stage.RESOLVE, Reason.RESOLVER_TIMED_OUT)
    assert time.monotonic() - started < GENEROUS / 2


def test_addresses_need_no_resolver(silent: SilentResolver) -> None:
    resolver = Resolver(silent.query)
    assert resolver.resolve("192.0.2.1", 80, Deadline.after(GENEROUS)) == [Address(socket.AF_INET, ("192.0.2.1", 80))]
    assert [address.host for address in resolver.resolve("2001:db8::1", 80, Deadline.after(GENEROUS))] == [
        "2001:db8::1"
    ]
    assert silent.queried == []


def test_a_name_is_looked_up_once_at_a_time_however_many_wait_for_it(silent: SilentResolver) -> None:
    resolver = Resolver(silent.query)
    for _ in range(10):
        assert failure_of(resolver, "kea.test", 0.01) == (Stage.RESOLVE, Reason.RESOLVER_TIMED_OUT)
    assert silent.queried == ["kea.test"]
    silent.answers.set()
    assert resolver.resolve("kea.test", 80, Deadline.after(GENEROUS)) == [Address(socket.AF_INET, ("192.0.2.1", 80))]


def test_threads_do_not_pile_up_behind_a_silent_resolver(silent: SilentResolver) -> None:
    resolver = Resolver(silent.query)
    for number in range(MAX_LOOKUPS + 5):
        assert failure_of(resolver, f"kea-{number}.test", 0.01) == (Stage.RESOLVE, Reason.RESOLVER_TIMED_OUT)
    assert len(silent.queried) == MAX_LOOKUPS
    silent.answers.set()
    assert [address.host for address in resolver.resolve("other.test", 80, Deadline.after(GENEROUS))] == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (UnicodeError("label too long"), "not a valid name"),
    ],
)
def test_a_name_that_stands_for_nothing_is_not_resolved(error: Exception, text: str) -> None:
    def query(*_: object, **__: object) -> list[tuple[Any, ...]]:
        raise error

    with pytest.raises(TransportError, match=f"the name kea.test cannot be resolved: {text}") as caught:
        Resolver(query).resolve("kea.test", 80, Deadline.after(GENEROUS))
    assert caught.value.failure.reason is Reason.NAME_NOT_RESOLVED
