"""The demo's fleet of real Kea servers, judged by the exporter as its users run it."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.fleet import Fleet, start_fleet
from lab.servers.kea import Lab
from lab.servers.processes import free_port
from lab.servers.prometheus import Prometheus
from tests.support.exporter import Exporter, exporter, run, values, written
from tests.support.peers import blackhole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lab.servers.chroot import Chroot

pytestmark = pytest.mark.lab

UNMET = {
    "sound-v4": set[str](),
    "sound-v6": set[str](),
    "wrong-password": {"authentication-accepted"},
    "hooks-missing": {
        "hook-subnet-cmds-loaded",
        "hook-host-cmds-loaded",
        "hook-lease-cmds-loaded",
        "hook-stat-cmds-loaded",
    },
    "nothing-there": {"control-socket-reachable"},
}


@pytest.fixture(scope="module")
def fleet(chroot: Chroot) -> Iterator[Fleet]:
    with Lab(chroot) as lab:
        yield start_fleet(lab)


@pytest.fixture(scope="module")
def running(fleet: Fleet) -> Iterator[Exporter]:
    with exporter(fleet.config_file) as process:
        yield process


def test_each_server_is_judged_right(running: Exporter) -> None:
    samples = running.samples()
    for server, expected in UNMET.items():
        met = values(samples, "kea_requirement_met", "requirement", server=server)
        assert {name for name, value in met.items() if value == 0} == expected, server


def test_reachability_and_authentication_are_what_the_configuration_says(running: Exporter) -> None:
    samples = running.samples()
    up = {"sound-v4": 1, "sound-v6": 1, "wrong-password": 0, "hooks-missing": 1, "nothing-there": 0}
    assert values(samples, "kea_up", "server") == up
    assert values(samples, "kea_reachable", "server") == {name: name != "nothing-there" for name in UNMET}
    accepted = {name: name != "wrong-password" for name in UNMET if name != "nothing-there"}
    assert values(samples, "kea_auth_success", "server") == accepted
    assert values(samples, "kea_auth_required", "server") == dict.fromkeys(accepted, 1)
    assert values(samples, "kea_version_supported", "server") == {
        "sound-v4": 1,
        "sound-v6": 1,
        "hooks-missing": 1,
    }


def test_failures_carry_their_stage_and_reason(running: Exporter) -> None:
    samples = running.samples()
    assert values(samples, "kea_probe_failure", "server") == {"wrong-password": 1, "nothing-there": 1}
    assert values(samples, "kea_probe_failure", "stage", server="nothing-there") == {"connect": 1}
    assert values(samples, "kea_probe_failure", "reason", server="nothing-there") == {"refused": 1}
    assert values(samples, "kea_probe_failure", "reason", server="wrong-password") == {"unauthorized": 1}


def test_hooks_are_loaded_where_they_are_configured(running: Exporter) -> None:
    samples = running.samples()
    required = ("subnet_cmds", "host_cmds", "lease_cmds")
    for server, expected in (("sound-v4", 1), ("sound-v6", 1), ("hooks-missing", 0)):
        for family in ("kea_hook_loaded", "kea_hook_configured"):
            hooks = values(samples, family, "hook", server=server)
            assert {hook: hooks[hook] for hook in required} == dict.fromkeys(required, expected)


def test_subnets_and_leases_are_counted(running: Exporter) -> None:
    samples = running.samples()
    assert values(samples, "kea_subnets", "server") == {"sound-v4": 2, "sound-v6": 1, "hooks-missing": 1}
    assert values(samples, "kea_leases", "state", server="sound-v4", kind="address") == {"assigned": 30, "declined": 0}
    assert values(samples, "kea_leases", "kind", server="sound-v6", state="assigned") == {"address": 12, "prefix": 0}
    # Without the stat_cmds hook the same numbers come from the statistics.
    assert values(samples, "kea_leases", "state", server="hooks-missing") == {"assigned": 0, "declined": 0}
    supported = values(samples, "kea_command_supported", "command", server="hooks-missing")
    assert supported["stat-lease4-get"] == 0
    assert values(samples, "kea_command_success", "command", server="hooks-missing")["statistic-get-all"] == 1


def test_a_scrape_sends_few_commands_once_the_configuration_is_known(fleet: Fleet, running: Exporter) -> None:
    kea = fleet.daemons["sound-v4"]
    # Right after its start, a reload could not be told from it.
    for _ in range(20):
        before = len(kea.log())
        running.scrape()
        asked = re.findall(r"COMMAND_RECEIVED Received command '([a-z0-9-]+)'", kea.log()[before:])
        if "config-get" not in asked:
            break
        time.sleep(0.5)
    listed = ["subnet4-list", "reservation-get-page"]
    assert asked == ["status-get", "statistic-get-all", *listed, "lease4-get"]


def test_check_says_the_same_and_how_to_mend_it(fleet: Fleet) -> None:
    done = run("check", "--config.file", str(fleet.config_file), "--output", "json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    unmet = {
        daemon["server"]: {
            requirement["id"] for requirement in daemon["requirements"] if requirement["status"] == "unmet"
        }
        for daemon in document["daemons"]
    }
    assert unmet == UNMET
    assert all(
        requirement["evidence"] and (requirement["remedy"] or requirement["status"] != "unmet")
        for daemon in document["daemons"]
        for requirement in daemon["requirements"]
    )


@pytest.mark.parametrize(("server", "status"), [("sound-v4", 0), ("hooks-missing", 1), ("wrong-password", 1)])
def test_check_ends_with_the_status_of_the_servers_asked_for(fleet: Fleet, server: str, status: int) -> None:
    assert run("check", "--config.file", str(fleet.config_file), "--server", server).returncode == status


def test_check_of_one_url_needs_no_configuration_file(fleet: Fleet) -> None:
    config = yaml.safe_load(fleet.config_file.read_text())
    auth, tls = config["defaults"]["basic_auth"], config["defaults"]["tls_config"]
    options = {
        "--url": config["servers"][0]["dhcp4"]["url"],
        "--user": auth["username"],
        "--password-file": auth["password_file"],
        "--ca-file": tls["ca_file"],
        "--cert-file": tls["cert_file"],
        "--key-file": tls["key_file"],
    }
    done = run("check", *(part for option in options.items() for part in option))
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_has_nothing_to_say(chroot: Chroot, running: Exporter) -> None:
    done = chroot.run("/usr/bin/promtool", "check", "metrics", stdin=running.scrape().text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_both_of_prometheus_clients_parsers_accept_the_page(running: Exporter) -> None:
    assert "kea_up" in running.samples()
    answer = running.scrape(Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    families = parse_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    assert "kea_up" in {family.name for family in families}


def test_a_real_prometheus_scrapes_all_of_it(lab: Lab, running: Exporter) -> None:
    target = running.url.removeprefix("http://")
    scrape = {"job_name": "kea", "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    with Prometheus(lab, [scrape]) as prometheus:
        prometheus.wait_until(lambda: len(prometheus.query("kea_up")) == len(UNMET))
        up = {sample["metric"]["server"]: sample["value"][1] for sample in prometheus.query("kea_up")}
        assert up["sound-v4"] == "1"
        assert [sample["value"][1] for sample in prometheus.query("up")] == ["1"]


def test_stopping_one_kea_changes_only_its_server(lab: Lab) -> None:
    fleet = start_fleet(lab)
    with exporter(fleet.config_file) as process:
        before = process.samples()
        fleet.daemons["sound-v4"].stop()
        after = process.samples()
    changed = {server for server in UNMET if _of(before, server) != _of(after, server)}
    assert changed == {"sound-v4"}
    assert values(after, "kea_probe_failure", "reason", server="sound-v4") == {"refused": 1}
    assert values(after, "kea_requirement_met", "requirement", server="sound-v4") == {"control-socket-reachable": 0}
    assert "kea_subnets" not in {name for name, labels, _ in _of(after, "sound-v4")}


def _of(samples: dict[str, list[tuple[dict[str, str], float]]], server: str) -> set[tuple[str, str, float]]:
    """Return what a page says of one server, but for times that never repeat, and the commands of one scrape."""
    return {
        (name, str(labels), value)
        for name, found in samples.items()
        for labels, value in found
        if labels.get("server") == server
        and "timeout" not in name
        and not name.startswith(("kea_command_", "kea_scrape_"))
    }


def test_the_exporter_may_start_before_any_kea(lab: Lab, tmp_path: Path) -> None:
    port = free_port()
    tree = {"servers": [{"name": "late", "dhcp4": {"url": f"http://127.0.0.1:{port}"}}]}
    with exporter(written(tmp_path, tree)) as process:
        assert values(process.samples(), "kea_up", "server") == {"late": 0}
        lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
        assert values(process.samples(), "kea_up", "server") == {"late": 1}
        assert "probe recovered" in process.log()


def test_a_blackholed_address_costs_only_itself(lab: Lab, tmp_path: Path) -> None:
    ports = [free_port() for _ in range(4)]
    for port in ports:
        lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    with blackhole() as dark:
        servers = [{"name": f"s{port}", "dhcp4": {"url": f"http://127.0.0.1:{port}"}} for port in (*ports, dark)]
        with exporter(written(tmp_path, {"servers": servers})) as process:
            started = time.monotonic()
            samples = process.samples(timeout=2.5)
            took = time.monotonic() - started
    # Half a second early, but for what a busy machine adds; not when the daemon has had its own five seconds.
    assert took < 4.5
    assert values(samples, "kea_up", "server") == {f"s{port}": port != dark for port in (*ports, dark)}
    assert values(samples, "kea_probe_failure", "reason", server=f"s{dark}") == {"timed_out": 1}
    assert all(values(samples, "kea_leases", "state", server=f"s{port}") for port in ports)
