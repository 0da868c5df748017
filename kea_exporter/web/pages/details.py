"""Facts about one daemon for the detail page, as terms with texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, UnknownFactError
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.requirements.certificates import unneeded
from kea_exporter.requirements.serving import obstacle
from kea_exporter.web.pages import summary
from kea_exporter.web.pages.formatting import counted, day, moment, span
from kea_exporter.web.pages.summary import UNKNOWN, StyledText, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.certificates import Certificate
    from kea_exporter.facts.configuration import Configuration, ControlSocket
    from kea_exporter.facts.failure import Fact, T
    from kea_exporter.facts.snapshot import Connection, Snapshot, Tls
    from kea_exporter.facts.status import DaemonStatus
    from kea_exporter.requirements import Report

MAX_NAMES = 12
MILLISECONDS = 1000


@dataclass(frozen=True)
class Item:
    """A term with its texts."""

    term: str
    texts: tuple[StyledText, ...]

    @property
    def is_known(self) -> bool:
        """Return whether the fact is known."""
        return all(text.text != UNKNOWN for text in self.texts)


@dataclass(frozen=True)
class ShownCertificate:
    """One certificate as it is shown.

    Attributes:
        covers: the entries of its SAN, at most 12.
        more: the number of further entries.
    """

    role: str
    subject: str
    issuer: str
    serial_number: str
    key_type: str
    begins: str
    ends: str
    left: StyledText
    covers: tuple[str, ...]
    more: int


def facts(report: Report) -> tuple[Item, ...]:
    """Return the facts about a daemon."""
    snapshot = report.snapshot
    took = f"{snapshot.duration_seconds * MILLISECONDS:.0f} ms of at most {span(snapshot.timeout_seconds)}"
    return (
        Item("Version", (summary.version(report),)),
        Item("Running", (_text(snapshot.status, _running),)),
        Item("DHCP service", (_dhcp_service(snapshot),)),
        Item("Threads", (_text(snapshot.status, _threads),)),
        Item("Reached at", (_text(snapshot.connection, _place),)),
        Item("TLS", (_text(snapshot.tls, _tls),)),
        Item("Control sockets", _texts(snapshot.sockets, lambda socket: tuple(map(_socket, socket)))),
        Item("Hook libraries", _texts(snapshot.configuration, lambda found: tuple(map(StyledText, found.hooks)))),
        Item("Configuration", (_text(snapshot.configuration, _size),)),
        Item("Probe", (StyledText(took, more=f"{counted(len(snapshot.exchanges), 'command')} sent"),)),
    )


def certificates(report: Report, now: float) -> tuple[ShownCertificate, ...]:
    """Return the certificates that the server sent, leaf first, then the exporter's client certificate."""
    tls, own = report.snapshot.tls, report.snapshot.client_certificate
    sent = () if isinstance(tls, Failure) or tls is None else tls.by_role
    shown = (*sent, *([("client certificate of the exporter", own)] if own is not None else []))
    left_over = () if isinstance(tls, Failure) else unneeded(tls, now)
    return tuple(_certificate(role, value, now, is_needed=value not in left_over) for role, value in shown)


def _certificate(role: str, certificate: Certificate, now: float, *, is_needed: bool) -> ShownCertificate:
    covers = [*(f"ip:{address}" for address in certificate.addresses), *(f"dns:{name}" for name in certificate.names)]
    return ShownCertificate(
        role=role,
        subject=certificate.subject,
        issuer=certificate.issuer,
        serial_number=certificate.serial_number,
        key_type=certificate.key_type,
        begins=day(certificate.not_before),
        ends=moment(certificate.not_after),
        left=summary.validity(certificate, now, is_needed=is_needed),
        covers=tuple(sorted(covers)[:MAX_NAMES]),
        more=max(0, len(covers) - MAX_NAMES),
    )


def _text(fact: Fact[T], read: Callable[[T], StyledText]) -> StyledText:
    return summary.unknown(fact) if isinstance(fact, Failure) else read(fact)


def _texts(fact: Fact[T], read: Callable[[T], tuple[StyledText, ...]]) -> tuple[StyledText, ...]:
    return (summary.unknown(fact),) if isinstance(fact, Failure) else read(fact) or (StyledText("none", Tone.QUIET),)


def _running(status: DaemonStatus) -> StyledText:
    since = f"for {span(status.uptime_seconds)}, with this configuration for {span(status.reload_seconds)}"
    return StyledText(since, more=f"process {status.pid}")


def _dhcp_service(snapshot: Snapshot) -> StyledText:
    if isinstance(snapshot.status, Failure):
        return summary.unknown(snapshot.status)
    state = snapshot.status.dhcp_state
    if state is None:
        return StyledText("not reported", Tone.QUIET)
    if state.globally_disabled:
        return StyledText("disabled", Tone.BAD)
    try:
        found = obstacle(snapshot)
    except UnknownFactError as error:
        return StyledText("enabled", more=f"whether it serves clients is unknown: {error.failure.detail}")
    return (
        StyledText("enabled, serves clients")
        if found is None
        else StyledText("serves no clients", Tone.BAD, found.evidence)
    )


def _threads(status: DaemonStatus) -> StyledText:
    threading = status.multi_threading
    if threading is None:
        return StyledText("not reported", Tone.QUIET)
    if not threading.enabled:
        return StyledText("one; multi-threading is off")
    waiting = " / ".join(f"{length:.3g}" for length in threading.queue_lengths)
    more = f"packets waiting, on average over the last 10, 100 and 1000: {waiting}" if waiting else ""
    return StyledText(counted(threading.threads, "thread") if threading.threads is not None else "several", more=more)


def _place(connection: Connection) -> StyledText:
    port = f" port {connection.port}" if connection.port is not None else ""
    return StyledText(f"{connection.address}{port}")


def _tls(tls: Tls | None) -> StyledText:
    return StyledText("not used", Tone.QUIET) if tls is None else StyledText(f"{tls.version}, {tls.cipher}")


def _socket(socket: ControlSocket) -> StyledText:
    port = f" port {socket.port}" if socket.port is not None else ""
    return StyledText(f"{socket.kind} on {socket.address}{port}", more=", ".join(_guards(socket)))


def _guards(socket: ControlSocket) -> Iterator[str]:
    if socket.tls:
        yield (
            "client certificates required" if socket.client_certificate_required else "client certificates not required"
        )
    if socket.authentication is not None:
        yield f"{socket.authentication.kind} authentication with {counted(socket.authentication.clients, 'client')}"
        yield f"realm {socket.authentication.realm}"


def _size(configuration: Configuration) -> StyledText:
    if configuration.root == ROOT_KEYS[Daemon.D2]:
        return StyledText(configuration.root)
    subnets, networks = (
        counted(len(configuration.subnets.ids), "subnet"),
        counted(configuration.shared_networks, "shared network"),
    )
    return StyledText(
        f"{configuration.root}: {subnets}, {networks}, {counted(configuration.reservations, 'reservation')}"
    )
