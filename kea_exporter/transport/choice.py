"""Which transport a control socket needs; apart from the package, whose other users need not load `requests`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.transport.http import HttpTransport
from kea_exporter.transport.unix import UnixTransport

if TYPE_CHECKING:
    from kea_exporter.config import DaemonSettings
    from kea_exporter.transport.deadline import Deadline
    from kea_exporter.transport.model import Transport


def transport_to(settings: DaemonSettings, deadline: Deadline) -> Transport:
    """Return the transport for a daemon; nothing is connected yet."""
    if settings.target.kind is TransportKind.UNIX:
        return UnixTransport(settings, deadline)
    return HttpTransport(settings, deadline)
