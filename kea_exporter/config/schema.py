"""Schema of the configuration file, in the terms of Prometheus' client configuration.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (`basic_auth`, `tls_config`,
`body_size_limit`, durations).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from kea_exporter.config.values import (
    DEFAULT_PROFILE,
    NAME_PATTERN,
    KeaVersion,
    NamedFile,
    Period,
    Prefix,
    RequirementId,
    RequirementOrSeverity,
    SeverityName,
    Size,
    Timeout,
    Url,
)

Port = Annotated[int, Field(ge=1, le=65535)]
UpgradeTarget = Literal["3.0", "3.2", "3.3"]
HookName = Literal["subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds", "class_cmds", "cb_cmds", "host_cache", "ha"]


class Section(BaseModel):
    """A mapping of the file: unknown keys are errors, types are not converted, error messages do not repeat values."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )


class BasicAuth(Section):
    """Credentials of HTTP basic authentication."""

    username: str | None = Field(None, description="a name without a colon", pattern="^[^:]+$", examples=["monitor"])
    username_file: NamedFile | None = Field(
        None, description="a file with the name", examples=["/etc/kea-exporter/username"]
    )
    password: SecretStr | None = Field(None, description="better: password_file")
    password_file: NamedFile | None = Field(
        None, description="a file with the password, read on every use", examples=["/etc/kea-exporter/password"]
    )


class TlsConfig(Section):
    """Verification of an https control socket, and the exporter's client certificate."""

    ca_file: NamedFile | None = Field(
        None,
        description="trusted CA certificates; by default those of the system",
        examples=["/etc/kea-exporter/ca.pem"],
    )
    cert_file: NamedFile | None = Field(
        None,
        description="the exporter's client certificate, for Kea's cert-required",
        examples=["/etc/kea-exporter/client.pem"],
    )
    key_file: NamedFile | None = Field(
        None, description="the key of cert_file, not encrypted", examples=["/etc/kea-exporter/client-key.pem"]
    )
    server_name: str | None = Field(
        None,
        description="the name or address to verify instead of the one in the url",
        pattern=r"^[^\s/]+$",
        examples=["kea1.example.com"],
    )
    insecure_skip_verify: bool = Field(
        default=False, description="disable verification: any server receives the credentials"
    )
    x509_strict: bool = Field(default=False, description="require the strict profile of RFC 5280")
    min_version: Literal["TLS12", "TLS13"] = Field("TLS12", description="TLS12 or TLS13")


class LeaseAudit(Section):
    """Background audit of all leases, which finds those in the wrong subnet."""

    interval: Period = Field(3600.0, description="time from one audit to the next", examples=["1h"])
    page_size: int = Field(1000, ge=10, le=10_000, description="a number from 10 to 10000")
    max_leases: int = Field(1_000_000, ge=1, description="a number above 0")


class Subnets(Section):
    """Subnets, selected by prefix or by shared network."""

    prefixes: list[Prefix] = Field([], description="prefixes", examples=["[10.0.0.0/8]"])
    shared_networks: list[str] = Field([], description="names of shared networks", examples=["[office]"])


class Collect(Section):
    """Collectors, and the series that they export."""

    statistics: Literal["auto", "all", "none"] = Field("auto", description="auto, all or none")
    leases: bool = Field(default=True, description="lease counts")
    subnets: bool = Field(default=True, description="series for each subnet; requires leases")
    pools: bool = Field(default=False, description="series for each pool; expensive for Kea with many subnets")
    high_availability: bool = Field(default=True, description="series for each relationship")
    include: Subnets | None = Field(None, description="subnets with their own series; all others have none")
    exclude: Subnets | None = Field(None, description="subnets without their own series")
    series_limit: int = Field(100_000, ge=1, le=10_000_000, description="a number from 1 to 10000000")


