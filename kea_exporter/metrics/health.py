"""Families about the state of a daemon, from status-get."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.facts.leases import LeaseDatabase
from kea_exporter.metrics.model import Family, Sample, one, per_daemon
from kea_exporter.requirements.reaching import require_expected_daemon
from kea_exporter.requirements.serving import is_serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.facts.status import MultiThreading
    from kea_exporter.requirements import Report

SOCKETS_STATUSES = ("ready", "retrying", "failed")
# Kea's own averages: over the last 10, 100 and 1000 packets.
WINDOWS = ("10", "100", "1000")


def _enabled(report: Report) -> Iterable[Sample]:
    state = known(report.snapshot.status).dhcp_state
    return one(None if state is None else not state.globally_disabled)


def _serving(report: Report) -> Iterable[Sample]:
    require_expected_daemon(report.snapshot)
    return one(is_serving(report.snapshot))


def _disabled(report: Report) -> Iterator[Sample]:
    state = known(report.snapshot.status).dhcp_state
    if state is not None:
        yield Sample(("user",), state.by_user)
        yield Sample(("local_command",), state.by_local_command)
        yield Sample(("remote_command",), state.by_remote_command)
        yield Sample(("db_connection",), state.by_database_connection)


def _sockets(report: Report) -> Iterator[Sample]:
    found = known(report.snapshot.status).sockets_status
    if found is not None:
        yield from (Sample((status,), status == found) for status in SOCKETS_STATUSES)


def _threading(report: Report, read: Callable[[MultiThreading], float | None]) -> Iterable[Sample]:
    threading = known(report.snapshot.status).multi_threading
    return one(read(threading) if threading else None)


def _queue_lengths(report: Report) -> Iterator[Sample]:
    threading = known(report.snapshot.status).multi_threading
    lengths = threading.queue_lengths if threading else ()
    yield from (Sample((window,), length) for window, length in zip(WINDOWS, lengths, strict=False))


def _of_status(
    name: str,
    help: str,  # noqa: A002 - Prometheus' word
    read: Callable[[Report], Iterable[Sample]],
    *labels: str,
) -> Family:
    return per_daemon(name, help, read, labels, source="status-get")


FAMILIES = (
    _of_status(
        "kea_start_time_seconds",
        "Unix time at which the daemon started; constant until the daemon restarts.",
        lambda report: one(known(report.snapshot.lifetime).started.at),
    ),
    _of_status(
        "kea_config_reload_timestamp_seconds",
        "Unix time at which the daemon last loaded its configuration; constant until the next reload or restart.",
        lambda report: one(known(report.snapshot.lifetime).reloaded.at),
    ),
    per_daemon(
        "kea_dhcp_serving",
        "1 if the daemon is able to serve DHCP clients; 0 if DHCP service is disabled, sockets failed, no interface is "
        "configured or the lease database is not available.",
        _serving,
        source="status-get, config-get, and the commands of kea_lease_database_available",
    ),
    per_daemon(
        "kea_lease_database_available",
        "1 if the daemon can read its lease database, 0 if it has no lease manager or lost the connection.",
        lambda report: one(known(report.snapshot.lease_database) is LeaseDatabase.AVAILABLE),
        source="stat-lease4-get, stat-lease6-get, lease4-get or lease6-get",
    ),
    _of_status("kea_dhcp_enabled", "1 if DHCP service is enabled, 0 while it is disabled.", _enabled),
    _of_status(
        "kea_dhcp_disabled",
        "1 while DHCP service is disabled by this origin: a user, this server's or its partner's high availability, or "
        "a lost database connection.",
        _disabled,
        "origin",
    ),
    _of_status(
        "kea_sockets_status",
        "1 for the current state of the DHCP sockets, 0 for the other states.",
        _sockets,
        "status",
    ),
    _of_status(
        "kea_multi_threading_enabled",
        "1 if multi-threading is enabled, else 0.",
        partial(_threading, read=lambda threading: threading.enabled),
    ),
    _of_status(
        "kea_thread_pool_size",
        "Number of threads that process packets.",
        partial(_threading, read=lambda threading: threading.threads),
    ),
    _of_status(
        "kea_packet_queue_size",
        "Maximum packet queue length per thread.",
        partial(_threading, read=lambda threading: threading.queue_size),
    ),
    _of_status(
        "kea_packet_queue_length",
        "Mean packet queue length over the last 10, 100 or 1000 packets.",
        _queue_lengths,
        "window",
    ),
    _of_status(
        "kea_extended_info_tables_enabled",
        "1 if DHCPv6 maintains the tables for Leasequery, else 0.",
        lambda report: one(known(report.snapshot.status).extended_info_tables),
    ),
)
