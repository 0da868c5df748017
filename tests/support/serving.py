"""The exporter's pages on a free port of this process, for tests that hold its parts in their hands."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from threading import enumerate as running_threads
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests

from kea_exporter.audit import audit_pages
from kea_exporter.auditor import Auditor
from kea_exporter.collector import Collector
from kea_exporter.config import ConfigError, settings_from_tree
from kea_exporter.probe import probe
from kea_exporter.reloader import Reloader
from kea_exporter.service import ReloadError, Service
from kea_exporter.web import WebOptions, create_app
from tests.support.examples import sound
from tests.support.recordings import recorded
from tests.support.web_server import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.audit import Pages
    from kea_exporter.config import DaemonSettings, Settings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.leases import LeaseAudit
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.transport.deadline import Deadline

    Probe = Callable[[DaemonSettings, Deadline, Snapshot | None], Snapshot]

Tree = dict[str, Any]

GENEROUS = 20.0
USUAL = WebOptions()


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


HAS_IPV6 = _has_ipv6()
needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")


class Configuration:
    """A configuration that a test may change."""

    def __init__(self, tree: Tree, folder: Path | None = None) -> None:
        self.tree = tree
        self.folder = folder or Path()

    def load(self) -> Settings:
        try:
            return settings_from_tree(self.tree, self.folder)
        except ConfigError as error:
            raise ReloadError(str(error)) from None


def servers(*names: str, url: str = "http://127.0.0.1:1", **options: object) -> Tree:
    """Return a configuration of servers with one daemon each; the path of its url is the name of the server."""
    entries = [{"name": name, "dhcp4": {"url": f"{url}/{quote(name)}", "timeout": "20s", **options}} for name in names]
    return {"servers": entries}


def answer(daemon: DaemonSettings, _: Deadline, _before: Snapshot | None) -> Snapshot:
    """Answer as a probe of a sound daemon does."""
    return replace(sound(), target=daemon.target)


class Waiting:
    """A probe that says when it has begun, waits until it may go on, and counts how often it was asked."""

    def __init__(self, may_end: Event) -> None:
        self.has_begun = Event()
        self.count = 0
        self._may_end = may_end

    def __call__(self, daemon: DaemonSettings, deadline: Deadline, before: Snapshot | None) -> Snapshot:
        self.count += 1
        self.has_begun.set()
        assert self._may_end.wait(GENEROUS)
        return answer(daemon, deadline, before)


def in_one_page(audit: Callable[..., Fact[LeaseAudit]]) -> Callable[..., Pages]:
    """Return an audit that has its result at its first turn."""

    def begin(*arguments: object) -> Pages:
        yield from ()
        return audit(*arguments)

    return begin


def join_probes() -> None:
    for thread in running_threads():
        if thread.name == "probe":
            thread.join(GENEROUS)


def kea_answers(daemon: str = "dhcp4") -> Tree:
    """Return what real Kea once answered, as of two hours after its start."""
    answers = recorded("kea-3.0.3", daemon)
    started, status = time.time() - 7200, answers["status-get"]

    def status_now(_: Tree) -> Tree:
        seconds = int(time.time() - started)
        return {**status, "arguments": {**status["arguments"], "uptime": seconds, "reload": seconds}}

    return {**answers, "status-get": status_now}


@dataclass(frozen=True)
class Served:
    """Pages being served, and the service behind them."""

    url: str
    service: Service

    def get(self, path: str, /, **headers: str) -> requests.Response:
        return requests.get(self.url + path, headers=headers, timeout=GENEROUS)

    def probe(self, **asked: str) -> requests.Response:
        return requests.get(f"{self.url}/probe", params=asked, timeout=GENEROUS)


@contextmanager
def serving(
    configuration: Configuration | Tree,
    options: WebOptions = USUAL,
    probe_daemon: Probe = probe,
    audit: Callable[..., Pages] = audit_pages,
) -> Iterator[Served]:
    """Serve as the command line does, but for the signals."""
    if isinstance(configuration, dict):
        configuration = Configuration(configuration)
    settings = configuration.load()
    auditor = Auditor(settings.daemons, audit)
    collector = Collector(probe_daemon, audits=auditor.result)
    service = Service(settings, configuration.load, collector, auditor)
    reloader = Reloader()
    reloader.start(service.reload)
    with served(create_app(service, options, reloader), give_up=collector.stop) as port:
        auditor.start()
        try:
            yield Served(f"http://127.0.0.1:{port}", service)
        finally:
            auditor.stop()
            collector.stop()
