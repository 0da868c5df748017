"""Settings as the rest of the program sees them: inheritance resolved, everything checked, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.config.profiles import BUILT_IN
from kea_exporter.config.selection import EVERY_SUBNET, Selection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from kea_exporter.config.profiles import Profile
    from kea_exporter.config.selection import Network
    from kea_exporter.facts.failure import Failure
    from kea_exporter.facts.snapshot import Target


@dataclass(frozen=True)
class Credentials:
    """Where user name and password come from; files are read on every use, so that they can be rotated."""

    username: str | Path
    password: SecretStr | Path


@dataclass(frozen=True)
class TlsSettings:
    """How an https control socket is verified, and what the exporter shows of itself.

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
class Collectors:
    """What is collected of a daemon, and how much of it is exported.

    Attributes:
        statistics: `all` for every statistic at any price, `none`, or `auto` for what Kea can tell without effort.
        leases: whether leases are counted.
        subnets: series for each subnet; nothing without `leases`.
        pools: series for each pool, at the price of statistic-get-all.
        high_availability: series for each relationship.
        selection: which subnets have series of their own, and their pools.
        series_limit: how many series each of these may have for one daemon.
    """

    statistics: str = "auto"
    leases: bool = True
    subnets: bool = True
    pools: bool = False
    high_availability: bool = True
    selection: Selection = EVERY_SUBNET
    series_limit: int = 100_000


@dataclass(frozen=True)
class DaemonSettings:
    """One daemon to probe.

    Attributes:
        port: TCP port; None for a unix socket.
        path: HTTP request path, or the path of the unix socket.
        address: the one to connect to, where the name of the target was resolved beforehand.
        unresolved: why it could not be, so that nothing is connected to.
        config_max_age: after how many seconds the configuration of a daemon with high availability is read again; None
            for the default.
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
    collectors: Collectors = Collectors()
    address: str | None = None
    unresolved: Failure | None = None
    config_max_age: float | None = None

    @property
    def is_configured(self) -> bool:
        """Return whether it is in the configuration; not so what a client names in /probe, of which there is no end."""
        return self.address is None and self.unresolved is None


@dataclass(frozen=True)
class AllowedTargets:
    """Addresses that /probe may be asked for although no server of the configuration has them.

    Attributes:
        template: how they are reached; its target is filled in for each request.
    """

    networks: tuple[Network, ...]
    ports: frozenset[int]
    template: DaemonSettings


@dataclass(frozen=True)
class Settings:
    """The whole configuration: every daemon of every server, in the order of the file.

    Attributes:
        profiles: by name, the built-in ones first.
    """

    daemons: tuple[DaemonSettings, ...]
    allowed_targets: tuple[AllowedTargets, ...] = ()
    profiles: Mapping[str, Profile] = field(default_factory=lambda: BUILT_IN)

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the files that the configuration names, each once: of passwords and certificates."""
        named = (
            path
            for daemon in (*self.daemons, *(allowed.template for allowed in self.allowed_targets))
            for path in (
                *((daemon.credentials.username, daemon.credentials.password) if daemon.credentials else ()),
                daemon.tls.ca_file,
                daemon.tls.cert_file,
                daemon.tls.key_file,
            )
        )
        return tuple(dict.fromkeys(path for path in named if isinstance(path, Path)))

    @property
    def servers(self) -> tuple[str, ...]:
        """Return the names of the servers, each once, in the order of the file."""
        return tuple(dict.fromkeys(daemon.target.server for daemon in self.daemons))
