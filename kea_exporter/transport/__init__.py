"""How a control socket is reached: bytes out, bytes back, and every trouble as a `Failure`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.transport.http import HttpTransport
from kea_exporter.transport.model import Transport, TransportError
from kea_exporter.transport.unix import UnixTransport

if TYPE_CHECKING:
    from kea_exporter.config import DaemonSettings
    from kea_exporter.transport.deadline import Deadline

__all__ = ["Transport", "TransportError", "transport_to"]


def transport_to(settings: DaemonSettings, deadline: Deadline) -> Transport:
    """Return the transport for a daemon; nothing is connected yet."""
    if settings.target.kind is TransportKind.UNIX:
        return UnixTransport(settings, deadline)
    return HttpTransport(settings, deadline)
