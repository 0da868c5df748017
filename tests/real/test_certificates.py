"""One real Kea daemon per certificate: what it serves on the one side, the verdicts on the other."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kea_exporter.collector import Collector
from kea_exporter.config import settings_from_tree
from kea_exporter.facts.failure import Reason, known
from kea_exporter.requirements import Report, Status, Verdict
from kea_exporter.transport.deadline import Deadline
from kea_simulator.certificates import CA_USAGE, builder_for
from lab.servers.certificates import Authority, Pair, self_signed
from lab.servers.configurations import dhcp, subnet4
from lab.servers.processes import free_port
from tests.support.exporter import exporter, values, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lab.servers.kea import Lab, Tree

pytestmark = pytest.mark.lab

MET, UNMET = Status.MET, Status.UNMET
IP = "127.0.0.1"


def serve(lab: Lab, pair: Pair, address: str = IP, more: Tree | None = None) -> int:
    port = free_port(address)
    socket = {**lab.https(port, pair, address), **(more or {})}
    lab.start("Dhcp4", dhcp("Dhcp4", [socket], subnet4=[subnet4(1)]))
    return port


def judge(url: str, ca_file: Path, collector: Collector | None = None, tls: Tree | None = None) -> Report:
    options = {"ca_file": str(ca_file), **(tls or {})}
    tree = {"servers": [{"name": "kea", "dhcp4": {"url": url, "tls_config": options, "timeout": "5s"}}]}
    settings = settings_from_tree(tree, ca_file.parent)
    [report] = (collector or Collector()).collect(settings.daemons, Deadline.after(10))
    return report


def verdict(report: Report, requirement: str) -> Verdict:
    return next(judged for judged in report.verdicts if judged.requirement.id == requirement)


def certificate_verdicts(report: Report) -> tuple[Status, Status, Status]:
    ids = ("certificate-san-matches-address", "certificate-within-validity", "certificate-trusted")
    return tuple(verdict(report, requirement).status for requirement in ids)  # type: ignore[return-value]


def of_authority(**options: object) -> Callable[[Lab], Pair]:
    return lambda lab: lab.authority.issue("kea", **options)  # type: ignore[arg-type]


def of_another_authority(lab: Lab) -> Pair:
    return Authority(lab.folder, "another").issue("kea", addresses=[IP])


def signed_by_itself(lab: Lab) -> Pair:
    return self_signed(lab.folder, "kea", [IP])


def of_intermediate(lab: Lab) -> Pair:
    """The chain lacks the certificate between the server's own and the root."""
    return Authority(lab.folder, "intermediate", lab.authority).issue("kea", addresses=[IP])


def of_sent_intermediate(lab: Lab) -> Pair:
    intermediate = Authority(lab.folder, "intermediate", lab.authority)
    pair = intermediate.issue("kea", addresses=[IP])
    intermediate.append_to(pair)
    return pair


CASES = {
    "address in the SAN": (of_authority(addresses=[IP]), (MET, MET, MET), f"the SAN contains ip:{IP}"),
    "DNS name only": (of_authority(dns_names=["kea1"]), (UNMET, MET, MET), f"the SAN contains dns:kea1, not ip:{IP}"),
    "common name only": (of_authority(), (UNMET, MET, MET), f"the SAN contains nothing, not ip:{IP}"),
    "another address": (of_authority(addresses=["::1"]), (UNMET, MET, MET), f"contains ip:::1, not ip:{IP}"),
    "expired": (of_authority(addresses=[IP], days=(-9, -1)), (MET, UNMET, MET), "the certificate expired on"),
    "not yet valid": (of_authority(addresses=[IP], days=(1, 9)), (MET, UNMET, MET), "is not valid before"),
    "expired and without SAN": (of_authority(days=(-9, -1)), (UNMET, UNMET, MET), "expired on"),
    "signed by itself": (signed_by_itself, (MET, MET, UNMET), "self-signed certificate"),
    "unknown authority": (of_another_authority, (MET, MET, UNMET), "not accepted"),
    "intermediate missing": (of_intermediate, (MET, MET, UNMET), "unable to get local issuer certificate"),
    "intermediate sent": (of_sent_intermediate, (MET, MET, MET), "issued by CN=intermediate"),
}


@pytest.mark.parametrize(("issue", "expected", "evidence"), CASES.values(), ids=CASES)
def test_name_validity_and_trust_are_judged_apart(
    lab: Lab, issue: Callable[[Lab], Pair], expected: tuple[Status, Status, Status], evidence: str
) -> None:
    report = judge(f"https://{IP}:{serve(lab, issue(lab))}", lab.authority.certificate)
    assert certificate_verdicts(report) == expected
    assert evidence in " ".join(judged.evidence for judged in report.verdicts)
    # Nothing is asked over a connection that did not verify.
    assert bool(report.snapshot.exchanges) is (expected == (MET, MET, MET))
    assert known(report.snapshot.tls) is not None


