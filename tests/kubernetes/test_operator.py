"""Prometheus Operator configures a real Prometheus for each shard from a release, with a real Kea behind it."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest
import yaml

from lab.packages.cluster import eventually
from lab.packages.compiled import program
from lab.packages.helm import helm_said, objects, template
from lab.packages.kubernetes_api import ApiError
from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.processes import accepts, free_port
from lab.servers.prometheus import ConfiguredPrometheus
from tests.install.pod import Pod
from tests.kubernetes.conftest import ADDRESSES, NAMESPACE, end_pods, nodes_of
from tools.chart import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.packages.cluster import Cluster
    from lab.servers.kea import Lab
    from lab.servers.processes import Running

pytestmark = [pytest.mark.kubernetes, pytest.mark.lab]

Tree = dict[str, Any]
MONITORING = "monitoring"
WEBHOOK = "127.0.0.1"
HOST = f"lab-kea-exporter.{NAMESPACE}.svc"
# Pairs of partners in high availability.
SERVERS = [f"dhcp-{number}{which}" for number in range(6) for which in "ab"]
# As docs/scaling.md says: partners are of one share.
TOGETHER = {"sourceLabels": ["__param_target"], "regex": "(.+)[ab]", "targetLabel": "__tmp_hash"}
SHARDS = 2
PASSWORD = "canary-4711"
# Where Prometheus has what the operator makes for it.
HOME = "/etc/prometheus/"


@pytest.fixture(scope="module", autouse=True)
def operator(cluster: Cluster) -> None:
    cluster.start("operator", KUBECONFIG=str(cluster.kubeconfig))
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "prometheus"}}
    cluster.api.create(account, MONITORING)


@pytest.fixture
def webhook(cluster: Cluster) -> Iterator[None]:
    """The operator's webhook, which looks at rules before the API server takes them."""
    pair = cluster.issue("webhook", WEBHOOK)
    running = cluster.start(
        "admission-webhook",
        f"--web.listen-address={WEBHOOK}:8443",
        "--web.enable-tls=true",
        f"--web.cert-file={pair.certificate}",
        f"--web.key-file={pair.key}",
    )
    eventually(lambda: accepts(WEBHOOK, 8443), running)
    client = {
        "url": f"https://{WEBHOOK}:8443/admission-prometheusrules/validate",
        "caBundle": base64.b64encode(cluster.authority.read_bytes()).decode(),
    }
    asked = {"apiGroups": ["monitoring.coreos.com"], "apiVersions": ["*"], "resources": ["prometheusrules"]}
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "rules"},
        "webhooks": [
            {
                "name": "rules.monitoring.coreos.com",
                "clientConfig": client,
                "rules": [{**asked, "operations": ["CREATE", "UPDATE"]}],
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
            }
        ],
    }
    cluster.api.create(configuration)
    yield
    cluster.api.delete(configuration)
    running.stop()


KINDS = pytest.mark.parametrize("kind", ["Probe", "ScrapeConfig"])
# How the shards find pods: by the one, or by the other of what the service's controllers make.
ROLES = {"Probe": "Endpoints", "ScrapeConfig": "EndpointSlice"}


@KINDS
def test_shards_scrape_each_server_once_with_tls_and_password(
    cluster: Cluster, lab: Lab, tmp_path: Path, kind: str
) -> None:
    with _scraped(cluster, lab, tmp_path, {"kind": kind}, SERVERS) as (shards, _):
        shares = [_probed(prometheus) for prometheus in shards]
        assert all(shares)
        assert sorted(name for probed in shares for name in probed) == sorted(SERVERS)
        for share in shares:
            assert share == {name: f"https://{HOST}:9547/probe?target={name}" for name in share}
        for shard, share in zip(shards, shares, strict=True):
            eventually(partial(_says_of, shard, len(share)))
            eventually(partial(shard.has_evaluated_since, dt.datetime.now(dt.UTC)))
            up = [found["metric"] for found in shard.query("kea_up")]
            assert {found["server"] for found in up} == {found["instance"] for found in up} == set(share)
            assert {found["job"] for found in up} == {"kea"}
            assert {found["health"] for found in shard.rules()} == {"ok"}
        pods = [target["scrapeUrl"] for prometheus in shards for target in prometheus.targets() if _is_of_a_pod(target)]
        assert sorted(pods) == [f"https://{address}:9547/metrics?collect%5B%5D=exporter" for address in ADDRESSES]


