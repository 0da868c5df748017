"""The parts of the bench: what each is called, how it was measured, and what measures it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.cost import THEIRS, commands_and_log, kea_time, levels_of_gzip, page_and_memory, scrape_time, wait_of_others
from bench.dhcp import INTERVAL_SECONDS, RATE, SECONDS, SECONDS_OF_OTHERS, delay_of_offers
from bench.many import DAEMONS, DEAD, TIMEOUT_SECONDS, many_daemons
from bench.own import ABOUT, TITLE, own_cost
from bench.partners import hashing_cost
from bench.review import review_cost
from bench.server import PATIENCE_SECONDS, SAMPLES
from bench.small import small_servers
from bench.table import Found, Section
from lab.servers.processes import ENDS_WITH_US

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.cost import Site
    from lab.servers.chroot import Chroot

MANY, MEMORY, SMALL, OWN, AUDIT = "e", "h", "j", "l", "audit"


@dataclass(frozen=True)
class Part:
    """What is measured on a Kea.

    Attributes:
        once: it takes long, and is measured on the largest Kea only.
    """

    title: str
    about: str
    measure: Callable[[Site], Found]
    once: bool = False

    def section(self) -> Section:
        """Return its section of the report, still empty."""
        return Section(self.title, self.about)


# In the order in which they are measured: memory is looked at when all else has been done.
ON_KEA = {
    "a": Part(
        "a. Time of a scrape",
        "The page over HTTP, against the very commands of such a scrape sent bare over one connection, not parsed.",
        scrape_time,
    ),
    "b": Part("b. Kea's processor time", "For one collection.", kea_time),
    "c": Part(
        "c. Wait of another client of Kea",
        "The slowest answer to a version-get asked every 2 ms while one collects; quiet is 200 ms without.",
        wait_of_others,
    ),
    "g": Part(
        "g. Commands and Kea's log",
        "For one collection; on a socket with authentication Kea logs one more line for each command.",
        commands_and_log,
    ),
    "f": Part(
        "f. DHCP clients",
        f"Delay from DISCOVER to OFFER, {RATE} a second for {SECONDS} s ({SECONDS_OF_OTHERS} s for the others) while"
        f" one collects every {INTERVAL_SECONDS:.0f} s, or as it can. Our scrapes do not read the configuration."
        f" Worst: the median of each round's worst. Delays are of offers within {PATIENCE_SECONDS} s.",
        delay_of_offers,
        once=True,
    ),
    "d": Part("d. Page and memory", f"After all other scrapes; {THEIRS} was scraped less often.", page_and_memory),
    "i": Part(
        "i. Review of the configuration",
        "Processor time for the answer to config-get, which is read when it has changed; parsed subnets are shared.",
        review_cost,
    ),
    "k": Part(
        "k. Hashes of what partners must share",
        "Processor time when config-get was read, beside review and parsing; for DHCPv6 a made-up configuration with"
        " pools of prefixes.",
        hashing_cost,
    ),
    "gzip": Part("Levels of gzip", "Python's zlib on the page.", levels_of_gzip, once=True),
}
ALL = (*sorted([*ON_KEA, MANY, MEMORY, SMALL, OWN]), AUDIT)


def many_section(folder: Path, rounds: int) -> Section:
    """Measure part e."""
    about = (
        f"Simulated daemons, each answer 50 ms late. Dead: {DEAD} of them let nobody connect; their deadline is"
        f" {TIMEOUT_SECONDS} s."
    )
    section = Section(f"e. {DAEMONS} daemons", about, targets_in="measured")
    section.add("measured", Found(many_daemons(folder, rounds)))
    return section


def small_section(folder: Path, chroot: Chroot, rounds: int) -> Section:
    """Measure part j."""
    about = (
        "Kea's processor time for one collection; fresh: no leases, one sample of each statistic; filled: 60 leases a"
        f" subnet, and {SAMPLES} samples of most statistics. The others' commands come from a bare client."
    )
    section = Section("j. Kea's processor time with few subnets", about, targets_in="measured")
    section.add("measured", Found(small_servers(folder, chroot, rounds)))
    return section


def own_section(folder: Path, rounds: int) -> Section:
    """Measure part l."""
    section = Section(TITLE, ABOUT, targets_in="measured")
    section.add("measured", Found(own_cost(folder, rounds)))
    return section


def audit_section() -> Section:
    """Measure the lease audit."""
    command = [*ENDS_WITH_US, sys.executable, "-m", "bench.audit"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - ourselves
    return Section("Lease audit", "In the background, never during a scrape.", notes=done.stdout.splitlines())
