"""Every endpoint: methods, parameters, headers, limits, and what it never repeats."""

from __future__ import annotations

import json
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import pytest
import requests
from playwright.sync_api import sync_playwright

from kea_exporter.reports.schema import report_schema
from kea_exporter.web import WebOptions
from lab.browser import FLAGS, chromium
from lab.servers.chroot import LabUnavailableError
from tests.support.exporter import Exporter, exporter, parsed, run, values, written
from tests.support.peers import SimulatedKea, blackhole, peer
from tests.support.report_tools import schema_errors
from tests.support.serving import GENEROUS, Configuration, Waiting, answer, kea_answers, servers, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from threading import Event

    from tests.support.serving import Served, Tree

NASTY = 'c"\\<script>&é'
READ = (
    "/",
    "/servers/a",
    f"/servers/{quote(NASTY)}",
    "/static/style.css",
    "/api/v1/servers",
    "/metrics",
    "/probe?target=a",
    "/probe?target=a&debug=true",
    "/sd",
    "/-/healthy",
    "/-/ready",
)
TYPES = {
    "/": "text/html; charset=utf-8",
    "/servers/a": "text/html; charset=utf-8",
    "/static/style.css": "text/css; charset=utf-8",
    "/api/v1/servers": "application/json",
    "/sd": "application/json",
    "/metrics": "text/plain; version=0.0.4; charset=utf-8",
    "/probe?target=a": "text/plain; version=0.0.4; charset=utf-8",
    "/probe?target=a&debug=true": "text/plain; charset=utf-8",
    "/-/healthy": "text/plain; charset=utf-8",
    "/-/ready": "text/plain; charset=utf-8",
}


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """Run an exporter of one sound server, and of one whose name is a nuisance."""
    with SimulatedKea(kea_answers()) as kea:
        config_file = written(tmp_path_factory.mktemp("endpoints"), servers("a", NASTY, url=kea.url))
        with exporter(config_file) as process:
            yield process


