"""Users and passwords of the exporter's own pages."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import bcrypt
import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kea_exporter.config.web import WebSettings
from kea_exporter.httpd.authentication import (
    MAX_REMEMBERED,
    MAX_WAITING,
    MAX_WAITING_OF_CLIENT,
    Authentication,
    LoginResult,
    Logins,
    credentials,
)
from lab.servers.certificates import Authority
from lab.servers.prometheus import Prometheus
from tests.support.exporter import Exporter, exporter, written
from tests.support.waiting import wait_until
from tests.support.web_server import GENEROUS, GET, said_to, served, statuses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from lab.servers.kea import Lab


def hashed(password: str, cost: int = 4) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


ALICE, BOB = hashed("wonder"), hashed("builder", 5)
USERS = {"alice": ALICE, "bob": BOB}


class Counting:
    """Compares as bcrypt does, and remembers the cost of each comparison."""

    def __init__(self) -> None:
        self.costs: list[int] = []

    def __call__(self, password: bytes, hash_: bytes) -> bool:
        self.costs.append(int(hash_[4:6]))
        return bcrypt.checkpw(password, hash_)


def logins(*tried: tuple[str, str], check: Counting, users: dict[str, str] | None = None) -> list[LoginResult]:
    """Return what becomes of logins one after another."""
    checked = Logins(check)

    async def all_of_them() -> list[LoginResult]:
        return [await checked.outcome(users or USERS, user, word.encode(), "client") for user, word in tried]

    return asyncio.run(all_of_them())


ACCEPTED, REFUSED, TOO_MANY = LoginResult.ACCEPTED, LoginResult.REFUSED, LoginResult.TOO_MANY


# Who is let in.


def test_the_right_password_of_each_user_is_let_in_and_nothing_else() -> None:
    tried = [
        ("alice", "wonder"),
        ("bob", "builder"),
        ("alice", "builder"),
        ("alice", ""),
        ("ALICE", "wonder"),
        ("", ""),
    ]
    assert logins(*tried, check=Counting()) == [ACCEPTED, ACCEPTED, REFUSED, REFUSED, REFUSED, REFUSED]


@pytest.mark.parametrize("password", ["ä" * 36, "a" * 72, "a" * 73, "a" * 5000, "nul\0byte", "\N{PILE OF POO}"])
def test_a_password_of_any_length_is_checked_as_by_others(password: str) -> None:
    users = {"a": bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()}
    assert logins(("a", password), ("a", f"x{password}"), check=Counting(), users=users) == [ACCEPTED, REFUSED]


@pytest.mark.parametrize("kind", ["2a", "2b", "2y"])
def test_hashes_of_every_usual_kind_are_understood(kind: str) -> None:
    users = {"a": ALICE.replace("2b", kind, 1)}
    assert logins(("a", "wonder"), ("a", "other"), check=Counting(), users=users) == [ACCEPTED, REFUSED]


def test_no_password_is_that_of_an_unknown_user() -> None:
    # Were the hash that stands for nobody ever matched, the name would still be unknown.
    checked = Logins(lambda *_: True)
    assert asyncio.run(checked.outcome(USERS, "mallory", b"any", "client")) is REFUSED


# What can be measured.


@pytest.mark.parametrize("user", ["alice", "bob", "mallory", "", "alice\0"])
def test_a_wrong_login_costs_one_comparison_for_any_user(user: str) -> None:
    check = Counting()
    logins((user, "wrong"), check=check)
    assert len(check.costs) == 1


def test_unknown_users_cost_what_known_ones_cost_and_each_always_the_same() -> None:
    names = [f"user-{number}" for number in range(40)]
    check = Counting()
    logins(*((name, "wrong") for name in [*names, *names]), check=check)
    assert set(check.costs) == {4, 5}
    assert check.costs[:40] == check.costs[40:]


def test_a_right_login_is_compared_once_and_a_wrong_one_each_time() -> None:
    check = Counting()
    assert logins(*[("alice", "wonder")] * 5, check=check) == [ACCEPTED] * 5
    assert len(check.costs) == 1
    assert logins(*[("alice", "wrong")] * 5, check=check) == [REFUSED] * 5
    assert len(check.costs) == 6


@pytest.mark.parametrize(
    ("user", "password"),
    [("alicew", "onder"), ("alic", "ewonder"), ("alice", "wonder\0"), ("alice\0", "wonder"), ("", "alicewonder")],
)
def test_what_is_remembered_of_a_login_lets_in_no_other(user: str, password: str) -> None:
    check = Counting()
    assert logins(("alice", "wonder"), (user, password), check=check) == [ACCEPTED, REFUSED]
    assert len(check.costs) == 2


def test_a_remembered_login_does_not_survive_its_hash_or_its_user() -> None:
    checked = Logins()

    async def over_time() -> list[LoginResult]:
        lists = [USERS, {"alice": hashed("other")}, {"bob": BOB}, USERS]
        return [await checked.outcome(users, "alice", b"wonder", "client") for users in lists]

    assert asyncio.run(over_time()) == [ACCEPTED, REFUSED, REFUSED, ACCEPTED]


def test_only_so_many_logins_are_remembered() -> None:
    users = {f"user-{number}": ALICE for number in range(MAX_REMEMBERED + 1)}
    check = Counting()
    everybody = [(user, "wonder") for user in users]
    assert set(logins(*everybody, everybody[-1], everybody[0], check=check, users=users)) == {ACCEPTED}
    assert len(check.costs) == len(users) + 1


# What a request may say.


def basic(user: str, password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (basic("a", "b"), ("a", b"b")),
        (b"basic YTpi", ("a", b"b")),
        (b"BASIC  YTpi ", ("a", b"b")),
        (basic("", ""), ("", b"")),
        (basic("a", "b:c"), ("a", b"b:c")),
        (basic("ä", "ö"), ("ä", "ö".encode())),
        (b"Basic " + base64.b64encode(b"a:\xff"), ("a", b"\xff")),
        (b"Basic " + base64.b64encode(b"\xff:a"), None),
        (b"Basic " + base64.b64encode(b"no colon"), None),
        (b"Basic", None),
        (b"Basic ", None),
        (b"Basic YTpi YTpi", None),
        (b"Basic YTp", None),
        (b"Basic YT!pi", None),
        (b"Basic \xff\xfe", None),
        (b"Bearer YTpi", None),
        (b"", None),
    ],
)
def test_user_and_password_are_read_as_they_are_written(value: bytes, expected: tuple[str, bytes] | None) -> None:
    assert credentials([(b"host", b"x"), (b"authorization", value)]) == expected


def test_several_credentials_are_none() -> None:
    assert credentials([(b"authorization", basic("a", "b"))] * 2) is None
    assert credentials([]) is None


# The server.


async def healthy(_: Request) -> Response:
    return PlainTextResponse("fine\n", headers={"X-Frame-Options": "sameorigin"})


APP = Starlette(routes=[Route("/-/healthy", healthy)])


def guarded(
    check: Callable[[bytes, bytes], bool], users: dict[str, str], headers: dict[str, str] | None = None
) -> ASGIApp:
    settings = WebSettings(None, users, headers or {})
    return Authentication(APP, lambda: settings, Logins(check))


class Holding:
    """Compares with nothing, and only when it may."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.begun = 0
        self.at_once = 0
        self.most_at_once = 0

    def __call__(self, password: bytes, _: bytes) -> bool:
        self.begun += 1
        if password != b"wonder":
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.may_go_on.wait(GENEROUS)
            self.at_once -= 1
        return password == b"wonder"


