"""Cause and remedy of faults on real servers: each fault names the one cause that it has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from kea_exporter.requirements import Severity, Status
from kea_simulator.certificates import builder_for, named, with_san, write
from lab.servers.certificates import Authority
from lab.servers.configurations import HOOKS, dhcp, http, kept_leases, subnet4
from lab.servers.high_availability import PARTNER, PRIMARY, HighAvailability, wait_for
from lab.servers.kea import succeeded
from lab.servers.processes import free_port
from tests.real import test_certificates, test_kea_2_6, test_leases
from tests.real.test_kea_2_6 import old_lab, port

if TYPE_CHECKING:
    from kea_exporter.requirements import Problem, Report
    from lab.servers.kea import KeaDaemon, Lab

__all__ = ["old_lab", "port"]

pytestmark = pytest.mark.lab

IP = test_certificates.IP
ORPHANS, OUTSIDE, DHCP_ENABLED = test_leases.ORPHANS, test_leases.OUTSIDE, "dhcp-service-enabled"


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


def test_a_subnet_with_another_id_than_on_the_partner_gets_the_id_that_its_leases_carry(lab: Lab) -> None:
    pair = HighAvailability(lab)
    primary = pair.start(PRIMARY, tree={"subnet4": [subnet4(2)], "lease-database": kept_leases()})
    for host in range(10, 18):
        test_leases.add4(primary, f"10.0.2.{host}", 2)
    standby = pair.start(PARTNER, tree={"subnet4": [{**subnet4(2), "id": 3}], "lease-database": kept_leases()})
    wait_for(standby, "hot-standby", "hot-standby")
    problem = the_problem(test_leases.audited(pair.control_ports[PARTNER]), ORPHANS)
    assert problem.cause.id == "differs_from_partner"
    assert problem.evidence == ("8 leases with the subnet id 2 lie in 10.0.2.0/24, which has the id 3",)
    assert problem.remedy.startswith("Compare the subnet ids of both partners (subnet4-list")
    assert "Do not delete" in problem.remedy
    assert "delete" not in problem.remedy.split("Do not delete", 1)[0]
    # As the remedy says: with the id of the standby on both, the leases would be misplaced on both.
    assert "Give each subnet on both the id that its leases carry" in problem.remedy
    assert (ids_of(primary), ids_of(standby)) == ({"10.0.2.0/24": 2}, {"10.0.2.0/24": 3})
    standby.write({**standby.configuration, "subnet4": [subnet4(2)]})
    standby.reload()
    wait_for(standby, "hot-standby", "hot-standby")
    for report in map(test_leases.audited, pair.control_ports.values()):
        for verdict in (test_leases.verdict(report, requirement) for requirement in (ORPHANS, OUTSIDE)):
            assert (verdict.status, verdict.evidence[:12]) == (Status.MET, "all 8 leases")


def ids_of(daemon: KeaDaemon) -> dict[str, int]:
    """Return the ids of the subnets of a daemon, by prefix."""
    return {subnet["subnet"]: subnet["id"] for subnet in daemon.command("subnet4-list")["arguments"]["subnets"]}


def test_maintenance_is_named_and_ends_as_the_remedy_says(lab: Lab) -> None:
    pair = HighAvailability(lab)
    primary, standby = pair.start(PRIMARY), pair.start(PARTNER)
    wait_for(primary, "hot-standby", "hot-standby")

    def in_maintenance() -> Problem:
        succeeded("ha-maintenance-start", primary.command("ha-maintenance-start"))
        wait_for(primary, "partner-in-maintenance", "in-maintenance")
        return the_problem(test_leases.unaudited(pair.control_ports[PARTNER]), DHCP_ENABLED)

    def is_over() -> bool:
        wait_for(primary, "hot-standby", "hot-standby")
        wait_for(standby, "hot-standby", "hot-standby")
        return (
            test_leases.verdict(test_leases.unaudited(pair.control_ports[PARTNER]), DHCP_ENABLED).status is Status.MET
        )

    problem = in_maintenance()
    assert problem.cause.id == "ha_maintenance"
    [evidence] = problem.evidence
    assert evidence.endswith("high availability with primary-server, which is in the state in-maintenance")
    # The partner serves: nothing that is required is unmet.
    report = test_leases.unaudited(pair.control_ports[PARTNER])
    assert test_leases.verdict(report, DHCP_ENABLED).severity is Severity.RECOMMENDED
    assert test_leases.verdict(report, "service-running").status is Status.MET
    assert test_leases.verdict(test_leases.unaudited(pair.control_ports[PRIMARY]), DHCP_ENABLED).status is Status.MET
    # Either of both remedies.
    assert "send ha-maintenance-cancel to the partner" in problem.remedy
    command = json.loads(problem.example)["command"]
    succeeded(command, primary.command(command))
    assert is_over()
    assert "shut the server down and start it again" in in_maintenance().remedy
    standby.stop()
    wait_for(primary, "partner-down")
    standby.start_again()
    assert is_over()