def ask(
    process: Exporter,
    path: str,
    method: str = "GET",
    data: bytes | dict[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> requests.Response:
    return requests.request(
        method, process.url + path, data=data, headers=headers, timeout=GENEROUS, allow_redirects=False
    )


def asked(process: Exporter, line: str, *headers: str) -> tuple[str, str]:
    """Ask in just these bytes, and return the head and the body of the answer."""
    place = urlsplit(process.url)
    request = "\r\n".join([f"{line} HTTP/1.1", f"Host: {place.netloc}", *headers, "Connection: close", "", ""])
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=GENEROUS) as sock:
        sock.sendall(request.encode("latin-1"))
        said = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    head, _, body = said.partition("\r\n\r\n")
    return head, body


# Methods and paths.


@pytest.mark.parametrize("path", TYPES)
def test_each_page_has_its_type(started: Exporter, path: str) -> None:
    page = ask(started, path)
    assert (page.status_code, page.headers["Content-Type"]) == (200, TYPES[path])


def fields(head: str) -> dict[str, str]:
    """Return the status and the headers of an answer, but for those that change from one to the next."""
    status, *lines = head.split("\r\n")
    found = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    changing = {"date", "content-length"}
    return {"status": status, **{name: "present" if name in changing else value for name, value in found.items()}}


@pytest.mark.parametrize("path", READ)
def test_head_has_the_headers_of_get_and_no_body(started: Exporter, path: str) -> None:
    got, head = asked(started, f"GET {path}"), asked(started, f"HEAD {path}")
    assert fields(head[0]) == fields(got[0])
    assert (got[0].split(" ")[1], bool(got[1]), head[1]) == ("200", True, "")


@pytest.mark.parametrize("path", ["/nothing", "/probe", "/probe?target=nobody", "/servers/nobody", "/?a=1&a=2"])
def test_head_of_what_is_refused_has_no_body_either(started: Exporter, path: str) -> None:
    got, head = asked(started, f"GET {path}"), asked(started, f"HEAD {path}")
    assert fields(head[0]) == fields(got[0])
    assert (got[0].split(" ")[1][0], bool(got[1]), head[1]) == ("4", True, "")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", READ)
def test_what_is_to_be_read_takes_get_and_head_only(started: Exporter, path: str, method: str) -> None:
    answer = ask(started, path, method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize(("path", "allowed"), [("/collect", {"POST"}), ("/-/reload", {"POST", "PUT"})])
def test_what_does_something_takes_post(started: Exporter, path: str, allowed: set[str], method: str) -> None:
    answer = ask(started, path, method)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == allowed


MISSING = (
    "/nothing",
    "//",
    "//metrics",
    "//evil.example.com/metrics/",
    "/metrics/",
    "/metrics//",
    "/Metrics",
    "/metrics%00",
    "/metrics%2f",
    "/metrics;x",
    "/%2fmetrics",
    "/probe/",
    "/probe/a",
    "/sd/",
    "/collect/",
    "/servers",
    "/servers/",
    "/servers/nobody",
    "/servers/a/",
    "/servers/a/dhcp4",
    "/servers/a%2fdhcp4",
    "/servers/%61%00",
    "/servers/../metrics",
    "/servers/%2e%2e%2fmetrics",
    "/static",
    "/static/",
    "/static/nothing",
    "/static/../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%5c..%5cetc%5cpasswd",
    "/../etc/passwd",
    "/api",
    "/api/v1",
    "/api/v1/servers/",
    "/api/v1/servers/a",
    "/-/",
    "/-/quit",
    "/-/healthy/",
    "/favicon.ico",
    "/config",
    "/debug",
    "/<script>alert(1)</script>",
    "/%3Cscript%3Ealert(1)%3C/script%3E",
)


@pytest.mark.parametrize("path", MISSING)
def test_what_is_not_there_is_not_found_and_not_repeated(started: Exporter, path: str) -> None:
    head, body = asked(started, f"GET {path}")
    assert head.split(" ")[1] == "404"
    assert "location" not in head.lower()
    for text in ("script", "passwd", "evil", "nobody"):
        assert text not in head + body


# Parameters.


@pytest.mark.parametrize("path", READ)
def test_a_parameter_that_nobody_knows_does_no_harm(started: Exporter, path: str) -> None:
    assert ask(started, f"{path}{'&' if '?' in path else '?'}from=somewhere&empty=").status_code == 200


@pytest.mark.parametrize("twice", ["x=1&x=1", "x=1&x=2", "x&x=", "x=1&%78=2", "a=1&x=1&b=2&x=3"])
@pytest.mark.parametrize("path", READ)
def test_a_parameter_that_stands_there_twice_is_a_mistake(started: Exporter, path: str, twice: str) -> None:
    answer = ask(started, f"{path}{'&' if '?' in path else '?'}{twice}")
    assert (answer.status_code, answer.text) == (400, "a parameter is repeated; use each parameter once\n")


@pytest.mark.parametrize("path", ["/collect", "/-/reload"])
def test_a_parameter_twice_is_a_mistake_where_something_is_done_too(started: Exporter, path: str) -> None:
    assert ask(started, f"{path}?x=1&x=2", "POST").status_code == 400


def test_a_value_twice_in_a_form_is_a_mistake_too(started: Exporter) -> None:
    assert ask(started, "/collect", "POST", b"server=a&server=a").status_code == 400


# Headers.


def policy_of(headers: Mapping[str, str]) -> dict[str, set[str]]:
    parts = (part.split() for part in headers["Content-Security-Policy"].split(";"))
    return {name: set(sources) for name, *sources in parts}


FOR_PEOPLE = (
    ("GET", "/", 200),
    ("GET", "/servers/a", 200),
    ("GET", f"/servers/{quote(NASTY)}", 200),
    ("GET", "/static/style.css", 200),
    ("GET", "/api/v1/servers", 200),
    ("GET", "/sd", 200),
    ("GET", "/probe?target=a&debug=true", 200),
    ("GET", "/probe", 400),
    ("GET", "/probe?target=http://127.0.0.1", 403),
    ("GET", "/servers/nobody", 404),
    ("GET", "/nothing", 404),
    ("GET", "/?x=1&x=2", 400),
    ("DELETE", "/", 405),
    ("GET", "/collect", 405),
    ("POST", "/collect", 303),
    ("POST", "/-/reload", 403),
)


@pytest.mark.parametrize(("method", "path", "status"), FOR_PEOPLE)
def test_what_people_may_look_at_has_the_strictest_policy(
    started: Exporter, method: str, path: str, status: int
) -> None:
    answer = ask(started, path, method)
    assert answer.status_code == status
    assert policy_of(answer.headers) == {
        "default-src": {"'none'"},
        "style-src": {"'self'"},
        "img-src": {"'self'", "data:"},
        "form-action": {"'self'"},
        "frame-ancestors": {"'none'"},
        "base-uri": {"'none'"},
    }
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == ("max-age=300" if path.startswith("/static/") else "no-store")
    assert "Server" not in answer.headers


def test_no_page_has_a_script_or_a_style_of_its_own(started: Exporter) -> None:
    for path in ("/", "/servers/a", f"/servers/{quote(NASTY)}"):
        page = ask(started, path).text.lower()
        assert "<script" not in page
        assert "<style" not in page
        assert " style=" not in page
        assert "javascript:" not in page


# What a request says is not said again.

SCRIPT = "<script>alert('canary')</script>"
REFLECTING = (
    f"/{quote(SCRIPT)}",
    f"/{SCRIPT}",
    f"/?x={SCRIPT}",
    f"/servers/{quote(SCRIPT, safe='')}",
    f"/servers/a?x={SCRIPT}",
    f"/metrics?{quote(SCRIPT)}=1",
    f"/probe?target={quote(SCRIPT)}",
    f"/probe?target=a&debug=true&x={quote(SCRIPT)}",
    f"/probe?target=a/{quote(SCRIPT)}",
    f"/probe?target=http://{quote(SCRIPT)}",
    f"/probe?target=http://127.0.0.1&daemon={quote(SCRIPT)}",
    f"/sd?{SCRIPT}",
    f"/api/v1/servers?{SCRIPT}",
    f"/-/healthy?{SCRIPT}",
)


@pytest.mark.parametrize("path", REFLECTING)
def test_nothing_of_a_request_comes_back(started: Exporter, path: str) -> None:
    headers = [f"{name}: {SCRIPT}" for name in ("Referer", "User-Agent", "Cookie", "X-Canary", "Accept", "Origin")]
    head, body = asked(started, f"GET {path}", *headers)
    assert head.split(" ")[1] in {"200", "400", "403", "404"}
    assert "canary" not in head + body


# Collecting anew.


def back(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("Location", "")


@pytest.mark.parametrize(
    ("form", "place"),
    [
        ({}, "/"),
        ({"server": ""}, "/"),
        ({"server": "a"}, "/servers/a"),
        ({"server": NASTY}, f"/servers/{quote(NASTY, safe='')}"),
        ({"server": "nobody"}, "/"),
        ({"other": "a"}, "/"),
    ],
    ids=str,
)
def test_collecting_goes_back_to_the_page_of_the_server_or_of_all(
    started: Exporter, form: dict[str, str], place: str
) -> None:
    answer = ask(started, "/collect", "POST", form)
    assert back(answer) == (303, place)
    assert ask(started, place).status_code == 200


@pytest.mark.parametrize(
    "server",
    [
        "//evil.example.com",
        "/\\evil.example.com",
        "\\\\evil.example.com",
        "https://evil.example.com",
        "javascript:alert(1)",
        "../../evil",
        "a/../../evil",
        "a\r\nSet-Cookie: evil=1",
        "\r\nLocation: https://evil.example.com",
        "a\0evil",
        "a?evil",
        "a#evil",
        "@evil.example.com",
        "evil" * 900,
        SCRIPT,
    ],
)
def test_collecting_sends_nobody_anywhere_else(started: Exporter, server: str) -> None:
    answer = ask(started, "/collect", "POST", {"server": server})
    assert back(answer) == (303, "/")
    assert "evil" not in repr(answer.headers) + answer.text
    assert ask(started, f"/collect?server={quote(server)}", "POST").headers["Location"] == "/"


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe", b"&&&=&", b"server", b"server=%", b"server=%ff", b'{"server": "a"}', b"\0" * 4096],
    ids=lambda body: repr(body[:12]),
)
def test_a_form_that_is_none_is_like_an_empty_one(started: Exporter, body: bytes) -> None:
    assert back(ask(started, "/collect", "POST", body)) == (303, "/")


def test_a_form_that_is_too_large_is_refused(started: Exporter) -> None:
    assert ask(started, "/collect", "POST", b"server=" + b"a" * 4096).status_code == 413


def taken_at(answer: requests.Response) -> list[float]:
    return [daemon["taken_at"] for daemon in answer.json()["daemons"]]


def test_collecting_asks_every_server_anew(started: Exporter) -> None:
    ask(started, "/collect", "POST")
    before = taken_at(ask(started, "/api/v1/servers"))
    ask(started, "/collect", "POST", {"server": "a"})
    after = taken_at(ask(started, "/api/v1/servers"))
    assert len(before) == len(after) == 2
    assert all(old < new for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "{own}"},
        {"Sec-Fetch-Site": "nonsense"},
        # Browsers say Sec-Fetch-Site to https and to localhost only.
        {"Origin": "http://evil.example.com"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "{own}.evil.example.com"},
        {"Origin": "http://evil.example.com#{own}"},
        {"Origin": "nonsense"},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/collect", "/-/reload"])
def test_another_site_cannot_make_a_browser_do_anything(started: Exporter, path: str, headers: dict[str, str]) -> None:
    sent = {name: value.format(own=started.url) for name, value in headers.items()}
    answer = ask(started, path, "POST", headers=sent)
    assert (answer.status_code, answer.text) == (403, "cross-site request rejected\n")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "{own}"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "{own}"},
        {"Sec-Fetch-Site": "none"},
        # Behind a proxy that changes Host.
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://exporter.example.com"},
    ],
    ids=str,
)
def test_the_own_page_and_programs_may_collect(started: Exporter, headers: dict[str, str]) -> None:
    sent = {name: value.format(own=started.url) for name, value in headers.items()}
    assert ask(started, "/collect", "POST", headers=sent).status_code == 303


