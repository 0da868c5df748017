"""Who is let in, and how are the credentials kept?"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, UnknownFactError, known
from kea_exporter.facts.snapshot import Admission, Authentication
from kea_exporter.requirements.model import Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.reaching import require_expected_daemon
from kea_exporter.requirements.socket_in_use import (
    require_answer_of_kea,
    socket_in_use,
)

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.snapshot import Snapshot

NO_CLEAR_TEXT_SINCE = (3, 1, 0)
ON_UNIX = "a unix socket is guarded by its file permissions"
NOT_CONFIGURED = "no authentication is configured on the control socket in use"


def demands_credentials(snapshot: Snapshot) -> bool | None:
    """Return whether the control socket in use demands credentials; None on a unix socket, which cannot.

    Raises:
        UnknownFactError: neither an answer nor the configuration says so.
    """
    admission = snapshot.admission
    if admission is None:
        return None
    require_answer_of_kea(snapshot)
    if isinstance(admission, Admission) and admission.status == HTTPStatus.UNAUTHORIZED:
        return True
    authentication = socket_in_use(snapshot).authentication
    return authentication is not None and authentication.clients > 0


def _configured(snapshot: Snapshot, profile: Profile) -> Finding:
    demanded = demands_credentials(snapshot)
    if demanded is None:
        return not_applicable(ON_UNIX)
    if demanded:
        return met("the control socket in use demands credentials")
    evidence = f"{_why_open(snapshot)}: everybody who reaches it can command the daemon{_refusal_note(snapshot)}"
    realm = profile.realms.get(snapshot.target.daemon)
    return unmet(evidence, example=_EXAMPLE % (f'"realm": "{realm}", ' if realm else ""))


_EXAMPLE = (
    '"authentication": {"type": "basic", %s"directory": "/etc/kea", '
    '"clients": [{"user-file": "kea-user", "password-file": "kea-password"}]}'
)


def _why_open(snapshot: Snapshot) -> str:
    if socket_in_use(snapshot).authentication is not None:
        return "authentication lists no clients, which means none is demanded"
    return NOT_CONFIGURED


def _refusal_note(snapshot: Snapshot) -> str:
    socket = socket_in_use(snapshot)
    return _upgrade_note(snapshot) if socket.authentication is None and not socket.tls else ""


def _upgrade_note(snapshot: Snapshot) -> str:
    version = snapshot.version
    if isinstance(version, Failure) or version.numbers >= NO_CLEAR_TEXT_SINCE:
        return ""
    return "; Kea 3.1 and later refuse to start like this"


def _challenge(snapshot: Snapshot) -> str | None:
    """Return the realm of a first answer that was a 401 of Kea's and asks for basic authentication."""
    admission = snapshot.admission
    require_answer_of_kea(snapshot)
    if isinstance(admission, Admission) and admission.status == HTTPStatus.UNAUTHORIZED:
        return admission.realm
    return None


def _authentication(snapshot: Snapshot) -> Authentication | None:
    """Return the authentication of the socket in use; None where nobody is asked for credentials."""
    authentication = socket_in_use(snapshot).authentication
    return authentication if authentication and authentication.clients else None


