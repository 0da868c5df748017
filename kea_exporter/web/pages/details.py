"""What is known of one daemon, as terms with their descriptions: the facts part of the detail page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, UnknownFactError
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.requirements.certificates import unneeded
from kea_exporter.requirements.serving import obstacle
from kea_exporter.web.pages import glance
from kea_exporter.web.pages.glance import UNKNOWN, Tone, Word
from kea_exporter.web.pages.words import counted, day, moment, span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.failure import Fact, T
    from kea_exporter.facts.snapshot import Configuration, Connection, ControlSocket, Snapshot, Tls
    from kea_exporter.facts.status import DaemonStatus
    from kea_exporter.requirements import Report

MAX_NAMES = 12
MILLISECONDS = 1000


@dataclass(frozen=True)
class Item:
    """A term, and what is known of it: one or several words."""

    term: str
    words: tuple[Word, ...]

    @property
    def is_known(self) -> bool:
        """Return whether it could be learnt."""
        return all(word.text != UNKNOWN for word in self.words)


@dataclass(frozen=True)
class ShownCertificate:
    """One certificate as it is shown.

    Attributes:
        covers: the entries of its SAN, at most a dozen.
        more: how many more entries there are.
    """

    role: str
    subject: str
    issuer: str
    serial_number: str
    key_type: str
    begins: str
    ends: str
    left: Word
    covers: tuple[str, ...]
    more: int


def facts(report: Report) -> tuple[Item, ...]:
    """Return what is known of a daemon in general."""
    snapshot = report.snapshot
    return (
        Item("Version", (glance.version(report),)),
        Item("Running", (_word(snapshot.status, _running),)),
        Item("DHCP service", (_dhcp_service(snapshot),)),
        Item("Threads", (_word(snapshot.status, _threads),)),
        Item("Reached at", (_word(snapshot.connection, _place),)),
        Item("TLS", (_word(snapshot.tls, _tls),)),
        Item("Control sockets", _words(snapshot.sockets, lambda socket: tuple(map(_socket, socket)))),
        Item("Hook libraries", _words(snapshot.configuration, _hooks)),
        Item("Configuration", (_word(snapshot.configuration, _size),)),
        Item("Probe", (_probe(snapshot),)),
    )


def certificates(report: Report, now: float) -> tuple[ShownCertificate, ...]:
    """Return the certificates that the server sent, its own first, and then the exporter's own."""
    tls, own = report.snapshot.tls, report.snapshot.client_certificate
    sent = () if isinstance(tls, Failure) or tls is None else tls.by_role
    shown = (*sent, *([("the exporter's own", own)] if own is not None else []))
    left_over = () if isinstance(tls, Failure) else unneeded(tls, now)
    return tuple(_certificate(role, value, now, is_needed=value not in left_over) for role, value in shown)


def _certificate(role: str, it: Certificate, now: float, *, is_needed: bool) -> ShownCertificate:
    covers = [*(f"ip:{address}" for address in it.addresses), *(f"dns:{name}" for name in it.names)]
    return ShownCertificate(
        role=role,
        subject=it.subject,
        issuer=it.issuer,
        serial_number=it.serial_number,
        key_type=it.key_type,
        begins=day(it.not_before),
        ends=moment(it.not_after),
        left=glance.validity(it, now, is_needed=is_needed),
        covers=tuple(sorted(covers)[:MAX_NAMES]),
        more=max(0, len(covers) - MAX_NAMES),
    )


def _word(fact: Fact[T], read: Callable[[T], Word]) -> Word:
    return glance.unknown(fact) if isinstance(fact, Failure) else read(fact)


def _words(fact: Fact[T], read: Callable[[T], tuple[Word, ...]]) -> tuple[Word, ...]:
    return (glance.unknown(fact),) if isinstance(fact, Failure) else read(fact) or (Word("none", Tone.QUIET),)


def _running(status: DaemonStatus) -> Word:
    since = f"for {span(status.uptime_seconds)}, with this configuration for {span(status.reload_seconds)}"
    return Word(since, more=f"process {status.pid}")


def _dhcp_service(snapshot: Snapshot) -> Word:
    if isinstance(snapshot.status, Failure):
        return glance.unknown(snapshot.status)
    state = snapshot.status.dhcp_state
    if state is None:
        return Word("not said", Tone.QUIET)
    if state.globally_disabled:
        return Word("disabled", Tone.BAD)
    try:
        found = obstacle(snapshot)
    except UnknownFactError as error:
        return Word("enabled", more=f"whether clients are served is not known: {error.failure.detail}")
    return Word("enabled, serves clients") if found is None else Word("serves no clients", Tone.BAD, found.evidence)


def _threads(status: DaemonStatus) -> Word:
    threading = status.multi_threading
    if threading is None:
        return Word("not said", Tone.QUIET)
    if not threading.enabled:
        return Word("one; multi-threading is off")
    waiting = " / ".join(f"{length:.3g}" for length in threading.queue_lengths)
    more = f"packets waiting, on average over the last 10, 100 and 1000: {waiting}" if waiting else ""
    return Word(counted(threading.threads, "thread") if threading.threads is not None else "several", more=more)


def _place(connection: Connection) -> Word:
    port = f" port {connection.port}" if connection.port is not None else ""
    return Word(f"{connection.address}{port}")


def _tls(tls: Tls | None) -> Word:
    return Word("not used", Tone.QUIET) if tls is None else Word(f"{tls.version}, {tls.cipher}")


def _socket(it: ControlSocket) -> Word:
    port = f" port {it.port}" if it.port is not None else ""
    return Word(f"{it.kind} on {it.address}{port}", more=", ".join(_guards(it)))


def _guards(it: ControlSocket) -> Iterator[str]:
    if it.tls:
        yield "client certificates required" if it.client_certificate_required else "client certificates not required"
    if it.authentication is not None:
        yield f"{it.authentication.kind} authentication with {counted(it.authentication.clients, 'client')}"
        yield f"realm {it.authentication.realm}"


def _hooks(configuration: Configuration) -> tuple[Word, ...]:
    return tuple(map(Word, configuration.hooks))


def _size(it: Configuration) -> Word:
    if it.root == ROOT_KEYS[Daemon.D2]:
        return Word(it.root)
    subnets, networks = counted(len(it.subnets.ids), "subnet"), counted(it.shared_networks, "shared network")
    return Word(f"{it.root}: {subnets}, {networks}, {counted(it.reservations, 'reservation')}")


def _probe(snapshot: Snapshot) -> Word:
    took, might = snapshot.duration_seconds * MILLISECONDS, span(snapshot.timeout_seconds)
    return Word(f"{took:.0f} ms of at most {might}", more=f"{counted(len(snapshot.exchanges), 'command')} sent")