@KINDS
def test_partners_are_of_one_share_where_the_values_say_so(
    cluster: Cluster, lab: Lab, tmp_path: Path, kind: str
) -> None:
    with _scraped(cluster, lab, tmp_path, {"kind": kind, "relabelings": [TOGETHER]}, SERVERS) as (shards, _):
        shares = [set(_probed(shard)) for shard in shards]
        assert all(shares)
        assert sorted(name for share in shares for name in share) == sorted(SERVERS)
        assert [share for share in shares if {f"{name[:-1]}a" for name in share} - share] == []


def test_a_shard_without_servers_is_not_an_absent_exporter(cluster: Cluster, lab: Lab, tmp_path: Path) -> None:
    with _scraped(cluster, lab, tmp_path, {"kind": "Probe"}, SERVERS[:1]) as (shards, _):
        [empty] = [shard for shard in shards if not _probed(shard)]
        now = dt.datetime.now(dt.UTC)
        eventually(lambda: empty.has_evaluated_since(now))
        assert [alert["labels"]["alertname"] for alert in empty.alerts("pending", "firing")] == []


def test_when_all_pods_are_gone_it_is_told_of_each_server_once(cluster: Cluster, lab: Lab, tmp_path: Path) -> None:
    with _scraped(cluster, lab, tmp_path, {"kind": "Probe"}, SERVERS) as (shards, pods):
        eventually(lambda: all(shard.query("kea_up") for shard in shards))
        for pod in pods:
            pod.stop()
        eventually(lambda: _said_to_be_gone(shards) == sorted(SERVERS))


@pytest.mark.usefixtures("webhook")
def test_the_webhook_of_the_operator_takes_the_rules_and_no_nonsense(cluster: Cluster) -> None:
    rules = [
        manifest
        for manifest in objects(template(CHART / "ci/rules-values.yaml"))
        if manifest["kind"] == "PrometheusRule"
    ]
    cluster.api.create(rules[0], NAMESPACE, dryRun="All")
    rules[0]["spec"]["groups"][0]["rules"][0]["expr"] = "kea_up =="
    with pytest.raises(ApiError, match="denied the request: Rules are not valid"):
        cluster.api.create(rules[0], NAMESPACE, dryRun="All")


@contextmanager
def _scraped(
    cluster: Cluster, lab: Lab, folder: Path, targets: Tree, servers: list[str]
) -> Iterator[tuple[list[ConfiguredPrometheus], list[Running]]]:
    """A release that watches some servers: its shards once they have scraped all that they should, and its pods."""
    port = free_port()
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    config = {"servers": [{"name": name, "dhcp4": {"url": f"http://127.0.0.1:{port}/{name}"}} for name in servers]}
    values = _values(config, targets)
    with _release(cluster, lab, folder, values) as pods, _shards(cluster, lab, ROLES[targets["kind"]]) as shards:
        wanted = len(servers) + len(ADDRESSES)
        eventually(lambda: _up(shards) == wanted)
        yield shards, pods


def _values(config: Tree, targets: Tree) -> Tree:
    often = {"interval": "2s", "scrapeTimeout": "2s"}
    return {
        "config": config,
        "web": {
            "existingSecret": "kea-exporter-web",
            "tls": True,
            "basicAuth": {"secret": "kea-exporter-reader"},
            "tlsConfig": {"ca": {"secret": {"name": "kea-exporter-web", "key": "ca.crt"}}},
        },
        "replicas": len(ADDRESSES),
        "targets": {**targets, **often},
        "serviceMonitor": {"enabled": True, **often},
        "prometheusRule": {"enabled": True, "sharded": True},
    }


