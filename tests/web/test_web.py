from __future__ import annotations

import html
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import TYPE_CHECKING

import pytest
import requests
import uvicorn
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from kea_exporter.audit import PENDING
from kea_exporter.auditor import Auditor
from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.httpd import ListenError, listen
from kea_exporter.probe import probe
from kea_exporter.reloader import Reloader
from kea_exporter.service import Service
from kea_exporter.web import WebOptions, create_app
from kea_exporter.web.options import scrape_seconds
from lab.servers.processes import free_port
from tests.support.examples import audited
from tests.support.exporter import parsed, values
from tests.support.peers import SimulatedKea
from tests.support.recordings import recorded
from tests.support.serving import GENEROUS, HAS_IPV6, USUAL, Waiting, answer, needs_ipv6

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.under_way import UnderWay

    Probe = Callable[[DaemonSettings, Deadline, Snapshot | None], Snapshot]


# How long a scrape may take.


@pytest.mark.parametrize(
    ("header", "offset", "seconds"),
    [
        (None, 0.5, 9.5),
        ("", 0.5, 9.5),
        ("soon", 0.5, 9.5),
        ("10s", 0.5, 9.5),
        ("nan", 0.5, 9.5),
        ("inf", 0.5, 9.5),
        ("-inf", 0.5, 9.5),
        ("1e999", 0.5, 9.5),
        ("0", 0.5, 9.5),
        ("-3", 0.5, 9.5),
        ("10", 0.5, 9.5),
        ("10", 0, 10),
        ("2.5", 0.5, 2),
        ("0.55", 0.5, 0.1),
        ("0.5", 0.5, 0.1),
        ("0.2", 0.5, 0.1),
        ("1e-300", 0.5, 0.1),
        ("120.5", 0.5, 120),
        ("1e9", 0.5, 120),
        (None, 60, 0.1),
    ],
)
def test_a_scrape_may_take_what_prometheus_allows_less_the_offset(
    header: str | None, offset: float, seconds: float
) -> None:
    assert scrape_seconds(header, offset) == pytest.approx(seconds)


# Listening sockets.


@contextmanager
def listening(*addresses: str) -> Iterator[list[socket.socket]]:
    sockets = listen(addresses)
    try:
        yield sockets
    finally:
        for sock in sockets:
            sock.close()


def test_a_port_alone_listens_on_every_address_of_both_families() -> None:
    with listening(":0") as sockets:
        hosts = {sock.getsockname()[0] for sock in sockets}
    assert hosts == ({"0.0.0.0", "::"} if HAS_IPV6 else {"0.0.0.0"})


@pytest.mark.parametrize("address", ["127.0.0.1:0", "localhost:0", pytest.param("[::1]:0", marks=needs_ipv6)])
def test_an_address_or_name_listens_there_alone(address: str) -> None:
    with listening(address) as sockets:
        for sock in sockets:
            host, port = sock.getsockname()[:2]
            assert host in {"127.0.0.1", "::1"}
            socket.create_connection((host, port), timeout=GENEROUS).close()


def test_several_addresses_are_all_listened_on() -> None:
    with listening("127.0.0.1:0", "127.0.0.2:0") as sockets:
        assert [sock.getsockname()[0] for sock in sockets] == ["127.0.0.1", "127.0.0.2"]


MALFORMED = {
    "nothing": "",
    "a colon": "127.0.0.1:",
    "a port alone": "9547",
    "an address alone": "127.0.0.1",
    "a name for a port": ":http",
    "a negative port": ":-1",
    "a port out of range": ":65536",
    "a port of 5000 digits": ":" + "9" * 5000,
    "digits of another script": ":\N{ARABIC-INDIC DIGIT NINE}547",
    "IPv6 without brackets": "::1:9547",
    "an open bracket": "[::1:9547",
    "an open bracket alone": "[:0",
    "a closing bracket alone": "]:0",
    "empty brackets": "[]:0",
    "a url": "http://127.0.0.1:9547",
    "two dots": "127.0.0..1:0",
    "a label too long": "a" * 64 + ":0",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_address_is_refused(case: str) -> None:
    with pytest.raises(ListenError) as caught, listening(MALFORMED[case]):
        pass
    assert MALFORMED[case] in str(caught.value)


def test_the_message_about_a_malformed_address_shows_good_ones() -> None:
    with pytest.raises(
        ListenError, match=r"^nope is no address to listen on; write :9547, 127\.0\.0\.1:9547 or \[::1\]:9547$"
    ):
        listen(["nope"])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock.getsockname()[1]


def test_an_address_in_use_is_named_with_what_to_do(taken_port: int) -> None:
    address = f"127.0.0.1:{taken_port}"
    text = f"cannot listen on {address}: Address already in use; choose with --web.listen-address"
    with pytest.raises(ListenError) as caught:
        listen([address])
    assert str(caught.value) == text


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ListenError, match=r"^cannot listen on 192\.0\.2\.1:9547: Cannot assign requested address"):
        listen(["192.0.2.1:9547"])


