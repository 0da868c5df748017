"""Whether a DHCP daemon is able to serve clients, and the obstacle if it is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, Stage, UnknownFactError, known
from kea_exporter.facts.leases import LeaseDatabase
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.requirements.model import Cause, Finding, unmet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.status import DhcpState

    # The obstacle if a condition is known to fail, None if it holds.
    Condition = Callable[[Snapshot], Finding | None]

MEMFILE = "memfile"
NO_DHCP = Failure(Stage.COMMAND, Reason.UNSUPPORTED, "D2 does not serve DHCP clients")
HALF_APPLIED = Cause(
    "configuration_half_applied",
    "The configuration is half applied: the last reload failed, and Kea serves no client",
    "Find the error of the last reload in Kea's log, fix the file that it names, and send config-reload. Before that, "
    "test the configuration with config-test, and compare certificates with their keys (openssl): config-test does not "
    "read them.",
    '{"command": "config-reload"}',
)
DATABASE_UNAVAILABLE = Cause(
    "lease_database_unavailable",
    "The lease database is not available",
    "Start the lease database or restore the network to it: Kea reconnects automatically. Send config-reload only "
    "after the database accepts connections, because a failed reload stops all attempts. If the database works, "
    "the last reload failed: find its error in Kea's log, fix it, and send config-reload.",
)
SOCKETS_FAILED = Cause(
    "sockets_failed",
    "DHCP sockets could not be opened",
    "Free the port or the address that the evidence names, or correct interfaces-config; then restart the service.",
)
NO_INTERFACES = Cause(
    "no_interfaces",
    "No interface is configured",
    'Set interfaces-config to the interfaces of the clients, or to "*" for all, test the configuration with '
    "config-test, and send config-reload.",
    '"interfaces-config": {"interfaces": ["eth0"]}',
)
DISABLED = Cause("disabled", "DHCP service is disabled", "See the requirement dhcp-service-enabled.")
CAUSES = (HALF_APPLIED, DATABASE_UNAVAILABLE, SOCKETS_FAILED, NO_INTERFACES)


def dhcp_state(snapshot: Snapshot) -> DhcpState:
    """Return whether DHCP service is enabled, and what disabled it.

    Raises:
        UnknownFactError: status-get did not report it.
    """
    state = known(snapshot.status).dhcp_state
    if state is None:
        raise UnknownFactError(Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "status-get has no dhcp-state"))
    return state


def is_serving(snapshot: Snapshot) -> bool:
    """Return whether a DHCP daemon is able to serve clients.

    Raises:
        UnknownFactError: no obstacle is known, and a fact that could be one is unknown.
    """
    if snapshot.target.daemon is Daemon.D2:
        raise UnknownFactError(NO_DHCP)
    return _first_obstacle(snapshot, (_disabled, *CONDITIONS)) is None


def obstacle(snapshot: Snapshot) -> Finding | None:
    """Return the obstacle for a DHCP daemon whose service is enabled; None if it serves clients.

    Raises:
        UnknownFactError: no obstacle is known, and a fact that could be one is unknown.
    """
    return _first_obstacle(snapshot, CONDITIONS)


def _first_obstacle(snapshot: Snapshot, conditions: Iterable[Condition]) -> Finding | None:
    unknown: UnknownFactError | None = None
    for condition in conditions:
        try:
            found = condition(snapshot)
        except UnknownFactError as error:
            unknown = unknown or error
        else:
            if found is not None:
                return found
    if unknown is not None:
        raise unknown
    return None


def _disabled(snapshot: Snapshot) -> Finding | None:
    return unmet(DISABLED, "DHCP service is disabled") if dhcp_state(snapshot).globally_disabled else None


def _no_lease_database(snapshot: Snapshot) -> Finding | None:
    database, contradicts = snapshot.lease_database, _contradicts(snapshot)
    if isinstance(database, Failure):
        # Not conclusive: multi-threading may have been changed at run time.
        detail = f"{database.detail}; multi-threading is off although it is configured, as after a reload that failed"
        raise UnknownFactError(replace(database, detail=detail) if contradicts else database)
    if database is LeaseDatabase.AVAILABLE:
        return None
    kind = "" if isinstance(snapshot.configuration, Failure) else snapshot.configuration.lease_database
    if database is LeaseDatabase.NO_MANAGER and (contradicts or kind == MEMFILE):
        evidence = "the configuration is half applied: the last reload failed, and since then Kea serves no client"
        return unmet(HALF_APPLIED, evidence)
    problem = "Kea lost the connection" if database is LeaseDatabase.CONNECTION_LOST else "Kea has no connection"
    named = f" ({kind})" if kind else ""
    evidence = f"the lease database{named} is not available: {problem} to it, and serves no client"
    return unmet(DATABASE_UNAVAILABLE, evidence)


def _contradicts(snapshot: Snapshot) -> bool:
    """Return whether multi-threading is off although the configuration enables it, as after a late failure of a reload.

    An early failure leaves it on (measured on 3.0.3).
    """
    status, configuration = snapshot.status, snapshot.configuration
    if isinstance(status, Failure) or isinstance(configuration, Failure) or status.multi_threading is None:
        return False
    return configuration.multi_threading is True and not status.multi_threading.enabled


def _sockets_failed(snapshot: Snapshot) -> Finding | None:
    status = known(snapshot.status)
    if status.sockets_status is None:
        raise UnknownFactError(Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "status-get has no sockets"))
    if status.sockets_status != "failed":
        return None
    errors = "; ".join(status.sockets_errors) or "no reason given"
    return unmet(SOCKETS_FAILED, f"DHCP sockets could not be opened: {errors}")


def _no_interfaces(snapshot: Snapshot) -> Finding | None:
    if known(snapshot.configuration).interfaces:
        return None
    evidence = "no interface is configured: Kea has no DHCP socket, although it reports its sockets as ready"
    return unmet(NO_INTERFACES, evidence)


CONDITIONS: tuple[Condition, ...] = (_no_lease_database, _sockets_failed, _no_interfaces)
