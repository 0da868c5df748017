"""compose.yaml, brought up by Docker Compose on Docker's engine, with real Kea, Prometheus and Alertmanager.

The exporter's image is built from the Dockerfile. The others are stand-ins with Debian's programs; Grafana has none.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kea_exporter import __version__
from lab.packages.buildah import SOURCE, built
from lab.packages.engine import Composed, composed
from lab.servers.chroot import LabBuildError, LabUnavailableError
from tests.support.exporter import parsed, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.exporter import Samples

pytestmark = [pytest.mark.install, pytest.mark.lab]

# Without Grafana.
SERVICES = ("exporter", "prometheus", "alertmanager", "kea-dhcp4", "kea-dhcp6")
USERS = dict.fromkeys(("prometheus", "alertmanager"), 65534) | {"exporter": 65532, "kea-dhcp4": 0, "kea-dhcp6": 0}
# Healthchecks come every 30 s, and Prometheus scrapes as often.
SECONDS = 100
# After ten, the engine would kill.
SOON = 5

each_service = pytest.mark.parametrize("service", SERVICES)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Return the project, up since a moment."""
    try:
        with (
            built({"VERSION": __version__}) as image,
            composed(SOURCE, image, tmp_path_factory.mktemp("machine") / "console") as project,
        ):
            project("up", "--detach", "--no-build", "--pull", "never", *SERVICES)
            yield project
    except LabUnavailableError as error:
        pytest.skip(str(error))


def come_to_hold(holds: Callable[[], bool]) -> bool:
    give_up = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.5)
    return True


def samples(stack: Composed) -> Samples:
    return parsed(stack.get("http://127.0.0.1:9547/metrics"))


def query(stack: Composed, expression: str) -> list[dict[str, Any]]:
    answer = stack.get(f"http://127.0.0.1:9090/api/v1/query?query={expression}")
    found: list[dict[str, Any]] = json.loads(answer)["data"]["result"] if answer else []
    return found


def status_of_process_1(stack: Composed, service: str) -> dict[str, str]:
    pid = stack.inspect(service)["State"]["Pid"]
    lines = stack.machine.run("cat", f"/proc/{pid}/status").stdout.splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_all_containers_become_healthy(stack: Composed) -> None:
    assert come_to_hold(lambda: set(stack.states().values()) == {"healthy"}), stack.states()
    assert set(stack.states()) == set(SERVICES)


def test_the_exporter_judges_real_kea_and_prometheus_scrapes_it(stack: Composed) -> None:
    found = samples(stack)
    assert values(found, "kea_up", "daemon") == {"dhcp4": 1, "dhcp6": 1}
    for daemon in ("dhcp4", "dhcp6"):
        met = values(found, "kea_requirement_met", "requirement", daemon=daemon)
        assert {name for name, value in met.items() if value == 0} == {"control-socket-uses-tls"}
    assert come_to_hold(lambda: len(query(stack, "kea_up==1")) == 2)
    assert {sample["metric"]["instance"] for sample in query(stack, "kea_up")} == {"exporter:9547"}


def test_prometheus_has_the_rules_and_found_alertmanager(stack: Composed) -> None:
    rules = json.loads(stack.get("http://127.0.0.1:9090/api/v1/rules"))["data"]["groups"]
    assert sum(len(group["rules"]) for group in rules) > 30
    [manager] = json.loads(stack.get("http://127.0.0.1:9090/api/v1/alertmanagers"))["data"]["activeAlertmanagers"]
    assert manager["url"] == "http://alertmanager:9093/api/v2/alerts"
    assert json.loads(stack.get("http://127.0.0.1:9093/api/v2/status"))["config"]["original"]


@each_service
def test_no_container_can_do_more_than_it_needs(stack: Composed, service: str) -> None:
    status = status_of_process_1(stack, service)
    assert {int(uid) for uid in status["Uid"].split()} == {USERS[service]}
    assert {int(status[f"Cap{which}"], 16) for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {0}
    assert status["NoNewPrivs"] == "1"
    for folder in ("/etc", "/root", "/usr/bin", "/tmp"):  # noqa: S108 - in the container
        with pytest.raises(LabBuildError, match="Read-only file system"):
            stack("exec", "--user", "0", service, "touch", f"{folder}/it")


def test_only_whom_it_concerns_sees_a_secret(stack: Composed) -> None:
    kea = ["kea-password", "kea-user"]
    expected = {"exporter": ["kea-password"], "kea-dhcp4": kea, "kea-dhcp6": kea, "prometheus": [], "alertmanager": []}
    listed = {
        service: stack("exec", service, "sh", "-c", "ls /run/secrets 2>/dev/null || true").split()
        for service in SERVICES
    }
    assert listed == expected


def test_kea_can_be_reached_by_the_exporter_alone(stack: Composed) -> None:
    reach = "exec 3<>/dev/tcp/kea-dhcp4/8004 && echo reached"
    assert stack("exec", "exporter", "bash", "-c", reach) == "reached\n"
    with pytest.raises(LabBuildError, match="kea-dhcp4"):
        stack("exec", "prometheus", "bash", "-c", reach)
    # Nor does Kea reach anybody else: its network leads nowhere.
    routes = stack("exec", "kea-dhcp4", "cat", "/proc/net/route").splitlines()[1:]
    assert routes
    assert "00000000" not in [route.split()[1] for route in routes]


def reload(stack: Composed, service: str) -> None:
    stack("exec", service, "sh", "-c", "kill -HUP 1")


def test_a_changed_configuration_is_taken_over_as_the_documentation_says(stack: Composed) -> None:
    file = stack.path("deploy/compose/exporter/config.yml")
    before = file.read_text()
    tree = yaml.safe_load(before)
    tree["servers"] = [{"name": "other", "dhcp4": tree["servers"][0]["dhcp4"]}]
    try:
        file.write_text(yaml.safe_dump(tree))
        reload(stack, "exporter")
        assert come_to_hold(lambda: values(samples(stack), "kea_up", "server") == {"other": 1})
    finally:
        file.write_text(before)
        reload(stack, "exporter")
    assert come_to_hold(lambda: values(samples(stack), "kea_up", "daemon") == {"dhcp4": 1, "dhcp6": 1})


def test_whoever_crashes_is_started_again_even_after_a_reload(stack: Composed) -> None:
    """After `docker kill --signal HUP` Docker would not: it takes any signal for a wish to stop."""
    reload(stack, "exporter")
    pid = stack.inspect("exporter")["State"]["Pid"]
    assert stack.machine.run("sh", "-c", f"kill -KILL {pid}").returncode == 0
    assert come_to_hold(lambda: stack.inspect("exporter")["RestartCount"] == 1)
    assert come_to_hold(lambda: stack.get("http://127.0.0.1:9547/-/healthy") != "")


def test_what_is_kept_outlives_the_container(stack: Composed) -> None:
    before = query(stack, "kea_up")
    assert before
    stack("up", "--detach", "--no-build", "--pull", "never", "--force-recreate", "--no-deps", "prometheus")
    at = before[0]["value"][0]
    assert come_to_hold(lambda: query(stack, f"kea_up&time={at}") == before)


# The last one: nobody runs afterwards.


@each_service
def test_each_container_ends_by_itself_when_it_is_asked_to(stack: Composed, service: str) -> None:
    started = time.monotonic()
    stack("stop", service)
    assert time.monotonic() - started < SOON
    assert stack.inspect(service)["State"]["ExitCode"] == 0
