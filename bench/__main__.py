"""Measure what the exporter costs, print it, and write it to bench/results.md; `python -m bench --help`."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bench import machine
from bench.changes import changes, committed
from bench.cost import Site
from bench.exporters import ours, theirs
from bench.memory import memory_section
from bench.parts import (
    ALL,
    AUDIT,
    MANY,
    MEMORY,
    ON_KEA,
    OWN,
    SMALL,
    audit_section,
    many_section,
    own_section,
    small_section,
)
from bench.server import described, start_filled
from lab.servers.chroot import LabBuildError, LabUnavailableError, ensure
from lab.servers.kea import Lab
from lab.servers.processes import StartError

if TYPE_CHECKING:
    from bench.table import Section
    from lab.servers.chroot import Chroot

RESULTS = Path("bench/results.md")
SIZES = (100, 1_000, 10_000)
ROUNDS = 5
# One of them is for DHCP clients.
MIN_SUBNETS = 2


def main(arguments: list[str]) -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # an orderly end
        signal.signal(number, lambda *_: sys.exit(1))
    options = parsed(arguments)
    try:
        report = Run(ensure(), options.sizes, options.only, options.rounds).report()
    except (LabUnavailableError, LabBuildError, StartError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    print(report, end="")
    for line in changes(report, committed(RESULTS)) or [
        "no value with a target changed by a tenth since the last commit"
    ]:
        print(line)
    if options.sizes == SIZES and set(options.only) == set(ALL):
        RESULTS.write_text(report)
    else:
        _say(f"{RESULTS} stays as it is: it is for runs of all sizes and parts")
    return 0


class Run:
    """One run: what is to be measured, and what has been."""

    def __init__(self, chroot: Chroot, sizes: tuple[int, ...], only: tuple[str, ...], rounds: int) -> None:
        self._chroot = chroot
        self._sizes = sizes
        self._rounds = rounds
        self._only = only
        self._sections: dict[str, Section] = {name: ON_KEA[name].section() for name in only if name in ON_KEA}
        self._servers: list[str] = []

    def report(self) -> str:
        """Measure, and return the report in Markdown."""
        started = time.monotonic()
        with Lab(self._chroot) as lab:
            version = lab.chroot.run("/usr/sbin/kea-dhcp4", "-v").stdout.strip()
            if MANY in self._only:
                _say("many daemons")
                self._sections[MANY] = many_section(lab.folder, self._rounds)
            if MEMORY in self._only:
                _say("memory under attack")
                self._sections[MEMORY] = memory_section(lab.folder)
            if OWN in self._only:
                _say("the exporter itself")
                self._sections[OWN] = own_section(lab.folder, self._rounds)
            if SMALL in self._only:
                _say("few subnets")
                self._sections[SMALL] = small_section(lab.folder, self._chroot, self._rounds)
        for size in self._sizes if self._sections.keys() & ON_KEA else ():
            self._measure(size)
        if AUDIT in self._only:
            _say("the lease audit")
            self._sections[AUDIT] = audit_section()
        minutes = (time.monotonic() - started) / 60
        took = f"{self._rounds} rounds, values are medians; the run took {minutes:.0f} minutes."
        parts = (self._sections[name].text() for name in ALL if name in self._sections)
        servers = "".join(f"- {server}\n" for server in self._servers)
        return f"# What the exporter costs\n\n{machine.described(version)} {took}\n\n{servers}\n" + "\n".join(parts)

    def _measure(self, size: int) -> None:
        """Measure all parts on a Kea with as many subnets."""
        column = f"{size:,}"
        _say(f"{column} subnets: filling a Kea")
        with ExitStack() as stack:
            lab = stack.enter_context(Lab(self._chroot))
            kea = start_filled(lab, size)
            self._servers.append(described(kea))
            our_exporter = stack.enter_context(ours(lab.folder, [f"http://127.0.0.1:{kea.port}"]))
            their_exporter = stack.enter_context(theirs(lab.folder, kea.daemon.unix_socket))
            site = Site(kea, our_exporter, their_exporter, self._rounds)
            site.warm_up()
            for name, part in ON_KEA.items():
                if name in self._sections and (size == max(self._sizes) or not part.once):
                    _say(f"{column} subnets: {part.title}")
                    self._sections[name].add(column, part.measure(site))


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Return the options; end with what is wrong with them where they cannot be meant."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--sizes", type=_sizes, default=SIZES, metavar="N,...", help="subnets of the Keas to measure on"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each value is taken")
    parser.add_argument("--only", type=_parts, default=ALL, metavar="PART,...", help=f"some of {','.join(ALL)}")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or min(options.sizes) < MIN_SUBNETS:
        parser.error(f"--rounds has to be 1 or more, and each of --sizes {MIN_SUBNETS} or more")
    return options


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


def _parts(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(ALL):
        raise argparse.ArgumentTypeError(f"no such part: {','.join(sorted(unknown))}")
    return names


def _say(text: str) -> None:
    print(f"{text} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
