"""Requirements on an https control socket beyond its certificate: client certificates, and the header HSTS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, known
from kea_exporter.facts.snapshot import Daemon, TransportKind
from kea_exporter.requirements.certificate_causes import NO_HEADER, NO_HEADER_AT_PROXY, NOT_REQUIRED
from kea_exporter.requirements.certificates import NOT_HTTPS
from kea_exporter.requirements.model import Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.socket_in_use import (
    plain_socket_behind_proxy,
    require_answer_of_kea,
    require_no_proxy,
    socket_in_use,
)

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot


def _client_certificate_required(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is not TransportKind.HTTPS:
        return not_applicable(NOT_HTTPS)
    refusals = {Reason.CLIENT_CERTIFICATE_REQUIRED, Reason.CLIENT_CERTIFICATE_REJECTED}
    if isinstance(snapshot.version, Failure) and snapshot.version.reason in refusals:
        return met(f"the server requires a client certificate: {snapshot.version.detail}")
    require_no_proxy(snapshot, "whether Kea requires a client certificate")
    if socket_in_use(snapshot).client_certificate_required:
        return met("cert-required is true")
    return unmet(NOT_REQUIRED, "cert-required is false: any host can connect without a client certificate")


def _strict_transport_security(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.target.kind is not TransportKind.HTTPS:
        return not_applicable(NOT_HTTPS)
    require_answer_of_kea(snapshot)
    authentication_result = known(snapshot.authentication_result)
    if authentication_result is not None and authentication_result.strict_transport_security:
        return met("the answer has a Strict-Transport-Security header")
    if snapshot.target.daemon is Daemon.D2:  # as of Kea 3.0.3
        return not_applicable("the control socket of D2 does not support http-headers")
    cause = NO_HEADER if plain_socket_behind_proxy(snapshot) is None else NO_HEADER_AT_PROXY
    return unmet(cause, "the answer has no Strict-Transport-Security header")


REQUIREMENTS = (
    Requirement(
        id="client-certificate-required",
        subject=Subject.CERTIFICATES,
        short="of clients",
        severity=Severity.RECOMMENDED,
        title="The control socket must require a client certificate",
        clause='"cert-required": true',
        rule="cert-required of the socket in use is true, which is Kea's default.",
        causes=(NOT_REQUIRED,),
        judge=_client_certificate_required,
    ),
    Requirement(
        id="hsts-header-present",
        subject=Subject.CERTIFICATES,
        short="HSTS",
        severity=Severity.ADVISORY,
        title="Answers should have the header Strict-Transport-Security",
        clause='"http-headers": [{"name": "Strict-Transport-Security", "value": "max-age=31536000"}]',
        rule="the first answer over https has the header.",
        causes=(NO_HEADER, NO_HEADER_AT_PROXY),
        judge=_strict_transport_security,
    ),
)