def html(form: str) -> Callable[[socket.socket], None]:
    """Return the behaviour of a site that shows a form whose referrer is not told."""
    page = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nReferrer-Policy: no-referrer\r\n\r\n{form}"

    def show(sock: socket.socket) -> None:
        sock.recv(65536)
        sock.sendall(page.encode())
        sock.close()

    return show


@pytest.mark.parametrize("path", ["/collect", "/-/reload"])
def test_a_page_of_another_site_in_a_real_browser_cannot_do_anything(started: Exporter, path: str) -> None:
    """Under a name and without TLS, browsers send no Sec-Fetch-Site; the own page may, see test_pages_in_chromium."""
    try:
        browser_path = chromium()
    except LabUnavailableError as error:
        pytest.skip(str(error))
    action = started.url.replace("127.0.0.1", "exporter.example.com") + path
    flags = [*FLAGS, "--host-resolver-rules=MAP *.example.com 127.0.0.1"]
    with (
        peer(html(f"<form method=post action={action}><button>a prize</button></form>")) as port,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=browser_path, args=flags)
        page = browser.new_page()
        page.goto(f"http://evil.example.com:{port}/")
        with page.expect_navigation() as refused:
            page.click("button")
        answer = refused.value
        browser.close()
    assert answer is not None
    assert (answer.url, answer.status) == (action, 403)
    assert "sec-fetch-site" not in answer.request.headers


