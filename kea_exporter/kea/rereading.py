"""When to read a configuration again: after a reload, after changes that show, and where there may be others.

`class-add`, or other options of a subnet, show neither in the reload time nor in the list of subnets. Nobody compares
them but with those of a partner: so this concerns daemons with high availability only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure
from kea_exporter.facts.pairs import ConfigurationRead
from kea_exporter.facts.subnets import Subnets

if TYPE_CHECKING:
    from kea_exporter.facts.configuration import Configuration
    from kea_exporter.facts.failure import Fact
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.facts.status import Lifetime

# For reservations that were added, and subnets that were put into another shared network.
LOOK_SECONDS = 60
# Kea takes 20 ms for config-get with 1,000 subnets, and 200 ms with 10,000.
MAX_AGE_SECONDS = 600.0
FEW_SUBNETS, MAX_AGE_OF_MANY_SECONDS = 1000, 3600.0


def holds(lifetime: Fact[Lifetime], before: Snapshot | None) -> bool:
    """Return whether the configuration that was read before is still the one that the daemon runs."""
    if before is None or isinstance(lifetime, Failure) or isinstance(before.lifetime, Failure):
        return False
    return before.lifetime.is_settled and lifetime.is_same_as(before.lifetime)


def is_unchanged(held: Snapshot, listed: Fact[Subnets] | None) -> bool:
    """Return whether the configuration was not changed at run time; where a list cannot be had, nobody knows."""
    if isinstance(held.configuration, Failure):
        return False
    if listed is None:
        return not held.configuration.has_config_databases
    return isinstance(listed, Subnets) and isinstance(held.subnets, Subnets) and listed.is_same_as(held.subnets)


def is_look_due(held: Snapshot | None, now: float) -> bool:
    """Return whether to look for changes that little else shows: in the first scrape of each minute.

    Changes at run time come in a row: every scrape does so in the minute after the configuration was read.

    Args:
        held: the last snapshot, whose configuration is held.
        now: in seconds since the epoch.
    """
    read = held.configuration_read if held is not None else None
    if held is None or read is None:
        return True
    return now - read.at < LOOK_SECONDS or now // LOOK_SECONDS != held.taken_at // LOOK_SECONDS


def is_due(read: ConfigurationRead | None, held: Configuration, max_age: float | None, now: float) -> bool:
    """Return whether the configuration that is held is to be read again.

    Args:
        read: when that was last done.
        held: what was read then.
        max_age: the age in seconds from which on it is due; None for the default.
        now: in seconds since the epoch.
    """
    if read is None or not held.pairs:
        return False
    default = MAX_AGE_SECONDS if len(held.subnets.ids) <= FEW_SUBNETS else MAX_AGE_OF_MANY_SECONDS
    # A clock that was set back must not put it off.
    return read.is_outdated or not 0 <= now - read.at < (max_age or default)


def read_at(now: float, found: Fact[Configuration], before: ConfigurationRead | None) -> ConfigurationRead | None:
    """Return when the configuration was read and when it changed, after it was queried now.

    Args:
        now: in seconds since the epoch.
        found: what holds now: the answer, or what is held where there was none in time.
        before: the same after the last query.
    """
    if isinstance(found, Failure):
        return before
    hashes = tuple(tuple(entry.hashes.values()) for entry in found.pair_configurations)
    is_same = before is not None and before.hashes == hashes
    return ConfigurationRead(now, before.changed_at if is_same and before is not None else now, hashes)
