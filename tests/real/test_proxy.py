"""Real nginx in front of real Kea: what a proxy answers is not taken for Kea's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Failure, Reason, Stage, known
from kea_exporter.requirements import Status
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


BY_PROXY = {
    "a redirect": "return 301 https://127.0.0.1/;",
    "a bad request": "return 400;",
    "no server behind it": "proxy_pass http://127.0.0.1:1;",
    "a page": "default_type text/html; return 200 '<html>welcome</html>';",
    "a login of its own": "auth_basic realm; auth_basic_user_file /dev/null; proxy_pass http://127.0.0.1:1;",
    "no access": "deny all;",
}
JUDGED_OF_KEA = (
    "hsts-header-present",
    "control-socket-uses-tls",
    "authentication-accepted",
    "authentication-configured",
    "authentication-type-basic",
    "authentication-realm-matches",
    "client-certificate-required",
)


@pytest.mark.parametrize("case", BY_PROXY)
def test_what_a_proxy_answers_by_itself_says_nothing_of_kea(lab: Lab, case: str) -> None:
    pair = lab.authority.issue("proxy", ["127.0.0.1"])
    tls = {"ca_file": str(lab.authority.certificate)}
    with nginx(lab.folder / "nginx", f"location / {{ {BY_PROXY[case]} }}", pair) as port:
        report = judge(f"https://127.0.0.1:{port}", tls_config=tls)
    found = {verdict.requirement.id: verdict.status for verdict in report.verdicts}
    assert [found[requirement] for requirement in JUDGED_OF_KEA] == [Status.UNKNOWN] * len(JUDGED_OF_KEA)
    # What the certificate says is a fact, whoever shows it.
    assert found["certificate-trusted"] is Status.MET


def test_a_login_that_a_proxy_demands_has_a_reason_of_its_own(lab: Lab) -> None:
    directives = f"location / {{ {BY_PROXY['a login of its own']} }}"
    with nginx(lab.folder / "nginx", directives) as port:
        report = judge(f"http://127.0.0.1:{port}")
    assert [(failure.stage, failure.reason) for failure in report.snapshot.failures] == [
        (Stage.AUTH, Reason.REFUSED_BY_PROXY)
    ]


def test_tls_that_ends_at_a_proxy_is_recognised(lab: Lab) -> None:
    pair = lab.authority.issue("proxy", ["127.0.0.1"])
    kea = start_kea(lab)
    tls = {"ca_file": str(lab.authority.certificate)}
    with nginx(lab.folder / "nginx", f"location / {{ proxy_pass http://127.0.0.1:{kea}; }}", pair) as port:
        report = judge(f"https://127.0.0.1:{port}", tls_config=tls)
    found = {judged.requirement.id: judged for judged in report.verdicts}
    uses_tls = found["control-socket-uses-tls"]
    assert uses_tls.status is Status.MET
    assert (
        f"a proxy terminates TLS; the control socket behind it is plain http on 127.0.0.1 port {kea}"
        in uses_tls.evidence
    )
    for requirement in ("client-certificate-required", "control-socket-address-matches"):
        verdict = found[requirement]
        assert verdict.status is Status.UNKNOWN
        assert "a proxy in front of Kea terminates TLS" in verdict.evidence
        assert "socket-port" not in verdict.remedy
    assert "at the proxy" in found["hsts-header-present"].remedy
    assert report.snapshot.failures == ()


def test_nobody_is_told_to_bind_the_port_of_a_proxy(lab: Lab) -> None:
    kea = start_kea(lab)
    with nginx(lab.folder / "nginx", f"location / {{ proxy_pass http://127.0.0.1:{kea}; }}") as port:
        report = judge(f"http://127.0.0.1:{port}")
    verdict = next(judged for judged in report.verdicts if judged.requirement.id == "control-socket-address-matches")
    assert verdict.status is Status.UNKNOWN
    assert "a proxy answers for Kea" in verdict.evidence
