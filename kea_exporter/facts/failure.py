"""Failures as values: why a fact could not be learnt, and how facts are read.

A fact is a value or the `Failure` in its place. Whoever needs one reads it through `known`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, TypeVar


class Stage(StrEnum):
    """How far a probe came before it failed."""

    RESOLVE = "resolve"
    CONNECT = "connect"
    TLS = "tls"
    HTTP = "http"
    AUTH = "auth"
    COMMAND = "command"
    DEADLINE = "deadline"


class Reason(StrEnum):
    """Why a stage failed. The list is closed: these are label values that alerts rely on."""

    # resolve
    NAME_NOT_RESOLVED = "name_not_resolved"
    RESOLVER_TIMED_OUT = "resolver_timed_out"
    # connect
    REFUSED = "refused"
    NO_ROUTE = "no_route"
    NO_SUCH_SOCKET = "no_such_socket"
    INVALID_ADDRESS = "invalid_address"
    PERMISSION_DENIED = "permission_denied"
    # the exporter's own host does not allow it
    CONNECTION_PROHIBITED = "connection_prohibited"
    # the exporter itself has no file descriptors or memory left
    LOCAL_RESOURCES = "local_resources"
    # any stage that waits for the peer
    TIMED_OUT = "timed_out"
    CONNECTION_CLOSED = "connection_closed"
    # tls
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"
    CERTIFICATE_NAME_MISMATCH = "certificate_name_mismatch"
    CERTIFICATE_SELF_SIGNED = "certificate_self_signed"
    CERTIFICATE_UNTRUSTED_ISSUER = "certificate_untrusted_issuer"
    CERTIFICATE_STRICT_PROFILE = "certificate_strict_profile"
    CERTIFICATE_INVALID = "certificate_invalid"
    CLIENT_CERTIFICATE_REQUIRED = "client_certificate_required"
    CLIENT_CERTIFICATE_REJECTED = "client_certificate_rejected"
    NOT_TLS = "not_tls"
    PROTOCOL_VERSION = "protocol_version"
    HANDSHAKE_FAILED = "handshake_failed"
    # tls, auth: a file of the exporter's own configuration
    LOCAL_FILE_UNREADABLE = "local_file_unreadable"
    # http
    REDIRECTED = "redirected"
    CONNECTION_NOT_KEPT = "connection_not_kept"
    UNEXPECTED_STATUS = "unexpected_status"
    INVALID_HTTP = "invalid_http"
    ANSWER_TOO_LARGE = "answer_too_large"
    ANSWER_INCOMPLETE = "answer_incomplete"
    # auth
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    REFUSED_BY_PROXY = "refused_by_proxy"
    HA_LISTENER = "ha_listener"
    # command
    MALFORMED_ANSWER = "malformed_answer"
    ERROR_RESULT = "error_result"
    UNSUPPORTED = "unsupported"
    DAEMON_OFFLINE = "daemon_offline"
    WRONG_DAEMON = "wrong_daemon"
    UNSUPPORTED_SERVICE = "unsupported_service"
    SOCKET_NOT_IDENTIFIED = "socket_not_identified"
    BEHIND_PROXY = "behind_proxy"
    NOT_COLLECTED = "not_collected"
    # the daemon answers, but serves no client
    NO_LEASE_MANAGER = "no_lease_manager"
    LEASE_DATABASE_LOST = "lease_database_lost"
    AUDIT_PENDING = "audit_pending"
    AUDIT_INCOMPLETE = "audit_incomplete"
    # deadline
    BUDGET_USED_UP = "budget_used_up"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True)
class Failure:
    """Why a fact could not be learnt.

    Attributes:
        stage: how far the probe came.
        reason: what went wrong there, from the closed list.
        detail: one sentence for people; never a secret, never a label.
    """

    stage: Stage
    reason: Reason
    detail: str


T = TypeVar("T")
Fact: TypeAlias = T | Failure


class UnknownFactError(Exception):
    """A fact was needed that could not be learnt."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


def known(fact: Fact[T]) -> T:
    """Return the value of *fact*.

    Raises:
        UnknownFactError: the fact could not be learnt; it carries the failure.
    """
    if isinstance(fact, Failure):
        raise UnknownFactError(fact)
    return fact
