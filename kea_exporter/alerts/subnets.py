"""Alerts about the utilisation of subnets, shared networks and pools.

Kea counts a lease of a reserved address outside the pools as assigned, and a reserved address without a lease as free.
So there are two bounds: the leases in the pools, and the addresses that new clients cannot get. Without reservations
they are equal.
"""

from __future__ import annotations

from kea_exporter.alerts.model import Alert, Dashboard, Group, Recording, Severity
from kea_exporter.alerts.templates import COUNT, DAEMON, OF_DAEMON, PERCENTAGE, first, label, lookup
from kea_exporter.alerts.thresholds import (
    CUSTOMARY_FULLNESS,
    DECLINED_IN_AN_HOUR,
    EXHAUSTION_MIN_RISE,
    EXHAUSTION_MIN_SIZE,
    EXHAUSTION_WITHIN_SECONDS,
    FULLNESS_CRITICAL,
    FULLNESS_MIN_SIZE,
    FULLNESS_WARNING,
    FULLNESS_WORTH_PREDICTING,
    KEEP_STATE,
    REFUSED_MIN_SIZE,
)

OF_SUBNET = "subnet:kea_subnet_assigned_per_capacity:ratio"
OF_SUBNET_UPPER = "subnet:kea_subnet_assigned_or_reserved_per_capacity:ratio"
OF_SHARED_NETWORK = "shared_network:kea_subnet_assigned_per_capacity:ratio"
OF_SHARED_NETWORK_UPPER = "shared_network:kea_subnet_assigned_or_reserved_per_capacity:ratio"
REFUSED = "subnet:kea_subnet_allocation_failures:increase1h"
FAMILIES = {"address": "addresses", "prefix": "prefixes"}
IN_NETWORK = 'shared_network!=""'
GUARDED = 'kea_subnet_info{client_classes!=""}'

SUBNET = f"Subnet {label('subnet')} (id {label('subnet_id')}) of {DAEMON}"
SHARED_NETWORK = f"Shared network {label('shared_network')} of {DAEMON}"
POOL = f"Pool {label('pool_id')} of subnet {label('subnet_id')} of {DAEMON}"
THINGS = '{{ if eq $labels.kind "prefix" }}delegated prefixes{{ else }}addresses{{ end }}'
WHAT_TO_DO = "Add a pool, or shorten valid-lifetime."
BANDS = ((Severity.WARNING, FULLNESS_WARNING, "15m"), (Severity.CRITICAL, FULLNESS_CRITICAL, "5m"))


def lower(family: str, where: str = "") -> str:
    """Return the lower bound of leases in the pools: from pool statistics, else assigned less reserved out of pool."""
    assigned = f"kea_subnet_{family}_assigned{{{where}}}"
    reserved = f'kea_subnet_{family}_reserved{{placement="out_of_pool"}}'
    estimated = f"clamp_min({assigned} - ignoring (placement) {reserved}, 0)"
    return f"(kea_subnet_{family}_assigned_in_pool{{{where}}} or {estimated} or {assigned})"


def upper(family: str) -> str:
    """Return the upper bound of addresses that new clients cannot get: leased, or reserved without a lease."""
    assigned = f"(kea_subnet_{family}_assigned_in_pool or kea_subnet_{family}_assigned)"
    reserved = f'kea_subnet_{family}_reserved{{placement="in_pool"}}'
    return f"({assigned} + ignoring (placement) {reserved} or {assigned})"


def _recordings(kind: str, family: str) -> tuple[Recording, ...]:
    capacity = f"kea_subnet_{family}"
    shared = f"{capacity}{{{IN_NETWORK}}}"
    upper_count = f'{OF_SUBNET_UPPER}{{kind="{kind}", {IN_NETWORK}}} * ignoring (kind) {shared}'
    labels = (("kind", kind),)
    return (
        Recording(OF_SUBNET, f"clamp({lower(family)} / ({capacity} > 0), 0, 1)", labels),
        Recording(OF_SUBNET_UPPER, f"clamp({upper(family)} / ({capacity} > 0), 0, 1)", labels),
        Recording(OF_SHARED_NETWORK, _of_network(lower(family, IN_NETWORK), shared), labels),
        Recording(OF_SHARED_NETWORK_UPPER, _of_network(f"sum without (kind) ({upper_count})", shared), labels),
    )