class Options(Section):
    """Options of defaults, servers and daemons; the most specific value wins, whole sections at a time."""

    timeout: Timeout = Field(5.0, description="timeout for one daemon, all commands included", examples=["5s"])
    basic_auth: BasicAuth | None = None
    tls_config: TlsConfig | None = None
    body_size_limit: Size = Field(32 * 1024**2, description="maximum size of an answer", examples=["32MiB"])
    profile: str = Field(DEFAULT_PROFILE, description="profile of requirements", examples=["ipam"])
    config_max_age: Period | None = Field(
        None,
        description="age from which on the configuration of a daemon with high availability is read again; by default"
        " 10m up to 1000 subnets and 1h above",
        examples=["30m"],
    )
    lease_audit: LeaseAudit | None = None
    collect: Collect = Collect()


class DaemonEntry(Options):
    """One daemon and its control socket."""

    url: Url = Field(
        description="url of the control socket: https:// or http:// with its port, or unix://",
        examples=["https://10.10.10.10:8001"],
    )
    control_agent: bool = Field(
        default=False, description="the url is that of a Control Agent (Kea before 3.0), for each of its daemons"
    )


class ServerEntry(Options):
    """One server with up to three daemons."""

    name: str = Field(
        description="a name of at most 100 characters, without spaces and slashes",
        pattern=NAME_PATTERN,
        examples=["dhcp-a"],
    )
    dhcp4: DaemonEntry | None = None
    dhcp6: DaemonEntry | None = None
    d2: DaemonEntry | None = None


class Realms(Section):
    """The authentication realm that each daemon must have; null for any."""

    dhcp4: str | None = Field(None, description="a realm, or null", examples=["kea-dhcpv4-server"])
    dhcp6: str | None = Field(None, description="a realm, or null", examples=["kea-dhcpv6-server"])
    d2: str | None = Field(None, description="a realm, or null", examples=["kea-dhcp-ddns-server"])


class ProfileEntry(Section):
    """Profile of requirements, as differences from another profile."""

    extends: str = Field(DEFAULT_PROFILE, description="a built-in profile, or one of the file", examples=["ipam"])
    minimum_version: KeaVersion | None = Field(
        None, description="the first supported version of Kea", examples=['"3.0.0"']
    )
    tested_version: KeaVersion | None = Field(None, description="the last tested version of Kea", examples=['"3.1.3"'])
    hooks: list[HookName] | None = Field(None, description="the hook libraries that are required")
    realms: Realms | None = None
    renewal_window: Period | None = Field(
        None, description="time before expiry at which a certificate should be renewed", examples=["30d"]
    )
    upgrade_target: UpgradeTarget | None = Field(
        None,
        description="instead of the next stable version, the one to which upgrade readiness is judged",
        examples=['"3.2"'],
    )
    severities: dict[RequirementOrSeverity, SeverityName] = Field(
        {}, description="other severities, by requirement or by severity"
    )
    leave_out: list[RequirementId] = Field([], description="requirements that are not judged")


class Auth(Section):
    """Named credentials and certificates, for targets that are not configured."""

    basic_auth: BasicAuth | None = None
    tls_config: TlsConfig | None = None


class AllowedTargets(Section):
    """Addresses that /probe accepts, with their credentials."""

    networks: list[Prefix] = Field(min_length=1, description="prefixes", examples=["[10.20.0.0/16]"])
    ports: list[Port] = Field(min_length=1, description="port numbers", examples=["[8001, 8002]"])
    auth: str = Field(description="a name under auths", examples=["branches"])


class Probe(Section):
    """Targets that /probe accepts in addition to the configured servers."""

    allowed_targets: list[AllowedTargets] = Field([], description="a list of networks and ports")


class ConfigFile(Section):
    """The configuration file of kea-exporter."""

    profiles: dict[str, ProfileEntry] = {}
    defaults: Options = Options()
    auths: dict[str, Auth] = {}
    probe: Probe = Probe()
    servers: list[ServerEntry] = Field(min_length=1, examples=["- {name: dhcp-a, dhcp4: {url: ...}}"])