def test_an_ipv6_address_is_matched(lab: Lab) -> None:
    port = serve(lab, lab.authority.issue("kea", addresses=["::1"]), "::1")
    report = judge(f"https://[0:0:0:0:0:0:0:1]:{port}", lab.authority.certificate)
    assert certificate_verdicts(report) == (MET, MET, MET)


def test_a_server_reached_by_name_needs_name_and_address_in_its_san(lab: Lab) -> None:
    both = serve(lab, lab.authority.issue("both", addresses=[IP], dns_names=["localhost"]))
    name_only = serve(lab, lab.authority.issue("name", dns_names=["localhost"]))
    with_both = judge(f"https://localhost:{both}", lab.authority.certificate)
    with_name = judge(f"https://localhost:{name_only}", lab.authority.certificate)
    assert certificate_verdicts(with_both) == (MET, MET, MET)
    # The name is enough to trust the connection, and not enough for the IPAM.
    assert certificate_verdicts(with_name) == (UNMET, MET, MET)
    assert with_name.snapshot.exchanges


def again(intermediate: Authority, issuer: Authority, days: tuple[float, float]) -> bytes:
    """Return another certificate of the same intermediate authority, with the same key."""
    builder = builder_for(intermediate.name, issuer.name, intermediate.key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = issuer.signed(builder.add_extension(CA_USAGE, critical=True), intermediate.key)
    return signed.public_bytes(Encoding.PEM)


def test_an_expired_intermediate_without_use_is_to_be_removed(lab: Lab) -> None:
    intermediate = Authority(lab.folder, "intermediate", lab.authority)
    pair = intermediate.issue("kea", addresses=[IP])
    intermediate.append_to(pair)
    with pair.certificate.open("ab") as file:
        file.write(again(intermediate, lab.authority, (-60, -1)))
    report = judge(f"https://{IP}:{serve(lab, pair)}", lab.authority.certificate)
    assert certificate_verdicts(report) == (MET, MET, MET)
    [problem] = verdict(report, "certificate-renewal-not-due").problems
    assert (problem.cause.id, problem.evidence[0][:27]) == ("stale_certificate", "CN=intermediate expired on ")


def test_an_expired_intermediate_is_to_be_replaced(lab: Lab) -> None:
    intermediate = Authority(lab.folder, "intermediate", lab.authority)
    pair = intermediate.issue("kea", addresses=[IP])
    with pair.certificate.open("ab") as file:
        file.write(again(intermediate, lab.authority, (-60, -1)))
    report = judge(f"https://{IP}:{serve(lab, pair)}", lab.authority.certificate)
    assert certificate_verdicts(report) == (MET, MET, UNMET)
    assert "CN=intermediate expired on" in verdict(report, "certificate-trusted").evidence
    assert verdict(report, "certificate-trusted").problems[0].cause.id == "intermediate_expired"


def test_the_cas_of_ca_file_are_read(lab: Lab, tmp_path: Path) -> None:
    another = Authority(lab.folder, "another")
    bundle = tmp_path / "ca.pem"
    bundle.write_bytes(lab.authority.certificate.read_bytes() + another.certificate.read_bytes())
    port = serve(lab, lab.authority.issue("kea", addresses=[IP]))
    tree = {
        "servers": [{"name": "kea", "dhcp4": {"url": f"https://{IP}:{port}", "tls_config": {"ca_file": str(bundle)}}}]
    }
    with exporter(written(tmp_path, tree)) as running:
        ends = values(running.samples(), "kea_ca_certificate_not_after_timestamp_seconds", "subject", server="kea")
    assert set(ends) == {"CN=ca", "CN=another"}
    assert all(3649 < (end - time.time()) / 86400 < 3651 for end in ends.values())


def test_renewal_is_due_in_the_window_of_the_profile(lab: Lab) -> None:
    port = serve(lab, lab.authority.issue("kea", addresses=[IP], days=(-1, 20)))
    found = verdict(judge(f"https://{IP}:{port}", lab.authority.certificate), "certificate-renewal-not-due")
    assert found.status is UNMET
    assert "CN=kea expires in 20.0 days; renew it 30 days before it expires" in found.evidence


@pytest.mark.parametrize(("is_required", "status"), [(True, MET), (False, UNMET)])
def test_client_certificates_are_demanded_or_not(lab: Lab, is_required: bool, status: Status) -> None:  # noqa: FBT001
    pair = lab.authority.issue("kea", addresses=[IP])
    own = lab.authority.issue("exporter")
    port = serve(lab, pair, more={"cert-required": is_required})
    tls = {"cert_file": str(own.certificate), "key_file": str(own.key)}
    report = judge(f"https://{IP}:{port}", lab.authority.certificate, tls=tls)
    assert verdict(report, "client-certificate-required").status is status
    without = judge(f"https://{IP}:{port}", lab.authority.certificate)
    assert verdict(without, "client-certificate-required").status is status
    # Refused or not, the certificate was shown and is judged.
    assert certificate_verdicts(without) == (MET, MET, MET)


def test_the_header_of_strict_transport_security_is_noticed(lab: Lab) -> None:
    header = {"name": "Strict-Transport-Security", "value": "max-age=31536000"}
    pair = lab.authority.issue("kea", addresses=[IP])
    with_header, without = serve(lab, pair, more={"http-headers": [header]}), serve(lab, pair)
    for port, status in ((with_header, MET), (without, UNMET)):
        report = judge(f"https://{IP}:{port}", lab.authority.certificate)
        assert verdict(report, "hsts-header-present").status is status


@pytest.mark.parametrize(("is_strict", "status"), [(True, UNMET), (False, MET)])
def test_the_strict_profile_of_x509_has_a_reason_of_its_own(
    lab: Lab,
    is_strict: bool,  # noqa: FBT001
    status: Status,
) -> None:
    lab.authority = Authority(lab.folder, "plain", with_key_identifiers=False)
    port = serve(lab, lab.authority.issue("kea", addresses=[IP]))
    report = judge(f"https://{IP}:{port}", lab.authority.certificate, tls={"x509_strict": is_strict})
    assert verdict(report, "certificate-trusted").status is status
    distrust = getattr(report.snapshot.tls, "distrust", None)
    assert (distrust.reason if distrust else None) is (Reason.CERTIFICATE_STRICT_PROFILE if is_strict else None)


@pytest.mark.parametrize("version", ["TLS12", "TLS13"])
def test_an_intermediate_may_be_the_trust_anchor(lab: Lab, version: str) -> None:
    intermediate = Authority(lab.folder, "intermediate", lab.authority)
    pair = intermediate.issue("kea", addresses=[IP])
    intermediate.append_to(pair)
    port = serve(lab, pair)
    report = judge(f"https://{IP}:{port}", intermediate.certificate, tls={"min_version": version})
    assert certificate_verdicts(report) == (MET, MET, MET)


@pytest.mark.parametrize(
    ("requirement", "days"),
    [("certificate-renewal-not-due", (-1, 5)), ("certificate-within-validity", (-9, -1))],
    ids=["ends soon", "expired"],
)
def test_a_renewed_certificate_shows_on_the_next_scrape(lab: Lab, requirement: str, days: tuple[int, int]) -> None:
    pair = lab.authority.issue("kea", addresses=[IP], days=days)
    port = free_port()
    daemon = lab.start("Dhcp4", dhcp("Dhcp4", [lab.https(port, pair)], subnet4=[subnet4(1)]))
    collector = Collector()
    before = judge(f"https://{IP}:{port}", lab.authority.certificate, collector)
    renewed = lab.authority.issue("renewed", addresses=[IP], days=(-1, 90))
    shutil.copy(renewed.certificate, pair.certificate)
    shutil.copy(renewed.key, pair.key)
    assert daemon.command("config-reload")["result"] == 0
    after = judge(f"https://{IP}:{port}", lab.authority.certificate, collector)
    assert verdict(before, requirement).status is UNMET
    # The first connection after a reload is still shown the old one.
    assert verdict(after, requirement).status is MET
    assert verdict(after, "service-running").status is MET
    first_scrape_ever = judge(f"https://{IP}:{port}", lab.authority.certificate)
    assert verdict(first_scrape_ever, requirement).status is MET


def test_metrics_of_a_certificate_survive_its_expiry(lab: Lab, tmp_path: Path) -> None:
    port = serve(lab, lab.authority.issue("kea", days=(-9, -1)))
    own = lab.authority.issue("exporter")
    tls: Tree = {"ca_file": str(lab.authority.certificate), "cert_file": str(own.certificate), "key_file": str(own.key)}
    tree = {"servers": [{"name": "kea", "dhcp4": {"url": f"https://{IP}:{port}", "tls_config": tls}}]}
    with exporter(written(tmp_path, tree)) as process:
        samples = process.samples()
    assert values(samples, "kea_up", "server") == {"kea": 0}
    assert values(samples, "kea_tls_handshake_success", "server") == {"kea": 1}
    assert values(samples, "kea_certificate_verify_failure", "reason") == {"expired": 1, "name_mismatch": 1}
    assert values(samples, "kea_certificate_trusted", "server") == {"kea": 1}
    assert values(samples, "kea_certificate_san_valid", "server") == {"kea": 0}
    assert values(samples, "kea_certificate_not_after_timestamp_seconds", "role").keys() == {"leaf", "root"}
    assert values(samples, "kea_certificate_info", "subject", role="leaf") == {"CN=kea": 1}
    assert values(samples, "kea_client_certificate_not_after_timestamp_seconds", "server")["kea"] > 0