@contextmanager
def _release(cluster: Cluster, lab: Lab, folder: Path, values: Tree) -> Iterator[list[Running]]:
    """A release whose pods run, as far as they are processes; the endpoints of its service are found by controllers."""
    existing = [_secret("kea-exporter-web", _web(lab))]
    existing += [_secret("kea-exporter-reader", {"username": "prometheus", "password": PASSWORD})]
    for secret in existing:
        cluster.api.create(secret, NAMESPACE)
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    access = ("--namespace", NAMESPACE, "--kubeconfig", str(cluster.kubeconfig))
    helm_said("install", "lab", str(CHART), "--values", str(folder / "values.yaml"), *access)
    try:
        with _pods(cluster, folder) as pods:
            yield pods
    finally:
        helm_said("uninstall", "lab", *access)
        for secret in existing:
            cluster.api.delete(secret, NAMESPACE)
        end_pods(cluster)


@contextmanager
def _pods(cluster: Cluster, folder: Path) -> Iterator[list[Running]]:
    """Do what a kubelet would."""
    deployments = cluster.api.list("apps/v1", "Deployment", NAMESPACE)
    eventually(lambda: len(nodes_of(cluster)) == len(ADDRESSES))
    secrets = cluster.api.list("v1", "Secret", NAMESPACE)
    pods: list[Running] = []
    with ExitStack() as stack:
        for address, pod in zip(ADDRESSES, cluster.api.list("v1", "Pod", NAMESPACE), strict=True):
            pods.append(Pod([*deployments, *secrets], {}, _made(folder / address), address).start())
            stack.callback(pods[-1].stop)
            ready = {"type": "Ready", "status": "True"}
            ips = {"podIP": address, "podIPs": [{"ip": address}]}
            cluster.api.change(pod, {"status": {"phase": "Running", "conditions": [ready], **ips}}, "status")
        eventually(lambda: _endpoints(cluster) == set(ADDRESSES))
        yield pods


def _endpoints(cluster: Cluster) -> set[str]:
    slices = cluster.api.list("discovery.k8s.io/v1", "EndpointSlice", NAMESPACE)
    return {
        address
        for endpoint_slice in slices
        for endpoint in endpoint_slice["endpoints"] or ()
        for address in endpoint["addresses"]
    }


@contextmanager
def _shards(cluster: Cluster, lab: Lab, role: str) -> Iterator[list[ConfiguredPrometheus]]:
    """Prometheus as the operator's StatefulSets would run them, each with its number."""
    prometheus = _prometheus(cluster, lab, role)
    cluster.api.create(prometheus, MONITORING)
    try:
        sets = _stateful_sets(cluster)
        with ExitStack() as stack:
            stack.enter_context(_hosts(lab))
            yield [
                stack.enter_context(ConfiguredPrometheus(lab, _configured(cluster, lab, stateful_set)))
                for stateful_set in sets
            ]
    finally:
        cluster.api.delete(prometheus, MONITORING)
        eventually(lambda: not cluster.api.list("apps/v1", "StatefulSet", MONITORING))


def _prometheus(cluster: Cluster, lab: Lab, role: str) -> Tree:
    kinds = ("probe", "scrapeConfig", "serviceMonitor", "rule")
    selectors: Tree = {f"{kind}{which}": {} for kind in kinds for which in ("Selector", "NamespaceSelector")}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "kea"},
        "spec": {
            **selectors,
            "version": _version(lab),
            "shards": SHARDS,
            "evaluationInterval": "1s",
            "serviceAccountName": "prometheus",
            "serviceDiscoveryRole": role,
            "apiserverConfig": {
                "host": cluster.url,
                "bearerToken": cluster.token,
                "tlsConfig": {"caFile": lab.inside(cluster.authority)},
            },
        },
    }


def _version(lab: Lab) -> str:
    said = lab.chroot.run("prometheus", "--version").stdout
    return f"v{said.split('version ')[1].split('+')[0].split(' ')[0]}"


def _stateful_sets(cluster: Cluster) -> list[Tree]:
    eventually(lambda: len(cluster.api.list("apps/v1", "StatefulSet", MONITORING)) == SHARDS)
    return cluster.api.list("apps/v1", "StatefulSet", MONITORING)


