"""The PromQL of the dashboards.

`instance` is the exporter if Prometheus scrapes /metrics, and the server if it scrapes /probe. Series of a daemon are
therefore identified by server and daemon only: with several scrapes of one daemon, panels show it once. No recording
rule is needed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kea_exporter.alerts.subnets import OF_SUBNET, OF_SUBNET_UPPER
from kea_exporter.alerts.thresholds import (
    DAY_SECONDS,
    EXHAUSTION_MIN_RISE,
    EXHAUSTION_MIN_SIZE,
    FULLNESS_DIFFERENCE,
    FULLNESS_MIN_SIZE,
    FULLNESS_WORTH_PREDICTING,
    REFUSED_MIN_SIZE,
)
from kea_exporter.kea.plan import FEW_SUBNETS

if TYPE_CHECKING:
    from collections.abc import Sequence

OF_EXPORTER = 'job=~"$job",instance=~"$instance"'
OF_DAEMON = f'{OF_EXPORTER},server=~"$server",daemon=~"$daemon"'
SUBNET = ("subnet_id", "subnet", "shared_network")
SUBNET_CHOSEN = 'subnet=~"$subnet"'
# Kinds of addresses, which are never added up, with what counts them and the daemon.
KINDS = (("IPv4", "address", "dhcp4"), ("IPv6", "address", "dhcp6"), ("PD", "prefix", "dhcp6"))
CAPACITY = {"address": "kea_subnet_addresses", "prefix": "kea_subnet_prefixes"}
# Why a panel may be empty (see kea_exporter/kea/plan.py).
ONE_BY_ONE = f"a server with more than {FEW_SUBNETS} subnets before Kea 3.1.2"
NOT_READ = f"Not read from {ONE_BY_ONE}."
AS_FAR_AS_READ = f"From {ONE_BY_ONE}, only messages that assign leases are read."
NOT_READ_BY_SUBNET = f"Not read from a server with more than {FEW_SUBNETS} subnets, nor from Kea 3.1.2 on."
# As far back as the alert KeaSubnetExhaustionPredicted looks.
TREND, TREND_SECONDS = "6h", 21_600
SELECTOR_END = re.compile(r"\}(\[[^\]]+\])?")


def of_exporter(family: str) -> str:
    """Select metrics of the exporter itself."""
    return f"{family}{{{OF_EXPORTER}}}"


def of_target(family: str) -> str:
    """Select metrics of targets that had kea_up within a day: Prometheus also has other targets."""
    return f"{of_exporter(family)} and on (job, instance) last_over_time({of_exporter('kea_up')}[1d])"


def of_process(expression: str) -> str:
    """Restrict process metrics to exporters."""
    return f"{expression} and on (job, instance) {of_exporter('kea_exporter_build_info')}"


def of(family: str, *matchers: str) -> str:
    """Select metrics of daemons."""
    return f"{family}{{{','.join((OF_DAEMON, *matchers))}}}"


def once(expression: str, *labels: str) -> str:
    """Return a daemon's values once, for any number of scrapes."""
    return f"max by ({', '.join(('server', 'daemon', *labels))}) ({expression})"


def worst(expression: str, *labels: str) -> str:
    """Return a daemon's lowest values, for metrics of which 0 is the failure."""
    return f"min by ({', '.join(('server', 'daemon', *labels))}) ({expression})"


def gauge(family: str, *labels: str, where: str = "") -> str:
    """Return a family of daemons with some of its labels."""
    return once(of(family, *([where] if where else [])), *labels)


def rate(family: str, *labels: str, where: str = "") -> str:
    """Return the rate of a counter per second."""
    return once(f"rate({of(family, *([where] if where else []))}[$__rate_interval])", *labels)


def total(expression: str, *labels: str) -> str:
    """Return the sum over all daemons, or over those with the same labels."""
    return f"sum by ({', '.join(labels)}) ({expression})" if labels else f"sum({expression})"


# The lease store of a daemon: a shared database, a pair whose servers replicate leases, or the server itself. A hub is
# part of several pairs, and counts with one of them.
_STORES = (
    ("kea_lease_database_info", 'database!=""', "database"),
    ("kea_ha_info", 'pair!=""', "pair"),
    ("kea_up", 'daemon!="d2"', "server"),
)


