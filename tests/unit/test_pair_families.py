"""The families about what HA partners must configure alike."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import TYPE_CHECKING

from kea_exporter.config.selection import Selection
from kea_exporter.facts.failure import known
from kea_exporter.facts.pairs import FORM_VERSION, PARTS
from kea_exporter.facts.snapshot import Daemon
from kea_exporter.facts.subnets import Subnets
from kea_exporter.kea.shown import shown
from kea_exporter.metrics.pairs import FAMILIES
from tests.support.examples import pair_configuration, silent, sound
from tests.support.pages import own

if TYPE_CHECKING:
    from kea_exporter.facts.pairs import PairConfiguration
    from kea_exporter.facts.snapshot import Snapshot

FIRST, SECOND = Subnets((1,), ("192.0.2.0/24",), ("",)), Subnets((2,), ("198.51.100.0/24",), ("",))
HUB = (pair_configuration(FIRST, "a b"), pair_configuration(SECOND, "a c"))


def of(*entries: PairConfiguration) -> Snapshot:
    snapshot = sound()
    return replace(snapshot, configuration=replace(known(snapshot.configuration), pair_configurations=entries))


def test_each_relationship_has_a_hash_of_each_part() -> None:
    found = own("kea_config_hash", of(*HUB))
    assert found == {(pair, part): HUB[0].hashes[part] for pair in ("a b", "a c") for part in PARTS}
    assert own("kea_config_hash_info", of(*HUB)) == {(FORM_VERSION,): 1}


def test_relationships_of_one_pair_do_not_overwrite_each_other() -> None:
    other = replace(HUB[1], pair="a b")
    swapped = own("kea_config_hash", of(other, HUB[0]))

    found = own("kea_config_hash", of(HUB[0], other))

    assert found == swapped
    assert all(0 <= found["a b", part] < 2**48 for part in PARTS)
    assert found["a b", "pools"] != HUB[0].hashes["pools"]
    assert own("kea_ha_subnets", of(HUB[0], other)) == {("a b",): 2}


def test_subnets_of_a_hub_have_their_pair_within_selection_and_limit() -> None:
    whole = of(*HUB)
    series = known(whole.subnet_series)
    chosen = shown(known(whole.subnets), Selection(included=(ip_network("198.51.100.0/24"),)))
    few = replace(series, shown=chosen, counts=series.counts.of(chosen.ids))

    assert own("kea_ha_subnet_info", whole) == {
        ("1", "192.0.2.0/24", "a b"): 1,
        ("2", "198.51.100.0/24", "a c"): 1,
    }
    assert own("kea_ha_subnet_info", replace(whole, subnet_series=few)) == {("2", "198.51.100.0/24", "a c"): 1}
    limited = replace(series, limit=len(series.counts.columns))
    assert own("kea_ha_subnet_info", replace(whole, subnet_series=limited)) == {("1", "192.0.2.0/24", "a b"): 1}


def test_only_a_hub_has_pairs_of_subnets() -> None:
    assert own("kea_ha_subnet_info", of(HUB[0])) == {}
    assert own("kea_ha_subnets", of(HUB[0])) == {("a b",): 1}


def test_series_of_relationships_can_be_left_out_but_not_the_hashes() -> None:
    without = replace(of(*HUB), has_relationship_series=False)
    assert own("kea_ha_subnets", without) == own("kea_ha_subnet_info", without) == {}
    assert own("kea_config_hash", without)


def test_an_unknown_configuration_has_no_hash() -> None:
    for snapshot in (silent(), sound(Daemon.D2), of()):
        assert not any(own(family.name, snapshot) for family in FAMILIES)
