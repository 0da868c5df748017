"""One real Kea daemon per case: its configuration on the one side, the verdicts on the other."""

from __future__ import annotations

import shutil
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Reason, Stage, known
from kea_exporter.facts.leases import LeaseCounts
from kea_exporter.requirements import Report, Status, Verdict
from kea_exporter.transport.deadline import Deadline
from lab.servers.certificates import Authority
from lab.servers.configurations import HOOKS, control_agent, ddns, dhcp, http, subnet4, subnet6
from lab.servers.processes import free_port
from tests.support.peers import peer, relaying_to

if TYPE_CHECKING:
    from lab.servers.kea import Lab, Tree

pytestmark = pytest.mark.lab

USER, PASSWORD = "monitor", "a-throw-away-password"
INLINE: Tree = {"type": "basic", "realm": "kea-dhcpv4-server", "clients": [{"user": USER, "password": PASSWORD}]}


def judge(url: str, daemon: str = "dhcp4", **options: object) -> Report:
    tree = {"servers": [{"name": "kea", daemon: {"url": url, **options}}]}
    settings = settings_from_tree(tree, Path.cwd())
    [report] = Collector().collect(settings.daemons, Deadline.after(10))
    return report


def verdict(report: Report, requirement: str) -> Verdict:
    return next(judged for judged in report.verdicts if judged.requirement.id == requirement)


def statuses(report: Report, *requirements: str) -> list[Status]:
    return [verdict(report, requirement).status for requirement in requirements]


def basic_auth(lab: Lab, password: str = PASSWORD) -> Tree:
    return {"username": USER, "password_file": str(lab.secret("exporter-password", password))}


def start_http(lab: Lab, address: str = "127.0.0.1", authentication: Tree | None = None) -> int:
    port = free_port()
    more = {"authentication": authentication} if authentication is not None else {}
    lab.start("Dhcp4", dhcp("Dhcp4", [{**http(port, address), **more}], subnet4=[subnet4(1)]))
    return port


AUTHENTICATION = {
    "none": (None, "authentication-configured", Status.UNMET, "no authentication is configured"),
    "no clients": ({**INLINE, "clients": []}, "authentication-configured", Status.UNMET, "lists no clients"),
    "inline": (
        INLINE,
        "credentials-in-files",
        Status.UNMET,
        "user or password of 1 of 1 clients are in the configuration",
    ),
    "another realm": ({**INLINE, "realm": "other"}, "authentication-realm-matches", Status.UNMET, "'other'"),
    "the demanded realm": (INLINE, "authentication-realm-matches", Status.MET, "'kea-dhcpv4-server'"),
    "no realm": (
        {key: value for key, value in INLINE.items() if key != "realm"},
        "authentication-realm-matches",
        Status.MET,
        "'kea-dhcpv4-server'",
    ),
    "type basic": (INLINE, "authentication-type-basic", Status.MET, "basic"),
    "accepted": (INLINE, "authentication-accepted", Status.MET, "accepted"),
    "over plain http": (INLINE, "control-socket-uses-tls", Status.UNMET, "credentials are sent in clear text"),
}


@pytest.mark.parametrize(
    ("authentication", "requirement", "status", "evidence"), AUTHENTICATION.values(), ids=AUTHENTICATION
)
def test_authentication_is_judged_by_the_configuration(
    lab: Lab, authentication: Tree | None, requirement: str, status: Status, evidence: str
) -> None:
    port = start_http(lab, authentication=authentication)
    found = verdict(judge(f"http://127.0.0.1:{port}", basic_auth=basic_auth(lab)), requirement)
    assert found.status is status
    assert evidence in found.evidence


def test_credentials_in_files_are_recognised(lab: Lab) -> None:
    files = lab.authentication("Dhcp4", lab.secret("user", USER), lab.secret("password", PASSWORD))
    port = start_http(lab, authentication=files)
    report = judge(f"http://127.0.0.1:{port}", basic_auth=basic_auth(lab))
    assert statuses(report, "credentials-in-files", "authentication-accepted") == [Status.MET, Status.MET]


def test_a_password_beyond_ascii_is_accepted_as_kea_takes_it(lab: Lab) -> None:
    password = "Schlüssel-€"
    port = start_http(lab, authentication={**INLINE, "clients": [{"user": USER, "password": password}]})
    report = judge(f"http://127.0.0.1:{port}", basic_auth=basic_auth(lab, password))
    assert verdict(report, "authentication-accepted").status is Status.MET


