"""The files that the exporter uses towards one daemon: whether they can be used as they are now."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.transport.context import build_context
from kea_exporter.transport.credentials import read_credentials
from kea_exporter.transport.model import TransportError
from kea_exporter.transport.tls import own_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.config import DaemonSettings, TlsSettings


def unusable_files(daemon: DaemonSettings) -> Iterator[str]:
    """Return what is wrong with the files of a daemon's tls_config and basic_auth, one sentence each."""
    if daemon.target.kind is TransportKind.HTTPS:
        try:
            build_context(daemon.tls)
            yield from _expired(daemon.tls)
        except TransportError as error:
            yield f"tls_config: {error}"
    if daemon.credentials is not None:
        try:
            read_credentials(daemon.credentials)
        except TransportError as error:
            yield f"basic_auth: {error}"


def _expired(tls: TlsSettings) -> Iterator[str]:
    certificate = own_certificate(tls)
    if certificate is not None and certificate.has_expired(time.time()):
        date = datetime.fromtimestamp(certificate.not_after, UTC).strftime("%Y-%m-%d %H:%M UTC")
        yield f"tls_config: cert_file {tls.cert_file} expired on {date}"
