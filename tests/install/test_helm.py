"""The Helm chart: linted, rendered with every example, compared with schemas, and run as a pod would run it."""

from __future__ import annotations

import shutil
import tarfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
import requests
import yaml

from lab.helm import CHART, DASHBOARDS, KUBERNETES_VERSIONS, RULES, HelmError, helm, kubeconform, objects, template
from lab.kea import dhcp, http, subnet4
from lab.processes import free_port
from lab.prometheus import Prometheus
from tests.exporter import parsed, run, values
from tests.install.pod import HOME, Pod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.certificates import Pair
    from lab.kea import Lab
    from lab.processes import Running

pytestmark = [
    pytest.mark.install,
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("go") is None, reason="Helm and kubeconform are compiled by Go, which is not here"),
]

Tree = dict[str, Any]
EXAMPLES = sorted((CHART / "ci").glob("*-values.yaml"))
INVALID = sorted((Path(__file__).parent.parent / "helm/invalid").glob("*.yaml"))
NAME = "lab-kea-exporter"
HOST = f"{NAME}.dhcp.svc"
PASSWORD = "canary-4711"


def _name(path: Path) -> str:
    return path.stem.removesuffix("-values")


def _example(name: str) -> list[Tree]:
    return objects(template(CHART / f"ci/{name}-values.yaml"))


def _rendered(folder: Path, values: Tree) -> list[Tree]:
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    return objects(template(file))


def _one(rendered: list[Tree], kind: str) -> Tree:
    [found] = [it for it in rendered if it["kind"] == kind]
    return found


@pytest.mark.parametrize("example", EXAMPLES, ids=_name)
def test_an_example_is_clean_and_renders_to_what_kubernetes_takes(example: Path) -> None:
    helm("lint", str(CHART), "--strict", "--values", str(example), "--kube-version", KUBERNETES_VERSIONS[-1])
    for version in KUBERNETES_VERSIONS:
        assert "Invalid: 0, Errors: 0, Skipped: 0" in kubeconform(template(example, kubernetes=version), version)


@pytest.mark.parametrize("kind", ["Deployment", "Probe", "ServiceMonitor"])
def test_the_schemas_refuse_what_kubernetes_does_not_know(kind: str) -> None:
    rendered = template(CHART / "ci/probe-values.yaml")
    for it in (odd := objects(rendered)):
        if it["kind"] == kind:
            it["spec"]["replicaz"] = 1
    with pytest.raises(HelmError, match=f"{kind} {NAME} is invalid.*'replicaz' not allowed"):
        kubeconform(yaml.safe_dump_all(odd), KUBERNETES_VERSIONS[-1])


@pytest.mark.parametrize("values_file", INVALID, ids=_name)
def test_nonsense_is_refused_and_the_message_says_what_to_write(values_file: Path) -> None:
    with pytest.raises(HelmError) as refused:
        template(values_file)
    assert values_file.with_suffix(".expect.txt").read_text().strip() in str(refused.value)


def test_an_old_kubernetes_is_refused() -> None:
    with pytest.raises(HelmError, match=r"requires kubeVersion: >=1\.27\.0-0"):
        template(CHART / "ci/minimal-values.yaml", kubernetes="1.26.9")


def test_the_package_has_rules_and_dashboards_but_not_the_examples(tmp_path: Path) -> None:
    helm("package", str(CHART), "--destination", str(tmp_path))
    [package] = tmp_path.glob("kea-exporter-*.tgz")
    with tarfile.open(package) as archive:
        names = {it.removeprefix("kea-exporter/") for it in archive.getnames()}
    assert {"values.schema.json", "README.md", "files/rules.yml"} <= names
    assert {it.name for it in DASHBOARDS.glob("*.json")} == {
        Path(it).name for it in names if it.startswith("files/dashboards/")
    }
    assert not any(it.startswith("ci/") for it in names)


@pytest.mark.parametrize("example", [it for it in EXAMPLES if "config" in yaml.safe_load(it.read_text())], ids=_name)
def test_the_rendered_configuration_is_what_the_exporter_takes(lab: Lab, example: Path, tmp_path: Path) -> None:
    pair = lab.authority.issue("client", ["127.0.0.1"])
    secrets = {"kea-api": {"password": PASSWORD}, "kea-ca": {"ca.crt": lab.authority.certificate.read_text()}}
    pod = Pod(_example(_name(example)), {**secrets, **_issued(lab, pair), **_AS_THEY_ARE}, tmp_path)
    checked = run("config", "check", "--config.file", pod.here(f"{HOME}/config/config.yml"))
    assert "is fine" in checked.stdout, checked.stderr


_AS_THEY_ARE: dict[str, dict[str, str]] = {"kea-exporter-web": {"web.yml": "", "config": ""}, "authorities": {}}


def _issued(lab: Lab, pair: Pair) -> dict[str, dict[str, str]]:
    """Return the Secret that cert-manager would make of the Certificate."""
    texts = {"ca.crt": lab.authority.certificate, "tls.crt": pair.certificate, "tls.key": pair.key}
    return {f"{NAME}-client": {name: path.read_text() for name, path in texts.items()}}


