"""compose.yaml: sandboxed, pinned, made of files that exist; and its parts really work together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kea_exporter import __version__
from kea_exporter.alerts.rules import rules
from lab.servers.alertmanager import Alertmanager
from lab.servers.kea import Lab
from lab.servers.processes import free_port
from lab.servers.prometheus import Prometheus
from tests.support.exporter import exporter, run, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot
    from tests.support.exporter import Exporter

Tree = dict[str, Any]

ROOT = Path(__file__).parent.parent.parent
COMPOSE: Tree = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: Tree = COMPOSE["services"]
PARTS = ROOT / "deploy/compose"
DAEMONS = {"dhcp4": "Dhcp4", "dhcp6": "Dhcp6"}
# What this Kea does not satisfy: within the network of the containers there is no TLS.
# Without an interface it serves nobody, as docs/installing/compose.md says.
UNMET = {"control-socket-uses-tls", "interfaces-are-configured", "service-running"}

every_service = pytest.mark.parametrize("name", SERVICES)


def kea_configuration(daemon: str) -> Tree:
    text = (PARTS / f"kea/kea-{daemon}.conf").read_text()
    tree: Tree = json.loads(re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
    return tree


def mounts(service: Tree) -> list[list[str]]:
    return [volume.split(":") for volume in service.get("volumes", []) if volume.startswith("./")]


@every_service
def test_each_container_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"cap_add", "privileged", "network_mode", "pid", "user"} & set(service)
    assert all(volume.endswith(":ro") for volume in service["volumes"] if volume.startswith("./"))


@every_service
def test_each_port_is_this_machines_alone(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@every_service
def test_each_image_has_one_version(name: str) -> None:
    assert re.fullmatch(r"[a-z.]+/[a-z/0-9-]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@every_service
def test_each_service_is_looked_after(name: str) -> None:
    # The exporter's image has its own.
    assert name == "exporter" or SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


@every_service
def test_each_file_that_is_mounted_exists_and_can_be_read_by_any_user(name: str) -> None:
    secrets = [COMPOSE["secrets"][secret]["file"] for secret in SERVICES[name].get("secrets", [])]
    for source in (*(source for source, *_ in mounts(SERVICES[name])), *secrets):
        files = [path for path in (ROOT / source, *(ROOT / source).rglob("*")) if path.is_file()]
        assert files, source
        assert all(path.stat().st_mode & 0o004 for path in files), source


@every_service
def test_what_each_service_refers_to_is_declared(name: str) -> None:
    service = SERVICES[name]
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", [])) <= set(SERVICES)
    named = {volume.split(":")[0] for volume in service["volumes"] if not volume.startswith("./")}
    assert named <= set(COMPOSE["volumes"])


def test_the_exporters_version_is_this_one() -> None:
    exporter = SERVICES["exporter"]
    assert exporter["image"].endswith(f":{__version__}")
    assert exporter["build"]["args"]["VERSION"] == __version__


def test_only_kea_waits_to_be_asked_for() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"kea-dhcp4", "kea-dhcp6"}
    assert COMPOSE["networks"]["kea"]["internal"]


def test_the_parts_call_each_other_by_names_that_exist() -> None:
    texts = [(PARTS / name).read_text() for name in ("exporter/config.yml", "prometheus.yml", "grafana-datasource.yml")]
    called = set(re.findall(r"(?:http://|\[\"|\")([a-z0-9-]+):(\d+)", "".join(texts)))
    assert called == {
        ("kea-dhcp4", "8004"),
        ("kea-dhcp6", "8006"),
        ("alertmanager", "9093"),
        ("exporter", "9547"),
        ("prometheus", "9090"),
    }
    assert {name for name, _ in called} <= set(SERVICES)
    for daemon, root in DAEMONS.items():
        [sock] = kea_configuration(daemon)[root]["control-sockets"]
        assert (f"kea-{daemon}", str(sock["socket-port"])) in called


def test_grafana_finds_dashboards_and_password_where_they_are_mounted() -> None:
    service = SERVICES["grafana"]
    mounted = {target: ROOT / source for source, target, _ in mounts(service)}
    [provider] = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/kea.yml").read_text())["providers"]
    dashboards = mounted[provider["options"]["path"]]
    home = Path(service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert (dashboards / home.name).is_file()
    secret = Path(service["environment"]["GF_SECURITY_ADMIN_PASSWORD__FILE"])
    assert secret == Path("/run/secrets", *service["secrets"])


def on_this_machine(text: str, places: dict[str, str]) -> str:
    """Return a file's text with other places than those within the containers."""
    for inside, outside in places.items():
        assert inside in text, inside
        text = text.replace(inside, outside)
    return text


def exporter_configuration(folder: Path, ports: dict[str, int]) -> Path:
    path = folder / "config.yml"
    places = {f"kea-{daemon}:800{daemon[-1]}": f"127.0.0.1:{port}" for daemon, port in ports.items()}
    places["/run/secrets"] = str(PARTS / "secrets")
    path.write_text(on_this_machine((PARTS / "exporter/config.yml").read_text(), places))
    return path


def test_the_exporters_configuration_is_fine(tmp_path: Path) -> None:
    path = exporter_configuration(tmp_path, {daemon: port for port, daemon in enumerate(DAEMONS, start=1)})
    done = run("config", "check", "--config.file", str(path))
    assert (done.returncode, done.stdout) == (0, f"{path} is valid: 1 server, 2 daemons\n")


