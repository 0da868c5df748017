"""Record what real daemons answer, for tests that must not depend on a machine that can run them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lab.fleet import start_fleet
from lab.kea import ddns, http
from lab.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from lab.kea import KeaDaemon, Lab

FOR_ALL = ("version-get", "list-commands", "status-get", "config-get", "statistic-get-all")


def record(lab: Lab, folder: Path) -> None:
    """Write the answers of one daemon of each kind below *folder*, one file a command."""
    fleet = start_fleet(lab)
    d2 = lab.start("DhcpDdns", ddns([http(free_port())], free_port()))
    _record(lab, fleet.daemons["sound-v4"], (*FOR_ALL, "stat-lease4-get"), folder / "dhcp4")
    _record(lab, fleet.daemons["sound-v6"], (*FOR_ALL, "stat-lease6-get"), folder / "dhcp6")
    _record(lab, d2, FOR_ALL, folder / "d2")


def _record(lab: Lab, daemon: KeaDaemon, commands: tuple[str, ...], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for command in commands:
        text = json.dumps(daemon.command(command), indent=1, sort_keys=True)
        # The lab's folder is another one each time.
        text = text.replace(lab.inside(lab.folder), "/etc/kea").replace(lab.folder.name, "lab")
        (folder / f"{command}.json").write_text(f"{text}\n")