def _configured(cluster: Cluster, lab: Lab, stateful_set: Tree) -> Path:
    """Return the configuration that a shard's init container would leave, with all files that it names."""
    folder = _made(lab.folder / stateful_set["metadata"]["name"])
    [init] = stateful_set["spec"]["template"]["spec"]["initContainers"]
    number = next(variable["value"] for variable in init["env"] if variable["name"] == "SHARD")
    eventually(lambda: "lab-kea-exporter" in _generated(cluster))
    (folder / "generated.yml").write_text(_generated(cluster))
    config = folder / "prometheus.yml"
    files = (f"--config-file={folder}/generated.yml", f"--config-envsubst-file={config}")
    command = [str(program("config-reloader")), "--watch-interval=0", *files]
    subprocess.run(command, env={"SHARD": number, "POD_NAME": folder.name}, check=True, capture_output=True)
    for source, inside in (("prometheus-kea-tls-assets-0", "certs"), ("prometheus-kea-rulefiles-0", "rules")):
        _lay(cluster, source, folder / inside)
    config.write_text(config.read_text().replace(HOME, f"{lab.inside(folder)}/"))
    checked = lab.chroot.run("promtool", "check", "config", lab.inside(config))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return config


def _generated(cluster: Cluster) -> str:
    try:
        secret = cluster.api.get("v1", "Secret", MONITORING, "prometheus-kea")
    except ApiError:
        return ""
    return gzip.decompress(base64.b64decode(secret["data"]["prometheus.yaml.gz"])).decode()


def _lay(cluster: Cluster, source: str, folder: Path) -> None:
    folder.mkdir()
    if source.endswith("rulefiles-0"):
        folder = _made(folder / source)
        texts = cluster.api.get("v1", "ConfigMap", MONITORING, source)["data"]
    else:
        data = cluster.api.get("v1", "Secret", MONITORING, source).get("data", {})
        texts = {name: base64.b64decode(value).decode() for name, value in data.items()}
    for name, text in texts.items():
        (folder / name).write_text(text)


@contextmanager
def _hosts(lab: Lab) -> Iterator[None]:
    """Let the name of the service lead to the pods, in this namespace of mounts only."""
    names = lab.write("hosts", "".join(f"{address} {HOST}\n" for address in (*ADDRESSES,)))
    target = str(lab.chroot.path("/etc/hosts"))
    subprocess.run([shutil.which("mount") or "mount", "--bind", str(names), target], check=True)
    try:
        yield
    finally:
        subprocess.run([shutil.which("umount") or "umount", target], check=True)


def _probed(prometheus: ConfiguredPrometheus) -> dict[str, str]:
    targets = [target for target in prometheus.targets() if not _is_of_a_pod(target)]
    return {target["labels"]["instance"]: target["scrapeUrl"] for target in targets}


def _is_of_a_pod(target: Tree) -> bool:
    return bool(target["scrapePool"].startswith("serviceMonitor/"))


def _said_to_be_gone(shards: list[ConfiguredPrometheus]) -> list[str]:
    alerts = [alert["labels"] for shard in shards for alert in shard.alerts("pending", "firing")]
    return sorted(labels["instance"] for labels in alerts if labels["alertname"] == "KeaExporterAbsent")


def _up(shards: list[ConfiguredPrometheus]) -> int:
    """Return how many targets were scraped, by any shard."""
    return sum(target["health"] == "up" for shard in shards for target in shard.targets())


def _says_of(prometheus: ConfiguredPrometheus, servers: int) -> bool:
    return len(prometheus.query("kea_up == 1")) == servers


def _web(lab: Lab) -> dict[str, str]:
    pair = lab.authority.issue("web", [], dns_names=[HOST])
    config = {
        "tls_server_config": {"cert_file": "tls.crt", "key_file": "tls.key"},
        "basic_auth_users": {"prometheus": bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()},
    }
    texts = {"ca.crt": lab.authority.certificate, "tls.crt": pair.certificate, "tls.key": pair.key}
    return {"web.yml": yaml.safe_dump(config), **{name: path.read_text() for name, path in texts.items()}}


def _secret(name: str, texts: dict[str, str]) -> Tree:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": texts}


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
