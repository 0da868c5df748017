"""The page that is compared as a whole with `tests/golden/sound-and-silent.txt`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Count, Descriptions, Subnets
from kea_exporter.metrics import FAMILIES, Page, read_families
from tests.support.examples import pair_configuration, relationship, silent, sound, status
from tests.support.pages import EXPORTER, reports

if TYPE_CHECKING:
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.subnets import Column
    from kea_exporter.metrics import Family
    from kea_exporter.metrics.model import Samples


def golden_page() -> list[tuple[Family, list[Samples] | Exception]]:
    of_a_pair = sound(status=replace(status(), relationships=(relationship(),)))
    of_a_hub = with_pairs(of_a_pair)
    guarded = with_reservations(of_a_hub, Descriptions({1: "Office"}, {2: "phones"}))
    of_dhcp6 = with_reservations(sound(Daemon.DHCP6), Descriptions(pool_classes={(1, 7): "phones"}))
    snapshots = (guarded, of_dhcp6, sound(Daemon.D2), silent(), silent(Daemon.DHCP6))
    return list(read_families(FAMILIES, Page(reports(*snapshots), EXPORTER)))


def with_pairs(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot of a hub: its first subnet belongs to one relationship, the others to another."""
    listed, configuration = known(snapshot.subnets), known(snapshot.configuration)
    halves = (
        Subnets(listed.ids[part], listed.prefixes[part], listed.networks[part]) for part in (slice(1), slice(1, None))
    )
    entries = tuple(
        pair_configuration(half, f"192.0.2.1:800{number} 192.0.2.2:8000", frozenset({f"spoke{number}", "hub"}))
        for number, half in enumerate(halves, 1)
    )
    return replace(snapshot, configuration=replace(configuration, pair_configurations=entries))


def with_reservations(snapshot: Snapshot, descriptions: Descriptions) -> Snapshot:
    """Return a snapshot with series of all that is counted of subnets, three of them."""
    series, configuration = known(snapshot.subnet_series), known(snapshot.configuration)
    columns: dict[Count, Column] = {
        Count.ADDRESSES_RESERVED_IN_POOL: (2, None, 0),
        Count.ADDRESSES_RESERVED_OUT_OF_POOL: (3, None, 1),
        Count.ADDRESSES_IN_POOL: (97, 22, 0),
        Count.ALLOCATION_FAILURES: (0, 0, 0),
        Count.ALLOCATION_FAILURES_OF_NETWORK: (0, 0, 5),
        Count.LEASES_RECLAIMED: (7, 0, 0),
    }
    if snapshot.target.daemon is Daemon.DHCP6:
        columns |= {
            Count.PREFIXES_RESERVED_IN_POOL: (1, None, None),
            Count.PREFIXES_RESERVED_OUT_OF_POOL: (0, None, None),
            Count.PREFIXES_IN_POOL: (30, None, None),
        }
    counts = replace(series.counts, columns={**series.counts.columns, **columns})
    return replace(
        snapshot,
        subnet_series=replace(series, counts=counts),
        configuration=replace(configuration, descriptions=descriptions),
    )
