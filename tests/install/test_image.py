"""The container image: built without an engine, run as any user on a read-only root, judging a real Kea."""

from __future__ import annotations

import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import yaml

from kea_exporter import __version__
from lab.packages.buildah import SOURCE, Container, Image, base_name, built
from lab.servers.fleet import start_fleet
from lab.servers.kea import Lab
from lab.servers.processes import free_port
from tests.support.exporter import is_healthy, parsed, values

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from lab.servers.chroot import Chroot
    from lab.servers.fleet import Fleet

pytestmark = [pytest.mark.install, pytest.mark.lab]

# The image's own, and one such as OpenShift gives out: any number, in group 0.
USERS = [(65532, 65532), (1000650000, 0)]
REVISION = "0123456789abcdef0123456789abcdef01234567"
HASH = "$2b$10$ccqjRaUZODF7N1XW1kj5juKd0E2B8xpkZOs0hLf4oL2C8sIk6a6tS"


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built({"VERSION": __version__, "REVISION": REVISION}) as made:
        yield made


@pytest.fixture(scope="module")
def fleet(chroot: Chroot) -> Iterator[Fleet]:
    with Lab(chroot) as lab:
        yield start_fleet(lab)


@pytest.fixture
def mounted(fleet: Fleet, tmp_path: Path) -> Path:
    """Return a folder to mount at /etc/kea-exporter, with the fleet's configuration and the files it names."""
    folder = tmp_path / "mounted"
    folder.mkdir()
    tree = yaml.safe_load(fleet.config_file.read_text())
    for section in ("basic_auth", "tls_config"):
        options = tree["defaults"][section]
        for name in (option for option in options if option.endswith("_file")):
            source = Path(options[name])
            shutil.copyfile(source, folder / source.name)
            options[name] = source.name
    (folder / "config.yml").write_text(yaml.safe_dump(tree))
    return folder


class Served:
    """The image's own command, on ports that are free here."""

    def __init__(self, container: Container, port: int, health_port: int) -> None:
        self.container = container
        self.url = f"http://127.0.0.1:{port}"
        self.health_url = f"http://127.0.0.1:{health_port}"


@contextmanager
def serving(image: Image, user: tuple[int, int], folder: Path, *options: str) -> Iterator[Served]:
    ports = {":9547": free_port(), ":9548": free_port()}
    command = [
        *image.config["Entrypoint"],
        *(on_loopback(argument, ports) for argument in image.config["Cmd"]),
        *options,
    ]
    with Container(image, user, folder, command, folder.with_name("log")) as container:
        served = Served(container, *ports.values())
        container.running.wait_until(lambda: is_healthy(served.health_url))
        yield served


def on_loopback(argument: str, ports: dict[str, int]) -> str:
    """Return an argument with another port: the network is the machine's, where others listen too."""
    for usual, port in ports.items():
        argument = argument.replace(usual, f"127.0.0.1:{port}")
    return argument


def healthcheck(image: Image, served: Served) -> subprocess.CompletedProcess[str]:
    kind, *command = image.config["Healthcheck"]["Test"]
    assert kind == "CMD"
    return served.container.run(*command, "--url", f"{served.health_url}/-/healthy")


@pytest.mark.parametrize("user", USERS)
def test_it_judges_a_real_fleet_as_any_user_on_a_read_only_root(
    image: Image, mounted: Path, user: tuple[int, int]
) -> None:
    with serving(image, user, mounted) as served:
        samples = parsed(requests.get(f"{served.url}/metrics", timeout=30).text)
        up = {"sound-v4": 1, "sound-v6": 1, "wrong-password": 0, "hooks-missing": 1, "nothing-there": 0}
        assert values(samples, "kea_up", "server") == up
        assert set(values(samples, "kea_requirement_met", "requirement", server="sound-v4").values()) == {1}
        assert who_runs(served.container.pid) == user
        assert "Read-only file system" in served.container.run("touch", "/tmp/x").stderr  # noqa: S108 - in the image
        assert healthcheck(image, served).returncode == 0


def who_runs(pid: int) -> tuple[int, int]:
    status = Path(f"/proc/{pid}/status").read_text()
    user, group = (int(re.search(rf"^{name}:\t(\d+)", status, re.MULTILINE)[1]) for name in ("Uid", "Gid"))  # type: ignore[index]
    return user, group