def _of_network(leases: str, capacity: str) -> str:
    """Return the utilisation of the subnets of a shared network that all clients may use; of all, if there are none.

    Subnets that are restricted to client classes are judged one by one.
    """

    def ratio(without: str) -> str:
        sums = [f"sum without (subnet, subnet_id) ({counted}{without})" for counted in (leases, capacity)]
        return f"clamp({sums[0]} / ({sums[1]} > 0), 0, 1)"

    return f"{ratio(f' unless ignoring (name, client_classes) {GUARDED}')} or {ratio('')}"


def judged(ratio: str) -> str:
    """Return the subnets that are judged one by one: those in no shared network, and those with client classes.

    In a shared network, clients may get addresses from any subnet without client classes.
    """
    guarded = f"{ratio} and ignoring (kind, name, client_classes) {GUARDED}"
    return f'({ratio}{{shared_network=""}} or {guarded})'


def capacities(size: int, of_network: bool = False) -> str:  # noqa: FBT001, FBT002 - the other one of two
    """Return the number of addresses or prefixes if it is at least *size*, with the label `kind`."""

    def capacity(family: str) -> str:
        if of_network:
            return f"sum without (subnet, subnet_id) (kea_subnet_{family}{{{IN_NETWORK}}})"
        return f"kea_subnet_{family}"

    found = (
        f'label_replace({capacity(family)} >= {size}, "kind", "{kind}", "", "")' for kind, family in FAMILIES.items()
    )
    return f"({' or '.join(found)})"


REFUSED_BY_NETWORK = f"sum without (subnet, subnet_id) ({REFUSED}{{{IN_NETWORK}}})"
REFUSALS = ' Kea had no lease for {{ .Value | printf "%.0f" }} requests within the last hour.'
CLASSES = " It is restricted to the client classes {{ .Labels.client_classes }}."


def _leased(ratio: str, share: float, *labels: str) -> str:
    """Return the text on utilisation; with "or reserved" if the leases alone are below the threshold."""
    or_reserved = first(lookup(ratio, *OF_DAEMON, *labels, "kind", condition=f" <= {share}"), " or reserved")
    return f"has {PERCENTAGE} of its {THINGS} leased{or_reserved}."


def _subnet_nearly_full(severity: Severity, share: float, hold: str) -> Alert:
    by_leases = f"{judged(OF_SUBNET)} > {share} and {capacities(FULLNESS_MIN_SIZE)}"
    by_refusals = (
        f"{judged(OF_SUBNET_UPPER)} > {share} and {capacities(REFUSED_MIN_SIZE)} and ignoring (kind) {REFUSED} > 0"
    )
    more = first(lookup(REFUSED, *OF_DAEMON, "subnet_id", condition=" > 0"), REFUSALS) + first(
        lookup("kea_subnet_info", *OF_DAEMON, "subnet_id", where="client_classes!=''"), CLASSES
    )
    return Alert(
        "KeaSubnetNearlyFull",
        severity,
        f"{by_leases} or {by_refusals}",
        hold,
        "Subnet is nearly full",
        f"{SUBNET} {_leased(OF_SUBNET, share, 'subnet_id')}{more} {WHAT_TO_DO}",
        Dashboard.SUBNETS,
        keep=KEEP_STATE,
    )


def _network_nearly_full(severity: Severity, share: float, hold: str) -> Alert:
    by_leases = f"{OF_SHARED_NETWORK} > {share} and {capacities(FULLNESS_MIN_SIZE, of_network=True)}"
    by_refusals = (
        f"{OF_SHARED_NETWORK_UPPER} > {share} and {capacities(REFUSED_MIN_SIZE, of_network=True)} "
        f"and ignoring (kind) {REFUSED_BY_NETWORK} > 0"
    )
    return Alert(
        "KeaSharedNetworkNearlyFull",
        severity,
        f"{by_leases} or {by_refusals}",
        hold,
        "Shared network is nearly full",
        f"{SHARED_NETWORK} {_leased(OF_SHARED_NETWORK, share, 'shared_network')} {WHAT_TO_DO}",
        Dashboard.SUBNETS,
        keep=KEEP_STATE,
    )


