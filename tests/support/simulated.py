"""Pages of a simulated Kea."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kea_exporter.config import settings_from_tree
from kea_exporter.metrics import Page
from kea_exporter.probe import probe
from kea_exporter.transport.deadline import Deadline
from kea_simulator.building import Blueprint
from kea_simulator.daemon import Life
from kea_simulator.server import KeaServer
from kea_simulator.servers import CURRENT, OFFICE, STANDARD, Server
from tests.support.pages import reports

if TYPE_CHECKING:
    from kea_exporter.requirements import Report

NOW, STARTED = 1_800_000_000.0, 1_799_990_000.0


def report_of(
    subnets: int, daemon: str, *, pools: bool = False, version: str = CURRENT, in_pair: bool = False
) -> Report:
    """Return the report on a daemon with so many subnets, the last of them in a shared network."""
    networks = ("",) * (subnets - 1) + (OFFICE,)
    server = Server("ha-1", "", (daemon,), version, uses=(0.5,) * subnets, networks=networks, failures=0.5)
    if in_pair:
        server = replace(server, hooks=(*STANDARD, "ha"), role="primary")
    twin = Blueprint(server, 1, 1, Life(lambda: NOW, STARTED, 1)).daemon(daemon, [])
    with KeaServer(twin.answers) as kea:
        entry = {"name": "kea", daemon: {"url": kea.url}, "collect": {"pools": pools}}
        [settings] = settings_from_tree({"servers": [entry]}, Path()).daemons
        [report] = reports(probe(settings, Deadline.after(300.0)))
    return report


def page_of(subnets: int, daemon: str, *, pools: bool = False) -> Page:
    """Return the page with one daemon."""
    return Page((report_of(subnets, daemon, pools=pools),))
