"""Review of a Kea configuration, of a running daemon or from a file: one function for each requirement.

Each function yields (cause, evidence) for what it finds; `kea_exporter.requirements.configuration` owns the titles and
remedies. All of it is one pass over parsed subnets, with sorting and bisection: nothing is quadratic, whatever a daemon
sends.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.review import UPGRADE_BLOCKERS, UPGRADE_CHANGES, observed
from kea_exporter.kea.prepared import SUBNET_KEYS
from kea_exporter.kea.reading import MalformedAnswerError
from kea_exporter.kea.review import (
    changes,
    classes,
    dns,
    high_availability,
    lifetimes,
    operation,
    options,
    reservations,
    storage,
    subnets,
    upgrade,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.review import Observed, Review
    from kea_exporter.kea.prepared import Prepared

# What reading a configuration of another shape than Kea's raises, where a check does not look at each value.
SHAPE_ERRORS = (MalformedAnswerError, AttributeError, KeyError, TypeError, ValueError)


def _is_dhcp(configuration: Prepared) -> bool:
    return configuration.root in SUBNET_KEYS


def _is_dhcp4(configuration: Prepared) -> bool:
    return configuration.root == "Dhcp4"


def _is_d2(configuration: Prepared) -> bool:
    return configuration.root == "DhcpDdns"


def _has_partners(configuration: Prepared) -> bool:
    return _is_dhcp(configuration) and bool(configuration.relationships)


def _sends_updates(configuration: Prepared) -> bool:
    return _is_dhcp(configuration) and dns.is_enabled(configuration)


def _has_sockets(configuration: Prepared) -> bool:
    return bool(operation.network_sockets(configuration))


def _is_any(_: Prepared) -> bool:
    return True


class Check(NamedTuple):
    """One check: the requirement that it serves, whether that concerns a daemon, and what finds violations.

    What a later version refuses, or takes otherwise, is found once for the requirements on all upgrades.
    """

    requirement: str
    applies: Callable[[Prepared], bool]
    find: Callable[[Prepared], Iterator[tuple[str, str]]]


CHECKS = (
    Check("interfaces-are-configured", _is_dhcp, operation.without_interfaces),
    Check("subnets-do-not-overlap", _is_dhcp, subnets.overlaps),
    Check("subnet-prefixes-are-canonical", _is_dhcp, subnets.host_bits),
    Check("subnets-have-pools", _is_dhcp, subnets.without_pools),
    Check("pools-are-inside-their-subnet", _is_dhcp, subnets.pools_outside),
    Check("pools-serve-all-clients", _is_dhcp, subnets.guarded_pools_only),
    Check("shared-networks-have-subnets", _is_dhcp, subnets.empty_networks),
    Check("reservations-are-unique", _is_dhcp, reservations.duplicates),
    Check("reservations-apply", _is_dhcp, reservations.not_applied),
    Check("pools-are-not-fully-reserved", _is_dhcp, reservations.fully_reserved),
    Check("client-classes-exist", _is_dhcp, classes.unknown_classes),
    Check("routers-are-in-their-subnet", _is_dhcp4, options.routers),
    Check("subnets-have-routers", _is_dhcp4, options.without_routers),
    Check("timers-are-ordered", _is_dhcp, lifetimes.unordered),
    Check("leases-are-long-enough", _is_dhcp, lifetimes.too_short),
    Check("lease-database-is-persistent", _is_dhcp, storage.not_persistent),
    Check("expired-leases-are-reclaimed", _is_dhcp, storage.not_reclaimed),
    Check("subnet-changes-are-kept", _is_dhcp, storage.changes_lost),
    Check("partners-can-serve", _has_partners, high_availability.no_service),
    Check("partners-can-fail-over", _has_partners, high_availability.risky_settings),
    Check("partner-listener-is-protected", _has_partners, high_availability.open_peers),
    Check("ddns-names-have-a-domain", _sends_updates, dns.without_suffix),
    Check("ddns-domains-are-complete", _is_d2, dns.incomplete_domains),
    Check("ddns-requests-are-local", _is_d2, dns.listens_everywhere),
    Check("control-sockets-are-protected", _has_sockets, operation.open_sockets),
    Check("logging-is-not-debug", _is_any, operation.debug_logging),
    Check("statistic-samples-are-few", _is_dhcp, operation.many_samples),
    Check(UPGRADE_BLOCKERS, _is_any, upgrade.blockers),
    Check(UPGRADE_CHANGES, _is_any, changes.changes),
)


def review(configuration: Prepared) -> Review:
    """Return what is found in the configuration of a daemon.

    A check that the configuration is not fit for has a failure in place of its findings, and costs the others nothing.
    """
    found = {check.requirement: _findings(check, configuration) for check in CHECKS}
    return MappingProxyType({name: findings for name, findings in found.items() if findings is not None})


def _findings(check: Check, configuration: Prepared) -> Fact[tuple[Observed, ...]] | None:
    """Return what a check finds; None where it does not apply."""
    try:
        return observed(check.find(configuration)) if check.applies(configuration) else None
    except SHAPE_ERRORS as error:
        what = str(error) if isinstance(error, MalformedAnswerError) else "a value has another type"
        return Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, f"the configuration is not Kea's: {what}")
