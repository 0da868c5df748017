"""Families about the connection to each daemon."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, known
from kea_exporter.facts.snapshot import NO_FAILURES
from kea_exporter.metrics.model import Family, Kind, Page, Sample, one, per_daemon
from kea_exporter.requirements.authentication import requires_credentials
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.requirements.socket_in_use import require_answer_of_kea

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.requirements import Report


def _auth_success(report: Report) -> Iterator[Sample]:
    authentication_result = known(report.snapshot.authentication_result)
    if authentication_result is not None and authentication_result.status in {
        HTTPStatus.OK,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
    }:
        if authentication_result.status == HTTPStatus.OK:
            require_answer_of_kea(report.snapshot)
        yield Sample((), authentication_result.status == HTTPStatus.OK)


def _failure_info(page: Page) -> Iterator[Sample]:
    found = {failure.reason for report in page.reports for failure in report.snapshot.failures}
    for reason in sorted(found & NEXT_STEPS.keys()):
        yield Sample((str(reason), NEXT_STEPS[reason]), 1)


def _command_success(report: Report) -> Iterator[Sample]:
    for command, failures in _by_command(report).items():
        yield Sample((command,), all(failure is None or failure.reason in NO_FAILURES for failure in failures))


def _by_command(report: Report) -> dict[str, list[Failure | None]]:
    """Group by command: behind a Control Agent, config-get is sent to the daemon and to the agent."""
    grouped: dict[str, list[Failure | None]] = {}
    for exchange in report.snapshot.exchanges:
        grouped.setdefault(exchange.command, []).append(exchange.failure)
    return grouped


def _command_duration(report: Report) -> Iterator[Sample]:
    exchanges = report.snapshot.exchanges
    for command in _by_command(report):
        yield Sample(
            (command,), sum(exchange.duration_seconds for exchange in exchanges if exchange.command == command)
        )


FAMILIES = (
    per_daemon(
        "kea_up",
        "1 if an authenticated version-get, or status-get of the same process as before, answered with result 0 in "
        "this scrape, else 0.",
        lambda report: one(not isinstance(report.snapshot.version, Failure)),
        source="version-get, status-get",
    ),
    per_daemon(
        "kea_reachable",
        "1 if a connection to the control socket was established, else 0.",
        lambda report: one(not isinstance(report.snapshot.connection, Failure)),
        source="the connection",
    ),
    per_daemon(
        "kea_auth_success",
        "1 if authentication succeeded or is not required, 0 after HTTP status 401 or 403; absent without an HTTP "
        "answer.",
        _auth_success,
        source="the first HTTP answer",
    ),
    per_daemon(
        "kea_auth_required",
        "1 if the control socket in use requires credentials, else 0; absent on a unix socket.",
        lambda report: one(requires_credentials(report.snapshot)),
        source="config-get or the first HTTP answer",
    ),
    per_daemon(
        "kea_probe_failure",
        "1 while the probe of the daemon fails at this stage for this reason; absent otherwise.",
        lambda report: [Sample((str(failure.stage), str(failure.reason)), 1) for failure in report.snapshot.failures],
        ("stage", "reason"),
        source="all commands of the probe",
    ),
    Family(
        "kea_probe_failure_info",
        Kind.GAUGE,
        "Remedy for a probe failure with this reason; always 1; absent unless a probe fails so.",
        ("reason", "remedy"),
        _failure_info,
    ),
    per_daemon(
        "kea_scrape_duration_seconds",
        "Duration of the probe of the daemon.",
        lambda report: one(report.snapshot.duration_seconds),
        source="the clock",
    ),
    per_daemon(
        "kea_scrape_timeout_seconds",
        "Timeout of the probe of the daemon.",
        lambda report: one(report.snapshot.timeout_seconds),
        source="the deadline",
    ),
    per_daemon(
        "kea_command_success",
        "1 if the command succeeded, is not supported or found no lease database; 0 if it failed.",
        _command_success,
        ("command",),
        source="each command sent",
    ),
    per_daemon(
        "kea_command_duration_seconds",
        "Time from sending the command to the end of its answer.",
        _command_duration,
        ("command",),
        source="each command sent",
    ),
    per_daemon(
        "kea_command_supported",
        "1 if the daemon supports the command, 0 if not; absent while unknown.",
        lambda report: [Sample((command,), has_it) for command, has_it in report.snapshot.supported.items()],
        ("command",),
        source="list-commands, and each command sent",
    ),
)
