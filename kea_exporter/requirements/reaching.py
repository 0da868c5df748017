"""Requirements on the connection, the service and the identity of a daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.facts.status import BACKUP
from kea_exporter.requirements.model import (
    Cause,
    Finding,
    Requirement,
    Severity,
    Subject,
    met,
    not_applicable,
    problem,
    unmet,
    unmet_for,
)
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.requirements.serving import CAUSES as SERVING_CAUSES
from kea_exporter.requirements.serving import dhcp_state, obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.status import DaemonStatus, DhcpState

AGENT_ROOT = "Control-agent"
# Failures of the server, the network or the name service; other failures may be those of the exporter's host.
UNREACHABLE = {
    (Stage.RESOLVE, Reason.NAME_NOT_RESOLVED): "The name in the url has no address",
    (Stage.CONNECT, Reason.REFUSED): "Nothing listens on the port",
    (Stage.CONNECT, Reason.TIMED_OUT): "The host or a firewall does not answer",
    (Stage.CONNECT, Reason.CONNECTION_CLOSED): "The connection was closed at once",
    (Stage.CONNECT, Reason.NO_ROUTE): "There is no route to the host",
    (Stage.CONNECT, Reason.NO_SUCH_SOCKET): "The unix socket does not exist",
    (Stage.CONNECT, Reason.PERMISSION_DENIED): "The exporter may not use the unix socket",
}
UNREACHABLE_CAUSES = {
    reason: Cause(str(reason), title, NEXT_STEPS[reason]) for (_, reason), title in UNREACHABLE.items()
}
DAEMON_OFFLINE = Cause(
    "daemon_offline", "The Control Agent answers, but not the daemon behind it", NEXT_STEPS[Reason.DAEMON_OFFLINE]
)


def _reachable(snapshot: Snapshot, _: Profile) -> Finding:
    connection = snapshot.connection
    if isinstance(connection, Failure) and (connection.stage, connection.reason) in UNREACHABLE:
        return unmet(UNREACHABLE_CAUSES[connection.reason], connection.detail)
    reached = known(connection)
    port = f" port {reached.port}" if reached.port is not None else ""
    return met(f"a connection to {reached.address}{port} was established")


def _running(snapshot: Snapshot, _: Profile) -> Finding:
    version = snapshot.version
    if isinstance(version, Failure) and version.reason is Reason.DAEMON_OFFLINE:
        evidence = "the daemon is offline: the Control Agent answers, but cannot reach the daemon behind it"
        return unmet(DAEMON_OFFLINE, evidence)
    known(version)
    known(snapshot.status)
    if snapshot.target.daemon is Daemon.D2:
        return met("the daemon answered version-get and status-get")
    return obstacle(snapshot) or met(
        "the daemon answered version-get and status-get, reads its lease database, and listens on an interface"
    )


def _dhcp_enabled(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.daemon is Daemon.D2:
        return not_applicable("D2 does not serve DHCP clients")
    status, state = known(snapshot.status), dhcp_state(snapshot)
    if state.by_local_command and any(relationship.local.role == BACKUP for relationship in status.relationships):
        return not_applicable("a backup in high availability serves no DHCP clients")
    if not state.globally_disabled:
        return met("DHCP service is enabled")
    evidence: dict[Cause, list[str]] = {}
    for cause, by in _origins(state, status):
        evidence.setdefault(cause, []).append(f"DHCP service is disabled by {by}")
    return unmet_for([problem(*found) for found in (evidence or {BY_UNKNOWN: ["DHCP service is disabled"]}).items()])


def _origins(state: DhcpState, status: DaemonStatus) -> Iterator[tuple[Cause, str]]:
    if state.by_user:
        yield BY_USER, "a user's dhcp-disable"
    if state.by_local_command:
        yield from _of_high_availability(status)
    if state.by_remote_command:
        yield BY_PARTNER, "a command of the partner"
    if state.by_database_connection:
        yield DATABASE_LOST, "a lost database connection"


def _of_high_availability(status: DaemonStatus) -> Iterator[tuple[Cause, str]]:
    """Yield the relationships whose state disables the service, or all of them if no state explains it."""
    relationships = status.relationships
    # A terminated server serves clients (measured), so another relationship explains the disabled service better.
    disabling = [entry for entry in relationships if entry.local.state in HA_CAUSES.keys() - {"terminated"}]
    for entry in disabling or relationships:
        partner, state = entry.partner.name, entry.local.state
        by = f"this server's high availability{f' with {partner}' if partner else ''}"
        yield HA_CAUSES.get(state, HA_OTHER), f"{by}, which is in the state {state or 'unknown'}"
    if not relationships:
        yield HA_OTHER, "this server's high availability"


BY_USER = Cause(
    "by_user",
    "A user disabled DHCP service, or Kea runs in repair mode (-R)",
    "Find out who sent dhcp-disable and why. Then send dhcp-enable, or restart the daemon without -R.",
    '{"command": "dhcp-enable"}',
)
BY_PARTNER = Cause(
    "by_partner",
    "The partner disabled DHCP service while it synchronizes its leases",
    "Wait: Kea enables the service when the synchronization ends, or after a minute. Do not send dhcp-enable.",
)
DATABASE_LOST = Cause(
    "database_lost",
    "Kea disabled DHCP service because it lost a database",
    "Start the database, or restore the network to it: Kea enables the service when it has reconnected.",
)
# dhcp-enable must not be sent to a server that high availability has disabled (Kea ARM, "Server States").
HA_MAINTENANCE = Cause(
    "ha_maintenance",
    "The server is in maintenance, and its partner serves the clients",
    "Finish the maintenance: shut the server down and start it again, or send ha-maintenance-cancel to the partner.",
    '{"command": "ha-maintenance-cancel"}',
)
HA_SYNCING = Cause(
    "ha_syncing",
    "The server synchronizes its leases with the partner",
    "Wait: the server serves clients afterwards. If the state does not change, read the HA_SYNC messages in Kea's log.",
)
HA_READY = Cause(
    "ha_ready",
    "The server has synchronized its leases and waits for its partner",
    "Wait for one of the next heartbeats. If the state does not change, check that the partner runs and is reachable.",
)
HA_WAITING = Cause(
    "ha_waiting",
    "The server waits for its partner",
    "Start the partner, or fix the connection to its url under peers. If both wait, read Kea's log on both.",
)
HA_TERMINATED = Cause(
    "ha_terminated",
    "High availability is terminated",
    "Fix the cause that Kea's log names (clock skew, different subnets), then restart both servers.",
)
HA_OTHER = Cause(
    "ha_other",
    "The high availability of this server disabled DHCP service",
    "Compare the states of both servers (status-get), and read Kea's log on both.",
)
BY_UNKNOWN = Cause("unknown_origin", "DHCP service is disabled, and Kea does not name the origin", "Read Kea's log.")
HA_CAUSES = {
    "in-maintenance": HA_MAINTENANCE,
    "syncing": HA_SYNCING,
    "ready": HA_READY,
    "waiting": HA_WAITING,
    "terminated": HA_TERMINATED,
}
DISABLED_CAUSES = (
    BY_USER,
    BY_PARTNER,
    DATABASE_LOST,
    HA_MAINTENANCE,
    HA_SYNCING,
    HA_READY,
    HA_WAITING,
    HA_TERMINATED,
    HA_OTHER,
    BY_UNKNOWN,
)


def require_expected_daemon(snapshot: Snapshot) -> None:
    """Raise UnknownFactError if another daemon answers: its facts do not apply to the expected one."""
    configuration, expected = snapshot.configuration, ROOT_KEYS[snapshot.target.daemon]
    if not isinstance(configuration, Failure) and configuration.root != expected:
        detail = f"{configuration.root} answers where {expected} was expected"
        raise UnknownFactError(Failure(Stage.COMMAND, Reason.WRONG_DAEMON, detail))


def _matches(snapshot: Snapshot, _: Profile) -> Finding:
    version = snapshot.version
    if isinstance(version, Failure) and version.reason is Reason.UNSUPPORTED_SERVICE:
        return unmet(NOT_AN_AGENT, version.detail)
    found, expected = known(snapshot.configuration).root, ROOT_KEYS[snapshot.target.daemon]
    if found != expected:
        cause = CONTROL_AGENT if found == AGENT_ROOT else OTHER_DAEMON
        return unmet(cause, f"{found} answers where {expected} was expected")
    return met(f"{found} answers")


CONTROL_AGENT = Cause(
    "control_agent",
    "A Control Agent answers instead of the daemon",
    "Set control_agent: true for this daemon in the exporter's configuration.",
    'dhcp4: {url: "http://10.10.10.10:8000", control_agent: true}   (in the exporter\'s configuration)',
)
OTHER_DAEMON = Cause(
    "other_daemon",
    "Another daemon answers",
    "Correct the url under dhcp4, dhcp6 or d2 in the exporter's configuration: each daemon has its own socket-port.",
)
NOT_AN_AGENT = Cause(
    "not_an_agent", "A daemon answers instead of a Control Agent", NEXT_STEPS[Reason.UNSUPPORTED_SERVICE]
)


REQUIREMENTS = (
    Requirement(
        id="control-socket-reachable",
        subject=Subject.REACHING,
        short="reachable",
        severity=Severity.REQUIRED,
        title="The control socket must be reachable",
        clause="The socket-address and socket-port specify an IP address and port to which the HTTP service will be "
        "bound to. Ensure that the ports specified in the configuration files are open (check your firewall).",
        rule="a connection to the configured address and port was established.",
        causes=tuple(UNREACHABLE_CAUSES.values()),
        judge=_reachable,
    ),
    Requirement(
        id="service-running",
        subject=Subject.REACHING,
        short="running",
        severity=Severity.REQUIRED,
        title="The Kea service must run and be able to serve clients",
        clause="Verify that the Kea services are running so IPAM can communicate with your server.",
        rule="the daemon answers version-get and status-get; a DHCP daemon also has a lease database that answers, no "
        "failed DHCP socket, and at least one interface in interfaces-config.",
        causes=(DAEMON_OFFLINE, *SERVING_CAUSES),
        judge=_running,
    ),
    Requirement(
        id="dhcp-service-enabled",
        subject=Subject.REACHING,
        short="DHCP enabled",
        severity=Severity.RECOMMENDED,
        title="DHCP service must be enabled",
        clause="Verify that the Kea services are running so IPAM can communicate with your server.",
        rule="status-get reports that DHCP service is not disabled.",
        causes=DISABLED_CAUSES,
        judge=_dhcp_enabled,
    ),
    Requirement(
        id="service-matches",
        subject=Subject.REACHING,
        short="right daemon",
        severity=Severity.REQUIRED,
        title="The daemon behind the socket must be the configured one",
        clause="The realm should be set to kea-dhcpv4-server when configuring IPv4 service and kea-dhcpv6-server for "
        "IPv6.",
        rule="the root key of the running configuration is Dhcp4, Dhcp6 or DhcpDdns, as expected.",
        causes=(CONTROL_AGENT, OTHER_DAEMON, NOT_AN_AGENT),
        judge=_matches,
    ),
)
