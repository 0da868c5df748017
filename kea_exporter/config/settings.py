"""Settings as the rest of the program sees them: inheritance resolved, everything checked, frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from kea_exporter.config.profiles import Profile
    from kea_exporter.snapshot import Target


@dataclass(frozen=True)
class Credentials:
    """Where user name and password come from; files are read on every use, so that they can be rotated."""

    username: str | Path
    password: SecretStr | Path


@dataclass(frozen=True)
class TlsSettings:
    """How a https control socket is verified, and what the exporter shows of itself.

    Attributes:
        ca_file: the trusted certificates; None for those of the system.
        x509_strict: whether certificates have to follow the strict profile of RFC 5280.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    insecure_skip_verify: bool = False
    x509_strict: bool = False
    min_version: str = "TLS12"


@dataclass(frozen=True)
class AuditSettings:
    """How often, and in which portions, all leases of a daemon are looked at.

    Attributes:
        interval: seconds from one audit to the next.
        page_size: leases asked for at a time.
        max_leases: where to stop.
    """

    interval: float
    page_size: int
    max_leases: int


@dataclass(frozen=True)
class DaemonSettings:
    """One daemon to probe.

    Attributes:
        port: TCP port; None for a unix socket.
        path: HTTP request path, or the path of the unix socket.
    """

    target: Target
    port: int | None
    path: str
    timeout_seconds: float
    body_size_limit: int
    credentials: Credentials | None
    tls: TlsSettings
    profile: Profile
    lease_audit: AuditSettings | None


@dataclass(frozen=True)
class Settings:
    """The whole configuration: every daemon of every server, in the order of the file."""

    daemons: tuple[DaemonSettings, ...]

    @property
    def servers(self) -> tuple[str, ...]:
        """Return the names of the servers, each once, in the order of the file."""
        return tuple(dict.fromkeys(daemon.target.server for daemon in self.daemons))