# The check report.

VOLATILE = {"taken_at"}


def report_of(answer: requests.Response) -> Tree:
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    report: Tree = answer.json()
    return report


@pytest.mark.parametrize("path", ["/", "/servers/a", "/servers/a/report", "/api/v1/servers"])
def test_the_first_view_of_a_page_collects(tmp_path: Path, path: str) -> None:
    with SimulatedKea(kea_answers()) as kea, exporter(written(tmp_path, servers("a", url=kea.url))) as fresh:
        page = ask(fresh, path).text
        assert kea.url in page
        assert "No collection yet" not in page


def test_the_report_of_a_server_is_a_file_to_keep(started: Exporter) -> None:
    answer = ask(started, "/servers/a/report")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="kea-report.html"'
    assert "<h1>Check of Kea servers</h1>" in answer.text
    assert ask(started, "/servers/none/report").status_code == HTTPStatus.NOT_FOUND
    assert 'href="/servers/a/report"' in ask(started, "/servers/a").text


def test_the_report_follows_the_published_schema(started: Exporter) -> None:
    text = ask(started, "/api/v1/servers").text
    assert schema_errors(json.dumps(report_schema()), text) == ""
    report = json.loads(text)
    assert [daemon["server"] for daemon in report["daemons"]] == ["a", NASTY]
    for daemon in report["daemons"]:
        assert abs(daemon["taken_at"] - time.time()) < 3600