def test_no_socket_stays_open_when_a_later_address_fails(taken_port: int) -> None:
    port = free_port()
    with pytest.raises(ListenError):
        listen([f"127.0.0.1:{port}", f"127.0.0.1:{taken_port}"])
    with listening(f"127.0.0.1:{port}") as sockets:
        assert len(sockets) == 1


# The pages.


@contextmanager
def serving(
    collector: Collector | None = None,
    options: WebOptions = USUAL,
    names: tuple[str, ...] = ("a", "b"),
    kea: str = "http://127.0.0.1:1",
) -> Iterator[str]:
    """Serve the pages on a free port, as the command line does but for the signals, and give their url."""
    servers = [{"name": name, "dhcp4": {"url": f"{kea}/{number}"}} for number, name in enumerate(names)]
    settings = settings_from_tree({"defaults": {"timeout": "60s"}, "servers": servers}, Path())
    collector = collector or Collector(answer)
    app = create_app(Service(settings, lambda: settings, collector, Auditor(())), options, Reloader())
    sockets = listen(["127.0.0.1:0"])
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    thread = Thread(target=server.run, args=(sockets,))
    thread.start()
    try:
        yield "http://{}:{}".format(*sockets[0].getsockname())
    finally:
        server.should_exit = True
        collector.stop()
        thread.join(GENEROUS)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers=headers, timeout=GENEROUS)


OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
CLASSIC = "text/plain; version=0.0.4; charset=utf-8"
OF_PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "text/plain;version=0.0.4", "nonsense;;;q=x", "," * 500])
def test_metrics_come_as_classic_text_unless_something_else_is_accepted(url: str, accept: str) -> None:
    page = get(f"{url}/metrics", Accept=accept)
    assert (page.status_code, page.headers["Content-Type"]) == (200, CLASSIC)
    assert values(parsed(page.text), "kea_up", "server") == {"a": 1, "b": 1}


@pytest.mark.parametrize("accept", ["application/openmetrics-text; version=1.0.0", OF_PROMETHEUS_3])
def test_metrics_come_as_openmetrics_to_whoever_accepts_it(url: str, accept: str) -> None:
    page = get(f"{url}/metrics", Accept=accept)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert page.text.endswith("# EOF\n")
    families = parse_openmetrics(page.text)  # type: ignore[no-untyped-call]
    assert {"kea_up", "kea_exporter_build_info", "process_cpu_seconds"} <= {family.name for family in families}


def test_metrics_are_compressed_for_whoever_accepts_it_alone(url: str) -> None:
    packed, plain = (get(f"{url}/metrics", **{"Accept-Encoding": encoding}) for encoding in ("gzip", "identity"))
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 3
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept, Accept-Encoding"
    told = [[line for line in page.text.splitlines() if line.startswith("kea_")] for page in (packed, plain)]
    assert told[0] == told[1]


@pytest.mark.parametrize("accept", [CLASSIC, OPENMETRICS])
def test_the_page_is_about_the_exporter_too(url: str, accept: str) -> None:
    page = get(f"{url}/metrics", Accept=accept).text
    for family in ("kea_exporter_build_info", "process_resident_memory_bytes", "python_info", "python_gc_objects"):
        assert f"\n{family}" in page