def _pool_nearly_full(severity: Severity, share: float, hold: str) -> Alert:
    ratios = (
        f"clamp(kea_pool_{family}_assigned / (kea_pool_{family} >= {FULLNESS_MIN_SIZE}), 0, 1) "
        f'* ignoring (kind, client_classes) group_left (kind, client_classes) kea_pool_info{{kind="{kind}"}}'
        for kind, family in FAMILIES.items()
    )
    return Alert(
        "KeaPoolNearlyFull",
        severity,
        f"({' or '.join(ratios)}) > {share}",
        hold,
        "Pool of client classes is nearly full",
        f"{POOL}, for client classes {label('client_classes')}, has {PERCENTAGE} of its {THINGS} leased. {WHAT_TO_DO}",
        Dashboard.SUBNETS,
        keep=KEEP_STATE,
    )


def _exhaustion(name: str, ratio: str, of_what: str, sizes: str, summary: str, thing: str) -> Alert:  # noqa: PLR0913, PLR0917
    """Return the alert on subnets or networks that a linear trend over six hours fills within a day."""
    rises = f"delta({ratio}[6h]) * {sizes} >= {EXHAUSTION_MIN_RISE}"
    # The highest utilisation within half a day of this time, a week ago.
    custom = f"{ratio} <= {CUSTOMARY_FULLNESS} * max_over_time({ratio}[1d] offset 156h)"
    return Alert(
        name,
        Severity.WARNING,
        f"predict_linear({ratio}[6h], {EXHAUSTION_WITHIN_SECONDS}) > 1 and {of_what} > {FULLNESS_WORTH_PREDICTING} "
        f"and {rises} unless {custom}",
        "1h",
        summary,
        f"{thing} will have no free {THINGS} within a day if the trend of the last six hours continues. {WHAT_TO_DO}",
        Dashboard.SUBNETS,
    )


GROUP = Group(
    "kea-subnets",
    recordings=(
        *(recording for kind, family in FAMILIES.items() for recording in _recordings(kind, family)),
        Recording(REFUSED, "sum without (scope) (increase(kea_subnet_allocation_failures_total[1h]))"),
    ),
    alerts=(
        *(_subnet_nearly_full(*band) for band in BANDS),
        *(_network_nearly_full(*band) for band in BANDS),
        *(_pool_nearly_full(*band) for band in BANDS),
        _exhaustion(
            "KeaSubnetExhaustionPredicted",
            OF_SUBNET,
            judged(OF_SUBNET),
            capacities(EXHAUSTION_MIN_SIZE),
            "Subnet is predicted to be full within a day",
            SUBNET,
        ),
        _exhaustion(
            "KeaSharedNetworkExhaustionPredicted",
            OF_SHARED_NETWORK,
            OF_SHARED_NETWORK,
            capacities(EXHAUSTION_MIN_SIZE, of_network=True),
            "Shared network is predicted to be full within a day",
            SHARED_NETWORK,
        ),
        Alert(
            "KeaSubnetFullnessUncertain",
            Severity.INFO,
            "count without (subnet, subnet_id, shared_network, kind) ("
            f"{judged(OF_SUBNET_UPPER)} > {FULLNESS_WARNING} and {capacities(REFUSED_MIN_SIZE)} "
            f"unless {OF_SUBNET} > {FULLNESS_WARNING} unless ignoring (kind) {REFUSED}) > 0",
            "1h",
            "Subnets may be full because of reserved addresses",
            f"{COUNT} subnets of {DAEMON} may be full, depending on how many of their reserved addresses are leased. "
            "The exporter does not read allocation failures by subnet: set pools: true under collect in its "
            "configuration.",
            Dashboard.SUBNETS,
        ),
        Alert(
            "KeaDeclinedAddressesRising",
            Severity.WARNING,
            f"delta(kea_subnet_addresses_declined[1h]) >= {DECLINED_IN_AN_HOUR}",
            "15m",
            "Declined addresses of a subnet increase",
            f"{SUBNET} has {COUNT} more declined addresses than an hour ago: hosts use addresses that Kea did not "
            "assign. Look for hosts with static addresses in the pools, and for a second DHCP server.",
            Dashboard.SUBNETS,
        ),
    ),
)