def test_the_report_is_that_of_check(tmp_path: Path) -> None:
    with SimulatedKea(kea_answers()) as kea:
        config_file = written(tmp_path, {"servers": [*servers("a", url=kea.url)["servers"], *servers("b")["servers"]]})
        with exporter(config_file) as process:
            served = report_of(ask(process, "/api/v1/servers"))
        checked = json.loads(run("check", "--config.file", str(config_file), "--output", "json").stdout)
    for report in (served, checked):
        for daemon in report["daemons"]:
            del daemon["taken_at"]
    assert served == checked


def times_asked(kea: SimulatedKea) -> int:
    return [request["command"] for request in kea.received].count("status-get")


def test_the_report_collects_once_and_is_the_last_one_then() -> None:
    with SimulatedKea(kea_answers()) as kea, serving(servers("a", url=kea.url)) as web:
        first = web.get("/api/v1/servers")
        assert taken_at(web.get("/api/v1/servers")) == taken_at(first)
        assert times_asked(kea) == 1
        web.get("/metrics")
        assert taken_at(web.get("/api/v1/servers")) > taken_at(first)
        assert times_asked(kea) == 2


def test_the_report_does_not_collect_where_there_was_a_scrape() -> None:
    with SimulatedKea(kea_answers()) as kea, serving(servers("a", url=kea.url)) as web:
        web.get("/metrics")
        assert len(taken_at(web.get("/api/v1/servers"))) == 1
        assert times_asked(kea) == 1


def test_a_page_shows_allocation_failures_since_the_collection_before() -> None:
    answers, failures = kea_answers(), [7]

    def statistics(_: Tree) -> Tree:
        found: Tree = deepcopy(answers["statistic-get-all"])
        found["arguments"]["v4-allocation-fail-subnet"][0][0] = failures[0]
        return found

    with SimulatedKea({**answers, "statistic-get-all": statistics}) as kea, serving(servers("a", url=kea.url)) as web:
        assert "allocation failures" not in web.get("/").text
        failures[0] = 10
        web.get("/metrics")
        page = web.get("/").text
    assert re.search(r"3 allocation failures in \d+ s</strong>: Kea had no lease", page)


@pytest.mark.parametrize("path", ["/", "/servers/dead", "/servers/dead/report", "/api/v1/servers"])
@pytest.mark.parametrize("others", [("a",), ()], ids=["added", "renamed"])
def test_an_added_server_is_collected_before_a_page_is_shown(path: str, others: tuple[str, ...]) -> None:
    with SimulatedKea(kea_answers()) as kea:
        configuration = Configuration(servers("a", url=kea.url))
        with serving(configuration) as web:
            web.get("/metrics")
            configuration.tree = {"servers": servers(*others, url=kea.url)["servers"] + servers("dead")["servers"]}
            web.service.reload()
            page = web.get(path)
    assert page.status_code == HTTPStatus.OK
    assert "all healthy" not in page.text
    assert "refused" in page.text


