"""Is the daemon there, is it the right one, and does it serve?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.snapshot import ROOT_KEYS, Daemon
from kea_exporter.facts.status import BACKUP
from kea_exporter.requirements.model import Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.requirements.serving import dhcp_state, obstacle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.status import DhcpState

# What is the server's, the network's or the name service's doing; anything else is not known to be.
UNREACHABLE = {
    (Stage.RESOLVE, Reason.NAME_NOT_RESOLVED),
    (Stage.CONNECT, Reason.REFUSED),
    (Stage.CONNECT, Reason.TIMED_OUT),
    (Stage.CONNECT, Reason.CONNECTION_CLOSED),
    (Stage.CONNECT, Reason.NO_ROUTE),
    (Stage.CONNECT, Reason.NO_SUCH_SOCKET),
    (Stage.CONNECT, Reason.PERMISSION_DENIED),
}


def _reachable(snapshot: Snapshot, _: Profile) -> Finding:
    connection = snapshot.connection
    if isinstance(connection, Failure) and (connection.stage, connection.reason) in UNREACHABLE:
        return unmet(connection.detail, NEXT_STEPS[connection.reason])
    reached = known(connection)
    port = f" port {reached.port}" if reached.port is not None else ""
    return met(f"a connection to {reached.address}{port} was established")


def _running(snapshot: Snapshot, _: Profile) -> Finding:
    version = snapshot.version
    if isinstance(version, Failure) and version.reason is Reason.DAEMON_OFFLINE:
        evidence = "the daemon is offline: the Control Agent answers, but cannot reach the daemon behind it"
        return unmet(evidence, NEXT_STEPS[Reason.DAEMON_OFFLINE])
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
    if state.by_local_command and any(it.local.role == BACKUP for it in status.relationships):
        return not_applicable("a backup in high availability serves no DHCP clients")
    if not state.globally_disabled:
        return met("DHCP service is enabled")
    paused = next((it.local.state for it in status.relationships if it.local.state in PAUSED), "")
    by_whom = " and ".join(_origins(state)) or "an unnamed origin"
    evidence = f"DHCP service is disabled by {by_whom}{f' (state {paused})' if paused else ''}"
    return unmet(evidence, " ".join(_remedies(state, paused)))


# What to do where high availability itself keeps a server from serving, by its state (Kea ARM, "Server States").
PAUSED = {
    "in-maintenance": "The partner serves the clients; send ha-maintenance-cancel to the partner once the maintenance "
    "is done.",
    "waiting": "The server waits for its partner: start the partner, or fix the connection to its url under peers.",
    "syncing": "The server fetches the leases of its partner and then serves; where this does not end, look for "
    "HA_SYNC in Kea's log.",
    "ready": "The server has the leases and waits for its partner, which takes it in with one of its next heartbeats.",
}


def _remedies(state: DhcpState, paused: str) -> Iterator[str]:
    """Return what to do about each origin; a server that high availability has paused must not be enabled by hand."""
    if state.by_user:
        yield "Send dhcp-enable, once the person who sent dhcp-disable is done."
    if state.by_local_command and paused:
        yield PAUSED[paused]
    if state.by_remote_command:
        yield "The partner fetches the leases; Kea enables the service after that, or after a minute."
    if state.by_database_connection:
        yield "Restore the connection to the database; Kea then enables the service."


def _origins(state: DhcpState) -> list[str]:
    named = {
        "a user's dhcp-disable": state.by_user,
        "this server's high availability": state.by_local_command,
        "its partner's high availability": state.by_remote_command,
        "a lost database connection": state.by_database_connection,
    }
    return [name for name, is_origin in named.items() if is_origin]


def require_expected_daemon(snapshot: Snapshot) -> None:
    """Raise UnknownFactError where another daemon answers: what it has and how it is named tells nothing here."""
    configuration, wanted = snapshot.configuration, ROOT_KEYS[snapshot.target.daemon]
    if not isinstance(configuration, Failure) and configuration.root != wanted:
        detail = f"{configuration.root} answers where {wanted} was expected"
        raise UnknownFactError(Failure(Stage.COMMAND, Reason.WRONG_DAEMON, detail))


def _matches(snapshot: Snapshot, _: Profile) -> Finding:
    version = snapshot.version
    if isinstance(version, Failure) and version.reason is Reason.UNSUPPORTED_SERVICE:
        return unmet(version.detail, NEXT_STEPS[version.reason])
    found, wanted = known(snapshot.configuration).root, ROOT_KEYS[snapshot.target.daemon]
    if found != wanted:
        return unmet(f"{found} answers where {wanted} was expected")
    return met(f"{found} answers")


REQUIREMENTS = (
    Requirement(
        id="control-socket-reachable",
        subject=Subject.REACHING,
        short="reachable",
        severity=Severity.REQUIRED,
        title="The control socket can be reached",
        clause="The socket-address and socket-port specify an IP address and port to which the HTTP service will be "
        "bound to. Ensure that the ports specified in the configuration files are open (check your firewall).",
        rule="a connection to the configured address and port was established.",
        remedy="Start the Kea service, check socket-address and socket-port, and open the port in the firewalls.",
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
        remedy="Start the service of this daemon. Where it answers and does not serve clients: fix the configuration "
        "whose reload failed and send config-reload, restore the lease database, or correct interfaces-config.",
        judge=_running,
    ),
    Requirement(
        id="dhcp-service-enabled",
        subject=Subject.REACHING,
        short="DHCP enabled",
        severity=Severity.RECOMMENDED,
        title="DHCP service is enabled",
        clause="Verify that the Kea services are running so IPAM can communicate with your server.",
        rule="DHCP service is not disabled, by whomever.",
        remedy="Send dhcp-enable where a user disabled the service. During maintenance and synchronization the partner "
        "serves the clients; otherwise start the partner, or restore the database connection.",
        judge=_dhcp_enabled,
    ),
    Requirement(
        id="service-matches",
        subject=Subject.REACHING,
        short="right daemon",
        severity=Severity.REQUIRED,
        title="The daemon behind the socket is the one configured",
        clause="The realm should be set to kea-dhcpv4-server when configuring IPv4 service and kea-dhcpv6-server for "
        "IPv6.",
        rule="the root key of the running configuration is Dhcp4, Dhcp6 or DhcpDdns, as configured here.",
        remedy="Correct the url under dhcp4, dhcp6 or d2 in the exporter's configuration: each daemon has its own "
        "socket-port.",
        judge=_matches,
    ),
)