def test_as_process_1_it_ends_soon_after_sigterm(
    image: Image, mounted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(image, USERS[0], mounted) as served:
        assert image.config["StopSignal"] == "SIGTERM"
        pid, started = served.container.pid, time.monotonic()
        assert re.search(r"^NSpid:.*\t1$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        served.container.signal(signal.SIGTERM)
        # Engines wait for ten seconds before they kill.
        assert served.container.running.wait(10) == 0
        told(capsys, f"ended {time.monotonic() - started:.2f} s after SIGTERM")


def test_the_healthcheck_needs_no_password_where_the_pages_do(image: Image, mounted: Path) -> None:
    (mounted / "web.yml").write_text(f"basic_auth_users: {{alice: {HASH}}}\n")
    with serving(image, USERS[0], mounted, "--web.config.file", "/etc/kea-exporter/web.yml") as served:
        assert requests.get(f"{served.url}/metrics", timeout=30).status_code == 401
        assert healthcheck(image, served).returncode == 0
        missing = served.container.run(
            "kea-exporter", "healthcheck", "--url", f"http://127.0.0.1:{free_port()}/-/healthy"
        )
        assert missing.returncode == 1
        assert "nothing listens there" in missing.stdout


def test_without_a_configuration_it_says_what_is_missing(image: Image, tmp_path: Path) -> None:
    (empty := tmp_path / "empty").mkdir()
    command = [*image.config["Entrypoint"], *image.config["Cmd"]]
    with Container(image, USERS[0], empty, command, tmp_path / "log") as container:
        assert container.running.wait(30) == 3
    assert "/etc/kea-exporter/config.yml" in (tmp_path / "log").read_text()


def test_what_it_says_of_itself(image: Image) -> None:
    config = image.config
    assert config["User"] == "65532:65532"
    assert set(config["ExposedPorts"]) == {"9547/tcp", "9548/tcp"}
    assert not config.get("Volumes")
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert (labels["version"], labels["revision"], labels["licenses"]) == (__version__, REVISION, "Apache-2.0")
    assert labels["base.name"] == base_name()


def test_it_contains_the_locked_versions_compiled_and_no_installer(image: Image) -> None:
    code = "from importlib.metadata import distributions as d; print(*(f'{i.name}=={i.version}'.lower() for i in d()))"
    done = inside(image, "/opt/kea-exporter/bin/python3", "-I", "-c", code)
    locked = set(re.findall(r"^([a-z0-9._-]+==\S+)", (SOURCE / "requirements.lock").read_text(), re.MULTILINE))
    assert {name.replace("_", "-") for name in done.stdout.split()} == locked | {f"kea-health-exporter=={__version__}"}
    home = image.root / "opt/kea-exporter"
    sources = set(home.rglob("*.py"))
    assert {Path(source.parent, "__pycache__", f"{source.stem}.cpython-313.pyc") for source in sources} <= set(
        home.rglob("*.pyc")
    )
    for tool in ("pip", "gcc", "cc"):
        assert shutil.which(tool, path=":".join(f"{image.root}{folder}" for folder in search_path(image))) is None


def search_path(image: Image) -> list[str]:
    found: list[str] = next(
        variable.removeprefix("PATH=") for variable in image.config["Env"] if variable.startswith("PATH=")
    ).split(":")
    return found


def inside(image: Image, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["chroot", "--userspec=65532:65532", str(image.root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


@pytest.mark.parametrize("user", USERS)
def test_no_file_of_it_can_be_written_by_its_user(image: Image, user: tuple[int, int]) -> None:
    found = [path for path in image.root.rglob("*") if not path.is_symlink() and (path.is_file() or path.is_dir())]
    writable = [path for path in found if is_writable(path.stat(), *user)]
    # Folders for everyone's temporary files, such as /tmp, are the base's.
    assert [path for path in writable if not path.stat().st_mode & stat.S_ISVTX] == []


def is_writable(status: os.stat_result, user: int, group: int) -> bool:
    if status.st_uid == user:
        return bool(status.st_mode & stat.S_IWUSR)
    return bool(status.st_mode & (stat.S_IWGRP if status.st_gid == group else stat.S_IWOTH))


def test_it_is_small(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    ours = image.root / "opt/kea-exporter"
    unpacked = sum(path.lstat().st_size for path in ours.rglob("*") if path.is_file() and not path.is_symlink())
    *base, layer = image.packed
    told(capsys, f"built in {image.seconds:.0f} s; ours {unpacked / 1e6:.0f} MB, packed {layer / 1e6:.1f} MB")
    told(capsys, f"stand-in for the base, packed: {sum(base) / 1e6:.0f} MB (the real one has another size)")
    assert layer < 20e6
    assert unpacked < 60e6


def told(capsys: pytest.CaptureFixture[str], what: str) -> None:
    with capsys.disabled():
        print(f"\n{what}")  # noqa: T201 - measured, and to be seen


def test_how_this_machine_reaches_packages_is_not_in_it(image: Image) -> None:
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    secrets = re.findall(r"://([^/'\s]+)", listed.stdout)
    assert not [secret for secret in ("PIP_", *secrets) if secret in str(image.config)]
    assert not (image.root / "etc/pip.conf").exists()