@pytest.mark.lab
def test_promtool_and_amtool_take_the_configurations(lab: Lab) -> None:
    rule_file = lab.write("kea-exporter.yml", (ROOT / "prometheus/rules/kea-exporter.yml").read_text())
    places = {"/etc/prometheus/rules/*.yml": lab.inside(rule_file)}
    path = lab.write("prometheus.yml", on_this_machine((PARTS / "prometheus.yml").read_text(), places))
    done = lab.chroot.run("/usr/bin/promtool", "check", "config", lab.inside(path))
    assert done.returncode == 0, done.stdout + done.stderr
    source = next(source for source, *_ in mounts(SERVICES["alertmanager"]))
    path = lab.write("alertmanager.yml", (ROOT / source).read_text())
    done = lab.chroot.run("/usr/bin/amtool", "check-config", lab.inside(path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.lab
@pytest.mark.parametrize(("daemon", "root"), DAEMONS.items())
def test_real_kea_takes_its_configuration(lab: Lab, daemon: str, root: str) -> None:
    add_secrets(lab)
    text = (PARTS / f"kea/kea-{daemon}.conf").read_text()
    path = lab.write("kea.conf", on_this_machine(text, {"/run/secrets": lab.inside(lab.folder)}))
    done = lab.chroot.run(f"/usr/sbin/kea-{daemon}", "-t", lab.inside(path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert root in text


def add_secrets(lab: Lab) -> None:
    for name in SERVICES["kea-dhcp4"]["secrets"]:
        lab.write(name, (ROOT / COMPOSE["secrets"][name]["file"]).read_text())


@pytest.fixture(scope="module")
def kea(chroot: Chroot) -> Iterator[tuple[Lab, dict[str, int]]]:
    """Give the lab in which both daemons run with their configurations, and their ports."""
    with Lab(chroot) as lab:
        add_secrets(lab)
        ports = {daemon: free_port() for daemon in DAEMONS}
        for daemon, root in DAEMONS.items():
            tree = kea_configuration(daemon)[root]
            [sock] = tree["control-sockets"]
            sock |= {"socket-address": "127.0.0.1", "socket-port": ports[daemon]}
            sock["authentication"]["directory"] = lab.inside(lab.folder)
            lab.start(root, tree)
        yield lab, ports


@pytest.fixture
def judging(kea: tuple[Lab, dict[str, int]], tmp_path: Path) -> Iterator[Exporter]:
    with exporter(exporter_configuration(tmp_path, kea[1])) as process:
        yield process


@pytest.mark.lab
def test_the_exporter_judges_real_kea_with_these_configurations(judging: Exporter) -> None:
    samples = judging.samples()
    assert values(samples, "kea_up", "daemon") == dict.fromkeys(DAEMONS, 1)
    assert values(samples, "kea_subnets", "daemon") == dict.fromkeys(DAEMONS, 1)
    for daemon in DAEMONS:
        met = values(samples, "kea_requirement_met", "requirement", daemon=daemon)
        assert {name for name, value in met.items() if value == 0} == UNMET


@pytest.fixture
def alertmanager(kea: tuple[Lab, dict[str, int]]) -> Iterator[Alertmanager]:
    source = next(source for source, *_ in mounts(SERVICES["alertmanager"]))
    with Alertmanager(kea[0], (ROOT / source).read_text()) as running:
        yield running


@pytest.mark.lab
def test_what_is_unmet_arrives_at_alertmanager(
    kea: tuple[Lab, dict[str, int]], judging: Exporter, alertmanager: Alertmanager
) -> None:
    lab, _ = kea
    tree = yaml.safe_load((PARTS / "prometheus.yml").read_text())
    [scrape] = tree["scrape_configs"]
    assert scrape["static_configs"] == [{"targets": ["exporter:9547"]}]
    scrape |= {
        "scrape_interval": "1s",
        "static_configs": [{"targets": [judging.url.removeprefix("http://")]}],
    }
    assert tree["alerting"] == {"alertmanagers": [{"static_configs": [{"targets": ["alertmanager:9093"]}]}]}
    # The rules that are mounted, but for their patience.
    with Prometheus(lab, [scrape], {"kea-exporter.yml": rules(hold="0s")}, alertmanager.address) as prometheus:
        prometheus.wait_until(lambda: len(prometheus.query("kea_up == 1")) == len(DAEMONS))
        prometheus.wait_until(
            lambda: (
                {alert["labels"].get("requirement") for alert in alertmanager.alerts()} >= {"control-socket-uses-tls"}
            )
        )
        assert healthcheck(lab, "prometheus", "9090", prometheus.port) == 0
    assert healthcheck(lab, "prometheus", "9090", free_port()) != 0


@pytest.mark.lab
def test_alertmanager_is_healthy_only_while_it_runs(lab: Lab, alertmanager: Alertmanager) -> None:
    assert healthcheck(lab, "alertmanager", "9093", int(alertmanager.address.rpartition(":")[2])) == 0
    assert healthcheck(lab, "alertmanager", "9093", free_port()) != 0


def healthcheck(lab: Lab, name: str, usual_port: str, port: int) -> int:
    """Return how the healthcheck of a service ends, with Debian's programs, which are older than the images'."""
    _, *command = SERVICES[name]["healthcheck"]["test"]
    return lab.chroot.run(*(argument.replace(usual_port, str(port)) for argument in command)).returncode
