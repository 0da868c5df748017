"""The configuration file as it is written, in the words of Prometheus' own client configuration.

Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (`basic_auth`, `tls_config`,
`body_size_limit`, durations).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from kea_exporter.config.values import KeaVersion, NamedFile, Period, Prefix, RequirementId, Size, Timeout, Url

Port = Annotated[int, Field(ge=1, le=65535)]
HookName = Literal["subnet_cmds", "host_cmds", "lease_cmds", "stat_cmds", "class_cmds", "cb_cmds", "host_cache", "ha"]
SeverityName = Literal["required", "recommended", "advisory"]


class Section(BaseModel):
    """A mapping of the file: unknown keys are errors, types are not guessed, inputs are not repeated."""

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
    """How a https control socket is verified, and the exporter's own certificate."""

    ca_file: NamedFile | None = Field(
        None,
        description="the certificates that are trusted; by default those of the system",
        examples=["/etc/kea-exporter/ca.pem"],
    )
    cert_file: NamedFile | None = Field(
        None,
        description="the exporter's own certificate, for Kea's cert-required",
        examples=["/etc/kea-exporter/client.pem"],
    )
    key_file: NamedFile | None = Field(
        None, description="the key of cert_file, not encrypted", examples=["/etc/kea-exporter/client-key.pem"]
    )
    server_name: str | None = Field(
        None,
        description="the name or address to verify, where it is not the one of the url",
        pattern=r"^[^\s/]+$",
        examples=["kea1.example.com"],
    )
    insecure_skip_verify: bool = Field(default=False, description="send credentials to whoever answers")
    x509_strict: bool = Field(default=False, description="demand certificates in the strict profile of RFC 5280")
    min_version: Literal["TLS12", "TLS13"] = Field("TLS12", description="TLS12 or TLS13")


class LeaseAudit(Section):
    """Paging through all leases in the background, to find those that are not where they belong."""

    interval: Period = Field(3600.0, description="time from one audit to the next", examples=["1h"])
    page_size: int = Field(1000, ge=10, le=10_000, description="a number from 10 to 10000")
    max_leases: int = Field(1_000_000, ge=1, description="a number above 0")


class Subnets(Section):
    """Subnets, by a prefix that they lie in or by their shared network."""

    prefixes: list[Prefix] = Field([], description="prefixes", examples=["[10.0.0.0/8]"])
    shared_networks: list[str] = Field([], description="names of shared networks", examples=["[office]"])


class Collect(Section):
    """What is collected of a daemon, and how much of it is exported."""

    statistics: Literal["auto", "all", "none"] = Field("auto", description="auto, all or none")
    leases: bool = Field(default=True, description="whether leases are counted")
    subnets: bool = Field(default=True, description="series for each subnet; none without leases")
    pools: bool = Field(default=False, description="series for each pool; costs Kea much where it has many subnets")
    high_availability: bool = Field(default=True, description="series for each relationship")
    include: Subnets | None = Field(None, description="the only subnets that have series of their own")
    exclude: Subnets | None = Field(None, description="subnets that have no series of their own")
    series_limit: int = Field(100_000, ge=1, le=10_000_000, description="a number from 1 to 10000000")


class Options(Section):
    """What may be set for all, for a server, and for a daemon; the nearest wins, whole sections at a time."""

    timeout: Timeout = Field(5.0, description="time for all of one daemon", examples=["5s"])
    basic_auth: BasicAuth | None = None
    tls_config: TlsConfig | None = None
    body_size_limit: Size = Field(32 * 1024**2, description="largest answer accepted", examples=["32MiB"])
    profile: str = Field("ipam", description="whose requirements are judged", examples=["ipam"])
    lease_audit: LeaseAudit | None = None
    collect: Collect = Collect()


class DaemonEntry(Options):
    """One daemon and its control socket."""

    url: Url = Field(
        description="where its control socket is: https://, http:// or unix://", examples=["https://10.10.10.10:8001"]
    )
    control_agent: bool = Field(default=False, description="a Control Agent answers there (Kea before 3.0)")


class ServerEntry(Options):
    """One server with up to three daemons."""

    name: str = Field(
        description="a name of at most 100 characters, without blanks and slashes",
        pattern=r"^[^\s/\x00-\x1f\x7f-\x9f]{1,100}$",
        examples=["dhcp-a"],
    )
    dhcp4: DaemonEntry | None = None
    dhcp6: DaemonEntry | None = None
    d2: DaemonEntry | None = None


class Realms(Section):
    """The authentication realm demanded of each daemon; null for none."""

    dhcp4: str | None = Field(None, description="a realm, or null", examples=["kea-dhcpv4-server"])
    dhcp6: str | None = Field(None, description="a realm, or null", examples=["kea-dhcpv6-server"])
    d2: str | None = Field(None, description="a realm, or null", examples=["kea-dhcp-ddns-server"])


class ProfileEntry(Section):
    """What a product demands of Kea, as differences from another profile."""

    based_on: str = Field("ipam", description="a profile that is built in or stands above", examples=["ipam"])
    minimum_version: KeaVersion | None = Field(
        None, description="the first supported version of Kea", examples=['"3.0.0"']
    )
    tested_version: KeaVersion | None = Field(None, description="the last one that was tested", examples=['"3.1.3"'])
    hooks: list[HookName] | None = Field(None, description="the hook libraries that are required")
    realms: Realms | None = None
    renewal_window: Period | None = Field(
        None, description="how long before its end a certificate should be renewed", examples=["30d"]
    )
    severities: dict[RequirementId, SeverityName] = Field({}, description="other severities, by requirement")
    leave_out: list[RequirementId] = Field([], description="requirements that are not judged")


class Auth(Section):
    """Credentials and certificates by a name, for targets that are no servers of the configuration."""

    basic_auth: BasicAuth | None = None
    tls_config: TlsConfig | None = None


class AllowedTargets(Section):
    """Addresses that /probe may be asked for, and by which credentials."""

    networks: list[Prefix] = Field(min_length=1, description="prefixes", examples=["[10.20.0.0/16]"])
    ports: list[Port] = Field(min_length=1, description="port numbers", examples=["[8001, 8002]"])
    auth: str = Field(description="a name that stands under auths", examples=["branches"])


class Probe(Section):
    """What /probe may be asked for beside the servers of the configuration."""

    allowed_targets: list[AllowedTargets] = Field([], description="a list of networks and ports")


class ConfigFile(Section):
    """The configuration file of kea-exporter."""

    profiles: dict[str, ProfileEntry] = {}
    defaults: Options = Options()
    auths: dict[str, Auth] = {}
    probe: Probe = Probe()
    servers: list[ServerEntry] = Field(min_length=1, examples=["- {name: dhcp-a, dhcp4: {url: ...}}"])
