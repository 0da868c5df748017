"""Requirements on the servers of a pair together: what they must configure alike, and what clients notice if not.

What happens was measured on real pairs in hot standby.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import known
from kea_exporter.requirements.model import (
    Cause,
    Finding,
    Severity,
    Subject,
    met,
    not_applicable,
    problem,
    unmet_for,
)
from kea_exporter.requirements.pairs.model import PairRequirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kea_exporter.facts.review import Observed
    from kea_exporter.requirements.model import Problem
    from kea_exporter.requirements.pairs.model import PairSnapshot

RELOAD = "check the file with -t, and send config-reload to that server"
AFTER_REFUSED = (
    "Then send ha-sync to the server that lacked leases. If the servers are in the state terminated, restart both."
)
MISSING_SUBNET = Cause(
    "missing",
    "A server lacks a subnet of its partner: DHCPv4 clients in it get no answer until the pair terminates, DHCPv6 "
    "clients never",
    f"Add the subnet with the same id to the server that lacks it, or remove it from the other; {RELOAD}. "
    f"{AFTER_REFUSED}",
)
OTHER_ID = Cause(
    "other_id",
    "A subnet has another id on the partner: DHCPv4 clients in it get no answer until the pair terminates, DHCPv6 "
    "clients never",
    f"Give the subnet the same id on both servers; {RELOAD}. {AFTER_REFUSED} A lease audit finds leases under the id "
    "from before.",
)
SAME_NAME = Cause(
    "same_server_name",
    "Two servers have the same this-server-name: the second one does not start",
    "Set this-server-name of each server to the name of its own entry in peers. If both are the same daemon, remove "
    "one of them from the exporter's configuration.",
    '"this-server-name": "server2"',
)
OTHER_MODE = Cause(
    "other_mode",
    "The servers have different modes: one waits for ever, and does not take over",
    f"Set mode to the same value on both servers; {RELOAD}.",
    '"mode": "hot-standby"',
)
OTHER_PEERS = Cause(
    "other_peers",
    "The servers have different peers: each considers its partner down, and both serve all clients",
    f"Set names and urls of peers to the same values on both servers; {RELOAD}.",
    '"peers": [{"name": "server1", "url": "http://192.0.2.1:8000/", "role": "primary"}]',
)
OTHER_ROLES = Cause(
    "other_roles",
    "The servers disagree on the roles: both answer all clients, or none does",
    f"Set role of each of the peers to the same value on both servers; {RELOAD}.",
    '"peers": [{"name": "server1", "url": "http://192.0.2.1:8000/", "role": "primary"}]',
)
OTHER_SETTINGS = Cause(
    "differs",
    "The servers have different settings of high availability",
    f"Set the parameters that differ to the same values on both servers; {RELOAD}.",
)


def _compared(parts: Mapping[str, str], causes: Mapping[str, Cause], pair: PairSnapshot) -> Finding:
    """Judge parts of the configuration.

    Args:
        parts: what the servers have in common there, as words, by part.
        causes: by id.
        pair: the pair.
    """
    found = known(pair.differences)
    problems = [*_problems((entry for part in parts for entry in found.get(part, ())), causes)]
    reasons = tuple(filter(None, map(pair.not_compared, parts)))
    if problems:
        return unmet_for(problems, notes=reasons)
    if reasons:
        return not_applicable("; ".join(reasons))
    return met(f"the servers have the same {' and '.join(parts.values())}")


def _problems(found: Iterator[Observed], causes: Mapping[str, Cause]) -> Iterator[Problem]:
    by_cause: dict[str, list[Observed]] = {}
    for entry in found:
        by_cause.setdefault(entry.cause, []).append(entry)
    for cause, entries in by_cause.items():
        evidence = [sentence for entry in entries for sentence in entry.evidence]
        yield problem(causes[cause], evidence, count=sum(entry.count for entry in entries))


def _relationship(pair: PairSnapshot) -> Finding:
    by_name: dict[str, list[str]] = {}
    for side in pair.sides:
        by_name.setdefault(side.configured.own_name, []).append(side.server)
    same = [
        f"{' and '.join(servers)} have this-server-name {name}" for name, servers in by_name.items() if len(servers) > 1
    ]
    problems = [problem(SAME_NAME, same)] if same else []
    finding = _compared({"ha": "settings of high availability"}, _by_id(OF_RELATIONSHIP), pair)
    return unmet_for([*problems, *finding.problems]) if problems else finding


OF_RELATIONSHIP = (SAME_NAME, OTHER_MODE, OTHER_PEERS, OTHER_ROLES, OTHER_SETTINGS)


def _by_id(causes: Sequence[Cause]) -> dict[str, Cause]:
    return {cause.id: cause for cause in causes}


def _requirement(  # noqa: PLR0913 - the fields of a requirement
    what: str,
    severity: Severity,
    title: str,
    parts: Mapping[str, str],
    causes: tuple[Cause, ...],
    *,
    short: str,
) -> PairRequirement:
    """Return a requirement that parts of the configuration are the same."""
    return PairRequirement(
        id=f"partners-have-the-same-{what}",
        subject=Subject.PAIR,
        short=short,
        severity=severity,
        title=title,
        clause="",
        rule=f"all servers of the relationship have the same {' and '.join(parts.values())}, whatever the order and "
        "notation in the files.",
        causes=causes,
        judge=partial(_compared, parts, _by_id(causes)),
    )


def _differs(title: str, keys: str, example: str = "") -> tuple[Cause, ...]:
    """Return the only cause of a part, with what happens, and the keys to set."""
    return (Cause("differs", title, f"Set {keys} to the same values on both servers; {RELOAD}.", example),)


AFTER_FAILOVER = "after a failover, clients"

REQUIREMENTS = (
    _requirement(
        "subnets",
        Severity.REQUIRED,
        "Partners must have the same subnets with the same ids",
        {"subnets": "subnets with the same ids"},
        (OTHER_ID, MISSING_SUBNET),
        short="subnets",
    ),
    PairRequirement(
        id="partners-agree-on-high-availability",
        subject=Subject.PAIR,
        short="relationship",
        severity=Severity.REQUIRED,
        title="Partners must agree on mode, peers, roles and settings of high availability",
        clause="",
        rule="all servers of the relationship have another this-server-name, and the same mode, peers, roles and "
        "settings; Kea's defaults count as if they were set.",
        causes=OF_RELATIONSHIP,
        judge=_relationship,
    ),
    _requirement(
        "pools",
        Severity.RECOMMENDED,
        "Partners must have the same pools",
        {"pools": "pools", "prefix_delegation": "pools of prefixes"},
        _differs(
            f"The servers have different pools: {AFTER_FAILOVER} get other addresses, or none",
            "pools and pd-pools of the subnet",
        ),
        short="pools",
    ),
    _requirement(
        "shared-networks",
        Severity.RECOMMENDED,
        "Partners must have the same shared networks and guards of subnets",
        {"shared_networks": "shared networks and guards of subnets"},
        _differs(
            f"A subnet is in another shared network, or for other clients, on the partner: {AFTER_FAILOVER} get other "
            "addresses, or none",
            "shared network and client-classes of the subnet",
        ),
        short="networks",
    ),
    _requirement(
        "reservations",
        Severity.RECOMMENDED,
        "Partners must have the same host reservations",
        {"reservations": "host reservations"},
        _differs(
            "The servers have different host reservations: one may lease a reserved address to another client, and its "
            "owner gets no answer",
            "reservations of the subnet",
        ),
        short="reservations",
    ),
    _requirement(
        "options",
        Severity.RECOMMENDED,
        "Partners must send the same options",
        {"options": "options"},
        _differs(
            f"The servers have different options: {AFTER_FAILOVER} get other routers or name servers",
            "option-data",
        ),
        short="options",
    ),
    _requirement(
        "client-classes",
        Severity.RECOMMENDED,
        "Partners must have the same client classes in the same order",
        {"client_classes": "client classes"},
        _differs(
            f"The servers have different client classes: {AFTER_FAILOVER} get other pools and options",
            "client-classes",
        ),
        short="classes",
    ),
    _requirement(
        "lifetimes",
        Severity.RECOMMENDED,
        "Partners must have the same lifetimes and timers",
        {"timers": "lifetimes and timers"},
        _differs(
            f"The servers have different lifetimes or timers: {AFTER_FAILOVER} get leases of another length",
            "the lifetimes and timers that differ",
            '"valid-lifetime": 4000',
        ),
        short="lifetimes",
    ),
    _requirement(
        "ddns",
        Severity.RECOMMENDED,
        "Partners must send the same DNS updates",
        {"ddns": "settings of DNS updates"},
        _differs(
            f"The servers send different DNS updates: {AFTER_FAILOVER} get other names, or none",
            "the keys that differ",
        ),
        short="DNS updates",
    ),
    _requirement(
        "hooks",
        Severity.RECOMMENDED,
        "Partners must load the same hook libraries with the same parameters",
        {"hooks": "hook libraries"},
        _differs(
            "The servers have different hook libraries: without lease_cmds on one of them, none serves clients",
            "hooks-libraries and their parameters",
        ),
        short="hooks",
    ),
    _requirement(
        "lease-database",
        Severity.ADVISORY,
        "Partners must have the same type of lease database",
        {"lease_database": "type of lease database"},
        _differs(
            "The servers have different lease databases: one of them may lose its leases in a restart",
            "type, and persist of memfile, of lease-database",
        ),
        short="database",
    ),
    _requirement(
        "settings",
        Severity.ADVISORY,
        "Partners must have the same further settings",
        {"other": "further settings"},
        _differs(
            f"The servers have other further settings: {AFTER_FAILOVER} may be treated differently",
            "the keys that differ",
        ),
        short="settings",
    ),
)
