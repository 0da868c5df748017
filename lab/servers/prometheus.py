"""A real Prometheus from the chroot."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Self

import requests
import yaml

from lab.servers.processes import Running, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lab.servers.kea import Lab

Tree = dict[str, Any]


class ConfiguredPrometheus:
    """A Prometheus that does what a file says, until it is stopped; its data are beside that file.

    Args:
        config_file: its configuration, in the lab's folder.
        port: where it listens; by default a free one.
        flags: further ones of its command line.
    """

    def __init__(self, lab: Lab, config_file: Path, port: int | None = None, flags: Sequence[str] = ()) -> None:
        self.port = port or free_port()
        arguments = lab.chroot.command(
            "/usr/bin/prometheus",
            f"--config.file={lab.inside(config_file)}",
            f"--storage.tsdb.path={lab.inside(config_file.parent)}/prometheus-data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--scrape.discovery-reload-interval=100ms",  # by default, the first scrape waits for five seconds
            f"--web.external-url=http://127.0.0.1:{self.port}/",
            *flags,
        )
        self._running = Running(arguments, config_file.parent / "prometheus.log")
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

    def query(self, expression: str) -> list[Tree]:
        """Return the instant vector of an expression; empty while Prometheus is not ready."""
        found: list[Tree] = self._ask("query", query=expression).get("result", [])
        return found

    def alerts(self, *states: str) -> list[Tree]:
        """Return the alerts that fire, or that are in one of other *states*; none while Prometheus is not ready."""
        return [alert for alert in self._ask("alerts").get("alerts", []) if alert["state"] in (states or ("firing",))]

    def targets(self) -> list[Tree]:
        """Return what it scrapes; none while Prometheus is not ready."""
        found: list[Tree] = self._ask("targets", state="active").get("activeTargets", [])
        return found

    def rules(self) -> list[Tree]:
        """Return its rules, and how each of them fared; none while Prometheus is not ready."""
        return [entry for group in self._ask("rules").get("groups", []) for entry in group["rules"]]

    def has_evaluated_since(self, moment: dt.datetime) -> bool:
        """Return whether every group of rules was evaluated after a moment."""
        groups = self._ask("rules").get("groups", [])
        return bool(groups) and all(dt.datetime.fromisoformat(group["lastEvaluation"]) > moment for group in groups)

    def _ask(self, what: str, **parameters: str) -> Tree:
        answer = requests.get(f"http://127.0.0.1:{self.port}/api/v1/{what}", params=parameters, timeout=10)
        if answer.status_code == requests.codes.unavailable:
            return {}
        answer.raise_for_status()
        data: Tree = answer.json()["data"]
        return data


class Prometheus(ConfiguredPrometheus):
    """A Prometheus that scrapes as its configuration says, until it is stopped.

    Args:
        scrape_configs: whom it scrapes.
        rules: the texts of files of rules, by their names.
        alertmanager: where it sends alerts, as host:port; None for nowhere.
        evaluation_interval: how often it evaluates the rules.
        port: where it listens; by default a free one.
        flags: further ones of its command line.
    """

    def __init__(  # noqa: PLR0913 - each but the first two has a default
        self,
        lab: Lab,
        scrape_configs: list[Tree],
        rules: Mapping[str, str] | None = None,
        alertmanager: str | None = None,
        *,
        evaluation_interval: str = "1s",
        port: int | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        config = {
            "global": {"evaluation_interval": evaluation_interval},
            "scrape_configs": scrape_configs,
            "rule_files": [lab.inside(lab.write(name, text)) for name, text in (rules or {}).items()],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager] if alertmanager else []}]}]},
        }
        super().__init__(lab, lab.write("prometheus.yml", yaml.safe_dump(config)), port, flags)
