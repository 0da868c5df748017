"""/sd: Prometheus finds every server by itself, and scrapes each at /probe."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import requests

from lab.servers.fleet import start_fleet
from lab.servers.prometheus import Prometheus
from tests.support.exporter import Exporter, exporter, written
from tests.support.serving import GENEROUS, Configuration, answer, servers, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.servers.kea import Lab
    from tests.support.serving import Served

Groups = list[dict[str, object]]

NAMES = ("a", "dhcp-b.example.com", 'c"\\<script>&é')
LOCALHOST = "localhost"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving(servers(*NAMES), probe_daemon=answer) as web:
        yield web


def groups(web: Served) -> Groups:
    found: Groups = web.get("/sd").json()
    return found


def test_the_list_has_the_shape_that_prometheus_reads(served: Served) -> None:
    """Source: Prometheus documentation, "HTTP SD": status 200, this very type, groups of targets and labels."""
    page = served.get("/sd", Accept="application/json", **{"X-Prometheus-Refresh-Interval-Seconds": "60"})
    assert (page.status_code, page.headers["Content-Type"]) == (200, "application/json")
    assert page.encoding in {None, "utf-8"}
    for group in page.json():
        assert group.keys() == {"targets", "labels"}
        assert all(isinstance(target, str) and "/" not in target for target in group["targets"])
        assert all(isinstance(value, str) for value in group["labels"].values())


def test_each_server_is_a_target_in_the_order_of_the_file(served: Served) -> None:
    address = urlsplit(served.url).netloc
    assert groups(served) == [
        {
            "targets": [address],
            "labels": {
                "__scheme__": "http",
                "__metrics_path__": "/probe",
                "__param_target": name,
                "instance": name,
            },
        }
        for name in NAMES
    ]


def test_every_target_can_be_probed_as_the_list_says(served: Served) -> None:
    for group in served.get("/sd").json():
        labels = group["labels"]
        url = f"{labels['__scheme__']}://{group['targets'][0]}{labels['__metrics_path__']}"
        page = requests.get(url, params={"target": labels["__param_target"]}, timeout=GENEROUS)
        assert page.status_code == 200
        assert "kea_up{" in page.text


def test_a_server_with_several_daemons_is_one_target() -> None:
    tree = servers("a")
    tree["servers"][0]["d2"] = {"url": "http://127.0.0.1:2"}
    with serving(tree, probe_daemon=answer) as web:
        assert len(groups(web)) == 1


def test_the_list_follows_a_reload() -> None:
    configuration = Configuration(servers("a", "b"))
    with serving(configuration, probe_daemon=answer) as web:
        configuration.tree = servers("b", "c")
        web.service.reload()
        assert [group["labels"]["instance"] for group in web.get("/sd").json()] == ["b", "c"]


# The Host header comes from whoever asks.


def asked_with(url: str, *headers: str) -> tuple[str, str]:
    """Ask for /sd with just these headers, and return the head and the body of the answer."""
    place = urlsplit(url)
    request = "\r\n".join(["GET /sd HTTP/1.1", *headers, "Connection: close", "", ""])
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=GENEROUS) as sock:
        sock.sendall(request.encode("latin-1"))
        said = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
    head, _, body = said.partition("\r\n\r\n")
    return head, body


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    with exporter(written(tmp_path_factory.mktemp("discovery"), servers("a"))) as process:
        yield process


@pytest.mark.parametrize(
    "host",
    ["exporter.example.com", "exporter.example.com:9547", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:9547", "a_b"],
)
def test_targets_have_the_address_at_which_the_list_was_asked_for(started: Exporter, host: str) -> None:
    head, body = asked_with(started.url, f"Host: {host}")
    assert head.startswith("HTTP/1.1 200 ")
    assert f'"targets":["{host}"]' in body


HOSTILE = {
    "a path": "evil.example.com/metrics",
    "a query": "evil.example.com?x",
    "a fragment": "evil.example.com#x",
    "a user": "evil@example.com",
    "a script": "<script>alert(1)</script>",
    "a quotation mark": 'evil"],"labels":{"x":"',
    "a comma": "evil.example.com,other",
    "a blank": "evil example",
    "no port after the colon": "evil.example.com:http",
    "a long port": "evil.example.com:123456",
    "an open bracket": "[2001:db8::1",
    "something in brackets": "[evil]:80",
    "percent": "evil%2eexample",
    "letters of Latin-1": "\xe9vil.example.com",
    "a very long name": "evil" * 200,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_host_is_not_repeated(started: Exporter, case: str) -> None:
    head, body = asked_with(started.url, f"Host: {HOSTILE[case]}")
    status = head.split(" ")[1]
    assert status in {"200", "400"}
    assert "evil" not in head + body
    assert "script" not in head + body
    assert f'"targets":["{LOCALHOST}"]' in body or status == "400"


@pytest.mark.parametrize(
    "header",
    [
        "X-Forwarded-Host: evil.example.com",
        "X-Forwarded-Proto: evil",
        "X-Forwarded-Proto: javascript",
        "Forwarded: host=evil.example.com;proto=evil",
        "X-Original-URL: /evil",
    ],
)
def test_what_a_proxy_may_add_does_not_mislead(started: Exporter, header: str) -> None:
    head, body = asked_with(started.url, "Host: exporter.example.com", header)
    assert head.startswith("HTTP/1.1 200 ")
    assert "evil" not in body
    assert '"__scheme__":"http"' in body


@pytest.mark.parametrize("headers", [(), ("Host: a", "Host: b")], ids=["none", "two"])
def test_without_one_host_there_is_no_answer(started: Exporter, headers: tuple[str, ...]) -> None:
    head, _ = asked_with(started.url, *headers)
    assert head.startswith("HTTP/1.1 400 ")


# A real Prometheus.


@pytest.mark.lab
def test_prometheus_discovers_the_servers_and_scrapes_each_by_itself(lab: Lab, tmp_path: Path) -> None:
    fleet = start_fleet(lab, tmp_path / "config.yml")
    with exporter(fleet.config_file) as process:
        config = {
            "job_name": "kea",
            "scrape_interval": "1s",
            "http_sd_configs": [{"url": f"{process.url}/sd", "refresh_interval": "1s"}],
        }
        with Prometheus(lab, [config]) as prometheus:
            prometheus.wait_until(lambda: len(prometheus.query("kea_up")) == len(FLEET))
            prometheus.wait_until(lambda: len(prometheus.query("up == 1")) == len(FLEET))
            found = {sample["metric"]["instance"]: sample for sample in prometheus.query("kea_up")}
            assert {instance: sample["value"][1] for instance, sample in found.items()} == FLEET
            assert all(sample["metric"]["server"] == instance for instance, sample in found.items())
            assert prometheus.query("kea_exporter_build_info") == []
            assert prometheus.query("count by (server, daemon) (kea_up) > 1") == []


# What lab/servers/fleet.py starts, and whether commands are answered there.
FLEET = {"sound-v4": "1", "sound-v6": "1", "wrong-password": "0", "hooks-missing": "1", "nothing-there": "0"}