def _stores() -> str:
    """Return the lease store of each daemon in the label `store`."""
    stores = (
        f"topk by (server, daemon) (1, group by (server, daemon, store) "
        f'(label_join({of(family, where)}, "store", "", "{label}")))'
        for family, where, label in _STORES
    )
    return " or on (server, daemon) ".join(stores)


def each_store(expression: str, *labels: str) -> str:
    """Return values of daemons once for each lease store: partners of a pair count the same leases and subnets.

    *labels* identify the values of one daemon.
    """
    by = ", ".join(("store", "daemon", *labels))
    return f"max by ({by}) (({expression}) * on (server, daemon) group_left (store) ({_stores()}))"


def of_daemon(daemon: str) -> str:
    """Return the matcher of a kind of daemon."""
    return f'daemon="{daemon}"'


# The alerts that fire. Alerts on pairs have no server, and those on all exporters no target.
FIRING = (
    'ALERTS{alertname=~"Kea.+",alertstate="firing",severity=~"critical|warning",'
    'job=~"$job|",instance=~"$instance|",server=~"$server|",daemon=~"$daemon|"}'
)


def without_targets(expression: str) -> str:
    """Return series once that differ by their target alone."""
    return f"max without (job, instance) ({expression})"


def numbered(family: str, label: str, values: Sequence[str], *labels: str, where: str = "") -> str:
    """Return the number of the value of *label* whose sample is 1: a state timeline shows numbers (see `looks`)."""
    others = [where] if where else []
    selected = (of(family, f'{label}="{value}"', *others) for value in values)
    return once(" or ".join(f"{number} * ({value} == 1)" for number, value in enumerate(selected)), *labels)


def in_pools(kind: str, *where: str) -> str:
    """Return the lower bound of leases in the pools of subnets, as in the rules (see `alerts.subnets`)."""
    capacity = CAPACITY[kind]
    inside, assigned = (of_subnets(f"{capacity}_{name}", *where) for name in ("assigned_in_pool", "assigned"))
    reserved = of_subnets(f"{capacity}_reserved", 'placement="out_of_pool"', *where)
    return f"({inside} or clamp_min({assigned} - {reserved}, 0) or {assigned})"


def fullness(kind: str, *where: str) -> str:
    """Return the share of a subnet's addresses or delegated prefixes that is leased."""
    return f"clamp_max({in_pools(kind, *where)} / ({of_subnets(CAPACITY[kind], *where)} > 0), 1)"


def fullness_with_reserved(kind: str, *where: str) -> str:
    """Return the share that is leased or reserved, if it exceeds the leased share by FULLNESS_DIFFERENCE."""
    capacity = CAPACITY[kind]
    inside, assigned = (of_subnets(f"{capacity}_{name}", *where) for name in ("assigned_in_pool", "assigned"))
    reserved = of_subnets(f"{capacity}_reserved", 'placement="in_pool"', *where)
    taken = f"(({inside} or {assigned}) + {reserved} or {assigned})"
    full = f"clamp_max({taken} / ({of_subnets(capacity, *where)} > 0), 1)"
    return f"({full} > {fullness(kind, *where)} + {FULLNESS_DIFFERENCE})"


def recorded(kind: str, *where: str, rule: str = OF_SUBNET) -> str:
    """Return the utilisation of subnets as the rules record it: one series of each, where `fullness` reads five."""
    return once(of(rule, f'kind="{kind}"', *where), *SUBNET)


def judged(kind: str, *where: str) -> str:
    """Return the utilisation of the subnets that are judged one by one (see `alerts.subnets`), without small ones."""
    guarded = f"{recorded(kind, IN_NETWORK, *where)} and {GUARDED}"
    sized = f"{of_subnets(CAPACITY[kind], *where)} >= {FULLNESS_MIN_SIZE}"
    return f"(({recorded(kind, ALONE, *where)} or {guarded}) and {sized})"


def shared_fullness(kind: str, *where: str) -> str:
    """Return the utilisation of shared networks, without small ones and without subnets with client classes."""

    def ratio(without: str) -> str:
        sums = [
            total(f"{counted}{without}", "server", "daemon", "shared_network")
            for counted in (in_pools(kind, IN_NETWORK, *where), of_subnets(CAPACITY[kind], IN_NETWORK, *where))
        ]
        return f"clamp_max({sums[0]} / ({sums[1]} >= {FULLNESS_MIN_SIZE}), 1)"

    return f"({ratio(f' unless {GUARDED}')} or {ratio('')})"


