"""Which daemons are partners: by the servers of their high availability, never by names in the exporter's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.snapshot import TransportKind
from kea_exporter.facts.status import BACKUP
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.requirements.pairs.model import ROLES, Absent, PairSnapshot, Side
from kea_exporter.text import bracketed, host_and_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kea_exporter.facts.configuration import ConfiguredPeer
    from kea_exporter.facts.snapshot import Snapshot

LAST_ROLE = len(ROLES)
MAX_NAMED = 5
DEFAULT_PORTS = {"dhcp4": 8001, "dhcp6": 8002}


def pairs_of(snapshots: Sequence[Snapshot], *, has_all_servers: bool = True) -> tuple[PairSnapshot, ...]:
    """Return the pairs among daemons, in the order of their first ones.

    Partners have the same hosts and ports in `peers`. Where one of these is wrong, they have the same server names and
    at least one host and port in common.

    Args:
        snapshots: those of the daemons.
        has_all_servers: whether servers of a pair that are not there are unknown; if not, they are left out, as only a
            part of the servers was asked for.
    """
    groups: list[list[Side]] = []
    known: dict[object, list[list[Side]]] = {}
    for side in _sides(snapshots):
        found = (group for key in _keys(side) for group in known.get(key, ()))
        group = next((group for group in found if _is_another(side, group)), [])
        if not group:
            groups.append(group)
        group.append(side)
        for key in _keys(side):
            known.setdefault(key, []).append(group)
    pairs = (_pair(group, snapshots if has_all_servers else None) for group in groups)
    return tuple(pair for pair in pairs if len(pair.sides) > 1 or pair.absent)


def _sides(snapshots: Iterable[Snapshot]) -> Iterator[Side]:
    for snapshot in snapshots:
        configuration = snapshot.configuration
        if not isinstance(configuration, Failure) and len(configuration.pairs) == len(
            configuration.pair_configurations
        ):
            for configured, shared in zip(configuration.pairs, configuration.pair_configurations, strict=True):
                if configured.place:
                    yield Side(snapshot, configuration, configured, shared)


def _is_another(side: Side, group: Sequence[Side]) -> bool:
    """Return whether a server is none of a group: a hub has each of its relationships with other servers.

    Files with the same this-server-name are those of one server, before and after a change.
    """
    names = {one.configured.own_name for one in group}
    is_same_file = side.snapshot.is_of_a_file and side.configured.own_name in names
    return not is_same_file and all(side.snapshot.target != one.snapshot.target for one in group)


def _keys(side: Side) -> Iterator[object]:
    """Yield what a partner has in common with a server, the surest first."""
    daemon, configured = side.snapshot.target.daemon, side.configured
    yield daemon, configured.place
    for peer in configured.peers:
        if peer.place:
            yield daemon, configured.names, peer.place


def _pair(group: Sequence[Side], snapshots: Sequence[Snapshot] | None) -> PairSnapshot:
    sides = sorted(group, key=lambda side: ROLES.get(side.role, LAST_ROLE))
    first = sides[0]
    absent = () if snapshots is None else tuple(_absent(sides, snapshots))
    return PairSnapshot(first.configured.place, first.snapshot.target.daemon, tuple(sides), absent)


def _absent(sides: Sequence[Side], snapshots: Sequence[Snapshot]) -> Iterator[Absent]:
    """Yield the servers that the relationship of the first side names, and that no side is."""
    names = {side.configured.own_name for side in sides}
    places = {side.configured.own.place for side in sides}
    for peer in sides[0].configured.peers:
        if peer.name not in names and peer.place not in places:
            yield _unknown(peer, sides[0], snapshots)


def _unknown(peer: ConfiguredPeer, first: Side, snapshots: Sequence[Snapshot]) -> Absent:
    daemon = first.snapshot.target.daemon
    host = peer.place.rpartition(":")[0]
    name = f"{'the backup' if peer.role == BACKUP else 'the partner'} {peer.name} ({peer.place})"
    silent = [
        (snapshot.target, snapshot.configuration)
        for snapshot in snapshots
        if snapshot.target.daemon is daemon and isinstance(snapshot.configuration, Failure)
    ]
    of_host = [(target, failure) for target, failure in silent if bracketed(target.host) == host]
    for target, failure in of_host or (silent if len(silent) == 1 else []):
        what = "is" if of_host else "may be"
        evidence = f"{name} {what} {target.server}, whose configuration is unknown: {failure.stage}: {failure.detail}"
        return Absent(peer.name, peer.role, evidence, NEXT_STEPS.get(failure.reason, ""))
    if silent:
        servers = ", ".join(target.server for target, _ in silent[:MAX_NAMED])
        evidence = f"{name} is not among the servers whose configuration is known; unknown is that of {servers}"
        return Absent(peer.name, peer.role, evidence, "Look at why these servers do not answer.")
    example = _entry(peer.name, host, first)
    step = f"Add it to servers in the exporter's configuration: {example}"
    return Absent(peer.name, peer.role, f"{name} is not in the exporter's configuration", step, example)


def _entry(name: str, host: str, first: Side) -> str:
    """Return the line for the exporter's configuration, with the scheme and port of the known server."""
    target = first.snapshot.target
    kind = target.kind if target.kind is not TransportKind.UNIX else TransportKind.HTTP
    port = target.url.rpartition(":")[2].partition("/")[0] if target.kind is not TransportKind.UNIX else ""
    number = int(port) if port.isdecimal() else DEFAULT_PORTS[target.daemon]
    place = host_and_port(host.removeprefix("[").removesuffix("]"), number)
    return f'- {{name: {name}, {target.daemon}: {{url: "{kind}://{place}"}}}}'