def _type_basic(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.admission is None:
        return not_applicable(ON_UNIX)
    if _challenge(snapshot) is not None:
        return met("the server asks for basic authentication")
    authentication = _authentication(snapshot)
    if authentication is None:
        return not_applicable(NOT_CONFIGURED)
    if authentication.kind != "basic":
        return unmet(f"the authentication type is {authentication.kind}")
    return met("the authentication type is basic")


def _realm_matches(snapshot: Snapshot, profile: Profile) -> Finding:
    wanted = profile.realms.get(snapshot.target.daemon)
    if wanted is None:
        return not_applicable(f"the profile {profile.name} demands no realm of {snapshot.target.daemon}")
    if snapshot.admission is None:
        return not_applicable(ON_UNIX)
    require_expected_daemon(snapshot)
    realm = _challenge(snapshot)
    if realm is None:
        authentication = _authentication(snapshot)
        if authentication is None:
            return not_applicable(NOT_CONFIGURED)
        realm = authentication.realm
    if realm != wanted:
        evidence, remedy = f"the realm is '{realm}', not '{wanted}'", f'Set "realm": "{wanted}" under authentication.'
        return unmet(evidence, remedy, f'"authentication": {{"realm": "{wanted}", ...}}')
    return met(f"the realm is '{realm}'")


def _accepted(snapshot: Snapshot, _: Profile) -> Finding:
    admission = known(snapshot.admission)
    if admission is None:
        return not_applicable(ON_UNIX)
    if admission.status == HTTPStatus.UNAUTHORIZED and admission.is_json and admission.realm == "":
        return unmet("the listener of Kea's high availability hook answers (401, empty realm)", _NOT_A_CONTROL_SOCKET)
    require_answer_of_kea(snapshot)
    if admission.status == HTTPStatus.OK:
        return met("credentials were accepted" if _were_looked_at(snapshot) else "no credentials were demanded")
    if admission.status == HTTPStatus.FORBIDDEN:
        return unmet("the server answered 403: this socket does not allow the command", _NOT_A_CONTROL_SOCKET)
    if not snapshot.target.sends_credentials:
        return unmet("the server demands credentials (401), none are configured", _CONFIGURE_CREDENTIALS)
    return unmet("the server did not accept the configured credentials (401)")


def _were_looked_at(snapshot: Snapshot) -> bool:
    """Return whether the socket looks at credentials, as far as is known; Kea ignores those it does not demand."""
    try:
        return snapshot.target.sends_credentials and demands_credentials(snapshot) is not False
    except UnknownFactError:
        return True


_CONFIGURE_CREDENTIALS = (
    "Give the exporter credentials: username and password_file under basic_auth (--user and --password-file)."
)
_NOT_A_CONTROL_SOCKET = (
    "Use the port of an entry of control-sockets; the listener of the high availability hook answers like this."
)


def _in_files(snapshot: Snapshot, _: Profile) -> Finding:
    lists = [socket.authentication for socket in known(snapshot.sockets) if socket.authentication]
    clients, in_clear = sum(it.clients for it in lists), sum(it.clients_in_clear for it in lists)
    if not clients:
        return not_applicable("no control socket lists clients")
    if in_clear:
        said = f"{in_clear} of {clients} clients stand with user or password in clear text in the configuration"
        return unmet(f"{said}{_upgrade_note(snapshot)}")
    return met("user and password of every client are kept in files")


REQUIREMENTS = (
    Requirement(
        id="authentication-configured",
        subject=Subject.AUTHENTICATION,
        short="configured",
        severity=Severity.RECOMMENDED,
        title="The control socket in use demands credentials",
        clause="Although not required, we strongly recommend configuring clients that will have access to the API "
        "service.",
        rule="the control socket in use has an authentication with at least one client.",
        remedy="Add an authentication with a client to the entry in control-sockets.",
        judge=_configured,
        example=_EXAMPLE % '"realm": "kea-dhcpv4-server", ',
    ),
    Requirement(
        id="authentication-type-basic",
        subject=Subject.AUTHENTICATION,
        short="type basic",
        severity=Severity.REQUIRED,
        title="Authentication is of type basic",
        clause="It is mandatory to set type to basic as this is currently the only supported authentication mechanism.",
        rule="the type of the authentication is basic, where there is one.",
        remedy='Set "type": "basic" under authentication.',
        judge=_type_basic,
        example='"authentication": {"type": "basic", ...}',
    ),
    Requirement(
        id="authentication-realm-matches",
        subject=Subject.AUTHENTICATION,
        short="realm",
        severity=Severity.REQUIRED,
        title="The authentication realm is the demanded one",
        clause="The realm should be set to kea-dhcpv4-server when configuring IPv4 service and kea-dhcpv6-server for "
        "IPv6.",
        rule="the realm is the one that the profile demands of this daemon, where there is authentication.",
        remedy='Set "realm" under authentication to kea-dhcpv4-server for DHCPv4, kea-dhcpv6-server for DHCPv6.',
        judge=_realm_matches,
        example='"authentication": {"realm": "kea-dhcpv4-server", ...}',
    ),
    Requirement(
        id="authentication-accepted",
        subject=Subject.AUTHENTICATION,
        short="accepted",
        severity=Severity.REQUIRED,
        title="The configured credentials are accepted",
        clause="Client credentials are set in the array under clients parameter.",
        rule="the server answers with HTTP status 200 to the exporter's credentials.",
        remedy="Make username and password of basic_auth in the exporter's configuration the same as those of a client "
        "under authentication in Kea's; Kea reads its password files only when it starts or reloads.",
        judge=_accepted,
    ),
    Requirement(
        id="credentials-in-files",
        subject=Subject.AUTHENTICATION,
        short="in files",
        severity=Severity.RECOMMENDED,
        title="Credentials of clients are kept in files",
        clause="Kea changed its configuration in a specific version: it no longer allows client credentials directly "
        "in the file. Instead, you must store the username and password in separate files.",
        rule="every client has user-file and password-file instead of user and password.",
        remedy="Write user and password of each client into files of their own, and name these with directory, "
        "user-file and password-file.",
        judge=_in_files,
        example='"directory": "/etc/kea", "clients": [{"user-file": "kea-user", "password-file": "kea-password"}]',
    ),
)
