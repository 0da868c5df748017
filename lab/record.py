"""Record what real daemons answer, for tests that must not depend on a machine that can run them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from lab.servers.chroot import LabUnavailableError
from lab.servers.configurations import ddns, dhcp, http, subnet4, subnet6
from lab.servers.fleet import add_some_leases, start_fleet
from lab.servers.high_availability import NEVER_MILLISECONDS, PARTNER, PRIMARY, HighAvailability, wait_for
from lab.servers.kea import PROGRAMS, Lab
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from lab.servers.chroot import Chroot
    from lab.servers.kea import KeaDaemon, Tree

# Major version of the first Kea whose daemons speak HTTP themselves.
FIRST_WITH_HTTP = 3
VERSION = re.compile(r"(\d+)\.\d+\.\d+")
FOR_ALL = ("version-get", "list-commands", "status-get", "config-get", "statistic-get-all")


def record_kea(chroot: Chroot, folder: Path) -> Path:
    """Write the answers of the Kea below a root directory, and return the folder, which is named by its version.

    Raises:
        LabUnavailableError: there is no Kea.
    """
    said = chroot.run(PROGRAMS["Dhcp4"], "-v")
    found = VERSION.match(said.stdout)
    if found is None:
        raise LabUnavailableError(f"no Kea answers in {chroot.root}: {said.stderr.strip() or said.stdout.strip()}")
    target = folder / f"kea-{found[0]}"
    with Lab(chroot) as lab:
        (record if int(found[1]) >= FIRST_WITH_HTTP else record_old)(lab, target)
    return target


def record(lab: Lab, folder: Path) -> None:
    """Write the answers of one daemon of each kind below *folder*, one file a command."""
    fleet = start_fleet(lab)
    d2 = lab.start("DhcpDdns", ddns([http(free_port())], free_port()))
    _record(lab, fleet.daemons["sound-v4"], (*FOR_ALL, "stat-lease4-get"), folder / "dhcp4")
    _record(lab, fleet.daemons["sound-v6"], (*FOR_ALL, "stat-lease6-get"), folder / "dhcp6")
    _record(lab, d2, FOR_ALL, folder / "d2")
    record_high_availability(lab, folder / "high-availability")


def record_high_availability(lab: Lab, folder: Path) -> None:
    """Write what the primary of a pair answers to status-get, one file a state."""
    alone = HighAvailability(lab, heartbeat=NEVER_MILLISECONDS).start(PRIMARY)
    wait_for(alone, "waiting")
    _write(lab, alone, "status-get", folder / "waiting.json")
    pair = HighAvailability(lab)
    primary = pair.start(PRIMARY)
    partner = pair.start(PARTNER)
    wait_for(primary, "hot-standby", "hot-standby")
    _write(lab, primary, "status-get", folder / "hot-standby.json")
    partner.stop()
    wait_for(primary, "partner-down")
    _write(lab, primary, "status-get", folder / "partner-down.json")


def record_old(lab: Lab, folder: Path) -> None:
    """Write the answers of daemons before Kea 3.0, given a lab of those."""
    v4 = lab.start("Dhcp4", _old(lab, "Dhcp4", subnet4=[subnet4(1), subnet4(2)]))
    v6 = lab.start("Dhcp6", _old(lab, "Dhcp6", subnet6=[subnet6(1)]))
    add_some_leases(v4, v6)
    _record(lab, v4, (*FOR_ALL, "stat-lease4-get"), folder / "dhcp4")
    _record(lab, v6, (*FOR_ALL, "stat-lease6-get"), folder / "dhcp6")


def _old(lab: Lab, root: str, **subnets: list[Tree]) -> Tree:
    [hooks] = lab.chroot.root.glob("usr/lib/*/kea/hooks")
    libraries = [{"library": lab.inside(hooks / f"libdhcp_{hook}.so")} for hook in ("lease_cmds", "stat_cmds")]
    tree = {**dhcp(root, [], ()), **subnets, "hooks-libraries": libraries}
    tree.pop("control-sockets")
    return tree


def _record(lab: Lab, daemon: KeaDaemon, commands: tuple[str, ...], folder: Path) -> None:
    for command in commands:
        _write(lab, daemon, command, folder / f"{command}.json")


def _write(lab: Lab, daemon: KeaDaemon, command: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(daemon.command(command), indent=1, sort_keys=True)
    # The lab's folder is another one each time.
    text = text.replace(lab.inside(lab.folder), "/etc/kea").replace(lab.folder.name, "lab")
    path.write_text(f"{text}\n")