def test_without_a_collection_nothing_is_met_and_there_is_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    with SimulatedKea(kea_answers()) as kea, serving(servers("a", url=kea.url)) as web:
        # As a reload does at every moment of a collection.
        monkeypatch.setattr(web.service, "keep", lambda collection: collection)
        report = web.get("/api/v1/servers").json()
        assert (report["status"], report["exit_code"], report["daemons"]) == ("unknown", 2, [])
        assert web.get("/servers/a/report").status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "No collection yet" in web.get("/").text


def test_removed_servers_disappear_with_the_reload() -> None:
    configuration = Configuration(servers("kept-one", "removed-one"))
    with serving(configuration, probe_daemon=answer) as web:
        web.get("/metrics")
        configuration.tree = servers("kept-one")
        web.service.reload()
        assert [daemon["server"] for daemon in web.get("/api/v1/servers").json()["daemons"]] == ["kept-one"]
        assert "removed-one" not in web.get("/").text
        assert web.get("/servers/removed-one").status_code == 404


# Parts of the page of metrics.


def test_the_exporter_alone_is_told_of_without_asking_kea() -> None:
    with SimulatedKea(kea_answers()) as kea, serving(servers("a", url=kea.url)) as web:
        page = parsed(web.get("/metrics?collect[]=exporter").text)
        assert kea.received == []
    assert {"kea_exporter_build_info", "kea_exporter_requests_rejected_total", "process_cpu_seconds_total"} <= set(page)
    assert [name for name in page if name.startswith("kea_") and not name.startswith("kea_exporter_")] == []


def test_the_servers_alone_are_told_of_without_the_exporter() -> None:
    with SimulatedKea(kea_answers()) as kea, serving(servers("a", url=kea.url)) as web:
        page = parsed(web.get("/metrics?collect[]=servers").text)
    assert values(page, "kea_up", "server") == {"a": 1}
    assert [name for name in page if name.startswith(("kea_exporter_", "process_", "python_"))] == []


@pytest.mark.parametrize("name", ["", "kea", "Exporter", "<script>"])
def test_a_part_that_is_none_is_refused_with_those_that_there_are(name: str) -> None:
    with serving(servers("a")) as web:
        refused = web.get(f"/metrics?collect[]={name}")
        assert (refused.status_code, refused.text) == (
            400,
            "collect[] may be exporter or servers; without it the page has both\n",
        )
        assert web.get("/metrics?collect[]=servers&collect[]=exporter").status_code == 400


# Limits.


def sent(web: Served, method: str, path: str) -> requests.Response:
    patient = {"X-Prometheus-Scrape-Timeout-Seconds": "60"}
    return requests.request(method, web.url + path, headers=patient, timeout=GENEROUS, allow_redirects=False)


WORK = [("GET", "/metrics"), ("GET", "/probe?target=a"), ("POST", "/collect"), ("GET", "/api/v1/servers")]


@contextmanager
def crowded(release: Event, method: str, path: str) -> Iterator[tuple[Served, Callable[[], requests.Response]]]:
    """Serve with one request in flight, which is as many as there may be; give what ends it."""
    probe = Waiting(release)

    def end() -> requests.Response:
        release.set()
        return under_way.result(GENEROUS)

    tree = servers("a", timeout="60s")
    with serving(tree, WebOptions(max_requests=1), probe) as web, ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(sent, web, method, path)
        assert probe.has_begun.wait(GENEROUS)
        yield web, end


@pytest.mark.parametrize(("method", "path"), WORK)
def test_requests_that_query_kea_count_and_one_too_many_is_refused(release: Event, method: str, path: str) -> None:
    with crowded(release, method, path) as (web, end):
        for other in WORK:
            refused = sent(web, *other)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            assert refused.text == "too many requests in flight, try again later\n"
        assert end().status_code in {200, 303}
        samples = parsed(web.get("/metrics").text)
    assert samples["kea_exporter_requests_rejected_total"] == [({}, len(WORK))]
    assert samples["kea_exporter_requests_in_flight"] == [({}, 1)]


AT_ANY_TIME = ["/", "/servers/a", "/static/style.css", "/sd", "/-/healthy", "/-/ready", "/metrics?collect[]=exporter"]


@pytest.mark.parametrize("path", AT_ANY_TIME)
def test_whatever_does_not_answers_also_then(release: Event, path: str) -> None:
    with crowded(release, "GET", "/metrics") as (web, end):
        assert web.get(path).status_code == 200
        end()


