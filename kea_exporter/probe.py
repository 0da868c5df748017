"""Ask one daemon everything, within one deadline; what cannot be learnt becomes a failure in its place."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Daemon, Snapshot, TransportKind
from kea_exporter.facts.statistics import Counted
from kea_exporter.kea.allocation_failures import allocation_failures
from kea_exporter.kea.client import KeaClient
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.inquiry import inquire
from kea_exporter.kea.lifetime import lifetime
from kea_exporter.kea.plan import STAT_LEASE, SUBNET_LIST
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.rereading import holds
from kea_exporter.kea.status import read_status, read_version
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.snapshot import (
        Connection,
        Exchange,
        Target,
    )
    from kea_exporter.facts.statistics import Statistics
    from kea_exporter.facts.status import DaemonStatus, Lifetime
    from kea_exporter.transport.deadline import Deadline

# Within these after its start, a reload cannot be told from the start.
SECONDS_TO_RELOAD = 2


@dataclass(frozen=True)
class Clock:
    """The two clocks of a probe, both in seconds: the one on the wall, and one that only goes forward."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


REAL_CLOCK = Clock()


def probe(
    settings: DaemonSettings, deadline: Deadline, before: Snapshot | None = None, clock: Clock = REAL_CLOCK
) -> Snapshot:
    """Return what one daemon tells over one connection; whatever a peer does, it never raises.

    *before* is the last snapshot of the same daemon, to notice a reload since, and to ask again only for what may have
    changed; None for the first.
    """
    target, started, taken_at = settings.target, clock.monotonic(), clock.wall()
    timeout = deadline.remaining()
    with closing(transport_to(settings, deadline)) as transport:
        opened: Fact[Connection]
        try:
            opened, refused = transport.open(), None
        except TransportError as error:
            opened = refused = error.failure
        client = KeaClient(transport, target, refused, clock.monotonic)
        asked_at = clock.wall()
        status = client.ask(Command.STATUS_GET, read_status)
        running = _lifetime(status, asked_at, clock.wall(), before)
        # A process has one version.
        version = before.version if before is not None and holds(running, before) else None
        if version is None or isinstance(version, Failure):
            version = client.ask(Command.VERSION_GET, read_version)
        if _was_reloaded(status, before, taken_at):
            # The first connection after a reload is still shown the old certificate (measured).
            with suppress(TransportError):  # then what the first connection showed stands
                transport.look_again()
        learnt = inquire(client, settings, version, running, before, taken_at)
        answering = learnt.configuration
        if target.control_agent:
            answering = client.ask_whoever_answers(Command.CONFIG_GET, read_configuration)
        is_http, is_https = target.kind is not TransportKind.UNIX, target.kind is TransportKind.HTTPS
        return Snapshot(
            target=target,
            taken_at=taken_at,
            timeout_seconds=timeout,
            version=version,
            status=status,
            lifetime=running,
            commands=learnt.commands,
            configuration=learnt.configuration,
            subnets=learnt.subnets,
            lease_database=learnt.lease_database,
            leases=learnt.leases,
            subnet_series=learnt.subnet_series,
            pool_totals=learnt.pool_totals,
            last_reservation=learnt.last_reservation,
            configuration_read=learnt.configuration_read,
            agreement=learnt.agreement,
            pool_series=learnt.pool_series,
            statistics=learnt.statistics,
            sockets=answering if isinstance(answering, Failure) else answering.sockets,
            connection=transport.connection or opened,
            authentication_result=transport.authentication_result or (client.ended if is_http else None),
            exchanges=client.exchanges,
            supported=_supported(target.daemon, learnt.commands, client.exchanges),
            tls=transport.tls or (refused if is_https else None),
            client_certificate=transport.client_certificate,
            authorities=transport.authorities,
            duration_seconds=clock.monotonic() - started,
            counted=_counted(running, learnt.statistics, before),
            allocation_failures=allocation_failures(before, taken_at, learnt.statistics, learnt.leases),
            has_relationship_series=settings.collectors.high_availability,
        )


def _lifetime(
    status: Fact[DaemonStatus], asked_at: float, answered_at: float, before: Snapshot | None
) -> Fact[Lifetime]:
    if isinstance(status, Failure):
        return status
    known_before = before.lifetime if before is not None else None
    return lifetime(status, asked_at, answered_at, None if isinstance(known_before, Failure) else known_before)


def _counted(running: Fact[Lifetime], statistics: Fact[Statistics], before: Snapshot | None) -> Counted | None:
    """Return what was counted last, so that counters go on after a probe that did not read them."""
    if isinstance(running, Failure) or isinstance(statistics, Failure):
        return before.counted if before is not None else None
    return Counted(running.pid, running.started.at, statistics)


def nothing_learnt(
    target: Target, failure: Failure, taken_at: float, timeout: float, before: Snapshot | None = None
) -> Snapshot:
    """Return the snapshot of a probe that took all its time and learnt nothing, for one reason."""
    return Snapshot(
        target=target,
        taken_at=taken_at,
        duration_seconds=timeout,
        timeout_seconds=timeout,
        connection=failure,
        authentication_result=failure,
        version=failure,
        status=failure,
        lifetime=failure,
        commands=failure,
        configuration=failure,
        sockets=failure,
        subnets=failure,
        lease_database=failure,
        leases=failure,
        subnet_series=failure,
        pool_series=failure,
        statistics=failure,
        exchanges=(),
        supported={},
        tls=failure,
        counted=before.counted if before is not None else None,
    )


def _was_reloaded(status: Fact[DaemonStatus], before: Snapshot | None, now: float) -> bool:
    """Return whether the daemon may have been reloaded since it was last probed; Kea counts whole seconds."""
    if isinstance(status, Failure):
        return False
    if before is None:
        return status.reload_seconds < max(status.uptime_seconds, SECONDS_TO_RELOAD)
    return now - status.reload_seconds >= before.taken_at - 1


def _supported(daemon: Daemon, commands: Fact[frozenset[str]], exchanges: Iterable[Exchange]) -> Mapping[str, bool]:
    """Return which commands of the plan the daemon has, as far as it said so."""
    wanted = (Command.VERSION_GET, SUBNET_LIST.get(daemon), STAT_LEASE.get(daemon))
    has = frozenset() if isinstance(commands, Failure) else commands
    supported = (
        {} if isinstance(commands, Failure) else {str(entry): entry in has for entry in wanted if entry is not None}
    )
    for exchange in exchanges:
        if exchange.failure is None or exchange.failure.stage is Stage.COMMAND:
            lacking = exchange.failure is not None and exchange.failure.reason is Reason.UNSUPPORTED
            supported[exchange.command] = not lacking
    return supported
