"""The names of Kea's statistics, so that new ones are noticed and never break anything.

Source: Kea ARM, "Statistics in the DHCPv4 Server", "... DHCPv6 Server", "DHCP-DDNS Server Statistics"; names measured
on Kea 2.6.3, 3.0.3 and 3.2.0.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kea_exporter.snapshot import Daemon

if TYPE_CHECKING:
    from collections.abc import Iterable

# `subnet[1].`, `subnet[1].pool[0].` and the like in front of a name.
SCOPE = re.compile(r"^key\[.*\]\.|^subnet\[\d+\]\.(?:(?:pool|pd-pool)\[\d+\]\.)?", re.ASCII)
FAILURES = r"-allocation-fail(?:-classes|-no-pools|-shared-network|-subnet)?"
DROPS = (
    "admin-filtered|duplicate|limit-exceeded|not-for-us|parse-failed|processing-failed"
    "|queue-full|receive-drop|rfc-violation|service-disabled"
)
KNOWN = {
    Daemon.DHCP4: re.compile(
        rf"pkt4-(?:[a-z-]+-)?(?:received|sent)|pkt4-(?:{DROPS})|v4{FAILURES}"
        r"|v4-lease-reuses|v4-reservation-conflicts|(?:cumulative-)?assigned-addresses|total-addresses"
        r"|(?:reclaimed-)?declined-addresses|reclaimed-leases"
    ),
    Daemon.DHCP6: re.compile(
        rf"pkt6-(?:[a-z0-9-]+-)?(?:received|sent)|pkt6-(?:{DROPS})|v6{FAILURES}"
        r"|v6-ia-[np][ad]-lease-reuses|(?:cumulative-)?(?:assigned|registered)-(?:nas|pds)|total-(?:nas|pds)"
        r"|(?:reclaimed-)?declined-addresses|reclaimed-leases"
    ),
    Daemon.D2: re.compile(r"ncr-(?:received|invalid|error)|queue-mgr-queue-full|update-[a-z]+"),
}


def unknown_names(names: Iterable[str], daemon: Daemon) -> frozenset[str]:
    """Return those names that no rule knows, without their scope."""
    known = KNOWN[daemon]
    short_names = {SCOPE.sub("", name, count=1) for name in names}
    return frozenset(name for name in short_names if known.fullmatch(name) is None)
