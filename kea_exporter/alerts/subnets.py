"""Alerts about subnets and shared networks that run out of addresses or delegated prefixes."""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, PERCENTAGE, label
from kea_exporter.alerts.thresholds import (
    CUSTOMARY_FULLNESS,
    DECLINED_IN_AN_HOUR,
    EXHAUSTION_WITHIN_SECONDS,
    FULLNESS_CRITICAL,
    FULLNESS_WARNING,
    FULLNESS_WORTH_PREDICTING,
    KEEP_STATE,
)

OF_SUBNET = "subnet:kea_subnet_assigned_per_capacity:ratio"
OF_SHARED_NETWORK = "shared_network:kea_subnet_assigned_per_capacity:ratio"
FAMILIES = {"address": "addresses", "prefix": "prefixes"}
SUBNET = f"Subnet {label('subnet')} (id {label('subnet_id')}) of {DAEMON}"
SHARED_NETWORK = f"Shared network {label('shared_network')} of {DAEMON}"
THINGS = '{{ if eq $labels.kind "prefix" }}delegated prefixes{{ else }}addresses{{ end }}'
WHAT_TO_DO = "Add a pool, or shorten valid-lifetime."


def _recordings(kind: str, family: str) -> tuple[Recording, Recording]:
    assigned, capacity = f"kea_subnet_{family}_assigned", f"kea_subnet_{family}"
    shared = '{shared_network!=""}'
    sums = [f"sum without (subnet, subnet_id) ({it}{shared})" for it in (assigned, capacity)]
    labels = (("kind", kind),)
    return (
        Recording(OF_SUBNET, f"{assigned} / ({capacity} > 0)", labels),
        Recording(OF_SHARED_NETWORK, f"{sums[0]} / ({sums[1]} > 0)", labels),
    )


def _nearly_full(name: str, expression: str, thing: str, summary: str) -> tuple[Alert, Alert]:
    description = f"{thing} has {PERCENTAGE} of its {THINGS} leased. {WHAT_TO_DO}"
    bands = ((Severity.WARNING, FULLNESS_WARNING, "15m"), (Severity.CRITICAL, FULLNESS_CRITICAL, "5m"))
    warning, critical = (
        Alert(name, severity, f"{expression} > {share}", hold, summary, description, Dashboard.SUBNETS, keep=KEEP_STATE)
        for severity, share, hold in bands
    )
    return warning, critical


GROUP = Group(
    "kea-subnets",
    recordings=tuple(it for kind, family in FAMILIES.items() for it in _recordings(kind, family)),
    alerts=(
        # In a shared network, clients may have addresses of any of its subnets.
        *_nearly_full(
            "KeaSubnetNearlyFull",
            f'{OF_SUBNET}{{shared_network=""}}',
            SUBNET,
            "A subnet runs out of addresses or prefixes.",
        ),
        *_nearly_full(
            "KeaSharedNetworkNearlyFull",
            OF_SHARED_NETWORK,
            SHARED_NETWORK,
            "A shared network runs out of addresses or prefixes.",
        ),
        Alert(
            "KeaSubnetExhaustionPredicted",
            Severity.WARNING,
            f'predict_linear({OF_SUBNET}{{shared_network=""}}[6h], {EXHAUSTION_WITHIN_SECONDS}) > 1 '
            f"and {OF_SUBNET} > {FULLNESS_WORTH_PREDICTING} "
            # Half a day before and after this hour, a week ago.
            f"unless {OF_SUBNET} <= {CUSTOMARY_FULLNESS} * max_over_time({OF_SUBNET}[1d] offset 156h)",
            "1h",
            "A subnet will be full within a day if it goes on like this.",
            f"{SUBNET} will have no {THINGS} left within a day if it goes on like in the last six hours. {WHAT_TO_DO}",
            Dashboard.SUBNETS,
        ),
        Alert(
            "KeaDeclinedAddressesRising",
            Severity.WARNING,
            f"delta(kea_subnet_addresses_declined[1h]) >= {DECLINED_IN_AN_HOUR}",
            "15m",
            "Clients find addresses of a subnet in use already.",
            f"{SUBNET} had {COUNT} more declined addresses within an hour: somebody uses addresses "
            "that Kea did not give. Look for hosts with fixed addresses in the pools, and for a second DHCP server.",
            Dashboard.SUBNETS,
        ),
    ),
)
