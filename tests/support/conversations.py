"""Whole conversations with a daemon that answers anything, without a socket, and what has to hold of their reports."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as text_families

from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import AuthenticationResult, Connection
from kea_exporter.kea.client import KeaClient
from kea_exporter.kea.inquiry import inquire
from kea_exporter.kea.lifetime import lifetime
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.status import read_status, read_version
from kea_exporter.metrics import FAMILIES, Page, read_families
from kea_exporter.metrics.encoding import OPENMETRICS, Encoder
from kea_exporter.probe import nothing_learnt
from kea_exporter.reports import FORMATS, Check
from kea_exporter.requirements import REQUIREMENTS, judge_all
from kea_exporter.transport.model import too_large
from kea_exporter.web.debug import debug_text
from kea_exporter.web.pages import fleet_page, server_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements import Report
    from kea_exporter.transport.deadline import Deadline

UNSUPPORTED = b'{"result": 2, "text": "not supported"}'
NOBODY = Failure(Stage.CONNECT, Reason.REFUSED, "nobody was asked")
NOW = 1_800_000_000.0
# Of a page, whatever is answered; what is answered may add a multiple of its own size.
PAGE_BYTES, PAGE_BYTES_PER_BYTE = 100_000, 20


@dataclass(frozen=True)
class Spoken:
    """A transport to somebody who says what is written here, by command."""

    answers: Mapping[str, bytes]
    connection = Connection("192.0.2.1", 8001)
    authentication_result = AuthenticationResult(200, None, strict_transport_security=False)
    tls = None
    client_certificate = None
    authorities = ()

    def open(self) -> Connection:
        return self.connection

    def look_again(self) -> None:
        """There is no TLS."""

    def renew(self, deadline: Deadline) -> None:
        """There is no deadline."""

    def remaining(self) -> float:
        """Return more than enough: there is no deadline."""
        return 60.0

    def exchange(self, request: bytes, limit: int) -> bytearray:
        answer = self.answers.get(json.loads(request)["command"], UNSUPPORTED)
        if len(answer) > limit:
            raise too_large(Stage.HTTP, limit)
        return bytearray(answer)

    def close(self) -> None:
        """Nothing is open."""


def settings_of(daemon: str, **collect: object) -> DaemonSettings:
    tree = {"servers": [{"name": "kea", daemon: {"url": "https://192.0.2.1:8001", "collect": collect}}]}
    return settings_from_tree(tree, Path()).daemons[0]


def conversation(answers: Mapping[str, bytes], settings: DaemonSettings, before: Snapshot | None = None) -> Report:
    """Return the report on a daemon that gives these answers; see `kea_exporter.probe`."""
    transport = Spoken(answers)
    client = KeaClient(transport, settings.target)
    version, status = client.ask(Command.VERSION_GET, read_version), client.ask(Command.STATUS_GET, read_status)
    known_before = before.lifetime if before and not isinstance(before.lifetime, Failure) else None
    running = status if isinstance(status, Failure) else lifetime(status, NOW, NOW, known_before)
    learnt = inquire(client, settings, version, running, before, NOW)
    configuration = learnt.configuration
    snapshot = replace(
        nothing_learnt(settings.target, NOBODY, NOW, 5.0),
        connection=transport.connection,
        authentication_result=transport.authentication_result,
        version=version,
        status=status,
        lifetime=running,
        **vars(learnt),
        sockets=configuration if isinstance(configuration, Failure) else configuration.sockets,
        exchanges=client.exchanges,
        tls=None,
    )
    return judge_all(REQUIREMENTS, snapshot, settings.profile)


def assert_sane(report: Report) -> None:
    """Assert that nothing went wrong inside, and that Prometheus can read the page."""
    assert list(text_families(assert_exported(report)))
    assert list(openmetrics_families(assert_exported(report, OPENMETRICS)))  # type: ignore[no-untyped-call]


def assert_exported(report: Report, accept: str = "") -> str:
    """Assert that nothing went wrong inside, and that the page lacks nothing and is of a size; return it."""
    assert [verdict.evidence for verdict in report.verdicts if verdict.evidence.startswith("internal error")] == []
    assert Reason.INTERNAL_ERROR not in {failure.reason for failure in report.snapshot.failures}
    page, content_type, dropped = Encoder().encode(read_families(FAMILIES, Page((report,))), accept)
    assert content_type.startswith(accept)
    assert not dropped
    assert len(page) < PAGE_BYTES + PAGE_BYTES_PER_BYTE * sum(
        exchange.size_bytes for exchange in report.snapshot.exchanges
    )
    return page.decode()


def assert_shown(report: Report) -> None:
    """Assert that people can be shown it, in every form."""
    check = Check((report,), NOW, width=80)
    json.loads(FORMATS["json"](check).encode())
    pages = (fleet_page([report], NOW, NOW, metrics_path="/metrics"), server_page("kea", [report], NOW, NOW))
    for text in (*(write(check) for write in FORMATS.values()), debug_text([report], ""), *pages):
        assert "\x1b[2J" not in text
        text.encode()
    assert not any("<script" in page.lower() for page in pages)
