"""Response times from the statistics of the hook perfmon (Kea ARM, "PerfMon: Performance Monitoring").

For each kind of exchange the hook has the mean duration of each step, of the daemon as a whole and of each subnet, in
microseconds (measured on 3.0.3: `perfmon.DHCPDISCOVER-DHCPOFFER.composite-total_response.mean-usecs`, and the same
after `subnet-id[1].`). One sample of a statistic is the mean of one interval.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kea_exporter.facts.statistics import ResponseTime
from kea_exporter.kea.reading import newest

if TYPE_CHECKING:
    from collections.abc import Mapping

# The whole way of a message through Kea, of the daemon as a whole.
TOTAL = re.compile(
    r"perfmon\.(?:DHCP)?(?P<query>[A-Z0-9_]{1,30})-(?:DHCP)?(?P<answer>[A-Z0-9_]{1,30})"
    r"\.composite-total_response\.mean-usecs",
    re.ASCII,
)
# Of the names of its statistics.
BEGINNINGS = ("perfmon.", "subnet-id[")
MICROSECONDS = 1_000_000
MAX_EXCHANGES = 50
# Kea keeps 20 samples of a statistic by default, and as many as it is told to.
MAX_SAMPLES = 1000


def is_of_perfmon(name: str) -> bool:
    """Return whether a statistic is one of the hook's, be it of a subnet or of a step."""
    return name.startswith("perfmon.") or (name.startswith("subnet-id[") and "].perfmon." in name)


def read_response_times(statistics: Mapping[str, Any]) -> dict[str, ResponseTime]:
    """Return the response times of the daemon as a whole, by exchange, such as `discover_offer`."""
    found: dict[str, ResponseTime] = {}
    for name, samples in statistics.items():
        match = TOTAL.fullmatch(name)
        if match is None or len(found) >= MAX_EXCHANGES or (time := _response_time(samples)) is None:
            continue
        found[f"{match['query']}_{match['answer']}".lower()] = time
    return found


def _response_time(samples: object) -> ResponseTime | None:
    """Return the newest mean and the highest one; None where the newest is no duration."""
    mean = newest(samples)
    if mean is None or mean < 0 or not isinstance(samples, list):
        return None
    means = [value for sample in samples[:MAX_SAMPLES] if (value := newest([sample])) is not None]
    return ResponseTime(mean / MICROSECONDS, max(means) / MICROSECONDS)
