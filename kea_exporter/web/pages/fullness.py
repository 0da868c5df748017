"""The fullest subnets of a daemon."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.subnets import Count
from kea_exporter.web.pages.glance import KINDS, Bar, bar

if TYPE_CHECKING:
    from kea_exporter.facts.leases import Leases
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.subnets import Column, Subnets

MOST_SHOWN = 20
PER_MILLION = 1_000_000


@dataclass(frozen=True)
class SubnetRow:
    """One subnet: how full it is, by kind of lease.

    Attributes:
        network: the name of its shared network; empty where it is in none.
        declined: how many addresses clients found to be in use already; None where that is not known.
    """

    number: int
    prefix: str
    network: str
    bars: tuple[Bar, ...]
    declined: int | None


def fullest(snapshot: Snapshot) -> tuple[SubnetRow, ...]:
    """Return the fullest subnets, the fullest first; only those of which it is known how full they are."""
    leases, subnets = snapshot.leases, snapshot.subnets
    if isinstance(leases, Failure) or isinstance(subnets, Failure):
        return ()
    shares = _shares(leases)
    places = nlargest(MOST_SHOWN, (it for it, share in enumerate(shares) if share >= 0), key=lambda it: shares[it])
    rows = {number: row for row, number in enumerate(subnets.ids)}
    return tuple(_row(leases, subnets, place, rows) for place in places)


def _shares(leases: Leases) -> list[int]:
    """Return for each subnet the larger of its shares, in millionths; -1 where none is known."""
    shares = [-1] * len(leases.subnets.keys)
    for _, capacity, assigned in KINDS:
        columns = zip(_column(leases, capacity), _column(leases, assigned), strict=True)
        for place, (whole, part) in enumerate(columns):
            if part is not None and whole is not None and whole > 0:
                shares[place] = max(shares[place], part * PER_MILLION // whole)
    return shares


def _row(leases: Leases, subnets: Subnets, place: int, rows: dict[int, int]) -> SubnetRow:
    number = leases.subnets.keys[place]
    row = rows.get(number)
    bars = (bar(kind, _column(leases, it)[place], _column(leases, of)[place]) for kind, of, it in KINDS)
    return SubnetRow(
        number=number,
        prefix=f"subnet {number}" if row is None else subnets.prefixes[row],
        network="" if row is None else subnets.networks[row],
        bars=tuple(it for it in bars if it),
        declined=_column(leases, Count.ADDRESSES_DECLINED)[place],
    )


def _column(leases: Leases, count: Count) -> Column:
    return leases.subnets.columns.get(count) or (None,) * len(leases.subnets.keys)
