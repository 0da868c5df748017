"""Answers that are Kea's, and those that are not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kea_exporter.config.profiles import BUILT_IN
from kea_exporter.facts.failure import Failure, Reason, Stage
from kea_exporter.facts.snapshot import AuthenticationResult, Connection
from kea_exporter.metrics import FAMILIES, Page, read_families
from kea_exporter.requirements import REQUIREMENTS, Status, judge_all
from tests.support.examples import ADDRESS, connected_to, control_socket, offering, unauthorized

if TYPE_CHECKING:
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.requirements import Verdict

NOT_JSON = Failure(Stage.COMMAND, Reason.MALFORMED_ANSWER, "the answer to version-get is not Kea's")
HA_LISTENER = Failure(Stage.AUTH, Reason.HA_LISTENER, "the server answered 401 with an empty realm")
PLAIN = control_socket(kind="http", tls=False, client_certificate_required=False)


def verdict(snapshot: Snapshot, requirement: str) -> Verdict:
    report = judge_all(REQUIREMENTS, snapshot, BUILT_IN["ipam"])
    return next(judged for judged in report.verdicts if judged.requirement.id == requirement)


def test_a_page_with_status_200_does_not_accept_credentials() -> None:
    page = AuthenticationResult(200, None, strict_transport_security=True, is_json=False)
    snapshot = connected_to(NOT_JSON, authentication_result=page)
    for requirement in ("authentication-accepted", "hsts-header-present", "control-socket-uses-tls"):
        assert verdict(snapshot, requirement).status is Status.UNKNOWN
    report = judge_all(REQUIREMENTS, snapshot, BUILT_IN["ipam"])
    [family] = [candidate for candidate in FAMILIES if candidate.name == "kea_auth_success"]
    assert [samples for _, samples in read_families([family], Page((report,)))] == [[]]


@pytest.mark.parametrize("has_header", [True, False])
def test_a_refusal_of_kea_s_own_is_judged(*, has_header: bool) -> None:
    refusal = AuthenticationResult(401, "kea-dhcpv4-server", strict_transport_security=has_header)
    snapshot = connected_to(unauthorized(), authentication_result=refusal)
    assert verdict(snapshot, "hsts-header-present").status is (Status.MET if has_header else Status.UNMET)
    assert verdict(snapshot, "authentication-configured").status is Status.MET
    assert verdict(snapshot, "control-socket-uses-tls").status is Status.MET


def test_the_listener_of_high_availability_is_no_control_socket() -> None:
    snapshot = connected_to(
        HA_LISTENER, authentication_result=AuthenticationResult(401, "", strict_transport_security=False)
    )
    accepted = verdict(snapshot, "authentication-accepted")
    assert accepted.status is Status.UNMET
    assert "high availability hook" in accepted.evidence
    assert "control-sockets" in accepted.remedy
    for requirement in ("authentication-configured", "authentication-realm-matches", "hsts-header-present"):
        assert verdict(snapshot, requirement).status is Status.UNKNOWN


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", Status.MET), ("::1", Status.MET), (ADDRESS, Status.UNMET)]
)
def test_plain_http_behind_a_proxy_must_not_leave_the_host(address: str, status: Status) -> None:
    found = verdict(offering(replace(PLAIN, address=address, port=8000)), "control-socket-uses-tls")
    assert found.status is status
    assert (
        f"a proxy terminates TLS; the control socket behind it is plain http on {address} port 8000" in found.evidence
    )
    assert ("credentials are sent in clear text behind the proxy" in found.evidence) is (status is Status.UNMET)


def test_a_wildcard_that_a_proxy_hides_is_not_taken_for_its_address() -> None:
    snapshot = offering(control_socket(address="0.0.0.0"), connection=Connection(ADDRESS, 8001))
    answer = AuthenticationResult(200, None, strict_transport_security=True, through_proxy=True)
    requirement = "control-socket-address-matches"
    assert verdict(snapshot, requirement).status is Status.MET
    assert verdict(replace(snapshot, authentication_result=answer), requirement).status is Status.UNKNOWN
