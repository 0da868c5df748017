"""Which part of the canonical form a key of a configuration belongs to (Kea ARM, "DHCPv4 Server Configuration")."""

from __future__ import annotations

from kea_exporter.kea.canonical.options import OPTION_DATA
from kea_exporter.kea.canonical.values import GUARDS, REMARKS

# Kea 3.3 shows the default of this one, which earlier versions do not have.
LATER = frozenset({"allow-address-registration"})
# Topology: each server has its own interfaces and relays.
TOPOLOGY = frozenset({"interface", "interface-id", "relay", "4o6-interface", "4o6-interface-id", "4o6-subnet"})
# Parts of their own, of a subnet or a shared network.
SEPARATE = frozenset(
    {
        "id",
        "subnet",
        "name",
        "subnet4",
        "subnet6",
        "pools",
        "pd-pools",
        "reservations",
        OPTION_DATA,
    }
)
BESIDE_PLAIN = SEPARATE | TOPOLOGY | REMARKS | LATER
# What may differ between partners, beside what begins with `statistic-default-`.
LOCAL = frozenset(
    {
        "config-control",
        "control-socket",
        "control-sockets",
        "data-directory",
        "dhcp-queue-control",
        "dhcp4o6-port",
        "hash",
        "interfaces-config",
        "loggers",
        "multi-threading",
        "parked-packet-limit",
        "server-id",
        "server-tag",
        "statistic-default-sample-age",
        "statistic-default-sample-count",
    }
)
# Whole sections with a part of their own.
SECTIONS = frozenset(
    {
        "client-classes",
        "dhcp-ddns",
        "hooks-libraries",
        "hosts-database",
        "hosts-databases",
        "lease-database",
        "option-def",
        "shared-networks",
    }
)
TIMERS = frozenset(
    {
        "adaptive-lease-time-threshold",
        "cache-max-age",
        "cache-threshold",
        "calculate-tee-times",
        "max-preferred-lifetime",
        "max-valid-lifetime",
        "min-preferred-lifetime",
        "min-valid-lifetime",
        "offer-lifetime",
        "preferred-lifetime",
        "rebind-timer",
        "renew-timer",
        "t1-percent",
        "t2-percent",
        "valid-lifetime",
    }
)
# Kea's own, which Kea 2.6 does not show.
TIMER_DEFAULTS = {"cache-threshold": 0.25}
# Timers that no subnet has.
TIMERS_OF_DAEMON = frozenset({"decline-probation-period", "expired-leases-processing"})


def is_ddns(key: str) -> bool:
    """Return whether a key is about DNS updates and the names in them."""
    return key.startswith(("ddns-", "hostname-char-"))


def is_other(key: str) -> bool:
    """Return whether a key of a subnet or a shared network is in the part `other`."""
    return not (key in TIMERS or key in GUARDS or key in BESIDE_PLAIN or is_ddns(key))