def test_the_default_realm_of_dhcp6_is_the_demanded_one(lab: Lab) -> None:
    port = free_port()
    unnamed = {"type": "basic", "clients": INLINE["clients"]}
    lab.start("Dhcp6", dhcp("Dhcp6", [http(port, authentication=unnamed)], subnet6=[subnet6(1)]))
    for report in (
        judge(f"http://127.0.0.1:{port}", "dhcp6", basic_auth=basic_auth(lab)),
        judge(f"http://127.0.0.1:{port}", "dhcp6"),
    ):
        assert verdict(report, "authentication-realm-matches").status is Status.MET


def test_missing_credentials_are_told_from_wrong_ones(lab: Lab) -> None:
    port = start_http(lab, authentication=INLINE)
    wrong = verdict(judge(f"http://127.0.0.1:{port}", basic_auth=basic_auth(lab, "wrong")), "authentication-accepted")
    missing = verdict(judge(f"http://127.0.0.1:{port}"), "authentication-accepted")
    assert "rejected the configured credentials" in wrong.evidence
    assert "none are configured" in missing.evidence
    assert "basic_auth" in missing.remedy


@pytest.mark.parametrize(
    ("bound", "reached", "status"),
    [
        ("127.0.0.1", "127.0.0.1", Status.MET),
        ("0.0.0.0", "127.0.0.1", Status.MET),
        ("::1", "[::1]", Status.MET),
        ("0:0:0:0:0:0:0:1", "[::1]", Status.MET),
        ("::", "[::1]", Status.MET),
        ("::", "127.0.0.1", Status.MET),
    ],
)
def test_a_socket_bound_to_the_address_matches(lab: Lab, bound: str, reached: str, status: Status) -> None:
    port = start_http(lab, bound)
    assert verdict(judge(f"http://{reached}:{port}"), "control-socket-address-matches").status is status


def test_a_socket_bound_to_another_address_is_reported(lab: Lab) -> None:
    port = start_http(lab, authentication=INLINE)
    with peer(relaying_to("127.0.0.1", port), at=("127.0.0.2", port)):
        report = judge(f"http://127.0.0.2:{port}", basic_auth=basic_auth(lab))
    found = verdict(report, "control-socket-address-matches")
    assert found.status is Status.UNMET
    assert found.evidence == (
        f"no control socket is bound to 127.0.0.2 port {port}; configured: http on 127.0.0.1 port {port}"
    )
    # The port still tells which socket is in use.
    assert verdict(report, "authentication-configured").status is Status.MET


def test_a_configured_hook_without_its_commands_is_reported(lab: Lab) -> None:
    [folder] = lab.chroot.root.glob("usr/lib/*/kea/hooks")
    own = lab.folder / "hooks"
    own.mkdir()
    for hook in HOOKS:
        shutil.copy(folder / f"libdhcp_{hook}.so", own)
    # One hook's file has the name of another.
    shutil.copy(folder / "libdhcp_bootp.so", own / "libdhcp_lease_cmds.so")
    port = free_port()
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]), KEA_HOOKS_PATH=lab.inside(own))
    found = verdict(judge(f"http://127.0.0.1:{port}"), "hook-lease-cmds-loaded")
    assert found.status is Status.UNMET
    assert "is configured, but its command lease4-get is not registered" in found.evidence
    assert "HOOKS_ messages" in found.remedy


@pytest.mark.parametrize("missing", HOOKS)
def test_each_missing_hook_is_named(lab: Lab, missing: str) -> None:
    port = free_port()
    hooks = tuple(hook for hook in HOOKS if hook != missing)
    lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], hooks, subnet4=[subnet4(1)]))
    report = judge(f"http://127.0.0.1:{port}")
    unmet = [
        judged
        for judged in report.verdicts
        if judged.requirement.id.startswith("hook-") and judged.status is Status.UNMET
    ]
    assert [judged.requirement.id for judged in unmet] == [f"hook-{missing.replace('_', '-')}-loaded"]
    assert f'{{"library": "libdhcp_{missing}.so"}}' in unmet[0].remedy


