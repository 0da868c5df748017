"""A real Prometheus from the chroot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import requests
import yaml

from lab.processes import Running, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.kea import Lab


class Prometheus:
    """A Prometheus that scrapes as its configuration says, until it is stopped."""

    def __init__(self, lab: Lab, scrape_configs: list[dict[str, Any]]) -> None:
        self.port = free_port()
        config = lab.folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({"scrape_configs": scrape_configs}))
        arguments = lab.chroot.command(
            "/usr/bin/prometheus",
            f"--config.file={lab.inside(config)}",
            f"--storage.tsdb.path={lab.inside(lab.folder)}/prometheus-data",
            f"--web.listen-address=127.0.0.1:{self.port}",
        )
        self._running = Running(arguments, lab.folder / "prometheus.log")
        self.wait_until(lambda: accepts("127.0.0.1", self.port))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.stop()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Return as soon as something holds, such as a query having an answer.

        Raises:
            StartError: it took too long, or Prometheus ended.
        """
        self._running.wait_until(holds)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the instant vector of an expression; empty while Prometheus is not ready."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query"
        answer = requests.get(url, params={"query": expression}, timeout=10)
        if answer.status_code == requests.codes.unavailable:
            return []
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found
