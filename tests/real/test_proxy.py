"""Real nginx in front of real Kea: what a proxy answers is not taken for Kea's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Failure, known
from kea_exporter.transport.deadline import Deadline
from lab.servers.configurations import dhcp, http, subnet4
from lab.servers.nginx import nginx
from lab.servers.processes import free_port

if TYPE_CHECKING:
    from kea_exporter.requirements import Report
    from lab.servers.kea import Lab

pytestmark = pytest.mark.lab


def judge(url: str, **options: object) -> Report:
    tree = {"servers": [{"name": "kea", "dhcp4": {"url": url, "timeout": "20s", **options}}]}
    [report] = Collector().collect(settings_from_tree(tree, Path.cwd()).daemons, Deadline.after(20))
    return report


def start_kea(lab: Lab) -> int:
    port = free_port()
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    return port


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_closes_after_each_answer_hides_nothing(lab: Lab, scheme: str) -> None:
    """With `keepalive_timeout 0`, kea_up was 1 and everything else unknown."""
    kea = start_kea(lab)
    pair = lab.authority.issue("proxy", ["127.0.0.1"]) if scheme == "https" else None
    directives = f"keepalive_timeout 0; location / {{ proxy_pass http://127.0.0.1:{kea}; }}"
    with nginx(lab.folder / "nginx", directives, pair) as port:
        tls = {"tls_config": {"ca_file": str(lab.authority.certificate)}} if pair else {}
        report = judge(f"{scheme}://127.0.0.1:{port}", **tls)
    accesses = (lab.folder / "nginx/access.log").read_text().splitlines()
    assert report.snapshot.failures == ()
    assert not isinstance(known(report.snapshot.leases).addresses, Failure)
    assert len(accesses) == len(report.snapshot.exchanges) > 5
