"""The exporters under measurement, as their users run them: processes of their own, asked over HTTP."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bench.wire import Scraper
from lab.servers.chroot import cache_directory
from lab.servers.processes import ENDS_WITH_US, Running, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.wire import Scrape

LOCK = Path(__file__).parent.parent / "requirements.lock"
OTHER = "kea-exporter"
OTHER_VERSION = "0.7.1"
FAILED = re.compile(r"^kea_(?:probe_failure\{.*|(?:up|command_success)\{.* 0(?:\.0)?)$", re.MULTILINE)


@dataclass(frozen=True)
class Exporter:
    """A running exporter."""

    running: Running
    scraper: Scraper
    port: int

    def scrape(self, encoding: str = "identity", timeout: float = 10) -> Scrape:
        """Return one scrape that learnt everything it wanted.

        Raises:
            AssertionError: it says that something failed.
        """
        scrape = self.scraper.scrape(encoding, timeout)
        if found := FAILED.search(scrape.page):
            raise AssertionError(f"the scrape failed: {found[0]}")
        return scrape

    def peak_mebibytes(self) -> float:
        """Return the most memory that the process ever had."""
        return peak_mebibytes(self.running.pid)


@contextmanager
def ours(folder: Path, urls: list[str], **defaults: object) -> Iterator[Exporter]:
    """Run this tree's exporter on daemons of kea-dhcp4, with *defaults* as in its configuration file."""
    with ours_on(folder, [("dhcp4", url) for url in urls], defaults) as exporter:
        yield exporter


@contextmanager
def ours_on(folder: Path, daemons: list[tuple[str, str]], defaults: Mapping[str, object]) -> Iterator[Exporter]:
    """Run this tree's exporter on daemons, given the key and the url of each."""
    port = free_port()
    servers = [{"name": f"bench-{number}", key: {"url": url}} for number, (key, url) in enumerate(daemons)]
    tree: dict[str, Any] = {"defaults": {"timeout": "10s", **defaults}, "servers": servers}
    config = folder / f"ours-{port}.yml"
    config.write_text(yaml.safe_dump(tree))
    options = ["--config.file", str(config), "--probe.min-interval", "0", "--web.listen-address", f"127.0.0.1:{port}"]
    with _running([*_installed_ours(), "-m", "kea_exporter", "serve", *options], folder, port) as exporter:
        yield exporter


@contextmanager
def theirs(folder: Path, unix_socket: Path) -> Iterator[Exporter]:
    """Run the other exporter on a unix socket: it collects on every scrape, and has no way to Kea 3 over HTTP."""
    port = free_port()
    command = [str(_installed_other()), "--address", "127.0.0.1", "--port", str(port), str(unix_socket)]
    with _running(command, folder, port) as exporter:
        yield exporter


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has had so far, to the nanosecond."""
    # How Linux makes the clock of a process out of its id (clock_getcpuclockid(3)).
    return time.clock_gettime(~pid << 3 | 2)


def peak_mebibytes(pid: int) -> float:
    """Return the most memory that a process ever had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    if found is None:
        raise AssertionError("the kernel does not tell the peak memory")
    return int(found[1]) / 1024


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[Exporter]:
    running = Running([*ENDS_WITH_US, *command], folder / f"exporter-{port}.log")
    try:
        running.wait_until(lambda: accepts("127.0.0.1", port))
        scraper = Scraper(port)
        yield Exporter(running, scraper, port)
        scraper.close()
    finally:
        running.stop()


def _installed_ours() -> list[str]:
    """Return the start of a command that runs this tree on what it is installed with, without what tests need."""
    folder = cache_directory() / f"locked-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    _install(folder, "--require-hashes", "--requirement", str(LOCK))
    return ["env", f"PYTHONPATH={LOCK.parent}", str(folder / "bin/python")]


def _installed_other() -> Path:
    """Return the other exporter's command, from an environment of its own beside the lab's chroots."""
    folder = cache_directory() / f"{OTHER}-{OTHER_VERSION}"
    _install(folder, f"{OTHER}=={OTHER_VERSION}")
    return folder / "bin" / OTHER


def _install(folder: Path, *packages: str) -> None:
    """Make an environment, where it is not there yet."""
    is_made = folder / "is-made"
    if is_made.exists():
        return
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)  # noqa: S603 - our own interpreter
    install = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", *packages]
    subprocess.run(install, check=True)  # noqa: S603 - just made
    is_made.touch()
