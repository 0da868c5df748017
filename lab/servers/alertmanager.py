"""A real Alertmanager from the chroot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import requests
import yaml

from lab.servers.processes import Running, accepts, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.servers.kea import Lab

Tree = dict[str, Any]


class Alertmanager:
    """An Alertmanager that sends messages as its configuration says, until it is stopped.

    Args:
        configuration: the text of its file.
        port: where it listens; by default a free one.
    """

    def __init__(self, lab: Lab, configuration: str, port: int | None = None) -> None:
        self.address = f"127.0.0.1:{port or free_port()}"
        arguments = lab.chroot.command(
            "/usr/bin/prometheus-alertmanager",
            f"--config.file={lab.inside(lab.write('alertmanager.yml', configuration))}",
            f"--storage.path={lab.inside(lab.folder)}/alertmanager-data",
            f"--web.listen-address={self.address}",
            f"--web.external-url=http://{self.address}/",
            "--cluster.listen-address=",
        )
        self._running = Running(arguments, lab.folder / "alertmanager.log")
        host, _, number = self.address.partition(":")
        self._running.wait_until(lambda: accepts(host, int(number)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._running.stop()

    def alerts(self) -> list[Tree]:
        """Return the alerts that fire and that no other one inhibits, with the names of those whom they are for."""
        answer = requests.get(f"http://{self.address}/api/v2/alerts", params={"inhibited": "false"}, timeout=10)
        answer.raise_for_status()
        found: list[Tree] = answer.json()
        return found


def in_haste(configuration: str, receiver_url: str, wait: str, interval: str) -> str:
    """Return a configuration that sends to one receiver, and soon; nothing else of it is changed.

    Args:
        configuration: the text of its file.
        receiver_url: where every receiver's messages go; its name is added as the path.
        wait: how long more alerts of a group are waited for.
        interval: how soon a change of a group is told.
    """
    tree: Tree = yaml.safe_load(configuration)
    haste = {"group_wait": wait, "group_interval": interval, "repeat_interval": "1d"}
    for route in _routes(tree["route"]):
        route.update({entry: haste[entry] for entry in haste if entry in route})
    for receiver in tree["receivers"]:
        for webhook in receiver.get("webhook_configs", []):
            webhook["url"] = f"{receiver_url}/{receiver['name']}"
    return yaml.safe_dump(tree, sort_keys=False)


def _routes(route: Tree) -> Iterator[Tree]:
    yield route
    for below in route.get("routes", []):
        yield from _routes(below)
