"""High availability families, with one relationship per partner."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, known
from kea_exporter.metrics.model import Family, Sample, per_daemon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kea_exporter.facts.status import Peer, Relationship
    from kea_exporter.requirements import Report

# Kea ARM, "Server States"; a partner that does not answer is `unavailable`.
STATES = (
    "backup",
    "communication-recovery",
    "hot-standby",
    "in-maintenance",
    "load-balancing",
    "partner-down",
    "partner-in-maintenance",
    "passive-backup",
    "ready",
    "syncing",
    "terminated",
    "unavailable",
    "waiting",
)
# Any state that a later Kea adds.
OTHER_STATE = "other"
OWNERS = {"primary", "secondary"}


def _named(report: Report) -> Iterator[tuple[str, Relationship]]:
    """Return the relationships that are exported, with their names."""
    if report.snapshot.has_relationship_series:
        for relationship in known(report.snapshot.status).relationships:
            yield relationship.name, relationship


def _peers(relationship: Relationship) -> tuple[tuple[str, Peer], ...]:
    return ("local", relationship.local), ("partner", relationship.partner)


def _states(report: Report) -> Iterator[Sample]:
    for name, relationship in _named(report):
        for which, peer in _peers(relationship):
            if peer.state:  # empty before the first heartbeat
                state = peer.state if peer.state in STATES else OTHER_STATE
                yield from (Sample((name, which, peer.role, entry), entry == state) for entry in (*STATES, OTHER_STATE))


def _scopes(report: Report) -> Iterator[Sample]:
    """Yield one sample for each scope and peer: 1 if the peer serves the scope."""
    for name, relationship in _named(report):
        peers = _peers(relationship)
        owners = {peer.name for _, peer in peers if peer.role in OWNERS and peer.name}
        for which, peer in peers:
            if peer.state:
                yield from (
                    Sample((name, which, owner), owner in peer.scopes) for owner in sorted(owners | set(peer.scopes))
                )


def _info(report: Report) -> Iterator[Sample]:
    for name, relationship in _named(report):
        of_both = (
            relationship.mode,
            relationship.local.name,
            relationship.local.role,
            relationship.partner.name,
            relationship.partner.role,
        )
        yield Sample((name, *of_both, _pair(report, relationship)), 1)


def _pair(report: Report, relationship: Relationship) -> str:
    """Return the addresses of both servers of a relationship; empty if the configuration is unknown."""
    configuration = report.snapshot.configuration
    names = {relationship.local.name, relationship.partner.name} - {""}
    pairs = () if isinstance(configuration, Failure) else configuration.pairs
    return next((pair.place for pair in pairs if names <= pair.names), "")


def _clock_skew(relationship: Relationship) -> float | None:
    """Return the clock skew; Kea repeats the last one in `terminated` and during an interruption."""
    states = (relationship.local.state, relationship.partner.state)
    is_measured = "terminated" not in states and relationship.communication_interrupted is not True
    return relationship.clock_skew_seconds if is_measured else None


def _number(report: Report, read: Callable[[Relationship], float | None]) -> Iterable[Sample]:
    values = ((name, read(relationship)) for name, relationship in _named(report))
    return [Sample((name,), value) for name, value in values if value is not None]


def _of_relationship(
    name: str,
    help: str,  # noqa: A002 - Prometheus' word
    read: Callable[[Report], Iterable[Sample]],
    *labels: str,
    source: str = "status-get (hook ha)",
) -> Family:
    return per_daemon(name, help, read, ("relationship", *labels), source=source)


FAMILIES = (
    _of_relationship(
        "kea_ha_info",
        "Mode, servers, roles and pair of a relationship, which is named after the partner; always 1.",
        _info,
        "mode",
        "local",
        "local_role",
        "partner",
        "partner_role",
        "pair",
        source="status-get (hook ha), config-get",
    ),
    _of_relationship(
        "kea_ha_state",
        "1 for the state of this server (peer local) and the last known state of its partner, 0 for other states.",
        _states,
        "peer",
        "role",
        "state",
    ),
    _of_relationship(
        "kea_ha_scope_served",
        "1 if this server (peer local), or its partner by the last heartbeat, serves the scope, else 0.",
        _scopes,
        "peer",
        "scope",
    ),
    _of_relationship(
        "kea_ha_partner_in_touch",
        "1 after the first heartbeat to the partner was answered or failed, 0 before.",
        partial(_number, read=lambda relationship: relationship.in_touch),
    ),
    _of_relationship(
        "kea_ha_communication_interrupted",
        "1 if the partner has not answered for longer than max-response-delay, else 0.",
        partial(_number, read=lambda relationship: relationship.communication_interrupted),
    ),
    _of_relationship(
        "kea_ha_partner_age_seconds",
        "Time since the last partner heartbeat, or since the start without any; absent before the first attempt.",
        partial(_number, read=lambda relationship: relationship.age_seconds if relationship.in_touch else None),
    ),
    _of_relationship(
        "kea_ha_clock_skew_seconds",
        "Clock skew of the partner as Kea measures it; absent while unknown, interrupted or terminated.",
        partial(_number, read=_clock_skew),
    ),
    _of_relationship(
        "kea_ha_connecting_clients",
        "Clients of the partner that send requests while communication is interrupted.",
        partial(_number, read=lambda relationship: relationship.connecting_clients),
    ),
    _of_relationship(
        "kea_ha_unacked_clients",
        "Clients without an answer from the partner while communication is interrupted.",
        partial(_number, read=lambda relationship: relationship.unacked_clients),
    ),
    _of_relationship(
        "kea_ha_unacked_clients_left",
        "Further unacked clients until the partner is considered down; 0 unless communication is interrupted.",
        partial(_number, read=lambda relationship: relationship.unacked_clients_left),
    ),
    _of_relationship(
        "kea_ha_analyzed_packets",
        "Packets to the partner that were analyzed for failure detection.",
        partial(_number, read=lambda relationship: relationship.analyzed_packets),
    ),
)
