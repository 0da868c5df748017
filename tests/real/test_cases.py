"""Cause and remedy of faults on real servers: each fault names the one cause that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from kea_exporter.requirements import Status
from kea_simulator.certificates import builder_for, named, with_san, write
from lab.servers.certificates import Authority
from lab.servers.configurations import HOOKS, dhcp, http, subnet4
from lab.servers.processes import free_port
from tests.real import test_certificates, test_kea_2_6, test_leases
from tests.real.test_kea_2_6 import old_lab, port

if TYPE_CHECKING:
    from kea_exporter.requirements import Problem, Report
    from lab.servers.kea import Lab

__all__ = ["old_lab", "port"]

pytestmark = pytest.mark.lab

IP = test_certificates.IP


def the_problem(report: Report, requirement: str) -> Problem:
    """Return the only problem of a requirement that is unmet."""
    [verdict] = [judged for judged in report.verdicts if judged.requirement.id == requirement]
    assert verdict.status is Status.UNMET, verdict.evidence
    [problem] = verdict.problems
    return problem


def test_a_control_agent_is_recognised(port: int) -> None:
    report = test_kea_2_6.judge(port, "dhcp4", control_agent=False)
    problem = the_problem(report, "service-matches")
    assert problem.cause.id == "control_agent"
    assert "control_agent: true" in problem.remedy


def test_what_comes_with_kea_3_0_needs_an_upgrade_first(port: int) -> None:
    report = test_kea_2_6.judge(port, "dhcp4")
    for hook in ("subnet", "host"):
        problem = the_problem(report, f"hook-{hook}-cmds-loaded")
        assert problem.cause.id == "needs_kea_3_0"
        assert problem.remedy.startswith("Upgrade Kea to 3.0")
        assert not problem.example
    assert the_problem(report, "control-socket-over-http").cause.id == "needs_kea_3_0"
    [realm] = [verdict for verdict in report.verdicts if verdict.requirement.id == "authentication-realm-matches"]
    assert realm.status is Status.NOT_APPLICABLE


def test_a_name_that_the_san_lacks(lab: Lab) -> None:
    pair = lab.authority.issue("kea", addresses=[IP])
    report = test_certificates.judge(
        f"https://localhost:{test_certificates.serve(lab, pair)}", lab.authority.certificate
    )
    problem = the_problem(report, "certificate-san-matches-address")
    assert problem.cause.id == "name_missing"
    assert "server_name" in problem.remedy


def test_a_certificate_for_clients_alone(lab: Lab) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = with_san(builder_for(named("kea"), lab.authority.name, key, (-1, 60)), [IP])
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    pair = write(lab.folder, "clients", lab.authority.signed(builder, key), key)
    report = test_certificates.judge(f"https://{IP}:{test_certificates.serve(lab, pair)}", lab.authority.certificate)
    problem = the_problem(report, "certificate-trusted")
    assert problem.cause.id == "key_usage"
    assert "serverAuth" in problem.remedy


def test_a_root_that_expires_soon(lab: Lab) -> None:
    root = Authority(lab.folder, "root")
    root.certificate.write_bytes(test_certificates.again(root, root, (-10, 20)))
    pair = root.issue("kea", addresses=[IP], days=(-1, 300))
    root.append_to(pair)
    report = test_certificates.judge(f"https://{IP}:{test_certificates.serve(lab, pair)}", root.certificate)
    assert the_problem(report, "certificate-renewal-not-due").cause.id == "root_expires"


def test_renumbered_subnets_get_their_ids_back(lab: Lab) -> None:
    port = free_port()
    daemon = lab.start(
        "Dhcp4", dhcp("Dhcp4", [http(port)], HOOKS, subnet4=[subnet4(number) for number in (5, 6, 7, 8)])
    )
    for subnet in (5, 6, 7, 8):
        for host in range(10, 15):
            test_leases.add4(daemon, f"10.0.{subnet}.{host}", subnet)
    renumbered = [{**subnet4(subnet), "id": subnet - 1} for subnet in (6, 7, 8)]
    for subnet in (5, 6, 7, 8):
        assert daemon.command("subnet4-del", id=subnet)["result"] == 0
    for entry in renumbered:
        assert daemon.command("subnet4-add", subnet4=[entry])["result"] == 0
    report = test_leases.audited(port)
    [verdict] = [judged for judged in report.verdicts if judged.requirement.id == "no-leases-outside-their-subnet"]
    first = verdict.problems[0]
    assert first.cause.id == "id_changed"
    assert "Do not delete" in first.remedy
    assert "delete" not in first.remedy.split("Do not delete", 1)[0]
