"""Pairs of servers, from the configurations of both."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.snapshot import Daemon
from kea_exporter.kea.configuration import read_configuration
from kea_exporter.kea.prepared import prepared
from kea_exporter.kea.protocol import Answer, Result
from kea_exporter.partners import compared
from kea_exporter.requirements import PAIR_REQUIREMENTS, PairReport, judge_pair, pairs_of
from tests.support.examples import sound, target
from tests.support.partners import partner4, partner6

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.kea.prepared import Prepared

Tree = dict[str, Any]
PARTNERS = {"Dhcp4": partner4, "Dhcp6": partner6}
DAEMONS = {"Dhcp4": Daemon.DHCP4, "Dhcp6": Daemon.DHCP6}
NAMES = ("dhcp-a", "dhcp-b", "dhcp-c", "dhcp-d")


def ha_of(tree: Tree) -> Tree:
    """Return the parameters of the first relationship of a configuration."""
    [hook] = [hook for hook in tree["hooks-libraries"] if hook["library"].endswith("_ha.so")]
    relationship: Tree = hook["parameters"]["high-availability"][0]
    return relationship


def server(tree: Tree, name: str, root: str = "Dhcp4") -> Snapshot:
    """Return the snapshot of a server with this configuration, of that name in the exporter's configuration."""
    host = f"192.0.2.{NAMES.index(name) + 1}"
    found = read_configuration(Answer(Result.SUCCESS, "", {root: deepcopy(tree)}))
    return sound(DAEMONS[root], target=replace(target(DAEMONS[root], host=host), server=name), configuration=found)


def partners(root: str = "Dhcp4", *, change: Callable[[Tree], object] = lambda _: None) -> list[Tree]:
    """Return the configurations of two partners, of which one is changed."""
    one, other = PARTNERS[root](), PARTNERS[root]()
    ha_of(other)["this-server-name"] = "server2"
    change(other)
    return [one, other]


def judged(*trees: Tree, root: str = "Dhcp4", others: Sequence[Snapshot] = ()) -> list[PairReport]:
    """Return the reports on the pairs among servers with these configurations, and further servers."""
    read = dict(zip(NAMES, trees, strict=False))
    snapshots = [*(server(tree, name, root) for name, tree in read.items()), *others]

    def reading(server_name: str) -> Prepared:
        return prepared(root, deepcopy(read[server_name]))

    return [
        judge_pair(PAIR_REQUIREMENTS, compared(pair, lambda found: reading(found.server)), ())
        for pair in pairs_of(snapshots)
    ]
