"""Subnets of a daemon by utilisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.alerts.thresholds import FULLNESS_MIN_SIZE, FULLNESS_WARNING
from kea_exporter.facts.failure import Failure
from kea_exporter.facts.fullness import KINDS, fullest_subnets, fullness_of, judged_rooms
from kea_exporter.facts.subnets import REFUSED, Count
from kea_exporter.web.pages.formatting import amount
from kea_exporter.web.pages.summary import Bar, bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.facts.leases import Leases
    from kea_exporter.facts.snapshot import Snapshot

MAX_SHOWN = 20


@dataclass(frozen=True)
class SubnetRow:
    """Utilisation of one subnet, by kind of lease.

    Attributes:
        network: the name of its shared network; may be empty.
        notes: further facts, such as `3 declined`.
    """

    number: int
    prefix: str
    network: str
    bars: tuple[Bar, ...]
    notes: tuple[str, ...]


def fullest(snapshot: Snapshot) -> tuple[SubnetRow, ...]:
    """Return the subnets with the highest utilisation, highest first; only those with known utilisation."""
    leases, subnets = snapshot.leases, snapshot.subnets
    if isinstance(leases, Failure) or isinstance(subnets, Failure):
        return ()
    kinds = [fullness_of(leases.subnets, kind) for kind in KINDS]
    labels = dict(zip(subnets.ids, zip(subnets.prefixes, subnets.networks, strict=True), strict=True))
    rows = []
    for place in fullest_subnets(snapshot, MAX_SHOWN):
        number = leases.subnets.keys[place]
        prefix, network = labels.get(number, (f"subnet {number}", ""))
        bars = tuple(bar(found) for kind in kinds if (found := kind[place]) is not None)
        rows.append(SubnetRow(number, prefix, network, bars, tuple(_notes(leases, place))))
    return tuple(rows)


def nearly_full(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the names of subnets and shared networks above the alert threshold, highest utilisation first."""
    full = [
        room
        for room in judged_rooms(snapshot)
        if room.fullness.share > FULLNESS_WARNING and room.fullness.capacity >= FULLNESS_MIN_SIZE
    ]
    return tuple(dict.fromkeys(room.name for room in sorted(full, key=lambda entry: -entry.fullness.share)))


def _notes(leases: Leases, place: int) -> Iterator[str]:
    declined = _value(leases, Count.ADDRESSES_DECLINED, place)
    if declined:
        yield f"{amount(declined)} declined"
    if refused := sum(_value(leases, count, place) for count in REFUSED):
        yield f"{amount(refused)} allocation failures since Kea started"


def _value(leases: Leases, count: Count, place: int) -> int:
    column = leases.subnets.columns.get(count)
    return (column[place] or 0) if column else 0
