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
        server_name: the name or address to verify instead of the one in the url.
    """

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    min_version: str = "TLS12"


@dataclass(frozen=True)
class DaemonSettings:
    """One daemon to probe.

    Attributes:
        host: name or address to connect to; empty for a unix socket.
        port: TCP port; None for a unix socket.
        path: HTTP request path, or the path of the unix socket.
    """

    target: Target
    host: str
    port: int | None
    path: str
    timeout_seconds: float
    body_size_limit: int
    credentials: Credentials | None
    tls: TlsSettings
    profile: Profile


@dataclass(frozen=True)
class Settings:
    """The whole configuration: every daemon of every server, in the order of the file."""

    daemons: tuple[DaemonSettings, ...]

    @property
    def servers(self) -> tuple[str, ...]:
        """Return the names of the servers, each once, in the order of the file."""
        return tuple(dict.fromkeys(daemon.target.server for daemon in self.daemons))