def test_a_reload_takes_place_also_then(release: Event) -> None:
    probe = Waiting(release)
    configuration = Configuration(servers("a", timeout="60s"))
    with serving(configuration, WebOptions(max_requests=1, enable_lifecycle=True), probe) as web:
        with ThreadPoolExecutor(1) as pool:
            under_way = pool.submit(sent, web, "GET", "/metrics")
            assert probe.has_begun.wait(GENEROUS)
            configuration.tree = servers("b")
            assert sent(web, "POST", "/-/reload").status_code == 200
            release.set()
            assert set(values(parsed(under_way.result(GENEROUS).text), "kea_up", "server")) == {"a"}
        assert set(values(parsed(web.get("/metrics").text), "kea_up", "server")) == {"b"}


def test_what_is_refused_takes_no_place(tmp_path: Path) -> None:
    with SimulatedKea(kea_answers()) as kea:
        config_file = written(tmp_path, servers("a", url=kea.url))
        with exporter(config_file, "--web.max-requests", "1") as process:
            for _ in range(5):
                assert ask(process, "/probe?target=nobody").status_code == 400
                assert ask(process, "/collect", "POST", b"x" * 5000).status_code == 413
            assert ask(process, "/metrics").status_code == 200


def test_who_sends_a_form_slowly_or_goes_away_holds_up_nobody(tmp_path: Path) -> None:
    with SimulatedKea(kea_answers()) as kea:
        config_file = written(tmp_path, servers("a", url=kea.url))
        with exporter(config_file, "--web.max-requests", "1") as process:
            place = urlsplit(process.url)
            head = f"POST /collect HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: 100\r\n\r\nserver="
            with socket.create_connection((place.hostname or "", place.port or 0), timeout=GENEROUS) as sock:
                sock.sendall(head.encode())
                time.sleep(0.2)
                assert ask(process, "/metrics").status_code == 200
            assert ask(process, "/metrics").status_code == 200
            assert "Traceback" not in process.log()


def test_health_is_told_at_once_while_fifty_dead_daemons_are_probed(tmp_path: Path) -> None:
    with blackhole() as port:
        names = [f"dead-{number}" for number in range(50)]
        config_file = written(tmp_path, servers(*names, url=f"http://127.0.0.1:{port}", timeout="4s"))
        with exporter(config_file) as process, ThreadPoolExecutor(4) as pool:
            scrapes = [
                pool.submit(ask, process, "/metrics"),
                pool.submit(ask, process, "/probe?target=dead-7"),
                pool.submit(ask, process, "/api/v1/servers"),
                pool.submit(ask, process, "/collect", "POST"),
            ]
            times = []
            while not all(scrape.done() for scrape in scrapes):
                for path in ("/-/healthy", "/-/ready"):
                    began = time.monotonic()
                    assert ask(process, path).status_code == 200
                    times.append(time.monotonic() - began)
            page = scrapes[0].result()
    assert [scrape.result().status_code for scrape in scrapes] == [200, 200, 200, 303]
    assert set(values(parsed(page.text), "kea_up", "server").items()) == {(name, 0) for name in names}
    # It never waited for what takes four seconds.
    assert len(times) > 5
    assert max(times) < 3


def test_health_is_told_at_once_while_pages_of_a_large_fleet_are_made(tmp_path: Path) -> None:
    config_file = written(tmp_path, servers(*(f"server-{number}" for number in range(200))))
    with exporter(config_file) as process, ThreadPoolExecutor(8) as pool:
        ask(process, "/metrics")
        pages = [pool.submit(ask, process, path) for path in ("/", "/api/v1/servers") * 8]
        times, started = [], time.monotonic()
        while not all(page.done() for page in pages):
            began = time.monotonic()
            assert ask(process, "/-/healthy").status_code == 200
            times.append(time.monotonic() - began)
        took = time.monotonic() - started
    assert {page.result().status_code for page in pages} == {200}
    # It never waited until most of the pages had been made.
    assert max(times) < took / 3
