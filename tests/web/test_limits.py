"""Limits for each client: slots, turns, shared results, and what happens without a thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kea_exporter.httpd.fair_queue import FairQueue, QueueFullError, client_at, client_of, on_thread
from kea_exporter.process import NoThreadError
from kea_exporter.web import WebOptions
from kea_exporter.web.slots import FullError, Slots
from kea_exporter.web.waiting import Sharing
from tests.support.serving import answer, servers, serving
from tests.support.waiting import wait_until
from tests.support.web_server import connected

if TYPE_CHECKING:
    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.transport.deadline import Deadline

CLIENTS = {
    "192.0.2.1": "192.0.2.1",
    "::ffff:192.0.2.1": "192.0.2.1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:db8:1:2::": "2001:db8:1:2::/64",
    "fe80::1%eth0": "fe80::/64",
    "": "",
    "/run/web.sock": "",
}


@pytest.mark.parametrize("address", CLIENTS)
def test_a_client_is_an_ipv4_address_or_an_ipv6_prefix(address: str) -> None:
    assert client_at(address) == CLIENTS[address]
    assert client_of({"client": (address, 1)}) == CLIENTS[address]


def test_a_request_over_a_unix_socket_has_no_address() -> None:
    assert client_of({"client": None}) == ""


# Slots.


def taken(slots: Slots, client: str) -> int:
    """Take all slots that there are for a client, and return how many."""
    number = 0
    try:
        while True:
            slots.take(client)
            number += 1
    except FullError:
        return number


@pytest.mark.parametrize(("size", "alone"), [(1, 1), (2, 1), (4, 3), (8, 6), (20, 15), (40, 30), (1000, 750)])
def test_one_client_has_at_most_three_quarters_of_the_slots(size: int, alone: int) -> None:
    assert taken(Slots(size), "a") == alone


def test_every_further_client_finds_a_slot_while_there_is_one() -> None:
    slots = Slots(40)
    found = [taken(slots, f"client-{number}") for number in range(60)]
    assert found[:3] == [30, 7, 2]
    assert (sum(found), len(slots)) == (40, 40)
    slots = Slots(40)
    assert taken(slots, "greedy") == 30
    for number in range(10):
        slots.take(f"client-{number}")


def test_a_slot_that_is_given_back_can_be_taken_again() -> None:
    slots = Slots(2)
    for _ in range(5):
        slots.take("a")
        slots.give_back("a")
    assert len(slots) == 0


# FairQueue.


def test_clients_take_turns_and_work_is_done_one_at_a_time() -> None:
    order: list[str] = []
    busy = threading.Lock()
    may_begin = threading.Event()

    def work(client: str) -> str:
        assert busy.acquire(blocking=False)
        assert may_begin.wait(20)
        order.append(client)
        busy.release()
        return client

    async def all_of_it() -> list[str]:
        turns = FairQueue(64, 16)
        clients = ["a"] * 10 + ["b"] * 3 + ["c"]
        tasks = [asyncio.create_task(turns.run(client, partial(work, client))) for client in clients]
        await asyncio.sleep(0.1)
        may_begin.set()
        return await asyncio.gather(*tasks)

    assert asyncio.run(all_of_it()) == ["a"] * 10 + ["b"] * 3 + ["c"]
    assert order == ["a", "a", "b", "c", "a", "b", "a", "b", *["a"] * 6]


def test_work_that_waits_is_bounded_for_each_client_and_for_all() -> None:
    may_end = threading.Event()

    async def refused() -> Counter[str]:
        turns = FairQueue(12, 8)
        wanted = ["a"] * 20 + ["b"] * 20 + ["c"]
        tasks = {asyncio.create_task(turns.run(client, lambda: may_end.wait(20))): client for client in wanted}
        await asyncio.sleep(0.2)
        may_end.set()
        await asyncio.wait(tasks)
        return Counter(client for task, client in tasks.items() if isinstance(task.exception(), QueueFullError))

    # One is done, and eight wait, of the first; four wait of the second.
    assert asyncio.run(refused()) == {"a": 20 - 1 - 8, "b": 20 - 4, "c": 1}


def test_a_turn_is_passed_on_when_work_raises_or_is_given_up() -> None:
    def fail() -> None:
        raise ValueError("wrong")

    async def all_of_it() -> str:
        turns = FairQueue(64, 16)
        may_end = threading.Event()
        first = asyncio.create_task(turns.run("a", lambda: may_end.wait(20)))
        failing = asyncio.create_task(turns.run("a", fail))
        given_up = asyncio.create_task(turns.run("b", lambda: "never"))
        last = asyncio.create_task(turns.run("c", lambda: "done"))
        await asyncio.sleep(0.05)
        given_up.cancel()
        may_end.set()
        await first
        with pytest.raises(ValueError, match="wrong"):
            await failing
        return await last

    assert asyncio.run(all_of_it()) == "done"


# Shared results.


def test_a_result_is_made_once_for_all_who_want_it_at_the_same_time() -> None:
    made: list[str] = []

    async def make(key: str) -> object:
        made.append(key)
        await asyncio.sleep(0.01)
        return object()

    async def all_of_it() -> list[object]:
        sharing = Sharing()
        first = await asyncio.gather(*(sharing.get(key, partial(make, key)) for key in "aabab"))
        return [*first, await sharing.get("a", lambda: make("a"))]

    found = asyncio.run(all_of_it())
    assert made == ["a", "b", "a"]
    assert len(set(map(id, found))) == 3


# Without a thread.


def refuse(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_work_without_a_thread_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        asyncio.run(on_thread(fail))

    async def without() -> None:
        monkeypatch.setattr(threading.Thread, "start", refuse)
        await on_thread(lambda: None)

    with pytest.raises(NoThreadError):
        asyncio.run(without())


@pytest.mark.parametrize("path", ["/metrics", "/probe?target=a", "/api/v1/servers", "/", "/servers/a"])
def test_a_request_without_a_thread_gets_503_and_one_line_in_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    usual = threading.Thread.start

    def refuse_workers(thread: threading.Thread) -> None:
        if thread.name == "probe" or "AnyIO" in thread.name:
            refuse(thread)
        usual(thread)

    monkeypatch.setattr("kea_exporter.web.app.NO_THREAD._next", 0.0)
    with serving(servers("a"), WebOptions(), answer) as pages:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse_workers)
            refused = [pages.get(path) for _ in range(20)]
        assert {response.status_code for response in refused} == {503}
        assert {response.headers["Retry-After"] for response in refused} == {"5"}
        assert {response.text for response in refused} == {"no thread can be started, try again later\n"}
        assert pages.get(path).status_code == 200
        assert pages.get("/metrics").status_code == 200
    lines = [line for line in capsys.readouterr().out.splitlines() if "no thread available" in line]
    assert len(lines) == 1


# Probes of targets that are not configured.


@pytest.mark.parametrize("abandoned", [True, False])
def test_a_slot_is_held_until_the_probe_of_another_target_has_ended(
    abandoned: bool,  # noqa: FBT001
    release: threading.Event,
) -> None:
    begun = Counter[str]()

    def wait(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        begun[daemon.target.server] += 1
        if daemon.address is not None:
            assert release.wait(20)
        return answer(daemon, deadline, before)

    tree = {
        "auths": {"none": {}},
        "probe": {"allowed_targets": [{"networks": ["127.0.0.0/8"], "ports": [8001], "auth": "none"}]},
        **servers("a"),
    }
    with serving(tree, WebOptions(max_requests=16), wait) as pages, ExitStack() as opened:
        _ask_for_many(pages.url, opened, abandoned=abandoned)
        # Of eight slots for other targets, one client has six.
        assert len(begun) == 6
        assert pages.probe(target="http://127.0.1.1:8001").status_code == 503
        assert pages.probe(target="a").status_code == 200
        assert pages.get("/metrics").status_code == 200
        release.set()
        wait_until(lambda: pages.probe(target="http://127.0.1.2:8001").status_code == 200)


def _ask_for_many(url: str, opened: ExitStack, *, abandoned: bool) -> None:
    port = int(url.rpartition(":")[2])
    for number in range(1, 40 if abandoned else 7):
        target = f"http://127.0.0.{number}:8001"
        sock = connected(port, f"GET /probe?target={target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(0.05)
        if abandoned:
            sock.close()
        else:
            opened.enter_context(sock)
    time.sleep(0.3)
