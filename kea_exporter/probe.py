"""Ask one daemon everything, within one deadline; what cannot be learnt becomes a failure in its place."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import Daemon, Snapshot, TransportKind
from kea_exporter.facts.statistics import Counted
from kea_exporter.kea.client import KeaClient
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.inquiry import inquire
from kea_exporter.kea.lifetime import lifetime
from kea_exporter.kea.plan import STAT_LEASE, SUBNET_LIST
from kea_exporter.kea.protocol import Command
from kea_exporter.kea.status import read_status, read_version
from kea_exporter.transport.choice import transport_to
from kea_exporter.transport.model import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from kea_exporter.config import Collectors, DaemonSettings
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.snapshot import (
        Admission,
        Configuration,
        Connection,
        ControlSocket,
        Exchange,
        Target,
        Tls,
    )
    from kea_exporter.facts.statistics import Statistics
    from kea_exporter.facts.status import Lifetime, Status
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.model import Transport

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
        opened = _open(transport)
        client = KeaClient(transport, target, opened if isinstance(opened, Failure) else None, clock.monotonic)
        version = client.ask(Command.VERSION_GET, read_version)
        asked_at = clock.wall()
        status = client.ask(Command.STATUS_GET, read_status)
        running = _lifetime(status, asked_at, clock.wall(), before)
        if _was_reloaded(status, before, taken_at):
            # The first connection after a reload is still shown the old certificate (measured).
            _look_again(transport)
        learnt = inquire(client, settings, version, running, before)
        return Snapshot(
            target=target,
            taken_at=taken_at,
            timeout_seconds=timeout,
            version=version,
            status=_as_wanted(status, settings.collectors),
            lifetime=running,
            **vars(learnt),
            sockets=_sockets(client, target, learnt.configuration),
            connection=transport.connection or opened,
            admission=_admission(transport, client, target),
            exchanges=client.exchanges,
            supported=_supported(target.daemon, learnt.commands, client.exchanges),
            tls=_tls(transport, opened, target),
            client_certificate=transport.client_certificate,
            authorities=transport.authorities,
            duration_seconds=clock.monotonic() - started,
            counted=_counted(running, learnt.statistics, before),
        )


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
        admission=failure,
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


def _open(transport: Transport) -> Fact[Connection]:
    try:
        return transport.open()
    except TransportError as error:
        return error.failure


def _was_reloaded(status: Fact[Status], before: Snapshot | None, now: float) -> bool:
    """Return whether the daemon may have been reloaded since it was last probed; Kea counts whole seconds."""
    if isinstance(status, Failure):
        return False
    if before is None:
        return status.reload_seconds < max(status.uptime_seconds, SECONDS_TO_RELOAD)
    return now - status.reload_seconds >= before.taken_at - 1


def _lifetime(status: Fact[Status], asked_at: float, answered_at: float, before: Snapshot | None) -> Fact[Lifetime]:
    if isinstance(status, Failure):
        return status
    known_before = before.lifetime if before is not None else None
    return lifetime(status, asked_at, answered_at, None if isinstance(known_before, Failure) else known_before)


def _as_wanted(status: Fact[Status], collectors: Collectors) -> Fact[Status]:
    if isinstance(status, Failure) or collectors.high_availability:
        return status
    return replace(status, relationships=())


def _look_again(transport: Transport) -> None:
    with suppress(TransportError):  # then what the first connection showed stands
        transport.look_again()


def _tls(transport: Transport, opened: Fact[Connection], target: Target) -> Fact[Tls | None]:
    if transport.tls is None and target.kind is TransportKind.HTTPS and isinstance(opened, Failure):
        return opened
    return transport.tls


def _admission(transport: Transport, client: KeaClient, target: Target) -> Fact[Admission | None]:
    if transport.admission is None and target.kind is not TransportKind.UNIX and client.ended is not None:
        return client.ended
    return transport.admission


def _sockets(client: KeaClient, target: Target, configuration: Fact[Configuration]) -> Fact[tuple[ControlSocket, ...]]:
    answering = configuration
    if target.control_agent:
        answering = client.ask_whoever_answers(Command.CONFIG_GET, read_configuration)
    return answering if isinstance(answering, Failure) else answering.sockets


def _supported(daemon: Daemon, commands: Fact[frozenset[str]], exchanges: Iterable[Exchange]) -> Mapping[str, bool]:
    """Return which commands of the plan the daemon has, as far as it said so."""
    wanted = (SUBNET_LIST.get(daemon), STAT_LEASE.get(daemon))
    has = frozenset() if isinstance(commands, Failure) else commands
    supported = (
        {} if isinstance(commands, Failure) else {str(entry): entry in has for entry in wanted if entry is not None}
    )
    for exchange in exchanges:
        if exchange.failure is None or exchange.failure.stage is Stage.COMMAND:
            lacking = exchange.failure is not None and exchange.failure.reason is Reason.UNSUPPORTED
            supported[exchange.command] = not lacking
    return supported
