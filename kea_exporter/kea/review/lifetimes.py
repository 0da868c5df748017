"""Review of lifetimes and timers (Kea ARM, "Lease Lifetimes", "Sending T1 (Option 58) and T2 (Option 59)")."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kea_exporter.kea.prepared import Prepared, PreparedSubnet

    Findings = Iterator[tuple[str, str]]

VALID_LIFETIME = 7200
# With less, clients renew more often than servers and their logs can take.
MIN_LIFETIME = 60


def unordered(configuration: Prepared) -> Findings:
    """Yield subnets whose timers are not renew < rebind < valid: Kea then leaves some of them out (measured)."""
    for subnet in configuration.subnets:
        renew, rebind = (subnet.effective(key) for key in ("renew-timer", "rebind-timer"))
        valid = _valid(subnet)
        if renew and rebind and renew >= rebind:
            yield "renew_after_rebind", f"{subnet}: renew-timer {renew} is not below rebind-timer {rebind}"
        elif (renew and renew >= valid) or (rebind and rebind >= valid):
            yield (
                "timer_after_expiry",
                f"{subnet}: renew-timer {renew} or rebind-timer {rebind} is not below valid-lifetime {valid}",
            )


def too_short(configuration: Prepared) -> Findings:
    """Yield subnets whose leases expire within a minute."""
    for subnet in configuration.subnets:
        if _valid(subnet) < MIN_LIFETIME:
            yield "too_short", f"{subnet}: valid-lifetime is {_valid(subnet)} s"


def _valid(subnet: PreparedSubnet) -> int:
    found = subnet.effective("valid-lifetime", default=VALID_LIFETIME)
    return found if isinstance(found, int) else VALID_LIFETIME
