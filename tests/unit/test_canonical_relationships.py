"""The canonical form of hubs and of any configuration: which subnets belong to whom, and that nothing makes it fail."""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kea_exporter.facts.pairs import PARTS, PARTS_OF_SUBNETS
from kea_exporter.kea.canonical import pair_configurations, shared_configurations
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.reading import MalformedAnswerError, as_map
from tests.support.answers import said
from tests.support.configurations import hub, subnet
from tests.support.odd import changed
from tests.support.partners import partner4, partner6
from tests.support.recordings import recorded

if TYPE_CHECKING:
    from kea_exporter.facts.pairs import PairConfiguration
    from kea_exporter.kea.canonical import SharedConfiguration

Tree = dict[str, Any]
TREES = {"Dhcp4": partner4(), "Dhcp6": partner6()}


def of(tree: Tree, root: str = "Dhcp4") -> tuple[PairConfiguration, ...]:
    return pair_configurations(prepared(root, tree))


def spoke(number: int, *subnets: Tree) -> Tree:
    """Return the configuration of a spoke of `hub`."""
    tree = hub()
    parameters = tree["hooks-libraries"][1]["parameters"]
    relationship = parameters["high-availability"][number - 1]
    parameters["high-availability"] = [{**relationship, "this-server-name": f"spoke{number}"}]
    return {**tree, "subnet4": list(subnets)}


def test_subnets_of_a_hub_belong_to_the_relationship_that_they_name() -> None:
    named = [{"ha-server-name": name} for name in ("spoke1", "hub2", "spoke2")]
    first, second = of(hub(*named))
    assert (first.prefixes, second.prefixes) == (("10.0.1.0/24",), ("10.0.2.0/24", "10.0.3.0/24"))
    assert first.names == {"spoke1", "hub1"}
    assert (first.pair, second.pair) == ("127.0.0.1:18011 127.0.0.1:18021", "127.0.0.1:18012 127.0.0.1:18022")


def test_a_hub_and_its_spokes_have_equal_hashes() -> None:
    first, second = of(hub({"ha-server-name": "spoke1"}, {"ha-server-name": "spoke2"}))
    [of_first], [of_second] = of(spoke(1, subnet(1))), of(spoke(2, subnet(2)))
    assert (of_first.pair, of_first.hashes) == (first.pair, first.hashes)
    assert (of_second.pair, of_second.hashes) == (second.pair, second.hashes)
    [missing] = of(spoke(2))
    assert missing.hashes["subnets"] != second.hashes["subnets"]


def test_a_spoke_needs_no_classes_of_the_subnets_of_others() -> None:
    classes = [{"name": name, "test": "option[60].exists"} for name in ("base", "one", "two")]
    classes[2]["test"] = "member('base')"
    tree = hub({"ha-server-name": "spoke1"}, {"ha-server-name": "spoke2"})
    tree["subnet4"][0]["client-classes"] = ["one"]
    tree["subnet4"][1]["pools"][0]["client-classes"] = ["two", "base"]
    first, second = of({**tree, "client-classes": classes})
    [of_first] = of({**spoke(1, tree["subnet4"][0]), "client-classes": [classes[1]]})
    [of_second] = of({**spoke(2, tree["subnet4"][1]), "client-classes": [classes[0], classes[2]]})
    assert (first.hashes, second.hashes) == (of_first.hashes, of_second.hashes)


def test_a_class_that_no_subnet_of_a_hub_names_is_compared() -> None:
    tree = hub({"ha-server-name": "spoke1"}, {"ha-server-name": "spoke2"})
    first, _ = of({**tree, "client-classes": [{"name": "all", "test": "option[60].exists"}]})
    [of_first] = of(spoke(1, subnet(1)))
    assert {part for part in PARTS if first.hashes[part] != of_first.hashes[part]} == {"client_classes"}


def test_a_class_that_a_class_of_a_spoke_needs_is_compared() -> None:
    classes = [{"name": "base", "test": "option[60].exists"}, {"name": "one", "test": "member('base')"}]
    tree = hub({"ha-server-name": "spoke1"}, {"ha-server-name": "spoke2"})
    tree["subnet4"][0]["client-classes"] = ["one"]
    tree["subnet4"][1]["client-classes"] = ["base"]
    first, _ = of({**tree, "client-classes": classes})
    [of_first] = of({**spoke(1, tree["subnet4"][0]), "client-classes": classes})
    assert first.hashes == of_first.hashes


def test_a_subnet_of_a_hub_may_be_named_by_its_shared_network() -> None:
    tree = hub({"ha-server-name": "spoke1"})
    inside = {"name": "office", "user-context": {"ha-server-name": "spoke2"}, "subnet4": [subnet(7)]}
    first, second = of({**tree, "shared-networks": [inside]})
    assert (first.prefixes, second.prefixes) == (("10.0.1.0/24",), ("10.0.7.0/24",))


@pytest.mark.parametrize("context", [{}, {"ha-server-name": "unknown"}, {"ha-server-name": ["spoke1"]}])
def test_a_subnet_of_a_hub_that_names_no_peer_belongs_to_none(context: Tree) -> None:
    assert [entry.prefixes for entry in of(hub(context))] == [(), ()]


def test_all_subnets_belong_to_the_only_relationship() -> None:
    [found] = of(spoke(1, subnet(1, **{"user-context": {"ha-server-name": "other"}})))
    assert found.prefixes == ("10.0.1.0/24",)


