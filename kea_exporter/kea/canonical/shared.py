"""What the servers of one HA relationship share of a configuration, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kea_exporter.kea.canonical import daemon, subnets
from kea_exporter.kea.canonical.hub import classes_of_others, subnets_of_pairs
from kea_exporter.kea.canonical.relationship import ha
from kea_exporter.kea.high_availability import MAX_RELATIONSHIPS, pair_of
from kea_exporter.kea.prepared import SUBNET_KEYS

if TYPE_CHECKING:
    from kea_exporter.kea.canonical.values import Items
    from kea_exporter.kea.prepared import Prepared, PreparedSubnet, Tree

SPACES = {"Dhcp4": "dhcp4", "Dhcp6": "dhcp6"}


@dataclass(frozen=True, eq=False)
class SharedConfiguration:
    """The share of one relationship in the configuration of a daemon; without HA, all of it.

    Attributes:
        configuration: that of the daemon.
        relationship: its map; None without HA.
        pair: hosts and ports of the servers; empty without HA.
        names: those of the servers; empty without HA.
        subnets: those of the relationship, sorted by address.
        classes_of_others: client classes that a hub has for its other relationships only.
    """

    configuration: Prepared
    relationship: Tree | None
    pair: str
    names: frozenset[str]
    subnets: list[PreparedSubnet]
    classes_of_others: frozenset[str] = frozenset()

    @property
    def space(self) -> str:
        """Return the space of standard options."""
        return SPACES[self.configuration.root]

    def of_daemon(self, part: str) -> Items:  # noqa: PLR0911 - one for each part
        """Return the values of a part that are not of a subnet, by what they describe.

        Raises:
            MalformedAnswerError: the configuration has not the shape that Kea gives it.
        """
        match part:
            case "options":
                return daemon.daemon_options(self.configuration, self.space)
            case "reservations":
                return daemon.daemon_reservations(self.configuration, self.space)
            case "client_classes":
                return daemon.client_classes(self.configuration, self.space, self.classes_of_others)
            case "timers":
                return daemon.daemon_timers(self.configuration)
            case "ddns":
                return daemon.daemon_ddns(self.configuration)
            case "hooks":
                return daemon.hooks(self.configuration)
            case "lease_database":
                return daemon.lease_database(self.configuration)
            case "ha":
                return ha(self.relationship) if self.relationship is not None else {}
            case "other":
                return daemon.daemon_other(self.configuration)
            case _:
                return {}

    def of_subnet(self, part: str, subnet: PreparedSubnet) -> Items:  # noqa: PLR0911 - one for each part
        """Return the values of a part that one subnet has, by what they describe.

        Raises:
            MalformedAnswerError: the configuration has not the shape that Kea gives it.
        """
        match part:
            case "subnets":
                return {"id": [subnet.number]}
            case "pools":
                return subnets.pools(subnet)
            case "prefix_delegation":
                return subnets.prefix_delegation(subnet)
            case "shared_networks":
                return subnets.shared_networks(subnet)
            case "options":
                return subnets.subnet_options(subnet, self.space)
            case "reservations":
                return subnets.subnet_reservations(subnet, self.space)
            case "timers":
                return subnets.timers(subnet)
            case "ddns":
                return subnets.ddns(subnet)
            case "other":
                return subnets.other(subnet)
            case _:
                return {}


def shared_configurations(configuration: Prepared) -> tuple[SharedConfiguration, ...]:
    """Return one for each HA relationship, in the order of the configuration; one for all subnets without HA.

    A subnet belongs to the relationship of its `ha-server-name`; to the only one if there is no more. A hub may have
    subnets that belong to none.

    Raises:
        MalformedAnswerError: a relationship has not the shape that Kea gives it.
    """
    if configuration.root not in SUBNET_KEYS:
        return ()
    relationships = configuration.relationships[:MAX_RELATIONSHIPS]
    if not relationships:
        return (SharedConfiguration(configuration, None, "", frozenset(), configuration.subnets),)
    pairs = [pair_of(relationship) for relationship in relationships]
    chosen = [configuration.subnets] if len(pairs) == 1 else subnets_of_pairs(configuration, pairs)
    return tuple(
        SharedConfiguration(configuration, relationship, pair.place, pair.names, own, others)
        for relationship, pair, own, others in zip(
            relationships, pairs, chosen, classes_of_others(configuration, chosen), strict=True
        )
    )
