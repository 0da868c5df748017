"""Part j: Kea's processor time where there are few subnets, as in most installations; of both daemons."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench.cost import MILLI, OURS, PLAIN, PLAIN_BODIES, ask_all, kea_seconds, ratio
from bench.exporters import ours_on
from bench.server import SAMPLES, SETTLED_SECONDS, done
from bench.table import Row
from bench.wire import BareConnection
from kea_exporter.kea.rereading import LOOK_SECONDS
from lab.servers.configurations import HOOKS, dhcp, http, subnet4, subnet6
from lab.servers.kea import Lab
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bench.exporters import Exporter
    from lab.servers.chroot import Chroot
    from lab.servers.kea import KeaDaemon, Tree

SUBNETS = {"Dhcp4": subnet4, "Dhcp6": subnet6}
# Fixed commands cost more than the others' two where the answers are small.
LIMITS = {10: 1.4, 100: 1.0}
REPEATS = 10
LEASES = 60
# Of those that `subnet6` has; the last one is kept free for the leases that come and go.
PREFIXES, SPARE_HOST = 16, LEASES + 15


@dataclass(frozen=True)
class _Small:
    """A daemon with few subnets."""

    daemon: KeaDaemon
    port: int
    size: int

    @property
    def name(self) -> str:
        """Return the key of the daemon in the exporter's configuration."""
        return self.daemon.root.lower()

    @property
    def url(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def key(self) -> str:
        """Return the number of the protocol."""
        return self.daemon.root[-1]

    def leases(self, host: int) -> Iterator[Tree]:
        """Return a lease of each kind in each subnet."""
        for number in range(1, self.size + 1):
            client = f"00:00:{number:02x}:{host:02x}"
            if self.key == "4":
                address = f"10.0.{number}.{10 + host}"
                yield {"ip-address": address, "hw-address": f"02:00:{client}", "subnet-id": number}
            else:
                of_client = {"duid": f"01:02:{client}", "subnet-id": number}
                network = f"2001:db8:{number:x}"
                yield {"ip-address": f"{network}::1:{host:x}", "iaid": 1, **of_client}
                prefix = {"type": "IA_PD", "prefix-len": 56}
                if (number_of_prefix := host % LEASES) < PREFIXES:
                    yield {"ip-address": f"{network}:8{number_of_prefix:x}00::", "iaid": 2, **prefix, **of_client}

    def fill(self) -> None:
        """Add leases, and let as many come and go as fill the lists of samples."""
        with closing(BareConnection(self.port)) as connection:
            add = partial(connection.command, f"lease{self.key}-add")
            for host in (host for host in range(LEASES) if host != SPARE_HOST - LEASES):
                for lease in self.leases(host):
                    done(add(lease))
            for _ in range(SAMPLES):
                expired = {"expire": int(time.time()) - 100, "valid-lft": 60}
                expired |= {"preferred-lft": 60} if self.key == "6" else {}
                for lease in self.leases(SPARE_HOST):
                    done(add({**lease, **expired}))
                done(connection.command("leases-reclaim", {"remove": True}))

    def ask_plainly(self) -> None:
        """Ask as the others do."""
        with closing(BareConnection(self.port)) as connection:
            ask_all(connection, PLAIN_BODIES)


def small_servers(folder: Path, chroot: Chroot, rounds: int) -> list[Row]:
    """Measure both daemons with few subnets, before and after their statistics have filled up."""
    rows, details = [], []
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(chroot))
        daemons = [_started(lab, root, size) for root in SUBNETS for size in LIMITS]
        exporters = [stack.enter_context(ours_on(folder, [(small.name, small.url)], {})) for small in daemons]
        time.sleep(SETTLED_SECONDS)
        for exporter in exporters:
            exporter.scrape()
        # Until then each scrape looks for further changes.
        time.sleep(LOOK_SECONDS + 1)
        for state in ("fresh", "filled"):
            for small, exporter in zip(daemons, exporters, strict=True):
                if state == "filled":
                    small.fill()
                spent = _spent(small, exporter, rounds)
                named = f"{small.name}, {small.size} subnets, {state}"
                rows.append(Row(f"{named}: {OURS} ÷ {PLAIN}", ratio(spent[OURS], spent[PLAIN]), 2, LIMITS[small.size]))
                details += [Row(f"{named}: {name}, ms", MILLI * median(found), 2) for name, found in spent.items()]
    return rows + details


def _started(lab: Lab, root: str, size: int) -> _Small:
    port = free_port()
    more: Tree = {
        f"subnet{root[-1]}": [SUBNETS[root](number) for number in range(1, size + 1)],
        # Only our own leases-reclaim takes expired leases away, each with one sample per statistic.
        "expired-leases-processing": {"reclaim-timer-wait-time": 0},
    }
    return _Small(lab.start(root, dhcp(root, [http(port)], HOOKS, **more)), port, size)


def _spent(small: _Small, exporter: Exporter, rounds: int) -> dict[str, list[float]]:
    actors: dict[str, Callable[[], object]] = {OURS: exporter.scrape, PLAIN: small.ask_plainly}
    spent: dict[str, list[float]] = {name: [] for name in actors}
    for _ in range(rounds):
        for name, act in actors.items():
            # What the other left in Kea's heap.
            act()
            spent[name].append(kea_seconds(small.daemon.running.pid, act, REPEATS))
    return spent
