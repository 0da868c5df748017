"""Requirements on authentication and credentials at the control socket."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from kea_exporter.facts.failure import Failure, Reason, UnknownFactError, known
from kea_exporter.facts.snapshot import AuthenticationResult
from kea_exporter.requirements.model import Cause, Finding, Requirement, Severity, Subject, met, not_applicable, unmet
from kea_exporter.requirements.next_steps import NEXT_STEPS
from kea_exporter.requirements.reaching import require_expected_daemon
from kea_exporter.requirements.socket_in_use import (
    require_answer_of_kea,
    socket_in_use,
)

if TYPE_CHECKING:
    from kea_exporter.config import Profile
    from kea_exporter.facts.configuration import Authentication
    from kea_exporter.facts.snapshot import Snapshot

NO_CLEAR_TEXT_SINCE = (3, 1, 0)
ON_UNIX = "a unix socket is guarded by its file permissions"
NOT_CONFIGURED = "no authentication is configured on the control socket in use"


def requires_credentials(snapshot: Snapshot) -> bool | None:
    """Return whether the control socket in use requires credentials; None on a unix socket, which cannot.

    Raises:
        UnknownFactError: neither an answer nor the configuration shows this.
    """
    authentication_result = snapshot.authentication_result
    if authentication_result is None:
        return None
    require_answer_of_kea(snapshot)
    if (
        isinstance(authentication_result, AuthenticationResult)
        and authentication_result.status == HTTPStatus.UNAUTHORIZED
    ):
        return True
    authentication = socket_in_use(snapshot).authentication
    return authentication is not None and authentication.clients > 0


def _configured(snapshot: Snapshot, profile: Profile) -> Finding:
    is_required = requires_credentials(snapshot)
    if is_required is None:
        return not_applicable(ON_UNIX)
    if is_required:
        return met("the control socket in use requires credentials")
    evidence = f"{_open_evidence(snapshot)}: any client that reaches it can send commands{_refusal_note(snapshot)}"
    realm = profile.realms.get(snapshot.target.daemon)
    cause = NO_CLIENTS if socket_in_use(snapshot).authentication is not None else NO_AUTHENTICATION
    return unmet(cause, evidence, example=_EXAMPLE % (f'"realm": "{realm}", ' if realm else ""))


_EXAMPLE = (
    '"authentication": {"type": "basic", %s"directory": "/etc/kea", '
    '"clients": [{"user-file": "kea-user", "password-file": "kea-password"}]}'
)


NO_AUTHENTICATION = Cause(
    "no_authentication",
    "The control socket in use has no authentication",
    "Add authentication with a client to the entry in control-sockets. Give the exporter the same credentials first.",
    _EXAMPLE % '"realm": "kea-dhcpv4-server", ',
)
NO_CLIENTS = Cause(
    "no_clients",
    "The authentication of the control socket in use lists no clients",
    "Add a client to clients under authentication: Kea accepts every request while the list is empty. Give "
    "the exporter the same credentials first.",
    _EXAMPLE % '"realm": "kea-dhcpv4-server", ',
)
NOT_BASIC = Cause(
    "not_basic",
    "The type of the authentication is not basic",
    'Set "type": "basic" under authentication.',
    '"authentication": {"type": "basic", ...}',
)
OTHER_REALM = Cause(
    "other_realm",
    "The realm is not the one that the profile requires",
    'Set "realm" under authentication to kea-dhcpv4-server for DHCPv4, kea-dhcpv6-server for DHCPv6.',
    '"authentication": {"realm": "kea-dhcpv4-server", ...}',
)
REJECTED = Cause(
    "rejected",
    "Kea rejected the configured credentials",
    "Set username and password of basic_auth in the exporter's configuration to those of a client under authentication "
    "in Kea's; Kea reads its password files only at start and on reload.",
)
NO_CREDENTIALS = Cause(
    "no_credentials",
    "Kea requires credentials, and the exporter has none",
    "Give the exporter credentials: username and password_file under basic_auth (--user and --password-file).",
    "basic_auth: {username: monitor, password_file: /etc/kea-exporter/password}   (in the exporter's configuration)",
)
FORBIDDEN = Cause("forbidden", "The socket does not allow the command", NEXT_STEPS[Reason.FORBIDDEN])
HA_LISTENER = Cause(
    "ha_listener",
    "The listener of the high availability hook library answers, not a control socket",
    NEXT_STEPS[Reason.HA_LISTENER],
)
CLEAR_TEXT = Cause(
    "clear_text",
    "Credentials of clients are in the configuration in clear text",
    "Write user and password of each client to files, and set directory, user-file and password-file to them.",
    '"directory": "/etc/kea", "clients": [{"user-file": "kea-user", "password-file": "kea-password"}]',
)


def _open_evidence(snapshot: Snapshot) -> str:
    if socket_in_use(snapshot).authentication is not None:
        return "authentication lists no clients, so Kea requires no credentials"
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
    """Return the realm of the first answer if Kea answered 401 and requires basic authentication."""
    authentication_result = snapshot.authentication_result
    require_answer_of_kea(snapshot)
    if (
        isinstance(authentication_result, AuthenticationResult)
        and authentication_result.status == HTTPStatus.UNAUTHORIZED
    ):
        return authentication_result.realm
    return None


def _authentication(snapshot: Snapshot) -> Authentication | None:
    """Return the authentication of the socket in use; None if no credentials are required."""
    authentication = socket_in_use(snapshot).authentication
    return authentication if authentication and authentication.clients else None


def _type_basic(snapshot: Snapshot, _: Profile) -> Finding:
    if snapshot.authentication_result is None:
        return not_applicable(ON_UNIX)
    if _challenge(snapshot) is not None:
        return met("the server requires basic authentication")
    authentication = _authentication(snapshot)
    if authentication is None:
        return not_applicable(NOT_CONFIGURED)
    if authentication.kind != "basic":
        return unmet(NOT_BASIC, f"the authentication type is {authentication.kind}")
    return met("the authentication type is basic")


def _realm_matches(snapshot: Snapshot, profile: Profile) -> Finding:
    expected = profile.realms.get(snapshot.target.daemon)
    if expected is None:
        return not_applicable(f"the profile {profile.name} requires no realm for {snapshot.target.daemon}")
    if snapshot.authentication_result is None:
        return not_applicable(ON_UNIX)
    if snapshot.target.control_agent:
        return not_applicable("a Control Agent has one realm for all daemons behind it")
    require_expected_daemon(snapshot)
    realm = _challenge(snapshot)
    if realm is None:
        authentication = _authentication(snapshot)
        if authentication is None:
            return not_applicable(NOT_CONFIGURED)
        realm = authentication.realm
    if realm != expected:
        remedy, example = (
            f'Set "realm": "{expected}" under authentication.',
            f'"authentication": {{"realm": "{expected}", ...}}',
        )
        return unmet(OTHER_REALM, f"the realm is '{realm}', not '{expected}'", remedy, example)
    return met(f"the realm is '{realm}'")


def _accepted(snapshot: Snapshot, _: Profile) -> Finding:
    authentication_result = known(snapshot.authentication_result)
    if authentication_result is None:
        return not_applicable(ON_UNIX)
    if (
        authentication_result.status == HTTPStatus.UNAUTHORIZED
        and authentication_result.is_json
        and authentication_result.realm == ""
    ):
        return unmet(HA_LISTENER, "the listener of Kea's high availability hook library answers (401, empty realm)")
    require_answer_of_kea(snapshot)
    if authentication_result.status == HTTPStatus.OK:
        return met("credentials were accepted" if _were_checked(snapshot) else "no credentials are required")
    if authentication_result.status == HTTPStatus.FORBIDDEN:
        return unmet(FORBIDDEN, "the server answered 403: this socket does not allow the command")
    if not snapshot.target.sends_credentials:
        return unmet(NO_CREDENTIALS, "the server requires credentials (401), and none are configured")
    return unmet(REJECTED, "the server rejected the configured credentials (401)")


def _were_checked(snapshot: Snapshot) -> bool:
    """Return whether the socket checks credentials, as far as is known; Kea ignores them if it requires none."""
    try:
        return snapshot.target.sends_credentials and requires_credentials(snapshot) is not False
    except UnknownFactError:
        return True


def _in_files(snapshot: Snapshot, _: Profile) -> Finding:
    lists = [socket.authentication for socket in known(snapshot.sockets) if socket.authentication]
    clients, in_clear = (
        sum(authentication.clients for authentication in lists),
        sum(authentication.clients_in_clear for authentication in lists),
    )
    if not clients:
        return not_applicable("no control socket lists clients")
    if in_clear:
        evidence = f"user or password of {in_clear} of {clients} clients are in the configuration in clear text"
        return unmet(CLEAR_TEXT, f"{evidence}{_upgrade_note(snapshot)}")
    return met("user and password of every client are in files")


REQUIREMENTS = (
    Requirement(
        id="authentication-configured",
        subject=Subject.AUTHENTICATION,
        short="configured",
        severity=Severity.RECOMMENDED,
        title="The control socket in use must require credentials",
        clause="Although not required, we strongly recommend configuring clients that will have access to the API "
        "service.",
        rule="the control socket in use has an authentication with at least one client.",
        causes=(NO_AUTHENTICATION, NO_CLIENTS),
        judge=_configured,
    ),
    Requirement(
        id="authentication-type-basic",
        subject=Subject.AUTHENTICATION,
        short="type basic",
        severity=Severity.REQUIRED,
        title="Authentication must be of type basic",
        clause="It is mandatory to set type to basic as this is currently the only supported authentication mechanism.",
        rule="the type of the authentication is basic; not applicable without authentication.",
        causes=(NOT_BASIC,),
        judge=_type_basic,
    ),
    Requirement(
        id="authentication-realm-matches",
        subject=Subject.AUTHENTICATION,
        short="realm",
        severity=Severity.REQUIRED,
        title="The authentication realm must be the one that the profile requires",
        clause="The realm should be set to kea-dhcpv4-server when configuring IPv4 service and kea-dhcpv6-server for "
        "IPv6.",
        rule="the realm is the one that the profile requires for this daemon; not applicable without authentication.",
        causes=(OTHER_REALM,),
        judge=_realm_matches,
    ),
    Requirement(
        id="authentication-accepted",
        subject=Subject.AUTHENTICATION,
        short="accepted",
        severity=Severity.REQUIRED,
        title="Kea must accept the configured credentials",
        clause="Client credentials are set in the array under clients parameter.",
        rule="the server answers with HTTP status 200 to the exporter's credentials.",
        causes=(REJECTED, NO_CREDENTIALS, FORBIDDEN, HA_LISTENER),
        judge=_accepted,
    ),
    Requirement(
        id="credentials-in-files",
        subject=Subject.AUTHENTICATION,
        short="in files",
        severity=Severity.RECOMMENDED,
        title="Credentials of clients must be kept in files",
        clause="Kea changed its configuration in a specific version: it no longer allows client credentials directly "
        "in the file. Instead, you must store the username and password in separate files.",
        rule="every client has user-file and password-file instead of user and password.",
        causes=(CLEAR_TEXT,),
        judge=_in_files,
    ),
)