def login(port: int, user: str = "alice", word: str = "wonder", source: str = "127.0.0.1") -> int:
    request = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\nAuthorization: %s\r\n\r\n" % basic(user, word))
    [status] = statuses(said_to(port, request, source))
    return status


@pytest.fixture
def holding() -> Iterator[tuple[int, Holding]]:
    check = Holding()
    with served(guarded(check, USERS)) as port:
        assert login(port) == 200
        try:
            yield port, check
        finally:
            check.may_go_on.set()


def test_who_gives_no_password_is_asked_for_one(holding: tuple[int, Holding]) -> None:
    port, check = holding
    answer = said_to(port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert statuses(answer) == [401]
    assert b'www-authenticate: Basic realm="kea-exporter", charset="UTF-8"\r\n' in answer
    assert check.begun == 1


def test_passwords_are_compared_singly_and_known_users_do_not_wait(holding: tuple[int, Holding]) -> None:
    port, check = holding
    with ThreadPoolExecutor() as pool:
        guesses = [pool.submit(login, port, "alice", f"guess-{number}") for number in range(3)]
        wait_until(lambda: check.at_once == 1)
        assert [login(port) for _ in range(20)] == [200] * 20
        check.may_go_on.set()
        assert [guess.result(GENEROUS) for guess in guesses] == [401] * 3
    assert check.most_at_once == 1


def test_a_flood_of_guesses_is_turned_away_and_leaves_room_for_others(holding: tuple[int, Holding]) -> None:
    port, check = holding
    with ThreadPoolExecutor(64) as pool:
        guesses = [pool.submit(login, port, "alice", f"guess-{number}") for number in range(60)]
        checked = 1 + MAX_WAITING_OF_CLIENT
        turned_away = 60 - checked
        wait_until(lambda: sum(guess.done() for guess in guesses) == turned_away)
        # Who is known is let in, and who is not yet known can wait in line, from another address.
        assert login(port) == 200
        first = pool.submit(login, port, "bob", "wonder", "127.0.0.2")
        check.may_go_on.set()
        assert sorted(guess.result(GENEROUS) for guess in guesses) == [401] * checked + [429] * turned_away
        assert first.result(GENEROUS) == 200
    assert check.begun == 1 + checked + 1


def test_a_flood_from_everywhere_is_bounded(holding: tuple[int, Holding]) -> None:
    port, check = holding
    checked, turned_away = 1 + MAX_WAITING, 35
    with ThreadPoolExecutor(100) as pool:
        guesses = [pool.submit(login, port, "alice", "guess", f"127.0.1.{number}") for number in range(1, 101)]
        wait_until(lambda: sum(guess.done() for guess in guesses) == turned_away)
        assert login(port) == 200
        check.may_go_on.set()
        assert sorted(guess.result(GENEROUS) for guess in guesses) == [401] * checked + [429] * turned_away


def test_a_right_login_passes_while_others_guess() -> None:
    """Case 41: 32 guessers from 8 addresses, and the first right login was refused with 429."""
    may_end = threading.Event()

    def guess(port: int, number: int) -> None:
        while not may_end.is_set():
            assert login(port, "alice", f"guess-{number}", f"127.0.2.{1 + number % 8}") in {401, 429}

    def slow_check(password: bytes, _: bytes) -> bool:
        time.sleep(0.03)
        return password == b"wonder"

    with served(guarded(slow_check, USERS)) as port, ThreadPoolExecutor(32) as pool:
        guessers = [pool.submit(guess, port, number) for number in range(32)]
        try:
            assert login(port, "alice", "wonder", "127.0.3.1") == 200
            assert login(port, "bob", "wonder", "127.0.2.1") == 200
        finally:
            may_end.set()
        for guesser in guessers:
            guesser.result(GENEROUS)


def test_configured_headers_override_ours_in_every_answer() -> None:
    headers = {"X-Frame-Options": "deny", "Strict-Transport-Security": "max-age=1"}
    with served(guarded(Counting(), {"alice": ALICE}, headers)) as port:
        url = f"http://127.0.0.1:{port}"
        answers = [
            requests.get(url + path, auth=user, timeout=GENEROUS)
            for path, user in (("/-/healthy", ("alice", "wonder")), ("/nothing", ("alice", "wonder")), ("/", None))
        ]
    assert [response.status_code for response in answers] == [200, 404, 401]
    for answer in answers:
        assert {name: answer.headers[name] for name in headers} == headers


# The exporter as people run it.

PATHS = [
    "/",
    "/metrics",
    "/probe?target=a",
    "/sd",
    "/api/v1/servers",
    "/-/healthy",
    "/-/ready",
    "/static/style.css",
    "/no",
]


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[Exporter, Path]]:
    """An exporter behind TLS and a password, and the authority of its certificate."""
    authority = Authority(tmp_path)
    with running(tmp_path, authority) as process:
        yield process, authority.certificate