def highest_fullness(kind: str, *labels: str, where: Sequence[str] = ()) -> str:
    """Return the highest utilisation of subnets and shared networks, for each value of *labels*."""
    found = f"{judged(kind, *where)} or {shared_fullness(kind, *where)}"
    return f"max by ({', '.join(labels)}) ({found})" if labels else f"max({found})"


def of_subnets(family: str, *where: str) -> str:
    """Return a family of subnets."""
    return once(of(family, *where), *SUBNET)


ALONE, IN_NETWORK = 'shared_network=""', 'shared_network!=""'
GUARDED = of_subnets("kea_subnet_info", 'client_classes!=""')


def refused(time: str, *where: str) -> str:
    """Return the requests without a lease within a *time*: by subnet where that is read, else by daemon."""
    if where:
        return once(f"increase({of('kea_subnet_allocation_failures_total', *where)}[{time}])", "scope", *SUBNET)
    return once(f"increase({of('kea_allocation_failures_total')}[{time}])", "scope")


def taken(kind: str, *where: str) -> str:
    """Return the utilisation of subnets as alerts judge it; with the reserved addresses where clients were refused."""
    sized = of_subnets(CAPACITY[kind], *where)
    upper = recorded(kind, *where, rule=OF_SUBNET_UPPER)
    refusing = f"{total(refused('1h', *where), 'server', 'daemon', *SUBNET)} > 0"
    return f"(({upper} and {sized} >= {REFUSED_MIN_SIZE} and {refusing}) or {judged(kind, *where)})"


def exhausted_in(kind: str, *where: str) -> str:
    """Return the seconds until subnets are full if the trend of the last hours continues; never below 0.

    Without an hour of data, and for subnets of low utilisation, there is no trend.
    """
    capacity = CAPACITY[kind]
    assigned = of(f"{capacity}_assigned", *where)
    a_second = once(f"deriv({assigned}[{TREND}])", *SUBNET)
    rise = f"({a_second} >= {EXHAUSTION_MIN_RISE / TREND_SECONDS:.6f} and {once(f'{assigned} offset 1h', *SUBNET)})"
    free = f"({of_subnets(capacity, *where)} >= {EXHAUSTION_MIN_SIZE}) - {in_pools(kind, *where)}"
    high = f"{judged(kind, *where)} > {FULLNESS_WORTH_PREDICTING}"
    return f"(clamp_min(({free}) / ({rise}), 0) and ({high}))"


def ever(expression: str) -> str:
    """Return the series that were above 0 within the time range: others would be lines on top of a stack."""
    return f"{expression} and max_over_time(({expression})[$__range:$__interval] @ end()) > 0"


def greatest(count: int, expression: str) -> str:
    """Return the series with the highest values at the end of the time range, over the whole range."""
    return f"{expression} and topk({count}, {_at_the_end(expression)})"


def course_of_highest(count: int, kind: str, *where: str) -> str:
    """Return the utilisation of the fullest subnets over the whole range, as the rules record it.

    To compute it for 10,000 subnets at each point would take a minute.
    """
    return f"{recorded(kind, *where)} and topk({count}, {_at_the_end(judged(kind, *where))})"


def least(count: int, expression: str) -> str:
    """Return the series with the lowest values at the end of the time range, over the whole range."""
    return f"{expression} and bottomk({count}, {_at_the_end(expression)})"


def _at_the_end(expression: str) -> str:
    return SELECTOR_END.sub(r"\g<0> @ end()", expression)


def days_left(family: str, *labels: str, where: str = "") -> str:
    """Return the days left until a timestamp."""
    return f"({worst(of(family, *([where] if where else [])), *labels)} - time()) / {DAY_SECONDS}"


def explained(expression: str, info: str, labels: Sequence[str], *words: str) -> str:
    """Return an expression with labels (*words*) of the info metric that has the same *labels*.

    Two exporters of different versions may have different texts: one of them is used.
    """
    by = ", ".join(labels)
    return f"{expression} * on ({by}) group_left ({', '.join(words)}) topk by ({by}) (1, {of_exporter(info)})"
