"""The pod of the Helm chart, run here with the arguments and files that it would have, against a real Kea."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
import requests
import yaml

from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.processes import free_port
from lab.servers.prometheus import Prometheus
from tests.install.pod import HOME, NAME, WITH_GO, Pod, issued, one, rendered
from tests.support.exporter import parsed, values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.servers.kea import Lab
    from lab.servers.processes import Running

pytestmark = [pytest.mark.install, pytest.mark.lab, WITH_GO]

Tree = dict[str, Any]
HOST = f"{NAME}.dhcp.svc"
PASSWORD = "canary-4711"


def test_the_pod_shows_its_certificate_and_prometheus_finds_it(lab: Lab, tmp_path: Path) -> None:
    release, pod = _demanding(lab, tmp_path)
    with _running(pod) as running:
        # Without certificate and password, as the kubelet asks.
        assert (pod.probe("livenessProbe"), pod.probe("readinessProbe")) == (200, 200)
        assert requests.get(f"http://127.0.0.1:{pod.ports['health']}/metrics", timeout=5).status_code == 404
        with Prometheus(lab, [_scrape_config(release, pod, lab)]) as prometheus:
            prometheus.wait_until(lambda: bool(prometheus.query("kea_up == 1")))
            [up] = [sample["metric"] for sample in prometheus.query("kea_up == 1")]
            demanded = prometheus.query('kea_requirement_met{requirement="client-certificate-required"} == 1')
        assert (up["job"], up["instance"], up["server"]) == ("kea", "dhcp-a", "dhcp-a")
        assert up["sharded_by"] == "dhcp-a"
        assert len(demanded) == 1
        assert PASSWORD not in running.output.read_text()


def test_an_upgrade_with_more_servers_reaches_the_running_pod(lab: Lab, tmp_path: Path) -> None:
    port = free_port()
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    first, second = (
        {"name": name, "dhcp4": {"url": f"http://127.0.0.1:{port}/{name}"}} for name in ("first", "second")
    )
    pod = Pod(rendered(tmp_path, {"reloadInterval": 1, "config": {"servers": [first]}}), {}, tmp_path)
    with _running(pod):
        assert _up(pod) == {"first": 1}
        pod.update(NAME, rendered(tmp_path, {"reloadInterval": 1, "config": {"servers": [first, second]}}))
        give_up = time.monotonic() + 60
        while "second" not in _up(pod) and time.monotonic() < give_up:
            time.sleep(0.2)
        assert _up(pod) == {"first": 1, "second": 1}


def test_a_probe_asks_for_each_server_by_its_name(lab: Lab, tmp_path: Path) -> None:
    port = free_port()
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    servers = [
        {"name": server, "dhcp4": {"url": f"http://127.0.0.1:{port}/{server}"}} for server in ("dhcp-a", "dhcp-b")
    ]
    release = rendered(tmp_path, {"config": {"servers": servers}, "targets": {"kind": "Probe"}})
    probe, pod = one(release, "Probe")["spec"], Pod(release, {}, tmp_path)
    assert probe["prober"]["url"] == f"{HOST}:9547"
    url = f"{probe['prober']['scheme']}://127.0.0.1:{pod.ports['http']}{probe['prober']['path']}"
    with _running(pod):
        for name in probe["targets"]["staticConfig"]["static"]:
            page = parsed(requests.get(url, params={"target": name}, timeout=10).text)
            assert values(page, "kea_up", "server") == {name: 1}


def _up(pod: Pod) -> dict[str, float]:
    page = requests.get(f"http://127.0.0.1:{pod.ports['http']}/metrics", timeout=10).text
    return values(parsed(page), "kea_up", "server")


def _demanding(lab: Lab, folder: Path) -> tuple[list[Tree], Pod]:
    """Return a release whose Kea, whose pages and whose Prometheus all have to show who they are."""
    port = free_port()
    lab.secret("user", "monitor")
    lab.secret("password", PASSWORD)
    socket = lab.https(port, lab.authority.issue("kea", ["127.0.0.1"])) | {
        "cert-required": True,
        "authentication": lab.authentication("Dhcp4", lab.folder / "user", lab.folder / "password"),
    }
    lab.start("Dhcp4", dhcp("Dhcp4", [socket], subnet4=[subnet4(1)]))
    client = f"{HOME}/client"
    tls = {"ca_file": f"{client}/ca.crt", "cert_file": f"{client}/tls.crt", "key_file": f"{client}/tls.key"}
    login = {"username": "monitor", "password_file": f"{HOME}/secrets/kea-api/password"}
    release = rendered(
        folder,
        {
            "config": {
                "defaults": {"tls_config": tls, "basic_auth": login},
                "servers": [{"name": "dhcp-a", "dhcp4": {"url": f"https://127.0.0.1:{port}"}}],
            },
            "secrets": ["kea-api"],
            "clientCertificate": {"enabled": True, "issuerRef": {"name": "kea"}},
            "web": {
                "existingSecret": "web",
                "tls": True,
                "basicAuth": {"secret": "reader"},
                "tlsConfig": {"ca": {"secret": {"name": "web", "key": "ca.crt"}}},
            },
            "targets": {"kind": "ScrapeConfig", "interval": "2s", "scrapeTimeout": "2s"},
        },
    )
    existing = {
        "kea-api": {"password": PASSWORD},
        "web": _web(lab),
        **issued(lab.authority, lab.authority.issue("client", [], dns_names=["exporter.example.com"])),
    }
    return release, Pod(release, existing, folder)


def _web(lab: Lab) -> dict[str, str]:
    pair = lab.authority.issue("web", [], dns_names=[HOST])
    users = {"prometheus": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()}
    config = {
        "tls_server_config": {"cert_file": "tls.crt", "key_file": "tls.key"},
        "basic_auth_users": users,
    }
    texts = {"ca.crt": lab.authority.certificate, "tls.crt": pair.certificate, "tls.key": pair.key}
    return {"web.yml": yaml.safe_dump(config), **{name: path.read_text() for name, path in texts.items()}}


@contextmanager
def _running(pod: Pod) -> Iterator[Running]:
    running = pod.start()
    try:
        yield running
    finally:
        running.stop()


def _scrape_config(release: list[Tree], pod: Pod, lab: Lab) -> Tree:
    """Return what Prometheus Operator makes of the ScrapeConfig, with the pod where the service would be."""
    spec = one(release, "ScrapeConfig")["spec"]
    [discovery] = spec["httpSDConfigs"]
    address = f"127.0.0.1:{pod.ports['http']}"
    access = {
        "basic_auth": {"username": "prometheus", "password": PASSWORD},
        "tls_config": {
            "ca_file": lab.inside(lab.authority.certificate),
            "server_name": spec["tlsConfig"]["serverName"],
        },
    }
    return {
        "job_name": spec["jobName"],
        "scheme": spec["scheme"].lower(),
        "scrape_interval": spec["scrapeInterval"],
        "scrape_timeout": spec["scrapeTimeout"],
        "http_sd_configs": [{"url": discovery["url"].replace(f"{HOST}:9547", address), **access}],
        "relabel_configs": [
            *(
                {"source_labels": relabeling["sourceLabels"], "target_label": relabeling["targetLabel"]}
                for relabeling in spec["relabelings"]
            ),
            # The operator would choose a shard by it.
            {"source_labels": ["__tmp_hash"], "target_label": "sharded_by"},
        ],
        **access,
    }