def web_config(folder: Path, authority: Authority) -> Path:
    pair = authority.issue("web", ["127.0.0.1"])
    tls = f"tls_server_config: {{cert_file: {pair.certificate}, key_file: {pair.key}}}\n"
    path = folder / "web.yml"
    path.write_text(f"{tls}basic_auth_users: {{alice: {hashed('wonder', 10)}}}\n")
    return path


def running(folder: Path, authority: Authority, *options: str) -> AbstractContextManager[Exporter]:
    config = written(folder, {"servers": [{"name": "a", "dhcp4": {"url": "http://127.0.0.1:1"}}]})
    web = str(web_config(folder, authority))
    return exporter(config, "--web.config.file", web, *options, scheme="https")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_no_page_at_all_is_seen_without_the_password(secured: tuple[Exporter, Path], method: str) -> None:
    process, authority = secured
    for path in PATHS:
        answer = requests.request(method, process.url + path, verify=str(authority), timeout=GENEROUS)
        assert (path, answer.status_code) == (path, 401)
        assert "kea" not in answer.text


def test_curl_scrapes_through_tls_and_a_password(secured: tuple[Exporter, Path]) -> None:
    process, authority = secured

    def curl(*options: str) -> str:
        command = ["curl", "--silent", "--show-error", "--cacert", str(authority), *options, f"{process.url}/metrics"]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=GENEROUS).stdout

    assert 'kea_up{daemon="dhcp4",server="a"} 0.0' in curl("--user", "alice:wonder")
    assert curl("--user", "alice:wrong") == "authentication required\n"
    assert curl() == "authentication required\n"
    assert "wonder" not in process.log()


@pytest.mark.lab
def test_a_real_prometheus_scrapes_through_tls_and_a_password(lab: Lab) -> None:
    with running(lab.folder, lab.authority) as process:
        scrape = {
            "job_name": "kea",
            "scheme": "https",
            "scrape_interval": "1s",
            "static_configs": [{"targets": [process.url.removeprefix("https://")]}],
            "basic_auth": {"username": "alice", "password_file": lab.inside(lab.secret("password", "wonder"))},
            "tls_config": {"ca_file": lab.inside(lab.authority.certificate)},
        }
        with Prometheus(lab, [scrape]) as prometheus:
            prometheus.wait_until(lambda: len(prometheus.query("kea_up")) == 1)
            assert [sample["value"][1] for sample in prometheus.query("up")] == ["1"]
