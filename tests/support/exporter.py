"""The exporter as its users run it: a process of its own, asked over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from lab.servers.processes import Running, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Samples = dict[str, list[tuple[dict[str, str], float]]]
COMMAND = [sys.executable, "-m", "kea_exporter"]


class Exporter:
    """A running exporter."""

    def __init__(self, running: Running, port: int, scheme: str = "http") -> None:
        self.running = running
        self.port = port
        self.url = f"{scheme}://127.0.0.1:{port}"

    def get(self, path: str, authority: Path | None = None, user: tuple[str, str] | None = None) -> requests.Response:
        return requests.get(self.url + path, timeout=30, verify=str(authority) if authority else True, auth=user)

    def scrape(self, timeout: float | None = None, **headers: str) -> requests.Response:
        if timeout is not None:
            headers["X-Prometheus-Scrape-Timeout-Seconds"] = str(timeout)
        return requests.get(f"{self.url}/metrics", headers=headers, timeout=30)

    def samples(self, timeout: float | None = None) -> Samples:
        answer = self.scrape(timeout)
        assert answer.status_code == 200, answer.text
        return parsed(answer.text)

    @property
    def pid(self) -> int:
        return self.running.pid

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def log(self) -> str:
        return self.running.output.read_text()

    def signal(self, number: int) -> None:
        self.running.signal(number)

    def wait(self, seconds: float = 20) -> int:
        return self.running.wait(seconds)

    def stop(self) -> None:
        self.signal(signal.SIGTERM)
        self.running.stop()


def parsed(page: str) -> Samples:
    samples: Samples = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return samples


def values(samples: Samples, name: str, label: str, **wanted: str) -> dict[str, float]:
    """Return the values of a family's samples with the *wanted* labels, by one other label."""
    found = [(labels, value) for labels, value in samples.get(name, []) if wanted.items() <= labels.items()]
    return {labels[label]: value for labels, value in found}


def written(folder: Path, tree: Mapping[str, Any]) -> Path:
    """Write a configuration, as a whole: an exporter that watches the file never sees half of it."""
    path = folder / "config.yml"
    path.with_suffix(".new").write_text(yaml.safe_dump(dict(tree), sort_keys=False))
    return path.with_suffix(".new").rename(path)


def is_healthy(url: str) -> bool:
    """Return whether the exporter answers; its sockets listen a little before it has logged so."""
    try:
        with requests.Session() as session:
            session.trust_env = False  # what the environment says of proxies may be what is tested
            return session.get(f"{url}/-/healthy", timeout=5).status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


@contextmanager
def exporter(
    config_file: Path,
    *options: str,
    descriptors: int | None = None,
    environment: Mapping[str, str] | None = None,
    scheme: str = "http",
) -> Iterator[Exporter]:
    """Run the exporter as its users do, if asked with a limit on its descriptors, until the end of the test."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    limited = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"] if descriptors else []
    arguments = [*limited, *COMMAND, "serve", "--config.file", str(config_file)]
    arguments += ["--web.listen-address", address, "--probe.min-interval", "0", *options]
    running = Running(arguments, config_file.with_suffix(".log"), {**os.environ, **(environment or {})})
    # It may demand a password, or a certificate.
    is_protected = "--web.config.file" in options
    try:
        running.wait_until(lambda: accepts("127.0.0.1", port) if is_protected else is_healthy(f"http://{address}"))
        yield Exporter(running, port, scheme)
    finally:
        running.stop()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60)