def test_dhcp6_asked_as_dhcp4_is_called_out_and_its_numbers_are_not_taken(lab: Lab) -> None:
    port = free_port()
    lab.start("Dhcp6", dhcp("Dhcp6", [http(port)], subnet6=[subnet6(1)]))
    report = judge(f"http://127.0.0.1:{port}", "dhcp4")
    found = verdict(report, "service-matches")
    assert (found.status, found.evidence) == (Status.UNMET, "Dhcp6 answers where Dhcp4 was expected")
    assert [failure.reason for failure in report.snapshot.failures] == [Reason.WRONG_DAEMON]


def test_d2_is_judged_by_what_concerns_it(lab: Lab) -> None:
    port = free_port()
    lab.start("DhcpDdns", ddns([http(port)], free_port()))
    report = judge(f"http://127.0.0.1:{port}", "d2")
    assert statuses(report, "service-running", "service-matches", "version-supported") == [Status.MET] * 3
    concerns_dhcp = ("dhcp-service-enabled", "hook-lease-cmds-loaded", "authentication-realm-matches")
    assert statuses(report, *concerns_dhcp) == [Status.NOT_APPLICABLE] * 3
    assert report.snapshot.failures == ()


def test_a_unix_socket_is_judged_without_http_and_tls(lab: Lab) -> None:
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [], subnet4=[subnet4(1)]))
    report = judge(f"unix://{daemon.unix_socket}")
    assert statuses(report, "service-running", "hook-lease-cmds-loaded") == [Status.MET] * 2
    network_only = ("control-socket-uses-tls", "control-socket-address-matches", "authentication-accepted")
    assert statuses(report, *network_only) == [Status.NOT_APPLICABLE] * 3
    assert verdict(report, "control-socket-over-http").status is Status.UNMET


class TestBehindAControlAgent:
    @pytest.fixture
    def port(self, lab: Lab) -> int:
        daemon = lab.start("Dhcp4", dhcp("Dhcp4", [], subnet4=[subnet4(1)]))
        behind = {"dhcp4": {"socket-type": "unix", "socket-name": f"/run/kea/{daemon.unix_socket.name}"}}
        port = free_port()
        lab.start("Control-agent", control_agent(port, behind, authentication=INLINE))
        return port

    def test_the_daemon_is_judged_and_the_agents_socket_is_the_one_in_use(self, lab: Lab, port: int) -> None:
        report = judge(f"http://127.0.0.1:{port}", control_agent=True, basic_auth=basic_auth(lab))
        agents = ("control-socket-address-matches", "authentication-configured", "authentication-accepted")
        assert statuses(report, "service-matches", "hook-lease-cmds-loaded", *agents) == [Status.MET] * 5
        assert verdict(report, "credentials-in-files").status is Status.UNMET
        assert known(known(report.snapshot.leases).addresses).assigned == 0

    def test_a_daemon_that_is_not_there_is_not_running(self, lab: Lab, port: int) -> None:
        report = judge(f"http://127.0.0.1:{port}", "dhcp6", control_agent=True, basic_auth=basic_auth(lab))
        assert verdict(report, "service-running").status is Status.UNMET
        assert Reason.DAEMON_OFFLINE in {failure.reason for failure in report.snapshot.failures}

    def test_forgetting_to_name_the_agent_is_noticed(self, lab: Lab, port: int) -> None:
        report = judge(f"http://127.0.0.1:{port}", basic_auth=basic_auth(lab))
        assert verdict(report, "service-matches").evidence == "Control-agent answers where Dhcp4 was expected"


def test_disabled_service_is_told_with_its_origin(lab: Lab) -> None:
    port = free_port()
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    daemon.command("dhcp-disable")
    found = verdict(judge(f"http://127.0.0.1:{port}"), "dhcp-service-enabled")
    assert found.status is Status.UNMET
    assert "a user's dhcp-disable" in found.evidence


def test_sockets_that_cannot_be_opened_are_told(lab: Lab) -> None:
    port = free_port()
    at_one_port = ("-p", str(free_port(kind=socket.SOCK_DGRAM)))
    # Two servers cannot both have the DHCP port of the same address.
    for sockets in ([], [http(port)]):
        lab.start("Dhcp4", dhcp("Dhcp4", sockets, subnet4=[subnet4(1)]), at_one_port)
    found = verdict(judge(f"http://127.0.0.1:{port}"), "service-running")
    assert found.status is Status.UNMET
    assert "DHCP sockets could not be opened: Failed to open socket on interface lo" in found.evidence