def test_the_rules_are_those_of_the_project_but_for_what_the_values_say(lab: Lab) -> None:
    groups = _one(_example("rules"), "PrometheusRule")["spec"]["groups"]
    (lab.folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    checked = lab.chroot.run("promtool", "check", "rules", lab.inside(lab.folder / "rules.yml"))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    text = RULES.read_text().replace("https://grafana.example.com", "https://grafana.dhcp.test")
    text = text.replace("https://docs.example.com/kea-exporter/runbooks", "https://wiki.dhcp.test/kea")
    wanted = yaml.safe_load(text)["groups"]
    for group in wanted:
        group["rules"] = [it for it in group["rules"] if it.get("alert") != "KeaAuthenticationNotDemanded"]
        for rule in group["rules"]:
            if rule.get("alert") == "KeaServerDown":
                rule |= {"for": "10m", "labels": {**rule["labels"], "severity": "warning"}}
    assert groups == wanted


def test_rules_have_no_links_to_where_nothing_is(tmp_path: Path) -> None:
    minimal = yaml.safe_load((CHART / "ci/minimal-values.yaml").read_text())
    rendered = _rendered(tmp_path, {**minimal, "prometheusRule": {"enabled": True}})
    rules = [rule for group in _one(rendered, "PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    assert {name for it in rules for name in it.get("annotations", {})} == {"summary", "description"}
    assert "example.com" not in str(rules)


def test_dashboards_come_as_they_are_for_the_sidecar() -> None:
    found = [it for it in _example("dashboards") if it["kind"] == "ConfigMap"]
    texts = {name: text for it in found for name, text in it["data"].items()}
    assert {name: text.strip() for name, text in texts.items()} == {
        it.name: it.read_text().strip() for it in DASHBOARDS.glob("*.json")
    }
    assert {(it["metadata"]["namespace"], it["metadata"]["labels"]["grafana_dashboard"]) for it in found} == {
        ("monitoring", "1")
    }


def test_pods_run_with_as_little_as_can_be() -> None:
    spec = _one(_example("minimal"), "Deployment")["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_pod_judges_a_kea_that_demands_its_certificate_and_prometheus_finds_it(lab: Lab, tmp_path: Path) -> None:
    rendered, pod = _demanding(lab, tmp_path)
    with _running(pod) as running:
        # Without certificate and password, as the kubelet asks.
        assert (pod.probe("livenessProbe"), pod.probe("readinessProbe")) == (200, 200)
        assert requests.get(f"http://127.0.0.1:{pod.ports['health']}/metrics", timeout=5).status_code == 404
        with Prometheus(lab, [_scrape_config(rendered, pod, lab)]) as prometheus:
            prometheus.wait_until(lambda: bool(prometheus.query("kea_up == 1")))
            [up] = [it["metric"] for it in prometheus.query("kea_up == 1")]
            demanded = prometheus.query('kea_requirement_met{requirement="client-certificate-required"} == 1')
        assert (up["job"], up["instance"], up["server"]) == ("kea", "dhcp-a", "dhcp-a")
        assert up["sharded_by"] == "dhcp-a"
        assert len(demanded) == 1
        assert PASSWORD not in running.output.read_text()


def test_an_upgrade_with_more_servers_reaches_the_running_pod(lab: Lab, tmp_path: Path) -> None:
    port = free_port()
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    first, second = ({"name": name, "dhcp4": {"url": f"http://127.0.0.1:{port}"}} for name in ("first", "second"))
    pod = Pod(_rendered(tmp_path, {"reloadInterval": 1, "config": {"servers": [first]}}), {}, tmp_path)
    with _running(pod):
        assert _up(pod) == {"first": 1}
        pod.update(NAME, _rendered(tmp_path, {"reloadInterval": 1, "config": {"servers": [first, second]}}))
        give_up = time.monotonic() + 20
        while "second" not in _up(pod) and time.monotonic() < give_up:
            time.sleep(0.2)
        assert _up(pod) == {"first": 1, "second": 1}


def test_a_probe_asks_for_each_server_by_its_name(lab: Lab, tmp_path: Path) -> None:
    port = free_port()
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    servers = [{"name": it, "dhcp4": {"url": f"http://127.0.0.1:{port}"}} for it in ("dhcp-a", "dhcp-b")]
    rendered = _rendered(tmp_path, {"config": {"servers": servers}, "targets": {"kind": "Probe"}})
    probe, pod = _one(rendered, "Probe")["spec"], Pod(rendered, {}, tmp_path)
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
    rendered = _rendered(
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
        **_issued(lab, lab.authority.issue("client", [], dns_names=["exporter.example.com"])),
    }
    return rendered, Pod(rendered, existing, folder)


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


def _scrape_config(rendered: list[Tree], pod: Pod, lab: Lab) -> Tree:
    """Return what Prometheus Operator makes of the ScrapeConfig, with the pod where the service would be."""
    spec = _one(rendered, "ScrapeConfig")["spec"]
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
            *({"source_labels": it["sourceLabels"], "target_label": it["targetLabel"]} for it in spec["relabelings"]),
            # The operator would choose a shard by it.
            {"source_labels": ["__tmp_hash"], "target_label": "sharded_by"},
        ],
        **access,
    }
