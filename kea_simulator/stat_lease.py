"""Counts by subnet as stat_cmds gives them (Kea ARM, "The stat-lease4-get, stat-lease6-get Commands")."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from kea_simulator.pools import V4, V6
from kea_simulator.requests import RefusedError, empty, success

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kea_simulator.pools import Counts, Subnet

Tree = dict[str, Any]

COLUMNS = {
    V4: ["subnet-id", "total-addresses", "cumulative-assigned-addresses", "assigned-addresses", "declined-addresses"],
    V6: [
        "subnet-id",
        "total-nas",
        "cumulative-assigned-nas",
        "assigned-nas",
        "declined-addresses",
        "total-pds",
        "cumulative-assigned-pds",
        "assigned-pds",
    ],
}
# Before, declined leases are left out of the assigned ones.
DECLINED_IS_ASSIGNED = (3, 1, 2)
MAX_ID = 2**32 - 1
NO_SUBNETS = "selected ID range: {} through {} includes no known subnets"


def stat_lease(
    family: int,
    arguments: object,
    subnets: Sequence[Subnet],
    rows_of: Callable[[Subnet], list[int]],
    now: float,
) -> Tree:
    """Return the answer to stat-lease4-get or stat-lease6-get, given what makes a row of a subnet.

    Raises:
        RefusedError: the arguments are not what they should be.
    """
    asked = _asked(arguments)
    start = f"stat-lease{family}-get[{asked.about}]:"
    rows = [
        rows_of(subnet)
        for subnet in sorted(subnets, key=lambda subnet: subnet.id)
        if asked.first <= subnet.id <= asked.last
    ]
    if not rows:
        return empty({}, f"{start} no matching data, {asked.nothing}")
    result_set = {"columns": COLUMNS[family], "rows": rows, "timestamp": timestamp(now)}
    return success({"result-set": result_set}, f"{start} {len(rows)} rows found")


class _Asked(NamedTuple):
    """Which subnets are asked for, how the answer calls them, and what it says where there are none."""

    first: int
    last: int
    about: str
    nothing: str


def _asked(arguments: object) -> _Asked:
    asked = {} if arguments is None else arguments
    if not isinstance(asked, dict):
        raise RefusedError("'arguments' parameter is not a map")
    if "subnet-id" in asked and "subnet-range" in asked:
        raise RefusedError("cannot specify both subnet-id and subnet-range")
    if "subnet-id" in asked:
        number = _id(asked["subnet-id"])
        return _Asked(number, number, f"subnet-id={number}", f"subnet-id: {number} does not exist")
    if "subnet-range" in asked:
        first, last = _range(asked["subnet-range"])
        return _Asked(first, last, f"subnets {first} through {last}", NO_SUBNETS.format(first, last))
    return _Asked(0, MAX_ID, "all subnets", NO_SUBNETS.format(0, 0))


def row(family: int, version: tuple[int, int, int], subnet: Subnet, addresses: Counts, prefixes: Counts) -> list[int]:
    """Return the row of a subnet."""
    declined = addresses.declined
    assigned = addresses.assigned if version >= DECLINED_IS_ASSIGNED else addresses.assigned - declined
    found = [subnet.id, addresses.total, addresses.assignments, assigned, declined]
    return found if family == V4 else [*found, prefixes.total, prefixes.assignments, prefixes.assigned]


def timestamp(now: float) -> str:
    """Return a moment as Kea writes it: local time without its zone."""
    return datetime.fromtimestamp(now).strftime("%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ006 - Kea's own


def _id(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise RefusedError("'subnet-id' parameter is not integer")
    if value <= 0:
        raise RefusedError("'subnet-id' parameter must be > 0")
    return value


def _range(value: object) -> tuple[int, int]:
    if not isinstance(value, dict):
        raise RefusedError("subnet-range parameter is not a map")
    first, last = (_bound(value, f"{end}-subnet-id") for end in ("first", "last"))
    if last < first:
        raise RefusedError("'last-subnet-id' must be greater than 'first-subnet-id'")
    if last == first:
        raise RefusedError("LeaseStatsQuery: last_subnet_id_must be > first_subnet_id_")
    return first, last


def _bound(value: Tree, name: str) -> int:
    bound = value.get(name)
    if not isinstance(bound, int) or isinstance(bound, bool):
        raise RefusedError(f"'{name}' parameter missing or not an integer")
    return bound