def test_a_hung_daemon_is_reachable_but_unknown(lab: Lab) -> None:
    port = free_port()
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], subnet4=[subnet4(1)]))
    daemon.running.signal(signal.SIGSTOP)
    try:
        report = judge(f"http://127.0.0.1:{port}", timeout="2s")
    finally:
        daemon.running.signal(signal.SIGCONT)
    assert statuses(report, "control-socket-reachable", "service-running") == [Status.MET, Status.UNKNOWN]
    [failure] = report.snapshot.failures
    assert (failure.stage, failure.reason) == (Stage.HTTP, Reason.TIMED_OUT)


class TestClientCertificates:
    @pytest.fixture
    def port(self, lab: Lab) -> int:
        port = free_port()
        pair = lab.authority.issue("kea", addresses=["127.0.0.1"])
        socket = {**lab.https(port, pair), "cert-required": True}
        lab.start("Dhcp4", dhcp("Dhcp4", [socket], subnet4=[subnet4(1)]))
        return port

    def test_a_client_without_one_is_told_that_it_is_demanded(self, lab: Lab, port: int) -> None:
        tls = {"ca_file": str(lab.authority.certificate)}
        [failure] = judge(f"https://127.0.0.1:{port}", tls_config=tls).snapshot.failures
        assert (failure.stage, failure.reason) == (Stage.TLS, Reason.CLIENT_CERTIFICATE_REQUIRED)

    def test_one_of_another_authority_is_rejected(self, lab: Lab, port: int, tmp_path: Path) -> None:
        other = Authority(tmp_path).issue("exporter")
        tls = {"ca_file": str(lab.authority.certificate), "cert_file": str(other.certificate)}
        tls["key_file"] = str(other.key)
        [failure] = judge(f"https://127.0.0.1:{port}", tls_config=tls).snapshot.failures
        assert (failure.stage, failure.reason) == (Stage.TLS, Reason.CLIENT_CERTIFICATE_REJECTED)

    def test_the_right_one_is_let_in(self, lab: Lab, port: int) -> None:
        own = lab.authority.issue("exporter")
        tls = {"ca_file": str(lab.authority.certificate), "cert_file": str(own.certificate)}
        tls["key_file"] = str(own.key)
        assert judge(f"https://127.0.0.1:{port}", tls_config=tls).snapshot.failures == ()


def test_https_asked_of_a_plain_http_socket_is_told(lab: Lab) -> None:
    port = start_http(lab)
    found = verdict(judge(f"https://127.0.0.1:{port}"), "control-socket-uses-tls")
    assert (found.status, found.evidence) == (Status.UNMET, "the server does not speak TLS on this port")


def test_http_asked_of_a_https_socket_is_unknown_and_says_what_to_check(lab: Lab) -> None:
    port = free_port()
    pair = lab.authority.issue("kea", addresses=["127.0.0.1"])
    lab.start("Dhcp4", dhcp("Dhcp4", [lab.https(port, pair)], subnet4=[subnet4(1)]))
    found = verdict(judge(f"http://127.0.0.1:{port}"), "control-socket-uses-tls")
    assert found.status is Status.UNKNOWN
    assert "it may speak https" in found.evidence
    assert "https://" in found.remedy


def test_leases_are_counted_alike_with_and_without_the_stat_hook(lab: Lab) -> None:
    for hooks in (HOOKS, tuple(hook for hook in HOOKS if hook != "stat_cmds")):
        port = free_port()
        daemon = lab.start("Dhcp4", dhcp("Dhcp4", [http(port)], hooks, subnet4=[subnet4(1), subnet4(2)]))
        for host in range(10, 14):
            lease = {"ip-address": f"10.0.1.{host}", "hw-address": f"02:00:00:00:00:{host:02x}", "subnet-id": 1}
            state = {"state": 1} if host == 13 else {}
            assert daemon.command("lease4-add", **lease, **state)["result"] == 0
        daemon.command("lease4-add", **{"ip-address": "10.0.2.10", "hw-address": "02:00:00:00:01:00", "subnet-id": 2})
        # The leases of a deleted subnet stay behind in Kea, and count no more.
        daemon.command("subnet4-del", id=2)
        leases = known(judge(f"http://127.0.0.1:{port}").snapshot.leases)
        assert known(leases.addresses) == LeaseCounts(assigned=3, declined=1)
