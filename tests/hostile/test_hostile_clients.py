"""Hostile and faulty clients: each time a normal scrape is answered as if they were not there."""

from __future__ import annotations

import asyncio
import gc
import os
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h11
import pytest
import requests
from anyio import to_thread
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kea_exporter.config.web import ServerTls, WebSettings
from kea_exporter.httpd import Protection
from kea_exporter.httpd.connection import Timeouts
from kea_exporter.httpd.connections import UNSENT_LIMIT, ConnectionLimit, ConnectionSlot, Phase, connection_limit
from kea_exporter.httpd.framing import BODY_LIMIT, HEAD_LIMIT, RefusalError, RequestReader
from kea_exporter.httpd.tls import server_context
from kea_exporter.rate_limit import RateLimitedWarning
from lab.servers.certificates import Authority
from tests.support.exporter import Exporter, written
from tests.support.exporter import exporter as run_exporter
from tests.support.peers import peer
from tests.support.waiting import wait_until
from tests.support.web_server import GENEROUS, GET, connected, crowd, rest, said_to, served, statuses

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

# What a request has to look like.

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
REFUSED: dict[str, tuple[int, bytes]] = {
    "a TLS handshake": (400, b"\x16\x03\x01\x02\x00"),
    "another protocol": (400, b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "HTTP/2": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/2, spelled out": (505, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
    "HTTP/0.9": (400, b"GET /\r\n\r\n"),
    "lower case": (400, b"get / HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a blank in the target": (400, b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"),
    "a target that is not ASCII": (400, "GET /ä HTTP/1.1\r\nHost: x\r\n\r\n".encode()),
    "a null byte": (400, b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"),
    "bare line feeds": (400, b"GET / HTTP/1.1\nHost: x\n\n"),
    "one bare line feed": (400, HEAD + b"A: b\nTransfer-Encoding: chunked\r\n\r\n"),
    "a bare carriage return": (400, HEAD + b"A: b\rC: d\r\n\r\n"),
    "a folded header": (400, HEAD + b"A: b\r\n c\r\n\r\n"),
    "a blank before the colon": (400, HEAD + b"Content-Length : 5\r\n\r\n"),
    "a header without a name": (400, HEAD + b": b\r\n\r\n"),
    "a header without a colon": (400, HEAD + b"A\r\n\r\n"),
    "a control character in a header": (400, HEAD + b"A: \x01\r\n\r\n"),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, HEAD + b"Host: y\r\n\r\n"),
    "a length and a transfer encoding": (400, POST + b"Content-Length: 5\r\n" + CHUNKED),
    "a transfer encoding and a length": (400, POST + CHUNKED.replace(b"ed\r\n", b"ed\r\nContent-Length: 5\r\n")),
    "a transfer encoding": (411, POST + CHUNKED),
    "an unknown transfer encoding": (411, POST + b"Transfer-Encoding: xchunked\r\n\r\n"),
    "two lengths": (400, POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    "the same length twice": (400, POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    "a list of lengths": (400, POST + b"Content-Length: 5, 5\r\n\r\nhello"),
    "a negative length": (400, POST + b"Content-Length: -1\r\n\r\n"),
    "a length with a sign": (400, POST + b"Content-Length: +5\r\n\r\nhello"),
    "a hexadecimal length": (400, POST + b"Content-Length: 0x5\r\n\r\nhello"),
    "a length of 5000 digits": (400, POST + b"Content-Length: " + b"1" * 5000 + b"\r\n\r\n"),
    "a large body": (413, POST + b"Content-Length: %d\r\n\r\n" % (BODY_LIMIT + 1)),
    "an endless body": (413, POST + b"Content-Length: 999999999999999999\r\n\r\n" + b"a" * 100_000),
    "a question before the body": (417, POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"),
    "a long target": (431, b"GET /" + b"a" * HEAD_LIMIT + b" HTTP/1.1\r\n"),
    "a long header": (431, HEAD + b"A: " + b"a" * 300_000 + b"\r\n\r\n"),
    "endless headers": (431, HEAD + b"A: b\r\n" * 10_000),
    "101 headers": (431, HEAD + b"A: b\r\n" * 100 + b"\r\n"),
}
TAKEN = {
    "a plain one": GET,
    "HTTP/1.0 without a host": b"GET / HTTP/1.0\r\n\r\n",
    "any header": HEAD
    + b"Accept: */*;q=0.1\r\nX-Empty:\r\nX-Latin: \xe4\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "a short body": POST + b"Content-Length: 5\r\n\r\nhello",
    "a body of binary data": POST + b"Content-Length: 4\r\n\r\n\n\r\0\xff",
    "a length of zero": POST + b"Content-Length: 0\r\n\r\n",
    "the longest head": HEAD + b"A: " + b"a" * (HEAD_LIMIT - len(HEAD) - 7) + b"\r\n\r\n",
    "the longest body": POST + b"Content-Length: %d\r\n\r\n" % BODY_LIMIT + b"a" * BODY_LIMIT,
}


def read(chunks: list[bytes]) -> tuple[list[bytes], int | None]:
    """Return the requests in what comes in, and the status of the refusal that ends them."""
    reader, found = RequestReader(), []
    for chunk in chunks:
        reader.feed(chunk)
        try:
            while (request := reader.take()) is not None:
                found.append(request)
        except RefusalError as refusal:
            return found, refusal.status
    return found, None


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_sound_request_is_refused(case: str) -> None:
    status, data = REFUSED[case]
    assert read([data]) == ([], status)


@pytest.mark.parametrize("case", REFUSED)
def test_it_is_refused_as_well_byte_by_byte(case: str) -> None:
    status, data = REFUSED[case]
    assert read([bytes([byte]) for byte in data[:40_000]]) == ([], status)


@pytest.mark.parametrize("case", TAKEN)
def test_a_sound_request_is_taken_whole(case: str) -> None:
    assert read([TAKEN[case]]) == ([TAKEN[case]], None)


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_taken_is_one_request_to_another_reader_too(case: str) -> None:
    connection = h11.Connection(h11.SERVER, 2 * HEAD_LIMIT)
    connection.receive_data(TAKEN[case])
    events: list[Any] = []
    while not events or type(events[-1]) is not h11.EndOfMessage:
        events.append(connection.next_event())
        assert events[-1] is not h11.NEED_DATA
    assert connection.trailing_data == (b"", False)


@given(st.lists(st.sampled_from(sorted(TAKEN)), min_size=1, max_size=4), st.lists(st.integers(0, 60_000)))
def test_however_it_arrives_it_is_read_the_same(cases: list[str], cuts: list[int]) -> None:
    wanted = [TAKEN[case] for case in cases]
    stream = b"\r\n".join(wanted)
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    assert read([stream[a:b] for a, b in pairwise(places)]) == (wanted, None)


@given(st.lists(st.binary(max_size=200) | st.sampled_from([data[:300] for _, data in REFUSED.values()])))
def test_anything_is_read_or_refused_and_never_kept_beyond_the_limits(chunks: list[bytes]) -> None:
    reader = RequestReader()
    with suppress(RefusalError):
        for chunk in chunks:
            reader.feed(chunk)
            while reader.take() is not None:
                pass
            assert len(reader) <= HEAD_LIMIT + BODY_LIMIT


# The server around an application.

PAGE = b"kea_up 1\n" * 600_000
SHORT = Timeouts(handshake=1, request=1, idle=1, answer=1, closing=0.5)
# Long after its end, on a busy machine too.
LONG_AFTER = 5.0
SOON = 10.0


async def healthy(_: Request) -> Response:
    return PlainTextResponse("fine\n")


async def page(_: Request) -> Response:
    return Response(bytes(bytearray(PAGE)))  # another object each time


async def slow(_: Request) -> Response:
    await asyncio.sleep(0.2)
    return PlainTextResponse("slow\n")


class Held:
    """Requests that end when they may."""

    def __init__(self) -> None:
        self.may_end = threading.Event()
        self.begun = 0

    async def answer(self, _: Request) -> Response:
        self.begun += 1
        await to_thread.run_sync(self.may_end.wait, GENEROUS)
        return PlainTextResponse("released\n")


@pytest.fixture
def held() -> Iterator[Held]:
    endpoint = Held()
    yield endpoint
    endpoint.may_end.set()


async def echo(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {len(await request.body())}\n")


APP = Starlette(
    routes=[
        Route("/-/healthy", healthy),
        Route("/page", page),
        Route("/slow", slow),
        Route("/echo", echo, methods=["POST"]),
    ]
)
GET_PAGE = GET.replace(b"/-/healthy", b"/page")
GET_SLOW = GET.replace(b"/-/healthy", b"/slow")
LAST = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
GET_HELD = LAST.replace(b"/-/healthy", b"/held")


def seconds_to_get(url: str, authority: Authority | None = None) -> float:
    """Return how long a whole page takes, which has to come."""
    started = time.perf_counter()
    answer = requests.get(url, timeout=GENEROUS, verify=str(authority.certificate) if authority else True)
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - started


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    with served(APP) as port:
        yield port


@pytest.fixture(scope="module")
def impatient() -> Iterator[int]:
    with served(APP, timeouts=SHORT) as port:
        yield port


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_told_and_the_connection_closed(patient: int, case: str) -> None:
    status, data = REFUSED[case]
    answer = said_to(patient, data)
    assert statuses(answer) == [status]
    assert b"Connection: close" in answer


def test_what_follows_a_refused_request_is_not_answered(patient: int) -> None:
    assert statuses(said_to(patient, REFUSED["a length and a transfer encoding"][1] + GET)) == [400]


def test_requests_that_come_all_at_once_are_answered_one_after_another(patient: int) -> None:
    post = POST.replace(b"/", b"/echo", 1) + b"Content-Length: 2\r\n\r\nhi"
    answer = said_to(patient, GET_SLOW + GET + post + LAST)
    assert statuses(answer) == [200] * 4
    assert [word in answer for word in (b"slow", b"fine", b"POST 2")] == [True] * 3
    assert answer.index(b"slow") < answer.index(b"fine") < answer.index(b"POST 2")


def test_an_answer_comes_before_the_refusal_of_what_follows_it(patient: int) -> None:
    assert statuses(said_to(patient, GET_SLOW + b"nonsense\r\n\r\n")) == [200, 400]


def test_who_sends_far_too_many_requests_ahead_gets_one_answer(patient: int) -> None:
    assert statuses(said_to(patient, GET_SLOW + GET * 2000)) == [200]


def test_a_connection_serves_one_request_after_another() -> None:
    with served(APP) as port, connected(port) as sock:
        for _ in range(5):
            sock.sendall(GET)
            answer = b""
            while not answer.endswith(b"fine\n"):
                came = sock.recv(65536)
                assert came, "the connection was closed"
                answer += came


TOO_SLOW = {"nothing": (b"", []), "part of a request": (b"GET / HTTP", [408]), "part of a body": (POST, [408])}


@pytest.mark.parametrize("case", TOO_SLOW)
def test_who_says_too_little_in_time_is_sent_away(impatient: int, case: str) -> None:
    said, expected = TOO_SLOW[case]
    assert statuses(said_to(impatient, said)) == expected


def test_who_drips_a_request_is_sent_away_in_time(impatient: int) -> None:
    with connected(impatient) as sock:
        started = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() < started + GENEROUS:
                sock.sendall(b"G")
                time.sleep(0.02)
        assert time.monotonic() < started + GENEROUS
        assert statuses(rest(sock)) in ([408], [])


def test_who_begins_a_second_request_and_does_not_end_it_is_sent_away(impatient: int) -> None:
    assert statuses(said_to(impatient, GET + b"GET / HTTP")) == [200, 408]


def test_who_does_not_read_is_cut_off(impatient: int) -> None:
    with connected(impatient, GET_PAGE) as sock:
        time.sleep(LONG_AFTER)
        assert len(rest(sock)) < len(PAGE)


def test_who_reads_slowly_and_does_not_end_in_time_is_cut_off(impatient: int) -> None:
    received, give_up = 0, time.monotonic() + GENEROUS
    with connected(impatient, GET_PAGE) as sock, suppress(ConnectionError):
        while (chunk := sock.recv(4096)) and time.monotonic() < give_up:
            received += len(chunk)
            time.sleep(0.02)
    assert received < len(PAGE)
    assert time.monotonic() < give_up


def test_asking_for_another_protocol_is_no_news(patient: int, caplog: pytest.LogCaptureFixture) -> None:
    upgrade = LAST.replace(b"close\r\n", b"close, Upgrade\r\nUpgrade: websocket\r\n")
    assert statuses(said_to(patient, upgrade)) == [200]
    assert caplog.text == ""


# Many at once.


def test_when_all_places_are_taken_the_one_idle_for_longest_makes_room() -> None:
    with served(APP, max_connections=8) as port:
        first = connected(port)
        time.sleep(0.1)
        with crowd(port, 7), first:
            assert seconds_to_get(f"http://127.0.0.1:{port}/-/healthy") < SOON
            assert rest(first) == b""


def test_when_every_place_is_worked_for_one_more_is_told_to_come_again(held: Held) -> None:
    app = Starlette(routes=[*APP.routes, Route("/held", held.answer)])
    with served(app, max_connections=8) as port, crowd(port, 8, GET_HELD) as crowded:
        wait_until(lambda: held.begun == 8)
        answer = said_to(port, LAST)
        assert statuses(answer) == [503]
        assert b"Retry-After: 5" in answer
        held.may_end.set()
        assert [statuses(rest(sock)) for sock in crowded] == [[200]] * 8
        assert statuses(said_to(port, LAST)) == [200]


def test_over_tls_one_more_is_sent_away_without_a_word(tls: Protection, authority: Authority, held: Held) -> None:
    app = Starlette(routes=[*APP.routes, Route("/held", held.answer)])
    context = ssl.create_default_context(cafile=str(authority.certificate))
    with served(app, protection=lambda: tls, max_connections=8) as port, ExitStack() as opened:
        for _ in range(8):
            sock = context.wrap_socket(connected(port), server_hostname="127.0.0.1")
            opened.enter_context(sock).sendall(GET_HELD)
        wait_until(lambda: held.begun == 8)
        assert said_to(port, b"") == b""
        held.may_end.set()


def test_a_thousand_silent_connections_leave_the_last_ones_in_peace() -> None:
    with served(APP, max_connections=64) as port, crowd(port, 1000):
        for _ in range(5):
            assert seconds_to_get(f"http://127.0.0.1:{port}/-/healthy") < SOON


def slot(phase: Phase, since: float, client: str = "") -> tuple[ConnectionSlot, list[bool]]:
    dropped: list[bool] = []
    return ConnectionSlot(lambda: dropped.append(True), client, phase, since), dropped


def test_idle_connections_are_closed_first_and_busy_ones_never() -> None:
    crowded = ConnectionLimit(3)
    working, reading, idle = (slot(phase, 1.0) for phase in (Phase.WORKING, Phase.SENDING, Phase.WAITING))
    for connection, _ in (working, reading, idle):
        assert crowded.acquire(connection)
    order = []
    for _ in range(2):
        assert crowded.acquire(slot(Phase.WORKING, 2.0)[0])
        order.append([bool(dropped) for _, dropped in (working, reading, idle)])
    assert order == [[False, False, True], [False, True, True]]
    assert not crowded.acquire(slot(Phase.WORKING, 2.0)[0])
    assert len(crowded) == 3


def test_too_much_unread_closes_who_is_slowest_and_not_who_asks_now() -> None:
    crowded = ConnectionLimit(10, unsent_limit=100)
    (slowest, was_dropped), (slow, stays), (now, goes_on) = (slot(Phase.SENDING, at) for at in (1.0, 2.0, 3.0))
    for connection in (slowest, slow, now):
        crowded.acquire(connection)
        crowded.record_unsent(connection, bytes(40))
    assert (was_dropped, stays, goes_on) == ([True], [], [])
    crowded.record_unsent(now, bytes(1000))
    assert (stays, goes_on) == ([True], [])


def test_an_answer_that_many_wait_for_counts_once() -> None:
    crowded, page = ConnectionLimit(10, unsent_limit=100), bytes(60)
    readers = [slot(Phase.SENDING, 1.0) for _ in range(5)]
    for connection, _ in readers:
        crowded.acquire(connection)
        crowded.record_unsent(connection, page)
    assert [dropped for _, dropped in readers] == [[]] * 5
    other, _ = slot(Phase.SENDING, 2.0)
    crowded.acquire(other)
    crowded.record_unsent(other, bytes(50))
    assert [dropped for _, dropped in readers] == [[True]] * 5


def test_room_is_made_by_the_client_that_has_most_connections() -> None:
    crowded = ConnectionLimit(4)
    (quiet, was_dropped), *greedy = (slot(Phase.WAITING, at, client) for at, client in enumerate("abbb"))
    for connection in (quiet, *(greedy_connection for greedy_connection, _ in greedy)):
        assert crowded.acquire(connection)
    for number in range(10):
        assert crowded.acquire(slot(Phase.WAITING, 10.0 + number, "b")[0])
    assert was_dropped == []
    assert [dropped for _, dropped in greedy] == [[True]] * 3


def test_what_strangers_cause_is_logged_once_a_minute_with_how_often(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    warning = RateLimitedWarning("something odd", lambda: now[0])
    for _ in range(100):
        warning.warn(client="a")
        now[0] += 1
    lines = [line for line in capsys.readouterr().out.splitlines() if "something odd" in line]
    assert [line.split("times=")[1][:2] for line in lines] == ["1", "60"]


def test_readers_that_never_read_cannot_fill_the_memory() -> None:
    with (
        served(APP) as port,
        crowd(port, 100, GET_PAGE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) as readers,
    ):
        assert seconds_to_get(f"http://127.0.0.1:{port}/page") < 10
        got_it_all = sum(len(rest(reader)) > len(PAGE) for reader in readers)
    assert 0 < got_it_all <= UNSENT_LIMIT // len(PAGE)


LIMITS = {
    "many are left": ("-n 1024", 512, 3, "512 1024"),
    "few are left": ("-n 256", 512, 3, "186 256"),
    "none are left": ("-n 64", 512, 3, "8 64"),
    "the daemons need them": ("-n 256", 512, 90, "12 256"),
    "the soft limit can be raised": ("-Sn 64", 512, 3, "512 582"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_the_limit_on_descriptors_limits_connections(case: str) -> None:
    limit, wanted, daemons, expected = LIMITS[case]
    told = "import resource; from kea_exporter.httpd import connection_limit; "
    told += f"print(connection_limit({wanted}, {daemons}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    command = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", sys.executable, "-c", told]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == expected


@pytest.mark.parametrize(("wanted", "daemons"), [(8, 0), (100, 3), (1, 0), (512, 10**7)])
def test_there_are_never_more_connections_than_wanted_and_always_some(wanted: int, daemons: int) -> None:
    limit = connection_limit(wanted, daemons)
    assert 8 <= limit <= max(wanted, 8)


# TLS.


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls(authority: Authority) -> Protection:
    pair = authority.issue("web", ["127.0.0.1"])
    settings = WebSettings(ServerTls(pair.certificate, pair.key))
    assert settings.tls is not None
    return Protection(settings, server_context(settings.tls))


def seconds_to_get_over_tls(port: int, authority: Authority) -> float:
    return seconds_to_get(f"https://127.0.0.1:{port}/-/healthy", authority)


HANDSHAKES = {"nothing": b"", "a part": b"\x16\x03\x01\x02\x00\x01", "plain HTTP": GET, "noise": b"\xff" * 999}


@pytest.mark.parametrize("case", HANDSHAKES)
def test_who_does_not_finish_a_handshake_is_sent_away(tls: Protection, authority: Authority, case: str) -> None:
    with (
        served(APP, protection=lambda: tls, timeouts=SHORT) as port,
        connected(port, HANDSHAKES[case]) as sock,
    ):
        assert seconds_to_get_over_tls(port, authority) < SOON
        assert b"HTTP/1.1 2" not in rest(sock)


def test_a_thousand_silent_handshakes_leave_room_for_a_scrape(tls: Protection, authority: Authority) -> None:
    with served(APP, protection=lambda: tls, max_connections=64) as port, crowd(port, 1000):
        for _ in range(5):
            assert seconds_to_get_over_tls(port, authority) < SOON


def test_who_does_not_read_over_tls_is_cut_off(tls: Protection, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=str(authority.certificate))
    with (
        served(APP, protection=lambda: tls, timeouts=replace(SHORT, handshake=GENEROUS)) as port,
        context.wrap_socket(connected(port), server_hostname="127.0.0.1") as sock,
    ):
        sock.sendall(GET_PAGE)
        time.sleep(LONG_AFTER)
        received = 0
        with suppress(ConnectionError, ssl.SSLError):
            while chunk := sock.recv(65536):
                received += len(chunk)
        assert received < len(PAGE)


LEFTOVERS = {"HttpConnection", "ConnectionSlot", "SSLProtocol", "_SSLProtocolTransport", "RequestResponseCycle"}


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", LAST])
def test_a_connection_frees_memory_without_the_garbage_collector(
    tls: Protection,
    authority: Authority,
    secured: bool,  # noqa: FBT001
    said: bytes,
) -> None:
    def leftovers() -> int:
        return sum(type(tracked).__name__ in LEFTOVERS for tracked in gc.get_objects())

    context = ssl.create_default_context(cafile=str(authority.certificate))
    gc.collect()
    gc.disable()
    try:
        with served(APP, protection=(lambda: tls) if secured else Protection, timeouts=SHORT) as port:
            before = leftovers()
            for _ in range(3):
                said_to(port, said)
                if secured and said:
                    with context.wrap_socket(connected(port), server_hostname="127.0.0.1") as sock:
                        sock.sendall(said)
                        rest(sock)
            wait_until(lambda: leftovers() == before)
    finally:
        gc.enable()


# The exporter itself, with few descriptors.

DESCRIPTORS = 256


def say_nothing(sock: socket.socket) -> None:
    rest(sock)


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """An exporter of a fleet of which one server is silent and the other not there."""
    with peer(say_nothing) as silent:
        servers = [
            {"name": "silent", "dhcp4": {"url": f"http://127.0.0.1:{silent}"}},
            {"name": "gone", "dhcp4": {"url": "http://127.0.0.1:1"}},
        ]
        config = written(tmp_path_factory.mktemp("exporter"), {"defaults": {"timeout": "500ms"}, "servers": servers})
        with run_exporter(config, descriptors=DESCRIPTORS) as running:
            running.get("/metrics")
            yield running


def silent_crowd(port: int) -> Iterator[None]:
    with crowd(port, 300):
        yield


def crowd_that_asks(port: int) -> Iterator[None]:
    with crowd(port, 300, GET.replace(b"/-/healthy", b"/")):
        yield


def crowd_that_begins(port: int) -> Iterator[None]:
    with crowd(port, 300, b"GET /metrics HTTP/1.1\r\nHost: "):
        yield


def drips(port: int) -> Iterator[None]:
    ended = threading.Event()

    def drip(sockets: list[socket.socket]) -> None:
        while not ended.wait(0.05):
            for sock in sockets:
                with suppress(OSError):
                    sock.send(b"G")

    with crowd(port, 100) as sockets:
        thread = threading.Thread(target=drip, args=(sockets,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def leaves_in_the_middle(port: int) -> Iterator[None]:
    for _ in range(200):
        connected(port, GET.replace(b"/-/healthy", b"/metrics")).close()
    yield


def comes_and_goes(port: int) -> Iterator[None]:
    for _ in range(1000):
        connected(port).close()
    yield


def nonsense(port: int) -> Iterator[None]:
    for _, data in REFUSED.values():
        said_to(port, data)
    yield


ATTACKS: dict[str, Callable[[int], Iterator[None]]] = {
    "300 that say nothing": silent_crowd,
    "300 that ask, and stay": crowd_that_asks,
    "300 that begin a request": crowd_that_begins,
    "100 that drip": drips,
    "200 that leave during a scrape": leaves_in_the_middle,
    "1000 that come and go": comes_and_goes,
    "every unsound request": nonsense,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_normal_scrape_is_answered_as_usual(
    exporter: Exporter, attack: str, record_property: Callable[[str, object], None]
) -> None:
    with contextmanager(ATTACKS[attack])(exporter.port):
        health = [seconds_to_get(f"{exporter.url}/-/healthy") for _ in range(5)]
        scrapes = [seconds_to_get(f"{exporter.url}/metrics") for _ in range(3)]
        record_property("health_seconds", max(health))
        record_property("scrape_seconds", max(scrapes))
        # A scrape takes half a second by itself, as long as it waits for the silent server.
        assert max(health) < SOON
        assert max(scrapes) < SOON


def test_after_all_of_it_descriptors_and_threads_are_as_before(exporter: Exporter) -> None:
    for attack in ATTACKS.values():
        with contextmanager(attack)(exporter.port):
            pass
    exporter.get("/metrics")
    wait_until(lambda: exporter.descriptors() <= 20)
    # Threads that answered are kept for a while, and ended by the next request after that.
    assert exporter.threads() <= 45


def test_a_crowd_does_not_fill_the_log(exporter: Exporter) -> None:
    for attack in ATTACKS.values():
        with contextmanager(attack)(exporter.port):
            pass
    assert len(exporter.log().splitlines()) < 20


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_when_descriptors_run_out_it_neither_spins_nor_writes_a_long_log(tmp_path: Path) -> None:
    config = written(tmp_path, {"servers": [{"name": "gone", "dhcp4": {"url": "http://127.0.0.1:1"}}]})
    with run_exporter(config, descriptors=12) as process, crowd(process.port, 30):
        wait_until(lambda: "accepting connections failed" in process.log())
        before = cpu_seconds(process.pid)
        time.sleep(2)
        assert cpu_seconds(process.pid) - before < 0.5
        assert seconds_to_get(f"{process.url}/-/healthy") < 10
        assert len(process.log().splitlines()) < 10


SCRIPT = "<script>alert(1)</script>"
PLACES = ["/{}", "/servers/{}", "/probe?target={}", "/probe?module={}", "/metrics?x={}", "/sd?{}=1", "/?{}", "/-/{}"]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("said", [SCRIPT, "%3Cscript%3Ealert(1)%3C/script%3E", "%00", "..%2f..%2fetc", "%ff%fe"])
def test_nothing_is_said_back_that_a_browser_would_run(exporter: Exporter, place: str, said: str) -> None:
    request = f"GET {place.format(said)} HTTP/1.1\r\nHost: {SCRIPT}\r\nConnection: close\r\n\r\n"
    answer = said_to(exporter.port, request.encode())
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"<script" not in body.lower() or b"text/plain" in head.lower()
    assert b"<script" not in head.lower()
    assert b"\0" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "target", ["/../../../../etc/passwd", "/static/../../secret", "//etc/passwd", "/./metrics", "/static/%2e%2e/app.py"]
)
def test_there_is_no_way_out_of_what_is_served(exporter: Exporter, target: str) -> None:
    answer = said_to(exporter.port, b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target.encode())
    assert statuses(answer) == [404]