def test_without_high_availability_there_is_one_for_everything() -> None:
    [found] = of({"subnet4": [subnet(1)]})
    assert (found.pair, found.names, found.prefixes) == ("", frozenset(), ("10.0.1.0/24",))
    assert of({}, "DhcpDdns") == of({}, "Control-agent") == ()


def test_each_subnet_has_eight_bytes_of_each_part() -> None:
    [found] = of({"subnet4": [subnet(number) for number in range(1, 101)]})
    assert set(found.subnet_hashes) == set(PARTS_OF_SUBNETS)
    assert all(column.itemsize * len(column) == 800 for column in found.subnet_hashes.values())
    assert all(0 <= number < 2**48 for number in found.hashes.values())


def test_two_subnets_of_one_prefix_are_both_there() -> None:
    [found] = of({"subnet4": [subnet(1), subnet(2, subnet="10.0.1.9/24")]})
    assert (found.prefixes, list(found.ids)) == (("10.0.1.0/24", "10.0.1.0/24"), [1, 2])


def test_a_subnet_without_an_id_as_in_a_file_is_taken() -> None:
    entry = {key: value for key, value in subnet(1).items() if key != "id"}
    [found] = of({"subnet4": [entry]})
    assert list(found.ids) == [0]


def test_what_costs_the_hashes_costs_no_other_fact() -> None:
    tree = partner4()
    tree["subnet4"][0]["option-data"] = "nonsense"
    with pytest.raises(MalformedAnswerError, match="'option-data' is not a list"):
        of(tree)
    found = read_configuration(said({"Dhcp4": {**tree, "subnet4": [], "client-classes": [{"name": "a", "test": 5}]}}))
    assert found.pair_configurations == ()
    assert found.subnets.ids == (2,)


def test_no_secret_is_in_the_canonical_form() -> None:
    peer = {"name": "a", "url": "http://192.0.2.1:8000", "role": "primary", "basic-auth-password": "hush"}
    parameters = {"high-availability": [{"peers": [peer], "basic-auth-password": "hush"}]}
    database = {"type": "mysql", "user": "kea", "password": "hush", "host": "hush"}
    hooks = [
        {"library": "libdhcp_ha.so", "parameters": parameters},
        {"library": "libdhcp_radius.so", "parameters": {"access": {"servers": [{"secret": "hush"}]}}},
    ]
    tree = {"hooks-libraries": hooks, "lease-database": database, "hosts-databases": [database]}
    [shared] = shared_configurations(prepared("Dhcp4", tree))
    assert "hush" not in str([shared.of_daemon(part) for part in PARTS])


# Kea 3.0.3 and what was recorded of the same, of other versions.
SAME = [(root, version) for root in ("Dhcp4", "Dhcp6") for version in ("kea-2.6.3", "kea-3.2.0", "kea-3.3.1")]
# What was recorded with other settings: the hooks that 2.6 has, lifetimes, and persistent leases.
OTHER_SETTINGS = {"hooks": "kea-2.6.3", "timers": "kea-3.3.1", "lease_database": "kea-3.3.1"}


def shared_by(version: str, root: str) -> SharedConfiguration:
    answer = recorded(version, root.lower())["config-get"]
    [found] = shared_configurations(prepared(root, answer["arguments"][root]))
    return found


@pytest.mark.parametrize(("root", "version"), SAME)
def test_versions_of_kea_that_are_configured_alike_are_equal(root: str, version: str) -> None:
    ours, theirs = shared_by("kea-3.0.3", root), shared_by(version, root)
    for part in PARTS:
        if OTHER_SETTINGS.get(part) != version:
            assert ours.of_daemon(part) == theirs.of_daemon(part), part
    for part in ("timers", "ddns", "other") if version != "kea-3.3.1" else ("ddns", "other"):
        assert ours.of_subnet(part, ours.subnets[0]) == theirs.of_subnet(part, theirs.subnets[0]), part


# Any configuration


@given(st.data(), st.sampled_from(["Dhcp4", "Dhcp6"]))
def test_nonsense_is_malformed_and_nothing_worse(data: st.DataObject, root: str) -> None:
    tree = data.draw(changed({root: TREES[root]}).filter(lambda tree: isinstance(tree, dict)))
    with suppress(MalformedAnswerError):
        of(as_map(tree.get(root), root), root)  # type: ignore[attr-defined]


@given(st.integers(0, 2**32), st.sampled_from(["Dhcp4", "Dhcp6"]))
def test_the_order_of_lists_and_keys_is_no_difference(seed: int, root: str) -> None:
    [before], [after] = of(TREES[root], root), of(shuffled(TREES[root], Random(seed)), root)  # noqa: S311 - no secret
    assert after.hashes == before.hashes
    assert after.subnet_hashes == before.subnet_hashes


def shuffled(value: Any, random: Random, key: str = "") -> Any:  # noqa: ANN401 - JSON
    """Return a tree in another order, but for classes, whose order has a meaning."""
    if isinstance(value, list):
        items = [shuffled(item, random) for item in value]
        return items if key == "client-classes" else random.sample(items, len(items))
    if isinstance(value, dict):
        keys = random.sample([*value], len(value))
        return {name: shuffled(value[name], random, name) for name in keys}
    return deepcopy(value)
