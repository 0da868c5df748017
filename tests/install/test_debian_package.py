"""The Debian package: built, installed by apt where systemd runs, used as its documentation says, and purged.

One machine serves all tests, which change its settings and restart the exporter; the last one removes the package.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from kea_exporter import __version__
from lab.packages.machine import Machine
from lab.packages.packaging import BUILDER, bootable, build, copy_parts, in_chroot
from lab.servers.chroot import LabUnavailableError, ensure
from lab.servers.fleet import start_fleet
from lab.servers.kea import Lab
from tests.install.on_debian import (
    ADDRESS,
    APT,
    ARGUMENTS,
    CONFIG,
    DROP_INS,
    EXAMPLES,
    LISTEN,
    SECRETS,
    UNIT,
    Installed,
)
from tests.support.exporter import values
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot
    from lab.servers.fleet import Fleet

pytestmark = [pytest.mark.install, pytest.mark.lab]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the source, which nobody edits meanwhile."""
    copy = tmp_path_factory.mktemp("source")
    copy_parts(copy)
    return copy


@pytest.fixture(scope="module")
def package(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("built"), source)


@pytest.fixture(scope="module")
def system(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Boot a machine with systemd and Kea, and the package at hand."""
    with bootable() as root:
        shutil.copy(package, root.path("/root"))
        in_chroot(root, "apt-get", "update")
        try:
            machine = Machine(root, tmp_path_factory.mktemp("machine") / "console")
        except LabUnavailableError as error:
            pytest.skip(str(error))
        with machine:
            yield machine


@pytest.fixture(scope="module")
def installed(system: Machine, package: Path) -> Installed:
    installation = Installed(system)
    installation.write(ARGUMENTS, f'ARGS="{LISTEN}"\n')
    done = system.run(*APT, "install", f"/root/{package.name}")
    assert done.returncode == 0, done.stdout + done.stderr
    return installation


@pytest.fixture(scope="module")
def fleet(chroot: Chroot) -> Iterator[Fleet]:
    with Lab(chroot) as lab:
        yield start_fleet(lab)


def server(name: str) -> dict[str, object]:
    return {"name": name, "dhcp4": {"url": "http://127.0.0.1:1"}}


def test_two_builds_give_the_same_file(source: Path, package: Path, tmp_path: Path) -> None:
    assert build(tmp_path, source).read_bytes() == package.read_bytes()


def test_lintian_finds_no_fault(package: Path) -> None:
    builder = ensure(BUILDER)
    with tempfile.TemporaryDirectory(dir=builder.path("/root")) as folder:
        shutil.copy(package, folder)
        inside = f"/root/{Path(folder).name}/{package.name}"
        found = in_chroot(builder, "lintian", "--fail-on", "error,warning", inside)
    assert found == ""


def test_installing_starts_the_exporter_under_systemd(installed: Installed) -> None:
    machine = installed.machine
    assert machine.property_of(UNIT, "ActiveState") == "active"
    assert machine.property_of(UNIT, "UnitFileState") == "enabled"
    assert machine.property_of("kea-exporter.socket", "UnitFileState") == "disabled"
    assert f"version={__version__}" in machine.log_of(UNIT)
    assert machine.run("kea-exporter", "--version").stdout.startswith(f"kea-exporter, version {__version__}\n")


def test_users_and_files_are_those_of_the_documentation(installed: Installed) -> None:
    paths = ("/etc/kea-exporter", CONFIG, SECRETS, "/run/kea-exporter", "/usr/bin/kea-exporter")
    found = installed.machine.run("stat", "--format=%n %a %U:%G", *paths)
    assert found.stdout.splitlines() == [
        "/etc/kea-exporter 750 root:kea-exporter",
        f"{CONFIG} 644 root:root",
        f"{SECRETS} 700 root:root",
        "/run/kea-exporter 750 kea-exporter:kea-exporter",
        "/usr/bin/kea-exporter 755 root:root",
    ]
    user = installed.machine.run("getent", "passwd", "kea-exporter").stdout
    assert re.fullmatch(r"kea-exporter:[x!*]+:\d+:\d+:kea-exporter:/:/usr/sbin/nologin\n", user)
    shared = installed.machine.chroot.path("/usr/share/kea-exporter")
    assert (shared / "prometheus/kea-exporter.yml").exists()
    assert list(shared.glob("grafana/*.json"))


def test_debian_has_the_libraries_that_the_exporter_demands(installed: Installed) -> None:
    [metadata] = installed.machine.chroot.path("/usr/lib/python3/dist-packages").glob("kea_*.dist-info/METADATA")
    demanded = [
        Requirement(header) for header in HeaderParser().parsestr(metadata.read_text()).get_all("Requires-Dist", [])
    ]
    ask = "import importlib.metadata, sys; print(*map(importlib.metadata.version, sys.argv[1:]))"
    versions = installed.machine.run(
        "python3", "-c", ask, *(requirement.name for requirement in demanded)
    ).stdout.split()
    assert {
        f"{requirement} but {has}"
        for requirement, has in zip(demanded, versions, strict=True)
        if has not in requirement.specifier
    } == set()


def test_a_local_kea_is_watched_once_the_exporter_is_in_its_group(installed: Installed) -> None:
    failure = values(installed.samples(), "kea_probe_failure", "reason", server="localhost")
    assert (installed.up(), failure) == ({"localhost": 0}, {"permission_denied": 1})
    installed.systemctl("daemon-reload")
    installed.machine.run("mkdir", "--parents", DROP_INS)
    installed.machine.run("cp", f"{EXAMPLES}/kea-sockets.conf", DROP_INS)
    installed.restart()
    assert installed.up() == {"localhost": 1}


def test_real_kea_is_scraped_with_secrets_that_root_alone_may_read(installed: Installed, fleet: Fleet) -> None:
    installed.watch(fleet)
    installed.restart()
    up = installed.up()
    assert (up["sound-v4"], up["sound-v6"], up["wrong-password"], up["nothing-there"]) == (1, 1, 0, 0)
    as_user = ("setpriv", "--reuid=kea-exporter", "--regid=kea-exporter", "--clear-groups")
    assert installed.machine.run(*as_user, "cat", f"{SECRETS}/password_file").returncode != 0
    checked = installed.machine.run("kea-exporter", "config", "check", "--config.file", CONFIG)
    assert checked.returncode == 0, checked.stderr


def test_the_exporter_tells_of_its_own_process_from_within_the_sandbox(installed: Installed) -> None:
    installed.restart()
    samples = installed.samples()
    assert {"process_resident_memory_bytes", "process_open_fds", "process_start_time_seconds"} <= samples.keys()
    assert samples["process_max_fds"] == [({}, 16384)]


def test_the_sandbox_refuses_nothing_that_the_exporter_does(installed: Installed, fleet: Fleet) -> None:
    installed.write(f"{DROP_INS}/strict.conf", "[Service]\nSystemCallErrorNumber=kill\n")
    installed.watch(fleet)
    installed.restart()
    pid = installed.main_pid()
    assert installed.up()["sound-v4"] == 1
    installed.systemctl("reload", UNIT)
    assert installed.up()["sound-v4"] == 1
    assert installed.main_pid() == pid
    installed.systemctl("stop", UNIT)
    assert installed.machine.property_of(UNIT, "Result") == "success"
    installed.machine.chroot.path(f"{DROP_INS}/strict.conf").unlink()
    exposure = installed.machine.run("systemd-analyze", "security", "--threshold=15", UNIT)
    assert exposure.returncode == 0, exposure.stdout


def test_a_reload_takes_the_new_configuration_or_keeps_the_old_one(installed: Installed) -> None:
    installed.configure(server("before"))
    installed.restart()
    pid = installed.main_pid()
    installed.configure(server("after"))
    installed.systemctl("reload", UNIT)
    wait_until(lambda: installed.up().keys() == {"after"})
    installed.write(CONFIG, "nonsense: 1")
    installed.systemctl("reload", UNIT)
    failed = "kea_exporter_config_last_reload_successful"
    wait_until(lambda: installed.samples()[failed] == [({}, 0)])
    assert installed.up().keys() == {"after"}
    assert installed.main_pid() == pid
    assert installed.machine.property_of(UNIT, "ActiveState") == "active"


def test_a_mistake_in_the_configuration_fails_the_start_and_is_told(installed: Installed) -> None:
    installed.write(CONFIG, "nonsense: 1")
    assert installed.machine.run("systemctl", "restart", UNIT).returncode != 0
    assert f"{CONFIG}: line 1: nonsense: " in installed.machine.log_of(UNIT)
    installed.configure(server("mended"))
    installed.restart()
    assert installed.up().keys() == {"mended"}


def test_an_exporter_that_is_stuck_is_started_anew_by_the_watchdog(installed: Installed) -> None:
    installed.write(f"{DROP_INS}/impatient.conf", "[Service]\nWatchdogSec=5s\nRestartSec=0\nTimeoutAbortSec=1s\n")
    installed.restart()
    pid = installed.main_pid()
    # Twice as long as the watchdog waits, which is more than a busy machine may hold up the exporter for.
    time.sleep(10)
    assert installed.main_pid() == pid
    installed.systemctl("kill", "--kill-whom=main", "--signal=STOP", UNIT)
    wait_until(lambda: installed.main_pid() not in {pid, "0"})
    wait_until(lambda: installed.machine.property_of(UNIT, "ActiveState") == "active")
    assert "Watchdog timeout" in installed.machine.log_of(UNIT)
    installed.machine.chroot.path(f"{DROP_INS}/impatient.conf").unlink()
    installed.restart()


def test_systemd_listens_for_the_exporter(installed: Installed) -> None:
    installed.configure(server("mended"))
    installed.systemctl("stop", UNIT)
    where = f"[Socket]\nListenStream=\nListenStream={ADDRESS}\n"
    installed.write("/etc/systemd/system/kea-exporter.socket.d/port.conf", where)
    installed.write(ARGUMENTS, 'ARGS="--web.systemd-socket"\n')
    installed.systemctl("daemon-reload")
    installed.systemctl("enable", "--now", "kea-exporter.socket")
    assert installed.machine.property_of(UNIT, "ActiveState") == "inactive"
    # The first one who asks starts it.
    assert installed.up().keys() == {"mended"}
    installed.systemctl("restart", UNIT)
    assert installed.up().keys() == {"mended"}
    installed.systemctl("disable", "--now", "kea-exporter.socket")


def test_the_exporter_listens_at_a_unix_socket(installed: Installed) -> None:
    installed.restart("--web.listen-address unix:/run/kea-exporter/kea-exporter.sock")
    found = installed.machine.run("stat", "--format=%a %U:%G", "/run/kea-exporter/kea-exporter.sock")
    assert found.stdout == "660 kea-exporter:kea-exporter\n"
    installed.restart()


def test_it_ends_in_order_and_soon(installed: Installed) -> None:
    started = time.monotonic()
    installed.systemctl("stop", UNIT)
    # systemd itself would wait for 15 seconds.
    assert time.monotonic() - started < 10
    assert installed.machine.property_of(UNIT, "Result") == "success"
    assert "msg=stopped\n" in installed.machine.log_of(UNIT)
    installed.systemctl("start", UNIT)


def test_installed_anew_it_keeps_the_configuration_and_serves_again(installed: Installed, package: Path) -> None:
    installed.configure(server("mended"))
    installed.restart()
    pid = installed.main_pid()
    again = installed.machine.run(*APT, "install", "--reinstall", f"/root/{package.name}")
    assert again.returncode == 0, again.stderr
    assert installed.main_pid() != pid
    assert installed.up().keys() == {"mended"}


def test_purged_it_leaves_nothing_but_its_user(installed: Installed) -> None:
    machine = installed.machine
    removed = machine.run(*APT, "remove", "kea-exporter")
    assert removed.returncode == 0, removed.stderr
    assert machine.property_of(UNIT, "ActiveState") == "inactive"
    assert not machine.chroot.path("/usr/bin/kea-exporter").exists()
    assert machine.chroot.path(CONFIG).exists()
    shutil.rmtree(machine.chroot.path(DROP_INS))
    shutil.rmtree(machine.chroot.path("/etc/systemd/system/kea-exporter.socket.d"))
    machine.chroot.path("/etc/kea-exporter/ca.pem").unlink(missing_ok=True)
    purged = machine.run(*APT, "purge", "kea-exporter")
    assert purged.returncode == 0, purged.stderr
    search = ("find", "/", "-xdev", "-path", "/root", "-prune", "-o", "-path", "/proc", "-prune", "-o")
    left = machine.run(*search, "-iname", "*kea*exporter*", "-print").stdout.split()
    assert left == []
    assert machine.run("getent", "passwd", "kea-exporter").returncode == 0
