"""From the configuration as it is written to settings: inheritance, and profiles upon profiles."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kea_exporter.config import schema
from kea_exporter.config.profiles import BUILT_IN, with_derived
from kea_exporter.config.selection import Selection
from kea_exporter.config.settings import (
    AllowedTargets,
    AuditSettings,
    Collectors,
    Credentials,
    DaemonSettings,
    Settings,
    TlsSettings,
)
from kea_exporter.facts.snapshot import Daemon, Target, TransportKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from urllib.parse import SplitResult

    from kea_exporter.config.profiles import Profile

# Stands in the place of an address that is filled in later.
ANYWHERE = urlsplit("https://")


def resolve(written: schema.ConfigFile) -> Settings:
    """Return the settings that a configuration without errors stands for."""
    profiles = with_derived(written.profiles, BUILT_IN)
    return Settings(tuple(_daemons(written, profiles)), tuple(_allowed_targets(written, profiles)), profiles)


def _daemons(written: schema.ConfigFile, profiles: Mapping[str, Profile]) -> Iterator[DaemonSettings]:
    for server in written.servers:
        for daemon in Daemon:
            entry: schema.DaemonEntry | None = getattr(server, daemon)
            if entry is not None:
                yield _daemon_settings(server.name, daemon, entry, (entry, server, written.defaults), profiles)


def _allowed_targets(written: schema.ConfigFile, profiles: Mapping[str, Profile]) -> Iterator[AllowedTargets]:
    for entry in written.probe.allowed_targets:
        auth = written.auths[entry.auth]
        # Both are set, be it to nothing: the credentials of the configured servers are not for these.
        own = schema.Options(basic_auth=auth.basic_auth, tls_config=auth.tls_config)
        anywhere = schema.DaemonEntry.model_construct(url=ANYWHERE, control_agent=False)
        template = _daemon_settings("", Daemon.DHCP4, anywhere, (own, written.defaults), profiles)
        yield AllowedTargets(tuple(entry.networks), frozenset(entry.ports), replace(template, lease_audit=None))


def _daemon_settings(
    server: str,
    daemon: Daemon,
    entry: schema.DaemonEntry,
    levels: tuple[schema.Options, ...],
    profiles: Mapping[str, Profile],
) -> DaemonSettings:
    url = entry.url
    kind = TransportKind(url.scheme)
    reached_by_http = kind is not TransportKind.UNIX
    credentials = _credentials(_nearest("basic_auth", levels)) if reached_by_http else None
    tls: schema.TlsConfig | None = _nearest("tls_config", levels) if kind is TransportKind.HTTPS else None
    audit: schema.LeaseAudit | None = _nearest("lease_audit", levels) if daemon is not Daemon.D2 else None
    host = url.hostname or ""
    target = Target(
        server=server,
        daemon=daemon,
        kind=kind,
        url=_shown(url),
        host=host,
        verified_name=(tls.server_name if tls else None) or host.partition("%")[0],
        control_agent=entry.control_agent,
        sends_credentials=credentials is not None,
    )
    return DaemonSettings(
        target=target,
        port=url.port,
        path=url.path or "/",
        timeout_seconds=_nearest("timeout", levels),
        body_size_limit=_nearest("body_size_limit", levels),
        credentials=credentials,
        tls=TlsSettings(**{name: value for name, value in tls if name != "server_name"}) if tls else TlsSettings(),
        profile=profiles[_nearest("profile", levels)],
        lease_audit=AuditSettings(**dict(audit)) if audit else None,
        config_max_age=_nearest("config_max_age", levels),
        collectors=_collectors(_nearest("collect", levels)),
    )


def _collectors(collect: schema.Collect) -> Collectors:
    include, exclude = collect.include or schema.Subnets(), collect.exclude or schema.Subnets()
    selection = Selection(
        included=None if collect.include is None else tuple(include.prefixes),
        included_networks=frozenset(include.shared_networks),
        excluded=tuple(exclude.prefixes),
        excluded_networks=frozenset(exclude.shared_networks),
    )
    options = {name: value for name, value in collect if name not in {"include", "exclude"}}
    return Collectors(**options, selection=selection)


def _nearest(option: str, levels: tuple[schema.Options, ...]) -> Any:  # noqa: ANN401 - any option of any type
    """Return the option from the nearest level that sets it, else its default; null sets it to nothing."""
    setting = next((level for level in levels if option in level.model_fields_set), levels[-1])
    return getattr(setting, option)


def _credentials(auth: schema.BasicAuth | None) -> Credentials | None:
    if auth is None:
        return None
    username = auth.username_file or auth.username
    password = auth.password_file or auth.password
    if username is None or password is None:  # _option_errors has seen to it
        raise AssertionError("basic_auth without username or password")
    return Credentials(username, password)


def _shown(url: SplitResult) -> str:
    return url.geturl() if url.netloc else f"{url.scheme}://{url.path}"