def test_no_family_stands_twice(url: str) -> None:
    lines = [line for line in get(f"{url}/metrics").text.splitlines() if line.startswith("# TYPE")]
    assert len(lines) == len(set(lines)) > 10


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/-/ready"])
def test_head_gives_the_headers_of_get_without_a_body(url: str, path: str) -> None:
    answer = requests.head(url + path, timeout=GENEROUS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Type"] == get(url + path).headers["Content-Type"]


@pytest.mark.parametrize("path", ["/nothing", "/metrics/a", "/-/", "/metrics%00", "/../etc/passwd"])
def test_what_is_not_there_is_not_found(url: str, path: str) -> None:
    assert get(url + path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy"])
def test_pages_can_only_be_read(url: str, path: str, method: str) -> None:
    answer = requests.request(method, url + path, timeout=GENEROUS)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("state", ["healthy", "ready"])
def test_health_is_a_short_text(url: str, state: str) -> None:
    page = get(f"{url}/-/{state}")
    assert (page.status_code, page.text) == (200, f"kea-exporter is {state}.\n")


def test_another_telemetry_path_takes_the_place_of_the_usual_one() -> None:
    with serving(options=WebOptions("/kea/metrics")) as url:
        assert "kea_up" in get(f"{url}/kea/metrics").text
        assert get(f"{url}/metrics").status_code == 404
        assert '<a href="/kea/metrics">' in get(url).text


NASTY = """<script>alert(1)<b>&"'x"""


def test_the_landing_page_escapes_what_it_shows() -> None:
    with serving(options=WebOptions("/'\"><script>"), names=(NASTY, "b")) as url:
        assert get(f"{url}/api/v1/servers").status_code == 200
        page = get(url).text
    assert NASTY in html.unescape(page)
    assert "<script" not in page


def test_the_landing_page_has_a_strict_policy(url: str) -> None:
    headers = get(url).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/html; charset=utf-8"


def test_a_probe_gets_the_time_that_prometheus_allows() -> None:
    given: list[float] = []

    def probe(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        given.append(deadline.remaining())
        return answer(daemon, deadline, before)

    with serving(Collector(probe), names=("a",)) as url:
        get(f"{url}/metrics", **{"X-Prometheus-Scrape-Timeout-Seconds": "30"})
        get(f"{url}/metrics")
    assert 20 < given[0] < 29.5
    assert 5 < given[1] < 9.5


@contextmanager
def under_way(url: str, probe: Waiting) -> Iterator[Callable[[], requests.Response]]:
    """Have a scrape under way, and give what waits for its end."""
    with ThreadPoolExecutor() as pool:
        scrape = pool.submit(get, f"{url}/metrics", **{"X-Prometheus-Scrape-Timeout-Seconds": "60"})
        assert probe.has_begun.wait(GENEROUS)
        yield lambda: scrape.result(GENEROUS)


def test_one_request_too_many_is_told_to_come_again(release: Event) -> None:
    probe = Waiting(release)
    with serving(Collector(probe), WebOptions(max_requests=1)) as url:
        with under_way(url, probe) as first:
            second = get(f"{url}/metrics")
            release.set()
            assert first().status_code == 200
        assert (second.status_code, second.headers["Retry-After"]) == (503, "5")
        assert second.text == "too many requests in flight, try again later\n"
        samples = parsed(get(f"{url}/metrics").text)
    assert samples["kea_exporter_requests_rejected_total"] == [({}, 1)]
    assert samples["kea_exporter_requests_in_flight"] == [({}, 1)]


def test_the_other_pages_answer_while_scrapes_wait(release: Event) -> None:
    probe = Waiting(release)
    with serving(Collector(probe), WebOptions(max_requests=1)) as url, under_way(url, probe) as scrape:
        assert [get(url + path).status_code for path in ("/", "/-/healthy", "/-/ready")] == [200, 200, 200]
        release.set()
        assert scrape().status_code == 200


class CountingCollector(Collector):
    """Says of each collection that it has started, or joined, the probes of all daemons."""

    def __init__(self, probe: Probe) -> None:
        super().__init__(probe)
        self.begun = Semaphore(0)

    def begin(self, daemons: Iterable[DaemonSettings], deadline: Deadline) -> UnderWay:
        return super().begin(self._announced(daemons), deadline)

    def _announced(self, daemons: Iterable[DaemonSettings]) -> Iterator[DaemonSettings]:
        yield from daemons
        self.begun.release()


def test_two_scrapes_at_once_are_one_conversation_with_kea() -> None:
    may_answer = Event()

    def version(_: object) -> object:
        assert may_answer.wait(GENEROUS)
        return answers["version-get"]

    answers = recorded("kea-3.0.3", "dhcp4")
    collector = CountingCollector(probe)
    with SimulatedKea({**answers, "version-get": version}) as kea, ThreadPoolExecutor(2) as pool:
        with serving(collector, names=("a",), kea=kea.url) as url:
            scrapes = [pool.submit(get, f"{url}/metrics") for _ in range(2)]
            assert all(collector.begun.acquire(timeout=GENEROUS) for _ in scrapes)
            may_answer.set()
            pages = [parsed(scrape.result(GENEROUS).text) for scrape in scrapes]
        asked = [request["command"] for request in kea.received]
    assert [values(page, "kea_up", "server") for page in pages] == [{"a": 1}] * 2
    assert len(asked) == len(set(asked)) > 4


def test_no_request_in_flight_waits_for_another(release: Event) -> None:
    collector, many = CountingCollector(Waiting(release)), 45
    # A client may have three quarters of the slots.
    with serving(collector, WebOptions(max_requests=many * 4 // 3)) as url, ThreadPoolExecutor(many) as pool:
        scrapes = [pool.submit(get, f"{url}/metrics") for _ in range(many)]
        begun = list(takewhile(bool, (collector.begun.acquire(timeout=5) for _ in range(many))))
        release.set()
        assert {scrape.result(GENEROUS).status_code for scrape in scrapes} == {200}
    assert len(begun) == many


def slot(url: str, path: str, collector: CountingCollector) -> socket.socket:
    """Return a connection whose request is being worked on, tried again while there is no place for it."""
    host, port = url.removeprefix("http://").split(":")
    for _ in range(100):
        connection = socket.create_connection((host, int(port)), GENEROUS)
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: exporter\r\nConnection: close\r\n\r\n".encode())
        if collector.begun.acquire(timeout=0.1):
            return connection
        connection.close()
    raise AssertionError("there is no place")


@pytest.mark.parametrize("path", ["/metrics", "/probe?target=a", "/probe?target=a&debug=true", "/api/v1/servers"])
def test_clients_that_go_away_leave_their_places_and_threads_to_others(path: str, release: Event) -> None:
    collector = CountingCollector(Waiting(release))
    with serving(collector, WebOptions(max_requests=1)) as url:
        before = threading.active_count()
        for _ in range(20):
            slot(url, path, collector).close()
        last = slot(url, path, collector)
        assert threading.active_count() < before + 10
        release.set()
        assert last.makefile("rb").readline() == b"HTTP/1.1 200 OK\r\n"
        last.close()


def test_the_page_survives_a_probe_that_raises() -> None:
    def probe(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        if daemon.target.server == "a":
            raise RuntimeError("monitor:password")
        return answer(daemon, deadline, before)

    with serving(Collector(probe)) as url:
        page = get(f"{url}/metrics")
    samples = parsed(page.text)
    assert page.status_code == 200
    assert values(samples, "kea_up", "server") == {"a": 0, "b": 1}
    assert samples["kea_probe_failure"] == [
        ({"server": "a", "daemon": "dhcp4", "stage": "deadline", "reason": "internal_error"}, 1)
    ]
    assert "monitor:password" not in page.text


def test_the_page_comes_in_time_when_a_probe_does_not(release: Event) -> None:
    def probe(daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        if daemon.target.server == "a":
            release.wait(GENEROUS)
        return answer(daemon, deadline, before)

    with serving(Collector(probe)) as url:
        samples = parsed(get(f"{url}/metrics", **{"X-Prometheus-Scrape-Timeout-Seconds": "2.5"}).text)
        release.set()
    assert values(samples, "kea_up", "server") == {"a": 0, "b": 1}
    assert values(samples, "kea_probe_failure", "reason") == {"budget_used_up": 1}


def test_the_page_has_the_last_lease_audit_of_each_daemon() -> None:
    found: dict[str, Fact[LeaseAudit | None]] = {"a": audited(), "b": PENDING}
    with serving(Collector(answer, audits=lambda daemon, _: found[daemon.target.server])) as url:
        samples = parsed(get(f"{url}/metrics").text)
    judged = {
        server: values(samples, "kea_requirement_met", "requirement", server=server).get("no-orphaned-leases")
        for server in found
    }
    assert judged == {"a": 1, "b": None}
